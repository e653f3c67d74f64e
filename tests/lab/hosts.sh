# Hosts of the lab: network, boot, power cut. Sourced by labctl.
#
# A host is a systemd-nspawn container on a disk image of its own, in a network
# namespace and in control groups of its own. Whatever runs in it is found by
# those groups, because its containers outlive both their unit and nspawn.

controllers="cpu cpuacct cpuset memory devices freezer blkio pids"
state=$run/hosts

group_of() { echo "mqlab-$1"; }
netns_of() { echo "mq-$1"; }
veth_of() { echo "mqv${1##*.}"; }           # by the address's last number: names are short
meta() { [ -f "$state/$1/$2" ] && cat "$state/$1/$2" || true; }
known() { [ -d "$state/$1" ] || die "no host $1"; }

net_up() {
    ip link show "$bridge" >/dev/null 2>&1 && return 0
    # An address of its own: else the bridge takes one of its ports', changes it
    # as hosts come and go, and the others' neighbour tables are wrong for 30 s.
    ip link add "$bridge" address 02:4d:51:00:00:01 type bridge
    ip addr add "$gateway/24" dev "$bridge"
    ip link set "$bridge" up
}

host_procs() { # every process of a host, containers' too
    find "/sys/fs/cgroup/memory/$(group_of "$1")" -name cgroup.procs -exec cat {} + 2>/dev/null || true
}

host_leader() { # the pid of the host's own init
    local supervisor
    supervisor=$(meta "$1" nspawn)
    [ -n "$supervisor" ] && pgrep -P "$supervisor" | head -1 || true
}

# Hosts are made side by side, so an address is taken under a lock. Those of
# saved images are left alone: their hosts want them back.
take_address() { # NAME
    local n
    (
        flock 7
        for n in $(seq 2 99); do
            grep -qsx "10.77.0.$n" "$state"/*/ip "$cache"/saved/*.ip || { echo "10.77.0.$n" >"$state/$1/ip"; exit; }
        done
        die "no address left"
    ) 7>"$run/addresses.lock"
}

network_of_host() { # NAME: namespace, cable, address, default route
    local name=$1 ns veth ip
    ns=$(netns_of "$name") ip=$(meta "$name" ip) veth=$(veth_of "$ip")
    ip netns add "$ns"
    ip link add "$veth" type veth peer name eth0 netns "$ns"
    ip link set "$veth" master "$bridge" up
    ip -n "$ns" link set lo up
    ip -n "$ns" addr add "$ip/24" dev eth0
    ip -n "$ns" link set eth0 up
    [ -e "$state/$name/no-route" ] || ip -n "$ns" route add default via "$gateway"
}

mount_host() {
    local root=$state/$1/root
    mkdir -p "$root"
    mountpoint -q "$root" || mount -o loop "$cache/hosts/$1.img" "$root"
}

# The image may have been copied while mounted elsewhere in life; nothing is
# replayed, since the golden disk has no journal.
boot_host() {
    local name=$1 ns group c deadline
    ns=$(netns_of "$name") group=$(group_of "$name")
    mount_host "$name"
    ip netns list | grep -qw "$ns" || (flock 7; network_of_host "$name") 7>"$run/network.lock"
    for c in $controllers; do
        mkdir -p "/sys/fs/cgroup/$c/$group"
    done
    for c in cpuset.cpus cpuset.mems; do
        cat "/sys/fs/cgroup/cpuset/$c" >"/sys/fs/cgroup/cpuset/$group/$c"
    done
    # A group weighs as much as one process, and a host is a whole machine: on a
    # busy machine it would not boot in time.
    echo 8192 >"/sys/fs/cgroup/cpu/$group/cpu.shares"
    (
        for c in $controllers; do echo "$BASHPID" >"/sys/fs/cgroup/$c/$group/cgroup.procs"; done
        exec 5<&- 6>&- 9>&- # the locks of the lab and of its lanes are not the host's
        export SYSTEMD_NSPAWN_API_VFS_WRITABLE=1 SYSTEMD_SECCOMP=0
        exec setsid systemd-nspawn -q -D "$state/$name/root" -b -M "$name" --register=no --keep-unit \
            --network-namespace-path="/run/netns/$ns" --capability=all --bind=/dev/kmsg \
            --console=passive --resolv-conf=off --timezone=off --link-journal=no \
            </dev/null >"$state/$name/console" 2>&1
    ) &
    echo $! >"$state/$name/nspawn"
    disown
    deadline=$((SECONDS + 240))
    until sshd_answers "$(meta "$name" ip)"; do
        [ $SECONDS -lt $deadline ] || die "$name: sshd does not answer after 240 s; see $state/$name/console"
        kill -0 "$(meta "$name" nspawn)" 2>/dev/null || die "$name: ended at boot; see $state/$name/console"
        sleep 0.1
    done
}

# Each try has its own few seconds: a connection that is begun while the host's
# network comes up has been seen to hang until TCP gave it up, after two minutes.
sshd_answers() { # ADDRESS
    # shellcheck disable=SC2016 # the inner shell expands these
    timeout 4 bash -c 'exec 8<>"/dev/tcp/$0/22" && read -r -t 2 -u 8 banner && [[ $banner == SSH-* ]]' "$1" 2>/dev/null
}

new_host() { # NAME FROM OS DISK
    local name=$1 from=$2 os=$3 disk=$4 image root
    [ ! -d "$state/$name" ] || die "there is a host $name already"
    [[ $name =~ ^[a-z][a-z0-9-]{0,20}$ ]] || die "a host's name is lower case, begins with a letter"
    net_up
    mkdir -p "$state/$name" "$cache/hosts"
    if [ -n "$from" ]; then
        image=$cache/saved/$from.img
        [ -f "$image" ] || { rmdir "$state/$name"; die "no saved image $from"; }
        cp "$cache/saved/$from.ip" "$state/$name/ip"
        local other
        for other in "$state"/*/ip; do
            [ "$other" = "$state/$name/ip" ] || ! cmp -s "$other" "$state/$name/ip" ||
                { rm -r "${state:?}/$name"; die "image $from has the address of a host that is up"; }
        done
    else
        image=$("$lab/golden")
        take_address "$name"
    fi
    cp --sparse=always "$image" "$cache/hosts/$name.img"
    [ -z "$disk" ] || resize_disk "$cache/hosts/$name.img" "$disk"
    mount_host "$name"
    root=$state/$name/root
    if [ -z "$from" ]; then
        echo "$name" >"$root/etc/hostname"
        printf '127.0.0.1 localhost\n::1 localhost ip6-localhost\n127.0.1.1 %s\n' "$name" >"$root/etc/hosts"
        ssh-keygen -q -t ed25519 -N '' -C "$name" -f "$root/etc/ssh/ssh_host_ed25519_key"
        ssh-keygen -q -t ecdsa -N '' -C "$name" -f "$root/etc/ssh/ssh_host_ecdsa_key"
    fi
    [ -z "$os" ] || set_os "$root" "$os"
    # Strict host keys for the lab's own use too: it made them, so it knows them.
    sed "s/^/$(meta "$name" ip) /" "$root"/etc/ssh/ssh_host_*_key.pub >"$state/$name/known_hosts"
}

# Before it is mounted: a mounted one wants CAP_SYS_RESOURCE, which may lack.
resize_disk() { # IMAGE SIZE
    e2fsck -fy "$1" >/dev/null 2>&1 || [ $? -le 1 ] || die "$1: the disk does not check"
    truncate -s ">$2" "$1"
    resize2fs "$1" "$2" >/dev/null 2>&1 || die "$1: cannot be made $2"
    truncate -s "$2" "$1"
}

set_os() { # ROOT OS: the host names itself another system; its programs stay Debian's
    local root=$1 version codename
    case $2 in
        debian-12) return ;;
        ubuntu-22.04) version='22.04' codename=jammy ;;
        ubuntu-24.04) version='24.04' codename=noble ;;
        *) die "no such system: $2 (debian-12, ubuntu-22.04, ubuntu-24.04)" ;;
    esac
    rm -f "$root/etc/os-release"
    cat >"$root/etc/os-release" <<OS
