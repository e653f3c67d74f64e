//! A host and a cluster that answer nearly rightly: what they say of an installed registry is changed at random
//! places, and each step looks at it, or begins its work on it. Whatever they say, a step ends with a result or waits,
//! and what comes of it can be shown.

mod world;

use crate::fuzz::{self, Dice};
use crate::stage::{Life, Stage};
use futures_util::FutureExt as _;
use modelquay::app::order;
use modelquay::base::{Cancel, Redactor};
use modelquay::display::preview;
use modelquay::engine::clean;
use modelquay::engine::preview::Previewed;
use modelquay::engine::step::{Brief, Check, Cx, Hook, Progress, Steps as _};
use modelquay::engine::tail::Output as Log;
use modelquay::plan::components::Components;
use modelquay::plan::facts::Facts;
use modelquay::plan::{Changes, Failure, StepId, StepKind, Target};
use modelquay::ports::{LinkState, ObjectRef};
use modelquay::steps::Registry;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::sync::watch;
use world::{Hostile, Site};

/// What an install has left in the world, and what its steps are told.
async fn installed() -> (Site, Brief) {
    let stage = Stage::new();
    let (life, _) = stage.to_the_end().await;
    assert!(matches!(life, Life::Ended(modelquay::app::Exit::Done, _)), "{life:?}");
    let (mut objects, mut files) = stage.sim.machine().look(|s, _| {
        let files: BTreeMap<String, Vec<u8>> =
            s.files.all().map(|(path, e)| (path.to_owned(), e.bytes.clone())).collect();
        let objects: BTreeMap<ObjectRef, Value> =
            s.objects.all().map(|(at, object)| (at.clone(), object.clone())).collect();
        (objects, files)
    });
    // What real clusters hold beside it: a pod that waits, and what is said of it.
    for (name, reason, message) in
        [("a", "ImagePullBackOff", "429 Too Many Requests"), ("b", "CrashLoopBackOff", "back-off 10s")]
    {
        let waiting = json!({"waiting": {"reason": reason, "message": message}});
        let conditions = json!([{"type": "PodScheduled", "status": "False", "message": "1 Insufficient memory"}]);
        let pod = json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "model-registry"},
            "spec": {"containers": [{"name": "minio", "image": "docker.io/pgsty/silo:R1"}]},
            "status": {"phase": "Pending", "conditions": conditions, "containerStatuses": [{"name": "minio", "ready": false, "state": waiting, "imageID": "docker.io/x@sha256:aa"}]},
        });
        objects.insert(ObjectRef::of(&pod).expect("it has a name"), pod);
    }
    for namespace in ["model-registry", "kube-system", "local-path-storage"] {
        let event = json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": "e", "namespace": namespace, "creationTimestamp": "2026-01-02T03:04:05Z"},
            "type": "Warning", "reason": "FailedScheduling", "message": "0/1 nodes: Insufficient cpu", "lastTimestamp": "2026-01-02T03:04:05Z",
        });
        objects.insert(ObjectRef::of(&event).expect("it has a name"), event);
    }
    let ordered =
        order::load(&stage.path("site.toml"), Some(&stage.credentials()), &stage.sites()).expect("right answers");
    let (site, site_dir) = (ordered.site, stage.sites().dir("edge-07".parse().expect("a label")));
    for path in ["lock.json", "ca.crt", "hand-over.txt"]
        .map(|name| site_dir.join(name))
        .into_iter()
        .chain([stage.credentials()])
    {
        files.insert(path.display().to_string(), std::fs::read(&path).expect("the install wrote it"));
    }
    let brief = Brief {
        facts: Facts::parse(include_bytes!("../fixtures/facts/ubuntu-24.04.txt")),
        components: Components::load(&site.supply.components, "amd64").expect("right tables"),
        credentials_file: Some(stage.credentials().display().to_string()),
        site_dir: site_dir.display().to_string(),
        site,
    };
    let ca = String::from_utf8(files[&format!("{}/ca.crt", brief.site_dir)].clone()).expect("PEM");
    let dice = Mutex::new(Dice::of(0, 0));
    let (unit, link) = (Mutex::default(), watch::Sender::new(LinkState::Local));
    (Site(Arc::new(Hostile { objects, files, ca, dice, unit, link })), brief)
}

/// Fails where something that is told acts on a terminal or is longer than anybody reads.
#[track_caller]
fn told(failure: &Failure) {
    fuzz::shown(&failure.line(), clean::CAUSES * (clean::TEXT + 2));
    failure.hint.iter().for_each(|hint| fuzz::shown(hint, clean::TEXT));
}

