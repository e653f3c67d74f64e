//! Looking at the run that a host keeps, wherever it was begun, and following it while it goes on.

use super::copies;
use super::exit::Exit;
use super::handed;
use super::headless::{Env, Order, finish};
use super::machine::Machine;
use super::parts::{connect, over_the_link};
use super::sites::{Request, RunDir};
use super::words;
use crate::base::jsonl;
use crate::engine::event::Event;
use crate::engine::journal::{FileJournal, Journal as _};
use crate::engine::state::RunState;
use crate::engine::tail::Output;
use crate::plan::site::{Reach, SshReach};
use crate::plan::{Failure, HostId, StepKind};
use crate::ports::lease::{self, LeaseSeen};
use crate::ports::{Host, World};
use std::sync::Arc;

/// What is read of a journal at once.
const PIECE: usize = 256 << 10;

/// What is read of a log at once: on a bad link the journal must not wait for it.
const LOG_PIECE: usize = 16 << 10;

/// The run of a host, as it is kept there.
pub(super) struct Attached {
    /// The site's name, as whoever began the run has called it.
    pub site: HostId,
    /// Where the run is kept here.
    pub run_dir: RunDir,
    /// The lease when it was looked at.
    pub lease: LeaseSeen,
    /// The unit in which it goes on on the host, where it was handed over from here.
    pub unit: Option<String>,
}

impl Attached {
    /// Who works on it.
    pub fn carrier(&self) -> Carrier {
        match (&self.unit, &self.lease.engine, self.lease.held()) {
            (Some(_), ..) | (_, Some(_), _) => Carrier::Host,
            (.., Some(holder)) if holder.run == self.run_dir.id => Carrier::Somebody(holder.words()),
            _ => Carrier::Nobody,
        }
    }
}

/// Who carries out a run that is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Carrier {
    /// Nobody does any more.
    Nobody,
    /// The host, by itself.
    Host,
    /// Somebody: who, from where and since when.
    Somebody(String),
}

/// Brings the run of a host here and follows it to its end. Changes nothing on the host.
pub async fn attach(env: &Env, machine: &Machine, order: &Order) -> Exit {
    let result = async {
        let world = connect(env, machine, &order.site).await?;
        let attached = over_the_link(env, &*world, async || bring(env, &world, order).await).await?;
        if let Some(unit) = &attached.lease.engine {
            env.face.note(&words::by_itself(unit));
        }
        if let Some(holder) = attached.lease.held() {
            env.face.note(&words::in_the_hands_of(holder));
        }
        follow(env, &world, order.site.name, &attached).await
    }
    .await;
    match result {
        Ok((site, state)) => {
            let (done, all) = state.progress();
            let exit = match (env.cancel.stopping(), done == all && all > 0) {
                (_, true) => Exit::Done,
                (true, false) => Exit::Interrupted,
                (false, false) => Exit::NeedsHuman,
            };
            finish(env, Ok(exit), &words::attached(site, &state, env.cancel.stopping()))
        }
        Err(failure) => finish(env, Err(failure), &[]),
    }
}

/// Brings the newest run of a host here, or the one that goes on there.
pub(super) async fn bring(env: &Env, world: &Arc<dyn World>, order: &Order) -> Result<Attached, Failure> {
    let host = world.host(order.site.name).await?;
    let kept = copies::kept(&*host).await?;
    let lease = lease::look(&*host, "-").await?;
    let going_on = kept.iter().find(|run| lease.goes_on_with(&run.run));
    let Some(run) = going_on.or(kept.last()) else {
        let failure = Failure::permanent(format!("{} keeps no run of modelquay", order.site.name));
        return Err(failure.help("begin one with: modelquay"));
    };
    let known = env.sites.run(run.site, &run.run).filter(|dir| dir.request().is_ok());
    let run_dir = if let Some(run_dir) = known {
        run_dir
    } else {
        let path = format!("{}/request.json", copies::run_on_host(run.site, &run.run));
        let bytes = copies::read_all(&*host, &path).await?;
        let request: Request = serde_json::from_slice(&bytes)
            .map_err(|e| Failure::permanent(format!("read {path} of the host")).because(e.to_string()))?;
        let keys = request.credentials_file.as_ref().map(|_| env.sites.dir(run.site).join("keys.toml"));
        let way = address(&order.site.reach);
        let request = Request { credentials_file: keys, ..request.reached_as(&order.request.answers, &way) };
        env.sites.run_from_elsewhere(run.site, &run.run, &request)?
    };
    // Whoever works on it here has it all, and writes it.
    if let Ok(_alone) = run_dir.alone() {
        copies::bring(&*host, run.site, &run_dir).await?;
    }
    Ok(Attached { site: run.site, run_dir, lease, unit: None })
}

fn address(reach: &Reach) -> String {
    match reach {
        Reach::Local => "local".to_owned(),
        Reach::Ssh(SshReach { destination, .. }) => destination.clone(),
    }
}

