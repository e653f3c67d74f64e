//! Which host: this computer, or one that the user's own OpenSSH reaches.

use crate::ui::draft::{Draft, FieldId, Input, Origin, problem_of};
use crate::ui::effect::Effect;
use crate::ui::keys::Command;
use crate::ui::model::Model;
use crate::ui::theme::{Glyph, Role};
use crate::ui::walk::{self, facts};
use crate::ui::widgets::lines::{cut, draw as draw_lines, inset, line, span, split_left, split_top, wrapped};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

/// What it knows.
#[derive(Clone, Debug, Default)]
pub struct Screen {
    /// Hosts of the user's ssh configuration.
    pub hosts: Vec<String>,
    /// This computer's name.
    pub here: String,
    /// Where the focus is: this computer, the address, the port, then the hosts.
    focus: usize,
}

const LOCAL: usize = 0;
const ADDRESS: usize = 1;
const PORT: usize = 2;
const FIRST_HOST: usize = 3;

fn field(focus: usize) -> Option<FieldId> {
    match focus {
        ADDRESS => Some(FieldId::Address),
        PORT => Some(FieldId::Port),
        _ => None,
    }
}

/// Hosts of the configuration that fit what is typed.
fn offered(model: &Model) -> Vec<String> {
    let typed = model.walk.draft.text(FieldId::Address);
    let (user, name) = typed.rsplit_once('@').map_or(("", typed.as_str()), |(user, name)| (user, name));
    let fits = |host: &&String| typed == "local" || name.is_empty() || host.contains(name);
    let with_user = |host: &String| if user.is_empty() { host.clone() } else { format!("{user}@{host}") };
    model.walk.host.hosts.iter().filter(fits).map(with_user).collect()
}

/// A key for the address. Whoever begins to type means the address, wherever the focus was.
pub fn raw(model: &mut Model, key: &KeyEvent) -> bool {
    let begins = matches!(key.code, KeyCode::Char(c) if c != ' ') && !key.modifiers.contains(KeyModifiers::CONTROL);
    let now = focus(model);
    let id = match field(now) {
        Some(id) => id,
        None if begins && !model.shell.rehearsal => FieldId::Address,
        None => return false,
    };
    let mut tried = model.walk.draft.clone();
    not_local(&mut tried, id);
    let taken = if let Some(Input::Text(field)) = tried.typing(id) { field.key(key) } else { false };
    if taken {
        model.walk.draft = tried;
        if id == FieldId::Address {
            model.walk.host.focus = ADDRESS;
        }
        name_after_address(model);
    }
    taken
}

/// A pasted address.
pub fn paste(model: &mut Model, text: &str) {
    if model.shell.rehearsal {
        return;
    }
    let id = field(focus(model)).unwrap_or(FieldId::Address);
    not_local(&mut model.walk.draft, id);
    if let Some(Input::Text(field)) = model.walk.draft.typing(id) {
        field.paste(text);
    }
    if id == FieldId::Address {
        model.walk.host.focus = ADDRESS;
    }
    name_after_address(model);
}

/// An address that is typed takes the place of this computer.
fn not_local(draft: &mut Draft, id: FieldId) {
    if id == FieldId::Address && draft.text(id) == "local" {
        draft.put(id, "", Origin::Typed);
    }
}

/// The site is called after its host, until somebody calls it otherwise.
fn name_after_address(model: &mut Model) {
    let here = model.walk.host.here.clone();
    model.walk.draft.name_after_address(&here);
}

fn focus(model: &Model) -> usize {
    let fixed = model.shell.rehearsal;
    if fixed { LOCAL } else { model.walk.host.focus.min(FIRST_HOST + offered(model).len() - 1) }
}

fn choose(model: &mut Model, address: &str) {
    model.walk.draft.put(FieldId::Address, address, Origin::Typed);
    name_after_address(model);
}

