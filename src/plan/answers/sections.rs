//! `[host]`, `[names]`, `[supply]` and `compute`.

use super::NamedFile;
use super::reader::{Found, Reader, Section};
use super::rules;
use crate::plan::site::{
    CLUSTER_CIDR, Cidr, Compute, ImageDelivery, Mirror, Names, Proxy, Reach, SERVICE_CIDR, SshReach, Supply,
};
use std::net::Ipv4Addr;

pub fn compute(reader: &mut Reader<'_>, root: &Section<'_>) -> Compute {
    let Some(found) = reader.text(root, "compute") else { return Compute::Cpu };
    match found.value {
        "gpu" => Compute::Gpu,
        other => {
            reader.check(&found, other == "cpu", "\"cpu\" or \"gpu\"");
            Compute::Cpu
        }
    }
}

pub fn host(reader: &mut Reader<'_>, root: &Section<'_>) -> Option<Reach> {
    const MEANING: &str = "\"local\" for this computer, or what ssh is told, as in \"tech@edge-07.example\"";
    let Some(at) = reader.table(root, "host") else {
        if !root.has("host") {
            reader.complain("host", "address", root.line, format!("it is missing: {MEANING}"), None);
        }
        return None;
    };
    let address = reader.required_text(&at, "address", MEANING);
    let port = reader.number(&at, "port", &|n| (1..=65_535).contains(&n), "a port from 1 to 65535");
    let identity = option_safe(reader, &at, "identity");
    let jump = option_safe(reader, &at, "jump");
    let config = option_safe(reader, &at, "ssh_config");
    let fingerprint = reader.text(&at, "fingerprint");
    if let Some(found) = &fingerprint {
        let expected = "SHA256: and 43 characters, as ssh-keygen -l -f on the host's public key prints it";
        reader.check(found, rules::is_fingerprint(found.value), expected);
    }
    let address = address?;
    if address.value == "local" {
        for key in ["port", "identity", "jump", "ssh_config", "fingerprint"] {
            if at.has(key) {
                reader.complain("host", key, at.line, "it has no meaning where the address is \"local\"", None);
            }
        }
        return Some(Reach::Local);
    }
    let carries_password = address.value.rsplit_once('@').is_some_and(|(user, _)| user.contains(':'));
    if carries_password {
        // The value is not repeated: it would be a secret on a screen.
        let what = "a password must not stand in the answers; it is asked for, or comes by --password-fd";
        reader.complain("host", "address", address.line, what, None);
    } else {
        reader.check(&address, rules::is_destination(address.value), MEANING);
    }
    Some(Reach::Ssh(SshReach {
        destination: address.value.into(),
        port: port.and_then(|n| u16::try_from(n).ok()),
        identity,
        jump,
        config,
        fingerprint: fingerprint.map(|f| f.value.into()),
    }))
}

/// A text that OpenSSH gets as an option's value.
fn option_safe(reader: &mut Reader<'_>, at: &Section<'_>, key: &str) -> Option<String> {
    let found = reader.text(at, key)?;
    let good = !found.value.is_empty() && !found.value.starts_with('-') && !found.value.chars().any(char::is_control);
    reader.check(&found, good, "a text that is not empty and does not begin with -").then(|| found.value.to_owned())
}

pub fn names(reader: &mut Reader<'_>, at: &Section<'_>) -> Names {
    let node_name = reader.text(at, "node_name");
    if let Some(found) = &node_name {
        let expected = "a name in lower case of a-z, 0-9, - and . (RFC 1123)";
        reader.check(found, rules::is_dns_name(found.value), expected);
    }
    let node_ip = reader.text(at, "node_ip").and_then(|found| {
        let ip = found.value.parse::<Ipv4Addr>().ok();
        let good =
            ip.filter(|ip| !ip.is_loopback() && !ip.is_unspecified() && !ip.is_multicast() && !ip.is_broadcast());
        reader.check(&found, good.is_some(), "the host's own IPv4 address, as in \"192.168.1.20\"");
        good.map(|ip| (ip, found.line))
    });
    let mut tls_san = Vec::new();
    for found in reader.texts(at, "tls_san") {
        if reader.check(&found, rules::is_name_or_ip(found.value), "a DNS name in lower case, or an IPv4 address") {
            tls_san.push(found.value.to_owned());
        }
    }
    // kube-controller-manager hands a /24 to each node; kube-apiserver wants 12 to 30 leading bits.
    let cluster = cidr(reader, at, "cluster_cidr", 8..=24);
    let service = cidr(reader, at, "service_cidr", 12..=28);
    let cluster_cidr = cluster.map_or(CLUSTER_CIDR, |(cidr, _)| cidr);
    let service_cidr = service.map_or(SERVICE_CIDR, |(cidr, _)| cidr);
    if let Some((_, line)) = service.or(cluster).filter(|_| cluster_cidr.overlaps(service_cidr)) {
        let key = if service.is_some() { "service_cidr" } else { "cluster_cidr" };
        let what = format!("the networks of pods ({cluster_cidr}) and services ({service_cidr}) overlap");
        reader.complain("names", key, line, what, None);
    }
    if let Some((ip, line)) = node_ip {
        for (name, net) in [("pods", cluster_cidr), ("services", service_cidr)] {
            if net.contains(ip) {
                let what = format!("{ip} lies in the network of {name}, {net}");
                let help = Some(format!("choose another network for {name}"));
                reader.complain("names", "node_ip", line, what, help);
            }
        }
    }
    Names {
        node_name: node_name.map(|f| f.value.into()),
        node_ip: node_ip.map(|(ip, _)| ip),
        tls_san,
        cluster_cidr,
        service_cidr,
    }
}

