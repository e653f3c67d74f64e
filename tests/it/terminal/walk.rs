//! The rehearsal walked to its end by keys, and everything that its terminal was sent searched for the
//! keys that it showed.

use super::back::{Before, nothing_left};
use super::{CTRL_U, ENTER, PROGRAM, TAB, arrives, at_home, t, to_the_install};
use crate::canary::{files, leaking};
use crate::pty::{Pty, Recording};
use crate::replay::{Asked, Hit, Place as Shown, Secrets, reveal_and_hide, search};
use crate::state::keys_in;
use modelquay::base::redact::disguises;
use modelquay::ui::walk::Place;
use std::fmt::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::slice;

/// What stands on the main screen before the screens take it.
const BEFORE: &str = "what was there before";

#[test]
fn a_rehearsal_is_walked_to_its_end_by_keys_and_leaves_no_secret() {
    let home = tempfile::tempdir().expect("a directory");
    // A directory whose name is completed.
    std::fs::create_dir(home.path().join("kept-here")).expect("the home is writable");
    let private = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(home.path().join("kept-here"), private).expect("it is ours");
    let say = "echo \"$1\"; exec \"$0\" rehearse";
    let mut pty = Pty::start((80, 24), &["sh", "-c", say, PROGRAM, BEFORE], |command| at_home(home.path(), command));
    let before = Before::of(&pty);
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
    pty.says(&t("status-keys-unsaved"));
    crate::memory::locked(pty.pid().as_raw_nonzero().get().unsigned_abs());
    let revealed = reveal_and_hide(&pty);
    let from = pty.count();
    pty.keys("c").says(&t("notice-copied"));
    let copied = Asked::Copy(from..pty.count());
    let path = home.path().join("kept-here/keys.toml");
    pty.keys("s").says(&t("keys-save-to"));
    pty.keys(CTRL_U).keys(&home.path().join("kept").display().to_string()).keys(TAB).says("kept-here/");
    pty.keys("keys.toml").says("kept-here/keys.toml").keys(ENTER);
    pty.says(&t("status-keys-saved")).keys(ENTER);
    arrives(&pty, Place::Done);
    pty.says(&t("status-done-rehearsed"));
    // Everything that the program keeps lies in this home as long as it runs.
    let kept: Vec<String> = files(home.path()).iter().map(|file| file.display().to_string()).collect();
    for name in ["journal.jsonl", "log.txt", "request.json", "hand-over.txt", "lock.json"] {
        assert!(kept.iter().any(|file| file.ends_with(name)), "{name} is not among what is searched: {kept:?}");
    }
    let typed: Vec<String> = keys_in(&path).into_values().map(|(_, secret)| secret).collect();
    assert_eq!(leaking(home.path(), &typed), ["kept-here/keys.toml"], "a secret was kept");
    pty.keys("q");
    assert!(pty.ended().success(), "{}", pty.text());
    before.again(&pty);
    // What was there is there, and below it what happened.
    let text = pty.text();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some(BEFORE), "{text}");
    let words: Vec<&str> = lines.collect();
    assert!(!words.is_empty() && words.iter().all(|line| line.starts_with("REHEARSAL ")), "{text}");
    assert!(words[0].starts_with("REHEARSAL done: "), "{text}");
    nothing_left(home.path());
    assert_eq!(std::fs::metadata(&path).expect("it was saved").permissions().mode() & 0o777, 0o600);

    let keys = keys_in(&path);
    assert_eq!(keys.keys().collect::<Vec<_>>(), ["publisher", "reader", "root", "triton"]);
    let halves: Vec<&String> = keys.values().flat_map(|(access, secret)| [access, secret]).collect();
    let secrets = Secrets::new(&halves);
    let recording = pty.recording();
    assert_eq!(search(&recording, &secrets, &[revealed.clone(), copied.clone()]), [], "a secret came out");
    controls(&recording, &secrets, &revealed, &copied, &keys["root"].1);
}

