//! The grammar of `s3 publish` and `s3 roll-back`.

use super::super::super::args::duration;
use super::super::args::rate;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

const MODEL: &str = "REPOSITORY/MODEL, as in s3://BUCKET/PREFIX/MODEL or SITE:BUCKET/MODEL";
const STAGE: &str = "Where files lie until they are verified, outside of the repository, as in s3://BUCKET/PREFIX";
const VERSION: &str =
    "REPOSITORY/MODEL or REPOSITORY/MODEL/VERSION, as in s3://BUCKET/PREFIX/MODEL or SITE:BUCKET/MODEL/3";

/// How a list of steps is carried out.
#[derive(Clone, Debug, Args)]
pub struct Steps {
    /// Say what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask for the model's name to be typed
    #[arg(long)]
    pub yes: bool,
    /// The pause behind a pin [default: as long as a look of Triton's takes, 2s at least]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub pause: Option<Duration>,
}

/// `s3 publish`.
#[derive(Debug, Args)]
pub struct Publish {
    /// The directory of a version, or of a model: config.pbtxt and one version
    #[arg(value_name = "DIR")]
    pub dir: PathBuf,
    /// Where to.
    #[arg(value_name = "ADDRESS", help = VERSION)]
    pub address: String,
    /// The version's number [default: the next free one]
    #[arg(long, value_name = "N")]
    pub version: Option<i64>,
    /// The config.pbtxt [default: the directory's, else the one that is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Where files lie until they are verified.
    #[arg(long, value_name = "ADDRESS", help = STAGE)]
    pub stage: Option<String>,
    /// Do not pin config.pbtxt in between: Triton may see a part of the version
    #[arg(long)]
    pub no_pin: bool,
    /// So many bytes a second at most, as in 500k or 2M
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub limit: Option<u64>,
    /// How.
    #[command(flatten)]
    pub steps: Steps,
}

/// `s3 roll-back`.
#[derive(Debug, Args)]
pub struct RollBack {
    /// Of what.
    #[arg(value_name = "ADDRESS", help = MODEL)]
    pub address: String,
    /// The version to serve, or `none` to take the model out of service
    #[arg(long, value_name = "N", value_parser = to)]
    pub to: To,
    /// The version to delete once it is not served any more
    #[arg(long, value_name = "N")]
    pub remove: Option<i64>,
    /// The config.pbtxt to go back to [default: the one that is there]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// How.
    #[command(flatten)]
    pub steps: Steps,
}

/// What is served then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To {
    /// This version.
    Version(i64),
    /// None of the model.
    Nothing,
}

impl To {
    /// The version.
    pub fn version(self) -> Option<i64> {
        match self {
            Self::Version(version) => Some(version),
            Self::Nothing => None,
        }
    }
}

fn to(text: &str) -> Result<To, String> {
    match text {
        "none" => Ok(To::Nothing),
        text => text.parse().map(To::Version).map_err(|_| "a version's number, or none".to_owned()),
    }
}
