//! Bookmarks, and the places that one has been at.

use super::ask::Ask;
use super::msg::Effect;
use super::over::Over;
use super::table::{Row, Shown, instead, table};
use super::{Browse, Spot};
use crate::base::sanitise::visible;
use crate::plan::Failure;
use crate::registry::places::{Bookmark, Completion, Location, Places};
use crate::ui::keys::Command;
use crate::ui::theme::{Glyph, Role};
use crate::ui::widgets::list::Cursor;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::collections::BTreeSet;

/// What is done with what is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keep {
    /// It is read.
    Load,
    /// A bookmark is added.
    Add(Bookmark),
    /// A bookmark is removed.
    Remove(Location),
    /// Somebody is there.
    Visited(Location),
}

/// What is kept, and what has to be said of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// All of it.
    pub places: Places,
    /// Where a file was set aside that could not be read in full.
    pub aside: Option<String>,
    /// Bookmarks that were forgotten, because there are too many.
    pub forgotten: usize,
}

/// The list of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known {
    cursor: Cursor,
}

impl Browse {
    /// Where it stands, as it is kept.
    fn location(&self) -> Option<Location> {
        let bucket = self.spot.bucket.clone()?;
        Some(Location { registry: self.who.id.clone(), bucket, prefix: self.spot.prefix.clone() })
    }

    /// Notes that it is there.
    pub(super) fn note_visit(&self) -> Vec<Effect> {
        self.location().map(|at| Effect::Keep(Keep::Visited(at))).into_iter().collect()
    }

    /// Opens the list.
    pub(super) fn open_places(&mut self) -> Vec<Effect> {
        self.over = Some(Over::Places(Known::default()));
        vec![Effect::Keep(Keep::Load)]
    }

    /// Asks what to call the place where it stands.
    pub(super) fn bookmark(&mut self) -> Vec<Effect> {
        if let Some(at) = self.location() {
            self.ask = Some(Ask::bookmark(self, at));
        }
        Vec::new()
    }

    /// What is kept now.
    pub(super) fn kept(&mut self, kept: Result<Kept, Failure>) {
        let text = &self.shell.text;
        match kept {
            Ok(kept) => {
                if let Some(path) = kept.aside {
                    self.shell.notice = Some(text.with("places-aside", [("path", path.into())]));
                } else if kept.forgotten > 0 {
                    self.shell.notice = Some(text.with("places-forgotten", [("count", kept.forgotten.into())]));
                }
                self.places = kept.places;
            }
            Err(failure) => self.shell.notice = Some(failure.line()),
        }
    }

    /// The lines: bookmarks, then history without the places that are bookmarked.
    fn known(&self) -> Vec<(Option<&str>, &Location)> {
        let of = &self.who.id;
        let marked: Vec<_> = self.places.bookmarks(of).map(|one| (Some(one.name.as_str()), &one.at)).collect();
        let been = self.places.history(of).filter(|at| marked.iter().all(|(_, other)| other != at));
        let been: Vec<_> = been.map(|at| (None, at)).collect();
        marked.into_iter().chain(been).collect()
    }

    /// A command in the list.
    pub(super) fn places_command(&mut self, command: Command) -> Vec<Effect> {
        let page = usize::from(self.list_rows());
        let known = self.known();
        let len = known.len();
        let Some(Over::Places(mut list)) = self.over.clone() else { return Vec::new() };
        let here = known.get(list.cursor.of(len)).map(|(name, at)| (name.is_some(), (*at).clone()));
        if list.cursor.moved(command, len, page) {
            self.over = Some(Over::Places(list));
            return Vec::new();
        }
        match (command, here) {
            (Command::Back | Command::Left | Command::Parent | Command::Places, _) => self.leave_over(),
            (Command::Take | Command::Right, Some((_, at))) => {
                let mut effects = self.leave_over();
                effects.extend(self.go(Spot { bucket: Some(at.bucket), prefix: at.prefix }, None));
                effects
            }
            (Command::Delete, Some((true, at))) => vec![Effect::Keep(Keep::Remove(at))],
            _ => Vec::new(),
        }
    }

