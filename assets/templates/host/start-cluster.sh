#!/bin/sh
# Enables RKE2's server and starts it without waiting: its own start has no time-out and may take
# many minutes, in which the connection could be lost.
#
# Arguments: `start`, which leaves a running one alone, or `restart`.
# Exit status: that of systemctl; 64 wrong arguments. Repeating `start` changes nothing.
set -u
LC_ALL=C
export LC_ALL
case ${1:-} in start | restart) ;; *) echo 'start or restart is needed' >&2; exit 64 ;; esac
systemctl daemon-reload || exit
systemctl enable --quiet rke2-server.service || exit
# After five quick failures systemd refuses further starts; whoever asks again has mended something.
systemctl reset-failed rke2-server.service 2>/dev/null
exec systemctl "$1" --no-block rke2-server.service
