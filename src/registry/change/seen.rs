//! Which things were met before, at little cost where they come in order: a million keys would be held twice.

use super::delete::Doomed;
use std::collections::BTreeSet;

/// What was met. As long as keys grow nothing is met again, except versions of the last key.
#[derive(Default)]
pub(super) struct Seen {
    /// Versions of the last key.
    versions: BTreeSet<Option<String>>,
    /// Everything, once a key came that does not follow the one before.
    all: Option<BTreeSet<Doomed>>,
}

impl Seen {
    /// Whether something is met for the first time; `before` is everything that was.
    pub(super) fn first_time(&mut self, doomed: &Doomed, before: &[Doomed]) -> bool {
        if let Some(all) = &mut self.all {
            return all.insert(doomed.clone());
        }
        match before.last().map(|last| last.key.cmp(&doomed.key)) {
            Some(std::cmp::Ordering::Equal) => self.versions.insert(doomed.version.clone()),
            Some(std::cmp::Ordering::Greater) => {
                self.all.insert(before.iter().cloned().collect()).insert(doomed.clone())
            }
            _ => {
                self.versions = BTreeSet::from([doomed.version.clone()]);
                true
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn each_thing_is_met_once_in_whatever_order_they_come(
            things in prop::collection::vec((0..6u8, prop::option::of(0..3u8)), 0..30),
            in_order: bool,
        ) {
            let mut things = things;
            if in_order {
                things.sort_by_key(|(key, _)| *key);
            }
            let doomed = |(key, version): (u8, Option<u8>)| {
                Doomed { key: key.to_string(), version: version.map(|v| v.to_string()) }
            };
            let (mut seen, mut taken, mut known) = (Seen::default(), Vec::new(), BTreeSet::new());
            for thing in things.into_iter().map(doomed) {
                prop_assert_eq!(seen.first_time(&thing, &taken), known.insert(thing.clone()));
                if taken.len() < known.len() {
                    taken.push(thing);
                }
            }
            prop_assert!(!in_order || seen.all.is_none());
        }
    }
}
