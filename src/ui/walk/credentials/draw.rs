//! How the keys are drawn. A secret is in the buffer only while it is in clear.

use super::form::{Form, Line as FormLine, Trouble};
use super::{Open, Saved, Screen};
use crate::base::Secret;
use crate::plan::next::shell_word;
use crate::ports::Route;
use crate::ui::draft::FieldId;
use crate::ui::model::Model;
use crate::ui::msg::KeyPair;
use crate::ui::theme::{Glyph, Role};
use crate::ui::widgets::Field;
use crate::ui::widgets::lines::{chunks, cut, draw as draw_lines, fit, inset, line, span, width, wrapped};
use crate::ui::widgets::list::first;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Cells of the labels at the left.
const LABEL: usize = 12;

/// Lines of which one has to be seen, and the text that is typed in one of them.
#[derive(Default)]
struct Page<'m> {
    lines: Vec<Line<'static>>,
    focus: usize,
    field: Option<(usize, &'m Field)>,
}

impl Page<'_> {
    fn blank(&mut self) {
        self.lines.push(Line::default());
    }
}

/// Draws it.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let screen = &model.walk.credentials;
    let area = inset(area, 1);
    let room = usize::from(area.width);
    let theme = model.shell.theme;
    let mut page = Page { lines: vec![line(theme, Role::Title, model.t("keys-title"))], ..Page::default() };
    if screen.keys.is_empty() {
        unread(model, &mut page, room);
    } else {
        page.lines.extend(wrapped(theme, Role::Dim, &model.t("keys-once"), room));
        page.blank();
        list(model, &mut page, room);
        page.blank();
        match &screen.open {
            Open::List => below(model, &mut page, room),
            Open::Form(form) => form_lines(model, form, &mut page, room),
            Open::Words(field) => {
                let words = model.t("keys-words");
                let ask = model.shell.text.with("keys-decline", [("words", words.into())]);
                page.lines.extend(wrapped(theme, Role::Warn, &ask, room));
                page.focus = page.lines.len();
                page.field = Some((page.focus, field));
                page.lines.push(marked(model, "", true));
            }
        }
    }
    let rows = usize::from(area.height);
    let at = first(page.focus, page.lines.len(), rows);
    draw_lines(page.lines.into_iter().skip(at).take(rows).collect(), area, buffer);
    if let Some((row, field)) = page.field
        && let Ok(down) = u16::try_from(row.saturating_sub(at))
        && down < area.height
        && area.width > 2
    {
        let place = Rect { x: area.x + 2, y: area.y + down, width: area.width - 2, height: 1 };
        let focus = row == page.focus;
        field.draw(place, buffer, theme.style(Role::Text), focus.then(|| theme.style(Role::Focus)));
    }
}

/// There are no keys: they are being read, could not be, or are gone.
fn unread(model: &Model, page: &mut Page<'_>, room: usize) {
    let (theme, screen) = (model.shell.theme, &model.walk.credentials);
    page.blank();
    if screen.since.is_some() {
        page.lines.extend(wrapped(theme, Role::Text, &model.t("keys-reading"), room));
        return;
    }
    match &screen.failure {
        Some(failure) => {
            page.lines.extend(wrapped(theme, Role::Bad, &failure.line(), room));
            page.lines.extend(failure.hint.iter().flat_map(|hint| wrapped(theme, Role::Text, hint, room)));
        }
        None => page.lines.extend(wrapped(theme, Role::Warn, &model.t("keys-none"), room)),
    }
    page.blank();
    page.lines.extend(wrapped(theme, Role::Dim, &about_site(model, "keys-unread-why"), room));
}

fn list(model: &Model, page: &mut Page<'_>, room: usize) {
    let (theme, screen) = (model.shell.theme, &model.walk.credentials);
    let active = matches!(screen.open, Open::List);
    let at = screen.cursor.of(screen.keys.len());
    for (n, key) in screen.keys.iter().enumerate() {
        let mark = if n == at && active { theme.glyph(Glyph::Current) } else { " " };
        let role = if n == at && active { Role::Focus } else { Role::Text };
        let purpose = model.t(&format!("key-{}", key.name));
        let name = fit(theme, key.name, LABEL - 2);
        page.lines.push(Line::from(vec![
            span(theme, Role::Accent, format!("{mark} ")),
            span(theme, role, name),
            span(theme, Role::Dim, cut(theme, &format!("  {purpose}"), room.saturating_sub(LABEL))),
        ]));
        if n == at && active {
            // The end of the secret is what has to be seen.
            pair(model, screen, key, page, room);
            page.focus = page.lines.len() - 1;
        }
    }
}

/// The two halves of a key, masked or in clear.
fn pair(model: &Model, screen: &Screen, key: &KeyPair, page: &mut Page<'_>, room: usize) {
    let theme = model.shell.theme;
    for (label, secret) in [("keys-access", &key.access_key), ("keys-secret", &key.secret_key)] {
        let label = format!("    {}  ", model.t(label));
        let shown = shown(model, screen, secret);
        let beside = room.saturating_sub(width(&label));
        let role = if screen.in_clear.is_some() { Role::Secret } else { Role::Text };
        if width(&shown) <= beside {
            page.lines.push(Line::from(vec![span(theme, Role::Dim, label), span(theme, role, shown)]));
        } else {
            page.lines.push(line(theme, Role::Dim, label));
            page.lines.extend(chunks(&shown, room).into_iter().map(|piece| line(theme, role, piece)));
        }
    }
}

