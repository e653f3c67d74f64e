//! From a wish to a list of steps: looks at what is there, and recognises what an earlier try has left.
//!
//! Nothing is remembered on this computer. What an earlier try has done is known by what it left at the
//! service: the note in a pinned config ([`Note`]), and objects that have the bytes of the files here. So the
//! same command goes on after a kill, and so does a colleague's. The list is made as if the leavings were
//! not there, which gives the list of the first time; carrying it out finds the steps done that are.

use super::leavings::{Version, beside, compared, is_there};
use super::look::{self, ReadConfig, Seen};
use super::state::{Present, Target};
use super::{
    Directory, NewFile, Note, Place, Plan, Refused, Remark, Request, RollBack, Source, Staging, Step, Unfinished,
    contents, plan,
};
use crate::ports::objects::ObjectError;
use crate::registry::listing::Doubt;
use crate::registry::transfer::{Transfers, Trouble, Way};
use crate::registry::triton::{Model, Severity};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

/// What is to be published where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The repository's bucket.
    pub bucket: String,
    /// The repository's prefix.
    pub root: String,
    /// The model's name.
    pub model: String,
    /// The version; the next free one without, or the one that was begun.
    pub version: Option<i64>,
    /// The files.
    pub directory: Directory,
    /// The text of `config.pbtxt` at the end; `None` keeps the one that is there.
    pub config: Option<String>,
    /// Where the files are before they are in place.
    pub staging: Staging,
    /// Whether the config may be pinned in between.
    pub may_pin: bool,
}

/// What an earlier try had done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Was {
    /// Nothing in the repository.
    Fresh,
    /// A part: this goes on with it.
    Begun,
    /// All of it: at most something is to be cleared up.
    Done,
}

/// A list of steps for what is there now.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The repository's bucket.
    pub bucket: String,
    /// The model's name.
    pub model: String,
    /// The version that is published or gone back to.
    pub version: Option<i64>,
    /// The steps.
    pub plan: Plan,
    /// What an earlier try had done.
    pub was: Was,
    /// The versions that Triton would serve now.
    pub serves_now: Vec<i64>,
    /// Whether what Triton serves changes by it.
    pub changes_served: bool,
    /// The requests of one look of Triton's at the repository.
    pub requests: u64,
    /// The time of an answer of the service.
    pub round_trip: Duration,
    /// What is wrong with the service's lists.
    pub doubts: Vec<Doubt>,
    pub(super) present: Present,
    pub(super) config_key: String,
    /// The config in place, where this list or an earlier try of it wrote it.
    pub(super) ours: Option<ReadConfig>,
    /// The file of each place that one is uploaded to or compared with.
    pub(super) sources: BTreeMap<Place, PathBuf>,
    /// Places whose steps are done: what is in the end to be there is there, and was compared.
    pub(super) placed: BTreeSet<Place>,
}

/// Why there is no list.
#[derive(Clone, Debug, PartialEq)]
pub enum Unready {
    /// It could not be looked at.
    Trouble(Trouble),
    /// It cannot be done.
    Refused(Refused),
}

