//! The keys of an installed site, read from its cluster once more for whoever may be root on its host. Nothing is
//! changed there.

use super::exit::Exit;
use super::keys_file;
use super::machine::Machine;
use super::parts::{self, Env, Order};
use super::words;
use crate::base::Secret;
use crate::plan::{Failure, HostId};
use crate::ports::prompt::Asker;
use crate::ports::{Answer, Credentials, Question};
use crate::steps::{self, KeyName};
use crate::transport::operator_files;
use std::path::PathBuf;

/// How often a passphrase may be typed in two ways.
const TRIES: u32 = 3;

/// Where the keys go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Their names are shown, and the secrets masked.
    Masked,
    /// They are shown in clear: there is a terminal, and it was asked for.
    Shown,
    /// To a new file.
    File {
        /// Its path, absolute.
        path: PathBuf,
        /// Whether a passphrase is asked for that encrypts it.
        sealed: bool,
    },
}

/// The keys as they were found.
#[derive(Clone, Debug)]
pub struct Found {
    /// The site.
    pub site: HostId,
    /// The registry's address.
    pub endpoint: String,
    /// The keys.
    pub keys: Vec<(KeyName, Credentials)>,
    /// Where they go.
    pub wanted: Wanted,
}

/// Reads them, and shows or saves them.
pub async fn credentials(env: &Env, machine: &Machine, order: &Order, wanted: &Wanted) -> Exit {
    let result = tokio::select! {
        // First, because a stop also ends what is waited for, with a failure of its own.
        biased;
        () = env.cancel.stop_asked() => Ok((Exit::Interrupted, vec![words::nothing_written()])),
        result = read(env, machine, order, wanted) => result.map(|words| (Exit::Done, words)),
    };
    let (exit, failure, words) = match result {
        Ok((exit, words)) => (exit, None, words),
        Err(failure) => (Exit::of_failure(&failure), Some(failure.clone()), vec![failure.line()]),
    };
    env.face.last(exit, failure.as_ref(), &words);
    exit
}

async fn read(env: &Env, machine: &Machine, order: &Order, wanted: &Wanted) -> Result<Vec<String>, Failure> {
    let site = order.site.name;
    // What would stop it in the end is asked before anybody waits.
    let passphrase = match wanted {
        Wanted::File { path, sealed } => {
            if path.parent().is_some_and(std::path::Path::exists) {
                operator_files::is_free(path)?;
            }
            if *sealed { Some(passphrase(env).await?) } else { None }
        }
        Wanted::Masked | Wanted::Shown => None,
    };
    env.face.note(&words::reading_keys(site));
    let world = parts::connect(env, machine, &order.site).await?;
    let brief = parts::brief_by_facts(env, &*world, order).await?;
    let (endpoint, keys) =
        parts::over_the_link(env, &*world, async || steps::read_keys(&*world, &brief, &env.redactor).await).await?;
    if keys.is_empty() {
        return Err(Failure::permanent(format!("the cluster of {site} holds no key of its registry"))
            .help(format!("finish the install: modelquay resume {site}")));
    }
    let words = match wanted {
        Wanted::File { path, sealed } => {
            let path = path.display().to_string();
            let text = steps::credentials_text(&brief, &endpoint, &keys);
            keys_file::save(&*world.files(), &path, text, passphrase).await?;
            words::keys_saved(&path, *sealed)
        }
        Wanted::Masked => words::keys_masked(site),
        Wanted::Shown => vec![words::keys_shown()],
    };
    env.face.credentials(&Found { site, endpoint, keys, wanted: wanted.clone() });
    Ok(words)
}

/// A passphrase, typed twice.
async fn passphrase(env: &Env) -> Result<Secret<String>, Failure> {
    let ask = async |text: &str, refused| {
        let question = Question::Hidden { asker: Asker::Program, text: text.to_owned(), refused };
        match env.prompt.ask(question).await? {
            Answer::Text(text) if !text.expose().is_empty() => Ok(text),
            _ => Err(Failure::needs_human("no passphrase was given")),
        }
    };
    for refused in 0..TRIES {
        let first = ask("a passphrase for the file:", refused).await?;
        if first == ask("the passphrase once more:", 0).await? {
            return Ok(first);
        }
    }
    Err(Failure::needs_human("the passphrases were not the same").help("nothing was written; begin again"))
}
