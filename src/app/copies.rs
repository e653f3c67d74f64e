//! What the host keeps of a run: its journal and what it was asked for, so that it can be gone on with from elsewhere.
//!
//! The local journal leads, and the host's is a prefix of it: it is copied behind the run's back and never waited for.
//! Somebody else who goes on with the run writes on there; so where both have gone on, the host's counts, because only
//! who has the lease writes it, and ours is put aside.

use super::sites::{Request, RunDir};
use crate::base::{Secret, jsonl};
use crate::engine::state::RunState;
use crate::plan::{Failure, HostId};
use crate::ports::{FileSpec, Host, Look, ScriptId, Seen, World};
use crate::steps;
use sha2::{Digest as _, Sha256};
use std::fs;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

/// One piece on its way: small enough to get through between two cuts.
const PIECE: usize = 256 << 10;

/// Before a copy that did not succeed is tried again.
const PAUSE: Duration = Duration::from_secs(5);

/// What the last pieces may take at the end of a run.
const PATIENCE: Duration = Duration::from_secs(5);

/// A journal longer than this is not read from a host: none of ours is.
const LONGEST: u64 = 64 << 20;

/// Exit status of `append.sh` where the file has another size.
const OTHER_SIZE: u8 = 17;

/// The directory of a run on its host. It is laid out as this program keeps it everywhere, so that the program can be
/// started there with the host's own directory as its state.
pub(super) fn run_on_host(site: HostId, run: &str) -> String {
    format!("{}/{site}/runs/{run}", sites_on_host())
}

/// Where the runs of all sites lie on a host.
pub(super) fn sites_on_host() -> String {
    format!("{}/sites", steps::HOME)
}

/// Copies a run's journal to its host while the run goes on.
pub(super) struct Copies {
    enough: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Copies {
    /// Begins. The request comes first: a journal without it could not be gone on with.
    pub fn start(
        world: Arc<dyn World>,
        site: HostId,
        run_dir: RunDir,
        request: Request,
        states: watch::Receiver<Arc<RunState>>,
    ) -> Self {
        let (enough, ended) = oneshot::channel();
        let task = tokio::spawn(copy(Copier { world, site, run_dir, request, at: None, begun: false }, states, ended));
        Self { enough, task }
    }

    /// Copies what is still missing, as far as that can be done soon.
    pub async fn finish(self) {
        let _ = self.enough.send(());
        let abort = self.task.abort_handle();
        if tokio::time::timeout(PATIENCE, self.task).await.is_err() {
            abort.abort();
        }
    }
}

struct Copier {
    world: Arc<dyn World>,
    site: HostId,
    run_dir: RunDir,
    request: Request,
    /// How much of the journal is there, once that is known.
    at: Option<u64>,
    /// Whether the request is there.
    begun: bool,
}

async fn copy(mut copier: Copier, mut states: watch::Receiver<Arc<RunState>>, mut ended: oneshot::Receiver<()>) {
    loop {
        let pushed = copier.push().await;
        if let Err(failure) = &pushed {
            tracing::debug!(%failure, "the journal was not copied to the host");
        }
        let again = async {
            match pushed {
                Ok(()) => drop(states.changed().await),
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        };
        tokio::select! {
            () = again => {}
            _ = &mut ended => {
                let _ = copier.push().await;
                return;
            }
        }
    }
}

impl Copier {
    async fn push(&mut self) -> Result<(), Failure> {
        let host = self.world.host(self.site).await?;
        let dir = run_on_host(self.site, &self.run_dir.id);
        if !self.begun {
            write_request(&*host, &dir, &self.request).await?;
            self.begun = true;
        }
        self.at = push(&*host, &dir, &self.run_dir, self.at).await?;
        Ok(())
    }
}

/// Adds to a file of the host whose size is `at`, and gives its size after that: another one where it was not so long,
/// and nothing was added.
pub(super) async fn append(host: &dyn Host, path: &str, at: u64, bytes: &[u8]) -> Result<u64, Failure> {
    let size = at.to_string();
    let output = host.run(ScriptId::Append, &[path, "600", &size], Some(&Secret::new(bytes.to_vec()))).await?;
    let output = if output.status == OTHER_SIZE { output } else { output.success("adding to the host's journal")? };
    let text = output.text();
    text.trim().parse().map_err(|_| Failure::transient("the host's answer about its journal cannot be read"))
}

/// Brings the host's copy of the journal up to ours, and the request with it.
pub(super) async fn write_all(host: &dyn Host, site: HostId, run_dir: &RunDir) -> Result<(), Failure> {
    let dir = run_on_host(site, &run_dir.id);
    write_request(host, &dir, &run_dir.request()?).await?;
    push(host, &dir, run_dir, None).await.map(drop)
}

/// Sends what of our journal is missing behind `at`, and gives its size then.
async fn push(host: &dyn Host, dir: &str, run_dir: &RunDir, mut at: Option<u64>) -> Result<Option<u64>, Failure> {
    let path = format!("{dir}/journal.jsonl");
    let mut bytes =
        fs::read(run_dir.journal()).map_err(|e| Failure::permanent("read the journal").because(e.to_string()))?;
    // A line that is being written may be cut off again.
    bytes.truncate(jsonl::split(&bytes).whole);
    loop {
        let from = usize::try_from(at.unwrap_or(0)).unwrap_or(usize::MAX).min(bytes.len());
        let piece = &bytes[from..bytes.len().min(from + PIECE)];
        if piece.is_empty() && at.is_some() {
            return Ok(at);
        }
        let size = append(host, &path, from as u64, piece).await?;
        if size > bytes.len() as u64 {
            return Err(Failure::permanent("the host's journal is longer than ours"));
        }
        at = Some(size);
    }
}

async fn write_request(host: &dyn Host, dir: &str, request: &Request) -> Result<(), Failure> {
    let text = serde_json::to_vec_pretty(&request.for_elsewhere()?)
        .map_err(|e| Failure::permanent("write the request as JSON").because(e.to_string()))?;
    let path = format!("{dir}/request.json");
    // It is there already where the run goes on; what a full disk left of it is replaced.
    if append(host, &path, 0, &text).await? == text.len() as u64 {
        return Ok(());
    }
    host.write(&FileSpec { path, mode: 0o600, owner: "0:0".into(), content: Secret::new(text) }).await
}

/// A run that a host keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// The site's name.
    pub site: HostId,
    /// The run's id.
    pub run: String,
}

/// The runs that a host keeps, the one that was worked on last at the end. What a host says is data: names that are none are left out.
pub(super) async fn kept(host: &dyn Host) -> Result<Vec<Kept>, Failure> {
    let output = host.run(ScriptId::Runs, &[&sites_on_host()], None).await?.success("looking for runs")?;
    let is_run = |run: &str| run.len() <= 40 && run.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let runs = output.text();
    let runs = runs.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (site, run) = (words.next()?.parse().ok()?, words.next()?);
        is_run(run).then(|| Kept { site, run: run.to_owned() })
    });
    Ok(runs.collect())
}

