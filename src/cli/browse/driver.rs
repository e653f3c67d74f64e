//! Carries out what the browser's screens ask for: one listing, one look and one change at a time, each given up when
//! the next one is asked for, so that nobody waits for what nobody wants any more; and transfers, which go on beside.

use super::super::walk::files;
use super::carry::Carrier;
use super::publish::Listed;
use super::work::{Tools, carry_out};
use crate::app::anew::Anew;
use crate::app::browse::{Registry, Source};
use crate::app::places;
use crate::app::sites::Sites;
use crate::plan::Failure;
use crate::ports::Objects;
use crate::ports::objects::ObjectError;
use crate::registry::features::features;
use crate::registry::listing::{Pager, load};
use crate::registry::models::look;
use crate::registry::paged::{self, Ended};
use crate::registry::preview::preview;
use crate::registry::transfer::{Limits, Transfers};
use crate::registry::usage::{Usage, count};
use crate::transport::disk::Disk;
use crate::ui::browse::places::{Keep, Kept};
use crate::ui::browse::work::{Lane, Work};
use crate::ui::browse::{Effect, Live, Msg};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Rows after which a listing waits to be told to go on: what they take up stays below 200 MB.
const ROWS: usize = 2_000_000;

/// Versions that are listed at most: the screen says that there are more.
const VERSIONS: usize = 100_000;

/// How often counts are shown while they grow: each is a copy of up to 20,000 lines.
const SHOWN: Duration = Duration::from_millis(250);

/// What the driver has in hand.
pub struct Driver {
    registry: Registry,
    /// The key that signs now.
    lane: Lane,
    msgs: mpsc::Sender<Msg>,
    live: watch::Sender<Live>,
    /// Where uploads' journals lie.
    uploads: PathBuf,
    /// Bookmarks, and where one has been.
    places: places::Store,
    /// The listing, which knows where it stands when it is stopped.
    listing: Option<Listing>,
    looking: Option<JoinHandle<()>>,
    working: Option<JoinHandle<()>>,
    /// Steps that were listed, and wait for somebody to agree.
    listed: Listed,
    /// One queue for each key that has carried something.
    carriers: Vec<Carrier>,
}

struct Listing {
    id: u64,
    stop: CancellationToken,
    task: JoinHandle<Pager>,
}

impl Driver {
    /// A driver of one service.
    pub fn new(registry: Registry, msgs: mpsc::Sender<Msg>, live: watch::Sender<Live>, sites: &Sites) -> Self {
        Self {
            registry,
            lane: Lane::Reading,
            msgs,
            live,
            uploads: sites.uploads(),
            places: places::Store::of(sites),
            listing: None,
            looking: None,
            working: None,
            listed: Listed::default(),
            carriers: Vec::new(),
        }
    }

    /// The way with the key that signs now.
    fn source(&self) -> Arc<dyn Source> {
        match (&self.registry.writing, self.lane) {
            (Some((_, writing)), Lane::Writing) => writing.clone(),
            _ => self.registry.source.clone(),
        }
    }

    fn objects(&self) -> Arc<dyn Objects> {
        Arc::new(Anew::new(self.source()))
    }

    fn transfers(&self) -> Transfers {
        let url = self.registry.url.clone();
        Transfers::new(self.objects(), Arc::new(Disk), url, self.uploads.clone(), Limits::default())
    }

    /// The queue of the key that signs now.
    fn carrier(&mut self) -> Carrier {
        if let Some(carrier) = self.carriers.iter().find(|carrier| carrier.lane() == self.lane) {
            return carrier.clone();
        }
        let carrier = Carrier::new(self.lane, self.transfers(), self.live.clone());
        self.carriers.push(carrier.clone());
        carrier
    }

    /// Carries out effects until the screens are gone.
    pub async fn run(mut self, mut effects: mpsc::Receiver<Effect>) {
        while let Some(effect) = effects.recv().await {
            self.perform(effect).await;
        }
        self.stop();
    }

