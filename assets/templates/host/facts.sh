#!/bin/sh
# Everything that is to be known about a host before anything is changed, in one go.
#
# Arguments: DATA-DIR, the directory in which the volumes are to lie.
# Output: lines `key=value`, a key once for each item of a list; the fields of an item are separated
# by tabs. The last line is `end=1`: without it something was cut off. What cannot be found out is
# left out. Exit status: 0.
#
# It only reads: no temporary file, no name look-up, no daemon is woken. timedatectl and
# hostnamectl are not asked, because the bus would start their daemons; sudo -l is not asked,
# because it writes a log entry; docker and podman are not asked, because they make directories.
set -u
LC_ALL=C
export LC_ALL
PATH="${PATH:-/usr/local/bin:/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"
export PATH
exec 2>/dev/null </dev/null

data_dir=${1:-/var/lib/modelquay-data}
tab=$(printf '\t')

# A hostile value (a file name with a line feed, a variable with a tab) must not be able to forge a
# line or a field, so control characters become question marks. Only then does it cost a process.
clean() {
    case $1 in
        *[[:cntrl:]]*) cleaned=$(printf '%s' "$1" | tr '[:cntrl:]' '?') ;;
        *) cleaned=$1 ;;
    esac
}
say() { # KEY FIELD...
    line=$1=
    shift
    between=
    for field; do
        clean "$field"
        line=$line$between$cleaned
        between=$tab
    done
    printf '%s\n' "$line"
}
first_line() { # FILE: its first line in $first; fails where there is none
    first=
    [ -r "$1" ] || return 1
    IFS= read -r first <"$1" || [ -n "$first" ]
}
has() { command -v "$1" >/dev/null; }

# The clock comes first: the reader compares it with the moment at which it asked.
now=$(date +%s%N)
case $now in
    *[!0-9]* | '') now=$(date +%s)000 ;;  # a date without nanoseconds
    *) now=${now%??????} ;;
esac
say clock_ms "$now"
first_line /sys/class/rtc/rtc0/since_epoch && say rtc_s "$first"
grep -q '^LOCAL' /etc/adjtime && say rtc_local yes

# The system. os-release is read and not sourced: it could be anything.
while IFS= read -r line || [ -n "$line" ]; do
    value=${line#*=}
    case $value in \"*\" | \'*\') value=${value#?} value=${value%?} ;; esac
    case $line in
        ID=*) say os_id "$value" ;;
        VERSION_ID=*) say os_version "$value" ;;
        PRETTY_NAME=*) say os_name "$value" ;;
    esac
done </etc/os-release
uname -srm | while read -r _ kernel arch; do say kernel "$kernel"; say arch "$arch"; done
hostname=$(uname -n)
say hostname "$hostname"
say cpus "$(nproc)"
first_line /proc/sys/kernel/random/boot_id && say boot_id "$first"
awk '$1 == "MemTotal:" { printf "memory=%.0f\n", $2 * 1024 }
     $1 == "SwapTotal:" { printf "swap=%.0f\n", $2 * 1024 }' /proc/meminfo
[ -d /run/systemd/system ] && say systemd yes
# Not by `read`: it takes bytes one by one, and the kernel gives of a number only the first.
for name in max_user_instances max_user_watches; do
    value=$(cat "/proc/sys/fs/inotify/$name") && say "inotify_${name#max_user_}" "$value"
done

# Services, all in one call.
services='ufw firewalld NetworkManager nm-cloud-setup.timer nm-cloud-setup systemd-networkd networking
systemd-timesyncd chrony chronyd ntp ntpd ntpsec openntpd systemd-resolved unattended-upgrades
rke2-server rke2-agent k3s k3s-agent k0scontroller k0sworker kubelet snap.microk8s.daemon-kubelite
containerd docker podman'
# shellcheck disable=SC2086 # a list of words
states=$(for s in $services; do case $s in *.timer) printf '%s\n' "$s" ;; *) printf '%s.service\n' "$s" ;; esac; done |
    xargs timeout 5 systemctl show -p Id,LoadState,ActiveState,UnitFileState |
    awk -F= '
        function flush() {
            if (id != "" && load != "not-found" && load != "" && !seen[id]++)
                printf "service=%s\t%s\t%s\n", id, active, enabled
            id = load = active = enabled = ""
        }
        { gsub(/[[:cntrl:]]/, "?") }
        NF == 0 { flush() }
        $1 == "Id" { id = $2; sub(/\.service$/, "", id) }
        $1 == "LoadState" { load = $2 }
        $1 == "ActiveState" { active = $2 }
        $1 == "UnitFileState" { enabled = $2 }
        END { flush() }')
