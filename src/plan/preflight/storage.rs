//! Rules over disks.

use super::{Finding, Row};
use crate::plan::asked::Asked;
use crate::plan::change::size_text;
use crate::plan::facts::{Disk, Facts};
use crate::plan::site::{Site, Storage};

const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
/// The operator's pods ask for it (minio/operator v7.1.1, chart values) and stay Pending without a
/// word where a node has less.
const EPHEMERAL: u64 = 500 * MIB;
/// Below this share of free space kubelet drives pods out (RKE2's default, as k3s').
const EVICTION_PERCENT: u64 = 5;

pub(super) fn judge(site: &Site, facts: &Facts, asked: &Asked, out: &mut Vec<Finding>) {
    out.push(cluster_space(facts));
    out.push(ephemeral(facts));
    out.push(mounts(site, facts));
    if site.registry.storage == Storage::LocalPath {
        out.push(data_directory(site, facts));
        out.push(data_space(site, facts));
    } else {
        out.push(Finding::pass(Row::DataDirectory, "not used: the storage class exists already"));
    }
    out.push(disk_sync(asked));
}

fn where_it_is(disk: &Disk) -> String {
    format!(
        "{} of {} free on {} ({}, {})",
        size_text(disk.free),
        size_text(disk.size),
        disk.mount,
        disk.device,
        disk.kind
    )
}

fn cluster_space(facts: &Facts) -> Finding {
    let Some(disk) = facts.disk("/var/lib/rancher") else {
        return Finding::warn(Row::ClusterSpace, "the free space under /var/lib/rancher could not be told");
    };
    let text = where_it_is(disk);
    let there = facts.ours();
    // Image archives of about 1 GiB are unpacked twice, into containerd's store and as layers.
    if disk.free < 5 * GIB && !there {
        Finding::fail(Row::ClusterSpace, format!("{text}; RKE2 with its images takes about 5 GiB"))
            .fix(format!("free some space on {}, or mount a larger disk at /var/lib/rancher", disk.mount))
    } else if disk.free < 10 * GIB {
        Finding::warn(Row::ClusterSpace, format!("{text}; 10 GiB leave room for updates and logs"))
    } else {
        Finding::pass(Row::ClusterSpace, text)
    }
}

fn ephemeral(facts: &Facts) -> Finding {
    let Some(disk) = facts.disk("/var/lib/kubelet") else {
        return Finding::warn(Row::Ephemeral, "the free space under /var/lib/kubelet could not be told");
    };
    let text = where_it_is(disk);
    let kept = disk.size / 100 * EVICTION_PERCENT;
    if disk.free < EPHEMERAL || disk.free < kept {
        Finding::fail(
            Row::Ephemeral,
            format!("{text}; the operator asks for 500 MiB and kubelet drives pods out below {}", size_text(kept)),
        )
        .fix(format!("free some space on {}", disk.mount))
    } else if disk.free < kept + 2 * GIB {
        Finding::warn(Row::Ephemeral, format!("{text}; kubelet drives pods out below {}", size_text(kept)))
    } else {
        Finding::pass(Row::Ephemeral, text)
    }
}

fn mounts(site: &Site, facts: &Facts) -> Finding {
    let mut wrong = Vec::new();
    for disk in &facts.disks {
        let data = disk.path == site.registry.data_dir;
        let needed = disk.path == "/var/lib/rancher" || disk.path == "/var/lib/kubelet";
        if (needed || data) && disk.has_option("ro") {
            wrong.push(format!("{} is on {}, which is mounted read-only", disk.path, disk.mount));
        }
        // RKE2 unpacks its programs there and runs them in place.
        if disk.path == "/var/lib/rancher" && disk.has_option("noexec") {
            wrong.push(format!("{} is on {}, which is mounted noexec", disk.path, disk.mount));
        }
    }
    if wrong.is_empty() {
        return Finding::pass(Row::Mounts, "writable, and programs may run");
    }
    Finding::fail(Row::Mounts, wrong.join("; ")).fix("mount it without this option, also in /etc/fstab")
}

/// Directories in which volumes must not lie, each with the reason.
const FORBIDDEN: [(&str, &str); 6] = [
    ("/var/lib/rancher", "RKE2's uninstall script empties it"),
    ("/var/lib/kubelet", "RKE2's uninstall script empties it"),
    ("/etc", "it holds configuration"),
    ("/run", "it is empty after a reboot"),
    ("/tmp", "it is cleaned by the system"),
    ("/proc", "it is no disk"),
];

