//! A link that is lost while a plan is made: looking changes nothing, so the program looks again.

use crate::ledger::{Ledger, Watched};
use crate::stage::Stage;
use async_trait::async_trait;
use modelquay::app::Exit;
use modelquay::base::Cancel;
use modelquay::plan::{Failure, HostId};
use modelquay::ports::{
    Access, Cluster, Credentials, Endpoint, Host, LinkState, ObjectStore, Objects, OperatorFiles, Probe, RegistryAdmin,
    Stream, World,
};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::sync::watch;

/// A world whose cluster and ports answer with this so often, each time with a loss of the link.
pub struct Losing {
    inner: Watched,
    failure: Failure,
    losses: AtomicUsize,
    /// Whether the host is gone as well.
    hostless: AtomicBool,
    restored: AtomicUsize,
    /// Where connections to ports lead.
    socket: PathBuf,
    /// Ports that were asked for.
    dialled: Mutex<Vec<(Ipv4Addr, u16)>>,
    /// Whether the link says that it was lost.
    noticed: bool,
    link: watch::Sender<LinkState>,
}

impl Losing {
    pub fn new(stage: &Stage, failure: Failure, losses: usize, noticed: bool) -> Arc<Self> {
        let (losses, restored) = (AtomicUsize::new(losses), AtomicUsize::new(0));
        let inner = Watched::new(&stage.sim, &Ledger::default());
        let link = watch::Sender::new(LinkState::Up { rtt_ms: None });
        let (socket, dialled) = (stage.sim.machine().socket.clone(), Mutex::default());
        let hostless = AtomicBool::new(false);
        Arc::new(Self { inner, failure, losses, hostless, restored, socket, dialled, noticed, link })
    }

    /// So many losses from now on.
    pub fn lose(&self, times: usize) {
        self.losses.store(times, SeqCst);
    }

    /// The host is gone as well, from now on.
    pub fn lose_host(&self) {
        self.hostless.store(true, SeqCst);
    }

    /// The link says that it was lost.
    pub fn cut(&self) {
        self.link.send_replace(LinkState::Lost { since_ms: 0, retry_at_ms: 0, attempts: 0, why: "cut".into() });
    }

    /// How often the link was restored.
    pub fn restored(&self) -> usize {
        self.restored.load(SeqCst)
    }

    /// The ports that were asked for so far.
    pub fn dialled(&self) -> Vec<(Ipv4Addr, u16)> {
        self.dialled.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn pass(&self) -> Result<(), Access> {
        if self.losses.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_err() {
            return Ok(());
        }
        if self.noticed {
            self.link.send_replace(LinkState::Connecting { attempt: 2 });
        }
        Err(Access::Failed(self.failure.clone()))
    }
}

#[async_trait]
impl World for Losing {
    async fn host(&self, host: HostId) -> Result<Arc<dyn Host>, Access> {
        if self.hostless.load(SeqCst) {
            return Err(Access::Failed(self.failure.clone()));
        }
        self.inner.host(host).await
    }
    async fn cluster(&self) -> Result<Arc<dyn Cluster>, Access> {
        self.pass()?;
        self.inner.cluster().await
    }
    async fn dial(&self, ip: Ipv4Addr, port: u16) -> Result<Box<dyn Stream>, Access> {
        self.pass()?;
        self.dialled.lock().unwrap_or_else(PoisonError::into_inner).push((ip, port));
        let refused = |e: std::io::Error| Access::Failed(Failure::transient("refused").because(e.to_string()));
        Ok(Box::new(UnixStream::connect(&self.socket).await.map_err(refused)?))
    }
    async fn store(&self, at: &Endpoint, with: &Credentials) -> Result<Arc<dyn ObjectStore>, Access> {
        self.inner.store(at, with).await
    }
    async fn objects(&self, at: &Endpoint, with: &Credentials) -> Result<Arc<dyn Objects>, Access> {
        self.inner.objects(at, with).await
    }
    async fn admin(&self, at: &Endpoint, with: &Credentials) -> Result<Arc<dyn RegistryAdmin>, Access> {
        self.inner.admin(at, with).await
    }
    fn probe(&self) -> Arc<dyn Probe> {
        self.inner.probe()
    }
    fn files(&self) -> Arc<dyn OperatorFiles> {
        self.inner.files()
    }
    fn link(&self) -> watch::Receiver<LinkState> {
        self.link.subscribe()
    }
    fn under_lease(&self, generation: u64) {
        self.inner.under_lease(generation);
    }
    async fn restore(&self, _: Duration, _: &Cancel) -> Result<(), Failure> {
        self.restored.fetch_add(1, SeqCst);
        self.link.send_replace(LinkState::Up { rtt_ms: None });
        Ok(())
    }
    fn pause(&self) -> Duration {
        Duration::from_millis(20)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_loss_while_a_plan_is_made_is_waited_for_and_looked_at_again() {
    let stage = Stage::new();
    for (failure, noticed) in
        [(Failure::unknown("the connection is lost"), false), (Failure::transient("the answer was cut off"), true)]
    {
        let world = Losing::new(&stage, failure, 1, noticed);
        assert_eq!(stage.plan(Arc::clone(&world) as _).await, Exit::Done, "{}", stage.shown());
        assert_eq!(world.restored(), 1);
    }
    // A passing trouble with the link up is no loss: behind a step with work it is that step's matter. A
    // link that never holds is given up.
    let world = Losing::new(&stage, Failure::transient("the API server is busy"), 1, false);
    assert_eq!(stage.plan(Arc::clone(&world) as _).await, Exit::Done, "{}", stage.shown());
    assert_eq!(world.restored(), 0);
    let world = Losing::new(&stage, Failure::unknown("the connection is lost"), usize::MAX, false);
    assert_eq!(stage.plan(Arc::clone(&world) as _).await, Exit::Unknown, "{}", stage.shown());
    assert_eq!(world.restored(), 20);
}
