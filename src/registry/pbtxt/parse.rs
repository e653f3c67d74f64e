//! Tokens as a tree of fields with places.

use super::lexer::{self, Kind, Token};
use super::{Position, Problem};
use std::ops::Range;

/// How deep messages may lie in messages.
pub const DEEPEST: usize = 64;

/// A text as a tree.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// The outermost message.
    pub root: Message,
}

/// A message: its fields, in order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// Its fields.
    pub fields: Vec<Field>,
}

/// A field of a message.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Its name; extensions have theirs in square brackets.
    pub name: String,
    /// Where its name stands.
    pub at: Position,
    /// Its bytes in the text, with the separator behind it.
    pub span: Range<usize>,
    /// Its values: one, or those of a list.
    pub items: Vec<Item>,
    /// Whether they stand in square brackets.
    pub list: bool,
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Where.
    pub at: Position,
    /// The value.
    pub value: Value,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i128),
    /// Another number.
    Float(f64),
    /// A word: `true`, or one of a set.
    Word(String),
    /// A message.
    Message(Message),
}

impl Message {
    /// The values of all fields of this name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Item> + 'a {
        self.fields.iter().filter(move |field| field.name == name).flat_map(|field| &field.items)
    }

    /// The last value of this name: that is the one that counts where there should be one.
    pub fn last<'a>(&'a self, name: &'a str) -> Option<&'a Item> {
        self.all(name).last()
    }
}

/// Reads a text. The first thing that is no protobuf text ends it.
pub fn parse(text: &str) -> Result<Document, Problem> {
    let tokens = lexer::tokens(text).into_iter().filter(|token| token.kind != Kind::Comment).collect();
    let mut parser = Parser { text, tokens, next: 0, lines: line_starts(text) };
    let root = parser.fields(None, 0)?;
    Ok(Document { root })
}

fn line_starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}

struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Token>,
    next: usize,
    lines: Vec<usize>,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn kind(&self) -> Option<Kind> {
        self.peek().map(|token| token.kind)
    }

    fn word(&self, token: &Token) -> &'a str {
        self.text.get(token.range.clone()).unwrap_or_default()
    }

    fn eat(&mut self, mark: char) -> bool {
        let there = self.kind() == Some(Kind::Mark(mark));
        self.next += usize::from(there);
        there
    }

    fn position(&self, offset: usize) -> Position {
        let line = self.lines.partition_point(|start| *start <= offset).max(1);
        let start = self.lines.get(line - 1).copied().unwrap_or(0);
        let column = self.text.get(start..offset).map_or(0, |before| before.chars().count()) + 1;
        Position { line: u32::try_from(line).unwrap_or(u32::MAX), column: u32::try_from(column).unwrap_or(u32::MAX) }
    }

    fn here(&self) -> usize {
        self.peek().map_or(self.text.len(), |token| token.range.start)
    }

    fn problem(&self, at: usize, message: impl Into<String>) -> Problem {
        Problem { at: self.position(at), message: message.into(), doubtful: false }
    }

    /// That something else was expected here.
    fn expected(&self, what: &str) -> Problem {
        let Some(token) = self.peek() else {
            return self.problem(self.text.len(), format!("the text ends where {what} should be"));
        };
        let shown: String = self.word(token).chars().take(40).collect();
        let message = match token.kind {
            Kind::Open => "a text in quotes does not end on its line".to_owned(),
            _ => format!("expected {what}, found `{shown}`"),
        };
        self.problem(token.range.start, message)
    }

    /// Fields up to the mark that ends the message, or to the end of the text.
    fn fields(&mut self, close: Option<char>, depth: usize) -> Result<Message, Problem> {
        let mut message = Message::default();
        loop {
            match (self.kind(), close) {
                (None, None) => return Ok(message),
                (Some(Kind::Mark(mark)), Some(close)) if mark == close => {
                    self.next += 1;
                    return Ok(message);
                }
                (None, Some(close)) => return Err(self.expected(&format!("`{close}`"))),
                _ => message.fields.push(self.field(depth)?),
            }
        }
    }

    fn field(&mut self, depth: usize) -> Result<Field, Problem> {
        let start = self.here();
        let name = self.name()?;
        let colon = self.eat(':');
        let (items, list) = match self.kind() {
            Some(Kind::Mark('[')) => (self.list(depth, colon)?, true),
            Some(Kind::Mark('{' | '<')) => (vec![self.item(depth)?], false),
            _ if colon => (vec![self.item(depth)?], false),
            _ => return Err(self.expected("`:` or `{`")),
        };
        if !self.eat(',') {
            self.eat(';');
        }
        let end = self.next.checked_sub(1).and_then(|last| self.tokens.get(last)).map_or(start, |last| last.range.end);
        Ok(Field { name, at: self.position(start), span: start..end, items, list })
    }

    fn name(&mut self) -> Result<String, Problem> {
        if self.eat('[') {
            let mut name = String::from("[");
            while let Some(token) = self.peek()
                && matches!(token.kind, Kind::Word | Kind::Mark('.' | '/' | '-'))
            {
                name.push_str(self.word(token));
                self.next += 1;
            }
            if !self.eat(']') {
                return Err(self.expected("`]`"));
            }
            name.push(']');
            return Ok(name);
        }
        match self.peek() {
            Some(token) if token.kind == Kind::Word => {
                let name = self.word(token).to_owned();
                self.next += 1;
                Ok(name)
            }
            _ => Err(self.expected("the name of a field")),
        }
    }

    fn list(&mut self, depth: usize, colon: bool) -> Result<Vec<Item>, Problem> {
        self.next += 1;
        let mut items = Vec::new();
        if self.eat(']') {
            return Ok(items);
        }
        loop {
            if !colon && !matches!(self.kind(), Some(Kind::Mark('{' | '<'))) {
                return Err(self.problem(self.here(), "a list of plain values needs a `:` before it"));
            }
            items.push(self.item(depth)?);
            if self.eat(']') {
                return Ok(items);
            }
            if !self.eat(',') {
                return Err(self.expected("`,` or `]`"));
            }
        }
    }

    fn item(&mut self, depth: usize) -> Result<Item, Problem> {
        let start = self.here();
        let value = match self.kind() {
            Some(Kind::Mark(open @ ('{' | '<'))) => {
                if depth >= DEEPEST {
                    return Err(self.problem(start, format!("messages nest deeper than {DEEPEST}")));
                }
                self.next += 1;
                Value::Message(self.fields(Some(if open == '{' { '}' } else { '>' }), depth + 1)?)
            }
            Some(Kind::Text) => Value::Text(self.texts()?),
            Some(Kind::Number) => self.number(false)?,
            Some(Kind::Word) => self.literal(false)?,
            Some(Kind::Mark('-')) => {
                self.next += 1;
                match self.kind() {
                    Some(Kind::Number) => self.number(true)?,
                    Some(Kind::Word) => self.literal(true)?,
                    _ => return Err(self.expected("a number")),
                }
            }
            _ => return Err(self.expected("a value")),
        };
        Ok(Item { at: self.position(start), value })
    }

    /// Texts that stand side by side are one.
    fn texts(&mut self) -> Result<String, Problem> {
        let mut text = String::new();
        while let Some(token) = self.peek()
            && token.kind == Kind::Text
        {
            let start = token.range.start;
            let part = lexer::unquote(self.word(token));
            text += &part.map_err(|at| self.problem(start + at, "not an escape of protobuf's text format"))?;
            self.next += 1;
        }
        Ok(text)
    }

    fn literal(&mut self, negative: bool) -> Result<Value, Problem> {
        let Some(token) = self.peek() else { return Err(self.expected("a value")) };
        let word = self.word(token);
        let number = match word.to_ascii_lowercase().as_str() {
            "inf" | "infinity" => Some(if negative { f64::NEG_INFINITY } else { f64::INFINITY }),
            "nan" => Some(f64::NAN),
            _ => None,
        };
        let value = match number {
            Some(number) => Value::Float(number),
            None if negative => return Err(self.expected("a number")),
            None => Value::Word(word.to_owned()),
        };
        self.next += 1;
        Ok(value)
    }

    fn number(&mut self, negative: bool) -> Result<Value, Problem> {
        let Some(token) = self.peek() else { return Err(self.expected("a number")) };
        let word = self.word(token);
        let value = read_number(word, negative)
            .ok_or_else(|| self.problem(token.range.start, format!("`{word}` is no number")))?;
        self.next += 1;
        Ok(value)
    }
}

/// Decimal, `0x`, octal with a `0` before it, or with a fraction or an exponent.
fn read_number(word: &str, negative: bool) -> Option<Value> {
    let sign = if negative { -1 } else { 1 };
    let whole = if let Some(hex) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        i128::from(u64::from_str_radix(hex, 16).ok()?)
    } else if word.len() > 1 && word.starts_with('0') && word.bytes().all(|b| b.is_ascii_digit()) {
        i128::from(u64::from_str_radix(word, 8).ok()?)
    } else if let Ok(whole) = word.parse::<u64>() {
        i128::from(whole)
    } else {
        let digits = word.strip_suffix(['f', 'F']).unwrap_or(word);
        let plain = digits.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
        let number: f64 = digits.parse().ok().filter(|_| plain)?;
        return Some(Value::Float(if negative { -number } else { number }));
    };
    Some(Value::Integer(sign * whole))
}
