//! The screens, wired: the terminal, the driver, the signals, and the last words after it all.

mod driver;
mod face;
pub(in crate::cli) mod files;
mod handing;
mod prompt;

use super::args::{self, Attach, Global, Rehearse, Resume};
use super::screens::{QUEUE, language, possible, signals, theme, wrapped};
use super::wire::{RehearsalDir, by, refuse, runtime_dir, sites};
use super::{browse, output, status};
use crate::app::order;
use crate::app::session::Session;
use crate::app::sites::Sites;
use crate::app::{Env, Exit, Machine, Order};
use crate::base::{Cancel, Clock, Redactor, SystemClock};
use crate::engine::retry::Retry;
use crate::engine::step::Hook;
use crate::plan::Failure;
use crate::transport::simulated::Speed;
use crate::ui::draft::{Draft, FieldId, Origin};
use crate::ui::run::{Feeds, run};
use crate::ui::terminal::{Taken, watch_panics};
use crate::ui::text::Text;
use crate::ui::walk::Place;
use crate::ui::{Effect, Leaving, Live, Model};
use crossterm::event::EventStream;
use driver::Driver;
use face::ScreenFace;
use prompt::ScreenPrompt;
use rustix::termios::isatty;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// How long a run that is left has for its last event, before the program ends all the same.
const LAST_EVENT: Duration = Duration::from_secs(3);

/// How long the words after the screens wait for a job that is still under way.
const LAST_WORD: Duration = Duration::from_millis(500);

/// What the screens begin with.
struct Begin {
    sites: Sites,
    machine: Machine,
    speed: Speed,
    rehearsal: bool,
    draft: Draft,
    base: PathBuf,
    runtime_dir: PathBuf,
    /// What is done before anything is asked.
    first: Option<Effect>,
    /// The host whose run is to be brought here.
    attach: Option<Order>,
}

impl Begin {
    /// Real hosts, nothing answered yet, from the directory in which the program was started.
    fn of(sites: Sites) -> Self {
        Self {
            sites,
            machine: Machine::Real,
            speed: Speed::new(1),
            rehearsal: false,
            draft: Draft::default(),
            base: std::env::current_dir().unwrap_or_default(),
            runtime_dir: runtime_dir(),
            first: None,
            attach: None,
        }
    }
}

/// What a walk begins with, with screens or without: the answers, the directory to which relative paths in
/// them belong, and the known sites. What cannot be read was said, and is the program's end.
pub(super) fn begin_with(global: &Global, answers: Option<&Path>) -> Result<(Draft, PathBuf, Sites), Exit> {
    let (draft, base) = read_answers(answers).map_err(|failure| {
        refuse(&failure);
        Exit::Usage
    })?;
    let sites = sites(global).map_err(|failure| refuse(&failure))?;
    Ok((draft, base, sites))
}

fn read_answers(answers: Option<&Path>) -> Result<(Draft, PathBuf), Failure> {
    let Some(path) = answers else { return Ok((Draft::default(), std::env::current_dir().unwrap_or_default())) };
    let text = std::fs::read_to_string(path).map_err(|e| e.to_string());
    let draft = text.and_then(|text| Draft::of_answers(&text));
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let base = path.parent().map(Path::to_owned).unwrap_or_default();
    draft
        .map(|draft| (draft, base))
        .map_err(|why| Failure::permanent(format!("read the answers {}", path.display())).because(why))
}

/// `modelquay`: the walk.
pub fn install(global: &Global, answers: Option<&Path>) -> Exit {
    if !possible(global) {
        output::talk("modelquay: the screens need a terminal; without one there are");
        if isatty(std::io::stdin()) {
            output::talk("  modelquay --plain");
        }
        output::talk("  modelquay answers > site.toml");
        output::talk("  modelquay check --answers site.toml");
        output::talk("  modelquay plan --answers site.toml");
        output::talk("  modelquay install --answers site.toml --credentials-file keys.toml");
        return Exit::Usage;
    }
    let (draft, base, sites) = match begin_with(global, answers) {
        Ok(begin) => begin,
        Err(exit) => return exit,
    };
    match screens(global, Begin { draft, base, ..Begin::of(sites) }) {
        (_, Leaving::Rehearse) => rehearse(global, &Rehearse::default()),
        (_, Leaving::Browse(Some(site))) => browse::browse(global, &args::Browse::of_site(site)),
        (exit, _) => exit,
    }
}

