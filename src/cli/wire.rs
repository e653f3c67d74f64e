//! Where the sub-commands that work on a site meet the use cases of `app`.

use super::args::{Attach, Check, Console, Global, Install, Plan, Reaching, Rehearse, Resume, Status};
use super::face::{CliFace, Shape};
use super::prompt::{FdPrompt, TerminalPrompt};
use super::{interrupt, output, status};
use crate::app::attach;
use crate::app::console;
use crate::app::headless::{self, By, Env, Order};
use crate::app::order;
use crate::app::sites::Sites;
use crate::app::{Exit, Machine};
use crate::base::{Cancel, Chain, Redactor, SystemClock};
use crate::engine::retry::Retry;
use crate::engine::step::Hook;
use crate::plan::{Failure, HostId};
use crate::ports::Prompt;
use crate::transport::simulated::Speed;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Says a failure on standard error and gives its exit.
pub(super) fn refuse(failure: &Failure) -> Exit {
    output::talk(&format!("modelquay: {}", Chain(failure)));
    if let Some(hint) = &failure.hint {
        output::talk(&format!("help: {hint}"));
    }
    Exit::of_failure(failure)
}

pub(super) fn sites(global: &Global) -> Result<Sites, Failure> {
    global.state_dir.as_ref().map_or_else(Sites::of_user, |dir| Ok(Sites::at(dir)))
}

/// Sockets have short paths only: the session's own directory, or the one for temporary files.
pub(super) fn runtime_dir() -> PathBuf {
    std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|d| d.is_dir()).unwrap_or_else(std::env::temp_dir)
}

/// Who runs the program, as far as the environment says; it only tells people apart.
pub(super) fn by() -> String {
    let user = std::env::var("USER").unwrap_or_else(|_| "someone".into());
    let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
    format!("{user}@{host}")
}

/// What a use case is driven with.
pub(super) struct Wiring<'a> {
    global: &'a Global,
    reaching: &'a Reaching,
    shape: Shape,
    site: HostId,
    rehearsal: bool,
    pub yes: bool,
    hook: Hook,
    /// Whether a host is taken from whoever has it.
    take_over: bool,
    /// Who runs it, where that is not whoever started it.
    by: Option<String>,
    /// What is said when somebody asks to stop.
    pub first_word: &'static str,
}

/// Runs one use case with everything around it.
pub(super) fn drive(wiring: &Wiring<'_>, sites: Sites, case: impl AsyncFnOnce(&Env) -> Exit) -> Exit {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&Failure::permanent("start the program's threads").because(error.to_string())),
    };
    let cancel = Cancel::new();
    let face =
        CliFace::start(wiring.global, wiring.shape, wiring.site.as_str(), wiring.rehearsal, wiring.yes, cancel.clone());
    let face = match face {
        Ok(face) => Arc::new(face),
        Err(failure) => return refuse(&failure),
    };
    let prompt: Arc<dyn Prompt> = match wiring.reaching.password_fd {
        Some(fd) => Arc::new(FdPrompt::new(fd)),
        None => Arc::new(TerminalPrompt::new(cancel.clone())),
    };
    let retry = if wiring.rehearsal {
        Retry { first_pause: Duration::from_millis(200), ..Retry::default() }
    } else {
        Retry::default()
    };
    let env = Env {
        sites,
        clock: Arc::new(SystemClock),
        prompt,
        face: face.clone(),
        cancel: cancel.clone(),
        redactor: Redactor::new(),
        runtime_dir: runtime_dir(),
        link_timeout: wiring.reaching.link_timeout(),
        retry,
        hook: wiring.hook.clone(),
        by: wiring.by.clone().unwrap_or_else(by),
        take_over: wiring.take_over,
    };
    let exit = runtime.block_on(async {
        if let Err(error) = interrupt::listen(&cancel, wiring.first_word) {
            output::talk(&format!("modelquay: signals cannot be heard: {error}"));
        }
        case(&env).await
    });
    drop(env);
    // What still runs in the background (a link that is told to close) has a moment and no more.
    runtime.shutdown_timeout(Duration::from_secs(2));
    // With the threads gone nobody else holds the face, so that its last lines can be waited for.
    match Arc::try_unwrap(face) {
        Ok(face) => face.finish(exit),
        Err(_) => exit,
    }
}

