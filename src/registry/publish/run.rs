//! Carries a list of steps out, and says how far it is and where things stand when it ends early.
//!
//! It may be stopped, or killed, at any moment: between two writes Triton serves what it served before or
//! what it is to serve, and the same command goes on. Each step looks whether it is done already.

use super::leavings::same;
use super::look::{self, ReadConfig};
use super::prepare::Prepared;
use super::{Place, Step, config};
use crate::base::Cancel;
use crate::plan::Failure;
use crate::ports::objects::{At, Notes, ObjectError, ObjectInfo, OnlyIf, Why};
use crate::registry::change::{copy_of, new_prefix};
use crate::registry::transfer::patience::patiently;
use crate::registry::transfer::{End, Meter, There, Transfers, Trouble, Upload, Verified, Way, upload, verify_whole};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// How a list is carried out.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long the pause behind a pin is at least: a look that is under way has more to do than to ask.
    pub at_least: Duration,
    /// How long it is, in place of what the repository's size gives.
    pub pause: Option<Duration>,
    /// Asks to stop.
    pub cancel: Cancel,
}

impl Default for Options {
    fn default() -> Self {
        Self { at_least: Duration::from_secs(2), pause: None, cancel: Cancel::new() }
    }
}

impl Options {
    /// How long the pause behind a pin is.
    pub fn pause(&self, prepared: &Prepared) -> Duration {
        let requests = u32::try_from(prepared.requests).unwrap_or(u32::MAX);
        self.pause.unwrap_or_else(|| prepared.round_trip.saturating_mul(requests).max(self.at_least))
    }
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// It was done before.
    WasDone,
    /// So many bytes were sent.
    Sent(u64),
    /// The bytes are those of the file, by this.
    Verified(Verified),
}

/// What is told on the way.
#[derive(Debug)]
pub enum Told<'a> {
    /// A step begins.
    Begins {
        /// Its number, from 1.
        number: usize,
        /// Of how many.
        of: usize,
        /// The step.
        step: &'a Step,
        /// Counts its bytes.
        meter: &'a Arc<Meter>,
    },
    /// The step is a pause, and lasts so long.
    Waits {
        /// How long.
        lasts: Duration,
        /// For so many requests of Triton's.
        requests: u64,
        /// Of this time each.
        round_trip: Duration,
    },
    /// The step ended well.
    Ended {
        /// Its number, from 1.
        number: usize,
        /// The step.
        step: &'a Step,
        /// How.
        outcome: Outcome,
    },
}

/// Where things stand at the end.
#[derive(Clone, Debug, PartialEq)]
pub struct Stands {
    /// Steps that are done.
    pub done: usize,
    /// Of how many.
    pub of: usize,
    /// Writes that this run made, in their order.
    pub written: Vec<Step>,
    /// Bytes that were sent.
    pub sent: u64,
    /// The versions that Triton would serve now, by what is there now; or why that cannot be told.
    pub serves: Result<Vec<i64>, Failure>,
    /// Whether the write is made by which the new comes to be served; only clearing up may be left then.
    pub switched: bool,
}

/// A list that was not carried out to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Stopped {
    /// Why; `None` where somebody asked for it.
    pub trouble: Option<Trouble>,
    /// In which step.
    pub step: Step,
    /// Where things stand.
    pub stands: Stands,
}

struct Run<'a> {
    of: &'a Transfers,
    prepared: &'a Prepared,
    config: Option<ReadConfig>,
    /// The tags of what was uploaded, or was found there with the same bytes.
    mine: BTreeMap<Place, Option<String>>,
}