/// A command.
pub fn command(model: &mut Model, command: Command) -> Vec<Effect> {
    let last = FIRST_HOST + offered(model).len() - 1;
    let now = focus(model);
    match command {
        Command::Up | Command::Previous => model.walk.host.focus = now.saturating_sub(1),
        Command::Down | Command::Next => model.walk.host.focus = (now + 1).min(last),
        Command::Back if facts::busy(model) => return facts::give_up(model),
        Command::Back => return walk::back(model),
        Command::Toggle if now == LOCAL => choose(model, "local"),
        Command::Connect | Command::Forward => {
            if now == LOCAL && command == Command::Connect && !model.shell.rehearsal {
                choose(model, "local");
            } else if let Some(host) = now.checked_sub(FIRST_HOST).and_then(|n| offered(model).get(n).cloned()) {
                choose(model, &host);
                model.walk.host.focus = ADDRESS;
            }
            return go_on(model);
        }
        _ => {}
    }
    Vec::new()
}

/// Whether a key means nothing here: a rehearsal has one host.
pub fn idle(model: &Model, command: Command) -> bool {
    model.shell.rehearsal && matches!(command, Command::Next | Command::Previous | Command::Up | Command::Down)
}

fn go_on(model: &mut Model) -> Vec<Effect> {
    if model.walk.draft.text(FieldId::Address).trim().is_empty() {
        model.shell.notice = Some(model.t("host-none"));
        return Vec::new();
    }
    let problems = model.walk.draft.problems();
    if let Some(problem) = problems.iter().find(|p| p.key.starts_with("host.") || p.key == "site") {
        model.shell.notice = Some(problem.what.clone());
        return Vec::new();
    }
    facts::look(model)
}

/// The sentence above the keys.
pub fn status(model: &Model) -> (Role, String) {
    if facts::busy(model) {
        return (Role::Accent, facts::busy_words(model));
    }
    if let Some(failure) = &model.walk.facts.failure {
        return (Role::Bad, failure.line());
    }
    (Role::Dim, model.t("status-nothing-sent"))
}

/// Draws it.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (text, theme) = (&model.shell.text, model.shell.theme);
    let area = inset(area, 1);
    let room = usize::from(area.width);
    let address = model.walk.draft.text(FieldId::Address);
    let now = focus(model);
    let mut lines = vec![line(theme, Role::Title, text.t("host-title")), line(theme, Role::Text, "")];
    let radio = |on: bool| theme.glyph(if on { Glyph::Chosen } else { Glyph::Other });
    let role = |at: usize| if now == at { Role::Focus } else { Role::Text };
    if model.shell.rehearsal {
        lines.push(line(theme, Role::Focus, format!("{} {} ", radio(true), text.t("host-rehearsed"))));
        lines.push(line(theme, Role::Text, ""));
        lines.extend(wrapped(theme, Role::Dim, &text.t("host-rehearsed-why"), room));
        lines.extend(failure_lines(model, room));
        return draw_lines(lines, area, buffer);
    }
    let here = format!("{} {}  ", radio(address == "local"), text.t("host-local"));
    lines.push(Line::from(vec![
        span(theme, role(LOCAL), here),
        span(theme, Role::Dim, format!("  {}", model.walk.host.here)),
    ]));
    let remote = address != "local" && !address.is_empty();
    lines.push(line(theme, Role::Text, format!("{} {}", radio(remote), text.t("host-ssh"))));
    let (top, rest) = split_top(area, u16::try_from(lines.len()).unwrap_or(4));
    draw_lines(lines, top, buffer);
    let (fields, rest) = split_top(rest, 3);
    for (n, (at, id, label)) in
        [(ADDRESS, FieldId::Address, "host-address"), (PORT, FieldId::Port, "host-port")].into_iter().enumerate()
    {
        let row = Rect { y: fields.y + u16::try_from(n).unwrap_or(0), height: 1.min(fields.height), ..fields };
        if u16::try_from(n).unwrap_or(0) >= fields.height {
            break;
        }
        let (label_area, value_area) = split_left(row, 20);
        draw_lines(vec![line(theme, Role::Dim, format!("    {}", text.t(label)))], label_area, buffer);
        let shown = if id == FieldId::Address && address == "local" { None } else { Some(model.walk.draft.get(id).0) };
        if let Some(Input::Text(field)) = shown {
            let cursor = (now == at).then(|| theme.style(Role::Focus));
            field.draw(value_area, buffer, theme.style(Role::Text), cursor);
        } else if now == at {
            draw_lines(vec![line(theme, Role::Focus, " ")], value_area, buffer);
        }
    }
    let mut lines = Vec::new();
    let problems = model.walk.draft.problems();
    for id in [FieldId::Address, FieldId::Port] {
        let typed = model.walk.draft.get(id).1 == Origin::Typed && !model.walk.draft.text(id).is_empty();
        if let Some(problem) = problem_of(id, &problems).filter(|_| typed) {
            lines.extend(wrapped(theme, Role::Bad, &problem.what, room));
        }
    }
    let hosts = offered(model);
    if !hosts.is_empty() {
        lines.push(line(theme, Role::Dim, text.t("host-known")));
        let rows = usize::from(rest.height).saturating_sub(lines.len() + 4).max(1);
        let at = now.checked_sub(FIRST_HOST);
        let first = crate::ui::widgets::list::first(at.unwrap_or(0), hosts.len(), rows);
        for (n, host) in hosts.iter().enumerate().skip(first).take(rows) {
            let (mark, role) =
                if at == Some(n) { (theme.glyph(Glyph::Current), Role::Focus) } else { (" ", Role::Text) };
            lines.push(line(theme, role, cut(theme, &format!("  {mark} {host} "), room)));
        }
    }
    lines.push(line(theme, Role::Text, ""));
    lines.extend(wrapped(theme, Role::Dim, &text.t("host-why"), room));
    lines.extend(failure_lines(model, room));
    draw_lines(lines, rest, buffer);
}

