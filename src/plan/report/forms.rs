//! Secrets that are known by their form, in a line: users in addresses, presigned queries, tokens.

use super::removed::{Removed, Sort};
use crate::base::redact::MARK;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// What ends a word: blanks, quotes, and what stands around addresses in a text.
fn ends_word(c: char) -> bool {
    c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>' | '|')
}

/// From a place to the end of its word. A backslash in front of a quote belongs to the quote.
fn word_end(line: &str, from: usize) -> usize {
    let rest = line.get(from..).unwrap_or_default();
    let end = rest.find(ends_word).unwrap_or(rest.len());
    let word = rest.get(..end).unwrap_or_default();
    from + if end < rest.len() { word.trim_end_matches('\\').len() } else { end }
}

/// The first byte of the word that a place is in.
fn word_start(line: &str, at: usize) -> usize {
    let before = line.get(..at).unwrap_or_default();
    before.char_indices().rev().find(|(_, c)| ends_word(*c)).map_or(0, |(at, c)| at + c.len_utf8())
}

/// Finds without regard to case; `needle` is lower-case ASCII.
fn find(line: &str, from: usize, needle: &str) -> Option<usize> {
    let (hay, needle) = (line.as_bytes().get(from..)?, needle.as_bytes());
    let found = hay.windows(needle.len()).position(|window| window.eq_ignore_ascii_case(needle))?;
    Some(from + found)
}

/// Replaces a part of a line, unless it is the mark already. Gives where what follows begins.
fn take(line: &mut String, from: usize, to: usize, sort: Sort, removed: &mut Removed) -> usize {
    if line.get(from..to) != Some(MARK) && from < to {
        line.replace_range(from..to, MARK);
        removed.one(sort);
        return from + MARK.len();
    }
    to
}

/// Whether a text begins with a host of several parts: a name that ends in letters, or an IPv4 address.
fn begins_with_host(text: &str) -> bool {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-').unwrap_or(text.len());
    let parts: Vec<&str> = text.get(..end).unwrap_or_default().trim_end_matches('.').split('.').collect();
    let number = |part: &&str| part.parse::<u8>().is_ok();
    let letters = |part: &&str| part.len() > 1 && part.bytes().all(|b| b.is_ascii_alphabetic());
    parts.len() == 4 && parts.iter().all(number) || parts.len() > 1 && parts.last().is_some_and(letters)
}

/// `https://user:password@host`.
pub fn users(line: &mut String, removed: &mut Removed) {
    let mut from = 0;
    while let Some(at) = line.get(from..).and_then(|rest| rest.find("://")) {
        let start = from + at + 3;
        let word = line.get(start..word_end(line, start)).unwrap_or_default();
        let end = word.find(['/', '?', '#']).unwrap_or(word.len());
        let authority = word.get(..end).unwrap_or_default();
        // A password with a slash in it is no address any more, and is one all the same to who wrote it: what
        // follows the colon is no port then, or a host follows further behind.
        let port = authority.rsplit_once(':').map(|(_, port)| port);
        let odd = !authority.starts_with('[') && port.is_some_and(|p| !p.bytes().all(|b| b.is_ascii_digit()));
        let behind = |at: &usize| odd || word.get(at + 1..).is_some_and(begins_with_host);
        let user = authority.rfind('@').or_else(|| word.rfind('@').filter(behind));
        from = match user {
            Some(end) => take(line, start, start + end, Sort::UserInfo, removed),
            None => start,
        };
    }
}

/// Parts of a presigned query, of any service that has them.
const PRESIGNED: &[&str] = &["x-amz-", "awsaccesskeyid=", "x-goog-", "sig=", "signature="];

/// `?X-Amz-Signature=…`: the whole query, because its parts say together what they open.
pub fn presigned(line: &mut String, removed: &mut Removed) {
    for part in PRESIGNED {
        let mut from = 0;
        while let Some(at) = find(line, from, part) {
            let (start, end) = (word_start(line, at), word_end(line, at));
            let name = line.get(at..end).unwrap_or_default();
            let assigned = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').is_some_and(|n| {
                let rest = name.get(n..).unwrap_or_default();
                rest.starts_with('=') || rest.get(..3).is_some_and(|code| code.eq_ignore_ascii_case("%3d"))
            });
            let query = line.get(start..at).and_then(|word| word.find('?')).map(|mark| start + mark + 1);
            // Bare headers of that name are another matter.
            from = match query {
                Some(query) if assigned => take(line, query, end, Sort::Presigned, removed),
                None if assigned && part.ends_with('-') => take(line, at, end, Sort::Presigned, removed),
                _ => at + part.len(),
            };
        }
    }
}

