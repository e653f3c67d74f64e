mod copying;
mod pane;

use super::*;
use crate::engine::RunState;
use crate::engine::event::{Event, EventKind, Outcome, StepPlan};
use crate::engine::step::{Progress, Stage};
use crate::engine::tail;
use crate::plan::StepKind;
use crate::plan::wait::Waiting;
use crate::ports::LinkState;
use crate::ui::draft::{FieldId, Origin};
use crate::ui::keys::Keymap;
use crate::ui::msg::{Live, Msg};
use crate::ui::testing::{picture, sweep};
use crate::ui::text::{Lang, Text};
use crate::ui::theme::{Colours, Theme};
use std::sync::Arc;

const BEGAN: u64 = 1_760_000_000_000;

fn id(kind: StepKind) -> StepId {
    StepId::of(kind, "edge-07".parse().expect("a label"))
}

/// Steps up to this one are done, and it is under way since 70 s after the beginning.
fn events(at: StepKind) -> Vec<EventKind> {
    let steps = StepKind::ALL.iter().map(|kind| StepPlan { id: id(*kind), needs: vec![], agreed: vec![] }).collect();
    let mut kinds = vec![EventKind::RunStarted { steps, intent: String::new(), rehearsal: false }];
    for kind in StepKind::ALL.iter().copied().take_while(|kind| *kind != at) {
        kinds.push(EventKind::StepStarted { step: id(kind), attempt: 1 });
        let outcome = match kind {
            StepKind::Registries => Outcome::AlreadyDone { why: "no mirrors".into() },
            _ => Outcome::Done { why: "done".into() },
        };
        kinds.push(EventKind::StepFinished { step: id(kind), outcome });
    }
    kinds.push(EventKind::StepStarted { step: id(at), attempt: 1 });
    kinds.push(EventKind::StepApplying { step: id(at), changes: 1 });
    kinds
}

fn state(kinds: Vec<EventKind>) -> RunState {
    let last = kinds.len().saturating_sub(2);
    let numbered = (0..).zip(kinds.into_iter().enumerate());
    let events: Vec<Event> = numbered
        .map(|(seq, (n, event))| {
            let after = if n >= last { 70_000 } else { 70_000 * n as u64 / last as u64 };
            Event { seq, at_ms: BEGAN + after, event }
        })
        .collect();
    RunState::fold(&events)
}

fn starting_rke2() -> Progress {
    let stage = |name: &str, note: &str, done| Stage { name: name.into(), note: note.into(), done };
    Progress {
        step: Some(id(StepKind::ClusterStart)),
        waiting: Some(Waiting {
            condition: "the API server".into(),
            observed: "service activating start, etcd yes, API answers (etcd failed)".into(),
            elapsed: 31,
            limit: 1500,
            guess: Some("usual while images are imported and etcd comes up".into()),
        }),
        stages: vec![
            stage("images", "2 of 2 archives", Some(true)),
            stage("etcd", "", Some(true)),
            stage("API server", "etcd failed", Some(false)),
            stage("network", "", None),
            stage("node Ready", "", None),
        ],
        bytes: None,
    }
}

fn model() -> Model {
    let theme = Theme { colours: Colours::None, ascii: false };
    let mut model = Model::new(Text::of(Lang::En), theme, false);
    model.walk.draft.put(FieldId::Site, "edge-07", Origin::Typed);
    model.walk.draft.put(FieldId::Address, "tech@10.77.0.2", Origin::Typed);
    starting(&mut model);
    model
}

/// A run in which a step is under way, 131 s after its beginning.
fn running(at: StepKind, progress: Progress, link: LinkState) -> Model {
    let mut model = model();
    model.update(Msg::Tick(BEGAN + 131_000));
    let run = Some(Arc::new(state(events(at))));
    model.update(Msg::Live(Live { run, progress, link: Some(link), ..Live::default() }));
    model
}

fn up() -> LinkState {
    LinkState::Up { rtt_ms: Some(42) }
}

fn lost() -> LinkState {
    LinkState::Lost {
        since_ms: BEGAN + 133_000,
        retry_at_ms: BEGAN + 149_000,
        attempts: 3,
        why: "Connection to 10.77.0.2 timed out".into(),
    }
}

fn line(kind: StepKind, text: impl Into<String>) -> LogLine {
    LogLine { step: id(kind), text: text.into() }
}

