use super::*;
use crate::engine::event::{RunResult, StepPlan};
use crate::engine::step::Stage;
use crate::plan::StepKind;
use crate::plan::wait::Waiting;

fn id(kind: StepKind) -> StepId {
    StepId::of(kind, "edge".parse().expect("a label"))
}

fn begun(rehearsal: bool) -> LineView {
    let mut view = LineView::default();
    let plan = |kind| StepPlan { id: id(kind), needs: vec![], agreed: vec![] };
    let steps = vec![plan(StepKind::PrepareHost), plan(StepKind::ClusterStart)];
    let started = EventKind::RunStarted { steps, intent: String::new(), rehearsal };
    let step = id(StepKind::ClusterStart);
    for (seq, event) in (0..).zip([started, EventKind::StepStarted { step, attempt: 1 }]) {
        view.event(&Event { seq, at_ms: 0, event });
    }
    view
}

fn next(view: &mut LineView, at_ms: u64, event: EventKind) -> String {
    let seq = view.state.next_seq;
    view.event(&Event { seq, at_ms, event }).join("\n")
}

#[test]
fn an_event_is_a_line_with_time_title_state_and_why() {
    let mut view = begun(false);
    let step = id(StepKind::ClusterStart);
    let done = EventKind::StepFinished { step, outcome: Outcome::Done { why: "the API answers".into() } };
    assert_eq!(next(&mut view, 83_000, done), "00:01:23Z [2/2] Start RKE2: done in 1 min 23 s: the API answers");
    let end = EventKind::RunFinished { result: RunResult::Done };
    assert_eq!(next(&mut view, 84_000, end), "00:01:24Z the run has ended: 1 of 2 steps are done");
}

#[test]
fn the_help_comes_last_and_foreign_text_cannot_move_the_cursor() {
    let mut view = begun(false);
    let failure = Failure::permanent("no \u{1b}[2Jroute").help("add a default route");
    let failed = EventKind::StepFinished { step: id(StepKind::ClusterStart), outcome: Outcome::Failed { failure } };
    let text = next(&mut view, 1000, failed);
    assert_eq!(text, "00:00:01Z [2/2] Start RKE2: FAILED in 1 s: no route\n00:00:01Z help: add a default route");
}

#[test]
fn progress_is_spoken_of_every_fifteen_seconds_and_not_more_often() {
    let mut view = begun(false);
    let waiting = Waiting {
        condition: "the API".into(),
        observed: "503".into(),
        elapsed: 31,
        limit: 1500,
        guess: Some("images are imported".into()),
    };
    let stages = vec![Stage { name: "images".into(), note: "3 of 14".into(), done: Some(false) }];
    let progress = Progress { step: Some(id(StepKind::ClusterStart)), waiting: Some(waiting), stages, bytes: None };
    assert!(view.progress(&progress, 14_999).is_empty());
    assert_eq!(
        view.progress(&progress, 15_000),
        [
            "00:00:15Z [2/2] Start RKE2: images: 3 of 14; waits for the API: saw 503; 31 s of at most 1500 s",
            "00:00:15Z help: images are imported"
        ]
    );
    assert!(view.progress(&progress, 29_000).is_empty());
    assert_eq!(view.progress(&Progress::default(), 30_000), ["00:00:30Z [2/2] Start RKE2: is still under way"]);
}

#[test]
fn every_line_of_a_rehearsal_says_so() {
    let mut view = begun(true);
    let about = About {
        run: "r".into(),
        site: "edge".into(),
        rehearsal: true,
        journal: Some("j".into()),
        so_far: RunState::default(),
    };
    let mut lines = view.header(&about);
    lines.push(next(&mut view, 1, EventKind::LinkBack { after: 2 }));
    lines.extend(view.progress(&Progress::default(), 60_000));
    lines.extend(view.link(&LinkState::Gone { why: "x".into() }, 1));
    lines.extend(view.missed(3));
    for line in lines {
        assert!(line.starts_with("REHEARSAL "), "{line}");
    }
}

#[test]
fn the_link_is_spoken_of_when_it_changes() {
    let mut view = begun(false);
    let lost = |attempts| LinkState::Lost { since_ms: 0, retry_at_ms: 0, attempts, why: "timed out".into() };
    assert_eq!(view.link(&lost(0), 1000).len(), 1);
    assert!(view.link(&lost(1), 2000).is_empty());
    assert_eq!(view.link(&LinkState::Up { rtt_ms: Some(40) }, 3000), ["00:00:03Z link: up again, round trip 40 ms"]);
}
