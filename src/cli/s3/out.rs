//! Standard output of these commands: lines for people, or one JSON object a line.

use crate::base::sanitise;
use serde_json::{Map, Value, json};
use std::io::{self, BufWriter, Stdout, Write};

/// What is written, with a buffer: a million rows are no million writes.
pub struct Out {
    json: bool,
    to: BufWriter<Stdout>,
}

impl Out {
    /// Standard output.
    pub fn new(json: bool) -> Self {
        Self { json, to: BufWriter::with_capacity(64 << 10, io::stdout()) }
    }

    /// Whether programs read it.
    pub fn json(&self) -> bool {
        self.json
    }

    /// A row in one of both forms.
    pub fn row(&mut self, kind: &str, line: impl FnOnce() -> String, value: impl FnOnce() -> Value) -> io::Result<()> {
        if self.json {
            let mut object = Map::new();
            object.insert("v".to_owned(), json!(1));
            object.insert("type".to_owned(), json!(kind));
            if let Value::Object(more) = value() {
                object.extend(more);
            }
            writeln!(self.to, "{}", sanitise::json(Value::Object(object).to_string()))
        } else {
            writeln!(self.to, "{}", line())
        }
    }

    /// Bytes as they are.
    pub fn bytes(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.to.write_all(bytes)
    }

    /// Everything so far, now.
    pub fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Bytes as people read them: three or four signs and a unit.
pub fn size(bytes: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    // In tenths of the unit, so that no fraction is needed.
    let (mut tenths, mut unit) = (u128::from(bytes) * 10 / 1024, 0);
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    if tenths < 100 {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    } else {
        format!("{} {}", tenths / 10, UNITS[unit])
    }
}

/// A number with commas.
pub fn number(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A moment as people read it, to the second.
pub fn time(at: Option<i64>) -> String {
    let at = at.and_then(|s| u64::try_from(s).ok()).map(|s| crate::base::clock::utc_text(s.saturating_mul(1000)));
    at.map_or_else(|| "-".repeat(20), |text| text.chars().take(19).chain(['Z']).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_numbers_are_short_and_never_larger_than_they_are() {
        let sizes = [0, 1023, 1024, 1536, 10_240, 1 << 20, (1 << 30) - 1, 1 << 40, u64::MAX].map(size);
        assert_eq!(
            sizes,
            ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "10 KiB", "1.0 MiB", "1023 MiB", "1.0 TiB", "15 EiB"]
        );
        assert_eq!([0, 999, 1000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(time(Some(0)), "1970-01-01T00:00:00Z");
        assert_eq!(time(None).len(), 20);
    }
}
