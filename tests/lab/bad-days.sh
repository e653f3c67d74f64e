# Bad days: what can be wrong with a host. Sourced by labctl. Each works on a
# host that is up, and on one that is made but not yet booted.

# Those that RKE2's stand-in plays itself; it reads /etc/lab/bad-day.
stand_in_days=" slow-start crash-loop apparmor "

bad_day() { # NAME K=V
    local name=$1 key=${2%%=*} value=${2#*=} root
    root=$(host_files "$name")
    [[ $2 == *=* ]] || value=1
    [ "$value" != off ] || value=
    if [[ $stand_in_days == *" $key "* ]]; then
        mkdir -p "$root/etc/lab"
        touch "$root/etc/lab/bad-day"
        sed -i "/^$key=/d" "$root/etc/lab/bad-day"
        [ -z "$value" ] || echo "$key=$value" >>"$root/etc/lab/bad-day"
        [ "$key" != apparmor ] || day_apparmor "$name" "$value"
        return
    fi
    case $key in
        no-route) day_no_route "$name" "$value" ;;
        disk-full) day_disk_full "$root" "$value" ;;
        ufw) day_ufw "$root" "$value" ;;
        k3s-leftovers) day_k3s "$root" "$value" ;;
        clock-off) day_clock "$root" "$value" ;;
        sudo-nopasswd) day_sudo "$root" "$value" ;;
        sudo-io-log) day_sudo_log "$root" "$value" ;;
        forwarding) day_sshd "$name" "$root" forwarding "$value" 'AllowTcpForwarding no
AllowStreamLocalForwarding no' ;;
        disable-forwarding) day_sshd "$name" "$root" disable-forwarding "$value" 'DisableForwarding yes' ;;
        max-sessions) day_sshd "$name" "$root" max-sessions "$value" "MaxSessions ${value:-10}" ;;
        apt-locked) day_apt "$name" "$value" ;;
        proxy-only) day_filter "$name" "$value" OUTPUT filter "-d $gateway -p tcp -m multiport --dports $depot_port,$mirror_port,$registry_port -j REJECT" ;;
        port-blocked) day_filter "$name" "$value" PREROUTING raw "-s $gateway -p tcp -m multiport --dports ${value:-$(meta "$name" filter-PREROUTING)} -j DROP" ;;
        *) die "no such bad day: $key (slow-start=S crash-loop apparmor=missing no-route disk-full=MB-LEFT ufw
  k3s-leftovers clock-off=MINUTES sudo-nopasswd sudo-io-log forwarding=no disable-forwarding=1 max-sessions=N apt-locked proxy-only
  port-blocked=PORT,PORT)" ;;
    esac
}

# The files of a host as seen from the machine: through its init when it is up
# (the mount of the machine shows the same disk, but not what is mounted later).
host_files() {
    local leader
    leader=$(host_leader "$1")
    if [ -n "$leader" ]; then echo "/proc/$leader/root"; else mount_host "$1"; echo "$state/$1/root"; fi
}

# A kernel with AppArmor and no parser. The lab's kernel has none, so what it
# would say of itself is mounted over its modules; containers do not look there.
day_apparmor() { # NAME VALUE
    [ -n "$(host_leader "$1")" ] || die "apparmor=missing wants a host that is up"
    if [ -n "$2" ]; then
        in_host "$1" sh -c 'mountpoint -q /sys/module || mount -t tmpfs lab-modules /sys/module
            mkdir -p /sys/module/apparmor/parameters && echo Y >/sys/module/apparmor/parameters/enabled'
    else
        in_host "$1" sh -c '! mountpoint -q /sys/module || umount /sys/module'
    fi
}

# A rule of a packet filter: it says nothing to anyone who asks the host.
day_filter() { # NAME VALUE CHAIN TABLE RULE
    local ns
    ns=$(netns_of "$1")
    if [ -n "$2" ]; then
        echo "$2" >"$state/$1/filter-$3"
        # shellcheck disable=SC2086 # a rule is words
        ip netns exec "$ns" iptables -w -t "$4" -I "$3" $5
    else
        # shellcheck disable=SC2086 # a rule is words
        ip netns exec "$ns" iptables -w -t "$4" -D "$3" $5
    fi
}

day_no_route() {
    local ns
    ns=$(netns_of "$1")
    if [ -n "$2" ]; then
        touch "$state/$1/no-route"
        ip -n "$ns" route del default 2>/dev/null || true
    else
        rm -f "$state/$1/no-route"
        ! ip netns list | grep -qw "$ns" || ip -n "$ns" route replace default via "$gateway"
    fi
}

day_disk_full() { # VALUE: megabytes that are left
    local root=$1 free
    rm -f "$root/var/lab-ballast"
    [ -n "$2" ] || return 0
    free=$(df --output=avail -BM "$root/var" | tail -1 | tr -dc 0-9)
    [ "$free" -le "$2" ] || fallocate -l "$((free - $2))M" "$root/var/lab-ballast"
}

