//! `s3 get`, `put`, `cp`, `mv`, `rm` and `verify` of the real program.

use super::{Bench, bytes};
use crate::program::Said;
use modelquay::transport::simulated::s3::{Fault, Harm};
use serde_json::json;

fn text(path: &std::path::Path) -> &str {
    path.to_str().expect("a path of ours")
}

fn code(said: &Said) -> Option<i32> {
    said.code
}

#[tokio::test]
async fn a_file_goes_and_comes_back_and_nothing_is_replaced_unasked() {
    let bench = Bench::new();
    let (file, back) = (bench.home.path().join("w.bin"), bench.home.path().join("back.bin"));
    std::fs::write(&file, bytes(13 << 20)).expect("written");
    let rows = bench.s3(&["--json", "put", text(&file), "s3://models/big/"]).await.json();
    assert_eq!((&rows[0]["key"], &rows[0]["verified"]), (&json!("big/w.bin"), &json!(true)));
    assert!(rows[0]["how"].as_str().is_some_and(|how| how.contains("CRC64NVME")), "{rows:?}");
    let said = bench.s3(&["put", text(&file), "s3://models/big/w.bin"]).await;
    assert!(code(&said) == Some(4) && said.err.contains("is there already") && said.err.contains("help: "), "{said:?}");
    let said = bench.s3(&["get", "s3://models/big/w.bin", text(&back)]).await;
    assert!(code(&said) == Some(0) && said.out.contains("verified by CRC64NVME"), "{said:?}");
    assert!(std::fs::read(&back).expect("there") == bytes(13 << 20));
    assert_eq!(code(&bench.s3(&["get", "s3://models/big/w.bin", text(&back)]).await), Some(4));
    assert_eq!(code(&bench.s3(&["get", "--keep-same", "s3://models/big/w.bin", text(&back)]).await), Some(0));
    assert_eq!(code(&bench.s3(&["verify", "s3://models/big/w.bin"]).await), Some(0));
    assert_eq!(code(&bench.s3(&["verify", "s3://models/big/w.bin", text(&back)]).await), Some(0));
    std::fs::write(&back, "other").expect("written");
    let said = bench.s3(&["verify", "s3://models/big/w.bin", text(&back)]).await;
    assert!(code(&said) == Some(1) && said.err.contains("5 bytes here"), "{said:?}");
    assert_eq!(code(&bench.s3(&["get", "--replace", "s3://models/big/w.bin", text(&back)]).await), Some(0));
    let said = bench.s3(&["get", "s3://models/big/w.bin", "-"]).await;
    assert!(code(&said) == Some(0) && said.err.contains("verified by"), "{}", said.err);
    let left: Vec<_> = std::fs::read_dir(bench.home.path()).expect("there").flatten().map(|e| e.file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().contains(".part")), "{left:?}");
}

#[tokio::test]
async fn what_was_refused_goes_on_with_the_same_command() {
    let bench = Bench::new();
    let file = bench.home.path().join("w.bin");
    std::fs::write(&file, bytes(20 << 20)).expect("written");
    let harm = Harm::Refuse { status: 403, code: "AccessDenied" };
    for skip in [Harm::Stall(std::time::Duration::ZERO), harm] {
        bench.faults.add(Fault { method: "PUT", path: "/models/up".into(), harm: skip, times: 1 });
    }
    let said = bench.s3(&["put", text(&file), "s3://models/up"]).await;
    assert!(code(&said) == Some(1) && said.err.contains("AccessDenied"), "{said:?}");
    let said = bench.s3(&["put", text(&file), "s3://models/up"]).await;
    assert!(code(&said) == Some(0) && said.out.contains("verified by CRC64NVME"), "{said:?}");
}

#[tokio::test]
async fn a_prefix_comes_into_a_directory_and_goes_back() {
    let bench = Bench::new();
    let dir = bench.home.path().join("m");
    let said = bench.s3(&["get", "s3://models/scale/", text(&dir)]).await;
    assert_eq!(code(&said), Some(2), "a prefix needs -r: {said:?}");
    let rows = bench.s3(&["--json", "get", "-r", "--dry-run", "s3://models/scale/", text(&dir)]).await.json();
    assert_eq!(rows[0]["objects"], json!(3));
    let rows = bench.s3(&["--json", "get", "-r", "s3://models/scale/", text(&dir)]).await.json();
    assert_eq!((&rows[0]["done"], &rows[0]["failed"]), (&json!(3), &json!(0)));
    assert!(dir.join("1/model.onnx").is_file() && dir.join("config.pbtxt").is_file());
    let rows = bench.s3(&["--json", "put", "-r", text(&dir), "s3://models/copy"]).await.json();
    assert_eq!(rows[0]["done"], json!(3));
    std::fs::write(dir.join("config.pbtxt"), "another").expect("written");
    let said = bench.s3(&["get", "-r", "s3://models/scale/", text(&dir)]).await;
    assert!(code(&said) == Some(4) && said.err.contains("config.pbtxt: something is there already"), "{said:?}");
}

#[tokio::test]
async fn copies_and_moves_stay_at_the_service() {
    let bench = Bench::new();
    let said = bench.s3(&["cp", "s3://models/README.md", "s3://models/copies/"]).await;
    assert!(code(&said) == Some(0) && said.out.contains("verified by"), "{said:?}");
    assert_eq!(code(&bench.s3(&["cp", "s3://models/README.md", "s3://models/copies/README.md"]).await), Some(4));
    assert_eq!(code(&bench.s3(&["mv", "s3://models/copies/README.md", "s3://models/moved.md"]).await), Some(0));
    assert_eq!(code(&bench.s3(&["cat", "s3://models/copies/README.md"]).await), Some(1));
    assert_eq!(code(&bench.s3(&["cat", "s3://models/moved.md"]).await), Some(0));
}

#[tokio::test]
async fn nothing_is_deleted_without_a_yes_or_its_name() {
    let bench = Bench::new();
    let said = bench.s3(&["rm", "s3://models/scale/"]).await;
    assert_eq!(code(&said), Some(2), "{said:?}");
    let said = bench.s3(&["rm", "-r", "s3://models/scale/"]).await;
    assert!(code(&said) == Some(4) && said.err.contains("3 objects") && said.err.contains("--yes"), "{said:?}");
    assert_eq!(code(&bench.s3(&["cat", "s3://models/scale/config.pbtxt"]).await), Some(0));
    let rows = bench.s3(&["--json", "rm", "-r", "--dry-run", "s3://models/scale/"]).await.json();
    assert_eq!((&rows[0]["objects"], &rows[0]["undo"]), (&json!(3), &json!(true)));
    let rows = bench.s3(&["--json", "rm", "-r", "--yes", "s3://models/scale/"]).await.json();
    assert_eq!((&rows[0]["done"], &rows[0]["markers"]), (&json!(3), &json!(3)));
    assert_eq!(code(&bench.s3(&["cat", "s3://models/scale/config.pbtxt"]).await), Some(1));
    let rows = bench.s3(&["--json", "rm", "-r", "--all-versions", "--yes", "s3://models/scale/"]).await.json();
    assert!(rows[0]["done"].as_u64().is_some_and(|done| done >= 6), "{rows:?}");
    assert_eq!(bench.s3(&["versions", "s3://models/scale/"]).await.out, "");
}
