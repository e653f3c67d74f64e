//! Lists of steps, applied write by write to a bucket in memory. After each write Triton's rules are
//! asked what they would serve.

mod properties;

use super::*;
use crate::registry::pbtxt::{self, ModelConfig};
use crate::registry::triton::{self, Configs, Model};
use std::collections::BTreeMap;

/// What an object holds: a size, and a text where it is a config.
#[derive(Clone, Debug, PartialEq)]
struct Body {
    size: u64,
    text: Option<String>,
}

#[derive(Clone, Debug, Default)]
struct Bucket {
    root: String,
    objects: BTreeMap<String, Body>,
    elsewhere: BTreeMap<String, Body>,
}

impl Bucket {
    fn with(root: &str, keys: &[(&str, u64)], config: Option<(&str, &str)>) -> Self {
        let mut objects: BTreeMap<String, Body> =
            keys.iter().map(|(key, size)| (format!("{root}{key}"), Body { size: *size, text: None })).collect();
        if let Some((model, text)) = config {
            objects.insert(format!("{root}{model}/config.pbtxt"), Body { size: 1, text: Some(text.to_owned()) });
        }
        Self { root: root.to_owned(), objects, elsewhere: BTreeMap::new() }
    }

    fn present(&self) -> Present {
        let stored = |body: &Body| Stored { size: body.size, etag: format!("{body:?}") };
        Present {
            root: self.root.clone(),
            objects: self.objects.iter().map(|(key, body)| (key.clone(), stored(body))).collect(),
            configs: self.configs(),
        }
    }

    fn configs(&self) -> Configs {
        self.objects.iter().filter_map(|(key, body)| Some((key.clone(), body.text.clone()?))).collect()
    }

    fn model(&self, name: &str) -> Option<Model> {
        let keys = self.objects.iter().map(|(key, body)| (key.as_str(), body.size));
        triton::judge(keys, &self.root, &self.configs()).model(name).cloned()
    }

    fn config(&self, model: &str) -> Option<&str> {
        self.objects.get(&format!("{}{model}/config.pbtxt", self.root))?.text.as_deref()
    }

    fn at(&mut self, place: &Place) -> &mut BTreeMap<String, Body> {
        if place.bucket.is_some() { &mut self.elsewhere } else { &mut self.objects }
    }

    fn hold(&self, key: &str, condition: &Condition) {
        let there = self.objects.get(key);
        match condition {
            Condition::Absent => assert_eq!(there, None, "{key} should not be there"),
            Condition::Unchanged(etag) => {
                assert_eq!(Some(etag), there.map(|body| format!("{body:?}")).as_ref(), "{key} was changed");
            }
            Condition::Ours => {}
        }
    }

    fn apply(&mut self, step: &Step, files: &BTreeMap<String, u64>) {
        match step {
            Step::Upload { path, to, condition } => {
                if to.bucket.is_none() {
                    self.hold(&to.key, condition);
                }
                let body = Body { size: files[path], text: None };
                self.at(to).insert(to.key.clone(), body);
            }
            Step::Verify { path, at } => {
                assert_eq!(self.at(at).get(&at.key).map(|body| body.size), Some(files[path]), "{path}");
            }
            Step::Copy { from, to, condition } => {
                self.hold(to, condition);
                let body = self.at(from).get(&from.key).cloned().expect("it was staged");
                self.objects.insert(to.clone(), body);
            }
            Step::Config { key, text, condition, .. } => {
                self.hold(key, condition);
                self.objects.insert(key.clone(), Body { size: 1, text: Some(text.clone()) });
            }
            Step::Settle => {}
            Step::Marker { key, condition } => {
                self.hold(key, condition);
                self.objects.insert(key.clone(), Body { size: 0, text: None });
            }
            Step::Delete { at } => assert!(self.at(at).remove(&at.key).is_some(), "{at:?} is not there"),
        }
    }
}

fn batch(text: Option<&str>) -> Option<i64> {
    let document = pbtxt::parse(text?).expect("each config on the way can be read");
    assert_eq!(pbtxt::check(&document), [], "{text:?}");
    ModelConfig::of(&document).max_batch_size.map(|size| size.value)
}

fn served(bucket: &Bucket, model: &str) -> Vec<i64> {
    bucket.model(model).map(|model| model.served).unwrap_or_default()
}

