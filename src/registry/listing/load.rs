//! Fetches pages one after the other and hands them on.

use super::pager::{Pager, Step};
use super::rows::Batch;
use super::view::End;
use crate::ports::Objects;
use crate::registry::again::again;
use tokio::sync::mpsc;

/// Fetches pages until so many rows have come, or nothing more does, and hands each on as it comes, wrapped for its
/// reader. The queue's bound is the reader's budget: nothing is fetched that nobody has room for. Dropping it gives
/// the listing up at once; no row is lost by that, and the pager keeps where it stands.
pub async fn load<T>(
    objects: &dyn Objects,
    pager: &mut Pager,
    rows: usize,
    to: &mpsc::Sender<T>,
    wrap: impl Fn(Batch) -> T,
) -> End {
    let mut had = 0;
    loop {
        let query = match pager.next() {
            Step::Ask(_) if had >= rows => return End::Paused,
            Step::Ask(query) => query.clone(),
            Step::Complete => return End::Complete,
            Step::Stopped(doubt) => return End::Stopped(*doubt),
        };
        // The room comes first: between taking a page in and handing it on, nothing may wait.
        let Ok(room) = to.reserve().await else { return End::Cancelled };
        let page = match again(|| objects.list(&query)).await {
            Ok(page) => page,
            Err(error) => return End::Failed(error),
        };
        let batch = pager.absorb(&page);
        had += batch.rows.len();
        room.send(wrap(batch));
    }
}
