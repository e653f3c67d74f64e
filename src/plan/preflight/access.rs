//! Rules over time, and over the way by which this program reaches the host.

use super::{Finding, Row};
use crate::plan::facts::Facts;
use crate::plan::site::{Reach, Site};

/// Kubernetes dates certificates five minutes back; a registry refuses signatures that are fifteen
/// minutes off. Above the smaller of the two things fail that say nothing about clocks.
const CLOCK_FAIL_MS: u64 = 5 * 60_000;
const CLOCK_WARN_MS: u64 = 30_000;
/// Two runners, and one to spare while a runner is replaced.
const SESSIONS: u32 = 3;

pub(super) fn judge(site: &Site, facts: &Facts, operator_ms: u64, out: &mut Vec<Finding>) {
    out.push(clock(facts, operator_ms));
    out.push(ntp(facts));
    out.push(rtc(facts));
    out.push(match &facts.sudo_io_log {
        None => Finding::pass(Row::SudoLogging, "off"),
        Some(setting) => Finding::warn(
            Row::SudoLogging,
            format!("sudo on this host records what passes through it ({setting}): the registry's keys would stand in its records"),
        )
        .fix("connect as root, or have Defaults:USER !log_input,!log_output set for this user"),
    });
    if matches!(site.reach, Reach::Ssh(_)) {
        out.push(forwarding(facts));
        out.push(sessions(facts));
    }
}

fn span(ms: u64) -> String {
    match ms / 1000 {
        0..120 => format!("{}.{} s", ms / 1000, ms % 1000 / 100),
        seconds @ 120..7200 => format!("{} min {} s", seconds / 60, seconds % 60),
        seconds => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

fn clock(facts: &Facts, operator_ms: u64) -> Finding {
    let Some(host) = facts.clock_ms else {
        return Finding::warn(Row::Clock, "the host's clock could not be read");
    };
    let off = host.abs_diff(operator_ms);
    let side = if host > operator_ms { "ahead of" } else { "behind" };
    let text = format!("{} {side} this computer's", span(off));
    let fix = "find out which of the two is right; on the host: timedatectl set-ntp true, or date -s";
    if off > CLOCK_FAIL_MS {
        Finding::fail(
            Row::Clock,
            format!("{text}: certificates would not be valid yet, and signed requests are refused"),
        )
        .fix(fix)
    } else if off > CLOCK_WARN_MS {
        Finding::warn(Row::Clock, text).fix(fix)
    } else {
        Finding::pass(Row::Clock, text)
    }
}

fn ntp(facts: &Facts) -> Finding {
    let service = facts.ntp_service.as_str();
    match (facts.ntp, service) {
        (Some(true), _) => Finding::pass(Row::Ntp, format!("by {service}")),
        (Some(false), "none" | "") => Finding::warn(Row::Ntp, "nothing sets the host's clock").safe_fix(
            "apt-get install systemd-timesyncd; at a site without internet set NTP= in /etc/systemd/timesyncd.conf",
        ),
        (Some(false), _) => Finding::warn(Row::Ntp, format!("{service} runs and has not reached a time server"))
            .fix("name a time server that the host reaches"),
        (None, "") => Finding::warn(Row::Ntp, "whether something sets the host's clock could not be told"),
        (None, _) => Finding::pass(Row::Ntp, format!("by {service}; whether it is synchronised could not be told")),
    }
}

fn rtc(facts: &Facts) -> Finding {
    let (Some(rtc), Some(clock)) = (facts.rtc_s, facts.clock_ms) else {
        return Finding::pass(Row::Rtc, "none was found");
    };
    if facts.rtc_local {
        return Finding::warn(
            Row::Rtc,
            "it is set to local time: after a boot the clock may be hours off until a time server answers",
        )
        .safe_fix("timedatectl set-local-rtc 0");
    }
    let off = (rtc * 1000).abs_diff(clock);
    if off > CLOCK_FAIL_MS {
        return Finding::warn(
            Row::Rtc,
            format!("{} off the host's clock: after a power cut the host starts with a wrong time", span(off)),
        )
        .safe_fix("hwclock --systohc");
    }
    Finding::pass(Row::Rtc, format!("{} off", span(off)))
}

fn setting<'f>(facts: &'f Facts, name: &str) -> Option<&'f str> {
    facts.sshd.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

fn forwarding(facts: &Facts) -> Finding {
    let why = if setting(facts, "disableforwarding") == Some("yes") {
        // It counts whatever the others say (sshd_config(5)).
        Some(("DisableForwarding yes".to_owned(), "DisableForwarding no"))
    } else {
        // Connections from here to the host are the `local` kind.
        setting(facts, "allowtcpforwarding")
            .filter(|v| matches!(*v, "no" | "remote"))
            .map(|v| (format!("AllowTcpForwarding {v}"), "AllowTcpForwarding local"))
    };
    if let Some((why, instead)) = why {
        return Finding::fail(
            Row::SshForwarding,
            format!("sshd says {why}: the cluster could not be reached from here"),
        )
        .fix(format!(
            "{instead} in /etc/ssh/sshd_config.d for this user, then systemctl reload ssh; or run on the host itself"
        ));
    }
    if facts.sshd.is_empty() {
        return Finding::warn(Row::SshForwarding, "sshd's settings could not be read");
    }
    match setting(facts, "permitopen") {
        Some("any") | None => Finding::pass(Row::SshForwarding, "allowed"),
        Some(places) => Finding::warn(Row::SshForwarding, format!("sshd lets connections pass only to {places}"))
            .fix("127.0.0.1:6443 and the registry's port have to be among them"),
    }
}

fn sessions(facts: &Facts) -> Finding {
    let Some(sessions) = setting(facts, "maxsessions").and_then(|v| v.parse::<u32>().ok()) else {
        return Finding::warn(Row::SshSessions, "sshd's limit could not be read");
    };
    if sessions < SESSIONS {
        return Finding::fail(
            Row::SshSessions,
            format!("MaxSessions {sessions}; {SESSIONS} are needed in one connection"),
        )
        .fix(format!("MaxSessions {SESSIONS} or more in /etc/ssh/sshd_config.d, then systemctl reload ssh"));
    }
    Finding::pass(Row::SshSessions, format!("{sessions} in one connection"))
}
