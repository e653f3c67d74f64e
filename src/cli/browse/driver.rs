//! Carries out what the browser's screens ask for: one listing and one look at a time, each given up when the
//! next one is asked for, so that nobody waits for what nobody wants any more.

use crate::app::browse::Source;
use crate::ports::Objects;
use crate::ports::objects::{Answer, ObjectError, Why};
use crate::registry::listing::{End, Pager, load};
use crate::registry::models::look;
use crate::registry::preview::preview;
use crate::ui::browse::{Effect, Msg};
use std::sync::Arc;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Rows after which a listing waits to be told to go on: what they take up stays below 200 MB.
const ROWS: usize = 2_000_000;

/// What the driver has in hand.
pub struct Driver {
    source: Arc<dyn Source>,
    /// The way with the key that Triton has, where that is known.
    triton: Option<Arc<dyn Source>>,
    msgs: mpsc::Sender<Msg>,
    /// The listing, which knows where it stands when it is stopped.
    listing: Option<Listing>,
    looking: Option<JoinHandle<()>>,
}

struct Listing {
    id: u64,
    stop: CancellationToken,
    task: JoinHandle<Pager>,
}

impl Driver {
    /// A driver of one service.
    pub fn new(source: Arc<dyn Source>, triton: Option<Arc<dyn Source>>, msgs: mpsc::Sender<Msg>) -> Self {
        Self { source, triton, msgs, listing: None, looking: None }
    }

    /// Carries out effects until the screens are gone.
    pub async fn run(mut self, mut effects: mpsc::Receiver<Effect>) {
        while let Some(effect) = effects.recv().await {
            match effect {
                Effect::Buckets => {
                    let (source, msgs) = (self.source.clone(), self.msgs.clone());
                    self.look(async move {
                        let buckets = async { way(&*source).await?.buckets().await };
                        // The screens may have been left in the meantime.
                        let _ = msgs.send(Msg::Buckets(buckets.await)).await;
                    });
                }
                Effect::List { id, query } => {
                    self.stop();
                    self.list(id, Pager::new(query));
                }
                Effect::More { id } => {
                    if let Some(listing) = self.listing.take_if(|listing| listing.id == id) {
                        listing.stop.cancel();
                        // It panics nowhere; if it did, there is nothing to go on with.
                        if let Ok(pager) = listing.task.await {
                            self.list(id, pager);
                        }
                    }
                }
                Effect::Stop => self.stop(),
                Effect::Preview { id, at } => {
                    let (source, msgs) = (self.source.clone(), self.msgs.clone());
                    self.look(async move {
                        let found = async { preview(&*way(&*source).await?, &at).await.map(Box::new) };
                        let _ = msgs.send(Msg::Previewed { id, found: found.await }).await;
                    });
                }
                Effect::Models { id, ask } => {
                    let (source, msgs) = (self.source.clone(), self.msgs.clone());
                    let triton = self.triton.clone().unwrap_or_else(|| source.clone());
                    self.look(async move {
                        let found = async {
                            let (objects, triton) = (way(&*source).await?, way(&*triton).await?);
                            // A count that finds no room is followed by a later one.
                            let told = |progress| drop(msgs.try_send(Msg::ModelsSoFar { id, progress }));
                            look(&*objects, &*triton, &ask, told).await.map(Box::new)
                        };
                        let found = found.await;
                        let _ = msgs.send(Msg::Models { id, found }).await;
                    });
                }
                Effect::StopLooking => {
                    if let Some(looking) = self.looking.take() {
                        looking.abort();
                    }
                }
                // The loop's own.
                Effect::Leave(_) | Effect::Suspend | Effect::Redraw | Effect::Copy(_) => {}
            }
        }
        self.stop();
    }

    /// One look at a time: the one before is given up.
    fn look(&mut self, look: impl Future<Output = ()> + Send + 'static) {
        if let Some(before) = self.looking.replace(tokio::spawn(look)) {
            before.abort();
        }
    }

    /// Gives the listing up. It is kept, because it can be gone on with.
    fn stop(&mut self) {
        if let Some(listing) = &self.listing {
            listing.stop.cancel();
        }
    }

    fn list(&mut self, id: u64, mut pager: Pager) {
        let (source, msgs) = (self.source.clone(), self.msgs.clone());
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let batches = async {
                match way(&*source).await {
                    Ok(objects) => load(&*objects, &mut pager, ROWS, &msgs, |batch| Msg::Batch { id, batch }).await,
                    Err(error) => End::Failed(error),
                }
            };
            let end = tokio::select! {
                end = batches => Some(end),
                () = stopped.cancelled() => None,
            };
            if let Some(end) = end {
                let _ = msgs.send(Msg::Ended { id, end }).await;
            }
            pager
        });
        self.listing = Some(Listing { id, stop, task });
    }
}

/// The way to the registry; that there is none now is an answer like any other.
async fn way(source: &dyn Source) -> Answer<Arc<dyn Objects>> {
    source.objects().await.map_err(|failure| ObjectError { why: Why::Cut, failure })
}