PRETTY_NAME="Ubuntu $version LTS"
NAME="Ubuntu"
VERSION_ID="$version"
VERSION="$version LTS ($codename)"
VERSION_CODENAME=$codename
ID=ubuntu
ID_LIKE=debian
UBUNTU_CODENAME=$codename
OS
}

cut_power() { # every process of the host at once, until none is left
    local name=$1 procs deadline=$((SECONDS + 20))
    while procs=$(host_procs "$name") && [ -n "$procs" ]; do
        # shellcheck disable=SC2086
        kill -KILL $procs 2>/dev/null || true
        [ $SECONDS -lt $deadline ] || die "$name: processes that do not end: $procs"
        sleep 0.05
    done
    rm -f "$state/$name/nspawn"
    drop_groups "$(group_of "$name")"
}

drop_groups() { # a control group goes when its children have gone, deepest first
    local c
    for c in $controllers systemd unified; do
        [ ! -d "/sys/fs/cgroup/$c/$1" ] ||
            find "/sys/fs/cgroup/$c/$1" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done
}

# Orderly enough to be saved: services are stopped and the disk is written out.
# A plain poweroff hangs while containers run, as it does with RKE2: so the
# pods' shims are ended by RKE2's own script first, then the power goes.
stop_host() {
    local name=$1
    if [ -n "$(host_leader "$name")" ]; then
        in_host "$name" sh -c 'for s in rke2-server rke2-agent; do systemctl stop $s 2>/dev/null; done
            [ ! -x /usr/local/bin/rke2-killall.sh ] || /usr/local/bin/rke2-killall.sh >/dev/null 2>&1
            journalctl --sync 2>/dev/null; sync' </dev/null || true
    fi
    cut_power "$name"
    umount_host "$name"
}

umount_host() {
    local root=$state/$1/root
    ! mountpoint -q "$root" 2>/dev/null || umount "$root" || { sleep 0.5; umount "$root"; }
}

in_host() { # NAME CMD...: as root, in all namespaces and control groups of the host
    local name=$1 leader c
    shift
    leader=$(host_leader "$name")
    [ -n "$leader" ] || die "$name is not up"
    (
        for c in $controllers; do echo "$BASHPID" >"/sys/fs/cgroup/$c/$(group_of "$name")/cgroup.procs"; done
        exec nsenter -t "$leader" -m -u -i -n -p -C -- /usr/bin/env -i TERM=dumb HOME=/root LANG=C.UTF-8 \
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$@"
    )
}

remove_host() {
    local name=$1 ip
    cut_power "$name"
    umount_host "$name"
    ip=$(meta "$name" ip)
    ip netns del "$(netns_of "$name")" 2>/dev/null || true
    [ -z "$ip" ] || ip link del "$(veth_of "$ip")" 2>/dev/null || true
    rm -f "$cache/hosts/$name.img"
    rmdir "$state/$name/root" 2>/dev/null || true
    rm -rf "${state:?}/$name"
}
