//! The corpus of `tests/fixtures/repositories.toml`: what is to be found in each repository is found,
//! nothing else is, and every rule has a case that fires it and one that comes near and must not.

use super::*;
use crate::registry::inspect::{Archive, Content, Details, Dim, Kind, Note, Onnx, Plan, Port, Report};
use std::collections::{BTreeMap, BTreeSet};
use toml::Value;

const CORPUS: &str = include_str!("../../../tests/fixtures/repositories.toml");

fn corpus() -> toml::Table {
    CORPUS.parse().expect("the corpus is TOML")
}

fn cases<'a>(corpus: &'a toml::Table, kind: &str) -> Vec<&'a toml::Table> {
    let list = corpus.get(kind).and_then(Value::as_array).expect("there are such cases");
    list.iter().map(|case| case.as_table().expect("a case is a table")).collect()
}

fn texts(case: &toml::Table, key: &str) -> Vec<String> {
    let list = case.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
}

/// A repository of the corpus: its keys, the texts of its configs, and its root.
fn objects(case: &toml::Table) -> (Vec<(String, u64)>, Configs, String) {
    let root = case.get("root").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut keys: Vec<(String, u64)> = texts(case, "keys")
        .into_iter()
        .map(|key| match key.split_once('=') {
            Some((key, size)) => (key.to_owned(), size.parse().expect("a size")),
            None => (key, 100),
        })
        .collect();
    let mut configs = Configs::new();
    for (model, text) in case.get("configs").and_then(Value::as_table).into_iter().flatten() {
        let key = format!("{model}/config.pbtxt");
        let text = text.as_str().expect("a text").to_owned();
        keys.push((key.clone(), u64::try_from(text.len()).expect("it is short")));
        configs.insert(key, text);
    }
    keys.sort();
    (keys, configs, root)
}

fn judged(case: &toml::Table) -> Repository {
    let (keys, configs, root) = objects(case);
    judge(keys.iter().map(|(key, size)| (key.as_str(), *size)), &root, &configs)
}

fn line(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    format!("{} {severity} {}", finding.rule.id(), finding.key)
}

fn expected(case: &toml::Table) -> Vec<String> {
    let mut finds = texts(case, "finds");
    if let Some(extra) = case.get("extra").and_then(Value::as_table) {
        finds.extend(texts(extra, "finds"));
    }
    finds.sort();
    finds
}

