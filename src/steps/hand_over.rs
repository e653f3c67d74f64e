//! What the operator is given to go on with: the CA, and a sheet with the endpoint and the next
//! commands. No secret stands in either.

use super::common::{cluster, endpoint, reach};
use super::pulled;
use super::secrets::{self, KeyName};
use crate::base::{Cancel, Redactor};
use crate::engine::step::{Brief, Check, Cx, Hook, Progress, Step};
use crate::engine::tail::Output;
use crate::plan::change::hex;
use crate::plan::{Change, Changes, Failure, NextCommands, StepId, StepKind};
use crate::ports::{Credentials, Endpoint, Route, World};
use async_trait::async_trait;
use futures_util::join;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use tokio::sync::watch;

/// The step.
pub struct HandOver;

/// The CA's file.
pub fn ca_path(brief: &Brief) -> String {
    ca_file(&brief.site_dir)
}

/// The CA's file in a site's directory.
pub fn ca_file(site_dir: &str) -> String {
    format!("{site_dir}/ca.crt")
}

/// The sheet's file.
pub fn sheet_path(brief: &Brief) -> String {
    format!("{}/hand-over.txt", brief.site_dir)
}

/// SHA-256 of the CA's first certificate, as browsers and `openssl x509 -fingerprint` show it.
pub fn fingerprint(ca_pem: &str) -> String {
    let der = x509_parser::pem::parse_x509_pem(ca_pem.as_bytes()).map(|(_, pem)| pem.contents).unwrap_or_default();
    let digest = hex(&Sha256::digest(der)).to_ascii_uppercase();
    digest.as_bytes().chunks(2).map(|pair| String::from_utf8_lossy(pair).into_owned()).collect::<Vec<_>>().join(":")
}

fn keys(brief: &Brief) -> String {
    brief.credentials_file.clone().unwrap_or_else(|| {
        format!(
            "Secrets of the namespace {}; into a file with\n             modelquay resume {} --credentials-file FILE",
            brief.site.registry.namespace, brief.site.name
        )
    })
}

/// The lines to go on with.
pub fn next(brief: &Brief, endpoint: &Endpoint) -> NextCommands {
    NextCommands::of(&brief.site, endpoint.ip, &ca_path(brief))
}

fn sheet(brief: &Brief, endpoint: &Endpoint, route: Route) -> String {
    let (url, ca, next) = (endpoint.url(), ca_path(brief), next(brief, endpoint));
    let reached = match route {
        Route::Direct => "reached directly, with verified TLS",
        Route::Tunnel => "reached through the connection to the host only: from here the node port is blocked",
    };
    let through = format!("{}, through the connection to the host", next.open_console);
    let console = match next.console {
        Some(address) => format!("{address}\n             or {through}"),
        None => through,
    };
    format!(
        "The model registry {site}\n\
         \n\
         Endpoint     {url}\n             {reached}\n\
         Console      {console}\n\
         CA           {ca}\n             SHA-256 {fingerprint}\n             It is the cluster's own CA: it also signs the Kubernetes API.\n\
         Keys         {keys}\n\
         \n\
         With mc, which asks for the keys:\n\
         \x20 {trust}\n\
         \x20 {alias}\n\
         \n\
         For Triton, inside this cluster and outside of it:\n\
         \x20 {inside}\n\
         \x20 {outside}\n",
        site = brief.site.name,
        fingerprint = fingerprint(&endpoint.ca_pem),
        keys = keys(brief),
        trust = next.mc_trust,
        alias = next.mc_alias,
        inside = next.triton_inside,
        outside = next.triton_outside,
    )
}