[ -z "$states" ] || printf '%s\n' "$states"
runs() { # SERVICE: whether it is active
    case "
$states
" in *"
service=$1${tab}active${tab}"*) return 0 ;; esac
    return 1
}

# Time. The files and sockets of the daemons that are there are asked, not timedated.
if runs systemd-timesyncd; then
    say ntp_service systemd-timesyncd
    if [ -e /run/systemd/timesync/synchronized ]; then say ntp yes; else say ntp no; fi
elif runs chrony || runs chronyd; then
    say ntp_service chrony
    case $(timeout 2 chronyc -n tracking) in
        *'Leap status     : Not synchronised'*) say ntp no ;;
        *'Leap status'*) say ntp yes ;;
    esac
elif runs ntp || runs ntpd || runs ntpsec; then
    say ntp_service ntpd
    case $(timeout 2 ntpq -c 'rv 0 leap') in
        *leap_alarm* | *leap=11*) say ntp no ;;
        *leap*) say ntp yes ;;
    esac
elif runs openntpd; then
    say ntp_service openntpd
elif [ -d /run/systemd/system ]; then
    say ntp_service none
    say ntp no
fi

# Mounts: the kind of cgroups, and whether /usr/local stands apart.
awk '
    function clean(s) { gsub(/\\040/, " ", s); gsub(/\\0[0-9][0-9]/, "?", s); gsub(/[[:cntrl:]]/, "?", s); return s }
    $2 == "/sys/fs/cgroup" && $3 == "cgroup2" { cgroup = 2 }
    $2 ~ /^\/sys\/fs\/cgroup/ && $3 == "cgroup" { one = 1 }
    $2 == "/usr/local" { apart = clean($1) " (" $3 ")" ; options = $4 }
    $2 == "/" || $2 == "/usr" || $2 == "/usr/local" { readonly = ($4 ~ /(^|,)ro(,|$)/) }
    END {
        if (one) print "cgroup=1"; else if (cgroup) print "cgroup=2"
        if (apart != "") print "usr_local=" apart
        else if (readonly) print "usr_local=read-only"
    }' /proc/self/mounts

# File systems, of the nearest directory that is there. What is not there yet will lie on that.
nearest() {
    near=$1
    while [ ! -d "$near" ] && [ "$near" != / ] && [ -n "$near" ]; do near=${near%/*}; done
    near=${near:-/}
}
disk() {
    nearest "$1"
    found=$(timeout 3 df -Pk "$near" | awk -v place="$1" '
        NR == FNR && FNR > 1 && match($0, / +[0-9]+ +-?[0-9]+ +-?[0-9]+ +[0-9-]+% +/) {
            split(substr($0, RSTART, RLENGTH), n, / +/)
            device = substr($0, 1, RSTART - 1); mount = substr($0, RSTART + RLENGTH)
            size = n[2]; free = n[4]; next
        }
        NR != FNR {
            at = $2; gsub(/\\040/, " ", at)
            if (at == mount) { kind = $3; options = $4 }
        }
        END {
            if (size == "") exit
            gsub(/[[:cntrl:]]/, "?", device); gsub(/[[:cntrl:]]/, "?", mount)
            printf "\t%s\t%s\t%s\t%.0f\t%.0f\t%s\n", mount, device, kind, size * 1024, free * 1024, options
        }' - /proc/self/mounts)
    [ -z "$found" ] || { clean "$1"; printf 'disk=%s%s\n' "$cleaned" "$found"; }
}
for place in "$data_dir" /var/lib/rancher /var/lib/kubelet /var/lib/modelquay /usr/local /var/log; do
    disk "$place"
done
real=$(readlink -f "$data_dir") && say data_dir_real "$real"
if [ -d "$data_dir" ]; then
    say data_dir_state directory
    for entry in "$data_dir"/* "$data_dir"/.[!.]*; do
        [ ! -e "$entry" ] || { say data_dir_state not-empty; break; }
    done
elif [ -e "$data_dir" ]; then say data_dir_state other
else say data_dir_state absent
fi

# Addresses, then routes. The routes are read where RKE2 itself reads them: those that are up
# (flag 1) and do not reject (flag 200).
default_if=$(awk '
    $2 == "00000000" && $8 == "00000000" && substr($4, 4) % 2 == 1 && substr($4, 2, 1) % 4 < 2 && (best == "" || $7 + 0 < low) { best = $1; low = $7 + 0 }
    END { print best }' /proc/net/route)
[ -z "$default_if" ] || say default_interface "$default_if"
while read -r to bits _ _ _ _ _ _ _ where; do
    case $to.$bits.$where in
        *.lo) ;;
        00000000000000000000000000000000.00.*) say default_interface6 "$where" ;;
    esac
done </proc/net/ipv6_route
if has ip; then
    say addresses_known yes
    ip -o -4 addr show | awk '{
        split($4, net, "/"); bits = net[2] == "" ? 32 : net[2]
        name = $2; sub(/@.*/, "", name)
        kind = $0 ~ / dynamic / ? "dynamic" : "static"
        gsub(/[[:cntrl:]]/, "?", name)
        printf "address=%s\t%s\t%s\t%s\n", name, net[1], bits, kind
        if (++count >= 256) exit
    }'
