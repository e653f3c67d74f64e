//! What the browser's screens hear, and what they want done. The driver in `cli` carries it out.

use super::preview::Previewed;
use crate::base::Secret;
use crate::ports::objects::{At, BucketRow, ListQuery, ObjectError};
use crate::registry::listing::{Batch, End};
use crate::registry::models::{Ask, Progress, View};
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
pub struct Live;
