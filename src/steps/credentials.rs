//! The operator's credentials file: proven to be possible before anything is changed, and written last
//! from what the cluster holds.

use super::common::{cluster, endpoint, reach};
use super::hand_over::outside;
use super::secrets::{self, KeyName};
use crate::base::{Redactor, Secret};
use crate::engine::step::{Brief, Check, Cx, Step};
use crate::plan::{Change, Changes, Failure};
use crate::ports::{Credentials, World};
use async_trait::async_trait;
use std::fmt::Write as _;

/// The step that proves that the file can be made.
pub struct Ready;
/// The step that writes it.
pub struct File;

/// The file's first words, by which it is known to be ours.
fn mark(brief: &Brief) -> String {
    format!("# Keys of the model registry {}, written by modelquay.", brief.site.name)
}

/// The file. A run without one has none of these steps.
fn path(brief: &Brief) -> Result<&str, Failure> {
    brief.credentials_file.as_deref().ok_or_else(|| {
        Failure::permanent("this run writes no credentials file").help("name one with --credentials-file")
    })
}

fn change(brief: &Brief, what: &str) -> Change {
    Change::LocalFile { path: path(brief).unwrap_or_default().to_owned(), what: what.into() }
}

enum Now {
    Absent,
    Reserved,
    Ours(Secret<Vec<u8>>),
    Foreign,
}

async fn now(cx: &Cx<'_>) -> Result<Now, Failure> {
    let Some(content) = cx.world.files().read_private(path(cx.brief)?).await? else {
        return Ok(Now::Absent);
    };
    Ok(if content.expose().is_empty() {
        Now::Reserved
    } else if content.expose().starts_with(mark(cx.brief).as_bytes()) {
        Now::Ours(content)
    } else {
        Now::Foreign
    })
}

#[async_trait]
impl Step for Ready {
    fn intent(&self, brief: &Brief) -> Changes {
        vec![change(brief, "reserved for the keys, 0600")]
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        let path = path(cx.brief)?;
        Ok(match now(cx).await? {
            Now::Absent => Check::NeedsWork { changes: self.intent(cx.brief) },
            Now::Reserved => Check::done(format!("{path} is reserved")),
            Now::Ours(_) => Check::done(format!("{path} holds this site's keys")),
            Now::Foreign => Check::Conflict(
                Failure::needs_human(format!("{path} exists and holds something else"))
                    .help("name another file with --credentials-file"),
            ),
        })
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        cx.world.files().reserve(path(cx.brief)?).await
    }
}

async fn make(step: &dyn Step, cx: &Cx<'_>) -> Result<(), Failure> {
    match step.check(cx).await? {
        Check::Done { .. } => Ok(()),
        Check::NeedsWork { .. } => step.apply(cx).await,
        Check::Conflict(failure) => Err(failure),
        Check::Blocked { because } => {
            Err(Failure::permanent(format!("the keys are not there: {:?} is not done", because.title())))
        }
    }
}

/// Proves that the brief's file can be made, for a run that has no step for it.
pub async fn reserve(world: &dyn World, brief: &Brief, redactor: &Redactor) -> Result<(), Failure> {
    outside(world, brief, redactor, async |cx: &Cx<'_>| make(&Ready, cx).await).await
}

/// Writes the brief's file from what the cluster holds, for a run that has no step for it.
pub async fn write(world: &dyn World, brief: &Brief, redactor: &Redactor) -> Result<(), Failure> {
    outside(world, brief, redactor, async |cx: &Cx<'_>| make(&File, cx).await).await
}

/// The file's text: TOML, one table a key.
pub fn text(brief: &Brief, url: &str, keys: &[(KeyName, Credentials)]) -> Secret<Vec<u8>> {
    // Its whole room from the start: growing would leave copies of the keys behind.
    let room = keys.iter().map(|(_, pair)| pair.access_key.len() + pair.secret_key.expose().len() + 200).sum::<usize>();
    let mut out = String::with_capacity(room + url.len() + 1000);
    let _ = write!(out, "{}\n# Whoever can read this file can use the registry.\n", mark(brief));
    let _ = write!(out, "\nsite = \"{}\"\nendpoint = \"{url}\"\n", brief.site.name);
    for (key, pair) in keys {
        let _ = write!(
            out,
            "\n# {}\n[{}]\naccess_key = \"{}\"\nsecret_key = \"{}\"\n",
            key.purpose(),
            key.id(),
            pair.access_key,
            pair.secret_key.expose()
        );
    }
    Secret::new(out.into_bytes())
}

/// The registry's address and its keys.
type Keys = (String, Vec<(KeyName, Credentials)>);

/// Every key that the cluster holds, with the registry's address.
pub async fn read(world: &dyn World, brief: &Brief, redactor: &Redactor) -> Result<Keys, Failure> {
    outside(world, brief, redactor, async |cx: &Cx<'_>| keys(cx).await).await
}

async fn keys(cx: &Cx<'_>) -> Result<Keys, Failure> {
    let cluster = cluster(cx).await?;
    let keys = secrets::read_all(cx, &*cluster).await?;
    Ok((endpoint(cx).await?.url(), keys))
}

async fn wanted(cx: &Cx<'_>) -> Result<Option<Secret<Vec<u8>>>, Failure> {
    let (url, keys) = keys(cx).await?;
    Ok((keys.len() == KeyName::ALL.len()).then(|| text(cx.brief, &url, &keys)))
}

#[async_trait]
impl Step for File {
    fn intent(&self, brief: &Brief) -> Changes {
        vec![change(brief, "every key, read from the cluster, 0600")]
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        reach!(cx.world.cluster());
        let Some(wanted) = wanted(cx).await? else {
            return Ok(Check::Blocked { because: crate::plan::StepKind::Keys });
        };
        let path = path(cx.brief)?;
        Ok(match now(cx).await? {
            Now::Ours(content) if content == wanted => Check::done(format!("{path} holds every key")),
            Now::Foreign => Check::Conflict(
                Failure::needs_human(format!("{path} exists and holds something else"))
                    .help("name another file with --credentials-file"),
            ),
            _ => Check::NeedsWork { changes: self.intent(cx.brief) },
        })
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        let wanted = wanted(cx).await?.ok_or_else(|| Failure::permanent("not every key is in the cluster"))?;
        if matches!(now(cx).await?, Now::Absent) {
            cx.world.files().reserve(path(cx.brief)?).await?;
        }
        cx.world.files().write_private(path(cx.brief)?, &wanted).await
    }
}
