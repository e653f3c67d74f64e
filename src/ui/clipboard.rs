//! The terminal's clipboard, by OSC 52. Whether the terminal takes it cannot be known, so the screens say
//! "sent to the terminal" and never "copied".

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The sequence that sends a text.
pub fn sequence(text: &str) -> Vec<u8> {
    format!("\u{1b}]52;c;{}\u{7}", STANDARD.encode(text)).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_goes_out_encoded() {
        assert_eq!(sequence("hi"), b"\x1b]52;c;aGk=\x07");
    }
}
