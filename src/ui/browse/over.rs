//! What stands in front of the list. The browser stays as it is below, so that whoever comes back finds the cursor
//! where it was.

use super::models::Models;
use super::msg::Effect;
use super::places::{self, Known};
use super::transfers::{self, Transfers};
use super::trusts::{self, Trusts};
use super::uploads::{self, Uploads};
use super::usage::{self, Counts};
use super::versions::{self, Versions};
use super::{Browse, models_draw};
use crate::ports::objects::{UploadRow, VersionRow};
use crate::registry::paged::Ended;
use crate::ui::keys::{Command, Scope};
use crate::ui::theme::Role;
use crate::ui::widgets::lines::{draw as draw_lines, line};
use crate::ui::widgets::list::Cursor;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use std::collections::BTreeSet;

/// What stands in front of the list.
#[derive(Clone, Debug)]
pub enum Over {
    /// What Triton would make of the prefix.
    Models(Box<Models>),
    /// Versions and delete markers.
    Versions(Box<Versions>),
    /// Uploads that were begun and not finished.
    Uploads(Box<Uploads>),
    /// Where the space went.
    Usage(Box<Counts>),
    /// What is on its way.
    Transfers(Transfers),
    /// Whom it talks to.
    Trust(Trusts),
    /// Bookmarks, and where one has been.
    Places(Known),
}

impl Over {
    /// Where keys are pressed.
    pub(super) fn scope(&self) -> Scope {
        match self {
            Self::Models(_) => Scope::Models,
            Self::Versions(_) => Scope::Versions,
            Self::Uploads(_) => Scope::Uploads,
            Self::Usage(_) => Scope::Usage,
            Self::Transfers(_) => Scope::Transfers,
            Self::Trust(_) => Scope::Trust,
            Self::Places(_) => Scope::Places,
        }
    }

    /// The line that says of what it is.
    pub(super) fn title(&self, browse: &Browse, columns: u16) -> Line<'static> {
        match self {
            Self::Models(models) => models_draw::title(browse, models, columns),
            Self::Versions(versions) => versions::title(browse, versions, columns),
            Self::Uploads(uploads) => uploads::title(browse, uploads, columns),
            Self::Usage(counts) => usage::title(browse, counts, columns),
            Self::Transfers(_) => plain_title(browse, "transfers-title"),
            Self::Trust(_) => plain_title(browse, "trust-title"),
            Self::Places(_) => plain_title(browse, "places-title"),
        }
    }

    /// The names of its columns, and its lines.
    pub(super) fn draw(&self, browse: &Browse, titles: Rect, area: Rect, buffer: &mut Buffer) {
        let names = match self {
            Self::Models(models) => models_draw::titles(browse, models, titles.width),
            Self::Versions(_) => versions::titles(browse, titles.width),
            Self::Uploads(_) => uploads::titles(browse, titles.width),
            Self::Usage(_) => usage::titles(browse, titles.width),
            Self::Transfers(_) | Self::Trust(_) | Self::Places(_) => Line::default(),
        };
        draw_lines(vec![names], titles, buffer);
        match self {
            Self::Models(models) => models_draw::list(browse, models, area, buffer),
            Self::Versions(versions) => versions::list(browse, versions, area, buffer),
            Self::Uploads(uploads) => uploads::list(browse, uploads, area, buffer),
            Self::Usage(counts) => usage::list(browse, counts, area, buffer),
            Self::Transfers(transfers) => transfers::list(browse, *transfers, area, buffer),
            Self::Trust(trusts) => trusts::list(browse, trusts, area, buffer),
            Self::Places(known) => places::list(browse, *known, area, buffer),
        }
    }

    /// The sentence above the keys.
    pub(super) fn said(&self, browse: &Browse) -> (Role, String) {
        match self {
            Self::Models(models) => models_draw::status(browse, models),
            Self::Versions(versions) => versions::said(browse, versions),
            Self::Uploads(uploads) => uploads::said(browse, uploads),
            Self::Usage(counts) => usage::said(browse, counts),
            Self::Transfers(_) => (Role::Dim, browse.shell.text.t("transfers-how")),
            Self::Trust(_) => (Role::Dim, browse.shell.text.t("trust-how")),
            Self::Places(_) => (Role::Dim, browse.shell.text.t("places-how")),
        }
    }

    /// Whether what is known of the line of the cursor stands beside it.
    pub(super) fn has_pane(&self) -> bool {
        matches!(self, Self::Versions(_))
    }
}

/// Whether what came of a look again says more than what is shown: where nothing could be had, it does not.
pub(super) fn is_news<T>(rows: &[T], end: &Ended) -> bool {
    !rows.is_empty() || matches!(end, Ended::Whole(_))
}

