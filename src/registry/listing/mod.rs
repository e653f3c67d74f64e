//! What lies under a prefix: pages as they come, checked for what servers get wrong, in rows that take
//! little room, filtered and sorted while more is coming.
//!
//! ```text
//! Objects::list ─ page ─► Pager ─ Batch ─ bounded queue ─► Listing ─► the rows that are seen
//! (a task)                guards                           (the screen's or the command's own)
//! ```

mod filter;
mod load;
mod pager;
mod rows;
mod view;

pub use filter::Filter;
pub use load::load;
pub use pager::{Doubt, Pager, Step};
pub use rows::{Batch, Kind, Row, Rows};
pub use view::{Count, End, Listing, Sort};

#[cfg(test)]
mod tests;
