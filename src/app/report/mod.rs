//! A report about a site: everything that somebody elsewhere needs to understand a trouble, in one archive without
//! secrets. What cannot be reached is named with its reason, and the rest is taken all the same.
//!
//! Nothing is changed on the host and in the cluster but what a look at the host does by itself, and nothing is sent
//! anywhere.

mod cluster;
mod host;
mod local;

use super::exit::Exit;
use super::keys_file::{self, Lies};
use super::machine::Machine;
use super::parts::{self, Env};
use super::{order, words};
use crate::base::clock;
use crate::plan::report::{Bag, Manifest};
use crate::plan::{Failure, HostId};
use crate::transport::{archive, operator_files};
use std::path::{Path, PathBuf};

/// The program's name and version.
const PROGRAM: &str = concat!("modelquay ", env!("CARGO_PKG_VERSION"));

/// How a report of this site and moment is called, without its ending.
fn title(site: HostId, now_ms: u64) -> String {
    format!("modelquay-report-{site}-{}", clock::utc_compact(now_ms))
}

/// Gathers a report, shows what is in it, asks, and writes it: to `to`, or to a file of its own name in `here`.
pub async fn report(env: &Env, machine: &Machine, site: HostId, to: Option<&Path>, here: &Path) -> Exit {
    let now_ms = env.clock.now_ms();
    let title = title(site, now_ms);
    let path = to.map_or_else(|| here.join(format!("{title}.tar.gz")), |to| here.join(to));
    let result = tokio::select! {
        // First, because a stop also ends what is waited for, with a failure of its own.
        biased;
        // Until it is written there is nothing that could not be left in the middle.
        () = env.cancel.stop_asked() => Ok(Ended::Stopped),
        result = make(env, machine, site, &title, now_ms, path) => result,
    };
    let (exit, failure, words) = match result {
        Ok(Ended::Written(path, bytes)) => (Exit::Done, None, words::report_written(&path, bytes)),
        Ok(Ended::Stopped) => (Exit::Interrupted, None, vec![words::nothing_written()]),
        Err(failure) => (Exit::of_failure(&failure), Some(failure.clone()), vec![failure.line()]),
    };
    env.face.last(exit, failure.as_ref(), &words);
    exit
}

enum Ended {
    Written(PathBuf, usize),
    Stopped,
}

async fn make(
    env: &Env,
    machine: &Machine,
    site: HostId,
    title: &str,
    now_ms: u64,
    path: PathBuf,
) -> Result<Ended, Failure> {
    // Before anything is asked of anybody.
    operator_files::is_free(&path)?;
    let (manifest, files) = gather(env, machine, site, now_ms).await;
    let at_s = now_ms / 1000;
    let title = title.to_owned();
    let packed = blocking(move || archive::pack(&title, &files, at_s)).await?;
    env.face.report(&manifest);
    if !env.face.may_write(&manifest).await {
        return Ok(Ended::Stopped);
    }
    let bytes = packed.len();
    let target = path.clone();
    blocking(move || operator_files::write_new(&target, &packed)).await?;
    Ok(Ended::Written(path, bytes))
}

/// Compressing and writing block, so they are kept off the threads that hear of a stop.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Failure> + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|e| Err(Failure::permanent("the work on the archive was broken off").because(e.to_string())))
}

/// Everything that can be had.
async fn gather(env: &Env, machine: &Machine, site: HostId, now_ms: u64) -> (Manifest, Vec<(String, Vec<u8>)>) {
    let runs = env.sites.runs(site);
    // A newer run whose request is damaged is no reason to leave the host out.
    let orders = runs.iter().map(order::of_run);
    let found = orders.reduce(|newest, older| if newest.is_ok() { newest } else { older.or(newest) });
    let found = found.unwrap_or_else(|| Err(Failure::permanent(format!("no run of {site} was begun"))));
    if let Ok(order) = &found {
        learn(env, order.request.credentials_file.as_deref());
    }
    let mut bag = Bag::new(site, PROGRAM, now_ms, env.redactor.clone());
    local::gather(&mut bag, env, site, &runs, found.as_ref().ok());
    match found {
        Ok(order) => match parts::connect(env, machine, &order.site).await {
            Ok(world) => {
                host::gather(&mut bag, env, &world, &order).await;
                cluster::gather(&mut bag, env, &*world, &order.site).await;
            }
            Err(failure) => {
                bag.failed("host", &failure);
                bag.missing("cluster", "it is reached through the host");
            }
        },
        Err(failure) => bag.failed("host and cluster", &failure),
    }
    bag.close()
}

/// The keys of this site, where their file can be read without a question: known ones are found in any disguise.
fn learn(env: &Env, file: Option<&Path>) {
    let Some(Ok(Lies::Open(file))) = file.map(keys_file::read) else { return };
    for (_, pair) in &file.keys {
        env.redactor.learn(&pair.access_key);
        env.redactor.learn(pair.secret_key.expose());
    }
}
