//! What this computer knows of a site.

use super::super::headless::Order;
use super::super::parts::Env;
use super::super::sites::RunDir;
use crate::engine::state::StepStatus;
use crate::plan::components::{BUILT_IN, Components};
use crate::plan::report::{Bag, PIECE};
use crate::plan::{Failure, HostId};
use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// Runs before the last one whose journals are taken.
pub const EARLIER: usize = 5;

/// Takes all of it.
pub fn gather(bag: &mut Bag, env: &Env, site: HostId, runs: &[RunDir], order: Option<&Order>) {
    bag.text("local/versions.txt", versions(env, order).as_bytes(), false);
    let dir = env.sites.dir(site);
    match runs.first() {
        Some(run) => {
            journal(bag, run, &format!("local/runs/{}", run.id));
            file(bag, &format!("local/runs/{}/log.txt", run.id), &run.log());
            request(bag, run);
        }
        None => bag.missing("local/runs", "none was begun from this computer"),
    }
    for run in runs.iter().skip(1).take(EARLIER) {
        journal(bag, run, &format!("local/runs/{}", run.id));
    }
    for run in env.sites.fixes(site).iter().take(EARLIER) {
        journal(bag, run, &format!("local/fixes/{}", run.id));
    }
    for name in ["lock.json", "hand-over.txt"] {
        file(bag, &format!("local/{name}"), &dir.join(name));
    }
}

fn versions(env: &Env, order: Option<&Order>) -> String {
    let own = order.map(|order| order.site.supply.components.as_slice()).unwrap_or_default();
    let system = rustix::system::uname();
    let mut text = format!(
        "{}\nrun by {} on {} {} {}\n",
        super::PROGRAM,
        env.by,
        system.sysname().to_string_lossy(),
        system.release().to_string_lossy(),
        system.machine().to_string_lossy()
    );
    if let Err(problems) = Components::load(own, "amd64") {
        text.extend(problems.iter().map(|problem| format!("{problem}\n")));
    }
    text.push_str("\n# The components table of the program.\n");
    text.push_str(BUILT_IN);
    for (n, table) in (1..).zip(own) {
        let _ = write!(text, "\n# The user's own table no. {n}.\n{table}");
    }
    text
}

/// A run's journal as it lies there, and what it comes to.
fn journal(bag: &mut Bag, run: &RunDir, name: &str) {
    file(bag, &format!("{name}/journal.jsonl"), &run.journal());
    match run.read() {
        Ok(read) => {
            let state = read.state();
            let mut text =
                format!("result: {:?}\ntorn: {}, damaged lines: {}\n", state.result, read.torn, read.damaged);
            for step in &state.steps {
                let status = match &step.status {
                    StepStatus::Ended { outcome, .. } => format!("{outcome:?}"),
                    other => format!("{other:?}"),
                };
                let _ = writeln!(text, "{}: {status}", step.id);
            }
            bag.text(&format!("{name}/state.txt"), text.as_bytes(), false);
        }
        Err(failure) => bag.failed(&format!("{name}/state.txt"), &failure),
    }
}

/// What a run was asked for: the answers as a file of their own, so that their lines are seen as such.
fn request(bag: &mut Bag, run: &RunDir) {
    let name = format!("local/runs/{}", run.id);
    match run.request() {
        Ok(request) => {
            bag.text(&format!("{name}/answers.toml"), request.answers.as_bytes(), false);
            let keys = request.credentials_file.map_or("none".into(), |path| path.display().to_string());
            let text = format!("relative paths belong to: {}\nfile for the keys: {keys}\n", request.base.display());
            bag.text(&format!("{name}/request.txt"), text.as_bytes(), false);
        }
        Err(failure) => bag.failed(&format!("{name}/answers.toml"), &failure),
    }
}

/// The end of a file.
fn file(bag: &mut Bag, name: &str, path: &Path) {
    match end_of(path) {
        Ok((bytes, cut)) => bag.text(name, &bytes, cut),
        Err(failure) => bag.failed(name, &failure),
    }
}

fn end_of(path: &Path) -> Result<(Vec<u8>, bool), Failure> {
    let cannot = |e: std::io::Error| Failure::permanent(format!("read {}", path.display())).because(e.to_string());
    let mut file = File::open(path).map_err(cannot)?;
    let seen = file.metadata().map_err(cannot)?;
    if !seen.is_file() {
        return Err(Failure::permanent(format!("{} is no plain file", path.display())));
    }
    let start = seen.len().saturating_sub(PIECE as u64);
    file.seek(SeekFrom::Start(start)).map_err(cannot)?;
    let mut bytes = Vec::new();
    // It may grow while it is read.
    file.take(PIECE as u64).read_to_end(&mut bytes).map_err(cannot)?;
    Ok((bytes, start > 0))
}
