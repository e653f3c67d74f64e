//! Files as their writers write them, and bytes that no writer writes. The number of cases follows
//! `PROPTEST_CASES`; a long run is `PROPTEST_CASES=200000 cargo test inspect`.

use super::*;
use proptest::prelude::*;

/// Reads an object as a caller does, and holds the inspector to what it promises.
fn inspect_all(key: &str, object: &[u8], said: u64) -> Report {
    let mut inspector = Inspector::new(key, said);
    let mut read = Vec::<Range<u64>>::new();
    while let Some(range) = inspector.wants() {
        assert!(range.start < range.end && range.end <= said, "{range:?} of {said}");
        assert!(read.iter().all(|other| range.end <= other.start || other.end <= range.start), "{range:?}: {read:?}");
        read.push(range.clone());
        assert!(read.len() <= usize::try_from(MOST_ASKS).expect("it is small"), "{read:?}");
        let from = usize::try_from(range.start).unwrap_or(usize::MAX).min(object.len());
        let to = usize::try_from(range.end).unwrap_or(usize::MAX).min(object.len());
        inspector.give(&object[from..to]);
    }
    let report = inspector.report();
    assert!(report.read <= CAP, "{} bytes read", report.read);
    assert_eq!(report.read, read.iter().map(|range| range.end - range.start).sum::<u64>());
    report
}

fn whole(key: &str, object: &[u8]) -> Report {
    inspect_all(key, object, u64::try_from(object.len()).expect("it is short"))
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let byte = u8::try_from(value & 0x7f).expect("seven bits");
        value >>= 7;
        out.push(if value > 0 { byte | 0x80 } else { byte });
        if value == 0 {
            return out;
        }
    }
}

fn number(field: u64, value: u64) -> Vec<u8> {
    [varint(field << 3), varint(value)].concat()
}

fn bytes(field: u64, value: &[u8]) -> Vec<u8> {
    [varint(field << 3 | 2), varint(u64::try_from(value.len()).expect("short")), value.to_vec()].concat()
}

fn value_info(name: &str, dims: &[Dim]) -> Vec<u8> {
    let dims = dims.iter().flat_map(|dim| {
        let dim = match dim {
            Dim::Fixed(size) => number(1, *size),
            Dim::Named(name) => bytes(2, name.as_bytes()),
            Dim::Any => Vec::new(),
        };
        bytes(1, &dim)
    });
    let tensor = [number(1, 1), bytes(2, &dims.collect::<Vec<_>>())].concat();
    [bytes(1, name.as_bytes()), bytes(2, &bytes(1, &tensor))].concat()
}

/// A network of some nodes and weights; `shapes` inner shapes stand behind the outputs.
fn onnx(nodes: usize, weights: usize, weight: usize, shapes: usize) -> Vec<u8> {
    let mut graph = Vec::new();
    for node in 0..nodes {
        graph.extend(bytes(1, format!("\n\u{1}x\u{12}\u{1}y\"\u{4}Conv{node:0100}").as_bytes()));
    }
    graph.extend(bytes(2, b"torch_jit"));
    for n in 0..weights {
        // Weights full of bytes that look like the tags of inputs and outputs.
        let raw: Vec<u8> = (0..weight).map(|at| [0x5a, 0x04, 0x62, 0x0a][(at + n) % 4]).collect();
        graph.extend(bytes(5, &[number(2, 1), bytes(8, b"w"), bytes(9, &raw)].concat()));
    }
    graph.extend(bytes(11, &value_info("data", &[Dim::Named("batch".into()), Dim::Fixed(3), Dim::Any])));
    graph.extend(bytes(12, &value_info("prob", &[Dim::Fixed(1), Dim::Fixed(1000)])));
    for n in 0..shapes {
        graph.extend(bytes(13, &value_info(&format!("/layer/{n}"), &[Dim::Fixed(1), Dim::Fixed(64)])));
    }
    let opset = [bytes(1, b""), number(2, 17)].concat();
    [
        number(1, 8),
        bytes(2, b"pytorch"),
        bytes(3, b"2.5.1"),
        bytes(7, &graph),
        bytes(8, &opset),
        bytes(14, &[bytes(1, b"task"), bytes(2, b"detect")].concat()),
    ]
    .concat()
}

fn network(report: &Report) -> &Onnx {
    match &report.details {
        Details::Onnx(onnx) => onnx,
        other => panic!("{other:?}"),
    }
}

