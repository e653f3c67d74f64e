//! GGUF: <https://github.com/ggml-org/ggml/blob/master/docs/gguf.md>. Settings by name, then the
//! tensors' names and shapes, then their bytes.

use super::report::clean;
use super::window::{Look, Stop, Window, u32_le, u64_le};
use super::{Found, Tensor, note};

/// A model in GGUF.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gguf {
    /// The version of the format.
    pub version: u32,
    /// The model's architecture, such as `llama`.
    pub architecture: String,
    /// How many settings there are.
    pub settings_count: u64,
    /// The settings, as far as they were read.
    pub settings: Vec<Setting>,
    /// How many tensors there are.
    pub tensor_count: u64,
    /// The tensors, as far as they were read.
    pub tensors: Vec<Tensor>,
}

/// A setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its name.
    pub key: String,
    /// Its value; of a list only the length and the type.
    pub value: String,
}

const BAD: Stop = Stop::Bad("not what GGUF's header says");

/// How deep lists may lie in lists.
const DEEPEST: u32 = 4;

/// Reads on from a place.
struct Cursor<'a> {
    window: &'a Window,
    at: u64,
    /// Version 1 wrote lengths in four bytes.
    short: bool,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, length: u64) -> Look<&'a [u8]> {
        let bytes = self.window.bytes(self.at, length)?;
        self.at += length;
        Ok(bytes)
    }

    fn u32(&mut self) -> Look<u32> {
        u32_le(self.take(4)?, 0).ok_or(BAD)
    }

    fn u64(&mut self) -> Look<u64> {
        u64_le(self.take(8)?, 0).ok_or(BAD)
    }

    fn length(&mut self) -> Look<u64> {
        if self.short { self.u32().map(u64::from) } else { self.u64() }
    }

    fn text(&mut self) -> Look<String> {
        let length = self.length()?;
        // A name that is longer than this is no name.
        if length > 65_535 {
            self.skip(length)?;
            return Ok(format!("(a text of {length} bytes)"));
        }
        Ok(clean(self.take(length)?))
    }

    fn skip(&mut self, length: u64) -> Look<()> {
        self.at = self.at.checked_add(length).filter(|at| *at <= self.window.size()).ok_or(Stop::Ends)?;
        Ok(())
    }

    fn value(&mut self, kind: u32, depth: u32) -> Look<String> {
        Ok(match kind {
            0 => self.take(1)?.first().map(ToString::to_string).unwrap_or_default(),
            1 => self.take(1)?.first().map(|b| i8::from_le_bytes([*b]).to_string()).unwrap_or_default(),
            7 => (self.take(1)?.first() == Some(&1)).to_string(),
            2 => self.array().map(u16::from_le_bytes)?.to_string(),
            3 => self.array().map(i16::from_le_bytes)?.to_string(),
            4 => self.array().map(u32::from_le_bytes)?.to_string(),
            5 => self.array().map(i32::from_le_bytes)?.to_string(),
            6 => self.array().map(f32::from_le_bytes)?.to_string(),
            8 => self.text()?,
            9 => self.list(depth)?,
            10 => self.u64()?.to_string(),
            11 => self.array().map(i64::from_le_bytes)?.to_string(),
            12 => self.array().map(f64::from_le_bytes)?.to_string(),
            _ => return Err(BAD),
        })
    }

    fn array<const N: usize>(&mut self) -> Look<[u8; N]> {
        let length = u64::try_from(N).map_err(|_| BAD)?;
        self.take(length)?.try_into().map_err(|_| BAD)
    }

    /// A list is passed over: by its length where the elements have one size, else one by one.
    fn list(&mut self, depth: u32) -> Look<String> {
        if depth >= DEEPEST {
            return Err(BAD);
        }
        let kind = self.u32()?;
        let count = self.length()?;
        let (name, size) = match kind {
            0 => ("u8", 1),
            1 => ("i8", 1),
            2 => ("u16", 2),
            3 => ("i16", 2),
            4 => ("u32", 4),
            5 => ("i32", 4),
            6 => ("f32", 4),
            7 => ("bool", 1),
            8 => ("text", 0),
            9 => ("list", 0),
            10 => ("u64", 8),
            11 => ("i64", 8),
            12 => ("f64", 8),
            _ => return Err(BAD),
        };
        if size > 0 {
            self.skip(count.checked_mul(size).ok_or(BAD)?)?;
        } else {
            // Each of them is at least four bytes long, so this ends with the bytes that are held.
            for _ in 0..count {
                if kind == 8 {
                    let length = self.length()?;
                    self.skip(length)?;
                } else {
                    self.list(depth + 1)?;
                }
            }
        }
        Ok(format!("{count} × {name}"))
    }
}

