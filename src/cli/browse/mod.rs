//! `modelquay browse`, wired: the registry, the terminal, the driver.

mod carry;
mod driver;
mod face;
mod publish;
mod work;

use super::args::{self, Global, Reaching};
use super::prompt::{FdPrompt, TerminalPrompt};
use super::screens::{QUEUE, language, possible, signals, theme, wrapped};
use super::wire::{by, refuse, runtime_dir, sites};
use super::{output, status};
use crate::app::browse::{self, Registry, Vouched};
use crate::app::sites::Sites;
use crate::app::{Env, Exit, Order, order};
use crate::base::{Cancel, Redactor, SystemClock};
use crate::engine::retry::Retry;
use crate::engine::step::Hook;
use crate::plan::Failure;
use crate::ports::Prompt;
use crate::registry::address::{Address, Place};
use crate::ui::Model;
use crate::ui::browse::{Browse, Live, Spot, Vouched as Shown, Who};
use crate::ui::draft::FieldId;
use crate::ui::run::{Feeds, run};
use crate::ui::terminal::{Taken, watch_panics};
use crate::ui::text::Text;
use crossterm::event::EventStream;
use driver::Driver;
use face::Quiet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// `modelquay browse`.
pub fn browse(global: &Global, args: &args::Browse) -> Exit {
    if !possible(global) {
        output::talk("modelquay: the browser needs a terminal");
        return Exit::Usage;
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return refuse(&Failure::permanent("start the program's threads").because(error.to_string())),
    };
    watch_panics();
    let exit = runtime.block_on(async {
        let begin = begin(args)?;
        let found = registry(global, args, &begin).await?;
        let spot = spot(begin.path.as_deref());
        let home = std::env::current_dir().unwrap_or_default();
        let room = Room { home, sites: sites(global)? };
        show(global, false, &found, spot, room, !args.no_mouse, &mut EventStream::new()).await
    });
    let exit = exit.unwrap_or_else(|failure| refuse(&failure));
    runtime.shutdown_timeout(Duration::from_secs(1));
    exit
}

/// What is browsed, and where it begins.
#[derive(Debug, Default, PartialEq, Eq)]
struct Begin {
    site: Option<String>,
    /// Whether the service of flags, the environment or a profile is meant.
    service: bool,
    path: Option<String>,
}

/// Reads the words of `browse` as the addresses of `s3` are read: a lone word is a site, unless flags name a service.
fn begin(args: &args::Browse) -> Result<Begin, Failure> {
    let service = !args.service.flags().is_empty();
    let path = args.path.clone();
    let Some(word) = args.site.clone() else { return Ok(Begin { site: None, service, path }) };
    if word.contains([':', '/']) || (service && path.is_none()) {
        if path.is_some() {
            return Err(Failure::permanent("two places to begin at were named").help("Name one of them."));
        }
        let address = Address::parse(&word).map_err(|bad| {
            let word = crate::base::sanitise::text(&word, 200);
            Failure::permanent(format!("{word:?} is no address: {bad}"))
                .help("Write SITE, SITE:BUCKET/PREFIX, or s3://BUCKET/PREFIX.")
        })?;
        let site = match &address.place {
            Place::Site(site) => Some(site.clone()),
            Place::Service | Place::Unsaid => None,
        };
        let service = service || address.place == Place::Service;
        if service && site.is_some() {
            let failure = Failure::permanent("a site and an endpoint of another service were named");
            return Err(failure.help("Name one of them."));
        }
        let path = (!address.bucket.is_empty()).then(|| format!("{}/{}", address.bucket, address.key));
        return Ok(Begin { site, service, path });
    }
    if service {
        let failure = Failure::permanent("a site and an endpoint of another service were named");
        return Err(failure.help("Name one of them."));
    }
    Ok(Begin { site: Some(word), service, path })
}

/// `bucket/prefix/`, with or without `s3://`.
fn spot(path: Option<&str>) -> Spot {
    let path = path.unwrap_or_default();
    let path = path.strip_prefix("s3://").unwrap_or(path);
    let (bucket, prefix) = path.split_once('/').unwrap_or((path, ""));
    let end = prefix.rfind('/').map_or(0, |at| at + 1);
    Spot { bucket: (!bucket.is_empty()).then(|| bucket.to_owned()), prefix: prefix[..end].to_owned() }
}

/// The bucket that a walk has made.
pub(super) fn first_bucket(model: &Model) -> Spot {
    let bucket = model.walk.draft.text(FieldId::Bucket);
    Spot { bucket: (!bucket.is_empty()).then_some(bucket), prefix: String::new() }
}

/// What finding a registry needs: questions on the terminal or from a descriptor, and sentences on standard error.
pub(super) fn quiet_env(global: &Global, reaching: &Reaching, cancel: &Cancel) -> Result<Env, Failure> {
    let prompt: Arc<dyn Prompt> = match reaching.password_fd {
        Some(fd) => Arc::new(FdPrompt::new(fd)),
        None => Arc::new(TerminalPrompt::new(cancel.clone())),
    };
    Ok(Env {
        sites: sites(global)?,
        clock: Arc::new(SystemClock),
        prompt,
        face: Arc::new(Quiet),
        cancel: cancel.clone(),
        redactor: Redactor::new(),
        runtime_dir: runtime_dir(),
        link_timeout: reaching.link_timeout(),
        retry: Retry::default(),
        hook: Hook::default(),
        by: by(),
        take_over: false,
    })
}

