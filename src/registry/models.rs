//! A repository as Triton would find it, asked of the service: every key, every config, the first bytes of what would
//! be served, what a key may do, and how far away the service is. What is judged of it is in
//! [`triton`](crate::registry::triton).
//!
//! A list that is short is an error and no view: a model that was not seen would look like one that is not there.
//! What else could not be read is named in [`View::unread`].

use super::again::again;
use super::listing::{Doubt, Pager, Step};
use super::preview::preview;
use super::triton::{
    Access, Configs, Forecast, Repository, RepositoryUrl, Severity, Verdict, config_keys, contents_wanted, forecast,
    judge, judge_access, judge_contents,
};
use crate::plan::Failure;
use crate::ports::Objects;
use crate::ports::objects::{Answer, At, GetQuery, ListQuery, ObjectError, Why};
use futures_util::StreamExt as _;
use std::time::Duration;
use tokio::time::Instant;

/// Objects that are read at the same time: their answers are what a bad line carries side by side.
const AT_ONCE: usize = 8;
/// The largest config that is read. Triton's own are a few KiB.
const LARGEST_CONFIG: u64 = 1 << 20;
/// Keys that are kept; a repository of more is none that a Triton could start from.
const MOST_KEYS: usize = 2_000_000;

/// What is to be looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    /// The service's address, for the repository's URL.
    pub endpoint: String,
    /// The bucket.
    pub bucket: String,
    /// The prefix that the repository's URL names; slashes at its ends do not matter.
    pub root: String,
    /// Whether the files that would be served are looked into.
    pub contents: bool,
}

impl Ask {
    /// The root as keys begin with it.
    pub fn prefix(&self) -> String {
        match self.root.trim_matches('/') {
            "" => String::new(),
            root => format!("{root}/"),
        }
    }
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many keys are listed.
    Keys(usize),
    /// So many of all configs are read.
    Configs(usize, usize),
    /// So many of all files that would be served are looked into.
    Contents(usize, usize),
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Its key.
    pub key: String,
    /// Why.
    pub failure: Failure,
}

/// What was found.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The bucket.
    pub bucket: String,
    /// The models and all findings, those of the URL and of the key among them.
    pub repository: Repository,
    /// The repository's URL, where Triton would read it.
    pub url: Option<RepositoryUrl>,
    /// What the asking key may do.
    pub access: Access,
    /// What it costs Triton to start from here.
    pub forecast: Forecast,
    /// The shortest answer of the service.
    pub round_trip: Duration,
    /// What is wrong with the service's lists.
    pub doubts: Vec<Doubt>,
    /// What could not be read, so that nothing is said of it.
    pub unread: Vec<Unread>,
}

impl View {
    /// How many findings keep something from loading.
    pub fn errors(&self) -> usize {
        self.repository.findings.iter().filter(|finding| finding.severity == Severity::Error).count()
    }
}

/// Looks at a repository. `triton` asks with the key that Triton has, where it is known; what is read besides is read with
/// `objects`.
pub async fn look(
    objects: &dyn Objects,
    triton: &dyn Objects,
    ask: &Ask,
    mut progress: impl FnMut(Progress),
) -> Answer<View> {
    let root = ask.prefix();
    let (keys, doubts) = listed(objects, &ask.bucket, &root, |keys| progress(Progress::Keys(keys))).await?;
    let all = || keys.iter().map(|(key, size)| (key.as_str(), *size));

    let mut unread = Vec::new();
    let mut configs = Configs::new();
    let wanted = config_keys(all().map(|(key, _)| key), &root);
    let count = wanted.len();
    let reads = wanted.into_iter().map(|key| config(objects, At::new(&ask.bucket, key)));
    let mut reads = futures_util::stream::iter(reads).buffer_unordered(AT_ONCE);
    let mut done = 0;
    while let Some((key, text)) = reads.next().await {
        done += 1;
        progress(Progress::Configs(done, count));
        match text {
            Ok(text) => drop(configs.insert(key, text)),
            Err(error) => unread.push(Unread { key, failure: error.failure }),
        }
    }
    let mut repository = judge(all(), &root, &configs);

    if ask.contents {
        let models = &repository.models;
        let wanted: Vec<(usize, String)> = models
            .iter()
            .enumerate()
            .flat_map(|(at, model)| contents_wanted(model).into_iter().map(move |key| (at, key)))
            .collect();
        let count = wanted.len();
        let looks = wanted.into_iter().map(|(at, key)| content(objects, at, At::new(&ask.bucket, key)));
        let mut looks = futures_util::stream::iter(looks).buffer_unordered(AT_ONCE);
        let (mut done, mut found) = (0, Vec::new());
        while let Some((at, key, previewed)) = looks.next().await {
            done += 1;
            progress(Progress::Contents(done, count));
            match (previewed, models.get(at)) {
                (Ok(previewed), Some(model)) => found.extend(judge_contents(model, &key, &previewed.report)),
                (Err(error), _) => unread.push(Unread { key, failure: error.failure }),
                (Ok(_), None) => {}
            }
        }
        repository.add(found);
    }

    // A config is what Triton asks for first; any object will do.
    let first = configs.keys().next().or_else(|| keys.first().map(|(key, _)| key));
    let (access, round_trip) = access(triton, ask, first).await;
    repository.add(judge_access(&access, &ask.bucket));
    let url = match RepositoryUrl::build(&ask.endpoint, &ask.bucket, &root) {
        Ok(url) => Some(url),
        Err(found) => {
            repository.add(found);
            None
        }
    };
    unread.sort_by(|a, b| a.key.cmp(&b.key));
    let forecast = forecast(&repository, all());
    Ok(View { bucket: ask.bucket.clone(), repository, url, access, forecast, round_trip, doubts, unread })
}

