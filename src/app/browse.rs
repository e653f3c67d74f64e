//! How the bucket browser comes to a registry: a site of ours, with its own CA and the keys that its install saved;
//! a rehearsal's; or any S3 service. Keys are kept in memory and nowhere else.

use super::aws::{self, Keys};
use super::keys_file::{self, KeysFile, Lies};
use super::machine::Machine;
use super::parts::{self, Env, Order};
use super::space::{DiskOf, OfHost};
use crate::base::{Secret, SystemClock};
use crate::plan::{Failure, Site};
use crate::ports::objects::{Service, Trust};
use crate::ports::trust::Looked;
use crate::ports::{Answer, Credentials, Endpoint, Objects, Question, World, prompt::Asker};
use crate::registry::places::RegistryId;
use crate::steps::KeyName;
use crate::transport::https::Route;
use crate::transport::objects::S3Objects;
use crate::transport::probe::Prober;
use crate::transport::trust;
use async_trait::async_trait;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a registry's calls go. A connection that was lost and made anew is another way to it, so whoever begins
/// something asks for it anew.
#[async_trait]
pub trait Source: Send + Sync {
    /// The way as it is now. It costs nothing where nothing has changed.
    async fn objects(&self) -> Result<Arc<dyn Objects>, Failure>;
    /// Who is at its other end, by a connection of its own; also where the certificate there is refused.
    async fn trust(&self) -> Result<Looked, Failure> {
        self.objects().await?.trust().await.map_err(|error| error.failure)
    }
}

/// A registry that was found.
#[derive(Clone)]
pub struct Registry {
    /// The site's name, or the profile's.
    pub name: String,
    /// Its address.
    pub url: String,
    /// The CA that alone vouches for it, where there is one.
    pub ca: Vouched,
    /// Whose key signs.
    pub key: String,
    /// The way to it.
    pub source: Arc<dyn Source>,
    /// The way to it with the key that may write, once that was asked for.
    pub writing: Option<(String, Arc<dyn Source>)>,
    /// The way to it with the key that Triton has, where that is known.
    pub triton: Option<Arc<dyn Source>>,
    /// Whoever can look at the disk under it: only where there is a connection to its host.
    pub disk: Option<Arc<dyn DiskOf>>,
}

impl Registry {
    /// What its bookmarks are kept under: the site's name, or the service's address.
    pub fn id(&self) -> RegistryId {
        match self.ca {
            Vouched::Site => RegistryId::site(&self.name),
            Vouched::File | Vouched::System | Vouched::Nobody => RegistryId::url(&self.url),
        }
    }
}

/// Who vouches for a registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Vouched {
    /// The site's own CA.
    Site,
    /// A CA from a file.
    File,
    /// The CAs of this computer.
    System,
    /// Nobody: it is spoken to without TLS.
    Nobody,
}

impl Vouched {
    /// Who vouches for a service that is none of our sites.
    pub fn of(service: &Service) -> Self {
        match (&service.trust, service.url.starts_with("https:")) {
            (_, false) => Self::Nobody,
            (Trust::Only(_), true) => Self::File,
            (Trust::System, true) => Self::System,
        }
    }
}

/// The same service whatever happens.
struct Fixed(Arc<dyn Objects>);

#[async_trait]
impl Source for Fixed {
    async fn objects(&self) -> Result<Arc<dyn Objects>, Failure> {
        Ok(self.0.clone())
    }
}

/// A site behind the connection to its host, which may be lost and made anew.
struct Through {
    world: Arc<dyn World>,
    at: Endpoint,
    keys: Credentials,
}

#[async_trait]
impl Source for Through {
    async fn objects(&self) -> Result<Arc<dyn Objects>, Failure> {
        self.world.objects(&self.at, &self.keys).await.map_err(Failure::from)
    }

    async fn trust(&self) -> Result<Looked, Failure> {
        match self.objects().await {
            Ok(objects) => objects.trust().await.map_err(|error| error.failure),
            // No way to it could be verified. What the direct one shows says why, where it shows anything.
            Err(failure) => trust::look(&Service::of_site(&self.at, &self.keys), Route::Direct, &SystemClock)
                .await
                .map_err(|_| failure),
        }
    }
}

/// A registry in a world that is there: the hand-over of a walk goes on to it.
pub fn of_world(
    name: &str,
    world: &Arc<dyn World>,
    at: &Endpoint,
    keys: &[(KeyName, Credentials)],
) -> Option<Registry> {
    let through = |name: KeyName| {
        let (_, pair) = keys.iter().find(|(of, _)| *of == name)?;
        let source = Through { world: world.clone(), at: at.clone(), keys: pair.clone() };
        Some(Arc::new(source) as Arc<dyn Source>)
    };
    Some(Registry {
        name: name.to_owned(),
        url: at.url(),
        ca: Vouched::Site,
        key: KeyName::Reader.id().to_owned(),
        source: through(KeyName::Reader)?,
        writing: through(KeyName::Publisher).map(|source| (KeyName::Publisher.id().to_owned(), source)),
        triton: through(KeyName::Triton),
        disk: None,
    })
}

