//! What it costs Triton to start from a repository: how many requests, one after the other, and how
//! many bytes. Triton lists without a delimiter, so that every level lists all that is below it, and
//! asks for each thing anew at every turn.

use super::model::Model;
use super::repository::Repository;
use super::tree::{Dir, tree};
use std::time::Duration;

/// Requests of each kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// `HeadBucket`.
    pub head_bucket: u64,
    /// `ListObjectsV2`.
    pub list: u64,
    /// `HeadObject`.
    pub head_object: u64,
    /// `GetObject`.
    pub get_object: u64,
}

impl Calls {
    /// All of them.
    pub fn total(&self) -> u64 {
        [self.list, self.head_object, self.get_object].iter().fold(self.head_bucket, |sum, n| sum.saturating_add(*n))
    }

    /// How long they take when each waits for the one before, as Triton's do.
    pub fn time(&self, round_trip: Duration) -> Duration {
        Duration::try_from_secs_f64(round_trip.as_secs_f64() * count(self.total())).unwrap_or(Duration::MAX)
    }

    /// Is it a directory: asked for nearly everything, nearly every time.
    fn is_directory(&mut self) {
        self.head_bucket += 1;
        self.list += 1;
    }

    /// A listing of all that is below, a thousand at a time.
    fn contents(&mut self, dir: &Dir) {
        self.list = self.list.saturating_add(dir.objects().div_ceil(1000).max(1));
    }

    fn subdirectories(&mut self, dir: &Dir) {
        self.contents(dir);
        for _ in 0..names(dir) {
            self.is_directory();
        }
    }

    fn file_exists(&mut self) {
        self.is_directory();
        self.head_object += 1;
    }

    /// When was anything in here changed last: once for each file and directory, all the way down.
    fn modified(&mut self, dir: &Dir) {
        self.is_directory();
        self.is_directory();
        self.contents(dir);
        for name in dir.files.keys().filter(|name| !dir.dirs.contains_key(*name)) {
            let _ = name;
            self.is_directory();
            self.is_directory();
            self.head_object += 1;
        }
        dir.dirs.values().for_each(|inner| self.modified(inner));
    }

    /// A copy of the whole directory to the local disk.
    fn localise(&mut self, dir: &Dir) {
        self.is_directory();
        self.is_directory();
        self.contents(dir);
        self.copy(dir);
    }

    fn copy(&mut self, dir: &Dir) {
        for name in dir.files.keys().filter(|name| !dir.dirs.contains_key(*name)) {
            let _ = name;
            self.is_directory();
            self.get_object += 1;
        }
        for inner in dir.dirs.values() {
            self.is_directory();
            self.contents(inner);
            self.copy(inner);
        }
    }
}

fn count(number: u64) -> f64 {
    let number = u32::try_from(number.min(u64::from(u32::MAX))).unwrap_or(u32::MAX);
    f64::from(number)
}

/// How many names a directory has.
fn names(dir: &Dir) -> usize {
    dir.files.keys().filter(|name| !dir.dirs.contains_key(*name)).count() + dir.dirs.len()
}

/// What a start costs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Forecast {
    /// Requests until all models that can be are loaded.
    pub start: Calls,
    /// Requests of each later look, with `--model-control-mode=poll`, when nothing changed.
    pub poll: Calls,
    /// Bytes that are copied to the local disk. Each version that is served copies the whole model.
    pub copied: u64,
    /// The same: what `/tmp` or `TRITON_AWS_MOUNT_DIRECTORY` has to have free.
    pub disk: u64,
}

/// What a start from this repository costs. The keys are those that it was judged by.
pub fn forecast<'a>(repository: &Repository, keys: impl IntoIterator<Item = (&'a str, u64)>) -> Forecast {
    let (top, _) = tree(keys, &repository.root);
    let mut found = Forecast::default();
    // The client's own check, and whether the repository is a directory.
    found.start.head_bucket += 2;
    if !repository.root.is_empty() {
        found.start.list += 1;
    }
    for calls in [&mut found.start, &mut found.poll] {
        calls.subdirectories(&top);
        top.dirs.values().for_each(|dir| calls.modified(dir));
    }
    for model in &repository.models {
        let Some(dir) = top.dirs.get(&model.name) else { continue };
        load(&mut found, model, dir);
    }
    found.disk = found.copied;
    found
}

fn load(found: &mut Forecast, model: &Model, dir: &Dir) {
    let calls = &mut found.start;
    calls.file_exists();
    if dir.files.contains_key("config.pbtxt") {
        // The same once more before it is read.
        calls.file_exists();
        calls.get_object += 1;
    }
    // Which backend it is for, and which versions there are.
    calls.subdirectories(dir);
    if let Some(first) = dir.dirs.values().next() {
        calls.contents(first);
    }
    if model.served.is_empty() {
        return;
    }
    calls.subdirectories(dir);
    // An ensemble has nothing to copy.
    if model.backend.as_ref().is_some_and(super::Backend::is_ensemble) {
        return;
    }
    for _ in &model.served {
        calls.localise(dir);
        found.copied = found.copied.saturating_add(dir.bytes());
    }
}
