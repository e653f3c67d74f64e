//! What is known of a host before anything is changed. `plan::facts_parse` reads it from the output of
//! `assets/templates/host/facts.sh`.

use super::site::Cidr;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// The facts of one host. What could not be found out is `None` or empty, never a guess.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own, read by name")]
pub struct Facts {
    /// `ID` of os-release, as in `ubuntu`.
    pub os_id: String,
    /// `VERSION_ID`, as in `24.04`.
    pub os_version: String,
    /// `PRETTY_NAME`.
    pub os_name: String,
    /// Kernel release.
    pub kernel: String,
    /// `x86_64`, `aarch64`.
    pub arch: String,
    /// The host's own name.
    pub hostname: String,
    /// Cores.
    pub cpus: Option<u32>,
    /// Memory in bytes.
    pub memory: Option<u64>,
    /// Swap in bytes.
    pub swap: Option<u64>,
    /// This boot's id.
    pub boot_id: String,
    /// The host's clock in milliseconds since 1970.
    pub clock_ms: Option<u64>,
    /// Whether the clock is synchronised, where its daemon could be asked.
    pub ntp: Option<bool>,
    /// The daemon that synchronises it; `none` where none runs.
    pub ntp_service: String,
    /// The battery clock in seconds since 1970, where there is one.
    pub rtc_s: Option<u64>,
    /// Whether the battery clock is set to local time.
    pub rtc_local: bool,
    /// Whether systemd runs the host.
    pub systemd: bool,
    /// 1 or 2.
    pub cgroup: Option<u8>,
    /// Services that are there, of those that matter.
    pub services: Vec<Service>,
    /// Whether the addresses could be read at all.
    pub addresses_known: bool,
    /// Addresses by interface.
    pub addresses: Vec<Address>,
    /// Routes.
    pub routes: Vec<Route>,
    /// The interface of the default route.
    pub default_interface: Option<String>,
    /// The interface of the default route of IPv6.
    pub default_interface6: Option<String>,
    /// What looks after the interface of the default route: `networkd`, `NetworkManager`, `ifupdown`,
    /// `none` or, where there is no route, empty.
    pub route_manager: String,
    /// The file by which it does.
    pub route_file: String,
    /// Whether the default route is configured so that it survives a reboot, where that could be told.
    pub default_route_persistent: Option<bool>,
    /// Whether the address comes from DHCP, where that could be told.
    pub dynamic_address: Option<bool>,
    /// Name servers of `/etc/resolv.conf`.
    pub resolvers: Vec<String>,
    /// File systems of the places that matter.
    pub disks: Vec<Disk>,
    /// The data directory without symbolic links in its path.
    pub data_dir_real: Option<String>,
    /// `absent`, `directory` (empty), `not-empty` or `other`.
    pub data_dir_state: String,
    /// Whether the listening ports could be read at all.
    pub listening_known: bool,
    /// TCP ports that something listens on.
    pub listening: Vec<Listener>,
    /// `active`, `inactive` or empty where it is not there.
    pub ufw: String,
    /// What ufw lets through, in its own words.
    pub ufw_rules: Vec<String>,
    /// ufw's default for forwarded packets, as `DROP`.
    pub ufw_forward: String,
    /// As `ufw`.
    pub firewalld: String,
    /// As `ufw`.
    pub network_manager: String,
    /// Whether some file of `NetworkManager` keeps it away from the interfaces of the pods; `None`
    /// where there is no `NetworkManager`.
    pub network_manager_ignores_cni: Option<bool>,
    /// Whether the kernel runs `AppArmor`.
    pub apparmor_kernel: bool,
    /// Whether `apparmor_parser` is there.
    pub apparmor_parser: bool,
    /// `Enforcing`, `Permissive`, `Disabled` or empty.
    pub selinux: String,
    /// Whether `/usr/local` is its own mount or read-only.
    pub usr_local_apart: bool,
    /// The device and kind of that mount, or `read-only`.
    pub usr_local: String,
    /// `fs.inotify.max_user_instances`.
    pub inotify_instances: Option<u64>,
    /// `fs.inotify.max_user_watches`.
    pub inotify_watches: Option<u64>,
    /// Traces of clusters, our own among them where there is one.
    pub leftovers: Vec<Leftover>,
    /// The RKE2 that is there.
    pub rke2: Option<Rke2Facts>,
    /// Container networks of podman and Docker.
    pub container_networks: Vec<ContainerNetwork>,
    /// Programs that are missing and needed.
    pub missing_programs: Vec<String>,
    /// Proxy settings of the host's environment.
    pub proxy_environment: Vec<String>,
    /// sudo's I/O logging, where it is on: the setting.
    pub sudo_io_log: Option<String>,
    /// sshd's effective settings that matter, name to value.
    pub sshd: Vec<(String, String)>,
    /// The user that sudo was called by.
    pub sudo_user: Option<String>,
    /// The address of the operator's end of the SSH connection.
    pub ssh_peer: Option<String>,
    /// Who holds apt's lock, where somebody does.
    pub apt_locked_by: Option<String>,
    /// NVIDIA devices on PCI.
    pub gpus: Vec<String>,
    /// The loaded NVIDIA driver's version.
    pub nvidia_driver: Option<String>,
    /// Whether the script's output came whole.
    pub complete: bool,
    /// Facts that this version does not know, kept for the report.
    pub unknown: Vec<(String, String)>,
}

