//! Every command with the request by which it does its work, and how it ends on each bad day.

use super::super::bytes;
use super::super::publish::config;
use std::collections::BTreeMap;

/// What happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Day {
    /// The request is refused for good.
    Denied,
    /// There is no such bucket any more.
    Missing,
    /// A condition of the request does not hold.
    Unmet,
    /// The service is busy for longer than anybody waits.
    Busy,
    /// The answer breaks off, every time.
    Torn,
    /// Nothing can be written on this computer.
    Full,
    /// One request is carried out and its answer is lost.
    Lost,
    /// Nothing is answered any more.
    Cut,
}

pub(super) use Day::{Busy, Cut, Denied, Full, Lost, Missing, Torn, Unmet};

pub(super) const DAYS: [Day; 8] = [Denied, Missing, Unmet, Busy, Torn, Full, Lost, Cut];

/// A command and how it ends on each of the days, in their order.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) args: &'static [&'static str],
    /// The request by which it does its work.
    pub(super) request: (&'static str, &'static str),
    pub(super) exits: [i32; 8],
    pub(super) done: fn(&After) -> bool,
}

/// The objects and the files that there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct After {
    pub(super) buckets: Vec<String>,
    /// What is under each key, and its tags and notes.
    pub(super) objects: BTreeMap<String, (Vec<u8>, String)>,
    pub(super) uploads: Vec<(String, String)>,
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) journals: String,
}

impl After {
    fn has(&self, key: &str) -> bool {
        self.objects.contains_key(key)
    }

    fn many(&self, prefix: &str) -> usize {
        self.objects.keys().filter(|key| key.starts_with(prefix)).count()
    }

    fn is(&self, key: &str, bytes: &[u8]) -> bool {
        self.objects.get(key).is_some_and(|(there, _)| there == bytes)
    }

    fn noted(&self, key: &str, words: &str) -> bool {
        self.objects.get(key).is_some_and(|(_, notes)| notes.contains(words))
    }

    fn file(&self, name: &str, bytes: &[u8]) -> bool {
        self.files.get(name).is_some_and(|there| there == bytes)
    }
}

/// Whether a config names version 1 and no other: for a publication what was served before, for a roll-back its end.
pub(super) fn pins(config: &[u8]) -> bool {
    let text = String::from_utf8_lossy(config);
    let from = text.find("specific").map_or("", |at| &text[at..]);
    let versions: String = from.chars().take_while(|letter| *letter != '}').filter(char::is_ascii_digit).collect();
    versions == "1"
}

fn nothing(_: &After) -> bool {
    true
}

pub(super) const BIG: usize = (13 << 20) + 17;

