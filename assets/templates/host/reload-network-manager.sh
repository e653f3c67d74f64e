#!/bin/sh
# Lets NetworkManager read its configuration again. Connections stay up.
#
# Arguments: none. Exit status: 0, also where it does not run; else that of systemctl.
set -u
LC_ALL=C
export LC_ALL
systemctl is-active --quiet NetworkManager.service || exit 0
exec systemctl reload NetworkManager.service
