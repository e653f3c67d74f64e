//! Files that are opened to be written, by one process at a time.

use super::disk::{blocking, failed, flags, look_now, plain, remove_now};
use crate::plan::Failure;
use crate::ports::local_files::{Local, LocalError, WhyLocal};
use rustix::fs::FlockOperation;
use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::time::Duration;

/// How often and how long what somebody else has is waited for: a transfer of this process that was given up may
/// still be in the middle of its last write.
const LOOKS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// Takes the one right to write a file; it lasts as long as it is open. Where a file system has no such rights,
/// nothing is kept apart.
fn hold(path: &Path, file: &File) -> Local<()> {
    match rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive) {
        Err(rustix::io::Errno::WOULDBLOCK) => {
            let failure = Failure::needs_human(format!("another process writes {} right now", path.display()))
                .help("Wait until it has ended, or end it; then say the same again.");
            Err(LocalError { why: WhyLocal::Taken, failure })
        }
        _ => Ok(()),
    }
}

/// Opens a file with the directories above it.
fn opened_below(path: &Path, opening: &OpenOptions) -> Local<File> {
    let opened = match opening.open(path) {
        Err(e) if e.kind() == ErrorKind::NotFound => {
            let parent = path.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(parent).map_err(|e| failed("make the directory", parent, &e))?;
            opening.open(path)
        }
        other => other,
    };
    opened.map_err(|e| failed("write", path, &e))
}

/// Makes an empty file and its directories.
pub(super) fn make_now(path: &Path) -> Local<File> {
    // Whoever writes what is there keeps it; what nobody writes was left by a kill.
    match OpenOptions::new().write(true).custom_flags(flags(false)).open(path) {
        Ok(there) => {
            hold(path, &there)?;
            remove_now(path)?;
        }
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(_) => remove_now(path)?,
    }
    let mut opening = OpenOptions::new();
    let file = opened_below(path, opening.read(true).write(true).create_new(true).custom_flags(flags(false)))?;
    hold(path, &file)?;
    Ok(file)
}

/// Opens a file as it stands.
pub(super) fn reopen_now(path: &Path) -> Local<File> {
    let opening = OpenOptions::new().read(true).write(true).custom_flags(flags(false)).open(path);
    let file = plain("write", path, opening.map_err(|e| failed("write", path, &e))?)?;
    hold(path, &file)?;
    Ok(file)
}

/// Opens a file to add to it, as it stands or empty.
pub(super) fn claim_now(path: &Path) -> Local<File> {
    loop {
        let mut opening = OpenOptions::new();
        let opening = opening.read(true).append(true).create(true).custom_flags(flags(false));
        let file = plain("write", path, opened_below(path, opening)?)?;
        hold(path, &file)?;
        // Its owner may have removed it between the two: then the name is free, or another file's.
        let mine = file.metadata().map_err(|e| failed("look at", path, &e))?.ino();
        if look_now(path)?.is_some_and(|seen| seen.inode == mine) {
            return Ok(file);
        }
    }
}

/// Does file work that wants the one right to write a file, and waits a moment for it.
pub(super) async fn alone<T: Send + 'static>(work: impl Fn() -> Local<T> + Clone + Send + 'static) -> Local<T> {
    for _ in 0..LOOKS {
        match blocking(work.clone()).await {
            Err(error) if error.why == WhyLocal::Taken => tokio::time::sleep(PAUSE).await,
            ended => return ended,
        }
    }
    blocking(work).await
}