/// Why the host could not be looked at, and what to do.
fn failure_lines(model: &Model, room: usize) -> Vec<Line<'static>> {
    let theme = model.shell.theme;
    let Some(failure) = &model.walk.facts.failure else { return Vec::new() };
    let mut lines = vec![line(theme, Role::Text, "")];
    lines.extend(wrapped(theme, Role::Bad, &format!("{} {}", theme.glyph(Glyph::Bad), failure.line()), room));
    if let Some(hint) = &failure.hint {
        lines.extend(wrapped(theme, Role::Text, hint, room));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::msg::Msg;
    use crate::ui::text::{Lang, Text};
    use crate::ui::theme::{Colours, Theme};

    fn model() -> Model {
        let theme = Theme { colours: Colours::None, ascii: false };
        let mut model = Model::new(Text::of(Lang::En), theme, false);
        model.walk.place = walk::Place::Host;
        model
    }

    fn press(model: &mut Model, code: KeyCode) -> Vec<Effect> {
        model.update(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
    }

    #[test]
    fn what_is_typed_is_the_address_wherever_the_focus_was() {
        let mut model = model();
        assert_eq!(press(&mut model, KeyCode::Down), []);
        assert_eq!(press(&mut model, KeyCode::Enter), [], "there is no address yet");
        assert_eq!(model.shell.notice, Some(model.t("host-none")));
        press(&mut model, KeyCode::Up);
        for c in "tech@edge-07".chars() {
            press(&mut model, KeyCode::Char(c));
        }
        assert_eq!(model.walk.draft.text(FieldId::Address), "tech@edge-07");
        assert_eq!(model.walk.draft.text(FieldId::Site), "edge-07");
        assert!(matches!(press(&mut model, KeyCode::Enter).as_slice(), [Effect::Look { .. }]));
    }

    #[test]
    fn keys_that_type_nothing_leave_the_choice_as_it_is() {
        let mut model = model();
        press(&mut model, KeyCode::Char(' '));
        assert_eq!(model.walk.draft.text(FieldId::Address), "local");
        for code in [KeyCode::Tab, KeyCode::Tab, KeyCode::Up, KeyCode::Up] {
            press(&mut model, code);
        }
        assert_eq!(model.walk.draft.text(FieldId::Address), "local");
    }
}
