//! From an answers file to what a use case works with.

use super::headless::Order;
use super::sites::{Request, RunDir, Sites};
use crate::plan::answers::{self, NamedFile, Problem};
use crate::plan::site::{Reach, SshReach};
use crate::plan::{Failure, HostId, Site};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Why answers cannot be used, in words for people.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadAnswers(pub String);

/// Reads an answers file and the files that it names. Every mistake is reported at once.
pub fn load(path: &Path, credentials_file: Option<&Path>, sites: &Sites) -> Result<Order, BadAnswers> {
    let shown = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|e| BadAnswers(format!("{shown}: it cannot be read: {e}")))?;
    let base = path.parent().map(absolute).unwrap_or_default();
    let site =
        site(&text, &base, &BTreeMap::new()).map_err(|problems| BadAnswers(answers::report(&shown, &problems)))?;
    let credentials_file = Some(credentials_file.map_or_else(|| sites.dir(site.name).join("keys.toml"), absolute));
    Ok(Order { site, request: Request { answers: text, base, credentials_file, files: BTreeMap::new() } })
}

/// The order that answers in the making are; no credentials file is written by its run. `base` is the
/// directory to which the relative paths in them belong.
pub fn in_the_making(answers: &str, base: &Path) -> Result<Order, Failure> {
    let site = site(answers, base, &BTreeMap::new()).map_err(|problems| {
        let failure = Failure::needs_human("the answers cannot be used");
        problems.into_iter().fold(failure, |f, p| f.because(p.to_string()))
    })?;
    let request =
        Request { answers: answers.to_owned(), base: base.to_owned(), credentials_file: None, files: BTreeMap::new() };
    Ok(Order { site, request })
}

/// Answers whose paths hold from everywhere: relative ones belong to `base`. What is no TOML stays as it is.
pub fn from_anywhere(answers: &str, base: &Path) -> String {
    let Ok(mut table) = answers.parse::<toml::Table>() else { return answers.to_owned() };
    let whole = |value: &mut toml::Value| {
        if let toml::Value::String(path) = value {
            *path = base.join(&*path).display().to_string();
        }
    };
    let supply = table.get_mut("supply").and_then(toml::Value::as_table_mut);
    if let Some(supply) = supply {
        supply.get_mut("extra_ca").map(whole);
        if let Some(toml::Value::Array(tables)) = supply.get_mut("components") {
            tables.iter_mut().for_each(whole);
        }
    }
    toml::to_string(&table).unwrap_or_else(|_| answers.to_owned())
}

/// The order of a run that was begun.
pub fn of_run(run: &RunDir) -> Result<Order, Failure> {
    let request = run.request()?;
    let site = site(&request.answers, &request.base, &request.files).map_err(|problems| {
        let failure = Failure::needs_human("the answers of the run can no longer be used");
        problems.into_iter().fold(failure, |f, p| f.because(p.to_string()))
    })?;
    Ok(Order { site, request })
}

impl Request {
    /// The same for another computer: the files that the answers name are part of it.
    pub fn for_elsewhere(&self) -> Result<Self, Failure> {
        let cannot = |problems: Vec<Problem>| {
            let failure = Failure::permanent("the answers of the run can no longer be used");
            problems.into_iter().fold(failure, |f, p| f.because(p.to_string()))
        };
        let mut files = BTreeMap::new();
        // What names no site, as in a rehearsal, names no file.
        if !self.answers.is_empty() {
            let draft = answers::parse(&self.answers).map_err(cannot)?;
            for file in draft.extra_ca.iter().chain(&draft.components) {
                let text = match self.files.get(&file.path) {
                    Some(text) => text.clone(),
                    None => fs::read_to_string(self.base.join(&file.path)).map_err(|e| {
                        Failure::permanent(format!("read {:?}, which the answers name", file.path))
                            .because(e.to_string())
                    })?,
                };
                files.insert(file.path.clone(), text);
            }
        }
        Ok(Self { base: PathBuf::new(), files, ..self.clone() })
    }

