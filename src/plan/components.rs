//! Every version, address and digest that is installed, from `assets/components.toml` and the user's
//! own tables over it, entry by entry.

mod entries;

pub use entries::{FileEntry, FileId, ImageEntry, ImageId, ImageRef};

use crate::base::sanitise;
use serde::Deserialize;
use std::collections::BTreeMap;

/// The table that the program carries.
pub const BUILT_IN: &str = include_str!("../../assets/components.toml");

/// The longest table that is read, in bytes; the built-in one has less than a hundredth of it.
const LONGEST: usize = 1 << 20;

/// Mistakes that are told; a file with more is something else than a table.
const MOST: usize = 200;

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
        let mut reading = Reading::default();
        reading.take("built-in", BUILT_IN);
        for (n, text) in (1..).zip(overrides) {
            reading.take(&format!("no. {n}"), text);
        }
        reading.finish(arch)
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

/// Tables on the way to becoming one.
#[derive(Clone, Default)]
struct Reading {
    version: String,
    files: BTreeMap<FileId, FileTable>,
    images: BTreeMap<ImageId, ImageEntry>,
    problems: Vec<TableProblem>,
}

impl Reading {
    /// Lays a table over what was taken before.
    fn take(&mut self, name: &str, text: &str) {
        if text.len() > LONGEST {
            let what = format!("it has {} bytes, and a table has at most {LONGEST}", text.len());
            self.problems.push(TableProblem::Value { table: name.into(), what });
            return;
        }
        let table = match toml::from_str::<Table>(text) {
            Ok(table) => table,
            Err(error) => return self.problems.push(shape(name.into(), text, &error)),
        };
        if table.format != 1 {
            self.problems.push(TableProblem::Value {
                table: name.into(),
                what: format!("format {} is not known; this version reads 1", table.format),
            });
        }
        if let Some(rke2) = table.rke2 {
            self.version = rke2.version;
        }
        take_files(name, table.file, &mut self.files, &mut self.problems);
        take_images(name, table.image, &mut self.images, &mut self.problems);
    }

    fn finish(self, arch: &str) -> Result<Components, Vec<TableProblem>> {
        let Self { version, files, images, mut problems } = self;
        if !problems.is_empty() {
            let more = problems.len().saturating_sub(MOST);
            problems.truncate(MOST);
            if more > 0 {
                let what = format!("there are {more} mistakes more");
                problems.push(TableProblem::Value { table: "of these".into(), what });
            }
            return Err(problems);
        }
        let fill = |url: &str| url.replace("{version}", &version.replace('+', "%2B")).replace("{arch}", arch);
        let files = files
            .into_iter()
            .map(|(id, f)| (id, FileEntry { url: fill(&f.url), sha256: f.sha256, bytes: f.bytes, source: f.source }))
            .collect();
        Ok(Components { rke2_version: version, files, images })
    }
}

/// What is wrong with the shape of a table. The line itself is not repeated: it may be of any length, and have anything
/// in it.
fn shape(table: String, text: &str, error: &toml::de::Error) -> TableProblem {
    let why = sanitise::text(&error.message().replace('\n', ", "), 400);
    let line = error.span().and_then(|span| text.get(..span.start)).map(|before| 1 + before.matches('\n').count());
    let why = line.map_or_else(|| why.clone(), |line| format!("line {line}: {why}"));
    TableProblem::Shape { table, why }
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
            let what = sanitise::text(&name, 80);
            problems.push(TableProblem::Unknown { table: table.into(), what, known });
            continue;
        };
        let good = |sha: &String| sha.len() == 64 && sha.bytes().all(|b| b.is_ascii_hexdigit());
        if entry.sha256.as_ref().is_some_and(|sha| !good(sha)) {
            problems.push(TableProblem::Value {
                table: table.into(),
                what: format!("{name}: sha256 is not 64 hex digits"),
            });
        }
        let one_word = !entry.url.chars().any(|c| c.is_whitespace() || c.is_control());
        if !(entry.url.starts_with("https://") || entry.url.starts_with("http://")) || !one_word {
            let what = format!("{name}: url is not http or https, in one word");
            problems.push(TableProblem::Value { table: table.into(), what });
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
            let what = sanitise::text(&name, 80);
            problems.push(TableProblem::Unknown { table: table.into(), what, known });
            continue;
        };
        if entry.refs.is_empty() {
            problems.push(TableProblem::Value { table: table.into(), what: format!("{name}: refs is empty") });
        }
        for reference in &entry.refs {
            let parts = ImageRef::parse(reference);
            let reference = sanitise::text(reference, 300);
            let what = match parts {
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
#[path = "components/fuzz_tests.rs"]
mod fuzz_tests;

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
