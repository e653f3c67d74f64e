//! Lists as the API server prints them for people: `meta.k8s.io/v1` Table, of which the rows have the objects'
//! metadata beside them and nothing else of them.

use super::kube::{KubeCluster, PAGE, path, unbuilt};
use super::kube_answers::{self as answers, Call};
use crate::base::sanitise;
use crate::plan::Failure;
use crate::ports::cluster::{Kind, ObjectRef, Printed};
use serde_json::Value;

/// The only form that is accepted: a server that does not know it refuses, and sends no whole objects in its place.
const ACCEPT: &str = "application/json;as=Table;v=v1;g=meta.k8s.io";

/// The longest cell that is kept.
const CELL: usize = 300;

impl KubeCluster {
    /// The objects of a kind as a table, page by page. kube has no request for it.
    pub(super) async fn table(&self, kind: Kind, namespace: &str) -> Result<Vec<Printed>, Failure> {
        let what = ObjectRef::new(kind, namespace, kind.api().3);
        let call = Call::read("list the names of", &what);
        let (mut found, mut from) = (Vec::new(), String::new());
        loop {
            let uri = format!("{}?limit={PAGE}&includeObject=Metadata{from}", path(kind, namespace)?);
            let request = http::Request::get(uri)
                .header(http::header::ACCEPT, ACCEPT)
                .body(Vec::new())
                .map_err(|e| unbuilt(&call, &e))?;
            let (status, body) = self.call(&call, request).await?;
            match status {
                200..300 => {}
                404 => return Ok(Vec::new()),
                _ => return Err(answers::failure(&call, status, &body)),
            }
            let page = answers::json(&call, &body)?;
            let rows = rows(&page).ok_or_else(|| Failure::permanent(format!("{call}: the answer is no table")))?;
            found.extend(rows);
            match page.pointer("/metadata/continue").and_then(Value::as_str) {
                Some(token) if is_token(token) => from = format!("&continue={token}"),
                _ => return Ok(found),
            }
        }
    }
}

/// The rows of a table; `None` where the answer is something else, whose content is not looked at then.
fn rows(page: &Value) -> Option<Vec<Printed>> {
    if page.get("kind").and_then(Value::as_str) != Some("Table") {
        return None;
    }
    let columns: Vec<&str> = page
        .get("columnDefinitions")?
        .as_array()?
        .iter()
        .map(|column| column.get("name").and_then(Value::as_str).unwrap_or_default())
        .collect();
    let row = |row: &Value| {
        let meta = row.pointer("/object/metadata");
        let name = meta.and_then(|meta| meta.get("name")).and_then(Value::as_str).unwrap_or_default();
        let cells = row.get("cells").and_then(Value::as_array).into_iter().flatten().map(cell);
        let named = columns.iter().map(|column| sanitise::text(column, CELL));
        let keys = meta.map(keys).unwrap_or_default();
        Printed { name: sanitise::text(name, CELL), cells: named.zip(cells).collect(), keys }
    };
    Some(page.get("rows").and_then(Value::as_array).into_iter().flatten().map(row).collect())
}

fn cell(value: &Value) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    sanitise::text(&text, CELL)
}

/// The keys of `data` that somebody is on record as the owner of.
fn keys(meta: &Value) -> Vec<String> {
    let managers = meta.get("managedFields").and_then(Value::as_array).into_iter().flatten();
    let data = managers.filter_map(|manager| manager.pointer("/fieldsV1/f:data")?.as_object());
    let mut keys: Vec<String> = data
        .flat_map(|data| data.keys())
        .filter_map(|key| key.strip_prefix("f:"))
        .map(|key| sanitise::text(key, CELL))
        .collect();
    keys.sort();
    keys.dedup();
    keys
}

/// Whether a continue token can stand in a query as it is; the server makes them of base64 for addresses.
fn is_token(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_=.".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_secret_is_a_name_a_type_and_names_of_keys() {
        let page = json!({
            "kind": "Table", "columnDefinitions": [{"name": "Name"}, {"name": "Type"}, {"name": "Data"}],
            "rows": [{"cells": ["s", "Opaque", 2], "object": {"kind": "PartialObjectMetadata", "metadata": {
                "name": "s", "annotations": {"copy": "canary"},
                "managedFields": [
                    {"fieldsV1": {"f:data": {".": {}, "f:secret_key": {}, "f:access_key": {}}, "f:type": {}}},
                    {"fieldsV1": {"f:data": {"f:access_key": {}}}},
                ]}}}],
        });
        let found = rows(&page).expect("a table");
        let cells = [("Name", "s"), ("Type", "Opaque"), ("Data", "2")];
        assert_eq!(
            found,
            [Printed {
                name: "s".into(),
                cells: cells.map(|(a, b)| (a.to_owned(), b.to_owned())).to_vec(),
                keys: vec!["access_key".into(), "secret_key".into()],
            }]
        );
    }

    #[test]
    fn whole_objects_are_no_table() {
        assert_eq!(rows(&json!({"kind": "SecretList", "items": [{"data": {"k": "canary"}}]})), None);
        assert_eq!(rows(&json!({"kind": "Table"})), None);
        assert!(is_token("eyJ2IjoibWV0YS5rOHMuaW8vdjEi.x-_=") && !is_token("a&b") && !is_token(""));
    }

    proptest! {
        #[test]
        fn no_table_panics(cells in prop::collection::vec("[ -~]{0,9}", 0..4), columns in 0usize..4, odd in any::<bool>()) {
            let columns: Vec<Value> = (0..columns).map(|n| if odd { json!(n) } else { json!({"name": n.to_string()}) }).collect();
            let page = json!({"kind": "Table", "columnDefinitions": columns, "rows": [{"cells": cells}, {"object": odd}, odd]});
            prop_assert_eq!(rows(&page).map(|rows| rows.len()), Some(3));
        }
    }
}