fn say(model: &mut Model, kind: StepKind, count: usize) {
    let words =
        ["pulling rancher/hardened-etcd:v3.6", "extracting bin/kubelet", "connection to 127.0.0.1:2379 refused"];
    let lines = (0..count).map(|n| line(kind, format!("12:41:{:02} {} ({n})", n % 60, words[n % 3]))).collect();
    model.update(Msg::Lines(lines, count as u64));
}

fn press(model: &mut Model, keys: &str) -> Vec<Effect> {
    let keymap = Keymap::built_in();
    let named = |name: &str| {
        let all = keymap.all().iter().flat_map(|row| row.keys.iter());
        all.copied().find(|key| key.to_string() == name).map(crate::ui::keys::Chord::event)
    };
    keys.split(' ')
        .flat_map(|name| {
            let plain = || KeyEvent::from(crossterm::event::KeyCode::Char(name.chars().next().unwrap_or(' ')));
            model.update(Msg::Key(named(name).unwrap_or_else(plain)))
        })
        .collect()
}

fn rke2_starts() -> Model {
    let mut model = running(StepKind::ClusterStart, starting_rke2(), up());
    say(&mut model, StepKind::ClusterStart, 40);
    model
}

fn link_lost() -> Model {
    let mut model = rke2_starts();
    let gone = Progress { waiting: None, ..starting_rke2() };
    model.update(Msg::Live(Live { progress: gone, ..model.live.clone() }));
    model.update(Msg::Tick(BEGAN + 145_000));
    model.update(Msg::Live(Live { link: Some(lost()), progress: Progress::default(), ..model.live.clone() }));
    model
}

fn ended_with(model: &mut Model, how: How, step: StepKind, failure: Option<Failure>) {
    model.update(Msg::RunEnded(Ended { how, step: Some(id(step)), failure, log: "/home/tech/run/log".into() }));
}

/// The registry's image cannot be pulled, as the operator's events say it.
fn image_missing() -> Model {
    let step = id(StepKind::TenantHealthy);
    let failure = Failure::permanent("an image cannot be pulled")
        .because("model-registry-pool-0-0 1/2 ImagePullBackOff")
        .because("Failed to pull image \"docker.io/pgsty/silo:RELEASE.2026-09-16T00-00-00Z\": not found")
        .help("what it asks for is not there");
    let mut kinds = events(StepKind::TenantHealthy);
    kinds.push(EventKind::StepFinished { step, outcome: Outcome::Failed { failure: failure.clone() } });
    let mut model = running(StepKind::TenantHealthy, Progress::default(), up());
    model.update(Msg::Live(Live { run: Some(Arc::new(state(kinds))), ..model.live.clone() }));
    let said = ["Pulling image", "Failed to pull image: not found", "Back-off pulling image"];
    let lines = said.iter().map(|text| line(StepKind::TenantHealthy, *text)).collect();
    model.update(Msg::Lines(lines, 3));
    ended_with(&mut model, How::Failed, StepKind::TenantHealthy, Some(failure));
    model
}

/// The link did not come back within the time that it was given.
fn link_gone() -> Model {
    let mut model = link_lost();
    let failure = Failure::unknown("the link was not back within 3600 s")
        .because("Connection to 10.77.0.2 timed out")
        .help("What runs on the host goes on; `modelquay resume` takes it up.");
    ended_with(&mut model, How::LinkLost, StepKind::ClusterStart, Some(failure));
    model
}

fn stopped() -> Model {
    let mut model = rke2_starts();
    ended_with(&mut model, How::Stopped, StepKind::ClusterStart, None);
    model
}

/// A log that was scrolled back in and searched, with lines that came since.
fn searched() -> Model {
    let mut model = rke2_starts();
    press(&mut model, "/ e t c d enter");
    say(&mut model, StepKind::ClusterStart, 7);
    model.update(Msg::Lines(Vec::new(), 47));
    model
}

/// At 80×24 and at 120×40, where the log has room beside the steps.
fn both(model: &Model) -> String {
    format!("80×24\n{}\n120×40\n{}", picture(model, 80, 24), picture(model, 120, 40))
}

#[test]
fn the_screens_look_as_they_did() {
    insta::assert_snapshot!("running", both(&rke2_starts()));
    insta::assert_snapshot!("link_lost", both(&link_lost()));
    insta::assert_snapshot!("searched", both(&searched()));
    insta::assert_snapshot!("image_missing", both(&image_missing()));
    insta::assert_snapshot!("stopped", both(&stopped()));
    insta::assert_snapshot!("link_gone", both(&link_gone()));
}

