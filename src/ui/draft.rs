//! Everything that was typed or chosen so far. It is an answers file in the making: the same rules judge
//! it that judge a file, and what is installed in the end is what `w` writes.

pub use super::fields::FieldId;
use super::fields::Kind;
use super::widgets::Field;
use crate::plan::answers::{self, Problem};
use crate::plan::facts::Facts;
use crate::plan::host::is_label;
use crate::plan::site::{Reach, Site};
use toml::{Table, Value};

/// Where a value is from. It is shown beside the value until somebody types another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The program's own default.
    Default,
    /// Found on the host.
    Facts,
    /// An answers file.
    File,
    /// Typed here.
    Typed,
}

/// A field's value under the user's hands.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// A text.
    Text(Field),
    /// Yes or no.
    Flag(bool),
    /// One of a few words.
    Choice {
        /// The words, as an answers file has them.
        options: &'static [&'static str],
        /// Which.
        at: usize,
    },
}

impl Input {
    /// The value as text; a flag is `true` or `false`.
    pub fn text(&self) -> String {
        match self {
            Self::Text(field) => field.text(),
            Self::Flag(on) => on.to_string(),
            Self::Choice { options, at } => options.get(*at).copied().unwrap_or_default().to_owned(),
        }
    }
}

/// All of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// What an answers file said beside the fields: it is kept and written again.
    base: Table,
    inputs: Vec<(FieldId, Input, Origin)>,
}

const COMPUTE: &[&str] = &["cpu", "gpu"];
const IMAGES: &[&str] = &["tarballs", "pull"];

fn empty(id: FieldId) -> Input {
    match id.kind() {
        Kind::Flag => Input::Flag(true),
        Kind::Choice => Input::Choice { options: if id == FieldId::Compute { COMPUTE } else { IMAGES }, at: 0 },
        Kind::List | Kind::Mirrors => Input::Text(Field::lines("")),
        Kind::Text | Kind::Number => Input::Text(Field::line("")),
    }
}

impl Default for Draft {
    fn default() -> Self {
        let inputs = FieldId::ALL.iter().map(|id| (*id, empty(*id), Origin::Default)).collect();
        let mut draft = Self { base: Table::new(), inputs };
        let usual = "defaults".parse().map(|name| Site::with_defaults(name, Reach::Local));
        if let Ok(Site { names, registry, buckets, .. }) = usual {
            draft.put(FieldId::ClusterCidr, &names.cluster_cidr.to_string(), Origin::Default);
            draft.put(FieldId::ServiceCidr, &names.service_cidr.to_string(), Origin::Default);
            draft.put(FieldId::Tenant, &registry.tenant, Origin::Default);
            draft.put(FieldId::Namespace, &registry.namespace, Origin::Default);
            draft.put(FieldId::Volumes, &registry.volumes.to_string(), Origin::Default);
            draft.put(FieldId::Capacity, &format!("{}GiB", registry.capacity >> 30), Origin::Default);
            draft.put(FieldId::DataDir, &registry.data_dir, Origin::Default);
            draft.put(FieldId::NodePort, &registry.node_port.to_string(), Origin::Default);
            if let Some(bucket) = buckets.first() {
                draft.put(FieldId::Bucket, &bucket.name, Origin::Default);
                draft.put(FieldId::KeepVersions, &bucket.keep_versions.to_string(), Origin::Default);
            }
            draft.put(FieldId::Quota, "auto", Origin::Default);
        }
        draft
    }
}

impl Draft {
    /// The draft that an answers file is. What cannot be read stays as it is in the file, and is judged
    /// with the rest.
    pub fn of_answers(text: &str) -> Result<Self, String> {
        let base: Table = text.parse().map_err(|e: toml::de::Error| e.message().to_owned())?;
        let mut draft = Self { base, ..Self::default() };
        for id in FieldId::ALL {
            if let Some(text) = draft.find(*id).map(|value| words(*id, value)) {
                draft.put(*id, &text, Origin::File);
            }
        }
        // A class of one's own decides where the volumes lie.
        if !draft.text(FieldId::StorageClass).is_empty() {
            draft.put(FieldId::DataDir, "", Origin::File);
        }
        Ok(draft)
    }

