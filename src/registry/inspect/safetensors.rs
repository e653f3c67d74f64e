//! safetensors: <https://huggingface.co/docs/safetensors/index#format>. Eight bytes of length, a
//! header in JSON, then the tensors' bytes.

use super::report::clean;
use super::window::{Look, Stop, Window, u64_le};
use super::{Found, Note, Tensor, note};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Tensors in safetensors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Safetensors {
    /// The tensors of the header, or the first of them where the header is too long to be read.
    pub tensors: Vec<Tensor>,
    /// Whether these are all.
    pub whole: bool,
    /// Elements of all of them.
    pub parameters: u64,
    /// How many tensors there are of each type.
    pub dtypes: BTreeMap<String, u64>,
    /// Names and values that the writer added.
    pub metadata: Vec<(String, String)>,
}

pub(super) fn inspect(window: &Window) -> Found<Safetensors> {
    let mut notes = Vec::new();
    let Some((length, header)) = note(header(window), "the header", &mut notes)? else {
        return Ok((Safetensors::default(), notes));
    };
    let whole = u64::try_from(header.len()).is_ok_and(|held| held == length);
    let parsed = if whole { serde_json::from_slice(header).ok() } else { first_entries(header) };
    let Some(entries) = parsed else {
        notes.push(Note::Bad("the header is not JSON"));
        return Ok((Safetensors::default(), notes));
    };
    let (found, last) = read(&entries, whole);
    if whole {
        let said = last.and_then(|last| last.checked_add(length)?.checked_add(8));
        match said {
            None => notes.push(Note::Bad("a tensor's place is not a pair of numbers")),
            Some(said) if said != window.size() => notes.push(Note::Size { said, found: window.size() }),
            Some(_) => {}
        }
    } else {
        notes.push(Note::NotReached("the rest of the tensors"));
    }
    Ok((found, notes))
}

/// The header's length and as much of it as may be read.
fn header(window: &Window) -> Look<(u64, &[u8])> {
    let length = u64_le(window.bytes(0, 8)?, 0).ok_or(Stop::Ends)?;
    if length.saturating_add(8) > window.size() {
        return Err(Stop::Ends);
    }
    Ok((length, window.most(8, length)?))
}

/// The entries of a header that is cut, up to the last whole one.
fn first_entries(bytes: &[u8]) -> Option<Map<String, Value>> {
    let (mut depth, mut text, mut escaped, mut end) = (0_u32, false, false, None);
    for (at, byte) in bytes.iter().enumerate() {
        match (text, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => text = !text,
            (false, b'{') => depth += 1,
            (false, b'}') => {
                depth = depth.checked_sub(1)?;
                if depth == 1 {
                    end = Some(at);
                }
            }
            _ => {}
        }
    }
    let mut whole = bytes.get(..=end?)?.to_vec();
    whole.push(b'}');
    serde_json::from_slice(&whole).ok()
}

/// The entries as values, and where the last tensor ends, counted from the first.
fn read(entries: &Map<String, Value>, whole: bool) -> (Safetensors, Option<u64>) {
    let mut found = Safetensors { whole, ..Safetensors::default() };
    let mut last = Some(0_u64);
    for (name, value) in entries {
        if name == "__metadata__" {
            let pairs = value.as_object().into_iter().flatten();
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
            found.metadata.extend(pairs.map(|(k, v)| (clean(k.as_bytes()), clean(text(v).as_bytes()))));
            continue;
        }
        let dtype = clean(value.get("dtype").and_then(Value::as_str).unwrap_or("unknown").as_bytes());
        let shape = value.get("shape").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let shape = shape.iter().filter_map(Value::as_u64).collect();
        let end = value.get("data_offsets").and_then(|offsets| offsets.get(1)).and_then(Value::as_u64);
        last = last.zip(end).map(|(last, end)| last.max(end));
        let tensor = Tensor { name: clean(name.as_bytes()), dtype, shape };
        found.parameters = found.parameters.saturating_add(tensor.elements().unwrap_or(u64::MAX));
        *found.dtypes.entry(tensor.dtype.clone()).or_default() += 1;
        found.tensors.push(tensor);
    }
    (found, last)
}
