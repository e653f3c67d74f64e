//! `modelquay s3 …`: the bucket browser without its screens.

mod about;
pub mod args;
mod bar;
mod carry;
mod change;
mod copy;
mod lint;
mod list;
mod make;
mod out;
pub mod publish;
mod read;
mod report;
mod told;
mod trust;
mod undo;
mod uploads;
mod way;

pub(in crate::cli) use publish::config_text;

use super::args::Global;
use super::wire::refuse;
use super::{interrupt, output};
use crate::app::Exit;
use crate::base::Cancel;
use crate::plan::{Failure, FailureKind};
use crate::ports::objects::{At, ObjectError, Why};
use crate::registry::address::Address;
use crate::registry::listing::Doubt;
use crate::registry::transfer::{End, Transfers, Trouble};
use args::{Carry, Command, S3};
use out::Out;
use std::time::Duration;
use way::{Reached, Way};

/// Rows, clashes and failures that are shown one by one on standard error.
const SHOWN: usize = 20;

/// Why a command did not do what it was asked.
enum Ended {
    /// Something failed.
    Failure(Failure),
    /// A transfer ended without its object, with this exit.
    Transfer(Failure, u8),
    /// What was typed makes no sense.
    Usage(Failure),
    /// Whoever reads standard output has had enough, or it cannot be written.
    Output(std::io::Error),
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<ObjectError> for Ended {
    fn from(error: ObjectError) -> Self {
        // What may pass gets its words where it is known that nothing was changed.
        Self::Failure(if error.may_pass() { error.failure } else { with_help(error.failure, error.why) })
    }
}

impl From<Trouble> for Ended {
    fn from(trouble: Trouble) -> Self {
        let exit = trouble.exit();
        let failure = match trouble.end {
            End::Service(why) => with_help(trouble.failure, why),
            _ => trouble.failure,
        };
        Self::Transfer(failure, exit)
    }
}

/// What can be done about a refusal, where whoever noticed it knew nothing better.
fn help(why: Why) -> Option<&'static str> {
    match why {
        Why::Denied => {
            Some("Use a key that may do this: --as WHO at a site of yours, --profile or AWS_* at another service.")
        }
        Why::Missing => Some("`s3 ls` shows what is there, and `s3 versions` what was deleted."),
        Why::Changed => Some("Somebody else wrote it meanwhile: look at what is there, then say the same again."),
        Why::Busy => Some("Say the same again when the service has less to do."),
        Why::Unsupported => Some("This service does not have that: do it in another way."),
        Why::Cut => Some("Say the same again when the link is back; look first whether it was done."),
        Why::Full => Some("Make room at the service, then say the same again."),
        Why::BadRange | Why::Refused => None,
    }
}

fn with_help(failure: Failure, why: Why) -> Failure {
    match help(why) {
        Some(text) if failure.hint.is_none() => failure.help(text),
        _ => failure,
    }
}

impl From<std::io::Error> for Ended {
    fn from(error: std::io::Error) -> Self {
        Self::Output(error)
    }
}

type Done = Result<Exit, Ended>;

/// Runs one of them.
pub fn run(global: &Global, args: &S3) -> Exit {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&Failure::permanent("start the program's threads").because(error.to_string())),
    };
    let cancel = Cancel::new();
    let done = runtime.block_on(async {
        if let Err(error) = interrupt::listen(&cancel, "modelquay: ending as asked") {
            output::talk(&format!("modelquay: signals cannot be heard: {error}"));
        }
        // What these commands leave at any moment is in order or can be gone on with, so that the first signal
        // ends them.
        tokio::select! {
            done = command(global, args, &cancel) => done,
            () = ended(&cancel, &args.command) => {
                if args.command.carries() {
                    output::talk("help: What was carried is kept: the same command goes on there.");
                }
                Ok(Exit::Interrupted)
            }
        }
    });
    runtime.shutdown_timeout(Duration::from_secs(2));
    match done {
        Ok(exit) => exit,
        Err(Ended::Failure(failure)) => refuse(&of_reads(failure)),
        Err(Ended::Transfer(failure, code)) => {
            refuse(&failure);
            exit(code)
        }
        Err(Ended::Usage(failure)) => {
            refuse(&failure);
            Exit::Usage
        }
        Err(Ended::Output(error)) => output::after(&error),
    }
}

/// Waits until a command is to end whatever it does.
async fn ended(cancel: &Cancel, command: &Command) {
    if command.ends_itself() { cancel.leave_asked().await } else { cancel.stop_asked().await }
}

/// The exit with this number.
fn exit(code: u8) -> Exit {
    Exit::ALL.iter().copied().find(|exit| exit.code() == code).unwrap_or(Exit::Failed)
}

/// The commands that end so read: one that was cut off has failed, and left nothing in between.
fn of_reads(mut failure: Failure) -> Failure {
    if failure.kind == FailureKind::Unknown {
        failure.kind = FailureKind::Transient;
    }
    if failure.hint.is_none() && failure.kind == FailureKind::Transient {
        failure.hint = Some("Try again; nothing was changed.".to_owned());
    }
    failure
}

