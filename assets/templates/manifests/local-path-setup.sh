#!/bin/sh
# Makes one volume. The registry runs as user 1000; nobody else may look in.
set -eu
mkdir -p "$VOL_DIR"
chmod 0700 "$VOL_DIR"
chown 1000:1000 "$VOL_DIR"
