//! What preflight found, for people and as JSON.

use super::json::line;
use super::{REHEARSAL, safe};
use crate::plan::preflight::{Finding, Verdict, worst};
use serde_json::json;

/// One line a finding, with its evidence; its fix on the line below.
pub fn human(site: &str, findings: &[Finding], rehearsal: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for finding in findings {
        let about = if finding.about.is_empty() { String::new() } else { format!(" ({})", safe(&finding.about)) };
        let word = word(finding.verdict);
        lines.push(format!("{word}  {}{about}: {}", finding.row.title(), safe(&finding.evidence)));
        if let Some(fix) = finding.fix.as_ref().filter(|_| finding.verdict != Verdict::Pass) {
            let who = if fix.by_install { "the install does it" } else { "fix" };
            lines.push(format!("      {who}: {}", safe(&fix.text)));
        }
    }
    let count = |verdict| findings.iter().filter(|f| f.verdict == verdict).count();
    let (pass, warn, fail) = (count(Verdict::Pass), count(Verdict::Warn), count(Verdict::Fail));
    let end = match worst(findings) {
        Verdict::Fail => "the registry cannot be installed before that is mended",
        Verdict::Warn | Verdict::Pass => "nothing stands in the way of an install",
    };
    lines.push(format!("site {site}: {pass} pass, {warn} warn, {fail} fail: {end}"));
    if rehearsal {
        for line in &mut lines {
            line.insert_str(0, &format!("{REHEARSAL} "));
        }
    }
    lines
}

/// Words of one width, so that a column of them can be read down.
fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Warn => "WARN",
        Verdict::Fail => "FAIL",
    }
}

/// One line a finding, and the verdict last.
pub fn json(site: &str, findings: &[Finding]) -> Vec<String> {
    let mut lines: Vec<String> = findings
        .iter()
        .map(|f| {
            let rest = json!({
                "row": f.row, "title": f.row.title(), "about": f.about, "verdict": f.verdict, "evidence": f.evidence,
                "fix": f.fix,
            });
            line("finding", rest)
        })
        .collect();
    lines.push(line("check", json!({ "site": site, "verdict": worst(findings), "findings": findings.len() })));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::preflight::{Fix, Row};

    fn findings() -> Vec<Finding> {
        let one = |row, verdict, evidence: &str, fix: Option<&str>| Finding {
            row,
            about: String::new(),
            verdict,
            evidence: evidence.into(),
            fix: fix.map(|text| Fix { text: text.into(), safe: false, by_install: false }),
        };
        vec![
            one(Row::Memory, Verdict::Pass, "8.0 GiB", Some("not shown")),
            one(Row::Swap, Verdict::Fail, "2 GiB\u{1b}[2J are on", Some("swapoff -a")),
        ]
    }

    #[test]
    fn a_finding_has_its_evidence_and_its_fix() {
        assert_eq!(
            human("edge", &findings(), false),
            [
                "pass  memory: 8.0 GiB",
                "FAIL  swap: 2 GiB are on",
                "      fix: swapoff -a",
                "site edge: 1 pass, 0 warn, 1 fail: the registry cannot be installed before that is mended"
            ]
        );
        assert!(human("edge", &findings(), true).iter().all(|l| l.starts_with("REHEARSAL ")));
    }

    #[test]
    fn json_ends_with_the_verdict() {
        let lines = json("edge", &findings());
        let last: serde_json::Value = serde_json::from_str(&lines[2]).expect("an object");
        assert_eq!((&last["type"], &last["verdict"]), (&json!("check"), &json!("fail")));
    }
}
