//! `s3 publish` and `s3 roll-back` of the real program: published, refused, cut off, killed, taken back.

use super::Bench;
use super::commands::put;
use crate::program::Said;
use modelquay::registry::models::{Ask, look};
use modelquay::transport::simulated::s3::{Fault, Harm};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub(super) const XML: &str = "<?xml version=\"1.0\"?>\n<net name=\"face\" version=\"11\"><layers></layers></net>\n";
const MODEL: &str = "s3://models/prod/face";

pub(super) fn config(batch: u32) -> String {
    format!(
        "backend: \"openvino\"\nmax_batch_size: {batch}\n\
         input {{ name: \"i\" data_type: TYPE_FP32 dims: 1 }}\noutput {{ name: \"o\" data_type: TYPE_FP32 dims: 1 }}\n"
    )
}

/// A directory of a version with these weights.
fn directory(bench: &Bench, name: &str, weights: &[u8]) -> PathBuf {
    let dir = bench.home.path().join(name);
    std::fs::create_dir_all(&dir).expect("made");
    std::fs::write(dir.join("model.xml"), XML).expect("written");
    std::fs::write(dir.join("model.bin"), weights).expect("written");
    dir
}

fn text(path: &std::path::Path) -> &str {
    path.to_str().expect("a path of ours")
}

/// A registry in which version 1 is served, from a repository below `prod`.
fn bench() -> Bench {
    let bench = Bench::new();
    put(&bench, "prod/face/1/model.xml", XML.as_bytes().to_vec());
    put(&bench, "prod/face/1/model.bin", b"the first weights".to_vec());
    put(&bench, "prod/face/config.pbtxt", config(4).into_bytes());
    bench
}

/// What Triton would serve of the model.
async fn served(bench: &Bench) -> Vec<i64> {
    let objects = bench.objects();
    let ask = Ask { endpoint: bench.url.clone(), bucket: "models".into(), root: "prod".into(), contents: true };
    let view = look(&objects, &objects, &ask, |_| {}).await.expect("a view");
    view.repository.model("face").map(|model| model.served.clone()).unwrap_or_default()
}

/// The current bytes of an object.
fn object(bench: &Bench, key: &str) -> Option<Vec<u8>> {
    let bytes = |version: &modelquay::transport::simulated::s3::store::Version| version.data.to_vec();
    bench.store.with(|s| s.current("models", key).expect("the bucket is there").map(bytes))
}

fn steps<'r>(rows: &'r [Value], state: &str) -> Vec<&'r str> {
    let of = rows.iter().filter(|row| row["type"] == "step" && row["state"] == state);
    of.filter_map(|row| row["does"].as_str()).collect()
}

fn last(said: &Said) -> Value {
    said.json().pop().unwrap_or_else(|| panic!("no rows: {said:?}"))
}

