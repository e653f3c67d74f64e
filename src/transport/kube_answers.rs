//! What the API server's refusals mean.

use crate::plan::{Failure, FailureKind};
use crate::ports::cluster::ObjectRef;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt;

/// A call, for messages and for what a lost answer means.
pub(super) struct Call<'a> {
    pub verb: &'static str,
    pub what: &'a ObjectRef,
    /// Whether it changes something.
    pub writes: bool,
}

impl<'a> Call<'a> {
    pub fn read(verb: &'static str, what: &'a ObjectRef) -> Self {
        Self { verb, what, writes: false }
    }

    pub fn write(verb: &'static str, what: &'a ObjectRef) -> Self {
        Self { verb, what, writes: true }
    }
}

impl fmt::Display for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "to {} {}", self.verb, self.what)
    }
}

/// The JSON of an answer. Its text is not shown: it may be a Secret.
pub(super) fn json(call: &Call<'_>, body: &[u8]) -> Result<Value, Failure> {
    serde_json::from_slice(body).map_err(|_| {
        let kind = if call.writes { FailureKind::Unknown } else { FailureKind::Transient };
        Failure::new(kind, format!("{call}: the API server's answer is no JSON"))
    })
}

/// Causes that are told: a server names each field, and may name any number.
const CAUSES: usize = 12;

const CONFLICT: &str = "someone else wrote it at the same time";

/// Whether a failure says that the object changed between a read and a write.
pub(super) fn is_conflict(failure: &Failure) -> bool {
    failure.causes.iter().any(|c| c == CONFLICT)
}

/// What an answer outside 2xx means. The codes are those of k8s.io/apimachinery `api/errors`.
pub(super) fn failure(call: &Call<'_>, code: u16, body: &[u8]) -> Failure {
    let status: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |at: &str| status.pointer(at).and_then(Value::as_str).unwrap_or_default();
    let said = if text("/message").is_empty() {
        String::from_utf8_lossy(body.get(..body.len().min(300)).unwrap_or_default()).trim().to_owned()
    } else {
        text("/message").to_owned()
    };
    let causes: Vec<(&str, &str, &str)> = status
        .pointer("/details/causes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .take(CAUSES)
        .map(|c| {
            let of = |key: &str| c.get(key).and_then(Value::as_str).unwrap_or_default();
            (of("reason"), of("field"), of("message"))
        })
        .collect();

    let managers: BTreeSet<&str> = causes
        .iter()
        .filter(|(reason, ..)| *reason == "FieldManagerConflict")
        .map(|(.., message)| message.split('"').nth(1).unwrap_or(message))
        .collect();
    if code == 409 && !managers.is_empty() {
        let names = crate::base::sanitise::text(&managers.into_iter().collect::<Vec<_>>().join(", "), 200);
        let failure = Failure::permanent(format!("{call}: fields of it belong to {names}"))
            .help("Somebody else manages this object; decide who does, then remove the other's fields or the object.");
        return causes.iter().fold(failure, |f, (_, field, message)| {
            f.because(crate::base::sanitise::text(&format!("{field}: {message}"), 300))
        });
    }

    // Server-side apply answers an unknown field of a built-in kind with 500, as if it were the server's
    // own trouble (seen on 1.36).
    let unknown_field = said.contains("strict decoding error") || said.contains("field not declared in schema");
    let etcd_unsure = said.contains("etcdserver:") || said.contains("timed out") || text("/reason") == "Timeout";
    let kind = match code {
        _ if unknown_field => FailureKind::Permanent,
        // The server does not know either whether it was written.
        500..600 if code != 503 && etcd_unsure && call.writes => FailureKind::Unknown,
        // 404: the kind or the namespace is not there yet; an operator's definitions come after it.
        404 | 409 | 410 | 429 | 500..600 => FailureKind::Transient,
        403 if said.contains("because it is being terminated") => FailureKind::Transient,
        _ => FailureKind::Permanent,
    };
    let mut failure = Failure::new(kind, format!("{call}: the API server says {code}"));
    if !said.is_empty() {
        failure = failure.because(crate::base::sanitise::text(&said, 600));
    }
    if code == 409 {
        failure = failure.because(CONFLICT);
    }
    for (_, field, message) in causes.iter().filter(|(.., message)| !said.contains(message)) {
        failure = failure.because(crate::base::sanitise::text(&format!("{field}: {message}"), 300));
    }
    match code {
        401 => failure.help("The kubeconfig's certificate is not accepted: read the host's kubeconfig again."),
        403 if kind == FailureKind::Permanent => {
            failure.help("The kubeconfig may not do this; the one of RKE2's own administrator may.")
        }
        _ if unknown_field => failure.help(
            "This cluster's version does not know a field that is set; check the versions in the components table.",
        ),
        _ => failure,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::cluster::Kind;
    use serde_json::json;

    fn judged(writes: bool, code: u16, body: &Value) -> Failure {
        let what = ObjectRef::new(Kind::Service, "models", "minio");
        failure(&Call { verb: "apply", what: &what, writes }, code, body.to_string().as_bytes())
    }

    #[test]
    fn codes_become_what_can_be_done() {
        let plain = json!({"message": "no"});
        for (code, kind) in [
            (401, FailureKind::Permanent),
            (403, FailureKind::Permanent),
            (422, FailureKind::Permanent),
            (429, FailureKind::Transient),
            (500, FailureKind::Transient),
            (503, FailureKind::Transient),
        ] {
            assert_eq!(judged(true, code, &plain).kind, kind, "{code}");
        }
        let leader = json!({"message": "etcdserver: leader changed"});
        assert_eq!(judged(true, 500, &leader).kind, FailureKind::Unknown);
        assert_eq!(judged(false, 500, &leader).kind, FailureKind::Transient);
        let unknown = json!({"message": "failed to create typed patch object: .spec.x: field not declared in schema"});
        assert_eq!(judged(true, 500, &unknown).kind, FailureKind::Permanent);
    }

    #[test]
    fn a_field_conflict_names_the_managers() {
        let body = json!({"message": "Apply failed with 1 conflict", "reason": "Conflict", "details": {"causes": [
            {"reason": "FieldManagerConflict", "message": "conflict with \"kubectl-edit\" using v1", "field": ".spec.type"}]}});
        let failure = judged(true, 409, &body);
        assert_eq!(failure.kind, FailureKind::Permanent);
        assert!(failure.message.contains("belong to kubectl-edit"), "{failure}");
        assert!(failure.causes[0].contains(".spec.type"), "{failure}");
    }
}
