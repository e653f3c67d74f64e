//! Calls that read are made again after a pause where they may succeed then.

use crate::ports::objects::Answer;
use std::time::Duration;

/// How often a call is made before what it asks for counts as not to be had.
const ATTEMPTS: u32 = 4;
/// The pause before the second attempt; each further one is twice as long.
pub const PAUSE: Duration = Duration::from_millis(500);

/// Makes a call until it has an answer that another attempt would not change. Only for calls that change
/// nothing.
pub async fn again<T, C>(mut call: impl FnMut() -> C) -> Answer<T>
where
    C: Future<Output = Answer<T>>,
{
    let mut pause = PAUSE;
    for _ in 1..ATTEMPTS {
        match call().await {
            Err(error) if error.may_pass() => {}
            ended => return ended,
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
    call().await
}
