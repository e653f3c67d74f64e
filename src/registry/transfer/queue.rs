//! Transfers that run side by side: each order is a file or a whole prefix, may be paused and cancelled, and
//! says how far it is.
//!
//! ```text
//! order ─► its task ─ at most 256 items at a time ─► lanes and memory of Transfers
//!            └─ meters ─► a slot, looked at four times a second while something runs
//! ```

use super::context::{Transfers, Way};
use super::download::{Done, Download, download};
use super::gate::GateKeeper;
use super::meter::Meter;
use super::progress::{Active, OrderView, Snapshot, Speed, State};
use super::remark::Remark;
use super::trouble::{End, Trouble};
use super::upload::{Upload, upload};
use super::verify::Proof;
use crate::plan::Failure;
use crate::ports::local_files::WhyLocal;
use crate::ports::objects::Why;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Items of an order at the same time; how many really send is up to the lanes. Many small files wait
/// here for a sync that they share.
const ITEMS: usize = 256;

/// Orders that are kept; one more is refused until one that has ended is forgotten.
const ORDERS: usize = 64;

/// Failures that are kept with their words; the others are counted.
const FAILURES: usize = 1_000;

/// How often progress is looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Items that a snapshot names.
const NAMED: usize = 8;

/// One thing to carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// An object into a file.
    Download(Download),
    /// A file into an object.
    Upload(Upload),
}

impl Item {
    /// The key that is carried.
    pub fn key(&self) -> &str {
        match self {
            Self::Download(job) => &job.at.key,
            Self::Upload(job) => &job.to.key,
        }
    }
}

/// Which order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderId(u32);

#[cfg(test)]
impl OrderId {
    /// One that no queue has given.
    pub(crate) fn of_test(n: u32) -> Self {
        Self(n)
    }
}

/// How an order ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Items that are where they should be.
    pub done: u64,
    /// Bytes of them.
    pub bytes: u64,
    /// Bytes that went over the wire for it.
    pub carried: u64,
    /// By what they were verified, and how many by each.
    pub verified: Vec<(Proof, u64)>,
    /// Items that could be compared with nothing.
    pub unverified: u64,
    /// What else should be known, and of how many.
    pub remarks: Vec<(Remark, u64)>,
    /// Items that failed, as many as are kept with their words.
    pub failures: Vec<(String, Trouble)>,
    /// All items that failed.
    pub failed: u64,
    /// Items that were not begun, because going on made no sense or it was cancelled.
    pub left: u64,
    /// Whether it was cancelled.
    pub cancelled: bool,
}

impl Report {
    fn add(&mut self, done: Done) {
        self.done += 1;
        self.bytes = self.bytes.saturating_add(done.size);
        self.carried = self.carried.saturating_add(done.carried);
        match done.verified.by {
            Some(proof) => count(&mut self.verified, proof),
            None => self.unverified += 1,
        }
        done.remarks.into_iter().for_each(|remark| count(&mut self.remarks, remark));
    }

    fn fail(&mut self, key: String, trouble: Trouble) {
        self.failed += 1;
        if self.failures.len() < FAILURES {
            self.failures.push((key, trouble));
        }
    }

    /// Whether everything is where it should be.
    pub fn is_whole(&self) -> bool {
        self.failed == 0 && self.left == 0 && !self.cancelled
    }
}

fn count<T: PartialEq>(counts: &mut Vec<(T, u64)>, value: T) {
    match counts.iter_mut().find(|(known, _)| *known == value) {
        Some((_, many)) => *many += 1,
        None => counts.push((value, 1)),
    }
}

struct Order {
    title: String,
    items: u64,
    bytes: u64,
    meter: Arc<Meter>,
    keeper: GateKeeper,
    cancel: CancellationToken,
    speed: Speed,
    active: BTreeMap<u64, (String, Arc<Meter>)>,
    report: Report,
    ended: watch::Sender<bool>,
}

#[derive(Default)]
struct Orders {
    next: u32,
    all: BTreeMap<OrderId, Order>,
    looking: bool,
}

