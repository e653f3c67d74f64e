//! The terminal is given back as it was, however the screens end.

use super::{CTRL_C, CTRL_L, CTRL_Z, DOWN, ENTER, PROGRAM, arrives, at_home, rehearsal, t, to_the_install};
use crate::pty::Pty;
use modelquay::ui::clipboard::Wrapped;
use modelquay::ui::walk::Place;
use rustix::process::Signal;
use std::path::Path;

/// The terminal before the screens took it.
pub(super) struct Before(String);

impl Before {
    pub(super) fn of(pty: &Pty) -> Self {
        Self(pty.settings_at_first().to_owned())
    }

    /// The terminal is as it was.
    #[track_caller]
    pub(super) fn again(&self, pty: &Pty) {
        assert_eq!(pty.settings(), self.0, "the terminal's settings");
        pty.look(|screen| {
            assert!(!screen.alternate_screen(), "the alternate screen is still shown");
            assert!(!screen.hide_cursor(), "the cursor is hidden");
            assert!(!screen.bracketed_paste(), "pasted text is still marked");
        });
    }
}

/// Nothing of a rehearsal is left in the directory for temporary files.
#[track_caller]
pub(super) fn nothing_left(home: &Path) {
    let left: Vec<_> = std::fs::read_dir(home).expect("it is there").flatten().map(|e| e.file_name()).collect();
    let left: Vec<_> = left.iter().filter(|name| name.to_string_lossy().contains("rehears")).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn leaving_at_once_leaves_nothing() {
    let home = tempfile::tempdir().expect("a directory");
    let mut pty = rehearsal(home.path(), (80, 24), &[]);
    let before = Before::of(&pty);
    arrives(&pty, Place::Host);
    pty.look(|screen| assert!(screen.alternate_screen() && screen.hide_cursor() && screen.bracketed_paste()));
    pty.keys(CTRL_C);
    assert!(pty.ended().success());
    before.again(&pty);
    assert_eq!(pty.text().trim(), "", "the main screen is as it was");
    nothing_left(home.path());
}

#[test]
fn an_install_that_is_left_says_how_to_go_on() {
    let home = tempfile::tempdir().expect("a directory");
    let mut pty = rehearsal(home.path(), (80, 24), &["--speed", "10"]);
    let before = Before::of(&pty);
    to_the_install(&pty);
    pty.keys(CTRL_C).says(&t("leave-running"));
    // The careful word is the first one, so that a second key is needed.
    pty.keys(DOWN).keys(ENTER);
    let status = pty.ended();
    before.again(&pty);
    assert!(pty.text().contains("REHEARSAL"), "the last words are missing: {}", pty.text());
    assert!(!status.success());
    nothing_left(home.path());
}

#[test]
fn an_install_that_fails_gives_the_terminal_back_with_its_reason() {
    let home = tempfile::tempdir().expect("a directory");
    let mut pty = rehearsal(home.path(), (80, 24), &["--bad-day", "wrong-checksum"]);
    let before = Before::of(&pty);
    to_the_install(&pty);
    pty.wait("the key that tries again", |screen| screen.contents().contains(&t("do-retry")));
    pty.keys("q");
    assert!(!pty.ended().success());
    before.again(&pty);
    assert!(pty.text().contains("checksum"), "{}", pty.text());
    nothing_left(home.path());
}

#[test]
fn the_systems_signal_ends_the_screens_at_once() {
    let home = tempfile::tempdir().expect("a directory");
    let mut pty = rehearsal(home.path(), (80, 24), &["--speed", "10"]);
    let before = Before::of(&pty);
    to_the_install(&pty);
    pty.signal(Signal::TERM);
    pty.ended();
    before.again(&pty);
    assert!(pty.text().contains("REHEARSAL"), "the last words are missing: {}", pty.text());
    nothing_left(home.path());
}

#[test]
fn a_terminal_that_is_closed_ends_the_program() {
    let home = tempfile::tempdir().expect("a directory");
    let mut pty = rehearsal(home.path(), (80, 24), &["--speed", "10"]);
    to_the_install(&pty);
    pty.hang_up();
    pty.ended();
    nothing_left(home.path());
}

#[test]
fn a_signal_is_obeyed_while_the_terminal_takes_no_output() {
    let home = tempfile::tempdir().expect("a directory");
    let mut pty = rehearsal(home.path(), (80, 24), &[]);
    let before = Before::of(&pty);
    arrives(&pty, Place::Host);
    // Frames for more than the line's buffers hold.
    pty.hold(true).keys(&CTRL_L.repeat(200)).signal(Signal::TERM);
    pty.ended();
    assert_eq!(pty.settings(), before.0);
}

#[test]
fn the_shell_has_its_terminal_while_the_screens_are_stopped() {
    let home = tempfile::tempdir().expect("a directory");
    let pty = rehearsal(home.path(), (80, 24), &[]);
    let before = Before::of(&pty);
    arrives(&pty, Place::Host);
    let taken = pty.settings();
    // From the keyboard, then from outside.
    for from_outside in [false, true] {
        if from_outside {
            pty.signal(Signal::TSTP);
        } else {
            pty.keys(CTRL_Z);
        }
        pty.stopped();
        pty.wait("the main screen", |screen| !screen.alternate_screen());
        before.again(&pty);
        pty.signal(Signal::CONT);
        pty.wait("the screens", vt100::Screen::alternate_screen);
        arrives(&pty, Place::Host);
        assert_eq!(pty.settings(), taken);
    }
    pty.keys(CTRL_L);
    pty.keys(ENTER);
    arrives(&pty, Place::Facts);
}

#[test]
fn a_shell_brings_the_screens_back_with_fg() {
    let home = tempfile::tempdir().expect("a directory");
    let mut pty = Pty::start((80, 24), &["bash", "--norc", "--noprofile", "-i"], |c| {
        at_home(home.path(), c).env("PS1", "prompt> ")
    });
    pty.says("prompt>");
    pty.keys(&format!("{PROGRAM} rehearse\r"));
    arrives(&pty, Place::Host);
    pty.keys(CTRL_Z).wait("the prompt", |screen| !screen.alternate_screen() && screen.contents().contains("Stopped"));
    pty.keys("fg\r");
    arrives(&pty, Place::Host);
    pty.keys(CTRL_C).wait("the prompt", |screen| !screen.alternate_screen());
    pty.keys("exit\r");
    assert!(pty.ended().success());
}

/// The test itself is the child: what a panic does can only be seen in a process that has one.
#[test]
fn a_panic_gives_the_terminal_back_before_it_is_told() {
    const ROLE: &str = "MODELQUAY_TEST_PANICS";
    if std::env::var_os(ROLE).is_some() {
        modelquay::ui::terminal::watch_panics();
        let mut taken = modelquay::ui::terminal::Taken::take(false, Wrapped::Plain).expect("there is a terminal");
        taken.say(b"on the screens").expect("it takes it");
        panic!("on purpose");
    }
    let name = "terminal::back::a_panic_gives_the_terminal_back_before_it_is_told";
    let this = std::env::current_exe().expect("a program");
    let program = [this.as_os_str(), "--exact".as_ref(), name.as_ref(), "--nocapture".as_ref()];
    let mut pty = Pty::start((80, 24), &program, |command| command.env(ROLE, "1"));
    let before = Before::of(&pty);
    pty.says("on purpose");
    assert!(!pty.ended().success());
    before.again(&pty);
    assert!(!pty.text().contains("on the screens"), "{}", pty.text());
    assert!(String::from_utf8_lossy(&pty.bytes()).contains("on the screens"), "the screens were not taken");
}

#[test]
fn without_a_terminal_it_says_which_commands_do_the_same() {
    let home = tempfile::tempdir().expect("a directory");
    let mut pty = Pty::start((80, 24), &[PROGRAM], |c| at_home(home.path(), c).env("TERM", "dumb"));
    assert_eq!(pty.ended().code(), Some(2));
    for command in ["answers", "check", "plan", "install"] {
        assert!(pty.text().contains(&format!("modelquay {command}")), "{}", pty.text());
    }
    assert!(!pty.bytes().contains(&0x1b), "a dumb terminal takes no sequences");
    let output = at_home(home.path(), &mut std::process::Command::new(PROGRAM)).output().expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("modelquay install"));
    assert!(output.stdout.is_empty(), "standard output is for data");
}

#[test]
fn a_form_that_was_filled_in_is_asked_for_before_it_is_lost() {
    let home = tempfile::tempdir().expect("a directory");
    let mut pty = Pty::start((80, 24), &[PROGRAM], |c| at_home(home.path(), c));
    let before = Before::of(&pty);
    pty.says(&t("start-title")).keys(ENTER).says(&t("host-title"));
    pty.keys(DOWN).keys("tech@edge-07").says("tech@edge-07");
    pty.keys(CTRL_C).says(&t("leave-title")).keys(DOWN).keys(ENTER);
    assert!(pty.ended().success());
    before.again(&pty);
}
