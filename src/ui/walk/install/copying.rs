//! The program on its way to the host, while the run goes on: once it is there, the host can go on by itself.

use crate::plan::Failure;
use crate::plan::change::size_text;
use crate::ui::effect::Effect;
use crate::ui::model::Model;
use crate::ui::msg::Carried;
use crate::ui::text::clock;
use crate::ui::walk::dialog::Dialog;

/// A run on its way from this program to the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Handing {
    /// Nobody has asked for that.
    #[default]
    Not,
    /// This program is being copied to the host.
    Copying,
    /// The run was left for the host, which has it in a moment or already.
    Left,
}

/// Copies this program to the host, and goes on with the run meanwhile.
pub fn copy_ahead(model: &mut Model) -> Vec<Effect> {
    let install = &mut model.walk.install;
    if !install.running || install.handing != Handing::Not {
        return Vec::new();
    }
    install.handing = Handing::Copying;
    vec![Effect::CopyAhead]
}

/// Copies no more of it.
pub fn stop_copy(model: &mut Model) -> Vec<Effect> {
    if no_longer(model) { vec![Effect::StopCopy] } else { Vec::new() }
}

/// Takes it that nothing is copied any more, and says whether something was.
fn no_longer(model: &mut Model) -> bool {
    let handing = &mut model.walk.install.handing;
    let was = *handing == Handing::Copying;
    if was {
        *handing = Handing::Not;
    }
    was
}

/// The host has this program: the run is left, and the host goes on with it.
pub fn copied(model: &mut Model) -> Vec<Effect> {
    if !no_longer(model) || !model.walk.install.running {
        return Vec::new();
    }
    model.walk.install.handing = Handing::Left;
    // What was asked meanwhile is about a run that this program carries out.
    if matches!(model.walk.dialog, Some(Dialog::Copying { .. } | Dialog::Stop { .. } | Dialog::Leave { .. })) {
        model.walk.dialog = None;
    }
    vec![Effect::HandOver]
}

/// Who carries the run out where it is only followed from here, in words.
pub fn elsewhere(model: &Model) -> Option<String> {
    match &model.live.carried {
        _ if !model.walk.install.running => None,
        Carried::Here => None,
        Carried::ByHost => Some(model.t("goes-on-host")),
        Carried::By(who) => Some(model.shell.text.with("goes-on-other", [("who", who.clone().into())])),
    }
}

/// It could not be copied.
pub fn not_copied(model: &mut Model, failure: &Failure) -> Vec<Effect> {
    // Whoever has stopped it knows.
    if no_longer(model) {
        model.shell.notice =
            Some(failure.hint.as_ref().map_or_else(|| failure.line(), |hint| format!("{}: {hint}", failure.line())));
    }
    Vec::new()
}

/// How far the copy is.
pub fn copying(model: &Model) -> String {
    let text = &model.shell.text;
    match &model.live.copied {
        None => text.t("copying-begins"),
        Some(copied) => {
            let left = copied.left.map_or_else(|| "?".to_owned(), |left| clock(left.as_secs()));
            let values =
                [("done", size_text(copied.done).into()), ("all", size_text(copied.all).into()), ("left", left.into())];
            text.with("copying", values)
        }
    }
}
