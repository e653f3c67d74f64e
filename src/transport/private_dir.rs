//! A directory for sockets that nobody else can enter.

use crate::plan::Failure;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// The longest path of a socket in it. The system allows 104 to 108 bytes, and OpenSSH first makes
/// its control socket under a name that is 17 bytes longer.
const LONGEST: usize = 104 - 17 - 1;

/// The longest name of a file in it.
const LONGEST_NAME: usize = 12;

/// A directory of mode 0700 with a name of its own, removed when it is dropped.
#[derive(Debug)]
pub struct PrivateDir(PathBuf);

impl PrivateDir {
    /// Makes one under `base`, or under the system's temporary directory where paths would get too
    /// long for sockets.
    pub fn new(base: &Path) -> Result<Self, Failure> {
        let mut number = [0; 4];
        getrandom::fill(&mut number)
            .map_err(|error| Failure::permanent("this computer gives no random numbers").because(error.to_string()))?;
        let name = format!("mq-{:08x}", u32::from_be_bytes(number));
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
