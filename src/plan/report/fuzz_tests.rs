//! What becomes a report, nearly right: pieces of a host, texts, YAML and objects.

use super::bag::Bag;
use super::host;
use super::{PIECE, WHOLE};
use crate::base::Redactor;
use crate::base::fuzz::{self, Dice};
use serde_json::{Value, json};

/// A secret that is known, wherever it lands.
const KNOWN: &str = "b7Kq-known-secret-0192837465";

#[test]
fn any_answer_of_a_host_is_pieces_with_names_of_files() {
    let wire = b"piece units/rke2-server.txt 1 12\nhello\nworld\n\npiece mounts.txt 0 0\n\npiece a/b/c 0 3\nabc\nend\n";
    let (mut whole, mut torn) = (0_u64, 0_u64);
    fuzz::each(fuzz::CASES, |dice| {
        let mut out = wire.to_vec();
        fuzz::bend(dice, &mut out);
        let (pieces, all) = host::pieces(&out);
        assert!(pieces.iter().map(|piece| piece.bytes.len()).sum::<usize>() <= out.len());
        for piece in &pieces {
            let up = piece.name.split('/').any(|part| part == "..");
            assert!(host::is_name(&piece.name) && !up && !piece.name.starts_with('/'), "{:?}", piece.name);
        }
        *(if all { &mut whole } else { &mut torn }) += 1;
    });
    fuzz::both(whole, torn);
    let flood = "piece a 0 0\n\n".repeat(fuzz::LARGE / 13);
    let (pieces, all) = fuzz::soon("many pieces", || host::pieces(flood.as_bytes()));
    assert!(pieces.len() <= 200 && !all);
}

fn object() -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x", "annotations": {"a": "b"}},
        "type": "Opaque", "data": {"config.env": "c2VjcmV0"}, "items": [{"env": [{"name": "PASSWORD", "value": "x"}]}]})
}

/// Puts the known secret somewhere into a text.
fn planted(dice: &mut Dice, text: &str) -> String {
    let mut at = dice.below(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let (before, behind) = text.split_at(at);
    format!("{before} {KNOWN} {behind}")
}

#[test]
fn any_text_yaml_and_object_becomes_a_piece_without_what_is_known() {
    let known = Redactor::new();
    known.learn(KNOWN);
    let text = "time=1 level=info msg=\"get https://u:pw@h/x?X-Amz-Signature=00ff\"\nAuthorization: Bearer abc.def\n\
        -----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\npassword: x\nplain words\n";
    let yaml = "token: abc\nmirrors:\n  docker.io:\n    endpoint: [\"https://m.example\"]\nconfigs: {a: {auth: {password: x}}}\n";
    let (mut taken, mut left_out) = (0_u64, 0_u64);
    // A tenth of the usual cases: each goes through all of the scrub three times.
    fuzz::each(fuzz::CASES / 10, |dice| {
        let mut bag = Bag::new("edge-07".parse().expect("a label"), "modelquay", 0, known.clone());
        let bent = fuzz::bend_text(dice, text);
        let bent = planted(dice, &bent);
        let mut bytes = bent.into_bytes();
        if dice.once_in(4) {
            fuzz::bend(dice, &mut bytes);
        }
        let still = String::from_utf8_lossy(&bytes).matches(KNOWN).count();
        bag.text("log.txt", &bytes, dice.once_in(2));
        let bent = fuzz::bend_text(dice, yaml);
        bag.yaml("config.yaml", planted(dice, &bent).as_bytes(), dice.once_in(9));
        let mut value = object();
        fuzz::bend_json(dice, &mut value);
        let (name, words) = (planted(dice, "name"), planted(dice, "in an object"));
        bag.objects(
            "objects.yaml",
            vec![value, json!({ "kind": "Secret", "data": { name.clone(): 1 }}), json!({ name: words })],
        );
        let (manifest, files) = bag.close();
        for line in manifest.lines() {
            fuzz::shown(&line, 2000);
        }
        for (name, bytes) in &files {
            assert!(bytes.len() <= PIECE + 100, "{name} has {} bytes", bytes.len());
            let text = std::str::from_utf8(bytes).expect("each is text");
            assert!(!text.contains(KNOWN), "{name} ({still} planted in the text): {text}");
            text.lines().for_each(|line| assert!(fuzz::harmless(&line.replace('\t', " ")), "{name}: {line:?}"));
        }
        *(if files.iter().any(|(name, _)| name == "config.yaml") { &mut taken } else { &mut left_out }) += 1;
    });
    fuzz::both(taken, left_out);
    let mut bag = Bag::new("edge-07".parse().expect("a label"), "modelquay", 0, known);
    let deep = "[".repeat(100_000);
    fuzz::soon("deep YAML", || bag.yaml("deep.yaml", deep.as_bytes(), false));
    let large = fuzz::large("password=x eyJ- AKIA https://a:b@c \n");
    fuzz::soon("a large text", || bag.text("large.txt", large.as_bytes(), false));
    assert!(bag.close().1.iter().map(|(_, bytes)| bytes.len()).sum::<usize>() <= WHOLE + 10_000);
}
