//! Files on the computer that runs this program.
//!
//! Secrets are written only where nobody else could have put a trap: every check is made on the
//! opened directory, and the file is made relative to it.

use crate::base::{Secret, own_disk};
use crate::plan::Failure;
use crate::ports::OperatorFiles;
use async_trait::async_trait;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, RenameFlags, Stat};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The largest file that is read: answers, journals' heads, CA files, credentials.
const MAX: u64 = 16 * 1024 * 1024;

/// The operator's own file system.
#[derive(Clone, Debug, Default)]
pub struct LocalFiles {
    reserved: Arc<Mutex<BTreeSet<PathBuf>>>,
}

impl LocalFiles {
    /// With nothing reserved yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// For a run that is resumed: these paths were reserved by its earlier part.
    pub fn resumed(reserved: impl IntoIterator<Item = PathBuf>) -> Self {
        Self { reserved: Arc::new(Mutex::new(reserved.into_iter().collect())) }
    }

    fn is_reserved(&self, path: &Path) -> bool {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner).contains(path)
    }

    fn keep(&self, path: &Path) {
        self.reserved.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
    }

    fn reserve_now(&self, path: &Path) -> Result<(), Failure> {
        let place = Place::private(path)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match rustix::fs::openat(&place.dir, &place.name, flags, Mode::RUSR | Mode::WUSR) {
            Ok(made) => {
                sync(&made, path)?;
                sync(&place.dir, path)?;
                self.keep(path);
                Ok(())
            }
            Err(rustix::io::Errno::EXIST) => {
                let there = place.stat(path)?.ok_or_else(|| failed("make", path, &"it comes and goes"))?;
                only_ours(path, &there)?;
                // An empty private file is what a reservation leaves behind, also one of a run that
                // was killed right after it.
                if there.st_size == 0 || self.is_reserved(path) {
                    self.keep(path);
                    return Ok(());
                }
                Err(Failure::needs_human(format!("{} exists already", path.display()))
                    .help("Move it away or name another path: it may hold the keys of another install."))
            }
            Err(e) => Err(failed("make", path, &e)),
        }
    }

    fn write_private_now(&self, path: &Path, content: &[u8]) -> Result<(), Failure> {
        let place = Place::private(path)?;
        match place.stat(path)? {
            Some(there) => only_ours(path, &there)?,
            None if self.is_reserved(path) => {}
            None => return Err(Failure::permanent(format!("{} was not reserved", path.display()))),
        }
        place.replace(path, content, Mode::RUSR | Mode::WUSR)?;
        self.keep(path);
        Ok(())
    }
}

fn failed(verb: &str, path: &Path, cause: &dyn std::fmt::Display) -> Failure {
    let words = own_disk::words(cause);
    let full = words != cause.to_string();
    let failure = Failure::permanent(format!("cannot {verb} {}", path.display())).because(words);
    if full { failure.help("make room on this computer, then go on; what was done is kept") } else { failure }
}

fn sync(file: impl std::os::fd::AsFd, path: &Path) -> Result<(), Failure> {
    rustix::fs::fsync(file).map_err(|e| failed("bring to disk", path, &e))
}

/// A file's name in its opened directory.
struct Place {
    dir: OwnedFd,
    name: OsString,
}

impl Place {
    fn of(path: &Path) -> Result<(PathBuf, OsString), Failure> {
        let bad = |why: &str| Failure::permanent(format!("{} cannot be a file's path: {why}", path.display()));
        if !path.is_absolute() {
            return Err(bad("it is not absolute"));
        }
        let name = path.file_name().ok_or_else(|| bad("it has no last part"))?;
        let parent = path.parent().ok_or_else(|| bad("it has no directory"))?;
        Ok((parent.to_owned(), name.to_owned()))
    }

    fn open(path: &Path) -> Result<Self, Failure> {
        let (parent, name) = Self::of(path)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = rustix::fs::open(&parent, flags, Mode::empty()).map_err(|e| {
            failed("open the directory of", path, &e).help(format!("Make the directory {}.", parent.display()))
        })?;
        Ok(Self { dir, name })
    }

