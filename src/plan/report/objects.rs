//! Kubernetes objects as they may go out: without what nobody reads and without what may be a secret.

use super::removed::{Removed, Sort};
use super::scrub::Scrub;
use crate::plan::template::to_yaml;
use serde_json::{Value, json};

/// Where `kubectl apply` keeps a copy of a whole object, a Secret's data among it.
const COPY: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A longer text within an object is its content and not its state.
const LONGEST: usize = 16 * 1024;

/// Objects as YAML documents.
pub fn yaml(objects: Vec<Value>, scrub: &Scrub, removed: &mut Removed) -> String {
    let documents = objects.into_iter().map(|object| to_yaml(&harmless(object, scrub, removed)));
    documents.collect::<Vec<_>>().join("---\n")
}

/// An object without its secrets.
fn harmless(mut object: Value, scrub: &Scrub, removed: &mut Removed) -> Value {
    if object["kind"] == "Secret" {
        // It is never asked for; whoever hands one over gets its names back.
        return secret(&object, scrub, removed);
    }
    if let Some(meta) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        meta.remove("managedFields");
        if let Some(notes) = meta.get_mut("annotations").and_then(Value::as_object_mut) {
            notes.remove(COPY);
        }
    }
    shorten(&mut object);
    scrub.value(&mut object, removed);
    object
}

fn secret(object: &Value, scrub: &Scrub, removed: &mut Removed) -> Value {
    let data = object.get("data").and_then(Value::as_object);
    let names: Vec<String> = data.into_iter().flatten().map(|(name, _)| scrub.text(name, removed)).collect();
    removed.many(Sort::SecretData, names.len() as u64);
    let meta = &object["metadata"];
    let mut said = |value: &Value| value.as_str().map(|text| scrub.text(text, removed));
    json!({
        "kind": "Secret", "type": said(&object["type"]), "keys": names,
        "metadata": {"name": said(&meta["name"]), "namespace": said(&meta["namespace"])},
    })
}

/// Charts, scripts and the like are named by their size.
fn shorten(value: &mut Value) {
    match value {
        Value::String(text) if text.len() > LONGEST => *text = format!("[{} bytes were left out here]", text.len()),
        Value::Array(items) => items.iter_mut().for_each(shorten),
        Value::Object(map) => map.values_mut().for_each(shorten),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Redactor;

    #[test]
    fn an_object_goes_out_without_copies_of_itself_and_without_secrets() {
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "p", "managedFields": [{"manager": "x"}], "annotations": {COPY: "canary-1", "a": "b"}},
            "spec": {"containers": [{"env": [{"name": "X_TOKEN", "value": "canary-2"}]}], "chart": "c".repeat(LONGEST + 1)},
        });
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque", "metadata": {"name": "s", "namespace": "n"},
            "data": {"k": "Y2FuYXJ5LTM="}, "stringData": {"l": "canary-4"},
        });
        let mut removed = Removed::default();
        let text = yaml(vec![pod, secret], &Scrub::new(Redactor::new()), &mut removed);
        assert!(!text.contains("canary") && !text.contains("Y2Fu") && !text.contains("managedFields"), "{text}");
        for stays in ["name: \"p\"", "a: \"b\"", "X_TOKEN", "[16385 bytes were left out here]", "---\n", "- \"k\""] {
            assert!(text.contains(stays), "{stays}: {text}");
        }
        assert_eq!(removed.words(), "1 value by its name, 1 Secret's data");
    }
}
