//! What all transfers of one service share.

use super::gate::{Gate, Pace};
use super::habit::Habit;
use super::landing::Landings;
use super::limits::Limits;
use super::meter::Meter;
use super::patience::patiently;
use super::trouble::Trouble;
use crate::ports::objects::{At, ObjectInfo};
use crate::ports::{LocalFiles, Objects};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The service, this computer's files, and the limits that all transfers keep together.
#[derive(Clone)]
pub struct Transfers(pub(super) Arc<Shared>);

/// What is behind [`Transfers`].
pub(super) struct Shared {
    pub objects: Arc<dyn Objects>,
    pub files: Arc<dyn LocalFiles>,
    pub service: String,
    pub uploads: PathBuf,
    pub limits: Limits,
    pub pace: Arc<Pace>,
    pub landings: Landings,
    pub habit: Habit,
    lanes: Arc<Semaphore>,
    memory: Arc<Semaphore>,
}

/// How one transfer is led and seen.
#[derive(Clone, Debug)]
pub struct Way {
    /// Whether it may go on.
    pub gate: Gate,
    /// How far it is.
    pub meter: Arc<Meter>,
}

impl Way {
    /// A way that nobody closes, with a meter of its own.
    pub fn free() -> Self {
        Self { gate: Gate::always(), meter: Arc::new(Meter::default()) }
    }
}

/// The right to one request with its bytes in memory; given back when it is dropped.
pub(in crate::registry) struct Lease {
    _lane: Option<OwnedSemaphorePermit>,
    _memory: Option<OwnedSemaphorePermit>,
}

impl Transfers {
    /// For a service that is called so in journals (its URL), with uploads' journals in this directory.
    #[expect(clippy::needless_pass_by_value, reason = "it is given away: what is kept is the same service at a pace")]
    pub fn new(
        objects: Arc<dyn Objects>,
        files: Arc<dyn LocalFiles>,
        service: impl Into<String>,
        uploads: PathBuf,
        limits: Limits,
    ) -> Self {
        let lanes = Arc::new(Semaphore::new(limits.lanes.max(1) as usize));
        let memory = Arc::new(Semaphore::new(limits.memory_kib.max(1) as usize));
        let landings = Landings::new(files.clone());
        let pace = Arc::new(Pace::new(None));
        // What is sent is slowed down within a body, as a part may be minutes of the limit.
        let objects = objects.paced(pace.clone());
        Self(Arc::new(Shared {
            objects,
            files,
            service: service.into(),
            uploads,
            limits,
            pace,
            landings,
            habit: Habit::default(),
            lanes,
            memory,
        }))
    }

    /// Limits all transfers together to so many bytes a second.
    pub fn limit(&self, bytes_a_second: Option<u64>) {
        self.0.pace.set(bytes_a_second);
    }

    /// What the service says about an object.
    pub async fn info(&self, at: &At) -> Result<ObjectInfo, Trouble> {
        Ok(patiently!(self.limits(), &Meter::default(), self.objects().head(at))?)
    }

    /// The limits.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// The service.
    pub fn objects(&self) -> &Arc<dyn Objects> {
        &self.0.objects
    }

    /// This computer's files.
    pub(in crate::registry) fn files(&self) -> &Arc<dyn LocalFiles> {
        &self.0.files
    }

    /// What the service is called in journals.
    pub(in crate::registry) fn service(&self) -> &str {
        &self.0.service
    }

    /// The directory of journals that lie beside no file.
    pub(in crate::registry) fn uploads(&self) -> &Path {
        &self.0.uploads
    }

    /// Waits for the right to one more request that holds so many bytes.
    pub(in crate::registry) async fn lease(&self, bytes: u64) -> Lease {
        let most = self.0.limits.memory_kib.max(1);
        let kib = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX).clamp(1, most);
        // Neither is ever closed, so there is always a permit in the end. Who waits for memory holds a
        // lane, but who holds memory needs nothing more, so that nobody waits for ever.
        let lane = self.0.lanes.clone().acquire_owned().await.ok();
        let memory = self.0.memory.clone().acquire_many_owned(kib).await.ok();
        Lease { _lane: lane, _memory: memory }
    }
}