impl From<Refused> for Unready {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Trouble> for Unready {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl From<ObjectError> for Unready {
    fn from(error: ObjectError) -> Self {
        Self::Trouble(error.into())
    }
}

/// The list of a publication. `told` hears how many keys were listed.
pub async fn publish(of: &Transfers, way: &Way, wish: &Wish, told: impl FnMut(usize)) -> Result<Prepared, Unready> {
    let about = (wish.model.as_str(), wish.config.as_deref());
    let seen = look::look(&**of.objects(), &wish.bucket, &wish.root, about, told).await?;
    let target = Target::new(&seen.present, &wish.model)?;
    let now = target.now()?;
    let config_now = target.config()?;
    let note = config_now.and_then(Note::of);
    let (number, version) = choose(of, way, wish, &target, now.as_ref(), note.as_ref()).await?;
    if let Some(note) = &note
        && note.what != Unfinished::Publish(number)
    {
        return Err(Refused::Unfinished(note.what).into());
    }
    let (placed, complete) = match version {
        Version::Ours { placed, complete } => (placed, complete),
        Version::Other(key) if note.is_some() => return Err(Refused::Differs(key).into()),
        Version::Other(_) => return Err(Refused::VersionExists(number).into()),
    };
    let same_config = wish.config.as_deref().is_none_or(|config| Some(config) == config_now);
    let done = note.is_none() && complete && same_config;
    if note.is_none() && complete && !done && wish.may_pin && picks(now.as_ref(), number) {
        return Err(Refused::VersionExists(number).into());
    }

    let before = before(&target, note.as_ref(), |key| placed.contains(key) || *key == target.version_dir(number));
    let (beside, dropped) = beside(of, way, wish, &target).await?;
    let new = |source: &Source| NewFile { path: source.path.clone(), size: source.size };
    let key_now = |text: &&String| before.configs.get(&target.config_key) != Some(*text);
    let request = Request {
        model: wish.model.clone(),
        version: number,
        files: wish.directory.files.iter().map(new).collect(),
        beside: beside.iter().map(|source| new(source)).collect(),
        config: wish.config.as_ref().filter(key_now).cloned(),
        staging: wish.staging.clone(),
        may_pin: wish.may_pin,
    };
    let mut plan = plan::publish(&before, &request)?;

    let prefix = seen.present.prefix();
    let mut sources = BTreeMap::new();
    let files = wish.directory.files.iter().map(|source| (source, target.version_dir(number)));
    let all = files.chain(wish.directory.beside.iter().map(|source| (source, target.dir.clone())));
    for (source, dir) in all {
        let key = format!("{dir}{}", source.path);
        sources.extend(wish.staging.place(&prefix, &key).map(|staged| (staged, source.file.clone())));
        sources.insert(Place { bucket: None, key }, source.file.clone());
    }
    looked_into(of, &before, &request, &sources, &mut plan).await?;

    let was = match () {
        () if done => Was::Done,
        () if note.is_some() || !placed.is_empty() => Was::Begun,
        () => Was::Fresh,
    };
    // What was staged and is in place goes; the rest of the list is made by what has to be done.
    let staged = |key: &String| wish.staging.place(&prefix, key);
    let mut left: Vec<Place> = dropped.iter().filter_map(staged).collect();
    if done {
        left.extend(placed.iter().filter_map(staged));
        plan.steps.clear();
    }
    for place in left {
        if is_there(of, way, &wish.bucket, &place, &sources).await? {
            plan.steps.push(Step::Delete { at: place });
        }
    }
    let mut settled: BTreeSet<Place> = placed.iter().filter_map(staged).collect();
    settled.extend(placed.iter().map(|key| Place { bucket: None, key: key.clone() }));
    let config_changes = request.config.is_some();
    let prepared = Prepared { version: Some(number), was, sources, placed: settled, ..of_seen(&seen, &target, plan)? };
    Ok(Prepared {
        bucket: wish.bucket.clone(),
        changes_served: !done && (config_changes || prepared.plan.serves != prepared.serves_now),
        ours: ours(&seen, &target, note.is_some()),
        ..prepared
    })
}

/// The list of a roll-back.
pub async fn roll_back(
    of: &Transfers,
    bucket: &str,
    root: &str,
    wish: &RollBack,
    told: impl FnMut(usize),
) -> Result<Prepared, Unready> {
    let about = (wish.model.as_str(), wish.config.as_deref());
    let seen = look::look(&**of.objects(), bucket, root, about, told).await?;
    let target = Target::new(&seen.present, &wish.model)?;
    let now = target.now()?;
    let note = target.config()?.and_then(Note::of);
    let mut plan = super::roll_back(&before(&target, note.as_ref(), |_| false), wish)?;
    let same_config = wish.config.as_deref().is_none_or(|config| Some(config) == target.config().ok().flatten());
    let serves: BTreeSet<i64> = wish.to.into_iter().collect();
    let as_wished = now.as_ref().map(Model::selected).unwrap_or_default() == serves
        && now.as_ref().map(|model| model.served.clone()).unwrap_or_default() == plan.serves;
    let removed = wish.remove.is_none_or(|version| target.version_keys(version).next().is_none());
    let was = match () {
        () if note.is_none() && same_config && as_wished && removed => Was::Done,
        () if note.is_some() => Was::Begun,
        () => Was::Fresh,
    };
    if was == Was::Done {
        plan.steps.clear();
        plan.remarks.clear();
    }
    let prepared = Prepared { version: wish.to, was, ..of_seen(&seen, &target, plan)? };
    Ok(Prepared {
        bucket: bucket.to_owned(),
        // What is deleted counts too: it cannot be served any more.
        changes_served: was != Was::Done,
        ours: ours(&seen, &target, note.is_some()),
        ..prepared
    })
}

fn of_seen(seen: &Seen, target: &Target<'_>, plan: Plan) -> Result<Prepared, Refused> {
    Ok(Prepared {
        bucket: String::new(),
        model: target.name.to_owned(),
        version: None,
        plan,
        was: Was::Fresh,
        serves_now: target.now()?.map(|model| model.served).unwrap_or_default(),
        changes_served: false,
        requests: seen.poll.total(),
        round_trip: seen.round_trip,
        doubts: seen.doubts.clone(),
        present: seen.present.clone(),
        config_key: target.config_key.clone(),
        ours: None,
        sources: BTreeMap::new(),
        placed: BTreeSet::new(),
    })
}

/// The config in place, where it has our note.
fn ours(seen: &Seen, target: &Target<'_>, noted: bool) -> Option<ReadConfig> {
    let text = seen.present.configs.get(&target.config_key).filter(|_| noted)?.clone();
    let etag = seen.present.objects.get(&target.config_key).map(|stored| stored.etag.clone());
    Some(ReadConfig { text, etag: etag.filter(|etag| !etag.is_empty()) })
}

fn picks(now: Option<&Model>, version: i64) -> bool {
    now.is_some_and(|model| model.selected().contains(&version))
}

/// What was there before an earlier try, as far as it left a note, and without these keys.
fn before(target: &Target<'_>, note: Option<&Note>, without: impl Fn(&String) -> bool) -> Present {
    let mut present = target.present.clone();
    present.objects.retain(|key, _| !without(key));
    match note.map(|note| &note.before) {
        None => {}
        Some(Some(text)) => drop(present.configs.insert(target.config_key.clone(), text.clone())),
        Some(None) => {
            present.configs.remove(&target.config_key);
            present.objects.remove(&target.config_key);
        }
    }
    present
}

/// Which version it is to be, and what is there of it.
async fn choose(
    of: &Transfers,
    way: &Way,
    wish: &Wish,
    target: &Target<'_>,
    now: Option<&Model>,
    note: Option<&Note>,
) -> Result<(i64, Version), Unready> {
    let begun = match note.map(|note| note.what) {
        Some(Unfinished::Publish(version)) => Some(version),
        _ => None,
    };
    let served = |number: i64| note.is_none() && now.is_some_and(|model| model.served.contains(&number));
    if let Some(number) = wish.version.or(begun) {
        return Ok((number, compared(of, way, wish, target, (number, served(number))).await?));
    }
    let Some(latest) = look::numbers(target.present, &target.dir).last().copied().filter(|latest| *latest > 0) else {
        return Ok((1, Version::Ours { placed: BTreeSet::new(), complete: false }));
    };
    // The latest one may be an earlier try's: the same files are not published twice.
    let there = compared(of, way, wish, target, (latest, served(latest))).await?;
    if let Version::Ours { complete, .. } = &there {
        let config = target.config()?;
        let same_config = wish.config.as_deref().is_none_or(|wanted| Some(wanted) == config);
        if !complete || same_config || !wish.may_pin || !picks(now, latest) {
            return Ok((latest, there));
        }
    }
    let next = latest.checked_add(1).ok_or(Refused::VersionExists(latest))?;
    Ok((next, Version::Ours { placed: BTreeSet::new(), complete: false }))
}

/// Looks into the files that Triton would open.
async fn looked_into(
    of: &Transfers,
    before: &Present,
    request: &Request,
    sources: &BTreeMap<Place, PathBuf>,
    plan: &mut Plan,
) -> Result<(), Unready> {
    let (Some(model), _) = plan::after(before, request)? else { return Ok(()) };
    let found = contents::judge(&**of.files(), &model, sources).await.map_err(Trouble::from)?;
    let (errors, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| found.severity == Severity::Error);
    if !errors.is_empty() {
        return Err(Refused::WouldNotLoad(errors).into());
    }
    plan.remarks.extend(others.into_iter().map(|found| Remark::Finding(Box::new(found))));
    Ok(())
}
