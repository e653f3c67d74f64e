//! What an object is, by its first bytes, and by its name where the bytes do not say.

use super::image::Picture;
use super::proto;
use super::window::{u32_le, u64_le};

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It has no bytes.
    Empty,
    /// A network in ONNX.
    Onnx,
    /// Tensors in safetensors.
    Safetensors,
    /// A model in GGUF.
    Gguf,
    /// An array of NumPy.
    Npy,
    /// A zip archive; TorchScript, checkpoints of PyTorch and `.npz` are such.
    Zip,
    /// A tar archive.
    Tar,
    /// A TensorRT engine.
    TensorRt,
    /// A picture.
    Image(Picture),
    /// Protobuf's text format, such as `config.pbtxt`.
    Pbtxt,
    /// JSON.
    Json,
    /// XML, such as OpenVINO's `model.xml`.
    Xml,
    /// Python.
    Python,
    /// YAML.
    Yaml,
    /// What Git LFS puts in the place of a file that was not fetched: a few lines of text.
    GitLfs,
    /// Other text.
    Text,
    /// Compressed with gzip.
    Gzip,
    /// Compressed with Zstandard.
    Zstd,
    /// Compressed with xz.
    Xz,
    /// Compressed with bzip2.
    Bzip2,
    /// A pickle of Python.
    Pickle,
    /// HDF5, such as models of Keras.
    Hdf5,
    /// A model of TensorFlow Lite.
    Tflite,
    /// A program or library for Linux.
    Elf,
    /// A PDF.
    Pdf,
    /// Anything else.
    Binary,
}

impl Kind {
    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Onnx => "ONNX",
            Self::Safetensors => "safetensors",
            Self::Gguf => "GGUF",
            Self::Npy => "NumPy array",
            Self::Zip => "zip",
            Self::Tar => "tar",
            Self::TensorRt => "TensorRT engine",
            Self::Image(picture) => picture.name(),
            Self::Pbtxt => "protobuf text",
            Self::Json => "JSON",
            Self::Xml => "XML",
            Self::Python => "Python",
            Self::Yaml => "YAML",
            Self::GitLfs => "Git LFS pointer",
            Self::Text => "text",
            Self::Gzip => "gzip",
            Self::Zstd => "Zstandard",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
            Self::Pickle => "Python pickle",
            Self::Hdf5 => "HDF5",
            Self::Tflite => "TensorFlow Lite",
            Self::Elf => "ELF",
            Self::Pdf => "PDF",
            Self::Binary => "binary",
        }
    }

    /// Whether it is shown as text rather than in hexadecimal.
    pub fn is_text(self) -> bool {
        matches!(self, Self::Pbtxt | Self::Json | Self::Xml | Self::Python | Self::Yaml | Self::GitLfs | Self::Text)
    }
}

/// First bytes that say it all.
const MAGIC: &[(&[u8], Kind)] = &[
    (b"GGUF", Kind::Gguf),
    (b"\x93NUMPY", Kind::Npy),
    (b"PK\x03\x04", Kind::Zip),
    (b"PK\x05\x06", Kind::Zip),
    (b"ftrt", Kind::TensorRt),
    (b"\x89PNG\r\n\x1a\n", Kind::Image(Picture::Png)),
    (b"\xff\xd8\xff", Kind::Image(Picture::Jpeg)),
    (b"GIF87a", Kind::Image(Picture::Gif)),
    (b"GIF89a", Kind::Image(Picture::Gif)),
    (b"\x1f\x8b\x08", Kind::Gzip),
    (b"\x28\xb5\x2f\xfd", Kind::Zstd),
    (b"\xfd7zXZ\0", Kind::Xz),
    (b"BZh", Kind::Bzip2),
    (b"\x89HDF\r\n\x1a\n", Kind::Hdf5),
    (b"\x7fELF", Kind::Elf),
    (b"%PDF-", Kind::Pdf),
];

