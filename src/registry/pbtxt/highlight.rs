//! Texts in colours, by role. What the roles look like is decided where there is a screen.

use super::lexer::{Kind, tokens};
use std::ops::Range;

/// What a piece of text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The name of a field.
    Name,
    /// A text in quotes.
    Text,
    /// A number.
    Number,
    /// A word that is a value: `true`, `TYPE_FP32`.
    Word,
    /// A comment.
    Comment,
    /// Braces, colons and the like.
    Mark,
    /// What cannot be.
    Wrong,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its bytes.
    pub range: Range<usize>,
    /// What it is.
    pub role: Role,
}

/// Protobuf's text format. The spans are in order and do not overlap; blanks between them have none.
pub fn highlight_pbtxt(text: &str) -> Vec<Span> {
    let tokens = tokens(text);
    let follows = |at: usize| tokens.iter().skip(at + 1).find(|token| token.kind != Kind::Comment).map(|t| t.kind);
    let before =
        |at: usize| tokens.iter().take(at).rev().find(|token| token.kind != Kind::Comment).map(|token| token.kind);
    let role = |at: usize, kind: Kind| match kind {
        Kind::Comment => Role::Comment,
        Kind::Number => Role::Number,
        Kind::Text => Role::Text,
        Kind::Mark('{' | '}' | '<' | '>' | '[' | ']' | ':' | ',' | ';' | '-' | '.' | '/') => Role::Mark,
        Kind::Open | Kind::Mark(_) => Role::Wrong,
        Kind::Word => match (before(at), follows(at)) {
            (Some(Kind::Mark(':')), _) => Role::Word,
            (_, Some(Kind::Mark(':' | '{' | '<' | '['))) => Role::Name,
            _ => Role::Word,
        },
    };
    let spans = tokens.iter().enumerate();
    spans.map(|(at, token)| Span { range: token.range.clone(), role: role(at, token.kind) }).collect()
}

/// JSON, by the same means: its texts are in double quotes and those before a colon are names.
pub fn highlight_json(text: &str) -> Vec<Span> {
    let tokens = tokens(text);
    let role = |at: usize, kind: Kind| match kind {
        Kind::Text if tokens.get(at + 1).is_some_and(|next| next.kind == Kind::Mark(':')) => Role::Name,
        Kind::Text => Role::Text,
        Kind::Number => Role::Number,
        Kind::Word => Role::Word,
        Kind::Mark('{' | '}' | '[' | ']' | ':' | ',' | '-') => Role::Mark,
        Kind::Open | Kind::Comment | Kind::Mark(_) => Role::Wrong,
    };
    let spans = tokens.iter().enumerate();
    spans.map(|(at, token)| Span { range: token.range.clone(), role: role(at, token.kind) }).collect()
}
