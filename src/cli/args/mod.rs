//! The command line's grammar. Help, completions and manual pages are made from it.

mod browsing;
mod report;

pub use browsing::{Browse, ServiceFlags, SiteKeys};
pub use report::{Credentials, Report};

use crate::transport::simulated::BadDay;
use crate::ui::text::Lang;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;
use std::time::Duration;

/// Puts a MinIO model registry on an RKE2 edge host.
#[derive(Debug, Parser)]
#[command(
    name = "modelquay",
    version,
    max_term_width = 96,
    after_help = "Exit codes: 0 done, 1 failed, 2 usage, 3 preflight says no, 4 someone has to decide, \
                  5 result unknown (link lost), 130 interrupted."
)]
pub struct Cli {
    /// What is to be done; without it the screens lead through an install
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Answers that the screens begin with
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// What holds for every sub-command.
    #[command(flatten)]
    pub global: Global,
}

/// What holds for every sub-command.
#[derive(Clone, Debug, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Global {
    /// One line an event, without screens, colours or a moving cursor
    #[arg(long, global = true, conflicts_with = "json")]
    pub plain: bool,
    /// One JSON object a line on standard output; see docs/json-events.md
    #[arg(long, global = true)]
    pub json: bool,
    /// Language of the screens: en or zh-Hans [default: by the locale]
    #[arg(long, global = true, value_name = "LANG")]
    pub lang: Option<Lang>,
    /// Signs and lines of the screens in ASCII
    #[arg(long, global = true)]
    pub ascii: bool,
    /// For a line that is very slow or paid for: the screens draw few frames, and fetch nothing unasked
    #[arg(long, global = true)]
    pub low_bandwidth: bool,
    /// Where runs and sites are kept, in place of the user's state directory
    #[arg(long, global = true, value_name = "DIR", hide = true)]
    pub state_dir: Option<PathBuf>,
}

/// The sub-commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Look whether a host can carry the registry; changes nothing
    Check(Check),
    /// Show what an install would change, step by step; changes nothing
    Plan(Plan),
    /// Install, or finish or confirm an install; safe to run again
    Install(Install),
    /// Go on with the last run of a site
    Resume(Resume),
    /// Show the run that a host keeps, also one that somebody else has begun or that goes on; changes nothing on the host
    Attach(Attach),
    /// Say where the last run of a site stands; changes nothing and asks no host
    Status(Status),
    /// Open a way to MinIO's console of an installed site from this computer; changes nothing on the host
    Console(Console),
    /// Read the keys of an installed site from its cluster again, as root on its host; changes nothing there
    Credentials(Credentials),
    /// Gather what somebody else needs to understand a trouble, in one archive without secrets
    Report(Report),
    /// Browse a registry: a site's, or any S3 service's
    Browse(Browse),
    /// Run the whole install against a simulated host; needs nothing and installs nothing
    Rehearse(Rehearse),
    /// Look into buckets: a site's registry, or any S3 service
    S3(super::s3::args::S3),
    /// Print an answers file that explains every key
    Answers,
    /// Print completions for a shell
    Completions(Completions),
    /// Write manual pages into a directory, or print the first one
    Man(Man),
}

/// How questions are answered and how long a lost link is waited for.
#[derive(Clone, Debug, Default, Args)]
pub struct Reaching {
    /// Read passwords from this file descriptor, one a line: `ssh=…`, `sudo=…`
    #[arg(long, value_name = "N")]
    pub password_fd: Option<u32>,
    /// Give a lost link up after this time, as in 90s, 30m or 2h [default: 30m]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub link_timeout: Option<Duration>,
}

impl Reaching {
    /// The time after which a lost link is given up.
    pub fn link_timeout(&self) -> Duration {
        self.link_timeout.unwrap_or(Duration::from_mins(30))
    }
}

/// `check`.
#[derive(Debug, Args)]
pub struct Check {
    /// What ssh is told, as in tech@edge-07, or `local`
    #[arg(value_name = "HOST", required_unless_present = "answers", conflicts_with = "answers")]
    pub host: Option<String>,
    /// The site's answers
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// Questions and time-outs.
    #[command(flatten)]
    pub reaching: Reaching,
}

/// `plan`.
#[derive(Debug, Args)]
pub struct Plan {
    /// The site's answers
    #[arg(long, value_name = "FILE")]
    pub answers: PathBuf,
    /// Show files as a unified diff of before and after
    #[arg(long, conflicts_with = "json")]
    pub diff: bool,
    /// Where the keys would go; shown in the plan
    #[arg(long, value_name = "FILE")]
    pub credentials_file: Option<PathBuf>,
    /// Questions and time-outs.
    #[command(flatten)]
    pub reaching: Reaching,
}

