//! What a step is to the engine.

use super::clean;
use super::tail::Output;
use crate::base::{Cancel, Redactor};
use crate::plan::components::Components;
use crate::plan::facts::Facts;
use crate::plan::wait::{WaitSpec, Waiting};
use crate::plan::{Change, Changes, Failure, FailureKind, Site, StepId, StepKind};
use crate::ports::World;
use async_trait::async_trait;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// What is to be true, known before anything is done: pure input of every step.
#[derive(Clone, Debug)]
pub struct Brief {
    /// The answers.
    pub site: Site,
    /// The host's facts when the plan was made.
    pub facts: Facts,
    /// Versions, addresses and digests.
    pub components: Components,
    /// Where the operator's credentials file is to be; a path of the operator's own. `None` where the
    /// run writes none.
    pub credentials_file: Option<String>,
    /// Where the site's CA and hand-over files are to be; a directory of the operator's own.
    pub site_dir: String,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq)]
pub enum Check {
    /// It is as it should be.
    Done {
        /// What was seen, in words.
        why: String,
    },
    /// Something is to be done.
    NeedsWork {
        /// What, with what is there now.
        changes: Changes,
    },
    /// It cannot be looked at before this step is done.
    Blocked {
        /// The step that makes its world.
        because: StepKind,
    },
    /// Something that is not ours stands in the way.
    Conflict(Failure),
}

impl Check {
    /// `Done` with these words.
    pub fn done(why: impl Into<String>) -> Self {
        Self::Done { why: why.into() }
    }

    /// `NeedsWork`, or `Done` with these words where there is nothing.
    pub fn from_changes(changes: Vec<Change>, why: impl Into<String>) -> Self {
        if changes.is_empty() { Self::done(why) } else { Self::NeedsWork { changes } }
    }
}

/// A stage within a step, such as "images 3 of 14".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// What it is.
    pub name: String,
    /// How far it is, in words.
    pub note: String,
    /// `None`: not begun, `Some(false)`: under way, `Some(true)`: done.
    pub done: Option<bool>,
}

/// The newest progress of the step under way. It is overwritten, never queued.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The step.
    pub step: Option<StepId>,
    /// What is waited for.
    pub waiting: Option<Waiting>,
    /// Its stages.
    pub stages: Vec<Stage>,
    /// Bytes done and bytes in all, where something is fetched.
    pub bytes: Option<(u64, Option<u64>)>,
}

/// Everything a step has in hand.
pub struct Cx<'a> {
    /// The step.
    pub id: StepId,
    /// Counted from 1; deliberate attempts only. After a lost link or a killed program the number is
    /// the same, so that the step finds what it had started.
    pub attempt: u32,
    /// The run's id: part of the names of the run's units.
    pub run: &'a str,
    /// What is to be true.
    pub brief: &'a Brief,
    /// What can be reached.
    pub world: &'a dyn World,
    /// Where progress goes.
    pub progress: &'a watch::Sender<Progress>,
    /// Where output of the host's programs goes.
    pub output: &'a Output,
    /// Learns every secret that passes.
    pub redactor: &'a Redactor,
    /// Whether a stop was asked for.
    pub cancel: &'a Cancel,
    /// Tests end the program here.
    pub hook: &'a Hook,
}

/// A moment at which tests end the program, to see that a resume comes to the same end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// Before a step's first check.
    BeforeCheck,
    /// After it.
    AfterCheck,
    /// Right before the apply, after it was recorded.
    BeforeApply,
    /// After the apply.
    AfterApply,
    /// After the check that followed.
    AfterLastCheck,
    /// Between two parts of an apply, numbered by the step.
    Between(u8),
}

/// Called at each [`Moment`] of each step. In use it does nothing.
#[derive(Clone, Default)]
pub struct Hook(Option<HookFn>);

type HookFn = Arc<dyn Fn(StepKind, Moment) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

impl Hook {
    /// A hook that calls `at`.
    pub fn new(
        at: impl Fn(StepKind, Moment) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync + 'static,
    ) -> Self {
        Self(Some(Arc::new(at)))
    }

    /// Passes a moment.
    pub async fn pass(&self, kind: StepKind, moment: Moment) {
        if let Some(at) = &self.0 {
            at(kind, moment).await;
        }
    }
}

