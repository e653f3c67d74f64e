//! Policies as `MinIO` knows them: statements of actions and resources with wildcards.
//!
//! A `Condition` is not evaluated. A statement that has one is taken in the way that gives less: an
//! `Allow` with a condition allows nothing, a `Deny` with one denies.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// A policy: its text and its statements.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// The document as it was set.
    pub document: Value,
    statements: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq)]
struct Statement {
    allow: bool,
    actions: Vec<String>,
    resources: Vec<String>,
    conditional: bool,
}

/// What a set of policies says about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A statement allows it and none denies it.
    Allowed,
    /// One denies it, whatever others say.
    Denied,
    /// No statement speaks of it, which is a refusal too.
    Silent,
}

/// Whether `text` fits `pattern`, in which `*` stands for any text and `?` for any character.
fn fits(pattern: &str, text: &str) -> bool {
    // The usual two-pointer walk: on a mismatch it goes back to the last star and lets it take one
    // character more, so that it stays linear in practice and needs no recursion.
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star, mut mark) = (0, 0, None, 0);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some(p);
                mark = t;
                p += 1;
            }
            Some(c) if *c == '?' || text.get(t) == Some(c) => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some(at) => {
                    p = at + 1;
                    mark += 1;
                    t = mark;
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|c| *c == '*'))
}

fn strings(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(many)) => many.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    }
}

impl Policy {
    /// Reads a policy document; the error says in words what is wrong with it.
    pub fn parse(document: Value) -> Result<Self, String> {
        if document.get("Version").and_then(Value::as_str) != Some("2012-10-17") {
            return Err("invalid policy version".into());
        }
        let listed = document.get("Statement").and_then(Value::as_array).ok_or("policy has no statements")?;
        let mut statements = Vec::new();
        for one in listed {
            let allow = match one.get("Effect").and_then(Value::as_str) {
                Some("Allow") => true,
                Some("Deny") => false,
                other => return Err(format!("invalid Effect {:?}", other.unwrap_or_default())),
            };
            let actions = strings(one.get("Action"));
            if actions.is_empty() {
                return Err("Action must not be empty".into());
            }
            if let Some(bad) = actions.iter().find(|a| !a.contains(':') && *a != "*") {
                return Err(format!("unsupported action '{bad}'"));
            }
            let resources = strings(one.get("Resource"));
            if resources.is_empty() && actions.iter().any(|a| a.starts_with("s3:")) {
                return Err("Resource must not be empty".into());
            }
            if let Some(bad) = resources.iter().find(|r| !r.starts_with("arn:aws:s3:::")) {
                return Err(format!("invalid resource '{bad}'"));
            }
            statements.push(Statement { allow, actions, resources, conditional: one.get("Condition").is_some() });
        }
        Ok(Self { document, statements })
    }
}

/// What `policies` together say about `action` on `resource` (`bucket` or `bucket/key`; empty for
/// the whole server).
pub fn judge<'a>(policies: impl Iterator<Item = &'a Policy>, action: &str, resource: &str) -> Verdict {
    let arn = format!("arn:aws:s3:::{resource}");
    let mut allowed = false;
    for statement in policies.flat_map(|p| p.statements.iter()) {
        let about = statement.actions.iter().any(|a| fits(a, action))
            && (resource.is_empty() || statement.resources.iter().any(|r| fits(r, &arn)));
        if about && !statement.allow {
            return Verdict::Denied;
        }
        allowed |= about && !statement.conditional;
    }
    if allowed { Verdict::Allowed } else { Verdict::Silent }
}

/// The policies that every `MinIO` server has. `readonly` lists nothing, which is why it does not
/// serve Triton.
pub fn built_in() -> BTreeMap<String, Policy> {
    let make = |actions: Value| {
        let statement = json!({"Effect": "Allow", "Action": actions, "Resource": ["arn:aws:s3:::*"]});
        Policy::parse(json!({"Version": "2012-10-17", "Statement": [statement]}))
    };
    [
        ("readonly", json!(["s3:GetBucketLocation", "s3:GetObject"])),
        ("readwrite", json!(["s3:*"])),
        ("writeonly", json!(["s3:PutObject"])),
        ("consoleAdmin", json!(["s3:*", "admin:*"])),
    ]
    .into_iter()
    .filter_map(|(name, actions)| Some((name.to_owned(), make(actions).ok()?)))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_fit_what_they_should() {
        for (pattern, text, fit) in [
            ("s3:*", "s3:GetObject", true),
            ("s3:Get*", "s3:PutObject", false),
            ("arn:aws:s3:::models/*", "arn:aws:s3:::models/a/b", true),
            ("arn:aws:s3:::models/*", "arn:aws:s3:::models", false),
            ("a?c*e", "abcde", true),
            ("a*b*c", "axxbyyb", false),
            ("*", "", true),
            ("", "a", false),
        ] {
            assert_eq!(fits(pattern, text), fit, "{pattern} against {text}");
        }
    }

    #[test]
    fn a_denial_outweighs_and_a_condition_never_widens() {
        let policy = |effect: &str, condition: bool| {
            let mut statement = json!({"Effect": effect, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::m/*"});
            if condition {
                statement["Condition"] = json!({"Bool": {"aws:SecureTransport": "true"}});
            }
            Policy::parse(json!({"Version": "2012-10-17", "Statement": [statement]})).expect("a policy")
        };
        let ask = |policies: &[Policy]| judge(policies.iter(), "s3:GetObject", "m/x");
        assert_eq!(ask(&[policy("Allow", false)]), Verdict::Allowed);
        assert_eq!(ask(&[policy("Allow", true)]), Verdict::Silent);
        assert_eq!(ask(&[policy("Allow", false), policy("Deny", true)]), Verdict::Denied);
        assert_eq!(ask(&[]), Verdict::Silent);
    }

    #[test]
    fn a_bad_document_is_refused_with_its_reason() {
        for bad in [
            json!({}),
            json!({"Version": "2012-10-17"}),
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Maybe", "Action": "s3:*"}]}),
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*"}]}),
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "models"}]}),
        ] {
            assert!(Policy::parse(bad.clone()).is_err(), "{bad} was taken");
        }
        assert_eq!(built_in().len(), 4, "a built-in policy does not parse");
    }
}
