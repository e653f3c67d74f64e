//! Text: how much of it there is, and what its lines end with.

use super::detect::is_text;
use super::window::Window;
use super::{Found, Note, note};

/// What is read of a text. A screen shows a few KiB; on a line of 64 kbit/s this is eight seconds.
const FIRST: u64 = 64 * 1024;

/// A text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Its lines, as far as it was read.
    pub lines: u64,
    /// Whether these are all.
    pub whole: bool,
    /// Lines end in CR LF.
    pub crlf: bool,
    /// It begins with a byte order mark.
    pub mark: bool,
}

pub(super) fn inspect(window: &Window) -> Found<Text> {
    let mut notes = Vec::new();
    let bytes = note(window.upto(0, FIRST), "the text", &mut notes)?.unwrap_or_default();
    if !is_text(bytes) {
        notes.push(Note::Bad("begins as text and goes on as something else"));
    }
    let lines = bytes.strip_suffix(b"\n").unwrap_or(bytes).split(|byte| *byte == b'\n').count();
    let lines = if bytes.is_empty() { 0 } else { lines };
    let whole = u64::try_from(bytes.len()).is_ok_and(|len| len == window.size());
    let text = Text {
        lines: u64::try_from(lines).unwrap_or(u64::MAX),
        whole,
        crlf: bytes.windows(2).any(|pair| pair == b"\r\n"),
        mark: bytes.starts_with(b"\xef\xbb\xbf"),
    };
    Ok((text, notes))
}
