//! What was fetched, on the host and in the site's own lock: where a checksum was not known
//! beforehand, the first one seen is recorded and enforced from then on.

use super::common::HOME;
use crate::base::Secret;
use crate::engine::step::{Brief, Cx};
use crate::plan::Failure;
use crate::ports::{FileSpec, Host, Look, Seen};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A fetched file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Fetched {
    /// Where it came from.
    pub url: String,
    /// Its SHA-256.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
    /// Where it lies on the host.
    pub path: String,
}

/// The lock of a site, by the names of the components table.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Lock {
    /// Files.
    pub files: BTreeMap<String, Fetched>,
    /// The RKE2 version that was installed from them.
    pub rke2: Option<String>,
    /// Images by the names under which they are asked for, with the digest that was pulled first.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub images: BTreeMap<String, String>,
}

/// The question by which a check sees the host's lock.
pub fn look() -> Look {
    Look::file(path())
}

fn path() -> String {
    format!("{HOME}/lock.json")
}

/// The lock out of the answer to [`look`]; one that cannot be read counts as none, so that the files
/// are fetched and verified again.
pub fn seen(answer: Option<&Seen>) -> Lock {
    match answer {
        Some(Seen::File(file)) => file.text().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default(),
        _ => Lock::default(),
    }
}

/// Writes the host's lock, and the site's own beside the journals.
pub async fn write(cx: &Cx<'_>, host: &dyn Host, lock: &Lock) -> Result<(), Failure> {
    let content = Secret::new(pretty(lock)?);
    host.write(&FileSpec { path: path(), mode: 0o600, owner: "root:root".into(), content }).await?;
    let mut known = local(cx).await?;
    known.files.extend(lock.files.iter().map(|(name, file)| (name.clone(), file.clone())));
    known.rke2.clone_from(&lock.rke2);
    for (name, image) in &lock.images {
        known.images.entry(name.clone()).or_insert_with(|| image.clone());
    }
    cx.world.files().write(&path_here(cx.brief), &pretty(&known)?).await
}

fn pretty(lock: &Lock) -> Result<Vec<u8>, Failure> {
    let mut text = serde_json::to_vec_pretty(lock)
        .map_err(|e| Failure::permanent("write the lock as JSON").because(e.to_string()))?;
    text.push(b'\n');
    Ok(text)
}

/// The site's own lock on the operator's computer.
pub async fn local(cx: &Cx<'_>) -> Result<Lock, Failure> {
    let Some(bytes) = cx.world.files().read(&path_here(cx.brief)).await? else { return Ok(Lock::default()) };
    serde_json::from_slice(&bytes).map_err(|e| {
        Failure::needs_human(format!("read the lock {}", path_here(cx.brief)))
            .because(e.to_string())
            .help("it holds the checksums that were trusted first: mend it, or remove it to trust anew")
    })
}

/// Where the site's own lock lies.
pub fn path_here(brief: &Brief) -> String {
    format!("{}/lock.json", brief.site_dir)
}
