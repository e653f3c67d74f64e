use super::*;
use crate::engine::event::StepPlan;
use crate::plan::StepKind;
use proptest::prelude::*;

fn id(kind: StepKind) -> StepId {
    StepId::of(kind, "edge".parse().expect("a label"))
}

fn kinds() -> impl Strategy<Value = EventKind> {
    let step = prop::sample::select(StepKind::ALL).prop_map(id);
    let failure = Just(Failure::transient("pull refused"));
    prop_oneof![
        Just(EventKind::RunStarted {
            steps: StepKind::ALL
                .iter()
                .enumerate()
                .map(|(at, kind)| StepPlan {
                    id: id(*kind),
                    needs: at.checked_sub(1).map(|before| id(StepKind::ALL[before])).into_iter().collect(),
                    agreed: vec![],
                })
                .collect(),
            intent: "i".into(),
            rehearsal: false,
        }),
        (1u32..4).prop_map(|epoch| EventKind::RunResumed { epoch, by: "t@laptop".into() }),
        (step.clone(), 1u32..4).prop_map(|(step, attempt)| EventKind::StepStarted { step, attempt }),
        (step.clone(), 0usize..4).prop_map(|(step, changes)| EventKind::StepApplying { step, changes }),
        (step.clone(), failure.clone()).prop_map(|(step, failure)| EventKind::StepRetrying {
            step,
            attempt: 2,
            after: 3,
            failure
        }),
        step.clone().prop_map(|step| EventKind::StepFinished { step, outcome: Outcome::Done { why: "it is".into() } }),
        (step.clone(), failure)
            .prop_map(|(step, failure)| EventKind::StepFinished { step, outcome: Outcome::Failed { failure } }),
        step.prop_map(|step| EventKind::LinkLost { step, why: "cut".into() }),
        Just(EventKind::LinkBack { after: 3 }),
        Just(EventKind::RunFinished { result: RunResult::Done }),
        Just(EventKind::Unknown(serde_json::json!({"kind": "new", "x": 1}))),
    ]
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(kinds(), 0..60)
        .prop_map(|kinds| (0..).zip(kinds).map(|(seq, event)| Event { seq, at_ms: seq * 100, event }).collect())
}

proptest! {
    #[test]
    fn events_that_come_twice_change_nothing(events in events()) {
        let once = RunState::fold(&events);
        let mut each_twice = RunState::default();
        for event in &events {
            each_twice.apply(event);
            each_twice.apply(event);
        }
        prop_assert_eq!(&once, &each_twice);
        let mut all_twice = RunState::fold(&events);
        for event in &events {
            all_twice.apply(event);
        }
        prop_assert_eq!(&once, &all_twice);
    }

    #[test]
    fn a_missing_event_is_counted_and_nothing_is_made_up(events in events(), at in 0usize..60) {
        prop_assume!(at + 1 < events.len());
        let mut holed = events.clone();
        holed.remove(at);
        let state = RunState::fold(&holed);
        prop_assert_eq!(state, {
            let mut expected = RunState::fold(&events[..at]);
            expected.ignored += (events.len() - at - 1) as u64;
            expected
        });
    }
}

#[test]
fn a_step_that_will_not_run_says_which_step_caused_it() {
    let steps = [StepKind::ClusterStart, StepKind::ClusterAccess, StepKind::Storage];
    let plan = |at: usize| StepPlan {
        id: id(steps[at]),
        needs: at.checked_sub(1).map(|b| id(steps[b])).into_iter().collect(),
        agreed: vec![],
    };
    let kinds = [
        EventKind::RunStarted { steps: (0..3).map(plan).collect(), intent: String::new(), rehearsal: false },
        EventKind::StepStarted { step: id(steps[0]), attempt: 1 },
        EventKind::StepFinished {
            step: id(steps[0]),
            outcome: Outcome::Failed { failure: Failure::permanent("no default route") },
        },
    ];
    let events: Vec<Event> = (0..).zip(kinds).map(|(seq, event)| Event { seq, at_ms: seq * 1000, event }).collect();
    let state = RunState::fold(&events);
    assert_eq!(state.steps[2].status, StepStatus::Blocked { by: id(StepKind::ClusterStart) });
    assert_eq!(state.progress(), (0, 3));
    assert_eq!(state.waiting().len(), 3, "the failed one and the two behind it");
}
