//! Rows that take little room: one text holds all keys, and a row is 24 bytes beside it.

use crate::ports::objects::{ListPage, Moment};

/// What a row stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Everything that begins with this name, up to its `/`.
    Prefix,
    /// An object.
    Object,
}

/// A row without its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Slot {
    start: u32,
    /// S3 allows 1,024 bytes; a server that says more is cut off before.
    length: u16,
    kind: Kind,
    size: u64,
    /// Seconds since 1970, of which 2106 is the end; 0 where the server says nothing.
    modified: u32,
}

/// A row as it is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// What follows the listing's prefix.
    pub name: &'a str,
    /// What it stands for.
    pub kind: Kind,
    /// Bytes; 0 for a prefix.
    pub size: u64,
    /// When it was written.
    pub modified: Option<Moment>,
}

/// Rows in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    names: String,
    slots: Vec<Slot>,
}

/// The longest name that a row can hold, in bytes.
const LONGEST: usize = u16::MAX as usize;

impl Rows {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// A row.
    pub fn get(&self, at: usize) -> Option<Row<'_>> {
        self.slots.get(at).map(|slot| self.row(slot))
    }

    fn row(&self, slot: &Slot) -> Row<'_> {
        let modified = (slot.modified > 0).then_some(Moment::from(slot.modified));
        Row { name: self.name(slot), kind: slot.kind, size: slot.size, modified }
    }

    fn name(&self, slot: &Slot) -> &str {
        let start = slot.start as usize;
        self.names.get(start..start + usize::from(slot.length)).unwrap_or_default()
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Row<'_>> {
        self.slots.iter().map(|slot| self.row(slot))
    }

    /// Adds a row. A name that does not fit (more than 64 KiB, or 4 GiB of names) is not taken, and `false`
    /// says so.
    #[must_use]
    pub fn push(&mut self, row: Row<'_>) -> bool {
        let (Ok(start), true) = (u32::try_from(self.names.len()), row.name.len() <= LONGEST) else { return false };
        let length = u16::try_from(row.name.len()).unwrap_or(u16::MAX);
        let modified = row.modified.and_then(|m| u32::try_from(m).ok()).unwrap_or_default();
        self.names.push_str(row.name);
        self.slots.push(Slot { start, length, kind: row.kind, size: row.size, modified });
        true
    }

    /// Adds all rows of others, as far as there is room for their names, and says how many those were.
    pub fn extend(&mut self, other: &Rows) -> usize {
        let Ok(base) = u32::try_from(self.names.len()) else { return 0 };
        if u32::try_from(self.names.len() + other.names.len()).is_err() {
            // One after the other: what still fits is taken.
            return other.iter().take_while(|row| self.push(*row)).count();
        }
        self.names.push_str(&other.names);
        self.slots.extend(other.slots.iter().map(|slot| Slot { start: slot.start + base, ..*slot }));
        other.len()
    }

    /// All names one after the other, and where each row's name lies in them.
    pub(super) fn text(&self) -> (&[u8], impl Fn(usize) -> (usize, usize)) {
        let range = |at: usize| {
            self.slots.get(at).map_or((0, 0), |s| (s.start as usize, s.start as usize + usize::from(s.length)))
        };
        (self.names.as_bytes(), range)
    }

    /// Bytes that are taken up, with what is held in reserve.
    pub fn bytes(&self) -> usize {
        self.names.capacity() + self.slots.capacity() * size_of::<Slot>()
    }
}

/// What a page brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Its rows.
    pub rows: Rows,
    /// What is wrong with what the server said, found with this page.
    pub doubts: Vec<super::Doubt>,
}

/// A page's rows in the order of their names, and how many of its keys lie outside of the prefix.
pub(super) fn merged<'a>(page: &'a ListPage, prefix: &str) -> (Vec<Row<'a>>, usize) {
    let mut outside = 0;
    let mut rows: Vec<Row<'a>> = Vec::with_capacity(page.objects.len() + page.prefixes.len());
    for object in &page.objects {
        match object.key.strip_prefix(prefix) {
            Some(name) => rows.push(Row { name, kind: Kind::Object, size: object.size, modified: object.modified }),
            None => outside += 1,
        }
    }
    let objects = rows.len();
    for folded in &page.prefixes {
        match folded.strip_prefix(prefix) {
            Some(name) => rows.push(Row { name, kind: Kind::Prefix, size: 0, modified: None }),
            None => outside += 1,
        }
    }
    // Both parts come in the order of their names; where only one is there, that is kept as it came, so that a
    // server's own order can be seen.
    if objects > 0 && objects < rows.len() {
        rows.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
    }
    (rows, outside)
}
