//! What is gathered for others, and the keys of a site.

use super::Reaching;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// `report`.
#[derive(Debug, Args)]
pub struct Report {
    /// The site; may be left out where only one is known
    #[arg(value_name = "SITE")]
    pub site: Option<String>,
    /// The archive, a new file [default: modelquay-report-SITE-TIME.tar.gz here]
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// Write it without being asked once its manifest was shown
    #[arg(long, short = 'y')]
    pub yes: bool,
    /// Questions and time-outs.
    #[command(flatten)]
    pub reaching: Reaching,
}

impl Report {
    /// Questions and time-outs. A link that does not come back soon is no reason to have no report.
    pub fn reaching(&self) -> Reaching {
        let link_timeout = self.reaching.link_timeout.or(Some(Duration::from_mins(1)));
        Reaching { link_timeout, ..self.reaching.clone() }
    }
}

/// `credentials`.
#[derive(Debug, Args)]
pub struct Credentials {
    /// The site; may be left out where only one is known
    #[arg(value_name = "SITE")]
    pub site: Option<String>,
    /// Write the keys to a new file in a directory that nobody else can write to
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    /// Encrypt that file with a passphrase that is asked for, so that `age -d` opens it
    #[arg(long, requires = "to")]
    pub encrypt: bool,
    /// Show the keys in clear on this terminal
    #[arg(long, conflicts_with_all = ["to", "json"])]
    pub show: bool,
    /// Questions and time-outs.
    #[command(flatten)]
    pub reaching: Reaching,
}
