//! Files before and after, as a unified diff.

use crate::base::sanitise;
use crate::engine::preview::Previewed;
use crate::plan::Change;
use similar::TextDiff;

/// The unified diff of one change, or nothing where it is not about a file's text.
///
/// A file that is not there, or that could not be looked at yet, is compared with nothing.
pub fn unified(change: &Change) -> Option<String> {
    let Change::File { path, before, after, .. } = change else { return None };
    let old = before.as_deref().unwrap_or_default();
    let from = if before.is_some() { format!("a{path}") } else { "/dev/null".to_owned() };
    let diff = TextDiff::from_lines(old, after.as_str());
    let text = diff.unified_diff().context_radius(3).header(&from, &format!("b{path}")).to_string();
    // What stands in a host's file is data; a diff must not move the cursor of who reads it.
    let safe: Vec<String> = text.lines().map(|line| sanitise::text(line, 2000)).collect();
    (!text.is_empty()).then(|| safe.join("\n"))
}

/// Every file of a preview, one diff after the other.
pub fn of_steps(steps: &[Previewed]) -> String {
    let parts: Vec<String> = steps.iter().flat_map(|step| step.changes.iter().filter_map(unified)).collect();
    parts.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(before: Option<&str>, after: &str) -> Change {
        Change::File {
            path: "/etc/x".into(),
            mode: "0600 root".into(),
            before: before.map(Into::into),
            after: after.into(),
        }
    }

    #[test]
    fn a_changed_file_shows_what_goes_and_what_comes() {
        let diff = unified(&file(Some("a\nb\nc\n"), "a\nB\nc\n")).expect("it differs");
        assert_eq!(diff, "--- a/etc/x\n+++ b/etc/x\n@@ -1,3 +1,3 @@\n a\n-b\n+B\n c");
    }

    #[test]
    fn a_new_file_is_compared_with_nothing_and_an_equal_one_says_nothing() {
        assert!(unified(&file(None, "a\n")).is_some_and(|d| d.starts_with("--- /dev/null\n+++ b/etc/x\n")));
        assert_eq!(unified(&file(Some("a\n"), "a\n")), None);
        assert_eq!(unified(&Change::Package { name: "curl".into() }), None);
    }

    #[test]
    fn a_hosts_file_cannot_reach_the_terminal() {
        let diff = unified(&file(Some("\u{1b}]0;owned\u{7}x\n"), "y\n")).expect("it differs");
        assert!(!diff.contains('\u{1b}'), "{diff:?}");
    }
}
