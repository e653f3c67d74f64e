//! Plain truths about a site that no field can say by itself, with the site's own numbers.

use crate::plan::change::size_text;
use crate::plan::site::{Quota, Site, Storage};
use crate::ui::draft::FieldId;
use crate::ui::model::Model;
use crate::ui::text::sentences;
use crate::ui::widgets::lines::cut;

/// What is known of GPUs, and what a choice of them means now.
pub fn compute(model: &Model) -> String {
    let text = &model.shell.text;
    let gpus = model.walk.facts.facts.as_ref().map_or(0, |f| f.gpus.len());
    let seen = if gpus == 0 { text.t("compute-no-gpu") } else { text.with("compute-gpus", [("count", gpus.into())]) };
    if model.walk.draft.text(FieldId::Compute) == "gpu" {
        sentences(&[seen, text.t("compute-gpu-later")])
    } else {
        seen
    }
}

/// What is true of volumes on one disk, with this site's numbers.
pub fn registry(model: &Model, site: &Site) -> String {
    let text = &model.shell.text;
    let mut parts = Vec::new();
    let disk = model.walk.facts.facts.as_ref().and_then(|f| f.disk(&site.registry.data_dir).cloned());
    let local = matches!(site.registry.storage, Storage::LocalPath);
    if let Some(disk) = disk.filter(|_| local) {
        parts.push(text.with(
            "truth-disk",
            [
                ("dir", site.registry.data_dir.as_str().into()),
                ("device", cut(model.shell.theme, &disk.device, 30).into()),
                ("free", size_text(disk.free).into()),
            ],
        ));
    }
    if site.registry.volumes >= 4 {
        parts.push(text.with("truth-erasure", [("volumes", site.registry.volumes.into())]));
    }
    if local && site.buckets.first().is_some_and(|b| b.quota == Quota::Unlimited) {
        parts.push(text.t("truth-no-quota"));
    } else if local {
        parts.push(text.t("truth-quota"));
    }
    sentences(&parts)
}
