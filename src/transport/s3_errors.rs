//! What the registry's refusals mean.

use super::trouble::{Trouble, UNKNOWN_ISSUER};
use super::trust::of_date;
use crate::base::clock::utc_text;
use crate::base::{Clock as _, SystemClock, sanitise};
use crate::plan::{Failure, FailureKind};
use crate::ports::object_store::REFUSED;
use crate::ports::objects::{ObjectError, Why};
use crate::ports::trust::{Clocks, SIGNATURE_SECONDS, Skew};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use std::error::Error;

/// Turns the SDK's errors into failures. A wrong answer about a missing thing is told apart from a
/// missing answer.
#[derive(Clone, Debug)]
pub(super) struct Calls {
    at: String,
    /// What to do where another CA signed, if it need not be a site of ours.
    other_ca: Option<&'static str>,
}

impl Calls {
    pub fn new(at: String) -> Self {
        Self { at, other_ca: None }
    }

    /// Calls of a service that may be anybody's, for which the words about a site's own CA are wrong.
    pub fn of_any(at: String, other_ca: &'static str) -> Self {
        Self { at, other_ca: Some(other_ca) }
    }

    /// The failure of a call that changes nothing.
    pub fn read<E>(&self, what: &str, error: &SdkError<E, HttpResponse>) -> Failure
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.failure(what, true, error)
    }

    /// The failure of a call that changes something.
    pub fn write<E>(&self, what: &str, error: &SdkError<E, HttpResponse>) -> Failure
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        self.failure(what, false, error)
    }

    /// The failure of a read whose answer broke off.
    pub fn cut(&self, what: &str, error: &(dyn Error + 'static)) -> Failure {
        Trouble::from_error(error, true).failure(&self.at, true).context(format!("{what} has no whole answer"))
    }

    /// The error of a call of the bucket browser. `repeatable`: it changes nothing.
    pub fn object<E>(&self, what: &str, repeatable: bool, error: &SdkError<E, HttpResponse>) -> ObjectError
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        let code = error.code().unwrap_or_default();
        match (error, status(error)) {
            (SdkError::ConstructionFailure(_), _) => {
                ObjectError { why: Why::Refused, failure: self.failure(what, repeatable, error) }
            }
            // Whole and no answer to what was asked: another try would get the same.
            (_, Some(200..300)) if repeatable && code.is_empty() && document(error).is_some() => {
                let root = document(error).map(|(root, _)| sanitise::text(&root, 60)).unwrap_or_default();
                let failure = Failure::permanent(format!("{what}: the service's answer is not what S3 answers"));
                ObjectError { why: Why::Unsupported, failure: failure.because(format!("its root is {root:?}")) }
            }
            (_, Some(status)) => {
                let marked = error.raw_response().and_then(|r| r.headers().get("x-amz-delete-marker"));
                let why = if status == 405 && marked == Some("true") { Why::Missing } else { why(status, code) };
                ObjectError { why, failure: self.failure(what, repeatable, error) }
            }
            _ => self.trouble(what, repeatable, &Trouble::from_error(error, true)),
        }
    }

    /// The error of a call that got no answer, or whose answer broke off.
    pub fn trouble(&self, what: &str, repeatable: bool, trouble: &Trouble) -> ObjectError {
        let trouble = match (trouble, self.other_ca) {
            (Trouble::Tls { what, .. }, Some(hint)) if what == &unknown_issuer() => {
                let what = "its certificate is refused: no CA that is trusted here signed it".to_owned();
                Trouble::Tls { what, hint }
            }
            (other, _) => other.clone(),
        };
        let why = if matches!(trouble, Trouble::Tls { .. } | Trouble::TooLarge(_)) { Why::Refused } else { Why::Cut };
        ObjectError { why, failure: trouble.failure(&self.at, repeatable).context(format!("{what} has no answer")) }
    }

    /// Whether the answer says that the bucket or the object is not there. The answer to a HEAD has no
    /// body and so no code.
    pub fn absent<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
        let missing = matches!(error.code(), Some("NoSuchBucket" | "NoSuchKey" | "NotFound" | "NoSuchVersion"));
        missing || (error.code().is_none() && status(error) == Some(404))
    }

    fn failure<E>(&self, what: &str, repeatable: bool, error: &SdkError<E, HttpResponse>) -> Failure
    where
        E: ProvideErrorMetadata + Error + 'static,
    {
        match (error, status(error)) {
            (SdkError::ConstructionFailure(_), _) => {
                Failure::permanent(format!("{what}: the request cannot be built")).because(innermost(error))
            }
            // What cannot be read has no code of the service's, but a reason of the SDK's.
            (SdkError::ResponseError(_), Some(status)) if (200..300).contains(&status) => {
                refusal(what, status, "", &innermost(error))
            }
            (_, Some(status)) => {
                let code = error.code().unwrap_or_default();
                let clocks = error
                    .raw_response()
                    .and_then(|r| of_date(r.headers().get("date")?))
                    .map(|date| Clocks::of_header(date, SystemClock.now_ms(), SystemClock.now_ms()));
                match clocks {
                    Some(clocks) if are_refused(status, code, &clocks) => skewed(what, &clocks),
                    _ => refusal(what, status, code, error.message().unwrap_or_default()),
                }
            }
            _ => {
                Trouble::from_error(error, true).failure(&self.at, repeatable).context(format!("{what} has no answer"))
            }
        }
    }
}

