//! The answers: everything that a person decides about a site. No secret stands here.
//!
//! Reading them from a file is in `plan::answers`; these are the values, already checked.

use super::host::HostId;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// One site: a host and the registry on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The site's name, which is its host's name in journals and file names.
    pub name: HostId,
    /// How the host is reached.
    pub reach: Reach,
    /// Its names and addresses.
    pub names: Names,
    /// Where everything is fetched from.
    pub supply: Supply,
    /// CPU or GPU.
    pub compute: Compute,
    /// The registry.
    pub registry: Registry,
    /// Its buckets, at least one.
    pub buckets: Vec<Bucket>,
    /// Whether the host's own configuration that is not ours is taken over read-only.
    pub adopt: bool,
}

/// How the host is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It is this computer.
    Local,
    /// By the user's OpenSSH.
    Ssh(SshReach),
}

/// What OpenSSH is told; all else comes from the user's own configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SshReach {
    /// `host`, `user@host` or an alias of the user's configuration.
    pub destination: String,
    /// The port, where it is not the configured one.
    pub port: Option<u16>,
    /// A key file.
    pub identity: Option<String>,
    /// Jump hosts, as `ssh -J` takes them.
    pub jump: Option<String>,
    /// A configuration file in place of the user's own.
    pub config: Option<String>,
    /// The host key's `SHA256:…`, by which an unknown key is accepted without a question.
    pub fingerprint: Option<String>,
}

/// Names and addresses of the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The node's name; by default the host's own name in lower case.
    pub node_name: Option<String>,
    /// The node's address; by default that of the interface with the default route.
    pub node_ip: Option<Ipv4Addr>,
    /// Further names and addresses of the API's and the registry's certificates.
    pub tls_san: Vec<String>,
    /// Pods' addresses.
    pub cluster_cidr: Cidr,
    /// Services' addresses.
    pub service_cidr: Cidr,
}

/// An IPv4 network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    /// The network's first address.
    pub base: Ipv4Addr,
    /// Leading bits, 0 to 32.
    pub bits: u8,
}

impl Default for Cidr {
    fn default() -> Self {
        Self { base: Ipv4Addr::UNSPECIFIED, bits: 0 }
    }
}

/// RKE2's own default for pods.
pub const CLUSTER_CIDR: Cidr = Cidr { base: Ipv4Addr::new(10, 42, 0, 0), bits: 16 };
/// RKE2's own default for services.
pub const SERVICE_CIDR: Cidr = Cidr { base: Ipv4Addr::new(10, 43, 0, 0), bits: 16 };

impl Cidr {
    /// Whether an address lies in it.
    pub fn contains(self, ip: Ipv4Addr) -> bool {
        let mask = self.mask();
        ip.to_bits() & mask == self.base.to_bits() & mask
    }

    /// Whether two networks share an address.
    pub fn overlaps(self, other: Self) -> bool {
        self.contains(other.base) || other.contains(self.base)
    }

    /// The `n`th address of the network.
    pub fn nth(self, n: u32) -> Ipv4Addr {
        Ipv4Addr::from_bits((self.base.to_bits() & self.mask()).wrapping_add(n))
    }

    fn mask(self) -> u32 {
        u32::MAX.checked_shl(32 - u32::from(self.bits.min(32))).unwrap_or(0)
    }
}

impl std::fmt::Display for Cidr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.base, self.bits)
    }
}

impl std::str::FromStr for Cidr {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not a network such as 10.42.0.0/16");
        let (base, bits) = text.split_once('/').ok_or_else(wrong)?;
        let base: Ipv4Addr = base.parse().map_err(|_| wrong())?;
        let bits: u8 = bits.parse().map_err(|_| wrong())?;
        let cidr = Self { base, bits };
        if bits > 32 || cidr.nth(0) != base {
            return Err(wrong());
        }
        Ok(cidr)
    }
}

