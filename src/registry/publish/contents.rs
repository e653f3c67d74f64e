//! The files that are to be published, looked into before they go: what Triton's backends could not open is refused
//! here, where it costs nothing.

use super::Place;
use crate::ports::LocalFiles;
use crate::ports::local_files::Local;
use crate::registry::inspect::{Inspector, Report};
use crate::registry::triton::{Finding, Model, contents_wanted, judge_contents};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What the files of a model say that are on this computer. The model is as it would be in the end.
pub(super) async fn judge(
    files: &dyn LocalFiles,
    model: &Model,
    sources: &BTreeMap<Place, PathBuf>,
) -> Local<Vec<Finding>> {
    let mut found = Vec::new();
    for key in contents_wanted(model) {
        let place = Place { bucket: None, key };
        if let Some(file) = sources.get(&place) {
            found.extend(judge_contents(model, &place.key, &inspected(files, file, &place.key).await?));
        }
    }
    Ok(found)
}

async fn inspected(files: &dyn LocalFiles, file: &Path, key: &str) -> Local<Report> {
    let open = files.open(file).await?;
    let mut inspector = Inspector::new(key, open.seen().await?.size);
    while let Some(range) = inspector.wants() {
        let length = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        inspector.give(&open.read_at(range.start, length).await?);
    }
    Ok(inspector.report())
}