    async fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Buckets => {
                self.look(|objects, msgs| async move {
                    // The screens may have been left in the meantime; so with all that follows.
                    let _ = msgs.send(Msg::Buckets(objects.buckets().await)).await;
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
                self.look(move |objects, msgs| async move {
                    let found = preview(&*objects, &at).await.map(Box::new);
                    let _ = msgs.send(Msg::Previewed { id, found }).await;
                });
            }
            Effect::Models { id, ask } => {
                let triton = self.registry.triton.clone();
                self.look(move |objects, msgs| async move {
                    let triton = triton.map_or_else(|| objects.clone(), |source| Arc::new(Anew::new(source)) as _);
                    // A count that finds no room is followed by a later one.
                    let told = |progress| drop(msgs.try_send(Msg::ModelsSoFar { id, progress }));
                    let found = look(&*objects, &*triton, &ask, told).await.map(Box::new);
                    let _ = msgs.send(Msg::Models { id, found }).await;
                });
            }
            Effect::Versions { id, bucket, prefix } => {
                self.look(move |objects, msgs| async move {
                    let wrap = |rows| Msg::Versions { id, rows };
                    let end = paged::load_versions(&*objects, &bucket, &prefix, VERSIONS, &msgs, wrap).await;
                    let _ = msgs.send(Msg::RowsEnded { id, end }).await;
                });
            }
            Effect::Uploads { id, bucket, prefix } => {
                self.look(move |objects, msgs| async move {
                    let mut found = Vec::new();
                    let end = match paged::uploads(&*objects, &bucket, &prefix, |rows| found.extend(rows)).await {
                        Ok(doubts) => Ended::Whole(doubts),
                        Err(error) => Ended::Failed(error),
                    };
                    let _ = msgs.send(Msg::Uploads { id, rows: found }).await;
                    let _ = msgs.send(Msg::RowsEnded { id, end }).await;
                });
            }
            Effect::Usage { id, bucket, prefix } => {
                self.look(move |objects, msgs| counting(objects, msgs, id, bucket, prefix));
                if let Some(disk) = self.registry.disk.clone() {
                    let msgs = self.msgs.clone();
                    // Beside the counting; a host that does not answer now is no trouble of its own.
                    tokio::spawn(async move {
                        if let Ok(space) = disk.space().await {
                            let _ = msgs.send(Msg::Space { size: space.size, free: space.free }).await;
                        }
                    });
                }
            }
            Effect::Features(bucket) => {
                let (objects, msgs) = (self.objects(), self.msgs.clone());
                // Beside all else: nobody waits for it.
                tokio::spawn(async move {
                    if let Ok(found) = features(&*objects, &bucket).await {
                        let _ = msgs.send(Msg::Features { bucket, found }).await;
                    }
                });
            }
            Effect::Trust { id } => {
                let source = self.source();
                self.look(move |_, msgs| async move {
                    let found = source.trust().await.map(Box::new);
                    let _ = msgs.send(Msg::Trusted { id, found }).await;
                });
            }
            Effect::Keep(keep) => {
                let (places, msgs) = (self.places.clone(), self.msgs.clone());
                // Beside all else; the store itself lets one after the other write.
                tokio::spawn(async move {
                    let quiet = matches!(keep, Keep::Visited(_));
                    let kept = match keep {
                        Keep::Load => places.load().await,
                        Keep::Add(bookmark) => places.add(bookmark).await,
                        Keep::Remove(at) => places.remove(at).await,
                        Keep::Visited(at) => places.visited(at).await,
                    };
                    // That a place could not be noted keeps nobody from being there.
                    if quiet && kept.is_err() {
                        return;
                    }
                    let shown = |kept: places::Kept| Kept {
                        places: kept.places,
                        aside: kept.aside.map(|path| path.display().to_string()),
                        forgotten: kept.forgotten.len(),
                    };
                    let _ = msgs.send(Msg::Kept(kept.map(shown))).await;
                });
            }
            Effect::StopLooking => {
                if let Some(looking) = self.looking.take() {
                    looking.abort();
                }
            }
            Effect::Write => {
                let so = match &self.registry.writing {
                    Some((_, writing)) => writing.objects().await.map(drop),
                    None => Err(Failure::permanent("no key that may write is known")),
                };
                if so.is_ok() {
                    self.lane = Lane::Writing;
                }
                let _ = self.msgs.send(Msg::Writing(so)).await;
            }
            Effect::Work { id, work } => self.work(id, work),
            Effect::StopWork => {
                if let Some(working) = self.working.take() {
                    working.abort();
                }
            }
            Effect::Steer { lane, order, steer } => {
                if let Some(carrier) = self.carriers.iter().find(|carrier| carrier.lane() == lane) {
                    carrier.steer(order, steer);
                }
            }
            Effect::Report { lane, order, title } => {
                let carrier = self.carriers.iter().find(|carrier| carrier.lane() == lane);
                if let Some(report) = carrier.and_then(|carrier| carrier.report(order)) {
                    let _ = self.msgs.send(Msg::Reported { title, report: Box::new(report) }).await;
                }
            }
            Effect::Complete { path } => {
                let (longer, found) = files::complete(&path);
                let _ = self.msgs.send(Msg::Completed { path, longer, found }).await;
            }
            // The loop's own.
            Effect::Leave(_) | Effect::Suspend | Effect::Redraw | Effect::Copy(_) => {}
        }
    }

