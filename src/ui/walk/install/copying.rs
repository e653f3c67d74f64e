//! The program on its way to the host, while the run goes on: once it is there, the host can go on by itself.

use crate::plan::Failure;
use crate::plan::change::size_text;
use crate::ui::effect::{Effect, Leaving};
use crate::ui::model::Model;
use crate::ui::text::clock;

/// Copies this program to the host, and goes on with the run meanwhile.
pub fn copy_ahead(model: &mut Model) -> Vec<Effect> {
    let install = &mut model.walk.install;
    if !install.running || install.copying {
        return Vec::new();
    }
    install.copying = true;
    vec![Effect::CopyAhead]
}

/// Copies no more of it.
pub fn stop_copy(model: &mut Model) -> Vec<Effect> {
    if std::mem::take(&mut model.walk.install.copying) { vec![Effect::StopCopy] } else { Vec::new() }
}

/// The host has this program: the run is left, and the host goes on with it.
pub fn copied(model: &mut Model) -> Vec<Effect> {
    let wanted = std::mem::take(&mut model.walk.install.copying);
    if wanted && model.walk.install.running { vec![Effect::Leave(Leaving::HandOver)] } else { Vec::new() }
}

/// It could not be copied.
pub fn not_copied(model: &mut Model, failure: &Failure) -> Vec<Effect> {
    // Whoever has stopped it knows.
    if std::mem::take(&mut model.walk.install.copying) {
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
