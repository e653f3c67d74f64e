//! `modelquay console`: a port of this computer that leads to the console of a site, for as long as it is
//! wanted. The simulated site's one server plays the console: what is tried is the way there.

use crate::lost::Losing;
use crate::program;
use crate::stage::{Life, Stage};
use crate::state;
use modelquay::app::Exit;
use modelquay::app::console::Wanted;
use modelquay::base::Cancel;
use modelquay::plan::Failure;
use modelquay::transport::https::{self, Roots, Route};
use modelquay::transport::simulated::s3::{Fault, Harm};
use std::fs;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

const DEADLINE: Duration = Duration::from_secs(20);

/// The simulated operator's Service of the console.
const SERVICE: (Ipv4Addr, u16) = (Ipv4Addr::new(10, 43, 64, 20), 9443);

/// A site on which everything is installed.
async fn installed(more: &str) -> Stage {
    let stage = Stage::new();
    let answers = stage.path("site.toml");
    let text = fs::read_to_string(&answers).expect("the stage has answers");
    fs::write(&answers, format!("{text}{more}")).expect("writable");
    let (life, _) = stage.to_the_end().await;
    assert!(matches!(life, Life::Ended(Exit::Done, _)), "{life:?}");
    stage
}

fn steady(stage: &Stage) -> Arc<Losing> {
    Losing::new(stage, Failure::unknown("the connection is lost"), 0, false)
}

/// A console that is open.
struct Open<'s> {
    stage: &'s Stage,
    cancel: Cancel,
    task: JoinHandle<Exit>,
    port: u16,
}

impl<'s> Open<'s> {
    async fn over(stage: &'s Stage, world: &Arc<Losing>, wanted: Wanted) -> Self {
        let (cancel, work) = stage.console(Arc::clone(world) as _, wanted);
        // Its futures stay on one thread, as in the program.
        let task = tokio::task::spawn_local(work);
        let mut open = Self { stage, cancel, task, port: 0 };
        open.says("https://localhost:").await;
        let shown = stage.shown();
        let (_, port) = shown.split_once("https://localhost:").expect("it was said");
        let digits: String = port.chars().take_while(char::is_ascii_digit).collect();
        open.port = digits.parse().expect("a port");
        open
    }

