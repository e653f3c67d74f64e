//! The simulated world as a whole, and the link to it.

use super::bad_day::BadDay;
use super::ca::Ca;
use super::cluster::{SimCluster, tenant};
use super::host::SimHost;
use super::machine::Machine;
use super::s3::store::Bucket;
use super::samples;
use super::time::{Pace, Time};
use crate::base::{Cancel, Clock};
use crate::plan::{Failure, HostId, StepKind};
use crate::ports::objects::Service;
use crate::ports::{
    Access, Cluster, Credentials, Endpoint, Host, LinkState, ObjectStore, Objects, OperatorFiles, Probe, RegistryAdmin,
    World,
};
use crate::transport::admin::MinioAdmin;
use crate::transport::https;
use crate::transport::objects::S3Objects;
use crate::transport::runner_host::Under;
use crate::transport::s3::S3Store;
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

/// How long the link stays away on its bad day, in simulated milliseconds.
const AWAY: u64 = 20_000;
/// How long the pause is between two tries to bring it back, in simulated milliseconds.
const TRY_AGAIN: u64 = 4_000;
/// How long after RKE2's start it goes.
const AFTER_START: u64 = 5_000;

/// What a simulation is made of.
pub struct SimOptions {
    /// How its time goes.
    pub pace: Pace,
    /// What is broken in it.
    pub bad_days: BTreeSet<BadDay>,
    /// Our own time of day: TLS is real, so its certificates must hold now.
    pub clock: Arc<dyn Clock>,
    /// The operator's files. They are real, and the caller says where they may lie.
    pub files: Arc<dyn OperatorFiles>,
    /// A private directory of the simulation, for the registry's socket. Its path must be short.
    pub directory: PathBuf,
}

/// The simulated link to the host.
pub struct Link {
    machine: Arc<Machine>,
    state: watch::Sender<LinkState>,
    /// When it goes and when it is back, in simulated milliseconds.
    lost: Mutex<Option<(u64, u64)>>,
    /// Under which generation of the lease things are changed over it.
    pub under: Under,
}

impl Link {
    /// A question passes over the link, or is lost with it.
    pub fn pass(&self) -> Result<(), Failure> {
        let now = self.machine.time.now();
        let away = *self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        match away {
            Some((from, to)) if (from..to).contains(&now) => {
                let since_ms = self.machine.clock.now_ms();
                let why = "the simulated link is cut".to_owned();
                self.state.send_if_modified(|state| {
                    let was_up = matches!(state, LinkState::Up { .. });
                    if was_up {
                        *state = LinkState::Lost { since_ms, retry_at_ms: since_ms, attempts: 0, why };
                    }
                    was_up
                });
                // Asking moves a time that is moved by hand: else the link would never be back.
                self.machine.time.asked();
                Err(Failure::unknown("the connection to the host is lost").because("the simulated link is cut"))
            }
            _ => {
                self.state.send_if_modified(|state| {
                    let was_lost = !matches!(state, LinkState::Up { .. });
                    *state = LinkState::Up { rtt_ms: Some(1) };
                    was_lost
                });
                Ok(())
            }
        }
    }

    /// RKE2 is started: on its bad day the link goes a little later, once.
    pub fn rke2_starts(&self, now: u64) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        if self.machine.bad(BadDay::LinkLost) && lost.is_none() {
            *lost = Some((now + AFTER_START, now + AFTER_START + AWAY));
        }
    }

    /// It is tried again when this time has come.
    fn tries_at(&self, at: u64) {
        let retry = u64::try_from(self.machine.time.takes(at).as_millis()).unwrap_or(u64::MAX);
        let now = self.machine.clock.now_ms();
        self.state.send_modify(|state| {
            if let LinkState::Lost { retry_at_ms, .. } = state {
                *retry_at_ms = now.saturating_add(retry);
            }
        });
    }

    /// It was tried again.
    fn tried(&self) {
        self.state.send_modify(|state| {
            if let LinkState::Lost { attempts, .. } = state {
                *attempts += 1;
            }
        });
    }

    fn back_at(&self) -> Option<u64> {
        let now = self.machine.time.now();
        let lost = *self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        lost.filter(|(from, to)| (*from..*to).contains(&now)).map(|(_, to)| to)
    }
}

/// A world that is simulated from the host to the cluster; only its registry is a real server, in
/// this process.
pub struct Sim {
    machine: Arc<Machine>,
    link: Arc<Link>,
    files: Arc<dyn OperatorFiles>,
    furnished: AtomicBool,
}

impl Machine {
    /// Whether time stands still between questions.
    pub fn moved_by_hand(&self) -> bool {
        self.time.pause().is_zero()
    }
}

impl Sim {
    /// A fresh world.
    pub fn new(options: SimOptions) -> Result<Self, Failure> {
        let ca = Ca::new(options.clock.now_ms())?;
        let socket = options.directory.join("s3");
        let machine = Machine::new(Time::new(options.pace), options.clock, ca, socket, options.bad_days);
        let machine = Arc::new(machine);
        let (state, _) = watch::channel(LinkState::Up { rtt_ms: Some(1) });
        let link = Link { machine: Arc::clone(&machine), state, lost: Mutex::new(None), under: Under::default() };
        Ok(Self { machine, link: Arc::new(link), files: options.files, furnished: AtomicBool::new(false) })
    }

