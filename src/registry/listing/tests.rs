//! Servers that lie, keys that are hard, filters, orders and counts.

use super::*;
use crate::ports::objects::{ListPage, ListQuery, ObjectRow};
use proptest::prelude::*;

/// A server with these keys in its own order, that answers in pages of so many and errs as it is told.
struct Server {
    keys: Vec<String>,
    page: usize,
    lie: Lie,
    asked: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Lie {
    No,
    /// It says that there is more and forgets to say where.
    NoToken,
    /// It says after the first page that this was all, and gives no token.
    FalseEnd,
    /// The same, with a token.
    EndWithToken,
    /// It gives the same page for ever.
    SamePage,
    /// It does not know `StartAfter`.
    IgnoresStartAfter,
    /// It gives empty pages for ever, each with another token.
    EmptyForEver,
    /// It gives empty pages with one token.
    EmptyAgain,
    /// Every page has a key of another prefix.
    Foreign,
}

fn object(key: &str) -> ObjectRow {
    ObjectRow { key: key.to_owned(), size: key.len() as u64, modified: Some(1_700_000_000), etag: None }
}

impl Server {
    fn new(keys: impl IntoIterator<Item = String>, page: usize, lie: Lie) -> Self {
        Self { keys: keys.into_iter().collect(), page, lie, asked: 0 }
    }