fi
awk '
    function digit(c) { return index("0123456789ABCDEF", c) - 1 }
    function byte(h, at) { return digit(substr(h, at, 1)) * 16 + digit(substr(h, at + 1, 1)) }
    function dotted(h) { return byte(h, 7) "." byte(h, 5) "." byte(h, 3) "." byte(h, 1) }
    function ones(h,    i, b, n) { for (i = 1; i < 8; i += 2) { b = byte(h, i); while (b > 0) { n += b % 2; b = int(b / 2) } } return n + 0 }
    NR > 1 && substr($4, 4) % 2 == 1 && substr($4, 2, 1) % 4 < 2 {
        to = $8 == "00000000" ? "default" : dotted($2) "/" ones($8)
        printf "route=%s\t%s\t%s\t%s\n", to, $1, ($3 == "00000000" ? "" : dotted($3)), $7
        if (++count >= 512) exit
    }' /proc/net/route

# Who brings the default route up again after a reboot, and whether the address comes from DHCP.
# Each manager's own record of the interface is read, then the file that it names.
setting() { # FILE... : the lines with settings, trimmed and in lower case
    cat "$@" | tr 'A-Z\t' 'a-z ' | sed 's/^ *//; s/ *= */=/; /^[#;]/d'
}
persistence() {
    index=
    first_line "/sys/class/net/$default_if/ifindex" && index=$first
    netplan=
    for file in /etc/netplan/*.yaml; do [ ! -r "$file" ] || netplan=yes; done

    file=$(sed -n 's/^NETWORK_FILE=//p' "/run/systemd/netif/links/$index")
    if [ -n "$file" ] && [ -r "$file" ]; then
        say route_manager networkd "$file"
        case $file in
            /run/systemd/network/*netplan*) [ -n "$netplan" ] || { say default_route_persistent no; return; } ;;
            /run/*) say default_route_persistent no; return ;;
        esac
        text=$(setting "$file" "$file".d/*.conf "/etc/systemd/network/${file##*/}.d"/*.conf)
        case "
$text" in
            *'
dhcp=yes'* | *'
dhcp=true'* | *'
dhcp=ipv4'*) say default_route_persistent yes; say dynamic_address yes ;;
            *'