/// A file of the host from an offset on, up to `most` bytes, with its whole size.
pub(super) async fn read_from(host: &dyn Host, path: &str, at: u64, most: usize) -> Result<(Vec<u8>, u64), Failure> {
    let (from, max) = (at.to_string(), most.to_string());
    let output = host.run(ScriptId::ReadFrom, &[path, &from, &max], None).await?.success("reading from the host")?;
    let garbled = || Failure::transient("the host's answer about a file cannot be read");
    let end = output.out.iter().position(|byte| *byte == b'\n').ok_or_else(garbled)?;
    let size = std::str::from_utf8(&output.out[..end]).ok().and_then(|text| text.parse().ok()).ok_or_else(garbled)?;
    Ok((output.out[end + 1..].to_vec(), size))
}

/// A whole file of the host.
pub(super) async fn read_all(host: &dyn Host, path: &str) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    loop {
        let (piece, size) = read_from(host, path, bytes.len() as u64, PIECE).await?;
        if size > LONGEST {
            return Err(Failure::permanent(format!("{path} on the host has {size} bytes, which nothing of ours has")));
        }
        let done = piece.is_empty() || (bytes.len() + piece.len()) as u64 >= size;
        bytes.extend(piece);
        if done {
            return Ok(bytes);
        }
    }
}

/// What bringing the host's journal here has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Brought {
    /// Ours has all of it.
    Nothing,
    /// The run has gone on elsewhere; ours has that now.
    More,
    /// Both have gone on. Ours is as the host's now, and what it was lies beside it.
    Instead,
}

/// Brings the host's journal of a run here, where it knows more than ours.
pub(super) async fn bring(host: &dyn Host, site: HostId, run_dir: &RunDir) -> Result<Brought, Failure> {
    let path = format!("{}/journal.jsonl", run_on_host(site, &run_dir.id));
    let ours = fs::read(run_dir.journal()).unwrap_or_default();
    let looks = [Look::stat(&path), Look::Sha256 { path: path.clone() }];
    let seen = host.look(&looks).await?;
    let (Some(Seen::File(file)), Some(Seen::Sha256(sum))) = (seen.first(), seen.get(1)) else {
        return Ok(Brought::Nothing);
    };
    let theirs = usize::try_from(file.size).unwrap_or(usize::MAX);
    let same = ours.get(..theirs).is_some_and(|begin| crate::plan::change::hex(&Sha256::digest(begin)) == *sum);
    if same {
        return Ok(Brought::Nothing);
    }
    let theirs = read_all(host, &path).await?;
    if theirs.starts_with(&ours) {
        run_dir.replace_journal(&theirs)?;
        return Ok(Brought::More);
    }
    run_dir.set_journal_aside()?;
    run_dir.replace_journal(&theirs)?;
    Ok(Brought::Instead)
}
