//! What is in a repository now, asked of the service.

use super::state::{Present, Stored};
use crate::ports::Objects;
use crate::ports::objects::{Answer, At, GetQuery, ObjectError, Why};
use crate::registry::again::again;
use crate::registry::listing::Doubt;
use crate::registry::models::{listed, text};
use crate::registry::pbtxt::{self, ModelConfig};
use crate::registry::triton::{self, Model};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// What was found.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub present: Present,
    /// What is wrong with the service's list.
    pub doubts: Vec<Doubt>,
    /// The requests of one look of Triton's at the whole repository.
    pub poll: triton::Calls,
    /// The time of an answer.
    pub round_trip: Duration,
}

/// Looks at a whole repository. The configs that are read are the model's and those of the models that it needs, by its
/// own config or by the one that it is to get.
pub(super) async fn look(
    objects: &dyn Objects,
    bucket: &str,
    root: &str,
    (model, config): (&str, Option<&str>),
    mut told: impl FnMut(usize),
) -> Answer<Seen> {
    let mut present = Present { root: root.to_owned(), ..Present::default() };
    let prefix = present.prefix();
    let (keys, doubts) = listed(objects, bucket, &prefix, &mut told).await?;
    present.objects = keys.into_iter().map(|(key, size)| (key, Stored { size, etag: String::new() })).collect();
    configs(objects, bucket, &mut present, (model, config)).await?;
    let begun = Instant::now();
    // Who may not ask for the bucket is refused, and the refusal takes as long.
    let _ = objects.bucket(bucket).await;
    let round_trip = begun.elapsed();
    let all = || present.objects.iter().map(|(key, stored)| (key.as_str(), stored.size));
    let poll = triton::forecast(&triton::judge(all(), root, &present.configs), all()).poll;
    Ok(Seen { present, doubts, poll, round_trip })
}

/// What Triton would serve of a model now. Of the rest of the repository the earlier look is taken.
pub(super) async fn model_now(objects: &dyn Objects, bucket: &str, earlier: &Present, model: &str) -> Answer<Present> {
    let dir = format!("{}{model}/", earlier.prefix());
    let (keys, _) = listed(objects, bucket, &dir, |_| {}).await?;
    let mut present = earlier.clone();
    present.objects.retain(|key, _| !key.starts_with(&dir));
    present.configs.retain(|key, _| !key.starts_with(&dir));
    present.objects.extend(keys.into_iter().map(|(key, size)| (key, Stored { size, etag: String::new() })));
    configs(objects, bucket, &mut present, (model, None)).await?;
    Ok(present)
}

/// The model by the rules.
pub(super) fn judged(present: &Present, model: &str) -> Option<Model> {
    let all = present.objects.iter().map(|(key, stored)| (key.as_str(), stored.size));
    triton::judge(all, &present.root, &present.configs).model(model).cloned()
}

/// Reads the configs that are not read yet.
async fn configs(
    objects: &dyn Objects,
    bucket: &str,
    present: &mut Present,
    (model, config): (&str, Option<&str>),
) -> Answer<()> {
    let prefix = present.prefix();
    let mut open: Vec<String> = steps(config.unwrap_or_default());
    open.push(model.to_owned());
    let mut seen = BTreeSet::new();
    while let Some(name) = open.pop() {
        let key = format!("{prefix}{name}/config.pbtxt");
        if !seen.insert(name) || !present.objects.contains_key(&key) {
            continue;
        }
        if !present.configs.contains_key(&key) {
            match read_config(objects, bucket, &key).await? {
                Some(read) => {
                    let etag = read.etag.unwrap_or_default();
                    present.objects.insert(key.clone(), Stored { size: read.text.len() as u64, etag });
                    present.configs.insert(key.clone(), read.text);
                }
                // It went since it was listed.
                None => drop(present.objects.remove(&key)),
            }
        }
        open.extend(present.configs.get(&key).map(|text| steps(text)).unwrap_or_default());
    }
    Ok(())
}

/// The models that an ensemble's config needs.
fn steps(config: &str) -> Vec<String> {
    let Ok(document) = pbtxt::parse(config) else { return Vec::new() };
    let steps = ModelConfig::of(&document).ensemble.map(|ensemble| ensemble.value).unwrap_or_default();
    steps.into_iter().map(|step| step.model).collect()
}

/// A config as it stands at the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ReadConfig {
    pub text: String,
    pub etag: Option<String>,
}

/// A config as it stands now; `None` where there is none.
pub(super) async fn read_config(objects: &dyn Objects, bucket: &str, key: &str) -> Answer<Option<ReadConfig>> {
    let query = GetQuery { at: At::new(bucket, key), range: None, if_match: None };
    match again(|| text(objects, &query)).await {
        Ok((text, etag)) => Ok(Some(ReadConfig { text, etag })),
        Err(ObjectError { why: Why::Missing, .. }) => Ok(None),
        Err(mut error) => {
            error.failure = error.failure.context(format!("{key} cannot be read"));
            Err(error)
        }
    }
}

/// The numbers of a model's version directories.
pub(super) fn numbers(present: &Present, dir: &str) -> BTreeSet<i64> {
    let names = present.objects.keys().filter_map(|key| key.strip_prefix(dir)?.split_once('/'));
    names.filter_map(|(name, _)| number(name)).collect()
}

fn number(name: &str) -> Option<i64> {
    match triton::parse_version(name) {
        triton::Parsed::Version(number) => Some(number),
        _ => None,
    }
}