gateway='[0-9_]*) say default_route_persistent yes; say dynamic_address no ;;
            *) say default_route_persistent no ;;
        esac
        return
    fi

    uuid=$(sed -n 's/^connection-uuid=//p' "/run/NetworkManager/devices/$index")
    if [ -n "$uuid" ]; then
        file=$(grep -lsF "uuid=$uuid" /etc/NetworkManager/system-connections/* \
            /usr/lib/NetworkManager/system-connections/* /run/NetworkManager/system-connections/* | head -n 1)
        say route_manager NetworkManager "$file"
        case $file in
            '') return ;;
            /run/*netplan*) [ -n "$netplan" ] || { say default_route_persistent no; return; } ;;
            /run/*) say default_route_persistent no; return ;;
        esac
        text=$(setting "$file")
        ipv4=${text##*'[ipv4]'}
        ipv4=${ipv4%%'
['*}
        case "
$text" in *'
autoconnect=false'*) say default_route_persistent no ;;
            *) case "
$ipv4" in
                    *'
method=auto'*) say default_route_persistent yes; say dynamic_address yes ;;
                    *'
gateway='[0-9]* | *'
address1='*,[0-9]* | *'
route1=0.0.0.0/0'*) say default_route_persistent yes; say dynamic_address no ;;
                    *) say default_route_persistent no ;;
                esac ;;
        esac
        return
    fi

    if [ -r /etc/network/interfaces ]; then
        found=$(cat /etc/network/interfaces /etc/network/interfaces.d/* | awk -v name="$default_if" '
            $1 == "auto" || $1 == "allow-hotplug" || $1 == "allow-auto" { for (i = 2; i <= NF; i++) if ($i == name) up = 1; ours = 0 }
            $1 == "iface" { ours = ($2 == name && $3 == "inet"); if (ours) method = $4 }
            ours && $1 == "gateway" { gateway = 1 }
            ours && $0 ~ /(ip|route).*default/ { gateway = 1 }
            END { print (up ? "up" : "-"), (method == "" ? "-" : method), (gateway ? "gateway" : "-") }')
        case $found in
            *' - -') ;;
            '- '*) say route_manager ifupdown /etc/network/interfaces; say default_route_persistent no; return ;;
            *' dhcp '*) say route_manager ifupdown /etc/network/interfaces
                say default_route_persistent yes; say dynamic_address yes; return ;;
            *' static gateway') say route_manager ifupdown /etc/network/interfaces
                say default_route_persistent yes; say dynamic_address no; return ;;
            *) say route_manager ifupdown /etc/network/interfaces; say default_route_persistent no; return ;;
        esac
    fi
    # Nothing that is known here looks after the interface: whether something else does (a
    # provider's agent, a container's manager) cannot be told.
    say route_manager none ''
}
[ -z "$default_if" ] || persistence

awk '$1 == "nameserver" && count < 8 { gsub(/[[:cntrl:]]/, "?", $2); print "resolver=" $2; count++ }' \
    /etc/resolv.conf
runs systemd-resolved && awk '$1 == "nameserver" && count < 8 { gsub(/[[:cntrl:]]/, "?", $2); print "resolver=" $2; count++ }' \
    /run/systemd/resolve/resolv.conf

# What listens. ss knows the programs; without it the kernel's table knows at least the ports.
if has ss; then
    ss -Hltnp | awk '{
        n = split($4, at, ":"); port = at[n]
        address = substr($4, 1, length($4) - length(port) - 1)
        program = ""
        if (match($0, /users:\(\("/)) { program = substr($0, RSTART + 9); sub(/",pid=.*/, "", program) }
        gsub(/[[:cntrl:]]/, "?", program); gsub(/[[:cntrl:]]/, "?", address)
        if (port ~ /^[0-9]+$/ && !seen[port "\t" address]++) printf "listen=%s\t%s\t%s\n", port, address, program
        if (++count >= 512) exit
    }'
    say listening_known yes
elif [ -r /proc/net/tcp ]; then
    cat /proc/net/tcp /proc/net/tcp6 | awk '
        function digit(c) { return index("0123456789ABCDEF", c) - 1 }
        $4 == "0A" {
            n = split($2, at, ":"); h = at[n]
            port = digit(substr(h, 1, 1)) * 4096 + digit(substr(h, 2, 1)) * 256 + digit(substr(h, 3, 1)) * 16 + digit(substr(h, 4, 1))
            if (!seen[port]++) printf "listen=%d\t\t\n", port
        }'
    say listening_known yes
fi