/// The only place where a secret becomes something that is drawn.
fn shown(model: &Model, screen: &Screen, secret: &Secret<String>) -> String {
    match screen.in_clear {
        Some(_) => secret.expose().clone(),
        None => model.shell.theme.glyph(Glyph::Mask).repeat(secret.expose().chars().count()),
    }
}

/// Where the registry is, and whether the keys were saved.
fn below(model: &Model, page: &mut Page<'_>, room: usize) {
    let (text, theme, screen) = (&model.shell.text, model.shell.theme, &model.walk.credentials);
    if let Some(at) = &model.walk.done.hand_over {
        let route = match at.route {
            Route::Direct => "route-direct",
            Route::Tunnel => "route-tunnel",
        };
        let label = fit(theme, &text.t("keys-endpoint"), LABEL);
        page.lines.push(Line::from(vec![
            span(theme, Role::Dim, label),
            span(theme, Role::Text, at.url.clone()),
            span(theme, Role::Dim, format!("  {}", text.t(route))),
        ]));
        page.blank();
    }
    if let Some(saved) = &screen.saved {
        return page.lines.extend(saved_lines(model, saved, room));
    }
    let save = format!("{} {}", theme.glyph(Glyph::Warn), text.t("keys-unsaved"));
    page.lines.extend(wrapped(theme, Role::Warn, &save, room));
    let decline = text.with("keys-decline-later", [("words", text.t("keys-words").into())]);
    page.lines.extend(wrapped(theme, Role::Dim, &decline, room));
}

/// Where the keys were saved, and how the file is opened.
pub fn saved_lines(model: &Model, saved: &Saved, room: usize) -> Vec<Line<'static>> {
    let (text, theme) = (&model.shell.text, model.shell.theme);
    let words = text.with("keys-saved", [("path", saved.path.as_str().into())]);
    let mut lines = wrapped(theme, Role::Good, &format!("{} {words}", theme.glyph(Glyph::Good)), room);
    if saved.sealed {
        lines.extend(wrapped(theme, Role::Text, &text.t("keys-sealed"), room));
        let opens = text.with("keys-open-with", [("path", shell_word(&saved.path).into())]);
        lines.extend(
            chunks(&opens, room.saturating_sub(2)).into_iter().map(|l| line(theme, Role::Text, format!("  {l}"))),
        );
    }
    lines
}

/// A text that names the site.
pub fn about_site(model: &Model, key: &str) -> String {
    model.shell.text.with(key, [("site", model.walk.draft.text(FieldId::Site).into())])
}

/// A line that keys can go to.
fn marked(model: &Model, text: &str, focus: bool) -> Line<'static> {
    let theme = model.shell.theme;
    let mark = if focus { theme.glyph(Glyph::Current) } else { " " };
    let role = if focus { Role::Focus } else { Role::Text };
    Line::from(vec![span(theme, Role::Accent, format!("{mark} ")), span(theme, role, text.to_owned())])
}

fn form_lines<'m>(model: &Model, form: &'m Form, page: &mut Page<'m>, room: usize) {
    let (text, theme) = (&model.shell.text, model.shell.theme);
    page.lines.push(line(theme, Role::Title, text.t("keys-save-to")));
    let cells = room.saturating_sub(4);
    page.field = Some((page.lines.len(), &form.path));
    let mut push = |at: FormLine, line: Line<'static>| {
        if at == form.at {
            page.focus = page.lines.len();
        }
        page.lines.push(line);
    };
    push(FormLine::Path, marked(model, "", form.at == FormLine::Path));
    let tick = theme.glyph(if form.seal { Glyph::Ticked } else { Glyph::Unticked });
    push(FormLine::Seal, marked(model, &format!("{tick} {}", text.t("keys-seal")), form.at == FormLine::Seal));
    if form.seal {
        for (at, label, masked) in [
            (FormLine::First, "keys-passphrase", &form.first),
            (FormLine::Second, "keys-passphrase-again", &form.second),
        ] {
            let label = fit(theme, &text.t(label), LABEL.max(cells / 4));
            let dots = masked.shown(theme, cells.saturating_sub(width(&label) + 1));
            push(at, marked(model, &format!("{label} {dots}"), form.at == at));
        }
    }
    if let Some(fit) = form.fit {
        page.lines.push(line(theme, Role::Dim, text.with("path-choices", [("count", fit.into())])));
    }
    if let Some(Trouble::Failed(failure)) = &form.trouble {
        page.lines.extend(wrapped(theme, Role::Bad, &failure.line(), room));
        page.lines.extend(failure.hint.iter().flat_map(|hint| wrapped(theme, Role::Text, hint, room)));
        return;
    }
    page.blank();
    page.lines.extend(wrapped(theme, Role::Dim, &text.t("keys-file-why"), room));
    if form.seal {
        page.lines.extend(wrapped(theme, Role::Dim, &text.t("keys-seal-why"), room));
    }
}
