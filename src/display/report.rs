//! What is in a report, for people and as JSON.

use super::json::line;
use super::safe;
use crate::plan::report::{Manifest, Removed};
use serde_json::{Map, Value, json};

/// As the manifest in the archive has it.
pub fn human(manifest: &Manifest) -> Vec<String> {
    manifest.lines().iter().map(|line| safe(line)).collect()
}

/// One line a piece, one for what could not be had, and the whole last.
pub fn json(manifest: &Manifest) -> Vec<String> {
    let counts = |removed: &Removed| -> Value {
        let counts: Map<String, Value> =
            removed.counts().map(|(sort, count)| (sort.id().to_owned(), count.into())).collect();
        Value::Object(counts)
    };
    let mut lines: Vec<String> = Vec::new();
    for piece in &manifest.pieces {
        let removed = counts(&piece.removed);
        lines.push(line(
            "report-piece",
            json!({ "name": piece.name, "bytes": piece.bytes, "cut": piece.cut, "removed": removed }),
        ));
    }
    for missing in &manifest.missing {
        lines.push(line("report-missing", json!({ "name": missing.name, "why": missing.why })));
    }
    lines.push(line(
        "report",
        json!({
            "site": manifest.site, "program": manifest.program, "made_ms": manifest.made_ms,
            "pieces": manifest.pieces.len(), "bytes": manifest.bytes(), "missing": manifest.missing.len(),
            "removed": counts(&manifest.removed()),
        }),
    ));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Redactor;
    use crate::plan::report::Bag;

    #[test]
    fn both_faces_say_what_is_there_what_is_not_and_what_was_removed() {
        let mut bag = Bag::new("edge-07".parse().expect("a label"), "modelquay 1", 0, Redactor::new());
        bag.text("host/a.log", b"password=x\ntoken=y\n", true);
        bag.missing("cluster", "it is not up");
        let (manifest, _) = bag.close();
        let text = human(&manifest).join("\n");
        for words in ["host/a.log; its end only", "cluster: it is not up", "Removed in all"] {
            assert!(text.contains(words), "{words}: {text}");
        }
        let values: Vec<Value> =
            json(&manifest).iter().map(|line| serde_json::from_str(line).expect("an object")).collect();
        let types: Vec<&str> = values.iter().filter_map(|value| value["type"].as_str()).collect();
        assert_eq!(types, ["report-piece", "report-missing", "report"]);
        assert_eq!((&values[0]["cut"], &values[2]["removed"]["named"]), (&json!(true), &json!(1)));
        assert_eq!((&values[2]["site"], &values[2]["pieces"]), (&json!("edge-07"), &json!(1)));
    }
}
