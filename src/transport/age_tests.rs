use super::*;

/// Cheap, for tests.
const CHEAP: u8 = 4;

/// Reads the format back, as little of it as is written here.
fn open(sealed: &[u8], passphrase: &str) -> Option<Vec<u8>> {
    let end = sealed.windows(4).position(|w| w == b"\n---")? + 4;
    let mut lines = std::str::from_utf8(&sealed[..end]).ok()?.lines();
    assert_eq!(lines.next(), Some(VERSION));
    let stanza: Vec<&str> = lines.next()?.split(' ').collect();
    let ["->", "scrypt", salt, work] = stanza[..] else { return None };
    let salt = STANDARD_NO_PAD.decode(salt).ok()?;
    let wrapped = STANDARD_NO_PAD.decode(lines.next()?).ok()?;
    let wrapping = stretch(&Secret::from(passphrase), &salt, work.parse().ok()?).ok()?;
    let file_key = cipher(wrapping.as_slice()).ok()?.decrypt(&[0; 12].into(), wrapped.as_slice()).ok()?;

    let mac_end = end + sealed[end..].iter().position(|b| *b == b'\n')?;
    let tag = STANDARD_NO_PAD.decode(&sealed[end + 1..mac_end]).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(derive(&file_key, &[], b"header").ok()?.as_slice()).ok()?;
    mac.update(&sealed[..end]);
    mac.verify_slice(&tag).ok()?;

    let (nonce, body) = sealed[mac_end + 1..].split_at(NONCE);
    let payload = cipher(derive(&file_key, nonce, b"payload").ok()?.as_slice()).ok()?;
    let pieces: Vec<&[u8]> = body.chunks(PIECE + 16).collect();
    let mut plain = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let mut counter = [0; 12];
        counter[3..11].copy_from_slice(&(index as u64).to_be_bytes());
        counter[11] = u8::from(index + 1 == pieces.len());
        plain.extend(payload.decrypt(&counter.into(), *piece).ok()?);
    }
    Some(plain)
}

fn sealed(text: &[u8]) -> Vec<u8> {
    seal(&Secret::new(text.to_vec()), &Secret::from("correct horse"), CHEAP).expect("sealed").expose().clone()
}

#[test]
fn what_the_tool_itself_wrote_is_read_by_these_tests() {
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
