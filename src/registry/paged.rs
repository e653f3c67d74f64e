//! Versions and incomplete uploads, page by page, with the guards that a listing of keys has: what a
//! server says that cannot be right is said, the list is never cut short without a word, and it ends.

use super::again::again;
use super::listing::Doubt;
use crate::ports::Objects;
use crate::ports::objects::{Answer, ListQuery, Marker, ObjectError, UploadRow, VersionRow};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use tokio::sync::mpsc;

/// Empty pages in a row after which nobody believes that more is coming.
const MOST_EMPTY: usize = 1_000;
/// From so many rows on, a page that claims to be the last one is looked behind once: a server has been
/// seen to end lists of versions at 100 (rustfs/rustfs#7362).
const WORTH_A_LOOK: usize = 100;

/// A row that a marker can name.
pub trait Marked {
    /// Its key.
    fn key(&self) -> &str;
    /// Its version or upload.
    fn id(&self) -> &str;
}

impl Marked for VersionRow {
    fn key(&self) -> &str {
        &self.key
    }

    fn id(&self) -> &str {
        &self.version
    }
}

impl Marked for UploadRow {
    fn key(&self) -> &str {
        &self.key
    }

    fn id(&self) -> &str {
        &self.id
    }
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Ask for the page behind this marker, or for the first one.
    Ask(Option<Marker>),
    /// That was all.
    Complete,
    /// There may be more, but going on makes no sense.
    Stopped(Doubt),
}

/// Where a list stands between two pages.
#[derive(Clone, Debug)]
pub struct Pager {
    prefix: String,
    /// The last row so far.
    last: Option<Marker>,
    /// The identities of the rows of the last key: within a key they follow no order that can be compared.
    of_last: HashSet<String>,
    seen: HashSet<u64>,
    empty: usize,
    proving: bool,
    doubts: Vec<Doubt>,
    next: Step,
}

impl Pager {
    /// A list that begins, of everything under a prefix.
    pub fn new(prefix: &str) -> Self {
        Self {
            prefix: prefix.to_owned(),
            last: None,
            of_last: HashSet::new(),
            seen: HashSet::new(),
            empty: 0,
            proving: false,
            doubts: Vec::new(),
            next: Step::Ask(None),
        }
    }

    /// What is to be done next.
    pub fn next(&self) -> &Step {
        &self.next
    }

    /// What the server said that cannot be right, each once.
    pub fn doubts(&self) -> &[Doubt] {
        &self.doubts
    }

    /// Takes in the page that was asked for, and leaves the rows in it that are to be used.
    pub fn absorb<R: Marked>(&mut self, rows: &mut Vec<R>, truncated: bool, next: Option<Marker>) {
        let came = rows.len();
        let circle = !self.is_new(rows.first(), truncated, next.as_ref());
        let prefix = std::mem::take(&mut self.prefix);
        rows.retain(|row| row.key().starts_with(&prefix));
        self.prefix = prefix;
        if rows.len() < came {
            self.doubt(Doubt::Outside);
        }
        if circle {
            rows.clear();
        } else {
            self.take(rows);
        }
        let fresh = rows.len();
        let proving = std::mem::take(&mut self.proving);
        if proving && fresh > 0 {
            self.doubt(Doubt::FalseEnd);
        }
        self.empty = if came == 0 { self.empty + 1 } else { 0 };
        self.next = if proving && fresh == 0 {
            Step::Complete
        } else if circle {
            self.stop(Doubt::Circle)
        } else if self.empty > MOST_EMPTY {
            self.stop(Doubt::Empty)
        } else {
            self.after(came, truncated, next)
        };
    }

    fn after(&mut self, came: usize, truncated: bool, next: Option<Marker>) -> Step {
        match (truncated, next) {
            (true, Some(marker)) => Step::Ask(Some(marker)),
            (true, None) if self.last.is_none() => self.stop(Doubt::NoToken),
            (true, None) => {
                self.doubt(Doubt::NoToken);
                Step::Ask(self.last.clone())
            }
            (false, _) if came == 0 => Step::Complete,
            (false, Some(marker)) => {
                self.proving = true;
                Step::Ask(Some(marker))
            }
            (false, None) if came >= WORTH_A_LOOK && self.last.is_some() => {
                self.proving = true;
                Step::Ask(self.last.clone())
            }
            (false, None) => Step::Complete,
        }
    }

