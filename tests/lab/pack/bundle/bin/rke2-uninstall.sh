#!/bin/sh
# The lab's stand-in for RKE2's uninstall script: killall, then units, programs,
# configuration and data. What local-path keeps under /opt stays, as in life.
[ "$(id -u)" -eq 0 ] || { echo "$(basename "$0"): must be run as root" >&2; exit 1; }
root=${INSTALL_RKE2_ROOT:-/usr/local}
data=${RKE2_DATA_DIR:-/var/lib/rancher/rke2}

"$root/bin/rke2-killall.sh"
for unit in rke2-server rke2-agent; do
    systemctl disable "$unit.service" 2>/dev/null
    systemctl reset-failed "$unit.service" 2>/dev/null
    rm -f "$root/lib/systemd/system/$unit.service" "$root/lib/systemd/system/$unit.env" \
        "/etc/systemd/system/$unit.service" "/etc/systemd/system/$unit.env"
done
systemctl daemon-reload
rm -rf "$root/share/rke2" /etc/rancher/rke2 /etc/cni /opt/cni/bin /var/lib/kubelet
rmdir /etc/rancher 2>/dev/null
[ ! -d "$data" ] || rm -rf "$data"
rmdir /var/lib/rancher 2>/dev/null
rm -f "$root/bin/rke2" "$root/bin/rke2-killall.sh" "$root/bin/rke2-uninstall.sh"
exit 0
