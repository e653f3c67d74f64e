//! Where the pieces of a report are gathered. Each is bounded and goes through the scrub; there is no other way in.

use super::removed::Removed;
use super::scrub::Scrub;
use super::{Manifest, Missing, PIECE, Piece, WHOLE, objects};
use crate::base::Redactor;
use crate::base::sanitise;
use crate::plan::{Failure, HostId};
use serde_json::Value;

/// The longest reason that is given.
const REASON: usize = 600;

/// See the module.
pub struct Bag {
    scrub: Scrub,
    manifest: Manifest,
    files: Vec<(String, Vec<u8>)>,
    /// Bytes that may still be added.
    room: usize,
}

impl Bag {
    /// An empty one.
    pub fn new(site: HostId, program: &str, made_ms: u64, known: Redactor) -> Self {
        let manifest = Manifest { site, program: program.into(), made_ms, pieces: Vec::new(), missing: Vec::new() };
        Self { scrub: Scrub::new(known), manifest, files: Vec::new(), room: WHOLE }
    }

    /// A text; `cut` says that it has lost its beginning already. Of what is longer than a piece may be the end is
    /// taken, from the beginning of a line on: half a line could begin with half a secret.
    pub fn text(&mut self, name: &str, bytes: &[u8], cut: bool) {
        let start = bytes.len().saturating_sub(PIECE);
        let cut = cut || start > 0;
        let end = bytes.get(start..).unwrap_or_default();
        let whole = if cut { end.iter().position(|b| *b == b'\n').map_or(end.len(), |at| at + 1) } else { 0 };
        let mut removed = Removed::default();
        let text = String::from_utf8_lossy(end.get(whole..).unwrap_or_default());
        let text = self.scrub.text(&text, &mut removed);
        let text = if cut { format!("[what was before is left out]\n{text}") } else { text };
        self.add(name, text, cut, removed);
    }

    /// A file in YAML, such as a configuration. One that cannot be read as YAML is left out: what is not
    /// understood may hold a secret in any form.
    pub fn yaml(&mut self, name: &str, bytes: &[u8], cut: bool) {
        let text = std::str::from_utf8(bytes).ok().filter(|text| !cut && text.len() <= PIECE);
        match text.and_then(|text| serde_saphyr::from_multiple::<Value>(text).ok()) {
            Some(documents) => self.objects(name, documents),
            None => self.missing(name, "it is no YAML that this program reads, so that its secrets are not found"),
        }
    }

    /// Objects as YAML. Of more than a piece may hold the first are taken.
    pub fn objects(&mut self, name: &str, objects: Vec<Value>) {
        let mut removed = Removed::default();
        let mut text = objects::yaml(objects, &self.scrub, &mut removed);
        let cut = text.len() > PIECE;
        if cut {
            let end = text.as_bytes().get(..PIECE).unwrap_or_default().iter().rposition(|b| *b == b'\n');
            text.truncate(end.map_or(0, |at| at + 1));
            text.push_str("[what follows is left out]\n");
        }
        self.add(name, text, cut, removed);
    }

    fn add(&mut self, name: &str, text: String, cut: bool, removed: Removed) {
        let name = self.free(name);
        let Some(room) = self.room.checked_sub(text.len()) else {
            return self.missing(&name, &format!("all pieces together have more than {} MiB", WHOLE >> 20));
        };
        self.room = room;
        self.manifest.pieces.push(Piece { name: name.clone(), bytes: text.len() as u64, cut, removed });
        self.files.push((name, text.into_bytes()));
    }

    /// A name that no piece has yet.
    fn free(&self, name: &str) -> String {
        let taken = |name: &str| self.files.iter().any(|(other, _)| other == name);
        if !taken(name) {
            return name.to_owned();
        }
        // One more number than there are files: one of them is free.
        let mut others = (2..=self.files.len() + 2).map(|n| format!("{name}-{n}"));
        others.find(|name| !taken(name)).unwrap_or_default()
    }

