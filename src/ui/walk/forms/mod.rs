//! The screens of fields: names and addresses, compute, the registry, and where everything is fetched
//! from. Each field says why it matters and where its value is from, and is judged with every key by the
//! rules for answers files.

mod draw;

pub use draw::draw;

use crate::plan::answers::Problem;
use crate::ui::draft::{FieldId, Input, Origin, problem_of};
use crate::ui::effect::Effect;
use crate::ui::keys::Command;
use crate::ui::model::Model;
use crate::ui::theme::Role;
use crate::ui::walk::{self, Place, facts};
use crossterm::event::KeyEvent;

/// What all of them know.
#[derive(Clone, Debug, Default)]
pub struct Screens {
    /// Whether the screen of mirrors, proxy and tables lies on top of its place.
    pub supply_open: bool,
    /// The answers when it was opened, so that leaving it without a change looks at nothing again.
    before: String,
    focus: usize,
    problems: Vec<Problem>,
}

/// Names and addresses.
pub const NAMES: &[FieldId] =
    &[FieldId::Site, FieldId::NodeName, FieldId::NodeIp, FieldId::TlsSan, FieldId::ClusterCidr, FieldId::ServiceCidr];
/// What Triton will run on.
pub const COMPUTE: &[FieldId] = &[FieldId::Compute];
/// The registry.
pub const REGISTRY: &[FieldId] = &[
    FieldId::Bucket,
    FieldId::Versioning,
    FieldId::KeepVersions,
    FieldId::Quota,
    FieldId::Capacity,
    FieldId::Volumes,
    FieldId::DataDir,
    FieldId::StorageClass,
    FieldId::NodePort,
    FieldId::ConsolePort,
    FieldId::Tenant,
    FieldId::Namespace,
];
/// Where downloads come from.
pub const SUPPLY: &[FieldId] =
    &[FieldId::Mirrors, FieldId::Images, FieldId::ProxyUrl, FieldId::NoProxy, FieldId::ExtraCa, FieldId::Components];

fn fields(model: &Model) -> &'static [FieldId] {
    if model.walk.forms.supply_open {
        return SUPPLY;
    }
    match model.walk.place {
        Place::Names => NAMES,
        Place::Compute => COMPUTE,
        _ => REGISTRY,
    }
}

/// Label and explanation of a field, by its text keys.
pub const fn texts(id: FieldId) -> (&'static str, &'static str) {
    match id {
        FieldId::Site => ("field-site", "why-site"),
        FieldId::Compute => ("field-compute", "why-compute"),
        FieldId::Address => ("field-address", "why-address"),
        FieldId::Port => ("field-port", "why-port"),
        FieldId::NodeName => ("field-node-name", "why-node-name"),
        FieldId::NodeIp => ("field-node-ip", "why-node-ip"),
        FieldId::TlsSan => ("field-tls-san", "why-tls-san"),
        FieldId::ClusterCidr => ("field-cluster-cidr", "why-cluster-cidr"),
        FieldId::ServiceCidr => ("field-service-cidr", "why-service-cidr"),
        FieldId::Images => ("field-images", "why-images"),
        FieldId::Mirrors => ("field-mirrors", "why-mirrors"),
        FieldId::ProxyUrl => ("field-proxy", "why-proxy"),
        FieldId::NoProxy => ("field-no-proxy", "why-no-proxy"),
        FieldId::ExtraCa => ("field-extra-ca", "why-extra-ca"),
        FieldId::Components => ("field-components", "why-components"),
        FieldId::Tenant => ("field-tenant", "why-tenant"),
        FieldId::Namespace => ("field-namespace", "why-namespace"),
        FieldId::Volumes => ("field-volumes", "why-volumes"),
        FieldId::Capacity => ("field-capacity", "why-capacity"),
        FieldId::DataDir => ("field-data-dir", "why-data-dir"),
        FieldId::StorageClass => ("field-storage-class", "why-storage-class"),
        FieldId::NodePort => ("field-node-port", "why-node-port"),
        FieldId::ConsolePort => ("field-console-port", "why-console-port"),
        FieldId::Bucket => ("field-bucket", "why-bucket"),
        FieldId::Versioning => ("field-versioning", "why-versioning"),
        FieldId::KeepVersions => ("field-keep-versions", "why-keep-versions"),
        FieldId::Quota => ("field-quota", "why-quota"),
    }
}

/// Where a value is from, by its text key; nothing is said of what was typed.
pub const fn origin_text(origin: Origin) -> Option<&'static str> {
    match origin {
        Origin::Default => Some("from-default"),
        Origin::Facts => Some("from-facts"),
        Origin::File => Some("from-file"),
        Origin::Typed => None,
    }
}

/// A screen of fields was come to.
pub fn enter(model: &mut Model) {
    model.walk.forms.focus = 0;
    judge(model);
}

