# RKE2's stand-in by hand, for checks of the lab itself. Sourced by labctl.

rke2_files() { # NAME: the package by the install script, the images by hand
    local name=$1 type=$2 archive
    in_host "$name" sh -c "curl -fsSL http://$gateway:$depot_port/rke2/install.sh -o /root/install.sh &&
        INSTALL_RKE2_TYPE=$type INSTALL_RKE2_METHOD=tar INSTALL_RKE2_VERSION='$rke2_version' \
        INSTALL_RKE2_ARTIFACT_URL=http://$gateway:$depot_port/rke2 sh /root/install.sh"
    in_host "$name" mkdir -p /var/lib/rancher/rke2/agent/images
    for archive in core canal; do
        in_host "$name" curl -fsS -o "/var/lib/rancher/rke2/agent/images/rke2-images-$archive.linux-amd64.tar.zst" \
            "http://$gateway:$depot_port/rke2/$rke2_version_url/rke2-images-$archive.linux-amd64.tar.zst"
    done
}

rke2_install() { # NAME
    rke2_files "$1" server
    in_host "$1" sh -c "mkdir -p /etc/rancher/rke2; [ -e /etc/rancher/rke2/config.yaml ] ||
        printf 'write-kubeconfig-mode: \"0600\"\nnode-ip: %s\ntls-san: [%s]\ningress-controller: none\n' $(meta "$1" ip) $(meta "$1" ip) >/etc/rancher/rke2/config.yaml
        systemctl enable -q --now --no-block rke2-server"
}

kubectl_in() { # NAME ARGS...
    local name=$1
    shift
    in_host "$name" /var/lib/rancher/rke2/bin/kubectl --kubeconfig /etc/rancher/rke2/rke2.yaml "$@"
}

node_ready() { # NAME NODE
    [ "$(kubectl_in "$1" get node "$2" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' 2>/dev/null)" = True ]
}

rke2_wait() { # NAME [NODE]
    local name=$1 node=${2:-$1} deadline=$((SECONDS + 180))
    [ -n "$(host_leader "$name")" ] || die "$name is not up"
    until node_ready "$name" "$node"; do
        [ $SECONDS -lt $deadline ] || die "$node is not Ready after 180 s: labctl host-exec $name journalctl -u rke2-server"
        sleep 0.3
    done
}

join_host() { # NAME SERVER
    local name=$1 server=$2 token
    rke2_files "$name" agent
    token=$(in_host "$server" cat /var/lib/rancher/rke2/server/node-token)
    in_host "$name" sh -c "mkdir -p /etc/rancher/rke2 && umask 077 &&
        printf 'server: https://%s:9345\ntoken: %s\nnode-ip: %s\n' $(meta "$server" ip) '$token' $(meta "$name" ip) >/etc/rancher/rke2/config.yaml
        systemctl enable -q --now --no-block rke2-agent"
    rke2_wait "$server" "$name"
}

# Nothing is left, whatever state the lab was in: it goes by what is there, not
# by what was noted down.
all_down() {
    local name path
    for path in "$state"/*/; do
        [ -d "$path" ] || continue
        name=$(basename "$path")
        (remove_host "$name") || true
    done
    for path in /sys/fs/cgroup/memory/mqlab-*/; do
        [ -d "$path" ] || continue
        name=$(basename "$path")
        (cut_power "${name#mqlab-}") || true
    done
    findmnt -rno TARGET | awk -v under="$run/" 'index($1, under) == 1' | sort -r | while read -r path; do umount "$path" || umount -l "$path"; done
    ip netns list | awk '/^mq-/ {print $1}' | while read -r name; do ip netns del "$name"; done
    ip -o link show type veth | sed -n 's/^[0-9]*: \(mqv[0-9]*\)@.*/\1/p' | while read -r name; do ip link del "$name" 2>/dev/null || true; done
    depot_down
    ip link del "$bridge" 2>/dev/null || true
    losetup -nO NAME,BACK-FILE | awk -v under="$cache/hosts/" 'index($2, under) == 1 {print $1}' | while read -r path; do losetup -d "$path"; done
    rm -rf "$cache/hosts" "$state" "$depot_state"
}