struct Inner {
    of: Transfers,
    orders: Mutex<Orders>,
    slot: watch::Sender<Snapshot>,
}

impl Inner {
    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, id: OrderId, change: impl FnOnce(&mut Order) -> T) -> Option<T> {
        self.orders().all.get_mut(&id).map(change)
    }

    fn look(&self) -> bool {
        let mut orders = self.orders();
        let now = Instant::now();
        let views: Vec<_> = orders.all.iter_mut().map(|(id, order)| order.view(*id, now)).collect();
        let running = views.iter().any(|view| !view.state.has_ended());
        orders.looking = running;
        drop(orders);
        self.slot.send_if_modified(|slot| {
            let differs = slot.orders != views;
            slot.orders = views;
            differs
        });
        running
    }
}

impl Order {
    fn view(&mut self, id: OrderId, now: Instant) -> OrderView {
        let ended = *self.ended.borrow();
        let state = match () {
            () if ended && self.report.cancelled => State::Cancelled,
            () if ended && self.report.is_whole() => State::Done,
            () if ended => State::Failed,
            () if !self.keeper.is_open() => State::Paused,
            () => self.meter.waits().map_or(State::Running, State::Waiting),
        };
        let (bytes, size) = (self.meter.done(), self.bytes.max(self.meter.size()));
        let rate = self.speed.look(self.meter.wire(), now);
        let eta = rate
            .filter(|rate| *rate > 0 && !ended)
            .map(|rate| Duration::from_secs(size.saturating_sub(bytes).div_ceil(rate)));
        let active = self.active.values().take(NAMED);
        let active = active.map(|(key, meter)| Active { key: key.clone(), bytes: meter.done(), size: meter.size() });
        OrderView {
            id,
            title: self.title.clone(),
            state,
            items: self.items,
            done: self.report.done,
            failed: self.report.failed,
            bytes,
            size,
            found: self.meter.found(),
            rate,
            eta,
            active: active.collect(),
        }
    }
}

/// The transfers of one service. Dropping the last handle cancels what runs; all of it can be gone on with.
#[derive(Clone)]
pub struct Queue {
    inner: Arc<Inner>,
    _all: Arc<tokio_util::sync::DropGuard>,
    all: CancellationToken,
}

impl Queue {
    /// Without orders.
    pub fn new(of: Transfers) -> Self {
        let all = CancellationToken::new();
        let inner = Arc::new(Inner { of, orders: Mutex::default(), slot: watch::channel(Snapshot::default()).0 });
        Self { inner, _all: Arc::new(all.clone().drop_guard()), all }
    }

    /// What they share.
    pub fn transfers(&self) -> &Transfers {
        &self.inner.of
    }

    /// Begins an order; `bytes` is what its items come to, as far as that is known. Needs a runtime.
    pub fn add(&self, title: impl Into<String>, items: Vec<Item>, bytes: u64) -> Result<OrderId, Failure> {
        let (keeper, gate) = GateKeeper::new();
        let (meter, cancel) = (Arc::new(Meter::default()), self.all.child_token());
        let mut orders = self.inner.orders();
        if orders.all.len() >= ORDERS {
            let ended = orders.all.iter().find(|(_, order)| *order.ended.borrow()).map(|(id, _)| *id);
            let Some(ended) = ended else {
                return Err(
                    Failure::needs_human(format!("{ORDERS} transfers are under way")).help("Wait for one to end.")
                );
            };
            orders.all.remove(&ended);
        }
        let id = OrderId(orders.next);
        orders.next += 1;
        let order = Order {
            title: title.into(),
            items: items.len() as u64,
            bytes,
            meter: meter.clone(),
            keeper,
            cancel: cancel.clone(),
            speed: Speed::new(Instant::now()),
            active: BTreeMap::new(),
            report: Report::default(),
            ended: watch::channel(false).0,
        };
        orders.all.insert(id, order);
        let look = !std::mem::replace(&mut orders.looking, true);
        drop(orders);
        let way = Way { gate, meter };
        tokio::spawn(run(self.inner.clone(), id, way, cancel, items));
        if look {
            let inner = Arc::downgrade(&self.inner);
            tokio::spawn(async move {
                while inner.upgrade().is_some_and(|inner| inner.look()) {
                    tokio::time::sleep(LOOK).await;
                }
            });
        }
        Ok(id)
    }

