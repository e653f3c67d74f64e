//! An S3 service as the AWS files, the environment and a few flags describe it.
//!
//! It keeps to what the AWS tools do with the same files, as far as a terminal browser needs it: profiles,
//! keys, session tokens, region, endpoint and CA. What it does not do (SSO, roles, programs that hand out
//! keys) it says by name. No secret is ever taken from a flag.

mod ini;

use crate::base::Secret;
use crate::plan::Failure;
use crate::ports::objects::{Service, Trust};
use crate::ports::world::Credentials;
use ini::{Ini, Section};
use std::io;
use std::path::{Path, PathBuf};

/// The region where nobody says.
const REGION: &str = "us-east-1";
/// What AWS's own endpoints end in.
const AMAZON: &str = "amazonaws.com";

/// What flags say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// Where the service is.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: Option<String>,
    /// A file with the CA that vouches for it.
    pub ca: Option<PathBuf>,
    /// A profile of the AWS files.
    pub profile: Option<String>,
    /// Sign nothing.
    pub unsigned: bool,
}

impl Flags {
    /// Whether none was given.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Where keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Keys {
    /// `AWS_ACCESS_KEY_ID` and its like.
    Environment,
    /// This profile.
    Profile(String),
    /// Nobody's are used, because that was asked for.
    Unsigned,
    /// None were found: they have to be asked for.
    None,
}

/// A service, and where its keys come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The service.
    pub service: Service,
    /// Where its keys come from.
    pub keys: Keys,
}

/// What is looked at. Tests put others in its place.
pub trait Surroundings {
    /// A variable of the environment; an empty one counts as none.
    fn variable(&self, name: &str) -> Option<String>;
    /// A file; `None` where there is none.
    fn file(&self, path: &Path) -> io::Result<Option<Secret<String>>>;
}

/// This computer's.
pub struct Own;

impl Surroundings for Own {
    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok().filter(|v| !v.is_empty())
    }

    fn file(&self, path: &Path) -> io::Result<Option<Secret<String>>> {
        match std::fs::read_to_string(path) {
            Ok(text) => Ok(Some(Secret::new(text))),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }
}

/// The AWS files.
struct Files {
    config: (PathBuf, Option<Secret<String>>),
    credentials: (PathBuf, Option<Secret<String>>),
}

impl Files {
    fn read(from: &impl Surroundings) -> Result<Self, Failure> {
        let one = |variable: &str, name: &str| {
            let home = || PathBuf::from(from.variable("HOME").unwrap_or_default());
            let path = match from.variable(variable) {
                Some(path) => match path.strip_prefix("~/") {
                    Some(rest) => home().join(rest),
                    None => PathBuf::from(path),
                },
                None => home().join(".aws").join(name),
            };
            let text = from.file(&path).map_err(|e| unreadable(&path, &e))?;
            Ok::<_, Failure>((path, text))
        };
        Ok(Self {
            config: one("AWS_CONFIG_FILE", "config")?,
            credentials: one("AWS_SHARED_CREDENTIALS_FILE", "credentials")?,
        })
    }

    fn parsed(file: &(PathBuf, Option<Secret<String>>)) -> Result<Ini<'_>, Failure> {
        let text = file.1.as_ref().map_or("", |text| text.expose().as_str());
        Ini::parse(text).map_err(|line| {
            Failure::permanent(format!("line {line} of {} is neither [section] nor name = value", file.0.display()))
                .help("Mend the line, or name other files by AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE.")
        })
    }
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    Failure::permanent(format!("{} cannot be read", path.display())).because(error.to_string())
}

