//! What changes a bucket without carrying its bytes through this computer: copies, moves, deletions and what
//! undoes them, tags, notes.
//!
//! Each function does one thing and says what came of it; nothing here asks for consent. What is deleted is
//! counted before, as a [`DeletePlan`], so that consent is given to numbers.

mod copy;
mod delete;
mod many;
mod parts;
mod seen;
mod small;
mod undelete;

pub use copy::{Copied, copy, copy_of, move_to};
pub use delete::{DeletePlan, Doomed, Gone, Scope, delete, plan_delete};
pub use many::{CopyJob, CopyPlan, CopyReport, copy_all, plan_copy};
pub use small::{Aborted, abort_uploads, make_bucket, new_prefix, replace_notes, restore, set_tags, undelete};
pub use undelete::plan_undelete;

#[cfg(test)]
mod tests;
