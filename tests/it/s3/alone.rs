//! Two processes that want the same file or the same upload: the second one says who has it and leaves it alone, and
//! what a killed one had is free.

use super::commands::put;
use super::{Bench, bytes};
use crate::program::{Said, program};
use modelquay::ports::Objects as _;
use modelquay::ports::objects::{At, Notes, OnlyIf};
use modelquay::transport::simulated::s3::{Fault, Harm};
use std::time::Duration;
use tokio::process::Child;

const SIZE: usize = (13 << 20) + 5;

/// Begins a command whose first such request is never answered, and waits until it is there.
async fn hanging(bench: &Bench, request: (&'static str, &str), args: &[&str]) -> Child {
    let (method, path) = (request.0, request.1.to_owned());
    bench.faults.add(Fault { method, path, harm: Harm::Stall(Duration::from_hours(1)), times: 1 });
    let ca = bench.home.path().join("ca.pem");
    let at = ["s3", "--endpoint", &bench.url, "--ca", ca.to_str().expect("a path of ours")];
    let mut command = program(bench.home.path(), &[&at, args].concat());
    command.env("AWS_ACCESS_KEY_ID", super::KEY.0).env("AWS_SECRET_ACCESS_KEY", super::KEY.1);
    let child = command.spawn().expect("the program can be started");
    let asked = async {
        while bench.faults.left() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), asked).await.expect("it asks for it");
    child
}

async fn second_one_waits_its_turn(bench: &Bench, request: (&'static str, &str), args: &[&str]) -> Said {
    let mut first = hanging(bench, request, args).await;
    let process = first.id().expect("it runs");
    let said = bench.s3(args).await;
    assert_eq!(said.code, Some(4), "{args:?}: {said:?}");
    assert!(said.err.contains(&format!("is being carried by process {process}")), "{args:?}: {said:?}");
    assert!(said.err.lines().any(|line| line.starts_with("help: ")), "{args:?}: {said:?}");
    assert!(first.try_wait().expect("it can be asked").is_none(), "the first one goes on");
    // SIGKILL: nothing is cleared up.
    first.kill().await.expect("it can be killed");
    let said = bench.s3(args).await;
    assert_eq!(said.code, Some(0), "what a killed one had is free: {args:?}: {said:?}");
    said
}

#[tokio::test]
async fn an_upload_belongs_to_one_process() {
    let bench = Bench::new();
    let file = bench.home.path().join("w.bin");
    std::fs::write(&file, bytes(SIZE)).expect("written");
    let args = ["put", file.to_str().expect("a path of ours"), "s3://models/big"];
    second_one_waits_its_turn(&bench, ("PUT", "/models/big"), &args).await;
    let there = bench.store.with(|s| s.look("models", "big", None).expect("there").data.clone());
    assert!(there == bytes(SIZE));
    let open = bench.objects().list_uploads("models", "big", None).await.expect("listed").rows;
    assert!(open.is_empty(), "{open:?}");
}

#[tokio::test]
async fn a_file_that_is_fetched_belongs_to_one_process() {
    let bench = Bench::new();
    put(&bench, "big", bytes(SIZE));
    let file = bench.home.path().join("here.bin");
    let args = ["get", "s3://models/big", file.to_str().expect("a path of ours")];
    second_one_waits_its_turn(&bench, ("GET", "/models/big"), &args).await;
    assert!(std::fs::read(&file).expect("there") == bytes(SIZE));
    let left: Vec<_> = std::fs::read_dir(bench.home.path()).expect("there").flatten().map(|e| e.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains(".part")), "{left:?}");
}

#[tokio::test]
async fn a_copy_in_parts_belongs_to_one_process() {
    let bench = Bench::new();
    let objects = bench.objects();
    // Of parts and without a checksum of the whole, so that a copy has to be of parts too.
    let upload = objects.begin_upload(&At::new("models", "parted"), &Notes::default(), None).await.expect("begun");
    let mut parts = Vec::new();
    for (number, piece) in (1..).zip(bytes(SIZE).chunks(5 << 20)) {
        parts.push(objects.send_part(&upload, number, piece.to_vec().into(), None).await.expect("sent"));
    }
    objects.complete(&upload, &parts, None, &OnlyIf::Always).await.expect("made");
    let args = ["cp", "s3://models/parted", "s3://models/twin"];
    second_one_waits_its_turn(&bench, ("PUT", "/models/twin"), &args).await;
    let there = bench.store.with(|s| s.look("models", "twin", None).expect("there").data.clone());
    assert!(there == bytes(SIZE));
    let open = objects.list_uploads("models", "twin", None).await.expect("listed").rows;
    assert!(open.is_empty(), "nothing is left of the killed one: {open:?}");
}
