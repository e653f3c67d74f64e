//! What `report.sh` prints, as pieces.

/// The most pieces that are taken: the script has a bound of its own.
const MOST: usize = 200;

/// A piece of what a host says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPiece {
    /// Its name, as a file's.
    pub name: String,
    /// Whether only its end was sent.
    pub cut: bool,
    /// What it says.
    pub bytes: Vec<u8>,
}

/// The pieces, and whether all of them came. What comes from a host is data: what is no piece ends them.
pub fn pieces(out: &[u8]) -> (Vec<HostPiece>, bool) {
    let (mut found, mut rest) = (Vec::new(), out);
    while let Some(end) = rest.iter().position(|b| *b == b'\n') {
        let (line, behind) = rest.split_at(end);
        let behind = behind.get(1..).unwrap_or_default();
        if line == b"end" {
            return (found, true);
        }
        let Some((piece, length)) = head(line).filter(|_| found.len() < MOST) else { break };
        let (Some(bytes), Some(b"\n")) = (behind.get(..length), behind.get(length..length.saturating_add(1))) else {
            break;
        };
        found.push(HostPiece { bytes: bytes.to_vec(), ..piece });
        rest = behind.get(length + 1..).unwrap_or_default();
    }
    (found, false)
}

/// `piece NAME CUT BYTES`.
fn head(line: &[u8]) -> Option<(HostPiece, usize)> {
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    if words.next() != Some("piece") {
        return None;
    }
    let name = words.next().filter(|name| is_name(name))?.to_owned();
    let cut = match words.next()? {
        "0" => false,
        "1" => true,
        _ => return None,
    };
    let length = words.next()?.parse().ok()?;
    words.next().is_none().then_some((HostPiece { name, cut, bytes: Vec::new() }, length))
}

/// Whether a text may become the name of a file in an archive: parts of plain letters that do not begin with a dot.
pub fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(plain);
    name.len() <= 200 && name.split('/').all(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn pieces_are_read_and_a_cut_answer_says_that_it_was() {
        let out = b"piece a.txt 0 3\nx\ny\npiece units/b.log 1 0\n\nend\n";
        let (found, whole) = pieces(out);
        assert!(whole);
        assert_eq!(found[0], HostPiece { name: "a.txt".into(), cut: false, bytes: b"x\ny".to_vec() });
        assert_eq!(found[1], HostPiece { name: "units/b.log".into(), cut: true, bytes: Vec::new() });
        for cut in 0..out.len() - 1 {
            let (some, whole) = pieces(&out[..cut]);
            assert!(!whole && some.len() <= 2, "cut at {cut}");
        }
    }

    #[test]
    fn a_name_leads_nowhere_else() {
        for bad in ["../x", "/x", "a//b", "a/../b", "", ".x", "a b", "ü", "a/"] {
            assert!(!is_name(bad), "{bad}");
            let line = format!("piece {bad} 0 1\nx\nend\n");
            assert_eq!(pieces(line.as_bytes()), (Vec::new(), false));
        }
        for length in ["-1", "18446744073709551615", "99999999999999999999"] {
            assert_eq!(pieces(format!("piece a 0 {length}\nx\n").as_bytes()), (Vec::new(), false));
        }
    }

    proptest! {
        #[test]
        fn no_answer_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), length in any::<u64>(), tail in "[ -~\n]{0,60}") {
            pieces(&bytes);
            pieces(format!("piece a {} {length}\n{tail}", length % 3).as_bytes());
        }
    }
}