/// An IPv4 address of an interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// The interface.
    pub interface: String,
    /// The address.
    pub ip: Ipv4Addr,
    /// Leading bits of its network.
    pub bits: u8,
    /// Whether it has a lifetime, as one from DHCP has.
    #[serde(default)]
    pub dynamic: bool,
}

/// A service of the host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its name without `.service`.
    pub name: String,
    /// `active`, `inactive`, `failed`, …
    pub active: String,
    /// `enabled`, `disabled`, … or empty.
    pub enabled: String,
}

/// A trace of a cluster.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leftover {
    /// Of what: `k3s`, `rke2`, `microk8s`, `kubeadm`, `k0s`, `kubelet`, `etcd`, `cni`, `interface`.
    pub of: String,
    /// Its path.
    pub path: String,
}

/// A network of podman or Docker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContainerNetwork {
    /// `podman` or `docker`.
    pub owner: String,
    /// As it is written, `10.88.0.0/16`.
    pub network: String,
    /// The file that says so.
    pub source: String,
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Where it leads, as `10.0.0.0/8` or `default`.
    pub to: String,
    /// The interface.
    pub interface: String,
    /// The gateway; `None` where the network is connected directly.
    #[serde(default)]
    pub gateway: Option<Ipv4Addr>,
}

/// A file system.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// The place that was asked about.
    pub path: String,
    /// Where it is mounted.
    pub mount: String,
    /// Its device.
    pub device: String,
    /// Its kind, as in `ext4`.
    pub kind: String,
    /// Bytes in all.
    pub size: u64,
    /// Free bytes.
    pub free: u64,
    /// Mount options, separated by commas.
    #[serde(default)]
    pub options: String,
}

/// Something that listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// The port.
    pub port: u16,
    /// The address, as in `127.0.0.1`, `[::]` or `*`; empty where it is not known.
    #[serde(default)]
    pub address: String,
    /// The program, where it is known.
    pub program: String,
}

/// An RKE2 that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Rke2Facts {
    /// Its version, as in `v1.36.5+rke2r1`; empty where the program does not run.
    pub version: String,
    /// `active`, `inactive`, `failed`, … of rke2-server.
    pub server: String,
    /// Whether there is a configuration.
    pub config: bool,
    /// Whether the configuration carries our mark: a comment that names this program.
    pub ours: bool,
}

impl Disk {
    /// Whether it is mounted with this option.
    pub fn has_option(&self, name: &str) -> bool {
        self.options.split(',').any(|option| option == name)
    }
}

impl Facts {
    /// The address on the interface of the default route.
    pub fn default_ip(&self) -> Option<Ipv4Addr> {
        let interface = self.default_interface.as_deref()?;
        self.addresses.iter().find(|a| a.interface == interface).map(|a| a.ip)
    }

    /// The file system of a place.
    pub fn disk(&self, path: &str) -> Option<&Disk> {
        self.disks.iter().find(|d| d.path == path)
    }

    /// `amd64` or `arm64`, as release files are named.
    pub fn release_arch(&self) -> Option<&'static str> {
        match self.arch.as_str() {
            "x86_64" => Some("amd64"),
            "aarch64" => Some("arm64"),
            _ => None,
        }
    }

    /// Whether a cluster of our own making is there.
    pub fn ours(&self) -> bool {
        self.rke2.as_ref().is_some_and(|rke2| rke2.ours)
    }

    /// Whether a service is active.
    pub fn runs(&self, service: &str) -> bool {
        self.services.iter().any(|s| s.name == service && s.active == "active")
    }

    /// Packages of the distribution that the host lacks for the install.
    pub fn missing_packages(&self) -> Vec<&'static str> {
        let mut packages = Vec::new();
        if self.apparmor_kernel && !self.apparmor_parser {
            packages.push("apparmor");
        }
        for program in &self.missing_programs {
            let package = match program.as_str() {
                "curl" => "curl",
                "iptables" => "iptables",
                "ip" => "iproute2",
                "modprobe" => "kmod",
                "tar" => "tar",
                "gzip" => "gzip",
                _ => continue,
            };
            packages.push(package);
        }
        packages
    }

    /// Networks that the host already reaches by a route of its own.
    pub fn routed_networks(&self) -> Vec<Cidr> {
        self.routes.iter().filter_map(|r| r.to.parse().ok()).collect()
    }
}
