//! The browser's transfers: planned, begun, steered, and shown as they stand. They go on while it browses.

use super::super::walk::files::path_of;
use crate::base::sanitise::visible;
use crate::plan::Failure;
use crate::ports::LocalFiles as _;
use crate::ports::objects::{At, Notes, OnlyIf, Why};
use crate::registry::transfer::paths::{Clash, ClashKind, local_path};
use crate::registry::transfer::{
    Download, End, IfThere, Item, OrderId, Planned, Queue, Report, There, Transfers, Trouble, Upload, Way,
    plan_download, plan_upload,
};
use crate::transport::disk::Disk;
use crate::ui::browse::Live;
use crate::ui::browse::work::{Carried, Carry, CarryWay, Lane, Steer, Worked};
use std::collections::HashSet;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Clashes whose words are kept.
const KEPT: usize = 20;

/// The queue of one key, with what it shows.
#[derive(Clone)]
pub struct Carrier {
    lane: Lane,
    queue: Queue,
    /// The orders that send.
    up: Arc<Mutex<HashSet<OrderId>>>,
}

impl Carrier {
    /// A queue that shows how far it is in `live`. Needs a runtime.
    pub fn new(lane: Lane, of: Transfers, live: watch::Sender<Live>) -> Self {
        let queue = Queue::new(of);
        let up: Arc<Mutex<HashSet<OrderId>>> = Arc::default();
        let (mut seen, ups) = (queue.watch(), up.clone());
        // It ends with the queue, whose last handle lies with the driver.
        tokio::spawn(async move {
            while seen.changed().await.is_ok() {
                let orders = seen.borrow_and_update().orders.clone();
                live.send_modify(|live| {
                    live.carried.retain(|one| one.lane != lane);
                    let ups = ups.lock().unwrap_or_else(PoisonError::into_inner);
                    live.carried.extend(orders.into_iter().map(|view| Carried {
                        lane,
                        up: ups.contains(&view.id),
                        view,
                    }));
                    live.carried.sort_by_key(|one| (one.lane, one.view.id));
                });
            }
        });
        Self { lane, queue, up }
    }

    /// Its key.
    pub fn lane(&self) -> Lane {
        self.lane
    }

    /// Steers a transfer.
    pub fn steer(&self, order: OrderId, steer: Steer) {
        match steer {
            Steer::Hold => self.queue.pause(order, true),
            Steer::GoOn => self.queue.pause(order, false),
            Steer::Cancel => self.queue.cancel(order),
            Steer::Forget => self.queue.forget(order),
        }
    }

    /// What a transfer came to so far.
    pub fn report(&self, order: OrderId) -> Option<Report> {
        self.queue.report(order)
    }

    /// Plans a transfer and begins it, or says what stands in its way.
    pub async fn begin(&self, carry: Carry) -> Result<Worked, Failure> {
        let planned = match &carry.way {
            CarryWay::Get { from, to } => self.fetching(from, &path_of(to), carry.replace).await,
            CarryWay::Put { from, to } => self.sending(&path_of(from), to, carry.replace).await,
        }
        .map_err(|trouble| trouble.failure)?;
        if !planned.clashes.is_empty() {
            let replaceable = planned.clashes.iter().all(|clash| matches!(clash.why, ClashKind::There));
            let words = planned.clashes.iter().take(KEPT).map(Clash::words).collect();
            return Ok(Worked::Clashes { all: planned.clashes.len(), carry, words, replaceable });
        }
        let (items, bytes) = (planned.jobs.len() as u64, planned.bytes);
        let up = matches!(carry.way, CarryWay::Put { .. });
        // Held while it is added, so that whoever shows the order knows which way it goes.
        let mut ups = self.up.lock().unwrap_or_else(PoisonError::into_inner);
        let id = self.queue.add(title(&carry), planned.jobs, bytes)?;
        if up {
            ups.insert(id);
        }
        drop(ups);
        Ok(Worked::Begun { items, bytes })
    }