/// `install`.
#[derive(Debug, Args)]
pub struct Install {
    /// The site's answers
    #[arg(long, value_name = "FILE")]
    pub answers: PathBuf,
    /// Agree to the plan beforehand, without being asked
    #[arg(long, short = 'y')]
    pub yes: bool,
    /// Where the keys go: a new file in a directory that nobody else can write to
    #[arg(long, value_name = "FILE")]
    pub credentials_file: Option<PathBuf>,
    /// Copy this program to the host and let it install there by itself: link and terminal may go
    #[arg(long, conflicts_with = "stop_at")]
    pub on_host: bool,
    /// Take the host from whoever installs on it now; he sees that and stops
    #[arg(long)]
    pub take_over: bool,
    /// For tests: end the program here as a power cut would
    #[arg(long, hide = true, value_name = "STEP:MOMENT")]
    pub stop_at: Option<String>,
    /// Questions and time-outs.
    #[command(flatten)]
    pub reaching: Reaching,
}

/// `resume`.
#[derive(Debug, Default, Args)]
pub struct Resume {
    /// The site; may be left out where only one is known
    #[arg(value_name = "SITE")]
    pub site: Option<String>,
    /// Where the keys go after a run that was begun on the screens; without screens
    #[arg(long, value_name = "FILE")]
    pub credentials_file: Option<PathBuf>,
    /// Copy this program to the host and let it go on there by itself: link and terminal may go
    #[arg(long, conflicts_with = "stop_at")]
    pub on_host: bool,
    /// Take the run from whoever goes on with it now; he sees that and stops
    #[arg(long)]
    pub take_over: bool,
    /// For a run that was handed to a host: who has handed it over
    #[arg(long, hide = true, value_name = "WHO")]
    pub on_behalf_of: Option<String>,
    /// For tests: end the program here as a power cut would
    #[arg(long, hide = true, value_name = "STEP:MOMENT")]
    pub stop_at: Option<String>,
    /// Questions and time-outs.
    #[command(flatten)]
    pub reaching: Reaching,
}

impl Resume {
    /// What it was told that only makes sense without screens.
    pub fn plain_only(&self) -> Option<&'static str> {
        if self.stop_at.is_some() {
            Some("--stop-at")
        } else if self.credentials_file.is_some() {
            Some("--credentials-file")
        } else if self.on_host {
            Some("--on-host")
        } else if self.take_over {
            Some("--take-over")
        } else if self.reaching.password_fd.is_some() {
            Some("--password-fd")
        } else {
            None
        }
    }
}

/// `attach`.
#[derive(Debug, Args)]
pub struct Attach {
    /// What ssh is told, as in tech@edge-07, `local`, or a site that is known here
    #[arg(value_name = "HOST", required_unless_present = "answers", conflicts_with = "answers")]
    pub host: Option<String>,
    /// Answers that say how the host is reached
    #[arg(long, value_name = "FILE")]
    pub answers: Option<PathBuf>,
    /// Questions and time-outs.
    #[command(flatten)]
    pub reaching: Reaching,
}

/// `status`.
#[derive(Debug, Args)]
pub struct Status {
    /// The site; may be left out where only one is known
    #[arg(value_name = "SITE")]
    pub site: Option<String>,
}

/// `console`.
#[derive(Debug, Args)]
pub struct Console {
    /// The site; may be left out where only one is known
    #[arg(value_name = "SITE")]
    pub site: Option<String>,
    /// The port of this computer [default: 9443, or a free one]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// Go through the connection to the host, even where the console has a port of its own on the node
    #[arg(long)]
    pub tunnel: bool,
    /// Questions and time-outs.
    #[command(flatten)]
    pub reaching: Reaching,
}

/// How many times faster than life a rehearsal goes where nothing else is said.
const REHEARSED_SPEED: u32 = 60;

/// `rehearse`.
#[derive(Debug, Args)]
pub struct Rehearse {
    /// How many times faster than life the simulated host is
    #[arg(long, value_name = "N", default_value_t = REHEARSED_SPEED, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub speed: u32,
    /// What goes wrong in it; may be named more than once
    #[arg(long, value_name = "WHAT", value_parser = bad_days())]
    pub bad_day: Vec<BadDay>,
    /// For tests: end the program here as a power cut would
    #[arg(long, hide = true, value_name = "STEP:MOMENT")]
    pub stop_at: Option<String>,
}

impl Default for Rehearse {
    fn default() -> Self {
        Self { speed: REHEARSED_SPEED, bad_day: Vec::new(), stop_at: None }
    }
}

/// `completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `man`.
#[derive(Debug, Args)]
pub struct Man {
    /// The directory; without one the first page goes to standard output
    #[arg(value_name = "DIR")]
    pub dir: Option<PathBuf>,
}

fn bad_days() -> impl TypedValueParser<Value = BadDay> {
    let names = BadDay::ALL.iter().map(|day| day.id());
    PossibleValuesParser::new(names).try_map(|name| name.parse::<BadDay>())
}

/// `90s`, `30m`, `2h`; a bare number is seconds.
pub(in crate::cli) fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.find(|c: char| !c.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let factor = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => 0,
    };
    let seconds = number.parse::<u64>().ok().and_then(|n| n.checked_mul(factor)).filter(|s| (1..=604_800).contains(s));
    seconds.map(Duration::from_secs).ok_or_else(|| "a time from 1s to 168h, as in 90s, 30m or 2h".to_owned())
}

#[cfg(test)]
mod tests;
