//! One connection to a service, to see who is there: verified as every other one, with the chain that was shown
//! also where it is refused.

use super::certificate::{anchor, read};
use super::dial::{Dial, Route as Wire};
use super::https::{LookError, QUIET_LIMIT, Roots, once, server_name};
use super::trouble::Trouble;
use crate::base::Clock;
use crate::base::clock::utc_text;
use crate::plan::Failure;
use crate::ports::objects::{Service, Trust};
use crate::ports::trust::{Clocks, Lasts, Looked, Outcome, Refusal, Refused, Trusted};
use crate::ports::world::{Route, Stream};
use aws_smithy_types::date_time::{DateTime, Format};
use http::{HeaderMap, Uri};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::timeout;

/// How long a look may take as a whole: through a tunnel a whole SSH connection lies below it.
const LIMIT: Duration = Duration::from_secs(30);

const RENEW: &str = "Renew the certificate, or set the clock if it is wrong.";
const NAMES: &str = "Use an address that the certificate names, or have one issued for this address.";

/// What to do where another CA signed than those that are trusted.
pub(super) fn other_ca(trust: &Trust) -> &'static str {
    match trust {
        Trust::Only(_) => {
            "Check that the address and the CA's file belong together; a cluster that was installed anew has a new CA."
        }
        Trust::System => "Name the file with the service's CA by --ca or AWS_CA_BUNDLE.",
    }
}

/// Keeps what a server shows, and lets webpki judge it. Without it a refused chain is gone with its connection, and
/// nobody could be told what was wrong in it.
#[derive(Debug)]
struct Witness {
    judge: Arc<WebPkiServerVerifier>,
    shown: Mutex<Vec<CertificateDer<'static>>>,
}

impl Witness {
    fn new(roots: Arc<RootCertStore>) -> Result<Arc<Self>, Failure> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let judge = WebPkiServerVerifier::builder_with_provider(roots, provider)
            .build()
            .map_err(|e| Failure::permanent("TLS cannot be set up").because(e.to_string()))?;
        Ok(Arc::new(Self { judge, shown: Mutex::default() }))
    }

    fn shown(&self) -> Vec<CertificateDer<'static>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let all = std::iter::once(own).chain(others).map(|one| one.clone().into_owned()).collect();
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner) = all;
        self.judge.verify_server_cert(own, others, name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls12_signature(message, own, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        own: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.judge.verify_tls13_signature(message, own, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.judge.supported_verify_schemes()
    }
}

/// Connects once to a service and says who is there. A service that cannot be connected to is a failure; one that is
/// not the right one is not.
pub async fn look(service: &Service, wire: Wire, clock: &dyn Clock) -> Result<Looked, Failure> {
    let way = if wire == Wire::Direct { Route::Direct } else { Route::Tunnel };
    let url = uri(service)?;
    let looking = Box::pin(async {
        let stream = Dial::new(wire, Some(QUIET_LIMIT)).open(&url).await.map_err(|e| e.failure(at(&url), true))?;
        look_over(Box::new(stream), way, service, clock).await
    });
    within(&url, looking).await
}

/// The same over a connection that is there.
pub async fn look_over(
    stream: Box<dyn Stream>,
    way: Route,
    service: &Service,
    clock: &dyn Clock,
) -> Result<Looked, Failure> {
    let url = uri(service)?;
    let looking = Box::pin(async {
        let (outcome, clocks) = match url.scheme_str() {
            Some("https") => over_tls(stream, &url, &service.trust, clock).await?,
            _ => (Outcome::Plain, clocks(stream, &url, clock).await),
        };
        Ok(Looked { url: service.url.clone(), way, outcome, clocks })
    });
    within(&url, looking).await
}

async fn within<T>(url: &Uri, looking: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    timeout(LIMIT, looking).await.unwrap_or_else(|_| Err(Trouble::NoAnswer(LIMIT).failure(at(url), true)))
}

fn uri(service: &Service) -> Result<Uri, Failure> {
    service.url.parse().map_err(|e: http::uri::InvalidUri| super::objects::not_an_address(&service.url, &e))
}

fn at(url: &Uri) -> &str {
    url.authority().map(http::uri::Authority::as_str).unwrap_or_default()
}

async fn over_tls(
    stream: Box<dyn Stream>,
    url: &Uri,
    trust: &Trust,
    clock: &dyn Clock,
) -> Result<(Outcome, Option<Clocks>), Failure> {
    let roots = Roots::of(trust)?;
    let witness = Witness::new(roots.0.clone())?;
    let mut tls = roots.tls()?;
    // Nothing is skipped by this: the judge is the one that every other connection has.
    tls.dangerous().set_certificate_verifier(witness.clone());
    let connector = tokio_rustls::TlsConnector::from(Arc::new(tls));
    let stream = match connector.connect(server_name(url)?, stream).await {
        Ok(stream) => stream,
        Err(error) => {
            let trouble = Trouble::from_error(&error, false);
            let reason = error.get_ref().and_then(|e| e.downcast_ref::<Error>());
            return match reason {
                Some(Error::InvalidCertificate(reason)) => {
                    let refused = refused(reason, &witness.shown(), url, trust, &trouble, clock.now_ms());
                    Ok((Outcome::Refused(Box::new(refused)), None))
                }
                _ => Err(trouble.failure(at(url), true)),
            };
        }
    };
    let (_, session) = stream.get_ref();
    let version = session.protocol_version().map_or_else(String::new, |version| {
        format!("{version:?}").replace("TLSv1_", "TLS 1.").replace("TLSv1", "TLS 1")
    });
    let cipher = session.negotiated_cipher_suite();
    let cipher = cipher.map_or_else(String::new, |c| format!("{:?}", c.suite()).replace("TLS13_", "TLS_"));
    let shown = witness.shown();
    let chain: Vec<_> = shown.iter().filter_map(|der| read(der)).collect();
    let now = clock.now_ms();
    // The chain holds as long as each of it does.
    let lasts = chain.iter().min_by_key(|one| one.until_ms).map_or(Lasts::Expired { days: 0 }, |one| one.lasts(now));
    let named = chain.first().and_then(|own| own.named(url.host().unwrap_or_default())).cloned();
    let trusted = Trusted { anchor: anchor(&shown, &trusted(trust)), chain, version, cipher, named, lasts };
    let clocks = clocks(stream, url, clock).await;
    Ok((Outcome::Trusted(Box::new(trusted)), clocks))
}

/// The certificates that may vouch.
fn trusted(trust: &Trust) -> Vec<CertificateDer<'static>> {
    match trust {
        Trust::Only(pem) => CertificateDer::pem_slice_iter(pem.as_bytes()).flatten().collect(),
        Trust::System => rustls_native_certs::load_native_certs().certs,
    }
}