/// Carries the steps out.
pub async fn run(
    of: &Transfers,
    prepared: &Prepared,
    options: &Options,
    mut told: impl FnMut(Told<'_>),
) -> Result<Stands, Box<Stopped>> {
    let steps = &prepared.plan.steps;
    let mut run = Run { of, prepared, config: prepared.ours.clone(), mine: BTreeMap::new() };
    let mut written = Vec::new();
    let mut sent = 0;
    for (at, step) in steps.iter().enumerate() {
        let way = Way::free();
        told(Told::Begins { number: at + 1, of: steps.len(), step, meter: &way.meter });
        if matches!(step, Step::Settle) {
            let lasts = options.pause(prepared);
            told(Told::Waits { lasts, requests: prepared.requests, round_trip: prepared.round_trip });
        }
        let ended = tokio::select! {
            biased;
            () = options.cancel.stop_asked() => Err(None),
            ended = run.step(step, &way, options) => ended.map_err(Some),
        };
        match ended {
            Ok(outcome) => {
                if step.writes() && outcome != Outcome::WasDone {
                    written.push(step.clone());
                }
                if let Outcome::Sent(bytes) = outcome {
                    sent += bytes;
                }
                told(Told::Ended { number: at + 1, step, outcome });
            }
            Err(trouble) => {
                let stands = stands(of, prepared, at, written, sent).await;
                return Err(Box::new(Stopped { trouble, step: step.clone(), stands }));
            }
        }
    }
    Ok(stands(of, prepared, steps.len(), written, sent).await)
}

/// Asks the rules what is served, by what is there.
async fn stands(of: &Transfers, prepared: &Prepared, done: usize, written: Vec<Step>, sent: u64) -> Stands {
    let (objects, earlier) = (&**of.objects(), &prepared.present);
    let present = look::model_now(objects, &prepared.bucket, earlier, &prepared.model).await;
    let serves = present
        .map_err(|error| error.failure)
        .map(|present| look::judged(&present, &prepared.model).map(|model| model.served).unwrap_or_default());
    let left = prepared.plan.steps.get(done..).unwrap_or_default();
    let places = |step: &Step| match step {
        Step::Config { .. } | Step::Copy { .. } | Step::Marker { .. } => true,
        Step::Upload { to, .. } => to.bucket.is_none() && prepared.placed_in_the_end(to),
        Step::Delete { at } => at.bucket.is_none() && at.key == prepared.config_key,
        Step::Verify { .. } | Step::Settle => false,
    };
    Stands { done, of: prepared.plan.steps.len(), written, sent, serves, switched: !left.iter().any(places) }
}

impl Prepared {
    /// Whether it is a place within the model, where files are in the end.
    fn placed_in_the_end(&self, place: &Place) -> bool {
        let dir = self.config_key.strip_suffix("config.pbtxt").unwrap_or_default();
        place.bucket.is_none() && place.key.starts_with(dir)
    }
}

impl Run<'_> {
    fn at(&self, place: &Place) -> At {
        At::new(place.bucket.as_deref().unwrap_or(&self.prepared.bucket), &place.key)
    }

    fn source(&self, place: &Place) -> Result<&Path, Trouble> {
        self.prepared.sources.get(place).map(std::path::PathBuf::as_path).ok_or_else(|| {
            let failure = Failure::permanent(format!("there is no file here for {place}"));
            Trouble::new(End::Impossible, failure)
        })
    }

    async fn step(&mut self, step: &Step, way: &Way, options: &Options) -> Result<Outcome, Trouble> {
        match step {
            Step::Upload { to: place, .. } | Step::Verify { at: place, .. } if self.prepared.placed.contains(place) => {
                Ok(Outcome::WasDone)
            }
            Step::Upload { to, .. } => self.upload(to, way).await,
            Step::Verify { at, .. } => {
                Ok(Outcome::Verified(verify_whole(self.of, way, &self.at(at), self.source(at)?).await?))
            }
            Step::Copy { from, to, .. } => self.copy(from, to, way).await,
            Step::Config { key, text, condition, .. } => {
                let at = At::new(&self.prepared.bucket, key);
                let job = config::Write { at, text, condition, ours: self.config.as_ref() };
                let wrote = config::write(self.of, way, job).await?;
                self.config = Some(wrote.config);
                Ok(if wrote.was_there { Outcome::WasDone } else { Outcome::Done })
            }
            Step::Marker { key, .. } => {
                if self.look(way, &At::new(&self.prepared.bucket, key)).await?.is_some() {
                    return Ok(Outcome::WasDone);
                }
                new_prefix(self.of, way, &self.prepared.bucket, key).await?;
                Ok(Outcome::Done)
            }
            Step::Settle => {
                tokio::time::sleep(options.pause(self.prepared)).await;
                Ok(Outcome::Done)
            }
            Step::Delete { at } => self.delete(at, way).await,
        }
    }

    /// What is at a place.
    async fn look(&self, way: &Way, at: &At) -> Result<Option<ObjectInfo>, Trouble> {
        match patiently!(self.of.limits(), &way.meter, self.of.objects().head(at)) {
            Ok(info) => Ok(Some(info)),
            Err(ObjectError { why: Why::Missing, .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn upload(&mut self, to: &Place, way: &Way) -> Result<Outcome, Trouble> {
        let job = Upload {
            file: self.source(to)?.to_owned(),
            to: self.at(to),
            notes: Notes::default(),
            only: OnlyIf::Absent,
            there: There::MaybeTheSame,
        };
        let done = match upload(self.of, way, &job).await {
            // What is staged means nothing, so that what another try has left there is replaced.
            Err(trouble) if trouble.end == End::Exists && !self.prepared.placed_in_the_end(to) => {
                let job = Upload { only: OnlyIf::Always, there: There::Unknown, ..job };
                upload(self.of, way, &job).await?
            }
            done => done?,
        };
        let outcome = if done.carried == 0 && done.size > 0 { Outcome::WasDone } else { Outcome::Sent(done.carried) };
        self.mine.insert(to.clone(), done.etag);
        Ok(outcome)
    }

    async fn copy(&mut self, from: &Place, to: &str, way: &Way) -> Result<Outcome, Trouble> {
        let place = Place { bucket: None, key: to.to_owned() };
        if self.prepared.placed.contains(&place) {
            return Ok(Outcome::WasDone);
        }
        let (source, target) = (self.at(from), self.at(&place));
        if self.look(way, &target).await?.is_some() {
            if same(self.of, way, &target, self.source(&place)?).await? {
                return Ok(Outcome::WasDone);
            }
            let failure = Failure::needs_human(format!("{to} is there already, and is something else"));
            return Err(Trouble::new(End::Exists, failure.help("Somebody else is writing this version: look at it.")));
        }
        let staged = self.look(way, &source).await?;
        let mine = self.mine.get(from);
        // What was verified is what is copied, and nothing that somebody put there since.
        let staged = staged.filter(|info| mine == Some(&info.etag)).ok_or_else(|| {
            let failure = Failure::needs_human(format!("{from} is not what was staged there any more"));
            Trouble::new(
                End::Unsteady,
                failure.help("Give the command again, when nobody else publishes this version."),
            )
        })?;
        copy_of(self.of, way, (&source, &staged), &target, None, &OnlyIf::Absent).await?;
        Ok(Outcome::Done)
    }

    async fn delete(&mut self, place: &Place, way: &Way) -> Result<Outcome, Trouble> {
        let at = self.at(place);
        if place.bucket.is_none() && place.key == self.prepared.config_key {
            let there = config::now(self.of, way, &at).await?;
            if there.is_none() {
                return Ok(Outcome::WasDone);
            }
            if !config::holds(&super::Condition::Ours, self.config.as_ref(), there.as_ref()) {
                return Err(config::changed(&at));
            }
        }
        let staged = self.prepared.sources.get(place).filter(|_| !self.prepared.placed_in_the_end(place));
        let Some(file) = staged else { return self.gone(way, &at).await };
        let Some(info) = self.look(way, &at).await? else { return Ok(Outcome::WasDone) };
        let mine = match self.mine.get(place) {
            Some(etag) => *etag == info.etag,
            None => same(self.of, way, &at, file).await?,
        };
        if !mine {
            // Somebody staged something else there since; it is theirs to clear up.
            return Ok(Outcome::WasDone);
        }
        // Where versions are kept, a copy that was only there to be copied from would stay for good.
        let exact = At { version: info.version, ..at.clone() };
        match self.gone(way, &exact).await {
            Err(Trouble { end: End::Service(Why::Denied), .. }) if exact.version.is_some() => self.gone(way, &at).await,
            ended => ended,
        }
    }

    async fn gone(&self, way: &Way, at: &At) -> Result<Outcome, Trouble> {
        match patiently!(self.of.limits(), &way.meter, self.of.objects().delete(at)) {
            Ok(_) => Ok(Outcome::Done),
            Err(ObjectError { why: Why::Missing, .. }) => Ok(Outcome::WasDone),
            Err(error) => Err(error.into()),
        }
    }
}