/// Whether a refusal is about the clocks. The answer to a HEAD has no code, so that the clocks speak for themselves.
fn are_refused(status: u16, code: &str, clocks: &Clocks) -> bool {
    code == "RequestTimeTooSkewed" || (status == 403 && code.is_empty() && clocks.skew() == Skew::Refused)
}

/// A refusal because of the clocks, with what both of them say.
fn skewed(what: &str, clocks: &Clocks) -> Failure {
    let behind = if clocks.ahead_ms() < 0 { "ahead of" } else { "behind" };
    let seconds = clocks.ahead_ms().unsigned_abs() / 1000;
    let far = if seconds < 120 { format!("{seconds} s") } else { format!("{} min", seconds / 60) };
    Failure::permanent(format!("{REFUSED} {what}: the clocks differ"))
        .because(format!(
            "this computer says {}, the service {}: this one is {far} {behind} it, and signatures hold for {} min",
            utc_text(clocks.ours_ms),
            utc_text(clocks.theirs_ms),
            SIGNATURE_SECONDS / 60
        ))
        .help("Set the clock that is wrong; `timedatectl` says whether this computer follows a time service.")
}

/// The document that an answer is, with the name of its root; `None` where it is none or was torn.
pub(super) fn document<E>(error: &SdkError<E, HttpResponse>) -> Option<(String, String)> {
    let text = std::str::from_utf8(error.raw_response()?.body().bytes()?).ok()?.trim();
    let root = text.split('<').skip(1).find(|tag| !tag.starts_with(['?', '!']))?;
    let name = root.split([' ', '\t', '\r', '\n', '>', '/']).next().filter(|name| !name.is_empty())?;
    let closed = text.ends_with(&format!("</{name}>")) || text.ends_with("/>") && text.ends_with(root);
    closed.then(|| (name.to_owned(), text.to_owned()))
}

fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|r| r.status().as_u16())
}

