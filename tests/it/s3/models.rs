//! A repository as Triton would find it: looked at through the port, and by `s3 lint`.

use super::{Bench, KEY};
use modelquay::registry::models::{Ask, Progress, look};
use modelquay::registry::triton::Rule;
use modelquay::transport::simulated::s3::{Fault, Harm};

const DENIED: Harm = Harm::Refuse { status: 403, code: "AccessDenied" };

fn ask(bench: &Bench, root: &str) -> Ask {
    Ask { endpoint: bench.url.clone(), bucket: "models".to_owned(), root: root.to_owned(), contents: true }
}

#[tokio::test]
async fn models_findings_access_and_cost_are_found_with_counts_on_the_way() {
    let bench = Bench::new();
    let objects = bench.objects();
    let mut told = Vec::new();
    let view = look(&objects, &objects, &ask(&bench, ""), |progress| told.push(progress)).await.expect("a view");
    let served: Vec<(&str, &[i64])> =
        view.repository.models.iter().map(|model| (model.name.as_str(), &model.served[..])).collect();
    assert!(served.contains(&("scale", &[2])) && served.contains(&("lost", &[])), "{served:?}");
    assert!(view.errors() > 0 && view.access.is_enough() && view.unread.is_empty() && view.doubts.is_empty());
    let port = bench.url.rsplit(':').next().expect("a port");
    assert_eq!(view.url.expect("one").to_string(), format!("s3://https://127.0.0.1:{port}/models"));
    assert!(view.forecast.start.total() > 20 && view.forecast.copied > 0);
    assert!(!view.round_trip.is_zero() && view.round_trip.as_secs() < 60);
    assert!(told.contains(&Progress::Configs(3, 3)) && told.contains(&Progress::Contents(2, 2)), "{told:?}");
    assert!(matches!(told[0], Progress::Keys(keys) if keys > 5), "{told:?}");
}

#[tokio::test]
async fn a_config_that_cannot_be_read_is_named_and_nothing_is_said_of_its_model() {
    let bench = Bench::new();
    let path = "/models/scale/config.pbtxt".to_owned();
    bench.faults.add(Fault { method: "GET", path, harm: DENIED, times: 9 });
    let objects = bench.objects();
    let view = look(&objects, &objects, &ask(&bench, ""), |_| {}).await.expect("a view");
    assert_eq!(view.unread.iter().map(|one| one.key.as_str()).collect::<Vec<_>>(), ["scale/config.pbtxt"]);
    assert_eq!(view.repository.unread().map(|model| model.name.as_str()).collect::<Vec<_>>(), ["scale"]);
    let said = bench.s3(&["lint", "s3://models"]).await;
    assert_eq!(said.code, Some(1));
    assert!(said.err.contains("not read: scale/config.pbtxt"), "{said:?}");
}

#[tokio::test]
async fn a_list_that_is_short_is_no_view() {
    let bench = Bench::new();
    bench.faults.add(Fault { method: "GET", path: "/models".to_owned(), harm: DENIED, times: 9 });
    let objects = bench.objects();
    let error = look(&objects, &objects, &ask(&bench, ""), |_| {}).await.expect_err("no list");
    assert!(error.failure.line().contains("not whole"), "{}", error.failure.line());
}

#[tokio::test]
async fn what_the_key_of_triton_lacks_is_a_finding() {
    let bench = Bench::new();
    let objects = bench.objects();
    // Looking into files asks HEAD too, but of no config.
    bench.faults.add(Fault { method: "HEAD", path: "/models/echo/config.pbtxt".to_owned(), harm: DENIED, times: 1 });
    let view = look(&objects, &objects, &ask(&bench, ""), |_| {}).await.expect("a view");
    assert!(view.repository.findings.iter().any(|finding| finding.rule == Rule::DeniedHead));
    assert!(!view.access.is_enough());
    assert_eq!(view.repository.served(), 0, "what Triton cannot read it does not serve");
}

#[tokio::test]
async fn a_refusal_is_named_by_the_code_that_was_answered_and_nothing_would_load() {
    let bench = Bench::new();
    let path = "/models/echo/config.pbtxt".to_owned();
    // The config is read; then the same key is refused where it is tried what it may do.
    for (harm, times) in [(Harm::Stall(std::time::Duration::ZERO), 1), (DENIED, 9)] {
        bench.faults.add(Fault { method: "GET", path: path.clone(), harm, times });
    }
    let said = bench.s3(&["lint", "--names-only", "s3://models"]).await;
    assert_eq!(said.code, Some(1));
    assert!(said.out.contains("error A4: the key may not do GetObject (AccessDenied"), "{}", said.out);
    assert!(said.out.contains("Triton would load 0 of 4 models"), "{}", said.out);
    assert!(said.out.contains("may not do all that Triton does, so that nothing loads"), "{}", said.out);
}

#[tokio::test]
async fn a_file_that_its_backend_cannot_open_takes_its_model_out_of_what_is_served() {
    let bench = Bench::new();
    super::commands::put(
        &bench,
        "scale/3/model.onnx",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n".to_vec(),
    );
    let objects = bench.objects();
    let served = |contents: bool| {
        let (objects, ask) = (&objects, Ask { contents, ..ask(&bench, "") });
        async move {
            let view = look(objects, objects, &ask, |_| {}).await.expect("a view");
            view.repository.model("scale").expect("there").served.clone()
        }
    };
    assert_eq!((served(false).await, served(true).await), (vec![3], vec![]));
}

#[tokio::test]
async fn lint_says_what_triton_says_and_ends_by_what_it_found() {
    let bench = Bench::new();
    let said = bench.s3(&["lint", "s3://models"]).await;
    assert_eq!(said.code, Some(1), "{said:?}");
    for words in [
        "scale: onnxruntime, versions 1 2, serves 2",
        "lost: onnxruntime",
        "serves none",
        "fix: ",
        "source: triton core",
    ] {
        assert!(said.out.contains(words), "{words}: {}", said.out);
    }
    assert!(said.out.contains("Triton would load 2 of 4 models from s3://https://127.0.0.1:"), "{}", said.out);
    let rows = bench.s3(&["--json", "lint", "--names-only", "s3://models"]).await.json();
    let sum = rows.last().expect("rows");
    assert_eq!(
        (&sum["type"], &sum["served"], &sum["access"]["GetObject"]),
        (&"lint".into(), &2.into(), &"allowed".into())
    );
    let found = rows.iter().filter(|row| row["type"] == "finding" && row["severity"] == "error");
    assert_eq!(found.clone().count() as u64, sum["errors"].as_u64().expect("a count"));
    assert!(found.clone().all(|row| row["rule"].is_string() && row["fix"].is_string()));

    bench.store.with(|s| {
        let now = 0;
        for key in ["lost/config.pbtxt", "lost/1/weights.onnx", "shelf/weights.safetensors", "shelf/mean.npy"] {
            s.delete("models", key, None, now).expect("it is there");
        }
    });
    let said = bench.s3(&["lint", "s3://models"]).await;
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(!said.out.contains(KEY.1));
}