/// How a token begins that is known by it, and how many of its letters follow at least.
const BEGINS: &[(&str, usize)] = &[
    ("age-secret-key-", 10),
    ("ghp_", 16),
    ("github_pat_", 16),
    ("glpat-", 16),
    ("dckr_pat_", 16),
    ("hf_", 16),
    ("nvapi-", 16),
];

fn of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '/' | '=' | '~')
}

/// Where the letters of a token end.
fn token_end(line: &str, from: usize) -> usize {
    let rest = line.get(from..).unwrap_or_default();
    from + rest.find(|c| !of_token(c)).unwrap_or(rest.len())
}

/// Tokens by their forms.
pub fn tokens(line: &mut String, removed: &mut Removed) {
    cluster_tokens(line, removed);
    for (begin, least) in BEGINS {
        let mut from = 0;
        while let Some(at) = find(line, from, begin) {
            let end = token_end(line, at);
            let whole = !line.get(..at).is_some_and(|before| before.ends_with(|c: char| c.is_ascii_alphanumeric()));
            let long = whole && end >= at + begin.len() + least;
            from = if long { take(line, at, end, Sort::Token, removed) } else { at + begin.len() };
        }
    }
    // A JSON Web Token: two parts of it begin with a brace and a quote in base64.
    let mut from = 0;
    while let Some(at) = line.get(from..).and_then(|rest| rest.find("eyJ")).map(|at| from + at) {
        let end = token_end(line, at);
        let jwt = line.get(at..end).is_some_and(|word| word.contains(".eyJ") && word.len() >= 30);
        from = if jwt { take(line, at, end, Sort::Token, removed) } else { at + 3 };
    }
    for scheme in ["bearer ", "basic "] {
        let mut from = 0;
        while let Some(at) = find(line, from, scheme) {
            let start = at + scheme.len();
            let end = token_end(line, start);
            let word = line.get(start..end).unwrap_or_default();
            // Prose goes on with a word of letters.
            let odd = word.bytes().any(|b| !b.is_ascii_lowercase() && !matches!(b, b'.' | b'-'));
            from = if word.len() >= 8 && odd { take(line, start, end, Sort::Token, removed) } else { start };
        }
    }
    // A signature of S3 in a header names the key, the scope and what it signs.
    let mut from = 0;
    while let Some(at) = find(line, from, "aws4-hmac-sha256 ") {
        let start = at + "aws4-hmac-sha256 ".len();
        let rest = line.get(start..).unwrap_or_default();
        let end = start + rest.find(['"', '\'', '\\', '<']).unwrap_or(rest.len());
        from = take(line, start, end, Sort::Token, removed);
    }
}

/// Tokens of an RKE2 cluster, with the hash of its CA (`K10…::server:…`) or without it.
fn cluster_tokens(line: &mut String, removed: &mut Removed) {
    let mut from = 0;
    while let Some(at) = line.get(from..).and_then(|rest| rest.find("::")).map(|at| from + at) {
        let before = line.get(..at).unwrap_or_default();
        let begin = before
            .rfind(|c: char| !c.is_ascii_alphanumeric())
            .map_or(0, |last| last + before.get(last..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8));
        let hash = before.get(begin..).unwrap_or_default();
        let full = hash.len() >= 35 && hash.starts_with("K10");
        let behind = line.get(at + 2..).unwrap_or_default();
        let named = ["server:", "node:", "agent:"].iter().any(|user| behind.starts_with(user));
        from = if full || named {
            let end = word_end(line, at);
            take(line, begin, end, Sort::Token, removed)
        } else {
            at + 2
        };
    }
}

/// The shortest base64 that is looked into.
const SHORTEST: usize = 24;

/// Texts in base64 that hold a secret: they go as a whole. `inner` says whether a text does.
pub fn encoded(line: &mut String, removed: &mut Removed, inner: impl Fn(&str) -> Option<Sort>) {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_');
    let mut from = 0;
    while let Some(start) = line.get(from..).and_then(|rest| rest.find(letter)).map(|at| from + at) {
        let rest = line.get(start..).unwrap_or_default();
        let run = rest.find(|c| !letter(c)).unwrap_or(rest.len());
        let pad = rest.get(run..).unwrap_or_default().bytes().take(2).take_while(|b| *b == b'=').count();
        from = start + run;
        if run < SHORTEST {
            continue;
        }
        let word = rest.get(..run).unwrap_or_default();
        // A letter too many at the end means no byte of its own.
        let whole = word.get(..run - usize::from(run % 4 == 1)).unwrap_or_default();
        let plain = whole.replace('-', "+").replace('_', "/");
        let text = STANDARD_NO_PAD.decode(plain).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        if let Some(sort) = text.and_then(|text| inner(&text)) {
            from = take(line, start, start + run + pad, sort, removed);
        }
    }
}
