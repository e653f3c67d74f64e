//! Places that somebody wants to come back to: bookmarks, and where one has been.
//!
//! Values only. They are kept in a file by `app::places`; no secret and no URL that was shared is ever among them.

use crate::plan::Failure;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Bookmarks that are kept; of more the oldest are forgotten.
pub const BOOKMARKS: usize = 200;
/// Places of the history that are kept; of more the oldest are forgotten.
pub const HISTORY: usize = 500;
/// Completions that are offered: more than a screen's lines help nobody.
const OFFERED: usize = 20;
/// The longest name of a bookmark, in bytes.
const NAME: usize = 200;

/// Which registry: a site's name, or the address of any other service.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RegistryId(String);

impl RegistryId {
    /// A site of ours.
    pub fn site(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// A service by its address. User names, passwords, paths and queries do not belong to it and are cut off.
    pub fn url(url: &str) -> Self {
        let (scheme, rest) = url.split_once("://").unwrap_or(("https", url));
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        Self(format!("{scheme}://{host}").to_ascii_lowercase())
    }
}

impl fmt::Display for RegistryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A bucket, and a prefix in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Location {
    /// Whose bucket.
    pub registry: RegistryId,
    /// The bucket.
    pub bucket: String,
    /// What its keys begin with; empty for the whole bucket.
    pub prefix: String,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.bucket, self.prefix)
    }
}

impl Location {
    /// Whether it can be kept: what was pasted in place of a prefix may be a URL that lets its holder in.
    fn keepable(&self) -> bool {
        !self.bucket.is_empty() && !lets_in(&self.bucket) && !lets_in(&self.prefix)
    }
}

/// A place with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmark {
    /// Where.
    pub at: Location,
    /// What it is called.
    pub name: String,
}

impl Bookmark {
    /// One with this name; without a name it is called as its place. What looks like a shared URL is refused, because
    /// whoever reads the file of bookmarks would have what it gives.
    pub fn new(at: Location, name: &str) -> Result<Self, Failure> {
        if !at.keepable() || lets_in(name) {
            return Err(Failure::permanent("a URL that lets its holder in is no bookmark")
                .help("Bookmark the bucket or the prefix."));
        }
        if name.len() > NAME {
            return Err(Failure::permanent(format!("a bookmark's name has at most {NAME} bytes")).help("Shorten it."));
        }
        let name = if name.trim().is_empty() { at.to_string() } else { name.trim().to_owned() };
        Ok(Self { at, name })
    }
}

/// Whether a text has in it what signs a shared URL, of either version of signatures.
fn lets_in(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["x-amz-signature=", "x-amz-credential=", "x-amz-security-token=", "awsaccesskeyid="]
        .iter()
        .any(|w| text.contains(w))
}

/// What a text on the go-to line may become.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// `bucket/prefix`.
    pub path: String,
    /// Why it is offered.
    pub from: Origin,
}

/// Where a completion comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The bookmark with this name.
    Bookmark(String),
    /// One has been there.
    History,
}

/// Bookmarks and history, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    bookmarks: Vec<Bookmark>,
    history: Vec<Location>,
}

impl Places {
    /// The bookmarks of a registry, the newest first.
    pub fn bookmarks(&self, of: &RegistryId) -> impl Iterator<Item = &Bookmark> {
        self.bookmarks.iter().rev().filter(move |one| one.at.registry == *of)
    }

    /// Where one has been in a registry, the newest first.
    pub fn history(&self, of: &RegistryId) -> impl Iterator<Item = &Location> {
        self.history.iter().rev().filter(move |one| one.registry == *of)
    }

    /// Everything, the oldest first.
    pub fn all(&self) -> (&[Bookmark], &[Location]) {
        (&self.bookmarks, &self.history)
    }

    /// Adds a bookmark, in place of one of the same place. Gives those that are forgotten for it.
    pub fn add(&mut self, bookmark: Bookmark) -> Vec<Bookmark> {
        self.bookmarks.retain(|one| one.at != bookmark.at);
        self.bookmarks.push(bookmark);
        let over = self.bookmarks.len().saturating_sub(BOOKMARKS);
        self.bookmarks.drain(..over).collect()
    }

    /// Removes the bookmark of a place.
    pub fn remove(&mut self, at: &Location) {
        self.bookmarks.retain(|one| one.at != *at);
    }

    /// Notes that somebody is there. The oldest place is forgotten where there are too many.
    pub fn visited(&mut self, at: Location) {
        if !at.keepable() {
            return;
        }
        self.history.retain(|one| *one != at);
        self.history.push(at);
        let over = self.history.len().saturating_sub(HISTORY);
        self.history.drain(..over);
    }

