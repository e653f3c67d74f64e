#!/bin/sh
# The lab's stand-in for RKE2's install script: the same variables, the same
# files asked for, the same lines and exit codes. It leaves out rpm, SELinux,
# fapolicyd and builds of a commit.
set -e
[ "${DEBUG:-}" != 1 ] || set -x

info() { echo "[INFO]  $*"; }
warn() { echo "[WARN]  $*" >&2; }
fatal() {
    echo "[ERROR]  $*" >&2
    [ -z "${hint:-}" ] || echo "[ALT] $hint" >&2
    exit 1
}

[ "$(id -u)" -eq 0 ] || fatal "You need to be root to perform this install"
# How often this ran on a host is what the lab's tests ask.
mkdir -p /var/lib/lab-count && date -u +%FT%TZ >>/var/lib/lab-count/install-script

url=${INSTALL_RKE2_ARTIFACT_URL:-https://github.com/rancher/rke2/releases/download}
channel_url=${INSTALL_RKE2_CHANNEL_URL:-https://update.rke2.io/v1-release/channels}
channel=${INSTALL_RKE2_CHANNEL:-stable}
type=${INSTALL_RKE2_TYPE:-${INSTALL_RKE2_EXEC:-server}}
images=${INSTALL_RKE2_AGENT_IMAGES_DIR:-/var/lib/rancher/rke2/agent/images}
local=${INSTALL_RKE2_ARTIFACT_PATH:-}
case $type in server | agent) ;; *) fatal "invalid type $type" ;; esac

case $(uname -m) in
    x86_64 | amd64) arch=amd64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) fatal "unsupported architecture $(uname -m)" ;;
esac

method=${INSTALL_RKE2_METHOD:-}
if [ -z "$method" ]; then
    method=tar
    # As in life: a yum in PATH decides for rpm, on Ubuntu too.
    ! command -v yum >/dev/null 2>&1 || [ -n "$local" ] || method=rpm
fi
[ "$method" = tar ] || fatal "the lab's stand-in installs tarballs only (method $method)"

prefix=${INSTALL_RKE2_TAR_PREFIX:-}
if [ -z "$prefix" ]; then
    prefix=/usr/local
    if mountpoint -q /usr/local 2>/dev/null || ! touch /usr/local/.rke2-try 2>/dev/null; then
        prefix=/opt/rke2
        warn "/usr/local is read-only or a mount point; installing to $prefix"
    fi
    rm -f /usr/local/.rke2-try
fi

work=$(mktemp -d -t rke2-install.XXXXXXXXXX)
trap 'code=$?; rm -rf "$work"; exit $code' EXIT

if command -v curl >/dev/null 2>&1; then
    fetch() { curl -o "$1" -fsSL "$2"; }
elif command -v wget >/dev/null 2>&1; then
    fetch() { wget -qO "$1" "$2"; }
elif [ -z "$local" ]; then
    fatal "can not find curl or wget for downloading files"
fi

version=${INSTALL_RKE2_VERSION:-}
package=rke2.linux-$arch.tar.gz
sums=sha256sum-$arch.txt
if [ -n "$local" ]; then
    info "staging local checksums from $local/$sums"
    cp -f "$local/$sums" "$work/$sums"
    info "staging tarball from $local/$package"
    cp -f "$local/$package" "$work/$package"
else
    if [ -z "$version" ]; then
        info "finding release for channel $channel"
        version=$(curl -w '%{url_effective}' -L -s -S -o /dev/null "$channel_url/$channel" | sed 's|.*/||') || true
    fi
    info "using $version as release"
    folder=$(echo "$version" | sed 's/+/%2B/g')
    info "downloading checksums at $url/$folder/$sums"
    fetch "$work/$sums" "$url/$folder/$sums"
    info "downloading tarball at $url/$folder/$package"
    fetch "$work/$package" "$url/$folder/$package"
fi

info "verifying tarball"
wanted=$(awk -v name="$package" '$2 == name || $2 == "*" name {print $1; exit}' "$work/$sums")
got=$(sha256sum "$work/$package" | awk '{print $1}')
hint="Please visit 'https://github.com/rancher/rke2/releases' directly and download the latest $package"
[ "$wanted" = "$got" ] || fatal "download sha256 does not match $wanted, got $got"
hint=

# Images of an air-gapped folder are taken only when the one big archive is
# there and has a checksum: core and canal alone are passed over, as in life.
if [ -n "$local" ]; then
    for big in rke2-images.linux-$arch.tar.zst rke2-images.linux-$arch.tar.gz; do
        if [ -f "$local/$big" ] && grep -q " $big\$" "$work/$sums"; then
            info "staging airgap image tarball from $local/$big"
            info "verifying airgap tarball"
            wanted=$(awk -v name="$big" '$2 == name {print $1; exit}' "$work/$sums")
            got=$(sha256sum "$local/$big" | awk '{print $1}')
            [ "$wanted" = "$got" ] || fatal "download sha256 does not match $wanted, got $got"
            mkdir -p "$images"
            info "installing airgap tarball to $images"
            cp -f "$local/$big" "$images/"
            cp -f "$local"/rke2-images-*.linux-"$arch"* "$images/" 2>/dev/null || true
            break
        fi
    done
fi

info "unpacking tarball file to $prefix"
mkdir -p "$prefix"
tar xzf "$work/$package" -C "$prefix" --no-same-owner
if [ "$prefix" != /usr/local ]; then
    for unit in "$prefix"/lib/systemd/system/rke2-*; do
        sed "s|/usr/local|$prefix|g" "$unit" >"/etc/systemd/system/$(basename "$unit")"
    done
    sed -i "s|/usr/local|$prefix|g" "$prefix/bin/rke2-uninstall.sh"
fi
[ "${INSTALL_RKE2_SKIP_RELOAD:-}" = true ] || systemctl daemon-reload