    async fn says(&self, words: &str) {
        let until = Instant::now() + DEADLINE;
        while !self.stage.shown().contains(words) {
            assert!(Instant::now() < until && !self.task.is_finished(), "{words:?} not in: {}", self.stage.shown());
            tokio::task::yield_now().await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A verified look as a browser's, with this CA.
    async fn look(&self, ca: &str) -> Result<u16, String> {
        let roots = Roots::from_pem(ca).expect("a CA");
        let url = format!("https://localhost:{}/", self.port).parse().expect("an address");
        let look = tokio::time::timeout(DEADLINE, https::look(Route::Direct, &roots, &url)).await;
        let (status, _) = look.expect("in time").map_err(|e| e.failure("the console").line())?;
        Ok(status.as_u16())
    }

    fn ca(&self) -> String {
        fs::read_to_string(self.stage.path("state/sites/edge-07/ca.crt")).expect("the CA lies there")
    }

    async fn end(self) -> (Exit, u16) {
        self.cancel.escalate();
        let exit = tokio::time::timeout(DEADLINE, self.task).await.expect("in time").expect("no panic");
        (exit, self.port)
    }
}

async fn local<T>(body: impl Future<Output = T>) -> T {
    tokio::task::LocalSet::new().run_until(body).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_gets_to_the_console_and_verifies_it_until_the_tunnel_is_closed() {
    let stage = installed("").await;
    let world = steady(&stage);
    local(Box::pin(async {
        let open = Open::over(&stage, &world, Wanted::default()).await;
        assert!(open.look(&open.ca()).await.is_ok(), "{}", stage.shown());
        // Without its CA nobody takes it for the console.
        let other = Stage::new();
        let stranger = other.sim.machine().ca.pem().to_owned();
        let refused = open.look(&stranger).await;
        assert!(refused.as_ref().is_err_and(|e| e.contains("not signed by the site's own CA")), "{refused:?}");
        assert!(world.dialled().iter().all(|at| *at == SERVICE) && world.dialled().len() >= 3, "{:?}", world.dialled());
        let shown = stage.shown();
        for words in ["Ctrl-C closes the tunnel", "ca.crt", "The keys are in", "\"type\":\"console\""] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
        for (access, secret) in state::keys_in_secrets(&stage).into_values() {
            assert!(!shown.contains(&secret) && !shown.contains(&access), "a key was shown");
        }
        let (exit, port) = open.end().await;
        assert_eq!(exit, Exit::Interrupted);
        assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err(), "nobody listens any more");
        assert!(stage.shown().contains("no tunnel is left open"));
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_loss_the_next_connection_asks_for_the_way_anew_and_says_so() {
    let stage = installed("").await;
    let world = steady(&stage);
    local(Box::pin(async {
        let open = Open::over(&stage, &world, Wanted { tunnel: true, ..Wanted::default() }).await;
        let ca = open.ca();
        let before = world.dialled().len();
        // Once when it is dialled and once when the service is looked for.
        world.lose(2);
        assert!(open.look(&ca).await.is_ok(), "{}", stage.shown());
        let shown = stage.shown();
        assert!(shown.contains("waits for the link to be back (the connection is lost)"), "{shown}");
        assert!(shown.contains("asked for anew: 10.43.64.20:9443"), "{shown}");
        assert_eq!(world.dialled().len(), before + 1);
        // A loss that is noticed between two connections is restored without waiting for one.
        world.cut();
        let until = Instant::now() + DEADLINE;
        while world.restored() == 0 {
            assert!(Instant::now() < until, "nobody restores the link");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(open.look(&ca).await.is_ok(), "{}", stage.shown());
        assert_eq!(stage.shown().matches("asked for anew").count(), 2, "{}", stage.shown());
        assert_eq!(open.end().await.0, Exit::Interrupted);
    }))
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_port_of_the_node_needs_no_tunnel_unless_one_is_asked_for() {
    let stage = installed("[registry]\nconsole_port = 30901\n").await;
    let world = steady(&stage);
    local(Box::pin(async {
        let (_, work) = stage.console(Arc::clone(&world) as _, Wanted::default());
        assert_eq!(work.await, Exit::Done);
        let shown = stage.shown();
        assert!(shown.contains("no tunnel is needed") && shown.contains(":30901\n"), "{shown}");
        assert!(world.dialled().is_empty());
        for wanted in [Wanted { tunnel: true, port: None }, Wanted { port: Some(free_port().await), tunnel: false }] {
            let open = Open::over(&stage, &world, wanted).await;
            assert!(wanted.port.is_none_or(|port| port == open.port));
            assert!(open.look(&open.ca()).await.is_ok());
            assert_eq!(open.end().await.0, Exit::Interrupted);
        }
    }))
    .await;
}

async fn free_port() -> u16 {
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
    listener.local_addr().expect("it has one").port()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_console_that_does_not_answer_is_not_offered_and_a_missing_ca_is_written() {
    let stage = installed("").await;
    let world = steady(&stage);
    local(Box::pin(async {
        let ca = stage.path("state/sites/edge-07/ca.crt");
        let was = fs::read(&ca).expect("the CA lies there");
        fs::remove_file(&ca).expect("it is ours");
        let open = Open::over(&stage, &world, Wanted::default()).await;
        assert_eq!(fs::read(&ca).ok(), Some(was));
        assert!(stage.shown().contains("it was missing"), "{}", stage.shown());
        assert_eq!(open.end().await.0, Exit::Interrupted);
        let harm = Harm::Swallow;
        stage.sim.machine().faults.add(Fault { method: "", path: "/".into(), harm, times: 100 });
        let (_, work) = stage.console(Arc::clone(&world) as _, Wanted::default());
        assert_eq!(work.await, Exit::Failed);
        let shown = stage.shown();
        assert!(shown.contains("the console at https://localhost:") && !shown.contains("Ctrl-C"), "{shown}");
    }))
    .await;
}

#[tokio::test]
async fn what_has_no_console_is_said_with_what_to_do() {
    let home = tempfile::tempdir().expect("a directory");
    let rehearsal = program::run(home.path(), &["console", "rehearsal"]).await;
    assert_eq!(rehearsal.code, Some(1));
    assert!(rehearsal.err.contains("a rehearsal has no console") && rehearsal.err.contains("help:"), "{rehearsal:?}");
    let nothing = program::run(home.path(), &["console"]).await;
    assert_eq!(nothing.code, Some(1));
    assert!(nothing.err.contains("no site is known yet"), "{nothing:?}");
    let wrong = program::run(home.path(), &["console", "--port", "0"]).await;
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
}
