//! The registry's serving certificate, signed by the cluster's own CA, with the node's addresses in
//! it: the operator's own has names only and cannot be verified by address.
//!
//! The key is stored before anything is signed, so that whatever is cut off is taken up with the same
//! key and the same request.

use super::common::{cluster, condition, node_ip, node_name, reach, sans};
use super::objects::label;
use crate::engine::step::{Brief, Check, Cx, Observed, Step};
use crate::plan::change::hex;
use crate::plan::{Change, Changes, Failure, WaitSpec};
use crate::ports::cluster::Created;
use crate::ports::{Cluster, Kind, ObjectRef};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, SanType};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};
use zeroize::Zeroizing;

/// The step.
pub struct Certificate;

/// The signer whose certificates RKE2 signs by its server CA (rke2-docs `security/cis_self_assessment`).
pub const SIGNER: &str = "kubernetes.io/kubelet-serving";

/// The signer answers within two seconds where it works at all.
pub const SIGNED: WaitSpec = WaitSpec { condition: "the certificate to be signed", typical: 2, remark: 10, limit: 60 };

/// The Secret that the Tenant names.
pub fn secret_name(brief: &Brief) -> String {
    format!("{}-cert", brief.site.registry.tenant)
}

fn key_secret(brief: &Brief) -> ObjectRef {
    ObjectRef::new(Kind::Secret, &brief.site.registry.namespace, format!("{}-cert-key", brief.site.registry.tenant))
}

fn tls_secret(brief: &Brief) -> ObjectRef {
    ObjectRef::new(Kind::Secret, &brief.site.registry.namespace, secret_name(brief))
}

/// Every name and address by which the registry may be asked for: those of the API, the services'
/// names in the cluster, and the loopback names by which the console is reached through the tunnel.
pub fn names(brief: &Brief) -> Vec<String> {
    let (tenant, ns) = (&brief.site.registry.tenant, &brief.site.registry.namespace);
    let mut names = sans(brief);
    names.extend([
        format!("{tenant}-pool-0-0.{tenant}-hl.{ns}.svc.cluster.local"),
        format!("{tenant}-hl.{ns}.svc.cluster.local"),
        format!("minio.{ns}.svc.cluster.local"),
        format!("minio.{ns}.svc"),
        format!("minio.{ns}"),
        format!("{tenant}-console.{ns}.svc.cluster.local"),
        "localhost".into(),
        "127.0.0.1".into(),
    ]);
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// A new key of the kind that every client understands.
pub fn new_key() -> Result<KeyPair, Failure> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|e| Failure::permanent("make a key").because(e.to_string()))
}

/// A request in PEM. The signer asks for exactly this subject: organisation `system:nodes`, common
/// name beginning with `system:node:`.
pub fn request(key: &KeyPair, names: &[String], node: &str) -> Result<String, Failure> {
    let bad = |e: rcgen::Error| Failure::permanent("write the certificate request").because(e.to_string());
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "system:nodes");
    params.distinguished_name.push(DnType::CommonName, format!("system:node:{node}"));
    for name in names {
        let san = match name.parse() {
            Ok(ip) => SanType::IpAddress(ip),
            Err(_) => SanType::DnsName(name.as_str().try_into().map_err(bad)?),
        };
        params.subject_alt_names.push(san);
    }
    params.serialize_request(key).map_err(bad)?.pem().map_err(bad)
}

fn csr_object(name: &str, request_pem: &str) -> Value {
    label(json!({
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": name},
        "spec": {
            "request": STANDARD.encode(request_pem),
            "signerName": SIGNER,
            "usages": ["digital signature", "key encipherment", "server auth"],
        },
    }))
}

/// Creates the request, approves it, waits for its certificate and verifies that the server CA signed
/// it. A request of this name that exists is taken up. Gives the certificate in PEM.
pub async fn sign(cx: &Cx<'_>, cluster: &dyn Cluster, name: &str, request_pem: &str) -> Result<String, Failure> {
    let what = ObjectRef::global(Kind::CertificateSigningRequest, name);
    let object = match cluster.create(&csr_object(name, request_pem)).await? {
        Created::New(object) | Created::Existed(object) => object,
    };
    if condition(&object, "Approved").is_none() {
        cluster.approve(name, "ModelquayInstall").await?;
    }
    let ca = cluster.server_ca().await?;
    let waiter = cx.waiter(SIGNED);
    loop {
        let live = cluster.get(&what).await?;
        let encoded = live.as_ref().and_then(|l| l["status"]["certificate"].as_str());
        if let Some(pem) = encoded.and_then(|text| STANDARD.decode(text).ok()).and_then(|b| String::from_utf8(b).ok()) {
            if !signed_by(&pem, &ca) {
                return Err(Failure::permanent("the signer signs by another CA than the API server's own")
                    .help("RKE2 does this by itself; remove cluster-signing arguments from its configuration"));
            }
            return Ok(pem);
        }
        let said = live.as_ref().and_then(|l| l["status"]["conditions"].as_array()).map_or_else(
            || "no answer yet".to_owned(),
            |list| {
                let words =
                    |c: &Value| format!("{} {}", c["type"].as_str().unwrap_or(""), c["message"].as_str().unwrap_or(""));
                list.iter().map(words).collect::<Vec<_>>().join("; ")
            },
        );
        let guess = "approved and never issued means that the controller manager does not sign: look whether it runs and which cluster-signing arguments it has";
        let seen = Observed { value: said, guess: Some(guess.into()) };
        waiter.saw(seen, super::objects::until_changed(cluster, &what, live.as_ref())).await?;
    }
}

