//! A directory for sockets that nobody else can enter.

use crate::plan::Failure;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The longest path of a socket in it. The system allows 104 to 108 bytes, and OpenSSH first makes
/// its control socket under a name that is 17 bytes longer.
const LONGEST: usize = 104 - 17 - 1;

/// The longest name of a file in it.
const LONGEST_NAME: usize = 12;

/// What the names of these directories begin with, before the process that made them.
const PREFIX: &str = "mq-";

/// A directory of mode 0700 with a name of its own, removed when it is dropped.
#[derive(Debug)]
pub struct PrivateDir(PathBuf);

impl PrivateDir {
    /// Makes one under `base`, or under the system's temporary directory where paths would get too
    /// long for sockets.
    pub fn new(base: &Path) -> Result<Self, Failure> {
        let mut number = [0; 2];
        getrandom::fill(&mut number)
            .map_err(|error| Failure::permanent("this computer gives no random numbers").because(error.to_string()))?;
        let name = format!("{PREFIX}{}-{:04x}", std::process::id(), u16::from_be_bytes(number));
        let temporary = std::env::temp_dir();
        let fits = |base: &&Path| base.join(&name).as_os_str().len() + 1 + LONGEST_NAME <= LONGEST;
        let Some(base) = [base, &temporary, Path::new("/tmp")].into_iter().find(fits) else {
            return Err(Failure::permanent("every directory for sockets has too long a path")
                .help("Set XDG_RUNTIME_DIR or TMPDIR to a directory with a short path."));
        };
        let failed = |error: std::io::Error| {
            Failure::permanent(format!("no private directory can be made in {}", base.display()))
                .because(error.to_string())
        };
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(base).map_err(failed)?;
        clear(base);
        // Not recursive: it must be new, so that nobody else has made it.
        let path = base.join(name);
        std::fs::DirBuilder::new().mode(0o700).create(&path).map_err(failed)?;
        Ok(Self(path))
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        debug_assert!(name.len() <= LONGEST_NAME, "{name}");
        self.0.join(name)
    }
}

/// Removes what programs left behind that were killed. Others' directories are theirs and stay.
fn clear(base: &Path) {
    for entry in std::fs::read_dir(base).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next()?.parse().ok());
        let gone = |pid| rustix::process::test_kill_process(pid) == Err(rustix::io::Errno::SRCH);
        if pid.and_then(rustix::process::Pid::from_raw).is_some_and(gone) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

impl Drop for PrivateDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_a_killed_program_left_is_cleared() {
        let base = tempfile::tempdir().expect("a temporary directory");
        let mut child = std::process::Command::new("true").spawn().expect("it is everywhere");
        child.wait().expect("it ends");
        let left = base.path().join(format!("mq-{}-abcd", child.id()));
        let alive = base.path().join(format!("mq-{}-abcd", std::process::id()));
        let other = base.path().join("mq-x");
        for dir in [&left, &alive, &other] {
            std::fs::create_dir(dir).expect("it is new");
        }
        let _dir = PrivateDir::new(base.path()).expect("it can be made");
        assert!(!left.exists() && alive.exists() && other.exists());
    }

    #[test]
    fn it_is_private_and_goes_when_it_is_dropped() {
        let base = tempfile::tempdir().expect("a temporary directory");
        let long = base.path().join("x".repeat(90));
        for base in [base.path(), &long] {
            let dir = PrivateDir::new(base).expect("it can be made");
            let path = dir.file("ctl1");
            assert!(path.as_os_str().len() <= LONGEST, "{}", path.display());
            std::fs::write(&path, "x").expect("it is ours");
            let mode = std::fs::metadata(path.parent().expect("it has one")).expect("there").permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
            drop(dir);
            assert!(!path.parent().expect("it has one").exists());
        }
        assert!(!long.exists());
    }
}
