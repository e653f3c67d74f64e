//! Images without a known digest: trusted at the first install, recorded, and held to from then on.

use crate::stage::{Life, Stage};
use modelquay::app::Exit;
use modelquay::ports::{Kind, ObjectRef};
use serde_json::{Value, json};
use std::fs;
use std::sync::Arc;

const OPERATOR: &str = "quay.io/minio/operator:v7.1.1";

fn lock(stage: &Stage) -> Value {
    let text = fs::read_to_string(stage.path("state/sites/edge-07/lock.json")).expect("the site has a lock");
    serde_json::from_str(&text).expect("it is JSON")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_that_was_replaced_under_its_name_is_told_and_nothing_is_changed() {
    let stage = Stage::new();
    let (life, _) = stage.to_the_end().await;
    assert!(matches!(life, Life::Ended(Exit::Done, _)), "{life:?}");
    let first = lock(&stage)["images"][OPERATOR].as_str().expect("it was recorded").to_owned();
    assert!(first.starts_with("@sha256:"), "{first}");
    assert_eq!(stage.plan(Arc::clone(&stage.sim) as _).await, Exit::Done);
    assert!(stage.shown().contains("trusted at the first install and run unchanged: 2"), "{}", stage.shown());

    let pod = ObjectRef::new(Kind::Pod, "minio-operator", "minio-operator-5a1a7ed0-0");
    let other = format!("sha256:{}", "b".repeat(64));
    stage.sim.machine().look(|s, _| {
        let mut status = s.objects.get(&pod).expect("the operator has a pod")["status"].clone();
        status["containerStatuses"][0]["imageID"] = json!(format!("quay.io/minio/operator@{other}"));
        s.objects.set(&pod, "status", status);
    });
    assert_eq!(stage.plan(Arc::clone(&stage.sim) as _).await, Exit::NeedsHuman);
    for words in ["is not the image that was trusted at the first install", &other, &first] {
        assert!(stage.shown().contains(words), "{words:?} is not in {}", stage.shown());
    }

    // A computer that has never seen the site holds to what the host has recorded.
    fs::remove_file(stage.path("state/sites/edge-07/lock.json")).expect("it is there");
    assert_eq!(stage.plan(Arc::clone(&stage.sim) as _).await, Exit::NeedsHuman);
}
