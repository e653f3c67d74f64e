//! The grammar of `modelquay s3 …`.

use super::super::args::{Reaching, ServiceFlags, SiteKeys, duration};
use super::about::{Set, Stat, Tags};
use super::copy::{Copy, Move};
use super::make::{Bucket, Prefix};
use super::publish::{Publish, RollBack};
use super::undo::{Restore, Undelete};
use super::uploads::Uploads;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

pub(super) const OBJECT: &str = "s3://BUCKET/KEY or SITE:BUCKET/KEY";
pub(super) const PREFIX: &str = "s3://BUCKET/PREFIX or SITE:BUCKET/PREFIX";
pub(super) const EITHER: &str = "s3://BUCKET/KEY or a prefix that ends in /; SITE:BUCKET/KEY for a site of yours";
const EVERYTHING: &str = "s3://BUCKET/PREFIX or SITE:BUCKET/PREFIX; without a bucket the buckets are listed";
const SERVICE: &str = "s3:// or SITE:, whatever follows; without one as for the other commands";

/// `s3`.
#[derive(Debug, Args)]
pub struct S3 {
    /// What is to be done.
    #[command(subcommand)]
    pub command: Command,
    /// A site's keys.
    #[command(flatten)]
    pub keys: SiteKeys,
    /// Which service `s3://…` means.
    #[command(flatten)]
    pub service: ServiceFlags,
    /// Questions and time-outs.
    #[command(flatten)]
    pub reaching: Reaching,
}

/// What can be done.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List buckets, or what lies in one
    Ls(Ls),
    /// Show everything under a prefix as a tree
    Tree(Tree),
    /// Write objects to standard output, whole
    Cat(Cat),
    /// Write the begin of an object to standard output
    Head(Head),
    /// Say where the space goes, with old versions and unfinished uploads
    Du(Du),
    /// List the versions and delete markers of objects
    Versions(Versions),
    /// Print a URL that lets its holder read or write one object for a while
    Share(Share),
    /// Fetch an object, or everything under a prefix; goes on after a break, and is verified
    Get(Get),
    /// Send a file, or a directory; goes on after a break, and is verified
    Put(Put),
    /// Copy an object, or everything under a prefix, at its service
    Cp(Copy),
    /// Copy at the service, then delete the source
    Mv(Move),
    /// Delete an object, or everything under a prefix: counted first
    Rm(Rm),
    /// Compare an object with its checksum, or with a file
    Verify(Verify),
    /// Say all that is known of an object: size, type, checksums, notes, tags
    Stat(Stat),
    /// List the tags of an object, or change them
    Tags(Tags),
    /// Change the content type and the notes of an object
    Set(Set),
    /// Have what was deleted back, where versions are kept
    Undelete(Undelete),
    /// Make an old version the current one
    Restore(Restore),
    /// Make a prefix that is seen while nothing lies under it
    Mkdir(Prefix),
    /// Make a bucket
    Mb(Bucket),
    /// List unfinished uploads, or throw them away
    Uploads(Uploads),
    /// Say which models Triton would serve from a prefix, and what keeps it from the others
    Lint(Lint),
    /// Show whose certificate a service has, who vouches for it and until when, and what its clock says
    Trust(Trust),
    /// Publish a model's version so that Triton never sees half of it
    Publish(Publish),
    /// Go back to a version that is there
    RollBack(RollBack),
}

impl Command {
    /// Whether it is gone on with by the same command.
    pub fn carries(&self) -> bool {
        matches!(self, Self::Get(_) | Self::Put(_))
    }

    /// Whether it says where things stand before it ends as asked.
    pub fn ends_itself(&self) -> bool {
        matches!(self, Self::Publish(_) | Self::RollBack(_))
    }
}

/// `s3 ls`.
#[derive(Debug, Args)]
pub struct Ls {
    /// Of what.
    #[arg(value_name = "ADDRESS", default_value = "", hide_default_value = true, help = EVERYTHING)]
    pub address: String,
    /// Every key under the prefix, and not only one level
    #[arg(long, short)]
    pub recursive: bool,
    /// Stop after so many rows, and say so
    #[arg(long, value_name = "N")]
    pub most: Option<usize>,
}

/// `s3 tree`.
#[derive(Debug, Args)]
pub struct Tree {
    /// Of what.
    #[arg(value_name = "ADDRESS", help = PREFIX)]
    pub address: String,
    /// How many levels are shown; what lies deeper is counted
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub depth: Option<u16>,
}

/// `s3 cat`.
#[derive(Debug, Args)]
pub struct Cat {
    /// Of what.
    #[arg(value_name = "ADDRESS", required = true, help = OBJECT)]
    pub addresses: Vec<String>,
}

