//! Text from elsewhere, made safe to show.
//!
//! Hosts, registries and object names are data: nothing of theirs may move a cursor, set a title,
//! turn the reading direction round or answer a terminal's question.

use std::borrow::Cow;
use std::fmt::Write as _;

/// One line of foreign bytes as harmless text of at most `cap` bytes.
///
/// Escape sequences (CSI, OSC, DCS and the two-character ones) and control characters vanish, a tab
/// becomes a space, bad UTF-8 becomes the replacement character, and characters that change the
/// reading direction or end a line in some readers' eyes are written as `<U+202E>`. A cut line ends in `…`.
pub fn line(bytes: &[u8], cap: usize) -> String {
    text(&String::from_utf8_lossy(bytes), cap)
}

/// As [`line()`], for text.
pub fn text(input: &str, cap: usize) -> String {
    let mut out = String::with_capacity(input.len().min(cap));
    let mut chars = input.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => skip_escape(&mut chars),
            '\u{9b}' => skip_csi(&mut chars),
            '\u{9d}' | '\u{90}' | '\u{98}' | '\u{9e}' | '\u{9f}' => skip_string(&mut chars),
            '\t' => out.push(' '),
            c if c.is_control() => {}
            c if turns(c) => {
                let _ = write!(out, "<U+{:04X}>", c as u32);
            }
            c => out.push(c),
        }
        if out.len() > cap {
            let mut end = cap.saturating_sub('…'.len_utf8());
            while !out.is_char_boundary(end) {
                end -= 1;
            }
            out.truncate(end);
            out.push('…');
            break;
        }
    }
    out
}

/// A JSON text with escapes for every character that acts on a terminal or ends a line in some readers' eyes. It is
/// the same JSON: such characters stand in its texts only.
pub fn json(text: String) -> String {
    let acts = |c: char| c.is_control() || turns(c);
    if text.is_ascii() && !text.bytes().any(|b| b == 0x7f) || !text.chars().any(acts) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if acts(c) {
            let _ = write!(out, "\\u{:04x}", c as u32);
        } else {
            out.push(c);
        }
    }
    out
}

/// A text on its way into the cells of a screen, which takes control characters out by itself: with a replacement for
/// each character that turns the reading direction round or ends a line.
pub fn still(text: String) -> String {
    if text.is_ascii() || !text.contains(turns) { text } else { text.replace(turns, "\u{fffd}") }
}

/// Characters that change the reading direction or end a line.
fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{61c}')
}

/// A name as it can be told apart from every other: nothing vanishes. Control characters are written as
/// `\\n` or `\\x1b`, a backslash as two, characters that change the reading direction or take no room as `\\u{202e}`,
/// and a space at an end as `\\x20`. Nothing is cut.
pub fn visible(name: &str) -> Cow<'_, str> {
    let plain = |c: char| !c.is_control() && c != '\\' && !unseen(c);
    if name.chars().all(plain) && !name.starts_with(' ') && !name.ends_with(' ') {
        return Cow::Borrowed(name);
    }
    let mut out = String::with_capacity(name.len() + 8);
    let last = name.chars().count().saturating_sub(1);
    for (at, c) in name.chars().enumerate() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            ' ' if at == 0 || at == last => out.push_str("\\x20"),
            c if c.is_control() && (c as u32) < 0x80 => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c if c.is_control() || unseen(c) => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Characters that turn the reading direction round or that are not seen at all.
fn unseen(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

/// Several lines, each made safe; empty ones at the end are dropped.
pub fn lines(bytes: &[u8], cap: usize) -> Vec<String> {
    let mut found: Vec<String> =
        bytes.split(|b| *b == b'\n' || *b == b'\r').filter(|l| !l.is_empty()).map(|l| line(l, cap)).collect();
    while found.last().is_some_and(|l| l.trim().is_empty()) {
        found.pop();
    }
    found
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

fn skip_escape(chars: &mut Chars<'_>) {
    match chars.next() {
        Some('[') => skip_csi(chars),
        Some(']' | 'P' | 'X' | '^' | '_') => skip_string(chars),
        // Intermediate bytes, then one final byte.
        Some(c) if ('\u{20}'..='\u{2f}').contains(&c) => {
            while chars.next_if(|c| ('\u{20}'..='\u{2f}').contains(c)).is_some() {}
            chars.next();
        }
        _ => {}
    }
}

fn skip_csi(chars: &mut Chars<'_>) {
    while chars.next_if(|c| ('\u{20}'..='\u{3f}').contains(c)).is_some() {}
    chars.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
}

fn skip_string(chars: &mut Chars<'_>) {
    while let Some(c) = chars.next() {
        match c {
            '\u{07}' | '\u{9c}' => return,
            '\u{1b}' => {
                chars.next_if_eq(&'\\');
                return;
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::lines as lines_of;
    use super::*;
    use crate::base::fuzz;

    #[test]
    fn sequences_that_act_on_a_terminal_vanish() {
        assert_eq!(text("a\u{1b}[31;1mred\u{1b}[0m b", 80), "ared b");
        assert_eq!(text("\u{1b}]0;title\u{7}x\u{1b}]52;c;AAAA\u{1b}\\y", 80), "xy");
        assert_eq!(text("\u{9b}2Jz\u{1b}(Bq\u{1b}c!", 80), "zq!");
        assert_eq!(text("model\u{202e}gpj.exe", 80), "model<U+202E>gpj.exe");
        assert_eq!(line(b"ok\xff\x00\x07", 80), "ok\u{fffd}");
    }

    #[test]
    fn a_long_line_says_that_it_was_cut() {
        assert_eq!(text("abcdefgh", 6), "abc…");
        assert_eq!(text("ééééé", 7), "éé…");
    }

    #[test]
    fn json_stays_the_same_value_and_is_harmless() {
        let value = serde_json::json!({"a\u{9b}": "x\u{202e}y\u{2028}\u{7f}\n\u{1b}", "b": ["\u{e4}\u{4e2d}", 1]});
        let text = json(value.to_string());
        assert!(fuzz::harmless(&text), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).ok(), Some(value));
        assert_eq!(json("{\"a\":\"\u{e4}\"}".to_owned()), "{\"a\":\"\u{e4}\"}");
    }

    #[test]
    fn any_bytes_come_out_as_printable_text_of_bounded_length() {
        let lines = [
            "time=\"2026\" level=info msg=\"a \u{1b}[1mbold\u{1b}[0m word\"",
            "\u{1b}]8;;http://x\u{7}link\u{1b}]8;;\u{7}",
            "\u{e4}\u{4e2d}\u{6587}",
        ];
        fuzz::each(fuzz::CASES, |dice| {
            let mut bytes = dice.one(&lines).as_bytes().to_vec();
            fuzz::bend(dice, &mut bytes);
            let cap = 4 + dice.below(60);
            fuzz::shown(&line(&bytes, cap), cap);
            for one in lines_of(&bytes, cap) {
                fuzz::shown(&one, cap);
            }
            let name = String::from_utf8_lossy(&bytes);
            let seen = visible(&name);
            assert!(fuzz::harmless(&seen), "{seen:?}");
            assert!(seen.len() <= name.len() * 10);
        });
    }

    #[test]
    fn what_is_large_is_gone_through_once() {
        for piece in ["\u{1b}[", "\u{1b}]", "a", "\u{1b}", "\u{202e}", "\n", "\u{1b}[1m"] {
            let bytes = fuzz::large(piece).into_bytes();
            fuzz::soon("a line", || fuzz::shown(&line(&bytes, 2048), 2048));
            fuzz::soon("lines", || lines_of(&bytes, 240).len());
        }
    }
}
