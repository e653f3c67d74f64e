//! What changes a bucket without carrying bytes: tags, notes, versions, prefixes, buckets, unfinished uploads.

use super::Bench;
use super::commands::put;
use modelquay::ports::Objects as _;
use modelquay::ports::objects::{At, Header, Notes, OnlyIf};
use modelquay::transport::simulated::s3::{Fault, Harm};
use serde_json::{Value, json};

async fn row(bench: &Bench, args: &[&str]) -> Value {
    let said = bench.s3(&[&["--json"], args].concat()).await;
    assert_eq!(said.code, Some(0), "{args:?}: {said:?}");
    said.json().pop().expect("a row")
}

async fn keys(bench: &Bench, address: &str) -> Vec<String> {
    let rows = bench.s3(&["--json", "ls", "-r", address]).await.json();
    rows.iter().filter_map(|row| row["key"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn tags_are_listed_set_and_taken_off_one_by_one() {
    let bench = Bench::new();
    let at = "s3://models/README.md";
    let said = bench.s3(&["tags", at]).await;
    assert_eq!((said.code, said.out.as_str(), said.err.contains("there are no tags")), (Some(0), "", true), "{said:?}");
    assert_eq!(
        row(&bench, &["tags", "--set", "a=1", "--set", "b=two words", at]).await["tags"],
        json!({"a": "1", "b": "two words"})
    );
    assert_eq!(row(&bench, &["tags", "--set", "b=3", "--unset", "a", at]).await["tags"], json!({"b": "3"}));
    assert_eq!(bench.s3(&["tags", at]).await.out, "b=3\n");
    assert_eq!(row(&bench, &["tags", "--clear", at]).await["tags"], json!({}));
    let said = bench.s3(&["tags", "--set", "a", at]).await;
    assert!(said.code == Some(2) && said.err.contains("NAME=VALUE"), "{said:?}");
}

#[tokio::test]
async fn stat_says_all_that_is_known_and_set_changes_only_what_it_names() {
    let bench = Bench::new();
    let at = At::new("models", "noted");
    let notes = Notes {
        content_type: Some("text/plain".to_owned()),
        headers: vec![(Header::CacheControl, "no-store".to_owned()), (Header::ContentEncoding, "gzip".to_owned())],
        metadata: vec![("who".to_owned(), "me".to_owned())],
    };
    bench.objects().put(&at, "0123456789".into(), &notes, None, &OnlyIf::Always).await.expect("written");
    let before = row(&bench, &["stat", "s3://models/noted"]).await;
    assert_eq!((&before["size"], &before["content_type"]), (&json!(10), &json!("text/plain")));
    assert_eq!(before["headers"], json!({"cache-control": "no-store", "content-encoding": "gzip"}));
    assert_eq!((&before["metadata"], &before["tags"]), (&json!({"who": "me"}), &json!({})));
    let said = bench.s3(&["stat", "s3://models/noted"]).await;
    assert!(said.out.contains("note                who=me\n") && said.out.contains("10 B (10 bytes)"), "{said:?}");

    row(&bench, &["set", "--content-type", "x/y", "--meta", "Why=so = so", "s3://models/noted"]).await;
    let after = row(&bench, &["stat", "s3://models/noted"]).await;
    assert_eq!((&after["content_type"], &after["metadata"]), (&json!("x/y"), &json!({"who": "me", "why": "so = so"})));
    assert_eq!((&after["headers"], &after["etag"]), (&before["headers"], &before["etag"]), "the rest stays");
    assert_ne!(after["version"], before["version"], "the one before is kept");
    let version = before["version"].as_str().expect("versions are kept");
    assert_eq!(row(&bench, &["stat", "--version", version, "s3://models/noted"]).await, before);
    assert_eq!(bench.s3(&["set", "s3://models/noted"]).await.code, Some(2));
    let said = bench.s3(&["stat", "s3://models/none"]).await;
    assert!(said.code == Some(1) && said.err.contains("there is none") && said.err.contains("help: "), "{said:?}");
}

#[tokio::test]
async fn what_was_deleted_comes_back_and_an_old_version_to_the_front() {
    let bench = Bench::new();
    let before = keys(&bench, "s3://models/scale/").await;
    assert_eq!(bench.s3(&["rm", "-r", "--yes", "s3://models/scale/"]).await.code, Some(0));
    assert!(keys(&bench, "s3://models/scale/").await.is_empty());
    assert_eq!(bench.s3(&["undelete", "s3://models/scale/"]).await.code, Some(2));
    assert_eq!(row(&bench, &["undelete", "-r", "--dry-run", "s3://models/scale"]).await["objects"], json!(3));
    assert!(keys(&bench, "s3://models/scale/").await.is_empty(), "nothing is done yet");
    assert_eq!(row(&bench, &["undelete", "-r", "s3://models/scale"]).await["markers"], json!(3));
    assert_eq!(keys(&bench, "s3://models/scale/").await, before);
    let said = bench.s3(&["undelete", "s3://models/scale/config.pbtxt"]).await;
    assert!(said.code == Some(0) && said.err.contains("it is not deleted"), "{said:?}");
    let said = bench.s3(&["undelete", "s3://models/none"]).await;
    assert!(said.code == Some(1) && said.err.contains("to be had back") && said.err.contains("help: "), "{said:?}");

    put(&bench, "v", b"old".to_vec());
    put(&bench, "v", b"new".to_vec());
    let rows = bench.s3(&["--json", "versions", "s3://models/v"]).await.json();
    let old = rows[1]["version"].as_str().expect("two versions").to_owned();
    assert_eq!(row(&bench, &["restore", "--version", &old, "s3://models/v"]).await["size"], json!(3));
    assert_eq!(bench.s3(&["cat", "s3://models/v"]).await.out, "old");
    assert_eq!(bench.s3(&["--json", "versions", "s3://models/v"]).await.json().len(), 3, "those in between stay");
    assert_eq!(bench.s3(&["restore", "--version", "none", "s3://models/v"]).await.code, Some(1));
}

#[tokio::test]
async fn buckets_and_prefixes_are_made_and_made_twice_is_the_same() {
    let bench = Bench::new();
    for _ in 0..2 {
        assert_eq!(row(&bench, &["mb", "s3://more"]).await["bucket"], json!("more"));
        assert_eq!(row(&bench, &["mkdir", "s3://more/a/b"]).await["prefix"], json!("a/b/"));
    }
    assert_eq!(keys(&bench, "s3://more").await, ["a/b/"]);
    assert_eq!(bench.s3(&["mb", "s3://more/a"]).await.code, Some(2));
    assert_eq!(bench.s3(&["mkdir", "s3://more"]).await.code, Some(2));
    assert_eq!(bench.s3(&["mkdir", "s3://more/a//b"]).await.code, Some(1));
}

#[tokio::test]
async fn unfinished_uploads_are_listed_and_thrown_away_only_when_agreed_to() {
    let bench = Bench::new();
    let at = At::new("models", "mine/half");
    let mine = bench.objects().begin_upload(&at, &Notes::default(), None).await.expect("begun");
    let rows = bench.s3(&["--json", "uploads", "s3://models"]).await.json();
    assert_eq!(rows.len(), 2, "the sample's and this one: {rows:?}");
    let rows = bench.s3(&["--json", "uploads", "s3://models/mine/"]).await.json();
    assert_eq!((&rows[0]["upload"], &rows[0]["key"]), (&json!(mine.id), &json!("mine/half")));
    assert!(rows[0]["begun"].is_i64());
    let said = bench.s3(&["uploads", "--abort", "s3://models/mine/"]).await;
    assert!(said.code == Some(4) && said.err.contains("1 uploads") && said.err.contains("--yes"), "{said:?}");
    let said = bench.s3(&["uploads", "--abort", "--older", "1h", "--yes", "s3://models/mine/"]).await;
    assert!(said.code == Some(0) && said.err.contains("none is that old"), "{said:?}");
    assert_eq!(bench.s3(&["uploads", "--yes", "s3://models"]).await.code, Some(2));
    assert_eq!(row(&bench, &["uploads", "--abort", "--yes", "s3://models/mine/"]).await["done"], json!(1));
    assert_eq!(bench.s3(&["--json", "uploads", "s3://models"]).await.json().len(), 1, "the other one stays");
}

#[tokio::test]
async fn a_prefix_is_copied_and_what_fails_is_listed_and_gone_on_with() {
    let bench = Bench::new();
    let (from, to) = ("s3://models/scale/", "s3://models/twin");
    assert_eq!(bench.s3(&["cp", from, to]).await.code, Some(2), "a prefix needs -r");
    let plan = row(&bench, &["cp", "-r", "--dry-run", from, to]).await;
    assert_eq!((&plan["objects"], &plan["there"]), (&json!(3), &json!(0)));
    assert!(keys(&bench, "s3://models/twin/").await.is_empty());

    let path = "/models/twin/2/model.onnx".to_owned();
    let harm = Harm::Refuse { status: 403, code: "AccessDenied" };
    bench.faults.add(Fault { method: "PUT", path, harm, times: 1 });
    let said = bench.s3(&["--json", "cp", "-r", from, to]).await;
    let rows = said.json();
    assert_eq!((said.code, &rows[0]["done"], &rows[0]["left"]), (Some(1), &json!(2), &json!(0)), "{said:?}");
    assert_eq!(rows[0]["failures"][0]["key"], json!("scale/2/model.onnx"));
    assert!(said.err.contains("AccessDenied") && said.err.contains("help: The same command goes on"), "{said:?}");
    let plan = row(&bench, &["cp", "-r", "--dry-run", from, to]).await;
    assert_eq!((&plan["objects"], &plan["there"]), (&json!(3), &json!(2)));
    assert_eq!(row(&bench, &["cp", "-r", from, to]).await["done"], json!(3));
    assert_eq!(keys(&bench, "s3://models/twin/").await.len(), 3);

    put(&bench, "twin/config.pbtxt", b"another".to_vec());
    let said = bench.s3(&["cp", "-r", from, to]).await;
    assert!(
        said.code == Some(4) && said.err.contains("twin/config.pbtxt") && said.err.contains("--replace"),
        "{said:?}"
    );
    assert_eq!(bench.s3(&["cp", "-r", "--replace", from, to]).await.code, Some(0));
    assert_ne!(bench.s3(&["cat", "s3://models/twin/config.pbtxt"]).await.out, "another");
    let said = bench.s3(&["cp", "-r", from, "s3://models/scale/inner/"]).await;
    assert!(said.code == Some(1) && said.err.contains("lie in one another"), "{said:?}");
}

#[tokio::test]
async fn a_prefix_is_moved_once_agreed_to_and_no_source_goes_without_its_copy() {
    let bench = Bench::new();
    let (from, to) = ("s3://models/scale", "s3://models/moved/");
    let said = bench.s3(&["mv", "-r", from, to]).await;
    assert!(said.code == Some(4) && said.err.contains("3 objects") && said.err.contains("--yes"), "{said:?}");
    assert!(keys(&bench, "s3://models/moved/").await.is_empty());
    // One copy is refused, and one source cannot be deleted.
    let harm = Harm::Refuse { status: 403, code: "AccessDenied" };
    let fault = |method, path: &str| Fault { method, path: path.to_owned(), harm, times: 1 };
    bench.faults.add(fault("PUT", "/models/moved/1/"));
    bench.faults.add(fault("DELETE", "/models/scale/2/"));
    let said = bench.s3(&["--json", "mv", "-r", "--yes", from, to]).await;
    assert_eq!((said.code, &said.json()[0]["done"]), (Some(1), &json!(1)), "{said:?}");
    assert_eq!(keys(&bench, "s3://models/scale/").await, ["scale/1/model.onnx", "scale/2/model.onnx"]);
    assert_eq!(keys(&bench, "s3://models/moved/").await, ["moved/2/model.onnx", "moved/config.pbtxt"]);
    assert_eq!(row(&bench, &["mv", "-r", "--yes", from, to]).await["done"], json!(2));
    assert!(keys(&bench, "s3://models/scale/").await.is_empty());
    assert_eq!(keys(&bench, "s3://models/moved/").await.len(), 3);
}
