#!/bin/sh
# Unit: runs RKE2's install script from verified files, without any network.
#
# Arguments: SCRIPT, its SHA256, VERSION as `v1.36.5+rke2r1`, DIRECTORY with the verified
# `rke2.linux-ARCH.tar.gz` and `sha256sum-ARCH.txt`.
# Exit status: that of the script; 64 wrong arguments; 65 the script is not the verified one.
#
# It may be repeated: the script unpacks over what is there and starts nothing. The environment is
# emptied, because every INSTALL_RKE2_ variable of an administrator would change what is done. The
# method is said, because the script prefers rpm wherever a program called yum is found.
set -u
LC_ALL=C
export LC_ALL
exec 2>&1 </dev/null

[ $# -eq 4 ] || { echo 'error: four arguments are needed'; exit 64; }
script=$1 want=$2 version=$3 directory=$4
[ -f "$script" ] || { echo "error: $script is not there"; exit 65; }
have=$(sha256sum "$script" | { read -r hex _ && printf '%s' "$hex"; })
[ "$have" = "$want" ] || { echo "error: wrong checksum of $script: expected sha256 $want, got $have"; exit 65; }
exec env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C \
    INSTALL_RKE2_METHOD=tar INSTALL_RKE2_TYPE=server INSTALL_RKE2_VERSION="$version" \
    INSTALL_RKE2_ARTIFACT_PATH="$directory" sh "$script"
