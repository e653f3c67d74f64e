//! What a value must be: small predicates without memory.

use crate::plan::host::is_label;
use std::net::Ipv4Addr;

/// RFC 1123 labels joined by dots, at most 253 characters.
pub fn is_dns_name(text: &str) -> bool {
    text.len() <= 253 && !text.is_empty() && text.split('.').all(is_label)
}

/// A DNS name or an IPv4 address; what looks like a wrong address is no name.
pub fn is_name_or_ip(text: &str) -> bool {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if digits { text.parse::<Ipv4Addr>().is_ok() } else { is_dns_name(text) }
}

/// A bucket's name: what S3 allows, narrowed to what Triton's model repository URL can carry, which is
/// `[0-9a-z.-]` (triton-inference-server/core src/filesystem/implementations/s3.h@73aad7c).
pub fn is_bucket(text: &str) -> bool {
    let edge = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let bytes = text.as_bytes();
    (3..=63).contains(&bytes.len())
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'.' || *b == b'-')
        && edge(bytes.first())
        && edge(bytes.last())
        && !["..", ".-", "-."].iter().any(|pair| text.contains(pair))
        && text.parse::<Ipv4Addr>().is_err()
        && !["xn--", "sthree-", "amzn-s3-demo-"].iter().any(|start| text.starts_with(start))
        && !["-s3alias", "--ol-s3", ".mrap", "--x-s3"].iter().any(|end| text.ends_with(end))
}

/// A size such as `20GiB`. Decimal units are refused: 20GB would be taken for one or the other.
pub fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(split);
    let shift = match unit.trim() {
        "B" => 0,
        "KiB" | "Ki" => 10,
        "MiB" | "Mi" => 20,
        "GiB" | "Gi" => 30,
        "TiB" | "Ti" => 40,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// What a size looks like, for messages.
pub const SIZE: &str = "a whole number with B, KiB, MiB, GiB or TiB behind it, as in \"20GiB\"";

/// Why a directory cannot hold the volumes, or nothing.
pub fn data_dir(path: &str) -> Result<(), &'static str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let Some(rest) = path.strip_prefix('/') else { return Err("an absolute path, as in \"/srv/models\"") };
    let parts: Vec<&str> = rest.split('/').collect();
    if parts.iter().any(|part| matches!(*part, "" | "." | "..") || !part.bytes().all(plain)) {
        return Err("a path of letters, digits, . _ - and /, without .. and without a / at its end");
    }
    if parts.len() < 2 {
        // It becomes 0700 root, which would close a directory that the host itself needs.
        return Err("a directory of its own at least two levels deep, because only root may enter it afterwards");
    }
    let within =
        |outer: &str, inner: &str| inner == outer || inner.strip_prefix(outer).is_some_and(|r| r.starts_with('/'));
    let clusters =
        ["/var/lib/rancher", "/etc/rancher", "/var/lib/kubelet", "/var/lib/cni", "/var/lib/etcd", "/run/k3s"];
    if clusters.iter().any(|own| within(own, path)) {
        return Err("a directory outside RKE2's and kubelet's own, which are wiped with the cluster");
    }
    let needed = ["/var/lib/modelquay", "/var/lib/dpkg", "/var/log", "/usr", "/etc", "/boot"];
    if needed.iter().any(|own| within(own, path)) || clusters.iter().chain(&needed).any(|own| within(path, own)) {
        return Err("a directory of its own, not one that the host keeps its programs or state in");
    }
    if ["/tmp", "/var/tmp", "/run", "/dev", "/proc", "/sys"].iter().any(|fleeting| within(fleeting, path)) {
        return Err("a directory that survives a reboot");
    }
    Ok(())
}

/// A web address taken apart as far as the rules need it.
pub struct Url<'u> {
    /// In front of `://`.
    pub scheme: &'u str,
    /// User and password, where they stand in it.
    pub user_info: Option<&'u str>,
    /// Name or address.
    pub host: &'u str,
    /// The port.
    pub port: Option<u16>,
    /// From the first `/` on.
    pub path: &'u str,
}

