#!/bin/sh
# Removes one volume. With reclaim policy Retain nothing calls this but a person who deletes the volume.
set -eu
rm -rf "$VOL_DIR"
