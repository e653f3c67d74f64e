//! Whom the browser talks to: the certificates, who vouches for them and until when, what the service's clock says,
//! and what the service can do with the bucket.

use super::Browse;
use super::msg::Effect;
use super::over::Over;
use super::table::{instead, time_text};
use crate::base::Secret;
use crate::plan::Failure;
use crate::ports::trust::{Certificate, Clocks, Lasts, Looked, Outcome, Skew};
use crate::registry::features::{Feature, Has, Lack};
use crate::ui::keys::Command;
use crate::ui::text::clock;
use crate::ui::theme::{Glyph, Role};
use crate::ui::widgets::lines::{chunks, cut, draw as draw_lines, line, wrapped};
use crate::ui::widgets::list::mark_more;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// What was seen of the service.
#[derive(Clone, Debug)]
pub struct Trusts {
    /// What the answer is called.
    pub id: u64,
    /// What was seen, or why nothing was.
    pub found: Option<Result<Box<Looked>, Failure>>,
    first: usize,
}

impl Trusts {
    /// The service's own certificate.
    fn own(&self) -> Option<&Certificate> {
        match &self.found.as_ref()?.as_ref().ok()?.outcome {
            Outcome::Trusted(trusted) => trusted.chain.first(),
            Outcome::Refused(refused) => refused.chain.first(),
            Outcome::Plain => None,
        }
    }
}

impl Browse {
    /// Looks at the service's certificates and its clock, over a connection of its own.
    pub(super) fn open_trust(&mut self) -> Vec<Effect> {
        self.look_id += 1;
        let id = self.look_id;
        self.over = Some(Over::Trust(Trusts { id, found: None, first: 0 }));
        vec![Effect::Trust { id }]
    }

    /// A command over what was seen.
    pub(super) fn trust_command(&mut self, command: Command) -> Vec<Effect> {
        let page = usize::from(self.list_rows());
        let most = match &self.over {
            Some(Over::Trust(trusts)) => lines(self, trusts, self.shell.size.0).len().saturating_sub(page),
            _ => return Vec::new(),
        };
        let Some(Over::Trust(trusts)) = &mut self.over else { return Vec::new() };
        match command {
            Command::Down => trusts.first = (trusts.first + 1).min(most),
            Command::Up => trusts.first = trusts.first.min(most).saturating_sub(1),
            Command::PageDown => trusts.first = (trusts.first + page).min(most),
            Command::PageUp => trusts.first = trusts.first.min(most).saturating_sub(page),
            Command::Top => trusts.first = 0,
            Command::Bottom => trusts.first = most,
            Command::Back | Command::Left | Command::Parent | Command::Trust => return self.leave_over(),
            Command::LookAgain => return self.open_trust(),
            Command::Copy => {
                let own = trusts.own().map(|own| own.sha256.clone());
                return own.map(|sum| Effect::Copy(Secret::new(sum))).into_iter().collect();
            }
            _ => {}
        }
        Vec::new()
    }

    /// Whether a command does nothing here now.
    pub(super) fn trust_idle(trusts: &Trusts, command: Command) -> bool {
        command == Command::Take || (command == Command::Copy && trusts.own().is_none())
    }

    /// Takes in what was seen.
    pub(super) fn trusted(&mut self, id: u64, found: Result<Box<Looked>, Failure>) {
        if let Some(Over::Trust(trusts)) = self.over.as_mut()
            && trusts.id == id
        {
            trusts.found = Some(found);
        }
    }
}

/// Draws it.
pub(super) fn list(browse: &Browse, trusts: &Trusts, area: Rect, buffer: &mut Buffer) {
    match &trusts.found {
        None => return instead(browse, Role::Dim, &browse.shell.text.t("browse-loading"), area, buffer),
        Some(Err(failure)) => return instead(browse, Role::Bad, &failure.line(), area, buffer),
        Some(Ok(_)) => {}
    }
    let lines = lines(browse, trusts, area.width);
    let (rows, len) = (usize::from(area.height), lines.len());
    let first = trusts.first.min(len.saturating_sub(rows));
    draw_lines(lines.into_iter().skip(first).take(rows).collect(), area, buffer);
    mark_more(browse.shell.theme, area, first, len, buffer);
}

