//! Keys as names of local files, and back.
//!
//! A key is anything; a path has rules. A key that has no path of its own under the target is
//! refused and said, never bent into one that another key could have.

use crate::base::sanitise;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

/// The longest name of a file that Linux and others allow, in bytes.
const LONGEST_NAME: usize = 255;

/// The longest path below the target: the system's 4,096 with room for the target itself.
const LONGEST_PATH: usize = 3_072;

const PART: &str = ".part";
const JOURNAL: &str = ".part.modelquay";

/// Why a key cannot be the path of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BadKey {
    /// Nothing is left of it.
    Empty,
    /// A part of it is `.` or `..`: it would lead out of the target, or to another key's file.
    Dots,
    /// Two `/` follow each other, or it begins with one.
    EmptySegment,
    /// A NUL character, which no path has.
    Nul,
    /// A part of it, or all of it, is longer than a path may be.
    TooLong,
    /// It ends in `/`: the mark of a folder, which has no content of its own.
    Folder,
}

impl BadKey {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Empty => "nothing is left of it as a path",
            Self::Dots => "it has a part `.` or `..`",
            Self::EmptySegment => "it has an empty part (`//` or a leading `/`)",
            Self::Nul => "it has a NUL character",
            Self::TooLong => "it is too long for a path",
            Self::Folder => "it marks a folder",
        }
    }
}

/// The path under the target of what is left of a key behind the prefix.
pub fn local_path(rest: &str) -> Result<PathBuf, BadKey> {
    if rest.is_empty() {
        return Err(BadKey::Empty);
    }
    if rest.contains('\0') {
        return Err(BadKey::Nul);
    }
    if rest.len() > LONGEST_PATH {
        return Err(BadKey::TooLong);
    }
    let (inner, folder) = rest.strip_suffix('/').map_or((rest, false), |inner| (inner, true));
    for segment in inner.split('/') {
        match segment {
            "" => return Err(BadKey::EmptySegment),
            "." | ".." => return Err(BadKey::Dots),
            long if long.len() > LONGEST_NAME => return Err(BadKey::TooLong),
            _ => {}
        }
    }
    if folder { Err(BadKey::Folder) } else { Ok(PathBuf::from(inner)) }
}

/// The key of a file under a prefix; `None` where its path is no text or leads elsewhere.
pub fn key_of(prefix: &str, path: &Path) -> Option<String> {
    let mut key = prefix.to_owned();
    for (n, component) in path.components().enumerate() {
        let Component::Normal(name) = component else { return None };
        if n > 0 {
            key.push('/');
        }
        key.push_str(name.to_str()?);
    }
    Some(key)
}

fn beside(target: &Path, ending: &str) -> PathBuf {
    let name = target.file_name().unwrap_or_default();
    if name.len() + JOURNAL.len() <= LONGEST_NAME {
        let mut name = OsString::from(name);
        name.push(ending);
        return target.with_file_name(name);
    }
    // A long name has no room for an ending; its CRC stands for it.
    let crc = super::sums::Crc::Crc64Nvme.of(name.as_encoded_bytes());
    target.with_file_name(format!("modelquay-{crc:016x}{ending}"))
}

/// What a file is called while it is incomplete.
pub fn part_of(target: &Path) -> PathBuf {
    beside(target, PART)
}

/// The journal of a file that is incomplete.
pub fn journal_of(target: &Path) -> PathBuf {
    beside(target, JOURNAL)
}

/// Two keys that cannot both be files here, or a key and what stands in its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clash {
    /// The key that cannot have its path.
    pub key: String,
    /// Why.
    pub why: ClashKind,
}

/// Why a key cannot have its path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClashKind {
    /// It cannot be a path at all.
    Bad(BadKey),
    /// The target takes upper and lower case for the same, and this other key differs only in that.
    Case(String),
    /// This other key needs a file where this one needs a directory.
    FileAndDirectory(String),
    /// This other key's file is called so while it is incomplete.
    PartOf(String),
    /// Something is there already, and it is not the same.
    There,
    /// The file's path cannot be a key: it is no UTF-8, or longer than 1,024 bytes.
    NoKey,
}

impl Clash {
    /// In words.
    pub fn words(&self) -> String {
        let shown = |key: &str| sanitise::text(key, 120);
        let why = match &self.why {
            ClashKind::Bad(why) => why.words().to_owned(),
            ClashKind::Case(other) => {
                format!("it differs from {} only in case, which the target does not tell apart", shown(other))
            }
            ClashKind::FileAndDirectory(other) => format!("{} is a file where it needs a directory", shown(other)),
            ClashKind::PartOf(other) => format!("{} is called so while it is incomplete", shown(other)),
            ClashKind::There => "something is there already".to_owned(),
            ClashKind::NoKey => "its path cannot be a key (no UTF-8, or longer than 1,024 bytes)".to_owned(),
        };
        format!("{}: {why}", shown(&self.key))
    }
}

