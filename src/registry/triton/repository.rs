//! A whole repository: its models, and what is wrong above them.

use super::ensemble;
use super::model::{self, ConfigState, Model};
use super::rule::{Finding, Rule, Severity};
use super::tree::{Dir, tree};
use super::versions::{Parsed, parse_version};
use std::collections::{BTreeMap, BTreeSet};

/// How many findings of one rule are kept; of a bucket of a million bad keys nobody reads more.
pub const MOST_OF_A_RULE: usize = 50;

/// The texts of `config.pbtxt` by their keys.
pub type Configs = BTreeMap<String, String>;

/// What Triton makes of a repository.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Repository {
    /// The prefix that it was looked at from: empty, or with a slash at its end.
    pub root: String,
    /// Its models, by name.
    pub models: Vec<Model>,
    /// What was found, the worst first, then by key.
    pub findings: Vec<Finding>,
    /// How many more findings of a rule there are than are kept.
    pub more: BTreeMap<Rule, usize>,
    /// How many objects there are.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Repository {
    /// How many models Triton would serve at least one version of.
    pub fn served(&self) -> usize {
        self.models.iter().filter(|model| !model.served.is_empty()).count()
    }

    /// The findings of a model.
    pub fn of<'a>(&'a self, model: &'a str) -> impl Iterator<Item = &'a Finding> + 'a {
        self.findings.iter().filter(move |finding| finding.model.as_deref() == Some(model))
    }

    /// Takes in what was found by reading more than keys and configs. Of a model with an error nothing is served, nor of
    /// an ensemble that needs it; and of no model where Triton's key may not do what Triton does.
    pub fn add(&mut self, found: Vec<Finding>) {
        for finding in found.iter().filter(|finding| finding.severity == Severity::Error) {
            let all = finding.rule.is_of_the_key();
            for model in self.models.iter_mut().filter(|model| all || finding.model.as_ref() == Some(&model.name)) {
                model.served.clear();
            }
        }
        loop {
            let served: BTreeSet<String> =
                self.models.iter().filter(|model| !model.served.is_empty()).map(|model| model.name.clone()).collect();
            let needs = |model: &Model| model.steps().iter().any(|step| !served.contains(&step.model));
            let Some(model) = self.models.iter_mut().find(|model| !model.served.is_empty() && needs(model)) else {
                break;
            };
            model.served.clear();
        }
        let mut all = std::mem::take(&mut self.findings);
        all.extend(found);
        let (findings, more) = sorted(all);
        self.findings = findings;
        for (rule, count) in more {
            *self.more.entry(rule).or_default() += count;
        }
    }

    /// A model by its name.
    pub fn model(&self, name: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.name == name)
    }
}

/// The root as the keys have it.
fn prefix(root: &str) -> String {
    let root = root.trim_matches('/');
    if root.is_empty() { String::new() } else { format!("{root}/") }
}

/// The configs that [`judge`] wants to see the texts of.
pub fn config_keys<'a>(keys: impl IntoIterator<Item = &'a str>, root: &str) -> Vec<String> {
    let root = prefix(root);
    let is_config = |key: &&str| {
        key.strip_prefix(&root).and_then(|path| path.split_once('/')).is_some_and(|(_, file)| file == "config.pbtxt")
    };
    keys.into_iter().filter(is_config).map(ToOwned::to_owned).collect()
}

/// Looks at a repository: keys with their sizes, the prefix that the repository's URL names, and the
/// texts of its configs.
pub fn judge<'a>(keys: impl IntoIterator<Item = (&'a str, u64)>, root: &str, configs: &Configs) -> Repository {
    let root = prefix(root);
    let (top, mut findings) = tree(keys, &root);
    let broken = findings.iter().any(|finding| finding.model.is_none());
    let mut models = Vec::new();
    findings.extend(above(&top, &root));
    let too_high: Vec<String> =
        findings.iter().filter(|finding| finding.rule == Rule::TooHigh).map(|finding| finding.key.clone()).collect();
    let too_deep = findings.iter().any(|finding| finding.rule == Rule::TooDeep);
    for (name, dir) in &top.dirs {
        let key = format!("{root}{name}/");
        let text = configs.get(&format!("{key}config.pbtxt")).map(String::as_str);
        let (mut model, found) = model::judge(name, &key, dir, text);
        let stopped = findings.iter().any(|finding| finding.model.as_deref() == Some(name.as_str()));
        if broken || stopped {
            model.served.clear();
        }
        // What is wrong one level up makes every model look wrong; that is said once.
        if !too_high.contains(&key) && !too_deep {
            findings.extend(found);
        }
        models.push(model);
    }
    findings.extend(ensemble::judge(&mut models));
    let (objects, bytes) = (top.objects(), top.bytes());
    let (findings, more) = sorted(findings);
    Repository { root, models, findings, more, objects, bytes }
}

