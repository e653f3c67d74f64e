//! What the screens are told in these tests: facts of fixtures, the real plan of the simulated host, and
//! a run that was made up.

use super::NOW;
use modelquay::base::{Cancel, Redactor, SystemClock};
use modelquay::engine::RunState;
use modelquay::engine::event::{Event, EventKind, Outcome, RunResult, StepPlan};
use modelquay::engine::preview::Preview;
use modelquay::engine::step::{Brief, Cx, Hook, Progress};
use modelquay::engine::tail::{Line, Output};
use modelquay::plan::asked::Asked;
use modelquay::plan::components::Components;
use modelquay::plan::facts::Facts;
use modelquay::plan::preflight::{Finding, judge};
use modelquay::plan::site::{Reach, Site, SshReach};
use modelquay::plan::{Failure, HostId, StepId, StepKind};
use modelquay::ports::World;
use modelquay::steps::{Registry, plan_for};
use modelquay::transport::operator_files::LocalFiles;
use modelquay::transport::simulated::{BadDay, Pace, Sim, SimOptions};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::watch;

fn order() -> Site {
    let reach = Reach::Ssh(SshReach { destination: "tech@edge-07".into(), ..SshReach::default() });
    Site::with_defaults(super::site(), reach)
}

type Inspected = (Facts, Vec<Finding>);

/// A fixture's facts, and what preflight says of them. Each is read once.
pub fn inspected(fixture: &str) -> Inspected {
    static READ: Mutex<Option<HashMap<String, Inspected>>> = Mutex::new(None);
    let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
    read.get_or_insert_default().entry(fixture.into()).or_insert_with(|| inspect(fixture)).clone()
}

fn inspect(fixture: &str) -> Inspected {
    let path = format!("{}/tests/fixtures/facts/{fixture}.txt", env!("CARGO_MANIFEST_DIR"));
    let facts = Facts::parse(&std::fs::read(path).expect("the fixture is there"));
    let findings = judge(&order(), &facts, &Asked::default(), facts.clock_ms.unwrap_or(NOW));
    (facts, findings)
}

/// The dry run of the real steps against the simulated host on such days. Each is made once.
pub fn preview(days: &[BadDay]) -> Preview {
    static MADE: Mutex<Option<HashMap<Vec<BadDay>, Preview>>> = Mutex::new(None);
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    made.get_or_insert_default().entry(days.to_vec()).or_insert_with(|| make(days)).clone()
}

fn make(days: &[BadDay]) -> Preview {
    // The simulated S3 server lives on the runtime that made it.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().worker_threads(1).build();
    runtime.expect("a runtime").block_on(async {
        let directory = tempfile::tempdir().expect("a directory");
        let options = SimOptions {
            pace: Pace::EachCall(Duration::from_secs(2)),
            bad_days: days.iter().copied().collect(),
            clock: Arc::new(SystemClock),
            files: Arc::new(LocalFiles::new()),
            directory: directory.path().to_owned(),
        };
        let world: Arc<dyn World> = Arc::new(Sim::new(options).expect("a world"));
        let (facts, _) = inspected("ubuntu-24.04");
        let brief = Brief {
            site: order(),
            facts,
            components: Components::load(&[], "amd64").expect("the program's own table is right"),
            credentials_file: None,
            site_dir: "/home/you/sites/edge-07".into(),
        };
        let redactor = Redactor::new();
        let (output, progress) = (Output::memory(redactor.clone()), watch::Sender::new(Progress::default()));
        let (cancel, hook) = (Cancel::new(), Hook::default());
        let cx = |id: StepId| Cx {
            id,
            attempt: 1,
            run: "preview",
            brief: &brief,
            world: &*world,
            progress: &progress,
            output: &output,
            redactor: &redactor,
            cancel: &cancel,
            hook: &hook,
        };
        let plan = plan_for(&brief.site, false).expect("a plan");
        Preview::make(plan, &brief, &Registry, cx).await.expect("every check can be made")
    })
}

/// The step that fails in these tests.
pub fn failing(site: HostId) -> StepId {
    kinds(site).into_iter().find(|id| id.kind == StepKind::Operator).expect("it is planned")
}

/// Why it fails.
pub fn failure() -> Failure {
    Failure::permanent("pull the image quay.io/minio/operator:v7.1.1")
        .because("401 Unauthorized")
        .help("name a mirror that has it")
}

fn kinds(_: HostId) -> Vec<StepId> {
    preview(&[]).steps().iter().map(|step| step.id).collect()
}

/// A run that is at its operator, or has failed there.
pub fn under_way(site: HostId, ended: bool) -> RunState {
    let ids = kinds(site);
    let steps = ids.iter().map(|id| StepPlan { id: *id, needs: Vec::new(), agreed: Vec::new() }).collect();
    let mut kinds = vec![EventKind::RunStarted { steps, intent: String::new(), rehearsal: false }];
    for id in ids.iter().take_while(|id| id.kind != StepKind::Operator) {
        kinds.push(EventKind::StepStarted { step: *id, attempt: 1 });
        kinds.push(EventKind::StepFinished { step: *id, outcome: Outcome::Done { why: "as planned".into() } });
    }
    kinds.push(EventKind::StepStarted { step: failing(site), attempt: 1 });
    if ended {
        let outcome = Outcome::Failed { failure: failure() };
        kinds.push(EventKind::StepFinished { step: failing(site), outcome });
        kinds.push(EventKind::RunFinished { result: RunResult::Failed });
    }
    let began = NOW - 187_000;
    let events: Vec<Event> =
        (0..).zip(kinds).map(|(seq, event)| Event { seq, at_ms: began + seq * 3_000, event }).collect();
    RunState::fold(&events)
}

/// Lines of output, wide and combining characters among them.
pub fn lines(site: HostId) -> Vec<Line> {
    let step = failing(site);
    let text = |n: usize| match n % 4 {
        0 => format!("{n} pulling rancher/hardened-etcd:v3.6"),
        1 => format!("{n} 镜像已拉取，正在解压 bin/kubelet"),
        2 => format!("{n} connection to 127.0.0.1:2379 refuse\u{301}d"),
        _ => format!("{n} {}", "a long line that does not end ".repeat(8)),
    };
    (0..400).map(|n| Line { step, text: text(n) }).collect()
}