    /// Whether a command does nothing in the list now.
    pub(super) fn places_idle(&self, list: Known, command: Command) -> bool {
        let known = self.known();
        let here = known.get(list.cursor.of(known.len()));
        match command {
            Command::Take => here.is_none(),
            Command::Delete => here.is_none_or(|(name, _)| name.is_none()),
            _ => false,
        }
    }

    /// Goes on with the path that is typed on the go-to line: by what is listed here, by bookmarks and by history.
    pub(super) fn complete_place(&mut self) {
        let Some(typing) = &mut self.typing else { return };
        let typed = typing.field.text();
        let bare = typed.strip_prefix("s3://").unwrap_or(&typed);
        let mut all: Vec<String> = Vec::new();
        if let Some(bucket) = &self.spot.bucket {
            let here = format!("{bucket}/{}", self.spot.prefix);
            if let Some(begun) = bare.strip_prefix(&here) {
                let from = self.listing.seek(begun);
                let rows = (from..self.listing.len()).filter_map(|at| self.listing.get(at));
                let fitting = rows.take_while(|row| row.name.starts_with(begun)).take(MOST);
                all.extend(fitting.map(|row| format!("{here}{}", row.name)));
            }
        } else if let Some(buckets) = &self.buckets {
            all.extend(buckets.iter().filter(|b| b.name.starts_with(bare)).map(|b| format!("{}/", b.name)));
        }
        let kept = self.places.completions(&self.who.id, &typed);
        // A bookmark is found by its name too; then it is the only one that is meant.
        let paths = kept.iter().map(|one: &Completion| one.path.clone());
        all.extend(paths.filter(|path| path.starts_with(bare)).collect::<Vec<_>>());
        all.sort();
        all.dedup();
        let longer = match (all.as_slice(), kept.as_slice()) {
            ([], [only]) => only.path.clone(),
            ([], _) => {
                return self.shell.notice = Some(self.shell.text.with("path-choices", [("count", 0_usize.into())]));
            }
            (several, _) => common(several),
        };
        if longer.len() > bare.len() || all.is_empty() {
            typing.field.set(&longer);
        }
        if all.len() > 1 {
            self.shell.notice = Some(self.shell.text.with("path-choices", [("count", all.len().into())]));
        }
    }
}

/// Names of a listing that a path is completed by.
const MOST: usize = 1_000;

/// What all of them begin with.
fn common(all: &[String]) -> String {
    let (Some(first), Some(last)) = (all.first(), all.last()) else { return String::new() };
    // They are sorted, so that the first and the last have the least in common.
    let same = first.char_indices().zip(last.chars()).take_while(|((_, a), b)| a == b);
    let end = same.last().map_or(0, |((at, c), _)| at + c.len_utf8());
    first[..end].to_owned()
}

/// Draws the list.
pub(super) fn list(browse: &Browse, list: Known, area: Rect, buffer: &mut Buffer) {
    let known = browse.known();
    if known.is_empty() {
        return instead(browse, Role::Dim, &browse.shell.text.t("places-none"), area, buffer);
    }
    let none = BTreeSet::new();
    let shown = Shown { len: known.len(), cursor: list.cursor, marked: &none };
    let row = |at: usize| {
        let (name, place) = known.get(at)?;
        let path = visible(&place.to_string()).into_owned();
        Some(match name {
            Some(name) => Row {
                sign: (Role::Good, Glyph::Chosen),
                role: Role::Text,
                name: visible(name).into_owned(),
                rest: path,
            },
            None => Row { sign: (Role::Dim, Glyph::Open), role: Role::Dim, name: path, rest: String::new() },
        })
    };
    table(browse.shell.theme, &shown, row, area, buffer);
}
