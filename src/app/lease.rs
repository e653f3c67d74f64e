//! The right to change a host while a run goes on: taken before it, kept during it, given back after it.

use super::parts::{Env, over_the_link};
use super::sites::RunDir;
use crate::base::{Secret, random};
use crate::plan::{Failure, FailureKind, HostId};
use crate::ports::lease::{self, Applicant, Taking};
use crate::ports::prompt::Asker;
use crate::ports::{Answer, LinkState, Question, World};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Between two signs of life: several fit into the time that a lease lasts.
const BEAT: Duration = Duration::from_secs(10);

/// What giving it back may take; it ends by itself soon enough.
const PATIENCE: Duration = Duration::from_secs(3);

/// The lease while it is ours. Dropping it stops keeping it.
pub(super) struct Tenure {
    world: Arc<dyn World>,
    site: HostId,
    token: Secret<String>,
    generation: u64,
    keeper: JoinHandle<()>,
    lost: watch::Receiver<Option<Failure>>,
}

impl Drop for Tenure {
    fn drop(&mut self) {
        self.keeper.abort();
        self.world.under_lease(0);
    }
}

/// Takes the lease of the site's host for a run. Where somebody else has it, whoever runs this is asked whether it is to
/// be taken from him, unless that was said beforehand; nobody to ask is a failure of kind `NeedsHuman`.
pub(super) async fn take(env: &Env, world: &Arc<dyn World>, site: HostId, run_dir: &RunDir) -> Result<Tenure, Failure> {
    let token = run_dir.owner(|| random::token(24))?;
    let who = Applicant { token: token.clone(), by: env.by.clone(), run: run_dir.id.clone(), site: site.to_string() };
    let mut force = env.take_over;
    let generation = loop {
        // Whoever has asked and got no answer may ask again: to himself it is given at any time.
        let taking =
            over_the_link(env, &**world, async || lease::take(&*world.host(site).await?, &who, force).await).await?;
        let asked = match taking {
            Taking::Ours(generation) => break generation,
            Taking::Held(holder) => format!("{site} is in the hands of {}", holder.words()),
            Taking::Busy(seen) => {
                format!("on {site} a part of another run is going on ({})", seen.units.join(", "))
            }
        };
        may_take_over(env, site, asked).await?;
        force = true;
    };
    world.under_lease(generation);
    let (say, lost) = watch::channel(None);
    let keeper = tokio::spawn(keep(world.clone(), site, token.clone(), generation, say));
    Ok(Tenure { world: world.clone(), site, token, generation, keeper, lost })
}

/// Looks before anything else whether somebody has the host, so that nobody reads a plan in vain. What comes back takes it
/// without another question where that was agreed to.
pub(super) async fn greet(env: &Env, world: &Arc<dyn World>, site: HostId) -> Result<Env, Failure> {
    let seen = over_the_link(env, &**world, async || lease::look(&*world.host(site).await?, "-").await).await?;
    let mut env = env.clone();
    if let Some(holder) = seen.held().filter(|_| !env.take_over) {
        may_take_over(&env, site, format!("{site} is in the hands of {}", holder.words())).await?;
        env.take_over = true;
    }
    Ok(env)
}

async fn may_take_over(env: &Env, site: HostId, asked: String) -> Result<(), Failure> {
    let text = format!("{asked}. Taking over ends what he does there. Type yes to take over");
    let question = Question::Shown { asker: Asker::Program, text };
    let refused = || {
        Failure::needs_human(asked.clone())
            .help(format!(
                "with --take-over it is taken, and the other one stops at once; to see how it goes on: modelquay attach {site}"
            ))
    };
    match env.prompt.ask(question).await {
        Ok(Answer::Text(word)) if word.expose().trim().eq_ignore_ascii_case("yes") => Ok(()),
        Ok(_) => Err(refused()),
        Err(failure) if failure.kind == FailureKind::NeedsHuman => Err(refused()),
        Err(failure) => Err(failure),
    }
}

/// Says now and then that its owner is there, until it is somebody else's. A link that is lost says nothing of it.
async fn keep(
    world: Arc<dyn World>,
    site: HostId,
    token: Secret<String>,
    generation: u64,
    say: watch::Sender<Option<Failure>>,
) {
    let mut link = world.link();
    loop {
        // Over a new connection at once: much may have happened while there was none.
        tokio::select! {
            () = tokio::time::sleep(BEAT) => {}
            back = came_back(&mut link) => {
                if back.is_none() {
                    return;
                }
            }
        }
        let kept = match world.host(site).await {
            Ok(host) => lease::keep(&*host, &token, generation).await,
            Err(_) => continue,
        };
        match kept {
            Err(failure) if failure.kind == FailureKind::NeedsHuman => {
                say.send_replace(Some(failure));
                return;
            }
            Err(failure) => tracing::debug!(%failure, "the lease was not kept this time"),
            Ok(()) => {}
        }
    }
}

/// Waits until the link is up after it was not; `None` where there is no link any more.
async fn came_back(link: &mut watch::Receiver<LinkState>) -> Option<()> {
    link.wait_for(|state| !matches!(state, LinkState::Up { .. } | LinkState::Local)).await.ok()?;
    link.wait_for(|state| matches!(state, LinkState::Up { .. } | LinkState::Local)).await.ok()?;
    Some(())
}

impl Tenure {
    /// Waits until somebody else has taken it.
    pub async fn lost(&self) -> Failure {
        let mut lost = self.lost.clone();
        let taken = lost.wait_for(Option::is_some).await.ok().and_then(|failure| failure.clone());
        match taken {
            Some(failure) => failure,
            // The keeper only ends with that word.
            None => std::future::pending().await,
        }
    }

    /// Its number.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Gives it back. Where the link is lost it ends by itself.
    pub async fn give_back(self) {
        let given = async {
            let host = self.world.host(self.site).await.ok()?;
            lease::give_back(&*host, &self.token, self.generation).await.ok()
        };
        if tokio::time::timeout(PATIENCE, given).await.ok().flatten().is_none() {
            tracing::debug!("the lease could not be given back; it ends by itself");
        }
    }
}
