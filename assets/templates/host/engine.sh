#!/bin/sh
# Unit: goes on with a run on the host itself.
#
# Arguments: the program, the directory of its state, the site, for whom, in words.
# Ends as `modelquay resume` does.
set -u
exec "$1" --state-dir "$2" --plain resume "$3" --on-behalf-of "$4"