pub(super) fn inspect(window: &Window) -> Found<Gguf> {
    let mut notes = Vec::new();
    let mut gguf = Gguf::default();
    let mut cursor = Cursor { window, at: 4, short: false };
    if note(start(&mut cursor, &mut gguf), "the header", &mut notes)?.is_none() {
        return Ok((gguf, notes));
    }
    for _ in 0..gguf.settings_count {
        let Some(setting) = note(setting(&mut cursor), "the rest of the settings, and the tensors", &mut notes)? else {
            return Ok((gguf, notes));
        };
        if setting.key == "general.architecture" {
            gguf.architecture.clone_from(&setting.value);
        }
        gguf.settings.push(setting);
    }
    for _ in 0..gguf.tensor_count {
        let Some(tensor) = note(tensor(&mut cursor), "the rest of the tensors", &mut notes)? else { break };
        gguf.tensors.push(tensor);
    }
    Ok((gguf, notes))
}

fn start(cursor: &mut Cursor<'_>, gguf: &mut Gguf) -> Look<()> {
    gguf.version = cursor.u32()?;
    if !(1..=3).contains(&gguf.version) {
        // Version 3 may be big-endian, and then its number is very large.
        return Err(Stop::Bad("a version of GGUF that is not known, or one for big-endian machines"));
    }
    cursor.short = gguf.version == 1;
    gguf.tensor_count = cursor.length()?;
    gguf.settings_count = cursor.length()?;
    Ok(())
}

fn setting(cursor: &mut Cursor<'_>) -> Look<Setting> {
    let key = cursor.text()?;
    let kind = cursor.u32()?;
    Ok(Setting { key, value: cursor.value(kind, 0)? })
}

fn tensor(cursor: &mut Cursor<'_>) -> Look<Tensor> {
    let name = cursor.text()?;
    let dims = cursor.u32()?;
    if dims > 8 {
        return Err(BAD);
    }
    let shape = (0..dims).map(|_| cursor.length()).collect::<Look<_>>()?;
    let kind = cursor.u32()?;
    cursor.u64()?;
    Ok(Tensor { name, dtype: quantisation(kind), shape })
}

/// `ggml_type`, as far as it is in use.
fn quantisation(kind: u32) -> String {
    let name = match kind {
        0 => "F32",
        1 => "F16",
        2 => "Q4_0",
        3 => "Q4_1",
        6 => "Q5_0",
        7 => "Q5_1",
        8 => "Q8_0",
        9 => "Q8_1",
        10 => "Q2_K",
        11 => "Q3_K",
        12 => "Q4_K",
        13 => "Q5_K",
        14 => "Q6_K",
        15 => "Q8_K",
        16 => "IQ2_XXS",
        17 => "IQ2_XS",
        18 => "IQ3_XXS",
        19 => "IQ1_S",
        20 => "IQ4_NL",
        21 => "IQ3_S",
        22 => "IQ2_S",
        23 => "IQ4_XS",
        24 => "I8",
        25 => "I16",
        26 => "I32",
        27 => "I64",
        28 => "F64",
        29 => "IQ1_M",
        30 => "BF16",
        other => return format!("type {other}"),
    };
    name.to_owned()
}

impl Gguf {
    /// The value of a setting that was read.
    pub fn setting(&self, key: &str) -> Option<&str> {
        self.settings.iter().find(|setting| setting.key == key).map(|setting| setting.value.as_str())
    }
}
