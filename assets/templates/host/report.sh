#!/bin/sh
# What a host can say about itself, for somebody who looks into a trouble from afar.
#
# Arguments: BYTES that are wanted of the end of each piece, UNITS of ours whose logs are wanted (the
# newest), and `gzip` or `-`: whether the output is to be compressed, where the host can.
# Output: pieces, each a line `piece NAME CUT BYTES`, so many bytes and a line feed; CUT is 1 where
# only the end is there. Behind the last one: `end`.
# Exit status: 0; 64 wrong arguments, 73 no place for a temporary file. It changes nothing, and what it
# prints is not fit to be read by others before secrets were taken out of it.
set -u
LC_ALL=C
SYSTEMD_COLORS=0
SYSTEMD_PAGER=
export LC_ALL SYSTEMD_COLORS SYSTEMD_PAGER
PATH="${PATH:-/usr/local/bin:/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"
export PATH
umask 077

bytes=${1:-}
most=${2:-}
case $bytes$most in '' | *[!0-9]*) exit 64 ;; esac
[ -n "$bytes" ] && [ -n "$most" ] || exit 64
state=${MODELQUAY_STATE:-/var/lib/modelquay}
rke2=/var/lib/rancher/rke2

T=$(mktemp -d /run/modelquay-report.XXXXXX 2>/dev/null || mktemp -d) || exit 73
trap 'rm -rf "$T"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM

# Nothing that hangs holds up the rest: a mount that does not answer, a journal that is being repaired.
limited() {
    if command -v timeout >/dev/null 2>&1; then timeout -k 2 15 "$@"; else "$@"; fi
}

# NAME: the end of what comes in. One byte more than is wanted tells whether that was all.
piece() {
    tail -c $((bytes + 1)) >"$T/piece"
    size=$(wc -c <"$T/piece")
    size=$((size))
    cut=0
    if [ "$size" -gt "$bytes" ]; then
        cut=1
        size=$bytes
    fi
    printf 'piece %s %d %d\n' "$1" "$cut" "$size"
    tail -c "$size" "$T/piece"
    echo
}

# COMMAND...: what it says, behind the command itself.
say() {
    echo "\$ $*"
    limited "$@" 2>&1 </dev/null
    echo
}

# NAME FILE: the end of a file, where it is one.
file() {
    [ ! -f "$2" ] || limited tail -c $((bytes + 1)) "$2" 2>&1 | piece "$1"
}

all() {
    {
        say date -u
        say uptime
        say uname -a
        say cat /etc/os-release
        say timedatectl
    } | piece system.txt
    {
        say df -hPT
        say df -iP
        say lsblk
        say cat /proc/mounts
    } | piece disks.txt
    {
        say cat /proc/meminfo
        say cat /proc/loadavg
        say cat /proc/pressure/cpu
        say cat /proc/pressure/io
        say cat /proc/pressure/memory
    } | piece load.txt
    {
        say ip -br address
        say ip route
        say ip -6 route
        say ss -lntu
    } | piece network.txt
    {
        say systemctl status --no-pager --full --lines=0 rke2-server.service
        say systemctl list-units --no-pager --all 'modelquay-*'
        say systemctl --failed --no-pager
    } | piece services.txt
    limited journalctl -q --no-pager -o short-iso -u rke2-server.service -n 20000 2>&1 | piece rke2-server.log
    limited journalctl -q --no-pager -o short-iso -k -p warning -n 2000 2>&1 | piece kernel.log
    file containerd.log "$rke2/agent/containerd/containerd.log"
    file kubelet.log "$rke2/agent/logs/kubelet.log"
    file config/config.yaml /etc/rancher/rke2/config.yaml
    file config/registries.yaml /etc/rancher/rke2/registries.yaml
    file lock.json "$state/lock.json"

    # Names of units are made of plain letters by whoever starts them; another one is nobody's.
    ls -t "$state/units" 2>/dev/null | grep -x '[A-Za-z0-9][A-Za-z0-9._-]*' | head -n "$most" >"$T/units"
    while IFS= read -r unit; do
        rc=none
        [ ! -f "$state/units/$unit/rc" ] || IFS= read -r rc <"$state/units/$unit/rc"
        printf '%s ended with: %s\n' "$unit" "$rc"
    done <"$T/units" | piece units.txt
    while IFS= read -r unit <&4; do
        file "units/$unit.log" "$state/units/$unit/log"
    done 4<"$T/units"
    echo end
}

if [ "${3:--}" = gzip ] && command -v gzip >/dev/null 2>&1; then
    all | gzip -c
else
    all
fi
exit 0
