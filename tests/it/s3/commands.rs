//! What each command says of a registry that keeps the rules.

use super::Bench;
use modelquay::transport::simulated::s3::{Fault, Harm};
use serde_json::{Value, json};

fn names(rows: &[Value], field: &str) -> Vec<String> {
    rows.iter().filter_map(|row| row[field].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn ls_lists_buckets_levels_and_everything_below() {
    let bench = Bench::new();
    let said = bench.s3(&["ls", "s3://"]).await;
    assert_eq!((said.code, said.out.trim_end().ends_with("  models")), (Some(0), true), "{said:?}");
    let rows = bench.s3(&["--json", "ls", "s3://models/"]).await.json();
    assert_eq!(names(&rows, "prefix"), ["echo/", "lost/", "scale/", "shelf/"]);
    assert_eq!(names(&rows, "key"), ["README.md"]);
    assert!(rows.iter().all(|row| row["v"] == json!(1)));
    let rows = bench.s3(&["--json", "ls", "-r", "s3://models/scale/"]).await.json();
    assert_eq!(names(&rows, "key"), ["scale/1/model.onnx", "scale/2/model.onnx", "scale/config.pbtxt"]);
    let said = bench.s3(&["ls", "models/scale/"]).await;
    assert!(said.out.lines().any(|line| line.ends_with("  config.pbtxt") && line.contains(" B")), "{said:?}");
    let said = bench.s3(&["ls", "--most", "2", "s3://models/"]).await;
    assert_eq!((said.code, said.out.lines().count()), (Some(0), 2), "{said:?}");
    assert!(said.err.contains("2 of at least 3 rows"), "{said:?}");
    let said = bench.s3(&["ls", "s3://models/nothing"]).await;
    assert!(said.code == Some(0) && said.out.is_empty() && said.err.contains("nothing begins so"), "{said:?}");
}

#[tokio::test]
async fn tree_shows_what_lies_where_and_counts_what_lies_deeper() {
    let bench = Bench::new();
    let said = bench.s3(&["tree", "s3://models/"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    let lines: Vec<&str> = said.out.lines().collect();
    let at = lines.iter().position(|line| *line == "scale/").expect("a branch");
    assert_eq!(lines[at + 1], "  1/");
    assert!(lines[at + 2].starts_with("    model.onnx  "), "{said:?}");
    assert!(lines.last().is_some_and(|line| line.starts_with("10 objects, ")), "{said:?}");
    let said = bench.s3(&["tree", "--depth", "1", "s3://models/"]).await;
    assert!(said.out.contains("scale/\n  … 3 objects, "), "{said:?}");
    assert!(said.out.lines().last().is_some_and(|line| line.starts_with("10 objects, ")), "{said:?}");
}

#[tokio::test]
async fn cat_and_head_give_bytes_as_they_are() {
    let bench = Bench::new();
    let said = bench.s3(&["cat", "s3://models/README.md", "s3://models/README.md"]).await;
    assert_eq!((said.code, said.out.matches("# Models of the rehearsal").count()), (Some(0), 2), "{said:?}");
    let said = bench.s3(&["head", "-n", "1", "s3://models/echo/1/model.py"]).await;
    assert_eq!(said.out, "import triton_python_backend_utils as pb_utils\n");
    let said = bench.s3(&["head", "-c", "6", "s3://models/echo/1/model.py"]).await;
    assert_eq!((said.code, said.out.as_str()), (Some(0), "import"));
    assert_eq!(bench.s3(&["head", "s3://models/README.md"]).await.out.lines().count(), 3);
    let said = bench.s3(&["cat", "s3://models/none"]).await;
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
    assert!(said.err.contains("there is none"), "{said:?}");
    assert_eq!(bench.s3(&["--json", "cat", "s3://models/README.md"]).await.code, Some(2));
}

#[tokio::test]
async fn cat_goes_on_where_an_answer_broke_off() {
    let bench = Bench::new();
    let body: Vec<u8> = (0..3_000_000_u32).map(|n| b'a' + u8::try_from(n % 23).expect("it is small")).collect();
    let whole = String::from_utf8(body.clone()).expect("letters");
    put(&bench, "big", body);
    for after in [700_000, 1_500_000] {
        let fault = Fault { method: "GET", path: "/models/big".into(), harm: Harm::Tear { after }, times: 1 };
        bench.faults.add(fault);
    }
    let said = bench.s3(&["cat", "s3://models/big"]).await;
    assert_eq!((said.code, said.out == whole), (Some(0), true), "{} bytes, {}", said.out.len(), said.err);
    assert_eq!(bench.faults.left(), 0, "the answers were not torn");
}

pub fn put(bench: &Bench, key: &str, data: Vec<u8>) {
    use s3s::crypto::{Checksum as _, Md5};
    let etag = modelquay::plan::change::hex(&Md5::checksum(&data));
    put_as(bench, key, data, etag);
}

fn put_as(bench: &Bench, key: &str, data: Vec<u8>, etag: String) {
    use modelquay::transport::simulated::s3::store::About;
    use modelquay::transport::simulated::s3::versions::{Conditions, NewObject};
    let new = NewObject { etag, data: data.into(), about: About::default(), tags: Vec::new() };
    bench.store.with(|s| s.put("models", key, new, &Conditions::default(), 1)).expect("there is room");
}

#[tokio::test]
async fn cat_says_where_bytes_are_not_the_objects() {
    let bench = Bench::new();
    put_as(&bench, "rotten", b"x".to_vec(), "0".repeat(32));
    let said = bench.s3(&["cat", "s3://models/rotten"]).await;
    assert!(said.code == Some(1) && said.err.contains("do not have its MD5"), "{said:?}");
}

#[tokio::test]
async fn du_counts_old_versions_markers_and_uploads() {
    let bench = Bench::new();
    let rows = bench.s3(&["--json", "du", "s3://models/"]).await.json();
    let total = rows.last().expect("a total");
    assert_eq!((&total["type"], &total["complete"]), (&json!("usage-total"), &json!(true)));
    assert_eq!(
        (&total["objects"], &total["old"], &total["markers"], &total["uploads"]),
        (&json!(10), &json!(2), &json!(1), &json!(1))
    );
    let sum: u64 = rows.iter().filter(|r| r["type"] == "usage").filter_map(|r| r["bytes"].as_u64()).sum();
    assert_eq!(Some(sum), total["bytes"].as_u64());
    let said = bench.s3(&["du", "--depth", "2", "s3://models/scale/"]).await;
    assert!(said.code == Some(0) && said.out.contains("  1/model.onnx"), "{said:?}");
    assert!(
        said.out.lines().last().is_some_and(|line| line.contains("1 unfinished uploads that are listed")),
        "{said:?}"
    );
}

#[tokio::test]
async fn versions_are_listed_with_deletions() {
    let bench = Bench::new();
    let rows = bench.s3(&["--json", "versions", "s3://models/shelf/labels"]).await.json();
    assert_eq!(rows.len(), 2);
    assert_eq!((&rows[0]["marker"], &rows[0]["latest"], &rows[0]["size"]), (&json!(true), &json!(true), &Value::Null));
    let said = bench.s3(&["versions", "s3://models/scale/config.pbtxt"]).await;
    let states: Vec<bool> = said.out.lines().map(|line| line.contains("  current ")).collect();
    assert_eq!(states, [true, false], "{said:?}");
}

#[tokio::test]
async fn share_prints_a_url_that_works() {
    let bench = Bench::new();
    let said = bench.s3(&["share", "--lasts", "90s", "s3://models/README.md"]).await;
    assert!(
        said.code == Some(0) && said.out.starts_with(&bench.url) && said.out.contains("X-Amz-Expires=90"),
        "{said:?}"
    );
    assert!(said.err.contains("may read the object for 90 s"), "{said:?}");
    assert_eq!(bench.s3(&["share", "s3://models/none"]).await.code, Some(1));
    assert_eq!(bench.s3(&["share", "--write", "s3://models/none"]).await.code, Some(0));
    assert_eq!(bench.s3(&["share", "--lasts", "169h", "s3://models/README.md"]).await.code, Some(2));
}

#[tokio::test]
async fn a_mistake_says_what_to_do_and_how_it_ends() {
    let bench = Bench::new();
    for (args, code, words) in [
        (&["ls", "s3:///x"][..], 2, "is no address"),
        (&["cat", "s3://models"], 2, "no object is named"),
        (&["du", "s3://"], 2, "no bucket is named"),
        (&["ls", "s3://none/"], 1, "NoSuchBucket"),
        (&["ls", "edge-99:models"], 1, "is no known site"),
        (&["--profile", "none", "ls", "s3://models"], 1, "is no profile"),
    ] {
        let said = bench.s3(args).await;
        assert_eq!(said.code, Some(code), "{args:?}: {said:?}");
        assert!(said.err.contains(words), "{args:?}: {said:?}");
        assert!(said.out.is_empty(), "{args:?}: {said:?}");
    }
    // Another CA than the one that signed.
    let said = super::run(bench.home.path(), &["s3", "--endpoint", &bench.url, "ls", "s3://models"]).await;
    assert!(said.code == Some(1) && said.err.contains("certificate") && said.err.contains("--ca"), "{said:?}");
}

#[tokio::test]
async fn keys_of_every_kind_are_shown_safely_and_told_exactly() {
    let bench = Bench::new();
    for key in ["odd/a\u{1b}[2Jb", "odd/x\ny", "odd/\u{202e}gpj", "odd/p+q %20", "odd//z"] {
        put(&bench, key, b"x".to_vec());
    }
    let said = bench.s3(&["ls", "-r", "s3://models/odd/"]).await;
    assert_eq!((said.code, said.out.lines().count()), (Some(0), 5), "{said:?}");
    assert!(said.out.chars().all(|c| c == '\n' || !c.is_control()) && !said.out.contains('\u{202e}'), "{said:?}");
    let rows = bench.s3(&["--json", "ls", "-r", "s3://models/odd/"]).await.json();
    let mut keys = names(&rows, "key");
    keys.sort();
    assert_eq!(keys, ["odd//z", "odd/a\u{1b}[2Jb", "odd/p+q %20", "odd/x\ny", "odd/\u{202e}gpj"]);
    assert_eq!(bench.s3(&["cat", "s3://models/odd/p+q %20", "s3://models/odd//z"]).await.out, "xx");
}

#[tokio::test]
async fn keys_are_read_from_a_descriptor_where_nothing_else_has_them() {
    use tokio::io::AsyncWriteExt as _;
    let bench = Bench::new();
    let ca = bench.home.path().join("ca.pem");
    let args = ["s3", "--endpoint", &bench.url, "--ca", ca.to_str().expect("a path of ours"), "--password-fd", "0"];
    let mut command =
        crate::program::program(bench.home.path(), &[&args[..], &["cat", "s3://models/README.md"]].concat());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
        command.env_remove(name);
    }
    let mut child = command.stdin(std::process::Stdio::piped()).spawn().expect("the program can be started");
    let mut stdin = child.stdin.take().expect("it is piped");
    stdin.write_all(format!("{}\n{}\n", super::KEY.0, super::KEY.1).as_bytes()).await.expect("it reads");
    drop(stdin);
    let ended = child.wait_with_output().await.expect("it ends");
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(ended.status.success() && text.contains("rehearsal"), "{text} {}", String::from_utf8_lossy(&ended.stderr));
}
