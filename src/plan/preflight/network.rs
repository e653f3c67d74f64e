//! Rules over addresses, routes, ports and firewalls.

use super::{Finding, Row};
use crate::plan::facts::Facts;
use crate::plan::site::Site;

pub(super) fn judge(site: &Site, facts: &Facts, out: &mut Vec<Finding>) {
    out.push(ipv4(site, facts));
    out.push(default_route(facts));
    out.push(persistence(facts));
    out.push(dynamic(facts));
    out.push(ports(site, facts));
    out.push(ufw(site, facts));
    out.push(if facts.firewalld == "active" {
        Finding::fail(Row::Firewalld, "it is active, and it removes the rules of RKE2's network").fix(
            "systemctl disable --now firewalld, where the site's rules allow it; RKE2's documentation asks for this",
        )
    } else {
        Finding::pass(Row::Firewalld, "not active")
    });
    out.push(match (facts.network_manager.as_str(), facts.network_manager_ignores_cni) {
        ("active", Some(false) | None) => {
            Finding::warn(Row::NetworkManager, "it is active and would take over the interfaces of the pods")
                .mended_by_install("a file in /etc/NetworkManager/conf.d that names them as unmanaged")
        }
        ("active", Some(true)) => {
            Finding::pass(Row::NetworkManager, "active, and keeps away from the pods' interfaces")
        }
        _ => Finding::pass(Row::NetworkManager, "not active"),
    });
    // It rewrites routes on cloud machines and takes those of the pods with it.
    if facts.runs("nm-cloud-setup") || facts.runs("nm-cloud-setup.timer") {
        out.push(
            Finding::warn(Row::NetworkManager, "nm-cloud-setup is active and removes the routes of the pods")
                .fix("systemctl disable --now nm-cloud-setup.service nm-cloud-setup.timer, then reboot"),
        );
    }
    out.push(proxy(site, facts));
}

fn ipv4(site: &Site, facts: &Facts) -> Finding {
    if !facts.addresses_known {
        return Finding::warn(Row::Ipv4, "the addresses could not be read: the program ip is missing")
            .safe_fix("apt-get install iproute2");
    }
    let own = || facts.addresses.iter().filter(|a| !a.ip.is_loopback() && !a.ip.is_link_local());
    if own().next().is_none() {
        return Finding::fail(Row::Ipv4, "the host has no IPv4 address").fix("not supported: give the host one");
    }
    let list = || own().map(|a| format!("{} on {}", a.ip, a.interface)).collect::<Vec<_>>().join(", ");
    match site.names.node_ip {
        Some(ip) if !own().any(|a| a.ip == ip) => {
            Finding::fail(Row::Ipv4, format!("node_ip {ip} is not an address of the host, which has {}", list()))
                .fix("correct node_ip in the answers")
        }
        Some(ip) => Finding::pass(Row::Ipv4, ip.to_string()),
        None => match facts.default_ip() {
            Some(ip) => Finding::pass(Row::Ipv4, ip.to_string()),
            None => Finding::warn(
                Row::Ipv4,
                format!("no address on the interface of the default route; there are {}", list()),
            )
            .fix("set node_ip in the answers"),
        },
    }
}

fn default_route(facts: &Facts) -> Finding {
    match (&facts.default_interface, &facts.default_interface6) {
        (Some(interface), _) => Finding::pass(Row::DefaultRoute, format!("by {interface}")),
        (None, Some(interface)) => {
            Finding::warn(Row::DefaultRoute, format!("only for IPv6, by {interface}: RKE2 starts, pods reach no IPv4 address"))
                .fix("give the host a default route for IPv4")
        }
        (None, None) => Finding::fail(Row::DefaultRoute, "none: RKE2 refuses to start without one").fix(
            "set a gateway; on a host that has none: ip link add dummy0 type dummy; ip addr add 203.0.113.254/31 dev dummy0; \
             ip link set dummy0 up; ip route add default via 203.0.113.255 dev dummy0 metric 1000, and make it persistent",
        ),
    }
}

fn persistence(facts: &Facts) -> Finding {
    let by = format!("{} {}", facts.route_manager, facts.route_file);
    match facts.default_route_persistent {
        _ if facts.default_interface.is_none() => Finding::pass(Row::RoutePersistence, "there is no default route"),
        Some(true) => Finding::pass(Row::RoutePersistence, format!("configured by {}", by.trim_end())),
        Some(false) => Finding::warn(
            Row::RoutePersistence,
            format!("{} does not set it: after a reboot RKE2 would not start", by.trim_end()),
        )
        .fix("write the gateway into the network configuration of the host"),
        None => Finding::warn(
            Row::RoutePersistence,
            "nothing that is known here (networkd, NetworkManager, ifupdown) configures it: it may be gone after a reboot",
        )
        .fix("make sure that the gateway is part of the host's network configuration"),
    }
}

fn dynamic(facts: &Facts) -> Finding {
    let interface = facts.default_interface.as_deref().unwrap_or_default();
    let leased = facts.addresses.iter().any(|a| a.interface == interface && a.dynamic);
    if leased || facts.dynamic_address == Some(true) {
        let ip = facts.default_ip().map_or_else(|| interface.to_owned(), |ip| ip.to_string());
        return Finding::warn(
            Row::DynamicAddress,
            format!("{ip} comes from DHCP: when it changes, the cluster and every client lose the registry"),
        )
        .fix("reserve the address in the DHCP server, or set a fixed one");
    }
    Finding::pass(Row::DynamicAddress, if facts.dynamic_address == Some(false) { "fixed" } else { "no lease seen" })
}