#[test]
fn the_failure_and_the_lost_link_are_said_in_chinese_as_well() {
    for (name, mut model) in [("image_missing_zh", image_missing()), ("link_lost_zh", link_lost())] {
        model.shell.text = Text::of(Lang::ZhHans);
        insta::assert_snapshot!(name, picture(&model, 80, 24));
    }
}

#[test]
fn no_size_is_too_small() {
    for model in [rke2_starts(), link_lost(), searched(), image_missing(), stopped(), link_gone()] {
        sweep(&model, 60, 20);
        for (columns, rows) in [(40, 10), (71, 11), (72, 9), (96, 24), (110, 10), (300, 100)] {
            let mut model = model.clone();
            model.update(Msg::Resize(columns, rows));
            picture(&model, columns, rows);
            press(&mut model, "z w");
            picture(&model, columns, rows);
        }
    }
}

#[test]
fn the_step_under_way_is_in_sight_at_every_height() {
    for kind in [StepKind::CredentialsReady, StepKind::ClusterStart, StepKind::Bucket, StepKind::HandOver] {
        let model = running(kind, Progress::default(), up());
        for rows in 10..40 {
            let text = picture(&model, 80, rows);
            let name = step_name(&model, id(kind));
            assert!(
                text.contains(&format!("▸ {}", name.get(..5).unwrap_or_default())),
                "{kind:?} at 80×{rows}:\n{text}"
            );
        }
    }
}

#[test]
fn a_lost_link_says_what_goes_on_and_no_more_than_is_known() {
    let words = |model: &Model| health::what_goes_on(model);
    let model = link_lost();
    assert!(
        words(&model).starts_with("\"Start RKE2\" goes on on the host; the 14 steps after it wait"),
        "{}",
        words(&model)
    );
    assert!(words(&model).ends_with("modelquay resume edge-07"));
    // Never seen waiting: whether it was started is not known.
    let model = running(StepKind::ClusterStart, Progress::default(), lost());
    assert!(
        words(&model).starts_with("Whether \"Start RKE2\" was started on the host is not known"),
        "{}",
        words(&model)
    );
    // Only looked at: nothing was begun.
    let mut kinds = events(StepKind::ClusterStart);
    kinds.pop();
    let mut model = running(StepKind::ClusterStart, Progress::default(), lost());
    model.update(Msg::Live(Live { run: Some(Arc::new(state(kinds))), ..model.live.clone() }));
    assert!(words(&model).starts_with("Nothing of \"Start RKE2\" goes on"), "{}", words(&model));
    let fetching = Progress { step: Some(id(StepKind::ClusterImages)), bytes: Some((5, None)), ..Progress::default() };
    let model = running(StepKind::ClusterImages, fetching, up());
    assert!(words(&model).starts_with("The part of \"RKE2 images\" that was started"), "{}", words(&model));
    let model = running(StepKind::HandOver, Progress::default(), up());
    assert!(words(&model).starts_with("Nothing of \"Hand-over\" goes on by itself; it waits"), "{}", words(&model));
}

#[test]
fn a_rehearsal_promises_nothing_for_after_it() {
    let mut model = rke2_starts();
    model.shell.rehearsal = true;
    assert_eq!(health::what_goes_on(&model), model.t("goes-on-rehearsal"));
}

#[test]
fn the_rest_is_guessed_only_as_long_as_the_guess_makes_sense() {
    let model = rke2_starts();
    let run = model.live.run.clone().expect("there is one");
    let minutes = health::left_ms(&model, &run).expect("all is as usual") / 60_000;
    assert_eq!(minutes, 4, "180 s less 61 s of the start, and 170 s of all that follows");
    let mut late = model.clone();
    late.update(Msg::Tick(BEGAN + 70_000 + 361_000));
    assert_eq!(health::left_ms(&late, &run), None, "twice as long as usual");
    assert_eq!(health::left_ms(&link_lost(), &run), None);
    let mut fast = model;
    (fast.shell.rehearsal, fast.shell.speed) = (true, 60);
    assert_eq!(health::typical_ms(&fast, StepKind::ClusterStart), 3000);
}

