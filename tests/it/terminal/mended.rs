//! A failure that is mended where it is shown, by keys.

use super::{CTRL_F, ENTER, arrives, rehearsal, t, to_the_install};
use modelquay::ui::walk::Place;

#[test]
fn a_dead_registry_is_mended_by_a_mirror_that_is_named_on_the_failure() {
    let home = tempfile::tempdir().expect("a directory");
    let mut pty = rehearsal(home.path(), (80, 24), &["--bad-day", "registry-dead", "--speed", "200"]);
    to_the_install(&pty);
    // The mirror is the first thing that is offered.
    pty.says(&format!("{} ", t("failure-mirror"))).says("does not reach the image registry");
    pty.keys(ENTER).says(&t("supply-title"));
    pty.keys("quay.io = https://mirror.site.example").says("https://mirror.site.example");
    pty.keys(CTRL_F);
    arrives(&pty, Place::Plan);
    // What is done already is not planned again, and the mirror is.
    pty.says(&t("step-registries")).says(&t("plan-done"));
    pty.keys("i");
    arrives(&pty, Place::Credentials);
    pty.says(&t("status-keys-unsaved")).keys(ENTER).keys("i have them").keys(ENTER);
    arrives(&pty, Place::Done);
    // There is no cluster to have the keys again from, and no command is named for it.
    pty.says(&t("done-keys-rehearsed"));
    // The registry that came of it is browsed over the same connection, with the reader's key. A key that comes while
    // one hands the terminal to the other is not lost.
    pty.keys("b").wait("the walk's end", |screen| !screen.alternate_screen() || screen.contents().contains("models /"));
    pty.keys("?").says("models /").says(&t("help-title"));
    pty.keys("?").says(&t("browse-read-only")).says(&t("browse-name"));
    pty.keys("q");
    assert!(pty.ended().success(), "{}", pty.text());
    assert!(pty.text().contains("REHEARSAL done: "), "{}", pty.text());
}
