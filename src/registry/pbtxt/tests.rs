use super::*;
use proptest::prelude::*;

const CONFIG: &str = r#"# A detector.
name: "yolo"
platform: 'onnxruntime' "_onnx"
max_batch_size: 8
input [
  { name: "data", data_type: TYPE_FP32, format: FORMAT_NCHW; dims: [ 3, 640, 640 ] },
  { name: "size" data_type: TYPE_INT64 dims: 2 dims: -1 reshape: { shape: [ ] } }
]
output { name: "boxes" data_type: TYPE_FP32 dims: [ -1, 6 ] label_filename: "labels.txt" }
version_policy: { specific { versions: [ 1, 0x2 ] } }
instance_group < count: 2 kind: KIND_GPU gpus: [ 0, 1 ] >
dynamic_batching { preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 100 }
cc_model_filenames [ { key: "8.6" value: "sm86.onnx" } ]
parameters { key: "execution_mode" value: { string_value: "0" } }
model_transaction_policy { decoupled: True }
model_repository_agents { agents [ { name: "checksum" } ] }
model_warmup { name: "w" batch_size: 1 inputs { key: "data" value: { data_type: TYPE_FP32 dims: 3 input_data_file: "raw" } } }
"#;

fn document(text: &str) -> Document {
    parse(text).unwrap_or_else(|problem| panic!("{problem}: {text}"))
}

fn config(text: &str) -> ModelConfig {
    ModelConfig::of(&document(text))
}

#[test]
fn a_config_with_every_way_of_writing_is_read() {
    let config = config(CONFIG);
    assert_eq!(check(&document(CONFIG)), []);
    assert_eq!(config.name, Some(At { at: Position { line: 2, column: 7 }, value: "yolo".to_owned() }));
    assert_eq!(config.platform.map(|at| at.value).as_deref(), Some("onnxruntime_onnx"));
    assert_eq!(config.max_batch_size.map(|at| at.value), Some(8));
    assert_eq!(config.inputs.len(), 2);
    assert_eq!((&config.inputs[0].dims[..], config.inputs[0].format.as_str()), (&[3, 640, 640][..], "FORMAT_NCHW"));
    assert_eq!((&config.inputs[1].dims[..], &config.inputs[1].reshape), (&[2, -1][..], &Some(vec![])));
    assert_eq!(config.outputs[0].label_filename.as_deref(), Some("labels.txt"));
    assert_eq!(config.version_policy.map(|at| at.value), Some(VersionPolicy::Specific(vec![1, 2])));
    assert_eq!((config.instance_groups[0].count, &config.instance_groups[0].gpus[..]), (2, &[0, 1][..]));
    assert_eq!(config.dynamic_batching.expect("it is there").value.preferred[1].value, 8);
    assert_eq!(config.cc_model_filenames[0].value, ("8.6".to_owned(), "sm86.onnx".to_owned()));
    assert_eq!(config.parameters, [("execution_mode".to_owned(), "0".to_owned())]);
    assert!(config.decoupled && !config.response_cache);
    assert_eq!(config.agents[0].value, "checksum");
    assert_eq!(config.warmup.expect("it is there").value[0].value, "raw");
}

#[test]
fn policies_are_what_triton_makes_of_them() {
    let policy = |text: &str| config(text).version_policy.map(|at| at.value);
    assert_eq!(policy(""), None);
    assert_eq!(policy("version_policy { latest { } }"), Some(VersionPolicy::Latest(0)));
    assert_eq!(policy("version_policy: { latest: { num_versions: 2 } }"), Some(VersionPolicy::Latest(2)));
    assert_eq!(policy("version_policy { all { } }"), Some(VersionPolicy::All));
    assert_eq!(policy("version_policy { }"), Some(VersionPolicy::All));
    assert_eq!(
        policy("version_policy { specific { versions: 3 versions: 4 } }"),
        Some(VersionPolicy::Specific(vec![3, 4]))
    );
}