/// Applies a publication, and asks after every write: is what Triton picks whole, is it what was
/// served before or what is to be served, and does it run with the config that belongs to it.
fn expect_all_or_nothing(start: &Bucket, request: &Request, plan: &Plan) -> Bucket {
    let mut bucket = start.clone();
    let model = &request.model;
    let old = served(start, model);
    let (old_batch, new_batch) = (batch(start.config(model)), batch(request.config.as_deref().or(start.config(model))));
    let mut files: BTreeMap<String, u64> = request.files.iter().map(|file| (file.path.clone(), file.size)).collect();
    files.extend(request.beside.iter().map(|file| (file.path.clone(), file.size)));
    let mut switched = false;
    for (n, step) in plan.steps.iter().enumerate() {
        bucket.apply(step, &files);
        let judged = bucket.model(model);
        let picked = judged.as_ref().map(Model::selected).unwrap_or_default();
        let now = served(&bucket, model);
        let told = format!(
            "after step {n}, {step:?}: picks {picked:?}, serves {now:?}, before {old:?}, plan {:?}",
            plan.serves
        );
        if picked.contains(&request.version) {
            for file in &request.files {
                let key = format!("{}{model}/{}/{}", bucket.root, request.version, file.path);
                assert_eq!(bucket.objects.get(&key).map(|body| body.size), Some(file.size), "{told}");
            }
        }
        switched |= now == plan.serves && (now != old || batch(bucket.config(model)) == new_batch);
        if now == plan.serves && switched {
            assert_eq!(batch(bucket.config(model)), new_batch, "{told}");
        } else {
            assert_eq!(now, old, "{told}");
            assert!(now.is_empty() || batch(bucket.config(model)) == old_batch, "{told}");
            assert!(!switched, "it went back: {told}");
        }
    }
    assert_eq!(served(&bucket, model), plan.serves);
    assert_eq!(bucket.elsewhere, BTreeMap::new(), "something was left behind");
    assert_eq!(bucket.config(model), request.config.as_deref().or(start.config(model)), "the config at the end");
    bucket
}

fn staged() -> Staging {
    Staging::Under { bucket: Some("staging".to_owned()), prefix: "7f3a".to_owned() }
}

fn request(model: &str, version: i64, files: &[&str], config: Option<&str>) -> Request {
    Request {
        model: model.to_owned(),
        version,
        files: files.iter().map(|path| NewFile { path: (*path).to_owned(), size: 50 }).collect(),
        beside: Vec::new(),
        config: config.map(ToOwned::to_owned),
        staging: staged(),
        may_pin: true,
    }
}

fn kinds(plan: &Plan) -> Vec<&'static str> {
    plan.steps
        .iter()
        .map(|step| match step {
            Step::Upload { to, .. } if to.bucket.is_some() => "stage",
            Step::Upload { .. } => "upload",
            Step::Verify { .. } => "verify",
            Step::Copy { .. } => "copy",
            Step::Config { why: ConfigWrite::Pin, .. } => "pin",
            Step::Config { why: ConfigWrite::Close, .. } => "close",
            Step::Config { why: ConfigWrite::Switch, .. } => "switch",
            Step::Marker { .. } => "marker",
            Step::Settle => "settle",
            Step::Delete { at } if at.bucket.is_some() => "clear",
            Step::Delete { .. } => "delete",
        })
        .collect()
}

#[test]
fn a_first_publication_of_one_file_writes_the_config_first() {
    let bucket = Bucket::with("", &[], None);
    let request = request("m", 1, &["model.onnx"], Some("backend: \"onnxruntime\" max_batch_size: 8"));
    let plan = publish(&bucket.present(), &request).expect("a plan");
    assert_eq!(kinds(&plan), ["stage", "verify", "switch", "copy", "verify", "clear"]);
    assert!(plan.atomic);
    expect_all_or_nothing(&bucket, &request, &plan);
}

#[test]
fn a_first_publication_of_two_files_is_closed_until_both_are_there() {
    let bucket = Bucket::with("prod/", &[("other/1/model.onnx", 9)], None);
    for config in [Some("backend: \"openvino\" max_batch_size: 2"), None] {
        let request = request("face", 3, &["model.xml", "model.bin"], config);
        let plan = publish(&bucket.present(), &request).expect("a plan");
        let end = if config.is_some() { "switch" } else { "delete" };
        assert_eq!(
            kinds(&plan),
            ["stage", "stage", "verify", "verify", "close", "copy", "copy", "verify", "verify", end, "clear", "clear"]
        );
        expect_all_or_nothing(&bucket, &request, &plan);
    }
}

#[test]
fn a_new_version_of_one_file_needs_no_pin() {
    let bucket = Bucket::with("", &[("m/1/model.onnx", 9)], None);
    let request = request("m", 2, &["model.onnx"], None);
    let plan = publish(&bucket.present(), &request).expect("a plan");
    assert_eq!(kinds(&plan), ["stage", "verify", "copy", "verify", "clear"]);
    expect_all_or_nothing(&bucket, &request, &plan);
}