/// Does something that steps do outside of a run.
pub(super) async fn outside<T>(
    world: &dyn World,
    brief: &Brief,
    redactor: &Redactor,
    what: impl AsyncFnOnce(&Cx<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let id = StepId::of(StepKind::HandOver, brief.site.name);
    let (progress, output) = (watch::Sender::new(Progress::default()), Output::memory(redactor.clone()));
    let (cancel, hook) = (Cancel::new(), Hook::default());
    let cx = Cx {
        id,
        attempt: 1,
        run: "hand-over",
        brief,
        world,
        progress: &progress,
        output: &output,
        redactor,
        cancel: &cancel,
        hook: &hook,
    };
    what(&cx).await
}

/// Where the registry is, how it is reached and its keys, outside of a run.
pub async fn read(
    world: &dyn World,
    brief: &Brief,
    redactor: &Redactor,
) -> Result<(Endpoint, Route, Vec<(KeyName, Credentials)>), Failure> {
    outside(world, brief, redactor, async |cx: &Cx<'_>| {
        let at = endpoint(cx).await?;
        let reached = world.probe().get(&at, super::reach::LIVE).await?;
        let cluster = world.cluster().await.map_err(Failure::from)?;
        let keys = secrets::read_all(cx, &*cluster).await?;
        Ok((at, reached.route, keys))
    })
    .await
}

/// A file of the hand-over.
struct Wanted {
    path: String,
    text: String,
    /// Another text that is as good: a sheet says by which way the registry was reached when it was written,
    /// and a way that is closed or open today is no reason to write it again.
    also: Option<String>,
    what: &'static str,
}

async fn wanted(cx: &Cx<'_>) -> Result<Vec<Wanted>, Failure> {
    let endpoint = endpoint(cx).await?;
    let reached = cx.world.probe().get(&endpoint, super::reach::LIVE).await?;
    let other = match reached.route {
        Route::Direct => Route::Tunnel,
        Route::Tunnel => Route::Direct,
    };
    let (text, also) = (sheet(cx.brief, &endpoint, reached.route), sheet(cx.brief, &endpoint, other));
    let what = "endpoint, console, next commands";
    Ok(vec![
        Wanted { path: ca_path(cx.brief), text: endpoint.ca_pem, also: None, what: "the cluster's CA" },
        Wanted { path: sheet_path(cx.brief), text, also: Some(also), what },
    ])
}

#[async_trait]
impl Step for HandOver {
    fn intent(&self, brief: &Brief) -> Changes {
        vec![
            Change::LocalFile { path: ca_path(brief), what: "the cluster's CA".into() },
            Change::LocalFile { path: sheet_path(brief), what: "endpoint, console, next commands".into() },
            pulled::change(brief),
        ]
    }

    async fn check(&self, cx: &Cx<'_>) -> Result<Check, Failure> {
        let cluster = reach!(cx.world.cluster());
        let (wanted, pulled) = join!(wanted(cx), pulled::look(cx, &*cluster));
        let (wanted, pulled) = match (wanted, pulled) {
            (Ok(wanted), Ok(pulled)) => (wanted, pulled),
            (Err(failure), _) => return super::bucket::unanswered(cx, failure).await,
            (_, Err(failure)) => return Err(failure),
        };
        if !pulled.changed.is_empty() {
            return Ok(Check::Conflict(pulled::conflict(&pulled.changed)));
        }
        let mut changes = Changes::new();
        for file in wanted {
            let there = cx.world.files().read(&file.path).await?;
            let good = [Some(&file.text), file.also.as_ref()];
            if !good.into_iter().flatten().any(|text| there.as_deref() == Some(text.as_bytes())) {
                changes.push(Change::LocalFile { path: file.path, what: file.what.into() });
            }
        }
        if !pulled.new.is_empty() {
            changes.push(pulled::change(cx.brief));
        }
        let mut why = format!("everything to go on with lies in {}", cx.brief.site_dir);
        if pulled.same > 0 {
            let _ = write!(why, "; images that were trusted at the first install and run unchanged: {}", pulled.same);
        }
        Ok(Check::from_changes(changes, why))
    }

    async fn apply(&self, cx: &Cx<'_>) -> Result<(), Failure> {
        for file in wanted(cx).await? {
            cx.world.files().write(&file.path, file.text.as_bytes()).await?;
        }
        let cluster = cluster(cx).await?;
        pulled::record(cx, pulled::look(cx, &*cluster).await?).await
    }
}