#[test]
fn an_ensembles_step_without_a_version_asks_for_version_0() {
    let config =
        config("ensemble_scheduling { step [ { model_name: \"a\" }, { model_name: \"b\" model_version: -1 } ] }");
    let steps = config.ensemble.expect("it is there").value;
    assert_eq!(steps.iter().map(|step| step.version).collect::<Vec<_>>(), [0, -1]);
}

#[test]
fn what_is_no_protobuf_text_has_its_place() {
    for (text, message) in [
        ("name \"a\"", "1:6: expected `:` or `{`, found `\"a\"`"),
        ("name: \"a\nb: 1", "1:7: a text in quotes does not end on its line"),
        ("a {\n  b: 1\n", "3:1: the text ends where `}` should be"),
        ("a: 1 }", "1:6: expected the name of a field, found `}`"),
        ("a { b: 1 >", "1:10: expected the name of a field, found `>`"),
        ("dims: [ 1, 2, ]", "1:15: expected a value, found `]`"),
        ("dims: [ 1 2 ]", "1:11: expected `,` or `]`, found `2`"),
        ("dims [ 1 ]", "1:8: a list of plain values needs a `:` before it"),
        ("a: 1x", "1:4: `1x` is no number"),
        ("a: 09", "1:4: `09` is no number"),
        ("a: \"\\q\"", "1:5: not an escape of protobuf's text format"),
        ("grün: 1", "1:3: expected `:` or `{`, found `ü`"),
        ("a: - b", "1:6: expected a number, found `b`"),
        ("a:", "1:3: the text ends where a value should be"),
    ] {
        assert_eq!(parse(text).expect_err(text).to_string(), message, "{text}");
    }
    let deep = "a { ".repeat(DEEPEST + 1);
    assert_eq!(parse(&deep).expect_err("deep").message, format!("messages nest deeper than {DEEPEST}"));
}

#[test]
fn what_triton_would_refuse_is_found_with_its_place() {
    let problems = |text: &str| check(&document(text)).iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(
        problems("name: yolo\nmax_batchsize: 8\ninput { data_type: TYPE_FLOAT32 dims: [ 1.5 ] }\n"),
        [
            "1:7: `name` takes a text in quotes, and this is `yolo`",
            "2:1: `max_batchsize` is no field of ModelConfig that is known here; did you mean `max_batch_size`?",
            "3:20: `data_type` takes one of its words, and this is `TYPE_FLOAT32`",
            "3:41: `dims` takes a whole number, and this is 1.5",
        ]
    );
    assert_eq!(
        problems("max_batch_size: 3000000000 version_policy { all { } latest { } } name: \"a\" name: \"b\""),
        [
            "1:17: `max_batch_size` takes a whole number from -2147483648 to 2147483647, and this is 3000000000",
            "1:53: `all` and `latest` exclude each other",
            "1:76: `name` is given more than once",
        ]
    );
    let doubtful: Vec<bool> = check(&document("new_field: 1 name: 1")).iter().map(|problem| problem.doubtful).collect();
    assert_eq!(doubtful, [true, false]);
    assert_eq!(
        problems("input { optional: 1 } parameters { key: \"a\" value: { string_value: \"b\" } }"),
        Vec::<String>::new()
    );
}

#[test]
fn another_policy_leaves_the_rest_as_it_was() {
    let text = "name: \"a\" # mine\n  version_policy: { latest { num_versions: 1 } },\nmax_batch_size: 4";
    let changed = with_version_policy(text, &document(text), &VersionPolicy::Specific(vec![3, 4]));
    assert_eq!(
        changed,
        "name: \"a\" # mine\nmax_batch_size: 4\nversion_policy: { specific: { versions: [ 3, 4 ] } }\n"
    );
    assert_eq!(config(&changed).version_policy.map(|at| at.value), Some(VersionPolicy::Specific(vec![3, 4])));
    let same_line = "a { } version_policy { all { } } b: 1";
    let changed = with_version_policy(same_line, &document(same_line), &VersionPolicy::All);
    assert_eq!(changed, "a { }  b: 1\nversion_policy: { all: { } }\n");
    assert_eq!(with_version_policy("", &document(""), &VersionPolicy::Latest(1)).lines().count(), 1);
}

