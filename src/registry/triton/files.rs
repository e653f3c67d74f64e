//! The files of a version and beside it: what a backend opens, and what a config names.

use super::autofill::Backend;
use super::model::{Place, Version, plain};
use super::rule::{Finding, Rule, Severity};
use super::tree::Dir;
use crate::registry::pbtxt::ModelConfig;

/// The rules of which a finding says that a version is not complete.
pub(super) const LACKS: [Rule; 3] = [Rule::ModelFileMissing, Rule::WeightsMissing, Rule::EmptyFile];

/// What is missing in a version directory. In one that is not picked it is only a note.
pub(super) fn judge(
    place: &Place<'_>,
    config: Option<&ModelConfig>,
    backend: &Backend,
    version: &Version,
    dir: &Dir,
) -> Vec<Finding> {
    let mut found = Vec::new();
    let key = format!("{}{}/", place.key, version.dir);
    if dir.files.contains_key("config.pbtxt") {
        found.push(
            Finding::new(
                Rule::ConfigElsewhere,
                Severity::Warning,
                format!("{key}config.pbtxt"),
                "a config.pbtxt in a version directory is not read",
            )
            .fix(format!("move it to {}config.pbtxt", place.key)),
        );
    }
    if backend.is_ensemble() {
        return tagged(found, version);
    }
    let cc = config.map(|config| &config.cc_model_filenames[..]).unwrap_or_default();
    let some_cc = cc.iter().any(|file| dir.has(&file.value.1));
    for file in cc.iter().filter(|file| !dir.has(&file.value.1)) {
        let (capability, name) = &file.value;
        found.push(
            Finding::new(Rule::CcFileMissing, Severity::Warning, place.config_key(), format!(
                "cc_model_filenames names {name} for GPUs of compute capability {capability}, and version {} has none", version.dir
            ))
            .at(file.at)
            .says(missing(place, version, name))
            .fix(format!("upload {key}{name}")),
        );
    }
    found.extend(model_file(place, backend, version, dir, &key, some_cc));
    let severity = if version.selected { Severity::Error } else { Severity::Note };
    for finding in &mut found {
        if finding.severity == Severity::Error {
            finding.severity = severity;
        }
    }
    tagged(found, version)
}

fn tagged(found: Vec<Finding>, version: &Version) -> Vec<Finding> {
    found.into_iter().map(|finding| finding.version(&version.dir)).collect()
}

fn missing(place: &Place<'_>, version: &Version, file: &str) -> String {
    let (name, number) = (place.name, &version.dir);
    format!(
        "failed to load '{name}' version {number}: unable to find '…/{name}/{number}/{file}' for model instance '{name}…'"
    )
}

fn model_file(
    place: &Place<'_>,
    backend: &Backend,
    version: &Version,
    dir: &Dir,
    key: &str,
    some_cc: bool,
) -> Option<Finding> {
    // A backend that is not known may open anything.
    let name = Some(backend.filename.as_str()).filter(|name| !name.is_empty())?;
    let mut path = name.to_owned();
    let mut size = dir.file(name);
    if let Some(inner) = dir.dirs.get(name) {
        match backend.backend.as_str() {
            // A large network may be a directory with its weights beside it.
            "onnxruntime" => {
                path = format!("{name}/model.onnx");
                size = inner.file("model.onnx");
            }
            "tensorflow" => return None,
            _ => {}
        }
    }
    let Some(size) = size else {
        let severity = if some_cc { Severity::Warning } else { Severity::Error };
        let other = version.files.iter().find(|file| ending(&file.path) == ending(&path)).map(|file| &file.path);
        let fix = match other {
            Some(other) => format!("rename {key}{other} to {path}, or write `default_model_filename: \"{other}\"`"),
            None => format!("upload {key}{path}"),
        };
        let what = format!("version {} has no {path}, which the {} backend looks for", version.dir, backend.backend);
        return Some(
            Finding::new(Rule::ModelFileMissing, severity, format!("{key}{path}"), what)
                .says(missing(place, version, &path))
                .fix(fix),
        );
    };
    if size == 0 {
        return Some(
            Finding::new(Rule::EmptyFile, Severity::Error, format!("{key}{path}"), format!("{path} has no bytes"))
                .fix("upload it again"),
        );
    }
    let weights = path.strip_suffix(".xml").filter(|_| backend.backend == "openvino").map(|stem| format!("{stem}.bin"));
    let weights = weights.filter(|weights| dir.file(weights).is_none())?;
    Some(
        Finding::new(
            Rule::WeightsMissing,
            Severity::Error,
            format!("{key}{weights}"),
            format!("version {} has {path} without {weights}, where OpenVINO has its weights", version.dir),
        )
        .fix(format!("upload {key}{weights}")),
    )
}