#[tokio::test]
async fn a_model_is_published_again_and_taken_back() {
    let bench = Bench::new();
    let dir = bench.home.path().join("face");
    directory(&bench, "face/1", b"the first weights");
    std::fs::write(dir.join("config.pbtxt"), config(4)).expect("written");
    let said = bench.s3(&["publish", "--dry-run", text(&dir), MODEL]).await;
    assert!(said.code == Some(0) && said.out.contains("a model's directory with version 1"), "{said:?}");
    assert!(said.out.contains("switch: write prod/face/config.pbtxt"), "{said:?}");
    let said = bench.s3(&["publish", text(&dir), MODEL]).await;
    assert!(said.code == Some(4) && said.err.contains("--yes"), "{said:?}");
    assert_eq!(served(&bench).await, Vec::<i64>::new());

    let said = bench.s3(&["--json", "publish", "--yes", text(&dir), MODEL]).await;
    let end = last(&said);
    assert_eq!((said.code, &end["type"], &end["serves"]), (Some(0), &json!("published"), &json!([1])), "{said:?}");
    assert_eq!(served(&bench).await, [1]);
    assert_eq!(object(&bench, "prod/face/config.pbtxt"), Some(config(4).into_bytes()));

    // A version's directory with more than one part, and the default of the version and of the pause.
    let weights: Vec<u8> = (0..9_u32 << 20).map(|n| u8::try_from(n % 251).expect("small")).collect();
    let second = directory(&bench, "second", &weights);
    let said = bench.s3(&["--json", "publish", "--yes", text(&second), MODEL]).await;
    assert_eq!((said.code, last(&said)["serves"].clone()), (Some(0), json!([2])), "{said:?}");
    assert!(said.err.contains("waiting 2.0 s: a look of Triton's"), "{}", said.err);
    let rows = said.json();
    assert_eq!(
        steps(&rows, "done"),
        [
            "upload", "upload", "verify", "verify", "config", "pause", "copy", "copy", "verify", "verify", "config",
            "delete", "delete"
        ]
    );
    assert!(rows.iter().any(|row| row["how"].as_str().is_some_and(|how| how.contains("CRC64NVME"))), "{rows:?}");
    assert_eq!((served(&bench).await, object(&bench, "prod/face/2/model.bin")), (vec![2], Some(weights)));
    // The bucket keeps versions, and of what was staged none is left.
    assert_eq!(bench.s3(&["versions", "s3://models/modelquay-staging/"]).await.out, "");

    let said = bench.s3(&["--json", "publish", "--yes", text(&second), MODEL]).await;
    assert_eq!((said.code, &last(&said)["writes"], &said.json()[0]["was"]), (Some(0), &json!(0), &json!("done")));

    let args = ["roll-back", "--to", "1", "--remove", "2", "--pause", "1s", MODEL];
    let said = bench.s3(&args).await;
    assert_eq!((said.code, served(&bench).await), (Some(4), vec![2]), "{said:?}");
    let said = bench.s3(&[&["--json"][..], &args, &["--yes"]].concat()).await;
    assert_eq!((said.code, &last(&said)["type"]), (Some(0), &json!("rolled-back")), "{said:?}");
    assert_eq!((served(&bench).await, object(&bench, "prod/face/2/model.bin")), (vec![1], None));
    assert_eq!(object(&bench, "prod/face/config.pbtxt"), Some(config(4).into_bytes()));
}

#[tokio::test]
async fn what_triton_would_not_load_or_what_is_there_is_refused_with_the_reason() {
    let bench = bench();
    let dir = directory(&bench, "dir", b"weights");
    let said = bench.s3(&["publish", "--yes", text(&dir), "s3://models/prod/face/1"]).await;
    assert!(said.code == Some(4) && said.err.contains("version 1 is there already"), "{said:?}");
    std::fs::remove_file(dir.join("model.bin")).expect("it was there");
    let said = bench.s3(&["publish", "--yes", text(&dir), MODEL]).await;
    assert!(said.code == Some(1) && said.out.contains("error F2"), "{said:?}");
    assert!(said.out.contains("fix: ") && said.err.contains("Nothing was sent"), "{said:?}");
    for (args, words) in [
        (vec![text(&dir), "s3://models"], "no model is named"),
        (vec!["--version", "2", text(&dir), "s3://models/prod/face/3"], "two versions"),
        (vec!["--stage", "s3://models/prod/x", text(&dir), MODEL], "--stage"),
        (vec!["/nowhere/at/all", MODEL], "is not there"),
    ] {
        std::fs::write(dir.join("model.bin"), "weights").expect("written");
        let said = bench.s3(&[&["publish", "--yes"][..], &args].concat()).await;
        assert!(said.code == Some(2) && said.err.contains(words), "{words}: {said:?}");
    }
    assert_eq!(served(&bench).await, [1]);
    let said = bench.s3(&["publish", "--yes", "--no-pin", "--dry-run", text(&dir), MODEL]).await;
    assert!(said.out.contains("note: not atomic") && !said.out.contains("pin prod"), "{said:?}");
    let said = bench.s3(&["roll-back", "--yes", "--to", "7", MODEL]).await;
    assert!(said.code == Some(1) && said.err.contains("version 7 is not there"), "{said:?}");
}

