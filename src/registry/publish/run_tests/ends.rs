//! What a list comes to where nothing goes wrong, and what is refused before.

use super::scenes::{BIN, OTHER_BIN, OV4, OV8, XML, all, backs, new_version, staged};
use super::*;

#[tokio::test(start_paused = true)]
async fn each_kind_of_publication_is_seen_whole_or_not_at_all() {
    for (scene, versions) in all().into_iter().flat_map(|scene| [(scene.clone(), false), (scene, true)]) {
        let bench = Bench::new(&scene, Habits { versions, ..Habits::default() });
        let stands = bench.publish(&scene).await.unwrap_or_else(|failed| panic!("{}: {failed:?}", scene.name));
        assert_eq!(stands.serves.as_ref(), Ok(&scene.serves), "{}", scene.name);
        assert!(stands.switched && stands.done == stands.of, "{}: {stands:?}", scene.name);
        expect_all_or_nothing(&bench.states(), scene.root, scene.name);
        let keys = bench.service.keys();
        assert!(keys.iter().all(|key| !key.starts_with("staging/")), "{}: {keys:?}", scene.name);
        assert!(bench.service.open_uploads().is_empty(), "{}", scene.name);
        if versions {
            // What was staged is gone with its versions, and not only hidden.
            let mut rows = Vec::new();
            let handle = Handle(bench.service.clone());
            crate::registry::paged::versions(&handle, "b", "staging/", |page| rows.extend(page)).await.expect("listed");
            assert_eq!(rows, [], "{}", scene.name);
        }

        let again = bench.prepared(&scene).await.expect("a list");
        assert_eq!((again.was, again.plan.steps.len()), (Was::Done, 0), "{}: {:?}", scene.name, again.plan);
        assert!(!again.changes_served);
    }
}

