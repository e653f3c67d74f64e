#[path = "preview_tests.rs"]
mod preview;

use super::*;
use crate::base::clock::SetClock;
use crate::engine::event::Event;
use crate::engine::journal::{Journal, MemoryJournal};
use crate::engine::state::RunState;
use crate::plan::components::Components;
use crate::plan::facts::Facts;
use crate::plan::site::Reach;
use crate::plan::{Change, Changes, Site, StepKind};
use crate::ports::{
    Access, Cluster, Credentials, Endpoint, Host, LinkState, ObjectStore, Objects, OperatorFiles, Probe, RegistryAdmin,
};
use async_trait::async_trait;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What an apply does, beside giving its result.
enum Act {
    Say(Result<(), Failure>),
    StopAsked,
    LeaveAsked,
}

/// A step that says what it was told to say, in that order, and fails the test when it is asked more.
#[derive(Default)]
struct Scripted {
    checks: Mutex<VecDeque<Result<Check, Failure>>>,
    acts: Mutex<VecDeque<Act>>,
    applied: AtomicUsize,
    attempts: Mutex<Vec<u32>>,
}

impl Scripted {
    fn new(checks: impl IntoIterator<Item = Result<Check, Failure>>, acts: impl IntoIterator<Item = Act>) -> Self {
        Self {
            checks: Mutex::new(checks.into_iter().collect()),
            acts: Mutex::new(acts.into_iter().collect()),
            ..Self::default()
        }
    }

