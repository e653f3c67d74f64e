//! What the browser's keys and the mouse do.

use super::msg::Effect;
use super::typing::Goal;
use super::work::Work;
use super::writing::Writing;
use super::{Browse, copy};
use crate::ports::objects::At;
use crate::registry::change::Scope;
use crate::registry::listing::{End, Sort};
use crate::ui::keys::Command;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};

/// Lines that a turn of the wheel moves.
const WHEEL: usize = 3;

impl Browse {
    /// Carries out what a key asked for.
    pub(super) fn command(&mut self, command: Command) -> Vec<Effect> {
        if self.ask.is_some() {
            return self.ask_command(command);
        }
        if self.over.is_some() {
            return self.over_command(command);
        }
        if self.typing.is_some() {
            return self.typing_command(command);
        }
        let page = usize::from(self.list_rows());
        if self.cursor.moved(command, self.len(), page) {
            self.wanted = None;
            self.preview.moved(self.shell.now_ms);
            return Vec::new();
        }
        if let Some(lack) = self.lack(command) {
            self.shell.notice = Some(lack);
            return Vec::new();
        }
        match command {
            Command::Take | Command::Right => self.open(),
            Command::Left | Command::Parent => self.up(),
            Command::Back => self.back(),
            Command::LookAgain => self.look_again(),
            Command::Search => self.begin_typing(Goal::Filter),
            Command::Jump => self.begin_typing(Goal::Jump),
            Command::GoTo => self.begin_typing(Goal::GoTo),
            Command::Sort => {
                let on = self.listing.id(self.cursor.of(self.len()));
                self.listing.set_sort(self.listing.sort().next());
                self.keep_on(on);
                Vec::new()
            }
            Command::Toggle => {
                self.mark();
                Vec::new()
            }
            Command::More => self.more(),
            Command::Pane => {
                self.pane = !self.pane;
                Vec::new()
            }
            Command::Copy => copy::key(self),
            Command::CopyUrl => copy::url(self),
            Command::Models => self.open_models(),
            Command::Versions => self.open_versions(),
            Command::VersionsHere => self.open_versions_here(),
            Command::Uploads => self.open_uploads(),
            Command::Usage => self.open_usage(),
            Command::Transfers => self.open_transfers(),
            Command::Trust => self.open_trust(),
            Command::Places => self.open_places(),
            Command::Bookmark => self.bookmark(),
            Command::PaneDown | Command::PaneUp => {
                self.scroll_pane(command);
                Vec::new()
            }
            Command::Write => self.write(),
            Command::Get => self.ask_get(self.chosen()),
            Command::Share => match self.object_here() {
                Some(key) => self.ask_share(At::new(self.spot.bucket.clone().unwrap_or_default(), key)),
                None => Vec::new(),
            },
            Command::Put => self.change(Self::ask_put),
            Command::New => self.change(Self::ask_new),
            Command::CopyTo => self.change(|browse| browse.ask_copy(false)),
            Command::MoveTo => self.change(|browse| browse.ask_copy(true)),
            Command::Delete => self.change(|browse| browse.ask_delete(Scope::Current)),
            Command::DeleteAll => self.change(|browse| browse.ask_delete(Scope::AllVersions)),
            Command::Notes => self.change(|browse| match browse.object_here() {
                Some(key) => browse.work(Work::Read(At::new(browse.spot.bucket.clone().unwrap_or_default(), key))),
                None => Vec::new(),
            }),
            _ => Vec::new(),
        }
    }

    /// Whether a command does nothing here and now: then its key is not named.
    pub(super) fn idle(&self, command: Command) -> bool {
        if let Some(ask) = &self.ask {
            return ask.is_idle(command);
        }
        if self.over_idle(command) || (command == Command::Write && self.writing == Writing::On) {
            return true;
        }
        match command {
            Command::Forward | Command::Next | Command::Previous | Command::Faster | Command::Slower => true,
            Command::Get | Command::CopyTo | Command::MoveTo | Command::Delete | Command::DeleteAll
                if self.over.is_none() =>
            {
                self.is_empty()
            }
            Command::Share | Command::Notes if self.over.is_none() => self.object_here().is_none(),
            Command::More => !matches!(self.listing.end(), Some(End::Paused | End::Cancelled | End::Failed(_))),
            _ => false,
        }
    }

