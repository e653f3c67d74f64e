//! The browser's picture: who and where, the list, what is known of the object beside it, one sentence, the keys.

use super::preview::Previewed;
use super::status::status_line;
use super::table::{right, time_text};
use super::writing::Writing;
use super::{Browse, Vouched};
use crate::base::sanitise;
use crate::plan::change::size_text;
use crate::registry::listing::{End, Kind, Sort};
use crate::ui::frame::LEAST;
use crate::ui::hints::{help, keys_line};
use crate::ui::theme::{Glyph, Role};
use crate::ui::widgets::lines::{
    cut, draw as draw_lines, fit, line, rule, ruled_left, span, split_bottom, split_left, split_top, width, wrapped,
};
use crate::ui::widgets::list::mark_more;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// From so many columns on, what is known of an object stands beside the list.
const PANED: u16 = 72;
/// Columns of a size and of a time.
const SIZE: usize = 10;
const TIME: usize = 16;

/// Where the parts of the picture lie.
struct Parts {
    head: Rect,
    title: Rect,
    list: Rect,
    pane: Option<Rect>,
    foot: Rect,
}

fn parts(browse: &Browse, area: Rect) -> Parts {
    let (head, rest) = split_top(area, 3);
    let (rest, foot) = split_bottom(rest, 2);
    let wanted = browse.over.as_ref().is_none_or(super::over::Over::has_pane);
    let (left, pane) = if wanted && browse.pane && area.width >= PANED && browse.spot.bucket.is_some() {
        let (left, pane) = split_left(rest, area.width - (area.width / 3).clamp(24, 60));
        (left, Some(pane))
    } else {
        (rest, None)
    };
    let (title, list) = split_top(left, 1);
    Parts { head, title, list, pane, foot }
}

impl Browse {
    fn area(&self) -> Rect {
        Rect::new(0, 0, self.shell.size.0, self.shell.size.1)
    }

    /// How many rows of the list are seen.
    pub(super) fn list_rows(&self) -> u16 {
        parts(self, self.area()).list.height
    }

    /// Whether there is room for what is known of an object.
    pub(super) fn shows_pane(&self) -> bool {
        parts(self, self.area()).pane.is_some()
    }

    /// Lines of what is known of an object, and how many are seen.
    pub(super) fn pane_size(&self) -> (usize, usize) {
        let Some(pane) = parts(self, self.area()).pane else { return (0, 0) };
        // The line at its left, and a space.
        (lines_of_pane(self, pane.width.saturating_sub(2)).len(), usize::from(pane.height))
    }

    /// Which line of the list lies there.
    pub(super) fn place_at(&self, column: u16, row: u16) -> Option<usize> {
        let list = parts(self, self.area()).list;
        let inside = column >= list.x && column < list.right() && row >= list.y && row < list.bottom();
        let first = self.cursor.first(self.len(), usize::from(list.height));
        Some(first + usize::from(row - list.y)).filter(|place| inside && *place < self.len())
    }
}

/// Draws everything.
pub fn render(browse: &Browse, area: Rect, buffer: &mut Buffer) {
    let theme = browse.shell.theme;
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let size = browse.shell.text.with("too-small", [("columns", LEAST.0.into()), ("rows", LEAST.1.into())]);
        draw_lines(wrapped(theme, Role::Text, &size, usize::from(area.width)), area, buffer);
        return;
    }
    let parts = parts(browse, area);
    let columns = parts.head.width;
    let path = match &browse.over {
        Some(over) => over.title(browse, columns),
        None => path_line(browse, columns),
    };
    draw_lines(vec![header(browse, columns), path, rule(theme, columns)], parts.head, buffer);
    if browse.shell.help {
        let body = Rect { width: area.width, height: parts.list.height + 1, ..parts.title };
        let lack = |command| browse.lack(command).filter(|_| browse.over.is_none());
        help(&browse.shell, browse.scope(), |command| browse.idle(command), lack, body, buffer);
    } else {
        if let Some(over) = &browse.over {
            over.draw(browse, parts.title, parts.list, buffer);
        } else {
            draw_lines(vec![titles(browse, parts.title.width)], parts.title, buffer);
            list(browse, parts.list, buffer);
        }
        if let Some(pane) = parts.pane {
            pane_lines(browse, pane, buffer);
        }
        if let Some(ask) = &browse.ask {
            let body = Rect { width: area.width, height: parts.list.height + 1, ..parts.title };
            super::ask::draw(browse, ask, body, buffer);
        }
    }
    let keys = keys_line(&browse.shell, browse.scope(), |command| browse.idle(command), parts.foot.width);
    draw_lines(vec![status_line(browse, parts.foot.width), keys], parts.foot, buffer);
}