#[test]
fn a_new_version_of_two_files_is_pinned_copied_and_switched() {
    let text = "# ours\nbackend: \"openvino\"\nmax_batch_size: 4\n";
    let bucket = Bucket::with("", &[("m/2/model.xml", 9), ("m/2/model.bin", 9)], Some(("m", text)));
    for config in [None, Some("backend: \"openvino\" max_batch_size: 8")] {
        let request = request("m", 10, &["model.xml", "model.bin"], config);
        let plan = publish(&bucket.present(), &request).expect("a plan");
        assert_eq!(
            kinds(&plan),
            [
                "stage", "stage", "verify", "verify", "pin", "settle", "copy", "copy", "verify", "verify", "switch",
                "clear", "clear"
            ]
        );
        assert_eq!(plan.serves, [10]);
        assert_eq!(plan.steps[4].to_string(), "pin m/config.pbtxt to the versions that are served now");
        assert_eq!(plan.steps[6].to_string(), "copy staging/7f3a/m/10/model.bin to m/10/model.bin");
        let Some(Step::Config { text: pin, .. }) = plan.steps.get(4) else { panic!("{:?}", plan.steps) };
        assert!(pin.starts_with("# ours\n") && pin.contains("versions: [ 2 ]"), "{pin}");
        expect_all_or_nothing(&bucket, &request, &plan);
    }
}

#[test]
fn a_version_that_the_policy_does_not_pick_needs_no_pin_and_that_is_said() {
    let bucket = Bucket::with("", &[("m/5/model.xml", 9), ("m/5/model.bin", 9)], None);
    let request = request("m", 3, &["model.bin", "model.xml"], None);
    let plan = publish(&bucket.present(), &request).expect("a plan");
    assert_eq!(plan.remarks, [Remark::WouldNotServe]);
    assert!(!kinds(&plan).contains(&"pin"));
    expect_all_or_nothing(&bucket, &request, &plan);
}

#[test]
fn where_there_is_no_place_outside_files_are_uploaded_behind_a_pin() {
    let bucket = Bucket::with("", &[("m/1/model.onnx", 9)], None);
    let mut request = request("m", 2, &["model.onnx"], None);
    request.staging = Staging::InPlace;
    let plan = publish(&bucket.present(), &request).expect("a plan");
    assert_eq!(kinds(&plan), ["pin", "settle", "upload", "verify", "delete"], "verified before the switch");
    expect_all_or_nothing(&bucket, &request, &plan);
    request.staging = Staging::Under { bucket: None, prefix: "staging".to_owned() };
    assert_eq!(publish(&bucket.present(), &request), Err(Refused::StagingInside("staging".to_owned())));
    let mut below = Bucket::with("prod/models/", &[("m/1/model.onnx", 9)], None).present();
    assert!(publish(&below, &request).is_ok());
    below.root = "/prod/models".to_owned();
    assert!(publish(&below, &request).is_ok_and(|plan| plan.serves == [2]), "slashes do not matter");
    for inside in ["prod/models", "prod/models/tmp", "prod", ""] {
        request.staging = Staging::Under { bucket: None, prefix: inside.to_owned() };
        assert_eq!(publish(&below, &request), Err(Refused::StagingInside(inside.to_owned())));
    }
}