/// `modelquay resume`, on the screens.
pub fn resume(global: &Global, args: &Resume) -> Exit {
    let found = sites(global).and_then(|sites| {
        let site = status::site(&sites, args.site.as_deref())?;
        let run = status::last_run(&sites, site)?;
        order::of_run(&run)?;
        Ok((sites, site))
    });
    let (sites, site) = match found {
        Ok(found) => found,
        Err(failure) => return refuse(&failure),
    };
    screens(global, Begin { first: Some(Effect::Resume { site }), ..Begin::of(sites) }).0
}

/// `modelquay attach`, on the screens.
pub fn attach(global: &Global, args: &Attach) -> Exit {
    let (order, sites) = match super::wire::attached(global, args) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    screens(global, Begin { first: Some(Effect::Attach), attach: Some(order), ..Begin::of(sites) }).0
}

/// `modelquay rehearse`, on the screens.
pub fn rehearse(global: &Global, args: &Rehearse) -> Exit {
    // Everything of a rehearsal lies in a directory of its own that goes with it.
    let dir = match RehearsalDir::make() {
        Ok(dir) => dir,
        Err(failure) => return refuse(&failure),
    };
    let speed = Speed::new(args.speed);
    let mut draft = Draft::default();
    draft.put(FieldId::Site, order::REHEARSAL, Origin::Default);
    draft.put(FieldId::Address, "local", Origin::Default);
    let begin = Begin {
        machine: Machine::Rehearsal { speed: speed.clone(), bad_days: args.bad_day.iter().copied().collect() },
        speed,
        rehearsal: true,
        draft,
        base: dir.0.clone(),
        runtime_dir: dir.0.clone(),
        ..Begin::of(Sites::at(&dir.0))
    };
    screens(global, begin).0
}

fn screens(global: &Global, begin: Begin) -> (Exit, Leaving) {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let failure = Failure::permanent("start the program's threads").because(error.to_string());
            return (refuse(&failure), Leaving::Quit);
        }
    };
    let mut model = Model::new(Text::of(language(global)), theme(global), begin.rehearsal);
    model.shell.frugal = global.low_bandwidth;
    model.shell.hand_over = !begin.rehearsal && crate::app::can_be_sent();
    model.walk.draft = begin.draft.clone();
    model.shell.speed = begin.speed.get();
    if begin.rehearsal {
        model.walk.place = Place::Host;
    }
    watch_panics();
    let exit =
        runtime.block_on(drive(global, &mut model, begin)).unwrap_or_else(|failure| (refuse(&failure), Leaving::Quit));
    runtime.shutdown_timeout(Duration::from_secs(1));
    exit
}

