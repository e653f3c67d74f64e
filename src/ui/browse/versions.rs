//! Versions and delete markers of an object, or of all that lies under a prefix: what can be had back, and what
//! takes room that no listing shows.

use super::ask::Ask;
use super::msg::Effect;
use super::over::{Over, is_news, renew};
use super::table::{Row, Shown, instead, right, table, time_text};
use super::work::Work;
use super::{Browse, status};
use crate::base::sanitise::visible;
use crate::plan::change::size_text;
use crate::ports::objects::{At, VersionRow};
use crate::registry::paged::Ended;
use crate::ui::keys::Command;
use crate::ui::theme::{Glyph, Role};
use crate::ui::widgets::lines::{cut, fit, line};
use crate::ui::widgets::list::Cursor;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use std::collections::BTreeSet;

/// Columns of a size, of a time and of a version's identity.
const SIZE: usize = 10;
const TIME: usize = 16;
const ID: usize = 10;

/// Versions, as far as they have come.
#[derive(Clone, Debug)]
pub struct Versions {
    /// What the answer is called.
    pub id: u64,
    /// The bucket.
    pub bucket: String,
    /// The prefix, or the whole key where they are of one object.
    pub prefix: String,
    /// Whether they are of one object.
    pub one: bool,
    /// The versions, newest first within a key.
    pub rows: Vec<VersionRow>,
    /// How the list ended.
    pub end: Option<Ended>,
    pub(super) cursor: Cursor,
    pub(super) marked: BTreeSet<usize>,
    /// What has come of a look again: until all has, the rows stay as they are.
    coming: Option<Vec<VersionRow>>,
}

impl Versions {
    /// The version of the cursor.
    fn here(&self) -> Option<&VersionRow> {
        self.rows.get(self.cursor.of(self.rows.len()))
    }

    fn at(&self, row: &VersionRow) -> At {
        At { bucket: self.bucket.clone(), key: row.key.clone(), version: Some(row.version.clone()) }
    }

    /// Those that are marked, or the one of the cursor.
    pub(super) fn chosen(&self) -> Vec<&VersionRow> {
        if self.marked.is_empty() {
            return self.here().into_iter().collect();
        }
        self.marked.iter().filter_map(|at| self.rows.get(*at)).collect()
    }

    /// Takes in more.
    pub(super) fn take(&mut self, rows: Vec<VersionRow>) {
        let one = self.one;
        let prefix = &self.prefix;
        let into = self.coming.as_mut().unwrap_or(&mut self.rows);
        into.extend(rows.into_iter().filter(|row| !one || row.key == *prefix));
    }

    /// No more comes.
    pub(super) fn ended(&mut self, end: Ended) {
        if let Some(rows) = self.coming.take().filter(|rows| is_news(rows, &end)) {
            let marks = (&mut self.cursor, &mut self.marked);
            renew(&mut self.rows, rows, marks, |a, b| (&a.key, &a.version) == (&b.key, &b.version));
        }
        self.end = Some(end);
    }
}

impl Browse {
    /// Versions of the object of the cursor, or of all below its prefix.
    pub(super) fn open_versions(&mut self) -> Vec<Effect> {
        match self.object_here() {
            Some(key) => self.versions_of(key, true),
            None => self.versions_of(self.prefix_here(), false),
        }
    }

    /// Versions of all that lies here, also of what no listing shows any more.
    pub(super) fn open_versions_here(&mut self) -> Vec<Effect> {
        self.versions_of(self.spot.prefix.clone(), false)
    }

    fn versions_of(&mut self, prefix: String, one: bool) -> Vec<Effect> {
        let Some(bucket) = self.spot.bucket.clone() else { return Vec::new() };
        self.look_id += 1;
        let id = self.look_id;
        let (cursor, marked) = (Cursor::default(), BTreeSet::new());
        let versions = Versions {
            id,
            bucket: bucket.clone(),
            prefix: prefix.clone(),
            one,
            rows: Vec::new(),
            end: None,
            cursor,
            marked,
            coming: None,
        };
        self.over = Some(Over::Versions(Box::new(versions)));
        vec![Effect::Versions { id, bucket, prefix }]
    }

