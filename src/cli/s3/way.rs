//! Which service an address means, and whose keys ask it.

use super::super::args::Global;
use super::super::prompt::{FdPrompt, TerminalPrompt};
use super::super::wire;
use super::args::S3;
use crate::app::aws::{self, Flags, Keys};
use crate::base::Cancel;
use crate::plan::Failure;
use crate::ports::prompt::{Answer, Asker, Question};
use crate::ports::world::Credentials;
use crate::ports::{Objects, Prompt};
use crate::registry::address::Place;
use crate::transport::https::Route;
use crate::transport::objects::S3Objects;
use std::sync::Arc;

/// A service that can be asked.
pub struct Reached {
    /// The service.
    pub objects: Arc<dyn Objects>,
}

/// How services are reached.
pub struct Way<'a> {
    global: &'a Global,
    args: &'a S3,
    prompt: Arc<dyn Prompt>,
}

impl<'a> Way<'a> {
    /// By what was typed.
    pub fn new(global: &'a Global, args: &'a S3, cancel: &Cancel) -> Self {
        let prompt: Arc<dyn Prompt> = match args.reaching.password_fd {
            Some(fd) => Arc::new(FdPrompt::new(fd)),
            None => Arc::new(TerminalPrompt::new(cancel.clone())),
        };
        Self { global, args, prompt }
    }

    fn flags(&self) -> Flags {
        let of = self.args.service.clone();
        Flags { endpoint: of.endpoint, region: of.region, ca: of.ca, profile: of.profile, unsigned: of.unsigned }
    }

    /// The service that a place means.
    pub async fn to(&self, place: &Place) -> Result<Reached, Failure> {
        match place {
            Place::Service => self.service().await,
            Place::Site(name) => self.site(name),
            // What flags describe was meant; else the only site; else what the environment describes.
            Place::Unsaid if !self.flags().is_empty() => self.service().await,
            Place::Unsaid => match wire::sites(self.global)?.names().as_slice() {
                [] => self.service().await,
                [only] => self.site(only.as_str()),
                several => {
                    let names = several.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                    Err(Failure::permanent("which service is meant is not clear").help(format!(
                        "Write SITE: in front, with one of {names}, or s3:// for the AWS files' service."
                    )))
                }
            },
        }
    }

    async fn service(&self) -> Result<Reached, Failure> {
        let mut found = aws::find(&self.flags(), &aws::Own)?;
        if found.keys == Keys::None {
            found.service.keys = Some(self.ask(&found.service.url).await?);
        }
        Ok(Reached { objects: Arc::new(S3Objects::new(&found.service, Route::Direct)?) })
    }

    async fn ask(&self, url: &str) -> Result<Credentials, Failure> {
        let hint = "Name a profile, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, give both by --password-fd, \
                    or say --unsigned.";
        let line = async |question: Question| match self.prompt.ask(question).await {
            Ok(Answer::Text(text)) => Ok(text),
            Ok(_) => Err(Failure::needs_human("the question was left unanswered").help(hint)),
            Err(failure) => Err(failure.context(format!("there are no keys for {url}")).help(hint)),
        };
        let id = line(Question::Shown { asker: Asker::Program, text: format!("access key for {url}:") }).await?;
        let text = format!("secret key for {url}:");
        let secret = line(Question::Hidden { asker: Asker::Program, text, refused: 0 }).await?;
        Ok(Credentials { access_key: id.expose().trim().to_owned(), secret_key: secret })
    }

    fn site(&self, name: &str) -> Result<Reached, Failure> {
        let sites = wire::sites(self.global)?;
        let known = sites.names();
        let Some(site) = known.iter().find(|site| site.as_str() == name) else {
            let names: Vec<_> = known.iter().map(ToString::to_string).collect();
            let help =
                if names.is_empty() { "none is known".to_owned() } else { format!("known are: {}", names.join(", ")) };
            return Err(Failure::permanent(format!("{name:?} is no known site")).help(help));
        };
        let ca = sites.dir(*site).join("ca.crt");
        Err(Failure::permanent(format!("the registry of {name} is not reached by the site's name yet")).help(format!(
            "Write s3:// in front, with --endpoint and the URL that its hand-over.txt names, and --ca {}.",
            ca.display()
        )))
    }
}
