//! Models for a rehearsal's registry: small, and real as far as a browser can tell. One of them is broken on
//! purpose, so that there is something to be found.

use super::s3::Store;
use super::s3::store::About;
use super::s3::versions::{Conditions, NewObject};
use crate::plan::Failure;
use bytes::Bytes;
use s3s::crypto::{Checksum as _, Md5};

/// A sample object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Its key.
    pub key: &'static str,
    /// Its bytes.
    pub data: Vec<u8>,
}

/// The samples, in the order in which they are written; a key that comes twice has an old version.
pub fn samples() -> Vec<Sample> {
    let text = |key, text: &str| Sample { key, data: text.as_bytes().to_vec() };
    vec![
        text("README.md", "# Models of the rehearsal\n\nNothing here is of any use but to look at.\n"),
        Sample { key: "scale/1/model.onnx", data: onnx("scale", 2) },
        Sample { key: "scale/2/model.onnx", data: onnx("scale", 3) },
        text(
            "scale/config.pbtxt",
            "name: \"scale\"\nplatform: \"onnxruntime_onnx\"\nmax_batch_size: 0\n\
             input [ { name: \"x\" data_type: TYPE_FP32 dims: [ -1 ] } ]\n\
             output [ { name: \"y\" data_type: TYPE_FP32 dims: [ -1 ] } ]\n",
        ),
        text(
            "scale/config.pbtxt",
            "name: \"scale\"\nplatform: \"onnxruntime_onnx\"\nmax_batch_size: 0\n\
             input [ { name: \"x\" data_type: TYPE_FP32 dims: [ -1 ] } ]\n\
             output [ { name: \"y\" data_type: TYPE_FP32 dims: [ -1 ] } ]\n\
             version_policy: { latest: { num_versions: 1 } }\n\
             instance_group [ { count: 1 kind: KIND_CPU } ]\n",
        ),
        text(
            "echo/config.pbtxt",
            "name: \"echo\"\nbackend: \"python\"\nmax_batch_size: 8\n\
             input [ { name: \"in\" data_type: TYPE_STRING dims: [ 1 ] } ]\n\
             output [ { name: \"out\" data_type: TYPE_STRING dims: [ 1 ] } ]\n",
        ),
        text(
            "echo/1/model.py",
            "import triton_python_backend_utils as pb_utils\n\n\nclass TritonPythonModel:\n    def execute(self, requests):\n\
             \x20       answers = []\n        for request in requests:\n\
             \x20           text = pb_utils.get_input_tensor_by_name(request, \"in\")\n\
             \x20           out = pb_utils.Tensor(\"out\", text.as_numpy())\n\
             \x20           answers.append(pb_utils.InferenceResponse(output_tensors=[out]))\n        return answers\n",
        ),
        // Broken: the file has another name than Triton looks for.
        text("lost/config.pbtxt", "name: \"lost\"\nplatform: \"onnxruntime_onnx\"\n"),
        Sample { key: "lost/1/weights.onnx", data: onnx("lost", 1) },
        Sample { key: "shelf/weights.safetensors", data: safetensors() },
        Sample { key: "shelf/mean.npy", data: npy() },
        text("shelf/labels, old + new.txt", "cat\ndog\n"),
    ]
}

/// Writes the samples into a bucket that is there, and begins an upload that is never finished.
pub fn fill(store: &Store, bucket: &str) -> Result<(), Failure> {
    let refused = |e: s3s::S3Error| Failure::permanent("the samples cannot be written").because(e.to_string());
    let now = store.now_ms();
    for sample in samples() {
        let etag = crate::plan::change::hex(&Md5::checksum(&sample.data));
        let new = NewObject { data: Bytes::from(sample.data), etag, about: About::default(), tags: Vec::new() };
        store.with(|s| s.put(bucket, sample.key, new, &Conditions::default(), now)).map_err(refused)?;
    }
    store
        .with(|s| {
            s.delete(bucket, "shelf/labels, old + new.txt", None, now)?;
            s.begin(bucket, "scale/3/model.onnx", About::default(), Vec::new(), now).map(|_| ())
        })
        .map_err(refused)
}

/// A field of a protobuf message that has a length.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push(u8::try_from(length & 0x7f).unwrap_or_default() | 0x80);
        length >>= 7;
    }
    out.push(u8::try_from(length).unwrap_or_default());
    out.extend_from_slice(bytes);
    out
}

/// A field that is a small number.
fn small(number: u8, value: u8) -> Vec<u8> {
    vec![number << 3, value & 0x7f]
}

/// `y = x + x + …`: as many additions as `times` less one, over floats of any length.
fn onnx(name: &str, times: u8) -> Vec<u8> {
    const FLOAT: u8 = 1;
    let port = |port: &str| {
        let any = field(1, &field(2, b"n"));
        let tensor = [small(1, FLOAT), field(2, &any)].concat();
        [field(1, port.as_bytes()), field(2, &field(1, &tensor))].concat()
    };
    let mut graph = Vec::new();
    for n in 1..times.max(2) {
        let before = if n == 1 { "x".to_owned() } else { format!("s{}", n - 1) };
        let after = if n + 1 == times.max(2) { "y".to_owned() } else { format!("s{n}") };
        let names = [field(1, before.as_bytes()), field(1, b"x"), field(2, after.as_bytes())].concat();
        graph.extend(field(1, &[names, field(4, b"Add")].concat()));
    }
    graph.extend([field(2, name.as_bytes()), field(11, &port("x")), field(12, &port("y"))].concat());
    let opset = small(2, 17);
    [small(1, 8), field(2, b"modelquay"), field(7, &graph), field(8, &opset)].concat()
}

/// Four floats by the name of `weight`.
fn safetensors() -> Vec<u8> {
    let header = r#"{"weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}}"#;
    let mut out = (header.len() as u64).to_le_bytes().to_vec();
    out.extend_from_slice(header.as_bytes());
    out.extend([1.0_f32, 0.0, 0.0, 1.0].iter().flat_map(|f| f.to_le_bytes()));
    out
}

/// Three floats.
fn npy() -> Vec<u8> {
    let mut header = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }".to_owned();
    // The header ends with a line break, at a multiple of 64 bytes.
    while !(header.len() + 11).is_multiple_of(64) {
        header.push(' ');
    }
    header.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend(u16::try_from(header.len()).unwrap_or_default().to_le_bytes());
    out.extend_from_slice(header.as_bytes());
    out.extend([0.485_f32, 0.456, 0.406].iter().flat_map(|f| f.to_le_bytes()));
    out
}