/// Follows a run until nobody has it any more, or until a stop is asked for.
pub(super) async fn follow(
    env: &Env,
    world: &Arc<dyn World>,
    host: HostId,
    attached: &Attached,
) -> Result<(HostId, Arc<RunState>), Failure> {
    let Attached { site, run_dir, unit, .. } = attached;
    let read = run_dir.read()?;
    let mut state = read.state();
    env.face.run(run_dir, *site, state.rehearsal, &state);
    let alone = run_dir.alone().ok();
    let mut journal = match alone {
        Some(_) => Some(FileJournal::reopen(&run_dir.journal(), read.whole)?),
        None => None,
    };
    let path = format!("{}/journal.jsonl", copies::run_on_host(*site, &run_dir.id));
    let mut at = read.whole as u64;
    // Whoever has the run here writes its log as well.
    let mut log = journal.is_some().then(|| Log::follow(env, *site, run_dir));
    loop {
        let (fresh, over) = over_the_link(env, &**world, async || {
            let host = world.host(host).await?;
            let fresh = match journal {
                Some(_) => from_host(&*host, &path, at).await?,
                None => from_here(run_dir, at)?,
            };
            let over = fresh.is_empty() && !is_going_on(&*host, run_dir, unit.as_deref()).await?;
            Ok((fresh, over))
        })
        .await?;
        if let Some(journal) = journal.as_mut().filter(|_| !fresh.is_empty()) {
            journal.append(&fresh).await?;
        }
        at += fresh.len() as u64;
        if let Some(log) = &mut log {
            log.more(&**world, host).await;
        }
        for line in fresh.split(|byte| *byte == b'\n') {
            if let Ok(event) = serde_json::from_slice::<Event>(line) {
                state.apply(&event);
                env.face.event(&event, &state);
            }
        }
        if over || env.cancel.stopping() {
            return Ok((*site, Arc::new(state)));
        }
        tokio::select! {
            () = tokio::time::sleep(world.pause()) => {}
            () = env.cancel.stop_asked() => {}
        }
    }
}

/// The log of a run on its host, of which the newest lines are brought here.
struct Log {
    path: String,
    /// Where the next piece begins; `None` before the first.
    at: Option<u64>,
    output: Output,
}

impl Log {
    fn follow(env: &Env, site: HostId, run_dir: &RunDir) -> Self {
        let output = words::log_file(run_dir, &env.redactor);
        env.face.output(&output);
        Self { path: format!("{}/log.txt", copies::run_on_host(site, &run_dir.id)), at: None, output }
    }

    /// Brings the next piece. What is more than a piece behind is left on the host: whoever watches sees the newest, and
    /// a log is worth no failure.
    async fn more(&mut self, world: &dyn World, host: HostId) {
        let read = async {
            let host = world.host(host).await?;
            // Behind the end of everything: how long it is.
            let from = self.at.unwrap_or(u64::MAX >> 1);
            let (piece, size) = copies::read_from(&*host, &self.path, from, LOG_PIECE).await?;
            let newest = size.saturating_sub(LOG_PIECE as u64);
            if from > size || newest > from {
                let (piece, _) = copies::read_from(&*host, &self.path, newest, LOG_PIECE).await?;
                // It begins within a line, unless it is all of it.
                return Ok::<_, Failure>((newest, piece, newest > 0));
            }
            Ok((from, piece, false))
        };
        let Ok((from, piece, torn)) = read.await else { return };
        let lines = jsonl::split(&piece);
        self.at = Some(from + lines.whole as u64);
        for line in lines.lines.into_iter().skip(usize::from(torn)) {
            let mut words = line.splitn(2, |byte| *byte == b' ');
            let step = words.next().and_then(|step| std::str::from_utf8(step).ok()).and_then(|step| step.parse().ok());
            if let Some(step) = step {
                self.output.line(step, words.next().unwrap_or_default());
            }
        }
    }
}

async fn is_going_on(host: &dyn Host, run_dir: &RunDir, unit: Option<&str>) -> Result<bool, Failure> {
    if let Some(unit) = unit {
        return handed::unit_runs(host, unit).await;
    }
    let seen = lease::look(host, "-").await?;
    Ok(seen.goes_on_with(&run_dir.id))
}

/// Whole lines of the host's journal behind what is known.
async fn from_host(host: &dyn Host, path: &str, at: u64) -> Result<Vec<u8>, Failure> {
    let (mut fresh, size) = copies::read_from(host, path, at, PIECE).await?;
    if size < at {
        return Err(Failure::needs_human("the host keeps another journal of this run by now").help("attach once more"));
    }
    fresh.truncate(jsonl::split(&fresh).whole);
    Ok(fresh)
}

fn from_here(run_dir: &RunDir, at: u64) -> Result<Vec<u8>, Failure> {
    let bytes =
        std::fs::read(run_dir.journal()).map_err(|e| Failure::permanent("read the journal").because(e.to_string()))?;
    let mut fresh = bytes.get(usize::try_from(at).unwrap_or(usize::MAX)..).unwrap_or_default().to_vec();
    fresh.truncate(jsonl::split(&fresh).whole);
    Ok(fresh)
}

/// Whether a run writes its keys into a file.
pub(super) fn has_keys_file(state: &RunState) -> bool {
    state.steps.iter().any(|step| step.id.kind == StepKind::CredentialsFile)
}