    /// How far everything is; the newest wins.
    pub fn watch(&self) -> watch::Receiver<Snapshot> {
        self.inner.slot.subscribe()
    }

    /// Holds an order, or lets it go on.
    pub fn pause(&self, id: OrderId, pause: bool) {
        self.inner.with(id, |order| order.keeper.open(!pause));
    }

    /// Ends an order; what was carried stays for another one.
    pub fn cancel(&self, id: OrderId) {
        self.inner.with(id, |order| order.cancel.cancel());
    }

    /// Ends all orders.
    pub fn cancel_all(&self) {
        let orders = self.inner.orders();
        orders.all.values().for_each(|order| order.cancel.cancel());
    }

    /// Whether anything is under way.
    pub fn is_busy(&self) -> bool {
        self.inner.orders().all.values().any(|order| !*order.ended.borrow())
    }

    /// Takes an order that has ended from the list.
    pub fn forget(&self, id: OrderId) {
        let mut orders = self.inner.orders();
        if orders.all.get(&id).is_some_and(|order| *order.ended.borrow()) {
            orders.all.remove(&id);
        }
        drop(orders);
        self.inner.look();
    }

    /// What an order came to so far.
    pub fn report(&self, id: OrderId) -> Option<Report> {
        self.inner.with(id, |order| order.report.clone())
    }

    /// Waits for the end of an order.
    pub async fn ended(&self, id: OrderId) -> Option<Report> {
        let mut ended = self.inner.with(id, |order| order.ended.subscribe())?;
        // The sender lives as long as the order is in the list.
        let _ = ended.wait_for(|ended| *ended).await;
        self.report(id)
    }
}

async fn run(inner: Arc<Inner>, id: OrderId, way: Way, cancel: CancellationToken, items: Vec<Item>) {
    let left = items.len() as u64;
    let mut items = (0u64..).zip(items);
    let cancelled = tokio::select! {
        biased;
        () = cancel.cancelled() => true,
        () = all(&inner, id, &way, &mut items) => false,
    };
    inner.with(id, |order| {
        let begun = order.report.done + order.report.failed;
        order.report.left = left.saturating_sub(begun);
        order.report.cancelled = cancelled;
        order.active.clear();
        order.ended.send_replace(true);
    });
    inner.look();
}

async fn all(inner: &Arc<Inner>, id: OrderId, way: &Way, items: &mut (impl Iterator<Item = (u64, Item)> + Send)) {
    // Dropped with this future: what is under way ends with it.
    let mut running: JoinSet<(u64, String, Result<Done, Trouble>)> = JoinSet::new();
    let mut stop = false;
    loop {
        while !stop && running.len() < ITEMS {
            let Some((number, item)) = items.next() else { break };
            let meter = Meter::under(&way.meter);
            let key = item.key().to_owned();
            inner.with(id, |order| order.active.insert(number, (key.clone(), meter.clone())));
            let (of, way) = (inner.of.clone(), Way { gate: way.gate.clone(), meter });
            running.spawn(async move {
                let result = match &item {
                    Item::Download(job) => download(&of, &way, job).await,
                    Item::Upload(job) => upload(&of, &way, job).await,
                };
                (number, key, result)
            });
        }
        let Some(ended) = running.join_next().await else { return };
        let Ok((number, key, result)) = ended else { continue };
        // What stops this one would stop all that come after it.
        stop |= result.as_ref().is_err_and(|trouble| {
            matches!(trouble.end, End::Local(WhyLocal::Full) | End::Service(Why::Cut | Why::Full))
        });
        inner.with(id, |order| {
            order.active.remove(&number);
            match result {
                Ok(done) => order.report.add(done),
                Err(trouble) => order.report.fail(key, trouble),
            }
        });
    }
}

#[cfg(test)]
#[path = "queue_tests.rs"]
mod tests;
