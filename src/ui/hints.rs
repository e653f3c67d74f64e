//! What keys do at a place: the line at the bottom, and the page behind the help key.

use super::Shell;
use super::keys::{Binding, Command, Scope};
use super::theme::Role;
use super::widgets::lines::{draw, fit, line, span, split_left, width};
use crate::base::sanitise;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// Keys that the bottom line names at most.
const MOST_KEYS: usize = 8;

/// The keys of a place that matter most, as many as there is room for. `idle` says which do nothing now.
pub fn keys_line(shell: &Shell, scope: Scope, idle: impl Fn(Command) -> bool, columns: u16) -> Line<'static> {
    let theme = shell.theme;
    let rows = shell.keymap.rows(scope);
    let mut seen: Vec<Command> = Vec::new();
    let mut named: Vec<String> = Vec::new();
    let mut spans = vec![Span::raw(" ")];
    let mut used = 1;
    // The help key is always named, so it has its room first.
    let shown: Vec<&Binding> = rows.into_iter().filter(|row| row.shown && !idle(row.command)).collect();
    let help = shown.iter().find(|row| row.command == Command::Help).map(|row| words_of(shell, row));
    let kept = help.as_ref().map_or(0, |(key, words)| width(key) + width(words) + 4);
    for row in shown.iter().filter(|row| row.command != Command::Help) {
        if seen.contains(&row.command) || seen.len() + 1 >= MOST_KEYS {
            continue;
        }
        let (key, words) = words_of(shell, row);
        // A nearer scope has given this key another meaning.
        if named.contains(&key) {
            continue;
        }
        let more = width(&key) + width(&words) + 4;
        if used + more + kept > usize::from(columns) {
            continue;
        }
        seen.push(row.command);
        named.push(key.clone());
        used += more;
        spans.push(span(theme, Role::Accent, key));
        spans.push(span(theme, Role::Dim, format!(" {words}   ")));
    }
    if let Some((key, words)) = help {
        spans.push(span(theme, Role::Accent, key));
        spans.push(span(theme, Role::Dim, format!(" {words}")));
    }
    Line::from(spans)
}

fn words_of(shell: &Shell, row: &Binding) -> (String, String) {
    let key = row.keys.first().map(ToString::to_string).unwrap_or_default();
    (key, shell.text.t(&text_of(row)))
}

/// The key of the text that says what a key does here.
pub fn text_of(row: &Binding) -> String {
    match (row.scope, row.command) {
        // There is nothing to choose where something is typed.
        (Scope::Typing, Command::Take) => "accept-typed".to_owned(),
        (
            Scope::Browse | Scope::Buckets | Scope::Usage | Scope::Models | Scope::Versions | Scope::Places,
            Command::Take,
        ) => "here-open".to_owned(),
        (Scope::Browse | Scope::Versions | Scope::Uploads, Command::Toggle) => "here-mark".to_owned(),
        (Scope::Browse, Command::Search) => "here-filter".to_owned(),
        (Scope::Models, Command::Put) => "here-publish".to_owned(),
        (Scope::Models, Command::Restore) => "here-serve".to_owned(),
        (Scope::Trust, Command::Copy) => "here-copy-sum".to_owned(),
        (Scope::Transfers, Command::Take) => "here-open-report".to_owned(),
        (Scope::Transfers, Command::Delete) => "here-cancel".to_owned(),
        (Scope::Uploads, Command::Delete) => "here-throw-away".to_owned(),
        (_, command) => format!("do-{}", command.id()),
    }
}

/// Every key of a place that does something there. `lack` says why one is of no use now.
pub fn help(
    shell: &Shell,
    scope: Scope,
    idle: impl Fn(Command) -> bool,
    lack: impl Fn(Command) -> Option<String>,
    area: Rect,
    buffer: &mut Buffer,
) {
    let theme = shell.theme;
    let mut lines = vec![line(theme, Role::Title, format!(" {}", shell.text.t("help-title")))];
    let mut seen: Vec<Command> = Vec::new();
    let mut named: Vec<String> = Vec::new();
    for row in shell.keymap.rows(scope) {
        // A nearer scope may have given a key another meaning.
        let keys: Vec<String> = row.keys.iter().map(ToString::to_string).filter(|key| !named.contains(key)).collect();
        if seen.contains(&row.command) || keys.is_empty() || idle(row.command) {
            continue;
        }
        seen.push(row.command);
        named.extend(keys.iter().cloned());
        let words = shell.text.t(&text_of(row));
        let lack = lack(row.command).map(|why| sanitise::text(&why, 120));
        let role = if lack.is_some() { Role::Dim } else { Role::Accent };
        let mut spans = vec![span(theme, role, format!("  {}", fit(theme, &keys.join(" "), 16)))];
        match lack {
            Some(why) => spans.push(span(theme, Role::Dim, format!("{words} ({why})"))),
            None => spans.push(span(theme, Role::Text, words)),
        }
        lines.push(Line::from(spans));
    }
    // In two columns where one is too short.
    let rows = usize::from(area.height);
    if lines.len() > rows && area.width >= 60 {
        let (left, right) = split_left(area, area.width / 2);
        let rest = lines.split_off(rows.min(lines.len()));
        draw(lines, left, buffer);
        draw(rest, right, buffer);
    } else {
        draw(lines, area, buffer);
    }
}
