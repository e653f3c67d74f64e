//! A prefix with a million keys, as the browser and `s3 ls` hold it: how long the first rows, the whole and a key of
//! the filter take, and how much room it needs. `cargo bench --bench listing`; it ends with 1 where a goal is
//! missed.
//!
//! The service is a stand-in that answers at once from memory: what is measured is what this program adds to a
//! server's own time. Reading the pages from XML is not part of it.

#![expect(clippy::print_stdout, reason = "figures, for whoever runs this")]

use modelquay::ports::objects::{ListPage, ListQuery, ObjectRow};
use modelquay::registry::listing::{End, Filter, Listing, Pager, Sort, Step};
use std::time::{Duration, Instant};

const KEYS: usize = 1_000_000;
const PAGE: usize = 1_000;

fn page(query: &ListQuery) -> ListPage {
    let first: usize = query.token.as_deref().and_then(|token| token.parse().ok()).unwrap_or_default();
    let end = (first + PAGE).min(KEYS);
    let objects = (first..end)
        .map(|n| ObjectRow {
            key: format!("flat/object-{n:07}-of-a-model.bin"),
            size: (n as u64).wrapping_mul(0x9e37_79b9) % (1 << 30),
            modified: Some(1_700_000_000 + i64::try_from(n).unwrap_or_default()),
            etag: Some(format!("{n:032x}")),
        })
        .collect();
    ListPage { objects, prefixes: Vec::new(), truncated: end < KEYS, next: (end < KEYS).then(|| end.to_string()) }
}

/// Resident memory in MiB, as the kernel counts it.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse::<u64>().unwrap_or_default() / 1024
}

fn main() {
    let before = resident();
    let mut pager = Pager::new(ListQuery { bucket: "big".into(), prefix: "flat/".into(), ..ListQuery::default() });
    let mut listing = Listing::default();
    let (mut own, mut first) = (Duration::ZERO, Duration::ZERO);
    while let Step::Ask(query) = pager.next().clone() {
        let page = page(&query);
        let begun = Instant::now();
        listing.absorb(&pager.absorb(&page));
        own += begun.elapsed();
        if first.is_zero() {
            first = own;
        }
    }
    listing.ended(End::Complete);
    let room = resident().saturating_sub(before);
    assert_eq!((listing.len(), listing.doubts().len()), (KEYS, 0));

    let mut typed = Vec::new();
    for text in ["9", "99", "99-", "99-o", "model", "7-of", "nowhere"] {
        let begun = Instant::now();
        listing.set_filter(Filter::new(text));
        typed.push((text, listing.len(), begun.elapsed()));
    }
    listing.set_filter(Filter::default());
    let begun = Instant::now();
    listing.set_sort(Sort::Size);
    let sorted = begun.elapsed();

    let mut missed = 0;
    let mut goal = |what: &str, figure: String, met: bool| {
        println!("{:<34} {figure:>16}  {}", what, if met { "ok" } else { "MISSED" });
        missed += u8::from(!met);
    };
    goal("first rows, after their page", format!("{first:.1?}"), first < Duration::from_millis(150));
    goal("all rows, this program's part", format!("{own:.0?}"), own < Duration::from_secs(5));
    goal("resident, with all rows", format!("{room} MiB"), room < 150);
    for (text, found, took) in typed {
        goal(&format!("filter {text:?}: {found} rows"), format!("{took:.1?}"), took < Duration::from_millis(50));
    }
    goal("sorted by size", format!("{sorted:.0?}"), sorted < Duration::from_secs(1));
    std::process::exit(i32::from(missed > 0));
}
