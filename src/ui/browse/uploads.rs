//! Uploads that were begun and neither finished nor thrown away: they take room, and no listing shows them.

use super::ask::Ask;
use super::msg::Effect;
use super::over::{Over, is_news, renew};
use super::table::{Row, Shown, instead, table, time_text};
use super::{Browse, status};
use crate::base::Secret;
use crate::base::sanitise::visible;
use crate::ports::objects::UploadRow;
use crate::registry::paged::Ended;
use crate::ui::keys::Command;
use crate::ui::theme::{Glyph, Role};
use crate::ui::widgets::lines::{cut, fit, line, width};
use crate::ui::widgets::list::Cursor;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use std::collections::BTreeSet;

/// Columns of a time.
const TIME: usize = 16;

/// Uploads, as far as they have come.
#[derive(Clone, Debug)]
pub struct Uploads {
    /// What the answer is called.
    pub id: u64,
    /// The bucket.
    pub bucket: String,
    /// The prefix.
    pub prefix: String,
    /// The uploads.
    pub rows: Vec<UploadRow>,
    /// How the list ended.
    pub end: Option<Ended>,
    pub(super) cursor: Cursor,
    pub(super) marked: BTreeSet<usize>,
    /// What has come of a look again: until all has, the rows stay as they are.
    coming: Option<Vec<UploadRow>>,
}

impl Uploads {
    /// Takes in more.
    pub(super) fn take(&mut self, rows: Vec<UploadRow>) {
        self.coming.as_mut().unwrap_or(&mut self.rows).extend(rows);
    }

    /// No more comes.
    pub(super) fn ended(&mut self, end: Ended) {
        if let Some(rows) = self.coming.take().filter(|rows| is_news(rows, &end)) {
            let marks = (&mut self.cursor, &mut self.marked);
            renew(&mut self.rows, rows, marks, |a, b| (&a.key, &a.id) == (&b.key, &b.id));
        }
        self.end = Some(end);
    }

    fn here(&self) -> Option<&UploadRow> {
        self.rows.get(self.cursor.of(self.rows.len()))
    }

    fn chosen(&self) -> Vec<UploadRow> {
        if self.marked.is_empty() {
            return self.here().cloned().into_iter().collect();
        }
        self.marked.iter().filter_map(|at| self.rows.get(*at)).cloned().collect()
    }
}

impl Browse {
    /// Incomplete uploads of all that lies here.
    pub(super) fn open_uploads(&mut self) -> Vec<Effect> {
        let Some(bucket) = self.spot.bucket.clone() else { return Vec::new() };
        self.look_id += 1;
        let (id, prefix) = (self.look_id, self.spot.prefix.clone());
        let (cursor, marked) = (Cursor::default(), BTreeSet::new());
        let uploads = Uploads {
            id,
            bucket: bucket.clone(),
            prefix: prefix.clone(),
            rows: Vec::new(),
            end: None,
            cursor,
            marked,
            coming: None,
        };
        self.over = Some(Over::Uploads(Box::new(uploads)));
        vec![Effect::Uploads { id, bucket, prefix }]
    }

    /// A command in the list of uploads.
    pub(super) fn uploads_command(&mut self, command: Command) -> Vec<Effect> {
        let page = usize::from(self.list_rows());
        let Some(Over::Uploads(uploads)) = &mut self.over else { return Vec::new() };
        let len = uploads.rows.len();
        if uploads.cursor.moved(command, len, page) {
            return Vec::new();
        }
        match command {
            Command::Back | Command::Left | Command::Parent => self.leave_over(),
            Command::LookAgain => self.uploads_again(),
            Command::Toggle if len > 0 => {
                let at = uploads.cursor.of(len);
                if !uploads.marked.remove(&at) {
                    uploads.marked.insert(at);
                }
                uploads.cursor.moved(Command::Down, len, 1);
                Vec::new()
            }
            Command::Copy => match uploads.here() {
                Some(row) => vec![Effect::Copy(Secret::new(row.id.clone()))],
                None => Vec::new(),
            },
            Command::Delete if len > 0 => {
                let (bucket, chosen) = (uploads.bucket.clone(), uploads.chosen());
                self.change(|browse| {
                    browse.ask = Ask::abort(browse, &bucket, chosen);
                    Vec::new()
                })
            }
            _ => Vec::new(),
        }
    }

    /// Looks for the uploads again.
    pub(super) fn uploads_again(&mut self) -> Vec<Effect> {
        self.look_id += 1;
        let id = self.look_id;
        let Some(Over::Uploads(uploads)) = &mut self.over else { return Vec::new() };
        (uploads.id, uploads.end, uploads.coming) = (id, None, Some(Vec::new()));
        uploads.marked.clear();
        vec![Effect::Uploads { id, bucket: uploads.bucket.clone(), prefix: uploads.prefix.clone() }]
    }
}

/// The line that says of what.
pub(super) fn title(browse: &Browse, uploads: &Uploads, columns: u16) -> Line<'static> {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    let path = visible(&format!("{}/{}", uploads.bucket, uploads.prefix)).into_owned();
    let words = text.with("uploads-of", [("path", path.into())]);
    line(theme, Role::Accent, format!(" {}", cut(theme, &words, usize::from(columns).saturating_sub(2))))
}

/// The names of the columns.
pub(super) fn titles(browse: &Browse, columns: u16) -> Line<'static> {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    let rest = fit(theme, &text.t("uploads-begun"), TIME);
    let room = usize::from(columns).saturating_sub(4 + width(&rest));
    line(theme, Role::Dim, format!("   {}{rest}", fit(theme, &text.t("browse-name"), room)))
}

/// Draws the list.
pub(super) fn list(browse: &Browse, uploads: &Uploads, area: Rect, buffer: &mut Buffer) {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    if uploads.rows.is_empty() {
        return match &uploads.end {
            None => instead(browse, Role::Dim, &text.t("browse-loading"), area, buffer),
            Some(Ended::Failed(error)) => instead(browse, Role::Bad, &error.failure.line(), area, buffer),
            Some(_) => instead(browse, Role::Dim, &text.t("uploads-none"), area, buffer),
        };
    }
    let row = |at: usize| {
        let row = uploads.rows.get(at)?;
        let name = visible(row.key.get(uploads.prefix.len()..).unwrap_or(&row.key)).into_owned();
        let rest = fit(theme, &time_text(row.begun), TIME);
        Some(Row { sign: (Role::Warn, Glyph::Open), role: Role::Text, name, rest })
    };
    let shown = Shown { len: uploads.rows.len(), cursor: uploads.cursor, marked: &uploads.marked };
    table(theme, &shown, row, area, buffer);
}

/// The sentence above the keys.
pub(super) fn said(browse: &Browse, uploads: &Uploads) -> (Role, String) {
    let words = browse.shell.text.with("uploads-count", [("count", uploads.rows.len().into())]);
    status::with_end(browse, uploads.end.as_ref(), words)
}
