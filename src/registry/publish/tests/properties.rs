//! Whatever is published or rolled back: any backend, policy, layout and request.

use super::*;
use proptest::prelude::*;

/// The backends that the property plays with: the files of a version, the first of them is opened.
const BACKENDS: [(&str, &[&str]); 4] = [
    ("onnxruntime", &["model.onnx", "weights.bin"]),
    ("openvino", &["model.xml", "model.bin"]),
    ("python", &["model.py", "util.py"]),
    ("tensorrt", &["model.plan", "a.txt"]),
];

fn policy_text(policy: usize, versions: &[i64]) -> String {
    let first = versions.first().copied().unwrap_or(1);
    match policy {
        0 => String::new(),
        1 => "version_policy: { all: { } }".to_owned(),
        2 => "version_policy: { latest: { num_versions: 2 } }".to_owned(),
        _ => format!("version_policy: {{ specific: {{ versions: [ {first} ] }} }}"),
    }
}

proptest! {
    #[test]
    fn after_every_write_triton_serves_all_or_nothing_and_back(
        backend in 0..BACKENDS.len(),
        files in 1..3_usize,
        there in prop::collection::btree_set(1..13_i64, 0..4),
        version in 1..13_i64,
        (has_config, says_backend) in (any::<bool>(), any::<bool>()),
        (old_policy, new_policy) in (0..4_usize, 0..4_usize),
        new_config in any::<bool>(),
        root in prop::sample::select(vec!["", "prod/"]),
        in_place in any::<bool>(),
        labels in any::<bool>(),
    ) {
        let (name, all) = BACKENDS[backend];
        let files = &all[..if backend == 1 { 2 } else { files }];
        let there: Vec<i64> = there.into_iter().filter(|there| *there != version).collect();
        let keys: Vec<(String, u64)> =
            there.iter().flat_map(|v| files.iter().map(move |file| (format!("m/{v}/{file}"), 9))).collect();
        let keys: Vec<(&str, u64)> = keys.iter().map(|(key, size)| (key.as_str(), *size)).collect();
        let said = if says_backend { format!("backend: \"{name}\"\n") } else { String::new() };
        let io = "input { name: \"i\" data_type: TYPE_FP32 dims: 1 } output { name: \"o\" data_type: TYPE_FP32 dims: 1 }";
        let old = format!("{said}max_batch_size: 4\n{io}\n{}", policy_text(old_policy, &there));
        let config = (has_config && !there.is_empty()).then_some(("m", old.as_str()));
        let bucket = Bucket::with(root, &keys, config);
        let new = format!("{said}max_batch_size: 8\n{io}\n{}", policy_text(new_policy, &[version]));
        let mut request = request("m", version, files, new_config.then_some(new.as_str()));
        if in_place {
            request.staging = Staging::InPlace;
        }
        if labels {
            request.beside = vec![NewFile { path: format!("labels-{version}.txt"), size: 3 }];
        }
        let plan = match publish(&bucket.present(), &request) {
            Ok(plan) => plan,
            Err(refused) => {
                prop_assert!(matches!(refused, Refused::WouldNotLoad(_)), "{refused:?}");
                return Ok(());
            }
        };
        prop_assert!(plan.atomic);
        let published = expect_all_or_nothing(&bucket, &request, &plan);

        // And back to each version that is there.
        for to in there.iter().copied().map(Some).chain([None]) {
            for remove in [Some(version), None] {
                let config = bucket.config("m").map(ToOwned::to_owned);
                let wish = RollBack { model: "m".to_owned(), to, remove, config };
                let plan = roll_back(&published.present(), &wish).expect("a plan");
                expect_back(&published, "m", &plan);
            }
        }
    }
}

proptest! {
    /// Whatever is asked for, there is a list that can be carried out, or a reason why not.
    #[test]
    fn any_request_is_answered(
        model in prop::sample::select(vec!["m", "n", "", "..", "a b", "m/x"]),
        version in prop_oneof![-2..4_i64, Just(i64::MAX)],
        files in prop::collection::vec(prop::sample::select(vec!["model.onnx", "model.xml", "a/b", "/", "..", "", "config.pbtxt"]), 0..4),
        beside in prop::collection::vec(prop::sample::select(vec!["labels.txt", "1/model.onnx", "9/x", "config.pbtxt"]), 0..2),
        config in prop::option::of("(backend: \"onnxruntime\"|platform: \"ensemble\"|\\PC{0,10})"),
        present in prop::option::of("(max_batch_size: 1|version_policy \\{ \\}|\\PC{0,10})"),
        staging in prop::sample::select(vec![None, Some(""), Some("tmp"), Some("prod/x")]),
        (may_pin, to, remove) in (any::<bool>(), prop::option::of(0..3_i64), prop::option::of(0..3_i64)),
    ) {
        let keys = [("m/1/model.onnx", 9), ("m/2/model.onnx", 9), ("n/1/model.xml", 9)];
        let bucket = Bucket::with("prod/", &keys, present.as_deref().map(|text| ("m", text)));
        let mut request = request(model, version, &files, config.as_deref());
        request.beside = beside.iter().map(|path| NewFile { path: (*path).to_owned(), size: 1 }).collect();
        request.may_pin = may_pin;
        if let Some(prefix) = staging {
            request.staging = Staging::Under { bucket: None, prefix: prefix.to_owned() };
        }
        if let Ok(plan) = publish(&bucket.present(), &request) {
            let sizes = request.files.iter().chain(&request.beside).map(|file| (file.path.clone(), file.size)).collect();
            let mut end = bucket.clone();
            plan.steps.iter().for_each(|step| end.apply(step, &sizes));
            prop_assert_eq!(served(&end, model), plan.serves);
        }
        let wish = RollBack { model: model.to_owned(), to, remove, config };
        if let Ok(plan) = roll_back(&bucket.present(), &wish) {
            let mut end = bucket.clone();
            plan.steps.iter().for_each(|step| end.apply(step, &BTreeMap::new()));
        }
    }
}