pub(super) fn shape(global: &Global, diff: bool) -> Shape {
    match (global.json, diff) {
        (true, _) => Shape::Json,
        (false, true) => Shape::Diff,
        (false, false) => Shape::Lines,
    }
}

/// Loads the answers, or says every mistake.
fn load(global: &Global, answers: &std::path::Path, keys: Option<&std::path::Path>) -> Result<(Order, Sites), Exit> {
    let sites = sites(global).map_err(|failure| refuse(&failure))?;
    match order::load(answers, keys, &sites) {
        Ok(order) => Ok((order, sites)),
        Err(bad) => {
            output::talk(&bad.to_string());
            Err(Exit::Usage)
        }
    }
}

/// The order for a host with every default, or what is wrong with its name.
fn for_host(host: &str, sites: Sites) -> Result<(Order, Sites), Exit> {
    match order::for_host(host, &sites) {
        Ok(order) => Ok((order, sites)),
        Err(bad) => {
            output::talk(&bad.to_string());
            Err(Exit::Usage)
        }
    }
}

pub(super) fn wiring<'a>(global: &'a Global, reaching: &'a Reaching, shape: Shape, site: HostId) -> Wiring<'a> {
    let (hook, first_word) = (Hook::default(), interrupt::SAFE_POINT);
    Wiring { global, reaching, shape, site, rehearsal: false, yes: false, hook, take_over: false, by: None, first_word }
}