fn innermost(error: &(dyn Error + 'static)) -> String {
    crate::base::chain::causes(error).pop().unwrap_or_else(|| error.to_string())
}

fn unknown_issuer() -> String {
    format!("its certificate is refused: {UNKNOWN_ISSUER}")
}

/// What a caller does about an answer. The answer to a HEAD has no body and so no code.
fn why(status: u16, code: &str) -> Why {
    match (status, code) {
        (_, "XMinioAdminBucketQuotaExceeded" | "XMinioStorageFull") | (507, _) => Why::Full,
        (_, "SlowDown" | "XMinioServerNotInitialized" | "RequestTimeout") => Why::Busy,
        (409, "ConditionalRequestConflict") | (412, _) => Why::Changed,
        (401 | 403, _) => Why::Denied,
        (404, _) => Why::Missing,
        (416, _) => Why::BadRange,
        (405 | 501, _) | (_, "NotImplemented") => Why::Unsupported,
        (408 | 429 | 500..600, _) => Why::Busy,
        // An answer 2xx whose text cannot be read: whether it was done is not known.
        (200..300, _) => Why::Cut,
        _ => Why::Refused,
    }
}

/// The error behind a code that stands for one object in the answer to a call about many.
pub(super) fn of_code(what: &str, code: &str, message: &str) -> ObjectError {
    let status = match code {
        "AccessDenied" | "AllAccessDisabled" => 403,
        "NoSuchKey" | "NoSuchVersion" | "NoSuchBucket" => 404,
        "InternalError" | "ServiceUnavailable" | "SlowDown" => 503,
        _ => 400,
    };
    ObjectError { why: why(status, code), failure: refusal(what, status, code, message) }
}

/// The failure behind an answer of the registry (S3 or admin): `what` reads "to make bucket b".
/// Codes are those of minio/minio `cmd/api-errors.go`.
pub(super) fn refusal(what: &str, status: u16, code: &str, message: &str) -> Failure {
    let said = |failure: Failure| {
        let text = match (code, message) {
            ("", "") => format!("HTTP status {status}"),
            ("", message) => message.to_owned(),
            (code, "") => code.to_owned(),
            (code, message) => format!("{code}: {message}"),
        };
        failure.because(sanitise::text(&text, 300))
    };
    match (status, code) {
        (_, "XMinioAdminBucketQuotaExceeded") => {
            said(Failure::permanent(format!("{what}: the bucket's quota is used up")))
                .help("Delete old objects or versions, or raise the quota.")
        }
        (_, "XMinioStorageFull") | (507, _) => said(Failure::permanent(format!("{what}: the registry's disk is full")))
            .help("Free space on the host; deleting objects may need space too."),
        (_, "RequestTimeTooSkewed") => said(Failure::permanent(format!("{REFUSED} {what}: the clocks differ")))
            .help("Compare the clocks of this computer and of the host."),
        (_, "InvalidAccessKeyId" | "XMinioInvalidAccessKeyId") => {
            said(Failure::permanent(format!("{REFUSED} {what}: it does not know this key")))
                .help("Check that the key belongs to this registry.")
        }
        (_, "SignatureDoesNotMatch") => {
            said(Failure::permanent(format!("{REFUSED} {what}: the secret key is another one")))
                .help("Use the secret key that the credentials file names.")
        }
        (401 | 403, _) => said(Failure::permanent(format!("{REFUSED} {what}"))),
        (_, "PermanentRedirect" | "TemporaryRedirect" | "AuthorizationHeaderMalformed") => {
            said(Failure::permanent(format!("{what}: the service expects another region or address")))
                .help("Name the bucket's region by --region or AWS_REGION.")
        }
        (501, _) | (_, "NotImplemented") => said(Failure::permanent(format!("{what}: the service cannot do this"))),
        // The answer to a HEAD has no words of the service's.
        (404, "" | "NotFound") => said(Failure::permanent(format!("{what}: there is none"))),
        (408 | 429 | 500..600, _) | (_, "SlowDown" | "XMinioServerNotInitialized") => {
            said(Failure::transient(format!("{what}: the registry cannot now")))
        }
        // An answer 2xx whose text cannot be read: whether it was done is not known.
        (200..300, _) => {
            said(Failure::new(FailureKind::Unknown, format!("{what}: the registry's answer cannot be read")))
        }
        _ => said(Failure::permanent(format!("{what}: the registry says {status}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::object_store::refused;

    #[test]
    fn refusals_and_quota_are_told_apart() {
        let denied = refusal("to read a/b", 403, "AccessDenied", "Access Denied.");
        assert!(refused(&denied) && denied.kind == FailureKind::Permanent, "{denied}");
        assert!(refused(&refusal("to look for bucket b", 403, "", "")));
        let quota = refusal("to write a/b", 400, "XMinioAdminBucketQuotaExceeded", "Bucket quota exceeded");
        assert!(!refused(&quota) && quota.line().contains("XMinioAdminBucketQuotaExceeded"), "{quota}");
        let skewed = skewed("to read a/b", &Clocks { theirs_ms: 4_000_000, ours_ms: 0, margin_ms: 0 });
        assert!(
            refused(&skewed) && skewed.line().contains("1970-01-01T01:06:40Z: this one is 66 min behind it"),
            "{skewed}"
        );
        assert_eq!(refusal("x", 503, "SlowDown", "").kind, FailureKind::Transient);
        assert_eq!(refusal("x", 400, "InvalidBucketName", "").kind, FailureKind::Permanent);
    }
}
