#!/bin/sh
# The runs that are kept on this host.
#
# Argument: the directory of sites. Output: a line `SITE RUN` for each that has a journal.
# Changes nothing; ends with 0.
set -u
LC_ALL=C
export LC_ALL
[ $# -eq 1 ] || exit 64
for journal in "$1"/*/runs/*/journal.jsonl; do
    [ -f "$journal" ] || continue
    run=${journal%/journal.jsonl}
    site=${run%/runs/*}
    case ${site##*/}${run##*/} in *[!0-9A-Za-z.-]*) continue ;; esac
    echo "${site##*/} ${run##*/}"
done
