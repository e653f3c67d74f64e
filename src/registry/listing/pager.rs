//! Which page comes next, and what is wrong with what a server says. A listing is never cut short without a
//! word, and never goes round in circles.

use super::rows::{Batch, Row, merged};
use crate::ports::objects::{ListPage, ListQuery};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// What a server said that cannot be right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// It said that there is more and not where: gone on from the last key.
    NoToken,
    /// It said that this was all, and there was more.
    FalseEnd,
    /// A page came that had come before: ended there.
    Circle,
    /// Keys do not come in the order of their bytes, as S3 promises; some may be there twice.
    Order,
    /// Keys came that lie before where the listing was to begin; left out.
    Echo,
    /// Keys that do not begin with the prefix came; left out.
    Outside,
    /// A thousand pages in a row were empty: ended there.
    Empty,
    /// There are more keys than can be kept.
    TooMany,
}

impl Doubt {
    /// Whether the listing ended because of it.
    pub fn ends(self) -> bool {
        matches!(self, Self::Circle | Self::Empty | Self::TooMany)
    }
}

/// Empty pages in a row after which nobody believes that more is coming. MinIO gives some where many objects
/// are deleted.
const MOST_EMPTY: usize = 1_000;
/// How many rows a page holds where nobody asked for fewer.
const PAGE: usize = 1_000;

/// What is to be done after a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask for this page.
    Ask(ListQuery),
    /// That was all.
    Complete,
    /// There may be more, but going on makes no sense.
    Stopped(Doubt),
}

/// Where a listing stands between two pages.
#[derive(Clone, Debug)]
pub struct Pager {
    query: ListQuery,
    /// The greatest key so far.
    last: Option<String>,
    /// What the first rows of the pages were: a page that comes a second time leads in a circle.
    seen: HashSet<u64>,
    begun: bool,
    empty: usize,
    /// Whether the page under way only looks whether the end was one.
    proving: bool,
    said: Vec<Doubt>,
    next: Step,
}

impl Pager {
    /// A listing that begins.
    pub fn new(query: ListQuery) -> Self {
        Self {
            last: query.start_after.clone(),
            seen: HashSet::new(),
            begun: false,
            empty: 0,
            proving: false,
            said: Vec::new(),
            next: Step::Ask(query.clone()),
            query,
        }
    }

    /// What is to be done next.
    pub fn next(&self) -> &Step {
        &self.next
    }

    /// What the listing is of.
    pub fn query(&self) -> &ListQuery {
        &self.query
    }

    /// Takes in the page that was asked for.
    pub fn absorb(&mut self, page: &ListPage) -> Batch {
        let mut batch = Batch::default();
        let mut doubts = Vec::new();
        let (rows, outside) = merged(page, &self.query.prefix);
        if outside > 0 {
            doubts.push(Doubt::Outside);
        }
        let circle = !self.is_new(page, rows.first());
        let fresh = if circle { 0 } else { self.take(&rows, &mut batch, &mut doubts) };
        match (circle, self.proving) {
            (true, false) => doubts.push(Doubt::Circle),
            (false, true) if fresh > 0 => doubts.push(Doubt::FalseEnd),
            _ => {}
        }
        self.empty = if rows.is_empty() { self.empty + 1 } else { 0 };
        self.begun = true;
        self.next = self.after(page, rows.len(), fresh, &mut doubts);
        for doubt in doubts {
            if !self.said.contains(&doubt) {
                self.said.push(doubt);
                batch.doubts.push(doubt);
            }
        }
        batch
    }

    /// Takes the rows of a page, and says how many lie behind all that had come before.
    fn take(&mut self, rows: &[Row<'_>], batch: &mut Batch, doubts: &mut Vec<Doubt>) -> usize {
        let prefix = self.query.prefix.clone();
        // A key behind which the listing begins need not lie under the prefix; then all of it is fresh or none is.
        let limit = self.last.clone().unwrap_or_default();
        let limit = if limit.starts_with(&prefix) { limit[prefix.len()..].to_owned() } else { String::new() };
        let (mut greatest, mut fresh) = (limit.clone(), 0);
        let mut previous: &str = "";
        for row in rows {
            let old = !limit.is_empty() && row.name.as_bytes() <= limit.as_bytes();
            if old && !self.begun {
                // Only a key behind which it was to begin is known before the first page.
                doubts.push(Doubt::Echo);
                continue;
            }
            fresh += usize::from(!old);
            let disordered = !previous.is_empty() && row.name.as_bytes() <= previous.as_bytes();
            if old || disordered {
                doubts.push(Doubt::Order);
            }
            previous = row.name;
            if greatest.as_bytes() < row.name.as_bytes() {
                row.name.clone_into(&mut greatest);
            }
            if !batch.rows.push(*row) {
                doubts.push(Doubt::TooMany);
                break;
            }
        }
        if fresh > 0 {
            self.last = Some(format!("{prefix}{greatest}"));
        }
        fresh
    }

    /// Whether a page is none that had come before. An empty one is told by where it leads.
    fn is_new(&mut self, page: &ListPage, first: Option<&Row<'_>>) -> bool {
        let mut hasher = DefaultHasher::new();
        match first {
            Some(row) => (row.name, row.kind as u8).hash(&mut hasher),
            None if page.truncated => page.next.hash(&mut hasher),
            None => return true,
        }
        self.seen.insert(hasher.finish())
    }

    fn after(&mut self, page: &ListPage, rows: usize, fresh: usize, doubts: &mut Vec<Doubt>) -> Step {
        let was_proving = std::mem::take(&mut self.proving);
        if let Some(end) = doubts.iter().find(|doubt| doubt.ends()) {
            return Step::Stopped(*end);
        }
        if self.empty > MOST_EMPTY {
            doubts.push(Doubt::Empty);
            return Step::Stopped(Doubt::Empty);
        }
        if was_proving && fresh == 0 {
            return Step::Complete;
        }
        let by_token = |token: &String| {
            let mut query = self.query.clone();
            query.token = Some(token.clone());
            Step::Ask(query)
        };
        match (page.truncated, &page.next) {
            (true, Some(token)) => by_token(token),
            (true, None) => {
                doubts.push(Doubt::NoToken);
                self.by_key()
            }
            (false, _) if rows == 0 => Step::Complete,
            // A full page that claims to be the last one is looked behind once: servers have been seen to
            // forget what follows.
            (false, _) if rows >= self.query.max.map_or(PAGE, usize::from) => {
                self.proving = true;
                self.by_key()
            }
            (false, Some(token)) => {
                self.proving = true;
                by_token(token)
            }
            (false, None) => Step::Complete,
        }
    }

    /// Goes on behind the last key. A folded prefix ends with its `/`: behind it lie its own keys, so the greatest
    /// text that begins with it is named.
    fn by_key(&self) -> Step {
        let Some(last) = &self.last else { return Step::Complete };
        let behind = if self.query.folded && last.ends_with('/') { format!("{last}\u{10ffff}") } else { last.clone() };
        let mut query = self.query.clone();
        (query.token, query.start_after) = (None, Some(behind));
        Step::Ask(query)
    }
}
