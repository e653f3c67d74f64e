#!/bin/sh
# How long a small write takes until the disk has it, which is what etcd lives on.
#
# Arguments: DIRECTORY; where it is not there, the nearest one above it that is.
# Output: `sync_us=` the median of twenty writes of 4 KiB in microseconds, `sync_max_us=`,
# `sync_count=`, `sync_dir=`. Exit status 0; 73 where nothing could be written, with the reason on
# standard error.
#
# Its one file is removed in every case that a process can survive. dd's own figure is taken, so
# that starting processes is not measured.
set -u
LC_ALL=C
export LC_ALL
PATH="${PATH:-/usr/local/bin:/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"
export PATH

dir=${1:-/}
while [ ! -d "$dir" ] && [ "$dir" != / ] && [ -n "$dir" ]; do dir=${dir%/*}; done
dir=${dir:-/}
file=
trap '[ -z "$file" ] || rm -f "$file"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
file=$(mktemp "${dir%/}/.modelquay-sync.XXXXXX") || exit 73

# The space is taken first: what is measured is a write in place, as into etcd's log.
dd if=/dev/zero of="$file" bs=4096 count=20 conv=fsync 2>/dev/null || {
    echo "cannot write 80 KiB in $dir" >&2
    exit 73
}
write() { # NUMBER
    dd if=/dev/zero of="$file" bs=4096 count=1 seek="$1" oflag=dsync conv=notrunc 2>&1 ||
        dd if=/dev/zero of="$file" bs=4096 count=1 seek="$1" conv=notrunc,fsync 2>&1
}
uptime_cs() { # hundredths of a second since boot
    IFS=' .' read -r whole part _ </proc/uptime
    echo "$whole$part"
}
began=$(uptime_cs)
times=$(
    number=0
    while [ "$number" -lt 20 ]; do
        write "$number"
        number=$((number + 1))
    done | sed -n 's/.*copied, \([0-9.e-]*\) s.*/\1/p' | sort -g
)
ended=$(uptime_cs)
# busybox's dd tells no time. Then the clock of the kernel has to do, which counts the starting of
# processes in: a figure from above.
printf '%s\n' "$times" | awk -v whole="$((ended - began))" -v dir="$dir" '
    $1 != "" { us[++count] = $1 * 1000000 }
    END {
        gsub(/[[:cntrl:]]/, "?", dir)
        middle = count ? us[int((count + 1) / 2)] : whole * 10000 / 20
        printf "sync_us=%.0f\nsync_max_us=%.0f\nsync_count=20\nsync_dir=%s\n", middle, (count ? us[count] : middle), dir
    }'
