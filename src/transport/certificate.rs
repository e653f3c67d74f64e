//! What a certificate says, out of its DER, and which CA signed a chain.

use crate::base::sanitise;
use crate::ports::trust::{Certificate, San};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;
use std::net::IpAddr;
use x509_parser::der_parser::asn1_rs::Oid;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate, X509Name};
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;
use x509_parser::x509::SubjectPublicKeyInfo;

/// The longest name that is shown; a certificate may hold any number of letters.
const LONGEST: usize = 200;
/// Names of a certificate that are kept. A service's own has a handful, those of large providers hundreds.
const NAMES: usize = 256;
/// The longest chain that is followed: what rustls follows is shorter.
const DEPTH: usize = 8;

/// What a certificate says; `None` where it is none.
pub fn read(der: &[u8]) -> Option<Certificate> {
    let parsed = parse(der)?;
    let names = parsed.subject_alternative_name().ok().flatten();
    let names = names.map(|found| found.value.general_names.iter().take(NAMES).map(san).collect());
    Some(Certificate {
        subject: name(parsed.subject()),
        issuer: name(parsed.issuer()),
        names: names.unwrap_or_default(),
        from_ms: at(parsed.validity().not_before),
        until_ms: at(parsed.validity().not_after),
        sha256: fingerprint(der),
        key: key(parsed.public_key()),
        ca: parsed.is_ca(),
    })
}

/// SHA-256 as `openssl x509 -fingerprint -sha256` and browsers show it.
fn fingerprint(der: &[u8]) -> String {
    let mut out = String::with_capacity(95);
    for (at, byte) in Sha256::digest(der).iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = write!(out, "{}{byte:02X}", if at == 0 { "" } else { ":" });
    }
    out
}

fn name(of: &X509Name<'_>) -> String {
    sanitise::text(&of.to_string(), LONGEST)
}

fn at(time: ASN1Time) -> u64 {
    u64::try_from(time.timestamp()).unwrap_or_default().saturating_mul(1000)
}

fn san(of: &GeneralName<'_>) -> San {
    match of {
        GeneralName::DNSName(name) => San::Dns(sanitise::text(name, LONGEST)),
        GeneralName::IPAddress(bytes) => match address(bytes) {
            Some(ip) => San::Ip(ip),
            None => San::Other(sanitise::text(&of.to_string(), LONGEST)),
        },
        GeneralName::RFC822Name(text) | GeneralName::URI(text) => San::Other(sanitise::text(text, LONGEST)),
        other => San::Other(sanitise::text(&other.to_string(), LONGEST)),
    }
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from);
    four.or_else(|| <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from))
}

/// As in `ECDSA P-256`, `RSA 2048` or `Ed25519`; else the number of the algorithm.
fn key(of: &SubjectPublicKeyInfo<'_>) -> String {
    let number = of.algorithm.algorithm.to_id_string();
    if number == "1.3.101.112" {
        return "Ed25519".to_owned();
    }
    match of.parsed() {
        Ok(PublicKey::RSA(key)) => format!("RSA {}", key.key_size()),
        Ok(PublicKey::EC(_)) => {
            let curve =
                of.algorithm.parameters.as_ref().and_then(|p| Oid::try_from(p).ok()).map(|oid| oid.to_id_string());
            match curve.as_deref() {
                Some("1.2.840.10045.3.1.7") => "ECDSA P-256".to_owned(),
                Some("1.3.132.0.34") => "ECDSA P-384".to_owned(),
                Some("1.3.132.0.35") => "ECDSA P-521".to_owned(),
                _ => "ECDSA".to_owned(),
            }
        }
        _ => number,
    }
}

fn parse(der: &[u8]) -> Option<X509Certificate<'_>> {
    X509Certificate::from_der(der).ok().map(|(_, parsed)| parsed)
}

