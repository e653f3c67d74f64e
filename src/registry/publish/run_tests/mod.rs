//! Lists carried out against a service in memory. After every write Triton's rules are asked what they would
//! serve, also where each request fails, where the program is killed at each moment, and where somebody else
//! writes at the same time.

mod ends;
mod scenes;
mod troubles;

use super::prepare::{self, Prepared, Unready, Was, Wish};
use super::run::{Options, Outcome, Stands, Stopped, Told, run};
use super::{Refused, RollBack, Staging, Step, Unfinished, understand};
use crate::registry::pbtxt::{self, ModelConfig};
use crate::registry::testing::{FakeS3, Fault, Habits, Handle, Op, TestFiles, What};
use crate::registry::transfer::{End, Limits, Transfers, Trouble, Way};
use crate::registry::triton::{self, Configs, Model};
use bytes::Bytes;
use scenes::Scene;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

type Snapshot = BTreeMap<String, Bytes>;

/// A service with a repository in it, and a directory to be published.
struct Bench {
    service: Arc<FakeS3>,
    of: Transfers,
    home: tempfile::TempDir,
    start: Snapshot,
}

impl Bench {
    fn new(scene: &Scene, habits: Habits) -> Self {
        let service = Arc::new(FakeS3::with(habits));
        for (key, text) in &scene.there {
            service.place(&format!("{}{key}", scene.root), text.as_bytes(), None);
        }
        let home = tempfile::tempdir().expect("a directory");
        std::fs::create_dir(home.path().join("dir")).expect("made");
        for (path, text) in &scene.files {
            let path = home.path().join("dir").join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
            std::fs::write(path, text).expect("written");
        }
        // Files of more than 100 bytes go in parts.
        let limits = Limits { single: 100, part: 70, part_at_least: 1, ..Limits::default() };
        let objects = Arc::new(Handle(service.clone()));
        let of = Transfers::new(objects, Arc::new(TestFiles::new()), "s", home.path().join("uploads"), limits);
        let start = scene.there.iter();
        let start = start.map(|(key, text)| (format!("{}{key}", scene.root), Bytes::from(*text))).collect();
        service.keep_history();
        Self { service, of, home, start }
    }

    async fn wish(&self, scene: &Scene) -> Wish {
        let directory = understand(&TestFiles::new(), &self.home.path().join("dir")).await.expect("a directory");
        let config = directory.config.as_ref().map(|path| std::fs::read_to_string(path).expect("there"));
        Wish {
            bucket: "b".to_owned(),
            root: scene.root.to_owned(),
            model: "m".to_owned(),
            version: scene.version,
            directory,
            config,
            staging: scene.staging.clone(),
            may_pin: true,
        }
    }

    async fn prepared(&self, scene: &Scene) -> Result<Prepared, Unready> {
        prepare::publish(&self.of, &Way::free(), &self.wish(scene).await, |_| {}).await
    }

    async fn publish(&self, scene: &Scene) -> Result<Stands, Failed> {
        let prepared = self.prepared(scene).await.map_err(Failed::Unready)?;
        run(&self.of, &prepared, &Options::default(), |_| {}).await.map_err(Failed::Stopped)
    }

    async fn roll_back(&self, scene: &Scene, wish: &RollBack) -> Result<Stands, Failed> {
        let prepared = prepare::roll_back(&self.of, "b", scene.root, wish, |_| {}).await.map_err(Failed::Unready)?;
        run(&self.of, &prepared, &Options::default(), |_| {}).await.map_err(Failed::Stopped)
    }

    /// What is there now.
    fn now(&self) -> Snapshot {
        let kept = |key: String| self.service.object(&key).map(|kept| (key, kept.bytes));
        self.service.keys().into_iter().filter_map(kept).collect()
    }

    /// Everything that was there after a write, the begin first.
    fn states(&self) -> Vec<Snapshot> {
        let mut states = vec![self.start.clone()];
        states.extend(self.service.history());
        states
    }
}

#[derive(Debug)]
enum Failed {
    Unready(Unready),
    Stopped(Box<Stopped>),
}

fn model(now: &Snapshot, root: &str) -> Option<Model> {
    let text = |(key, bytes): (&String, &Bytes)| {
        key.ends_with("/config.pbtxt").then(|| (key.clone(), String::from_utf8_lossy(bytes).into_owned()))
    };
    let configs: Configs = now.iter().filter_map(text).collect();
    let keys = now.iter().map(|(key, bytes)| (key.as_str(), bytes.len() as u64));
    triton::judge(keys, root, &configs).model("m").cloned()
}

fn served(now: &Snapshot, root: &str) -> Vec<i64> {
    model(now, root).map(|model| model.served).unwrap_or_default()
}

/// The batch size that the config gives. One that says nothing of it is completed as none is.
fn batch(now: &Snapshot, root: &str) -> i64 {
    let Some(bytes) = now.get(&format!("{root}m/config.pbtxt")) else { return 0 };
    let text = String::from_utf8(bytes.to_vec()).expect("a text");
    let document = pbtxt::parse(&text).expect("each config on the way can be read");
    assert_eq!(pbtxt::check(&document), [], "{text}");
    ModelConfig::of(&document).max_batch_size.map_or(0, |size| size.value)
}

/// The objects of a version.
fn version(now: &Snapshot, root: &str, number: i64) -> Snapshot {
    let dir = format!("{root}m/{number}/");
    now.iter().filter(|(key, _)| key.starts_with(&dir)).map(|(key, bytes)| (key.clone(), bytes.clone())).collect()
}

/// After every write it is what was served at the begin or what is served at the end, first the one and then the
/// other; each version that is picked is whole; and the config is the one that belongs to what is served.
fn expect_all_or_nothing(states: &[Snapshot], root: &str, told: &str) {
    let (first, last) = (states.first().expect("a begin"), states.last().expect("an end"));
    let (old, new) = (served(first, root), served(last, root));
    let (old_batch, new_batch) = (batch(first, root), batch(last, root));
    let mut switched = false;
    for (n, now) in states.iter().enumerate() {
        let serves = served(now, root);
        let picked = model(now, root).map(|model| model.selected()).unwrap_or_default();
        let told = format!("{told}: after write {n}: picks {picked:?}, serves {serves:?}, from {old:?} to {new:?}");
        for number in &picked {
            let there = version(now, root, *number);
            let whole = there == version(first, root, *number) || there == version(last, root, *number);
            assert!(whole, "version {number} is half there: {told}: {:?}", there.keys());
        }
        if serves == new && (switched || serves != old || batch(now, root) == new_batch) {
            switched = true;
            if !serves.is_empty() {
                assert_eq!(batch(now, root), new_batch, "{told}");
            }
        } else {
            assert!(!switched, "it went back: {told}");
            assert_eq!(serves, old, "{told}");
            assert!(serves.is_empty() || batch(now, root) == old_batch, "{told}");
        }
    }
}
