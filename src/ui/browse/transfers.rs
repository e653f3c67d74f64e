//! What is on its way and what has ended: a line for each transfer, with its bar, and steering.

use super::ask::Ask;
use super::msg::Effect;
use super::over::Over;
use super::table::{bar, instead, right};
use super::work::{Carried, Steer};
use super::{Browse, Spot};
use crate::base::sanitise::{self, visible};
use crate::plan::change::size_text;
use crate::registry::transfer::meter::Waiting;
use crate::registry::transfer::{Report, State, Verified};
use crate::ui::keys::Command;
use crate::ui::text::clock;
use crate::ui::theme::{Glyph, Role};
use crate::ui::widgets::lines::{cut, draw as draw_lines, span, width};
use crate::ui::widgets::list::{Cursor, mark_more};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// The list of transfers; what is in it comes from the driver.
#[derive(Clone, Copy, Debug, Default)]
pub struct Transfers {
    cursor: Cursor,
}

/// Lines of one transfer.
const LINES: usize = 2;

impl Browse {
    /// Opens the list.
    pub(super) fn open_transfers(&mut self) -> Vec<Effect> {
        self.over = Some(Over::Transfers(Transfers::default()));
        Vec::new()
    }

    /// Takes in how far everything is. What has ended is said once, and what came into the registry is shown.
    pub(super) fn moved_on(&mut self, carried: Vec<Carried>) -> Vec<Effect> {
        let was = |of: &Carried, all: &[Carried]| {
            all.iter().find(|c| (c.lane, c.view.id) == (of.lane, of.view.id)).map(|c| c.view.state)
        };
        let before = std::mem::replace(&mut self.carried, carried);
        let mut effects = Vec::new();
        let ended = self
            .carried
            .iter()
            .filter(|now| now.view.state.has_ended() && was(now, &before).is_none_or(|state| !state.has_ended()));
        let ended: Vec<Carried> = ended.cloned().collect();
        for one in ended {
            let key = match one.view.state {
                State::Done => "transfer-done",
                State::Cancelled => "transfer-cancelled",
                _ => "transfer-failed",
            };
            self.shell.notice =
                Some(self.shell.text.with(key, [("title", visible(&one.view.title).into_owned().into())]));
            if one.up && self.over.is_none() && self.ask.is_none() && self.spot.bucket.is_some() && !self.loading() {
                effects.extend(self.look_again());
            }
        }
        effects
    }

    /// Transfers that have not ended.
    pub(super) fn on_their_way(&self) -> impl Iterator<Item = &Carried> {
        self.carried.iter().filter(|one| !one.view.state.has_ended())
    }

    /// A command in the list.
    pub(super) fn transfers_command(&mut self, command: Command) -> Vec<Effect> {
        let (page, len) = (usize::from(self.list_rows()) / LINES, self.carried.len());
        let Some(Over::Transfers(transfers)) = &mut self.over else { return Vec::new() };
        if transfers.cursor.moved(command, len, page) {
            return Vec::new();
        }
        let here = self.carried.get(transfers.cursor.of(len));
        let steer = |one: &Carried, steer| vec![Effect::Steer { lane: one.lane, order: one.view.id, steer }];
        match (command, here) {
            (Command::Back | Command::Left | Command::Parent | Command::Transfers, _) => self.leave_over(),
            (Command::Pause, Some(one)) if one.view.state == State::Paused => steer(one, Steer::GoOn),
            (Command::Pause, Some(one)) if !one.view.state.has_ended() => steer(one, Steer::Hold),
            (Command::Delete, Some(one)) if !one.view.state.has_ended() => steer(one, Steer::Cancel),
            (Command::Forget, _) => {
                self.carried.iter().filter(|o| o.view.state.has_ended()).flat_map(|o| steer(o, Steer::Forget)).collect()
            }
            (Command::Take, Some(one)) => {
                vec![Effect::Report { lane: one.lane, order: one.view.id, title: one.view.title.clone() }]
            }
            _ => Vec::new(),
        }
    }

    /// Whether a command does nothing in the list now.
    pub(super) fn transfers_idle(&self, transfers: Transfers, command: Command) -> bool {
        let here = self.carried.get(transfers.cursor.of(self.carried.len()));
        match command {
            Command::Pause | Command::Delete => here.is_none_or(|one| one.view.state.has_ended()),
            Command::Forget => !self.carried.iter().any(|one| one.view.state.has_ended()),
            Command::Take => here.is_none(),
            _ => false,
        }
    }

    /// Shows what a transfer came to so far.
    pub(super) fn reported(&mut self, title: &str, report: &Report) {
        self.ask = Some(Ask::said(&visible(title), words_of(self, report)));
    }

    /// Where what is fetched from here is proposed to go.
    pub(super) fn proposed(&self, name: &str) -> String {
        let name = name.trim_end_matches('/');
        let name = name.rsplit('/').next().unwrap_or(name);
        let home = self.home.trim_end_matches('/');
        format!("{home}/{name}")
    }

    /// The prefix that uploads come under.
    pub(super) fn upload_spot(&self) -> Option<Spot> {
        self.spot.bucket.is_some().then(|| self.spot.clone())
    }
}