impl Cx<'_> {
    /// Passes a moment between two parts of an apply.
    pub async fn between(&self, part: u8) {
        self.hook.pass(self.id.kind, Moment::Between(part)).await;
    }

    /// Shows a stage list.
    pub fn stages(&self, stages: Vec<Stage>) {
        self.progress.send_modify(|p| {
            p.step = Some(self.id);
            p.stages = clean::stages(self.redactor, stages);
        });
    }

    /// Shows how many bytes are done.
    pub fn bytes(&self, done: u64, all: Option<u64>) {
        self.progress.send_modify(|p| {
            p.step = Some(self.id);
            p.bytes = Some((done, all));
        });
    }

    /// Begins a wait. The step looks, and tells the waiter what it saw as long as that is not it.
    pub fn waiter(&self, spec: WaitSpec) -> Waiter<'_> {
        Waiter { cx: self, spec, begun: Instant::now(), begun_there: self.world.time() }
    }
}

/// A wait that explains itself; see [`Cx::waiter`].
pub struct Waiter<'a> {
    cx: &'a Cx<'a>,
    spec: WaitSpec,
    begun: Instant,
    begun_there: Option<Duration>,
}

impl Waiter<'_> {
    /// How long the wait has lasted.
    pub fn elapsed(&self) -> Duration {
        match (self.begun_there, self.cx.world.time()) {
            (Some(begun), Some(now)) => now.saturating_sub(begun),
            _ => self.begun.elapsed(),
        }
    }

    /// Shows what was seen and pauses before the next look ([`World::pause`]), or until `sooner` is ready.
    ///
    /// Ends the wait with a failure when its limit is reached or a stop is asked for.
    pub async fn saw(&self, seen: Observed, sooner: impl Future<Output = ()> + Send) -> Result<(), Failure> {
        let (elapsed, seen) = (self.elapsed(), clean::observed(self.cx.redactor, seen));
        self.cx.progress.send_modify(|p| {
            p.step = Some(self.cx.id);
            p.waiting = Some(Waiting {
                condition: self.spec.condition.into(),
                observed: seen.value.clone(),
                elapsed: elapsed.as_secs(),
                limit: u64::from(self.spec.limit),
                guess: seen.guess.clone(),
            });
        });
        if elapsed.as_secs() >= u64::from(self.spec.limit) {
            let mut failure = Failure::permanent(format!(
                "waited {} s for {} and saw last: {}",
                elapsed.as_secs(),
                self.spec.condition,
                seen.value
            ));
            failure.hint = seen.guess;
            return Err(failure);
        }
        tokio::select! {
            () = self.cx.cancel.stop_asked() => Err(stopped()),
            // Something that ends at once, as a watch does while the API restarts, must not become a
            // busy loop.
            () = async { sooner.await; tokio::time::sleep(BREATH).await } => Ok(()),
            () = tokio::time::sleep(self.cx.world.pause()) => Ok(()),
        }
    }

    /// As [`Waiter::saw`] for a look that failed: a transient failure is shown and looked past.
    pub async fn failed(&self, failure: Failure) -> Result<(), Failure> {
        if failure.kind != FailureKind::Transient {
            return Err(failure);
        }
        let seen = Observed { value: failure.line(), guess: failure.hint };
        self.saw(seen, std::future::pending()).await
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.cx.progress.send_modify(|p| p.waiting = None);
    }
}

/// The least time between two looks.
const BREATH: Duration = Duration::from_millis(300);

/// The value seen last in a wait, and the best guess why it is not yet the wanted one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// What was seen, in words.
    pub value: String,
    /// Why, as far as can be guessed; shown as help.
    pub guess: Option<String>,
}

impl Observed {
    /// Something seen without a guess.
    pub fn of(value: impl Into<String>) -> Self {
        Self { value: value.into(), guess: None }
    }
}

/// The failure with which a step ends because a stop was asked for. What it had started on the host
/// goes on there.
pub fn stopped() -> Failure {
    Failure::unknown(STOPPED)
}

/// Whether a failure is [`stopped`].
pub fn is_stopped(failure: &Failure) -> bool {
    failure.message == STOPPED
}

const STOPPED: &str = "stopped as asked";

/// One step. After `apply` the same `check` decides whether it worked: there is no second notion of
/// success.
#[async_trait]
pub trait Step: Send + Sync {
    /// What it would change where nothing is there yet: pure.
    fn intent(&self, brief: &Brief) -> Changes;

    /// Looks, and changes nothing.
    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure>;

    /// Makes it so. It may be called again after it was cut off anywhere, with the same attempt
    /// number, and then takes up what it finds.
    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure>;

    /// What it waits for, where it waits.
    fn wait(&self) -> Option<WaitSpec> {
        None
    }
}

/// Finds the step of a kind. `steps::registry` is the real one; tests have their own.
pub trait Steps: Send + Sync {
    /// The step.
    fn step(&self, kind: StepKind) -> &dyn Step;
}
