//! Every version, address and digest that is installed, from `assets/components.toml` and the user's
//! own tables over it, entry by entry.

mod entries;

pub use entries::{FileEntry, FileId, ImageEntry, ImageId, ImageRef};

use serde::Deserialize;
use std::collections::BTreeMap;

/// The table that the program carries.
pub const BUILT_IN: &str = include_str!("../../assets/components.toml");

/// The whole table, resolved for one version and architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Components {
    /// As in `v1.36.5+rke2r1`.
    pub rke2_version: String,
    files: BTreeMap<FileId, FileEntry>,
    images: BTreeMap<ImageId, ImageEntry>,
}

/// What is wrong with a table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableProblem {
    /// It is not TOML, or not of this shape.
    #[error("the components table {table} cannot be read: {why}")]
    Shape {
        /// Which table: `built-in`, or the number of the user's.
        table: String,
        /// Why not, with the line.
        why: String,
    },
    /// It names something that does not exist here.
    #[error("the components table {table} names {what:?}; known are {known}")]
    Unknown {
        /// Which table.
        table: String,
        /// What it names.
        what: String,
        /// What there is.
        known: String,
    },
    /// A value is not what it should be.
    #[error("the components table {table}: {what}")]
    Value {
        /// Which table.
        table: String,
        /// What is wrong.
        what: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    format: u32,
    #[serde(default)]
    rke2: Option<Rke2Table>,
    #[serde(default)]
    file: BTreeMap<String, FileTable>,
    #[serde(default)]
    image: BTreeMap<String, ImageTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rke2Table {
    version: String,
    #[serde(default)]
    #[expect(dead_code, reason = "a table says where its facts are from; people read it")]
    source: String,
}

#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileTable {
    url: String,
    #[serde(default)]
    sha256: Option<String>,
    #[serde(default)]
    bytes: Option<u64>,
    #[serde(default)]
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ImageTable {
    refs: Vec<String>,
    #[serde(default)]
    source: String,
}

impl Components {
    /// Reads the built-in table and the user's over it, for a release architecture (`amd64`,
    /// `arm64`). An entry of the user's replaces the whole entry.
    pub fn load(overrides: &[String], arch: &str) -> Result<Self, Vec<TableProblem>> {
        let mut problems = Vec::new();
        let mut version = String::new();
        let mut files: BTreeMap<FileId, FileTable> = BTreeMap::new();
        let mut images = BTreeMap::new();
        let named = std::iter::once(("built-in".to_owned(), BUILT_IN))
            .chain((1..).zip(overrides).map(|(n, text)| (format!("no. {n}"), text.as_str())));
        for (name, text) in named {
            match toml::from_str::<Table>(text) {
                Ok(table) => {
                    if table.format != 1 {
                        problems.push(TableProblem::Value {
                            table: name.clone(),
                            what: format!("format {} is not known; this version reads 1", table.format),
                        });
                    }
                    if let Some(rke2) = table.rke2 {
                        version = rke2.version;
                    }
                    take_files(&name, table.file, &mut files, &mut problems);
                    take_images(&name, table.image, &mut images, &mut problems);
                }
                Err(error) => problems.push(TableProblem::Shape { table: name, why: error.to_string() }),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let fill = |url: &str| url.replace("{version}", &version.replace('+', "%2B")).replace("{arch}", arch);
        let files = files
            .into_iter()
            .map(|(id, f)| (id, FileEntry { url: fill(&f.url), sha256: f.sha256, bytes: f.bytes, source: f.source }))
            .collect();
        Ok(Self { rke2_version: version, files, images })
    }

    /// A file. Every file is in the built-in table, so it is always there.
    #[expect(clippy::missing_panics_doc, reason = "a test holds the built-in table to it")]
    pub fn file(&self, id: FileId) -> &FileEntry {
        self.files.get(&id).expect("the built-in table has every file: a test of it says so")
    }

    /// An image. Every image is in the built-in table, so it is always there.
    #[expect(clippy::missing_panics_doc, reason = "a test holds the built-in table to it")]
    pub fn image(&self, id: ImageId) -> &ImageEntry {
        self.images.get(&id).expect("the built-in table has every image: a test of it says so")
    }
}

fn take_files(
    table: &str,
    from: BTreeMap<String, FileTable>,
    into: &mut BTreeMap<FileId, FileTable>,
    problems: &mut Vec<TableProblem>,
) {
    for (name, entry) in from {
        let Some(id) = FileId::ALL.iter().copied().find(|id| id.name() == name) else {
            let known = FileId::ALL.iter().map(|id| id.name()).collect::<Vec<_>>().join(", ");
            problems.push(TableProblem::Unknown { table: table.into(), what: name, known });
            continue;
        };
        let good = |sha: &String| sha.len() == 64 && sha.bytes().all(|b| b.is_ascii_hexdigit());
        if entry.sha256.as_ref().is_some_and(|sha| !good(sha)) {
            problems.push(TableProblem::Value {
                table: table.into(),
                what: format!("{name}: sha256 is not 64 hex digits"),
            });
        }
        if !(entry.url.starts_with("https://") || entry.url.starts_with("http://")) {
            problems
                .push(TableProblem::Value { table: table.into(), what: format!("{name}: url is not http or https") });
        }
        into.insert(id, entry);
    }
}

fn take_images(
    table: &str,
    from: BTreeMap<String, ImageTable>,
    into: &mut BTreeMap<ImageId, ImageEntry>,
    problems: &mut Vec<TableProblem>,
) {
    for (name, entry) in from {
        let Some(id) = ImageId::ALL.iter().copied().find(|id| id.name() == name) else {
            let known = ImageId::ALL.iter().map(|id| id.name()).collect::<Vec<_>>().join(", ");
            problems.push(TableProblem::Unknown { table: table.into(), what: name, known });
            continue;
        };
        if entry.refs.is_empty() {
            problems.push(TableProblem::Value { table: table.into(), what: format!("{name}: refs is empty") });
        }
        for reference in &entry.refs {
            let what = match ImageRef::parse(reference) {
                None => format!("{name}: {reference:?} is not registry/name:tag[@sha256:…]"),
                // The operator cuts a reference at its last colon and takes a port for a tag
                // (facts gathered from minio/operator v7.1.1).
                Some(parts) if parts.registry.contains(':') && id == ImageId::Registry => {
                    format!(
                        "{name}: {reference:?} has a port, which the operator takes for a tag; use a mirror instead"
                    )
                }
                Some(parts) if parts.tag.is_none() && parts.digest.is_none() => {
                    format!("{name}: {reference:?} has neither tag nor digest")
                }
                Some(_) => continue,
            };
            problems.push(TableProblem::Value { table: table.into(), what });
        }
        into.insert(id, ImageEntry { refs: entry.refs, source: entry.source });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_table_has_everything_with_its_source() {
        let table = Components::load(&[], "amd64").expect("the built-in table is right");
        for id in FileId::ALL {
            let file = table.file(*id);
            assert!(!file.source.is_empty(), "{} has no source", id.name());
            assert!(file.url.starts_with("https://"), "{}", file.url);
            assert!(!file.url.contains(['{', '+']), "{}", file.url);
        }
        for id in ImageId::ALL {
            let image = table.image(*id);
            assert!(!image.source.is_empty(), "{} has no source", id.name());
            let parts = ImageRef::parse(image.first()).expect("a whole reference");
            assert!(parts.tag.is_some_and(|tag| tag != "latest"), "{} moves", image.first());
        }
    }

    #[test]
    fn a_users_entry_replaces_the_built_in_one_and_mistakes_are_all_named() {
        let mine = "format = 1\n[file.rke2-package]\nurl = \"https://mirror.example/{version}/r.{arch}.tgz\"\n";
        let table = Components::load(&[mine.into()], "arm64").expect("a good table");
        assert_eq!(table.file(FileId::Package).url, "https://mirror.example/v1.36.5%2Brke2r1/r.arm64.tgz");
        assert_eq!(table.file(FileId::Package).sha256, None);

        let bad = "format = 1\n[file.rke2-pakage]\nurl = \"https://x\"\n[image.registry]\nrefs = [\"silo\"]\n";
        let problems = Components::load(&[bad.into()], "amd64").expect_err("two mistakes");
        assert_eq!(problems.len(), 2, "{problems:?}");
    }
}