/// Finds the service.
pub fn find(flags: &Flags, from: &impl Surroundings) -> Result<Found, Failure> {
    let files = Files::read(from)?;
    let (config, credentials) = (Files::parsed(&files.config)?, Files::parsed(&files.credentials)?);
    let variable = |name: &str| from.variable(name);
    let named = flags.profile.clone().or_else(|| variable("AWS_PROFILE")).or_else(|| variable("AWS_DEFAULT_PROFILE"));
    let name = named.clone().unwrap_or_else(|| "default".to_owned());
    let profile = match config.section(&format!("profile {name}")) {
        None if name == "default" => config.section("default"),
        found => found,
    };
    let secrets = credentials.section(&name);
    if named.is_some() && profile.is_none() && secrets.is_none() {
        let mut known = credentials.names();
        known.extend(config.names().into_iter().map(|n| n.strip_prefix("profile ").unwrap_or(n)));
        known.sort_unstable();
        known.dedup();
        let known =
            if known.is_empty() { "there are none".to_owned() } else { format!("known are: {}", known.join(", ")) };
        return Err(Failure::permanent(format!("{name:?} is no profile of the AWS files")).help(known));
    }
    let of_profile = |key: &str| profile.as_ref().and_then(|p| p.get(key)).map(str::to_owned);

    let region = flags.region.clone().or_else(|| variable("AWS_REGION")).or_else(|| variable("AWS_DEFAULT_REGION"));
    let region = region.or_else(|| of_profile("region")).unwrap_or_else(|| REGION.to_owned());
    let own = || format!("https://s3.{region}.{AMAZON}");
    let url = flags.endpoint.clone().or_else(|| configured(from, profile.as_ref(), &config)).unwrap_or_else(own);
    let url = url.trim_end_matches('/').to_owned();

    let ca = flags.ca.clone().or_else(|| variable("AWS_CA_BUNDLE").map(PathBuf::from));
    let trust = match ca.or_else(|| of_profile("ca_bundle").map(PathBuf::from)) {
        None => Trust::System,
        Some(path) => {
            let text = from.file(&path).map_err(|e| unreadable(&path, &e))?;
            let text = text.ok_or_else(|| unreadable(&path, &io::Error::from(io::ErrorKind::NotFound)))?;
            Trust::Only(text.expose().clone())
        }
    };
    let style = profile.as_ref().and_then(|p| p.nested("s3", "addressing_style"));
    let path_style = match style {
        Some("path") => true,
        Some("virtual") => false,
        _ => !url.trim_end_matches(|c: char| c == ':' || c.is_ascii_digit()).ends_with(AMAZON),
    };
    let (keys, found) = keys(flags, from, &name, secrets.as_ref(), profile.as_ref())?;
    let (keys_found, session_token) = found.map_or((None, None), |(keys, token)| (Some(keys), token));
    let service = Service { url, region, trust, keys: keys_found, session_token, path_style };
    Ok(Found { service, keys })
}

/// The endpoint that variables or the profile name.
fn configured(from: &impl Surroundings, profile: Option<&Section<'_>>, config: &Ini<'_>) -> Option<String> {
    if from.variable("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS").is_some_and(|v| v.eq_ignore_ascii_case("true")) {
        return None;
    }
    let variables = from.variable("AWS_ENDPOINT_URL_S3").or_else(|| from.variable("AWS_ENDPOINT_URL"));
    variables.or_else(|| {
        let profile = profile?;
        let services = profile.get("services").and_then(|name| config.section(&format!("services {name}")));
        let of_services = services.as_ref().and_then(|s| s.nested("s3", "endpoint_url")).map(str::to_owned);
        let own = profile.nested("s3", "endpoint_url").or_else(|| profile.get("endpoint_url"));
        of_services.or_else(|| own.map(str::to_owned))
    })
}

type Pair = (Credentials, Option<Secret<String>>);

/// The keys. A profile that was named by a flag goes before the environment, as with the AWS tools.
fn keys(
    flags: &Flags,
    from: &impl Surroundings,
    name: &str,
    secrets: Option<&Section<'_>>,
    profile: Option<&Section<'_>>,
) -> Result<(Keys, Option<Pair>), Failure> {
    if flags.unsigned {
        return Ok((Keys::Unsigned, None));
    }
    if flags.profile.is_none() {
        let (id, secret) = (from.variable("AWS_ACCESS_KEY_ID"), from.variable("AWS_SECRET_ACCESS_KEY"));
        match (id, secret) {
            (Some(id), Some(secret)) => {
                let token = from.variable("AWS_SESSION_TOKEN").map(Secret::new);
                let keys = Credentials { access_key: id, secret_key: Secret::new(secret) };
                return Ok((Keys::Environment, Some((keys, token))));
            }
            (None, None) => {}
            (id, _) => {
                let missing = if id.is_some() { "AWS_SECRET_ACCESS_KEY" } else { "AWS_ACCESS_KEY_ID" };
                return Err(Failure::permanent(format!("{missing} is not set, and its other half is"))
                    .help("Set both, or neither and a profile."));
            }
        }
    }
    for section in [secrets, profile].into_iter().flatten() {
        if let (Some(id), Some(secret)) = (section.get("aws_access_key_id"), section.get("aws_secret_access_key")) {
            let keys = Credentials { access_key: id.to_owned(), secret_key: Secret::from(secret) };
            let token = section.get("aws_session_token").map(Secret::from);
            return Ok((Keys::Profile(name.to_owned()), Some((keys, token))));
        }
    }
    let elsewhere = ["credential_process", "sso_session", "sso_start_url", "role_arn", "web_identity_token_file"];
    let used = elsewhere.iter().find(|key| [profile, secrets].into_iter().flatten().any(|s| s.get(key).is_some()));
    match used {
        Some(key) => Err(Failure::permanent(format!("profile {name} has its keys by {key}, which modelquay does not do"))
            .help(format!(
                "Let the AWS tool hand them over: eval \"$(aws configure export-credentials --profile {name} --format env)\"."
            ))),
        None => Ok((Keys::None, None)),
    }
}

#[cfg(test)]
mod tests;
