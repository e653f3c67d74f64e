//! The host port over runners, for this machine and for hosts reached by SSH alike.

use super::frames::{Reply, Request, Status, Verb, lines};
use super::gather::{Asked, Gather};
use super::looks;
use super::runner::Runner;
use crate::base::{Secret, sanitise};
use crate::plan::Failure;
use crate::ports::host::Chunk;
use crate::ports::{FileSpec, Host, Look, Output, ScriptId, Seen, UnitSpec, lease};
use async_trait::async_trait;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// For verbs that are done in a moment.
const SHORT: Duration = Duration::from_mins(1);

/// A unit gets 90 s from systemd to end before it is killed.
const STOP: Duration = Duration::from_secs(150);

/// A file of some gigabytes on a slow disk.
const SUM: Duration = Duration::from_mins(15);

/// What a script's end may take beyond its own limit: the host's reaction and the way back.
const GRACE: Duration = Duration::from_secs(30);

/// Opens a further runner on the same connection.
#[async_trait]
pub trait Open: Send + Sync {
    /// A runner that is ready.
    async fn open(&self) -> Result<Runner, Failure>;
}

/// A host as root, over one runner for control and one for output.
pub struct RunnerHost {
    control: Arc<Runner>,
    /// The second runner, opened when output is first wanted, so that a long log never blocks a check.
    output: tokio::sync::Mutex<Option<Arc<Runner>>>,
    more: Arc<dyn Open>,
    /// Scripts whose text the control runner has.
    sent: Mutex<BTreeSet<ScriptId>>,
    looks: Gather,
    under: Under,
}

/// The generation of the lease under which things are changed; 0 for none. A link has one for all its connections.
#[derive(Clone, Debug, Default)]
pub struct Under(Arc<AtomicU64>);

impl Under {
    /// From now on this one.
    pub fn set(&self, generation: u64) {
        self.0.store(generation, Ordering::SeqCst);
    }

    /// The one now.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// How long a script may take. These are short by their nature; what is long is a unit.
pub const fn limit(script: ScriptId) -> Duration {
    match script {
        // Each source that never answers costs its own timeout.
        // So does each question of a report, whose answer is long besides.
        ScriptId::AskSources | ScriptId::Report => Duration::from_mins(5),
        _ => Duration::from_mins(2),
    }
}

impl RunnerHost {
    /// Opens the runner for control; the one for output is opened when it is first needed.
    pub async fn open(seat: Arc<dyn Open>, under: Under) -> Result<Self, Failure> {
        let control = Arc::new(seat.open().await?);
        let (output, looks) = (tokio::sync::Mutex::default(), Gather::default());
        Ok(Self { control, output, more: seat, sent: Mutex::default(), looks, under })
    }

    /// Whether requests can still be sent.
    pub fn alive(&self) -> bool {
        self.control.alive()
    }

    /// The time of one round trip on the control runner. It counts into no figure.
    pub async fn ping(&self) -> Result<Duration, Failure> {
        let begun = tokio::time::Instant::now();
        let ping = Request { verb: Verb::Ping, word: "-", parts: [b"", b"", b""], under: 0 };
        self.control.call_uncounted(&ping, SHORT).await?;
        Ok(begun.elapsed())
    }

    async fn do_it(&self, what: &str, request: Request<'_>, limit: Duration) -> Result<Reply, Failure> {
        succeed(what, self.control.call(&request, limit).await?)
    }

    /// The runner for output. A host that allows one session only has its output by the first.
    async fn for_output(&self) -> Arc<Runner> {
        let mut slot = self.output.lock().await;
        if let Some(runner) = slot.as_ref().filter(|runner| runner.alive()) {
            return runner.clone();
        }
        match self.more.open().await {
            Ok(runner) => slot.insert(Arc::new(runner)).clone(),
            Err(failure) => {
                tracing::warn!(%failure, "no second runner: output and control share one");
                slot.insert(self.control.clone()).clone()
            }
        }
    }
}

/// A reply with status 0, or a failure with what the host said.
fn succeed(what: &str, reply: Reply) -> Result<Reply, Failure> {
    match reply.status {
        Status::Exit(0) => return Ok(reply),
        Status::Taken => return Err(lease::taken(None)),
        _ => {}
    }
    let said = sanitise::lines(&reply.err, 300);
    let failure = Failure::permanent(format!("{what} did not succeed on the host"));
    Err(said.into_iter().rev().take(3).rev().fold(failure, Failure::because))
}

#[async_trait]
impl Asked for RunnerHost {
    async fn ask(&self, at: &[Look]) -> Result<Vec<Seen>, Failure> {
        let part = looks::encode(at)?;
        let limit = if at.iter().any(|look| matches!(look, Look::Sha256 { .. })) { SUM } else { SHORT };
        let request = Request { verb: Verb::Look, word: "-", parts: [&part, b"", b""], under: 0 };
        // A kubeconfig may be among the answers.
        let answers = zeroize::Zeroizing::new(self.do_it("looking", request, limit).await?.out);
        looks::decode(at, &answers)
    }
}

#[async_trait]
impl Host for RunnerHost {
    async fn look(&self, at: &[Look]) -> Result<Vec<Seen>, Failure> {
        if at.is_empty() {
            return Ok(Vec::new());
        }
        self.looks.look(at, self).await
    }