/// A site as it was installed, and what is wanted of it.
pub(super) async fn of_site(env: &Env, site: Option<&str>, keys: &args::SiteKeys) -> Result<Registry, Failure> {
    let wanted = browse::Wanted { keys_file: keys.credentials_file.clone(), key: keys.signer };
    browse::site(env, &order_of(env, site)?, &wanted).await
}

/// What a site was installed as.
pub(super) fn order_of(env: &Env, site: Option<&str>) -> Result<Order, Failure> {
    let site = status::site(&env.sites, site)?;
    order::of_run(&status::last_run(&env.sites, site)?)
}

/// Finds the registry that was asked for: a site, or any service where flags or a profile describe one.
async fn registry(global: &Global, args: &args::Browse, begin: &Begin) -> Result<Registry, Failure> {
    let env = quiet_env(global, &args.reaching, &Cancel::new())?;
    let flags = args.service.flags();
    // Where nothing is named, the only site is meant; where there is none, what the environment says.
    let any_site = begin.site.is_some() || !env.sites.names().is_empty();
    if begin.service || !flags.is_empty() || !any_site {
        return browse::service(&env, &flags).await;
    }
    of_site(&env, begin.site.as_deref(), &args.keys).await
}

/// Where the browser puts what it keeps on this computer.
pub(super) struct Room {
    /// The directory that is proposed for what is fetched.
    pub home: PathBuf,
    /// Where what was begun and where one has been is noted.
    pub sites: Sites,
}

/// Shows a registry until it is left.
pub(super) async fn show(
    global: &Global,
    rehearsal: bool,
    registry: &Registry,
    spot: Spot,
    room: Room,
    mouse: bool,
    events: &mut EventStream,
) -> Result<Exit, Failure> {
    let trust = match registry.ca {
        Vouched::Site => Shown::Site(registry.name.clone()),
        Vouched::File => Shown::File,
        Vouched::System => Shown::System,
        Vouched::Nobody => Shown::Nobody,
    };
    let who = Who {
        name: registry.name.clone(),
        url: registry.url.clone(),
        trust,
        key: registry.key.clone(),
        id: registry.id(),
        writer: registry.writing.as_ref().map(|(key, _)| key.clone()),
    };
    let mut model = Browse::new(Text::of(language(global)), theme(global), rehearsal, who, spot);
    model.home = room.home.display().to_string();
    model.shell.frugal = global.low_bandwidth;
    let (msgs, heard) = mpsc::channel(QUEUE);
    let (effects, asked) = mpsc::channel(QUEUE);
    let (shown, live) = watch::channel(Live::default());
    let (_output, output) = watch::channel(None);
    let (end, suspend) = signals().map_err(|e| Failure::permanent("hear signals").because(e.to_string()))?;
    let feeds =
        Feeds { msgs: heard, live, output, end, suspend, clock: Arc::new(SystemClock), frugal: global.low_bandwidth };
    let driver = tokio::spawn(Driver::new(registry.clone(), msgs, shown, &room.sites).run(asked));
    {
        let mut tty =
            Taken::take(mouse, wrapped()).map_err(|e| Failure::permanent("use the terminal").because(e.to_string()))?;
        run(&mut model, &mut tty, events, feeds, effects).await;
    }
    driver.abort();
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_browsed_is_read_as_addresses_are() {
        let of = |words: &[&str], endpoint: bool| {
            let mut words = words.iter().map(|word| (*word).to_owned());
            let mut args = args::Browse { site: words.next(), path: words.next(), ..args::Browse::default() };
            args.service.endpoint = endpoint.then(|| "http://127.0.0.1:9000".to_owned());
            begin(&args).map(|b| (b.site.unwrap_or_default(), b.service, b.path.unwrap_or_default())).ok()
        };
        let is = |site: &str, service, path: &str| Some((site.to_owned(), service, path.to_owned()));
        assert_eq!(of(&[], false), is("", false, ""));
        assert_eq!(of(&["edge-07"], false), is("edge-07", false, ""));
        assert_eq!(of(&["edge-07", "models/a/"], false), is("edge-07", false, "models/a/"));
        assert_eq!(of(&["edge-07:models/a/"], false), is("edge-07", false, "models/a/"));
        assert_eq!(of(&["s3://models/a/"], false), is("", true, "models/a/"));
        assert_eq!(of(&["models/a/"], true), is("", true, "models/a/"));
        assert_eq!(of(&["models"], true), is("", true, "models/"));
        assert_eq!(
            [of(&["edge-07:models"], true), of(&["edge-07", "models"], true), of(&["a:b", "c"], false)],
            [None, None, None]
        );
    }

    #[test]
    fn a_path_names_a_bucket_and_a_prefix() {
        let at = |bucket: Option<&str>, prefix: &str| Spot { bucket: bucket.map(str::to_owned), prefix: prefix.into() };
        assert_eq!(spot(None), at(None, ""));
        assert_eq!(spot(Some("models")), at(Some("models"), ""));
        assert_eq!(spot(Some("s3://models/a/b")), at(Some("models"), "a/"));
        assert_eq!(spot(Some("models/a/b/")), at(Some("models"), "a/b/"));
    }
}
