//! What is browsed, and with whose keys.

use super::Reaching;
use crate::app::aws;
use crate::plan::HostId;
use crate::steps::KeyName;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::path::PathBuf;

/// `browse`.
#[derive(Debug, Default, Args)]
pub struct Browse {
    /// What is browsed.
    #[arg(
        value_name = "SITE",
        help = "The site, SITE:BUCKET/PREFIX, or s3://BUCKET/PREFIX; may be left out where only one is known"
    )]
    pub site: Option<String>,
    /// Where to begin, as in models/resnet50/
    #[arg(value_name = "PATH")]
    pub path: Option<String>,
    /// Leave the mouse to the terminal, which selects text with it
    #[arg(long)]
    pub no_mouse: bool,
    /// A site's keys.
    #[command(flatten)]
    pub keys: SiteKeys,
    /// Another service.
    #[command(flatten)]
    pub service: ServiceFlags,
    /// Questions and time-outs.
    #[command(flatten)]
    pub reaching: Reaching,
}

impl Browse {
    /// The browser of a site, with nothing else said.
    pub fn of_site(site: HostId) -> Self {
        Self { site: Some(site.to_string()), ..Self::default() }
    }
}

/// Which of a site's keys are used.
#[derive(Clone, Debug, Default, Args)]
pub struct SiteKeys {
    /// The file of the site's keys, in clear or encrypted [default: the one that its install wrote]
    #[arg(long, global = true, value_name = "FILE")]
    pub credentials_file: Option<PathBuf>,
    /// Which of them signs: reader, publisher, triton, or root's for administration [default: reader]
    #[arg(long = "as", global = true, value_name = "WHO", value_parser = name_of_key())]
    pub signer: Option<KeyName>,
}

fn name_of_key() -> impl TypedValueParser<Value = KeyName> {
    PossibleValuesParser::new(KeyName::ALL.map(KeyName::id)).map(|id| {
        // The parser lets nothing else through.
        KeyName::ALL.into_iter().find(|name| name.id() == id).unwrap_or(KeyName::Reader)
    })
}

/// An S3 service that is none of our sites; what is not said comes from the AWS files and variables. No secret is
/// taken from here.
#[derive(Clone, Debug, Default, Args)]
pub struct ServiceFlags {
    /// The service's address.
    #[arg(long, global = true, value_name = "URL", help = "The service's address, as in https://10.0.0.5:9000")]
    pub endpoint: Option<String>,
    /// The region that requests are signed for [default: the profile's, or us-east-1]
    #[arg(long, global = true, value_name = "NAME")]
    pub region: Option<String>,
    /// The CA that alone vouches for it, in PEM [default: this computer's]
    #[arg(long, global = true, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// A profile of the AWS files; without one AWS_* variables go first
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// Sign nothing, as anybody may ask
    #[arg(long, global = true)]
    pub unsigned: bool,
}

impl ServiceFlags {
    /// The same for the use cases.
    pub fn flags(&self) -> aws::Flags {
        aws::Flags {
            endpoint: self.endpoint.clone(),
            region: self.region.clone(),
            ca: self.ca.clone(),
            profile: self.profile.clone(),
            unsigned: self.unsigned,
        }
    }
}