fn cidr(
    reader: &mut Reader<'_>,
    at: &Section<'_>,
    key: &str,
    bits: std::ops::RangeInclusive<u8>,
) -> Option<(Cidr, usize)> {
    let found = reader.text(at, key)?;
    let cidr = found.value.parse::<Cidr>().ok().filter(|c| bits.contains(&c.bits));
    let expected = format!(
        "an IPv4 network of {} to {} leading bits without bits behind them, as in \"10.42.0.0/16\"",
        bits.start(),
        bits.end()
    );
    reader.check(&found, cidr.is_some(), &expected);
    cidr.map(|cidr| (cidr, found.line))
}

pub fn supply(reader: &mut Reader<'_>, at: &Section<'_>) -> (Supply, Option<NamedFile>, Vec<NamedFile>) {
    let mut supply = Supply::default();
    if let Some(found) = reader.text(at, "images") {
        match found.value {
            "pull" => supply.images = ImageDelivery::Pull,
            other => {
                reader.check(&found, other == "tarballs", "\"tarballs\" or \"pull\"");
            }
        }
    }
    let extra_ca = reader.text(at, "extra_ca").and_then(|found| named(reader, &found, "supply.extra_ca"));
    let components = reader.texts(at, "components");
    let components = components.iter().filter_map(|found| named(reader, found, "supply.components")).collect();
    supply.proxy = reader.table(at, "proxy").and_then(|at| proxy(reader, &at));
    for one in reader.tables(at, "mirror").unwrap_or_default() {
        mirror(reader, &one, &mut supply);
    }
    (supply, extra_ca, components)
}

fn named(reader: &mut Reader<'_>, found: &Found<'_, &str>, key: &'static str) -> Option<NamedFile> {
    let good = !found.value.is_empty() && !found.value.contains('\0');
    reader.check(found, good, "the path of a file").then(|| NamedFile {
        path: found.value.into(),
        line: found.line,
        key,
    })
}

fn proxy(reader: &mut Reader<'_>, at: &Section<'_>) -> Option<Proxy> {
    let found = reader.required_text(at, "url", "the proxy's address, as in \"http://proxy.example:3128\"");
    let mut no_proxy = Vec::new();
    for one in reader.texts(at, "no_proxy") {
        let bare = one.value.strip_prefix('.').unwrap_or(one.value);
        let good = rules::is_name_or_ip(bare) || one.value.parse::<Cidr>().is_ok();
        if reader.check(&one, good, "a name, a name with a . in front, an IPv4 address or a network") {
            no_proxy.push(one.value.to_owned());
        }
    }
    let found = found?;
    let good = address(reader, &found, "http://host:port or https://host:port", &|url| {
        url.port.is_some() && matches!(url.path, "" | "/")
    });
    good.then(|| Proxy { url: found.value.trim_end_matches('/').into(), no_proxy })
}

/// Checks an address. One with user and password is refused without repeating it.
fn address(
    reader: &mut Reader<'_>,
    found: &Found<'_, &str>,
    expected: &str,
    more: &dyn Fn(&rules::Url<'_>) -> bool,
) -> bool {
    let parts = rules::url(found.value);
    if found.value.contains('@') {
        let what = "the address has a user or a password in it; no secret may stand in the answers, because the \
                    file is kept, shown and copied";
        let help = Some("use one that needs no password, or that knows the host by its address".into());
        reader.complain(found.section, found.key, found.line, what, help);
        return false;
    }
    let good = parts.is_some_and(|url| {
        url.user_info.is_none() && !url.host.is_empty() && matches!(url.scheme, "http" | "https") && more(&url)
    });
    reader.check(found, good, expected)
}

fn mirror(reader: &mut Reader<'_>, at: &Section<'_>, supply: &mut Supply) {
    let registry = reader.required_text(at, "registry", "the registry that it stands for, as in \"docker.io\"");
    let endpoint = reader.required_text(at, "endpoint", "the mirror's address, as in \"https://mirror.example\"");
    let mut rewrite = std::collections::BTreeMap::new();
    for (from, to, line) in reader.pairs(at, "rewrite") {
        if from.is_empty() || from.chars().chain(to.chars()).any(char::is_control) {
            reader.complain(at.name, "rewrite", line, "a pattern is empty or has a control character in it", None);
        } else {
            rewrite.insert(from, to);
        }
    }
    let registry = registry.filter(|found| {
        let name = found.value.split_once(':').map_or(found.value, |(name, _)| name);
        let good = found.value == "*" || (found.value.contains(['.', ':']) && rules::is_name_or_ip(name));
        reader.check(found, good, "a registry's name, as in \"docker.io\", or \"*\"")
    });
    let endpoint = endpoint
        .filter(|found| address(reader, found, "https://host[:port][/path] or http://host[:port][/path]", &|_| true));
    if let (Some(registry), Some(endpoint)) = (registry, endpoint) {
        let mirror = Mirror { endpoint: endpoint.value.into(), rewrite };
        supply.mirrors.entry(registry.value.into()).or_default().push(mirror);
    }
}
