#!/bin/sh
# A piece of a file.
#
# Arguments: absolute PATH, offset, most bytes. Output: the size of the whole file in a line, then the
# piece; size 0 where there is no file. Changes nothing. Exit status: 0; 64 wrong arguments; 66 where it
# cannot be read.
set -u
LC_ALL=C
export LC_ALL
[ $# -eq 3 ] || exit 64
case $1 in /?*) ;; *) exit 64 ;; esac
case $2$3 in *[!0-9]*) exit 64 ;; esac
if [ ! -f "$1" ]; then
    echo 0
    exit 0
fi
size=$(wc -c <"$1") || exit 66
size=$((size))
echo "$size"
[ "$2" -ge "$size" ] || tail -c +$(($2 + 1)) "$1" | head -c "$3"
