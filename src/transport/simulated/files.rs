//! The simulated host's file tree: paths to bytes, modes and owners.

use crate::plan::change::hex;
use crate::ports::host::FileSeen;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// What lies at a path.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Whether it is a directory.
    pub dir: bool,
    /// Permission bits.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// The content, or its beginning where it is too large to be held.
    pub bytes: Vec<u8>,
    /// The size that it is said to have.
    pub size: u64,
    /// The SHA-256 that it is said to have, where it is not that of the bytes.
    pub sha256: Option<String>,
}

/// The tree.
#[derive(Clone, Debug, Default)]
pub struct Files(BTreeMap<String, Entry>);

/// Uid or gid of a name of the simulated host.
fn id(name: &str) -> Option<u32> {
    match name {
        "root" => Some(0),
        "adm" => Some(4),
        "tech" => Some(1000),
        number => number.parse().ok(),
    }
}

/// Uid and gid of `user:group`.
pub fn owner(text: &str) -> Option<(u32, u32)> {
    let (user, group) = text.split_once(':')?;
    Some((id(user)?, id(group)?))
}

/// The directory above.
pub fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) | None => "/",
        Some(at) => path.get(..at).unwrap_or("/"),
    }
}

impl Files {
    /// The directories that every system has.
    pub fn fresh() -> Self {
        let mut files = Self::default();
        for path in [
            "/",
            "/etc",
            "/etc/default",
            "/etc/sysctl.d",
            "/etc/systemd",
            "/etc/systemd/system",
            "/home",
            "/opt",
            "/root",
            "/run",
            "/srv",
            "/tmp",
            "/usr",
            "/usr/local",
            "/usr/local/bin",
            "/usr/local/lib",
            "/var",
            "/var/lib",
            "/var/log",
        ] {
            files.make_dir(path, 0o755, (0, 0));
        }
        files
    }

    /// What lies at a path.
    pub fn get(&self, path: &str) -> Option<&Entry> {
        self.0.get(path)
    }

    /// A file's text.
    pub fn text(&self, path: &str) -> Option<&str> {
        self.get(path).filter(|e| !e.dir).and_then(|e| std::str::from_utf8(&e.bytes).ok())
    }

    /// Whether something lies there.
    pub fn has(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// Everything that lies on the host, in the order of the paths.
    pub fn all(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.0.iter().map(|(path, entry)| (path.as_str(), entry))
    }

    /// Paths of files right in a directory, in order.
    pub fn in_dir<'a>(&'a self, dir: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(path, e)| !e.dir && parent(path) == dir).map(|(path, _)| path.as_str())
    }

    /// Makes a directory or sets its mode and owner; its parents must be there.
    pub fn make_dir(&mut self, path: &str, mode: u32, (uid, gid): (u32, u32)) {
        let entry = Entry { dir: true, mode, uid, gid, bytes: Vec::new(), size: 4096, sha256: None };
        self.0.insert(path.to_owned(), entry);
    }

    /// Makes a directory with whatever is missing above it.
    pub fn make_dirs(&mut self, path: &str, mode: u32, owner: (u32, u32)) {
        let above = parent(path).to_owned();
        if above != path && !self.has(&above) {
            self.make_dirs(&above, 0o755, (0, 0));
        }
        self.make_dir(path, mode, owner);
    }

    /// Writes a file, with whatever is missing above it.
    pub fn put(&mut self, path: &str, mode: u32, (uid, gid): (u32, u32), bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        let above = parent(path).to_owned();
        if !self.has(&above) {
            self.make_dirs(&above, 0o755, (0, 0));
        }
        let size = bytes.len() as u64;
        self.0.insert(path.to_owned(), Entry { dir: false, mode, uid, gid, bytes, size, sha256: None });
    }

    /// Writes a file of which only size and checksum matter.
    pub fn put_large(&mut self, path: &str, bytes: impl Into<Vec<u8>>, size: u64, sha256: &str) {
        self.put(path, 0o644, (0, 0), bytes);
        if let Some(entry) = self.0.get_mut(path) {
            entry.size = size;
            entry.sha256 = Some(sha256.to_owned());
        }
    }

    /// Removes a file.
    pub fn remove(&mut self, path: &str) {
        if self.0.get(path).is_some_and(|e| !e.dir) {
            self.0.remove(path);
        }
    }

    /// A path as a look sees it, with at most `max` of its bytes.
    pub fn seen(&self, path: &str, max: u32) -> Option<FileSeen> {
        let e = self.get(path)?;
        let most = usize::try_from(max).unwrap_or(usize::MAX).min(e.bytes.len());
        let bytes = e.bytes.get(..most).unwrap_or_default().to_vec();
        Some(FileSeen { is_dir: e.dir, mode: e.mode, uid: e.uid, gid: e.gid, size: e.size, bytes })
    }

    /// A file's SHA-256 in hex.
    pub fn sha256(&self, path: &str) -> Option<String> {
        let e = self.get(path).filter(|e| !e.dir)?;
        Some(e.sha256.clone().unwrap_or_else(|| hex(&Sha256::digest(&e.bytes))))
    }
}