pub fn check(global: &Global, args: &Check) -> Exit {
    let loaded = match (&args.answers, &args.host) {
        (Some(answers), _) => load(global, answers, None),
        (None, host) => sites(global)
            .map_err(|failure| refuse(&failure))
            .and_then(|sites| for_host(host.as_deref().unwrap_or_default(), sites)),
    };
    let (order, sites) = match loaded {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let wiring = wiring(global, &args.reaching, shape(global, false), order.site.name);
    drive(&wiring, sites, async |env| headless::check(env, &Machine::Real, &order).await)
}

pub fn plan(global: &Global, args: &Plan) -> Exit {
    let (order, sites) = match load(global, &args.answers, args.credentials_file.as_deref()) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let wiring = wiring(global, &args.reaching, shape(global, args.diff), order.site.name);
    drive(&wiring, sites, async |env| headless::plan(env, &Machine::Real, &order).await)
}

pub fn install(global: &Global, args: &Install) -> Exit {
    let Some(keys) = &args.credentials_file else {
        output::talk("modelquay: install needs --credentials-file: the keys are shown nowhere else");
        output::talk("help: name a new file in a directory that only you can write to");
        return Exit::Usage;
    };
    let (order, sites) = match load(global, &args.answers, Some(keys)) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let mut wiring = wiring(global, &args.reaching, shape(global, false), order.site.name);
    wiring.yes = args.yes;
    wiring.take_over = args.take_over;
    let by = by_whom(args.on_host);
    wiring.hook = super::stop_at::hook(args.stop_at.as_deref());
    drive(&wiring, sites, async |env| headless::install(env, &Machine::Real, &order, by).await)
}

pub fn resume(global: &Global, args: &Resume) -> Exit {
    let found = sites(global).and_then(|sites| {
        let site = status::site(&sites, args.site.as_deref())?;
        let run = status::last_run(&sites, site)?;
        let mut order = order::of_run(&run)?;
        if let Some(keys) = &args.credentials_file {
            order.keys_into(keys)?;
        }
        Ok((sites, run, order))
    });
    let (sites, run, order) = match found {
        Ok(found) => found,
        Err(failure) => return refuse(&failure),
    };
    let mut wiring = wiring(global, &args.reaching, shape(global, false), order.site.name);
    wiring.by.clone_from(&args.on_behalf_of);
    let by = by_whom(args.on_host);
    wiring.take_over = args.take_over;
    wiring.hook = super::stop_at::hook(args.stop_at.as_deref());
    drive(&wiring, sites, async |env| headless::resume(env, &Machine::Real, &run, &order, by).await)
}

fn by_whom(on_host: bool) -> By {
    if on_host { By::Host } else { By::Us }
}

/// How the host of an `attach` is reached, and what is known on this computer. What was wrong was said.
pub(super) fn attached(global: &Global, args: &Attach) -> Result<(Order, Sites), Exit> {
    let known = |sites: &Sites, host: &str| {
        let site = host.parse().ok().filter(|_| !host.contains('@'));
        site.and_then(|site: HostId| order::of_run(&sites.last_run(site)?).ok())
    };
    match (&args.answers, &args.host) {
        (None, Some(host)) => match sites(global) {
            Ok(sites) => match known(&sites, host) {
                Some(order) => Ok((order, sites)),
                None => for_host(host, sites),
            },
            Err(failure) => Err(refuse(&failure)),
        },
        (Some(answers), _) => load(global, answers, None),
        (None, None) => Err(Exit::Usage),
    }
}

pub fn attach(global: &Global, args: &Attach) -> Exit {
    let (order, sites) = match attached(global, args) {
        Ok(found) => found,
        Err(exit) => return exit,
    };
    let mut wiring = wiring(global, &args.reaching, shape(global, false), order.site.name);
    wiring.first_word = "modelquay: leaving as asked; the run goes on as it does";
    drive(&wiring, sites, async |env| attach::attach(env, &Machine::Real, &order).await)
}

pub fn status(global: &Global, args: &Status) -> Exit {
    let said = sites(global).and_then(|sites| status::report(&sites, args.site.as_deref(), global.json));
    match said {
        Ok(text) => output::data(&text),
        Err(failure) => refuse(&failure),
    }
}

pub fn console(global: &Global, args: &Console) -> Exit {
    let found = sites(global).and_then(|sites| {
        if args.site.as_deref() == Some(order::REHEARSAL)
            && !sites.names().iter().any(|n| n.as_str() == order::REHEARSAL)
        {
            return Err(Failure::permanent("a rehearsal has no console: it ended with its program")
                .help("an install on a real host has one: modelquay"));
        }
        let site = status::site(&sites, args.site.as_deref())?;
        let run = status::last_run(&sites, site)?;
        let order = order::of_run(&run)?;
        Ok((sites, run, order))
    });
    let (sites, run, order) = match found {
        Ok(found) => found,
        Err(failure) => return refuse(&failure),
    };
    let mut wiring = wiring(global, &args.reaching, shape(global, false), order.site.name);
    wiring.first_word = "modelquay: ending as asked; once more leaves at once";
    let wanted = console::Wanted { port: args.port, tunnel: args.tunnel };
    drive(&wiring, sites, async |env| console::console(env, &Machine::Real, &run, &order, wanted).await)
}

pub fn rehearse(global: &Global, args: &Rehearse) -> Exit {
    // Everything of a rehearsal lies in a directory of its own that goes with it.
    let dir = match RehearsalDir::make() {
        Ok(dir) => dir,
        Err(failure) => return refuse(&failure),
    };
    let sites = Sites::at(&dir.0);
    let order = order::for_rehearsal(&sites);
    let reaching = Reaching::default();
    let mut wiring = wiring(global, &reaching, shape(global, false), order.site.name);
    wiring.rehearsal = true;
    wiring.yes = true;
    wiring.hook = super::stop_at::hook(args.stop_at.as_deref());
    let machine =
        Machine::Rehearsal { speed: Speed::new(args.speed), bad_days: args.bad_day.iter().copied().collect() };
    let runtime_dir = dir.0.clone();
    drive(&wiring, sites, async |env| {
        let env = Env { runtime_dir, ..env.clone() };
        headless::install(&env, &machine, &order, By::Us).await
    })
}

/// A temporary directory that only the user can enter, removed at the end.
pub(super) struct RehearsalDir(pub PathBuf);

impl RehearsalDir {
    pub fn make() -> Result<Self, Failure> {
        let cannot = |e: &dyn std::fmt::Display| {
            Failure::permanent("make a temporary directory")
                .because(e.to_string())
                .help("set TMPDIR to a directory with room")
        };
        let name = crate::base::random::token(8).ok_or_else(|| cannot(&"no randomness"))?;
        let path = std::env::temp_dir().join(format!("modelquay-rehearsal-{}", name.expose()));
        std::fs::DirBuilder::new().mode(0o700).create(&path).map_err(|e| cannot(&e))?;
        Ok(Self(path))
    }
}

impl Drop for RehearsalDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
