//! A way to MinIO's console of an installed site: a port of this computer that leads through the connection
//! to the host, or the node's own port where it has one. Nothing is changed but the CA's file on this
//! computer, where it is missing or of another cluster.

use super::exit::Exit;
use super::face::Face;
use super::machine::Machine;
use super::parts::{self, Env, Order};
use super::sites::RunDir;
use super::words;
use crate::base::Cancel;
use crate::engine::run::link_is_lost;
use crate::plan::console::{Console, ConsoleWay, KeysAt};
use crate::plan::{Failure, FailureKind, Site};
use crate::ports::probe::Reached;
use crate::ports::{Endpoint, LinkState, Route, Stream, World};
use crate::steps::{self, ConsoleAddress};
use crate::transport::doorway::{self, Doorway, Way};
use crate::transport::https::{self, Roots};
use async_trait::async_trait;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};

/// The port of this computer where none is asked for and it is free: the console's own, so that a browser
/// finds it again.
const USUAL: u16 = 9443;

/// How long a look at the console may take, with a whole SSH connection below it.
const LOOK_LIMIT: Duration = Duration::from_secs(30);

/// How long a browser's connection waits for a lost link. Browsers give up sooner or later by themselves.
const PATIENCE: Duration = Duration::from_mins(1);

/// What was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The port of this computer.
    pub port: Option<u16>,
    /// Whether the tunnel is wanted even where the node has a port for the console.
    pub tunnel: bool,
}

/// Opens the way and keeps it until a stop is asked for, or says that none is needed.
pub async fn console(env: &Env, machine: &Machine, run: &RunDir, order: &Order, wanted: Wanted) -> Exit {
    let result = tokio::select! {
        // First, because a stop also ends what is waited for, with a failure of its own.
        biased;
        // Nothing is under way that could not be left in the middle.
        () = env.cancel.stop_asked() => Ok(Exit::Interrupted),
        result = open(env, machine, run, order, wanted) => result,
    };
    let (exit, failure, words) = match result {
        Ok(Exit::Interrupted) => (Exit::Interrupted, None, vec![words::console_closed()]),
        Ok(exit) => (exit, None, Vec::new()),
        Err(failure) => (Exit::of_failure(&failure), Some(failure.clone()), vec![failure.line()]),
    };
    env.face.last(exit, failure.as_ref(), &words);
    exit
}

async fn open(env: &Env, machine: &Machine, run: &RunDir, order: &Order, wanted: Wanted) -> Result<Exit, Failure> {
    let site = &order.site;
    if run.read()?.state().rehearsal {
        return Err(Failure::permanent(format!("{} was a rehearsal: its console has gone with it", site.name))
            .help("an install on a real host has one: modelquay"));
    }
    let world = parts::connect(env, machine, site).await?;
    let (address, ca_pem) = parts::over_the_link(env, &*world, async || {
        let address = steps::find_console(&*world, site).await?;
        let cluster = world.cluster().await.map_err(Failure::from)?;
        Ok((address, cluster.server_ca().await?))
    })
    .await?;
    let roots = Roots::from_pem(&ca_pem)?;
    let found = |url: String, way: ConsoleWay| Console {
        site: site.name,
        url,
        way,
        ca_path: ca_path(env, site),
        ca_fingerprint: steps::fingerprint(&ca_pem),
        keys: keys_at(order),
    };
    keep_ca(env, &*world, site, &ca_pem).await?;
    if let Some((ip, port)) = address.node.filter(|_| !wanted.tunnel && wanted.port.is_none()) {
        let at = Endpoint { ip, port, ca_pem: ca_pem.clone() };
        match world.probe().get(&at, "/").await {
            Ok(Reached { route: Route::Direct, .. }) => {
                env.face.console(&found(at.url(), ConsoleWay::NodePort));
                return Ok(Exit::Done);
            }
            Ok(Reached { route: Route::Tunnel, .. }) => env.face.note(&words::console_port_blocked(&at)),
            Err(failure) => env.face.note(&words::console_port_failed(&failure)),
        }
    }
    let door = Doorway::open(wanted.port, USUAL).await?;
    let url = format!("https://localhost:{}", door.port());
    let tunnel = Arc::new(Tunnel::new(env, world.clone(), site, address));
    let way: Arc<dyn Way> = tunnel.clone();
    let told = async {
        // As a browser will ask: by this name, verified, through the door.
        parts::over_the_link(env, &*world, async || look(&roots, &url).await).await?;
        env.face.console(&found(url.clone(), ConsoleWay::Tunnel { most: doorway::MOST }));
        std::future::pending().await
    };
    tokio::select! {
        () = door.serve(&way) => Err(Failure::permanent("the port of this computer was closed")),
        failure = tunnel.keep_link(env.link_timeout, &env.cancel) => Err(failure),
        ended = told => ended,
    }
}

