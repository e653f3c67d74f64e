//! Which rows are seen: those in whose name a text is found.

use super::rows::Rows;
use memchr::memchr2_iter;

/// A text to be found anywhere in a name. Capitals count where the text has one, and else do not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    text: String,
    exact: bool,
}

/// Bytes by how common they are in keys, the commonest first; any other is rarer.
const COMMON: &[u8] = b"0/-_.1e2an3trois4l5d6mc7p89ug";

impl Filter {
    /// A filter; with an empty text it lets everything through.
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), exact: text.chars().any(char::is_uppercase) }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether everything gets through.
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Whether whatever gets through this one got through that one.
    pub fn narrows(&self, wider: &Self) -> bool {
        self.text.contains(&wider.text) && (!wider.exact || self.exact)
    }

    fn same(&self, found: &[u8]) -> bool {
        let text = self.text.as_bytes();
        if self.exact { found == text } else { found.eq_ignore_ascii_case(text) }
    }

    /// Whether a name gets through.
    pub fn lets(&self, name: &str) -> bool {
        let name = name.as_bytes();
        self.is_empty() || name.windows(self.text.len()).any(|found| self.same(found))
    }

    /// Adds the rows from `from` on that get through. All names are searched in one go, by the text's rarest
    /// byte: a look at each name by itself takes several times as long.
    pub fn found(&self, rows: &Rows, from: usize, out: &mut Vec<u32>) {
        let index = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        if self.is_empty() {
            out.extend((from..rows.len()).map(index));
            return;
        }
        let text = self.text.as_bytes();
        let rank = |byte: u8| COMMON.iter().position(|c| *c == byte.to_ascii_lowercase()).unwrap_or(COMMON.len());
        let Some((offset, byte)) = text.iter().copied().enumerate().max_by_key(|(_, byte)| rank(*byte)) else { return };
        let (a, b) = if self.exact { (byte, byte) } else { (byte.to_ascii_lowercase(), byte.to_ascii_uppercase()) };
        let (names, range) = rows.text();
        let base = range(from).0;
        let mut row = from;
        let mut last = None;
        for hit in memchr2_iter(a, b, names.get(base..).unwrap_or_default()) {
            let hit = hit + base;
            while row < rows.len() && range(row).1 <= hit {
                row += 1;
            }
            let (begin, end) = range(row);
            let Some(start) = hit.checked_sub(offset).filter(|start| *start >= begin) else { continue };
            if last != Some(row) && start + text.len() <= end && self.same(&names[start..start + text.len()]) {
                last = Some(row);
                out.push(index(row));
            }
        }
    }
}
