//! Changes of a config's text that leave all the rest as it was written.

use super::{Document, VersionPolicy};

/// The same text with another version policy. Comments, order and spelling of everything else stay.
///
/// `document` has to be what [`parse`](super::parse) made of `text`.
pub fn with_version_policy(text: &str, document: &Document, policy: &VersionPolicy) -> String {
    let mut out = String::with_capacity(text.len() + 80);
    let mut at = 0;
    for field in document.root.fields.iter().filter(|field| field.name == "version_policy") {
        out.push_str(text.get(at..field.span.start).unwrap_or_default());
        at = field.span.end;
        // A line that only held the policy goes with it.
        let rest = text.get(at..).unwrap_or_default();
        let blank = rest.find(|c: char| c != ' ' && c != '\t' && c != '\r').unwrap_or(rest.len());
        let starts_line = out.is_empty() || out.trim_end_matches([' ', '\t']).ends_with('\n');
        if starts_line && rest.get(blank..).is_some_and(|rest| rest.is_empty() || rest.starts_with('\n')) {
            out.truncate(out.trim_end_matches([' ', '\t']).len());
            at += (blank + 1).min(rest.len());
        }
    }
    out.push_str(text.get(at..).unwrap_or_default());
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    out.push_str(&policy_text(policy));
    out.push('\n');
    out
}

fn policy_text(policy: &VersionPolicy) -> String {
    match policy {
        VersionPolicy::Latest(count) => format!("version_policy: {{ latest: {{ num_versions: {count} }} }}"),
        VersionPolicy::All => "version_policy: { all: { } }".to_owned(),
        VersionPolicy::Specific(versions) if versions.is_empty() => "version_policy: { specific: { } }".to_owned(),
        VersionPolicy::Specific(versions) => {
            let list: Vec<String> = versions.iter().map(ToString::to_string).collect();
            format!("version_policy: {{ specific: {{ versions: [ {} ] }} }}", list.join(", "))
        }
    }
}