/// The disk under a site's data, as its host sees it.
pub fn disk_of(world: &Arc<dyn World>, site: &Site) -> Arc<dyn DiskOf> {
    Arc::new(OfHost { world: world.clone(), host: site.name, data_dir: site.registry.data_dir.clone() })
}

/// What is wanted of a site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The file of its keys, where it is not the one that its install wrote.
    pub keys_file: Option<PathBuf>,
    /// The key that signs where it is not the reader's: root's only by this.
    pub key: Option<KeyName>,
}

/// Finds the registry of a site. It is reached directly where that works; else through the connection to its host, which
/// is made then.
pub async fn site(env: &Env, order: &Order, wanted: &Wanted) -> Result<Registry, Failure> {
    let site = &order.site;
    let (dir, ca_pem) = (env.sites.dir(site.name), ca_of(env, order)?);
    let file = keys_of(env, order, wanted).await?;
    let key = wanted.key.unwrap_or(KeyName::Reader);
    let (url, reading, others) = match file {
        Some(file) => {
            let reading = file.key(key).cloned().ok_or_else(|| {
                Failure::permanent(format!("the keys' file holds no key {:?}", key.id()))
                    .help("Name another one with --as, or another file with --credentials-file.")
            })?;
            let others = [KeyName::Publisher, KeyName::Triton];
            let others = others.map(|name| (name, file.key(name).cloned()));
            (file.endpoint.clone(), reading, others.to_vec())
        }
        None => (endpoint_of_sheet(&dir)?, asked(env, site.name.as_str(), key).await?, Vec::new()),
    };
    let at = endpoint(&url, ca_pem)?;
    let name = site.name.as_str();
    let mut keys = vec![(KeyName::Reader, reading)];
    // Root's key is for what was asked of it and nothing else; another one does not write in its place.
    if wanted.key.is_none() {
        keys.extend(others.into_iter().filter_map(|(name, pair)| Some((name, pair?))));
    }
    // The direct way costs a second where it works, and needs neither ssh nor sudo.
    let mut registry = match Prober::new(None).route(&at).await {
        Ok(_) => direct(name, &at, &keys)?,
        Err(closed) => {
            let world = parts::connect(env, &Machine::Real, site).await?;
            world.found_closed(&at, &closed);
            let registry = of_world(name, &world, &at, &keys).ok_or_else(|| Failure::permanent("there is no key"))?;
            Registry { disk: Some(disk_of(&world, site)), ..registry }
        }
    };
    key.id().clone_into(&mut registry.key);
    // One that was named signs what changes something, too, where it may do that at all.
    if let Some(key @ (KeyName::Publisher | KeyName::Root)) = wanted.key {
        registry.writing = Some((key.id().to_owned(), registry.source.clone()));
    }
    Ok(registry)
}

/// The only CA that vouches for a site's registry, as its install left it here.
pub(super) fn ca_of(env: &Env, order: &Order) -> Result<String, Failure> {
    let name = order.site.name;
    let path = env.sites.dir(name).join("ca.crt");
    std::fs::read_to_string(&path).map_err(|e| {
        Failure::permanent(format!("the CA of {name} is not on this computer"))
            .because(format!("{}: {e}", path.display()))
            .help(format!("Finish its install: modelquay resume {name}."))
    })
}

fn direct(name: &str, at: &Endpoint, keys: &[(KeyName, Credentials)]) -> Result<Registry, Failure> {
    let way = |of: KeyName| {
        let pair = keys.iter().find(|(name, _)| *name == of).map(|(_, pair)| pair);
        let fixed = |pair| Ok::<_, Failure>(fixed(S3Objects::new(&Service::of_site(at, pair), Route::Direct)?));
        pair.map(fixed).transpose()
    };
    let source = way(KeyName::Reader)?.ok_or_else(|| Failure::permanent("there is no key"))?;
    let writing = way(KeyName::Publisher)?.map(|source| (KeyName::Publisher.id().to_owned(), source));
    let key = KeyName::Reader.id().to_owned();
    let triton = way(KeyName::Triton)?;
    Ok(Registry { name: name.to_owned(), url: at.url(), ca: Vouched::Site, key, source, writing, triton, disk: None })
}

fn fixed(objects: S3Objects) -> Arc<dyn Source> {
    Arc::new(Fixed(Arc::new(objects)))
}

/// Any S3 service, as the AWS files, the environment and flags describe it.
pub async fn service(env: &Env, flags: &aws::Flags) -> Result<Registry, Failure> {
    let mut found = aws::find(flags, &aws::Own)?;
    let key = match &found.keys {
        Keys::Environment => "AWS_ACCESS_KEY_ID".to_owned(),
        Keys::Profile(name) => name.clone(),
        Keys::Unsigned => "–".to_owned(),
        Keys::None => {
            let pair = asked_pair(env, &found.service.url).await?;
            let key = pair.access_key.clone();
            found.service.keys = Some(pair);
            key
        }
    };
    let service = &found.service;
    let ca = Vouched::of(service);
    let source = fixed(S3Objects::new(service, Route::Direct)?);
    let writing = service.keys.as_ref().map(|_| (key.clone(), source.clone()));
    let name = flags.profile.clone().unwrap_or_else(|| "S3".to_owned());
    Ok(Registry { name, url: service.url.clone(), ca, key, source, writing, triton: None, disk: None })
}