    fn find(&self, id: FieldId) -> Option<&Value> {
        let mut parts = id.key().split('.');
        let mut value = self.base.get(parts.next()?)?;
        for part in parts {
            let table = if let Value::Array(rows) = value { rows.first()? } else { value };
            value = table.as_table()?.get(part)?;
        }
        Some(value)
    }

    /// A field's value and where it is from.
    pub fn get(&self, id: FieldId) -> (&Input, Origin) {
        let found = self.inputs.iter().find(|(other, ..)| *other == id);
        found.map_or((&Input::Flag(false), Origin::Default), |(_, input, origin)| (input, *origin))
    }

    /// A field's value as text.
    pub fn text(&self, id: FieldId) -> String {
        self.get(id).0.text()
    }

    /// A field under the user's hands; from now on it is a typed one.
    pub fn typing(&mut self, id: FieldId) -> Option<&mut Input> {
        let (_, input, origin) = self.inputs.iter_mut().find(|(other, ..)| *other == id)?;
        *origin = Origin::Typed;
        Some(input)
    }

    /// Says again where a value is from, after a key that did not change it.
    pub fn keep_origin(&mut self, id: FieldId, from: Origin) {
        if let Some((.., origin)) = self.inputs.iter_mut().find(|(other, ..)| *other == id) {
            *origin = from;
        }
    }

    /// Gives a field a value.
    pub fn put(&mut self, id: FieldId, text: &str, from: Origin) {
        let Some((_, input, origin)) = self.inputs.iter_mut().find(|(other, ..)| *other == id) else { return };
        *origin = from;
        match input {
            Input::Text(field) => field.set(text),
            Input::Flag(on) => *on = text == "true",
            Input::Choice { options, at } => *at = options.iter().position(|o| *o == text).unwrap_or(0),
        }
    }

    /// Calls the site after its host, until somebody calls it otherwise. `here` is this computer's name.
    pub fn name_after_address(&mut self, here: &str) {
        if matches!(self.get(FieldId::Site).1, Origin::Typed | Origin::File) {
            return;
        }
        let address = self.text(FieldId::Address);
        let host = if address == "local" { here } else { address.rsplit('@').next().unwrap_or_default() };
        let host = host.to_ascii_lowercase();
        let label: String = host.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(63).collect();
        let label = label.trim_matches('-');
        let name = if is_label(label) { label } else { "" };
        self.put(FieldId::Site, name, Origin::Default);
    }

    /// Fills in what the host says of itself, except where somebody has decided otherwise.
    pub fn learn(&mut self, facts: &Facts) {
        let names = facts.hostname.to_ascii_lowercase();
        let ip = facts.default_ip().map(|ip| ip.to_string()).unwrap_or_default();
        let mut sans: Vec<&str> = vec![names.as_str(), ip.as_str()];
        let address = self.text(FieldId::Address);
        let reached = address.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
        if reached != "local" && !reached.is_empty() {
            sans.push(&reached);
        }
        sans.retain(|san| !san.is_empty());
        sans.dedup();
        let mut once: Vec<&str> = Vec::new();
        for san in sans {
            if !once.contains(&san) {
                once.push(san);
            }
        }
        for (id, text) in
            [(FieldId::NodeName, names.clone()), (FieldId::NodeIp, ip.clone()), (FieldId::TlsSan, once.join("\n"))]
        {
            if matches!(self.get(id).1, Origin::Default | Origin::Facts) && !text.is_empty() {
                self.put(id, &text, Origin::Facts);
            }
        }
        let gpu = !facts.gpus.is_empty();
        if gpu && self.get(FieldId::Compute).1 == Origin::Default {
            self.put(FieldId::Compute, "cpu", Origin::Facts);
        }
    }

