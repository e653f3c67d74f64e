//! The rows that are seen: all that have come, or those that a filter lets through, in an order of their own.

use super::filter::Filter;
use super::pager::Doubt;
use super::rows::{Batch, Row, Rows};
use crate::ports::objects::ObjectError;
use std::cmp::Ordering;

/// By what rows are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// As they came: by name, on a server that keeps S3's promise.
    #[default]
    Name,
    /// The largest first, prefixes before all.
    Size,
    /// The newest first, prefixes before all.
    Modified,
}

impl Sort {
    /// The next one, round and round.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Name => Self::Size,
            Self::Size => Self::Modified,
            Self::Modified => Self::Name,
        }
    }
}

/// How a listing came to stand still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Everything has come.
    Complete,
    /// As many rows as were asked for have come; there is more.
    Paused,
    /// It was given up.
    Cancelled,
    /// The server cannot be followed any further.
    Stopped(Doubt),
    /// A page could not be had.
    Failed(ObjectError),
}

/// How many rows there are, as far as is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Rows that the filter lets through.
    pub shown: usize,
    /// Rows that have come.
    pub loaded: usize,
    /// Whether that is all; else there are at least so many.
    pub all: bool,
}

/// A listing as far as it has come.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    rows: Rows,
    bytes: u64,
    doubts: Vec<Doubt>,
    end: Option<End>,
    filter: Filter,
    sort: Sort,
    /// What is seen, where that is not everything as it came.
    shown: Option<Vec<u32>>,
    /// Rows that have come and are not in `shown` yet: merging each page into a sorted million would take
    /// longer than fetching it.
    merged: usize,
}

impl Listing {
    /// Takes in what has come.
    pub fn absorb(&mut self, batch: &Batch) {
        let taken = self.rows.extend(&batch.rows);
        if taken < batch.rows.len() {
            self.doubts.push(Doubt::TooMany);
        }
        let more = batch.rows.iter().take(taken).map(|row| row.size).fold(0, u64::saturating_add);
        self.bytes = self.bytes.saturating_add(more);
        self.doubts.extend(&batch.doubts);
        self.catch_up(false);
    }

    /// Nothing more comes.
    pub fn ended(&mut self, end: End) {
        self.end = Some(end);
        self.catch_up(true);
    }

    /// More comes after all.
    pub fn going_on(&mut self) {
        self.end = None;
    }

    /// How it came to stand still; `None` while more is coming.
    pub fn end(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// What is wrong with what the server said.
    pub fn doubts(&self) -> &[Doubt] {
        &self.doubts
    }

    /// How many rows there are.
    pub fn count(&self) -> Count {
        Count { shown: self.len(), loaded: self.rows.len(), all: self.end == Some(End::Complete) }
    }

    /// Bytes of all objects that have come.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// All rows as they came.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// How many rows are seen.
    pub fn len(&self) -> usize {
        self.shown.as_ref().map_or(self.rows.len(), Vec::len)
    }

    /// Whether none is seen.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row at a place of what is seen.
    pub fn get(&self, place: usize) -> Option<Row<'_>> {
        self.rows.get(self.id(place)? as usize)
    }

    /// Which row stands at a place, whatever the filter and the order.
    pub fn id(&self, place: usize) -> Option<u32> {
        match &self.shown {
            Some(shown) => shown.get(place).copied(),
            None => u32::try_from(place).ok().filter(|_| place < self.rows.len()),
        }
    }

    /// At which place a row is seen.
    pub fn place(&self, id: u32) -> Option<usize> {
        match &self.shown {
            Some(shown) => shown.iter().position(|one| *one == id),
            None => Some(id as usize).filter(|at| *at < self.rows.len()),
        }
    }

    /// The place of the first row whose name is not before this one: where a jump goes to. Only the rows that have
    /// come are known, and only in the order of their names.
    pub fn seek(&self, name: &str) -> usize {
        let before = |place: usize| self.get(place).is_some_and(|row| row.name.as_bytes() < name.as_bytes());
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if before(middle) { low = middle + 1 } else { high = middle }
        }
        low
    }

    /// The filter.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Sets the filter. One that only narrows the last one looks no further than at what was seen.
    pub fn set_filter(&mut self, filter: Filter) {
        let narrows = filter.narrows(&self.filter) && !self.filter.is_empty();
        self.filter = filter;
        match &mut self.shown {
            Some(shown) if narrows => {
                let (rows, filter) = (&self.rows, &self.filter);
                shown.retain(|id| rows.get(*id as usize).is_some_and(|row| filter.lets(row.name)));
            }
            _ => self.anew(),
        }
    }

    /// By what rows are ordered.
    pub fn sort(&self) -> Sort {
        self.sort
    }

    /// Sets the order.
    pub fn set_sort(&mut self, sort: Sort) {
        self.sort = sort;
        self.anew();
    }

    fn anew(&mut self) {
        self.merged = 0;
        self.shown = (!self.filter.is_empty() || self.sort != Sort::Name).then(Vec::new);
        self.catch_up(true);
    }

    /// Brings what is seen up to what has come. In an order of its own, rows wait until there are enough of
    /// them, or until nothing more comes.
    fn catch_up(&mut self, now: bool) {
        let Some(shown) = &mut self.shown else { return };
        let waiting = self.rows.len() - self.merged;
        if self.sort != Sort::Name && !now && waiting < (self.merged / 8).max(1) {
            return;
        }
        self.filter.found(&self.rows, self.merged, shown);
        self.merged = self.rows.len();
        if self.sort != Sort::Name {
            let rows = &self.rows;
            // Stable, and fast on what was sorted already: a long run and a short one.
            shown.sort_by(|a, b| compare(rows, self.sort, *a, *b));
        }
    }
}

fn compare(rows: &Rows, sort: Sort, a: u32, b: u32) -> Ordering {
    let (Some(x), Some(y)) = (rows.get(a as usize), rows.get(b as usize)) else { return Ordering::Equal };
    let by = match sort {
        Sort::Name => Ordering::Equal,
        Sort::Size => y.size.cmp(&x.size),
        Sort::Modified => y.modified.cmp(&x.modified),
    };
    x.kind.cmp(&y.kind).then(by).then(a.cmp(&b))
}
