//! What a terminal has shown, replayed through an emulator and searched for secrets.
//!
//! Eight characters in a row of a secret, or of one of its disguises, are a hit: in any state of the
//! screen between two control sequences (which are more states than there are frames), on the main screen
//! and in its scroll-back at any time, and in the bytes themselves. The rows of a screen are also read as
//! one text, because what is wrapped at an edge is one secret.

use crate::pty::{Pty, Recording};
use modelquay::base::redact::disguises;
use modelquay::ui::text::{Lang, Text};
use std::collections::HashSet;
use std::num::NonZeroU16;
use std::ops::Range;

/// So many characters in a row are a hit.
const PIECE: usize = 8;

/// Lines that the emulator keeps above its main screen: more than any walk writes there.
const SCROLLBACK: usize = 10_000;

/// Everything that is searched for.
pub struct Secrets {
    pieces: HashSet<[u8; PIECE]>,
}

impl Secrets {
    /// These secrets, in every disguise.
    pub fn new<S: AsRef<str>>(secrets: &[S]) -> Self {
        let mut pieces = HashSet::new();
        for secret in secrets.iter().map(AsRef::as_ref) {
            assert!(secret.len() >= PIECE, "a secret of {} characters cannot be searched for", secret.len());
            for form in disguises(secret.as_bytes()) {
                pieces.extend(windows(&form));
                // As a screen's rows are read.
                pieces.extend(windows(&without_blanks(form)));
            }
        }
        Self { pieces }
    }

    /// Where the first hit begins.
    fn find(&self, text: &[u8]) -> Option<usize> {
        windows(text).position(|window| self.pieces.contains(&window))
    }
}

fn windows(text: &[u8]) -> impl Iterator<Item = [u8; PIECE]> + '_ {
    text.windows(PIECE).filter_map(|window| window.try_into().ok())
}

fn without_blanks(mut text: Vec<u8>) -> Vec<u8> {
    text.retain(|byte| !byte.is_ascii_whitespace());
    text
}

/// What somebody has asked for, so that a secret may be where it is else not.
#[derive(Clone, Debug)]
pub enum Asked {
    /// It was revealed: between these bytes it may be in a frame.
    Reveal(Range<usize>),
    /// It was copied: between these bytes it may be sent, and nothing of it be seen.
    Copy(Range<usize>),
}

impl Asked {
    fn bytes(&self) -> &Range<usize> {
        match self {
            Self::Reveal(bytes) | Self::Copy(bytes) => bytes,
        }
    }
}

/// Where a secret was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the bytes that were sent.
    Sent,
    /// On the alternate screen.
    Frame,
    /// On the main screen.
    Main,
    /// Above the main screen.
    ScrollBack,
}

/// A secret that came to be somewhere. It says neither which nor how, so that a test's output keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Where.
    pub place: Place,
    /// Behind so many bytes.
    pub at: usize,
}

fn cells(n: u16) -> NonZeroU16 {
    NonZeroU16::new(n).expect("a terminal has cells")
}

/// The rows as they are seen now, as one text without blanks.
fn joined(screen: &vt100::Screen) -> Vec<u8> {
    let (_, columns) = screen.size();
    let rows = screen.rows(0, columns.get());
    without_blanks(rows.flat_map(String::into_bytes).collect())
}

/// Everything above the main screen, as one text without blanks.
fn above(screen: &mut vt100::Screen) -> Vec<u8> {
    let (rows, columns) = screen.size();
    let mut left = screen.scrollback_len();
    let mut text = Vec::new();
    while left > 0 {
        screen.set_scrollback(left);
        let seen: Vec<String> = screen.rows(0, columns.get()).take(left.min(rows.get().into())).collect();
        text.extend(seen.into_iter().flat_map(String::into_bytes));
        left = left.saturating_sub(rows.get().into());
    }
    screen.set_scrollback(0);
    without_blanks(text)
}

/// Whether a sequence with what follows it shows anything: a text, or another screen. Most only move the
/// cursor or set a colour.
fn prints(piece: &[u8]) -> bool {
    let end = piece.iter().position(u8::is_ascii_alphabetic).map_or(0, |at| at + 1);
    !piece.starts_with(b"\x1b[") || end < piece.len() || piece.starts_with(b"\x1b[?")
}

/// Every place that a secret has come to without being asked for; what stays there is told once.
pub fn search(recording: &Recording, secrets: &Secrets, asked: &[Asked]) -> Vec<Hit> {
    let mut hits = sent(&recording.bytes, secrets, asked);
    let all = recording.bytes.len();
    let escapes = recording.bytes.iter().enumerate().filter(|(_, byte)| **byte == 0x1b).map(|(at, _)| at);
    let sizes = recording.sizes.iter().map(|(at, _)| *at);
    let edges = asked.iter().flat_map(|asked| [asked.bytes().start, asked.bytes().end.min(all)]);
    let mut cuts: Vec<usize> = escapes.chain(sizes).chain(edges).chain([all]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let (_, (columns, rows)) = recording.sizes[0];
    let mut emulator = vt100::Parser::new(cells(rows), cells(columns), SCROLLBACK);
    let mut before: Vec<Place> = Vec::new();
    let mut from = 0;
    for to in cuts {
        emulator.process(&recording.bytes[from..to]);
        let quiet = to < all && !prints(&recording.bytes[from..to]);
        from = to;
        if let Some((_, (columns, rows))) = recording.sizes.iter().rfind(|(at, _)| *at == to) {
            emulator.set_size(cells(*rows), cells(*columns));
        } else if quiet {
            continue;
        }
        let mut now = Vec::new();
        let screen = emulator.screen_mut();
        let main = !screen.alternate_screen();
        let revealed = asked.iter().any(|asked| {
            let Asked::Reveal(bytes) = asked else { return false };
            bytes.start < to && to < bytes.end
        });
        if (main || !revealed) && secrets.find(&joined(screen)).is_some() {
            now.push(if main { Place::Main } else { Place::Frame });
        }
        if main && secrets.find(&above(screen)).is_some() {
            now.push(Place::ScrollBack);
        }
        hits.extend(now.iter().filter(|place| !before.contains(place)).map(|place| Hit { place: *place, at: to }));
        before = now;
    }
    hits
}

/// The bytes themselves, but for those between which a secret was asked for.
fn sent(bytes: &[u8], secrets: &Secrets, asked: &[Asked]) -> Vec<Hit> {
    let mut asked: Vec<&Range<usize>> = asked.iter().map(Asked::bytes).collect();
    asked.sort_by_key(|range| range.start);
    let mut hits = Vec::new();
    let mut from = 0;
    for (start, end) in asked.iter().map(|range| (range.start, range.end)).chain([(bytes.len(), bytes.len())]) {
        if let Some(at) = secrets.find(&bytes[from.min(start)..start]) {
            hits.push(Hit { place: Place::Sent, at: from + at });
        }
        from = end.min(bytes.len());
    }
    hits
}

/// Reveals the keys on their screen, hides them again, and says between which bytes that was.
pub fn reveal_and_hide(pty: &Pty) -> Asked {
    let text = Text::of(Lang::En);
    let in_clear = text.t("keys-in-clear");
    let in_clear = in_clear.split('{').next().unwrap_or_default().trim();
    let from = pty.count();
    pty.keys("r").says(in_clear);
    pty.keys("r").wait("the keys to be hidden", |screen| {
        let seen = screen.contents();
        !seen.contains(in_clear) && seen.contains(&text.t("status-keys-unsaved"))
    });
    Asked::Reveal(from..pty.count())
}
