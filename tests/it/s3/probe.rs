//! What is found out of a service without changing anything.

use super::Bench;
use super::wire::{Answer, Lying};
use modelquay::ports::Objects as _;
use modelquay::ports::objects::At;
use modelquay::registry::features::{Feature, Has, Lack, features};
use modelquay::registry::paged;
use modelquay::registry::preview::preview;
use modelquay::registry::triton::{Configs, Severity, judge};
use modelquay::registry::usage::{Usage, count};
use modelquay::transport::simulated::s3::store::Keeps;
use modelquay::transport::simulated::samples;

#[tokio::test]
async fn a_service_that_can_do_all_is_known_as_such_and_left_as_it_is() {
    let bench = Bench::new();
    let objects = bench.objects();
    let found = features(&objects, "models").await.expect("the bucket is there");
    for feature in [Feature::Versions, Feature::Uploads, Feature::Parts, Feature::Tags, Feature::IfMatch] {
        assert_eq!(found.has(feature), &Has::Yes, "{feature:?}");
    }
    assert_eq!(found.has(Feature::Checksums), &Has::Unknown, "the samples were written without");
    bench.store.with(|s| s.bucket("models").expect("it is there").keeps = Keeps::Off);
    let found = features(&objects, "models").await.expect("the bucket is there");
    assert_eq!(found.lack(Feature::Versions), Some(&Lack::Off));
    assert_eq!(objects.list_uploads("models", "", None).await.expect("they are listed").rows.len(), 1);
}

#[tokio::test]
async fn what_a_service_lacks_is_known_with_the_reason() {
    let server = Lying::start(|asked| {
        if ["versioning", "versions", "uploads", "uploadId", "tagging"].iter().any(|name| asked.has(name)) {
            Answer::error(501, "NotImplemented")
        } else if asked.has("list-type") {
            Answer::page(&["a"], None)
        } else {
            // It ignores the condition and the range.
            Answer::bytes(b"0123456789")
        }
    })
    .await;
    let objects = server.objects();
    let found = features(&objects, "models").await.expect("it lists");
    for feature in [Feature::Versions, Feature::Uploads, Feature::Parts, Feature::Tags] {
        assert!(matches!(found.lack(feature), Some(Lack::Refused(_))), "{feature:?}");
    }
    assert_eq!(found.lack(Feature::IfMatch), Some(&Lack::Ignored));
    let mut usage = Usage::new("", 1);
    let mut told = 0;
    count(&objects, "models", &mut usage, |_| told += 1).await.expect("it is counted");
    assert!(usage.complete && usage.without_versions.is_some() && usage.without_uploads.is_some());
    assert_eq!((usage.total().objects, usage.total().bytes, told > 0), (1, 7, true));
}

#[tokio::test]
async fn uploads_are_found_where_a_prefix_counts_as_a_whole_key_and_none_counts_twice() {
    for honest in [true, false] {
        let server = Lying::start(move |asked| {
            let all = [("models/a", "1"), ("models/b", "2"), ("other", "3")];
            let prefix = asked.value("prefix").unwrap_or_default();
            let shown = |key: &str| prefix.is_empty() || if honest { key.starts_with(prefix) } else { key == prefix };
            let rows = all.iter().filter(|(key, _)| shown(key));
            let rows = rows.map(|(key, id)| format!("<Upload><Key>{key}</Key><UploadId>{id}</UploadId></Upload>"));
            Answer::xml(&format!(
                "<ListMultipartUploadsResult>{}</ListMultipartUploadsResult>",
                rows.collect::<String>()
            ))
        })
        .await;
        let objects = server.objects();
        for (prefix, expected) in [("models/", vec!["1", "2"]), ("models/a", vec!["1"]), ("", vec!["1", "2", "3"])] {
            let mut found = Vec::new();
            paged::uploads(&objects, "bucket", prefix, |rows| found.extend(rows.into_iter().map(|row| row.id)))
                .await
                .expect("they are listed");
            assert_eq!(found, expected, "{prefix}, honest: {honest}");
        }
    }
}

#[tokio::test]
async fn the_samples_are_what_they_look_like_and_one_of_them_is_broken() {
    let bench = Bench::new();
    let objects = bench.objects();
    for (key, kind) in
        [("scale/2/model.onnx", "ONNX"), ("shelf/weights.safetensors", "safetensors"), ("shelf/mean.npy", "NumPy")]
    {
        let found = preview(&objects, &At::new("models", key)).await.expect("it can be looked into");
        let facts = found.report.facts().join("; ");
        assert!(facts.contains(kind), "{key}: {facts}");
        assert!(!facts.contains("not"), "{key}: {facts}");
    }
    let samples = samples::samples();
    let configs: Configs = samples
        .iter()
        .filter(|sample| sample.key.ends_with("/config.pbtxt"))
        .map(|sample| (sample.key.to_owned(), String::from_utf8(sample.data.clone()).expect("text")))
        .collect();
    let mut keys: Vec<_> = samples.iter().map(|sample| (sample.key, sample.data.len() as u64)).collect();
    keys.sort_unstable();
    keys.dedup_by_key(|(key, _)| *key);
    let repository = judge(keys, "", &configs);
    let errors = |model: &str| repository.of(model).filter(|finding| finding.severity == Severity::Error).count();
    assert_eq!((errors("scale"), errors("echo"), errors("lost") > 0), (0, 0, true), "{:?}", repository.findings);
    assert_eq!(repository.served(), 2);
}