fn header(browse: &Browse, columns: u16) -> Line<'static> {
    let (text, theme, who) = (&browse.shell.text, browse.shell.theme, &browse.who);
    let between = theme.glyph(Glyph::Between);
    let mut spans = vec![Span::raw(" ")];
    if browse.shell.rehearsal {
        spans.push(span(theme, Role::Rehearsal, format!(" {} ", text.t("rehearsal"))));
        spans.push(Span::raw(" "));
    }
    let (role, vouched) = match &who.trust {
        Vouched::Site(site) => (Role::Good, text.with("browse-vouched-site", [("site", site.as_str().into())])),
        Vouched::File => (Role::Good, text.t("browse-vouched-file")),
        Vouched::System => (Role::Good, text.t("browse-vouched-system")),
        Vouched::Nobody => (Role::Warn, text.t("browse-vouched-nobody")),
    };
    let (writes, may) = match browse.writing {
        Writing::On => (Role::Warn, "browse-writing"),
        Writing::Off | Writing::Asked => (Role::Dim, "browse-read-only"),
    };
    let right = format!(" {} {between} {} ", who.key, text.t(may));
    let used: usize = spans.iter().map(Span::width).sum();
    let mut room = usize::from(columns).saturating_sub(used + width(&right));
    let at = format!("{} {between} {}  ", who.name, who.url);
    let at = cut(theme, &at, room);
    room -= width(&at).min(room);
    spans.push(span(theme, Role::Title, at));
    spans.push(span(theme, role, fit(theme, &vouched, room)));
    spans.push(span(theme, writes, right));
    Line::from(spans)
}

fn path_line(browse: &Browse, columns: u16) -> Line<'static> {
    let theme = browse.shell.theme;
    let Some(bucket) = &browse.spot.bucket else {
        return line(theme, Role::Accent, format!(" {}", browse.shell.text.t("browse-buckets")));
    };
    let mut path = format!("{} / ", sanitise::visible(bucket));
    for part in browse.spot.prefix.split_inclusive('/') {
        let name = part.strip_suffix('/').unwrap_or(part);
        path.push_str(&sanitise::visible(name));
        path.push_str(" / ");
    }
    // Of a long path the end says more.
    let room = usize::from(columns).saturating_sub(2);
    let over = width(&path).saturating_sub(room);
    let shown = match over {
        0 => path,
        over => format!("{}{}", theme.ellipsis(), crate::ui::widgets::lines::behind(&path, over + 1)),
    };
    line(theme, Role::Accent, format!(" {shown}"))
}

fn titles(browse: &Browse, columns: u16) -> Line<'static> {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    let widths = Widths::of(columns);
    let by = |sort: Sort, key: &str| {
        let name = text.t(key);
        if browse.spot.bucket.is_some() && browse.listing.sort() == sort {
            format!("{name} {}", theme.glyph(Glyph::More))
        } else {
            name
        }
    };
    let mut titles = format!("   {}", fit(theme, &by(Sort::Name, "browse-name"), widths.name));
    if browse.spot.bucket.is_some() && widths.size > 0 {
        titles.push_str(&right(theme, &by(Sort::Size, "browse-size"), widths.size));
    }
    if widths.time > 0 {
        titles.push_str("  ");
        titles.push_str(&fit(theme, &by(Sort::Modified, "browse-modified"), widths.time));
    }
    line(theme, Role::Dim, titles)
}

/// Columns of a row's parts.
struct Widths {
    name: usize,
    size: usize,
    time: usize,
}

impl Widths {
    fn of(columns: u16) -> Self {
        // A sign and a space on each side of the name, and the edge that says whether there is more.
        let room = usize::from(columns).saturating_sub(4);
        let time = if room >= 46 { TIME } else { 0 };
        let size = if room >= 24 { SIZE } else { 0 };
        let gaps = if time > 0 { 2 } else { 0 };
        Self { name: room.saturating_sub(time + size + gaps), size, time }
    }
}

