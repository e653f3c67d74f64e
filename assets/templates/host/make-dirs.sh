#!/bin/sh
# Makes directories with mode and owner.
#
# Arguments: triples of MODE, OWNER:GROUP and absolute PATH. Missing parents are made 0755.
# Exit status: 0; 1 where one could not be made; 64 wrong arguments; 73 where something else is in
# the place, a symbolic link among it: it could lead anywhere.
# Repeating it sets the same mode and owner again and leaves what lies inside alone.
set -u
LC_ALL=C
export LC_ALL
umask 022
if [ $# -eq 0 ] || [ $(($# % 3)) -ne 0 ]; then
    echo 'triples of mode, owner and path are needed' >&2
    exit 64
fi
while [ $# -gt 0 ]; do
    mode=$1 owner=$2 path=$3
    shift 3
    case $path in /?*) ;; *) echo "$path is not an absolute path" >&2; exit 64 ;; esac
    if [ -L "$path" ]; then echo "$path is a symbolic link" >&2; exit 73; fi
    if [ -e "$path" ] && [ ! -d "$path" ]; then echo "$path is there and is no directory" >&2; exit 73; fi
    if [ ! -d "$path" ]; then
        mkdir -p "${path%/*}/" || exit 1
        # Nobody may look in between the making and the closing.
        (umask 077 && mkdir "$path") || [ -d "$path" ] || exit 1
    fi
    chown "$owner" "$path" && chmod "$mode" "$path" || exit 1
    sync "${path%/*}/" 2>/dev/null || :
done