/// Every key below a prefix with its size, or why the list would be short.
pub(super) async fn listed(
    objects: &dyn Objects,
    bucket: &str,
    prefix: &str,
    mut progress: impl FnMut(usize),
) -> Answer<(Vec<(String, u64)>, Vec<Doubt>)> {
    let query = ListQuery { bucket: bucket.to_owned(), prefix: prefix.to_owned(), ..ListQuery::default() };
    let mut pager = Pager::new(query);
    let (mut keys, mut doubts) = (Vec::new(), Vec::new());
    loop {
        let query = match pager.next() {
            Step::Ask(query) => query.clone(),
            Step::Complete => return Ok((keys, doubts)),
            Step::Stopped(_) => return Err(short("the service's list does not come to an end")),
        };
        let page = again(|| objects.list(&query)).await.map_err(|mut error| {
            error.failure = error.failure.context("the list of keys is not whole");
            error
        })?;
        let batch = pager.absorb(&page);
        doubts.extend(&batch.doubts);
        keys.extend(batch.rows.iter().map(|row| (format!("{prefix}{}", row.name), row.size)));
        if keys.len() > MOST_KEYS {
            return Err(short("there are more than 2,000,000 keys below this prefix"));
        }
        progress(keys.len());
    }
}

fn short(why: &str) -> ObjectError {
    let failure = Failure::permanent(why).help("Name a prefix further down.");
    ObjectError { why: Why::Refused, failure }
}

async fn config(objects: &dyn Objects, at: At) -> (String, Answer<String>) {
    let query = GetQuery { at, range: None, if_match: None };
    let read = again(|| text(objects, &query)).await;
    (query.at.key, read.map(|(text, _)| text))
}

/// A whole config and its `ETag`. It is small, so that one that broke off is read anew and never put together of two.
pub(super) async fn text(objects: &dyn Objects, query: &GetQuery) -> Answer<(String, Option<String>)> {
    let too_large = || short("it is larger than 1 MiB, and no config is");
    let mut got = objects.get(query).await?;
    if got.length > LARGEST_CONFIG {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    while let Some(piece) = got.body.next().await? {
        bytes.extend_from_slice(&piece);
        // A service may give more than it announces.
        if bytes.len() as u64 > LARGEST_CONFIG {
            return Err(too_large());
        }
    }
    // A service that announces too much and ends early would cut a config where it still can be read.
    if (bytes.len() as u64) < got.length {
        let failure = Failure::transient("the service ended its answer too early");
        return Err(ObjectError { why: Why::Cut, failure });
    }
    let text = String::from_utf8(bytes).map_err(|_| short("it is no text in UTF-8"))?;
    Ok((text, got.info.etag))
}

async fn content(objects: &dyn Objects, model: usize, at: At) -> (usize, String, Answer<super::preview::Previewed>) {
    let previewed = again(|| preview(objects, &at)).await;
    (model, at.key, previewed)
}

/// What a key may do, tried; and the time of the quickest answer.
async fn access(objects: &dyn Objects, ask: &Ask, object: Option<&String>) -> (Access, Duration) {
    let mut quickest = Duration::MAX;
    let (taken, answer) = timed(again(|| objects.bucket(&ask.bucket))).await;
    quickest = quickest.min(taken);
    let head_bucket = verdict(&answer);
    let query = ListQuery { bucket: ask.bucket.clone(), prefix: ask.prefix(), max: Some(1), ..ListQuery::default() };
    let (taken, answer) = timed(again(|| objects.list(&query))).await;
    quickest = quickest.min(taken);
    let list = verdict(&answer);
    let mut access = Access { head_bucket, list, ..Access::default() };
    if let Some(key) = object {
        let at = At::new(&ask.bucket, key);
        let (taken, answer) = timed(again(|| objects.head(&at))).await;
        quickest = quickest.min(taken);
        access.head_object = verdict(&answer);
        let query = GetQuery { at, range: Some((0, 1)), if_match: None };
        let (taken, answer) = timed(again(|| objects.get(&query))).await;
        quickest = quickest.min(taken);
        access.get_object = match &answer {
            // There is no first byte of an empty object, and only who may read is told so.
            Err(error) if error.why == Why::BadRange => Verdict::Allowed,
            answer => verdict(answer),
        };
    }
    (access, quickest)
}

async fn timed<T>(call: impl Future<Output = T>) -> (Duration, T) {
    let begun = Instant::now();
    let answer = call.await;
    (begun.elapsed(), answer)
}

fn verdict<T>(answer: &Answer<T>) -> Verdict {
    match answer {
        Ok(_) => Verdict::Allowed,
        // The innermost cause is what the service said.
        Err(error) if error.why == Why::Denied => {
            Verdict::Denied(error.failure.causes.last().cloned().unwrap_or_default())
        }
        Err(_) => Verdict::Unknown,
    }
}
