//! Journals that are nearly right, read, folded and shown in both ways: whatever stands in them, nothing acts on the
//! terminal, and the JSON is JSON.

use super::{About, Last, LineView, View, findings, json};
use crate::base::fuzz::{self, Dice};
use crate::engine::event::EventKind;
use crate::engine::journal;
use crate::engine::step::{Progress, Stage};
use crate::plan::wait::Waiting;
use crate::plan::{Failure, StepId, StepKind};
use crate::ports::LinkState;
use serde_json::{Value, json};
use std::fmt::Write as _;

/// A journal, line by line.
fn lines() -> Vec<(Value, String)> {
    let step = |n: usize| StepId::of(StepKind::ALL[n], "edge".parse().expect("a label")).to_string();
    let failure = json!({"message": "an image cannot be pulled", "causes": ["429 Too Many Requests"], "hint": "name a mirror", "kind": "transient"});
    let steps: Vec<Value> = (0..5)
        .map(|n| json!({"id": step(n), "needs": if n > 0 { vec![step(n - 1)] } else { vec![] }, "agreed": ["d1"]}))
        .collect();
    let kinds = [
        json!({"kind": "run-started", "steps": steps, "intent": "i", "rehearsal": false}),
        json!({"kind": "step-started", "step": step(0), "attempt": 1}),
        json!({"kind": "step-applying", "step": step(0), "changes": 3}),
        json!({"kind": "link-lost", "step": step(0), "why": "Broken pipe"}),
        json!({"kind": "link-back", "after": 40}),
        json!({"kind": "step-finished", "step": step(0), "outcome": "done", "why": "it is there"}),
        json!({"kind": "step-started", "step": step(1), "attempt": 1}),
        json!({"kind": "step-retrying", "step": step(1), "attempt": 2, "after": 30, "failure": failure}),
        json!({"kind": "step-finished", "step": step(1), "outcome": "failed", "failure": failure}),
        json!({"kind": "run-resumed", "epoch": 1, "by": "tech@laptop"}),
        json!({"kind": "run-aborted", "at_once": true}),
        json!({"kind": "step-painted", "colour": "green"}),
        json!({"kind": "run-finished", "result": "failed"}),
    ];
    let line = |(seq, event)| json!({"seq": seq, "at_ms": 1_795_472_191_000_u64, "event": event});
    kinds.into_iter().enumerate().map(line).map(|line| (line.clone(), line.to_string())).collect()
}

const HEADER: &str = "{\"format\":1,\"min_reader\":1,\"run\":\"20261123-221631\",\"site\":\"edge\"}\n";

/// A few events in their order, or nearly, each of them right, or nearly.
fn journal_of(dice: &mut Dice, lines: &[(Value, String)]) -> Vec<u8> {
    let mut bytes = HEADER.as_bytes().to_vec();
    let mut seq = 0;
    for (n, (value, text)) in lines.iter().enumerate() {
        if n > 1 && dice.once_in(2) {
            continue;
        }
        if dice.once_in(4) {
            let mut line = value.clone();
            line["seq"] = json!(seq);
            fuzz::bend_json(dice, &mut line);
            bytes.extend(line.to_string().into_bytes());
        } else {
            // As it is but for its number.
            bytes.extend(format!("{{\"seq\":{seq},").into_bytes());
            bytes.extend_from_slice(text.split_once(',').map_or("", |(_, rest)| rest).as_bytes());
        }
        bytes.push(b'\n');
        seq += 1;
    }
    if dice.once_in(3) {
        fuzz::bend(dice, &mut bytes);
    }
    bytes
}

fn about(read: &journal::Read) -> About {
    About { run: "r".into(), site: "edge".into(), rehearsal: false, journal: Some("/j".into()), so_far: read.state() }
}

/// Everything that both views say of a journal.
fn shown(read: &journal::Read) -> [Vec<String>; 2] {
    let (mut line, mut json) = (LineView::default(), json::JsonView::new("edge", false));
    let mut said: [Vec<String>; 2] = [line.header(&about(read)), json.header(&about(read))];
    for event in &read.events {
        said[0].extend(line.event(event));
        said[1].extend(json.event(event));
    }
    said
}

/// Fails where a line acts on a terminal or is no JSON.
#[track_caller]
fn judge(said: &[Vec<String>; 2]) {
    said[0].iter().for_each(|line| fuzz::shown(line, 1500));
    for line in &said[1] {
        assert!(fuzz::harmless(line), "a terminal would act on {line:?}");
        let value: Value = serde_json::from_str(line).expect("each line is an object");
        assert_eq!(value["v"], 1);
    }
}

#[test]
fn any_journal_is_folded_and_shown() {
    let lines = lines();
    let (mut whole, mut bent) = (0_u64, 0_u64);
    // A journal has eight lines, each of them a case of its own.
    fuzz::each(fuzz::CASES / 8, |dice| {
        let bytes = journal_of(dice, &lines);
        let Ok(read) = journal::read(&bytes) else { return };
        let state = read.state();
        if read.damaged == 0 {
            whole += 1;
        } else {
            bent += 1;
        }
        // To show costs more than to read: a part of the cases is shown.
        if dice.once_in(8) {
            judge(&shown(&read));
            let known = read.events.iter().filter(|event| !matches!(event.event, EventKind::Unknown(_))).count();
            assert!(state.steps.len() <= 128 && known <= read.events.len());
            let _ = (state.progress(), state.running(), state.waiting());
        }
    });
    fuzz::both(whole, bent);
}

