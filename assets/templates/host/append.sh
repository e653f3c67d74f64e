#!/bin/sh
# Adds standard input to the end of a file, where that end is as expected.
#
# Arguments: absolute PATH, MODE of a new file, the SIZE that the file has.
# Output: the size after it. Exit status: 0; 17 where it has another size, which is printed; 64 wrong
# arguments; 73 where it cannot be written. Missing parents are made 0700. What was added is on disk.
set -u
umask 077
LC_ALL=C
export LC_ALL
[ $# -eq 3 ] || exit 64
case $1 in /?*) ;; *) exit 64 ;; esac
case $2$3 in *[!0-9]*) exit 64 ;; esac
dir=${1%/*}/
[ -d "$dir" ] || mkdir -p "$dir" || exit 73
[ ! -L "$1" ] || exit 73
size=0
[ ! -e "$1" ] || size=$(wc -c <"$1") || exit 73
size=$((size))
if [ "$size" -ne "$3" ]; then
    echo "$size"
    exit 17
fi
fresh=no
[ -e "$1" ] || fresh=yes
cat >>"$1" || exit 73
if [ "$fresh" = yes ]; then
    chmod "$2" "$1" || exit 73
fi
sync "$1" "$dir" 2>/dev/null || sync
size=$(wc -c <"$1") || exit 73
echo "$((size))"
