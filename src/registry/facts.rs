//! What an inspector found, in short lines for a person. They are evidence and stay as they are in every language.

use super::inspect::{Content, Details, Port, Report, Tensor};
use std::fmt::Write as _;

/// Tensors, entries and ports that are named one by one.
const MOST: usize = 12;

impl Report {
    /// What the object is and holds, a line each, the most telling first.
    pub fn facts(&self) -> Vec<String> {
        let kind = self.kind.name();
        let mut lines = Vec::new();
        match &self.details {
            Details::Onnx(onnx) => {
                let own = onnx.opsets.iter().find(|set| set.domain.is_empty() || set.domain == "ai.onnx");
                let opset = own.map(|set| format!(", opset {}", set.version)).unwrap_or_default();
                let ir = onnx.ir_version.map(|ir| format!(", IR {ir}")).unwrap_or_default();
                lines.push(format!("{kind}{opset}{ir}"));
                lines.extend((!onnx.producer.is_empty()).then(|| format!("by {}", onnx.producer)));
                ports(&mut lines, "in", onnx.inputs.as_deref());
                ports(&mut lines, "out", onnx.outputs.as_deref());
            }
            Details::Safetensors(found) => {
                let more = if found.whole { "" } else { " at least" };
                lines.push(format!("{kind},{more} {} tensors, {} parameters", found.tensors.len(), found.parameters));
                let types: Vec<String> = found.dtypes.iter().map(|(name, count)| format!("{count} {name}")).collect();
                lines.push(types.join(", "));
                tensors(&mut lines, &found.tensors);
            }
            Details::Gguf(found) => {
                lines.push(format!("{kind} {}, {}, {} tensors", found.version, found.architecture, found.tensor_count));
                let settings = found.settings.iter().take(MOST);
                lines.extend(settings.map(|setting| format!("{} = {}", setting.key, setting.value)));
                lines.extend(rest(found.settings_count, found.settings.len().min(MOST)));
            }
            Details::Npy(found) => {
                let order = if found.fortran { ", in Fortran's order" } else { "" };
                lines.push(format!("{kind}, {} {}{order}", found.dtype, shape(&found.shape)));
            }
            Details::Archive(found) => {
                let content = match found.content {
                    Content::TorchScript => ", TorchScript",
                    Content::TorchExport => ", exported by PyTorch",
                    Content::TorchCheckpoint => ", weights of PyTorch without code",
                    Content::Npz => ", arrays of NumPy",
                    Content::Files => "",
                };
                lines.push(format!("{kind}{content}, {} entries", found.count));
                lines.extend(found.entries.iter().take(MOST).map(|entry| format!("{}  {}", entry.size, entry.name)));
                lines.extend(rest(found.count, found.entries.len().min(MOST)));
            }
            Details::Tar(found) => {
                let more = if found.whole { "" } else { " at least" };
                lines.push(format!("{kind},{more} {} entries", found.entries.len()));
                lines.extend(found.entries.iter().take(MOST).map(|entry| format!("{}  {}", entry.size, entry.name)));
            }
            Details::Plan(found) => {
                let version = found.version.map(|[a, b, c, d]| format!(", TensorRT {a}.{b}.{c}.{d}"));
                lines.push(format!("{kind}{}", version.unwrap_or_default()));
            }
            Details::Image(found) => {
                let pixels = found.pixels.map(|(width, height)| format!(", {width}×{height}")).unwrap_or_default();
                lines.push(format!("{kind}{pixels}"));
            }
            Details::Text(found) => {
                let more = if found.whole { "" } else { "at least " };
                let ends = if found.crlf { ", CR LF" } else { "" };
                let mark = if found.mark { ", with a byte order mark" } else { "" };
                lines.push(format!("{kind}, {more}{} lines{ends}{mark}", found.lines));
            }
            Details::Unknown => lines.push(kind.to_owned()),
        }
        lines
    }
}

fn ports(lines: &mut Vec<String>, label: &str, ports: Option<&[Port]>) {
    let ports = ports.unwrap_or_default();
    for port in ports.iter().take(MOST) {
        let dims = match &port.dims {
            Some(dims) => dims.iter().map(ToString::to_string).collect::<Vec<_>>().join("×"),
            None => String::new(),
        };
        lines.push(format!("{label} {}: {} {dims}", port.name, port.dtype).trim_end().to_owned());
    }
    lines.extend(rest(ports.len() as u64, ports.len().min(MOST)));
}

fn tensors(lines: &mut Vec<String>, tensors: &[Tensor]) {
    for tensor in tensors.iter().take(MOST) {
        lines.push(format!("{}: {} {}", tensor.name, tensor.dtype, shape(&tensor.shape)));
    }
    lines.extend(rest(tensors.len() as u64, tensors.len().min(MOST)));
}

fn shape(shape: &[u64]) -> String {
    if shape.is_empty() {
        return "scalar".to_owned();
    }
    shape.iter().map(ToString::to_string).collect::<Vec<_>>().join("×")
}

fn rest(all: u64, named: usize) -> Option<String> {
    let more = all.saturating_sub(named as u64);
    (more > 0).then(|| format!("and {more} more"))
}

/// Bytes in lines of hexadecimal with their characters beside them: as many bytes a line as fit.
pub fn hex(bytes: &[u8], cells: usize, most: usize) -> Vec<String> {
    // Seven for the place, three a byte, one for its character, two between.
    let each = (cells.saturating_sub(9) / 4).clamp(1, 16);
    let each = if each >= 16 {
        16
    } else if each >= 8 {
        8
    } else {
        each
    };
    let mut lines = Vec::new();
    for (at, chunk) in bytes.chunks(each).take(most).enumerate() {
        let mut line = format!("{:06x} ", at * each);
        for byte in chunk {
            let _ = write!(line, " {byte:02x}");
        }
        line.push_str(&"   ".repeat(each - chunk.len()));
        line.push_str("  ");
        line.extend(chunk.iter().map(|byte| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' }));
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_fits_its_cells_and_shows_every_byte() {
        let lines = hex(b"ONNX\x00\x07models are here", 42, 10);
        assert_eq!(lines[0], "000000  4f 4e 4e 58 00 07 6d 6f  ONNX..mo");
        assert_eq!(lines.last().map(String::as_str), Some("000010  20 68 65 72 65            here"));
        assert!(lines.iter().all(|line| line.len() <= 42));
        assert_eq!(hex(b"abc", 3, 10), ["000000  61  a", "000001  62  b", "000002  63  c"]);
        assert!(hex(&[], 80, 10).is_empty());
    }
}