fn ending(path: &str) -> Option<&str> {
    path.rsplit_once('.').map(|(_, ending)| ending)
}

/// What a config names beside its versions, and configs that are not where Triton looks.
pub(super) fn judge_beside(place: &Place<'_>, config: &ModelConfig) -> Vec<Finding> {
    let mut found = Vec::new();
    for output in &config.outputs {
        if let Some(labels) = output.label_filename.as_deref().filter(|labels| place.dir.file(labels).is_none()) {
            found.push(
                Finding::new(
                    Rule::LabelsMissing,
                    Severity::Error,
                    format!("{}{labels}", place.key),
                    format!("output \"{}\" has its labels in {labels}, which is not there", output.name),
                )
                .at(output.at)
                .fix(format!("upload {}{labels}, or leave label_filename out", place.key)),
            );
        }
    }
    let warmup = config.warmup.iter().flat_map(|warmup| &warmup.value).map(|file| ("warmup", file));
    let states = config.initial_state_files.iter().map(|file| ("initial_state", file));
    for (dir, file) in warmup.chain(states) {
        let path = format!("{dir}/{}", file.value);
        if place.dir.file(&path).is_none() {
            found.push(
                Finding::new(
                    Rule::SampleMissing,
                    Severity::Error,
                    format!("{}{path}", place.key),
                    format!("the config names {}, which is not in the directory {dir}", file.value),
                )
                .at(file.at)
                .fix(format!("upload {}{path}", place.key)),
            );
        }
    }
    found
}

/// Names below a model that Triton stumbles over, and configs with nearly the right name.
pub(super) fn inner_names(place: &Place<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for name in place.dir.files.keys().filter(|name| *name != "config.pbtxt") {
        let lower = name.to_ascii_lowercase();
        if lower.starts_with("config") && lower.contains("pbt") {
            found.push(
                Finding::new(
                    Rule::ConfigElsewhere,
                    Severity::Warning,
                    format!("{}{name}", place.key),
                    format!("{name} is not read: the config's name is config.pbtxt"),
                )
                .fix(format!("rename it to {}", place.config_key())),
            );
        }
    }
    names_in(place.dir, place.key, &mut found);
    found
}

fn names_in(dir: &Dir, key: &str, found: &mut Vec<Finding>) {
    for (name, inner) in &dir.dirs {
        if plain(name) {
            names_in(inner, &format!("{key}{name}/"), found);
        } else {
            found.push(inner_name(&format!("{key}{name}/")));
        }
        if dir.files.contains_key(name) {
            found.push(
                Finding::new(
                    Rule::FileAndDirectory,
                    Severity::Warning,
                    format!("{key}{name}"),
                    format!(
                        "{name} is an object and a directory: Triton sees the directory and never reads the object"
                    ),
                )
                .fix("delete one of the two"),
            );
        }
    }
    found.extend(dir.files.keys().filter(|name| !plain(name)).map(|name| inner_name(&format!("{key}{name}"))));
}

fn inner_name(key: &str) -> Finding {
    Finding::new(
        Rule::InnerNameCharacters,
        Severity::Warning,
        key,
        "the name has a character that is none of 0-9 A-Z a-z . - _: Triton loads it, and does not notice when it changes",
    )
    .says(format!("Failed to determine modification time for 's3://…/{}': …", key.trim_end_matches('/')))
    .fix("give it a plain name")
}
