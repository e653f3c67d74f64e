# What stops a start of RKE2, and what only delays it. Sourced by conform.
# Uses the host that the install part has left.

config_d() { # NAME TEXT: a part of the configuration; empty takes it away
    in1 mkdir -p /etc/rancher/rke2/config.yaml.d
    if [ -n "$2" ]; then in1 tee "/etc/rancher/rke2/config.yaml.d/$1.yaml" <<<"$2" >/dev/null
    else in1 rm -f "/etc/rancher/rke2/config.yaml.d/$1.yaml"; fi
}
start_unknown_key() {
    config_d 10-wrong 'no-such-key: true'
    fails_with 1 in1 /usr/local/bin/rke2 server >"$work/said" 2>&1 || { cat "$work/said"; return 1; }
    config_d 10-wrong ''
    grep -q 'level=fatal msg="flag provided but not defined: -no-such-key"' "$work/said"
}
start_no_route() {
    bad_day "$h" no-route=1
    local code=0
    fails_with 1 in1 /usr/local/bin/rke2 server >"$work/said" 2>&1 || code=1
    bad_day "$h" no-route=off
    [ $code = 0 ]
    grep -qF 'no default routes found in \"/proc/net/route\" or \"/proc/net/ipv6_route\"' "$work/said"
}
start_no_images() { # neither an archive nor a registry: it ends, and the unit tries again
    fails_with 1 in1 /usr/local/bin/rke2 server >"$work/said" 2>&1 || { cat "$work/said"; return 1; }
    grep -q 'Pulling runtime image index.docker.io/rancher/rke2-runtime:' "$work/said"
    grep -q 'level=fatal msg="failed to get runtime image' "$work/said"
}
start_crash_loop() {
    bad_day "$h" crash-loop=1
    in1 systemctl start --no-block rke2-server
    restarted() { [ "$(in1 systemctl show rke2-server -p NRestarts --value)" -ge 1 ]; }
    soon 25 restarted
    # Between two starts its ExecStopPost runs, for a moment.
    soon 10 activating
    in1 systemctl stop rke2-server
    bad_day "$h" crash-loop=off
}
activating() { [ "$(in1 systemctl is-active rke2-server || true)" = activating ]; }
start_no_apparmor() {
    bad_day "$h" apparmor=missing
    in1 systemctl restart --no-block rke2-server
    soon 60 in1 grep -q 'apparmor_parser.*executable file not found' /var/lib/rancher/rke2/agent/containerd/containerd.log
    soon 30 says '127.0.0.1:2379: connect: connection refused'
    not says 'apparmor_parser'
    soon 10 activating
    sh1 'ln -s /bin/true /usr/sbin/apparmor_parser'
    soon 60 in1 systemctl is-active rke2-server
    in1 rm /usr/sbin/apparmor_parser
    bad_day "$h" apparmor=off
}
start_counted() { [ "$(sh1 'wc -l </var/lib/lab-count/rke2-start')" -ge 4 ]; }

part_start() {
    [ -n "${h:-}" ] || { h=conform-a; host $h; }
    in1 test -x /usr/local/bin/rke2 || sh1 "curl -fsSL $base/install.sh | $script sh"
    check '1.4 an unknown key is a fatal start' start_unknown_key
    check '1.6 no default route is a fatal start' start_no_route
    check '1.8 no images and no registry is a fatal start' start_no_images
    rke2_files $h server >/dev/null
    config_d 05-base "node-ip: $(meta $h ip)
tls-san: [registry.lab.example, 203.0.113.7]
write-kubeconfig-mode: \"0600\"
ingress-controller: none"
    check '1.8 a crash loop: the unit tries again, and is activating' start_crash_loop
    check '1.6 apparmor_parser missing: said in containerd.log only, cured by installing it' start_no_apparmor
    check 'the lab counts each start' start_counted
}