#[test]
fn words_have_roles() {
    let roles = |spans: Vec<Span>, text: &str| -> Vec<(String, Role)> {
        spans.into_iter().map(|span| (text[span.range].to_owned(), span.role)).collect()
    };
    let text = "input [ { dims: -1 } ] # c\nkind: KIND_GPU ?";
    let found = roles(highlight_pbtxt(text), text);
    let of = |word: &str| found.iter().find(|(found, _)| found == word).map(|(_, role)| *role);
    assert_eq!((of("input"), of("dims"), of("kind")), (Some(Role::Name), Some(Role::Name), Some(Role::Name)));
    assert_eq!(
        (of("KIND_GPU"), of("1"), of("# c"), of("?")),
        (Some(Role::Word), Some(Role::Number), Some(Role::Comment), Some(Role::Wrong))
    );
    let text = r#"{"a": [1.5e-3, true, "b"]}"#;
    let found = roles(highlight_json(text), text);
    let of = |word: &str| found.iter().find(|(found, _)| found == word).map(|(_, role)| *role);
    assert_eq!(
        (of("\"a\""), of("\"b\""), of("true"), of("1.5e-3")),
        (Some(Role::Name), Some(Role::Text), Some(Role::Word), Some(Role::Number))
    );
}

/// Any text is read to an end, coloured and checked, and what was found lies within it.
fn any_text_is_bounded(text: &str) {
    for spans in [highlight_pbtxt(text), highlight_json(text)] {
        let mut end = 0;
        for span in spans {
            assert!(span.range.start >= end && text.get(span.range.clone()).is_some(), "{span:?} of {text:?}");
            end = span.range.end;
        }
    }
    match parse(text) {
        Ok(document) => {
            let (problems, policy) = (check(&document), VersionPolicy::Specific(vec![7]));
            assert!(problems.windows(2).all(|pair| pair[0].at <= pair[1].at));
            let changed = with_version_policy(text, &document, &policy);
            let changed = parse(&changed).unwrap_or_else(|problem| panic!("{problem}: {text:?} became {changed:?}"));
            assert_eq!(ModelConfig::of(&changed).version_policy.map(|at| at.value), Some(policy));
        }
        Err(problem) => {
            let lines = u32::try_from(text.split('\n').count()).expect("it is short");
            assert!((1..=lines).contains(&problem.at.line) && problem.at.column >= 1, "{problem}: {text:?}");
        }
    }
}

proptest! {
    #[test]
    fn any_characters_are_bounded(text in "\\PC{0,80}") {
        any_text_is_bounded(&text);
    }

    #[test]
    fn any_pieces_of_the_language_are_bounded(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "name", "version_policy", "input", "dims", "specific", "versions", ":", "{", "}", "<", ">", "[", "]", ",", ";", "-",
                "\"a\"", "'b\\n'", "\"\\", "1", "0x1f", "1e9", "-", "#c\n", "\n", " ", "true", "nan", "\u{feff}", "é", ".", "/", "\r\n",
            ]),
            0..40,
        ),
    ) {
        any_text_is_bounded(&pieces.concat());
    }

    #[test]
    fn a_changed_config_is_bounded(at in 0..CONFIG.len(), length in 0..30_usize, put in "[{}<>\\[\\]:,;\"'#\\\\a1 -]{0,5}") {
        let mut text = CONFIG.to_owned();
        text.replace_range(at..(at + length).min(CONFIG.len()), &put);
        any_text_is_bounded(&text);
    }
}