async fn command(global: &Global, args: &S3, cancel: &Cancel) -> Done {
    let way = Way::new(global, args, cancel)?;
    let out = Out::new(global.json);
    match &args.command {
        Command::Ls(args) => list::ls(&way, out, args).await,
        Command::Tree(args) => list::tree(&way, out, args).await,
        Command::Versions(args) => list::versions(&way, out, args).await,
        Command::Cat(args) => read::cat(&way, out, args).await,
        Command::Head(args) => read::head(&way, out, args).await,
        Command::Share(args) => read::share(&way, out, args).await,
        Command::Lint(args) => lint::lint(&way, out, args).await,
        Command::Trust(args) => trust::trust(&way, out, args).await,
        Command::Du(args) => report::du(&way, out, args).await,
        Command::Get(args) => carry::get(&way, out, args).await,
        Command::Put(args) => carry::put(&way, out, args).await,
        Command::Cp(args) => copy::cp(&way, out, args).await,
        Command::Mv(args) => copy::mv(&way, out, args).await,
        Command::Rm(args) => change::rm(&way, out, args).await,
        Command::Verify(args) => change::verify(&way, out, args).await,
        Command::Stat(args) => about::stat(&way, out, args).await,
        Command::Tags(args) => about::tags(&way, out, args).await,
        Command::Set(args) => about::set(&way, out, args).await,
        Command::Undelete(args) => undo::undelete(&way, out, args).await,
        Command::Restore(args) => undo::restore(&way, out, args).await,
        Command::Mkdir(args) => make::prefix(&way, out, args).await,
        Command::Mb(args) => make::bucket(&way, out, args).await,
        Command::Uploads(args) => uploads::uploads(&way, out, args).await,
        Command::Publish(args) => publish::publish(&way, out, args, cancel).await,
        Command::RollBack(args) => publish::roll_back(&way, out, args, cancel).await,
    }
}

fn usage(message: impl Into<String>, help: &str) -> Ended {
    Ended::Usage(Failure::permanent(message).help(help))
}

/// Says what the service said of its keys that cannot be right.
fn doubtful(doubts: &[Doubt]) {
    for doubt in doubts {
        output::talk(&format!("warning: the service's list of keys cannot be right: {}", list::doubtful(*doubt)));
    }
}

/// A prefix that a directory can stand for ends where a part of the key ends.
fn as_prefix(key: &str) -> String {
    if key.is_empty() || key.ends_with('/') { key.to_owned() } else { format!("{key}/") }
}

/// One key, or with `recursive` everything under a prefix.
fn meant(key: &str, recursive: bool) -> Result<String, Ended> {
    if recursive {
        Ok(as_prefix(key))
    } else if key.is_empty() || key.ends_with('/') {
        Err(usage("everything under a prefix is meant", "Say -r."))
    } else {
        Ok(key.to_owned())
    }
}

/// How something is called where its name is to be typed.
fn named(bucket: &str, key: &str) -> String {
    if key.is_empty() { bucket.to_owned() } else { format!("{bucket}/{key}") }
}

/// The end of something that was done to many: what failed has been said, and what was not begun is counted.
fn unless_failed(failed: impl Iterator<Item = Why>, left: u64) -> Exit {
    let failed: Vec<_> = failed.collect();
    if failed.is_empty() && left == 0 {
        return Exit::Done;
    }
    let text = failed.iter().find_map(|why| help(*why)).unwrap_or("The same command goes on with what is missing.");
    output::talk(&format!("help: {text}"));
    if failed.contains(&Why::Cut) { Exit::Unknown } else { Exit::Failed }
}

/// An address as it was typed.
fn address(text: &str) -> Result<Address, Ended> {
    Address::parse(text).map_err(|bad| {
        let text = crate::base::sanitise::text(text, 200);
        Ended::Usage(
            Failure::permanent(format!("{text:?} is no address: {bad}"))
                .help("Write s3://BUCKET/KEY, or SITE:BUCKET/KEY for a site of yours."),
        )
    })
}

/// An address that names a bucket.
fn in_bucket(text: &str) -> Result<Address, Ended> {
    let address = address(text)?;
    if address.bucket.is_empty() {
        let failure = Failure::permanent("no bucket is named").help("`modelquay s3 ls` lists the buckets.");
        return Err(Ended::Usage(failure));
    }
    Ok(address)
}

/// An address that names an object.
async fn object(way: &Way<'_>, text: &str) -> Result<(Reached, At), Ended> {
    let address = in_bucket(text)?;
    if address.key.is_empty() {
        return Err(usage("no object is named", "Name its key behind the bucket."));
    }
    let reached = way.to(&address.place).await?;
    Ok((reached, At::new(address.bucket, address.key)))
}

/// The object that an address names, and what carries or changes it: with `writes` signed by the key that may write.
async fn one(way: &Way<'_>, text: &str, version: Option<&String>, writes: bool) -> Result<(Transfers, At), Ended> {
    let address = in_bucket(text)?;
    if address.key.is_empty() {
        return Err(usage("no object is named", "Name its key behind the bucket."));
    }
    let of = way.transfers(&address.place, writes, &Carry::default()).await?;
    Ok((of, At { version: version.cloned(), ..At::new(address.bucket, address.key) }))
}
