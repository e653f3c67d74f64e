//! What the browser asks for that changes something or takes its time, and what comes of it. Values only: the
//! driver carries it out.

use crate::base::Secret;
use crate::plan::Failure;
use crate::ports::objects::{At, Notes, ObjectError, ObjectInfo, Share, UploadRow};
use crate::registry::change::{Copied, DeletePlan, Gone, Scope};
use crate::registry::transfer::OrderView;
use std::time::Duration;

/// Tags of an object.
pub type Tags = Vec<(String, String)>;

/// Something that is to be done; the next thing waits until it has ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Count what deleting these keys comes to; one that ends in `/` stands for all below it.
    Count {
        /// The bucket.
        bucket: String,
        /// The keys.
        keys: Vec<String>,
        /// What of each.
        scope: Scope,
    },
    /// Delete what was counted.
    Delete(Box<DeletePlan>),
    /// Make the mark of a folder.
    NewPrefix {
        /// The bucket.
        bucket: String,
        /// The prefix.
        prefix: String,
    },
    /// Make a bucket.
    NewBucket(String),
    /// Copy within the service.
    Copy {
        /// From where; a key that ends in `/` stands for all below it.
        from: Vec<At>,
        /// To where: a key, or a prefix that ends in `/`; empty for the bucket itself.
        to: At,
        /// Whether the sources are deleted afterwards.
        moves: bool,
        /// Whether what is there is replaced.
        replace: bool,
    },
    /// Read what is noted of an object, to be changed.
    Read(At),
    /// Replace what is noted of an object, where it is another.
    Note {
        /// Which.
        at: At,
        /// Its notes.
        notes: Option<Notes>,
        /// Its tags.
        tags: Option<Tags>,
    },
    /// Take the delete markers off a key.
    Undelete {
        /// The bucket.
        bucket: String,
        /// The key.
        key: String,
    },
    /// Make a version the current one.
    Restore(At),
    /// Throw incomplete uploads away.
    Abort {
        /// The bucket.
        bucket: String,
        /// Which.
        uploads: Vec<UploadRow>,
    },
    /// Make a URL that opens an object for a while.
    Share {
        /// Which.
        at: At,
        /// For what.
        what: Share,
        /// For how long.
        lasts: Duration,
    },
    /// Begin to fetch or to send.
    Carry(Carry),
    /// List the steps that publish a model, or a new version of it.
    PlanPublish {
        /// The repository.
        root: At,
        /// The model's name; that of the directory where it is empty.
        model: String,
        /// The directory of a version, or of a model.
        directory: String,
    },
    /// List the steps by which another version of a model is served.
    PlanRollBack {
        /// The repository.
        root: At,
        /// The model's name.
        model: String,
        /// The version.
        to: i64,
    },
    /// Carry out the steps that were listed last.
    CarryOut,
}

/// Steps that were listed, to be agreed to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Steps {
    /// What they come to.
    pub title: String,
    /// Each of them, made safe.
    pub steps: Vec<String>,
    /// What is to be known before, made safe.
    pub remarks: Vec<String>,
    /// Whether Triton sees all or nothing at every moment.
    pub atomic: bool,
    /// The model's name, which has to be typed where what is served changes.
    pub word: Option<String>,
}

/// What is fetched or sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carry {
    /// Which way.
    pub way: CarryWay,
    /// Whether what is there is replaced; else what has the same bytes counts as done.
    pub replace: bool,
}

/// Which way bytes go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CarryWay {
    /// From the registry.
    Get {
        /// What; a key that ends in `/` stands for all below it.
        from: Vec<At>,
        /// The file or the directory.
        to: String,
    },
    /// To the registry.
    Put {
        /// The file or the directory.
        from: String,
        /// The prefix that it comes under.
        to: At,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub enum Worked {
    /// What deleting comes to.
    Counted(Box<DeletePlan>),
    /// What was deleted.
    Deleted(Gone),
    /// It was made.
    Made,
    /// What was copied or moved.
    Copied {
        /// Objects that are where they should be.
        done: u64,
        /// Those that are not, and why.
        failed: Vec<(String, Failure)>,
    },
    /// What is noted of an object.
    Read {
        /// Which.
        at: At,
        /// What the service knows.
        info: Box<ObjectInfo>,
        /// Its tags, or why they cannot be had.
        tags: Result<Tags, ObjectError>,
    },
    /// It was noted.
    Noted,
    /// So many delete markers were taken off.
    Undeleted(u64),
    /// A version is the current one.
    Restored(Copied),
    /// What became of incomplete uploads.
    Aborted {
        /// Those that are gone.
        done: u64,
        /// Those that are not, and why.
        failed: Vec<(String, ObjectError)>,
    },
    /// Steps, to be agreed to.
    Planned(Steps),
    /// The steps were carried out: the versions that Triton would serve now.
    CarriedOut(Vec<i64>),
    /// The URL.
    Shared(Secret<String>),
    /// It is on its way: objects and bytes.
    Begun {
        /// Objects.
        items: u64,
        /// Bytes.
        bytes: u64,
    },
    /// Nothing was begun, because of these.
    Clashes {
        /// What was to be done.
        carry: Carry,
        /// Why each cannot be carried, as many as are kept.
        words: Vec<String>,
        /// How many in all.
        all: usize,
        /// Whether it is only that something is there already.
        replaceable: bool,
    },
}

/// Whose queue a transfer is in: one for each key that signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// What was begun before changes were let.
    Reading,
    /// What was begun since.
    Writing,
}

/// A transfer, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// Whose queue it is in.
    pub lane: Lane,
    /// How it stands.
    pub view: OrderView,
    /// Which way it goes.
    pub up: bool,
}

/// What is done with a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Steer {
    /// It is held.
    Hold,
    /// It goes on.
    GoOn,
    /// It ends; what was carried stays for the next try.
    Cancel,
    /// It is taken from the list.
    Forget,
}
