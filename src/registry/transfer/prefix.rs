//! A whole prefix into a directory, or a directory under a prefix: what will be done, counted and with
//! everything that stands in its way, before the first byte.

use super::context::{Transfers, Way};
use super::download::{Download, IfThere};
use super::paths::{self, BadKey, Clash, ClashKind};
use super::patience::patiently;
use super::trouble::{End, Trouble};
use super::upload::{There, Upload};
use crate::base::sanitise;
use crate::plan::Failure;
use crate::ports::local_files::{FileKind, FileSeen, Found, WhyLocal};
use crate::ports::objects::{At, ListQuery, Notes, ObjectRow, OnlyIf};
use crate::registry::listing::{Doubt, Pager, Step};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// More files than this are not taken at once.
const MOST_FILES: usize = 1_000_000;

/// The longest key, in bytes.
const LONGEST_KEY: usize = 1_024;

/// What will be carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned<J> {
    /// Each object.
    pub jobs: Vec<J>,
    /// All their bytes.
    pub bytes: u64,
    /// What cannot be done; nothing is, unless somebody says that the rest is wanted.
    pub clashes: Vec<Clash>,
    /// Things that have no content of their own or are no plain files, and why each is left out.
    pub left_out: Vec<(String, LeftOut)>,
    /// What the service said of its keys that cannot be right.
    pub doubts: Vec<Doubt>,
}

impl<J> Planned<J> {
    fn new(doubts: Vec<Doubt>) -> Self {
        Self { jobs: Vec::new(), bytes: 0, clashes: Vec::new(), left_out: Vec::new(), doubts }
    }
}

/// Why something is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// The mark of a folder; its directory is made if something lies in it.
    Folder,
    /// A symbolic link: what it points to may lie elsewhere.
    Link,
    /// A device, a socket, a pipe.
    NoFile,
    /// A transfer of ours that is incomplete.
    Incomplete,
}

impl LeftOut {
    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Folder => "it marks a folder",
            Self::Link => "it is a symbolic link",
            Self::NoFile => "it is no plain file",
            Self::Incomplete => "it is a file that is still incomplete",
        }
    }
}

/// All objects under a prefix, by their keys; an error where the list may be short.
pub(in crate::registry) async fn listed(
    of: &Transfers,
    way: &Way,
    bucket: &str,
    prefix: &str,
) -> Result<(Vec<ObjectRow>, Vec<Doubt>), Trouble> {
    let mut rows = Vec::new();
    let doubts = each_listed(of, way, bucket, prefix, |row| rows.push(row)).await?;
    Ok((once_each(rows), doubts))
}

/// Rows in the order of their keys, each once: a server that repeats itself does not make two of one. What it said last
/// counts.
fn once_each(mut rows: Vec<ObjectRow>) -> Vec<ObjectRow> {
    rows.sort_by(|a, b| a.key.cmp(&b.key));
    rows.dedup_by(|later, kept| {
        let same = later.key == kept.key;
        if same {
            std::mem::swap(later, kept);
        }
        same
    });
    rows
}

/// Hands over every object under a prefix as it comes; an error where the list may be short.
pub(in crate::registry) async fn each_listed(
    of: &Transfers,
    way: &Way,
    bucket: &str,
    prefix: &str,
    mut each: impl FnMut(ObjectRow),
) -> Result<Vec<Doubt>, Trouble> {
    let query = ListQuery { bucket: bucket.to_owned(), prefix: prefix.to_owned(), ..ListQuery::default() };
    let mut pager = Pager::new(query);
    let mut doubts: Vec<Doubt> = Vec::new();
    loop {
        let ask = match pager.next() {
            Step::Ask(ask) => ask.clone(),
            Step::Complete => return Ok(doubts),
            Step::Stopped(doubt) => {
                let failure = Failure::permanent(format!("the service's list of keys cannot be followed: {doubt:?}"));
                let failure = failure.help("Some keys may be missing from it, so nothing was begun.");
                return Err(Trouble::new(End::Impossible, failure));
            }
        };
        let page = patiently!(of.limits(), &way.meter, of.objects().list(&ask))?;
        for doubt in pager.absorb(&page).doubts {
            if !doubts.contains(&doubt) {
                doubts.push(doubt);
            }
        }
        page.objects.into_iter().filter(|row| row.key.starts_with(prefix)).for_each(&mut each);
    }
}

