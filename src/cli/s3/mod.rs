//! `modelquay s3 …`: the bucket browser without its screens.

pub mod args;
mod bar;
mod carry;
mod change;
mod lint;
mod list;
mod out;
mod read;
mod report;
mod trust;
mod way;

use super::args::Global;
use super::wire::refuse;
use super::{interrupt, output};
use crate::app::Exit;
use crate::base::Cancel;
use crate::plan::{Failure, FailureKind};
use crate::ports::objects::{At, ObjectError};
use crate::registry::address::Address;
use args::{Command, S3};
use out::Out;
use std::time::Duration;
use way::{Reached, Way};

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
        Self::Failure(error.failure)
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
            () = cancel.stop_asked() => {
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
        Command::Cp(args) => change::copy(&way, out, args, false).await,
        Command::Mv(args) => change::copy(&way, out, args, true).await,
        Command::Rm(args) => change::rm(&way, out, args).await,
        Command::Verify(args) => change::verify(&way, out, args).await,
    }
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
        let failure = Failure::permanent("no object is named").help("Name its key behind the bucket.");
        return Err(Ended::Usage(failure));
    }
    let reached = way.to(&address.place).await?;
    Ok((reached, At::new(address.bucket, address.key)))
}
