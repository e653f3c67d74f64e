#!/bin/sh
# Makes OUTDIR/operator-7.1.1.tgz out of chart/ and prints its sha256. The same
# files give the same bytes anywhere: sorted names, no times, no owners, and a
# gzip header without name and time.
set -eu
[ $# -eq 1 ] || { echo "usage: chart.sh OUTDIR" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)/operator-7.1.1.tgz
cd "$(dirname "$0")/chart"
tar --sort=name --format=ustar --mtime=@0 --owner=0 --group=0 --numeric-owner \
    --mode=u=rw,go=r,a+X --transform='s,^\.,operator,' -cf - . | gzip -n -9 > "$out.new"
mv "$out.new" "$out"
sha256sum "$out" | cut -d' ' -f1
