//! The picture of the model view: a table of models, or the versions and files of one, and below it what was found.

use super::Browse;
use super::models::{Item, Models};
use super::status::grouped;
use crate::base::sanitise::visible;
use crate::plan::change::size_text;
use crate::registry::models::{Progress, View};
use crate::registry::triton::{ConfigState, Finding, Model, Severity, Version, VersionFile};
use crate::ui::theme::{Glyph, Role};
use crate::ui::widgets::lines::{cut, draw as draw_lines, fit, line, rule, span, width, wrapped};
use crate::ui::widgets::list::mark_more;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// Columns of a backend, of versions, of a size and of a state.
const BACKEND: usize = 13;
const VERSIONS: usize = 10;
const SIZE: usize = 10;
const STATE: usize = 12;

struct Widths {
    name: usize,
    backend: usize,
    versions: usize,
}

impl Widths {
    fn of(columns: u16) -> Self {
        let room = usize::from(columns).saturating_sub(6 + VERSIONS + SIZE + STATE);
        let backend = if room >= 24 { BACKEND } else { 0 };
        let versions = if room >= 36 { VERSIONS } else { 0 };
        Self { name: room.saturating_sub(backend + versions), backend, versions }
    }
}

fn right(browse: &Browse, text: &str, cells: usize) -> String {
    let text = cut(browse.shell.theme, text, cells);
    format!("{}{text}", " ".repeat(cells.saturating_sub(width(&text))))
}

/// The line that says what it all comes to.
pub(super) fn title(browse: &Browse, models: &Models, columns: u16) -> Line<'static> {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    let words = match (models.opened(), models.view()) {
        (Some(model), _) => visible(&model.name).into_owned(),
        (None, Some(view)) => {
            let (served, all) = (view.repository.served(), view.repository.models.len());
            let counts = [("served", grouped(served).into()), ("models", grouped(all).into())];
            match &view.url {
                Some(url) => format!("{} {url}", text.with("models-title", counts)),
                None => text.with("models-title-here", counts),
            }
        }
        (None, None) => text.with("models-looking-at", [("path", path(models).into())]),
    };
    line(theme, Role::Accent, format!(" {}", cut(theme, &words, usize::from(columns).saturating_sub(2))))
}

fn path(models: &Models) -> String {
    visible(&format!("{}/{}", models.ask.bucket, models.ask.prefix())).into_owned()
}

/// The names of the columns.
pub(super) fn titles(browse: &Browse, models: &Models, columns: u16) -> Line<'static> {
    let (text, theme, widths) = (&browse.shell.text, browse.shell.theme, Widths::of(columns));
    if models.view().is_none() {
        return Line::default();
    }
    let words = if let Some(model) = models.opened() {
        let none = text.t("models-unknown");
        let backend = model.backend.as_ref().map_or(none.clone(), |backend| backend.backend.clone());
        let batch = model.max_batch().map_or(none, |batch| batch.to_string());
        let groups = model.instances().len();
        text.with("models-about", [("backend", backend.into()), ("batch", batch.into()), ("groups", groups.into())])
    } else {
        let mut words = fit(theme, &text.t("models-model"), widths.name);
        words.push_str(&fit(theme, &text.t("models-backend"), widths.backend));
        words.push_str(&fit(theme, &text.t("models-versions"), widths.versions));
        words.push_str(&fit(theme, &text.t("models-serves"), VERSIONS));
        words.push_str(&right(browse, &text.t("browse-size"), SIZE));
        format!("{words}  {}", text.t("models-state"))
    };
    line(theme, Role::Dim, cut(theme, &format!("   {words}"), usize::from(columns)))
}

/// The lines of the list, with the item that each one belongs to, and as many as fit around the cursor.
pub(super) fn list(browse: &Browse, models: &Models, area: Rect, buffer: &mut Buffer) {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    let room = usize::from(area.width).saturating_sub(4);
    let view = match &models.found {
        Some(Ok(view)) => view,
        Some(Err(error)) => {
            return draw_lines(wrapped(theme, Role::Bad, &format!("   {}", error.failure.line()), room), area, buffer);
        }
        None => {
            let words = format!("   {}", busy(browse, models));
            return draw_lines(wrapped(theme, Role::Dim, &words, room), area, buffer);
        }
    };
    let items = models.items();
    if items.is_empty() {
        return draw_lines(wrapped(theme, Role::Dim, &format!("   {}", text.t("models-none")), room), area, buffer);
    }
    let at = models.cursor.of(items.len());
    let (mut lines, mut from, mut to) = (Vec::new(), 0, 0);
    for (place, item) in items.iter().enumerate() {
        let here = place == at;
        let first_finding =
            matches!(item, Item::Finding(_)) && place > 0 && !matches!(items[place - 1], Item::Finding(_));
        if first_finding {
            lines.push(rule(theme, area.width));
        }
        if here {
            from = lines.len();
        }
        item_lines(browse, models, view, *item, here, area.width, &mut lines);
        if here {
            to = lines.len();
        }
    }
    let (rows, len) = (usize::from(area.height), lines.len());
    // The whole of a finding is seen where it fits, and its begin where it does not.
    let middle = from.midpoint(to);
    let first = middle.saturating_sub(rows / 2).min(len.saturating_sub(rows)).min(from);
    let seen: Vec<Line<'static>> = lines.into_iter().skip(first).take(rows).collect();
    draw_lines(seen, area, buffer);
    mark_more(theme, area, first, len, buffer);
}

