//! Which directories of a model are versions, and which of them the policy picks.

use super::model::{Place, Version, VersionFile};
use super::rule::{Finding, Rule, Severity};
use super::versions::{Parsed, parse_version};
use crate::registry::pbtxt::{ModelConfig, VersionPolicy};
use std::collections::BTreeSet;

/// All directories that may be versions, and the numbers of those that Triton takes for such.
pub(super) fn list_versions(place: &Place<'_>, findings: &mut Vec<Finding>) -> (Vec<Version>, BTreeSet<i64>) {
    let mut versions = Vec::new();
    let mut there = BTreeSet::new();
    for (name, dir) in &place.dir.dirs {
        let key = format!("{}{name}/", place.key);
        let mut number = None;
        match parse_version(name) {
            Parsed::Reserved => continue,
            Parsed::Version(found) => {
                number = Some(found);
                there.insert(found);
                if found < 1 && found.to_string() == *name {
                    findings.push(
                        Finding::new(Rule::OddVersion, Severity::Warning, key, format!(
                            "versions count from 1: Triton's documentation says that it passes {name} over, and its code loads it"
                        ))
                        .version(name)
                        .fix(format!("copy it to a number from 1 on, such as {}", free_name(place, "1"))),
                    );
                }
            }
            Parsed::LeadingZero => findings.push(
                Finding::new(
                    Rule::LeadingZero,
                    Severity::Warning,
                    key,
                    format!("Triton passes {name} over, for the zero before its number"),
                )
                .version(name)
                .says(format!("ignore version directory '{name}' which contains leading zeros in its directory name"))
                .fix(format!("copy it to {}", free_name(place, name.trim_start_matches('0')))),
            ),
            Parsed::NoNumber => findings.push(
                Finding::new(
                    Rule::NotAVersion,
                    Severity::Note,
                    key,
                    format!("{name} is no version: its name does not begin with a number"),
                )
                .version(name)
                .says(format!("ignore version directory '{name}' which fails to convert to integral number"))
                .fix("nothing, if it is not meant as a version"),
            ),
            Parsed::Overflow => findings.push(
                Finding::new(
                    Rule::VersionOverflow,
                    Severity::Error,
                    key,
                    format!("{name} is a number beyond 64 bits, and Triton does not catch that: the server can end"),
                )
                .version(name)
                .says("std::out_of_range, which nothing catches")
                .fix("rename it to a smaller number"),
            ),
        }
        let mut files = Vec::new();
        dir.walk("", &mut |path, size| files.push(VersionFile { path: path.to_owned(), size }));
        let bytes = dir.bytes();
        versions.push(Version { dir: name.clone(), number, files, bytes, selected: false, complete: false });
    }
    (versions, there)
}

/// A name for a version directory that is not taken.
fn free_name(place: &Place<'_>, wish: &str) -> String {
    let first: i64 = wish.parse().ok().filter(|number| *number > 0).unwrap_or(1);
    let free = (first..first.saturating_add(10_000)).find(|number| !place.dir.has(&number.to_string()));
    format!("{}{}/", place.key, free.unwrap_or(first))
}

pub(super) fn suffix(place: &Place<'_>, version: &Version, alone: bool) -> Finding {
    let number = version.number.unwrap_or_default();
    let severity = if alone && version.selected { Severity::Error } else { Severity::Warning };
    let what = if alone {
        format!(
            "Triton reads \"{}\" as version {number}, and looks in {}{number}/, which is not there",
            version.dir, place.key
        )
    } else {
        format!("Triton reads \"{}\" as version {number} again, and looks only in {}{number}/", version.dir, place.key)
    };
    let finding = Finding::new(Rule::VersionSuffix, severity, format!("{}{}/", place.key, version.dir), what)
        .version(&version.dir)
        .fix("rename it so that it does not begin with a digit, or delete it");
    if severity == Severity::Error {
        finding.says(format!("failed to load '{}' version {number}: …", place.name))
    } else {
        finding
    }
}

pub(super) fn judge_policy(
    place: &Place<'_>,
    config: Option<&ModelConfig>,
    there: &BTreeSet<i64>,
    picked: &BTreeSet<i64>,
    findings: &mut Vec<Finding>,
) {
    let says = format!("at least one version must be available under the version policy of model '{}'", place.name);
    for name in place.dir.files.keys().filter(|name| name.bytes().all(|byte| byte.is_ascii_digit())) {
        findings.push(
            Finding::new(
                Rule::VersionIsAFile,
                Severity::Warning,
                format!("{}{name}", place.key),
                format!("{name} is an object, and a version has to be a directory"),
            )
            .fix(format!("copy it to {}{name}/ under the name that the backend looks for", place.key)),
        );
    }
    let policy = config.and_then(|config| config.version_policy.as_ref());
    if let Some(VersionPolicy::Specific(named)) = policy.map(|policy| &policy.value) {
        for version in named.iter().filter(|version| !there.contains(version)) {
            let severity = if picked.is_empty() { Severity::Error } else { Severity::Warning };
            let mut finding = Finding::new(
                Rule::PolicyNamesAbsent,
                severity,
                place.config_key(),
                format!("the version policy names version {version}, which is not there"),
            )
            .says(format!(
                "version {version} is specified for model '{}', but the version directory is not present",
                place.name
            ))
            .fix(format!("upload {}{version}/, or take it out of version_policy", place.key));
            finding.at = policy.map(|policy| policy.at);
            findings.push(finding);
        }
    }
    if !picked.is_empty() {
        return;
    }
    let nothing = match policy.map(|policy| &policy.value) {
        Some(VersionPolicy::Latest(0)) => Some("`latest` without num_versions is the latest none"),
        Some(VersionPolicy::Specific(named)) if named.is_empty() => Some("`specific` names no version"),
        _ => None,
    };
    if let (Some(what), Some(policy)) = (nothing, policy) {
        findings.push(
            Finding::new(Rule::PolicyServesNone, Severity::Error, place.config_key(), what)
                .at(policy.at)
                .says(says)
                .fix("give num_versions or the versions, or leave version_policy out"),
        );
    } else if there.is_empty() {
        findings.push(no_version(place, config).says(says));
    }
}

fn no_version(place: &Place<'_>, config: Option<&ModelConfig>) -> Finding {
    let first = format!("{}1/", place.key);
    let ensemble = config.is_some_and(|config| config.ensemble.is_some());
    let beside =
        place.dir.files.keys().find(|name| {
            name.starts_with("model.") || name.rsplit_once('.').is_some_and(|(_, ending)| ending == "onnx")
        });
    let (key, fix) = match beside {
        _ if ensemble => (place.key.to_owned(), format!("an ensemble needs one too: put an empty object at {first}")),
        Some(file) => (format!("{}{file}", place.key), format!("move it to {first}{file}")),
        None => (place.key.to_owned(), format!("upload the model's files to {first}")),
    };
    Finding::new(Rule::NoVersion, Severity::Error, key, format!("{} has no version directory", place.name)).fix(fix)
}