    /// One look at a time: the one before is given up.
    fn look<F: Future<Output = ()> + Send + 'static>(
        &mut self,
        look: impl FnOnce(Arc<dyn Objects>, mpsc::Sender<Msg>) -> F,
    ) {
        let look = look(self.objects(), self.msgs.clone());
        if let Some(before) = self.looking.replace(tokio::spawn(look)) {
            before.abort();
        }
    }

    /// One change at a time: the screens wait for it.
    fn work(&mut self, id: u64, work: Work) {
        let msgs = self.msgs.clone();
        let task = match work {
            Work::Carry(carry) => {
                let carrier = self.carrier();
                tokio::spawn(async move {
                    let end = carrier.begin(carry).await;
                    let _ = msgs.send(Msg::Worked { id, end }).await;
                })
            }
            work => {
                let tools = Tools {
                    objects: self.objects(),
                    transfers: self.transfers(),
                    listed: self.listed.clone(),
                    msgs: msgs.clone(),
                };
                tokio::spawn(async move {
                    let end = carry_out(&tools, id, work).await;
                    let _ = msgs.send(Msg::Worked { id, end }).await;
                })
            }
        };
        if let Some(before) = self.working.replace(task) {
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
        let (objects, msgs) = (self.objects(), self.msgs.clone());
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let task = tokio::spawn(async move {
            let end = tokio::select! {
                end = load(&*objects, &mut pager, ROWS, &msgs, |batch| Msg::Batch { id, batch }) => Some(end),
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

/// Counts where the space went, and shows it while it grows.
async fn counting(objects: Arc<dyn Objects>, msgs: mpsc::Sender<Msg>, id: u64, bucket: String, prefix: String) {
    let mut usage = Usage::new(&prefix, 1);
    let mut shown: Option<Instant> = None;
    let told = |usage: &Usage| {
        if !usage.complete && shown.is_none_or(|at| at.elapsed() >= SHOWN) {
            shown = Some(Instant::now());
            // One that finds no room is followed by a later one.
            drop(msgs.try_send(Msg::Usage { id, usage: Ok(Box::new(usage.clone())) }));
        }
    };
    let counted: Result<(), ObjectError> = count(&*objects, &bucket, &mut usage, told).await;
    let usage = counted.map(|()| Box::new(usage));
    let _ = msgs.send(Msg::Usage { id, usage }).await;
}
