//! The simulated signer of `kubernetes.io/kubelet-serving`, with the rules of the real one.

use crate::transport::simulated::ca::Ca;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{CertificateSigningRequestParams, DnType, DnValue, SanType};
use serde_json::Value;

/// How long a certificate holds where the request does not say.
const YEAR: u64 = 365 * 86_400;

fn text(value: Option<&DnValue>) -> String {
    match value {
        Some(DnValue::Utf8String(text)) => text.clone(),
        Some(DnValue::PrintableString(text)) => text.as_str().to_owned(),
        Some(DnValue::Ia5String(text)) => text.as_str().to_owned(),
        _ => String::new(),
    }
}

/// The request in PEM.
pub fn request(csr: &Value) -> Option<String> {
    let bytes = STANDARD.decode(csr["spec"]["request"].as_str()?).ok()?;
    String::from_utf8(bytes).ok()
}

/// Why the signer refuses a request, where it does: the rules of kubernetes
/// `pkg/apis/certificates/helpers.go`, `ValidateKubeletServingCSR`.
pub fn refused(pem: &str, usages: &[&str]) -> Option<&'static str> {
    let Ok(parsed) = CertificateSigningRequestParams::from_pem(pem) else {
        return Some("unable to parse the request");
    };
    let name = &parsed.params.distinguished_name;
    if text(name.get(&DnType::OrganizationName)) != "system:nodes" {
        return Some("subject organization is not system:nodes");
    }
    if !text(name.get(&DnType::CommonName)).starts_with("system:node:") {
        return Some("subject common name does not begin with system:node:");
    }
    let sans = &parsed.params.subject_alt_names;
    if !sans.iter().any(|s| matches!(s, SanType::DnsName(_) | SanType::IpAddress(_))) {
        return Some("DNS or IP subjectAltName is required");
    }
    if sans.iter().any(|s| matches!(s, SanType::Rfc822Name(_))) {
        return Some("email subjectAltNames are not allowed");
    }
    if sans.iter().any(|s| matches!(s, SanType::URI(_))) {
        return Some("URI subjectAltNames are not allowed");
    }
    let allowed = ["digital signature", "key encipherment", "server auth"];
    let needed = ["digital signature", "server auth"];
    if usages.iter().any(|u| !allowed.contains(u)) || needed.iter().any(|n| !usages.contains(n)) {
        return Some("usages did not match key encipherment, digital signature and server auth");
    }
    None
}

/// Signs an approved request: the certificate in PEM, or why not.
pub fn sign(ca: &Ca, csr: &Value, now_ms: u64) -> Result<String, String> {
    let pem = request(csr).ok_or("unable to parse the request")?;
    let usages: Vec<&str> = csr["spec"]["usages"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if csr["spec"]["signerName"] == "kubernetes.io/kubelet-serving"
        && let Some(why) = refused(&pem, &usages)
    {
        return Err(why.to_owned());
    }
    let seconds = csr["spec"]["expirationSeconds"].as_u64().unwrap_or(YEAR).min(YEAR);
    ca.sign(&pem, now_ms, seconds).map_err(|e| e.line())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DistinguishedName, KeyPair};

    fn pem(organisation: &str, name: &str, sans: &[&str]) -> String {
        let sans: Vec<String> = sans.iter().map(|s| (*s).to_owned()).collect();
        let mut params = CertificateParams::new(sans).expect("names");
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, organisation);
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        params.serialize_request(&key).expect("a request").pem().expect("PEM")
    }

    #[test]
    fn the_rules_of_the_signer_hold() {
        let all = ["digital signature", "key encipherment", "server auth"];
        let good = pem("system:nodes", "system:node:edge-07", &["edge-07", "192.0.2.10"]);
        assert_eq!(refused(&good, &all), None);
        assert_eq!(refused(&good, &["digital signature", "server auth"]), None);
        for (request, usages, part) in [
            (pem("nodes", "system:node:x", &["x"]), &all[..], "organization"),
            (pem("system:nodes", "x", &["x"]), &all[..], "common name"),
            (pem("system:nodes", "system:node:x", &[]), &all[..], "subjectAltName"),
            (good.clone(), &["client auth", "digital signature"][..], "usages"),
            (good.clone(), &["digital signature"][..], "usages"),
            ("nonsense".to_owned(), &all[..], "parse"),
        ] {
            assert!(refused(&request, usages).is_some_and(|why| why.contains(part)), "{part} was not missed");
        }
    }
}