# Firewalls. ufw is a Python program and would leave compiled files behind.
if has ufw; then
    status=$(PYTHONDONTWRITEBYTECODE=1 timeout 5 ufw status)
    case $status in
        *'Status: active'*) say ufw active
            printf '%s\n' "$status" | awk '/ALLOW|LIMIT/ && count < 64 { gsub(/[[:cntrl:]]/, "?"); gsub(/  +/, " "); print "ufw_rule=" $0; count++ }'
            policy=$(sed -n 's/^DEFAULT_FORWARD_POLICY="\{0,1\}\([A-Z]*\).*/\1/p' /etc/default/ufw)
            [ -z "$policy" ] || say ufw_forward "$policy" ;;
        *'Status: inactive'*) say ufw inactive ;;
        *) grep -qi '^ENABLED=yes' /etc/ufw/ufw.conf && say ufw active ;;
    esac
fi

# NetworkManager: whether some file of its own keeps its hands off the interfaces of the pods.
if [ -d /etc/NetworkManager ]; then
    found=no
    for file in /etc/NetworkManager/NetworkManager.conf /etc/NetworkManager/conf.d/*.conf \
        /run/NetworkManager/conf.d/*.conf /usr/lib/NetworkManager/conf.d/*.conf; do
        [ -r "$file" ] || continue
        case $(grep '^[[:space:]]*unmanaged-devices' "$file") in *flannel*cali* | *cali*flannel*) found=yes ;; esac
    done
    say network_manager_ignores_cni "$found"
fi

# Security modules.
first_line /sys/module/apparmor/parameters/enabled && [ "$first" = Y ] && say apparmor_kernel yes
has apparmor_parser && say apparmor_parser yes
if first_line /sys/fs/selinux/enforce; then
    case $first in 1) say selinux Enforcing ;; *) say selinux Permissive ;; esac
elif has getenforce; then
    say selinux "$(timeout 2 getenforce)"
fi

# What is left of other or earlier clusters.
left() { [ ! -e "$2" ] || say leftover "$1" "$2"; }
for path in /usr/local/bin/k3s /etc/rancher/k3s /var/lib/rancher/k3s /etc/systemd/system/k3s.service \
    /etc/systemd/system/k3s-agent.service; do left k3s "$path"; done
for path in /usr/local/bin/rke2 /opt/rke2/bin/rke2 /usr/bin/rke2 /etc/rancher/rke2/config.yaml \
    /var/lib/rancher/rke2/server /var/lib/rancher/rke2/agent/kubelet.kubeconfig; do left rke2 "$path"; done
for path in /snap/microk8s /var/snap/microk8s; do left microk8s "$path"; done
for path in /etc/kubernetes/admin.conf /etc/kubernetes/kubelet.conf /etc/kubernetes/manifests/kube-apiserver.yaml; do
    left kubeadm "$path"
done
for path in /etc/k0s /var/lib/k0s; do left k0s "$path"; done
left kubelet /var/lib/kubelet/pki
left etcd /var/lib/etcd/member
for file in /etc/cni/net.d/*calico* /etc/cni/net.d/*canal* /etc/cni/net.d/*flannel* /etc/cni/net.d/*cilium*; do left cni "$file"; done
for link in cni0 flannel.1 vxlan.calico kube-ipvs0 cilium_host nodelocaldns; do left interface "/sys/class/net/$link"; done

# RKE2, and whether its configuration is ours: then it names this program in a comment.
for program in /usr/local/bin/rke2 /opt/rke2/bin/rke2 /usr/bin/rke2; do
    [ -x "$program" ] || continue
    say rke2 "$program"
    version=$(timeout 3 "$program" --version | head -n 1)
    case $version in 'rke2 version '*) version=${version#rke2 version }; say rke2_version "${version%% *}" ;; esac
    break
done
[ ! -e /etc/rancher/rke2/config.yaml ] || say rke2_config yes
grep -q '^#.*modelquay' /etc/rancher/rke2/config.yaml && say rke2_ours yes

# Networks of podman and Docker, from their files. Those of Docker that are up are routes as well.
subnets() { # OWNER FILE...
    owner=$1
    shift
    for file; do
        [ -r "$file" ] || continue
        grep -oE '"(subnet|bip|base)"[[:space:]]*:[[:space:]]*"[0-9./]+"' "$file" | while IFS= read -r found; do
            found=${found%\"}
            say container_network "$owner" "${found##*\"}" "$file"
        done
    done
}
subnets docker /etc/docker/daemon.json
subnets podman /etc/containers/networks/*.json /var/lib/containers/storage/networks/*.json /etc/cni/net.d/*podman*.conflist
if has podman && ! grep -qs default_subnet /etc/containers/containers.conf; then
    say container_network podman 10.88.0.0/16 "its default"
fi

for program in curl tar gzip sha256sum iptables ip mount modprobe systemctl systemd-run journalctl awk grep sed timeout; do
    has "$program" || say missing_program "$program"
done

# Proxies. A password in one is nobody's business.
proxies() { # SOURCE, its lines on standard input
    grep -iE '^[[:space:]]*(export[[:space:]]+)?(https?|all|ftp|no)_proxy=|^acquire::.*proxy' |
        sed 's#//[^/@]*@#//***@#g' | head -n 12 | while IFS= read -r found; do say proxy "$1" "$found"; done
}
env | proxies environment
for file in /etc/environment /etc/default/rke2-server /etc/profile.d/*proxy*; do
    # shellcheck disable=SC2002 # with a redirection shellcheck fears that the file is written
    [ ! -r "$file" ] || cat "$file" | proxies "$file"
done
cat /etc/apt/apt.conf /etc/apt/apt.conf.d/* | sed 's/^[[:space:]]*//' | proxies apt