#[test]
fn every_repository_has_the_findings_that_it_should_and_no_others() {
    let corpus = corpus();
    let repositories = cases(&corpus, "repository");
    assert!(repositories.len() >= 40, "{} repositories", repositories.len());
    let mut wrong = Vec::new();
    for case in repositories {
        let name = case["name"].as_str().expect("a case has a name");
        let repository = judged(case);
        let mut found: Vec<String> = repository.findings.iter().map(line).collect();
        found.sort();
        let would_serve: BTreeMap<&str, &[i64]> = repository
            .models
            .iter()
            .filter(|m| !m.served.is_empty())
            .map(|m| (m.name.as_str(), &m.served[..]))
            .collect();
        let serves: BTreeMap<&str, Vec<i64>> = case
            .get("serves")
            .and_then(Value::as_table)
            .into_iter()
            .flatten()
            .map(|(model, list)| {
                let list = list.as_array().expect("a list").iter();
                (model.as_str(), list.map(|version| version.as_integer().expect("a number")).collect())
            })
            .collect();
        if found != expected(case) {
            wrong.push(format!("{name}:\n  found    {found:?}\n  expected {:?}", expected(case)));
        }
        if would_serve != serves.iter().map(|(model, list)| (*model, &list[..])).collect() {
            wrong.push(format!("{name}:\n  serves   {would_serve:?}\n  expected {serves:?}"));
        }
        for finding in &repository.findings {
            assert!(!finding.what.is_empty() && !finding.fix.is_empty(), "{name}: {finding:?}");
            assert!(!finding.what.ends_with('.') && !finding.fix.ends_with('.'), "{name}: {finding:?}");
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_url_is_read_as_triton_reads_it() {
    let corpus = corpus();
    for case in cases(&corpus, "url") {
        let text = case["text"].as_str().expect("a URL");
        let (url, findings) = judge_url(text);
        let mut found: Vec<String> =
            findings.iter().map(|finding| line(finding).trim_end_matches(text).trim().to_owned()).collect();
        found.sort();
        assert_eq!(found, expected(case), "{text}");
        let reads = case.get("reads").and_then(Value::as_str);
        assert_eq!(url.map(|url| url.to_string()).as_deref(), reads, "{text}");
        assert!(findings.iter().all(|finding| !finding.fix.is_empty()), "{text}");
    }
}

fn access(case: &toml::Table) -> Access {
    let may = case["may"].as_table().expect("a table");
    let verdict = |request: &str| match may.get(request).and_then(Value::as_str) {
        Some("yes") => Verdict::Allowed,
        Some(code) => Verdict::Denied(code.to_owned()),
        None => Verdict::Unknown,
    };
    Access {
        head_bucket: verdict("head_bucket"),
        list: verdict("list"),
        head_object: verdict("head_object"),
        get_object: verdict("get_object"),
    }
}

#[test]
fn every_key_is_told_what_it_lacks() {
    let corpus = corpus();
    for case in cases(&corpus, "access") {
        let access = access(case);
        let found: Vec<&str> = judge_access(&access, "models").iter().map(|finding| finding.rule.id()).collect();
        assert_eq!(found, expected(case), "{}", case["name"]);
        assert_eq!(access.is_enough(), case.get("enough").is_some(), "{}", case["name"]);
    }
}

fn ports(case: &toml::Table, key: &str) -> Vec<Port> {
    texts(case, key)
        .iter()
        .map(|text| {
            let mut words = text.split(' ').map(ToOwned::to_owned);
            let mut next = || words.next().expect("a name and a type");
            let (name, dtype) = (next(), next());
            let dims = words.map(|dim| match dim.parse() {
                Ok(size) => Dim::Fixed(size),
                Err(_) if dim == "?" => Dim::Any,
                Err(_) => Dim::Named(dim),
            });
            Port { name, dtype, dims: Some(dims.collect()) }
        })
        .collect()
}

/// What an inspector would say of a file of this kind.
fn report(case: &toml::Table) -> Report {
    let archive = |content| Details::Archive(Archive { content, ..Archive::default() });
    let (kind, details, notes) = match case["file"].as_str().expect("a kind") {
        "onnx" => {
            let (inputs, outputs) = (ports(case, "inputs"), ports(case, "outputs"));
            let onnx = Onnx { inputs: Some(inputs), outputs: Some(outputs), ..Onnx::default() };
            (Kind::Onnx, Details::Onnx(onnx), vec![])
        }
        "lfs" => (Kind::GitLfs, Details::Unknown, vec![]),
        "zip" => (Kind::Zip, archive(Content::Files), vec![]),
        "torchscript" => (Kind::Zip, archive(Content::TorchScript), vec![]),
        "checkpoint" => (Kind::Zip, archive(Content::TorchCheckpoint), vec![]),
        "engine" => (Kind::TensorRt, Details::Plan(Plan { version: Some([10, 3, 0, 26]) }), vec![Note::SameGpu]),
        "ultralytics" => {
            (Kind::TensorRt, Details::Plan(Plan { version: None }), vec![Note::ForeignHeader("Ultralytics")])
        }
        "cut" => (Kind::Zip, Details::Unknown, vec![Note::Bad("has no directory of a zip archive at its end")]),
        other => panic!("{other}"),
    };
    Report { kind, size: 100, read: 100, details, notes }
}

#[test]
fn every_model_file_is_held_against_its_config() {
    let corpus = corpus();
    for case in cases(&corpus, "contents") {
        let config = case["config"].as_str().expect("a text").to_owned();
        let configs = Configs::from([("m/config.pbtxt".to_owned(), config)]);
        let repository = judge([("m/1/model.onnx", 100), ("m/config.pbtxt", 10)], "", &configs);
        let model = repository.model("m").expect("it is there");
        let keys = contents_wanted(model);
        assert_eq!(keys, ["m/1/model.onnx"], "{}", case["name"]);
        let findings = judge_contents(model, &keys[0], &report(case));
        let mut found: Vec<String> = findings.iter().map(line).collect();
        found.sort();
        assert_eq!(found, expected(case), "{}", case["name"]);
        assert!(findings.iter().all(|finding| finding.model.as_deref() == Some("m") && !finding.fix.is_empty()));
    }
}

#[test]
fn every_rule_has_a_case_that_fires_it_and_one_that_must_not() {
    let corpus = corpus();
    let all = ["repository", "url", "access", "contents"].into_iter().flat_map(|kind| cases(&corpus, kind));
    let (mut shown, mut spared) = (BTreeSet::new(), BTreeSet::new());
    for case in all {
        let fires: BTreeSet<String> =
            expected(case).iter().map(|find| find.split(' ').next().unwrap_or_default().to_owned()).collect();
        for rule in texts(case, "spares") {
            assert!(Rule::ALL.iter().any(|known| known.id() == rule), "there is no rule {rule}");
            assert!(!fires.contains(&rule), "a case fires {rule} and spares it");
            spared.insert(rule);
        }
        shown.extend(fires);
    }
    let ids: BTreeSet<String> = Rule::ALL.iter().map(|rule| rule.id().to_owned()).collect();
    assert_eq!(ids.len(), Rule::ALL.len(), "two rules have the same id");
    assert_eq!(ids.difference(&shown).collect::<Vec<_>>(), Vec::<&String>::new(), "never fired");
    assert_eq!(ids.difference(&spared).collect::<Vec<_>>(), Vec::<&String>::new(), "never spared");
}

#[test]
fn a_config_that_was_not_read_is_not_judged() {
    let repository = judge([("m/1/model.onnx", 1), ("m/config.pbtxt", 1)], "", &Configs::new());
    assert_eq!(repository.findings, []);
    assert_eq!((repository.served(), repository.unread().count()), (0, 1));
    assert_eq!(config_keys(["a/m/config.pbtxt", "a/m/1/config.pbtxt", "b/config.pbtxt"], "/a/"), ["a/m/config.pbtxt"]);
}

#[test]
fn of_one_rule_only_so_many_findings_are_kept_and_the_rest_is_counted() {
    let keys: Vec<String> = (0..200).map(|n| format!("m/1/a b{n}")).collect();
    let mut objects: Vec<(&str, u64)> = keys.iter().map(|key| (key.as_str(), 1)).collect();
    objects.push(("m/1/model.onnx", 1));
    let repository = judge(objects, "", &Configs::new());
    assert_eq!(repository.findings.len(), MOST_OF_A_RULE);
    assert_eq!(repository.more, BTreeMap::from([(Rule::InnerNameCharacters, 150)]));
    assert_eq!(repository.served(), 1);
}

#[test]
fn a_start_is_counted_request_by_request() {
    let keys = [("m/1/model.onnx", 1000), ("m/config.pbtxt", 10)];
    let configs = Configs::from([("m/config.pbtxt".to_owned(), "backend: \"onnxruntime\"".to_owned())]);
    let repository = judge(keys, "", &configs);
    let forecast = forecast(&repository, keys);
    // A look at the whole: the models (list, then whether m is a directory), and for m, 1 and the two
    // files when they were changed.
    let poll = Calls { head_bucket: 1 + 4 * 2, list: 1 + 1 + 4 * 2 + 2, head_object: 2, get_object: 0 };
    assert_eq!(forecast.poll, poll);
    let start = forecast.start;
    assert_eq!((start.head_object, start.get_object), (2 + 2, 1 + 2));
    assert_eq!(start.head_bucket, 2 + poll.head_bucket + 2 + 2 + 2 + (2 + 3));
    assert_eq!(start.list, poll.list + 2 + (1 + 2) + 1 + (1 + 2) + (2 + 1 + 3 + 1));
    assert_eq!((forecast.copied, forecast.disk), (1010, 1010));
    let line = start.time(std::time::Duration::from_millis(300));
    assert!(line > std::time::Duration::from_secs(10), "{line:?}");
}

#[test]
fn every_version_that_is_served_copies_the_whole_model() {
    let keys = [("m/1/model.onnx", 1000), ("m/2/model.onnx", 500), ("m/config.pbtxt", 10)];
    let configs = Configs::from([("m/config.pbtxt".to_owned(), "version_policy { all { } }".to_owned())]);
    assert_eq!(forecast(&judge(keys, "", &configs), keys).copied, 2 * 1510);
}

/// Any keys and any texts are judged to an end, and what is said of them holds together.
fn any_repository_is_judged(keys: &[(String, u64)], root: &str, text: &str) {
    let objects = || keys.iter().map(|(key, size)| (key.as_str(), *size));
    let configs: Configs = config_keys(keys.iter().map(|(key, _)| key.as_str()), root)
        .into_iter()
        .map(|key| (key, text.to_owned()))
        .collect();
    let repository = judge(objects(), root, &configs);
    assert!(repository.findings.windows(2).all(|pair| pair[0].severity >= pair[1].severity));
    for model in &repository.models {
        let selected = model.selected();
        assert!(model.served.iter().all(|version| selected.contains(version)), "{model:?}");
        let mended = repository.of(&model.name).all(|finding| finding.severity < Severity::Error);
        assert!(mended || model.served.is_empty(), "{model:?} has errors, and is served: {:?}", repository.findings);
        for key in contents_wanted(model) {
            assert!(keys.iter().any(|(known, _)| *known == key), "{key}");
        }
    }
    let forecast = forecast(&repository, objects());
    assert!(forecast.start.total() >= forecast.poll.total());
}

proptest::proptest! {
    #[test]
    fn any_keys_are_judged(
        keys in proptest::collection::vec((
            proptest::collection::vec(
                proptest::sample::select(vec![
                    "m", "n", "/", "/", "/", "1", "2", "01", "2.bak", "config.pbtxt", "model.onnx", "model.xml", "model.py", "warmup",
                    "9223372036854775808", "-1", " ", "é", "\u{202e}", "model.plan", "ensemble", "//", "..",
                ]),
                0..8,
            ),
            0..3_u64,
        ), 0..12),
        root in proptest::sample::select(vec!["", "m", "m/", "/n"]),
        text in "\\PC{0,30}",
    ) {
        let keys: Vec<(String, u64)> = keys.into_iter().map(|(parts, size)| (parts.concat(), size)).collect();
        any_repository_is_judged(&keys, root, &text);
    }

    #[test]
    fn any_configs_of_models_are_judged(
        fields in proptest::collection::vec(
            proptest::sample::select(vec![
                "name: \"m\"", "platform: \"ensemble\"", "platform: \"onnxruntime_onnx\"", "backend: \"onnxruntime\"", "backend: \"tensorrt\"",
                "ensemble_scheduling { step { model_name: \"n\" model_version: -1 } }", "ensemble_scheduling { step { model_name: \"m\" } }",
                "version_policy { latest { num_versions: 4294967295 } }", "version_policy { specific { versions: [ -9223372036854775808 ] } }",
                "version_policy { all { } }", "max_batch_size: -2147483648", "input { dims: [ -9223372036854775808 ] }",
                "instance_group { kind: KIND_CPU gpus: 1 }", "cc_model_filenames { }", "default_model_filename: \"../../x\"",
                "model_warmup { inputs { value { input_data_file: \"/\" } } }", "output { label_filename: \"a//b\" }", "optimization { }",
            ]),
            0..6,
        ),
    ) {
        let keys: Vec<(String, u64)> =
            ["m/1/model.onnx", "m/config.pbtxt", "n/1/=", "n/config.pbtxt", "n/2/model.plan"].map(|key| (key.replace('=', ""), 5)).to_vec();
        any_repository_is_judged(&keys, "", &fields.join("\n"));
    }
}
