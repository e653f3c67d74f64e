//! What is in the store, and what Triton would make of it with some changes.

use super::{Condition, Refused};
use crate::registry::pbtxt::{self, ModelConfig, VersionPolicy};
use crate::registry::triton::{self, Backend, Configs, Finding, Model, Severity};
use std::collections::{BTreeMap, BTreeSet};

/// An object in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its size.
    pub size: u64,
    /// Its tag.
    pub etag: String,
}

/// A repository as it is: all its objects, or at least all of the model and of those that an ensemble
/// needs, and the texts of their configs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Present {
    /// The prefix of the repository; slashes at its ends do not matter.
    pub root: String,
    /// The objects by their keys.
    pub objects: BTreeMap<String, Stored>,
    /// The configs by their keys.
    pub configs: Configs,
}

impl Present {
    /// The prefix as keys begin with it: empty, or with a slash at its end.
    pub(super) fn prefix(&self) -> String {
        match self.root.trim_matches('/') {
            "" => String::new(),
            root => format!("{root}/"),
        }
    }
}

/// A model within what is present.
pub(super) struct Target<'a> {
    pub(super) present: &'a Present,
    pub(super) name: &'a str,
    /// The model's directory, with a slash at its end.
    pub(super) dir: String,
    pub(super) config_key: String,
}

impl<'a> Target<'a> {
    pub(super) fn new(present: &'a Present, name: &'a str) -> Result<Self, Refused> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        if name.is_empty() || !name.chars().all(plain) || name == ".." || name == "." {
            return Err(Refused::Name(name.to_owned()));
        }
        let dir = format!("{}{name}/", present.prefix());
        let config_key = format!("{dir}config.pbtxt");
        Ok(Self { present, name, dir, config_key })
    }

    pub(super) fn version_dir(&self, version: i64) -> String {
        format!("{}{version}/", self.dir)
    }

    /// The keys of a version.
    pub(super) fn version_keys(&self, version: i64) -> impl Iterator<Item = &'a String> + use<'a> {
        let dir = self.version_dir(version);
        self.present.objects.keys().filter(move |key| key.starts_with(&dir))
    }

    /// The config's text, where there is one.
    pub(super) fn config(&self) -> Result<Option<&'a str>, Refused> {
        match (self.present.objects.contains_key(&self.config_key), self.present.configs.get(&self.config_key)) {
            (_, Some(text)) => Ok(Some(text)),
            (true, None) => Err(Refused::ConfigUnreadable),
            (false, None) => Ok(None),
        }
    }

    /// What has to be so for the config to be written for the first time by a list.
    pub(super) fn config_condition(&self) -> Condition {
        match self.present.objects.get(&self.config_key) {
            Some(stored) => Condition::Unchanged(stored.etag.clone()),
            None => Condition::Absent,
        }
    }

    /// The model with other objects and another config, and what Triton has against it.
    pub(super) fn judged(
        &self,
        more: &[(String, u64)],
        without: &dyn Fn(&str) -> bool,
        config: Option<&str>,
    ) -> (Option<Model>, Vec<Finding>) {
        let mut objects: BTreeMap<&str, u64> =
            self.present.objects.iter().map(|(key, stored)| (key.as_str(), stored.size)).collect();
        objects.retain(|key, _| !without(key));
        objects.extend(more.iter().map(|(key, size)| (key.as_str(), *size)));
        let mut configs = self.present.configs.clone();
        objects.remove(self.config_key.as_str());
        configs.remove(&self.config_key);
        if let Some(text) = config {
            objects.insert(&self.config_key, u64::try_from(text.len()).unwrap_or(u64::MAX));
            configs.insert(self.config_key.clone(), text.to_owned());
        }
        let repository = triton::judge(objects, &self.present.root, &configs);
        let findings = repository.of(self.name).cloned().collect();
        (repository.model(self.name).cloned(), findings)
    }

    /// The model as it is.
    pub(super) fn now(&self) -> Result<Option<Model>, Refused> {
        Ok(self.judged(&[], &|_| false, self.config()?).0)
    }
}

/// The findings that keep a model from loading.
pub(super) fn errors(findings: &[Finding]) -> Vec<Finding> {
    findings.iter().filter(|finding| finding.severity == Severity::Error).cloned().collect()
}

/// A config that names exactly these versions. What Triton found out by the model's files is written
/// down in it, because while files come and go it could find out something else.
pub(super) fn pinned(
    text: Option<&str>,
    backend: Option<&Backend>,
    versions: &BTreeSet<i64>,
) -> Result<String, Refused> {
    let mut text = text.unwrap_or_default().to_owned();
    let document = pbtxt::parse(&text).map_err(|_| Refused::ConfigUnreadable)?;
    let config = ModelConfig::of(&document);
    let given = |value: &Option<pbtxt::At<String>>| value.as_ref().is_some_and(|value| !value.value.is_empty());
    let bare = !given(&config.backend) && !given(&config.platform) && !given(&config.default_model_filename);
    if let Some(backend) = backend.filter(|_| bare) {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        for (field, value) in [("backend", backend.backend.as_str()), ("platform", backend.platform.as_str())] {
            if !value.is_empty() {
                text.extend([field, ": \"", value, "\"\n"]);
            }
        }
    }
    let document = pbtxt::parse(&text).map_err(|_| Refused::ConfigUnreadable)?;
    let policy = VersionPolicy::Specific(versions.iter().copied().collect());
    Ok(pbtxt::with_version_policy(&text, &document, &policy))
}