#[tokio::test(start_paused = true)]
async fn each_kind_of_roll_back_never_serves_again_what_was_left() {
    for (name, there, wish, serves) in backs() {
        let scene = Scene { there, ..new_version() };
        let bench = Bench::new(&scene, Habits::default());
        let stands = bench.roll_back(&scene, &wish).await.unwrap_or_else(|failed| panic!("{name}: {failed:?}"));
        assert_eq!(stands.serves, Ok(serves), "{name}");
        expect_all_or_nothing(&bench.states(), scene.root, name);
        let again = prepare::roll_back(&bench.of, "b", scene.root, &wish, |_| {}).await;
        // Once it is gone there is nothing to take back any more.
        match again {
            Ok(again) => assert_eq!((again.was, again.plan.steps.len()), (Was::Done, 0), "{name}"),
            Err(unready) => panic!("{name}: {unready:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_pause_behind_a_pin_is_as_long_as_a_look_of_tritons_and_is_told() {
    let scene = new_version();
    let bench = Bench::new(&scene, Habits::default());
    let mut prepared = bench.prepared(&scene).await.expect("a list");
    assert!(prepared.requests > 20, "{}", prepared.requests);
    prepared.round_trip = Duration::from_millis(200);
    let (begun, mut waits) = (tokio::time::Instant::now(), Vec::new());
    let listen = |told: Told<'_>| {
        if let Told::Waits { lasts, requests, round_trip } = told {
            waits.push((lasts, requests, round_trip));
        }
    };
    run(&bench.of, &prepared, &Options::default(), listen).await.expect("published");
    let expected = Duration::from_millis(200 * prepared.requests);
    assert_eq!(waits, [(expected, prepared.requests, prepared.round_trip)]);
    assert!(begun.elapsed() >= expected);
    let short = Options { pause: Some(Duration::from_secs(1)), ..Options::default() };
    assert_eq!(short.pause(&prepared), Duration::from_secs(1));
    prepared.round_trip = Duration::ZERO;
    assert_eq!(Options::default().pause(&prepared), Duration::from_secs(2), "never less");
}

#[tokio::test(start_paused = true)]
async fn the_version_is_the_next_free_one_or_the_one_that_was_begun() {
    let scene = new_version();
    let bench = Bench::new(&scene, Habits::default());
    assert_eq!(bench.prepared(&scene).await.expect("a list").version, Some(2));
    bench.publish(&scene).await.expect("published");
    // Other files: the next one. The same files with another config: a version of its own as well.
    let other = Scene { files: vec![("model.xml", XML), ("model.bin", OTHER_BIN)], ..scene.clone() };
    let (third, fourth) = (Bench::new(&other, Habits::default()), scene.clone());
    drop(fourth);
    for (key, bytes) in bench.now() {
        third.service.place(&key, bytes, None);
    }
    assert_eq!(third.prepared(&other).await.expect("a list").version, Some(3));
    let refused = third.prepared(&Scene { version: Some(2), ..other.clone() }).await.expect_err("it is another one");
    assert_eq!(refused, Unready::Refused(Refused::VersionExists(2)));
    std::fs::write(third.home.path().join("dir/config.pbtxt"), OV8).expect("written");
    std::fs::write(third.home.path().join("dir/model.bin"), BIN).expect("written");
    assert_eq!(third.prepared(&other).await.expect("a list").version, Some(3));
    let refused = third.prepared(&Scene { version: Some(2), ..other }).await.expect_err("it is served otherwise");
    assert_eq!(refused, Unready::Refused(Refused::VersionExists(2)));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_its_backend_cannot_open_is_refused_before_anything_is_sent() {
    let lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n";
    let scene = Scene { files: vec![("model.xml", lfs), ("model.bin", BIN)], ..new_version() };
    let bench = Bench::new(&scene, Habits::default());
    let Err(Unready::Refused(Refused::WouldNotLoad(found))) = bench.prepared(&scene).await else {
        panic!("it is not refused")
    };
    assert_eq!(found[0].rule.id(), "M1");
    assert_eq!(bench.now(), bench.start);
}

#[tokio::test(start_paused = true)]
async fn a_publication_that_was_begun_keeps_others_out_and_can_be_taken_back() {
    let scene = new_version();
    let bench = Bench::new(&scene, Habits::default());
    bench.service.fault(Fault { skip: 1, ..Fault::always(Op::Copy, What::Refuse(crate::ports::objects::Why::Denied)) });
    let Err(Failed::Stopped(stopped)) = bench.publish(&scene).await else { panic!("it was refused") };
    assert!(matches!(stopped.step, Step::Copy { .. }) && !stopped.stands.switched);
    assert_eq!(stopped.stands.serves, Ok(vec![1]));
    assert!(stopped.stands.written.iter().any(|step| matches!(step, Step::Config { .. })));
    bench.service.heal();

    let other = Scene { version: Some(9), ..scene.clone() };
    let refused = bench.prepared(&other).await.expect_err("another one is under way");
    assert_eq!(refused, Unready::Refused(Refused::Unfinished(Unfinished::Publish(2))));
    let here = bench.prepared(&scene).await.expect("it goes on");
    assert_eq!((here.was, here.version), (Was::Begun, Some(2)));
    std::fs::write(bench.home.path().join("dir/model.bin"), "x".repeat(BIN.len())).expect("written");
    let refused = bench.prepared(&scene).await.expect_err("it is another file");
    assert_eq!(refused, Unready::Refused(Refused::Differs("prod/m/2/model.bin".to_owned())));

    let wish = RollBack { model: "m".to_owned(), to: Some(1), remove: Some(2), config: None };
    let stands = bench.roll_back(&scene, &wish).await.expect("taken back");
    assert_eq!(stands.serves, Ok(vec![1]));
    let staged = |key: &String| key.starts_with("staging/");
    let now: Snapshot = bench.now().into_iter().filter(|(key, _)| !staged(key)).collect();
    assert_eq!(now, bench.start, "the config is the one of before, byte by byte");
    expect_all_or_nothing(&bench.states(), scene.root, "taken back");
}

#[tokio::test(start_paused = true)]
async fn files_beside_the_versions_that_are_the_same_stay_and_others_are_refused() {
    let mut scene =
        Scene { files: vec![("2/model.xml", XML), ("2/model.bin", BIN), ("labels.txt", "a\n")], ..new_version() };
    scene.there.push(("m/labels.txt", "a\n"));
    let bench = Bench::new(&scene, Habits::default());
    let plan = bench.prepared(&scene).await.expect("a list").plan;
    assert!(plan.steps.iter().all(|step| !step.to_string().contains("labels")), "{plan:?}");
    std::fs::write(bench.home.path().join("dir/labels.txt"), "b\n").expect("written");
    let refused = bench.prepared(&scene).await.expect_err("they are in use");
    assert_eq!(refused, Unready::Refused(Refused::FileExists("prod/m/labels.txt".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_compared_by_a_checksum_is_compared_byte_by_byte() {
    let scene = new_version();
    let bench = Bench::new(&scene, Habits { etags: false, sums: false, crc64: false, ..Habits::default() });
    let prepared = bench.prepared(&scene).await.expect("a list");
    let mut verified = Vec::new();
    let listen = |told: Told<'_>| {
        if let Told::Ended { outcome: Outcome::Verified(by), .. } = told {
            verified.push(by.words());
        }
    };
    run(&bench.of, &prepared, &Options::default(), listen).await.expect("published");
    assert!(verified.len() == 4 && verified.iter().all(|words| words.starts_with("verified by")), "{verified:?}");
    assert!(staged() == scene.staging && bench.now()["prod/m/config.pbtxt"] == OV4);
}