/// Why volumes must not lie at a path, where they must not.
fn forbidden(path: &str) -> Option<String> {
    if !path.starts_with('/') || path.split('/').any(|part| part == ".." || part == ".") {
        return Some("it is not a plain absolute path".to_owned());
    }
    let clean = path.trim_end_matches('/');
    if clean.is_empty() {
        return Some("it is the whole system".to_owned());
    }
    let inside = |outer: &str| clean == outer || clean.strip_prefix(outer).is_some_and(|rest| rest.starts_with('/'));
    FORBIDDEN.iter().find(|(outer, _)| inside(outer)).map(|(outer, why)| format!("it lies under {outer}: {why}"))
}

fn data_directory(site: &Site, facts: &Facts) -> Finding {
    let path = &site.registry.data_dir;
    let real = facts.data_dir_real.as_deref().unwrap_or(path);
    let shown = if real == path { path.clone() } else { format!("{path} (which is {real})") };
    if let Some(why) = forbidden(path).or_else(|| forbidden(real)) {
        return Finding::fail(Row::DataDirectory, format!("{shown}: {why}"))
            .fix("choose another data_dir in the answers");
    }
    if facts.data_dir_state == "other" {
        return Finding::fail(Row::DataDirectory, format!("{shown} is there and is no directory"))
            .fix("choose another data_dir in the answers");
    }
    match facts.disk(path).map(|disk| disk.kind.as_str()) {
        Some(kind @ ("tmpfs" | "ramfs" | "devtmpfs")) => {
            return Finding::fail(Row::DataDirectory, format!("{shown} is on a {kind}: it is empty after a reboot"))
                .fix("choose a data_dir on a disk");
        }
        Some(kind) if kind.starts_with("nfs") || kind == "cifs" || kind.starts_with("fuse") => {
            return Finding::warn(
                Row::DataDirectory,
                format!("{shown} is on {kind}: the registry expects a disk of its own and may lose data on others"),
            )
            .fix("choose a data_dir on a local disk");
        }
        _ => {}
    }
    if facts.data_dir_state == "not-empty" && !facts.ours() {
        return Finding::warn(
            Row::DataDirectory,
            format!("{shown} is not empty; what is in it stays, and is not taken for this registry's data"),
        );
    }
    let device = facts.disk(path).map(|disk| format!(" on {} ({})", disk.device, disk.kind)).unwrap_or_default();
    Finding::pass(Row::DataDirectory, format!("{shown}{device}"))
}

fn data_space(site: &Site, facts: &Facts) -> Finding {
    let wanted = site.registry.capacity;
    let Some(disk) = facts.disk(&site.registry.data_dir) else {
        return Finding::warn(
            Row::DataSpace,
            format!("the free space at {} could not be told", site.registry.data_dir),
        );
    };
    let text = where_it_is(disk);
    let fix = format!("mount a larger disk at {}, or lower the registry's capacity", site.registry.data_dir);
    // What a registry of ours has stored already is part of its capacity.
    if disk.free < 2 * GIB || (disk.free < wanted / 10 && !facts.ours()) {
        Finding::fail(Row::DataSpace, format!("{text}; the volumes are to hold {}", size_text(wanted))).fix(fix)
    } else if disk.free < wanted && !facts.ours() {
        Finding::warn(
            Row::DataSpace,
            format!(
                "{text}; the volumes are to hold {}, and nothing stops them from filling the disk",
                size_text(wanted)
            ),
        )
        .fix(fix)
    } else {
        Finding::pass(Row::DataSpace, text)
    }
}

fn disk_sync(asked: &Asked) -> Finding {
    let sync = match &asked.sync {
        None => return Finding::warn(Row::DiskSync, "not measured"),
        Some(Err(why)) => return Finding::warn(Row::DiskSync, format!("could not be measured: {why}")),
        Some(Ok(sync)) => sync,
    };
    let ms = |us: u64| format!("{}.{} ms", us / 1000, us % 1000 / 100);
    let text =
        format!("a synced write takes {} in {} (longest {})", ms(sync.median_us), sync.directory, ms(sync.longest_us));
    let fix = "use an SSD: etcd writes to disk at every change";
    match sync.median_us {
        0..10_000 => Finding::pass(Row::DiskSync, text),
        10_000..100_000 => Finding::warn(Row::DiskSync, format!("{text}; etcd wants less than 10 ms")).fix(fix),
        _ => Finding::fail(Row::DiskSync, format!("{text}; etcd loses its leader at this speed")).fix(fix),
    }
}
