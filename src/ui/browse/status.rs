//! The sentence above the keys: how much there is, as far as is known, and what is wrong with it; or what is typed.

use super::Browse;
use super::typing::Goal;
use crate::base::sanitise;
use crate::plan::change::size_text;
use crate::registry::listing::{Doubt, End};
use crate::registry::paged::Ended;
use crate::ui::theme::Role;
use crate::ui::widgets::lines::{cut, fit, line, span, width};
use ratatui::text::Line;

/// The line above the keys.
pub(super) fn status_line(browse: &Browse, columns: u16) -> Line<'static> {
    let theme = browse.shell.theme;
    let room = usize::from(columns).saturating_sub(2);
    if let Some(typing) = &browse.typing {
        let label = browse.shell.text.t(match typing.goal {
            Goal::Filter => "browse-filter",
            Goal::Jump => "browse-jump",
            Goal::GoTo => "browse-go-to",
        });
        let mut spans = vec![span(theme, Role::Accent, format!(" {label} "))];
        spans.extend(typing.field.safe_row(theme, 0, true, room.saturating_sub(width(&label) + 2)));
        return Line::from(spans);
    }
    let (role, words) = status(browse);
    // What is on its way is seen wherever one is.
    match super::transfers::summary(browse).filter(|summary| width(summary) + 8 < room) {
        Some(summary) => Line::from(vec![
            span(theme, role, format!(" {} ", fit(theme, &words, room.saturating_sub(width(&summary) + 1)))),
            span(theme, Role::Accent, summary),
        ]),
        None => line(theme, role, format!(" {}", cut(theme, &words, room))),
    }
}

/// A sentence about rows with what is to be known of their end.
pub(super) fn with_end(browse: &Browse, end: Option<&Ended>, words: String) -> (Role, String) {
    let text = &browse.shell.text;
    match end {
        None => (Role::Dim, format!("{words}{}", text.t("browse-more-coming"))),
        Some(Ended::Whole(doubts)) => match doubts.last() {
            Some(doubt) => (Role::Warn, format!("{} {words}", text.t(doubt_text(*doubt)))),
            None => (Role::Dim, words),
        },
        Some(Ended::Enough) => (Role::Warn, format!("{words}{}", text.t("rows-enough"))),
        Some(Ended::Stopped(doubt)) => (Role::Bad, format!("{} {words}", text.t(doubt_text(*doubt)))),
        Some(Ended::Failed(error)) => (Role::Bad, format!("{} {words}", error.failure.line())),
    }
}

/// The sentence above the keys.
fn status(browse: &Browse) -> (Role, String) {
    let text = &browse.shell.text;
    if let Some(notice) = &browse.shell.notice {
        return (Role::Text, notice.clone());
    }
    if let Some(over) = &browse.over {
        return over.said(browse);
    }
    if browse.spot.bucket.is_none() {
        let count = browse.buckets.as_ref().map_or(0, Vec::len);
        return (Role::Dim, text.with("browse-count-buckets", [("count", count.into())]));
    }
    let count = browse.listing.count();
    let number = |n: usize| grouped(n);
    let filtered = !browse.listing.filter().is_empty();
    let mut words = match (filtered, count.all) {
        (false, true) => text.with(
            "browse-count-all",
            [("rows", number(count.loaded).into()), ("bytes", size_text(browse.listing.bytes()).into())],
        ),
        (false, false) => text.with("browse-count-some", [("rows", number(count.loaded).into())]),
        (true, true) => {
            text.with("browse-count-of", [("shown", number(count.shown).into()), ("rows", number(count.loaded).into())])
        }
        (true, false) => text.with(
            "browse-count-of-some",
            [("shown", number(count.shown).into()), ("rows", number(count.loaded).into())],
        ),
    };
    if !browse.marked.is_empty() {
        words.push_str(&text.with("browse-marked", [("count", number(browse.marked.len()).into())]));
    }
    if let Some(from) = &browse.from {
        words.push_str(&text.with("browse-from", [("name", sanitise::visible(from).into_owned().into())]));
    }
    let mut role = Role::Dim;
    match browse.listing.end() {
        None => words.push_str(&text.t("browse-more-coming")),
        Some(End::Complete) => {}
        Some(End::Paused) => words.push_str(&text.t("browse-paused")),
        Some(End::Cancelled) => words.push_str(&text.t("browse-cancelled")),
        Some(End::Stopped(_)) => role = Role::Bad,
        Some(End::Failed(error)) => {
            role = Role::Bad;
            words = format!("{} {words}", error.failure.line());
        }
    }
    if let Some(doubt) = browse.listing.doubts().last() {
        if role == Role::Dim {
            role = Role::Warn;
        }
        words = format!("{} {words}", text.t(doubt_text(*doubt)));
    }
    (role, words)
}

pub(super) const fn doubt_text(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::NoToken => "doubt-no-token",
        Doubt::FalseEnd => "doubt-false-end",
        Doubt::Circle => "doubt-circle",
        Doubt::Order => "doubt-order",
        Doubt::Echo => "doubt-echo",
        Doubt::Outside => "doubt-outside",
        Doubt::Empty => "doubt-empty",
        Doubt::TooMany => "doubt-too-many",
    }
}

/// `1,000,000`: the comma is understood in both languages.
pub(super) fn grouped(n: usize) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}
