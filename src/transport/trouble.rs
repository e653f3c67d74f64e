//! Why a request over HTTPS got no answer, and what that means for the one who sent it.

use crate::base::chain;
use crate::plan::Failure;
use rustls::CertificateError;
use std::error::Error;
use std::io;
use std::time::Duration;

/// What stands between a request and its answer. An HTTP status is an answer, not trouble.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// Nothing listens there.
    #[error("the connection is refused")]
    Refused,
    /// No connection within the limit.
    #[error("no answer within {} s", .0.as_secs())]
    NoAnswer(Duration),
    /// The network says that there is no way.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// The forwarded socket does not take connections: the link to the host is lost.
    #[error("the tunnel to it is gone: {0}")]
    NoTunnel(String),
    /// The server is not the one that the site's CA vouches for, or TLS failed otherwise for good.
    #[error("{what}")]
    Tls {
        /// What is wrong with it.
        what: String,
        /// What to do.
        hint: &'static str,
    },
    /// The connection ended before the request was sent.
    #[error("the connection was cut while it was made: {0}")]
    CutEarly(String),
    /// The connection ended after the request was sent and before its answer was whole.
    #[error("the connection was cut before the answer came: {0}")]
    Cut(String),
    /// The answer is larger than it may be.
    #[error("the answer has more than {0} bytes")]
    TooLarge(usize),
}

impl Trouble {
    /// Finds the trouble in an error of the layers between. `sent`: whether the request may have
    /// reached the server.
    pub fn from_error(error: &(dyn Error + 'static), sent: bool) -> Self {
        let mut found = None;
        walk(error, &mut |e| {
            if let Some(trouble) = e.downcast_ref::<Self>() {
                found = Some(trouble.clone());
            } else if found.is_none() {
                found = e.downcast_ref::<rustls::Error>().and_then(tls);
            }
        });
        found.unwrap_or_else(|| {
            let mut innermost = error.to_string();
            walk(error, &mut |e| innermost = e.to_string());
            if sent { Self::Cut(innermost) } else { Self::CutEarly(innermost) }
        })
    }

    /// The failure of a request to `at` (as in `10.77.0.2:30900`). `repeatable`: asking the same
    /// again does no harm, because it only reads; where it is not, a lost answer is unknown.
    pub fn failure(&self, at: &str, repeatable: bool) -> Failure {
        let text = format!("{at}: {self}");
        let lost = !repeatable || matches!(self, Self::NoTunnel(_));
        match self {
            Self::Cut(_) | Self::NoTunnel(_) if lost => Failure::unknown(text),
            Self::Refused
            | Self::NoAnswer(_)
            | Self::Unreachable(_)
            | Self::CutEarly(_)
            | Self::Cut(_)
            | Self::NoTunnel(_) => Failure::transient(text),
            Self::Tls { hint, .. } => Failure::permanent(text).help(*hint),
            Self::TooLarge(_) => Failure::permanent(text)
                .help("Check that it is the right address: a registry never answers so much here."),
        }
    }
}

/// Calls `seen` with an error and all its causes. `io::Error` hides the error that it wraps from
/// `source`, and both rustls and hyper wrap theirs in one, so it is opened by hand.
fn walk(error: &(dyn Error + 'static), seen: &mut dyn FnMut(&(dyn Error + 'static))) {
    let mut next = Some(error);
    while let Some(e) = next {
        seen(e);
        next = match e.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => e.source(),
        };
    }
}

/// What rustls says about a peer. `None` where it only lost the connection.
fn tls(error: &rustls::Error) -> Option<Trouble> {
    let bad = |what: String, hint: &'static str| Some(Trouble::Tls { what, hint });
    match error {
        rustls::Error::InvalidCertificate(reason) => {
            let (what, hint) = certificate(reason);
            bad(format!("its certificate is refused: {what}"), hint)
        }
        rustls::Error::NoCertificatesPresented => bad("it shows no certificate".to_owned(), OTHER_SERVER),
        rustls::Error::AlertReceived(alert) => {
            bad(format!("it ends the TLS handshake with {alert:?}"), "Read the server's log: it refused this client.")
        }
        rustls::Error::InvalidMessage(_) | rustls::Error::PeerIncompatible(_) => {
            bad(format!("it does not speak TLS as expected: {error}"), OTHER_SERVER)
        }
        rustls::Error::PeerMisbehaved(_) | rustls::Error::DecryptError => {
            bad(format!("TLS failed: {}", chain::Chain(error)), OTHER_SERVER)
        }
        _ => None,
    }
}

const OTHER_SERVER: &str =
    "Check that the address and port belong to the registry and that nothing in between answers for it.";
/// What is said where another CA signed.
pub(super) const UNKNOWN_ISSUER: &str = "it is not signed by the site's own CA";
const CLOCKS: &str = "Compare the clocks of this computer and of the host.";

fn certificate(reason: &CertificateError) -> (String, &'static str) {
    let seconds = |t: &rustls::pki_types::UnixTime| crate::base::clock::utc_text(t.as_secs().saturating_mul(1000));
    match reason {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => (
            UNKNOWN_ISSUER.to_owned(),
            "Check that the address belongs to this site; a cluster that was installed anew has a new CA, so fetch its CA file again.",
        ),
        CertificateError::ExpiredContext { time, not_after } => (
            format!("it ended at {} and now is {}", seconds(not_after), seconds(time)),
            "Renew the certificate, or set the clock if it is wrong.",
        ),
        CertificateError::Expired => {
            ("it has ended".to_owned(), "Renew the certificate, or set the clock if it is wrong.")
        }
        CertificateError::NotValidYetContext { time, not_before } => {
            (format!("it begins at {} and now is {}", seconds(not_before), seconds(time)), CLOCKS)
        }
        CertificateError::NotValidYet => ("it is not valid yet".to_owned(), CLOCKS),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let named = if presented.is_empty() {
                "no name".to_owned()
            } else {
                crate::base::sanitise::text(&presented.join(", "), 200)
            };
            (
                format!("it is not for {}, but for {named}", expected.to_str()),
                "Add the address to tls-san and install again.",
            )
        }
        CertificateError::NotValidForName => {
            ("it is for another name".to_owned(), "Add the address to tls-san and install again.")
        }
        other => (chain::Chain(&rustls::Error::InvalidCertificate(other.clone())).to_string(), OTHER_SERVER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::FailureKind;

    #[test]
    fn trouble_is_found_below_wrapped_errors() {
        let inner = io::Error::new(
            io::ErrorKind::InvalidData,
            rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer),
        );
        let outer = io::Error::other(inner);
        let Trouble::Tls { what, .. } = Trouble::from_error(&outer, false) else { panic!("not seen as TLS: {outer}") };
        assert!(what.contains("not signed by the site's own CA"), "{what}");
        assert_eq!(Trouble::from_error(&io::Error::other(Trouble::Refused), true), Trouble::Refused);
    }

    #[test]
    fn a_lost_answer_is_unknown_only_where_it_matters() {
        let cut = Trouble::from_error(&io::Error::other("reset"), true);
        assert_eq!(cut.failure("a:1", true).kind, FailureKind::Transient);
        assert_eq!(cut.failure("a:1", false).kind, FailureKind::Unknown);
        let early = Trouble::from_error(&io::Error::other("reset"), false);
        assert_eq!(early.failure("a:1", false).kind, FailureKind::Transient);
        assert_eq!(Trouble::NoTunnel("x".into()).failure("a:1", true).kind, FailureKind::Unknown);
    }
}
