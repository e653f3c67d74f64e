//! The answers file: TOML in, a [`Draft`] of a site out, and back again.
//!
//! Reading is pure. Every mistake is reported at once, each with its line, what was found and what
//! is valid; an unknown key is answered with the nearest known one. Files that the answers name (a
//! CA, component tables) are read by the caller, so that nothing here touches a disk. No secret may
//! stand in an answers file, and where one is likely (an address of a proxy) it is refused.

mod nearest;
mod problem;
mod reader;
mod registry;
mod rules;
mod sections;
mod write;

pub use problem::{Problem, report};
pub use write::to_toml;

use super::site::{Names, Reach, Registry, Site, Supply};
use super::{HostId, host};
use reader::{Reader, Section};

/// The explained file that `modelquay answers` prints. It parses to the defaults.
pub const TEMPLATE: &str = include_str!("../../../assets/templates/answers.toml");

/// The host's name in [`TEMPLATE`].
pub const TEMPLATE_SITE: &str = "edge-07";

/// How the host of [`TEMPLATE`] is reached.
pub const TEMPLATE_ADDRESS: &str = "tech@edge-07.example";

/// A file that the answers name and that somebody has still to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedFile {
    /// Its path as it was written; a relative one is meant from the answers file's directory.
    pub path: String,
    /// The line that names it.
    pub line: usize,
    /// The key that names it.
    pub key: &'static str,
}

/// The answers as far as their own file tells them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The site, with neither the CA nor the component tables in it.
    pub site: Site,
    /// The further CA.
    pub extra_ca: Option<NamedFile>,
    /// The component tables, in the order of the file.
    pub components: Vec<NamedFile>,
}

impl Draft {
    /// The whole site. `read` gives the text of a named file or says why it cannot; every file that
    /// cannot be read is reported, not only the first.
    pub fn complete(self, mut read: impl FnMut(&NamedFile) -> Result<String, String>) -> Result<Site, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut take = |file: &NamedFile, what: &str, check: fn(&str) -> bool| {
            let text = read(file).and_then(|text| if check(&text) { Ok(text) } else { Err(format!("it is {what}")) });
            text.map_err(|why| {
                let what = format!("the file {:?} cannot be used: {why}", file.path);
                problems.push(Problem { line: file.line, key: file.key.into(), what, help: None });
            })
            .ok()
        };
        let extra_ca = self.extra_ca.as_ref().and_then(|file| take(file, "no certificate in PEM", is_pem));
        let components = self.components.iter().filter_map(|file| take(file, "not text", |_| true)).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut site = self.site;
        site.supply.extra_ca = extra_ca;
        site.supply.components = components;
        Ok(site)
    }
}

fn is_pem(text: &str) -> bool {
    text.contains("-----BEGIN CERTIFICATE-----") && !text.contains("PRIVATE KEY-----")
}

/// Every section with its keys: what unknown keys are compared with.
pub const SECTIONS: &[(&str, &[&str])] = &[
    ("", &["site", "adopt", "compute", "host", "names", "supply", "registry", "bucket"]),
    ("host", &["address", "port", "identity", "jump", "ssh_config", "fingerprint"]),
    ("names", &["node_name", "node_ip", "tls_san", "cluster_cidr", "service_cidr"]),
    ("supply", &["images", "extra_ca", "components", "proxy", "mirror"]),
    ("supply.proxy", &["url", "no_proxy"]),
    ("supply.mirror", &["registry", "endpoint", "rewrite"]),
    (
        "registry",
        &["tenant", "namespace", "volumes", "capacity", "data_dir", "storage_class", "node_port", "console_port"],
    ),
    ("bucket", &["name", "versioning", "keep_versions", "noncurrent_days", "quota"]),
];

/// The longest answers that are read, in bytes: those of a site have a few thousand.
pub const LONGEST: usize = 1 << 20;

/// Reads an answers file. All mistakes are reported at once, in the order of their lines.
pub fn parse(text: &str) -> Result<Draft, Vec<Problem>> {
    if text.len() > LONGEST {
        let what = format!("the file has {} bytes, and answers have at most {LONGEST}", text.len());
        return Err(vec![Problem { line: 1, key: String::new(), what, help: None }]);
    }
    let mut reader = Reader::new(text);
    let draft = reader.document().and_then(|root| read(&mut reader, &root));
    match draft {
        Some(draft) if reader.problems.is_empty() => Ok(draft),
        _ => Err(reader.finish()),
    }
}

/// `None` only where something that cannot be defaulted is missing or wrong; then there is a
/// problem as well.
fn read(reader: &mut Reader<'_>, root: &Section<'_>) -> Option<Draft> {
    let name = reader.required_text(root, "site", "the site's name, as in \"edge-07\"").and_then(|found| {
        let bad = "1 to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit";
        reader.check(&found, host::is_label(found.value), bad);
        found.value.parse::<HostId>().ok()
    });
    let adopt = reader.flag(root, "adopt").unwrap_or(false);
    let compute = sections::compute(reader, root);
    let reach = sections::host(reader, root);
    let names = reader.table(root, "names").map(|at| sections::names(reader, &at));
    let supply = reader.table(root, "supply").map(|at| sections::supply(reader, &at));
    let registry = reader.table(root, "registry").map(|at| registry::registry(reader, &at));
    let buckets = registry::buckets(reader, root);

    let mut site = Site::with_defaults(name?, reach.unwrap_or(Reach::Local));
    site.adopt = adopt;
    site.compute = compute;
    site.names = names.unwrap_or(Names { ..site.names });
    let (supply, extra_ca, components) = supply.unwrap_or((Supply::default(), None, Vec::new()));
    site.supply = supply;
    site.registry = registry.unwrap_or(Registry { ..site.registry });
    if let Some(buckets) = buckets {
        site.buckets = buckets;
    }
    Some(Draft { site, extra_ca, components })
}

#[cfg(test)]
mod fuzz_tests;

#[cfg(test)]
#[path = "answers_tests.rs"]
mod tests;
