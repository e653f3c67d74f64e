#!/bin/sh
# Unit: installs packages of the host's own distribution.
#
# Arguments: SECONDS to wait for apt's lock, PROXY or `-`, PACKAGE...
# Output: what apt says, and who holds the lock while that is waited for.
# Exit status: 0; 64 wrong arguments; 69 the host has no apt; 75 the lock was not let go in time; else
# that of apt-get. Repeating it installs nothing twice.
set -u
LC_ALL=C DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
export LC_ALL DEBIAN_FRONTEND NEEDRESTART_SUSPEND
PATH="${PATH:-/usr/local/bin:/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"
export PATH
exec 2>&1 </dev/null

[ $# -ge 3 ] || { echo 'error: seconds, proxy and packages are needed'; exit 64; }
limit=$1 proxy=$2
shift 2
for package; do
    case $package in -* | '' | *[!a-z0-9.+-]*) echo "error: $package is not the name of a package"; exit 64 ;; esac
done
command -v apt-get >/dev/null || { echo 'error: this host has no apt'; exit 69; }

# Who holds one of apt's locks, in words; fails where nobody does. apt itself waits for one of the
# three only, and does not say for whom.
holder() {
    for path in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock; do
        [ -e "$path" ] || continue
        inode=$(stat -c %i "$path")
        # shellcheck disable=SC2013 # process numbers, one word each
        for process in $(awk -v inode="$inode" '{ n = split($6, at, ":"); if (at[n] == inode && $5 > 0) print $5 }' /proc/locks); do
            for open in "/proc/$process/fd"/*; do
                [ "$open" -ef "$path" ] || continue
                IFS= read -r program <"/proc/$process/comm" 2>/dev/null || program=
                printf '%s (process %s) holds %s\n' "${program:-a program}" "$process" "$path" | tr -d '\000-\011\013-\037'
                return 0
            done
        done
    done
    return 1
}
waited=0
while who=$(holder); do
    [ "$waited" -lt "$limit" ] || { echo "error: given up after $waited s: $who"; exit 75; }
    [ $((waited % 10)) -ne 0 ] || echo "waits for apt: $who; $waited s of $limit s"
    sleep 2
    waited=$((waited + 2))
done

apt() {
    if [ "$proxy" != - ]; then
        set -- -o "Acquire::http::Proxy=$proxy" -o "Acquire::https::Proxy=$proxy" "$@"
    fi
    apt-get -q -o DPkg::Lock::Timeout=120 -o Acquire::Retries=3 "$@"
}
install() {
    apt -y --no-install-recommends -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install "$@"
}
# With the lists that are there first: on a host without a way out the packages may come from a
# disk. A list that is too old names files that are gone; then it is fetched anew.
install "$@" && exit 0
echo 'fetches the lists of packages anew'
apt update || exit
install "$@"