fn words_of(browse: &Browse, report: &Report) -> Vec<(Role, String)> {
    let text = &browse.shell.text;
    let number = |n: u64| super::status::grouped(usize::try_from(n).unwrap_or(usize::MAX));
    let mut lines = vec![(
        Role::Text,
        text.with(
            "transfer-report",
            [
                ("done", number(report.done).into()),
                ("bytes", size_text(report.bytes).into()),
                ("carried", size_text(report.carried).into()),
            ],
        ),
    )];
    for (proof, many) in &report.verified {
        let words = [("count", number(*many).into()), ("how", Verified::by(proof.clone()).words().into())];
        lines.push((Role::Good, text.with("transfer-verified", words)));
    }
    if report.unverified > 0 {
        lines.push((Role::Warn, text.with("transfer-unverified", [("count", number(report.unverified).into())])));
    }
    for (remark, many) in &report.remarks {
        lines.push((Role::Dim, format!("{}: {}", number(*many), remark.words())));
    }
    for (key, trouble) in report.failures.iter().take(8) {
        lines.push((Role::Bad, format!("{}: {}", visible(key), sanitise::text(&trouble.failure.line(), 400))));
    }
    if report.failed + report.left > 0 {
        let words = [("failed", number(report.failed).into()), ("left", number(report.left).into())];
        lines.push((Role::Bad, text.with("transfer-not-done", words)));
    }
    lines
}

/// Draws the list.
pub(super) fn list(browse: &Browse, transfers: Transfers, area: Rect, buffer: &mut Buffer) {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    if browse.carried.is_empty() {
        return instead(browse, Role::Dim, &text.t("transfers-none"), area, buffer);
    }
    let len = browse.carried.len();
    let rows = usize::from(area.height) / LINES;
    let (first, at) = (transfers.cursor.first(len, rows.max(1)), transfers.cursor.of(len));
    let room = usize::from(area.width).saturating_sub(5);
    let mut lines = Vec::new();
    for (place, one) in browse.carried.iter().enumerate().skip(first).take(rows.max(1)) {
        let here = place == at;
        let (role, words) = state_words(browse, one);
        let sign = if here { Glyph::Current } else { sign(one) };
        let state_room = width(&words) + 2;
        let title = cut(theme, &visible(&one.view.title), room.saturating_sub(state_room));
        let blank = " ".repeat(room.saturating_sub(width(&title) + width(&words)));
        lines.push(Line::from(vec![
            span(theme, if here { Role::Accent } else { role }, format!(" {} ", theme.glyph(sign))),
            span(theme, if here { Role::Focus } else { Role::Text }, title),
            span(theme, role, format!("{blank}{words}")),
        ]));
        lines.push(second_line(browse, one, room));
    }
    draw_lines(lines, area, buffer);
    mark_more(theme, area, first * LINES, len * LINES, buffer);
}

fn sign(one: &Carried) -> Glyph {
    match one.view.state {
        State::Done => Glyph::Good,
        State::Failed | State::Cancelled => Glyph::Bad,
        State::Waiting(_) => Glyph::Warn,
        _ if one.up => Glyph::Up,
        _ => Glyph::More,
    }
}

fn state_words(browse: &Browse, one: &Carried) -> (Role, String) {
    let text = &browse.shell.text;
    match one.view.state {
        State::Running => {
            let rate = one
                .view
                .rate
                .map_or_else(String::new, |rate| text.with("transfer-rate", [("rate", size_text(rate).into())]));
            let eta = one
                .view
                .eta
                .map_or_else(String::new, |eta| text.with("transfer-eta", [("time", clock(eta.as_secs()).into())]));
            (Role::Accent, [rate, eta].iter().filter(|s| !s.is_empty()).cloned().collect::<Vec<_>>().join(", "))
        }
        State::Waiting(Waiting::Link) => (Role::Warn, text.t("transfer-waits-link")),
        State::Waiting(Waiting::Busy) => (Role::Warn, text.t("transfer-waits-service")),
        State::Paused => (Role::Warn, text.t("transfer-paused")),
        State::Done => (Role::Good, text.t("transfer-is-done")),
        State::Failed => (Role::Bad, text.t("transfer-has-failed")),
        State::Cancelled => (Role::Dim, text.t("transfer-was-cancelled")),
    }
}

fn second_line(browse: &Browse, one: &Carried, room: usize) -> Line<'static> {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    let number = |n: u64| super::status::grouped(usize::try_from(n).unwrap_or(usize::MAX));
    let view = &one.view;
    let words = text.with(
        "transfer-so-far",
        [
            ("bytes", size_text(view.bytes).into()),
            ("size", size_text(view.size).into()),
            ("done", number(view.done).into()),
            ("items", number(view.items).into()),
            ("failed", number(view.failed).into()),
        ],
    );
    let cells = room.saturating_sub(width(&words) + 2).min(40);
    let (done, open) = bar(theme, view.bytes, view.size, cells);
    Line::from(vec![
        span(theme, Role::Accent, format!("   {done}")),
        span(theme, Role::Dim, format!("{open}  {}", right(theme, &words, width(&words)))),
    ])
}

/// The sum of all that is on its way, for the line above the keys: `1 of 2, 41 MiB/s`.
pub(super) fn summary(browse: &Browse) -> Option<String> {
    let (mut running, mut rate) = (0_usize, 0_u64);
    for one in browse.on_their_way() {
        running += 1;
        rate = rate.saturating_add(one.view.rate.unwrap_or_default());
    }
    if running == 0 {
        return None;
    }
    let (bytes, size) = browse
        .on_their_way()
        .fold((0_u64, 0_u64), |(b, s), one| (b.saturating_add(one.view.bytes), s.saturating_add(one.view.size)));
    let percent = u128::from(bytes) * 100 / u128::from(size.max(1));
    let words =
        [("count", running.into()), ("percent", percent.min(100).to_string().into()), ("rate", size_text(rate).into())];
    Some(browse.shell.text.with("transfers-summary", words))
}