    /// The same site as another operator reaches it, over a link of his own.
    #[must_use]
    pub fn beside(&self, files: Arc<dyn OperatorFiles>) -> Self {
        let machine = Arc::clone(&self.machine);
        let (state, _) = watch::channel(LinkState::Up { rtt_ms: Some(1) });
        let link = Link { machine: Arc::clone(&machine), state, lost: Mutex::new(None), under: Under::default() };
        Self { machine, link: Arc::new(link), files, furnished: AtomicBool::new(false) }
    }

    /// The site behind it, for tests that look at its inside or break it on the way.
    pub fn machine(&self) -> &Arc<Machine> {
        &self.machine
    }

    /// Whoever looks into the buckets for the first time finds models there; what is deleted then stays deleted.
    fn furnish(&self) -> Result<(), Failure> {
        let store = &self.machine.store;
        let bare: Vec<String> = store.with(|s| {
            let deleted = |b: &Bucket| b.objects.values().all(|all| all.last().is_none_or(|v| v.marker));
            s.buckets.iter().filter(|(_, b)| deleted(b)).map(|(name, _)| name.clone()).collect()
        });
        if bare.is_empty() || self.furnished.swap(true, Ordering::Relaxed) {
            return Ok(());
        }
        bare.iter().try_for_each(|bucket| samples::fill(store, bucket))
    }

    /// The way to the registry, where its node port leads to a server that answers.
    fn route(&self, at: &Endpoint) -> Result<https::Route, Failure> {
        route(&self.machine, at)
    }
}

fn route(machine: &Machine, at: &Endpoint) -> Result<https::Route, Failure> {
    let answers = machine.ask(|s, _| at.ip == super::machine::NODE_IP && tenant::reachable(s, at.port));
    if answers {
        Ok(https::Route::Unix(machine.socket.clone()))
    } else {
        Err(Failure::transient(format!("{}:{} refuses the connection", at.ip, at.port)))
    }
}

#[async_trait]
impl World for Sim {
    async fn host(&self, _host: HostId) -> Result<Arc<dyn Host>, Access> {
        self.link.pass().map_err(Access::Failed)?;
        Ok(Arc::new(SimHost { machine: Arc::clone(&self.machine), link: Arc::clone(&self.link) }))
    }

    async fn cluster(&self) -> Result<Arc<dyn Cluster>, Access> {
        self.link.pass().map_err(Access::Failed)?;
        if !self.machine.look(|s, now| s.rke2.is_up(now)) {
            return Err(Access::NotYet { because: StepKind::ClusterStart });
        }
        Ok(Arc::new(SimCluster { machine: Arc::clone(&self.machine), link: Arc::clone(&self.link) }))
    }

    async fn store(&self, at: &Endpoint, with: &Credentials) -> Result<Arc<dyn ObjectStore>, Access> {
        let route = self.route(at).map_err(Access::Failed)?;
        Ok(Arc::new(S3Store::new(at, with, route).map_err(Access::Failed)?))
    }

    async fn objects(&self, at: &Endpoint, with: &Credentials) -> Result<Arc<dyn Objects>, Access> {
        let route = self.route(at).map_err(Access::Failed)?;
        self.furnish().map_err(Access::Failed)?;
        let service = Service::of_site(at, with);
        Ok(Arc::new(S3Objects::new(&service, route).map_err(Access::Failed)?))
    }

    async fn admin(&self, at: &Endpoint, with: &Credentials) -> Result<Arc<dyn RegistryAdmin>, Access> {
        let route = self.route(at).map_err(Access::Failed)?;
        Ok(Arc::new(MinioAdmin::new(at, with, route).map_err(Access::Failed)?))
    }

    fn probe(&self) -> Arc<dyn Probe> {
        Arc::new(super::probe::SimProbe { machine: Arc::clone(&self.machine) })
    }

    fn files(&self) -> Arc<dyn OperatorFiles> {
        Arc::clone(&self.files)
    }

    fn link(&self) -> watch::Receiver<LinkState> {
        self.link.state.subscribe()
    }

    fn pause(&self) -> Duration {
        self.machine.time.pause()
    }

    fn time(&self) -> Option<Duration> {
        Some(Duration::from_millis(self.machine.time.now()))
    }

    fn under_lease(&self, generation: u64) {
        self.link.under.set(generation);
    }

    async fn restore(&self, at_most: Duration, cancel: &Cancel) -> Result<(), Failure> {
        let mut left = at_most;
        while let Some(back) = self.link.back_at().filter(|_| !left.is_zero()) {
            let next = back.min(self.machine.time.now() + TRY_AGAIN);
            self.link.tries_at(next);
            let used = tokio::select! {
                () = cancel.stop_asked() => {
                    return Err(Failure::unknown("the connection is still lost, and a stop was asked for"));
                }
                used = self.machine.time.pass(next, left) => used,
            };
            left = left.saturating_sub(used);
            self.link.tried();
        }
        self.link.pass()
    }
}

#[cfg(test)]
pub(super) mod tests;
