# Shared by the lab's scripts: where things lie and what they are called.
# Sourced, never run.

lab=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cache=${MODELQUAY_LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/modelquay-lab}
run=/run/modelquay-lab          # what must not outlive a boot of this machine
depot_dir=$cache/depot          # the tree that the depot serves
images_dir=$cache/images        # docker-archive tars
keys=$cache/keys                # the lab's own SSH key pair

bridge=mqlab0
gateway=10.77.0.1
depot_port=8081
mirror_port=5001                # what hosts pull from: the depot, before the registry
registry_port=5000
proxy_port=3128                 # a site's proxy that opens TLS

# The versions that are played. One place: the build, the components table and
# the checks read them here.
rke2_version='v1.36.5+rke2r1'
rke2_version_url='v1.36.5%2Brke2r1'
rke2_version_tag='v1.36.5-rke2r1'
silo_ref='docker.io/pgsty/silo:RELEASE.2026-09-16T00-00-00Z'
operator_ref='quay.io/minio/operator:v7.1.1'
sidecar_ref='quay.io/minio/operator-sidecar:v7.0.1'
local_path_ref='docker.io/rancher/local-path-provisioner:v0.0.37'
helper_ref='docker.io/library/busybox:1.37.0'
runtime_ref="docker.io/rancher/rke2-runtime:$rke2_version_tag"
pause_ref='docker.io/rancher/mirrored-pause:3.6'
coredns_ref='docker.io/rancher/hardened-coredns:v1.14.7-lab'
klipper_ref='docker.io/rancher/klipper-helm:v0.13.3-lab'
flannel_ref='docker.io/rancher/hardened-flannel:v0.28.9-lab'

# Passwords of the lab's users. They guard nothing but throw-away hosts, and
# they are unlike each other so that a test notices when one is sent for another.
tech_password='quay-Tech-4711'
tech2_password='quay-Tech2-0815'

say() { printf 'lab: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# Content key of files: their bytes and names, nothing of their dates.
key_of() { cat "$@" | sha256sum | cut -c1-16; }

# One lab at a time on a machine: the bridge, the ports and the loop devices
# have fixed names. `run` holds the lock for as long as it lasts; the small
# commands only look whether somebody else does, and their parent's mark in the
# environment tells them that it is theirs.
lock_lab() {
    mkdir -p "$run"
    exec 9>"$run/lock"
    flock -n 9 || die "another lab runs on this machine (lock $run/lock)"
    export MODELQUAY_LAB_LOCKED=1
}
respect_lock() {
    [ -n "${MODELQUAY_LAB_LOCKED:-}" ] || [ ! -e "$run/lock" ] || flock -sn "$run/lock" true ||
        die "a lab runs on this machine (lock $run/lock)"
}
