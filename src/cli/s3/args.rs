//! The grammar of `modelquay s3 …`.

use super::super::args::{Reaching, ServiceFlags, SiteKeys, duration};
use clap::{Args, Subcommand};
use std::time::Duration;

const OBJECT: &str = "s3://BUCKET/KEY or SITE:BUCKET/KEY";
const PREFIX: &str = "s3://BUCKET/PREFIX or SITE:BUCKET/PREFIX";
const EVERYTHING: &str = "s3://BUCKET/PREFIX or SITE:BUCKET/PREFIX; without a bucket the buckets are listed";

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
