//! The state of the whole simulated site and the one lock around it.
//!
//! Nothing runs in the background: whatever is due by now is done before a question is answered, in
//! the order in which it fell due. So the same questions at the same times meet the same world.

use super::bad_day::BadDay;
use super::ca::Ca;
use super::cluster::objects::Objects;
use super::cluster::reactions::Due;
use super::files::Files;
use super::lease::Lease;
use super::rke2::Rke2;
use super::s3::{Faults, Server, Store};
use super::time::Time;
use super::units::Unit;
use crate::base::Clock;
use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The simulated node's address: one that is kept for documentation and leads nowhere.
pub const NODE_IP: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);

/// The simulated host's name.
pub const HOSTNAME: &str = "edge-07";

/// Everything that the simulated site is.
pub struct Machine {
    /// Its time.
    pub time: Time,
    /// Our own time of day, by which certificates are made and verified.
    pub clock: Arc<dyn Clock>,
    /// The cluster's server CA.
    pub ca: Ca,
    /// The registry's content.
    pub store: Arc<Store>,
    /// The registry's bad days.
    pub faults: Arc<Faults>,
    /// Where the registry's socket lies.
    pub socket: PathBuf,
    bad: BTreeSet<BadDay>,
    state: Mutex<State>,
}

/// What changes.
pub struct State {
    /// The file tree.
    pub files: Files,
    /// Kernel settings.
    pub kernel: BTreeMap<String, String>,
    /// Programs on root's path.
    pub programs: BTreeSet<String>,
    /// Transient units by name.
    pub units: BTreeMap<String, Unit>,
    /// RKE2's service.
    pub rke2: Rke2,
    /// What the API server holds.
    pub objects: Objects,
    /// What the controllers will do, by when and in which order it was decided.
    pub queue: BTreeMap<(u64, u64), Due>,
    decided: u64,
    /// Who may change the host.
    pub lease: Lease,
    /// The registry, while it answers.
    pub server: Option<Server>,
}

impl Machine {
    /// A fresh host with these bad days.
    pub fn new(time: Time, clock: Arc<dyn Clock>, ca: Ca, socket: PathBuf, bad: BTreeSet<BadDay>) -> Self {
        let mut files = Files::fresh();
        files.put("/etc/hostname", 0o644, (0, 0), format!("{HOSTNAME}\n"));
        let instances = if bad.contains(&BadDay::InotifyLow) { "128" } else { "8192" };
        let kernel = [("fs.inotify.max_user_instances", instances), ("fs.inotify.max_user_watches", "524288")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let mut programs: BTreeSet<String> =
            ["sh", "curl", "iptables", "systemctl", "apparmor_parser"].map(str::to_owned).into();
        if bad.contains(&BadDay::NoApparmorParser) {
            programs.remove("apparmor_parser");
        }
        let state = State {
            files,
            kernel,
            programs,
            units: BTreeMap::new(),
            rke2: Rke2::default(),
            objects: Objects::default(),
            queue: BTreeMap::new(),
            decided: 0,
            lease: Lease::default(),
            server: None,
        };
        let store = Store::new(Arc::clone(&clock));
        let machine = Self { time, clock, ca, store, faults: Arc::default(), socket, bad, state: Mutex::new(state) };
        machine.begin_badly();
        machine
    }

    /// Whether this is broken.
    pub fn bad(&self, day: BadDay) -> bool {
        self.bad.contains(&day)
    }

    fn begin_badly(&self) {
        let mut s = self.lock();
        if self.bad(BadDay::Leftovers) {
            s.files.put("/usr/local/bin/k3s", 0o755, (0, 0), "k3s\n");
            s.files.put("/etc/systemd/system/k3s.service", 0o644, (0, 0), "[Service]\n");
        }
        if self.bad(BadDay::ForeignCluster) {
            s.files.put("/usr/local/bin/rke2", 0o755, (0, 0), "rke2\n");
            s.files.put("/etc/rancher/rke2/config.yaml", 0o600, (0, 0), "cni: cilium\n");
            s.rke2.start_finished("v1.34.1+rke2r1");
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Works on the state as it is now: what fell due before is done first. Each call is a question
    /// in the sense of [`Time::asked`].
    pub fn ask<T>(&self, work: impl FnOnce(&mut State, u64) -> T) -> T {
        self.time.asked();
        self.look(work)
    }

    /// The same without counting as a question.
    pub fn look<T>(&self, work: impl FnOnce(&mut State, u64) -> T) -> T {
        let now = self.time.now();
        let mut s = self.lock();
        self.settle(&mut s, now);
        work(&mut s, now)
    }

    /// Does what is due.
    fn settle(&self, s: &mut State, now: u64) {
        loop {
            let unit = s.next_unit_end().filter(|(at, _)| *at <= now);
            let stage = s.rke2.next_due().filter(|at| *at <= now);
            let due = s.queue.first_key_value().map(|(key, _)| key.0).filter(|at| *at <= now);
            // The earliest of the three; a tie goes to the host before the cluster.
            let first = [unit.as_ref().map(|(at, _)| *at), stage, due].into_iter().flatten().min();
            let Some(first) = first else { return };
            if let Some((at, name)) = unit
                && at == first
            {
                s.end_unit(&name);
            } else if stage == Some(first) {
                self.rke2_stage(s, first);
            } else if let Some((_, due)) = s.queue.pop_first() {
                self.react(s, due, first);
            }
        }
    }

    /// When something will happen next by itself.
    pub fn next_due(&self) -> Option<u64> {
        let s = self.lock();
        let queue = s.queue.first_key_value().map(|(key, _)| key.0);
        [s.next_unit_end().map(|(at, _)| at), s.rke2.next_due(), queue].into_iter().flatten().min()
    }
}

impl State {
    /// Decides that something will be done at a time.
    pub fn later(&mut self, at: u64, due: Due) {
        self.decided += 1;
        self.queue.insert((at, self.decided), due);
    }

    fn next_unit_end(&self) -> Option<(u64, String)> {
        let open = self.units.iter().filter(|(_, u)| !u.settled);
        open.map(|(name, u)| (u.ends, name.clone())).min()
    }
}
