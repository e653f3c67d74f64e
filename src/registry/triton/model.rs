//! One model: its config, its versions, and which of them would be served.

use super::autofill::{self, Backend};
use super::rule::{Finding, Rule, Severity};
use super::tree::Dir;
use super::versions::selected;
use super::{config_rules, files, serving};
use crate::registry::pbtxt::{self, EnsembleStep, InstanceGroup, ModelConfig};
use std::collections::BTreeSet;

/// A model.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// Its name, which is its directory's.
    pub name: String,
    /// Its directory's key, with a slash at its end.
    pub key: String,
    /// Its config.
    pub config: ConfigState,
    /// What it is for, where Triton finds that out.
    pub backend: Option<Backend>,
    /// Its directories but for those with another purpose, by name.
    pub versions: Vec<Version>,
    /// The versions that Triton would serve. If one of those that it picks does not load, it serves
    /// none of them.
    pub served: Vec<i64>,
    /// How many objects it has.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What is known of a model's config.
#[derive(Clone, Debug, PartialEq)]
pub enum ConfigState {
    /// There is none.
    Missing,
    /// There is one, and it was not read; then nothing is said about what would be served.
    Unread,
    /// Triton would refuse it.
    Bad,
    /// It was read.
    Read(Box<ModelConfig>),
}

impl ConfigState {
    /// The config, where it was read.
    pub fn read(&self) -> Option<&ModelConfig> {
        match self {
            Self::Read(config) => Some(config),
            Self::Missing | Self::Unread | Self::Bad => None,
        }
    }
}

/// A version directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Its name.
    pub dir: String,
    /// The number that Triton reads it as; `None` where it is passed over.
    pub number: Option<i64>,
    /// Its objects, by their paths in it.
    pub files: Vec<VersionFile>,
    /// Their bytes.
    pub bytes: u64,
    /// The policy picks it.
    pub selected: bool,
    /// It has what its backend looks for.
    pub complete: bool,
}

/// An object of a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionFile {
    /// Its path within the version directory.
    pub path: String,
    /// Its size.
    pub size: u64,
}

impl Model {
    /// The largest batch that it takes; 0 is none, and `None` not known.
    pub fn max_batch(&self) -> Option<i64> {
        self.config.read().map(|config| config.max_batch_size.as_ref().map_or(0, |size| size.value))
    }

    /// Its instance groups, as its config gives them.
    pub fn instances(&self) -> &[InstanceGroup] {
        self.config.read().map(|config| config.instance_groups.as_slice()).unwrap_or_default()
    }

    /// Its steps, where it is an ensemble.
    pub fn steps(&self) -> &[EnsembleStep] {
        self.config.read().and_then(|config| config.ensemble.as_ref()).map(|steps| &steps.value[..]).unwrap_or_default()
    }

    /// The versions that the policy picks, complete or not.
    pub fn selected(&self) -> BTreeSet<i64> {
        self.versions.iter().filter(|version| version.selected).filter_map(|version| version.number).collect()
    }
}

/// What the parts of a judgement have in common.
pub(super) struct Place<'a> {
    pub(super) name: &'a str,
    pub(super) key: &'a str,
    pub(super) dir: &'a Dir,
}

impl Place<'_> {
    pub(super) fn config_key(&self) -> String {
        format!("{}config.pbtxt", self.key)
    }
}