    /// Leaves out what came before, and says where keys do not grow.
    fn take<R: Marked>(&mut self, rows: &mut Vec<R>) {
        let (mut disordered, mut last, mut of_last) = (false, self.last.take(), std::mem::take(&mut self.of_last));
        rows.retain(|row| {
            let order = last.as_ref().map(|l| row.key().as_bytes().cmp(l.key.as_bytes()));
            match order {
                None | Some(std::cmp::Ordering::Greater) => {
                    of_last.clear();
                    of_last.insert(row.id().to_owned());
                }
                Some(std::cmp::Ordering::Equal) if !of_last.insert(row.id().to_owned()) => return false,
                Some(std::cmp::Ordering::Equal) => {}
                Some(std::cmp::Ordering::Less) => {
                    // Kept, because a server with an order of its own has it nowhere else.
                    disordered = true;
                    return true;
                }
            }
            last = Some(Marker { key: row.key().to_owned(), id: Some(row.id().to_owned()) });
            true
        });
        (self.last, self.of_last) = (last, of_last);
        if disordered {
            self.doubt(Doubt::Order);
        }
    }

    /// Whether a page is none that had come before. An empty one is told by where it leads.
    fn is_new<R: Marked>(&mut self, first: Option<&R>, truncated: bool, next: Option<&Marker>) -> bool {
        let mut hasher = DefaultHasher::new();
        match (first, next) {
            (Some(row), _) => (0, row.key(), row.id()).hash(&mut hasher),
            (None, Some(marker)) if truncated => (1, &marker.key, &marker.id).hash(&mut hasher),
            (None, _) => return true,
        }
        self.seen.insert(hasher.finish())
    }

    fn doubt(&mut self, doubt: Doubt) {
        if !self.doubts.contains(&doubt) {
            self.doubts.push(doubt);
        }
    }

    fn stop(&mut self, doubt: Doubt) -> Step {
        self.doubt(doubt);
        Step::Stopped(doubt)
    }
}

/// How a list came to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Everything has come; what is to be doubted in it.
    Whole(Vec<Doubt>),
    /// There is more than was wanted.
    Enough,
    /// The service cannot be followed any further.
    Stopped(Doubt),
    /// A page could not be had.
    Failed(ObjectError),
}

/// Hands every page of versions under a prefix on, until so many rows have come. The queue's bound is the reader's
/// budget. Dropping it gives up.
pub async fn load_versions<T>(
    objects: &dyn Objects,
    bucket: &str,
    prefix: &str,
    most: usize,
    to: &mpsc::Sender<T>,
    wrap: impl Fn(Vec<VersionRow>) -> T,
) -> Ended {
    let query = ListQuery { bucket: bucket.to_owned(), prefix: prefix.to_owned(), ..ListQuery::default() };
    let mut pager = Pager::new(prefix);
    let mut had = 0;
    loop {
        let from = match pager.next() {
            Step::Ask(_) if had >= most => return Ended::Enough,
            Step::Ask(from) => from.clone(),
            Step::Complete => return Ended::Whole(pager.doubts().to_vec()),
            Step::Stopped(doubt) => return Ended::Stopped(*doubt),
        };
        let page = match again(|| objects.list_versions(&query, from.as_ref())).await {
            Ok(page) => page,
            Err(error) => return Ended::Failed(error),
        };
        let mut rows = page.rows;
        pager.absorb(&mut rows, page.truncated, page.next);
        had += rows.len();
        // The reader may be gone: then nobody misses the rest.
        if to.send(wrap(rows)).await.is_err() {
            return Ended::Enough;
        }
    }
}

/// Gives every page of versions under a prefix, and in the end what is to be doubted. Dropping it gives up.
pub async fn versions(
    objects: &dyn Objects,
    bucket: &str,
    prefix: &str,
    mut each: impl FnMut(Vec<VersionRow>),
) -> Answer<Vec<Doubt>> {
    let query = ListQuery { bucket: bucket.to_owned(), prefix: prefix.to_owned(), ..ListQuery::default() };
    let mut pager = Pager::new(prefix);
    while let Step::Ask(from) = pager.next().clone() {
        let page = again(|| objects.list_versions(&query, from.as_ref())).await?;
        let mut rows = page.rows;
        pager.absorb(&mut rows, page.truncated, page.next);
        each(rows);
    }
    Ok(pager.doubts().to_vec())
}

