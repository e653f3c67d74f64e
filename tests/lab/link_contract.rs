//! What we believe of a link by SSH, asked of a real host: the contract of a host, a connection that
//! is cut, a key that changes.
//!
//! It needs a host of the lab for itself. How it is harmed is the caller's matter: each closure runs
//! the lab's own commands.

use modelquay::base::{Cancel, Redactor, SystemClock};
use modelquay::plan::site::{Reach, SshReach};
use modelquay::plan::{Failure, FailureKind};
use modelquay::ports::{Answer, Look, Prompt, Question, ScriptId, UnitSpec};
use modelquay::transport::contract::{Place, hold_to};
use modelquay::transport::link::{Link, LinkOptions, connect};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Answers hidden questions with its secrets in their order, each once, and nothing else.
pub struct Secrets(Mutex<Vec<String>>);

#[async_trait::async_trait]
impl Prompt for Secrets {
    async fn ask(&self, question: Question) -> Result<Answer, Failure> {
        let mut left = self.0.lock().map_err(|_| Failure::permanent("a test has panicked"))?;
        if matches!(question, Question::Hidden { .. }) && !left.is_empty() {
            return Ok(Answer::Text(left.remove(0).as_str().into()));
        }
        Err(Failure::needs_human(format!("not told: {question:?}")))
    }
}

/// A link with these secrets at hand. `askpass` is the program under test.
pub async fn link(reach: SshReach, secrets: &[&str], askpass: PathBuf) -> Result<Arc<Link>, Failure> {
    let secrets = secrets.iter().map(|secret| (*secret).to_owned()).collect();
    connect(LinkOptions {
        reach: Reach::Ssh(reach),
        host: "edge".parse().map_err(|_| Failure::permanent("edge is a label"))?,
        prompt: Arc::new(Secrets(Mutex::new(secrets))),
        runtime_dir: std::env::temp_dir(),
        clock: Arc::new(SystemClock),
        redactor: Redactor::new(),
        askpass: Some(askpass),
    })
    .await
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err gives")]
fn line(failure: Failure) -> String {
    format!("{:?}: {failure}", failure.kind)
}

fn place(run: &str) -> Place {
    Place { dir: format!("/root/{run}"), owner: (0, 0), run: run.to_owned() }
}

/// The contract, a cut while a unit runs, the contract again: nobody is asked a second time, and the
/// unit has run once.
pub async fn survives(link: &Link, run: &str, cut: impl AsyncFnOnce()) -> Result<(), String> {
    let cancel = Cancel::new();
    hold_to(&*link.host().await.map_err(line)?, &place(&format!("{run}-1"))).await?;
    let unit =
        UnitSpec { name: format!("modelquay-{run}-cut-1"), script: ScriptId::DiskSync, args: vec!["/root".into()] };
    let host = link.host().await.map_err(line)?;
    host.start(&unit).await.map_err(line)?;
    cut().await;
    let seen = host.look(&[Look::stat("/etc")]).await;
    if !seen.as_ref().is_err_and(|f| matches!(f.kind, FailureKind::Unknown | FailureKind::Transient)) {
        return Err(format!("a look over a cut connection gave {seen:?}"));
    }
    link.restore(Duration::from_mins(1), &cancel).await.map_err(line)?;
    let host = link.host().await.map_err(line)?;
    host.start(&unit).await.map_err(line)?;
    let wait = async {
        loop {
            let log = host.unit_output(&unit.name, 0, 4096).await.map_err(line)?;
            let text = String::from_utf8_lossy(&log.bytes).into_owned();
            match text.matches("sync_count=").count() {
                0 => tokio::task::yield_now().await,
                1 => return Ok(()),
                more => return Err(format!("the unit ran {more} times")),
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), wait).await.map_err(|_| "the unit said nothing".to_owned())??;
    hold_to(&*host, &place(&format!("{run}-2"))).await
}

/// After the host's key has changed the link does not come back, and says why.
pub async fn stops_at_a_changed_key(link: &Link, change: impl AsyncFnOnce()) -> Result<(), String> {
    change().await;
    match link.restore(Duration::from_mins(1), &Cancel::new()).await {
        Err(failure) if failure.kind == FailureKind::NeedsHuman && failure.line().contains("host key has changed") => {
            Ok(())
        }
        other => Err(format!("a changed host key ended in {other:?}")),
    }
}
