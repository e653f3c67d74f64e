//! Keys as directories, the way Triton sees them: a directory is what some key has behind it.

use super::rule::{Finding, Rule, Severity};
use std::collections::BTreeMap;

/// How many names a key may have: what is beyond is one name.
const DEEPEST: usize = 512;

/// A directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Dir {
    pub(super) dirs: BTreeMap<String, Dir>,
    pub(super) files: BTreeMap<String, u64>,
    /// There is an object with the directory's own name and a slash.
    pub(super) marker: bool,
}

impl Dir {
    /// All its objects: markers, files and what is below.
    pub(super) fn objects(&self) -> u64 {
        let own = u64::try_from(self.files.len()).unwrap_or(u64::MAX) + u64::from(self.marker);
        self.dirs.values().fold(own, |sum, dir| sum.saturating_add(dir.objects()))
    }

    pub(super) fn bytes(&self) -> u64 {
        let own = self.files.values().fold(0_u64, |sum, size| sum.saturating_add(*size));
        self.dirs.values().fold(own, |sum, dir| sum.saturating_add(dir.bytes()))
    }

    /// Whether Triton would see something of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.files.contains_key(name) || self.dirs.contains_key(name)
    }

    /// The file of a name with slashes in it.
    pub(super) fn file(&self, path: &str) -> Option<u64> {
        match path.split_once('/') {
            Some((dir, rest)) => self.dirs.get(dir)?.file(rest),
            None => self.files.get(path).copied(),
        }
    }

    /// All files with their paths, in order of their names.
    pub(super) fn walk(&self, prefix: &str, each: &mut dyn FnMut(&str, u64)) {
        for (name, size) in &self.files {
            each(&format!("{prefix}{name}"), *size);
        }
        for (name, dir) in &self.dirs {
            dir.walk(&format!("{prefix}{name}/"), each);
        }
    }
}

/// The directories below `root` (empty, or with a slash at its end), and the keys that Triton cannot
/// handle: those have an empty name in them.
pub(super) fn tree<'a>(keys: impl IntoIterator<Item = (&'a str, u64)>, root: &str) -> (Dir, Vec<Finding>) {
    let mut top = Dir::default();
    let mut findings = Vec::new();
    for (key, size) in keys {
        let Some(path) = key.strip_prefix(root) else { continue };
        if path.is_empty() {
            top.marker = true;
            continue;
        }
        let (names, marker) = match path.strip_suffix('/') {
            Some(names) => (names, true),
            None => (path, false),
        };
        if names.split('/').any(str::is_empty) {
            findings.push(empty_name(key, path, root));
            continue;
        }
        let mut dir = &mut top;
        // A key of 1,024 bytes has no more names; a server may say what it likes, and this recurses.
        let mut parts = names.splitn(DEEPEST, '/').peekable();
        while let Some(name) = parts.next() {
            if parts.peek().is_none() && !marker {
                dir.files.insert(name.to_owned(), size);
            } else {
                dir = dir.dirs.entry(name.to_owned()).or_default();
            }
        }
        dir.marker |= marker;
    }
    (top, findings)
}

fn empty_name(key: &str, path: &str, root: &str) -> Finding {
    let at = path.find("//").map_or(0, |at| at + 1);
    let dir = format!("{root}{}", path.get(..at).unwrap_or_default());
    let model = path.split('/').next().filter(|name| !name.is_empty());
    let reach = if model.is_some() { "the model is not loaded" } else { "no model is loaded" };
    let mut finding = Finding::new(
        Rule::EmptyName,
        Severity::Error,
        key,
        format!("the key has an empty name in it, at which Triton stops: {reach}"),
    )
    .says(format!("Cannot handle item with empty name at s3://…/{}", dir.trim_end_matches('/')))
    .fix("copy the object to a key without the double slash and delete this one");
    finding.model = model.map(ToOwned::to_owned);
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_longer_than_keys_can_be_is_no_deeper_than_keys_can_be() {
        let key = format!("{}x", "a/".repeat(200_000));
        let (top, findings) = tree([(key.as_str(), 7), ("a/b/c", 1)], "a/");
        assert_eq!((top.objects(), top.bytes(), top.file("b/c"), findings.len()), (2, 8, Some(1), 0));
        top.walk("", &mut |path, _| assert!(path.len() <= key.len()));
    }
}