fn judge(model: &mut Model) {
    model.walk.forms.problems = model.walk.draft.problems();
}

/// Opens the screen of mirrors, proxy and tables on top of the place.
pub fn open_supply(model: &mut Model) -> Vec<Effect> {
    model.walk.forms.supply_open = true;
    model.walk.forms.before = model.walk.draft.answers();
    enter(model);
    Vec::new()
}

/// Leaves that screen. What was changed there is looked at again from the host.
fn close_supply(model: &mut Model) -> Vec<Effect> {
    if let Some(id) = first_bad(model) {
        model.walk.forms.focus = fields(model).iter().position(|other| *other == id).unwrap_or(0);
        return Vec::new();
    }
    model.walk.forms.supply_open = false;
    let changed = model.walk.forms.before != model.walk.draft.answers();
    match model.walk.place {
        Place::Facts if changed => facts::look(model),
        // Another source is another plan: it is made and shown before anything goes on.
        Place::Plan | Place::Install if changed => walk::go(model, Place::Plan),
        Place::Names | Place::Compute | Place::Registry => {
            enter(model);
            Vec::new()
        }
        _ => Vec::new(),
    }
}

fn focused(model: &Model) -> FieldId {
    let fields = fields(model);
    fields[model.walk.forms.focus.min(fields.len() - 1)]
}

/// A key for the focused field.
pub fn raw(model: &mut Model, key: &KeyEvent) -> bool {
    let id = focused(model);
    if !matches!(model.walk.draft.get(id).0, Input::Text(_)) {
        return false;
    }
    let mut tried = model.walk.draft.clone();
    let taken = if let Some(Input::Text(field)) = tried.typing(id) { field.key(key) } else { false };
    if taken {
        // A key that only moves the cursor leaves the value where it came from.
        let origin = model.walk.draft.get(id).1;
        let same = tried.text(id) == model.walk.draft.text(id);
        model.walk.draft = tried;
        if same {
            model.walk.draft.keep_origin(id, origin);
        }
        judge(model);
    }
    taken
}

/// A pasted text.
pub fn paste(model: &mut Model, text: &str) {
    if let Some(Input::Text(field)) = model.walk.draft.typing(focused(model)) {
        field.paste(text);
    }
    judge(model);
}

/// A command.
pub fn command(model: &mut Model, command: Command) -> Vec<Effect> {
    let last = fields(model).len() - 1;
    let focus = model.walk.forms.focus.min(last);
    match command {
        Command::Up | Command::Previous => model.walk.forms.focus = focus.saturating_sub(1),
        Command::Down | Command::Next => model.walk.forms.focus = (focus + 1).min(last),
        Command::Left | Command::Right | Command::Toggle => turn(model, command),
        Command::Take if focus < last => model.walk.forms.focus = focus + 1,
        Command::Take | Command::Forward | Command::Back if model.walk.forms.supply_open => return close_supply(model),
        Command::Take | Command::Forward => return go_on(model),
        Command::Supply if !model.walk.forms.supply_open => return open_supply(model),
        Command::Back => return walk::back(model),
        _ => {}
    }
    Vec::new()
}

fn turn(model: &mut Model, command: Command) {
    match model.walk.draft.typing(focused(model)) {
        Some(Input::Flag(on)) => *on = !*on,
        Some(Input::Choice { options, at }) => {
            let len = options.len();
            *at = if command == Command::Left { (*at + len - 1) % len } else { (*at + 1) % len };
        }
        _ => {}
    }
    judge(model);
}

/// The first field of this screen with a problem.
fn first_bad(model: &Model) -> Option<FieldId> {
    fields(model).iter().copied().find(|id| problem_of(*id, &model.walk.forms.problems).is_some())
}

fn go_on(model: &mut Model) -> Vec<Effect> {
    if let Some(id) = first_bad(model) {
        model.walk.forms.focus = fields(model).iter().position(|other| *other == id).unwrap_or(0);
        return Vec::new();
    }
    walk::forward(model)
}

/// The sentence above the keys.
pub fn status(model: &Model) -> (Role, String) {
    if let Some(id) = first_bad(model) {
        let problem = problem_of(id, &model.walk.forms.problems);
        let label = model.t(texts(id).0);
        return (Role::Bad, format!("{label}: {}", problem.map(|p| p.what.clone()).unwrap_or_default()));
    }
    let key = match (model.walk.forms.supply_open, model.walk.place) {
        (true, _) => "status-supply",
        (_, Place::Names) => "status-names",
        (_, Place::Compute) => "status-compute",
        _ => "status-registry",
    };
    (Role::Dim, model.t(key))
}

/// Whether a key means nothing here: there is one field only, or the screen is open already.
pub fn idle(model: &Model, command: Command) -> bool {
    match command {
        Command::Next | Command::Previous => fields(model).len() == 1,
        Command::Supply => model.walk.forms.supply_open,
        _ => false,
    }
}