fn item_lines(
    browse: &Browse,
    models: &Models,
    view: &View,
    item: Item,
    here: bool,
    columns: u16,
    lines: &mut Vec<Line<'static>>,
) {
    match (item, models.opened()) {
        (Item::Model(at), _) => {
            lines.extend(view.repository.models.get(at).map(|model| model_line(browse, view, model, here, columns)));
        }
        (Item::Version(at), Some(model)) => {
            lines.extend(model.versions.get(at).map(|version| version_line(browse, model, version, here, columns)));
        }
        (Item::File(at, file), Some(model)) => {
            let file = model.versions.get(at).and_then(|version| version.files.get(file));
            lines.extend(file.map(|file| file_line(browse, file, here, columns)));
        }
        (Item::Finding(at), _) => {
            if let Some(finding) = view.repository.findings.get(at) {
                finding_lines(browse, finding, here, columns, lines);
            }
        }
        (Item::Version(_) | Item::File(..), None) => {}
    }
}

fn row(browse: &Browse, here: bool, sign: (Role, Glyph), name: &str, rest: &str) -> Line<'static> {
    let theme = browse.shell.theme;
    let cursor = if here { theme.glyph(Glyph::Current) } else { " " };
    let role = if here { Role::Focus } else { Role::Text };
    let blank = " ".repeat(name.len() - name.trim_end().len());
    Line::from(vec![
        span(theme, Role::Accent, cursor.to_owned()),
        span(theme, sign.0, theme.glyph(sign.1).to_owned()),
        span(theme, Role::Text, " "),
        span(theme, role, name.trim_end().to_owned()),
        span(theme, Role::Dim, format!("{blank}{rest}")),
    ])
}

fn model_line(browse: &Browse, view: &View, model: &Model, here: bool, columns: u16) -> Line<'static> {
    let (text, theme, widths) = (&browse.shell.text, browse.shell.theme, Widths::of(columns));
    let unread = model.config == ConfigState::Unread;
    let sign = match (unread, model.served.is_empty()) {
        (true, _) => (Role::Warn, Glyph::Warn),
        (false, true) => (Role::Bad, Glyph::Bad),
        (false, false) => (Role::Good, Glyph::Good),
    };
    let count = |severity| view.repository.of(&model.name).filter(|finding| finding.severity == severity).count();
    let state = match (unread, count(Severity::Error), count(Severity::Warning)) {
        (true, ..) => text.t("models-unread-state"),
        (_, 0, 0) => String::new(),
        (_, 0, warnings) => text.with("models-warnings", [("count", warnings.into())]),
        (_, errors, _) => text.with("models-errors", [("count", errors.into())]),
    };
    let none = text.t("models-unknown");
    let backend = model.backend.as_ref().map_or(none.clone(), |backend| visible(&backend.backend).into_owned());
    let dirs: Vec<&str> = model.versions.iter().map(|version| version.dir.as_str()).collect();
    let dirs = if dirs.is_empty() { none } else { visible(&dirs.join(" ")).into_owned() };
    let numbers: Vec<String> = model.served.iter().map(ToString::to_string).collect();
    let serves = match (unread, numbers.is_empty()) {
        (true, _) => text.t("models-unknown"),
        (false, true) => text.t("models-serves-none"),
        (false, false) => numbers.join(" "),
    };
    let column = |words: &str, cells: usize| match cells {
        0 => String::new(),
        cells => format!("{} ", fit(theme, words, cells - 1)),
    };
    let mut rest = column(&backend, widths.backend);
    rest.push_str(&column(&dirs, widths.versions));
    rest.push_str(&column(&serves, VERSIONS));
    rest.push_str(&right(browse, &size_text(model.bytes), SIZE));
    rest.push_str("  ");
    rest.push_str(&cut(theme, &state, STATE));
    row(browse, here, sign, &column(&visible(&model.name), widths.name), &rest)
}

fn version_line(browse: &Browse, model: &Model, version: &Version, here: bool, columns: u16) -> Line<'static> {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    let served = version.number.is_some_and(|number| model.served.contains(&number)) && version.selected;
    let (sign, state) = match (served, version.number, version.selected, version.complete) {
        (true, ..) => ((Role::Good, Glyph::Good), "models-version-served"),
        (_, None, ..) => ((Role::Dim, Glyph::Open), "models-version-none"),
        (_, _, true, false) => ((Role::Bad, Glyph::Bad), "models-version-incomplete"),
        (_, _, true, true) => ((Role::Bad, Glyph::Bad), "models-version-kept"),
        (_, _, false, _) => ((Role::Dim, Glyph::Open), "models-version-idle"),
    };
    let name = usize::from(columns).saturating_sub(4 + SIZE + 2 + 24);
    let rest = format!("{}  {}", right(browse, &size_text(version.bytes), SIZE), cut(theme, &text.t(state), 24));
    row(browse, here, sign, &fit(theme, &format!("{}/", visible(&version.dir)), name), &rest)
}