    /// Out of what is open, back where it was, or out.
    fn back(&mut self) -> Vec<Effect> {
        if !self.listing.filter().is_empty() {
            self.set_filter("");
            return Vec::new();
        }
        if !self.marked.is_empty() {
            self.marked.clear();
            return Vec::new();
        }
        if self.loading() {
            return self.stop();
        }
        match self.trail.pop() {
            Some(spot) => {
                let name = self.spot.own_name();
                self.spot = spot;
                self.cursor = super::Cursor::default();
                self.wanted = Some(name);
                self.ask()
            }
            None => self.up(),
        }
    }

    /// Whether rows are still coming.
    pub(super) fn loading(&self) -> bool {
        self.spot.bucket.is_some() && self.listing.end().is_none()
    }

    fn stop(&mut self) -> Vec<Effect> {
        self.listing.ended(End::Cancelled);
        vec![Effect::Stop]
    }

    pub(super) fn look_again(&mut self) -> Vec<Effect> {
        self.wanted = match &self.spot.bucket {
            Some(_) => self.row().map(|row| row.name.to_owned()),
            None => self.buckets.as_ref().and_then(|all| Some(all.get(self.cursor.of(all.len()))?.name.clone())),
        };
        self.stale = true;
        self.listing.going_on();
        self.ask_again()
    }

    /// Goes on with a listing that stands still before its end.
    fn more(&mut self) -> Vec<Effect> {
        match self.listing.end() {
            Some(End::Paused | End::Cancelled | End::Failed(_)) => {
                self.listing.going_on();
                vec![Effect::More { id: self.list_id }]
            }
            _ => Vec::new(),
        }
    }

    /// Marks the row of the cursor, or takes the mark away, and goes on to the next one.
    fn mark(&mut self) {
        let Some(id) = self.listing.id(self.cursor.of(self.len())).filter(|_| self.spot.bucket.is_some()) else {
            return;
        };
        if !self.marked.remove(&id) {
            self.marked.insert(id);
        }
        self.cursor.moved(Command::Down, self.len(), 1);
        self.preview.moved(self.shell.now_ms);
    }

    /// Keeps the cursor on a row where it is still seen.
    pub(super) fn keep_on(&mut self, id: Option<u32>) {
        match id.and_then(|id| self.listing.place(id)) {
            Some(place) => self.cursor.set(place),
            None => self.cursor.set(0),
        }
        self.preview.moved(self.shell.now_ms);
    }

    /// Orders by name: a jump goes by names.
    pub(super) fn by_name(&mut self) {
        if self.listing.sort() != Sort::Name {
            self.listing.set_sort(Sort::Name);
        }
    }

    /// The mouse: a click puts the cursor on a row, a second one opens it, the wheel moves it.
    pub(super) fn mouse(&mut self, mouse: MouseEvent) -> Vec<Effect> {
        if self.typing.is_some() || self.ask.is_some() || self.shell.help {
            return Vec::new();
        }
        match mouse.kind {
            MouseEventKind::ScrollDown => (0..WHEEL).flat_map(|_| self.command(Command::Down)).collect(),
            MouseEventKind::ScrollUp => (0..WHEEL).flat_map(|_| self.command(Command::Up)).collect(),
            MouseEventKind::Down(MouseButton::Left) if self.over.is_none() => {
                let Some(place) = self.place_at(mouse.column, mouse.row) else { return Vec::new() };
                if place == self.cursor.of(self.len()) {
                    return self.open();
                }
                self.cursor.set(place);
                self.preview.moved(self.shell.now_ms);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }
}
