#!/bin/sh
# Sets kernel settings now; that they survive a reboot is the work of a file.
#
# Arguments: NAME=VALUE..., as `fs.inotify.max_user_instances=8192`.
# Exit status: 0; 1 where one was not taken, named on standard error; 64 wrong arguments.
# Repeating it sets the same again.
#
# The kernel's files are written directly: a small system has no sysctl.
set -u
LC_ALL=C
export LC_ALL
failed=0
for setting; do
    name=${setting%%=*} value=${setting#*=}
    case $setting in *=*) ;; *) echo "$setting is not NAME=VALUE" >&2; exit 64 ;; esac
    case $name in '' | *[!a-z0-9_.]* | .* | *..*) echo "$name is not the name of a kernel setting" >&2; exit 64 ;; esac
    file=/proc/sys/$(printf '%s' "$name" | tr . /)
    if ! { printf '%s\n' "$value" >"$file"; } 2>/dev/null; then
        echo "cannot set $name" >&2
        failed=1
        continue
    fi
    # Not by `read`: it takes bytes one by one, and the kernel gives of a number only the first.
    now=$(cat "$file")
    [ "$now" = "$value" ] || { echo "$name is $now after it was set to $value" >&2; failed=1; }
done
exit "$failed"