    async fn run(&self, script: ScriptId, args: &[&str], input: Option<&Secret<Vec<u8>>>) -> Result<Output, Failure> {
        let args = lines(args.iter().copied())?;
        let limit = limit(script);
        let word = format!("{}:{}", script.name(), limit.as_secs());
        // A script that takes its time must not keep the lease from being kept.
        let aside = script == ScriptId::Lease;
        let known = !aside && self.sent.lock().unwrap_or_else(PoisonError::into_inner).contains(&script);
        let text = if known { "" } else { script.text() };
        let input = input.map_or(&[][..], |input| input.expose().as_slice());
        let under = if script.changes() { self.under.get() } else { 0 };
        let request = Request { verb: Verb::Run, word: &word, parts: [text.as_bytes(), &args, input], under };
        let runner = if aside { self.for_output().await } else { self.control.clone() };
        let reply = runner.call(&request, limit + GRACE).await?;
        if !aside && reply.status != Status::Taken {
            self.sent.lock().unwrap_or_else(PoisonError::into_inner).insert(script);
        }
        match reply.status {
            Status::Taken => Err(lease::taken(None)),
            Status::Exit(status) => Ok(Output { status, out: reply.out, err: reply.err }),
            Status::Late => {
                Err(Failure::transient(format!("{} did not end within {} s", script.name(), limit.as_secs())))
            }
            Status::Unsent => Err(Failure::transient(format!("the runner has lost {}", script.name()))),
        }
    }

    async fn write(&self, file: &FileSpec) -> Result<(), Failure> {
        let place = lines([looks::absolute(&file.path)?, &file.owner])?;
        let mode = format!("{:o}", file.mode & 0o7777);
        let request = Request {
            verb: Verb::Write,
            word: &mode,
            parts: [&place, file.content.expose(), b""],
            under: self.under.get(),
        };
        self.do_it(&format!("writing {}", file.path), request, SHORT).await.map(drop)
    }

    async fn remove(&self, path: &str) -> Result<(), Failure> {
        let place = lines([looks::absolute(path)?])?;
        let request = Request { verb: Verb::Remove, word: "-", parts: [&place, b"", b""], under: self.under.get() };
        self.do_it(&format!("removing {path}"), request, SHORT).await.map(drop)
    }

    async fn start(&self, unit: &UnitSpec) -> Result<(), Failure> {
        let args = lines(unit.args.iter().map(String::as_str))?;
        let name = looks::unit(&unit.name)?;
        let parts: [&[u8]; 3] = [unit.script.text().as_bytes(), &args, b""];
        let request = Request { verb: Verb::Start, word: name, parts, under: self.under.get() };
        self.do_it(&format!("starting {name}"), request, SHORT).await.map(drop)
    }

    async fn unit_output(&self, unit: &str, from: u64, max: u32) -> Result<Chunk, Failure> {
        // A reply carries the size's line beside the piece.
        let max = u64::from(max).min(super::frames::MAX_OUT - 32);
        let word = format!("{}:{from}:{max}", looks::unit(unit)?);
        let request = Request { verb: Verb::Output, word: &word, parts: [b"", b"", b""], under: 0 };
        let runner = self.for_output().await;
        let reply = succeed("reading a unit's output", runner.call(&request, SHORT).await?)?;
        chunk(&reply.out).ok_or_else(|| Failure::transient(format!("the host's answer about {unit} cannot be read")))
    }

    async fn stop(&self, unit: &str) -> Result<(), Failure> {
        let name = looks::unit(unit)?;
        let request = Request { verb: Verb::Stop, word: name, parts: [b"", b"", b""], under: self.under.get() };
        self.do_it(&format!("stopping {name}"), request, STOP).await.map(drop)
    }
}

fn chunk(out: &[u8]) -> Option<Chunk> {
    let end = out.iter().position(|b| *b == b'\n')?;
    let (size, piece) = out.split_at_checked(end)?;
    let size = std::str::from_utf8(size).ok()?.parse().ok()?;
    Some(Chunk { bytes: piece.get(1..)?.to_vec(), size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_comes_behind_the_size_of_the_whole() {
        assert_eq!(chunk(b"12\nab\nc"), Some(Chunk { bytes: b"ab\nc".to_vec(), size: 12 }));
        for bad in [&b""[..], b"12", b"x\nabc", b"-1\n"] {
            assert_eq!(chunk(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_refusal_carries_the_hosts_last_words() {
        let reply = Reply { status: Status::Exit(1), out: vec![], err: b"mv: \x1b[31mno space\n".to_vec() };
        let failure = succeed("writing /etc/x", reply).expect_err("status 1");
        assert_eq!(failure.line(), "writing /etc/x did not succeed on the host: mv: no space");
    }
}
