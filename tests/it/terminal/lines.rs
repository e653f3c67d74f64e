//! What is sent over a bad line, and through a program that stands in between.

use super::{PROGRAM, arrives, at_home, rehearsal, t, to_the_install};
use crate::pty::Pty;
use modelquay::ui::walk::Place;

/// Bytes that following a whole install costs.
fn followed(more: &[&str]) -> usize {
    let home = tempfile::tempdir().expect("a directory");
    // It lasts some seconds: of a quicker one the last screen alone would be most of the bytes.
    let pty = rehearsal(home.path(), (80, 24), &[&["--speed", "20"], more].concat());
    to_the_install(&pty);
    let before = pty.count();
    arrives(&pty, Place::Credentials);
    pty.count() - before
}

#[test]
fn an_install_is_followed_with_few_bytes_where_that_was_asked_for() {
    let (usual, frugal) = std::thread::scope(|scope| {
        let usual = scope.spawn(|| followed(&[]));
        let frugal = followed(&["--low-bandwidth"]);
        (usual.join().expect("it is followed"), frugal)
    });
    assert!(frugal * 10 < usual * 9, "{frugal} bytes beside {usual}");
}

#[test]
fn a_copy_gets_through_tmux() {
    let home = tempfile::tempdir().expect("a directory");
    let program = [PROGRAM, "rehearse", "--speed", "200", "--low-bandwidth"];
    let pty = Pty::start((80, 24), &program, |command| {
        at_home(home.path(), command).env("TMUX", "/tmp/tmux-0/default,1,0").env("TERM", "screen-256color")
    });
    to_the_install(&pty);
    arrives(&pty, Place::Credentials);
    // The keys themselves come a little later than their place.
    pty.says("••••");
    // A key is answered at once on any line.
    pty.keys("c").says(&t("notice-copied"));
    let sent = String::from_utf8_lossy(&pty.bytes()).into_owned();
    let (plain, wrapped) = sent.split_once("\u{1b}Ptmux;\u{1b}\u{1b}]52;c;").expect("what tmux hands on");
    let (wrapped, _) = wrapped.split_once("\u{7}\u{1b}\\").expect("its end");
    let (_, plain) = plain.split_once("\u{1b}]52;c;").expect("what tmux takes for itself");
    assert_eq!(plain.strip_suffix('\u{7}'), Some(wrapped));
    assert!(wrapped.len() > 8 && !wrapped.contains('\u{1b}'), "{} letters", wrapped.len());
}