fn file_line(browse: &Browse, file: &VersionFile, here: bool, columns: u16) -> Line<'static> {
    let theme = browse.shell.theme;
    let name = usize::from(columns).saturating_sub(4 + SIZE + 2 + 24);
    let cursor = if here { theme.glyph(Glyph::Current) } else { " " };
    let role = if here { Role::Focus } else { Role::Text };
    let shown = cut(theme, &visible(&file.path), name.saturating_sub(2));
    let blank = " ".repeat(name.saturating_sub(2 + width(&shown)));
    let rest = format!("{blank}{}", right(browse, &size_text(file.size), SIZE));
    let lead = span(theme, Role::Accent, format!("{cursor}    "));
    Line::from(vec![lead, span(theme, role, shown), span(theme, Role::Dim, rest)])
}

fn finding_lines(browse: &Browse, finding: &Finding, here: bool, columns: u16, lines: &mut Vec<Line<'static>>) {
    let (text, theme) = (&browse.shell.text, browse.shell.theme);
    let room = usize::from(columns).saturating_sub(4);
    let sign = match finding.severity {
        Severity::Error => (Role::Bad, Glyph::Bad),
        Severity::Warning => (Role::Warn, Glyph::Warn),
        Severity::Note => (Role::Dim, Glyph::Open),
    };
    let rule = text.with("models-rule", [("rule", finding.rule.id().into())]);
    let model = finding.model.as_ref().map(|model| format!("{}: ", visible(model))).unwrap_or_default();
    let named = finding.model.as_ref().is_some_and(|model| finding.what.starts_with(model.as_str()));
    let what = if named { visible(&finding.what).into_owned() } else { format!("{model}{}", visible(&finding.what)) };
    for (at, piece) in wrapped(theme, Role::Text, &what, room.saturating_sub(width(&rule) + 2)).into_iter().enumerate()
    {
        let piece: String = piece.spans.iter().map(|span| span.content.as_ref()).collect();
        if at == 0 {
            let gap = room.saturating_sub(width(&piece) + width(&rule));
            lines.push(row(browse, here, sign, &piece, &format!("{}{rule}", " ".repeat(gap))));
        } else {
            lines.push(line(theme, Role::Text, format!("   {piece}")));
        }
    }
    let mut more = |role, words: &str| {
        for piece in wrapped(theme, role, words, room) {
            let piece: String = piece.spans.iter().map(|span| span.content.as_ref()).collect();
            lines.push(line(theme, role, format!("   {piece}")));
        }
    };
    if let Some(says) = &finding.says {
        more(Role::Dim, &text.with("models-says", [("words", visible(says).into_owned().into())]));
    }
    let key = match finding.at {
        Some(at) => text.with(
            "models-key-line",
            [("key", visible(&finding.key).into_owned().into()), ("line", at.line.to_string().into())],
        ),
        None => text.with("models-key", [("key", visible(&finding.key).into_owned().into())]),
    };
    if !finding.key.is_empty() {
        more(Role::Dim, &key);
    }
    if !finding.fix.is_empty() {
        more(Role::Text, &text.with("models-fix", [("fix", visible(&finding.fix).into_owned().into())]));
    }
}

fn busy(browse: &Browse, models: &Models) -> String {
    let text = &browse.shell.text;
    let part = |id: &str, done: usize, all: usize| {
        text.with(id, [("done", grouped(done).into()), ("all", grouped(all).into())])
    };
    match models.progress {
        None => text.t("browse-loading"),
        Some(Progress::Keys(keys)) => text.with("models-keys", [("count", grouped(keys).into())]),
        Some(Progress::Configs(done, all)) => part("models-configs", done, all),
        Some(Progress::Contents(done, all)) => part("models-contents", done, all),
    }
}

/// The sentence above the keys.
pub(super) fn status(browse: &Browse, models: &Models) -> (Role, String) {
    let text = &browse.shell.text;
    let Some(view) = models.view() else {
        let failed = matches!(models.found, Some(Err(_)));
        return if failed { (Role::Bad, text.t("models-failed")) } else { (Role::Dim, busy(browse, models)) };
    };
    if let Some(first) = view.unread.first() {
        let (count, key) = (view.unread.len(), visible(&first.key).into_owned());
        let why = first.failure.line();
        return (
            Role::Warn,
            text.with("models-unread", [("count", count.into()), ("key", key.into()), ("why", why.into())]),
        );
    }
    if let Some(doubt) = view.doubts.last() {
        return (Role::Warn, text.t(super::status::doubt_text(*doubt)));
    }
    let requests = usize::try_from(view.forecast.start.total()).unwrap_or(usize::MAX);
    let seconds = view.forecast.start.time(view.round_trip).as_secs_f64();
    let words = [
        ("requests", grouped(requests).into()),
        ("seconds", format!("{seconds:.1}").into()),
        ("bytes", size_text(view.forecast.copied).into()),
    ];
    (Role::Dim, text.with("models-start", words))
}