/// Gives every page of incomplete uploads under a prefix, as far as the service lists them.
///
/// MinIO takes a prefix for the whole key of an upload, and without one lists those that were begun since it
/// was started (RELEASE.2025-10-15, tried by hand). So both are asked for, and each upload is given once.
pub async fn uploads(
    objects: &dyn Objects,
    bucket: &str,
    prefix: &str,
    mut each: impl FnMut(Vec<UploadRow>),
) -> Answer<Vec<Doubt>> {
    let mut given = HashSet::new();
    let mut doubts = Vec::new();
    let wider = (!prefix.is_empty()).then_some("");
    for asked in [Some(prefix), wider].into_iter().flatten() {
        let mut pager = Pager::new(asked);
        while let Step::Ask(from) = pager.next().clone() {
            let page = again(|| objects.list_uploads(bucket, asked, from.as_ref())).await?;
            let mut rows = page.rows;
            pager.absorb(&mut rows, page.truncated, page.next);
            rows.retain(|row| row.key.starts_with(prefix) && given.insert((row.key.clone(), row.id.clone())));
            each(rows);
        }
        doubts.extend(pager.doubts().iter().filter(|doubt| !doubts.contains(*doubt)).copied().collect::<Vec<_>>());
    }
    Ok(doubts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(key: &str, id: &str) -> UploadRow {
        UploadRow { key: key.to_owned(), id: id.to_owned(), begun: None }
    }

    fn marker(row: &UploadRow) -> Marker {
        Marker { key: row.key.clone(), id: Some(row.id.clone()) }
    }

    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Lie {
        No,
        NoToken,
        FalseEnd,
        EndWithToken,
        SamePage,
        EmptyForEver,
        Foreign,
    }

    /// Asks a server that errs as it is told until nothing more is to be asked.
    fn listed(all: &[UploadRow], page: usize, lie: Lie) -> (Vec<UploadRow>, Pager) {
        let mut pager = Pager::new("p");
        let (mut had, mut asked) = (Vec::new(), 0);
        while let Step::Ask(from) = pager.next().clone() {
            asked += 1;
            assert!(asked < 3_000, "it goes round in circles");
            let behind = |m: &Marker| all.iter().position(|r| marker(r) == *m).map_or(all.len(), |at| at + 1);
            let first = if lie == Lie::SamePage { 0 } else { from.as_ref().map_or(0, behind) };
            let end = (first + page).min(all.len());
            let mut rows = all[first..end].to_vec();
            let mut truncated = end < all.len();
            let mut next = rows.last().map(marker).filter(|_| truncated);
            match lie {
                Lie::NoToken => next = None,
                Lie::FalseEnd if asked == 1 => (truncated, next) = (false, None),
                Lie::EndWithToken if asked == 1 => truncated = false,
                Lie::SamePage => (truncated, next) = (true, all.first().map(marker)),
                Lie::EmptyForEver => {
                    rows.clear();
                    (truncated, next) = (true, Some(Marker { key: format!("p{asked}"), id: None }));
                }
                Lie::Foreign => rows.push(row("elsewhere", "x")),
                _ => {}
            }
            pager.absorb(&mut rows, truncated, next);
            had.extend(rows);
        }
        (had, pager)
    }

    fn many() -> Vec<UploadRow> {
        (0..1_000).map(|n| row(&format!("p{:04}", n / 3), &format!("{}", n % 3))).collect()
    }

    #[test]
    fn every_lie_is_said_and_none_makes_the_list_short() {
        for (lie, doubts) in [
            (Lie::No, vec![]),
            (Lie::NoToken, vec![Doubt::NoToken]),
            (Lie::FalseEnd, vec![Doubt::FalseEnd]),
            (Lie::EndWithToken, vec![Doubt::FalseEnd]),
            (Lie::Foreign, vec![Doubt::Outside]),
        ] {
            let (had, pager) = listed(&many(), 100, lie);
            assert_eq!((had, pager.doubts().to_vec()), (many(), doubts), "{lie:?}");
            assert_eq!(*pager.next(), Step::Complete);
        }
    }

    #[test]
    fn circles_end_and_no_row_counts_twice() {
        let (had, pager) = listed(&many(), 100, Lie::SamePage);
        assert_eq!((had.len(), pager.next()), (100, &Step::Stopped(Doubt::Circle)));
        let (had, pager) = listed(&many(), 100, Lie::EmptyForEver);
        assert_eq!((had.len(), pager.next()), (0, &Step::Stopped(Doubt::Empty)));
    }

    #[test]
    fn an_order_of_its_own_is_said_and_followed() {
        let all = [row("p2", "a"), row("p1", "a"), row("p3", "a")];
        let (had, pager) = listed(&all, 2, Lie::No);
        assert_eq!((had.as_slice(), pager.doubts()), (&all[..], &[Doubt::Order][..]));
    }

    proptest! {
        #[test]
        fn pages_of_any_size_give_the_same_list(
            mut names in prop::collection::vec(("p[ab]{0,2}", "[xyz]"), 0..40), page in 1_usize..7
        ) {
            names.sort();
            names.dedup();
            let all: Vec<_> = names.iter().map(|(k, id)| row(k, id)).collect();
            let (had, pager) = listed(&all, page, Lie::No);
            prop_assert_eq!(had, all);
            prop_assert!(pager.doubts().is_empty());
        }
    }
}