    /// The answers file that this is.
    pub fn answers(&self) -> String {
        let mut table = self.base.clone();
        for (id, input, _) in &self.inputs {
            let text = input.text();
            // What belongs to a class of the user's own has no meaning beside it, and a bucket without
            // versions keeps none.
            let moot = match id {
                FieldId::DataDir => !self.text(FieldId::StorageClass).trim().is_empty(),
                FieldId::KeepVersions => self.text(FieldId::Versioning) == "false",
                FieldId::Port => self.text(FieldId::Address) == "local",
                FieldId::NoProxy => self.text(FieldId::ProxyUrl).trim().is_empty(),
                FieldId::Compute => text == "cpu",
                FieldId::Images => text == "tarballs",
                FieldId::Quota => text.trim() == "auto",
                _ => false,
            };
            let value = if moot || text.trim().is_empty() { None } else { Some(self.value(*id, &text)) };
            set(&mut table, id.key(), value);
        }
        toml::to_string(&table).unwrap_or_default()
    }

    fn value(&self, id: FieldId, text: &str) -> Value {
        let rows = || text.lines().map(str::trim).filter(|row| !row.is_empty());
        match id.kind() {
            Kind::Text | Kind::Choice => Value::String(text.trim().into()),
            // What is no number is kept as it was typed, so that the rules name it.
            Kind::Number => text.trim().parse::<i64>().map_or_else(|_| Value::String(text.into()), Value::Integer),
            Kind::Flag => Value::Boolean(text == "true"),
            Kind::List => Value::Array(rows().map(|row| Value::String(row.into())).collect()),
            Kind::Mirrors => Value::Array(rows().map(|row| self.mirror(row)).collect()),
        }
    }

    /// A mirror as a table, with the rewriting that the file had for it.
    fn mirror(&self, row: &str) -> Value {
        let (registry, endpoint) = row.split_once('=').unwrap_or((row, ""));
        let (registry, endpoint) = (registry.trim(), endpoint.trim());
        let same = |old: &&Value| {
            old.get("registry").and_then(Value::as_str) == Some(registry)
                && old.get("endpoint").and_then(Value::as_str) == Some(endpoint)
        };
        let old = self.find(FieldId::Mirrors).and_then(Value::as_array).and_then(|rows| rows.iter().find(same));
        old.cloned().unwrap_or_else(|| {
            let mut table = Table::new();
            table.insert("registry".into(), Value::String(registry.into()));
            table.insert("endpoint".into(), Value::String(endpoint.into()));
            Value::Table(table)
        })
    }

    /// What is wrong with it, by the rules for answers files.
    pub fn problems(&self) -> Vec<Problem> {
        answers::parse(&self.answers()).err().unwrap_or_default()
    }

    /// The site, where nothing is wrong. Files that it names are not read.
    pub fn site(&self) -> Option<Site> {
        answers::parse(&self.answers()).ok().map(|draft| draft.site)
    }
}

/// The problem that belongs to a field.
pub fn problem_of(id: FieldId, problems: &[Problem]) -> Option<&Problem> {
    problems.iter().find(|p| p.key == id.key() || (id == FieldId::Mirrors && p.key.starts_with("supply.mirror")))
}

fn words(id: FieldId, value: &Value) -> String {
    let mirror = |row: &Value| {
        let part = |key| row.get(key).and_then(Value::as_str).unwrap_or_default();
        format!("{} = {}", part("registry"), part("endpoint"))
    };
    match value {
        Value::String(text) => text.clone(),
        Value::Array(rows) if id.kind() == Kind::Mirrors => rows.iter().map(mirror).collect::<Vec<_>>().join("\n"),
        Value::Array(rows) => rows.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("\n"),
        other => other.to_string(),
    }
}

