#!/bin/sh
# The lab's stand-in for RKE2's killall script: ends everything that RKE2 runs,
# pods included, and takes their mounts, interfaces and packet rules away.
[ "$(id -u)" -eq 0 ] || { echo "$(basename "$0"): must be run as root" >&2; exit 1; }
data=${RKE2_DATA_DIR:-/var/lib/rancher/rke2}

systemctl stop rke2-server.service rke2-agent.service 2>/dev/null

# Children of a shim are a pod's processes; they are named first, while the
# shim still ties them together.
tree() {
    for child in $(pgrep -P "$1"); do tree "$child"; done
    echo "$1"
}
for shim in $(pgrep -f "$data/data/[^/]*/bin/containerd-shim|containerd-shim-runc-v2 .*/run/k3s/containerd"); do
    kill -9 $(tree "$shim") 2>/dev/null
done
for process in /proc/[0-9]*; do
    case $(readlink "$process/exe" 2>/dev/null) in
        "$data"/data/*) kill -9 "${process#/proc/}" 2>/dev/null ;;
    esac
done

unmount_under() {
    awk -v under="$1" 'index($2, under) == 1 {print $2}' /proc/self/mounts | sort -r | while read -r mount; do
        umount "$mount" 2>/dev/null || umount -l "$mount"
    done
}
unmount_under /run/k3s
unmount_under /var/lib/rancher/rke2
unmount_under /var/lib/kubelet/pods
unmount_under /run/netns/cni-

for namespace in $(ip netns list 2>/dev/null | awk '/^cni-/ {print $1}'); do ip netns delete "$namespace"; done
rm -rf /run/k3s /run/rke2-stand-in /var/lib/cni
for interface in $(ip -o link show master cni0 2>/dev/null | awk -F': ' '{sub(/@.*/, "", $2); print $2}'); do
    ip link delete "$interface"
done
ip link delete cni0 2>/dev/null
for save in iptables ip6tables; do
    $save-save 2>/dev/null | grep -v -e KUBE- -e CNI- -e cali | $save-restore 2>/dev/null
done
exit 0