#[test]
fn a_journal_that_is_large_or_deep_is_read_soon() {
    let id = |n: usize| format!("prepare-host@h{n}");
    let steps: Vec<Value> =
        (0..20_000).map(|n| json!({"id": id(n), "needs": [id(n.saturating_sub(1))], "agreed": []})).collect();
    let begun = json!({"seq": 0, "at_ms": 0, "event": {"kind": "run-started", "steps": steps, "intent": "", "rehearsal": false}});
    let failed = json!({"kind": "step-finished", "step": id(0), "outcome": "failed", "failure": {"message": "m", "kind": "permanent"}});
    let mut many = format!("{HEADER}{begun}\n");
    for seq in (1..fuzz::LARGE / 250).step_by(2) {
        let _ = writeln!(
            many,
            "{{\"seq\":{seq},\"at_ms\":0,\"event\":{{\"kind\":\"run-resumed\",\"epoch\":1,\"by\":\"x\"}}}}"
        );
        let _ = writeln!(many, "{{\"seq\":{},\"at_ms\":0,\"event\":{failed}}}", seq + 1);
    }
    for bytes in [
        many,
        format!("{HEADER}{}\n", fuzz::large("[")),
        format!("{HEADER}{{\"seq\":0,\"at_ms\":0,\"event\":{}1{}}}\n", "{\"a\":".repeat(100), "}".repeat(100)),
        format!("{HEADER}{}", fuzz::large("{}\n")),
        format!(
            "{HEADER}{{\"seq\":0,\"at_ms\":0,\"event\":{{\"kind\":\"link-lost\",\"step\":\"tenant\",\"why\":\"{}\"}}}}\n",
            fuzz::large("x")
        ),
        fuzz::large("\n"),
    ] {
        let read = fuzz::soon("a large journal", || journal::read(bytes.as_bytes()));
        if let Ok(read) = read {
            fuzz::soon("folding", || read.state());
            fuzz::soon("showing", || shown(&read)[0].iter().for_each(|line| fuzz::shown(line, 1500)));
        }
    }
}

#[test]
fn any_progress_link_and_last_words_are_shown() {
    let lines = lines();
    let right: Vec<&str> = lines.iter().map(|(_, text)| text.as_str()).collect();
    let read = journal::read(format!("{HEADER}{}\n", right.join("\n")).as_bytes()).expect("it is whole");
    let words = ["the API server", "503 Service Unavailable", "images are imported", "3 of 14 archives"];
    // Each case has ten texts.
    fuzz::each(fuzz::CASES / 10, |dice| {
        let mut word = || {
            let word = dice.one(&words);
            fuzz::bend_text(dice, word)
        };
        let waiting = Waiting { condition: word(), observed: word(), elapsed: 3, limit: 60, guess: Some(word()) };
        let stages = vec![Stage { name: word(), note: word(), done: Some(false) }];
        let link = LinkState::Lost { since_ms: 0, retry_at_ms: u64::MAX, attempts: 3, why: word() };
        let failure = Failure::permanent(word()).because(word()).help(word());
        let last = Last { exit: 1, meaning: "failed", failure: Some(failure), words: vec![word()] };
        let (mut plain, mut json) = (LineView::default(), json::JsonView::new("edge", false));
        read.events.iter().take(2).for_each(|event| drop(plain.event(event)));
        let step = line_step(&read);
        let progress = Progress { step, waiting: Some(waiting), stages, bytes: Some((dice.draw(), Some(dice.draw()))) };
        let mut said = [plain.progress(&progress, u64::MAX), json.progress(&progress, u64::MAX)];
        said[0].extend(plain.link(&link, dice.draw()));
        said[1].extend(json.link(&link, dice.draw()));
        said[0].extend(plain.summary(&last));
        said[1].extend(json.summary(&last));
        assert!(said[0].len() >= 4 && said[1].len() == 3, "{said:?}");
        said[0].iter().for_each(|line| fuzz::shown(line, 5000));
        judge(&[Vec::new(), said[1].clone()]);
    });
}

fn line_step(read: &journal::Read) -> Option<StepId> {
    read.state().steps.first().map(|step| step.id)
}

#[test]
fn any_finding_is_shown() {
    use crate::plan::preflight::{Finding, Fix, Row, Verdict};
    // Each case has three texts, shown in two ways.
    fuzz::each(fuzz::CASES / 6, |dice| {
        let [evidence, about, fix] =
            ["2 GiB are on", "docker.io/x", "swapoff -a"].map(|word| fuzz::bend_text(dice, word));
        let fix = Some(Fix { text: fix, safe: false, by_install: false });
        let found = [Finding { row: Row::Swap, about, verdict: Verdict::Fail, evidence, fix }];
        for line in findings::human("edge", &found, false) {
            fuzz::shown(&line, 2000);
        }
        judge(&[Vec::new(), findings::json("edge", &found)]);
    });
}
