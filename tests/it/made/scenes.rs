//! What the pictures show: the program's own model after messages of a rehearsal.

use async_trait::async_trait;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use modelquay::app::inspect::Inspection;
use modelquay::app::session::Session;
use modelquay::app::sites::{RunDir, Sites};
use modelquay::app::{Env, Exit, Face, Machine, order};
use modelquay::base::clock::SetClock;
use modelquay::base::{Cancel, Redactor, Secret};
use modelquay::engine::event::{EventKind, Outcome, StepPlan};
use modelquay::engine::retry::Retry;
use modelquay::engine::step::{Hook, Progress, Stage};
use modelquay::engine::tail::Line;
use modelquay::engine::{Consent, Event, Preview, RunState};
use modelquay::plan::site::Reach;
use modelquay::plan::wait::Waiting;
use modelquay::plan::{Failure, HostId, NextCommands, Site, StepId, StepKind};
use modelquay::ports::{Answer, LinkState, Prompt, Question, Route};
use modelquay::transport::operator_files::LocalFiles;
use modelquay::transport::simulated::{self, BadDay, Pace, Sim, SimOptions};
use modelquay::ui::draft::{Draft, FieldId, Origin};
use modelquay::ui::msg::{Ended, HandOver, How, KeyPair};
use modelquay::ui::text::{Lang, Text};
use modelquay::ui::theme::{Colours, Theme};
use modelquay::ui::{Effect, Live, Model, Msg};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// 2026-11-24, 10:00 UTC: any time does, as long as it is the same every time.
const NOW: u64 = 1_795_514_400_000;

struct Deaf;

#[async_trait]
impl Face for Deaf {
    fn note(&self, _: &str) {}
    fn link(&self, _: &LinkState) {}
    fn inspection(&self, _: &Inspection) {}
    fn preview(&self, _: &Preview) {}
    async fn consent(&self, _: &Preview) -> Option<Consent> {
        None
    }
    fn event(&self, _: &Event, _: &RunState) {}
    fn progress(&self, _: &Progress) {}
    fn run(&self, _: &RunDir, _: HostId, _: bool, _: &RunState) {}
    fn last(&self, _: Exit, _: Option<&Failure>, _: &[String]) {}
}

#[async_trait]
impl Prompt for Deaf {
    async fn ask(&self, _: Question) -> Result<Answer, Failure> {
        Err(Failure::needs_human("nobody is asked for a picture"))
    }
}

fn session(directory: &Path, days: &[BadDay]) -> Session {
    let sim = Sim::new(SimOptions {
        pace: Pace::EachCall(Duration::from_secs(2)),
        bad_days: days.iter().copied().collect(),
        clock: Arc::new(SetClock::at(NOW)),
        files: Arc::new(LocalFiles::new()),
        directory: directory.to_owned(),
    });
    let env = Env {
        sites: Sites::at(directory.join("state")),
        clock: Arc::new(SetClock::at(NOW)),
        prompt: Arc::new(Deaf),
        face: Arc::new(Deaf),
        cancel: Cancel::new(),
        redactor: Redactor::new(),
        runtime_dir: directory.to_owned(),
        link_timeout: Duration::ZERO,
        retry: Retry::default(),
        hook: Hook::default(),
        by: "picture".into(),
        take_over: false,
    };
    Session::new(env, Machine::Given(Arc::new(sim.expect("a world"))))
}

fn model(lang: Lang) -> Model {
    let mut model = Model::new(Text::of(lang), Theme { colours: Colours::True, ascii: false }, true);
    model.update(Msg::Resize(80, 24));
    model.update(Msg::Tick(NOW));
    model.update(Msg::Live(Live { link: Some(LinkState::Up { rtt_ms: Some(42) }), ..Live::default() }));
    let mut draft = Draft::default();
    draft.put(FieldId::Site, "edge-07", Origin::Default);
    draft.put(FieldId::Address, "tech@edge-07", Origin::Default);
    model.walk.draft = draft;
    model.walk.place = modelquay::ui::walk::Place::Host;
    model
}

fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
    model.update(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn forward(model: &mut Model) -> Vec<Effect> {
    model.update(Msg::Key(KeyEvent::new(KeyCode::Char('f'), KeyModifiers::CONTROL)))
}

/// An install in the middle of RKE2's start: each step before took what it usually takes.
fn installing(mut model: Model, steps: &[StepId]) -> Model {
    model.shell.speed = 1;
    press(&mut model, KeyCode::Char('i'));
    let mut events = Vec::new();
    let mut at_ms = NOW;
    let mut happens = |at_ms: u64, event: EventKind| {
        events.push(Event { seq: events.len() as u64, at_ms, event });
    };
    let plan = |id: &StepId| StepPlan { id: *id, needs: Vec::new(), agreed: Vec::new() };
    happens(
        at_ms,
        EventKind::RunStarted { steps: steps.iter().map(plan).collect(), intent: "0".into(), rehearsal: true },
    );
    let starts = StepId::of(StepKind::ClusterStart, "edge-07".parse().expect("a label"));
    for step in steps {
        happens(at_ms, EventKind::StepStarted { step: *step, attempt: 1 });
        happens(at_ms, EventKind::StepApplying { step: *step, changes: 1 });
        if *step == starts {
            break;
        }
        at_ms += u64::from(step.kind.typical_seconds()) * 1000;
        happens(
            at_ms,
            EventKind::StepFinished { step: *step, outcome: Outcome::Done { why: "it is as planned".into() } },
        );
    }
    let stage = |name: &str, note: &str, done| Stage { name: name.into(), note: note.into(), done };
    let progress = Progress {
        step: Some(starts),
        waiting: Some(Waiting {
            condition: "the API server's /readyz".into(),
            observed: "500: [-]etcd failed: reason withheld".into(),
            elapsed: 31,
            limit: 1500,
            guess: None,
        }),
        stages: vec![
            stage("images", "14 of 14", Some(true)),
            stage("etcd", "", Some(false)),
            stage("API server", "", None),
            stage("node", "", None),
        ],
        bytes: None,
    };
    let log = [
        "Running kube-apiserver --etcd-servers=https://127.0.0.1:2379",
        "Failed to test etcd connection: dial tcp 127.0.0.1:2379: connect: connection refused",
        "Failed to test etcd connection: dial tcp 127.0.0.1:2379: connect: connection refused",
        "etcd data store connection OK",
    ];
    let lines: Vec<Line> = log.iter().map(|text| Line { step: starts, text: (*text).into() }).collect();
    let count = lines.len() as u64;
    let run = Some(Arc::new(RunState::fold(&events)));
    model.update(Msg::Tick(at_ms + 31_000));
    model.update(Msg::Live(Live { run, progress, ..model.live.clone() }));
    model.update(Msg::Lines(lines, count));
    model
}

/// The keys, as they are shown at first.
fn keys_of(mut model: Model) -> Model {
    let site = Site::with_defaults("edge-07".parse().expect("a label"), Reach::Local);
    let pair =
        |name| KeyPair { name, access_key: Secret::new("x".repeat(20)), secret_key: Secret::new("x".repeat(40)) };
    let ca = "~/.local/state/modelquay/sites/edge-07/ca.crt";
    let hand_over = HandOver {
        url: "https://192.0.2.10:30900".into(),
        route: Route::Direct,
        ca_path: ca.into(),
        ca_fingerprint: "A4:1C:".repeat(16).trim_end_matches(':').into(),
        sheet_path: "~/.local/state/modelquay/sites/edge-07/hand-over.txt".into(),
        keys_path: None,
        next: NextCommands::of(&site, [192, 0, 2, 10].into(), ca),
    };
    model.update(Msg::RunEnded(Ended { how: How::Done, step: None, failure: None, log: String::new() }));
    model.update(Msg::Keys(["root", "reader", "publisher", "triton"].map(pair).into(), Box::new(hand_over)));
    model
}

/// Every picture with its name.
pub async fn all() -> Vec<(&'static str, Model)> {
    let directory = tempfile::tempdir().expect("a directory");
    let tables = directory.path().join("components.toml");
    std::fs::write(&tables, simulated::components()).expect("writable");
    let mut trouble = session(directory.path(), &[BadDay::InotifyLow, BadDay::FirewallActive]);
    let mut well = session(directory.path(), &[BadDay::InotifyLow]);
    let ask = |answers: &str| {
        let answers = format!("{answers}\n[supply]\ncomponents = [\"components.toml\"]\n");
        order::in_the_making(&answers, directory.path()).expect("right answers")
    };
    let mut pictures = Vec::new();
    let mut looked = model(Lang::En);
    forward(&mut looked);
    let found = trouble.look(&ask(&looked.walk.draft.answers())).await.expect("the simulated host answers");
    looked.update(Msg::Looked { facts: Box::new(found.facts), findings: found.findings });
    pictures.push(("facts", looked.clone()));

    let found = well.look(&ask(&looked.walk.draft.answers())).await.expect("the simulated host answers");
    looked.update(Msg::Looked { facts: Box::new(found.facts.clone()), findings: found.findings.clone() });

    let mut chinese = model(Lang::ZhHans);
    forward(&mut chinese);
    chinese.update(Msg::Looked { facts: Box::new(found.facts), findings: found.findings });
    for _ in 0..3 {
        forward(&mut chinese);
    }
    pictures.push(("registry-zh-Hans", chinese));

    let mut planned = looked;
    for _ in 0..4 {
        forward(&mut planned);
    }
    let (preview, _) = well.preview(&ask(&planned.walk.draft.answers())).await.expect("nothing stops it");
    let steps: Vec<StepId> = preview.steps().iter().map(|step| step.id).collect();
    planned.update(Msg::Previewed(Box::new(preview)));
    let install = installing(planned.clone(), &steps);
    pictures.push(("credentials", keys_of(install.clone())));
    pictures.push(("install", install));
    // On the configuration of RKE2, which has files to show.
    for _ in 0..2 {
        press(&mut planned, KeyCode::Down);
    }
    pictures.push(("plan", planned));
    pictures
}