/// Sets or removes `a.b.c`; `bucket.x` is of the first bucket.
fn set(table: &mut Table, key: &str, value: Option<Value>) {
    // `supply.mirror` is a list of tables, and is set whole.
    let Some((head, rest)) = key.split_once('.') else {
        match value {
            Some(value) => table.insert(key.into(), value),
            None => table.remove(key),
        };
        return;
    };
    if value.is_none() && !table.contains_key(head) {
        return;
    }
    let several = head == "bucket";
    let entry = table.entry(head).or_insert_with(|| {
        if several { Value::Array(vec![Value::Table(Table::new())]) } else { Value::Table(Table::new()) }
    });
    let inner = match entry {
        Value::Array(rows) => rows.first_mut(),
        other => Some(other),
    };
    if let Some(Value::Table(inner)) = inner {
        set(inner, rest, value);
        if inner.is_empty() {
            table.remove(head);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft() -> Draft {
        let mut draft = Draft::default();
        draft.put(FieldId::Site, "edge-07", Origin::Typed);
        draft.put(FieldId::Address, "tech@edge-07", Origin::Typed);
        draft
    }

    #[test]
    fn a_fresh_draft_is_the_site_with_every_default() {
        let site = draft().site().unwrap_or_else(|| panic!("{:?}", draft().problems()));
        assert_eq!(site, Site::with_defaults(site.name, site.reach.clone()));
    }

    #[test]
    fn what_the_fields_do_not_show_is_kept() {
        let text = "site = \"edge\"\nadopt = true\n[host]\naddress = \"edge\"\njump = \"bastion\"\n[[bucket]]\nname = \"models\"\nnoncurrent_days = 9\n[[bucket]]\nname = \"second\"\n[[supply.mirror]]\nregistry = \"docker.io\"\nendpoint = \"https://m.example\"\nrewrite = { \"^a\" = \"b\" }\n";
        let mut draft = Draft::of_answers(text).expect("it is TOML");
        draft.put(FieldId::Bucket, "weights", Origin::Typed);
        let site = draft.site().unwrap_or_else(|| panic!("{:?}", draft.problems()));
        assert!(site.adopt && site.buckets.len() == 2);
        assert_eq!((site.buckets[0].name.as_str(), site.buckets[0].noncurrent_days), ("weights", 9));
        assert_eq!(site.supply.mirrors["docker.io"][0].rewrite.len(), 1);
        assert!(matches!(site.reach, Reach::Ssh(ssh) if ssh.jump.as_deref() == Some("bastion")));
    }

    #[test]
    fn each_mistake_is_found_at_its_field() {
        let mut draft = draft();
        let bad = [
            (FieldId::Volumes, "three"),
            (FieldId::NodeIp, "10.0.0.300"),
            (FieldId::TlsSan, "fine.example\nNot Fine"),
            (FieldId::Mirrors, "docker.io"),
            (FieldId::DataDir, "/etc"),
            (FieldId::Port, "70000"),
            (FieldId::Quota, "20GB"),
        ];
        for (id, text) in bad {
            draft.put(id, text, Origin::Typed);
        }
        let problems = draft.problems();
        for (id, _) in bad {
            assert!(problem_of(id, &problems).is_some(), "{id:?} of {problems:?}");
        }
        assert!(problem_of(FieldId::Tenant, &problems).is_none());
    }

    #[test]
    fn every_key_is_one_that_answers_know() {
        for id in FieldId::ALL {
            let (section, key) = id.key().rsplit_once('.').unwrap_or(("", id.key()));
            let known = answers::SECTIONS.iter().find(|(name, _)| *name == section).map(|(_, keys)| *keys);
            assert!(known.is_some_and(|keys| keys.contains(&key)), "{}", id.key());
        }
    }

    #[test]
    fn facts_never_overwrite_what_was_typed() {
        let facts = Facts::parse(include_bytes!("../../tests/fixtures/facts/ubuntu-24.04.txt"));
        let mut draft = draft();
        draft.put(FieldId::NodeName, "mine", Origin::Typed);
        draft.learn(&facts);
        assert_eq!(draft.text(FieldId::NodeName), "mine");
        assert_eq!(draft.get(FieldId::NodeIp).1, Origin::Facts);
        assert_eq!(draft.text(FieldId::NodeIp), facts.default_ip().expect("the fixture has it").to_string());
        assert!(draft.text(FieldId::TlsSan).lines().any(|san| san == "edge-07"));
    }
}