    /// A piece that could not be had.
    pub fn missing(&mut self, name: &str, why: &str) {
        let why = self.scrub.text(&why.replace('\n', ", "), &mut Removed::default());
        self.manifest.missing.push(Missing { name: name.to_owned(), why: sanitise::text(&why, REASON) });
    }

    /// The same, by a failure.
    pub fn failed(&mut self, name: &str, failure: &Failure) {
        self.missing(name, &failure.line());
    }

    /// The manifest, and the files with it in front.
    pub fn close(self) -> (Manifest, Vec<(String, Vec<u8>)>) {
        let mut text = self.manifest.lines().join("\n");
        text.push('\n');
        let mut files = vec![(super::MANIFEST.to_owned(), text.into_bytes())];
        files.extend(self.files);
        (self.manifest, files)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bag() -> Bag {
        Bag::new("edge-07".parse().expect("a label"), "modelquay 1", 0, Redactor::new())
    }

    #[test]
    fn a_long_piece_loses_whole_lines_of_its_beginning() {
        let mut bag = bag();
        let line = format!("password = {}\n", "x".repeat(89));
        let long = line.repeat(PIECE / line.len() + 7);
        bag.text("long.log", long.as_bytes(), false);
        bag.text("cut.log", b"word = half\nwhole\n", true);
        bag.text("one-line.log", "y".repeat(PIECE + 1).as_bytes(), false);
        let (manifest, files) = bag.close();
        let text = |n: usize| String::from_utf8_lossy(&files[n].1).into_owned();
        assert!(text(1).lines().skip(1).all(|line| line == "password = [secret]"), "{}", &text(1)[..200]);
        assert_eq!(text(2), "[what was before is left out]\nwhole\n");
        assert_eq!(text(3), "[what was before is left out]\n");
        assert!(manifest.pieces.iter().all(|piece| piece.cut));
        assert!(text(0).starts_with("Report about the site edge-07, made by modelquay 1 at 1970"), "{}", text(0));
        assert!(text(0).contains("long.log; its end only; removed: 10"), "{}", text(0));
    }

    #[test]
    fn all_pieces_together_are_bounded_and_what_did_not_fit_is_named() {
        let mut bag = Bag { room: 1000, ..bag() };
        for n in 0..7 {
            bag.text(&format!("{n}.log"), "a line\n".repeat(40).as_bytes(), false);
        }
        bag.text("last.log", b"short", false);
        let (manifest, _) = bag.close();
        let names: Vec<&str> = manifest.pieces.iter().map(|piece| piece.name.as_str()).collect();
        assert_eq!(names, ["0.log", "1.log", "2.log", "last.log"]);
        assert!(manifest.missing.len() == 4 && manifest.missing.iter().all(|missing| missing.why.contains("64 MiB")));
    }

    #[test]
    fn configuration_is_understood_or_left_out() {
        let mut bag = bag();
        bag.yaml(
            "a.yaml",
            b"configs:\n  r:\n    auth:\n      username: canary-1\n      password: >\n        canary-2\n",
            false,
        );
        bag.yaml("b.yaml", b"a: [canary-3\n", false);
        bag.yaml("a.yaml", b"a: 1\n", false);
        let (manifest, files) = bag.close();
        let all: Vec<String> = files.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect();
        assert!(!all.concat().contains("canary"), "{all:?}");
        let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["MANIFEST.txt", "a.yaml", "a.yaml-2"]);
        assert_eq!(manifest.missing[0].name, "b.yaml");
    }

    #[test]
    fn reasons_are_scrubbed_too() {
        let mut bag = bag();
        bag.failed("host", &Failure::permanent("get http://u:canary@h/\n\u{1b}[2J").because("x"));
        let (manifest, _) = bag.close();
        assert_eq!(manifest.missing[0].why, "get http://[secret]@h/, : x");
    }
}
