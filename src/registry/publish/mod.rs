//! Publishing a model and rolling back, as an ordered list of steps, so that whoever polls the
//! repository never sees half of it.
//!
//! A store has no transaction over several objects, but it has one that is as good: `config.pbtxt` is one
//! object, and it decides which versions are served. So the config is pinned to the versions that are
//! served now, the new files are put beside them, and one write of the config switches. What each state
//! between two writes means was not thought out but is asked of the rules in
//! [`triton`](crate::registry::triton): a property test applies each list write by write.
//!
//! - **A first publication of one file** writes the config first. A model with a config and without a
//!   version loads nothing; a model with a version and without a config may be completed by Triton,
//!   and then it would run with settings that nobody wrote.
//! - **A first publication of several files** writes a config whose policy names no version, then the
//!   files, then the config as it should be.
//! - **A new version of one file** with the same config needs no pin: one object appears at once.
//! - **A new version of several files**, or with another config, is pinned, copied and switched.
//! - **Between a pin and what it is for** there is a pause ([`Step::Settle`]), because one look of
//!   Triton's is not one moment either.
//! - Triton notices changes by the latest time of change in a model's directory. A deletion makes
//!   nothing later, so a roll-back begins with a write of the config.
//!
//! Files are first uploaded outside the repository and verified there ([`Staging::Under`]), or, where
//! there is no place outside, uploaded to their final keys behind a pin and verified before the switch
//! ([`Staging::InPlace`]).
//!
//! [`prepare`] looks at what is there, an earlier try's leavings among it, and makes the list; [`run`] carries
//! it out.

mod config;
mod contents;
mod directory;
mod leavings;
mod look;
mod note;
mod plan;
pub mod prepare;
mod roll_back;
pub mod run;
#[cfg(test)]
mod run_tests;
mod state;
#[cfg(test)]
mod tests;

pub use directory::{Directory, Layout, Source, understand};
pub use note::{Note, Unfinished};
pub use plan::publish;
pub use roll_back::{RollBack, roll_back};
pub use state::{Present, Stored};

use crate::registry::triton::Finding;
use std::fmt;

/// A file that is to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// Its path within the version's directory, or within the model's.
    pub path: String,
    /// Its size.
    pub size: u64,
}

/// Where files are before they are in place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Staging {
    /// In this bucket under this prefix, which has to be outside the repository.
    Under {
        /// The bucket, where it is another one.
        bucket: Option<String>,
        /// The prefix, without a slash at its end.
        prefix: String,
    },
    /// Nowhere: they are uploaded to their places behind a pin, and verified before the switch.
    InPlace,
}

impl Staging {
    /// Where a key of a repository with this prefix is before it is in place; `None` where that is nowhere.
    pub(super) fn place(&self, prefix: &str, key: &str) -> Option<Place> {
        let Self::Under { bucket, prefix: staging } = self else { return None };
        let path = key.strip_prefix(prefix).unwrap_or(key);
        let key = match staging.trim_matches('/') {
            "" => path.to_owned(),
            staging => format!("{staging}/{path}"),
        };
        Some(Place { bucket: bucket.clone(), key })
    }
}

/// Where files lie until they are verified, where nobody names another place: at the top of the bucket, apart by
/// repository.
const STAGING: &str = "modelquay-staging";

impl Staging {
    /// Where files lie before they are in place in a repository, where nobody names another place.
    pub fn of_repository(root: &str) -> Self {
        match root.trim_matches('/') {
            // In a bucket that is a repository whole there is no place outside.
            "" => Self::InPlace,
            root => Self::Under { bucket: None, prefix: format!("{STAGING}/{root}") },
        }
    }
}

/// What is to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The model's name.
    pub model: String,
    /// The version.
    pub version: i64,
    /// The version's files. An ensemble has none.
    pub files: Vec<NewFile>,
    /// Files beside the versions, such as labels. They must not be there yet.
    pub beside: Vec<NewFile>,
    /// The text of `config.pbtxt` at the end; `None` leaves it as it is.
    pub config: Option<String>,
    /// Where the files are before.
    pub staging: Staging,
    /// Whether the config may be pinned in between. Without that, a publication of several files is
    /// not atomic.
    pub may_pin: bool,
}

/// What has to be so for a write to be done. A server that does not keep such conditions is found out
/// by whoever carries the list out, who then looks before each write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing is there: `If-None-Match: *`.
    Absent,
    /// The object is the one with this tag: `If-Match`.
    Unchanged(String),
    /// What is there was written by this list before.
    Ours,
}

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The bucket, where it is not the repository's.
    pub bucket: Option<String>,
    /// The key.
    pub key: String,
}

/// Why a config is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigWrite {
    /// It names the versions that are served now, so that new ones are not.
    Pin,
    /// It names no version, because there is none that could be served.
    Close,
    /// It is as it should be; with this write the publication happens.
    Switch,
}