    fn applied(&self) -> usize {
        self.applied.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Step for Scripted {
    fn intent(&self, _: &Brief) -> Changes {
        Changes::new()
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        self.attempts.lock().expect("nobody panics with it").push(cx.attempt);
        self.checks.lock().expect("nobody panics with it").pop_front().expect("a check that was not expected")
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        self.applied.fetch_add(1, Ordering::SeqCst);
        let act = self.acts.lock().expect("nobody panics with it").pop_front().expect("an apply that was not expected");
        match act {
            Act::Say(result) => result,
            Act::StopAsked => {
                cx.cancel.escalate();
                Ok(())
            }
            Act::LeaveAsked => {
                cx.cancel.leave_now();
                std::future::pending().await
            }
        }
    }
}

/// The first step and the one after it.
struct Two(Scripted, Scripted);

impl Steps for Two {
    fn step(&self, kind: StepKind) -> &dyn Step {
        if kind == FIRST { &self.0 } else { &self.1 }
    }
}

const FIRST: StepKind = StepKind::Namespace;
const SECOND: StepKind = StepKind::Tenant;

/// A world of which only the link matters: it comes back, or not, as it was told.
struct Wire(Mutex<VecDeque<Result<(), Failure>>>);

fn nowhere() -> Access {
    Access::Failed(Failure::permanent("no step of these tests asks for it"))
}

#[async_trait]
impl World for Wire {
    async fn host(&self, _: crate::plan::HostId) -> Result<Arc<dyn Host>, Access> {
        Err(nowhere())
    }
    async fn cluster(&self) -> Result<Arc<dyn Cluster>, Access> {
        Err(nowhere())
    }
    async fn store(&self, _: &Endpoint, _: &Credentials) -> Result<Arc<dyn ObjectStore>, Access> {
        Err(nowhere())
    }
    async fn objects(&self, _: &Endpoint, _: &Credentials) -> Result<Arc<dyn Objects>, Access> {
        Err(nowhere())
    }
    async fn admin(&self, _: &Endpoint, _: &Credentials) -> Result<Arc<dyn RegistryAdmin>, Access> {
        Err(nowhere())
    }
    fn probe(&self) -> Arc<dyn Probe> {
        unreachable!("no step of these tests asks for it")
    }
    fn files(&self) -> Arc<dyn OperatorFiles> {
        unreachable!("no step of these tests asks for it")
    }
    fn under_lease(&self, _: u64) {}
    fn link(&self) -> watch::Receiver<LinkState> {
        watch::Sender::new(LinkState::Local).subscribe()
    }
    async fn restore(&self, _: Duration, _: &Cancel) -> Result<(), Failure> {
        self.0.lock().expect("nobody panics with it").pop_front().expect("a wait that was not expected")
    }
}

/// A journal whose disk is full after so many lines.
struct Full {
    left: usize,
    inner: MemoryJournal,
}

#[async_trait]
impl Journal for Full {
    async fn append(&mut self, lines: &[u8]) -> Result<(), Failure> {
        self.left = self.left.checked_sub(1).ok_or_else(|| Failure::permanent("no space left on device"))?;
        self.inner.append(lines).await
    }
}

fn change(what: &str) -> Change {
    Change::Object { kind: "Secret".into(), name: what.into(), summary: String::new() }
}

#[expect(clippy::unnecessary_wraps, reason = "it stands in lists beside checks that fail")]
fn done() -> Result<Check, Failure> {
    Ok(Check::done("it is there"))
}

#[expect(clippy::unnecessary_wraps, reason = "it stands in lists beside checks that fail")]
fn work() -> Result<Check, Failure> {
    Ok(Check::NeedsWork { changes: vec![change("agreed")] })
}

fn lost() -> Failure {
    Failure::unknown("the connection is lost")
}

fn id(kind: StepKind) -> StepId {
    StepId::of(kind, "edge".parse().expect("a label"))
}

/// A plan of both steps, in which only the change "agreed" was agreed to.
fn reviewed() -> ReviewedPlan {
    let agreed = vec![change("agreed").digest()];
    let steps = vec![
        StepPlan { id: id(FIRST), needs: vec![], agreed: agreed.clone() },
        StepPlan { id: id(SECOND), needs: vec![id(FIRST)], agreed },
    ];
    let event = EventKind::RunStarted { steps, intent: String::new(), rehearsal: false };
    ReviewedPlan::of_run(&RunState::fold(&[Event { seq: 0, at_ms: 0, event }])).expect("a plan")
}

/// How a run went.
struct Went {
    ending: Result<Ending, Failure>,
    kinds: Vec<EventKind>,
}

impl Went {
    fn count(&self, fits: impl Fn(&EventKind) -> bool) -> usize {
        self.kinds.iter().filter(|kind| fits(kind)).count()
    }
}

fn brief() -> Brief {
    Brief {
        site: Site::with_defaults("edge".parse().expect("a label"), Reach::Local),
        facts: Facts::default(),
        components: Components::load(&[], "amd64").expect("the built-in table is right"),
        credentials_file: Some("/k".into()),
        site_dir: "/s".into(),
    }
}

async fn go_on(steps: &Two, link: Vec<Result<(), Failure>>, attempts: u32, lines: usize) -> Went {
    let brief = brief();
    let world = Wire(Mutex::new(link.into()));
    let redactor = Redactor::new();
    let output = Output::memory(redactor.clone());
    let progress = watch::Sender::new(Progress::default());
    let cancel = Cancel::new();
    let journal = Full { left: lines, inner: MemoryJournal::default() };
    let bytes = journal.inner.clone();
    let clock = Arc::new(SetClock::at(0));
    let recorder = Recorder::begin(Box::new(journal), "r", "edge", clock).await.expect("the header finds room");
    let kit = Kit {
        brief: &brief,
        steps,
        world: &world,
        recorder: &recorder,
        progress: &progress,
        output: &output,
        redactor: &redactor,
        cancel: &cancel,
    };
    let options = RunOptions {
        run: "r".into(),
        retry: Retry { attempts, first_pause: Duration::ZERO, longest: Duration::ZERO },
        link_timeout: Duration::from_secs(1),
        intent: String::new(),
        rehearsal: false,
        by: "test".into(),
        hook: Hook::default(),
    };
    let ending = tokio::time::timeout(Duration::from_secs(30), run(&reviewed(), &kit, &options)).await;
    let ending = ending.expect("a run that does not end");
    let read = crate::engine::journal::read(&bytes.0.lock().expect("nobody panics with it")).expect("a journal");
    let kinds = read.events.into_iter().map(|e| e.event).collect();
    Went { ending, kinds }
}

async fn go(steps: &Two, link: Vec<Result<(), Failure>>) -> Went {
    go_on(steps, link, 3, usize::MAX).await
}

fn second() -> Scripted {
    Scripted::new([done()], [])
}

fn retrying(kind: &EventKind) -> bool {
    matches!(kind, EventKind::StepRetrying { .. })
}

#[tokio::test]
async fn transient_failures_are_tried_again_as_often_as_the_data_say() {
    let busy = || Act::Say(Err(Failure::transient("busy")));
    let steps = Two(Scripted::new([work(), work(), work(), done()], [busy(), busy(), Act::Say(Ok(()))]), second());
    let went = go(&steps, vec![]).await;
    assert_eq!(went.ending, Ok(Ending::Done { changed: true }));
    assert_eq!((steps.0.applied(), went.count(retrying)), (3, 2));
    assert_eq!(*steps.0.attempts.lock().expect("nobody panics with it"), [1, 2, 3, 3]);

    let steps = Two(Scripted::new([work(), work()], [busy(), busy()]), Scripted::default());
    let went = go_on(&steps, vec![], 2, usize::MAX).await;
    assert!(matches!(went.ending, Ok(Ending::Failed { step, .. }) if step == id(FIRST)), "{:?}", went.ending);

    for failure in [Failure::permanent("no"), Failure::new(FailureKind::Unclassified, "what?")] {
        let steps = Two(Scripted::new([work()], [Act::Say(Err(failure))]), Scripted::default());
        let went = go(&steps, vec![]).await;
        assert!(matches!(went.ending, Ok(Ending::Failed { .. })), "{:?}", went.ending);
        assert_eq!(went.count(retrying), 0);
    }
}

#[tokio::test]
async fn an_unknown_result_is_looked_at_again_and_never_blindly_repeated() {
    // The thing was done, and only the answer was lost.
    let steps = Two(Scripted::new([work(), done()], [Act::Say(Err(lost()))]), second());
    let went = go(&steps, vec![Ok(())]).await;
    assert_eq!(went.ending, Ok(Ending::Done { changed: true }));
    assert_eq!(steps.0.applied(), 1, "it was applied twice though it had been done");
    assert_eq!(went.count(|k| matches!(k, EventKind::LinkLost { .. } | EventKind::LinkBack { .. })), 2);
    assert_eq!(went.count(retrying), 0, "a lost link is no failure of the step");

    // It was not done: the same attempt goes on, so that the step finds what it had started.
    let acts = [Act::Say(Err(lost())), Act::Say(Ok(()))];
    let steps = Two(Scripted::new([work(), Err(lost()), work(), done()], acts), second());
    let went = go(&steps, vec![Ok(()), Ok(())]).await;
    assert_eq!(went.ending, Ok(Ending::Done { changed: true }));
    assert_eq!(*steps.0.attempts.lock().expect("nobody panics with it"), [1, 1, 1, 1]);
}

#[tokio::test]
async fn a_link_that_does_not_come_back_leaves_the_step_open() {
    let steps = Two(Scripted::new([work()], [Act::Say(Err(lost()))]), Scripted::default());
    let went = go(&steps, vec![Err(lost())]).await;
    assert!(matches!(went.ending, Ok(Ending::LinkLost { step, .. }) if step == id(FIRST)), "{:?}", went.ending);
    assert_eq!(went.count(|k| matches!(k, EventKind::StepFinished { .. })), 0, "nobody knows how it ended");
    assert_eq!(went.kinds.last(), Some(&EventKind::RunFinished { result: RunResult::LinkLost }));

    let changed = Failure::needs_human("the host key has changed");
    let steps = Two(Scripted::new([work()], [Act::Say(Err(lost()))]), Scripted::default());
    let went = go(&steps, vec![Err(changed.clone())]).await;
    assert_eq!(went.ending, Ok(Ending::NeedsHuman { step: id(FIRST), failure: changed }));
}

#[tokio::test]
async fn a_change_that_nobody_agreed_to_is_not_made() {
    let other = Ok(Check::NeedsWork { changes: vec![change("agreed"), change("another")] });
    let steps = Two(Scripted::new([other], []), Scripted::default());
    let went = go(&steps, vec![]).await;
    let Ok(Ending::NeedsHuman { step, failure }) = went.ending else { panic!("{:?}", went.ending) };
    assert_eq!((step, steps.0.applied()), (id(FIRST), 0));
    assert!(failure.line().contains("another") && !failure.line().contains("Secret agreed"), "{failure}");
}

#[tokio::test]
async fn a_stop_ends_behind_the_step_that_was_under_way() {
    let steps = Two(Scripted::new([work(), done()], [Act::StopAsked]), Scripted::default());
    let went = go(&steps, vec![]).await;
    assert_eq!(went.ending, Ok(Ending::Aborted { under_way: None, at_once: false }));
    let done = |k: &EventKind| matches!(k, EventKind::StepFinished { step, outcome: Outcome::Done { .. } } if *step == id(FIRST));
    assert_eq!(went.count(done), 1, "{:?}", went.kinds);
    assert_eq!(went.count(|k| matches!(k, EventKind::StepStarted { step, .. } if *step == id(SECOND))), 0);
}

#[tokio::test]
async fn leaving_at_once_leaves_the_step_where_it_is_and_names_it() {
    let steps = Two(Scripted::new([work()], [Act::LeaveAsked]), Scripted::default());
    let went = go(&steps, vec![]).await;
    assert_eq!(went.ending, Ok(Ending::Aborted { under_way: Some(id(FIRST)), at_once: true }));
    assert_eq!(went.kinds.last(), Some(&EventKind::RunAborted { at_once: true }));
    assert_eq!(went.count(|k| matches!(k, EventKind::StepFinished { .. })), 0);
}

#[tokio::test]
async fn nothing_is_done_that_could_not_be_recorded() {
    // Header, RunStarted, StepStarted, StepApplying, StepFinished, StepStarted, StepFinished, RunFinished.
    for lines in 1..8 {
        let steps = Two(Scripted::new([work(), done()], [Act::Say(Ok(()))]), second());
        let went = go_on(&steps, vec![], 3, lines).await;
        let failure = went.ending.as_ref().expect_err("the journal is full");
        assert!(failure.line().contains("no space left"), "{failure}");
        let recorded = went.count(|k| matches!(k, EventKind::StepApplying { .. }));
        assert_eq!(steps.0.applied(), recorded, "with room for {lines} lines");
        assert_eq!(went.kinds.len(), lines - 1, "the run went on behind a line that was lost");
    }
    let steps = Two(Scripted::new([work(), done()], [Act::Say(Ok(()))]), second());
    assert_eq!(go_on(&steps, vec![], 3, 8).await.ending, Ok(Ending::Done { changed: true }));
}

#[tokio::test]
async fn an_apply_that_the_check_does_not_confirm_has_failed() {
    let steps = Two(Scripted::new([work(), work()], [Act::Say(Ok(()))]), Scripted::default());
    let went = go(&steps, vec![]).await;
    let Ok(Ending::Failed { failure, .. }) = &went.ending else { panic!("{:?}", went.ending) };
    assert!(failure.line().contains("still to do: "), "{failure}");
    assert_eq!((steps.0.applied(), went.count(retrying)), (1, 0));
}
