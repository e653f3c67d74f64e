//! A run that is handed to its host: this program is copied there and goes on as a unit of the host, with the same journal.
//! From then on neither the link nor this computer matters to it.

use super::attach::{self, Attached};
use super::copies::{self, run_on_host, sites_on_host};
use super::headless::Env;
use super::lease;
use super::machine::Machine;
use super::parts::{self, Outcome, Ready, over_the_link};
use super::program::Program;
use super::sites::{Request, RunDir};
use super::words;
use crate::base::Secret;
use crate::engine::preview::ReviewedPlan;
use crate::engine::state::RunState;
use crate::plan::change::size_text;
use crate::plan::{Failure, HostId};
use crate::ports::host::unit_name;
use crate::ports::lease::LeaseSeen;
use crate::ports::{Copied, FileSpec, Host, Look, ScriptId, Seen, UnitSpec, UnitState, World};
use crate::steps;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A piece of the program on its way: the first, and the longest. A cut costs no more than one.
const PIECE: (usize, usize) = (32 << 10, 256 << 10);

/// A piece that takes no more than half of this is followed by a longer one, one that takes more by a shorter: a run
/// that goes on beside it waits for no more than a piece.
const A_PIECE: Duration = Duration::from_secs(1);

/// Where the program lies on a host.
fn program_dir() -> String {
    format!("{}/bin", steps::HOME)
}

/// Where the host keeps the keys of a run that was handed to it, until they are fetched.
pub(super) fn keys_on_host(site: HostId) -> String {
    format!("{}/{site}/keys.toml", sites_on_host())
}

/// What came of a run that was handed to its host, as far as it was followed.
pub(super) enum Followed {
    /// It is done, and what belongs on this computer is here.
    Done(Outcome),
    /// It is not: it has ended otherwise, or whoever followed it has left.
    Not(Arc<RunState>),
}

/// Hands a run over, follows it to its end, and fetches what belongs here when it is done. Its journal has been begun,
/// and nobody works on it. `begun` hears when the host has it.
pub(super) async fn hand_over(
    env: &Env,
    machine: &Machine,
    ready: &Ready,
    run_dir: &RunDir,
    begun: impl FnOnce(),
) -> Result<Followed, Failure> {
    let arch = ready.inspection.facts.arch.clone();
    let attached = give(env, ready, run_dir, &Program::packed(arch).await?).await?;
    env.face.note(&words::handed_over(attached.site));
    begun();
    let (_, state) = attach::follow(env, &ready.world, attached.site, &attached).await?;
    let (done, all) = state.progress();
    if done < all || all == 0 {
        return Ok(Followed::Not(state));
    }
    let reviewed = ReviewedPlan::of_run(&state)?.here(&ready.brief, &steps::Registry);
    parts::carry_out(env, machine, ready, &reviewed, run_dir, true).await.map(Followed::Done)
}

/// Gives a run to its host.
async fn give(env: &Env, ready: &Ready, run_dir: &RunDir, program: &Program) -> Result<Attached, Failure> {
    let (world, site) = (&ready.world, ready.brief.site.name);
    let unit = {
        let _alone = run_dir.alone()?;
        let tenure = lease::take(env, world, site, run_dir).await?;
        let prepared = prepare(env, world, site, run_dir, program).await;
        let generation = tenure.generation();
        tenure.give_back().await;
        let target = prepared?;
        over_the_link(env, &**world, async || {
            start(&*world.host(site).await?, site, &run_dir.id, &target, generation, &env.by).await
        })
        .await?
    };
    Ok(Attached { site, run_dir: run_dir.clone(), lease: LeaseSeen::default(), unit: Some(unit) })
}

/// Brings everything to the host that the run needs there, and gives the program's path.
async fn prepare(
    env: &Env,
    world: &Arc<dyn World>,
    site: HostId,
    run_dir: &RunDir,
    program: &Program,
) -> Result<String, Failure> {
    let request = run_dir.request()?;
    let keys = request.credentials_file.as_ref().map(|_| keys_on_host(site).into());
    let request = Request { credentials_file: keys, ..request.for_elsewhere()?.reached_by("local") };
    over_the_link(env, &**world, async || {
        let host = world.host(site).await?;
        copies::write_all(&*host, site, run_dir).await?;
        let text = serde_json::to_vec_pretty(&request)
            .map_err(|e| Failure::permanent("write the request as JSON").because(e.to_string()))?;
        let path = format!("{}/request.json", run_on_host(site, &run_dir.id));
        host.write(&FileSpec { path, mode: 0o600, owner: "0:0".into(), content: Secret::new(text) }).await?;
        // Said once, when there is a rate.
        let said = AtomicBool::new(false);
        let tell = |seen: Copied| {
            if let Some(left) = seen.left
                && seen.done < seen.all
                && !said.swap(true, Ordering::Relaxed)
            {
                env.face.note(&words::copying(&size_text(seen.all - seen.done), left));
            }
        };
        send(env, &*host, program, &tell).await
    })
    .await
}