/// The CA among `trusted` that vouches for a chain: followed by names and signatures from the first certificate on.
/// It judges nothing, which rustls has done.
pub fn anchor(chain: &[impl AsRef<[u8]>], trusted: &[impl AsRef<[u8]>]) -> Option<Certificate> {
    let mut open = parse(chain.first()?.as_ref())?;
    for _ in 0..DEPTH {
        let signs = |of: &X509Certificate<'_>| {
            open.issuer() == of.subject() && open.verify_signature(Some(of.public_key())).is_ok()
        };
        if let Some(found) = trusted.iter().find(|der| parse(der.as_ref()).is_some_and(|ca| signs(&ca))) {
            return read(found.as_ref());
        }
        open = chain.iter().skip(1).filter_map(|der| parse(der.as_ref())).find(signs)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, SanType};

    fn params(name: &str) -> CertificateParams {
        let mut params = CertificateParams::new(Vec::<String>::new()).expect("no names are right names");
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params
    }

    fn ca(name: &str) -> (CertificateParams, KeyPair) {
        let mut params = params(name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        (params, KeyPair::generate().expect("a key can be made"))
    }

    #[test]
    fn a_certificate_is_read_with_all_that_is_shown_of_it() {
        let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).expect("a key can be made");
        let mut leaf = params("minio\u{1b}[2J");
        leaf.subject_alt_names = vec![
            SanType::DnsName("minio.example".try_into().expect("ASCII")),
            SanType::IpAddress("10.0.0.5".parse().expect("an address")),
            SanType::Rfc822Name("a@example".try_into().expect("ASCII")),
        ];
        leaf.not_before = rcgen::date_time_ymd(2026, 1, 2);
        leaf.not_after = rcgen::date_time_ymd(2027, 1, 2);
        let der = leaf.self_signed(&key).expect("it signs itself");
        let found = read(der.der()).expect("a certificate");
        assert_eq!((found.subject.as_str(), found.issuer.as_str()), ("CN=minio", "CN=minio"));
        let names: Vec<String> = found.names.iter().map(ToString::to_string).collect();
        assert_eq!(names, ["minio.example", "10.0.0.5", "a@example"]);
        assert_eq!((found.key.as_str(), found.ca), ("ECDSA P-384", false));
        let day = |ms| crate::base::clock::utc_text(ms);
        assert_eq!(
            (day(found.from_ms), day(found.until_ms)),
            ("2026-01-02T00:00:00Z".into(), "2027-01-02T00:00:00Z".into())
        );
        assert_eq!(found.sha256.len(), 95);
        assert_eq!(found.sha256.split(':').count(), 32);
    }

    #[test]
    fn the_ca_that_vouches_is_found_through_an_intermediate_one() {
        let ((root, root_key), (other, other_key), (middle, middle_key)) = (ca("root"), ca("root"), ca("middle"));
        let roots = [
            other.self_signed(&other_key).expect("it signs itself").der().to_vec(),
            root.self_signed(&root_key).expect("it signs itself").der().to_vec(),
        ];
        let middle_der = middle.signed_by(&middle_key, &Issuer::new(root, root_key)).expect("it signs").der().to_vec();
        let leaf_key = KeyPair::generate().expect("a key can be made");
        let leaf =
            params("leaf").signed_by(&leaf_key, &Issuer::new(middle, middle_key)).expect("it signs").der().to_vec();
        let found = anchor(&[&leaf, &middle_der], &roots).expect("one vouches");
        assert_eq!(Some(found), read(&roots[1]), "another one with the same name signed nothing");
        assert_eq!(anchor(&[&leaf], &roots), None, "the one between is lacking");
        assert_eq!(anchor(&[&leaf, &middle_der], &roots[..1]), None);
    }

    proptest! {
        #[test]
        fn nothing_that_is_no_certificate_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300), at in 0_usize..300) {
            let _ = read(&bytes);
            let (params, key) = ca("x");
            let mut der = params.self_signed(&key).expect("it signs itself").der().to_vec();
            let at = at % der.len();
            der[at] ^= bytes.first().copied().unwrap_or(1) | 1;
            let _ = read(&der);
            let _ = anchor(&[&der], &[&der]);
        }
    }
}