fn expect_ports(onnx: &Onnx) {
    let inputs = onnx.inputs.as_deref().expect("inputs were found");
    let outputs = onnx.outputs.as_deref().expect("outputs were found");
    assert_eq!(inputs.len(), 1);
    assert_eq!((inputs[0].name.as_str(), inputs[0].dtype.as_str()), ("data", "float"));
    let shown: Vec<String> = inputs[0].dims.iter().flatten().map(ToString::to_string).collect();
    assert_eq!(shown, ["batch", "3", "?"]);
    assert_eq!((outputs.len(), outputs[0].name.as_str()), (1, "prob"));
}

#[test]
fn a_small_network_is_read_at_once() {
    let report = whole("m/1/model.onnx", &onnx(3, 2, 100, 0));
    assert_eq!(report.kind, Kind::Onnx);
    let onnx = network(&report);
    assert_eq!((onnx.ir_version, onnx.producer.as_str()), (Some(8), "pytorch 2.5.1"));
    assert_eq!(onnx.opsets, [Opset { domain: String::new(), version: 17 }]);
    assert_eq!(onnx.metadata, [("task".to_owned(), "detect".to_owned())]);
    expect_ports(onnx);
    assert!(report.notes.is_empty(), "{:?}", report.notes);
}

#[test]
fn a_large_network_is_read_from_its_end_in_two_ranges() {
    let object = onnx(3000, 40, 100_000, 20);
    let report = whole("model.onnx", &object);
    let onnx = network(&report);
    expect_ports(onnx);
    assert_eq!(onnx.opsets.len(), 1, "behind the graph");
    assert_eq!(report.notes, [Note::FromTheEnd]);
    assert!(report.read <= 84 * 1024, "{} of {} bytes were read", report.read, object.len());
}

#[test]
fn behind_many_inner_shapes_a_longer_end_is_read_and_then_it_is_said_that_it_was_not_reached() {
    let report = whole("model.onnx", &onnx(1000, 40, 100_000, 2500));
    expect_ports(network(&report));
    let report = whole("model.onnx", &onnx(1000, 400, 20_000, 20_000));
    assert_eq!(network(&report).inputs, None);
    assert_eq!(network(&report).opsets.len(), 1);
    assert_eq!(report.notes, [Note::NotReached("inputs and outputs")]);
}

#[test]
fn a_few_large_weights_are_jumped_over() {
    let report = whole("model.onnx", &onnx(20, 3, 1_000_000, 20_000));
    expect_ports(network(&report));
    assert!(report.notes.is_empty(), "{:?}", report.notes);
}

#[test]
fn a_network_that_was_cut_says_so() {
    let object = onnx(100, 4, 10_000, 0);
    let report = whole("model.onnx", &object[..object.len() / 2]);
    assert!(report.notes.contains(&Note::Cut("the model's header")), "{:?}", report.notes);
    assert_eq!(network(&report).ir_version, Some(8));
}