    fn answer(&mut self, query: &ListQuery) -> ListPage {
        self.asked += 1;
        assert!(self.asked < 3_000, "it goes round in circles");
        let first = match (&query.token, &query.start_after) {
            (Some(_), _) if self.lie == Lie::SamePage => 0,
            (Some(token), _) => token.trim_start_matches('t').parse().expect("one of our tokens"),
            (None, Some(_)) if self.lie == Lie::IgnoresStartAfter => 0,
            (None, Some(behind)) => self.keys.iter().position(|key| key > behind).unwrap_or(self.keys.len()),
            (None, None) => 0,
        };
        let end = (first + self.page).min(self.keys.len());
        let mut objects: Vec<_> = self.keys[first..end].iter().map(|key| object(key)).collect();
        let more = end < self.keys.len();
        let mut page = ListPage { truncated: more, next: more.then(|| format!("t{end}")), ..ListPage::default() };
        match self.lie {
            Lie::NoToken => page.next = None,
            Lie::FalseEnd if self.asked == 1 => (page.truncated, page.next) = (false, None),
            Lie::EndWithToken if self.asked == 1 => page.truncated = false,
            Lie::SamePage => (page.truncated, page.next) = (true, Some("t0".to_owned())),
            Lie::EmptyForEver | Lie::EmptyAgain => {
                objects.clear();
                let token = if self.lie == Lie::EmptyAgain { 0 } else { self.asked };
                (page.truncated, page.next) = (true, Some(format!("{}0", "t".repeat(token + 1))));
            }
            Lie::Foreign => objects.push(object("elsewhere")),
            _ => {}
        }
        page.objects = objects;
        page
    }
}

fn listed(server: &mut Server, query: ListQuery) -> (Listing, Step) {
    let mut pager = Pager::new(query);
    let mut listing = Listing::default();
    loop {
        match pager.next().clone() {
            Step::Ask(query) => {
                let page = server.answer(&query);
                listing.absorb(&pager.absorb(&page));
            }
            end => {
                listing.ended(if end == Step::Complete { End::Complete } else { End::Cancelled });
                return (listing, end);
            }
        }
    }
}

fn names(listing: &Listing) -> Vec<String> {
    (0..listing.len()).filter_map(|place| Some(listing.get(place)?.name.to_owned())).collect()
}

fn keys(n: usize) -> Vec<String> {
    (0..n).map(|n| format!("p/{n:05}")).collect()
}

fn query() -> ListQuery {
    ListQuery { bucket: "b".into(), prefix: "p/".into(), ..ListQuery::default() }
}

#[test]
fn an_honest_server_is_listed_whole_in_as_many_requests_as_it_has_pages() {
    let mut server = Server::new(keys(2_500), 1_000, Lie::No);
    let (listing, end) = listed(&mut server, query());
    assert_eq!((listing.len(), end, server.asked), (2_500, Step::Complete, 3));
    assert_eq!(listing.doubts(), []);
    assert_eq!(listing.count(), Count { shown: 2_500, loaded: 2_500, all: true });
}

#[test]
fn every_lie_is_said_and_none_makes_the_list_short() {
    for (lie, doubt) in [
        (Lie::NoToken, Doubt::NoToken),
        (Lie::FalseEnd, Doubt::FalseEnd),
        (Lie::EndWithToken, Doubt::FalseEnd),
        (Lie::Foreign, Doubt::Outside),
    ] {
        let mut server = Server::new(keys(3_100), 1_000, lie);
        let (listing, end) = listed(&mut server, query());
        assert_eq!(listing.doubts(), [doubt]);
        assert_eq!((listing.len(), end), (3_100, Step::Complete), "{doubt:?}");
        assert!(names(&listing).is_sorted());
    }
}

#[test]
fn a_full_last_page_is_looked_behind_once() {
    let mut server = Server::new(keys(2_000), 1_000, Lie::No);
    let (listing, end) = listed(&mut server, query());
    assert_eq!((listing.len(), end, server.asked), (2_000, Step::Complete, 3));
    assert_eq!(listing.doubts(), []);
    // A server without `StartAfter` answers that look with its first page: no row comes twice.
    let mut server = Server::new(keys(1_000), 1_000, Lie::IgnoresStartAfter);
    let (listing, end) = listed(&mut server, query());
    assert_eq!((listing.len(), end, listing.doubts()), (1_000, Step::Complete, &[][..]));
}

#[test]
fn circles_end() {
    let mut server = Server::new(keys(500), 100, Lie::SamePage);
    let (listing, end) = listed(&mut server, query());
    assert_eq!((listing.len(), end), (100, Step::Stopped(Doubt::Circle)));
    let mut server = Server::new(keys(1), 1, Lie::EmptyForEver);
    assert_eq!(listed(&mut server, query()).1, Step::Stopped(Doubt::Empty));
    let mut server = Server::new(keys(1), 1, Lie::EmptyAgain);
    assert_eq!(listed(&mut server, query()).1, Step::Stopped(Doubt::Circle));
    assert!(server.asked < 4);
}

#[test]
fn a_server_with_an_order_of_its_own_is_listed_whole_and_it_is_said() {
    let keys = ["p/a/1", "p/a/2", "p/a-1", "p/a-2", "p/b"].map(str::to_owned);
    let mut server = Server::new(keys, 2, Lie::No);
    let (listing, end) = listed(&mut server, query());
    assert_eq!((names(&listing).len(), end), (5, Step::Complete));
    assert_eq!(listing.doubts(), [Doubt::Order]);
}

#[test]
fn a_listing_that_begins_behind_a_key_leaves_out_what_lies_before() {
    let behind = |key: &str| ListQuery { start_after: Some(key.into()), ..query() };
    let mut server = Server::new(keys(10), 100, Lie::No);
    let (listing, _) = listed(&mut server, behind("p/00006"));
    assert_eq!((names(&listing), listing.doubts()), (["00007", "00008", "00009"].map(str::to_owned).to_vec(), &[][..]));
    let mut server = Server::new(keys(10), 100, Lie::IgnoresStartAfter);
    let (listing, _) = listed(&mut server, behind("p/00006"));
    assert_eq!((listing.len(), listing.doubts()), (3, &[Doubt::Echo][..]));
}

#[test]
fn folded_prefixes_stand_among_the_objects_by_name() {
    let mut pager = Pager::new(ListQuery { folded: true, ..query() });
    let page = ListPage {
        objects: ["p/a", "p/c"].map(object).to_vec(),
        prefixes: vec!["p/b/".to_owned(), "p/d/".to_owned()],
        truncated: true,
        next: None,
    };
    let mut listing = Listing::default();
    listing.absorb(&pager.absorb(&page));
    assert_eq!(names(&listing), ["a", "b/", "c", "d/"]);
    assert_eq!(listing.get(1).map(|row| row.kind), Some(Kind::Prefix));
    let Step::Ask(next) = pager.next() else { panic!("there is more") };
    let behind = next.start_after.as_deref().expect("by key");
    assert!(behind > "p/d/zzz" && behind < "p/e", "{behind:?} is behind everything under p/d/");
}

#[test]
fn a_row_takes_24_bytes_beside_its_name() {
    let mut pager = Pager::new(query());
    let mut listing = Listing::default();
    let mut server = Server::new(keys(50_000), 1_000, Lie::No);
    while let Step::Ask(query) = pager.next().clone() {
        listing.absorb(&pager.absorb(&server.answer(&query)));
    }
    // Vectors double when they are full.
    let each = listing.rows().bytes() / listing.len();
    assert!(each <= 2 * (24 + 5), "{each} bytes a row");
}

#[test]
fn orders_and_filters_hold_while_more_comes() {
    let mut server = Server::new((0..5_000).map(|n| format!("p/{}{n}", "x".repeat(n * 7 % 40))), 1_000, Lie::No);
    server.keys.sort();
    let mut pager = Pager::new(query());
    let mut listing = Listing::default();
    listing.set_sort(Sort::Size);
    listing.set_filter(Filter::new("7"));
    while let Step::Ask(query) = pager.next().clone() {
        listing.absorb(&pager.absorb(&server.answer(&query)));
        let sizes: Vec<u64> = (0..listing.len()).filter_map(|place| Some(listing.get(place)?.size)).collect();
        assert!(sizes.is_sorted_by(|a, b| a >= b));
    }
    listing.ended(End::Complete);
    let expected = server.keys.iter().filter(|key| key.contains('7')).count();
    assert_eq!(listing.count(), Count { shown: expected, loaded: 5_000, all: true });
    let id = listing.id(17).expect("a row");
    listing.set_filter(Filter::default());
    listing.set_sort(Sort::Name);
    let place = listing.place(id).expect("all rows are seen");
    assert!(listing.get(place).is_some_and(|row| row.name.contains('7')));
}

#[test]
fn a_jump_goes_to_the_first_name_that_is_not_before() {
    let mut server = Server::new(keys(100), 100, Lie::No);
    let (listing, _) = listed(&mut server, query());
    assert_eq!((listing.seek("00042"), listing.seek("0004"), listing.seek("z")), (42, 40, 100));
}

proptest! {
    #[test]
    fn the_search_in_one_go_finds_what_a_look_at_each_name_does(
        names in prop::collection::vec("[abA/\u{e9}]{0,6}", 0..40),
        text in "[abA/\u{e9}]{0,3}",
        from in 0usize..10,
    ) {
        let mut rows = Rows::default();
        for name in &names {
            let taken = rows.push(Row { name, kind: Kind::Object, size: 0, modified: None });
            prop_assert!(taken);
        }
        let filter = Filter::new(&text);
        let from = from.min(names.len());
        let mut found = Vec::new();
        filter.found(&rows, from, &mut found);
        let found: Vec<usize> = found.into_iter().map(|at| at as usize).collect();
        let expected: Vec<usize> = (from..names.len()).filter(|at| filter.lets(&names[*at])).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_narrower_filter_finds_the_same_from_what_was_seen(
        tails in prop::collection::vec("[abA]{0,6}", 0..40),
        first in "[abA]{1,2}",
        more in "[abA]{0,2}",
    ) {
        let keys: Vec<String> = tails.iter().enumerate().map(|(n, tail)| format!("p/{n:03}{tail}")).collect();
        let (mut narrowed, _) = listed(&mut Server::new(keys.clone(), 1_000, Lie::No), query());
        let (mut fresh, _) = listed(&mut Server::new(keys, 1_000, Lie::No), query());
        narrowed.set_filter(Filter::new(&first));
        narrowed.set_filter(Filter::new(&format!("{first}{more}")));
        fresh.set_filter(Filter::new(&format!("{first}{more}")));
        prop_assert_eq!(names(&narrowed), names(&fresh));
    }
}
