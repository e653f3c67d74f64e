//! Files that the screens write and read on this computer: answers, reports, logs, paths that are typed.

use crate::app::session::Session;
use crate::app::sites::RunDir;
use crate::display;
use crate::plan::{Failure, StepId};
use std::fs;
use std::io::Write as _;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Lines of a step that are read back from a run's log.
const MOST_LINES: usize = 1000;

/// A path as it was typed: `~` is the home directory, and a relative path belongs to where the program
/// was started.
pub(in crate::cli) fn path_of(typed: &str) -> PathBuf {
    let home = || directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
    let path = match (typed.strip_prefix("~/"), home()) {
        (Some(rest), Some(home)) => home.join(rest),
        _ => PathBuf::from(typed),
    };
    std::path::absolute(&path).unwrap_or(path)
}

/// The same as text.
pub fn absolute(typed: &str) -> String {
    path_of(typed).display().to_string()
}

/// Writes a file that does not exist yet, for the user alone, and gives its path.
pub fn write_new(typed: &str, content: &[u8]) -> Result<String, Failure> {
    let path = path_of(typed);
    let cannot = |error: std::io::Error| {
        Failure::permanent(format!("write {}", path.display()))
            .because(error.to_string())
            .help("name another file; one that exists is not overwritten")
    };
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(cannot)?;
    file.write_all(content).and_then(|()| file.sync_all()).map_err(cannot)?;
    Ok(path.display().to_string())
}

/// Writes the plan that was shown as text for people.
pub fn export(session: &Session, typed: &str) -> Result<String, Failure> {
    let (site, preview) = session.proposed().ok_or_else(|| Failure::permanent("no plan was shown"))?;
    let mut lines = display::preview::human(site.as_str(), preview.steps(), false);
    lines.push(String::new());
    lines.push(display::diff::of_steps(preview.steps()));
    write_new(typed, format!("{}\n", lines.join("\n")).as_bytes())
}

fn log_lines(run: Option<&RunDir>, step: StepId) -> Result<impl Iterator<Item = String>, Failure> {
    let run = run.ok_or_else(|| Failure::permanent("no run was begun"))?;
    let path = run.log();
    let file = fs::File::open(&path)
        .map_err(|e| Failure::permanent(format!("read {}", path.display())).because(e.to_string()))?;
    let start = format!("{step} ");
    let lines = BufReader::new(file).lines().map_while(Result::ok);
    Ok(lines.filter_map(move |line| line.strip_prefix(&start).map(str::to_owned)))
}

/// The last lines of a step in a run's log.
pub fn read_log(run: Option<&RunDir>, step: StepId) -> Result<Vec<String>, Failure> {
    let mut last = std::collections::VecDeque::with_capacity(MOST_LINES);
    for line in log_lines(run, step)? {
        if last.len() == MOST_LINES {
            last.pop_front();
        }
        last.push_back(line);
    }
    Ok(last.into())
}

/// Writes all lines of a step in a run's log to a new file.
pub fn save_log(run: Option<&RunDir>, step: StepId, typed: &str) -> Result<String, Failure> {
    let mut text = Vec::new();
    for line in log_lines(run, step)? {
        text.extend_from_slice(line.as_bytes());
        text.push(b'\n');
    }
    write_new(typed, &text)
}

/// What a path could go on with: its longest common continuation, and how many names fit.
pub fn complete(typed: &str) -> (String, usize) {
    let (dir, begun) = typed.rsplit_once('/').map_or(("", typed), |(dir, begun)| (dir, begun));
    let place = match dir {
        "" if typed.starts_with('/') => PathBuf::from("/"),
        "" => PathBuf::from("."),
        dir => path_of(&format!("{dir}/")),
    };
    let mut fits: Vec<String> = names(&place).into_iter().filter(|name| name.starts_with(begun)).collect();
    if begun.is_empty() {
        fits.retain(|name| !name.starts_with('.'));
    }
    let Some(first) = fits.first() else { return (typed.to_owned(), 0) };
    let common = fits.iter().fold(first.as_str(), |common, name| {
        let same = common.char_indices().zip(name.chars()).find(|((_, a), b)| a != b);
        let end = same.map_or(common.len().min(name.len()), |((at, _), _)| at);
        &common[..end]
    });
    let before = if typed.contains('/') { format!("{dir}/") } else { String::new() };
    (format!("{before}{common}"), fits.len())
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut found: Vec<String> = entries
        .filter_map(|e| {
            let name = e.file_name().into_string().ok()?;
            Some(if e.path().is_dir() { format!("{name}/") } else { name })
        })
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_goes_on_as_far_as_all_names_agree() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        for name in ["edge-07.toml", "edge-08.toml"] {
            fs::write(dir.path().join(name), "").expect("writable");
        }
        fs::create_dir(dir.path().join("ünder")).expect("writable");
        let at = |rest: &str| format!("{}/{rest}", dir.path().display());
        assert_eq!(complete(&at("e")), (at("edge-0"), 2));
        assert_eq!(complete(&at("ü")), (at("ünder/"), 1));
        assert_eq!(complete(&at("x")), (at("x"), 0));
    }

    #[test]
    fn a_file_that_exists_is_not_overwritten() {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let path = dir.path().join("site.toml").display().to_string();
        assert_eq!(write_new(&path, b"a"), Ok(path.clone()));
        assert!(write_new(&path, b"b").is_err());
        assert_eq!(fs::read(&path).expect("it is there"), b"a");
    }
}
