#!/bin/sh
# The runs that are kept on this host.
#
# Argument: the directory of sites. Output: a line `SITE RUN` for each that has a journal, the one that was written last at
# the end: names begin with the time at which some operator's clock stood, and clocks differ, and are set back.
# Changes nothing; ends with 0.
set -u
LC_ALL=C
export LC_ALL
[ $# -eq 1 ] || exit 64
ls -1tr "$1"/*/runs/*/journal.jsonl 2>/dev/null | while IFS= read -r journal; do
    [ -f "$journal" ] || continue
    run=${journal%/journal.jsonl}
    site=${run%/runs/*}
    case ${site##*/}${run##*/} in *[!0-9A-Za-z.-]*) continue ;; esac
    echo "${site##*/} ${run##*/}"
done