# Who is at the other end. sudo clears the environment, so its ancestors are asked.
connection=${SSH_CONNECTION:-} user=${SUDO_USER:-}
process=$$
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
    [ -z "$connection" ] || break
    process=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$process/status")
    case $process in '' | 0 | 1) break ;; esac
    connection=$(tr '\n\0' '?\n' <"/proc/$process/environ" | sed -n 's/^SSH_CONNECTION=//p' | head -n 1)
done
peer=${connection%% *}
[ -z "$peer" ] || say ssh_peer "$peer"
[ -z "$user" ] || say sudo_user "$user"

# sshd as it would treat this very connection.
if has sshd; then
    settings=$(timeout 3 "$(command -v sshd)" -T -C "user=${user:-root},host=localhost,addr=${peer:-127.0.0.1}" || timeout 3 "$(command -v sshd)" -T)
    printf '%s\n' "$settings" | awk '
        $1 ~ /^(allowtcpforwarding|allowstreamlocalforwarding|disableforwarding|permitopen|maxsessions|maxstartups|clientaliveinterval|clientalivecountmax|logingracetime|permitrootlogin)$/ {
            name = $1; sub(/^[^ ]+ /, ""); gsub(/[[:cntrl:]]/, "?"); printf "sshd=%s\t%s\n", name, $0
        }'
fi

# sudo's own recording of what passes through it.
cat /etc/sudoers /etc/sudoers.d/* | sed 's/#.*//' | grep -E 'Defaults.*[^!_a-z](log_(input|output|stdin|stdout|stderr|ttyin|ttyout))|LOG_(INPUT|OUTPUT):' |
    head -n 4 | while IFS= read -r found; do say sudo_io_log "$found"; done

# Who holds apt's locks. Locks are found by inode, and believed where the process has the file open.
for path in /var/lib/dpkg/lock-frontend /var/lib/dpkg/lock /var/lib/apt/lists/lock; do
    [ -e "$path" ] || continue
    inode=$(stat -c %i "$path")
    # shellcheck disable=SC2013 # process numbers, one word each
    for process in $(awk -v inode="$inode" '{ n = split($6, at, ":"); if (at[n] == inode && $5 > 0) print $5 }' /proc/locks); do
        for open in "/proc/$process/fd"/*; do
            [ "$open" -ef "$path" ] || continue
            first_line "/proc/$process/comm"
            say apt_lock "$path" "$process" "$first"
            break
        done
    done
done

# NVIDIA's devices: class 03 is a display controller, of which compute cards are 0302.
for device in /sys/bus/pci/devices/*; do
    first_line "$device/vendor"
    [ "$first" = 0x10de ] || continue
    first_line "$device/class"
    case $first in 0x03*) ;; *) continue ;; esac
    first_line "$device/device" && say gpu "${device##*/}" "10de:${first#0x}"
done
first_line /sys/module/nvidia/version && say nvidia_driver "$first"

echo end=1
exit 0
