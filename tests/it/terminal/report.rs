//! A report about a site on a terminal: what is in it is shown, and it is written once that was agreed to.

use super::{ENTER, PROGRAM, at_home};
use crate::pty::Pty;
use modelquay::app::sites::{Request, Sites};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A site whose host cannot be reached: what this computer knows of it can be reported all the same.
fn lost_site(home: &Path) {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let port = free.local_addr().expect("it is bound").port();
    drop(free);
    let answers = format!("site = \"edge-07\"\n[host]\naddress = \"tech@127.0.0.1\"\nport = {port}\n");
    let request = Request { answers, base: home.to_owned(), credentials_file: None, files: BTreeMap::new() };
    let site = "edge-07".parse().expect("a name");
    Sites::at(home.join("state")).new_run(site, 1_790_000_000_000, &request).expect("a run's directory");
}

fn archives(home: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(home).expect("it is there").flatten().map(|entry| entry.path());
    entries.filter(|path| path.to_string_lossy().ends_with(".tar.gz")).collect()
}

fn asked(home: &Path) -> Pty {
    let state = home.join("state").display().to_string();
    let pty =
        Pty::start((120, 40), &[PROGRAM, "--state-dir", &state, "report", "edge-07", "--link-timeout", "1s"], |c| {
            at_home(home, c)
        });
    pty.says("Not taken:").says("Write this report? It is sent nowhere. [y/N]");
    pty
}

#[test]
fn a_report_is_written_when_that_was_agreed_to_and_not_otherwise() {
    let home = tempfile::tempdir().expect("a directory");
    lost_site(home.path());
    let mut pty = asked(home.path());
    pty.keys(ENTER);
    assert!(!pty.ended().success(), "{}", pty.text());
    assert_eq!(archives(home.path()), Vec::<PathBuf>::new(), "{}", pty.text());
    let mut pty = asked(home.path());
    pty.keys("y").keys(ENTER);
    assert!(pty.ended().success(), "{}", pty.text());
    assert_eq!(archives(home.path()).len(), 1, "{}", pty.text());
}
