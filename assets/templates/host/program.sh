#!/bin/sh
# Unpacks the program that was sent here, where it is what it should be.
#
# Arguments: packed file, target, SHA-256 of the unpacked program. The packed file goes when that is done.
# Exit status: 0; 64 wrong arguments; 65 it is another one, and the packed file is gone too; 69 there is no
# gzip; 73 it cannot be written; 126 it does not run here.
set -u
umask 077
LC_ALL=C
export LC_ALL
[ $# -eq 3 ] || exit 64
case $1 in /?*) ;; *) exit 64 ;; esac
case $2 in /?*) ;; *) exit 64 ;; esac
is_it() {
    sum=$(sha256sum <"$1") && [ "${sum%% *}" = "$2" ]
}
if [ ! -f "$2" ] || ! is_it "$2" "$3"; then
    command -v gzip >/dev/null 2>&1 || exit 69
    rm -f "$2.new"
    gzip -dc <"$1" >"$2.new" || { rm -f "$2.new" "$1"; exit 65; }
    is_it "$2.new" "$3" || { rm -f "$2.new" "$1"; exit 65; }
    chmod 700 "$2.new" || exit 73
    sync "$2.new" 2>/dev/null || sync
    mv -f "$2.new" "$2" || exit 73
    sync "${2%/*}" 2>/dev/null || sync
fi
rm -f "$1"
"$2" --version >/dev/null 2>&1 || exit 126