/// Takes an address apart; `None` where it is none.
pub fn url(text: &str) -> Option<Url<'_>> {
    if text.bytes().any(|b| b.is_ascii_whitespace() || b.is_ascii_control() || b == b'"' || b == b'\\') {
        return None;
    }
    let (scheme, rest) = text.split_once("://")?;
    let (authority, path) = match rest.find(['/', '?', '#']) {
        Some(at) => rest.split_at(at),
        None => (rest, ""),
    };
    let (user_info, place) = match authority.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, authority),
    };
    let (host, port) = match place.rsplit_once(':') {
        Some((host, port)) => (host, Some(port.parse::<u16>().ok().filter(|p| *p > 0)?)),
        None => (place, None),
    };
    (is_name_or_ip(&host.to_ascii_lowercase()) && !path.contains(['?', '#'])).then_some(Url {
        scheme,
        user_info,
        host,
        port,
        path,
    })
}

/// OpenSSH's destination. It must not look like an option, and a password in it would be a secret.
pub fn is_destination(text: &str) -> bool {
    let plain = |extra: &'static str| move |b: u8| b.is_ascii_alphanumeric() || extra.as_bytes().contains(&b);
    let (user, host) = text.rsplit_once('@').map_or((None, text), |(user, host)| (Some(user), host));
    let word = |part: &str, ok: &dyn Fn(u8) -> bool| !part.is_empty() && !part.starts_with('-') && part.bytes().all(ok);
    user.is_none_or(|user| word(user, &plain("._-+\\@"))) && word(host, &plain("._-:%"))
}

/// The fingerprint of a host key as OpenSSH prints it: 32 bytes in base64 without padding.
pub fn is_fingerprint(text: &str) -> bool {
    text.strip_prefix("SHA256:")
        .is_some_and(|b| b.len() == 43 && b.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'+' || c == b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses() {
        for good in ["edge-07", "edge-07.plant.example", "10.0.0.1", "3com.example"] {
            assert!(is_name_or_ip(good), "{good} was refused");
        }
        for bad in ["", "Edge", "a..b", "10.0.0.256", "10.0.0", "*.example", "-a.b"] {
            assert!(!is_name_or_ip(bad), "{bad} was taken");
        }
    }

    #[test]
    fn buckets_that_s3_and_triton_both_take() {
        for good in ["models", "team-a.models", "123"] {
            assert!(is_bucket(good), "{good} was refused");
        }
        for bad in ["mo", "Models", "my_models", "a..b", "10.0.0.1", "-models", "models-", "xn--a", "x-s3alias"] {
            assert!(!is_bucket(bad), "{bad} was taken");
        }
        assert!(!is_bucket(&"x".repeat(64)));
    }

    #[test]
    fn sizes() {
        assert_eq!(size("20GiB"), Some(20 << 30));
        assert_eq!(size("512 MiB"), Some(512 << 20));
        for bad in ["20GB", "20", "GiB", "-1GiB", "1.5GiB", "99999999999TiB", ""] {
            assert_eq!(size(bad), None, "{bad} was taken");
        }
    }

    #[test]
    fn data_directories() {
        for good in ["/var/lib/modelquay-data", "/srv/models", "/mnt/disk1/registry"] {
            assert_eq!(data_dir(good), Ok(()), "{good}");
        }
        for bad in [
            "srv/models",
            "/",
            "/srv",
            "/srv/../etc",
            "/srv/models/",
            "/srv//x",
            "/srv/a b",
            "/var/lib",
            "/var/lib/rancher/rke2/data",
            "/var/lib/kubelet",
            "/tmp/x",
            "/etc/x",
            "/var/lib/modelquay/data",
        ] {
            assert!(data_dir(bad).is_err(), "{bad} was taken");
        }
    }

    #[test]
    fn destinations_that_are_no_options() {
        for good in ["edge-07", "tech@10.0.0.1", "DOMAIN\\tech@edge", "user@corp@jump"] {
            assert!(is_destination(good), "{good} was refused");
        }
        for bad in ["", "-oProxyCommand=x", "tech@-x", "tech:pw@edge", "a b", "tech@", "$(id)"] {
            assert!(!is_destination(bad), "{bad} was taken");
        }
    }

    #[test]
    fn addresses_come_apart() {
        let found = url("http://user:pw@proxy.example:3128").expect("an address");
        assert_eq!((found.user_info, found.host, found.port), (Some("user:pw"), "proxy.example", Some(3128)));
        for bad in ["proxy:3128", "http://", "http://a b", "http://x:0", "http://x:99999", "https://h/?q"] {
            assert!(url(bad).is_none(), "{bad} was taken");
        }
    }
}
