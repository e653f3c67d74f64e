//! `[registry]` and `[[bucket]]`.

use super::reader::{Found, Reader, Section};
use super::rules;
use crate::plan::host::is_label;
use crate::plan::site::{Bucket, Quota, Reach, Registry, Site, Storage};

/// The defaults, by which a missing key is filled.
fn defaults() -> Registry {
    let name = "defaults".parse().expect("the word is a label");
    Site::with_defaults(name, Reach::Local).registry
}

/// The registry's own smallest size: below it, the first model would not fit.
const LEAST: u64 = 1 << 30;

pub fn registry(reader: &mut Reader<'_>, at: &Section<'_>) -> Registry {
    let mut registry = defaults();
    if let Some(found) = reader.text(at, "tenant") {
        // 45 is what is left of 63 for the label of a pod's revision, `TENANT-pool-0-` and ten
        // digits; a service's name begins with a letter.
        let good =
            is_label(found.value) && found.value.len() <= 45 && found.value.starts_with(|c: char| c.is_alphabetic());
        let expected = "1 to 45 of a-z, 0-9 and -, beginning with a letter and ending with a letter or digit";
        if reader.check(&found, good, expected) {
            registry.tenant = found.value.into();
        }
    }
    if let Some(found) = reader.text(at, "namespace") {
        let taken =
            ["default", "kube-system", "kube-public", "kube-node-lease", "minio-operator", "local-path-storage"];
        let good = is_label(found.value) && !taken.contains(&found.value) && !found.value.starts_with("kube-");
        let expected = "a namespace of its own: 1 to 63 of a-z, 0-9 and -, none of the cluster's";
        if reader.check(&found, good, expected) {
            registry.namespace = found.value.into();
        }
    }
    let volumes = reader.number(at, "volumes", &|n| n == 1 || (4..=16).contains(&n), "1, or 4 to 16");
    if let Some(volumes) = volumes.and_then(|n| u32::try_from(n).ok()) {
        registry.volumes = volumes;
    }
    if let Some(found) = reader.text(at, "capacity") {
        let bytes = rules::size(found.value).filter(|bytes| (LEAST..=1 << 50).contains(bytes));
        reader.check(&found, bytes.is_some(), &format!("{}, from 1GiB to 1024TiB", rules::SIZE));
        registry.capacity = bytes.unwrap_or(registry.capacity);
    }
    let class = reader.text(at, "storage_class");
    if let Some(found) = &class {
        let expected = "the name of a storage class that exists in the cluster";
        if reader.check(found, rules::is_dns_name(found.value), expected) {
            registry.storage = Storage::Existing(found.value.into());
        }
    }
    if let Some(found) = reader.text(at, "data_dir") {
        if let Some(class) = &class {
            let what = format!("it has no meaning together with storage_class {:?}, which decides itself", class.value);
            reader.complain("registry", "data_dir", found.line, what, None);
        }
        match rules::data_dir(found.value) {
            Ok(()) => registry.data_dir = found.value.into(),
            Err(expected) => {
                reader.check(&found, false, expected);
            }
        }
    }
    if let Some(port) = node_port(reader, at, "node_port") {
        registry.node_port = port;
    }
    registry.console_port = node_port(reader, at, "console_port");
    if registry.console_port == Some(registry.node_port) {
        let what = format!("found {}, which is the registry's own node_port", registry.node_port);
        reader.complain("registry", "console_port", at.line, what, None);
    }
    registry
}

fn node_port(reader: &mut Reader<'_>, at: &Section<'_>, key: &str) -> Option<u16> {
    let port = reader.number(at, key, &|n| (30_000..=32_767).contains(&n), "a node port from 30000 to 32767")?;
    u16::try_from(port).ok()
}

/// The buckets; `None` where the file says nothing of them.
pub fn buckets(reader: &mut Reader<'_>, root: &Section<'_>) -> Option<Vec<Bucket>> {
    let sections = reader.tables(root, "bucket")?;
    if sections.is_empty() {
        reader.complain("", "bucket", root.line, "there has to be at least one bucket", None);
    }
    let mut buckets: Vec<Bucket> = Vec::new();
    for at in &sections {
        if let Some(bucket) = bucket(reader, at, &buckets) {
            buckets.push(bucket);
        }
    }
    Some(buckets)
}

fn bucket(reader: &mut Reader<'_>, at: &Section<'_>, before: &[Bucket]) -> Option<Bucket> {
    let name = reader.required_text(at, "name", "the bucket's name, as in \"models\"");
    let mut bucket = Bucket::named(name.as_ref().map_or("", |f| f.value));
    if let Some(found) = &name {
        let expected = "3 to 63 of a-z, 0-9, - and ., beginning and ending with a letter or digit and not like an \
                        address, so that S3 and Triton both take it";
        reader.check(found, rules::is_bucket(found.value), expected);
        if before.iter().any(|b| b.name == found.value) {
            reader.complain(
                "bucket",
                "name",
                found.line,
                format!("the bucket {:?} stands here twice", found.value),
                None,
            );
        }
    }
    if let Some(versioning) = reader.flag(at, "versioning") {
        bucket.versioning = versioning;
    }
    let count = |n: Option<i64>, default: u32| n.and_then(|n| u32::try_from(n).ok()).unwrap_or(default);
    let keep = reader.number(at, "keep_versions", &|n| (1..=1000).contains(&n), "a number from 1 to 1000");
    bucket.keep_versions = count(keep, bucket.keep_versions);
    let days = reader.number(at, "noncurrent_days", &|n| (1..=36_500).contains(&n), "days from 1 to 36500");
    bucket.noncurrent_days = count(days, bucket.noncurrent_days);
    if let Some(found) = reader.text(at, "quota") {
        bucket.quota = quota(reader, &found);
    }
    name.map(|_| bucket)
}

fn quota(reader: &mut Reader<'_>, found: &Found<'_, &str>) -> Quota {
    match found.value {
        "auto" => Quota::Auto,
        "none" => Quota::Unlimited,
        text => {
            let bytes = rules::size(text).filter(|bytes| *bytes > 0);
            reader.check(found, bytes.is_some(), &format!("\"auto\", \"none\", or {}", rules::SIZE));
            bytes.map_or(Quota::Auto, Quota::Bytes)
        }
    }
}
