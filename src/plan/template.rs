//! Files and manifests with places to fill.
//!
//! Templates lie in `assets/templates/` as plain files. A place is written `{{name}}`. In YAML it is
//! filled with the value as JSON, which is YAML too, so that no value can break out of its place.

use serde_json::Value;
use std::fmt::Write as _;

/// What is wrong with a template or its values: a mistake in this program, never in a user's input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A place has no value.
    #[error("the template has a place {0:?} without a value")]
    NoValue(String),
    /// A value has no place.
    #[error("the template has no place for {0:?}")]
    NoPlace(String),
    /// A place is not closed.
    #[error("the template has an open place")]
    Open,
    /// The result is not YAML.
    #[error("the filled template is not YAML: {0}")]
    Yaml(String),
}

/// Fills a text. Values are put in as they are.
pub fn text(template: &str, values: &[(&str, &str)]) -> Result<String, TemplateError> {
    let values: Vec<_> = values.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    fill(template, &values)
}

/// Fills a YAML template of one or more documents.
pub fn yaml(template: &str, values: &[(&str, Value)]) -> Result<Vec<Value>, TemplateError> {
    let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.to_string())).collect();
    let filled = fill(template, &values)?;
    serde_saphyr::from_multiple::<Value>(&filled)
        .map(|documents| documents.into_iter().filter(|d| !d.is_null()).collect())
        .map_err(|e| TemplateError::Yaml(e.to_string()))
}

fn fill(template: &str, values: &[(&str, String)]) -> Result<String, TemplateError> {
    let mut out = String::with_capacity(template.len() + 256);
    let mut used = vec![false; values.len()];
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let (name, behind) = after.split_once("}}").ok_or(TemplateError::Open)?;
        let at = values.iter().position(|(n, _)| *n == name).ok_or_else(|| TemplateError::NoValue(name.into()))?;
        used[at] = true;
        out.push_str(before);
        out.push_str(&values[at].1);
        rest = behind;
    }
    out.push_str(rest);
    match used.iter().position(|used| !used) {
        Some(at) => Err(TemplateError::NoPlace(values[at].0.into())),
        None => Ok(out),
    }
}

/// Writes a value as YAML that people can read: blocks for maps and lists, JSON for the rest. Maps
/// keep their order.
pub fn to_yaml(value: &Value) -> String {
    let mut out = String::new();
    block(value, 0, &mut out);
    out
}

fn block(value: &Value, indent: usize, out: &mut String) {
    let pad = " ".repeat(indent);
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, inner) in map {
                let key = if plain(key) { key.clone() } else { Value::from(key.as_str()).to_string() };
                let _ = write!(out, "{pad}{key}:");
                nested(inner, indent, out);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                let _ = write!(out, "{pad}-");
                nested(item, indent, out);
            }
        }
        other => {
            let _ = writeln!(out, "{pad}{other}");
        }
    }
}

fn nested(value: &Value, indent: usize, out: &mut String) {
    let deep = match value {
        Value::Object(map) => !map.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if deep {
        out.push('\n');
        block(value, indent + 2, out);
    } else {
        let _ = writeln!(out, " {value}");
    }
}

fn plain(key: &str) -> bool {
    !key.is_empty()
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b))
        && key.starts_with(|c: char| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn no_value_breaks_out_of_its_place() {
        let got =
            yaml("name: {{name}}\nports: {{ports}}\n", &[("name", json!("a: b\n- \"x\"")), ("ports", json!([1, 2]))]);
        assert_eq!(got, Ok(vec![json!({"name": "a: b\n- \"x\"", "ports": [1, 2]})]));
    }

    #[test]
    fn every_place_has_a_value_and_every_value_a_place() {
        assert_eq!(text("a {{x}}", &[]), Err(TemplateError::NoValue("x".into())));
        assert_eq!(text("a", &[("x", "1")]), Err(TemplateError::NoPlace("x".into())));
        assert_eq!(text("a {{x", &[("x", "1")]), Err(TemplateError::Open));
        assert_eq!(text("a {{x}}{{x}}", &[("x", "1")]), Ok("a 11".into()));
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            "[ -~é\n]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[a-z:# -]{1,8}", inner), 0..4)
                    .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(value in values()) {
            let map = json!({ "v": value });
            let read: Value = serde_saphyr::from_str(&to_yaml(&map)).expect("it is YAML");
            prop_assert_eq!(read, map);
        }
    }
}