/// Copies the program to the host, from where an earlier try was cut off.
pub(super) async fn send(
    env: &Env,
    host: &dyn Host,
    program: &Program,
    told: &(dyn Fn(Copied) + Sync),
) -> Result<String, Failure> {
    let name = program.sha256.get(..16).unwrap_or_default();
    let target = format!("{}/modelquay-{name}", program_dir());
    let packed = format!("{target}.gz");
    let looks = [Look::Sha256 { path: target.clone() }, Look::stat(&packed)];
    let seen = host.look(&looks).await?;
    if seen.first() == Some(&Seen::Sha256(program.sha256.clone())) {
        return Ok(target);
    }
    let mut at = match seen.get(1) {
        Some(Seen::File(file)) if file.size <= program.packed.len() as u64 => file.size,
        Some(Seen::File(_)) => {
            host.remove(&packed).await?;
            0
        }
        _ => 0,
    };
    let (begun, first, mut longest) = (Instant::now(), at, PIECE.0);
    told(Copied::after(begun, first, at, program.packed.len() as u64));
    while at < program.packed.len() as u64 {
        if env.cancel.stopping() {
            return Err(Failure::permanent("the program was not copied whole when a stop was asked for"));
        }
        let from = usize::try_from(at).unwrap_or(usize::MAX).min(program.packed.len());
        let piece = &program.packed[from..program.packed.len().min(from + longest)];
        let asked = Instant::now();
        at = copies::append(host, &packed, at, piece).await?;
        let longer = asked.elapsed() < A_PIECE / 2;
        longest = if longer { longest * 2 } else { longest / 2 }.clamp(PIECE.0, PIECE.1);
        if at > program.packed.len() as u64 {
            host.remove(&packed).await?;
            return Err(Failure::transient("something else was written where the program was copied to"));
        }
        told(Copied::after(begun, first, at, program.packed.len() as u64));
    }
    let unpacked = host.run(ScriptId::Program, &[&packed, &target, &program.sha256], None).await?;
    match unpacked.status {
        65 => Err(Failure::transient("the copied program is not what was sent; it is copied again")),
        69 => Err(Failure::permanent("the host has no gzip").help("install gzip there, or install without --on-host")),
        126 => Err(Failure::permanent("the copied program does not run on the host")
            .help("its disk may forbid programs (noexec); install without --on-host")),
        _ => unpacked.success("unpacking the program on the host").map(|_| target),
    }
}

async fn start(
    host: &dyn Host,
    site: HostId,
    run: &str,
    program: &str,
    generation: u64,
    by: &str,
) -> Result<String, Failure> {
    let name = unit_name(run, "engine", "", u32::try_from(generation).unwrap_or(u32::MAX));
    let args = vec![program.to_owned(), steps::HOME.to_owned(), site.to_string(), by.replace('\n', " ")];
    host.start(&UnitSpec { name: name.clone(), script: ScriptId::Engine, args }).await?;
    Ok(name)
}

/// Whether the unit of a run that was handed over is still there. One that has ended badly before it could write a word
/// into the journal says why in its log.
pub(super) async fn unit_runs(host: &dyn Host, unit: &str) -> Result<bool, Failure> {
    match host.look(&[Look::Unit { name: unit.to_owned() }]).await?.first() {
        Some(Seen::Unit(UnitState::Running)) => Ok(true),
        Some(Seen::Unit(UnitState::Finished { status: 2 | 126 | 127 })) => {
            let log = host.unit_output(unit, 0, 4096).await?;
            let said = crate::base::sanitise::lines(&log.bytes, 300);
            let failure = Failure::permanent("the run did not begin on the host");
            Err(said.iter().rev().take(3).rev().fold(failure, |f, line| f.because(line.clone())))
        }
        _ => Ok(false),
    }
}

/// Removes the keys that a host has kept for whoever handed a run to it, once they are here.
pub(super) async fn forget_keys(env: &Env, ready: &Ready) {
    let site = ready.brief.site.name;
    let on_host = keys_on_host(site);
    if ready.brief.credentials_file.as_ref().is_none_or(|here| *here == on_host) {
        return;
    }
    let removed =
        over_the_link(env, &*ready.world, async || Ok(ready.world.host(site).await?.remove(&on_host).await?));
    if let Err(failure) = removed.await {
        tracing::warn!(%failure, path = on_host, "the keys were not removed from the host");
    }
}
