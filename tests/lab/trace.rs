//! What a program asked of the kernel, by strace: which file was written when, and brought to disk when.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One call that succeeded.
#[derive(Clone, Debug)]
pub struct Call {
    /// When it began and ended, in microseconds since 1970.
    pub began: u64,
    /// When it ended.
    pub ended: u64,
    /// Its name.
    pub name: String,
    /// Its arguments as strace writes them, descriptors with their paths.
    pub args: String,
}

/// A program under strace. Each thread has a file of its own in `into`, so that no call is cut in two.
pub fn under_strace(into: &Path, program: &str) -> Command {
    let mut command = Command::new("strace");
    command
        .args(["-ff", "-ttt", "-T", "-y", "-s", "100000", "--seccomp-bpf"])
        .args(["-e", "trace=openat,write,fsync,fdatasync,rename,renameat,renameat2,mkdir,mkdirat,execve"])
        .arg("-o")
        .arg(into.join("call"))
        .arg(program);
    command
}

/// Everything that was asked, in the order of its beginning.
pub fn read(from: &Path) -> Vec<Call> {
    let files: Vec<PathBuf> = fs::read_dir(from).expect("strace wrote there").flatten().map(|e| e.path()).collect();
    let text = |path: &PathBuf| String::from_utf8_lossy(&fs::read(path).expect("it is ours")).into_owned();
    let mut calls: Vec<Call> =
        files.iter().flat_map(|path| text(path).lines().filter_map(call).collect::<Vec<_>>()).collect();
    calls.sort_by_key(|call| call.began);
    calls
}

/// `1732459000.000123 fsync(3</a/b>) = 0 <0.000045>`; what failed or is no call is left out.
fn call(line: &str) -> Option<Call> {
    let (at, rest) = line.split_once(' ')?;
    let micros = |text: &str| -> Option<u64> {
        let (whole, part) = text.split_once('.')?;
        Some(whole.parse::<u64>().ok()? * 1_000_000 + part.parse::<u64>().ok()?)
    };
    let began = micros(at)?;
    let (rest, took) = rest.trim_end().strip_suffix('>')?.rsplit_once(" <")?;
    let (call, result) = rest.rsplit_once(") = ")?;
    if result.starts_with('-') {
        return None;
    }
    let (name, args) = call.split_once('(')?;
    Some(Call { began, ended: began + micros(took)?, name: name.into(), args: args.into() })
}

impl Call {
    /// The path of the descriptor that is its first argument.
    pub fn path(&self) -> &str {
        self.args.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(path, _)| path)
    }

    /// Whether it brings this file or directory to disk.
    pub fn syncs(&self, path: &str) -> bool {
        (self.name == "fsync" || self.name == "fdatasync") && self.path() == path
    }

    /// Whether it writes to this file.
    pub fn writes(&self, path: &str) -> bool {
        self.name == "write" && self.path() == path
    }

    /// From where to where it renames.
    pub fn renames(&self) -> Option<(String, String)> {
        if !self.name.starts_with("rename") {
            return None;
        }
        let mut paths = self.paths().into_iter();
        Some((paths.next()?, paths.next()?))
    }

    /// The file that it makes.
    pub fn makes(&self) -> Option<String> {
        let makes = self.name.starts_with("mkdir") || (self.name == "openat" && self.args.contains("O_CREAT"));
        self.paths().into_iter().next().filter(|_| makes)
    }

    /// Its quoted paths, each made whole by the directory before it.
    fn paths(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut rest = self.args.as_str();
        while let Some((before, after)) = rest.split_once('"') {
            let Some((name, after)) = after.split_once('"') else { break };
            let dir = before.rsplit_once('<').and_then(|(_, dir)| dir.split_once('>')).map_or("", |(dir, _)| dir);
            found.push(if name.starts_with('/') { name.to_owned() } else { format!("{dir}/{name}") });
            rest = after;
        }
        found
    }
}

/// The directory of a path.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(dir, _)| dir)
}

/// What is wrong with the files that were renamed into place under these directories: each has to be
/// on disk before it gets its name, and its name after it.
pub fn renamed_without_sync(calls: &[Call], under: &[&str]) -> Vec<String> {
    let mut wrong = Vec::new();
    for (at, rename) in calls.iter().enumerate() {
        let Some((from, to)) = rename.renames() else { continue };
        if !under.iter().any(|dir| to.starts_with(dir)) {
            continue;
        }
        let before = &calls[..at];
        let written = before.iter().filter(|c| c.writes(&from)).map(|c| c.ended).max().unwrap_or(0);
        let synced = before.iter().any(|c| c.syncs(&from) && c.began >= written && c.ended <= rename.began);
        if !synced {
            wrong.push(format!("{to} gets its name before its content is on disk"));
        }
        if !calls[at..].iter().any(|c| c.syncs(parent(&to)) && c.began >= rename.ended) {
            wrong.push(format!("the name of {to} is never brought to disk"));
        }
    }
    wrong
}

/// What was made under these directories and whose name was never brought to disk. A file that was
/// renamed afterwards counts with its rename.
pub fn made_without_sync(calls: &[Call], under: &[&str]) -> Vec<String> {
    let renamed: Vec<String> = calls.iter().filter_map(|c| c.renames().map(|(from, _)| from)).collect();
    let made = calls.iter().filter_map(|c| c.makes().map(|path| (c, path)));
    made.filter(|(_, path)| under.iter().any(|dir| path.starts_with(dir)) && !renamed.contains(path))
        .filter(|(make, path)| !calls.iter().any(|c| c.syncs(parent(path)) && c.began >= make.ended))
        .map(|(_, path)| format!("the name of {path} is never brought to disk"))
        .collect()
}