    /// The place of a secret: neither the directory nor one above it may let others exchange it.
    fn private(path: &Path) -> Result<Self, Failure> {
        let (parent, _) = Self::of(path)?;
        let real = parent.canonicalize().map_err(|e| {
            failed("open the directory of", path, &e).help(format!("Make the directory {}.", parent.display()))
        })?;
        let links = parent.ancestors().filter(|p| *p != real.as_path());
        for link in links {
            let seen = link.symlink_metadata().map_err(|e| failed("look at", link, &e))?;
            if seen.is_symlink() && !owner_is_trusted(seen.uid()) {
                return Err(Failure::permanent(format!("{} is a link that somebody else made", link.display()))
                    .help("Name the directory itself, not a way through a link."));
            }
        }
        for (depth, dir) in real.ancestors().enumerate() {
            let seen = dir.symlink_metadata().map_err(|e| failed("look at", dir, &e))?;
            if !owner_is_trusted(seen.uid()) {
                return Err(Failure::permanent(format!(
                    "{} belongs to another user (uid {})",
                    dir.display(),
                    seen.uid()
                ))
                .help("Choose a directory of your own."));
            }
            // In a sticky directory only an owner can move what is his; that is enough above the
            // file's own directory, but in it anybody could have taken the name first.
            let sticky_above = depth > 0 && seen.mode() & 0o1000 != 0;
            if seen.mode() & 0o022 != 0 && !sticky_above {
                return Err(Failure::permanent(format!(
                    "{} can be written by others (mode {:o})",
                    dir.display(),
                    seen.mode() & 0o7777
                ))
                .help(format!("Run: chmod go-w {}, or choose another directory.", dir.display())));
            }
        }
        Self::open(&real.join(path.file_name().unwrap_or_default()))
    }

    /// What is there under the name, without following a link.
    fn stat(&self, path: &Path) -> Result<Option<Stat>, Failure> {
        match rustix::fs::statat(&self.dir, &self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(stat)),
            Err(rustix::io::Errno::NOENT) => Ok(None),
            Err(e) => Err(failed("look at", path, &e)),
        }
    }

    /// Writes beside it, syncs, renames, syncs the directory. One name is used for what lies beside,
    /// so that a killed run leaves at most one such file and the next one removes it.
    fn replace(&self, path: &Path, content: &[u8], mode: Mode) -> Result<(), Failure> {
        self.land(path, content, mode, RenameFlags::empty())
    }

    /// The same under a name that must be free then.
    fn make(&self, path: &Path, content: &[u8], mode: Mode) -> Result<(), Failure> {
        self.land(path, content, mode, RenameFlags::NOREPLACE)
    }

    fn land(&self, path: &Path, content: &[u8], mode: Mode, how: RenameFlags) -> Result<(), Failure> {
        let mut beside = OsString::from(".");
        beside.push(&self.name);
        beside.push(".part");
        match rustix::fs::unlinkat(&self.dir, &beside, AtFlags::empty()) {
            Ok(()) | Err(rustix::io::Errno::NOENT) => {}
            Err(e) => return Err(failed("write", path, &e)),
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = rustix::fs::openat(&self.dir, &beside, flags, mode)
            .map(File::from)
            .map_err(|e| failed("write", path, &e))?;
        let written = file
            .write_all(content)
            .and_then(|()| Ok(rustix::fs::fchmod(&file, mode)?))
            .and_then(|()| file.sync_all())
            .and_then(|()| self.name(&beside, how));
        if let Err(e) = written {
            // The half-written file may hold a secret; that it cannot be removed changes nothing in
            // the failure.
            let _ = rustix::fs::unlinkat(&self.dir, &beside, AtFlags::empty());
            return Err(if e.kind() == ErrorKind::AlreadyExists { taken(path) } else { failed("write", path, &e) });
        }
        sync(&self.dir, path)
    }

    /// Gives what lies beside its name.
    fn name(&self, beside: &OsString, how: RenameFlags) -> std::io::Result<()> {
        if how.is_empty() {
            return Ok(rustix::fs::renameat(&self.dir, beside, &self.dir, &self.name)?);
        }
        match rustix::fs::renameat_with(&self.dir, beside, &self.dir, &self.name, how) {
            // Not every file system can do this in one step; a second name never replaces one.
            Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS | rustix::io::Errno::OPNOTSUPP) => {
                rustix::fs::linkat(&self.dir, beside, &self.dir, &self.name, AtFlags::empty())?;
                Ok(rustix::fs::unlinkat(&self.dir, beside, AtFlags::empty())?)
            }
            named => Ok(named?),
        }
    }
}

fn taken(path: &Path) -> Failure {
    Failure::permanent(format!("{} exists already", path.display())).help("Name another file: none is overwritten.")
}

fn owner_is_trusted(uid: u32) -> bool {
    uid == 0 || uid == rustix::process::geteuid().as_raw()
}

