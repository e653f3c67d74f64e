//! What the browser's screens hear, and what they want done. The driver in `cli` carries it out.

use super::places::{Keep, Kept};
use super::preview::Previewed;
use super::work::{Carried, Lane, Steer, Work, Worked};
use crate::base::Secret;
use crate::plan::Failure;
use crate::ports::objects::{At, BucketRow, ListQuery, ObjectError, UploadRow, VersionRow};
use crate::ports::trust::Looked;
use crate::registry::features::Features;
use crate::registry::listing::{Batch, End};
use crate::registry::models::{Ask, Progress, View};
use crate::registry::paged::Ended;
use crate::registry::transfer::{OrderId, Report};
use crate::registry::usage::Usage;
use crate::ui::effect::Leaving;

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Msg {
    /// The buckets that the key sees.
    Buckets(Result<Vec<BucketRow>, ObjectError>),
    /// More rows of a listing.
    Batch {
        /// Which listing: what belongs to one that was left is thrown away.
        id: u64,
        /// The rows.
        batch: Batch,
    },
    /// Nothing more comes of a listing.
    Ended {
        /// Which.
        id: u64,
        /// How it ended.
        end: End,
    },
    /// How far the look at a repository has come.
    ModelsSoFar {
        /// Which look.
        id: u64,
        /// How far.
        progress: Progress,
    },
    /// What Triton would make of a prefix.
    Models {
        /// Which look this answers.
        id: u64,
        /// What was found.
        found: Result<Box<View>, ObjectError>,
    },
    /// More versions.
    Versions {
        /// Which look.
        id: u64,
        /// The next ones.
        rows: Vec<VersionRow>,
    },
    /// More incomplete uploads.
    Uploads {
        /// Which look.
        id: u64,
        /// The next ones.
        rows: Vec<UploadRow>,
    },
    /// Nothing more comes of versions or uploads.
    RowsEnded {
        /// Which look.
        id: u64,
        /// How it ended.
        end: Ended,
    },
    /// Where the space went, as far as it has been counted.
    Usage {
        /// Which look.
        id: u64,
        /// The counts.
        usage: Result<Box<Usage>, ObjectError>,
    },
    /// The disk under the registry: its size and what is free, in bytes.
    Space {
        /// All of it.
        size: u64,
        /// What is free.
        free: u64,
    },
    /// What the service can do with a bucket.
    Features {
        /// The bucket.
        bucket: String,
        /// What.
        found: Features,
    },
    /// What is kept of bookmarks and places.
    Kept(Result<Kept, Failure>),
    /// What was seen of the service.
    Trusted {
        /// Which look.
        id: u64,
        /// What was seen, or why nothing was.
        found: Result<Box<Looked>, Failure>,
    },
    /// Changes are signed with the key that may write from now on, or why not.
    Writing(Result<(), Failure>),
    /// How far the work has come.
    WorkSoFar {
        /// Which.
        id: u64,
        /// How many things are done.
        done: u64,
    },
    /// How the work ended.
    Worked {
        /// Which.
        id: u64,
        /// What came of it.
        end: Result<Worked, Failure>,
    },
    /// What a path could go on with.
    Completed {
        /// The path.
        path: String,
        /// As much as all names have in common.
        longer: String,
        /// How many names there are.
        found: usize,
    },
    /// What a transfer came to.
    Reported {
        /// What it was called.
        title: String,
        /// What it came to.
        report: Box<Report>,
    },
    /// What is known of the object under the cursor.
    Previewed {
        /// Which look this answers.
        id: u64,
        /// What was found.
        found: Result<Box<Previewed>, ObjectError>,
    },
}

/// Something to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Leave the screens.
    Leave(Leaving),
    /// Give the terminal back to the shell until it says `fg`.
    Suspend,
    /// Draw everything again.
    Redraw,
    /// Send a text to the terminal's clipboard.
    Copy(Secret<String>),
    /// List the buckets.
    Buckets,
    /// List a prefix; the listing before is given up.
    List {
        /// What its pages are called.
        id: u64,
        /// Of what.
        query: ListQuery,
    },
    /// Go on with the listing that stands still.
    More {
        /// Which.
        id: u64,
    },
    /// Give the listing up.
    Stop,
    /// Look at a prefix as Triton's repository; the look before is given up.
    Models {
        /// What the answer is called.
        id: u64,
        /// At what.
        ask: Ask,
    },
    /// List versions under a prefix; the look before is given up.
    Versions {
        /// What the answer is called.
        id: u64,
        /// The bucket.
        bucket: String,
        /// The prefix, or a whole key.
        prefix: String,
    },
    /// List incomplete uploads under a prefix; the look before is given up.
    Uploads {
        /// What the answer is called.
        id: u64,
        /// The bucket.
        bucket: String,
        /// The prefix.
        prefix: String,
    },
    /// Count where the space went; the look before is given up.
    Usage {
        /// What the answer is called.
        id: u64,
        /// The bucket.
        bucket: String,
        /// The prefix.
        prefix: String,
    },
    /// Find out what the service can do with a bucket.
    Features(String),
    /// Read or change what is kept of bookmarks and places.
    Keep(Keep),
    /// Look at the service's certificates and its clock; the look before is given up.
    Trust {
        /// What the answer is called.
        id: u64,
    },
    /// Sign with the key that may write from now on.
    Write,
    /// Do something; one at a time.
    Work {
        /// What the answer is called.
        id: u64,
        /// What.
        work: Work,
    },
    /// Give the work that is under way up.
    StopWork,
    /// Steer a transfer.
    Steer {
        /// In which queue.
        lane: Lane,
        /// Which.
        order: OrderId,
        /// How.
        steer: Steer,
    },
    /// Say what a transfer came to.
    Report {
        /// In which queue.
        lane: Lane,
        /// Which.
        order: OrderId,
        /// What it was called.
        title: String,
    },
    /// Go on with a path as far as all names have it in common.
    Complete {
        /// The path.
        path: String,
    },
    /// Give the look that is under way up.
    StopLooking,
    /// Look into an object; the look before is given up.
    Preview {
        /// What the answer is called.
        id: u64,
        /// Which object.
        at: At,
    },
}

/// What moves by itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Live {
    /// What is on its way, and what has ended.
    pub carried: Vec<Carried>,
}
