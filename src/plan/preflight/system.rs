//! Rules over the system itself.

use super::{Finding, Row};
use crate::plan::change::size_text;
use crate::plan::facts::Facts;
use crate::plan::host::is_label;
use crate::plan::site::{Compute, Site};

const GIB: u64 = 1 << 30;
/// What rancher/rke2's documentation asks for (docs/install/requirements.md).
pub const INOTIFY_INSTANCES: u64 = 8192;
/// As [`INOTIFY_INSTANCES`].
pub const INOTIFY_WATCHES: u64 = 524_288;

pub(super) fn judge(site: &Site, facts: &Facts, out: &mut Vec<Finding>) {
    out.push(if facts.complete {
        Finding::pass(Row::Facts, format!("read from {}", facts.hostname))
    } else {
        Finding::fail(Row::Facts, "the host's answer was cut off").fix("run it again; look at the log if it recurs")
    });
    out.push(system(facts));
    out.push(match facts.release_arch() {
        Some(arch) => Finding::pass(Row::Architecture, arch),
        None => Finding::fail(Row::Architecture, format!("{:?} is neither x86_64 nor aarch64", facts.arch))
            .fix("RKE2 is released for these two; another host is needed"),
    });
    out.push(if facts.systemd {
        Finding::pass(Row::Systemd, "systemd runs the host")
    } else {
        Finding::fail(Row::Systemd, "systemd does not run the host")
            .fix("RKE2 and the work that outlives a connection are units of systemd; another host is needed")
    });
    out.push(hostname(site, facts));
    out.push(match facts.cpus {
        Some(cpus @ 0..2) => {
            Finding::fail(Row::Cpu, format!("{cpus} core; RKE2 needs 2, 4 are better")).fix("give the host more cores")
        }
        Some(cpus @ 2..4) => Finding::warn(Row::Cpu, format!("{cpus} cores; enough for RKE2, 4 are better")),
        Some(cpus) => Finding::pass(Row::Cpu, format!("{cpus} cores")),
        None => Finding::warn(Row::Cpu, "the number of cores could not be told"),
    });
    out.push(memory(facts));
    out.push(match facts.swap {
        Some(0) | None => Finding::pass(Row::Swap, "none"),
        Some(swap) => Finding::warn(
            Row::Swap,
            format!("{} of swap: pods that swap become slow without a visible reason", size_text(swap)),
        )
        .fix("swapoff -a, and take the swap lines out of /etc/fstab"),
    });
    out.push(match facts.cgroup {
        Some(2) => Finding::pass(Row::Cgroup, "version 2"),
        Some(_) => Finding::warn(Row::Cgroup, "version 1: Kubernetes from 1.35 on refuses it by default")
            .fix("take systemd.unified_cgroup_hierarchy=0 off the kernel's command line and reboot"),
        None => Finding::warn(Row::Cgroup, "no control groups were found under /sys/fs/cgroup"),
    });
    out.push(programs(facts));
    out.push(match (facts.apparmor_kernel, facts.apparmor_parser) {
        (true, false) => Finding::warn(
            Row::Apparmor,
            "the kernel runs AppArmor and apparmor_parser is not there: no container would start",
        )
        .mended_by_install("apt-get install apparmor"),
        (true, true) => Finding::pass(Row::Apparmor, "on, and its parser is there"),
        (false, _) => Finding::pass(Row::Apparmor, "off"),
    });
    out.push(match facts.selinux.as_str() {
        "Enforcing" => {
            Finding::fail(Row::Selinux, "it is enforcing, and the policy for RKE2 is not part of this install")
                .fix("not supported: use a host without SELinux (Ubuntu and Debian come without it)")
        }
        "" => Finding::pass(Row::Selinux, "not there"),
        other => Finding::pass(Row::Selinux, other),
    });
    out.push(inotify(facts));
    out.push(if facts.usr_local_apart {
        Finding::warn(
            Row::UsrLocal,
            format!(
                "it stands apart ({}): RKE2's install script then puts its programs under /opt/rke2",
                facts.usr_local
            ),
        )
        .fix("unmount it, or expect RKE2 under /opt/rke2")
    } else {
        Finding::pass(Row::UsrLocal, "part of the system")
    });
    out.push(match &facts.apt_locked_by {
        None => Finding::pass(Row::AptLock, "not locked"),
        Some(who) => Finding::warn(Row::AptLock, who.clone())
            .mended_by_install("nothing: the install waits where it needs a package"),
    });
    out.push(gpu(site, facts));
}

