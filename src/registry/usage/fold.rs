//! Sums by what follows a prefix.

use crate::ports::objects::{ObjectError, ObjectRow, VersionRow};
use crate::registry::listing::Doubt;
use std::collections::BTreeMap;
use std::ops::Bound;

/// How many lines are kept apart; what comes behind is summed up in one. A bucket of a million models
/// must not fill the memory.
const MOST_LINES: usize = 20_000;

/// What something holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// Current objects.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Versions that are not the current ones.
    pub old: u64,
    /// Their bytes.
    pub old_bytes: u64,
    /// Delete markers.
    pub markers: u64,
    /// Uploads that were begun and not finished.
    pub uploads: u64,
    /// The bytes of their parts.
    pub upload_bytes: u64,
}

impl Sum {
    /// All bytes.
    pub fn all_bytes(&self) -> u64 {
        self.bytes.saturating_add(self.old_bytes).saturating_add(self.upload_bytes)
    }

    fn add(&mut self, other: &Self) {
        let fields = [
            (&mut self.objects, other.objects),
            (&mut self.bytes, other.bytes),
            (&mut self.old, other.old),
            (&mut self.old_bytes, other.old_bytes),
            (&mut self.markers, other.markers),
            (&mut self.uploads, other.uploads),
            (&mut self.upload_bytes, other.upload_bytes),
        ];
        for (field, more) in fields {
            *field = field.saturating_add(more);
        }
    }
}

/// A line of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What follows the prefix: `model/`, `model/1/`, or the name of an object that lies beside them.
    pub name: String,
    /// What it holds.
    pub sum: Sum,
}

/// What is under a prefix, as far as it has been counted.
#[derive(Clone, Debug, Default)]
pub struct Usage {
    prefix: String,
    depth: usize,
    lines: BTreeMap<Box<str>, Sum>,
    rest: Sum,
    total: Sum,
    /// Whether old versions and delete markers were counted; else why not.
    pub without_versions: Option<ObjectError>,
    /// Why incomplete uploads were not counted.
    pub without_uploads: Option<ObjectError>,
    /// What is to be doubted in what the server said.
    pub doubts: Vec<Doubt>,
    /// Whether everything has been counted.
    pub complete: bool,
}

impl Usage {
    /// Nothing counted yet. `depth`: how many steps below the prefix are told apart: 1 for models, 2 for
    /// their versions.
    pub fn new(prefix: &str, depth: usize) -> Self {
        Self { prefix: prefix.to_owned(), depth: depth.max(1), ..Self::default() }
    }

    /// The prefix that it is of.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Everything under the prefix.
    pub fn total(&self) -> &Sum {
        &self.total
    }

    /// What did not get lines of its own.
    pub fn rest(&self) -> &Sum {
        &self.rest
    }

    /// A current object.
    pub fn object(&mut self, row: &ObjectRow) {
        self.add(&row.key, &Sum { objects: 1, bytes: row.size, ..Sum::default() });
    }

    /// A version or a delete marker.
    pub fn version(&mut self, row: &VersionRow) {
        let sum = match (row.marker, row.latest) {
            (true, _) => Sum { markers: 1, ..Sum::default() },
            (false, true) => Sum { objects: 1, bytes: row.size, ..Sum::default() },
            (false, false) => Sum { old: 1, old_bytes: row.size, ..Sum::default() },
        };
        self.add(&row.key, &sum);
    }

    /// An incomplete upload and the bytes of its parts.
    pub fn upload(&mut self, key: &str, bytes: u64) {
        self.add(key, &Sum { uploads: 1, upload_bytes: bytes, ..Sum::default() });
    }

    fn add(&mut self, key: &str, sum: &Sum) {
        self.total.add(sum);
        let name = key.strip_prefix(self.prefix.as_str()).unwrap_or(key);
        let name = step(name, self.depth);
        if let Some(line) = self.lines.get_mut(name) {
            line.add(sum);
        } else if self.lines.len() < MOST_LINES {
            self.lines.insert(name.into(), *sum);
        } else {
            self.rest.add(sum);
        }
    }

    /// The lines of one depth, below `under` (empty for all), the largest first; those of the same size by
    /// name.
    pub fn lines(&self, under: &str, depth: usize) -> Vec<Line> {
        let mut found: Vec<Line> = Vec::new();
        let lines = self
            .lines
            .range::<str, _>((Bound::Included(under), Bound::Unbounded))
            .take_while(|(name, _)| name.starts_with(under));
        for (name, sum) in lines {
            let name = step(name, depth.max(1));
            match found.last_mut() {
                Some(line) if line.name == name => line.sum.add(sum),
                _ => found.push(Line { name: name.to_owned(), sum: *sum }),
            }
        }
        found.sort_by(|a, b| b.sum.all_bytes().cmp(&a.sum.all_bytes()).then_with(|| a.name.cmp(&b.name)));
        found
    }
}

/// The first so many steps of a name, each with its `/`.
fn step(name: &str, depth: usize) -> &str {
    let end = name.match_indices('/').nth(depth - 1).map_or(name.len(), |(at, _)| at + 1);
    name.get(..end).unwrap_or(name)
}
