//! The rehearsal walked to its end by keys.

use super::{CTRL_C, arrives, rehearsal, t, to_the_install};
use modelquay::ui::walk::Place;

#[test]
fn a_rehearsal_is_walked_to_its_end_by_keys() {
    let home = tempfile::tempdir().expect("a directory");
    let mut pty = rehearsal(home.path(), (80, 24), &[]);
    let settings = pty.settings();
    // As over a line of 64 kbit/s.
    pty.pace(8_000);
    to_the_install(&pty);
    // Every size in between is drawn, and the run does not care.
    for (columns, rows) in [(120, 40), (40, 10), (30, 8), (200, 50), (80, 24)] {
        pty.resize(columns, rows);
        if columns < 40 {
            pty.says("40");
        } else {
            pty.wait("the label of the rehearsal", |screen| {
                screen.rows(0, columns).next().is_some_and(|row| row.contains(&t("rehearsal")))
            });
        }
    }
    arrives(&pty, Place::Credentials);
    pty.keys(CTRL_C).keys(CTRL_C);
    assert!(pty.ended().success());
    assert_eq!(pty.settings(), settings);
}
