//! Requests that fail, a program that is killed, a stop that is asked for, and others who write at the same time.

use super::scenes::{OV8, all, backs, new_version};
use super::*;
use crate::ports::objects::Why;

/// What the harms come to: `Passes` where the list goes on by itself.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    Passes,
    Again,
}

const HARMS: [(What, u32, Then); 6] = [
    (What::Refuse(Why::Cut), 1, Then::Passes),
    (What::CutAfter, 1, Then::Passes),
    (What::Refuse(Why::Busy), 1, Then::Passes),
    (What::Torn(7), 1, Then::Passes),
    (What::Refuse(Why::Denied), 1, Then::Again),
    (What::Refuse(Why::Cut), u32::MAX, Then::Again),
];

/// A failure is one of the service, and says what the rules say of what is there.
fn expect_told_right(bench: &Bench, scene: &Scene, failed: &Failed, told: &str) {
    match failed {
        Failed::Unready(unready) => assert!(matches!(unready, Unready::Trouble(_)), "{told}: {unready:?}"),
        Failed::Stopped(stopped) => {
            assert!(stopped.trouble.is_some(), "{told}");
            if let Ok(serves) = &stopped.stands.serves {
                assert_eq!(*serves, served(&bench.now(), scene.root), "{told}: {stopped:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn any_request_of_a_publication_may_fail_and_the_same_command_ends_it() {
    for scene in all() {
        let bench = Bench::new(&scene, Habits::default());
        bench.publish(&scene).await.expect("published");
        let (calls, end) = (bench.service.calls().len(), bench.now());
        for (what, times, then) in HARMS {
            for call in 0..calls {
                let told = format!("{}: {what:?} from call {call}, {times} times", scene.name);
                let bench = Bench::new(&scene, Habits::default());
                bench.service.harm(call, times, what);
                let first = bench.publish(&scene).await;
                if let Err(failed) = &first {
                    assert!(then == Then::Again, "{told}: {failed:?}");
                    bench.service.heal();
                    expect_told_right(&bench, &scene, failed, &told);
                    bench.publish(&scene).await.unwrap_or_else(|failed| panic!("{told}, again: {failed:?}"));
                }
                assert_eq!(bench.now(), end, "{told}");
                expect_all_or_nothing(&bench.states(), scene.root, &told);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn any_request_of_a_roll_back_may_fail_and_the_same_command_ends_it() {
    for (name, there, wish, _) in backs() {
        let scene = Scene { there, ..new_version() };
        let bench = Bench::new(&scene, Habits::default());
        bench.roll_back(&scene, &wish).await.expect("rolled back");
        let (calls, end) = (bench.service.calls().len(), bench.now());
        for (what, times, then) in HARMS {
            for call in 0..calls {
                let told = format!("{name}: {what:?} from call {call}, {times} times");
                let bench = Bench::new(&scene, Habits::default());
                bench.service.harm(call, times, what);
                if let Err(failed) = &bench.roll_back(&scene, &wish).await {
                    assert!(then == Then::Again, "{told}: {failed:?}");
                    bench.service.heal();
                    expect_told_right(&bench, &scene, failed, &told);
                    bench.roll_back(&scene, &wish).await.unwrap_or_else(|failed| panic!("{told}, again: {failed:?}"));
                }
                assert_eq!(bench.now(), end, "{told}");
                expect_all_or_nothing(&bench.states(), scene.root, &told);
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn killed_at_any_moment_the_same_command_ends_it() {
    for scene in all() {
        let bench = Bench::new(&scene, Habits::default());
        bench.publish(&scene).await.expect("published");
        let (moments, end) = (bench.service.moments(), bench.now());
        for moment in 1..=moments {
            let told = format!("{}: killed at moment {moment} of {moments}", scene.name);
            let bench = Bench::new(&scene, Habits::default());
            bench.service.stop_at(moment);
            tokio::select! {
                biased;
                ended = bench.publish(&scene) => assert!(ended.is_ok(), "{told}"),
                () = bench.service.stopped() => {}
            }
            bench.service.go_on();
            bench.publish(&scene).await.unwrap_or_else(|failed| panic!("{told}, again: {failed:?}"));
            assert_eq!(bench.now(), end, "{told}");
            expect_all_or_nothing(&bench.states(), scene.root, &told);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn killed_at_any_moment_a_roll_back_ends_with_the_same_command() {
    for (name, there, wish, _) in backs() {
        let scene = Scene { there, ..new_version() };
        let bench = Bench::new(&scene, Habits::default());
        bench.roll_back(&scene, &wish).await.expect("rolled back");
        let (moments, end) = (bench.service.moments(), bench.now());
        for moment in 1..=moments {
            let told = format!("{name}: killed at moment {moment} of {moments}");
            let bench = Bench::new(&scene, Habits::default());
            bench.service.stop_at(moment);
            tokio::select! {
                biased;
                ended = bench.roll_back(&scene, &wish) => assert!(ended.is_ok(), "{told}"),
                () = bench.service.stopped() => {}
            }
            bench.service.go_on();
            bench.roll_back(&scene, &wish).await.unwrap_or_else(|failed| panic!("{told}, again: {failed:?}"));
            assert_eq!(bench.now(), end, "{told}");
            expect_all_or_nothing(&bench.states(), scene.root, &told);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_that_is_asked_for_ends_between_or_within_steps_and_says_where_things_stand() {
    let scene = new_version();
    let steps = Bench::new(&scene, Habits::default()).prepared(&scene).await.expect("a list").plan.steps.len();
    for at in 1..=steps {
        let bench = Bench::new(&scene, Habits::default());
        let prepared = bench.prepared(&scene).await.expect("a list");
        let options = Options::default();
        let listen = |told: Told<'_>| {
            if matches!(told, Told::Begins { number, .. } if number == at) {
                options.cancel.escalate();
            }
        };
        let stopped = run(&bench.of, &prepared, &options, listen).await.expect_err("it was stopped");
        assert_eq!((stopped.trouble.as_ref(), stopped.stands.done, stopped.stands.of), (None, at - 1, steps));
        assert_eq!(stopped.stands.serves, Ok(served(&bench.now(), scene.root)));
        assert_eq!(stopped.stands.switched, served(&bench.now(), scene.root) == [2], "step {at}");
        bench.publish(&scene).await.expect("gone on with");
        expect_all_or_nothing(&bench.states(), scene.root, "stopped");
    }
}

/// Servers that heed no condition at all, and one that heeds every one.
fn heeding() -> [Habits; 2] {
    let none = Habits { if_match: false, if_absent: false, if_unchanged: false, if_copied: false, ..Habits::default() };
    [Habits::default(), none]
}

#[tokio::test(start_paused = true)]
async fn what_somebody_else_wrote_meanwhile_is_not_written_over_whatever_the_server_heeds() {
    let scene = new_version();
    for (habits, key, text) in heeding()
        .into_iter()
        .flat_map(|habits| [(habits, "prod/m/config.pbtxt", OV8), (habits, "prod/m/2/model.bin", "somebody else's")])
    {
        let bench = Bench::new(&scene, habits);
        let prepared = bench.prepared(&scene).await.expect("a list");
        bench.service.place(key, text, None);
        let stopped = run(&bench.of, &prepared, &Options::default(), |_| {}).await.expect_err("it is theirs");
        let end = stopped.trouble.as_ref().map(|trouble: &Trouble| trouble.end);
        assert_eq!(end, Some(End::Exists), "{key}: {stopped:?}");
        assert_eq!(bench.service.object(key).expect("there").bytes, text);
        assert!(!stopped.stands.switched && stopped.trouble.expect("one").failure.hint.is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_staged_by_somebody_else_meanwhile_is_not_published() {
    let scene = new_version();
    for habits in heeding() {
        let bench = Bench::new(&scene, habits);
        let prepared = bench.prepared(&scene).await.expect("a list");
        let listen = |told: Told<'_>| {
            if matches!(told, Told::Begins { step: Step::Settle, .. }) {
                bench.service.place("staging/prod/m/2/model.bin", "somebody else's", None);
            }
        };
        let stopped = run(&bench.of, &prepared, &Options::default(), listen).await.expect_err("it is theirs");
        assert_eq!(stopped.trouble.expect("one").end, End::Unsteady);
        assert_eq!(stopped.stands.serves, Ok(vec![1]));
    }
}

#[tokio::test(start_paused = true)]
async fn what_rots_between_staging_and_the_switch_is_not_served() {
    let scene = new_version();
    let bench = Bench::new(&scene, Habits::default());
    let prepared = bench.prepared(&scene).await.expect("a list");
    let listen = |told: Told<'_>| {
        if matches!(told, Told::Begins { step: Step::Verify { at, .. }, .. } if at.key == "prod/m/2/model.bin") {
            bench.service.place("prod/m/2/model.bin", "rotten", None);
        }
    };
    let stopped = run(&bench.of, &prepared, &Options::default(), listen).await.expect_err("it is not the file");
    assert_eq!(stopped.trouble.expect("one").end, End::Corrupt);
    assert_eq!(served(&bench.now(), scene.root), [1]);
}
