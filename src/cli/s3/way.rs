//! Which service an address means, and whose keys ask it.

use super::super::args::Global;
use super::super::browse::{of_site, order_of, quiet_env};
use super::args::{Carry, S3};
use crate::app::anew::Anew;
use crate::app::browse::{self, Registry, Source, Vouched};
use crate::app::{Env, trust};
use crate::base::{Cancel, sanitise};
use crate::plan::Failure;
use crate::ports::Objects;
use crate::ports::prompt::{Answer, Asker, Question};
use crate::ports::trust::Looked;
use crate::registry::address::Place;
use crate::registry::transfer::{Limits, Transfers};
use crate::transport::disk::Disk;
use std::sync::Arc;

/// A service that can be asked.
pub struct Reached {
    /// The service.
    pub objects: Arc<dyn Objects>,
}

/// How services are reached.
pub struct Way<'a> {
    args: &'a S3,
    env: Env,
}

impl<'a> Way<'a> {
    /// By what was typed.
    pub fn new(global: &Global, args: &'a S3, cancel: &Cancel) -> Result<Self, Failure> {
        Ok(Self { args, env: quiet_env(global, &args.reaching, cancel)? })
    }

    /// The service that a place means.
    pub async fn to(&self, place: &Place) -> Result<Reached, Failure> {
        Ok(Reached { objects: anew(&self.registry(place).await?.source).await? })
    }

    /// The same with the key that may write, where a site has one.
    pub async fn to_write(&self, place: &Place) -> Result<Reached, Failure> {
        let registry = self.registry(place).await?;
        let source = registry.writing.as_ref().map_or(&registry.source, |(_, source)| source);
        Ok(Reached { objects: anew(source).await? })
    }

    /// What transfers of a place share: with the reader's key, or with the key that may write where a site has one.
    pub async fn transfers(&self, place: &Place, writes: bool, carry: &Carry) -> Result<Transfers, Failure> {
        let registry = self.registry(place).await?;
        let writing = registry.writing.as_ref().filter(|_| writes);
        let source = writing.map_or(&registry.source, |(_, source)| source);
        let (objects, uploads) = (anew(source).await?, self.env.sites.uploads());
        let limits = Limits { cut_patience: self.args.reaching.link_timeout(), ..Limits::default() };
        let of = Transfers::new(objects, Arc::new(Disk), registry.url.clone(), uploads, limits);
        of.limit(carry.limit);
        Ok(of)
    }

    /// Ends with `nothing` unless it was agreed to, or somebody types the name.
    pub async fn agreed(&self, yes: bool, name: &str, nothing: &str) -> Result<(), Failure> {
        if yes || self.typed(name).await? {
            return Ok(());
        }
        let failure = Failure::needs_human(format!("{nothing}: the name was not typed"));
        Err(failure.help("Type the name as it stands, or say --yes."))
    }

    /// Whether somebody typed this name, who was asked to.
    async fn typed(&self, name: &str) -> Result<bool, Failure> {
        let text = format!("type {} to go on:", sanitise::visible(name));
        match self.env.prompt.ask(Question::Shown { asker: Asker::Program, text }).await {
            Ok(Answer::Text(text)) => Ok(text.expose().trim_end_matches(['\r', '\n']) == name),
            Ok(_) => Ok(false),
            Err(failure) => Err(failure.help("Without somebody who can type, say --yes.")),
        }
    }

    /// The registry that a place means.
    pub async fn registry(&self, place: &Place) -> Result<Registry, Failure> {
        match self.meant(place)? {
            Meant::Service => browse::service(&self.env, &self.args.service.flags()).await,
            Meant::Site(name) => of_site(&self.env, Some(&name), &self.args.keys).await,
        }
    }

    /// Who is at the other end of a place's address. No key is asked for.
    pub async fn trust(&self, place: &Place) -> Result<(Looked, Vouched), Failure> {
        match self.meant(place)? {
            Meant::Service => trust::service(&self.env, &self.args.service.flags()).await,
            Meant::Site(name) => trust::site(&self.env, &order_of(&self.env, Some(&name))?).await,
        }
    }

    fn meant(&self, place: &Place) -> Result<Meant, Failure> {
        Ok(match place {
            Place::Service => Meant::Service,
            Place::Site(name) => Meant::Site(name.clone()),
            // What flags describe was meant; else the only site; else what the environment describes.
            Place::Unsaid if !self.args.service.flags().is_empty() => Meant::Service,
            Place::Unsaid => match self.env.sites.names().as_slice() {
                [] => Meant::Service,
                [only] => Meant::Site(only.to_string()),
                several => {
                    let names = several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                    return Err(Failure::permanent("which service is meant is not clear").help(format!(
                        "Write SITE: in front, with one of {names}, or s3:// for the AWS files' service."
                    )));
                }
            },
        })
    }
}

/// The way to a registry, asked for anew with every call: behind the connection to a host, what was found over one that
/// was lost leads nowhere. That there is none at first ends the command, with all that is known of it.
pub(super) async fn anew(source: &Arc<dyn Source>) -> Result<Arc<dyn Objects>, Failure> {
    source.objects().await?;
    Ok(Arc::new(Anew::new(source.clone())))
}

/// What a place comes to.
enum Meant {
    /// The service that flags, variables or a profile describe.
    Service,
    /// This site.
    Site(String),
}