#[tokio::test]
async fn a_refused_step_says_where_things_stand_and_the_same_command_goes_on() {
    let bench = bench();
    let dir = directory(&bench, "dir", b"the second weights");
    let harm = Harm::Refuse { status: 403, code: "AccessDenied" };
    bench.faults.add(Fault { method: "PUT", path: "/models/prod/face/2/model.xml".into(), harm, times: 1 });
    let args = ["publish", "--yes", "--pause", "1s", text(&dir), MODEL];
    let said = bench.s3(&args).await;
    assert_eq!((said.code, served(&bench).await), (Some(1), vec![1]), "{said:?}");
    for words in ["stopped in step", "done: pin prod/face/config.pbtxt", "Triton would serve 1 of face now", "goes on"]
    {
        assert!(said.err.contains(words), "{words}: {said:?}");
    }
    let pinned = String::from_utf8(object(&bench, "prod/face/config.pbtxt").expect("there")).expect("a text");
    assert!(pinned.contains("versions: [ 1 ]") && pinned.contains("# modelquay, unfinished: "), "{pinned}");

    // Another one is kept out; the same one goes on with what is there.
    let said = bench.s3(&["publish", "--yes", "--version", "5", text(&dir), MODEL]).await;
    assert!(said.code == Some(4) && said.err.contains("the publication of version 2 was begun"), "{said:?}");
    bench.faults.clear();
    let said = bench.s3(&[&["--json"][..], &args].concat()).await;
    assert_eq!((said.code, served(&bench).await), (Some(0), vec![2]), "{said:?}");
    assert_eq!((&said.json()[0]["was"], &last(&said)["sent"]), (&json!("begun"), &json!(0)));
    assert_eq!(object(&bench, "prod/face/config.pbtxt"), Some(config(4).into_bytes()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_the_same_command_ends_it() {
    for (method, path) in [
        ("PUT", "/models/modelquay-staging/prod/face/2/model.xml"),
        ("PUT", "/models/prod/face/config.pbtxt"),
        ("PUT", "/models/prod/face/2/model.bin"),
        ("PUT", "/models/prod/face/2/model.xml"),
        ("DELETE", "/models/modelquay-staging/prod/face/2/model.xml"),
    ] {
        let bench = bench();
        let dir = directory(&bench, "dir", b"the second weights");
        let args = ["publish", "--yes", "--pause", "1s", text(&dir), MODEL];
        let harm = Harm::Stall(Duration::from_mins(1));
        bench.faults.add(Fault { method, path: path.into(), harm, times: 1 });
        let mut child = bench.command(&args).spawn().expect("the program can be started");
        let begun = Instant::now();
        // Once it is used up, the request is at the server and the program waits for its answer.
        while bench.faults.left() > 0 {
            assert!(begun.elapsed() < Duration::from_mins(1), "{path} was never asked for");
            tokio::task::yield_now().await;
        }
        child.kill().await.expect("it runs");
        let now = served(&bench).await;
        assert!(now == [1] || (method == "DELETE" && now == [2]), "{path}: {now:?}");
        let said = bench.s3(&args).await;
        assert_eq!((said.code, served(&bench).await), (Some(0), vec![2]), "{path}: {said:?}");
        assert_eq!(object(&bench, "prod/face/config.pbtxt"), Some(config(4).into_bytes()), "{path}");
        assert_eq!(bench.s3(&["ls", "s3://models/modelquay-staging/"]).await.out, "", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupt_says_where_things_stand() {
    use rustix::process::{Pid, Signal, kill_process};
    let bench = bench();
    let dir = directory(&bench, "dir", b"the second weights");
    let args = ["publish", "--yes", "--pause", "10m", text(&dir), MODEL];
    let child = bench.command(&args).spawn().expect("the program can be started");
    let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw).expect("it runs");
    let begun = Instant::now();
    while !object(&bench, "prod/face/config.pbtxt").is_some_and(|config| config.windows(7).any(|w| w == b"[ 1 ] }")) {
        assert!(begun.elapsed() < Duration::from_mins(1), "it was never pinned");
        tokio::task::yield_now().await;
    }
    kill_process(id, Signal::INT).expect("it runs");
    let ended = tokio::time::timeout(Duration::from_mins(1), child.wait_with_output()).await;
    let ended = ended.expect("it ends").expect("it can be waited for");
    let err = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(130), "{err}");
    assert!(err.contains("stopped in step") && err.contains("Triton would serve 1 of face now"), "{err}");
    let said = bench.s3(&["publish", "--yes", "--pause", "1s", text(&dir), MODEL]).await;
    assert_eq!((said.code, served(&bench).await), (Some(0), vec![2]), "{said:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_config_that_somebody_else_writes_meanwhile_stays_whatever_the_server_heeds() {
    for heeds_no_conditions in [false, true] {
        let bench = bench();
        bench.store.with(|s| s.heeds_no_conditions = heeds_no_conditions);
        let dir = directory(&bench, "dir", b"the second weights");
        let args = ["publish", "--yes", "--pause", "1s", text(&dir), MODEL];
        // The list is made before the first file is sent, and the config is looked at after.
        let path = "/models/modelquay-staging/prod/face/2/model.bin".to_owned();
        let harm = Harm::Stall(Duration::from_secs(2));
        bench.faults.add(Fault { method: "PUT", path, harm, times: 1 });
        let child = bench.command(&args).spawn().expect("the program can be started");
        let begun = Instant::now();
        while bench.faults.left() > 0 {
            assert!(begun.elapsed() < Duration::from_mins(1), "nothing was sent");
            tokio::task::yield_now().await;
        }
        put(&bench, "prod/face/config.pbtxt", config(16).into_bytes());
        let ended = tokio::time::timeout(Duration::from_mins(1), child.wait_with_output()).await;
        let ended = ended.expect("it ends").expect("it can be waited for");
        let err = String::from_utf8_lossy(&ended.stderr);
        assert!(ended.status.code() == Some(4) && err.contains("somebody else wrote it"), "{err}");
        assert_eq!(object(&bench, "prod/face/config.pbtxt"), Some(config(16).into_bytes()));
        let said = bench.s3(&args).await;
        assert_eq!((said.code, served(&bench).await), (Some(0), vec![2]), "{said:?}");
        assert_eq!(object(&bench, "prod/face/config.pbtxt"), Some(config(16).into_bytes()));
    }
}

#[tokio::test]
async fn a_repository_that_is_its_bucket_is_published_in_place_behind_a_pin() {
    let bench = Bench::new();
    bench.store.with(|s| s.make_bucket("scratch", 1)).expect("there is none yet");
    let dir = directory(&bench, "dir", b"weights");
    std::fs::write(dir.join("config.pbtxt"), config(4)).expect("written");
    let said = bench.s3(&["--json", "publish", "--yes", text(&dir), "s3://models/face"]).await;
    assert_eq!((said.code, last(&said)["serves"].clone()), (Some(0), json!([1])), "{said:?}");
    assert_eq!(steps(&said.json(), "done"), ["config", "upload", "upload", "verify", "verify", "config"]);
    // Another bucket is outside.
    std::fs::write(dir.join("model.bin"), "other weights").expect("written");
    let args =
        ["--json", "publish", "--yes", "--pause", "1s", "--stage", "s3://scratch", text(&dir), "s3://models/face"];
    let said = bench.s3(&args).await;
    assert_eq!((said.code, last(&said)["serves"].clone()), (Some(0), json!([2])), "{said:?}");
    assert_eq!(object(&bench, "face/2/model.bin"), Some(b"other weights".to_vec()));
    assert_eq!(bench.s3(&["ls", "-r", "s3://scratch/"]).await.out, "");
}