/// Where everything is fetched from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Supply {
    /// How RKE2's images come to the host.
    pub images: ImageDelivery,
    /// Mirrors by the registry that they stand for, in order of preference.
    pub mirrors: BTreeMap<String, Vec<Mirror>>,
    /// A proxy for the host's way out.
    pub proxy: Option<Proxy>,
    /// A further CA, in PEM, that the host trusts for its downloads.
    pub extra_ca: Option<String>,
    /// Component tables of the user's own, later ones before earlier ones: their content as TOML.
    pub components: Vec<String>,
}

/// How RKE2's images come to the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImageDelivery {
    /// As the release's own tarballs, checksummed.
    #[default]
    Tarballs,
    /// Pulled from registries at the first start.
    Pull,
}

/// A mirror of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    /// `https://host[:port][/path]`.
    pub endpoint: String,
    /// Rewriting of image names, pattern to replacement, as `registries.yaml` has it.
    pub rewrite: BTreeMap<String, String>,
}

/// A proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proxy {
    /// `http://host:port`, without user and password.
    pub url: String,
    /// Names and networks beside the cluster's own that are reached without it.
    pub no_proxy: Vec<String>,
}

/// What computes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compute {
    /// No GPU is used.
    #[default]
    Cpu,
    /// NVIDIA's GPU operator is to be installed.
    Gpu,
}

/// The registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    /// The tenant's name.
    pub tenant: String,
    /// The tenant's namespace.
    pub namespace: String,
    /// Volumes, all on one host: 1, or 4 to 16.
    pub volumes: u32,
    /// What the volumes may hold together, in bytes.
    pub capacity: u64,
    /// Where the volumes lie on the host; used with local-path only.
    pub data_dir: String,
    /// What makes the volumes.
    pub storage: Storage,
    /// The S3 port on the node.
    pub node_port: u16,
    /// A port for the console on the node; without one it is reached through the tunnel.
    pub console_port: Option<u16>,
}

/// What makes volumes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Our own local-path class.
    LocalPath,
    /// A class that exists.
    Existing(String),
}

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// Whether old versions are kept.
    pub versioning: bool,
    /// How many old versions stay however old they are.
    pub keep_versions: u32,
    /// Days after which further old versions go.
    pub noncurrent_days: u32,
    /// How much it may hold.
    pub quota: Quota,
}

/// How much a bucket may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// What the free space allows, halved where every byte is stored twice.
    Auto,
    /// So many bytes.
    Bytes(u64),
    /// No limit: the disk can fill up.
    Unlimited,
}

impl Site {
    /// A site with every default, for a host reached as `destination`.
    pub fn with_defaults(name: HostId, reach: Reach) -> Self {
        Self {
            name,
            reach,
            names: Names { cluster_cidr: CLUSTER_CIDR, service_cidr: SERVICE_CIDR, ..Names::default() },
            supply: Supply::default(),
            compute: Compute::Cpu,
            registry: Registry {
                tenant: "model-registry".into(),
                namespace: "model-registry".into(),
                volumes: 4,
                capacity: 20 << 30,
                data_dir: "/var/lib/modelquay-data".into(),
                storage: Storage::LocalPath,
                node_port: 30_900,
                console_port: None,
            },
            buckets: vec![Bucket::named("models")],
            adopt: false,
        }
    }
}

impl Bucket {
    /// A bucket with every default.
    pub fn named(name: &str) -> Self {
        Self { name: name.into(), versioning: true, keep_versions: 3, noncurrent_days: 30, quota: Quota::Auto }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_know_what_lies_in_them() {
        let pods: Cidr = "10.42.0.0/16".parse().expect("a network");
        assert!(pods.contains(Ipv4Addr::new(10, 42, 255, 1)) && !pods.contains(Ipv4Addr::new(10, 43, 0, 1)));
        assert!(pods.overlaps("10.0.0.0/8".parse().expect("a network")));
        assert_eq!(SERVICE_CIDR.nth(10), Ipv4Addr::new(10, 43, 0, 10));
        for bad in ["10.42.0.1/16", "10.42.0.0", "10.42.0.0/33", "x/8"] {
            assert!(bad.parse::<Cidr>().is_err(), "{bad} was taken");
        }
        assert!("0.0.0.0/0".parse::<Cidr>().is_ok_and(|all| all.contains(Ipv4Addr::new(8, 8, 8, 8))));
    }
}
