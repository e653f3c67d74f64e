//! `s3 publish` and `s3 roll-back`.

mod args;
mod show;

pub use args::{Publish, RollBack, Steps, To};

use super::super::output;
use super::args::Carry;
use super::bar::Bar;
use super::out::{Out, number};
use super::told::Told as Line;
use super::way::Way;
use super::{Done, Ended, in_bucket, list, usage};
use crate::app::Exit;
use crate::base::Cancel;
use crate::base::sanitise::visible;
use crate::plan::Failure;
use crate::registry::address::{Address, Place};
use crate::registry::publish::prepare::{self, Prepared, Was, Wish};
use crate::registry::publish::run::{Options, Told, run};
use crate::registry::publish::{self, Layout, Staging, Step, understand};
use crate::registry::transfer::{self, Transfers, Trouble};
use crate::transport::disk::Disk;
use std::io::Read as _;
use std::path::Path;

/// The largest config that is read.
const LARGEST_CONFIG: u64 = 1 << 20;

/// A model in a repository.
#[derive(Debug, PartialEq, Eq)]
struct Target {
    place: Place,
    bucket: String,
    root: String,
    model: String,
    version: Option<i64>,
}

impl Target {
    fn parse(text: &str) -> Result<Self, Ended> {
        Self::of(in_bucket(text)?).ok_or_else(|| {
            usage("no model is named", "Write the repository and then the model, as in s3://BUCKET/PREFIX/MODEL.")
        })
    }

    /// What is behind a model, and a number, is its version.
    fn of(address: Address) -> Option<Self> {
        let path = address.key.trim_matches('/');
        let (before, last) = path.rsplit_once('/').unwrap_or(("", path));
        let version = last.bytes().all(|byte| byte.is_ascii_digit()).then(|| last.parse().ok()).flatten();
        let (path, version) = if before.is_empty() || version.is_none() { (path, None) } else { (before, version) };
        let (root, model) = path.rsplit_once('/').unwrap_or(("", path));
        let (place, bucket) = (address.place, address.bucket);
        (!model.is_empty()).then(|| Self { place, bucket, root: root.to_owned(), model: model.to_owned(), version })
    }

    /// Where files lie before they are in place.
    fn staging(&self, stage: Option<&str>) -> Result<Staging, Ended> {
        let Some(text) = stage else {
            return Ok(Staging::of_repository(&self.root));
        };
        let address = in_bucket(text)?;
        if address.place != self.place {
            return Err(usage("files are staged at the service of the repository", "Name a place there with --stage."));
        }
        let bucket = (address.bucket != self.bucket).then_some(address.bucket);
        Ok(Staging::Under { bucket, prefix: address.key.trim_matches('/').to_owned() })
    }
}

/// The text of a config in a file.
pub(in crate::cli) fn config_text(path: &Path) -> Result<String, Failure> {
    let unreadable = |why: String| {
        let failure = Failure::permanent(format!("{} cannot be read", path.display())).because(why);
        failure.help("Name a config.pbtxt, a text in UTF-8.")
    };
    let file = std::fs::File::open(path).map_err(|error| unreadable(error.to_string()))?;
    let mut text = String::new();
    file.take(LARGEST_CONFIG + 1).read_to_string(&mut text).map_err(|error| unreadable(error.to_string()))?;
    if text.len() as u64 > LARGEST_CONFIG {
        return Err(unreadable("it is larger than 1 MiB, and no config is".to_owned()));
    }
    Ok(text)
}