/// The keys among these, each with its path, that cannot all be files under one directory.
pub fn clashes(paths: &[(String, PathBuf)], folds_case: bool) -> Vec<Clash> {
    let folded = |path: &Path| {
        let text = path.to_string_lossy();
        if folds_case { text.to_lowercase() } else { text.into_owned() }
    };
    let mut found = Vec::new();
    let mut by_path: BTreeMap<String, &str> = BTreeMap::new();
    for (key, path) in paths {
        if let Some(other) = by_path.insert(folded(path), key) {
            found.push(Clash { key: key.clone(), why: ClashKind::Case(other.to_owned()) });
        }
    }
    for (key, path) in paths {
        let above = path.ancestors().skip(1).find_map(|dir| by_path.get(&folded(dir)));
        if let Some(other) = above {
            found.push(Clash { key: key.clone(), why: ClashKind::FileAndDirectory((*other).to_owned()) });
        }
        for name in [part_of(path), journal_of(path)] {
            if let Some(other) = by_path.get(&folded(&name)) {
                found.push(Clash { key: (*other).to_owned(), why: ClashKind::PartOf(key.clone()) });
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pairs(keys: &[&str]) -> Vec<(String, PathBuf)> {
        keys.iter().map(|key| ((*key).to_owned(), local_path(key).expect("a path"))).collect()
    }

    #[test]
    fn keys_that_lead_elsewhere_are_refused() {
        for (key, why) in [
            ("", BadKey::Empty),
            ("../x", BadKey::Dots),
            ("a/../b", BadKey::Dots),
            ("./a", BadKey::Dots),
            ("a/..", BadKey::Dots),
            ("/etc/passwd", BadKey::EmptySegment),
            ("a//b", BadKey::EmptySegment),
            ("//", BadKey::EmptySegment),
            ("/", BadKey::EmptySegment),
            ("a/", BadKey::Folder),
            ("a\0b", BadKey::Nul),
        ] {
            assert_eq!(local_path(key), Err(why), "{key:?}");
        }
        assert_eq!(local_path(&"x".repeat(256)), Err(BadKey::TooLong));
        assert_eq!(local_path("...").map(|p| p.display().to_string()), Ok("...".to_owned()));
    }

    #[test]
    fn keys_that_cannot_be_side_by_side_are_named() {
        let both = pairs(&["M/1/x", "m/1/x"]);
        assert_eq!(clashes(&both, false), []);
        assert_eq!(clashes(&both, true), [Clash { key: "m/1/x".into(), why: ClashKind::Case("M/1/x".into()) }]);
        let nested = clashes(&pairs(&["a", "a/b/c"]), false);
        assert_eq!(nested, [Clash { key: "a/b/c".into(), why: ClashKind::FileAndDirectory("a".into()) }]);
        let part = clashes(&pairs(&["w", "w.part"]), false);
        assert_eq!(part, [Clash { key: "w.part".into(), why: ClashKind::PartOf("w".into()) }]);
    }

    #[test]
    fn long_names_have_parts_of_their_own() {
        let target = PathBuf::from("d").join("n".repeat(250));
        let (part, journal) = (part_of(&target), journal_of(&target));
        assert!(part.file_name().expect("a name").len() <= LONGEST_NAME);
        assert_ne!(part, journal);
        assert_eq!(part.parent(), target.parent());
        assert_ne!(part, part_of(&target.with_file_name("m".repeat(250))));
    }

    fn key() -> impl Strategy<Value = String> {
        prop_oneof![
            prop::collection::vec(
                prop_oneof!["\\.{0,3}", "[a-zA-Z]{0,3}", "\\PC{0,4}", Just("\0".to_owned()), Just("\\".to_owned())],
                0..6
            )
            .prop_map(|s| s.join("/")),
            ".{0,60}",
            "x{250,260}",
        ]
    }

    proptest! {
        #[test]
        fn every_path_stays_under_the_target_and_belongs_to_one_key(key in key()) {
            if let Ok(path) = local_path(&key) {
                prop_assert!(path.components().all(|c| matches!(c, Component::Normal(_))));
                prop_assert!(Path::new("t").join(&path).starts_with("t"));
                let back = key_of("", &path);
                prop_assert_eq!(back.as_deref(), Some(key.as_str()));
            }
        }
    }
}
