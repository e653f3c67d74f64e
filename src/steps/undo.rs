//! What was there before, recorded on the host before the first change, so that an uninstall can put
//! it back.

use super::common::HOME;
use crate::base::Secret;
use crate::plan::Failure;
use crate::ports::{FileSpec, Host, Look, ScriptId, Seen};
use serde_json::{Map, Value};

fn path() -> String {
    format!("{HOME}/before.json")
}

/// Adds what is not recorded yet; what was recorded first stays.
pub async fn record(host: &dyn Host, found: &[(String, Value)]) -> Result<(), Failure> {
    host.run(ScriptId::MakeDirs, &["0700", "root:root", HOME], None)
        .await?
        .success("make the directory of modelquay")?;
    let seen = host.look(&[Look::file(path())]).await?;
    let mut record: Map<String, Value> = match seen.first() {
        Some(Seen::File(file)) => file.text().and_then(|t| serde_json::from_str(t).ok()).ok_or_else(|| {
            Failure::needs_human(format!("read {}", path()))
                .because("it is not the record that was written there")
                .help("it says what an uninstall has to put back: look at it, and move it away to begin anew")
        })?,
        _ => Map::new(),
    };
    let before = record.len();
    for (key, value) in found {
        record.entry(key.clone()).or_insert_with(|| value.clone());
    }
    if record.len() == before {
        return Ok(());
    }
    let mut text = serde_json::to_vec_pretty(&record)
        .map_err(|e| Failure::permanent("write the record as JSON").because(e.to_string()))?;
    text.push(b'\n');
    host.write(&FileSpec { path: path(), mode: 0o600, owner: "root:root".into(), content: Secret::new(text) }).await
}

/// Whether something of this name was recorded.
pub async fn recorded(host: &dyn Host, key: &str) -> Result<bool, Failure> {
    Ok(match host.look(&[Look::file(path())]).await?.first() {
        Some(Seen::File(file)) => file
            .text()
            .and_then(|t| serde_json::from_str::<Map<String, Value>>(t).ok())
            .is_some_and(|record| record.contains_key(key)),
        _ => false,
    })
}
