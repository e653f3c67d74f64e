//! What is known of a host before anything is changed, read from the output of one script.

use super::site::Cidr;
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// The facts of one host. What could not be found out is `None` or empty, never a guess.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
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
    /// Whether systemd says that the clock is synchronised.
    pub ntp: Option<bool>,
    /// Whether systemd runs the host.
    pub systemd: bool,
    /// 1 or 2.
    pub cgroup: Option<u8>,
    /// Addresses by interface.
    pub addresses: Vec<Address>,
    /// Routes.
    pub routes: Vec<Route>,
    /// The interface of the default route.
    pub default_interface: Option<String>,
    /// Whether the default route is configured so that it survives a reboot, where that could be told.
    pub default_route_persistent: Option<bool>,
    /// Whether the address comes from DHCP, where that could be told.
    pub dynamic_address: Option<bool>,
    /// Name servers of `/etc/resolv.conf`.
    pub resolvers: Vec<String>,
    /// File systems of the places that matter.
    pub disks: Vec<Disk>,
    /// TCP ports that something listens on.
    pub listening: Vec<Listener>,
    /// `active`, `inactive` or empty where it is not there.
    pub ufw: String,
    /// As `ufw`.
    pub firewalld: String,
    /// As `ufw`.
    pub network_manager: String,
    /// Whether our NetworkManager file is needed and not there.
    pub network_manager_ignores_cni: Option<bool>,
    /// Whether the kernel runs AppArmor.
    pub apparmor_kernel: bool,
    /// Whether `apparmor_parser` is there.
    pub apparmor_parser: bool,
    /// `Enforcing`, `Permissive`, `Disabled` or empty.
    pub selinux: String,
    /// Whether `/usr/local` is its own mount or read-only.
    pub usr_local_apart: bool,
    /// `fs.inotify.max_user_instances`.
    pub inotify_instances: Option<u64>,
    /// `fs.inotify.max_user_watches`.
    pub inotify_watches: Option<u64>,
    /// Leftovers of other or earlier clusters, each as a path or unit.
    pub leftovers: Vec<String>,
    /// The RKE2 that is there.
    pub rke2: Option<Rke2Facts>,
    /// Container networks of podman and Docker.
    pub container_networks: Vec<String>,
    /// Programs that are missing and needed.
    pub missing_programs: Vec<String>,
    /// Proxy settings of the host's environment.
    pub proxy_environment: Vec<String>,
    /// sudo's I/O logging, where it is on: the setting.
    pub sudo_io_log: Option<String>,
    /// sshd's effective settings that matter, name to value.
    pub sshd: Vec<(String, String)>,
    /// The address of the operator's end of the SSH connection.
    pub ssh_peer: Option<String>,
    /// Who holds apt's lock, where somebody does.
    pub apt_locked_by: Option<String>,
    /// NVIDIA devices on PCI.
    pub gpus: Vec<String>,
    /// The loaded NVIDIA driver's version.
    pub nvidia_driver: Option<String>,
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
}

/// A route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Where it leads, as `10.0.0.0/8` or `default`.
    pub to: String,
    /// The interface.
    pub interface: String,
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
}

/// Something that listens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// The port.
    pub port: u16,
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
    /// Whether the configuration carries our mark.
    pub ours: bool,
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

    /// Networks that the host already reaches by a route of its own.
    pub fn routed_networks(&self) -> Vec<Cidr> {
        self.routes.iter().filter_map(|r| r.to.parse().ok()).collect()
    }
}
