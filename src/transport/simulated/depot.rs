//! What the simulated internet serves. It knows every address that it is asked for: a file's size
//! and checksum follow from the components table, or else from the address itself, so that the same
//! address always gives the same file.

use crate::plan::change::hex;
use crate::plan::components::{Components, FileId};
use sha2::{Digest, Sha256};

/// A file at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// Its last path segment, with `%2B` as `+`.
    pub name: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its SHA-256 in hex.
    pub sha256: String,
    /// Its content as far as anyone reads it.
    pub bytes: Vec<u8>,
}

/// The file's name in an address.
pub fn name(url: &str) -> String {
    let path = url.split_once('?').map_or(url, |(path, _)| path);
    path.rsplit('/').next().unwrap_or_default().replace("%2B", "+").replace("%2b", "+")
}

/// A size that is believable for a name.
fn size(name: &str) -> u64 {
    const SIZES: &[(&str, u64)] = &[
        ("images-core", 640_000_000),
        ("images-canal", 180_000_000),
        ("rke2.linux", 52_000_000),
        ("sha256sum", 4_012),
        ("install.sh", 24_801),
        ("operator-", 20_010),
    ];
    SIZES.iter().find(|(part, _)| name.contains(part)).map_or(1_000_000, |(_, size)| *size)
}

/// The file at an address. `wanted` is the checksum by which it is asked for: a file that somebody
/// pinned is served as pinned.
pub fn serve(url: &str, wanted: Option<&str>) -> Served {
    let name = name(url);
    let head = format!("simulated content of {url}\n").into_bytes();
    let size = size(&name);
    let mut bytes = head;
    // A file that is read whole has its whole size.
    if size <= 64 * 1024 {
        bytes.resize(usize::try_from(size).unwrap_or_default(), b'\n');
    }
    let sha256 = wanted.map_or_else(|| hex(&Sha256::digest(&bytes)), str::to_ascii_lowercase);
    Served { name, size, sha256, bytes }
}

/// A components table for a rehearsal, to be laid over the built-in one: the chart is the one file
/// that the product reads and verifies itself, so its checksum is that of the simulated content. All
/// else, its address among it, stays as it is.
pub fn components() -> String {
    let url = Components::load(&[], "amd64").map(|table| table.file(FileId::OperatorChart).url.clone());
    let url = url.unwrap_or_default();
    let chart = serve(&url, None);
    format!(
        "format = 1\n\n[file.operator-chart]\nurl = {url:?}\nsha256 = {:?}\nbytes = {}\nsource = \"simulated\"\n",
        chart.sha256, chart.size
    )
}

/// The digest behind an image's tag.
pub fn digest(name: &str, at: &str) -> String {
    if at.starts_with("sha256:") {
        at.to_owned()
    } else {
        format!("sha256:{}", hex(&Sha256::digest(format!("{name}:{at}"))))
    }
}