    /// What a text that is being typed may become: bookmarks before history, what begins so before what has it
    /// somewhere, the newest first. Also a bookmark's name counts.
    pub fn completions(&self, of: &RegistryId, typed: &str) -> Vec<Completion> {
        let typed = typed.strip_prefix("s3://").unwrap_or(typed).to_lowercase();
        let bookmarks = self.bookmarks(of).map(|one| (one.at.to_string(), Origin::Bookmark(one.name.clone())));
        let history = self.history(of).map(|at| (at.to_string(), Origin::History));
        let mut found: Vec<(u8, Completion)> = Vec::new();
        for (path, from) in bookmarks.chain(history) {
            let lower = path.to_lowercase();
            let name = match &from {
                Origin::Bookmark(name) => name.to_lowercase(),
                Origin::History => String::new(),
            };
            let rank = if lower.starts_with(&typed) || (!name.is_empty() && name.starts_with(&typed)) {
                0
            } else if lower.contains(&typed) || name.contains(&typed) {
                1
            } else {
                continue;
            };
            // What is there already needs no completion, and a bookmark stands for its place in the history.
            if path != typed && found.iter().all(|(_, other)| other.path != path) {
                found.push((rank, Completion { path, from }));
            }
        }
        found.sort_by_key(|(rank, _)| *rank);
        found.into_iter().map(|(_, completion)| completion).take(OFFERED).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge() -> RegistryId {
        RegistryId::site("edge")
    }

    fn at(bucket: &str, prefix: &str) -> Location {
        Location { registry: edge(), bucket: bucket.to_owned(), prefix: prefix.to_owned() }
    }

    fn mark(prefix: &str, name: &str) -> Bookmark {
        Bookmark::new(at("models", prefix), name).expect("a bookmark")
    }

    #[test]
    fn an_address_is_kept_without_what_lets_in() {
        for (url, kept) in [
            ("https://10.0.0.5:9000", "https://10.0.0.5:9000"),
            ("HTTPS://User:Pass@Host:9000/b/k?X-Amz-Signature=1#f", "https://host:9000"),
            ("host", "https://host"),
        ] {
            assert_eq!(RegistryId::url(url).to_string(), kept);
        }
    }

    #[test]
    fn a_shared_url_is_neither_bookmark_nor_history() {
        let url = "x?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=k&X-Amz-Signature=abc";
        assert!(Bookmark::new(at("models", url), "").is_err());
        assert!(Bookmark::new(at("models", "a/"), url).is_err());
        assert!(Bookmark::new(at("", ""), "").is_err());
        let mut places = Places::default();
        places.visited(at("models", url));
        places.visited(at("", ""));
        assert_eq!(places, Places::default());
        assert!(Bookmark::new(at("models", "a/"), &"x".repeat(NAME + 1)).is_err());
        assert_eq!(mark("a/", " ").name, "models/a/");
    }

    #[test]
    fn the_oldest_is_forgotten_and_said() {
        let mut places = Places::default();
        for n in 0..BOOKMARKS {
            assert_eq!(places.add(mark(&format!("{n}/"), "x")), []);
        }
        assert_eq!(places.add(mark("1/", "again")), [], "one of the same place is replaced");
        assert_eq!(places.add(mark("new/", "x")), [mark("0/", "x")]);
        for n in 0..=HISTORY {
            places.visited(at("models", &format!("{n}/")));
        }
        places.visited(at("models", "7/"));
        let history: Vec<String> = places.history(&edge()).map(ToString::to_string).collect();
        assert_eq!((history.len(), history[0].as_str(), history[1].as_str()), (HISTORY, "models/7/", "models/500/"));
        assert!(!history.contains(&"models/0/".to_owned()));
        places.remove(&at("models", "new/"));
        assert_eq!(places.bookmarks(&edge()).next().map(|one| one.name.as_str()), Some("again"));
        assert_eq!(places.bookmarks(&RegistryId::site("other")).count(), 0);
    }

    #[test]
    fn a_text_is_completed_by_what_begins_so_and_bookmarks_first() {
        let mut places = Places::default();
        places.add(mark("resnet50/", "Production"));
        for prefix in ["resnet50/", "old/resnet/", "Res/", "other/"] {
            places.visited(at("models", prefix));
        }
        places.visited(Location { registry: RegistryId::site("far"), bucket: "models".into(), prefix: "res/".into() });
        let offered = |typed: &str| -> Vec<String> {
            places.completions(&edge(), typed).into_iter().map(|one| one.path).collect()
        };
        assert_eq!(offered("s3://models/res"), ["models/resnet50/", "models/Res/"]);
        assert_eq!(offered("res"), ["models/resnet50/", "models/Res/", "models/old/resnet/"]);
        assert_eq!(offered("prod"), ["models/resnet50/"]);
        assert_eq!(places.completions(&edge(), "prod")[0].from, Origin::Bookmark("Production".to_owned()));
        assert_eq!(offered("models/other/"), Vec::<String>::new(), "it is there already");
        assert_eq!(offered("").len(), 4);
    }
}