/// All lines, as wide as they may be.
fn lines(browse: &Browse, trusts: &Trusts, columns: u16) -> Vec<Line<'static>> {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    let room = usize::from(columns).saturating_sub(6);
    let Some(Ok(looked)) = &trusts.found else { return Vec::new() };
    let mut out = Vec::new();
    let mut say = |role: Role, glyph: Glyph, words: &str| {
        let mut first = true;
        for mut piece in wrapped(theme, role, words, room) {
            let sign = if std::mem::take(&mut first) { theme.glyph(glyph) } else { " " };
            piece.spans.insert(0, crate::ui::widgets::lines::span(theme, role, format!(" {sign} ")));
            out.push(piece);
        }
    };
    match &looked.outcome {
        Outcome::Plain => say(Role::Warn, Glyph::Warn, &text.t("trust-plain")),
        Outcome::Trusted(trusted) => {
            let by = trusted.anchor.as_ref().map_or_else(String::new, |ca| ca.subject.clone());
            say(Role::Good, Glyph::Good, &text.with("trust-good", [("by", by.into())]));
            match trusted.lasts {
                Lasts::Fine { days } => {
                    say(Role::Good, Glyph::Good, &text.with("trust-days", [("days", count(days).into())]));
                }
                Lasts::SoonExpires { days } => {
                    say(Role::Warn, Glyph::Warn, &text.with("trust-soon", [("days", count(days).into())]));
                }
                Lasts::Expired { .. } | Lasts::NotYet { .. } => say(Role::Bad, Glyph::Bad, &text.t("trust-ended")),
            }
            let words = [("version", trusted.version.as_str().into()), ("cipher", trusted.cipher.as_str().into())];
            say(Role::Dim, Glyph::Open, &text.with("trust-protocol", words));
        }
        Outcome::Refused(refused) => {
            say(Role::Bad, Glyph::Bad, &refused.failure.line());
            if let Some(hint) = &refused.failure.hint {
                say(Role::Text, Glyph::Open, hint);
            }
        }
    }
    if let Some(clocks) = &looked.clocks {
        let (role, glyph, words) = clock_words(browse, clocks);
        say(role, glyph, &words);
    }
    say_features(browse, &mut say);
    let (chain, anchor): (&[Certificate], _) = match &looked.outcome {
        Outcome::Plain => (&[], None),
        Outcome::Trusted(trusted) => (&trusted.chain, trusted.anchor.as_ref()),
        Outcome::Refused(refused) => (&refused.chain, None),
    };
    for (at, one) in chain.iter().enumerate() {
        certificate(browse, if at == 0 { "trust-own" } else { "trust-between" }, one, room, &mut out);
    }
    if let Some(one) = anchor {
        certificate(browse, "trust-anchor", one, room, &mut out);
    }
    out
}

fn count(days: u64) -> usize {
    usize::try_from(days).unwrap_or(usize::MAX)
}

fn certificate(browse: &Browse, label: &str, one: &Certificate, room: usize, out: &mut Vec<Line<'static>>) {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    let moment = |ms: u64| i64::try_from(ms / 1000).ok();
    out.push(Line::default());
    let title = format!("   {}  {}", text.t(label), one.subject);
    out.push(line(theme, Role::Title, cut(theme, &title, room)));
    let mut say = |role: Role, words: &str| {
        for mut piece in wrapped(theme, role, words, room.saturating_sub(2)) {
            piece.spans.insert(0, ratatui::text::Span::raw("     "));
            out.push(piece);
        }
    };
    if !one.names.is_empty() {
        let names: Vec<String> = one.names.iter().map(ToString::to_string).collect();
        say(Role::Text, &text.with("trust-names", [("names", names.join(", ").into())]));
    }
    let times = [("from", time_text(moment(one.from_ms)).into()), ("until", time_text(moment(one.until_ms)).into())];
    let lasts = one.lasts(browse.shell.now_ms);
    let role = match lasts {
        Lasts::Fine { .. } => Role::Text,
        Lasts::SoonExpires { .. } => Role::Warn,
        Lasts::Expired { .. } | Lasts::NotYet { .. } => Role::Bad,
    };
    say(role, &text.with("trust-times", times));
    say(
        Role::Dim,
        &text.with("trust-issuer", [("issuer", one.issuer.as_str().into()), ("key", one.key.as_str().into())]),
    );
    // A fingerprint is compared by eye, so nothing in it is left out.
    let sum: Vec<Line<'static>> =
        chunks(&text.with("trust-sum", [("sum", one.sha256.as_str().into())]), room.saturating_sub(2))
            .into_iter()
            .map(|piece| line(theme, Role::Text, format!("     {piece}")))
            .collect();
    out.extend(sum);
}

/// What the clocks' difference means for whoever works with the service.
fn clock_words(browse: &Browse, clocks: &Clocks) -> (Role, Glyph, String) {
    let text = &browse.shell.text;
    let ahead = clocks.ahead_ms();
    let far = clock(ahead.unsigned_abs() / 1000);
    let which = text.t(if ahead < 0 { "trust-behind" } else { "trust-ahead" });
    let words = |key: &str| text.with(key, [("far", far.as_str().into()), ("which", which.as_str().into())]);
    match clocks.skew() {
        Skew::Same => (Role::Good, Glyph::Good, text.t("trust-clock-same")),
        Skew::Slight => (Role::Warn, Glyph::Warn, words("trust-clock-slight")),
        Skew::Large => (Role::Warn, Glyph::Warn, words("trust-clock-large")),
        Skew::Refused => (Role::Bad, Glyph::Bad, words("trust-clock-refused")),
    }
}

/// What the service lacks for this bucket, and what follows from it.
fn say_features(browse: &Browse, say: &mut impl FnMut(Role, Glyph, &str)) {
    let text = &browse.shell.text;
    let Some(features) = browse.spot.bucket.as_ref().and_then(|bucket| browse.features.get(bucket)) else { return };
    let mut whole = true;
    for feature in Feature::ALL {
        let key = match feature {
            Feature::Versions => "lacks-versions",
            Feature::Uploads => "lacks-uploads",
            Feature::Parts => "lacks-parts",
            Feature::Tags => "lacks-tags",
            Feature::IfMatch => "lacks-if-match",
            Feature::Checksums => "lacks-checksums",
        };
        match features.has(*feature) {
            Has::Yes => {}
            Has::Unknown => whole = false,
            Has::No(lack) => {
                whole = false;
                let why = match lack {
                    Lack::Refused(error) => error.failure.line(),
                    Lack::Ignored => text.t("lack-ignored"),
                    Lack::Off => text.t("lack-off"),
                };
                say(Role::Warn, Glyph::Warn, &text.with(key, [("why", why.into())]));
            }
        }
    }
    if whole {
        say(Role::Good, Glyph::Good, &text.t("lacks-nothing"));
    }
}
