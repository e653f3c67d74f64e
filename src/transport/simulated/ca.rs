//! The simulated cluster's own certificate authority, made anew for each simulation and kept in
//! memory only.

use crate::plan::Failure;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
};
use std::sync::atomic::{AtomicU64, Ordering};

/// A throw-away CA.
pub struct Ca {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
    serial: AtomicU64,
}

/// How long before now a certificate begins to hold, so that a clock that is a little behind does
/// not refuse it.
const BACKDATE_MS: u64 = 300_000;

fn failed(e: impl std::fmt::Display) -> Failure {
    Failure::permanent("the simulated cluster cannot make a certificate").because(e.to_string())
}

/// The span from a little before `now_ms` to `seconds` after it.
fn span(params: &mut CertificateParams, now_ms: u64, seconds: u64) {
    let at = |ms: u64| (std::time::UNIX_EPOCH + std::time::Duration::from_millis(ms)).into();
    params.not_before = at(now_ms.saturating_sub(BACKDATE_MS));
    params.not_after = at(now_ms.saturating_add(seconds.saturating_mul(1000)));
}

impl Ca {
    /// A new CA named as RKE2 names its server CA.
    pub fn new(now_ms: u64) -> Result<Self, Failure> {
        let key = KeyPair::generate().map_err(failed)?;
        let mut params = CertificateParams::new(Vec::<String>::new()).map_err(failed)?;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, format!("rke2-server-ca@{}", now_ms / 1000));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages =
            vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment, KeyUsagePurpose::KeyCertSign];
        span(&mut params, now_ms, 10 * 365 * 86_400);
        let certificate = params.self_signed(&key).map_err(failed)?;
        Ok(Self { pem: certificate.pem(), issuer: Issuer::new(params, key), serial: AtomicU64::new(1) })
    }

    /// The CA's certificate in PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Signs a request (PEM) for a server, for so many seconds. The rules of the signer are checked
    /// by the caller.
    pub fn sign(&self, request_pem: &str, now_ms: u64, seconds: u64) -> Result<String, Failure> {
        let mut request = CertificateSigningRequestParams::from_pem(request_pem).map_err(failed)?;
        span(&mut request.params, now_ms, seconds);
        request.params.is_ca = IsCa::ExplicitNoCa;
        request.params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
        request.params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        request.params.use_authority_key_identifier_extension = true;
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        request.params.serial_number = Some(serial.into());
        Ok(request.signed_by(&self.issuer).map_err(failed)?.pem())
    }

    /// A server certificate and its key, both in PEM, for these names and addresses.
    pub fn issue(&self, names: &[&str], now_ms: u64, seconds: u64) -> Result<(String, String), Failure> {
        let key = KeyPair::generate().map_err(failed)?;
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        let params = CertificateParams::new(names).map_err(failed)?;
        let request = params.serialize_request(&key).map_err(failed)?.pem().map_err(failed)?;
        Ok((self.sign(&request, now_ms, seconds)?, key.serialize_pem()))
    }
}