    /// A command in the list of versions.
    pub(super) fn versions_command(&mut self, command: Command) -> Vec<Effect> {
        let page = usize::from(self.list_rows());
        let Some(Over::Versions(versions)) = &mut self.over else { return Vec::new() };
        if versions.cursor.moved(command, versions.rows.len(), page) {
            return self.look_at_version();
        }
        let here = versions.here().map(|row| (versions.at(row), row.marker));
        match (command, here) {
            (Command::Back | Command::Left | Command::Parent, _) => self.leave_over(),
            (Command::LookAgain, _) => self.versions_again(),
            (Command::Toggle, Some(_)) => {
                let at = versions.cursor.of(versions.rows.len());
                if !versions.marked.remove(&at) {
                    versions.marked.insert(at);
                }
                versions.cursor.moved(Command::Down, versions.rows.len(), 1);
                Vec::new()
            }
            (Command::Take, Some((at, false))) => {
                self.pane = true;
                self.look_at(at)
            }
            (Command::Copy, Some((at, _))) => {
                vec![Effect::Copy(crate::base::Secret::new(at.version.unwrap_or_default()))]
            }
            (Command::Get, Some((at, false))) => self.ask_get(vec![at]),
            (Command::Share, Some((at, false))) => self.ask_share(at),
            (Command::Restore, Some((at, false))) => self.change(|browse| browse.work(Work::Restore(at))),
            (Command::Undelete, Some((at, _))) => {
                self.change(|browse| browse.work(Work::Undelete { bucket: at.bucket, key: at.key }))
            }
            (Command::Delete, Some(_)) => self.change(Self::ask_delete_versions),
            _ => Vec::new(),
        }
    }

    /// Looks for the versions again.
    pub(super) fn versions_again(&mut self) -> Vec<Effect> {
        self.look_id += 1;
        let id = self.look_id;
        let Some(Over::Versions(versions)) = &mut self.over else { return Vec::new() };
        (versions.id, versions.end, versions.coming) = (id, None, Some(Vec::new()));
        versions.marked.clear();
        vec![Effect::Versions { id, bucket: versions.bucket.clone(), prefix: versions.prefix.clone() }]
    }

    fn look_at_version(&mut self) -> Vec<Effect> {
        self.preview.moved(self.shell.now_ms);
        Vec::new()
    }

    /// The version of the cursor, where it has bytes that can be looked at.
    pub(super) fn version_here(&self) -> Option<At> {
        let Some(Over::Versions(versions)) = &self.over else { return None };
        versions.here().filter(|row| !row.marker).map(|row| versions.at(row))
    }

    fn ask_delete_versions(&mut self) -> Vec<Effect> {
        let Some(Over::Versions(versions)) = &self.over else { return Vec::new() };
        let chosen: Vec<VersionRow> = versions.chosen().into_iter().cloned().collect();
        self.ask = Ask::delete_versions(self, &versions.bucket, chosen);
        Vec::new()
    }

    /// Whether a command does nothing in the list of versions now.
    pub(super) fn versions_idle(versions: &Versions, command: Command) -> bool {
        let here = versions.here();
        match command {
            Command::Take | Command::Get | Command::Share => here.is_none_or(|row| row.marker),
            Command::Restore => here.is_none_or(|row| row.marker || row.latest),
            Command::Undelete => !here.is_some_and(|row| row.marker),
            Command::Delete | Command::Copy | Command::Toggle => here.is_none(),
            _ => false,
        }
    }
}