/// `s3 publish`.
pub(super) async fn publish(way: &Way<'_>, mut out: Out, args: &Publish, cancel: &Cancel) -> Done {
    let target = Target::parse(&args.address)?;
    if args.version.is_some() && target.version.is_some() && args.version != target.version {
        return Err(usage("two versions are named", "Name it in the address or with --version."));
    }
    let staging = target.staging(args.stage.as_deref())?;
    let directory = understand(&Disk, &args.dir).await.map_err(|trouble| Ended::Usage(trouble.failure))?;
    let config =
        args.config.as_deref().or(directory.config.as_deref()).map(config_text).transpose().map_err(Ended::Usage)?;
    let carry = Carry { limit: args.limit, ..Carry::default() };
    let of = way.transfers(&target.place, true, &carry).await?;
    for hidden in directory.left_out.iter().take(20) {
        output::talk(&format!("left out: {}: it is hidden, or incomplete", visible(hidden)));
    }
    let taken_for = match directory.layout {
        Layout::Version => "a version's directory".to_owned(),
        Layout::Model(Some(version)) => format!("a model's directory with version {version}"),
        Layout::Model(None) => "a model's directory without a version".to_owned(),
    };
    let wish = Wish {
        bucket: target.bucket.clone(),
        root: target.root.clone(),
        model: target.model.clone(),
        version: args.version.or(target.version),
        directory,
        config,
        staging,
        may_pin: !args.no_pin,
    };
    let (free, mut line) = (transfer::Way::free(), Line::new());
    let listed = |keys: usize| line.tell(|| format!("{} keys", number(keys as u64)));
    let prepared = unless_asked(cancel, prepare::publish(&of, &free, &wish, listed)).await;
    drop(line);
    let Some(prepared) = prepared else { return Ok(Exit::Interrupted) };
    let prepared = prepared.map_err(|unready| show::unready(&mut out, unready))?;
    let version = prepared.version.unwrap_or_default();
    let title = format!(
        "{} version {version} from {} ({taken_for}){}",
        visible(&target.model),
        args.dir.display(),
        if wish.config.is_some() { ", with its config.pbtxt" } else { "" }
    );
    let words = format!("published {} version {version}", visible(&target.model));
    let kinds = Kinds { plan: "publish", done: "published", title, words };
    carried_out(way, &of, out, &prepared, &kinds, &args.steps, cancel).await
}

/// `s3 roll-back`.
pub(super) async fn roll_back(way: &Way<'_>, mut out: Out, args: &RollBack, cancel: &Cancel) -> Done {
    let target = Target::parse(&args.address)?;
    if target.version.is_some() {
        return Err(usage("a version is named in the address", "Name the model, and the version with --to."));
    }
    let config = args.config.as_deref().map(config_text).transpose().map_err(Ended::Usage)?;
    let of = way.transfers(&target.place, true, &Carry::default()).await?;
    let wish = publish::RollBack { model: target.model.clone(), to: args.to.version(), remove: args.remove, config };
    let mut line = Line::new();
    let listed = |keys: usize| line.tell(|| format!("{} keys", number(keys as u64)));
    let preparing = prepare::roll_back(&of, &target.bucket, &target.root, &wish, listed);
    let prepared = unless_asked(cancel, preparing).await;
    drop(line);
    let Some(prepared) = prepared else { return Ok(Exit::Interrupted) };
    let prepared = prepared.map_err(|unready| show::unready(&mut out, unready))?;
    let model = visible(&target.model).into_owned();
    let (title, words) = match wish.to {
        Some(to) => (format!("{model} back to version {to}"), format!("{model} is back at version {to}")),
        None => (format!("{model} out of service"), format!("{model} is out of service")),
    };
    let kinds = Kinds { plan: "roll-back", done: "rolled-back", title, words };
    carried_out(way, &of, out, &prepared, &kinds, &args.steps, cancel).await
}

/// What rows are called, and what they say.
struct Kinds {
    plan: &'static str,
    done: &'static str,
    title: String,
    words: String,
}

/// What comes first: the result, or somebody who asks to stop; nothing was begun then.
async fn unless_asked<T>(cancel: &Cancel, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        biased;
        () = cancel.stop_asked() => None,
        done = work => Some(done),
    }
}