pub(super) const ROWS: &[Row] = &[
    Row {
        name: "put, one request",
        args: &["put", "small", "s3://models/new"],
        request: ("PUT", "/models/new"),
        //     403 404 412 503 torn full lost cut
        exits: [1, 1, 4, 1, 0, 0, 0, 5],
        done: |a| a.is("new", &bytes(1000)),
    },
    Row {
        name: "put, in parts",
        args: &["put", "big", "s3://models/new"],
        request: ("PUT", "/models/new"),
        exits: [1, 1, 1, 1, 0, 1, 0, 5],
        done: |a| a.is("new", &bytes(BIG)),
    },
    Row {
        name: "put -r",
        args: &["put", "-r", "tree", "s3://models/new/"],
        request: ("PUT", "/models/new/"),
        exits: [1, 1, 4, 1, 0, 0, 0, 5],
        done: |a| a.many("new/") == 3,
    },
    Row {
        name: "cp, one request",
        args: &["cp", "s3://models/README.md", "s3://models/new"],
        request: ("PUT", "/models/new"),
        exits: [1, 1, 4, 1, 0, 0, 0, 5],
        done: |a| a.has("new"),
    },
    Row {
        name: "cp, in parts",
        args: &["cp", "s3://models/parted", "s3://models/new"],
        request: ("PUT", "/models/new"),
        exits: [1, 1, 1, 1, 5, 1, 0, 5],
        done: |a| a.is("new", &bytes(BIG)),
    },
    Row {
        name: "cp -r",
        args: &["cp", "-r", "s3://models/scale/", "s3://models/new/"],
        request: ("PUT", "/models/new/"),
        exits: [1, 1, 4, 1, 0, 0, 0, 5],
        done: |a| a.many("new/") == 3,
    },
    Row {
        name: "mv",
        args: &["mv", "s3://models/README.md", "s3://models/new"],
        request: ("PUT", "/models/new"),
        exits: [1, 1, 4, 1, 0, 0, 0, 5],
        done: |a| a.has("new") && !a.has("README.md"),
    },
    Row {
        name: "mv, its deletion",
        args: &["mv", "-r", "--yes", "s3://models/scale/", "s3://models/new/"],
        request: ("DELETE", "/models/scale/"),
        exits: [1, 1, 1, 1, 0, 0, 0, 5],
        done: |a| a.many("new/") == 3 && a.many("scale/") == 0,
    },
    Row {
        name: "rm",
        args: &["rm", "--yes", "s3://models/README.md"],
        request: ("POST", "/models"),
        exits: [1, 1, 1, 1, 5, 0, 0, 5],
        done: |a| !a.has("README.md"),
    },
    Row {
        name: "rm -r",
        args: &["rm", "-r", "--yes", "s3://models/scale/"],
        request: ("POST", "/models"),
        exits: [1, 1, 1, 1, 5, 0, 0, 5],
        done: |a| a.many("scale/") == 0,
    },
    Row {
        name: "tags",
        args: &["tags", "--set", "stage=live", "s3://models/README.md"],
        request: ("PUT", "/models/README.md"),
        exits: [1, 1, 1, 1, 0, 0, 0, 1],
        done: |a| a.noted("README.md", "stage"),
    },
    Row {
        name: "set",
        args: &["set", "--meta", "who=me", "s3://models/README.md"],
        request: ("PUT", "/models/README.md"),
        exits: [1, 1, 1, 1, 0, 0, 0, 1],
        done: |a| a.noted("README.md", "who"),
    },
    Row {
        name: "undelete",
        args: &["undelete", "s3://models/gone"],
        request: ("POST", "/models"),
        exits: [1, 1, 1, 1, 5, 0, 0, 5],
        done: |a| a.is("gone", b"gone"),
    },
    Row {
        name: "restore",
        args: &["restore", "--version", "OLD", "s3://models/kept"],
        request: ("PUT", "/models/kept"),
        exits: [1, 1, 1, 1, 0, 0, 0, 5],
        done: |a| a.is("kept", b"old"),
    },
    Row {
        name: "mkdir",
        args: &["mkdir", "s3://models/new"],
        request: ("PUT", "/models/new/"),
        exits: [1, 1, 0, 1, 0, 0, 0, 5],
        done: |a| a.has("new/"),
    },
    Row {
        name: "mb",
        args: &["mb", "s3://fresh"],
        request: ("PUT", "/fresh"),
        exits: [1, 1, 1, 1, 0, 0, 0, 5],
        done: |a| a.buckets.iter().any(|bucket| bucket == "fresh"),
    },
    Row {
        name: "uploads --abort",
        args: &["uploads", "--abort", "--yes", "s3://models"],
        request: ("DELETE", "/models/"),
        exits: [1, 1, 1, 1, 0, 0, 0, 1],
        done: |a| a.uploads.is_empty(),
    },
    Row {
        name: "get, small",
        args: &["get", "s3://models/kept", "here"],
        request: ("GET", "/models/kept"),
        exits: [1, 1, 1, 1, 5, 1, 0, 5],
        done: |a| a.file("here", b"new"),
    },
    Row {
        name: "get, in parts",
        args: &["get", "s3://models/parted", "here"],
        request: ("GET", "/models/parted"),
        exits: [1, 1, 1, 1, 5, 1, 0, 5],
        done: |a| a.file("here", &bytes(BIG)),
    },
    Row {
        name: "get -r",
        args: &["get", "-r", "s3://models/new-tree/", "here"],
        request: ("GET", "/models/new-tree/"),
        exits: [1, 1, 1, 1, 5, 1, 0, 5],
        done: |a| a.files.keys().filter(|name| name.starts_with("here/")).count() == 2,
    },
    Row {
        name: "cat",
        args: &["cat", "s3://models/kept"],
        request: ("GET", "/models/kept"),
        exits: [1, 1, 1, 1, 5, 0, 0, 5],
        done: nothing,
    },
    Row {
        name: "stat",
        args: &["stat", "s3://models/kept"],
        request: ("HEAD", "/models/kept"),
        exits: [1, 1, 1, 1, 0, 0, 0, 1],
        done: nothing,
    },
    Row {
        name: "share",
        args: &["share", "s3://models/kept"],
        request: ("HEAD", "/models/kept"),
        exits: [1, 1, 1, 1, 0, 0, 0, 1],
        done: nothing,
    },
    Row {
        name: "verify",
        args: &["verify", "s3://models/kept"],
        request: ("GET", "/models/kept"),
        exits: [1, 1, 1, 1, 5, 0, 0, 5],
        done: nothing,
    },
    Row {
        name: "ls",
        args: &["ls", "s3://models"],
        request: ("GET", "/models"),
        exits: [1, 1, 1, 1, 1, 0, 0, 1],
        done: nothing,
    },
    Row {
        name: "du",
        args: &["du", "s3://models"],
        request: ("GET", "/models"),
        exits: [1, 1, 1, 1, 1, 0, 0, 1],
        done: nothing,
    },
    Row {
        name: "versions",
        args: &["versions", "s3://models"],
        request: ("GET", "/models"),
        exits: [1, 1, 1, 1, 1, 0, 0, 1],
        done: nothing,
    },
    Row {
        name: "lint",
        args: &["lint", "s3://models/served"],
        request: ("GET", "/models"),
        exits: [1, 1, 1, 1, 1, 0, 0, 1],
        done: nothing,
    },
    Row {
        name: "publish",
        args: &["publish", "--yes", "--pause", "1s", "version", "s3://models/prod/face"],
        request: ("PUT", "/models/prod/face/"),
        exits: [1, 1, 4, 1, 0, 0, 0, 5],
        done: |a| {
            let config = a.is("prod/face/config.pbtxt", config(4).as_bytes());
            config && a.is("prod/face/2/model.bin", b"weights 2") && a.many("modelquay-staging/") == 0
        },
    },
    Row {
        name: "roll-back",
        args: &["roll-back", "--yes", "--pause", "1s", "--to", "1", "s3://models/two/face"],
        request: ("PUT", "/models/two/face/"),
        exits: [1, 1, 4, 1, 0, 0, 0, 5],
        done: |a| {
            let config = a.objects.get("two/face/config.pbtxt").map(|(text, _)| text.as_slice()).unwrap_or_default();
            pins(config) && !String::from_utf8_lossy(config).contains("unfinished")
        },
    },
];