/// The line that says of what.
pub(super) fn title(browse: &Browse, versions: &Versions, columns: u16) -> Line<'static> {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    let path = visible(&format!("{}/{}", versions.bucket, versions.prefix)).into_owned();
    let words = text.with("versions-of", [("path", path.into())]);
    line(theme, Role::Accent, format!(" {}", cut(theme, &words, usize::from(columns).saturating_sub(2))))
}

/// The names of the columns.
pub(super) fn titles(browse: &Browse, columns: u16) -> Line<'static> {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    let rest = rest(columns, |w| match w {
        Column::Size => right(theme, &text.t("browse-size"), SIZE),
        Column::Time => fit(theme, &text.t("browse-modified"), TIME),
        Column::Id => fit(theme, &text.t("versions-id"), ID),
    });
    let room = usize::from(columns).saturating_sub(4 + crate::ui::widgets::lines::width(&rest));
    line(theme, Role::Dim, format!("   {}{rest}", fit(theme, &text.t("browse-name"), room)))
}

#[derive(Clone, Copy)]
enum Column {
    Size,
    Time,
    Id,
}

/// What stands at the right, as far as there is room.
fn rest(columns: u16, text: impl Fn(Column) -> String) -> String {
    let mut out = text(Column::Size);
    if columns >= 46 {
        out.push_str("  ");
        out.push_str(&text(Column::Time));
    }
    if columns >= 60 {
        out.push_str("  ");
        out.push_str(&text(Column::Id));
    }
    out
}

/// Draws the list.
pub(super) fn list(browse: &Browse, versions: &Versions, area: Rect, buffer: &mut Buffer) {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    if versions.rows.is_empty() {
        return match &versions.end {
            None => instead(browse, Role::Dim, &text.t("browse-loading"), area, buffer),
            Some(Ended::Failed(error)) => instead(browse, Role::Bad, &error.failure.line(), area, buffer),
            Some(_) => instead(browse, Role::Dim, &text.t("versions-none"), area, buffer),
        };
    }
    let base = if versions.one { versions.prefix.rfind('/').map_or(0, |at| at + 1) } else { versions.prefix.len() };
    let row = |at: usize| {
        let row = versions.rows.get(at)?;
        let name = visible(row.key.get(base..).unwrap_or(&row.key)).into_owned();
        let (sign, role) = match (row.marker, row.latest) {
            (true, _) => ((Role::Warn, Glyph::Bad), Role::Dim),
            (false, true) => ((Role::Good, Glyph::Link), Role::Text),
            (false, false) => ((Role::Dim, Glyph::Open), Role::Dim),
        };
        let rest = rest(area.width, |column| match column {
            Column::Size if row.marker => right(theme, &text.t("versions-deleted"), SIZE),
            Column::Size => right(theme, &size_text(row.size), SIZE),
            Column::Time => fit(theme, &time_text(row.modified), TIME),
            Column::Id => fit(theme, &visible(&row.version), ID),
        });
        Some(Row { sign, role, name, rest })
    };
    let shown = Shown { len: versions.rows.len(), cursor: versions.cursor, marked: &versions.marked };
    table(theme, &shown, row, area, buffer);
}

/// The sentence above the keys.
pub(super) fn said(browse: &Browse, versions: &Versions) -> (Role, String) {
    let text = &browse.shell.text;
    let count = |wanted: fn(&VersionRow) -> bool| versions.rows.iter().filter(|row| wanted(row)).count();
    let old = versions.rows.iter().filter(|row| !row.latest && !row.marker);
    let bytes = old.map(|row| row.size).fold(0, u64::saturating_add);
    let words = text.with(
        "versions-count",
        [
            ("versions", status::grouped(count(|row| !row.marker)).into()),
            ("old", status::grouped(count(|row| !row.marker && !row.latest)).into()),
            ("bytes", size_text(bytes).into()),
            ("markers", status::grouped(count(|row| row.marker)).into()),
        ],
    );
    status::with_end(browse, versions.end.as_ref(), words)
}