fn ca_path(env: &Env, site: &Site) -> String {
    steps::ca_file(&env.sites.dir(site.name).display().to_string())
}

/// The CA's file as the cluster has it: a browser that is told to trust another one is shown a console that
/// it cannot verify.
async fn keep_ca(env: &Env, world: &dyn World, site: &Site, ca_pem: &str) -> Result<(), Failure> {
    let (files, path) = (world.files(), ca_path(env, site));
    let there = files.read(&path).await?;
    if there.as_deref() == Some(ca_pem.as_bytes()) {
        return Ok(());
    }
    files.write(&path, ca_pem.as_bytes()).await?;
    env.face.note(&words::ca_written(&path, there.is_some()));
    Ok(())
}

fn keys_at(order: &Order) -> KeysAt {
    match &order.request.credentials_file {
        Some(path) if Path::new(path).exists() => KeysAt::File(path.display().to_string()),
        Some(path) => KeysAt::Gone(path.display().to_string()),
        None => KeysAt::Cluster,
    }
}

/// A verified look, as a browser's. Whatever it answers, it is the console.
async fn look(roots: &Roots, url: &str) -> Result<(), Failure> {
    let what = format!("the console at {url}");
    let uri = url.parse().map_err(|_| Failure::permanent(format!("{url} is no address")))?;
    match timeout(LOOK_LIMIT, https::look(https::Route::Direct, roots, &uri)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.failure(&what)),
        Err(_) => Err(Failure::transient(format!("{what}: no answer within {} s", LOOK_LIMIT.as_secs()))),
    }
}

/// The way through the connection to the host.
struct Tunnel {
    world: Arc<dyn World>,
    site: Site,
    face: Arc<dyn Face>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Where the console is; after a loss of the link it is asked for anew.
    service: Option<(std::net::Ipv4Addr, u16)>,
    /// What was said last of connections that came to nothing, so that it is said once.
    said: Option<String>,
}

impl Tunnel {
    fn new(env: &Env, world: Arc<dyn World>, site: &Site, address: ConsoleAddress) -> Self {
        let known = Mutex::new(Known { service: Some(address.service), said: None });
        Self { world, site: site.clone(), face: env.face.clone(), known }
    }

    /// Held only for moments, never across a wait.
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, text: String) {
        let new = self.known().said.as_ref() != Some(&text);
        if new {
            self.face.note(&text);
            self.known().said = Some(text);
        }
    }

    /// Has a lost link restored for as long as there is a tunnel. It ends where the link is given up.
    async fn keep_link(&self, at_most: Duration, cancel: &Cancel) -> Failure {
        let mut link = self.world.link();
        loop {
            let lost = matches!(*link.borrow_and_update(), LinkState::Lost { .. } | LinkState::Gone { .. });
            if lost {
                self.known().service = None;
                if let Err(failure) = self.world.restore(at_most, cancel).await {
                    return failure;
                }
            }
            if link.changed().await.is_err() {
                // A world whose link never changes.
                return std::future::pending().await;
            }
        }
    }

    async fn once(&self) -> Result<Box<dyn Stream>, Failure> {
        let known = self.known().service;
        let (ip, port) = if let Some(at) = known {
            at
        } else {
            let (ip, port) = steps::find_console(&*self.world, &self.site).await?.service;
            self.face.note(&words::console_found_again(ip, port));
            *self.known() = Known { service: Some((ip, port)), said: None };
            (ip, port)
        };
        let stream = self.world.dial(ip, port).await.map_err(Failure::from)?;
        self.known().said = None;
        Ok(stream)
    }
}

#[async_trait]
impl Way for Tunnel {
    async fn open(&self) -> Result<Box<dyn Stream>, Failure> {
        let mut link = self.world.link();
        let until = Instant::now() + PATIENCE;
        loop {
            link.mark_unchanged();
            let failure = match self.once().await {
                Err(failure) if Instant::now() < until => failure,
                ended => return ended,
            };
            if failure.kind != FailureKind::Unknown && !link_is_lost(&*self.world, &failure).await {
                return Err(failure);
            }
            self.known().service = None;
            self.say(words::console_waits(&failure));
            // What comes next of the link is worth another try; a loss may not have been noticed yet.
            let pause = until.min(Instant::now() + self.world.pause());
            tokio::select! {
                Ok(()) = link.changed() => {}
                () = sleep_until(pause) => {}
            }
        }
    }

    fn failed(&self, why: &Failure) {
        self.known().service = None;
        self.say(words::console_failed(why));
    }

    fn silent(&self) {
        self.known().service = None;
        self.say(words::console_silent());
    }

    fn full(&self, most: usize) {
        self.face.note(&words::console_full(most));
    }
}