/// Puts what came of a look again in the place of what is shown. The cursor and the marks stay with their rows: a key
/// that is pressed meanwhile acts on the row that was seen, never on the one that has come to its place.
pub(super) fn renew<T>(
    rows: &mut Vec<T>,
    news: Vec<T>,
    (cursor, marked): (&mut Cursor, &mut BTreeSet<usize>),
    same: impl Fn(&T, &T) -> bool,
) {
    let now_at = |line: usize| rows.get(line).and_then(|row| news.iter().position(|other| same(row, other)));
    let at = cursor.of(rows.len());
    cursor.set(now_at(at).unwrap_or(at));
    *marked = marked.iter().filter_map(|line| now_at(*line)).collect();
    *rows = news;
}

fn plain_title(browse: &Browse, key: &str) -> Line<'static> {
    line(browse.shell.theme, Role::Accent, format!(" {}", browse.shell.text.t(key)))
}

impl Browse {
    /// A command in what stands in front.
    pub(super) fn over_command(&mut self, command: Command) -> Vec<Effect> {
        if command == Command::Write {
            return self.write();
        }
        match &self.over {
            Some(Over::Models(_)) => self.models_command(command),
            Some(Over::Versions(_)) => self.versions_command(command),
            Some(Over::Uploads(_)) => self.uploads_command(command),
            Some(Over::Usage(_)) => self.usage_command(command),
            Some(Over::Transfers(_)) => self.transfers_command(command),
            Some(Over::Trust(_)) => self.trust_command(command),
            Some(Over::Places(_)) => self.places_command(command),
            None => Vec::new(),
        }
    }

    /// Whether a command does nothing in what stands in front.
    pub(super) fn over_idle(&self, command: Command) -> bool {
        match &self.over {
            Some(Over::Models(models)) => Self::models_idle(models, command),
            Some(Over::Versions(versions)) => Self::versions_idle(versions, command),
            Some(Over::Uploads(uploads)) => {
                uploads.rows.is_empty() && matches!(command, Command::Delete | Command::Toggle | Command::Copy)
            }
            Some(Over::Transfers(transfers)) => self.transfers_idle(*transfers, command),
            Some(Over::Trust(trusts)) => Self::trust_idle(trusts, command),
            Some(Over::Places(known)) => self.places_idle(*known, command),
            Some(Over::Usage(_)) | None => false,
        }
    }

    /// Back to the list, which is as it was. What is still under way is given up.
    pub(super) fn leave_over(&mut self) -> Vec<Effect> {
        let under_way = match self.over.take() {
            Some(Over::Models(models)) => models.found.is_none(),
            Some(Over::Versions(versions)) => versions.end.is_none(),
            Some(Over::Uploads(uploads)) => uploads.end.is_none(),
            Some(Over::Usage(counts)) => counts.is_going_on(),
            Some(Over::Trust(trusts)) => trusts.found.is_none(),
            Some(Over::Transfers(_) | Over::Places(_)) | None => false,
        };
        self.preview.forget();
        self.preview.moved(self.shell.now_ms);
        if under_way { vec![Effect::StopLooking] } else { Vec::new() }
    }

    /// More versions came.
    pub(super) fn versions_came(&mut self, id: u64, rows: Vec<VersionRow>) {
        if let Some(Over::Versions(versions)) = self.over.as_mut()
            && versions.id == id
        {
            let first = versions.rows.is_empty();
            versions.take(rows);
            if first {
                self.preview.moved(self.shell.now_ms);
            }
        }
    }

    /// More uploads came.
    pub(super) fn uploads_came(&mut self, id: u64, rows: Vec<UploadRow>) {
        if let Some(Over::Uploads(uploads)) = self.over.as_mut()
            && uploads.id == id
        {
            uploads.take(rows);
        }
    }

    /// No more of either comes.
    pub(super) fn rows_ended(&mut self, id: u64, end: Ended) {
        match self.over.as_mut() {
            Some(Over::Versions(versions)) if versions.id == id => versions.ended(end),
            Some(Over::Uploads(uploads)) if uploads.id == id => uploads.ended(end),
            _ => {}
        }
    }

    /// Looks again at all that is seen, because something was changed.
    pub(super) fn all_again(&mut self) -> Vec<Effect> {
        let mut effects = self.look_again();
        match &self.over {
            Some(Over::Versions(_)) => effects.extend(self.versions_again()),
            Some(Over::Uploads(_)) => effects.extend(self.uploads_again()),
            Some(Over::Models(_)) => effects.extend(self.models_again()),
            _ => {}
        }
        effects
    }
}