#[test]
fn a_known_failure_offers_what_mends_it_first() {
    let mut model = image_missing();
    assert_eq!(model.walk.install.known.map(|known| known.id.as_str()), Some("image-absent"));
    assert_eq!(press(&mut model, "enter"), []);
    assert!(model.walk.forms.supply_open, "a mirror can be named");
    // The plan that comes of it does not say that nothing was changed.
    model.update(Msg::Paste("docker.io = https://mirror.example".into()));
    let effects = press(&mut model, "ctrl-f");
    assert!(matches!(effects[..], [Effect::Preview { .. }]), "{effects:?}");
    walk::plan::forget(&mut model);
    assert_eq!(walk::plan::status(&model).1, model.t("status-plan-again"));
    let mut model = image_missing();
    assert_eq!(press(&mut model, "down enter"), [Effect::Retry]);
    assert!(model.walk.install.running && model.walk.install.ended.is_none());
    assert_eq!(model.walk.install.site, "edge-07".parse().ok());
    let mut model = image_missing();
    let step = id(StepKind::TenantHealthy);
    assert_eq!(press(&mut model, "down down enter"), [Effect::ReadLog { step }]);
    assert!(model.walk.install.log.zoom);
    press(&mut model, "esc");
    assert!(!model.walk.install.log.zoom);
    assert_eq!(press(&mut model, "x"), [Effect::Leave(crate::ui::Leaving::Quit)]);
}

#[test]
fn a_failure_is_recognised_by_lines_that_come_after_it() {
    let mut model = running(StepKind::Storage, Progress::default(), up());
    ended_with(&mut model, How::Failed, StepKind::Storage, Some(Failure::permanent("gave up")));
    assert_eq!(model.walk.install.known, None);
    // Somebody else can be shown what nobody here knows; of a rehearsal there is nothing to show.
    assert!(picture(&model, 80, 24).contains("modelquay report edge-07"), "{}", picture(&model, 80, 24));
    model.shell.rehearsal = true;
    assert!(!picture(&model, 80, 24).contains("modelquay report"), "{}", picture(&model, 80, 24));
    model.shell.rehearsal = false;
    model.update(Msg::Lines(vec![line(StepKind::Storage, "VOL_DIR: parameter not set")], 1));
    assert_eq!(model.walk.install.known.map(|known| known.id.as_str()), Some("volume-script"));
    assert!(!picture(&model, 80, 24).contains("modelquay report"), "{}", picture(&model, 80, 24));
}

#[test]
fn a_rehearsal_goes_faster_and_slower_and_nothing_else_does() {
    let mut model = rke2_starts();
    assert_eq!(press(&mut model, "+"), []);
    model.shell.rehearsal = true;
    assert_eq!(press(&mut model, "+ + +"), [Effect::Speed(200), Effect::Speed(1000)]);
    model.shell.speed = 7;
    assert_eq!(press(&mut model, "- - -"), [Effect::Speed(5), Effect::Speed(1)]);
}

#[test]
fn a_stop_is_asked_for_once() {
    let mut model = rke2_starts();
    assert_eq!(press(&mut model, "x down enter"), [Effect::Stop]);
    assert!(model.walk.install.stopping);
    press(&mut model, "x");
    assert!(model.walk.dialog.is_none());
}

#[test]
fn any_words_of_a_host_are_drawn_without_a_character_that_acts() {
    use crate::base::fuzz;
    use crate::ui::testing::buffer;
    let words = ["503 Service Unavailable", "an image cannot be pulled", "name a mirror", "level=info msg=\"x\""];
    // A frame costs as much as a thousand lines elsewhere, and shows a dozen texts: a hundredth of the cases.
    fuzz::each(fuzz::CASES / 100, |dice| {
        let mut word = || {
            let word = dice.one(&words);
            fuzz::bend_text(dice, word)
        };
        let mut progress = starting_rke2();
        for stage in &mut progress.stages {
            (stage.name, stage.note) = (word(), word());
        }
        progress.waiting =
            Some(Waiting { condition: word(), observed: word(), elapsed: 31, limit: 60, guess: Some(word()) });
        let link = LinkState::Lost { since_ms: BEGAN, retry_at_ms: BEGAN, attempts: 3, why: word() };
        let link = if word().len() % 2 == 0 { link } else { up() };
        let mut model = running(StepKind::ClusterStart, progress, link);
        model.update(Msg::Lines(vec![line(StepKind::ClusterStart, word()), line(StepKind::ClusterStart, word())], 2));
        if word().len() % 3 == 0 {
            let failure = Failure::permanent(word()).because(word()).because(word()).help(word());
            ended_with(&mut model, How::Failed, StepKind::ClusterStart, Some(failure));
        }
        let frame = buffer(&model, 80, 24);
        for cell in frame.content() {
            assert!(fuzz::harmless(cell.symbol()), "a terminal would act on {:?}", cell.symbol());
        }
    });
}
