//! Whether the ranges of pods and services collide with anything that the host reaches.

use super::{Finding, Row};
use crate::plan::facts::{Facts, Route};
use crate::plan::site::{Cidr, Reach, Site};
use std::net::Ipv4Addr;

pub(super) fn judge(site: &Site, facts: &Facts, out: &mut Vec<Finding>) {
    out.push(against_the_site(site, facts));
    out.push(against_containers(site, facts));
}

/// Interfaces that a cluster itself makes.
fn of_a_cluster(interface: &str) -> bool {
    ["cni", "flannel", "cali", "vxlan.calico", "tunl", "kube-", "veth", "cilium"]
        .iter()
        .any(|p| interface.starts_with(p))
}

/// The address in `http://10.1.2.3:3128`.
fn address_of(url: &str) -> Option<Ipv4Addr> {
    let rest = url.split("://").last()?;
    rest.split(['/', ':']).next()?.parse().ok()
}

fn against_the_site(site: &Site, facts: &Facts) -> Finding {
    let (pods, services) = (site.names.cluster_cidr, site.names.service_cidr);
    let ranges = [("pods", pods), ("services", services)];
    let mut clashes = Vec::new();
    let mut doubts = Vec::new();
    if pods.overlaps(services) {
        clashes.push(format!("pods {pods} and services {services} overlap"));
    }
    for (whose, range) in ranges {
        for route in &facts.routes {
            // The routes of a running cluster of ours lie in its own ranges.
            if facts.ours() && of_a_cluster(&route.interface) {
                continue;
            }
            match clash(range, route) {
                Clash::No => {}
                // A wide route behind a gateway often covers far more than is used.
                Clash::Perhaps => doubts.push(format!(
                    "{whose} {range} lie within the route to {} by {}: addresses of that range at the site could not be reached",
                    route.to, route.interface
                )),
                Clash::Yes => clashes.push(format!("{whose} {range} overlap the route to {} by {}", route.to, route.interface)),
            }
        }
        for resolver in facts.resolvers.iter().filter_map(|r| r.parse::<Ipv4Addr>().ok()) {
            if range.contains(resolver) && !facts.ours() {
                clashes.push(format!("{whose} {range} hold the name server {resolver}"));
            }
        }
        if let Some(proxy) =
            site.supply.proxy.as_ref().and_then(|p| address_of(&p.url)).filter(|ip| range.contains(*ip))
        {
            clashes.push(format!("{whose} {range} hold the proxy {proxy}"));
        }
        let peer = facts.ssh_peer.as_ref().and_then(|p| p.parse::<Ipv4Addr>().ok());
        if let Some(peer) = peer.filter(|ip| matches!(site.reach, Reach::Ssh(_)) && range.contains(*ip)) {
            clashes.push(format!("{whose} {range} hold {peer}, from where this connection comes: it would be cut"));
        }
    }
    let fix = "set cluster_cidr and service_cidr in the answers to ranges that the site does not use, \
               as 172.31.0.0/17 and 172.31.128.0/17";
    if !clashes.is_empty() {
        Finding::fail(Row::Ranges, clashes.join("; ")).fix(fix)
    } else if !doubts.is_empty() {
        Finding::warn(Row::Ranges, doubts.join("; ")).fix(fix)
    } else {
        Finding::pass(Row::Ranges, format!("pods {pods}, services {services}: nothing of the host's lies in them"))
    }
}

enum Clash {
    No,
    Perhaps,
    Yes,
}

fn clash(range: Cidr, route: &Route) -> Clash {
    let Ok(to) = route.to.parse::<Cidr>() else { return Clash::No };
    // Halves of the whole space are how tunnels write a default route.
    if to.bits <= 1 || !range.overlaps(to) {
        return Clash::No;
    }
    if route.gateway.is_some() && to.bits < range.bits { Clash::Perhaps } else { Clash::Yes }
}

fn against_containers(site: &Site, facts: &Facts) -> Finding {
    let mut clashes = Vec::new();
    for network in &facts.container_networks {
        let Some(theirs) = network_of(&network.network) else { continue };
        for (whose, range) in [("pods", site.names.cluster_cidr), ("services", site.names.service_cidr)] {
            if range.overlaps(theirs) {
                clashes.push(format!(
                    "{whose} {range} overlap {}'s network {} ({})",
                    network.owner, network.network, network.source
                ));
            }
        }
    }
    if clashes.is_empty() {
        let text = if facts.container_networks.is_empty() { "none known" } else { "none in the way" };
        return Finding::pass(Row::ContainerNetworks, text);
    }
    Finding::fail(Row::ContainerNetworks, clashes.join("; "))
        .fix("set cluster_cidr and service_cidr in the answers to other ranges, or change that network")
}

/// A network that may be written with the address of its gateway, as Docker's `bip` is.
fn network_of(text: &str) -> Option<Cidr> {
    let (ip, bits) = text.split_once('/')?;
    let (ip, bits) = (ip.parse::<Ipv4Addr>().ok()?, bits.parse::<u8>().ok().filter(|bits| *bits <= 32)?);
    let base = Cidr { base: ip, bits }.nth(0);
    Some(Cidr { base, bits })
}