fn system(facts: &Facts) -> Finding {
    let name = if facts.os_name.is_empty() { "an unknown system" } else { facts.os_name.as_str() };
    match (facts.os_id.as_str(), facts.os_version.as_str()) {
        ("ubuntu", "22.04" | "24.04") | ("debian", "12") => Finding::pass(Row::System, name),
        ("ubuntu", "26.04") => {
            Finding::warn(Row::System, format!("{name}: RKE2's own list of supported systems does not have it yet"))
        }
        _ => Finding::fail(Row::System, format!("{name} is not supported"))
            .fix("use Ubuntu 22.04, Ubuntu 24.04 or Debian 12"),
    }
}

fn hostname(site: &Site, facts: &Facts) -> Finding {
    // The install lowers the case; all else must be right already.
    let name = site.names.node_name.clone().unwrap_or_else(|| facts.hostname.to_ascii_lowercase());
    let good = name.len() <= 253 && name.split('.').all(is_label);
    if good && name != "localhost" && !name.starts_with("localhost.") {
        return Finding::pass(Row::Hostname, name);
    }
    Finding::fail(Row::Hostname, format!("{name:?} cannot be a node's name: a-z, 0-9, - and . only, and not localhost"))
        .fix("set node_name in the answers, or give the host a name with hostnamectl set-hostname NAME")
}

fn memory(facts: &Facts) -> Finding {
    let Some(memory) = facts.memory else {
        return Finding::warn(Row::Memory, "the size of the memory could not be told");
    };
    let text = size_text(memory);
    // A machine of 4 GB shows less: firmware and kernel have taken theirs.
    if memory < 7 * GIB / 2 {
        Finding::fail(Row::Memory, format!("{text}; RKE2 needs 4 GiB, 8 are better")).fix("give the host more memory")
    } else if memory < 15 * GIB / 2 {
        Finding::warn(Row::Memory, format!("{text}; RKE2 and a registry take about 5 GiB, 8 are better"))
    } else {
        Finding::pass(Row::Memory, text)
    }
}

fn programs(facts: &Facts) -> Finding {
    if facts.missing_programs.is_empty() {
        return Finding::pass(Row::Programs, "all there");
    }
    let evidence = format!("missing: {}", facts.missing_programs.join(", "));
    let packages = facts.missing_packages();
    let vital = ["sha256sum", "mount", "systemctl", "systemd-run", "journalctl", "awk", "grep", "sed", "timeout"];
    if facts.missing_programs.iter().any(|p| vital.contains(&p.as_str())) {
        return Finding::fail(Row::Programs, evidence).fix("the system is not whole: repair its base packages");
    }
    Finding::warn(Row::Programs, evidence).mended_by_install(format!("apt-get install {}", packages.join(" ")))
}

fn inotify(facts: &Facts) -> Finding {
    let (Some(instances), Some(watches)) = (facts.inotify_instances, facts.inotify_watches) else {
        return Finding::warn(Row::Inotify, "the limits could not be read");
    };
    let evidence = format!("{instances} instances, {watches} watches");
    if instances >= INOTIFY_INSTANCES && watches >= INOTIFY_WATCHES {
        return Finding::pass(Row::Inotify, evidence);
    }
    Finding::warn(
        Row::Inotify,
        format!("{evidence}; RKE2 asks for {INOTIFY_INSTANCES} and {INOTIFY_WATCHES}, fewer end in \"too many open files\""),
    )
    .mended_by_install(format!(
        "fs.inotify.max_user_instances={INOTIFY_INSTANCES} and fs.inotify.max_user_watches={INOTIFY_WATCHES} by a file in /etc/sysctl.d"
    ))
}

fn gpu(site: &Site, facts: &Facts) -> Finding {
    let driver = facts.nvidia_driver.as_ref().map_or_else(|| "no driver".to_owned(), |v| format!("driver {v}"));
    match (site.compute, facts.gpus.len()) {
        (Compute::Gpu, 0) => Finding::fail(Row::Gpu, "GPUs are asked for and none is on the PCI bus")
            .fix("set compute to cpu in the answers"),
        (_, 0) => Finding::pass(Row::Gpu, "none"),
        (_, _) => Finding::pass(Row::Gpu, format!("{}; {driver}", facts.gpus.join(", "))),
    }
}