fn der(pem: &str) -> Option<Vec<u8>> {
    x509_parser::pem::parse_x509_pem(pem.as_bytes()).ok().map(|(_, pem)| pem.contents)
}

/// Whether one of the CA's certificates has signed the first certificate.
fn signed_by(pem: &str, ca_pem: &str) -> bool {
    let Some(leaf) = der(pem) else { return false };
    let Ok((_, leaf)) = X509Certificate::from_der(&leaf) else { return false };
    x509_parser::pem::Pem::iter_from_buffer(ca_pem.as_bytes()).flatten().any(|ca| {
        X509Certificate::from_der(&ca.contents)
            .is_ok_and(|(_, ca)| leaf.issuer() == ca.subject() && leaf.verify_signature(Some(ca.public_key())).is_ok())
    })
}

/// The names and addresses in a certificate.
pub(super) fn names_in(pem: &str) -> Option<Vec<String>> {
    let bytes = der(pem)?;
    let (_, certificate) = X509Certificate::from_der(&bytes).ok()?;
    let extension = certificate.subject_alternative_name().ok()??;
    let text = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => {
            <[u8; 4]>::try_from(*bytes).ok().map(|b| std::net::Ipv4Addr::from(b).to_string())
        }
        _ => None,
    };
    Some(extension.value.general_names.iter().filter_map(text).collect())
}

/// Text out of a Secret's data.
pub fn secret_text(secret: &Value, key: &str) -> Option<String> {
    String::from_utf8(STANDARD.decode(secret["data"][key].as_str()?).ok()?).ok()
}

/// The certificate in the cluster, where it is ours, signed by the server CA and has every name.
pub async fn valid(cx: &Cx<'_>, cluster: &dyn Cluster) -> Result<Option<String>, Failure> {
    let Some(secret) = cluster.get(&tls_secret(cx.brief)).await? else { return Ok(None) };
    let Some(pem) = secret_text(&secret, "tls.crt") else { return Ok(None) };
    let ca = cluster.server_ca().await?;
    let found = names_in(&pem).unwrap_or_default();
    let whole = names(cx.brief).iter().all(|name| found.contains(name));
    Ok((whole && signed_by(&pem, &ca)).then_some(pem))
}

fn changes(brief: &Brief) -> Changes {
    let object =
        |kind: &str, name: String, summary: &str| Change::Object { kind: kind.into(), name, summary: summary.into() };
    let ns = &brief.site.registry.namespace;
    vec![
        object("Secret", format!("{ns}/{}", key_secret(brief).name), "the registry's private key"),
        object("CertificateSigningRequest", csr_name(brief), "signed by the cluster's server CA, for one year"),
        object(
            "Secret",
            format!("{ns}/{}", secret_name(brief)),
            &format!("certificate for {}", names(brief).join(", ")),
        ),
    ]
}

/// The request's name carries a digest of what is asked for, so that other names make another request
/// and the same names never a second one.
fn csr_name(brief: &Brief) -> String {
    let digest = hex(&Sha256::digest(names(brief).join(",")));
    format!("modelquay-{}-{}-{}", brief.site.registry.namespace, brief.site.registry.tenant, &digest[..10])
}

#[async_trait]
impl Step for Certificate {
    fn intent(&self, brief: &Brief) -> Changes {
        if node_ip(brief).is_none() { Changes::new() } else { changes(brief) }
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        let cluster = reach!(cx.world.cluster());
        Ok(match valid(cx, &*cluster).await? {
            Some(_) => Check::done(format!("certificate for {} names, signed by the server CA", names(cx.brief).len())),
            None => Check::NeedsWork { changes: changes(cx.brief) },
        })
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let cluster = cluster(cx).await?;
        let at = key_secret(cx.brief);
        let fresh = new_key()?;
        let stored = cluster
            .create(&label(json!({
                "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
                "metadata": {"name": at.name, "namespace": at.namespace},
                "data": {"tls.key": STANDARD.encode(&*Zeroizing::new(fresh.serialize_pem()))},
            })))
            .await?;
        let (Created::New(stored) | Created::Existed(stored)) = stored;
        let pem = secret_text(&stored, "tls.key").ok_or_else(|| Failure::permanent(format!("{at} holds no key")))?;
        let pem = Zeroizing::new(pem);
        cx.redactor.learn(&pem);
        let key = KeyPair::from_pem(&pem)
            .map_err(|e| Failure::permanent(format!("read the key in {at}")).because(e.to_string()))?;
        cx.between(1).await;
        let request = request(&key, &names(cx.brief), &node_name(cx.brief))?;
        let certificate = sign(cx, &*cluster, &csr_name(cx.brief), &request).await?;
        cx.between(2).await;
        let at = tls_secret(cx.brief);
        cluster
            .apply(
                &label(json!({
                    "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
                    "metadata": {"name": at.name, "namespace": at.namespace},
                    "data": {"tls.crt": STANDARD.encode(certificate), "tls.key": STANDARD.encode(&*pem)},
                })),
                false,
            )
            .await
            .map(|_| ())
    }

    fn wait(&self) -> Option<WaitSpec> {
        Some(SIGNED)
    }
}