/// What fetching a prefix into a directory comes to.
pub async fn plan_download(
    of: &Transfers,
    way: &Way,
    from: &At,
    target: &Path,
    if_there: IfThere,
) -> Result<Planned<Download>, Trouble> {
    let (rows, doubts) = listed(of, way, &from.bucket, &from.key).await?;
    let mut planned = Planned::new(doubts);
    let mut paths = Vec::new();
    for row in rows {
        match paths::local_path(row.key.get(from.key.len()..).unwrap_or_default()) {
            Ok(path) => paths.push((row, path)),
            Err(BadKey::Folder | BadKey::Empty) if row.key.ends_with('/') => {
                planned.left_out.push((row.key, LeftOut::Folder));
            }
            Err(why) => planned.clashes.push(Clash { key: row.key, why: ClashKind::Bad(why) }),
        }
    }
    // This also shows that files can be made there.
    let folds = of.0.files.folds_case(&target.join("x")).await?;
    let names: Vec<_> = paths.iter().map(|(row, path)| (row.key.clone(), path.clone())).collect();
    planned.clashes.extend(paths::clashes(&names, folds));
    let targets: Vec<PathBuf> = paths.iter().map(|(_, path)| target.join(path)).collect();
    let there = of.0.files.look_many(targets.clone()).await?;
    let mut needed = 0u64;
    for (((row, _), target), there) in paths.into_iter().zip(targets).zip(there) {
        planned.bytes = planned.bytes.saturating_add(row.size);
        match there {
            None => needed = needed.saturating_add(row.size),
            Some(seen) if stands_in_the_way(&seen, row.size, if_there) => {
                planned.clashes.push(Clash { key: row.key.clone(), why: ClashKind::There });
            }
            Some(_) => {}
        }
        let at = At::new(from.bucket.clone(), row.key);
        planned.jobs.push(Download { at, target, listed: Some((row.size, row.etag)), if_there });
    }
    let free = of.0.files.free(target).await?;
    if free < needed {
        let failure =
            Failure::permanent(format!("{needed} bytes are needed in {} and {free} are free", target.display()))
                .help("Make room on this computer's disk, or name a directory on another one.");
        return Err(Trouble::new(End::Local(WhyLocal::Full), failure));
    }
    Ok(planned)
}

fn stands_in_the_way(seen: &FileSeen, size: u64, if_there: IfThere) -> bool {
    match if_there {
        IfThere::Refuse => true,
        _ if seen.kind != FileKind::File => true,
        IfThere::KeepSame => seen.size != size,
        IfThere::Replace => false,
    }
}

/// What sending a directory under a prefix comes to.
pub async fn plan_upload(
    of: &Transfers,
    way: &Way,
    directory: &Path,
    to: &At,
    if_there: IfThere,
) -> Result<Planned<Upload>, Trouble> {
    let found = of.0.files.walk(directory, MOST_FILES).await?;
    let (rows, doubts) = listed(of, way, &to.bucket, &to.key).await?;
    let sizes: BTreeMap<String, u64> = rows.into_iter().map(|row| (row.key, row.size)).collect();
    let mut planned = Planned::new(doubts);
    for Found { path, seen } in found {
        let shown = || sanitise::text(&path.to_string_lossy(), 400);
        let left_out = match seen.kind {
            FileKind::Link => Some(LeftOut::Link),
            FileKind::Directory | FileKind::Other => Some(LeftOut::NoFile),
            FileKind::File => of_ours(&path).then_some(LeftOut::Incomplete),
        };
        if let Some(why) = left_out {
            planned.left_out.push((shown(), why));
            continue;
        }
        let Some(key) = paths::key_of(&to.key, &path).filter(|key| key.len() <= LONGEST_KEY) else {
            planned.clashes.push(Clash { key: shown(), why: ClashKind::NoKey });
            continue;
        };
        let size = sizes.get(&key);
        let in_the_way = match if_there {
            IfThere::Refuse => size.is_some(),
            IfThere::KeepSame => size.is_some_and(|size| *size != seen.size),
            IfThere::Replace => false,
        };
        if in_the_way {
            planned.clashes.push(Clash { key: key.clone(), why: ClashKind::There });
        }
        planned.bytes = planned.bytes.saturating_add(seen.size);
        let only = if if_there == IfThere::Replace { OnlyIf::Always } else { OnlyIf::Absent };
        let there = if size.is_none() { There::Nothing } else { There::MaybeTheSame };
        let to = At::new(to.bucket.clone(), key);
        planned.jobs.push(Upload { file: directory.join(&path), to, notes: Notes::default(), only, there });
    }
    Ok(planned)
}

/// Whether it is what an incomplete download left here. A `.part` of somebody else has no journal, and is sent.
fn of_ours(path: &Path) -> bool {
    path.to_string_lossy().ends_with(".part.modelquay")
}

#[cfg(test)]
#[path = "prefix_tests.rs"]
mod tests;