/// `s3 head`.
#[derive(Debug, Args)]
pub struct Head {
    /// Of what.
    #[arg(value_name = "ADDRESS", help = OBJECT)]
    pub address: String,
    /// So many bytes
    #[arg(long, short = 'c', value_name = "N", conflicts_with = "lines")]
    pub bytes: Option<u64>,
    /// So many lines, within the first 256 KiB [default: 10]
    #[arg(long, short = 'n', value_name = "N")]
    pub lines: Option<u32>,
}

/// `s3 du`.
#[derive(Debug, Args)]
pub struct Du {
    /// Of what.
    #[arg(value_name = "ADDRESS", help = PREFIX)]
    pub address: String,
    /// How many levels are told apart: 1 for models, 2 for their versions
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=16))]
    pub depth: u16,
}

/// `s3 versions`.
#[derive(Debug, Args)]
pub struct Versions {
    /// Of what.
    #[arg(value_name = "ADDRESS", help = PREFIX)]
    pub address: String,
}

/// `s3 share`.
#[derive(Debug, Args)]
pub struct Share {
    /// Of what.
    #[arg(value_name = "ADDRESS", help = OBJECT)]
    pub address: String,
    /// How long it holds, as in 90s, 30m or 24h; seven days at most
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = duration)]
    pub lasts: Duration,
    /// Let its holder write the object in place of reading it
    #[arg(long)]
    pub write: bool,
}

/// How bytes are carried.
#[derive(Clone, Debug, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Carry {
    /// Everything under the prefix, or in the directory
    #[arg(long, short)]
    pub recursive: bool,
    /// Replace what is there, once the new one is whole
    #[arg(long)]
    pub replace: bool,
    /// Take what is there for done if it has the same bytes; with -r that is so in any case
    #[arg(long, conflicts_with = "replace")]
    pub keep_same: bool,
    /// Say what -r comes to, and carry nothing
    #[arg(long)]
    pub dry_run: bool,
    /// So many bytes a second at most, as in 500k or 2M
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub limit: Option<u64>,
}

/// `NAME=VALUE`, of which the name is not empty.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// `500k`, `2M`, `1G`; a bare number is bytes.
pub(super) fn rate(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let factor: u64 = match unit {
        "" => 1,
        "k" | "K" => 1 << 10,
        "m" | "M" => 1 << 20,
        "g" | "G" => 1 << 30,
        _ => 0,
    };
    let bytes = number.parse::<u64>().ok().and_then(|n| n.checked_mul(factor)).filter(|bytes| *bytes > 0);
    bytes.ok_or_else(|| "bytes a second, as in 500k, 2M or 1G".to_owned())
}

/// `s3 get`.
#[derive(Debug, Args)]
pub struct Get {
    /// Of what.
    #[arg(value_name = "ADDRESS", help = EITHER)]
    pub address: String,
    /// The file or the directory; `-` is standard output [default: the key's last part here]
    #[arg(value_name = "TO")]
    pub to: Option<PathBuf>,
    /// This version, and not the current one
    #[arg(long, value_name = "ID", conflicts_with = "recursive")]
    pub version: Option<String>,
    /// How.
    #[command(flatten)]
    pub carry: Carry,
}

/// `s3 put`.
#[derive(Debug, Args)]
pub struct Put {
    /// The file or the directory; `-` is standard input
    #[arg(value_name = "FROM")]
    pub from: PathBuf,
    /// Where to.
    #[arg(value_name = "ADDRESS", help = EITHER)]
    pub address: String,
    /// What its readers are told that it is, as in application/octet-stream
    #[arg(long, value_name = "TYPE")]
    pub content_type: Option<String>,
    /// How.
    #[command(flatten)]
    pub carry: Carry,
}

/// `s3 rm`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Rm {
    /// Of what.
    #[arg(value_name = "ADDRESS", help = EITHER)]
    pub address: String,
    /// Everything under the prefix
    #[arg(long, short)]
    pub recursive: bool,
    /// Every version and delete marker, for good, and not only what is there now
    #[arg(long)]
    pub all_versions: bool,
    /// Say what it comes to, and delete nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask for the name to be typed
    #[arg(long)]
    pub yes: bool,
}

/// `s3 verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// Of what.
    #[arg(value_name = "ADDRESS", help = OBJECT)]
    pub address: String,
    /// Compare this file with it [default: read the object itself]
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// `s3 lint`.
#[derive(Debug, Args)]
pub struct Lint {
    /// Of what.
    #[arg(value_name = "ADDRESS", help = PREFIX)]
    pub address: String,
    /// Judge by names and configs alone, and read no model's file
    #[arg(long)]
    pub names_only: bool,
}

/// `s3 trust`.
#[derive(Debug, Args)]
pub struct Trust {
    /// Of what.
    #[arg(value_name = "ADDRESS", default_value = "", hide_default_value = true, help = SERVICE)]
    pub address: String,
}
