# The install script: what it asks for, says and leaves. Sourced by conform.

base="http://$gateway:$depot_port/rke2"
script="INSTALL_RKE2_METHOD=tar INSTALL_RKE2_ARTIFACT_URL=$base INSTALL_RKE2_VERSION=$rke2_version"

script_lines() {
    sh1 "$script sh /root/install.sh" | diff - <(cat <<LINES
[INFO]  using $rke2_version as release
[INFO]  downloading checksums at $base/$rke2_version_url/sha256sum-amd64.txt
[INFO]  downloading tarball at $base/$rke2_version_url/rke2.linux-amd64.tar.gz
[INFO]  verifying tarball
[INFO]  unpacking tarball file to /usr/local
LINES
)
}
script_asks() {
    local before
    before=$(asked | wc -l)
    sh1 "$script sh /root/install.sh"
    [ "$(asked | tail -n "+$((before + 1))" | awk '{print $5}' | xargs -n1 basename | tr '\n' ' ')" = 'sha256sum-amd64.txt rke2.linux-amd64.tar.gz ' ]
}
script_files() {
    in1 test -x /usr/local/bin/rke2 -a -x /usr/local/bin/rke2-killall.sh -a -x /usr/local/bin/rke2-uninstall.sh
    in1 test -f /usr/local/lib/systemd/system/rke2-server.env -a -f /usr/local/lib/systemd/system/rke2-agent.service
    in1 test -f /usr/local/share/rke2/rke2-cis-sysctl.conf
}
script_starts_nothing() {
    [ "$(in1 systemctl is-enabled rke2-server || true)" = disabled ]
    [ "$(in1 systemctl is-active rke2-server || true)" = inactive ]
}
script_wrong_sum() {
    depot_switch "$(meta $h ip)@/rke2/$rke2_version_url/rke2.linux" wrong=1
    local said
    said=$(fails_with 1 sh1 "$script sh /root/install.sh" 2>&1) || { echo "$said"; depot_switch "$(meta $h ip)@" off; return 1; }
    depot_switch "$(meta $h ip)@" off
    grep -q '^\[ERROR\]  download sha256 does not match [0-9a-f]*, got [0-9a-f]*$' <<<"$said"
    grep -q '^\[ALT\] ' <<<"$said"
}
script_by_status() { # STATUS
    depot_switch "$(meta $h ip)@/rke2/" "status=$1"
    local code=0
    fails_with 22 sh1 "$script sh /root/install.sh" || code=$?
    depot_switch "$(meta $h ip)@" off
    return $code
}
script_from_folder() {
    sh1 "mkdir -p /root/folder && cd /root/folder && for f in sha256sum-amd64.txt rke2.linux-amd64.tar.gz rke2-images-core.linux-amd64.tar.zst; do
        curl -fsSO $base/$rke2_version_url/\$f; done"
    sh1 'INSTALL_RKE2_ARTIFACT_PATH=/root/folder sh /root/install.sh' >"$work/said"
    grep -qF 'staging local checksums from /root/folder/sha256sum-amd64.txt' "$work/said"
    grep -qF 'staging tarball from /root/folder/rke2.linux-amd64.tar.gz' "$work/said"
    # core alone is passed over in silence
    not in1 test -e /var/lib/rancher/rke2/agent/images
    in1 rm -r /root/folder
}
script_other_prefix() {
    sh1 "INSTALL_RKE2_TAR_PREFIX=/opt/rke2 $script sh /root/install.sh"
    in1 grep -q /opt/rke2/bin/rke2 /etc/systemd/system/rke2-server.service
    sh1 'rm -rf /opt/rke2 /etc/systemd/system/rke2-*; systemctl daemon-reload'
}
script_yum() {
    sh1 'ln -s /bin/true /usr/local/bin/yum'
    fails_with 1 sh1 "INSTALL_RKE2_ARTIFACT_URL=$base INSTALL_RKE2_VERSION=$rke2_version sh /root/install.sh"
    in1 rm /usr/local/bin/yum
}
unit_shape() {
    in1 systemctl show rke2-server -p Type,KillMode,Restart,RestartUSec,TimeoutStartUSec | sort | diff - <(cat <<SHAPE
KillMode=process
Restart=always
RestartUSec=5s
TimeoutStartUSec=infinity
Type=notify
SHAPE
)
}
script_counts() { [ "$(sh1 'wc -l </var/lib/lab-count/install-script')" -ge 8 ]; }

part_install() {
    h=conform-a
    host $h
    sh1 "curl -fsSL $base/install.sh -o /root/install.sh"
    check '1.2 install.sh prints its five lines' script_lines
    check '1.2 it asks for two files and no more' script_asks
    check '1.2 it leaves programs, units and the sysctl file' script_files
    check '1.2 it enables and starts nothing' script_starts_nothing
    check '1.2 the unit is of type notify, kills its process only, starts without limit' unit_shape
    check '1.2 a wrong checksum: the two lines, exit 1' script_wrong_sum
    check '1.2 a missing version: exit 22' fails_with 22 sh1 "INSTALL_RKE2_METHOD=tar INSTALL_RKE2_ARTIFACT_URL=$base INSTALL_RKE2_VERSION=v9.9.9+rke2r1 sh /root/install.sh"
    check '1.2 a dead address: exit 7' fails_with 7 sh1 "INSTALL_RKE2_METHOD=tar INSTALL_RKE2_ARTIFACT_URL=http://$gateway:9 INSTALL_RKE2_VERSION=$rke2_version sh /root/install.sh"
    check '1.2 no name service: exit 6' fails_with 6 sh1 "INSTALL_RKE2_METHOD=tar INSTALL_RKE2_VERSION=$rke2_version sh /root/install.sh"
    check '1.2 the depot says 401, 429, 503: exit 22' script_by_status 401
    check '1.2 ... 429' script_by_status 429
    check '1.2 ... 503' script_by_status 503
    check '1.2 from a folder; core images alone are passed over' script_from_folder
    check '1.2 another prefix: units under /etc, patched' script_other_prefix
    check '1.2 a yum in PATH means rpm' script_yum
    check '1.2 not root: exit 1' fails_with 1 sh1 'setpriv --reuid=1000 --clear-groups sh -s </root/install.sh'
    check 'the lab counts each run' script_counts
}
