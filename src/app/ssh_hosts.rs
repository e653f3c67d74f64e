//! The names of the user's own ssh configuration, to be offered and never to be relied on: what a name
//! means is OpenSSH's to say.

use std::fs;
use std::path::{Path, PathBuf};

/// Files that are read at most, and names that are kept: a configuration may include itself.
const MOST_FILES: usize = 64;
const MOST_NAMES: usize = 500;

/// Every name that a `Host` line of `~/.ssh/config` and of the files that it includes gives to one host.
pub fn names() -> Vec<String> {
    let Some(home) = directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned()) else { return Vec::new() };
    let ssh = home.join(".ssh");
    let mut found = Vec::new();
    let mut open = vec![ssh.join("config")];
    let mut read = 0;
    while let Some(file) = open.pop() {
        read += 1;
        if read > MOST_FILES || found.len() >= MOST_NAMES {
            break;
        }
        if let Ok(text) = fs::read_to_string(&file) {
            let (names, includes) = parse(&text);
            found.extend(names);
            open.extend(includes.iter().flat_map(|pattern| files(&ssh, &home, pattern)));
        }
    }
    found.sort();
    found.dedup();
    found.truncate(MOST_NAMES);
    found
}

/// Names and includes of one file. Patterns are no names.
fn parse(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut names, mut includes) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let mut words = line.trim().split([' ', '\t', '=']).filter(|word| !word.is_empty());
        let keyword = words.next().unwrap_or_default();
        if keyword.eq_ignore_ascii_case("host") {
            let plain = |word: &&str| !word.starts_with('-') && !word.contains(['*', '?', '!', '"', '%']);
            names.extend(words.filter(plain).map(str::to_owned));
        } else if keyword.eq_ignore_ascii_case("include") {
            includes.extend(words.map(str::to_owned));
        }
    }
    (names, includes)
}

/// The files of an include: a path, with `*` in its last part only.
fn files(ssh: &Path, home: &Path, pattern: &str) -> Vec<PathBuf> {
    let path = match pattern.strip_prefix("~/") {
        Some(rest) => home.join(rest),
        None => ssh.join(pattern),
    };
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let Some((before, after)) = name.split_once('*') else { return vec![path] };
    let entries = path.parent().and_then(|dir| fs::read_dir(dir).ok()).into_iter().flatten().flatten();
    let fits = |file: &String| file.starts_with(before) && file.ends_with(after);
    let named = entries.filter_map(|e| e.file_name().into_string().ok().filter(fits).map(|_| e.path()));
    named.take(MOST_FILES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_offered_and_patterns_are_not() {
        let text = "Include conf.d/*.conf\nHost edge-07 edge-08 *.plant !bad\n  HostName 10.0.0.7\nhost=bastion-2\n";
        let (names, includes) = parse(text);
        assert_eq!(names, ["edge-07", "edge-08", "bastion-2"]);
        assert_eq!(includes, ["conf.d/*.conf"]);
    }

    #[test]
    fn an_include_finds_its_files() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        for name in ["a.conf", "b.conf", "c.old"] {
            fs::write(dir.path().join(name), "").expect("writable");
        }
        let mut found = files(dir.path(), dir.path(), "*.conf");
        found.sort();
        assert_eq!(found, [dir.path().join("a.conf"), dir.path().join("b.conf")]);
    }
}