/// The file of a site's keys, opened; `None` where there is none.
async fn keys_of(env: &Env, order: &Order, wanted: &Wanted) -> Result<Option<KeysFile>, Failure> {
    let path = match (&wanted.keys_file, &order.request.credentials_file) {
        (Some(path), _) => path,
        (None, Some(path)) if path.exists() => path,
        (None, _) => return Ok(None),
    };
    match keys_file::read(path)? {
        Lies::Open(file) => Ok(Some(file)),
        Lies::Sealed(sealed) => unseal(env, path, sealed).await.map(Some),
    }
}

/// How often a passphrase may be wrong.
const TRIES: u32 = 3;

async fn unseal(env: &Env, path: &Path, sealed: Vec<u8>) -> Result<KeysFile, Failure> {
    let sealed = Arc::new(sealed);
    let mut refused = 0;
    loop {
        let text = format!("passphrase of {}:", path.display());
        let passphrase = hidden(env, text, refused).await?;
        let bytes = sealed.clone();
        // It takes a second of one processor, which nobody else should wait for.
        let opened = tokio::task::spawn_blocking(move || keys_file::unseal(&bytes, &passphrase)).await;
        match opened.map_err(|e| Failure::permanent("open the keys' file").because(e.to_string()))? {
            Err(failure) if failure.kind == crate::plan::FailureKind::NeedsHuman && refused + 1 < TRIES => refused += 1,
            ended => return ended,
        }
    }
}

async fn hidden(env: &Env, text: String, refused: u32) -> Result<Secret<String>, Failure> {
    match env.prompt.ask(Question::Hidden { asker: Asker::Program, text, refused }).await? {
        Answer::Text(text) => Ok(text),
        _ => Err(Failure::needs_human("nothing was answered")),
    }
}

async fn asked(env: &Env, site: &str, key: KeyName) -> Result<Credentials, Failure> {
    asked_pair(env, &format!("{site}, the {}'s", key.id())).await
}

/// A pair that somebody types; it is kept in memory only.
async fn asked_pair(env: &Env, of: &str) -> Result<Credentials, Failure> {
    let hint = "Name a file or a profile with them, set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, give both by \
                --password-fd, or say --unsigned.";
    let lacking = |failure: Failure| failure.context(format!("there are no keys for {of}")).help(hint);
    let text = format!("access key for {of}:");
    let access_key = match env.prompt.ask(Question::Shown { asker: Asker::Program, text }).await {
        Ok(Answer::Text(text)) => text,
        Ok(_) => return Err(Failure::needs_human("the question was left unanswered").help(hint)),
        Err(failure) => return Err(lacking(failure)),
    };
    let secret_key = hidden(env, format!("secret key for {of}:"), 0).await.map_err(lacking)?;
    Ok(Credentials { access_key: access_key.expose().trim().to_owned(), secret_key })
}

/// The endpoint as the hand-over sheet has it.
pub(super) fn endpoint_of_sheet(dir: &Path) -> Result<String, Failure> {
    let path = dir.join("hand-over.txt");
    let unreadable = |why: String| {
        Failure::permanent("where the registry is cannot be told").because(format!("{}: {why}", path.display()))
    };
    let sheet = std::fs::read_to_string(&path).map_err(|e| unreadable(e.to_string()))?;
    let line = sheet.lines().find_map(|line| line.strip_prefix("Endpoint")).map(str::trim);
    line.map(str::to_owned).ok_or_else(|| unreadable("it names no endpoint".to_owned()))
}

/// `https://10.77.0.2:30900`, in its parts.
pub(super) fn endpoint(url: &str, ca_pem: String) -> Result<Endpoint, Failure> {
    let parts = url.strip_prefix("https://").and_then(|rest| rest.trim_end_matches('/').rsplit_once(':'));
    let parsed = parts.and_then(|(ip, port)| Some((ip.parse().ok()?, port.parse().ok()?)));
    let (ip, port) = parsed.ok_or_else(|| {
        Failure::permanent(format!("{} is no endpoint of a site", crate::base::sanitise::text(url, 200)))
            .help("It reads like https://10.77.0.2:30900.")
    })?;
    Ok(Endpoint { ip, port, ca_pem })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_read_as_the_install_wrote_it() {
        let at = endpoint("https://10.77.0.2:30900", "pem".into()).expect("one");
        assert_eq!((at.url().as_str(), at.ca_pem.as_str()), ("https://10.77.0.2:30900", "pem"));
        for bad in ["http://10.77.0.2:30900", "https://edge", "https://edge:1", ""] {
            assert!(endpoint(bad, String::new()).is_err(), "{bad}");
        }
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("hand-over.txt"), "The model registry e\n\nEndpoint     https://10.0.0.1:1\n")
            .expect("written");
        assert_eq!(endpoint_of_sheet(dir.path()).expect("there"), "https://10.0.0.1:1");
    }
}