/// The search finds what it is for: in this very stream, and in what would become of it if the screens did
/// not clear up.
fn controls(recording: &Recording, secrets: &Secrets, revealed: &Asked, copied: &Asked, secret: &str) {
    let found = |recording: &Recording, asked: &[Asked]| -> Vec<Shown> {
        let mut places: Vec<Shown> = search(recording, secrets, asked).iter().map(|hit| hit.place).collect();
        places.dedup();
        places
    };
    // Revealed, it is in a frame and in the bytes; copied, it is in the bytes alone.
    let (Asked::Reveal(clear), Asked::Copy(clip)) = (revealed, copied) else { panic!("they are what they are called") };
    let hits = search(recording, secrets, slice::from_ref(copied));
    let inside = |hit: &Hit| clear.contains(&hit.at);
    assert!(hits.iter().all(inside) && hits.iter().any(|hit| hit.place == Shown::Frame), "{hits:?} of {clear:?}");
    let shown_at = hits.iter().find(|hit| hit.place == Shown::Frame).map_or(0, |hit| hit.at);
    let hits = search(recording, secrets, slice::from_ref(revealed));
    assert!(matches!(&hits[..], [Hit { place: Shown::Sent, at }] if clip.contains(at)), "{hits:?} of {clip:?}");

    let ending = |bytes: &[u8], end: &str| {
        let sizes = recording.sizes.iter().filter(|(at, _)| *at <= bytes.len()).copied().collect();
        Recording { bytes: [bytes, end.as_bytes()].concat(), sizes }
    };
    // A program that never took the alternate screen leaves it on the main one while it is revealed,
    let main = without_the_alternate_screen(&recording.bytes);
    assert!(found(&ending(&main, ""), &[Asked::Reveal(0..usize::MAX)]).contains(&Shown::Main));
    let at_reveal = without_the_alternate_screen(&recording.bytes[..shown_at]);
    // and above it as soon as the shell writes on.
    let on = format!("\u{1b}[24;1H{}", "\r\n".repeat(60));
    let asked = [Asked::Reveal(0..usize::MAX)];
    let last = search(&ending(&at_reveal, &on), secrets, &asked).pop();
    assert_eq!(last.map(|hit| hit.place), Some(Shown::ScrollBack));
    // What the terminal is sent after the screens is searched as well: from here on only that.
    let left = recording.bytes.windows(LEAVE.len()).rposition(|window| window == LEAVE).expect("they were left");
    let after = &recording.bytes[left..];
    assert_eq!(found(&ending(after, ""), &[]), []);
    // Words that name it are found in each disguise, and where they are wrapped,
    for form in disguises(secret.as_bytes()) {
        let form = String::from_utf8(form).expect("every disguise is text");
        for lead in ["", &"x".repeat(76)] {
            let places = found(&ending(after, &format!("\r\n{lead}{form}\r\n")), &[]);
            assert!(places.contains(&Shown::Main), "{} characters behind {} were not found", form.len(), lead.len());
            assert!(places.contains(&Shown::Sent));
        }
    }
    // and where cells are written one by one, so that the bytes hold no eight of them in a row.
    let mut cells = String::new();
    for (n, c) in secret.chars().rev().enumerate() {
        // Writing to a text cannot fail.
        let _ = write!(cells, "\u{1b}[24;{}H{c}", 60 - n);
    }
    assert_eq!(found(&ending(after, &cells), &[]), [Shown::Main]);
    // Seven characters are none of its own.
    assert_eq!(found(&ending(after, &format!("\r\n{}\r\n", &secret[..7])), &[]), []);
}

/// How the alternate screen is taken, and left.
const TAKE: &[u8] = b"\x1b[?1049h";
const LEAVE: &[u8] = b"\x1b[?1049l";

fn without_the_alternate_screen(bytes: &[u8]) -> Vec<u8> {
    let mut left = bytes.to_vec();
    for sequence in [TAKE, LEAVE] {
        let at = left.windows(sequence.len()).position(|window| window == sequence);
        if let Some(at) = at {
            left.drain(at..at + sequence.len());
        }
    }
    left
}
