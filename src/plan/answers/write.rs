//! A draft as an answers file: only what differs from the defaults, so that it stays short.

use super::Draft;
use crate::plan::site::{Bucket, Compute, ImageDelivery, Quota, Reach, Site, Storage};
use std::fmt::Write as _;

/// The file that [`super::parse`] reads back as the same draft, but for line numbers.
pub fn to_toml(draft: &Draft) -> String {
    let site = &draft.site;
    let usual = Site::with_defaults(site.name, site.reach.clone());
    let mut out = Out::default();
    out.text("site", site.name.as_str());
    if site.adopt {
        out.raw("adopt", "true");
    }
    if site.compute == Compute::Gpu {
        out.text("compute", "gpu");
    }
    host(&mut out, site);
    names(&mut out, site, &usual);
    supply(&mut out, draft);
    registry(&mut out, site, &usual);
    if site.buckets != usual.buckets {
        for bucket in &site.buckets {
            self::bucket(&mut out, bucket);
        }
    }
    out.text
}

/// Text under construction; a section's head is written with its first key.
#[derive(Default)]
struct Out {
    text: String,
    head: Option<String>,
}

impl Out {
    fn section(&mut self, head: &str) {
        self.head = Some(head.into());
    }

    fn raw(&mut self, key: &str, value: &str) {
        if let Some(head) = self.head.take() {
            let _ = writeln!(self.text, "\n{head}");
        }
        let _ = writeln!(self.text, "{key} = {value}");
    }

    fn text(&mut self, key: &str, value: &str) {
        self.raw(key, &quoted(value));
    }

    fn optional(&mut self, key: &str, value: Option<&String>) {
        if let Some(value) = value {
            self.text(key, value);
        }
    }

    fn list(&mut self, key: &str, values: &[String]) {
        if !values.is_empty() {
            let values: Vec<String> = values.iter().map(|v| quoted(v)).collect();
            self.raw(key, &format!("[{}]", values.join(", ")));
        }
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.into()).to_string()
}

fn host(out: &mut Out, site: &Site) {
    out.section("[host]");
    match &site.reach {
        Reach::Local => out.text("address", "local"),
        Reach::Ssh(ssh) => {
            out.text("address", &ssh.destination);
            if let Some(port) = ssh.port {
                out.raw("port", &port.to_string());
            }
            out.optional("identity", ssh.identity.as_ref());
            out.optional("jump", ssh.jump.as_ref());
            out.optional("ssh_config", ssh.config.as_ref());
            out.optional("fingerprint", ssh.fingerprint.as_ref());
        }
    }
}

fn names(out: &mut Out, site: &Site, usual: &Site) {
    let names = &site.names;
    out.section("[names]");
    out.optional("node_name", names.node_name.as_ref());
    out.optional("node_ip", names.node_ip.map(|ip| ip.to_string()).as_ref());
    out.list("tls_san", &names.tls_san);
    if names.cluster_cidr != usual.names.cluster_cidr {
        out.text("cluster_cidr", &names.cluster_cidr.to_string());
    }
    if names.service_cidr != usual.names.service_cidr {
        out.text("service_cidr", &names.service_cidr.to_string());
    }
}

fn supply(out: &mut Out, draft: &Draft) {
    let supply = &draft.site.supply;
    out.section("[supply]");
    if supply.images == ImageDelivery::Pull {
        out.text("images", "pull");
    }
    out.optional("extra_ca", draft.extra_ca.as_ref().map(|file| &file.path));
    let tables: Vec<String> = draft.components.iter().map(|file| file.path.clone()).collect();
    out.list("components", &tables);
    if let Some(proxy) = &supply.proxy {
        out.section("[supply.proxy]");
        out.text("url", &proxy.url);
        out.list("no_proxy", &proxy.no_proxy);
    }
    for (registry, mirrors) in &supply.mirrors {
        for mirror in mirrors {
            out.section("[[supply.mirror]]");
            out.text("registry", registry);
            out.text("endpoint", &mirror.endpoint);
            if !mirror.rewrite.is_empty() {
                let pairs: Vec<String> =
                    mirror.rewrite.iter().map(|(from, to)| format!("{} = {}", quoted(from), quoted(to))).collect();
                out.raw("rewrite", &format!("{{ {} }}", pairs.join(", ")));
            }
        }
    }
}

fn registry(out: &mut Out, site: &Site, usual: &Site) {
    let (mine, usual) = (&site.registry, &usual.registry);
    out.section("[registry]");
    if mine.tenant != usual.tenant {
        out.text("tenant", &mine.tenant);
    }
    if mine.namespace != usual.namespace {
        out.text("namespace", &mine.namespace);
    }
    if mine.volumes != usual.volumes {
        out.raw("volumes", &mine.volumes.to_string());
    }
    if mine.capacity != usual.capacity {
        out.text("capacity", &size(mine.capacity));
    }
    match &mine.storage {
        Storage::Existing(class) => out.text("storage_class", class),
        Storage::LocalPath if mine.data_dir != usual.data_dir => out.text("data_dir", &mine.data_dir),
        Storage::LocalPath => {}
    }
    if mine.node_port != usual.node_port {
        out.raw("node_port", &mine.node_port.to_string());
    }
    if let Some(port) = mine.console_port {
        out.raw("console_port", &port.to_string());
    }
}

fn bucket(out: &mut Out, bucket: &Bucket) {
    let usual = Bucket::named(&bucket.name);
    out.section("[[bucket]]");
    out.text("name", &bucket.name);
    if bucket.versioning != usual.versioning {
        out.raw("versioning", &bucket.versioning.to_string());
    }
    if bucket.keep_versions != usual.keep_versions {
        out.raw("keep_versions", &bucket.keep_versions.to_string());
    }
    if bucket.noncurrent_days != usual.noncurrent_days {
        out.raw("noncurrent_days", &bucket.noncurrent_days.to_string());
    }
    match bucket.quota {
        Quota::Auto => {}
        Quota::Unlimited => out.text("quota", "none"),
        Quota::Bytes(bytes) => out.text("quota", &size(bytes)),
    }
}

/// The largest unit that loses nothing.
fn size(bytes: u64) -> String {
    let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
    let fits = units.iter().find(|(shift, _)| bytes > 0 && bytes.trailing_zeros() >= *shift);
    fits.map_or_else(|| format!("{bytes}B"), |(shift, unit)| format!("{}{unit}", bytes >> shift))
}
