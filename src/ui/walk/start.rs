//! The first screen: what to do. Sites that are known on this computer stand in it with where their last
//! run stands.

use crate::plan::HostId;
use crate::ui::draft::Draft;
use crate::ui::effect::{Effect, Leaving};
use crate::ui::keys::Command;
use crate::ui::model::Model;
use crate::ui::msg::KnownSite;
use crate::ui::theme::{Glyph, Role};
use crate::ui::walk::{self, Place};
use crate::ui::widgets::lines::{cut, draw as draw_lines, inset, line, wrapped};
use crate::ui::widgets::list::Cursor;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// What it knows.
#[derive(Clone, Debug, Default)]
pub struct Screen {
    /// The known sites.
    pub sites: Vec<KnownSite>,
    /// The cursor.
    pub cursor: Cursor,
}

/// Something that can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    Resume(HostId),
    Install,
    Check,
    Rehearse,
    /// A complete site's registry.
    Browse(HostId),
    /// A site that is complete: looking at it again, and finishing what is missing.
    Site(HostId),
}

fn items(model: &Model) -> Vec<Item> {
    let sites = &model.walk.start.sites;
    let mut items: Vec<Item> = sites.iter().filter(|s| s.unfinished).map(|s| Item::Resume(s.name)).collect();
    let complete = || sites.iter().filter(|s| !s.unfinished).map(|s| s.name);
    items.push(Item::Install);
    items.extend(complete().map(Item::Browse));
    items.push(Item::Check);
    items.push(Item::Rehearse);
    items.extend(complete().map(Item::Site));
    items
}

/// A command.
pub fn command(model: &mut Model, command: Command) -> Vec<Effect> {
    let items = items(model);
    if model.walk.start.cursor.moved(command, items.len(), 10) {
        return Vec::new();
    }
    match command {
        Command::Take | Command::Forward => match items.get(model.walk.start.cursor.of(items.len())) {
            Some(Item::Resume(site)) => vec![Effect::Resume { site: *site }],
            Some(Item::Install) => begin(model, false, None),
            Some(Item::Check) => begin(model, true, None),
            Some(Item::Rehearse) => vec![Effect::Leave(Leaving::Rehearse)],
            Some(Item::Browse(site)) => vec![Effect::Leave(Leaving::Browse(Some(*site)))],
            Some(Item::Site(site)) => begin(model, false, Some(*site)),
            None => Vec::new(),
        },
        Command::Back => walk::back(model),
        _ => Vec::new(),
    }
}

fn begin(model: &mut Model, only_check: bool, site: Option<HostId>) -> Vec<Effect> {
    model.walk.only_check = only_check;
    if let Some(known) = site.and_then(|name| model.walk.start.sites.iter().find(|s| s.name == name)) {
        // The answers were read and written by this program: what it cannot read any more is asked anew.
        model.walk.draft = Draft::of_answers(&known.answers).unwrap_or_default();
    }
    walk::go(model, Place::Host)
}

/// The sentence above the keys.
pub fn status(model: &Model) -> (Role, String) {
    (Role::Dim, model.t("status-start"))
}

/// Draws it.
pub fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let (text, theme) = (&model.shell.text, model.shell.theme);
    let area = inset(area, 1);
    let room = usize::from(area.width);
    let items = items(model);
    let at = model.walk.start.cursor.of(items.len());
    let mut lines = vec![line(theme, Role::Text, ""), line(theme, Role::Title, text.t("start-title"))];
    lines.push(line(theme, Role::Text, ""));
    let head = lines.len();
    let why = match items.get(at) {
        Some(Item::Resume(_)) => text.t("start-resume-why"),
        Some(Item::Install) | None => text.t("start-install-why"),
        Some(Item::Check) => text.t("start-check-why"),
        Some(Item::Rehearse) => text.t("start-rehearse-why"),
        Some(Item::Browse(_)) => text.t("start-browse-why"),
        Some(Item::Site(_)) => text.t("start-site-why"),
    };
    let why = wrapped(theme, Role::Dim, &why, room);
    // The explanation stands below the list, and has its room first.
    let rows = usize::from(area.height).saturating_sub(head + why.len() + 1);
    let first = model.walk.start.cursor.first(items.len(), rows);
    for (n, item) in items.iter().enumerate().skip(first).take(rows) {
        let words = match item {
            Item::Resume(site) => resume_words(model, *site),
            Item::Install => text.t("start-install"),
            Item::Check => text.t("start-check"),
            Item::Rehearse => text.t("start-rehearse"),
            Item::Browse(site) => text.with("start-browse", [("site", site.as_str().into())]),
            Item::Site(site) => text.with("start-site", [("site", site.as_str().into())]),
        };
        let (mark, role) = if n == at { (theme.glyph(Glyph::Current), Role::Focus) } else { (" ", Role::Text) };
        lines.push(line(theme, role, cut(theme, &format!("{mark} {words} "), room)));
    }
    lines.push(line(theme, Role::Text, ""));
    lines.extend(why);
    draw_lines(lines, area, buffer);
}

fn resume_words(model: &Model, site: HostId) -> String {
    let known = model.walk.start.sites.iter().find(|s| s.name == site);
    let (done, all) = known.and_then(|s| s.run).unwrap_or_default();
    model.shell.text.with("start-resume", [("site", site.as_str().into()), ("done", done.into()), ("all", all.into())])
}
