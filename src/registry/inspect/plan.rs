//! TensorRT engines. Their format is not public; what is known of it is the tag and the version,
//! which NVIDIA's own `trtexec --getPlanVersionOnly` reads the same way (TensorRT repository,
//! samples/common/sampleEngines.cpp).

use super::Note;
use super::window::{Window, u32_le};

/// A TensorRT engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The version of TensorRT that built it: major, minor, patch, build. `None` where the engine's
    /// serialisation is not the one that this is known of.
    pub version: Option<[u8; 4]>,
}

const TAG: &[u8] = b"ftrt";

pub(super) fn inspect(window: &Window) -> (Plan, Vec<Note>) {
    let head = window.held(0);
    let mut notes = Vec::new();
    let mut engine = head;
    if !head.starts_with(TAG) {
        // Ultralytics writes the length of its metadata, the metadata as JSON, and then the engine.
        let meta = u32_le(head, 0).and_then(|len| usize::try_from(len).ok()).unwrap_or(usize::MAX);
        let behind = meta.checked_add(4).and_then(|end| head.get(end..)).unwrap_or_default();
        if head.get(4) == Some(&b'{') && behind.starts_with(TAG) {
            notes.push(Note::ForeignHeader("Ultralytics"));
            engine = behind;
        } else {
            notes.push(Note::Bad("does not begin as a TensorRT engine does"));
            return (Plan { version: None }, notes);
        }
    }
    let version = match u32_le(engine, 4) {
        Some(0) => engine.get(24..28).and_then(|bytes| bytes.try_into().ok()),
        _ => None,
    };
    notes.push(Note::SameGpu);
    (Plan { version }, notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(bytes: &[u8]) -> (Plan, Vec<Note>) {
        let mut window = Window::new(u64::try_from(bytes.len()).expect("it is short"));
        window.put(0, bytes);
        inspect(&window)
    }

    #[test]
    fn the_version_is_read_and_a_header_before_the_engine_is_named() {
        let mut engine = b"ftrt".to_vec();
        engine.extend([0; 20]);
        engine.extend([10, 3, 0, 26]);
        assert_eq!(plan(&engine), (Plan { version: Some([10, 3, 0, 26]) }, vec![Note::SameGpu]));

        let mut wrapped = 7_u32.to_le_bytes().to_vec();
        wrapped.extend(b"{\"a\":1}");
        wrapped.extend(&engine);
        let (found, notes) = plan(&wrapped);
        assert_eq!(found.version, Some([10, 3, 0, 26]));
        assert_eq!(notes, [Note::ForeignHeader("Ultralytics"), Note::SameGpu]);

        assert_eq!(plan(b"ftrt\x01\0\0\0").0.version, None);
        assert!(matches!(plan(b"hello").1[..], [Note::Bad(_)]));
    }
}