/// A step, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Upload a file.
    Upload {
        /// Its path as the request gives it.
        path: String,
        /// Where to.
        to: Place,
        /// If.
        condition: Condition,
    },
    /// Compare an object with the file that it was uploaded from. Nothing is written.
    Verify {
        /// The file's path as the request gives it.
        path: String,
        /// The object.
        at: Place,
    },
    /// Copy within the server.
    Copy {
        /// From where.
        from: Place,
        /// To this key of the repository's bucket.
        to: String,
        /// If.
        condition: Condition,
    },
    /// Write a config.
    Config {
        /// Its key.
        key: String,
        /// Its text.
        text: String,
        /// What for.
        why: ConfigWrite,
        /// If.
        condition: Condition,
    },
    /// Write an object of no bytes, so that a directory is there.
    Marker {
        /// Its key.
        key: String,
        /// If.
        condition: Condition,
    },
    /// Wait. A look of Triton's at the repository takes many requests; one that read the config before
    /// the last write may list files after the next. So it has to come to its end first: how long that
    /// takes is [`Forecast::poll`](crate::registry::triton::Forecast) times the round trip. Nothing is
    /// written.
    Settle,
    /// Delete an object.
    Delete {
        /// Where.
        at: Place,
    },
}

impl Step {
    /// Whether it changes anything in the store.
    pub fn writes(&self) -> bool {
        !matches!(self, Self::Verify { .. } | Self::Settle)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.bucket {
            Some(bucket) => write!(f, "{bucket}/{}", self.key),
            None => f.write_str(&self.key),
        }
    }
}

impl fmt::Display for Step {
    /// As a line of a list that is shown before it is carried out. Keys are data, and not made safe.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upload { path, to, .. } => write!(f, "upload {path} to {to}"),
            Self::Verify { path, at } => write!(f, "verify {at} against {path}"),
            Self::Copy { from, to, .. } => write!(f, "copy {from} to {to}"),
            Self::Config { key, why, .. } => match why {
                ConfigWrite::Pin => write!(f, "pin {key} to the versions that are served now"),
                ConfigWrite::Close => write!(f, "write {key} so that no version is served"),
                ConfigWrite::Switch => write!(f, "switch: write {key}"),
            },
            Self::Marker { key, .. } => write!(f, "write the empty object {key}"),
            Self::Settle => f.write_str("wait until no look of Triton's is older than the last write"),
            Self::Delete { at } => write!(f, "delete {at}"),
        }
    }
}

/// Something to know about a list of steps before it is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remark {
    /// Pinning was declined, and Triton can see a part of the version.
    NotAtomic,
    /// The version is not among those that the policy picks at the end.
    WouldNotServe,
    /// The config stays pinned, because without the pin the version that was left would be served again.
    StaysPinned,
    /// What Triton has against it that does not keep it from loading.
    Finding(Box<Finding>),
}

/// A list of steps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    /// Whether Triton sees all or nothing at every moment.
    pub atomic: bool,
    /// The versions that Triton would serve at the end.
    pub serves: Vec<i64>,
    /// What to know before.
    pub remarks: Vec<Remark>,
}

/// Why there is no list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The version is there, and what is published stays as it is.
    #[error("version {0} is there already")]
    VersionExists(i64),
    /// Versions count from 1.
    #[error("versions count from 1, and this is {0}")]
    VersionNumber(i64),
    /// A name that Triton does not read.
    #[error("`{0}` has a character that is none of 0-9 A-Z a-z . - _, or is no path")]
    Name(String),
    /// There are no files.
    #[error("there are no files")]
    NoFiles,
    /// A file that is there already, or given twice.
    #[error("{0} is there already, or given twice")]
    FileExists(String),
    /// The place for files before they are published is within the repository or around it.
    #[error("`{0}` is within the repository or around it, where Triton could take it for a model")]
    StagingInside(String),
    /// Triton would not load what comes of it.
    #[error("Triton would not load it")]
    WouldNotLoad(Vec<Finding>),
    /// The config in place cannot be read, so it cannot be pinned.
    #[error("config.pbtxt as it stands cannot be read")]
    ConfigUnreadable,
    /// The version to go back to is not there, or not whole.
    #[error("version {0} is not there, or not whole")]
    NoSuchVersion(i64),
    /// The config is pinned for something that was begun and not finished.
    #[error("{0} was begun and is not finished: config.pbtxt is pinned until it is")]
    Unfinished(Unfinished),
    /// What an earlier try has put into place is not what is to be published now.
    #[error("{0} is of an earlier try, and not what is to be published now")]
    Differs(String),
    /// The version that is to be deleted is the one that is to be served.
    #[error("version {0} cannot be served and deleted")]
    ToRemoved(i64),
}
