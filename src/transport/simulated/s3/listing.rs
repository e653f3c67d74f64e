//! Listings in pages: keys, versions and uploads under a prefix, with common prefixes.

use super::store::{Bucket, Version};

/// Where a page begins and how long it may be.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys that agree up to this, behind the prefix, become one common prefix.
    pub delimiter: String,
    /// Only keys behind this one.
    pub after: String,
    /// How many entries and common prefixes together.
    pub most: usize,
}

/// A page: what fits, the common prefixes, and the last key or prefix where there is more.
#[derive(Debug)]
pub struct Page<T> {
    /// The entries.
    pub entries: Vec<T>,
    /// The common prefixes.
    pub prefixes: Vec<String>,
    /// Where the next page goes on, where there is one.
    pub next: Option<String>,
}

/// How many entries a page has where the client does not say, and at most.
pub fn page_size(asked: Option<i32>) -> usize {
    asked.map_or(1000, |n| usize::try_from(n).unwrap_or(0).min(1000))
}

impl Ask {
    /// The common prefix that takes a key in, where one does.
    fn common(&self, key: &str) -> Option<String> {
        let rest = key.strip_prefix(&self.prefix)?;
        if self.delimiter.is_empty() {
            return None;
        }
        let at = rest.find(&self.delimiter)?;
        let end = self.prefix.len() + at + self.delimiter.len();
        key.get(..end).map(str::to_owned)
    }

    /// Makes a page out of keys in order. `each` gives a key's entries; a key is never split over
    /// two pages.
    pub fn page<'k, T>(&self, keys: impl Iterator<Item = &'k str>, mut each: impl FnMut(&str) -> Vec<T>) -> Page<T> {
        let mut page = Page { entries: Vec::new(), prefixes: Vec::new(), next: None };
        let mut last = String::new();
        for key in keys.filter(|k| k.starts_with(&self.prefix)) {
            let prefix = self.common(key);
            let place = prefix.as_deref().unwrap_or(key);
            // A common prefix that was given on the page before takes all its keys with it.
            let seen = key <= self.after.as_str() || prefix.as_deref() == Some(self.after.as_str());
            if seen || page.prefixes.last().is_some_and(|p| prefix.as_ref() == Some(p)) {
                continue;
            }
            let entries = if prefix.is_some() { Vec::new() } else { each(key) };
            if prefix.is_none() && entries.is_empty() {
                continue;
            }
            let used = page.entries.len() + page.prefixes.len();
            if used > 0 && used + entries.len().max(1) > self.most || self.most == 0 {
                page.next = Some(last);
                return page;
            }
            place.clone_into(&mut last);
            match prefix {
                Some(prefix) => page.prefixes.push(prefix),
                None => page.entries.extend(entries),
            }
        }
        page
    }
}

impl Bucket {
    /// A page of current objects.
    pub fn page(&self, ask: &Ask) -> Page<(String, Version)> {
        let shown = self.objects.iter().filter(|(_, v)| v.last().is_some_and(|v| !v.marker));
        ask.page(shown.map(|(k, _)| k.as_str()), |key| {
            let current = self.objects.get(key).and_then(|v| v.last());
            current.map(|v| (key.to_owned(), v.clone())).into_iter().collect()
        })
    }

    /// A page of versions and markers, the newest of each key first, each with whether it is the
    /// current one. A key's versions stay together, even where that makes a page longer than asked
    /// for: the real server may split them, so clients must not count on it.
    pub fn versions_page(&self, ask: &Ask) -> Page<(String, Version, bool)> {
        ask.page(self.objects.keys().map(String::as_str), |key| {
            let versions = self.objects.get(key).map(Vec::as_slice).unwrap_or_default();
            versions.iter().rev().enumerate().map(|(at, v)| (key.to_owned(), v.clone(), at == 0)).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn walk(keys: &[String], delimiter: &str, most: usize) -> (Vec<String>, Vec<String>) {
        let mut ask = Ask { delimiter: delimiter.into(), most, ..Ask::default() };
        let (mut entries, mut prefixes) = (Vec::new(), Vec::new());
        loop {
            let page = ask.page(keys.iter().map(String::as_str), |k| vec![k.to_owned()]);
            assert!(page.entries.len() + page.prefixes.len() <= most);
            entries.extend(page.entries);
            prefixes.extend(page.prefixes);
            match page.next {
                Some(next) => ask.after = next,
                None => return (entries, prefixes),
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn pages_of_any_size_give_the_same_listing(
            mut keys in prop::collection::vec("[ab/]{1,5}", 0..30), most in 1usize..7
        ) {
            keys.sort();
            keys.dedup();
            for delimiter in ["", "/"] {
                prop_assert_eq!(walk(&keys, delimiter, most), walk(&keys, delimiter, 1000));
            }
            prop_assert_eq!(walk(&keys, "", 1000).0, keys);
        }
    }
}