async fn carried_out(
    way: &Way<'_>,
    of: &Transfers,
    mut out: Out,
    prepared: &Prepared,
    kinds: &Kinds,
    args: &Steps,
    cancel: &Cancel,
) -> Done {
    list::warn(&prepared.doubts);
    show::plan(&mut out, kinds.plan, &kinds.title, prepared)?;
    out.flush()?;
    if args.dry_run {
        return Ok(Exit::Done);
    }
    if prepared.changes_served {
        match unless_asked(cancel, way.agreed(args.yes, &prepared.model, "nothing was changed")).await {
            None => return Ok(Exit::Interrupted),
            Some(agreed) => agreed?,
        }
    }
    let options = Options { pause: args.pause, cancel: cancel.clone(), ..Options::default() };
    let (steps, mut bar, mut written) = (prepared.plan.steps.len(), None, Ok(()));
    let ended = run(of, prepared, &options, |told| match told {
        Told::Begins {
            step: step @ (Step::Upload { .. } | Step::Verify { .. } | Step::Copy { .. }), meter, ..
        } => {
            bar = Some(Bar::of_one(visible(&step.to_string()).into_owned(), meter.clone()));
        }
        Told::Begins { .. } => {}
        Told::Waits { lasts, requests, round_trip } => show::waits(lasts, requests, round_trip),
        Told::Ended { number, step, outcome } => {
            bar = None;
            // Whoever has had enough of the rows still gets what was asked for done.
            if written.is_ok() {
                written = show::ended(&mut out, number, steps, step, &outcome);
            }
        }
    })
    .await;
    drop(bar);
    match ended {
        Ok(stands) => {
            written?;
            show::done(&mut out, kinds.done, &kinds.words, prepared, &stands)?;
            match stands.serves {
                Ok(serves) if serves != prepared.plan.serves && prepared.was != Was::Done => {
                    let (now, then) = (show::versions(&serves), show::versions(&prepared.plan.serves));
                    let failure = Failure::needs_human(format!("Triton would serve {now}, and not {then}"));
                    Err(Ended::Failure(
                        failure.help("Somebody else has changed the model meanwhile: look with `s3 lint`."),
                    ))
                }
                Ok(_) => Ok(Exit::Done),
                Err(failure) => {
                    output::talk(&format!("warning: what Triton would serve cannot be told: {}", failure.line()));
                    Ok(Exit::Done)
                }
            }
        }
        Err(stopped) => {
            show::stopped(&mut out, prepared, &stopped)?;
            let help = if stopped.stands.switched {
                "All is in place; the same command clears up what is left."
            } else {
                "The same command goes on from there."
            };
            match stopped.trouble {
                None => {
                    output::talk(&format!("help: {help}"));
                    Ok(Exit::Interrupted)
                }
                Some(trouble) => Err(of_step(trouble, help)),
            }
        }
    }
}

/// The failure of a step, with what to do.
fn of_step(trouble: Trouble, help: &str) -> Ended {
    match Ended::from(trouble) {
        Ended::Transfer(mut failure, code) => {
            let hint = failure.hint.take().map(|hint| format!("{hint} ")).unwrap_or_default();
            Ended::Transfer(failure.help(format!("{hint}{help}")), code)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Option<(String, String, Option<i64>)> {
        let target = Target::of(Address::parse(text).expect("an address"))?;
        Some((target.root, target.model, target.version))
    }

    #[test]
    fn an_address_names_repository_model_and_version() {
        let of = |root: &str, model: &str, version| Some((root.to_owned(), model.to_owned(), version));
        assert_eq!(target("s3://models/face"), of("", "face", None));
        assert_eq!(target("s3://models/face/3/"), of("", "face", Some(3)));
        assert_eq!(target("edge:models/prod/eu/face"), of("prod/eu", "face", None));
        assert_eq!(target("s3://models/prod/face/12"), of("prod", "face", Some(12)));
        assert_eq!(target("s3://models/7"), of("", "7", None), "a model may be called so");
        assert_eq!(target("s3://models/a/99999999999999999999"), of("a", "99999999999999999999", None));
        assert_eq!(target("s3://models/"), None);
    }

    #[test]
    fn files_are_staged_outside_where_there_is_an_outside() {
        let staging = |text: &str, stage: Option<&str>| {
            let target = Target::of(Address::parse(text).expect("an address")).expect("a model");
            target.staging(stage).ok()
        };
        let under = |bucket: Option<&str>, prefix: &str| {
            Some(Staging::Under { bucket: bucket.map(ToOwned::to_owned), prefix: prefix.to_owned() })
        };
        assert_eq!(staging("s3://models/face", None), Some(Staging::InPlace));
        assert_eq!(staging("s3://models/prod/eu/face", None), under(None, "modelquay-staging/prod/eu"));
        assert_eq!(staging("s3://models/face", Some("s3://scratch/x/")), under(Some("scratch"), "x"));
        assert_eq!(staging("s3://models/a/face", Some("s3://models/x")), under(None, "x"));
        assert_eq!(staging("s3://models/face", Some("edge:models/x")), None);
    }
}
