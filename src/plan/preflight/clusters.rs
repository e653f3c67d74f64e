//! Rules over what other clusters, running or gone, have left on the host.

use super::{Finding, Row};
use crate::plan::facts::{Facts, Leftover};
use crate::plan::site::Site;

pub(super) fn judge(site: &Site, facts: &Facts, out: &mut Vec<Finding>) {
    out.push(leftovers(facts));
    out.push(foreign(site, facts));
}

/// What each kind is removed with; kinds that are not here are no cluster by themselves.
fn remover(of: &str) -> Option<&'static str> {
    Some(match of {
        "k3s" => {
            "/usr/local/bin/k3s-uninstall.sh, or k3s-agent-uninstall.sh; without them: systemctl disable --now k3s, then remove what is named"
        }
        "microk8s" => "snap remove --purge microk8s",
        "kubeadm" => "kubeadm reset -f, then remove /etc/kubernetes",
        "k0s" => "k0s stop; k0s reset",
        _ => return None,
    })
}

fn leftovers(facts: &Facts) -> Finding {
    // What belongs to an RKE2, ours or not, is judged with it.
    let rke2_there = facts.rke2.is_some();
    let own =
        |l: &&Leftover| l.of == "rke2" || (rke2_there && matches!(l.of.as_str(), "kubelet" | "cni" | "interface"));
    let (clusters, traces): (Vec<&Leftover>, Vec<&Leftover>) =
        facts.leftovers.iter().filter(|l| !own(l)).partition(|l| remover(&l.of).is_some());
    let list = |items: &[&Leftover]| {
        let mut shown: Vec<String> = items.iter().take(6).map(|l| format!("{} ({})", l.path, l.of)).collect();
        if items.len() > 6 {
            shown.push(format!("{} more", items.len() - 6));
        }
        shown.join(", ")
    };
    let running: Vec<&str> =
        ["k3s", "k3s-agent", "k0scontroller", "k0sworker", "snap.microk8s.daemon-kubelite", "kubelet", "rke2-agent"]
            .into_iter()
            .filter(|service| facts.runs(service))
            .collect();
    if !running.is_empty() {
        let fix = clusters.first().and_then(|l| remover(&l.of)).unwrap_or("end that cluster first, if nobody needs it");
        return Finding::fail(
            Row::Leftovers,
            format!("another cluster runs here: {} ({})", running.join(", "), list(&clusters)),
        )
        .fix(format!("if nobody needs it: {fix}"));
    }
    if let Some(first) = clusters.first() {
        return Finding::fail(Row::Leftovers, format!("another cluster left behind {}", list(&clusters)))
            .fix(format!("if nobody needs it: {}", remover(&first.of).unwrap_or_default()));
    }
    if !traces.is_empty() {
        return Finding::warn(Row::Leftovers, format!("a cluster that is gone left behind {}", list(&traces)))
            .fix("remove them; a reboot removes interfaces");
    }
    Finding::pass(Row::Leftovers, "none")
}

fn foreign(site: &Site, facts: &Facts) -> Finding {
    let rests: Vec<&str> = facts.leftovers.iter().filter(|l| l.of == "rke2").map(|l| l.path.as_str()).collect();
    let Some(rke2) = &facts.rke2 else {
        if rests.is_empty() {
            return Finding::pass(Row::ForeignRke2, "none");
        }
        return Finding::fail(Row::ForeignRke2, format!("an RKE2 that is gone left behind {}", rests.join(", ")))
            .fix("if nobody needs it: rke2-uninstall.sh, or remove what is named");
    };
    let version = if rke2.version.is_empty() { "of unknown version" } else { &rke2.version };
    let state = if rke2.server.is_empty() { "not a service" } else { &rke2.server };
    if rke2.ours {
        return Finding::pass(Row::ForeignRke2, format!("{version}, {state}, made by this program"));
    }
    // The package alone, as after an install that stopped before the configuration was written, is
    // nobody's cluster yet; but whose it is cannot be told either.
    let text = format!("{version}, {state}, not made by this program");
    if site.adopt {
        return Finding::warn(Row::ForeignRke2, format!("{text}; adopted: its own configuration is left alone"));
    }
    Finding::fail(Row::ForeignRke2, text)
        .fix("say adopt = true in the answers to use it without changing its configuration, or uninstall it")
}
