//! Carries a plan out and says what happened, as a numbered list of events.
//!
//! It knows neither SSH nor a terminal: steps ask the world through `ports`, readers fold the events.
//! What a reader is shown has been synced to the journal before.

pub mod clean;
pub mod event;
pub mod journal;
pub mod preview;
pub mod recorder;
pub mod retry;
pub mod run;
pub mod state;
pub mod step;
pub mod tail;

pub use event::{Event, EventKind, Outcome};
pub use preview::{Consent, Preview, ReviewedPlan};
pub use run::{Ending, RunOptions, run};
pub use state::RunState;
pub use step::{Check, Cx, Step};
