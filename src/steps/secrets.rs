//! The registry's keys in the cluster: each in a Secret that is only ever created, so that there is
//! one truth and no key is made twice.

use super::certificate::secret_text;
use super::objects::label;
use crate::base::{Redactor, Secret, random};
use crate::engine::step::{Brief, Cx};
use crate::plan::Failure;
use crate::ports::cluster::Created;
use crate::ports::{Cluster, Credentials, Kind, ObjectRef};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use zeroize::Zeroizing;

/// A key of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyName {
    /// For administration only.
    Root,
    /// Lists and reads, old versions too.
    Reader,
    /// Reads, writes and deletes, but never a version.
    Publisher,
    /// What Triton needs and nothing else.
    Triton,
}

impl KeyName {
    /// Every key, root's first.
    pub const ALL: [KeyName; 4] = [Self::Root, Self::Reader, Self::Publisher, Self::Triton];
    /// The keys of least right.
    pub const LEAST: [KeyName; 3] = [Self::Reader, Self::Publisher, Self::Triton];

    /// Its name in files and objects.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Reader => "reader",
            Self::Publisher => "publisher",
            Self::Triton => "triton",
        }
    }

    /// What it may do, in words.
    pub const fn purpose(self) -> &'static str {
        match self {
            Self::Root => "administration only; nothing uses it after the install",
            Self::Reader => "lists and reads, old versions too",
            Self::Publisher => "reads, writes and deletes; old versions stay",
            Self::Triton => "lists and reads as Triton does",
        }
    }
}

/// The Secret that the Tenant reads its root key from.
pub fn root_ref(brief: &Brief) -> ObjectRef {
    let registry = &brief.site.registry;
    ObjectRef::new(Kind::Secret, &registry.namespace, format!("{}-configuration", registry.tenant))
}

/// The Secret of a key of least right.
pub fn key_ref(brief: &Brief, key: KeyName) -> ObjectRef {
    if key == KeyName::Root {
        root_ref(brief)
    } else {
        let registry = &brief.site.registry;
        ObjectRef::new(Kind::Secret, &registry.namespace, format!("{}-key-{}", registry.tenant, key.id()))
    }
}

/// The key in a Secret, which from now on is taken out of every output.
pub fn parse(key: KeyName, secret: &Value, redactor: &Redactor) -> Option<Credentials> {
    let pair = match key {
        KeyName::Root => {
            // Only lines that begin with `export ` count for the operator (minio/operator v7.1.1).
            let text = Zeroizing::new(secret_text(secret, "config.env")?);
            let value = |name: &str| {
                let prefix = format!("export {name}=");
                let line = text.lines().find_map(|l| l.strip_prefix(&prefix))?;
                Some(line.trim().trim_matches('"').to_owned())
            };
            (value("MINIO_ROOT_USER")?, value("MINIO_ROOT_PASSWORD")?)
        }
        _ => (secret_text(secret, "access_key")?, secret_text(secret, "secret_key")?),
    };
    redactor.learn(&pair.1);
    Some(Credentials { access_key: pair.0, secret_key: Secret::new(pair.1) })
}

fn object(brief: &Brief, key: KeyName, pair: &Credentials) -> Value {
    let at = key_ref(brief, key);
    let data = match key {
        KeyName::Root => {
            let env = Secret::new(format!(
                "export MINIO_ROOT_USER=\"{}\"\nexport MINIO_ROOT_PASSWORD=\"{}\"\n",
                pair.access_key,
                pair.secret_key.expose()
            ));
            json!({"config.env": STANDARD.encode(env.expose())})
        }
        _ => json!({
            "access_key": STANDARD.encode(&pair.access_key),
            "secret_key": STANDARD.encode(pair.secret_key.expose()),
        }),
    };
    label(json!({
        "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "metadata": {"name": at.name, "namespace": at.namespace, "labels": {"modelquay/key": key.id()}},
        "data": data,
    }))
}

/// The key of this name: read back where it exists, made where it does not.
pub async fn ensure(cx: &Cx<'_>, cluster: &dyn Cluster, key: KeyName) -> Result<Credentials, Failure> {
    let no_random = || Failure::permanent("the operating system gives no randomness");
    let access = random::token(20).ok_or_else(no_random)?;
    let secret = random::token(40).ok_or_else(no_random)?;
    // Learnt before it leaves: an error of the API server may repeat what it was sent.
    cx.redactor.learn(secret.expose());
    let fresh = Credentials { access_key: access.expose().clone(), secret_key: secret };
    let (Created::New(live) | Created::Existed(live)) = cluster.create(&object(cx.brief, key, &fresh)).await?;
    parse(key, &live, cx.redactor).ok_or_else(|| unreadable(&key_ref(cx.brief, key)))
}

/// The key of this name, where it is there.
pub async fn read(cx: &Cx<'_>, cluster: &dyn Cluster, key: KeyName) -> Result<Option<Credentials>, Failure> {
    let at = key_ref(cx.brief, key);
    match cluster.get(&at).await? {
        Some(live) => parse(key, &live, cx.redactor).map(Some).ok_or_else(|| unreadable(&at)),
        None => Ok(None),
    }
}

/// The key of this name, which must be there.
pub async fn need(cx: &Cx<'_>, cluster: &dyn Cluster, key: KeyName) -> Result<Credentials, Failure> {
    read(cx, cluster, key).await?.ok_or_else(|| {
        Failure::permanent(format!("{} is not there", key_ref(cx.brief, key)))
            .help("somebody removed it; resume makes what can be made again")
    })
}

/// Every key that is there.
pub async fn read_all(cx: &Cx<'_>, cluster: &dyn Cluster) -> Result<Vec<(KeyName, Credentials)>, Failure> {
    let found = futures_util::future::try_join_all(KeyName::ALL.map(|key| read(cx, cluster, key))).await?;
    Ok(KeyName::ALL.into_iter().zip(found).filter_map(|(key, pair)| Some((key, pair?))).collect())
}

fn unreadable(at: &ObjectRef) -> Failure {
    Failure::needs_human(format!("{at} does not hold a key in the form that modelquay writes"))
        .help("it was changed by somebody; the registry goes on with what it has")
}