fn safetensors(tensors: usize) -> Vec<u8> {
    let entries: Vec<String> = (0..tensors)
        .map(|n| {
            format!(r#""layer.{n}.weight":{{"dtype":"F16","shape":[2,3],"data_offsets":[{},{}]}}"#, n * 12, n * 12 + 12)
        })
        .collect();
    let header = format!(r#"{{"__metadata__":{{"format":"pt"}},{}}}"#, entries.join(","));
    let mut object = u64::try_from(header.len()).expect("short").to_le_bytes().to_vec();
    object.extend(header.as_bytes());
    object.extend(vec![0; tensors * 12]);
    object
}

#[test]
fn safetensors_are_counted_and_measured() {
    let object = safetensors(3);
    let report = whole("model.safetensors", &object);
    let Details::Safetensors(found) = &report.details else { panic!("{report:?}") };
    assert_eq!((found.parameters, found.dtypes.get("F16"), found.whole), (18, Some(&3), true));
    assert_eq!(found.metadata, [("format".to_owned(), "pt".to_owned())]);
    assert!(report.notes.is_empty(), "{:?}", report.notes);

    let report = whole("model.safetensors", &object[..object.len() - 5]);
    let size = u64::try_from(object.len()).expect("short");
    assert_eq!(report.notes, [Note::Size { said: size, found: size - 5 }]);
}

#[test]
fn a_header_that_is_too_long_gives_its_first_tensors() {
    let report = whole("model.safetensors", &safetensors(10_000));
    let Details::Safetensors(found) = &report.details else { panic!("{report:?}") };
    assert!(!found.whole && found.tensors.len() > 2000, "{} tensors", found.tensors.len());
    assert_eq!(report.notes, [Note::NotReached("the rest of the tensors")]);
    assert_eq!(report.read, CAP);
}

fn gguf(words: usize) -> Vec<u8> {
    let text = |text: &str| [&u64::try_from(text.len()).expect("short").to_le_bytes()[..], text.as_bytes()].concat();
    let mut object = b"GGUF\x03\0\0\0".to_vec();
    object.extend(1_u64.to_le_bytes());
    object.extend(3_u64.to_le_bytes());
    object.extend([text("general.architecture"), 8_u32.to_le_bytes().to_vec(), text("llama")].concat());
    object
        .extend([text("llama.context_length"), 4_u32.to_le_bytes().to_vec(), 4096_u32.to_le_bytes().to_vec()].concat());
    object.extend([text("tokenizer.ggml.tokens"), 9_u32.to_le_bytes().to_vec(), 8_u32.to_le_bytes().to_vec()].concat());
    object.extend(u64::try_from(words).expect("short").to_le_bytes());
    (0..words).for_each(|n| object.extend(text(&format!("word{n}"))));
    object.extend([text("token_embd.weight"), 2_u32.to_le_bytes().to_vec()].concat());
    object.extend([4_u64.to_le_bytes(), 8_u64.to_le_bytes()].concat());
    object.extend([&12_u32.to_le_bytes()[..], &0_u64.to_le_bytes()].concat());
    object
}

#[test]
fn gguf_settings_and_tensors_are_read_as_far_as_they_are_reached() {
    let report = whole("m.gguf", &gguf(10));
    let Details::Gguf(found) = &report.details else { panic!("{report:?}") };
    assert_eq!((found.architecture.as_str(), found.setting("llama.context_length")), ("llama", Some("4096")));
    assert_eq!(found.setting("tokenizer.ggml.tokens"), Some("10 × text"));
    assert_eq!(found.tensors, [Tensor { name: "token_embd.weight".into(), dtype: "Q4_K".into(), shape: vec![4, 8] }]);
    assert!(report.notes.is_empty(), "{:?}", report.notes);

    let report = whole("m.gguf", &gguf(100_000));
    let Details::Gguf(found) = &report.details else { panic!("{report:?}") };
    assert_eq!((found.settings.len(), found.tensors.len()), (2, 0));
    assert_eq!(report.notes, [Note::NotReached("the rest of the settings, and the tensors")]);
}

fn zip(names: &[&str], comment: usize, data: usize) -> Vec<u8> {
    let (mut object, mut directory) = (Vec::new(), Vec::new());
    for name in names {
        let length = u16::try_from(name.len()).expect("short");
        let at = u32::try_from(object.len()).expect("short");
        object.extend(b"PK\x03\x04");
        object.extend(vec![7; data]);
        let size = u32::try_from(data).expect("short");
        directory.extend(b"PK\x01\x02");
        directory.extend([0; 16]);
        directory.extend([size.to_le_bytes(), size.to_le_bytes()].concat());
        directory.extend([length.to_le_bytes(), [0, 0], [0, 0]].concat());
        directory.extend([0; 8]);
        directory.extend(at.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let start = u32::try_from(object.len()).expect("short");
    let count = u16::try_from(names.len()).expect("short");
    object.extend(&directory);
    object.extend(b"PK\x05\x06\0\0\0\0");
    object.extend([count.to_le_bytes(), count.to_le_bytes()].concat());
    object.extend(u32::try_from(directory.len()).expect("short").to_le_bytes());
    object.extend(start.to_le_bytes());
    object.extend(u16::try_from(comment).expect("short").to_le_bytes());
    object.extend(vec![b' '; comment]);
    object
}

#[test]
fn an_archive_says_what_is_in_it() {
    for (names, content) in [
        (&["m/data.pkl", "m/constants.pkl", "m/code/__torch__.py", "m/data/0"][..], Content::TorchScript),
        (&["m/data.pkl", "m/version", "m/data/0"], Content::TorchCheckpoint),
        (&["m/archive_format", "m/models/model.json"], Content::TorchExport),
        (&["a.npy", "b.npy"], Content::Npz),
        (&["README.md"], Content::Files),
    ] {
        for (comment, data) in [(0, 10), (3000, 200_000)] {
            let report = whole("model.pt", &zip(names, comment, data));
            let Details::Archive(found) = &report.details else { panic!("{report:?}") };
            assert_eq!((found.content, found.entries.len()), (content, names.len()), "{names:?}");
            assert!(report.notes.is_empty(), "{:?}", report.notes);
        }
    }
    let report = whole("model.pt", &zip(&["m/data.pkl"], 0, 100_000)[..50_000]);
    assert_eq!(report.notes, [Note::Bad("has no directory of a zip archive at its end")]);
}

#[test]
fn a_tar_is_listed_as_far_as_it_is_cheap() {
    let entry = |name: &str, size: usize| {
        let mut block = vec![0; 512 + size.next_multiple_of(512)];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{size:011o}").as_bytes());
        block[257..263].copy_from_slice(b"ustar\0");
        block
    };
    let object = [entry("a/model.onnx", 100_000), entry("a/labels.txt", 3), vec![0; 1024]].concat();
    let report = whole("models.tar", &object);
    let Details::Tar(found) = &report.details else { panic!("{report:?}") };
    assert!(found.whole);
    let names: Vec<_> = found.entries.iter().map(|entry| (entry.name.as_str(), entry.size)).collect();
    assert_eq!(names, [("a/model.onnx", 100_000), ("a/labels.txt", 3)]);

    let many: Vec<u8> = (0..20).flat_map(|n| entry(&format!("part{n}"), 50_000)).collect();
    let report = whole("models.tar", &many);
    assert_eq!(report.notes, [Note::NotReached("the rest of the archive")]);
}

#[test]
fn texts_are_counted_and_an_object_that_ends_early_is_no_trouble() {
    let report = whole("config.pbtxt", b"\xef\xbb\xbfname: \"a\"\r\nplatform: \"b\"");
    let text = Text { lines: 2, whole: true, crlf: true, mark: true };
    assert_eq!((report.kind, report.details), (Kind::Pbtxt, Details::Text(text)));
    assert_eq!(inspect_all("x.txt", b"abc", 1 << 40).size, 3, "the listing was wrong about the size");
    assert_eq!(whole("x", b"").kind, Kind::Empty);
}

/// Objects of every kind that is looked into, for bytes that are nearly right.
static SAMPLES: std::sync::LazyLock<Vec<(&str, Vec<u8>)>> = std::sync::LazyLock::new(|| {
    vec![
        ("model.onnx", onnx(4, 2, 60, 2)),
        ("model.onnx", onnx(4, 2, 30_000, 2)),
        ("model.safetensors", safetensors(4)),
        ("m.gguf", gguf(5)),
        ("model.pt", zip(&["m/constants.pkl", "m/code/a.py"], 10, 50)),
        ("x.npy", b"\x93NUMPY\x01\0\x3a\0{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }\n\0\0\0\0".to_vec()),
        ("x.jpg", b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08\0\x20\0\x10\x03".to_vec()),
        ("model.plan", [b"\x07\0\0\0{\"a\":1}ftrt".to_vec(), vec![0; 40]].concat()),
        ("x.tar", [vec![b'a'; 257], b"ustar".to_vec(), vec![b'0'; 900]].concat()),
        ("x.webp", b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x01\x01\x01\x01\x01\x01".to_vec()),
    ]
});

proptest! {
    #[test]
    fn any_bytes_of_any_kind_are_bounded(
        first in prop::sample::select(vec![
            &b""[..], b"GGUF\x03\0\0\0", b"GGUF\x01\0\0\0", b"\x93NUMPY\x01\0", b"PK\x03\x04", b"ftrt", b"\x89PNG\r\n\x1a\n",
            b"\xff\xd8\xff", b"BM", b"RIFF....WEBP", b"\x08\x08\x12\x01a:", b"\x40\0\0\0\0\0\0\0{", b"PK\x05\x06",
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..600),
        name in prop::sample::select(vec!["model.onnx", "x", "m.plan", "config.pbtxt"]),
        said in prop_oneof![Just(None), any::<u64>().prop_map(Some)],
    ) {
        let object = [first, &rest].concat();
        let size = said.unwrap_or(u64::try_from(object.len()).expect("short"));
        inspect_all(name, &object, size);
    }

    #[test]
    fn files_that_were_changed_are_bounded(
        sample in 0..10_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        far in any::<bool>(),
    ) {
        let (name, mut object) = SAMPLES[sample].clone();
        for (at, byte) in changes {
            let at = at.index(object.len());
            object[at] = byte;
        }
        if far {
            object.truncate(cut.index(object.len()) + 1);
        }
        whole(name, &object);
    }
}
