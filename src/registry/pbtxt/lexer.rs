//! A text as tokens. Comments are kept, for the highlighter.

use std::ops::Range;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a word: letters, digits and `_`.
    Word,
    /// A number, without a sign.
    Number,
    /// A text in quotes that ends on its line.
    Text,
    /// A text that does not end.
    Open,
    /// One character.
    Mark(char),
    /// From `#` to the line's end.
    Comment,
}

/// A token and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
}

/// All tokens of a text.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    while let Some(rest) = text.get(at..)
        && let Some(first) = rest.chars().next()
    {
        let run = |more: fn(char) -> bool| rest.find(|c| !more(c)).unwrap_or(rest.len());
        let (kind, length) = match first {
            c if c.is_ascii_whitespace() || c == '\u{b}' => {
                at += 1;
                continue;
            }
            '#' => (Kind::Comment, run(|c| c != '\n')),
            c if c.is_ascii_alphabetic() || c == '_' => (Kind::Word, run(|c| c.is_ascii_alphanumeric() || c == '_')),
            c if c.is_ascii_digit() => (Kind::Number, number(rest)),
            '.' if rest[1..].starts_with(|c: char| c.is_ascii_digit()) => (Kind::Number, number(rest)),
            '"' | '\'' => quoted(rest, first),
            c => (Kind::Mark(c), c.len_utf8()),
        };
        found.push(Token { kind, range: at..at + length });
        at += length;
    }
    found
}

/// How long the number is that a text begins with. What is glued to it belongs to it, so that `1x`
/// is a bad number and not a number and a word.
fn number(text: &str) -> usize {
    let mut last = ' ';
    let hex = text.starts_with("0x") || text.starts_with("0X");
    text.find(|c: char| {
        let sign = matches!(c, '+' | '-') && matches!(last, 'e' | 'E') && !hex;
        last = c;
        !(sign || c.is_ascii_alphanumeric() || c == '.' || c == '_')
    })
    .unwrap_or(text.len())
}

fn quoted(text: &str, quote: char) -> (Kind, usize) {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\n' => return (Kind::Open, at),
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return (Kind::Text, at + 1),
            _ => {}
        }
    }
    (Kind::Open, text.len())
}

/// What a text in quotes stands for, or the place in it of a bad escape.
pub(super) fn unquote(quoted: &str) -> Result<String, usize> {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    let mut bytes = Vec::with_capacity(inner.len());
    let mut chars = inner.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c != '\\' {
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let bad = at + 1;
        let (_, escape) = chars.next().ok_or(bad)?;
        let mut digits = |radix: u32, most: usize, first: Option<u32>| {
            let mut value = first;
            for _ in 0..most {
                let Some(digit) = chars.peek().and_then(|(_, c)| c.to_digit(radix)) else { break };
                value = Some(value.unwrap_or(0) * radix + digit);
                chars.next();
            }
            value
        };
        match escape {
            'n' => bytes.push(b'\n'),
            't' => bytes.push(b'\t'),
            'r' => bytes.push(b'\r'),
            'a' => bytes.push(7),
            'b' => bytes.push(8),
            'f' => bytes.push(12),
            'v' => bytes.push(11),
            '\\' | '\'' | '"' | '?' => bytes.extend_from_slice(escape.encode_utf8(&mut [0; 4]).as_bytes()),
            '0'..='7' => {
                let value = digits(8, 2, escape.to_digit(8)).and_then(|value| u8::try_from(value).ok());
                bytes.push(value.ok_or(bad)?);
            }
            'x' | 'X' => {
                let value = digits(16, 2, None).and_then(|value| u8::try_from(value).ok());
                bytes.push(value.ok_or(bad)?);
            }
            'u' | 'U' => {
                let most = if escape == 'u' { 4 } else { 8 };
                let value = digits(16, most, None).and_then(char::from_u32).ok_or(bad)?;
                bytes.extend_from_slice(value.encode_utf8(&mut [0; 4]).as_bytes());
            }
            _ => return Err(bad),
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