async fn drive(global: &Global, model: &mut Model, begin: Begin) -> Result<(Exit, Leaving), Failure> {
    let (msgs, heard) = mpsc::channel(QUEUE);
    let (effects, asked) = mpsc::channel(QUEUE);
    let live = watch::Sender::new(Live::default());
    let output = watch::Sender::new(None);
    let run_dir = watch::Sender::new(None);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let prompt = Arc::new(ScreenPrompt::new(msgs.clone()));
    let retry = if begin.rehearsal {
        Retry { first_pause: Duration::from_millis(200), ..Retry::default() }
    } else {
        Retry::default()
    };
    let env = Env {
        sites: begin.sites.clone(),
        clock: clock.clone(),
        prompt: prompt.clone(),
        face: Arc::new(ScreenFace { live: live.clone(), output: output.clone(), run: run_dir.clone() }),
        cancel: Cancel::new(),
        redactor: Redactor::new(),
        runtime_dir: begin.runtime_dir,
        link_timeout: Duration::from_hours(24),
        retry,
        hook: Hook::default(),
        by: by(),
        take_over: false,
    };
    let session = Session::new(env.clone(), begin.machine);
    let driver = Driver {
        way: session.way(),
        session: Arc::new(tokio::sync::Mutex::new(session)),
        env,
        attach: begin.attach,
        handing: Arc::default(),
        copy: Arc::default(),
        sites: begin.sites,
        msgs: msgs.clone(),
        live: live.clone(),
        run: run_dir.subscribe(),
        prompt,
        cancel: Arc::default(),
        left: Arc::default(),
        last: Arc::default(),
        base: begin.base,
        rehearsal: begin.rehearsal,
        speed: begin.speed,
    };
    let (end, suspend) = signals().map_err(|e| Failure::permanent("hear signals").because(e.to_string()))?;
    let feeds = Feeds {
        msgs: heard,
        live: live.subscribe(),
        output: output.subscribe(),
        end,
        suspend,
        clock: clock.clone(),
        frugal: global.low_bandwidth,
    };
    if let Some(first) = begin.first {
        // Nothing else is in the queue yet.
        let _ = effects.try_send(first);
    }
    // One for all screens of the program: a second one beside what the first one leaves behind has lost keys.
    let mut events = EventStream::new();
    let (leaving, ended) = {
        let mut tty =
            Taken::take(false, wrapped()).map_err(|e| Failure::permanent("use the terminal").because(e.to_string()))?;
        let ended = work(driver.clone(), asked)?;
        (run(model, &mut tty, &mut events, feeds, effects).await, ended)
    };
    if leaving == Leaving::Browse(None) {
        // The walk is over, and its connection goes on as the browser's.
        let registry = driver.session.lock().await.registry().await;
        if let Err(failure) = match registry {
            Ok(registry) => {
                // A rehearsal proposes nothing outside of its own directory.
                let home =
                    if driver.rehearsal { driver.base.clone() } else { std::env::current_dir().unwrap_or_default() };
                let room = browse::Room { home, sites: driver.sites.clone() };
                browse::show(global, driver.rehearsal, &registry, browse::first_bucket(model), room, true, &mut events)
                    .await
            }
            Err(failure) => Err(failure),
        } {
            refuse(&failure);
        }
    }
    Ok((last_words(model, &driver, leaving, ended).await, leaving))
}

/// Lets the driver work on a thread of its own, so that a terminal that takes no output holds up nothing
/// but the drawing. A local set, because the use cases' futures stay on one thread: the compiler cannot
/// see that those with async closures in them could move (rust-lang/rust#102211).
///
/// What it gives is done when the driver is.
fn work(driver: Driver, asked: mpsc::Receiver<Effect>) -> Result<oneshot::Receiver<()>, Failure> {
    let runtime = tokio::runtime::Handle::current();
    let (end, ended) = oneshot::channel();
    let body = move || {
        runtime.block_on(tokio::task::LocalSet::new().run_until(driver.run(asked)));
        // Nobody waits for it where the screens were left with nothing under way.
        let _ = end.send(());
    };
    let spawned = std::thread::Builder::new().name("driver".into()).spawn(body);
    spawned.map(|_| ended).map_err(|e| Failure::permanent("start the driver's thread").because(e.to_string()))
}

/// What is said on the ordinary screen after everything: what was done, what was not, and how to go on.
async fn last_words(model: &mut Model, driver: &Driver, leaving: Leaving, ended: oneshot::Receiver<()>) -> Exit {
    if leaving == Leaving::Detach {
        // The run records that it was left; what the host does by itself goes on.
        driver.leave();
        let _ = tokio::time::timeout(LAST_EVENT, ended).await;
    }
    // No key outlives the screens by more than these words.
    model.walk.credentials = crate::ui::walk::credentials::Screen::default();
    let mut next = Vec::new();
    if let Ok(mut session) = tokio::time::timeout(LAST_WORD, driver.session.lock()).await {
        session.forget_keys();
        next = session.next();
    }
    let last = driver.last.lock().unwrap_or_else(PoisonError::into_inner).take();
    let label = if driver.rehearsal { "REHEARSAL " } else { "" };
    let (exit, mut words) = last.unwrap_or((Exit::Done, Vec::new()));
    if !driver.rehearsal {
        words.extend(next);
    }
    for line in words {
        output::talk(&format!("{label}{line}"));
    }
    exit
}