/// The ports that must be free, with what they are for.
fn needed_ports(site: &Site) -> Vec<(u16, &'static str)> {
    let mut ports = vec![
        (6443, "Kubernetes API"),
        (9345, "RKE2"),
        (10250, "kubelet"),
        (2379, "etcd"),
        (2380, "etcd"),
        (2381, "etcd"),
        (site.registry.node_port, "registry"),
    ];
    ports.extend(site.registry.console_port.map(|port| (port, "console")));
    ports
}

fn ports(site: &Site, facts: &Facts) -> Finding {
    if !facts.listening_known {
        return Finding::warn(Row::Ports, "the listening ports could not be read");
    }
    let own = [site.registry.node_port, site.registry.console_port.unwrap_or_default()];
    let mut taken = Vec::new();
    for (port, what) in needed_ports(site) {
        // Our own cluster listens on its own ports, but never on the node port: kube-proxy only
        // writes rules for it.
        let Some(listener) = facts.listening.iter().find(|l| l.port == port) else { continue };
        if facts.ours() && !own.contains(&port) {
            continue;
        }
        let who = if listener.program.is_empty() { "an unknown program" } else { &listener.program };
        taken.push(format!("{port} ({what}) by {who}"));
    }
    if taken.is_empty() {
        let list = needed_ports(site).iter().map(|(port, _)| port.to_string()).collect::<Vec<_>>().join(", ");
        return Finding::pass(
            Row::Ports,
            if facts.ours() { format!("{list}: free, or our own") } else { format!("{list} are free") },
        );
    }
    Finding::fail(Row::Ports, format!("taken: {}", taken.join(", ")))
        .fix("stop that program; node_port and console_port can also be changed in the answers")
}

/// Whether one of ufw's rules lets something in: a port (`6443`, `6443/tcp`, `6443/tcp (v6)`), or
/// everything from a network.
fn ufw_allows(facts: &Facts, port: Option<u16>, from: Option<&str>) -> bool {
    facts.ufw_rules.iter().any(|rule| {
        let Some((to, source)) = rule.split_once(" ALLOW ") else { return false };
        let source = source.trim_start_matches("IN ").trim();
        let to = to.trim().trim_end_matches(" (v6)");
        let to_port = to.split('/').next().unwrap_or_default();
        match (port, from) {
            (Some(port), _) => {
                to == "Anywhere" && source.starts_with("Anywhere")
                    || to_port == port.to_string() && !to.ends_with("/udp")
            }
            // `ufw allow from NET` reads `Anywhere ALLOW NET`; the lab's false ufw keeps the words.
            (None, Some(from)) => {
                to.starts_with("Anywhere") && source.starts_with(from) || to == format!("from {from}")
            }
            (None, None) => false,
        }
    })
}

fn ufw(site: &Site, facts: &Facts) -> Finding {
    if facts.ufw != "active" {
        return Finding::pass(Row::Ufw, if facts.ufw.is_empty() { "not there" } else { "not active" });
    }
    let (pods, services) = (site.names.cluster_cidr.to_string(), site.names.service_cidr.to_string());
    let port = site.registry.node_port;
    let mut vital = Vec::new();
    let mut useful = Vec::new();
    if !ufw_allows(facts, Some(6443), None) {
        vital.push("ufw allow 6443/tcp".to_owned());
    }
    for network in [&pods, &services] {
        if !ufw_allows(facts, None, Some(network)) {
            vital.push(format!("ufw allow from {network}"));
        }
    }
    if !ufw_allows(facts, Some(port), None) {
        useful.push(format!("ufw allow {port}/tcp"));
    }
    if facts.ufw_forward == "DROP" || facts.ufw_forward == "REJECT" {
        useful.push("DEFAULT_FORWARD_POLICY=\"ACCEPT\" in /etc/default/ufw, then ufw reload".to_owned());
    }
    let all = vital.iter().chain(&useful).cloned().collect::<Vec<_>>().join("; ");
    if !vital.is_empty() {
        Finding::fail(
            Row::Ufw,
            "it is active and lets neither the API nor the pods through: RKE2's start would hang without a word",
        )
        .fix(format!("{all} (a decision about the site's firewall: it is never made by this program)"))
    } else if !useful.is_empty() {
        Finding::warn(Row::Ufw, format!("it is active; port {port} or forwarded packets may not pass")).fix(all)
    } else {
        Finding::pass(Row::Ufw, "active, and lets through what is needed")
    }
}

fn proxy(site: &Site, facts: &Facts) -> Finding {
    match (&site.supply.proxy, facts.proxy_environment.is_empty()) {
        (Some(proxy), _) => Finding::pass(Row::Proxy, format!("{} by the answers", proxy.url)),
        (None, true) => Finding::pass(Row::Proxy, "none"),
        (None, false) => Finding::warn(
            Row::Proxy,
            format!(
                "the host is set up for one ({}), and the answers name none: RKE2 would not use it",
                facts.proxy_environment.join("; ")
            ),
        )
        .fix("set [supply] proxy in the answers, if the host has no other way out"),
    }
}