/// Refuses what others own, could read or could write, and what is no plain file.
fn only_ours(path: &Path, there: &Stat) -> Result<(), Failure> {
    let shown = path.display();
    match FileType::from_raw_mode(there.st_mode) {
        FileType::RegularFile => {}
        FileType::Symlink => {
            return Err(Failure::permanent(format!("{shown} is a symbolic link")).help("Name the file itself."));
        }
        _ => return Err(Failure::permanent(format!("{shown} is no plain file")).help("Choose another path.")),
    }
    if there.st_uid != rustix::process::geteuid().as_raw() {
        return Err(Failure::permanent(format!("{shown} belongs to another user (uid {})", there.st_uid))
            .help("Choose another path."));
    }
    if there.st_mode & 0o077 != 0 {
        return Err(Failure::permanent(format!(
            "{shown} can be read or written by others (mode {:o})",
            there.st_mode & 0o7777
        ))
        .help(format!("Run: chmod 600 {shown}")));
    }
    Ok(())
}

fn read_whole(path: &Path, file: File) -> Result<Vec<u8>, Failure> {
    // Room for all of it and for the byte by which an end is noticed: growing would leave copies behind, which may be of
    // secrets.
    let room = file.metadata().map_or(0, |seen| seen.len().min(MAX) + 1);
    let mut content = Vec::with_capacity(usize::try_from(room).unwrap_or_default());
    file.take(MAX + 1).read_to_end(&mut content).map_err(|e| failed("read", path, &e))?;
    if content.len() as u64 > MAX {
        return Err(Failure::permanent(format!("{} has more than {MAX} bytes", path.display())));
    }
    Ok(content)
}

/// The content of a private file, or `None`. Refused where others could read or write it.
pub fn read_own(path: &Path) -> Result<Option<Secret<Vec<u8>>>, Failure> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(fd) => File::from(fd),
        Err(rustix::io::Errno::NOENT) => return Ok(None),
        Err(rustix::io::Errno::LOOP) => {
            return Err(
                Failure::permanent(format!("{} is a symbolic link", path.display())).help("Name the file itself.")
            );
        }
        Err(e) => return Err(failed("read", path, &e)),
    };
    let there = rustix::fs::fstat(&file).map_err(|e| failed("look at", path, &e))?;
    only_ours(path, &there)?;
    read_whole(path, file).map(|content| Some(Secret::new(content)))
}

fn read_now(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match File::open(path) {
        Ok(file) => read_whole(path, file).map(Some),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(failed("read", path, &e)),
    }
}

fn write_now(path: &Path, content: &[u8]) -> Result<(), Failure> {
    write_with(path, content, Mode::RUSR | Mode::WUSR | Mode::RGRP | Mode::ROTH)
}

/// Writes a file of the user's own (0600) as a whole, making its directories (0700); synced and renamed.
pub fn write_own(path: &Path, content: &[u8]) -> Result<(), Failure> {
    write_with(path, content, Mode::RUSR | Mode::WUSR)
}

/// Proves that [`write_new`] can make this file now: its directory is there, and its name is free.
pub fn is_free(path: &Path) -> Result<(), Failure> {
    if Place::open(path)?.stat(path)?.is_some() { Err(taken(path)) } else { Ok(()) }
}

/// Writes a new file of the user's own (0600) as a whole: under its name there is nothing, or all of it. One that
/// exists stays as it is.
pub fn write_new(path: &Path, content: &[u8]) -> Result<(), Failure> {
    Place::open(path)?.make(path, content, Mode::RUSR | Mode::WUSR)
}

fn write_with(path: &Path, content: &[u8], mode: Mode) -> Result<(), Failure> {
    let (parent, _) = Place::of(path)?;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&parent)
        .map_err(|e| failed("make the directory of", path, &e))?;
    Place::open(path)?.replace(path, content, mode)
}

/// File work blocks, so it is kept off the threads that carry connections.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|e| Err(Failure::permanent("the file work was broken off").because(e.to_string())))
}

#[async_trait]
impl OperatorFiles for LocalFiles {
    async fn reserve(&self, path: &str) -> Result<(), Failure> {
        let (this, path) = (self.clone(), PathBuf::from(path));
        blocking(move || this.reserve_now(&path)).await
    }

    async fn read_private(&self, path: &str) -> Result<Option<Secret<Vec<u8>>>, Failure> {
        let path = PathBuf::from(path);
        blocking(move || read_own(&path)).await
    }

    async fn write_private(&self, path: &str, content: &Secret<Vec<u8>>) -> Result<(), Failure> {
        let (this, path, content) = (self.clone(), PathBuf::from(path), content.clone());
        blocking(move || this.write_private_now(&path, content.expose())).await
    }

    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Failure> {
        let path = PathBuf::from(path);
        blocking(move || read_now(&path)).await
    }

    async fn write(&self, path: &str, content: &[u8]) -> Result<(), Failure> {
        let (path, content) = (PathBuf::from(path), content.to_vec());
        blocking(move || write_now(&path, &content)).await
    }
}

#[cfg(test)]
#[path = "operator_files_tests.rs"]
mod tests;