day_ufw() {
    [ -n "$2" ] || { rm -f "$1/usr/sbin/ufw" "$1/etc/ufw/ufw.conf"; return; }
    mkdir -p "$1/etc/ufw"
    echo 'ENABLED=yes' >"$1/etc/ufw/ufw.conf"
    cat >"$1/usr/sbin/ufw" <<'UFW'
#!/bin/sh
# The lab's false ufw: says that it is active and filters nothing. Rules that
# are allowed are remembered and listed.
rules=/etc/ufw/lab-rules
case $1 in
    status)
        echo 'Status: active'
        [ "$2" != verbose ] || printf 'Logging: on (low)\nDefault: deny (incoming), allow (outgoing), deny (routed)\nNew profiles: skip\n'
        printf '\nTo                         Action      From\n--                         ------      ----\n'
        printf '%-26s %-11s %s\n' 22/tcp ALLOW Anywhere
        [ ! -f $rules ] || while read -r rule; do printf '%-26s %-11s %s\n' "$rule" ALLOW Anywhere; done <$rules
        ;;
    allow) shift; echo "$*" >>$rules; echo 'Rule added' ;;
    reload) echo 'Firewall reloaded' ;;
    version|--version) echo 'ufw 0.36.2' ;;
    *) echo "ERROR: Invalid syntax" >&2; exit 1 ;;
esac
UFW
    chmod 0755 "$1/usr/sbin/ufw"
}

day_k3s() { # what an earlier k3s leaves behind
    if [ -z "$2" ]; then
        rm -rf "$1/etc/rancher/k3s" "$1/var/lib/rancher/k3s" "$1/usr/local/bin/k3s" "$1/etc/systemd/system/k3s.service"
        return
    fi
    mkdir -p "$1/etc/rancher/k3s" "$1/var/lib/rancher/k3s/server/db" "$1/var/lib/rancher/k3s/agent"
    echo 'apiVersion: v1' >"$1/etc/rancher/k3s/k3s.yaml"
    printf '#!/bin/sh\necho k3s version v1.30.4+k3s1\n' >"$1/usr/local/bin/k3s"
    chmod 0755 "$1/usr/local/bin/k3s"
    cat >"$1/etc/systemd/system/k3s.service" <<'UNIT'
[Unit]
Description=Lightweight Kubernetes
[Service]
ExecStart=/usr/local/bin/k3s server
[Install]
WantedBy=multi-user.target
UNIT
}

# Hosts of the lab share the machine's clock. A false date stands in front of
# the real one in PATH and shifts every answer; it understands what date does.
day_clock() { # VALUE: minutes ahead, negative for behind
    [ -n "$2" ] || { rm -f "$1/usr/local/bin/date"; return; }
    cat >"$1/usr/local/bin/date" <<DATE
#!/bin/sh
# The lab's false date: the clock is $2 minutes off. With a date given it asks
# the real program unchanged, for that is arithmetic and not the clock.
for word; do
    case \$word in -d*|--date*|-r*|--reference*|-s*|--set*|-f*|--file*) exec /usr/bin/date "\$@" ;; esac
done
now=\$(/usr/bin/date +%s.%N)
seconds=\${now%.*}
exec /usr/bin/date -d "@\$((seconds + $2 * 60)).\${now#*.}" "\$@"
DATE
    chmod 0755 "$1/usr/local/bin/date"
}

day_sudo() {
    [ -n "$2" ] || { rm -f "$1/etc/sudoers.d/lab-nopasswd"; return; }
    echo 'tech ALL=(ALL:ALL) NOPASSWD: ALL' >"$1/etc/sudoers.d/lab-nopasswd"
    chmod 0440 "$1/etc/sudoers.d/lab-nopasswd"
}

# Whatever passes through sudo is written down.
day_sudo_log() { # ROOT VALUE
    [ -n "$2" ] || { rm -f "$1/etc/sudoers.d/lab-io-log"; return; }
    echo 'Defaults log_input, log_output' >"$1/etc/sudoers.d/lab-io-log"
    chmod 0440 "$1/etc/sudoers.d/lab-io-log"
}

day_sshd() { # NAME ROOT WHICH VALUE LINES
    local before
    rm -f "$2/etc/ssh/sshd_config.d/05-lab-$3.conf"
    [ -z "$4" ] || echo "$5" >"$2/etc/ssh/sshd_config.d/05-lab-$3.conf"
    [ -n "$(host_leader "$1")" ] || return 0
    before=$(sshd_socket "$1")
    in_host "$1" systemctl reload ssh
    # The reload is said to be over when the signal is sent. sshd then begins anew: it refuses everybody until its
    # socket is there again, which is another one.
    for _ in $(seq 300); do
        case $(sshd_socket "$1") in '' | "$before") sleep 0.1 ;; *) return 0 ;; esac
    done
    die "sshd of $1 does not listen again after its reload"
}
# The number of the socket on which it listens, empty when there is none.
sshd_socket() { awk '$2 == "00000000:0016" && $4 == "0A" {print $10; exit}' "/proc/$(host_leader "$1")/net/tcp"; }

# The package manager's lock is taken as unattended-upgrades takes it, for so
# many seconds (default: until taken back).
day_apt() {
    if [ -z "$2" ]; then
        in_host "$1" systemctl stop lab-apt-lock.service 2>/dev/null || true
    else
        # fcntl locks, as dpkg's: flock(1) takes the other kind and would not be seen.
        in_host "$1" systemd-run --quiet --unit=lab-apt-lock perl -e '
            use Fcntl; my @held;
            for my $path ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock") {
                open(my $file, "+>>", $path) or die "$path: $!";
                my $lock = pack("s s x4 q q i x4", F_WRLCK, 0, 0, 0, 0);
                fcntl($file, F_SETLK, $lock) or die "$path: $!";
                push @held, $file;
            }
            sleep;'
    fi
}