    /// The same for a host that is reached as in these answers, or by this address where they say nothing: the way to it
    /// is one's own, whoever has begun the run.
    #[must_use]
    pub fn reached_as(&self, answers: &str, address: &str) -> Self {
        let own = answers.parse::<toml::Table>().ok().and_then(|mut table| table.remove("host"));
        let (Ok(mut table), Some(host)) = (self.answers.parse::<toml::Table>(), own) else {
            return self.reached_by(address);
        };
        table.insert("host".to_owned(), host);
        Self { answers: toml::to_string(&table).unwrap_or_else(|_| self.answers.clone()), ..self.clone() }
    }

    /// The same for a host that is reached by this address.
    #[must_use]
    pub fn reached_by(&self, address: &str) -> Self {
        let Ok(mut table) = self.answers.parse::<toml::Table>() else { return self.clone() };
        let host = toml::Table::from_iter([("address".to_owned(), toml::Value::String(address.to_owned()))]);
        table.insert("host".to_owned(), toml::Value::Table(host));
        Self { answers: toml::to_string(&table).unwrap_or_else(|_| self.answers.clone()), ..self.clone() }
    }
}

impl Order {
    /// Has the keys written to this file, where the run was begun without one, or elsewhere.
    pub fn keys_into(&mut self, file: &Path) -> Result<(), Failure> {
        let file = absolute(file);
        match &self.request.credentials_file {
            Some(own) if *own != file && own.exists() => {
                Err(Failure::permanent(format!("this run writes its keys to {}", own.display()))
                    .help("leave --credentials-file out, and copy that file"))
            }
            _ => {
                self.request.credentials_file = Some(file);
                Ok(())
            }
        }
    }
}

/// An order for a host with every default, to look at it before there are answers.
pub fn for_host(address: &str, sites: &Sites) -> Result<Order, BadAnswers> {
    let reach = match address {
        "local" => Reach::Local,
        _ => Reach::Ssh(SshReach { destination: address.to_owned(), ..SshReach::default() }),
    };
    let host = address.rsplit('@').next().unwrap_or(address).to_ascii_lowercase();
    let label: String = host.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(63).collect();
    let name: HostId = label
        .trim_matches('-')
        .parse()
        .map_err(|_| BadAnswers(format!("{address:?} is not a host as ssh takes it")))?;
    let site = Site::with_defaults(name, reach);
    let credentials_file = Some(sites.dir(name).join("keys.toml"));
    Ok(Order { site, request: nothing_answered(credentials_file) })
}

fn nothing_answered(credentials_file: Option<PathBuf>) -> Request {
    Request { answers: String::new(), base: PathBuf::new(), credentials_file, files: BTreeMap::new() }
}

/// The name of a rehearsal's site.
pub const REHEARSAL: &str = "rehearsal";

/// The site of a rehearsal: every default, and a chart whose checksum is the simulated one's.
#[expect(clippy::missing_panics_doc, reason = "the name is a constant, and a label")]
pub fn for_rehearsal(sites: &Sites) -> Order {
    let name = REHEARSAL.parse().expect("it is a label: the rehearsal's tests pass through here");
    let mut site = Site::with_defaults(name, Reach::Local);
    site.supply.components = vec![crate::transport::simulated::depot::components()];
    let credentials_file = Some(sites.dir(name).join("keys.toml"));
    Order { site, request: nothing_answered(credentials_file) }
}

fn site(text: &str, base: &Path, files: &BTreeMap<String, String>) -> Result<Site, Vec<Problem>> {
    let read = |file: &NamedFile| match files.get(&file.path) {
        Some(text) => Ok(text.clone()),
        None => fs::read_to_string(base.join(&file.path)).map_err(|e| e.to_string()),
    };
    answers::parse(text)?.complete(read)
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_in_answers_hold_from_everywhere() {
        let text = "[supply]\nextra_ca = \"ca.pem\"\ncomponents = [\"/abs.toml\", \"own.toml\"]\n";
        let table: toml::Table = from_anywhere(text, Path::new("/home/me")).parse().expect("it is TOML");
        let supply = table["supply"].as_table().expect("a table");
        assert_eq!(supply["extra_ca"].as_str(), Some("/home/me/ca.pem"));
        assert_eq!(supply["components"][0].as_str(), Some("/abs.toml"));
        assert_eq!(supply["components"][1].as_str(), Some("/home/me/own.toml"));
        assert_eq!(from_anywhere("no = = toml", Path::new("/")), "no = = toml");
    }
}