fn list(browse: &Browse, area: Rect, buffer: &mut Buffer) {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    let len = browse.len();
    if len == 0 {
        let (role, words) = nothing(browse);
        return draw_lines(wrapped(theme, role, &words, usize::from(area.width).saturating_sub(2)), area, buffer);
    }
    let rows = usize::from(area.height);
    let first = browse.cursor.first(len, rows);
    let at = browse.cursor.of(len);
    let widths = Widths::of(area.width);
    let mut lines = Vec::with_capacity(rows);
    for place in first..len.min(first + rows) {
        let (name, size, modified, folded, marked) = if browse.spot.bucket.is_some() {
            let (Some(row), Some(id)) = (browse.listing.get(place), browse.listing.id(place)) else { break };
            let folded = row.kind == Kind::Prefix;
            (row.name, (!folded).then_some(row.size), row.modified, folded, browse.marked.contains(&id))
        } else {
            let Some(bucket) = browse.buckets.as_ref().and_then(|all| all.get(place)) else { break };
            (bucket.name.as_str(), None, bucket.made, true, false)
        };
        let here = place == at;
        let sign = match (here, marked) {
            (true, _) => theme.glyph(Glyph::Current),
            (false, true) => theme.glyph(Glyph::Good),
            (false, false) => " ",
        };
        let name = if name.is_empty() { text.t("browse-no-name") } else { sanitise::visible(name).into_owned() };
        let role = match (here, marked, folded) {
            (true, ..) => Role::Focus,
            (_, true, _) => Role::Good,
            (_, _, true) => Role::Accent,
            _ => Role::Text,
        };
        // Only the name is turned round: a row that the cursor comes to costs a bad line as little as can be.
        let shown = cut(theme, &name, widths.name);
        let blank = " ".repeat(widths.name.saturating_sub(width(&shown)));
        let mut rest = blank;
        if widths.size > 0 && browse.spot.bucket.is_some() {
            rest.push_str(&right(theme, &size.map(size_text).unwrap_or_default(), widths.size));
        }
        if widths.time > 0 {
            rest.push_str("  ");
            rest.push_str(&time_text(modified));
        }
        let sign = span(theme, if marked { Role::Good } else { Role::Accent }, format!(" {sign} "));
        lines.push(Line::from(vec![sign, span(theme, role, shown), span(theme, Role::Dim, rest)]));
    }
    draw_lines(lines, area, buffer);
    mark_more(theme, area, first, len, buffer);
}

/// What is said where there is no row.
fn nothing(browse: &Browse) -> (Role, String) {
    let text = &browse.shell.text;
    if let Some(error) = &browse.failure {
        return (Role::Bad, format!("   {}", error.failure.line()));
    }
    match (&browse.spot.bucket, &browse.buckets, browse.listing.end()) {
        (None, None, _) | (Some(_), _, None) => (Role::Dim, format!("   {}", text.t("browse-loading"))),
        (None, Some(_), _) => (Role::Dim, format!("   {}", text.t("browse-no-buckets"))),
        (Some(_), _, Some(End::Failed(error))) => (Role::Bad, format!("   {}", error.failure.line())),
        (Some(_), ..) if browse.listing.count().loaded > 0 => (Role::Dim, format!("   {}", text.t("browse-none-fits"))),
        (Some(_), ..) => (Role::Dim, format!("   {}", text.t("browse-empty"))),
    }
}

fn pane_lines(browse: &Browse, area: Rect, buffer: &mut Buffer) {
    let theme = browse.shell.theme;
    let area = ruled_left(theme, area, buffer);
    let lines = lines_of_pane(browse, area.width);
    let (rows, len) = (usize::from(area.height), lines.len());
    let first = browse.preview.first.min(len.saturating_sub(rows));
    draw_lines(lines.into_iter().skip(first).take(rows).collect(), area, buffer);
    if first > 0 {
        mark_more(theme, area, first, len.min(first + rows), buffer);
    }
}

/// All lines of what is known of the object.
fn lines_of_pane(browse: &Browse, columns: u16) -> Vec<Line<'static>> {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    let room = usize::from(columns).saturating_sub(1);
    match (&browse.preview.at, &browse.preview.found) {
        (Some(at), Some(Ok(found))) => found_lines(browse, &at.key, found, room),
        (Some(_), Some(Err(error))) => wrapped(theme, Role::Bad, &error.failure.line(), room),
        (Some(_), None) => vec![line(theme, Role::Dim, text.t("browse-looking"))],
        (None, _) => Vec::new(),
    }
}

fn found_lines(browse: &Browse, key: &str, found: &Previewed, room: usize) -> Vec<Line<'static>> {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    let name = key.rsplit('/').next().unwrap_or(key);
    let mut lines = vec![line(theme, Role::Title, cut(theme, &sanitise::visible(name), room))];
    let size = size_text(found.info.size);
    let words = match found.info.modified {
        Some(at) => text.with("browse-when", [("size", size.into()), ("time", time_text(Some(at)).into())]),
        None => size,
    };
    lines.extend(wrapped(theme, Role::Text, &words, room));
    for fact in found.report.facts() {
        lines.extend(wrapped(theme, Role::Text, &fact, room));
    }
    for note in &found.report.notes {
        lines.extend(wrapped(theme, Role::Warn, &note.to_string(), room));
    }
    for (name, value) in &found.info.metadata {
        lines.extend(wrapped(theme, Role::Dim, &sanitise::text(&format!("{name}: {value}"), 400), room));
    }
    if let Some(version) = &found.info.version {
        lines.push(line(
            theme,
            Role::Dim,
            cut(theme, &text.with("browse-version", [("id", version.as_str().into())]), room),
        ));
    }
    lines.push(Line::default());
    let most = 400;
    lines.extend(found.lines(room, most).into_iter().map(|one| line(theme, Role::Dim, one)));
    lines
}