    async fn fetching(&self, from: &[At], to: &Path, replace: bool) -> Result<Planned<Item>, Trouble> {
        let of = self.queue.transfers();
        let if_there = if replace { IfThere::Replace } else { IfThere::KeepSame };
        let mut all =
            Planned { jobs: Vec::new(), bytes: 0, clashes: Vec::new(), left_out: Vec::new(), doubts: Vec::new() };
        let alone = from.len() == 1;
        for at in from {
            let folder = at.key.ends_with('/') || at.key.is_empty();
            // One alone is called as it was told; what comes into a directory is called by its key.
            let target = if alone && (folder || !is_directory(to)) {
                to.to_owned()
            } else {
                match local_path(own_name(at)) {
                    Ok(name) => to.join(name),
                    Err(why) => {
                        all.clashes.push(Clash { key: at.key.clone(), why: ClashKind::Bad(why) });
                        continue;
                    }
                }
            };
            if folder {
                let planned = plan_download(of, &Way::free(), at, &target, if_there).await?;
                all.bytes = all.bytes.saturating_add(planned.bytes);
                all.jobs.extend(planned.jobs.into_iter().map(Item::Download));
                all.clashes.extend(planned.clashes);
                continue;
            }
            let info = of.info(at).await?;
            let there = Disk.look(&target).await?;
            if there.is_some_and(|seen| !replace && seen.size != info.size) {
                all.clashes.push(Clash { key: at.key.clone(), why: ClashKind::There });
            }
            all.bytes = all.bytes.saturating_add(info.size);
            let listed = at.version.is_none().then_some((info.size, info.etag));
            all.jobs.push(Item::Download(Download { at: at.clone(), target, listed, if_there }));
        }
        Ok(all)
    }

    async fn sending(&self, from: &Path, to: &At, replace: bool) -> Result<Planned<Item>, Trouble> {
        let of = self.queue.transfers();
        let name = from.file_name().and_then(|name| name.to_str()).map(str::to_owned);
        let Some(name) = name else {
            let failure = Failure::permanent(format!("{} has no name that a key could have", from.display()));
            return Err(Trouble::new(End::Impossible, failure.help("Name a file or a directory.")));
        };
        if is_directory(from) {
            let to = At::new(to.bucket.clone(), format!("{}{name}/", to.key));
            let if_there = if replace { IfThere::Replace } else { IfThere::KeepSame };
            let planned = plan_upload(of, &Way::free(), from, &to, if_there).await?;
            return Ok(Planned {
                jobs: planned.jobs.into_iter().map(Item::Upload).collect(),
                bytes: planned.bytes,
                clashes: planned.clashes,
                left_out: planned.left_out,
                doubts: planned.doubts,
            });
        }
        let file = Disk.look(from).await?;
        let Some(file) = file else {
            let failure = Failure::permanent(format!("there is no file {}", from.display()));
            return Err(Trouble::new(End::Impossible, failure.help("Tab shows what is there.")));
        };
        let to = At::new(to.bucket.clone(), format!("{}{name}", to.key));
        let there = match of.info(&to).await {
            Ok(info) => Some(info),
            Err(trouble) if trouble.end == End::Service(Why::Missing) => None,
            Err(trouble) => return Err(trouble),
        };
        let mut clashes = Vec::new();
        if there.as_ref().is_some_and(|info| !replace && info.size != file.size) {
            clashes.push(Clash { key: to.key.clone(), why: ClashKind::There });
        }
        let only = if replace { OnlyIf::Always } else { OnlyIf::Absent };
        let there = if there.is_some() { There::MaybeTheSame } else { There::Nothing };
        let job = Upload { file: from.to_owned(), to, notes: Notes::default(), only, there };
        Ok(Planned {
            jobs: vec![Item::Upload(job)],
            bytes: file.size,
            clashes,
            left_out: Vec::new(),
            doubts: Vec::new(),
        })
    }
}

fn is_directory(path: &Path) -> bool {
    path.is_dir() || path.as_os_str().as_encoded_bytes().ends_with(b"/")
}

/// The last part of a key.
fn own_name(at: &At) -> &str {
    let inner = at.key.strip_suffix('/').unwrap_or(&at.key);
    inner.rsplit('/').next().unwrap_or(inner)
}

fn title(carry: &Carry) -> String {
    match &carry.way {
        CarryWay::Get { from, to } => match from.as_slice() {
            [one] => format!("{} → {to}", visible(&one.key)),
            several => format!("{} × → {to}", several.len()),
        },
        CarryWay::Put { from, to } => format!("{from} → {}/{}", to.bucket, visible(&to.key)),
    }
}