#[test]
fn declined_pinning_is_said_to_be_not_atomic() {
    let bucket = Bucket::with("", &[("m/1/model.xml", 9), ("m/1/model.bin", 9)], None);
    let mut request = request("m", 2, &["model.xml", "model.bin"], None);
    request.may_pin = false;
    let plan = publish(&bucket.present(), &request).expect("a plan");
    assert!(!plan.atomic && plan.remarks.contains(&Remark::NotAtomic));
    let copies: Vec<&str> = plan
        .steps
        .iter()
        .filter_map(|step| match step {
            Step::Copy { to, .. } => Some(to.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(copies, ["m/2/model.bin", "m/2/model.xml"], "the file that is opened comes last");
}

#[test]
fn an_ensemble_is_a_config_and_a_marker() {
    let bucket = Bucket::with("", &[("a/1/model.onnx", 9)], None);
    let text = "platform: \"ensemble\" ensemble_scheduling { step { model_name: \"a\" model_version: -1 } }";
    let request = request("both", 1, &[], Some(text));
    let plan = publish(&bucket.present(), &request).expect("a plan");
    assert_eq!(kinds(&plan), ["switch", "marker"]);
    expect_all_or_nothing(&bucket, &request, &plan);
}

#[test]
fn what_triton_would_not_load_is_refused_before_anything_is_written() {
    let bucket = Bucket::with("", &[("m/1/model.onnx", 9)], None);
    let refused = |request: &Request| publish(&bucket.present(), request).expect_err("it is refused");
    assert_eq!(refused(&request("m", 1, &["model.onnx"], None)), Refused::VersionExists(1));
    assert_eq!(refused(&request("m", 0, &["model.onnx"], None)), Refused::VersionNumber(0));
    assert_eq!(refused(&request("a b", 1, &["model.onnx"], None)), Refused::Name("a b".to_owned()));
    for path in ["../x", "a//b", "", "a b", "/a", "a/"] {
        assert_eq!(refused(&request("m", 2, &["model.onnx", path], None)), Refused::Name(path.to_owned()));
    }
    assert_eq!(refused(&request("m", 2, &[], None)), Refused::NoFiles);
    assert!(matches!(refused(&request("m", 2, &["net.onnx"], None)), Refused::WouldNotLoad(_)));
    assert!(matches!(refused(&request("n", 1, &["model.xml"], None)), Refused::WouldNotLoad(_)));
    assert!(matches!(refused(&request("m", 2, &["model.onnx"], Some("nonsense"))), Refused::WouldNotLoad(_)));
    let mut labels = request("m", 2, &["model.onnx"], None);
    labels.beside = vec![NewFile { path: "1/model.onnx".to_owned(), size: 1 }];
    assert_eq!(refused(&labels), Refused::FileExists("m/1/model.onnx".to_owned()));
}

/// Applies a roll-back: after every write it is what was served before, or what is to be served, and
/// never again what was left.
fn expect_back(start: &Bucket, model: &str, plan: &Plan) -> Bucket {
    let mut bucket = start.clone();
    let old = served(start, model);
    let mut back = false;
    for step in &plan.steps {
        bucket.apply(step, &BTreeMap::new());
        let now = served(&bucket, model);
        assert!(
            now == plan.serves || (!back && now == old),
            "after {step:?}: {now:?} of {old:?} and {:?}",
            plan.serves
        );
        back |= now == plan.serves;
        let picked = bucket.model(model).map(|model| model.selected()).unwrap_or_default();
        assert!(!back || picked.iter().copied().eq(plan.serves.iter().copied()), "after {step:?}: {picked:?}");
    }
    assert_eq!(served(&bucket, model), plan.serves);
    bucket
}

#[test]
fn a_roll_back_switches_first_and_clears_up_after() {
    let text = "backend: \"openvino\"\nmax_batch_size: 4\n";
    let keys = [("m/2/model.xml", 9), ("m/2/model.bin", 9), ("m/3/model.xml", 9), ("m/3/model.bin", 9)];
    let bucket = Bucket::with("", &keys, Some(("m", text)));
    let wish = RollBack { model: "m".to_owned(), to: Some(2), remove: Some(3), config: None };
    let plan = roll_back(&bucket.present(), &wish).expect("a plan");
    assert_eq!(kinds(&plan), ["switch", "settle", "delete", "delete", "switch"]);
    let end = expect_back(&bucket, "m", &plan);
    assert_eq!(end.config("m"), Some(text));

    let keep = RollBack { remove: None, ..wish.clone() };
    let plan = roll_back(&bucket.present(), &keep).expect("a plan");
    assert_eq!((kinds(&plan), &plan.remarks[..]), (vec!["switch"], &[Remark::StaysPinned][..]));
    expect_back(&bucket, "m", &plan);

    let absent = RollBack { to: Some(9), ..wish.clone() };
    assert_eq!(roll_back(&bucket.present(), &absent), Err(Refused::NoSuchVersion(9)));
}

#[test]
fn a_roll_back_of_a_model_without_a_config_ends_without_one() {
    let keys = [("m/2/model.onnx", 9), ("m/10/model.onnx", 9), ("m/10/weights.bin", 9)];
    let bucket = Bucket::with("", &keys, None);
    let wish = RollBack { model: "m".to_owned(), to: Some(2), remove: Some(10), config: None };
    let plan = roll_back(&bucket.present(), &wish).expect("a plan");
    assert_eq!(kinds(&plan), ["switch", "settle", "delete", "delete", "delete"]);
    assert_eq!(expect_back(&bucket, "m", &plan).config("m"), None);
}

#[test]
fn a_first_publication_is_taken_back_whole() {
    let bucket = Bucket::with("", &[("m/1/model.xml", 9), ("m/1/model.bin", 9)], None);
    let wish = RollBack { model: "m".to_owned(), to: None, remove: Some(1), config: None };
    let plan = roll_back(&bucket.present(), &wish).expect("a plan");
    assert_eq!(kinds(&plan), ["close", "settle", "delete", "delete", "delete"]);
    let end = expect_back(&bucket, "m", &plan);
    assert_eq!(end.objects, BTreeMap::new());
}