/// What an object of this name, these first bytes and this size is.
pub(super) fn detect(name: &str, head: &[u8], size: u64) -> Kind {
    if head.is_empty() {
        return Kind::Empty;
    }
    if let Some((_, kind)) = MAGIC.iter().find(|(magic, _)| head.starts_with(magic)) {
        return *kind;
    }
    let at = |from: usize, what: &[u8]| head.get(from..).is_some_and(|rest| rest.starts_with(what));
    if at(257, b"ustar") {
        return Kind::Tar;
    }
    if at(4, b"TFL3") {
        return Kind::Tflite;
    }
    if at(0, b"RIFF") && at(8, b"WEBP") {
        return Kind::Image(Picture::Webp);
    }
    if at(0, b"BM") && at(6, &[0; 4]) && u32_le(head, 14).is_some_and(|header| (12..=124).contains(&header)) {
        return Kind::Image(Picture::Bmp);
    }
    if safetensors(head, size) {
        return Kind::Safetensors;
    }
    if head.starts_with(b"version https://git-lfs.github.com/spec/") {
        return Kind::GitLfs;
    }
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    if is_text(head) {
        return by_ending(&ending, head);
    }
    match ending.as_str() {
        // An engine without the tag is one with another program's header before it, or none at all.
        "plan" | "engine" | "trt" => Kind::TensorRt,
        _ if proto::looks_like_onnx(head) => Kind::Onnx,
        _ if head.starts_with(b"\x80") && head.get(1).is_some_and(|version| (2..=5).contains(version)) => Kind::Pickle,
        _ => Kind::Binary,
    }
}

/// A length of a header that fits into the object, and a header that begins as JSON does.
fn safetensors(head: &[u8], size: u64) -> bool {
    let fits = u64_le(head, 0).and_then(|len| len.checked_add(8)).is_some_and(|end| end <= size && end > 8);
    fits && head.get(8) == Some(&b'{')
}

fn by_ending(ending: &str, head: &[u8]) -> Kind {
    let first = head.iter().find(|byte| !byte.is_ascii_whitespace());
    match (ending, first) {
        ("pbtxt" | "textproto" | "prototxt", _) => Kind::Pbtxt,
        ("json" | "ipynb", _) => Kind::Json,
        ("xml", _) => Kind::Xml,
        ("py", _) => Kind::Python,
        ("yaml" | "yml", _) => Kind::Yaml,
        ("txt" | "md" | "csv" | "log", _) => Kind::Text,
        (_, Some(b'{' | b'[')) if head.len() < 4096 => match serde_json::from_slice::<serde_json::Value>(head) {
            Ok(_) => Kind::Json,
            Err(_) => Kind::Text,
        },
        (_, Some(b'<')) if head.starts_with(b"<?xml") => Kind::Xml,
        _ => Kind::Text,
    }
}

/// Whether bytes read as text: UTF-8, but for a character that the end of what was read cut, and no
/// control characters that text does not have.
pub(super) fn is_text(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let valid = match std::str::from_utf8(head) {
        Ok(_) => head.len(),
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => return false,
    };
    let control = |byte: &u8| (*byte < b' ' && !matches!(byte, b'\n' | b'\r' | b'\t' | 0x0c | 0x1b)) || *byte == 0x7f;
    !head.get(..valid).unwrap_or_default().iter().any(control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_decide_before_names() {
        for (name, head, kind) in [
            ("model.onnx", &b"PK\x03\x04rest"[..], Kind::Zip),
            ("a.bin", b"GGUF\x03\0\0\0", Kind::Gguf),
            ("x.npy", b"\x93NUMPY\x01\0", Kind::Npy),
            ("m.plan", b"ftrt\0\0\0\0", Kind::TensorRt),
            ("m.plan", b"\x01\x02\x00\x00", Kind::TensorRt),
            ("config.pbtxt", b"name: \"x\"", Kind::Pbtxt),
            ("a", b"{\"a\": 1}", Kind::Json),
            ("a", b"{ not json", Kind::Text),
            ("model.xml", b"<?xml?>", Kind::Xml),
            ("model.py", b"import os\n", Kind::Python),
            ("labels.txt", "gr\u{fc}n\n".as_bytes(), Kind::Text),
            ("cut", &"ab\u{20ac}".as_bytes()[..4], Kind::Text),
            ("x", b"\x00\x01\x02", Kind::Binary),
            ("x.pkl", b"\x80\x04\x95\x00", Kind::Pickle),
            ("x.onnx", b"\x08\x08\x12\x07pytorch\x1a\x052.1.0:\x80\x80\x01", Kind::Onnx),
            ("saved_model.pb", b"\x08\x01\x12\x06\x0a\x04\x12\x02ab", Kind::Binary),
            ("x", b"", Kind::Empty),
            ("model.onnx", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", Kind::GitLfs),
        ] {
            assert_eq!(detect(name, head, 1 << 20), kind, "{name}");
        }
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(detect("x", &tar, 512), Kind::Tar);
        assert_eq!(detect("m", b"\x10\0\0\0\0\0\0\0{\"a\":1}", 24), Kind::Safetensors);
        assert_ne!(detect("m", b"\x10\0\0\0\0\0\0\x01{\"a\":1}", 24), Kind::Safetensors, "longer than the object");
    }
}