/// The characters that may be in a name, so that Triton still reads its URL.
pub(super) fn plain(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

/// Looks at a model. `text` is its config's, where it was read.
pub(super) fn judge(name: &str, key: &str, dir: &Dir, text: Option<&str>) -> (Model, Vec<Finding>) {
    let place = Place { name, key, dir };
    let mut findings = Vec::new();
    if !plain(name) {
        findings.push(
            Finding::new(Rule::ModelNameCharacters, Severity::Error, key, format!(
                "the model's name has a character that is none of 0-9 A-Z a-z . - _, so Triton takes a part of the URL for the bucket: {name}"
            ))
            .says(format!("Poll failed for model directory '{name}': Could not get MetaData for bucket with name …"))
            .fix("copy the model to a directory with a plain name"),
        );
    }
    let config = read_config(&place, text, &mut findings);
    let mut backend = None;
    let mut without_version = None;
    let known = !matches!(config, ConfigState::Unread | ConfigState::Bad);
    if known {
        let empty = ModelConfig::default();
        let read = config.read().unwrap_or(&empty);
        match autofill::autofill(name, read, autofill::first_version(dir).as_ref()) {
            Ok(found) => {
                findings.extend(config_rules::judge(&place, read, &found));
                backend = Some(found);
            }
            // Without any directory the missing version is the reason, and the one to name.
            Err(says) if dir.dirs.is_empty() => without_version = Some(says),
            Err(says) => findings.push(no_backend(&place, &config, &says)),
        }
    }
    let policy = config.read().and_then(|config| config.version_policy.as_ref()).map(|policy| &policy.value);
    let (mut versions, there) = serving::list_versions(&place, &mut findings);
    let picked = if known { selected(&there, policy) } else { BTreeSet::new() };
    if known {
        serving::judge_policy(&place, config.read(), &there, &picked, &mut findings);
    }
    for version in &mut versions {
        let canonical = version.number.map(|number| number.to_string());
        let exact = canonical.as_deref() == Some(version.dir.as_str());
        let alone = canonical.as_deref().is_some_and(|canonical| !dir.dirs.contains_key(canonical));
        version.selected = version.number.is_some_and(|number| picked.contains(&number)) && (exact || alone);
        if version.number.is_some() && !exact {
            findings.push(serving::suffix(&place, version, alone));
        } else if let (Some(backend), Some(inner), true) = (&backend, dir.dirs.get(&version.dir), exact) {
            let found = files::judge(&place, config.read(), backend, version, inner);
            version.complete = !found.iter().any(|finding| files::LACKS.contains(&finding.rule));
            findings.extend(found);
        }
    }
    for finding in findings.iter_mut().filter(|finding| finding.rule == Rule::NoVersion) {
        if let Some(says) = without_version.take() {
            finding.says = Some(format!("Poll failed for model directory '{name}': {says}"));
        }
    }
    if let Some(config) = config.read() {
        findings.extend(files::judge_beside(&place, config));
    }
    findings.extend(files::inner_names(&place));
    for finding in &mut findings {
        finding.model = Some(name.to_owned());
    }
    let blocked = findings.iter().any(|finding| finding.severity == Severity::Error);
    let served = if blocked || backend.is_none() { Vec::new() } else { picked.into_iter().collect() };
    let model = Model {
        name: name.to_owned(),
        key: key.to_owned(),
        config,
        backend,
        versions,
        served,
        objects: dir.objects(),
        bytes: dir.bytes(),
    };
    (model, findings)
}

fn read_config(place: &Place<'_>, text: Option<&str>, findings: &mut Vec<Finding>) -> ConfigState {
    let key = place.config_key();
    if !place.dir.files.contains_key("config.pbtxt") {
        return ConfigState::Missing;
    }
    let Some(text) = text else { return ConfigState::Unread };
    let refused = |problem: &pbtxt::Problem| {
        Finding::new(Rule::ConfigUnreadable, Severity::Error, &key, problem.message.clone())
            .at(problem.at)
            .says(format!("failed to read text proto from s3://…/{key}"))
            .fix(format!("correct config.pbtxt at {}", problem.at))
    };
    let document = match pbtxt::parse(text) {
        Ok(document) => document,
        Err(problem) => {
            findings.push(refused(&problem));
            return ConfigState::Bad;
        }
    };
    let problems = pbtxt::check(&document);
    let bad = problems.iter().any(|problem| !problem.doubtful);
    findings.extend(problems.iter().map(|problem| {
        if !problem.doubtful {
            return refused(problem);
        }
        Finding::new(Rule::ConfigUnknownField, Severity::Warning, &key, problem.message.clone())
            .at(problem.at)
            .says(format!("failed to read text proto from s3://…/{key}"))
            .fix("check the spelling; a Triton that does not know the field refuses the whole config")
    }));
    if bad { ConfigState::Bad } else { ConfigState::Read(Box::new(ModelConfig::of(&document))) }
}

fn no_backend(place: &Place<'_>, config: &ConfigState, says: &str) -> Finding {
    let (key, what) = match config {
        ConfigState::Missing => (
            place.key.to_owned(),
            "there is no config.pbtxt, and no file of a known name says which backend the model is for",
        ),
        _ => {
            (place.config_key(), "neither platform nor backend is given, and no file of a known name says which it is")
        }
    };
    Finding::new(Rule::NoBackend, Severity::Error, key, what)
        .says(format!("Poll failed for model directory '{}': {says}", place.name))
        .fix(format!("put `backend: \"…\"` into {}", place.config_key()))
}
