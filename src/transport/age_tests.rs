use super::*;

/// Cheap, for tests.
const CHEAP: u8 = 4;

fn open(sealed: &[u8], passphrase: &str) -> Option<Vec<u8>> {
    super::open(sealed, &Secret::from(passphrase)).ok().map(|text| text.expose().clone())
}

fn sealed(text: &[u8]) -> Vec<u8> {
    seal(&Secret::new(text.to_vec()), &Secret::from("correct horse"), CHEAP).expect("sealed").expose().clone()
}

#[test]
fn what_the_tool_itself_wrote_is_read() {
    // `age -p` 1.1.1 of Debian 12, with the passphrase "correct horse".
    let made = base64::engine::general_purpose::STANDARD.decode(include_str!("age_sample.b64").replace('\n', ""));
    let made = made.expect("it is base64");
    assert_eq!(open(&made, "correct horse").as_deref(), Some(b"site = \"edge\"\n".as_slice()));
    assert_eq!(open(&made, "correct hors"), None);
}

#[test]
fn texts_of_every_length_come_back() {
    for length in [0, 1, 1000, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE] {
        let text: Vec<u8> = (0..length).map(|n| u8::try_from(n % 251).unwrap_or_default()).collect();
        assert_eq!(open(&sealed(&text), "correct horse"), Some(text), "{length} bytes");
    }
}

#[test]
fn no_two_files_are_alike_and_neither_shows_the_text() {
    let text = b"secret_key = \"0123456789abcdef\"";
    let (a, b) = (sealed(text), sealed(text));
    assert_ne!(a, b);
    assert!(!a.windows(8).any(|w| text.windows(8).any(|t| t == w)));
}

#[test]
fn a_changed_byte_is_noticed() {
    let good = sealed(b"text");
    for at in [30, 60, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        assert_ne!(open(&bad, "correct horse").as_deref(), Some(b"text".as_slice()), "byte {at}");
    }
}

#[test]
fn what_is_no_such_file_or_was_cut_is_told_and_never_panics() {
    let whole = sealed(b"site = \"edge\"\n");
    assert!(is_sealed(&whole) && !is_sealed(b"site = 1"));
    for end in 0..whole.len() {
        assert_eq!(open(&whole[..end], "correct horse"), None, "cut at {end}");
    }
    for at in 0..whole.len() {
        let mut bent = whole.clone();
        bent[at] ^= 1;
        assert_eq!(open(&bent, "correct horse"), None, "bent at {at}");
    }
    let wrong = super::open(&whole, &Secret::from("another")).expect_err("wrong");
    assert!(wrong.line().contains("does not open"), "{wrong}");
}

#[test]
fn any_head_of_a_sealed_file_is_read_or_refused_before_it_costs_anything() {
    use crate::base::fuzz;
    let whole = sealed(b"site = \"edge\"\n");
    let (mut read, mut refused) = (0_u64, 0_u64);
    fuzz::each(fuzz::CASES, |dice| {
        let mut bytes = whole.clone();
        fuzz::bend(dice, &mut bytes);
        if let Some(header) = Header::parse(&bytes) {
            read += 1;
            assert!(header.signed.len() + header.payload.len() < bytes.len());
            // What asks for too much is refused; the rest would cost a second each, and is tried above.
            if header.work > MOST_WORK {
                super::open(&bytes, &Secret::from("correct horse")).expect_err("it asks for too much");
            }
        } else {
            refused += 1;
            assert_eq!(open(&bytes, "correct horse"), None);
        }
    });
    fuzz::both(read, refused);
    for mut bytes in [vec![b'\n'; 10_000_000], b"\n--".repeat(3_000_000)] {
        bytes.splice(0..0, VERSION.bytes());
        fuzz::soon("10 MB of a head", || Header::parse(&bytes).is_none());
    }
}