fn refused(
    reason: &CertificateError,
    shown: &[CertificateDer<'_>],
    url: &Uri,
    trust: &Trust,
    trouble: &Trouble,
    now_ms: u64,
) -> Refused {
    use CertificateError as E;
    let chain: Vec<_> = shown.iter().filter_map(|der| read(der)).collect();
    let dialled = url.host().unwrap_or_default().to_owned();
    let why = match reason {
        E::Expired | E::ExpiredContext { .. } => {
            let ended = chain.iter().map(|one| one.until_ms).find(|until| *until < now_ms);
            Refusal::Expired { since_ms: ended.or(chain.first().map(|own| own.until_ms)).unwrap_or_default() }
        }
        E::NotValidYet | E::NotValidYetContext { .. } => {
            let begins = chain.iter().map(|one| one.from_ms).find(|from| *from > now_ms);
            Refusal::NotYet { from_ms: begins.or(chain.first().map(|own| own.from_ms)).unwrap_or_default() }
        }
        E::UnknownIssuer | E::BadSignature => Refusal::OtherCa {
            signed_by: chain.last().map(|last| last.issuer.clone()).unwrap_or_default(),
            trusted: match trust {
                Trust::Only(_) => trusted(trust).iter().filter_map(|der| read(der)).map(|ca| ca.subject).collect(),
                Trust::System => Vec::new(),
            },
        },
        E::NotValidForName | E::NotValidForNameContext { .. } => {
            let has = chain.first().map(|own| own.names.clone()).unwrap_or_default();
            Refusal::OtherName { dialled: dialled.clone(), has }
        }
        _ => Refusal::Other,
    };
    let saying = |what: String, help: &str| {
        Failure::permanent(format!("{}: its certificate is refused: {what}", at(url))).help(help)
    };
    let failure = match &why {
        Refusal::Expired { since_ms } => {
            saying(format!("it ended at {}, and now is {}", utc_text(*since_ms), utc_text(now_ms)), RENEW)
        }
        Refusal::NotYet { from_ms } => {
            saying(format!("it begins at {}, and now is {}", utc_text(*from_ms), utc_text(now_ms)), RENEW)
        }
        Refusal::OtherCa { signed_by, trusted } => {
            let what = if trusted.is_empty() {
                format!("it is signed by {signed_by}, which is no CA that this computer trusts")
            } else if trusted.contains(signed_by) {
                format!("it is signed by another {signed_by} than the one that is trusted")
            } else {
                format!("it is signed by {signed_by}, and only {} is trusted", trusted.join(" or "))
            };
            saying(what, other_ca(trust))
        }
        Refusal::OtherName { has, .. } => {
            let has = has.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let has = if has.is_empty() { "no name".to_owned() } else { crate::base::sanitise::text(&has, 200) };
            saying(format!("it is not for {dialled}, but for {has}"), NAMES)
        }
        Refusal::Other => trouble.failure(at(url), true),
    };
    Refused { why, chain, failure }
}

/// Asks for nothing in particular: each answer has a date. One that does not come says nothing of who is there.
async fn clocks(stream: impl Stream + 'static, url: &Uri, clock: &dyn Clock) -> Option<Clocks> {
    let sent = clock.now_ms();
    let (_, headers) = once(stream, url, http::Method::HEAD).await.map_err(|e| unheard(&e)).ok()?;
    Some(Clocks::of_header(date(&headers)?, sent, clock.now_ms()))
}

fn unheard(error: &LookError) {
    tracing::debug!("no answer to tell a clock from: {error:?}");
}

/// The `Date` header in milliseconds since 1970.
pub(super) fn date(headers: &HeaderMap) -> Option<u64> {
    of_date(headers.get(http::header::DATE)?.to_str().ok()?)
}

/// The value of a `Date` header in milliseconds since 1970.
pub(super) fn of_date(text: &str) -> Option<u64> {
    let at = DateTime::from_str(text, Format::HttpDate).ok()?;
    u64::try_from(at.secs()).ok()?.checked_mul(1000)
}

#[cfg(test)]
#[path = "trust_tests.rs"]
mod tests;