#[test]
fn any_host_and_any_cluster_let_a_step_end_or_wait() {
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let (world, brief) = runtime.block_on(installed());
    let _within = runtime.enter();
    let redactor = Redactor::new();
    let (output, hook, cancel) = (Log::memory(redactor.clone()), Hook::default(), Cancel::new());
    let mut found: BTreeMap<&str, u64> = BTreeMap::new();
    let mut seen = 0;
    // A whole step takes long: the readers of objects each meet as many cases as others in `src/steps/fuzz_tests.rs`.
    fuzz::each(fuzz::CASES / 10, |dice| {
        *world.0.dice() = dice.clone();
        let kind = StepKind::ALL[dice.below(StepKind::ALL.len())];
        let id = StepId::of(kind, brief.site.name);
        let progress = watch::Sender::new(Progress::default());
        // Secrets that are read are learnt; what is learnt of bent ones is no secret of the next case.
        let redactor = Redactor::new();
        let cx = Cx {
            id,
            attempt: 1,
            run: "20261123-221631",
            brief: &brief,
            world: &world,
            progress: &progress,
            output: &output,
            redactor: &redactor,
            cancel: &cancel,
            hook: &hook,
        };
        assert!(matches!(id.target, Target::Host(_) | Target::Cluster | Target::Operator));
        let step = Registry.step(kind);
        if dice.once_in(2) {
            let check = step.check(&cx).now_or_never().expect("nothing of it waits");
            let way = match clean::check(&redactor, check) {
                Ok(check) => {
                    let way = match &check {
                        Check::Done { why } => {
                            fuzz::shown(why, clean::TEXT);
                            "done"
                        }
                        Check::NeedsWork { .. } => "work",
                        Check::Blocked { .. } => "blocked",
                        Check::Conflict(failure) => {
                            told(failure);
                            "conflict"
                        }
                    };
                    if dice.once_in(4) {
                        let changes =
                            if let Check::NeedsWork { changes } = &check { changes.clone() } else { Changes::new() };
                        let steps = [Previewed { id, check, changes }];
                        for line in preview::human("edge-07", &steps, false) {
                            fuzz::shown(&line, 2000);
                        }
                        for line in preview::json("edge-07", &steps, false) {
                            assert!(fuzz::harmless(&line), "{line}");
                            assert!(serde_json::from_str::<Value>(&line).is_ok(), "{line}");
                        }
                    }
                    way
                }
                Err(failure) => {
                    told(&failure);
                    "refused"
                }
            };
            *found.entry(way).or_default() += 1;
        } else {
            // As far as it comes without waiting; what it waits for is shown.
            let mut work = step.apply(&cx);
            match work.as_mut().now_or_never() {
                Some(Ok(())) => *found.entry("applied").or_default() += 1,
                Some(Err(failure)) => {
                    told(&clean::failure(&redactor, failure));
                    *found.entry("failed").or_default() += 1;
                }
                None => {
                    *found.entry("waits").or_default() += 1;
                    let now = progress.borrow().clone();
                    if let Some(waiting) = &now.waiting {
                        fuzz::shown(&waiting.observed, clean::TEXT);
                        waiting.guess.iter().for_each(|guess| fuzz::shown(guess, clean::TEXT));
                    }
                    for stage in &now.stages {
                        fuzz::shown(&stage.name, 200);
                        fuzz::shown(&stage.note, 200);
                    }
                }
            }
        }
        let (lines, next) = output.since(seen);
        seen = next;
        for line in lines {
            fuzz::shown(&line.text, 2048);
        }
    });
    // Each way of ending is met often, so that none is tried in name only.
    for word in ["done", "work", "conflict", "refused", "applied", "failed", "waits"] {
        assert!(found.get(word).is_some_and(|count| *count > 20), "{found:?}");
    }
}

#[test]
fn a_unit_that_writes_without_end_is_followed_soon_and_shows_no_half_of_a_secret() {
    const SECRET: &str = "correct-horse-battery-staple";
    let runtime = tokio::runtime::Runtime::new().expect("threads can be started");
    let (world, brief) = runtime.block_on(installed());
    let _within = runtime.enter();
    let redactor = Redactor::new();
    redactor.learn(SECRET);
    // Nothing was fetched before, so that the step begins with a unit.
    let bare = Site(Arc::new(Hostile {
        objects: BTreeMap::new(),
        files: BTreeMap::new(),
        ca: String::new(),
        dice: Mutex::new(Dice::of(0, 3)),
        unit: Mutex::default(),
        link: watch::Sender::new(LinkState::Local),
    }));
    drop(world);
    let piece = 64 << 10;
    let across = |at: usize| format!("{}{SECRET}{}\nnext\n", "x".repeat(at), "y".repeat(3 * piece));
    let floods = [
        ("empty lines", "\n".repeat(fuzz::LARGE / 20)),
        ("short lines", "a\n".repeat(fuzz::LARGE / 20)),
        ("one line", fuzz::large("x")),
        ("a secret at the first cut", across(piece - 10)),
        ("a secret at the second cut", across(2 * piece - 10)),
        ("a secret where a line is shortened", across(2048 - 10)),
    ];
    for (what, text) in floods {
        *bare.0.unit.lock().expect("nobody panics with it") = Some(text.into_bytes());
        let output = Log::memory(redactor.clone());
        let (progress, hook, cancel) = (watch::Sender::new(Progress::default()), Hook::default(), Cancel::new());
        let id = StepId::of(StepKind::ClusterImages, brief.site.name);
        let cx = Cx {
            id,
            attempt: 1,
            run: "20261123-221631",
            brief: &brief,
            world: &bare,
            progress: &progress,
            output: &output,
            redactor: &redactor,
            cancel: &cancel,
            hook: &hook,
        };
        let ended = fuzz::soon(what, || Registry.step(id.kind).apply(&cx).now_or_never());
        let (lines, _) = output.since(0);
        assert!(!lines.is_empty(), "{what}: nothing was followed: {ended:?}");
        for line in &lines {
            fuzz::shown(&line.text, 2048);
            for half in [&SECRET[..8], &SECRET[10..18], &SECRET[20..]] {
                assert!(!line.text.contains(half), "{what}: {half} is in {:?}", &line.text[..80.min(line.text.len())]);
            }
        }
        if what.starts_with("a secret") {
            assert_eq!(lines.last().map(|line| line.text.as_str()), Some("next"), "{what}");
        }
    }
}