/// The worst first, and of each rule no more than anybody reads.
fn sorted(mut findings: Vec<Finding>) -> (Vec<Finding>, BTreeMap<Rule, usize>) {
    findings.sort_by(|a, b| {
        (b.severity, &a.model, &a.key, a.at, a.rule).cmp(&(a.severity, &b.model, &b.key, b.at, b.rule))
    });
    let mut seen: BTreeMap<Rule, usize> = BTreeMap::new();
    findings.retain(|finding| {
        let count = seen.entry(finding.rule).or_default();
        *count += 1;
        *count <= MOST_OF_A_RULE
    });
    let more = seen.into_iter().filter(|(_, count)| *count > MOST_OF_A_RULE);
    (findings, more.map(|(rule, count)| (rule, count - MOST_OF_A_RULE)).collect())
}

/// Whether a directory looks like a model: it has a config, or a version with something in it.
fn like_a_model(dir: &Dir) -> bool {
    let version = |name: &str, inner: &Dir| {
        matches!(parse_version(name), Parsed::Version(_)) && (!inner.files.is_empty() || inner.marker)
    };
    dir.files.contains_key("config.pbtxt") || dir.dirs.iter().any(|(name, inner)| version(name, inner))
}

fn above(top: &Dir, root: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    if top.dirs.is_empty() && top.files.is_empty() {
        let what = if root.is_empty() { "the bucket is empty" } else { "nothing is stored under this prefix" };
        let severity = if root.is_empty() { Severity::Note } else { Severity::Error };
        let finding =
            Finding::new(Rule::EmptyRepository, severity, root, what).fix("upload a model, or correct the prefix");
        return vec![if root.is_empty() { finding } else { finding.says("repository path is not a valid directory") }];
    }
    // Only version directories, with files in them: this is a model and no repository.
    let numbers = !top.dirs.is_empty()
        && top.dirs.iter().all(|(name, dir)| {
            let version = matches!(parse_version(name), Parsed::Version(_) | Parsed::Reserved);
            version && !dir.files.is_empty() && !like_a_model(dir)
        });
    if top.files.contains_key("config.pbtxt") || numbers {
        let first = top.dirs.keys().next().map_or("1", String::as_str);
        let up = root.trim_end_matches('/').rsplit_once('/').map_or("", |(up, _)| up);
        let fix = match (root.is_empty(), up) {
            (true, _) => "copy the model into a directory of its own".to_owned(),
            (false, "") => "let the URL end with the bucket".to_owned(),
            (false, up) => format!("let the URL end with /{up}"),
        };
        found.push(
            Finding::new(
                Rule::TooDeep,
                Severity::Error,
                root,
                "this is a model and no repository: Triton takes its versions for models",
            )
            .says(format!("Poll failed for model directory '{first}': …"))
            .fix(fix),
        );
        return found;
    }
    for (name, dir) in &top.dirs {
        if !like_a_model(dir) && dir.dirs.values().any(like_a_model) {
            let models = dir.dirs.values().filter(|dir| like_a_model(dir)).count();
            found.push(
                Finding::new(
                    Rule::TooHigh,
                    Severity::Error,
                    format!("{root}{name}/"),
                    format!(
                        "{name} is no model, and {models} of its directories are: the URL ends one level too early"
                    ),
                )
                .fix(format!("let the URL end with /{root}{name}")),
            );
        }
    }
    for name in top.files.keys() {
        found.push(
            Finding::new(
                Rule::LooseObject,
                Severity::Note,
                format!("{root}{name}"),
                "an object beside the models; Triton passes it over and asks for it all the same",
            )
            .fix("move it out of the repository"),
        );
    }
    for name in top.dirs.keys().filter(|name| top.files.contains_key(*name)) {
        found.push(
            Finding::new(
                Rule::FileAndDirectory,
                Severity::Warning,
                format!("{root}{name}"),
                format!("{name} is an object and a directory: Triton sees the directory and never reads the object"),
            )
            .fix("delete one of the two"),
        );
    }
    found
}

/// Whether nothing is known against what is served: every config was read.
impl Repository {
    /// The models whose configs were not read, so that nothing is said of what they serve.
    pub fn unread(&self) -> impl Iterator<Item = &Model> {
        self.models.iter().filter(|model| model.config == ConfigState::Unread)
    }
}
