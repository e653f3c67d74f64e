#!/bin/sh
# The right to change this host, which one operator has at a time.
#
#   lease.sh look TOKEN
#   lease.sh take TOKEN BY RUN SITE SECONDS yes|no
#   lease.sh keep TOKEN GENERATION
#   lease.sh check GENERATION
#   lease.sh drop TOKEN GENERATION
#
# TOKEN tells one program from another; BY is who runs it, in words; SECONDS is how long the right lasts
# without `keep`; the last word of `take` is whether it is taken from somebody who has it. Each time that
# it is taken its generation grows by one. What carries an older generation is refused by every runner,
# and who has an older one is ended, his connection and the run that he has handed over with him.
# Time is that of this host since it was started, sleep included; after a start nobody has the right.
#
# Output, where something is known: lines generation=, held=yes|no, own=yes|no, by=, from=, run=, site=,
# since= (seconds since 1970), age= (seconds since it was kept last; missing after a start), now=, and
# unit= for each unit of another run that is going on; `look` adds engine= for a run that was handed over.
# Exit status: 0; 17 somebody else has the right; 18 it was taken from whoever asks; 19 units of another
# run are going on; 64 wrong arguments; 73 it cannot be written.
set -u
umask 077
LC_ALL=C
export LC_ALL
state=${MODELQUAY_STATE:-/var/lib/modelquay}
seats=${MODELQUAY_RUN:-/run/modelquay}
dir=$state/lease

flush() {
    sync "$@" 2>/dev/null || sync
}

put() {
    cat >"$dir/.$1.new" && flush "$dir/.$1.new" && mv -f "$dir/.$1.new" "$dir/$1" && flush "$dir" || exit 73
}

load() {
    generation=0
    [ ! -f "$dir/generation" ] || IFS= read -r generation <"$dir/generation"
    case $generation in '' | *[!0-9]*) generation=0 ;; esac
    token='' by='' from='' run='' site='' since='' boot='' beat='' seconds='' of=''
    if [ -f "$dir/holder" ]; then
        while IFS= read -r line; do
            value=${line#*=}
            case $line in
                token=*) token=$value ;;
                by=*) by=$value ;;
                from=*) from=$value ;;
                run=*) run=$value ;;
                site=*) site=$value ;;
                since=*) since=$value ;;
                boot=*) boot=$value ;;
                beat=*) beat=$value ;;
                seconds=*) seconds=$value ;;
                of=*) of=$value ;;
            esac
        done <"$dir/holder"
    fi
    IFS=' ' read -r now _ </proc/uptime
    now=${now%.*}
    IFS= read -r this_boot </proc/sys/kernel/random/boot_id
    held=no age=''
    # A taking that was cut off has made the generation grow and nothing more: nobody has it then.
    if [ -n "$token" ] && [ "$of" = "$generation" ] && [ "$boot" = "$this_boot" ]; then
        age=$((now - beat))
        [ "$age" -gt "$seconds" ] || held=yes
    fi
}

say() {
    echo "generation=$generation"
    echo "held=$held"
    if [ -n "$token" ] && [ "$of" = "$generation" ]; then
        own=no
        [ "$token" != "$1" ] || own=yes
        printf '%s\n' "own=$own" "by=$by" "from=$from" "run=$run" "site=$site" "since=$since"
        [ -z "$age" ] || echo "age=$age"
    fi
    echo "now=$(date +%s)"
}

hold() {
    printf '%s\n' "token=$token" "by=$by" "from=$from" "run=$run" "site=$site" "since=$since" "boot=$this_boot" \
        "beat=$now" "seconds=$seconds" "of=$generation"
}

# One at a time. The lock goes with this process.
alone() {
    mkdir -p "$dir" || exit 73
    if command -v flock >/dev/null 2>&1; then
        exec 9>"$dir/lock" && flock 9 || exit 73
        return
    fi
    tries=0
    while ! mkdir "$dir/locked" 2>/dev/null; do
        tries=$((tries + 1))
        # Nobody holds it for long: whoever has made it is gone.
        if [ "$tries" -gt 20 ]; then
            rmdir "$dir/locked" 2>/dev/null
            tries=0
        fi
        sleep 1
    done
    trap 'rmdir "$dir/locked"' EXIT
}

# Sets `parent`; fails where there is no such process. The name in the line may hold anything.
parent_of() {
    parent=''
    { IFS= read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
    line=${line##*) }
    line=${line#* }
    parent=${line%% *}
}

is_named() {
    name=''
    { IFS= read -r name <"/proc/$1/comm"; } 2>/dev/null
    case $name in sshd*) return 0 ;; esac
    return 1
}

running_units() {
    systemctl list-units --plain --no-legend --state=active,activating,deactivating,reloading 'modelquay-*.service' \
        2>/dev/null | while IFS=' ' read -r unit _; do
        echo "${unit%.service}"
    done
}

# Ends what has an older generation.
end_others() {
    running_units | while IFS= read -r unit; do
        case $unit in
            modelquay-*-engine-*)
                case " $mine_units " in *" $unit "*) ;; *) systemctl stop "$unit.service" ;; esac
                ;;
        esac
    done
    mine=' ' at=$$
    while [ "$at" -gt 1 ] && parent_of "$at"; do
        mine="$mine$at "
        at=$parent
    done
    for seat in "$seats"/*; do
        [ -f "$seat/generation" ] || continue
        other=${seat##*/}
        theirs=0
        { IFS= read -r theirs <"$seat/generation"; } 2>/dev/null
        case $mine in *" $other "*) continue ;; esac
        [ "$theirs" -lt "$generation" ] || continue
        # Its number may be somebody else's by now.
        tr '\0' ' ' <"/proc/$other/cmdline" 2>/dev/null | grep -q modelquay-boot || continue
        session='' at=$other
        while [ "$at" -gt 1 ] && parent_of "$at"; do
            at=$parent
            if is_named "$at"; then
                session=$at
                break
            fi
        done
        kill -STOP "$other" 2>/dev/null
        tree=" $other " grown=yes
        while [ -n "$grown" ]; do
            grown=''
            for process in /proc/[0-9]*; do
                process=${process#/proc/}
                case $tree in *" $process "*) continue ;; esac
                parent_of "$process" || continue
                case $tree in *" $parent "*) tree="$tree$process " grown=yes ;; esac
            done
        done
        kill -KILL $tree 2>/dev/null
        if [ -n "$session" ]; then
            case $mine in *" $session "*) ;; *) kill -TERM "$session" 2>/dev/null ;; esac
        fi
        rm -rf "$seat"
    done
}

[ $# -gt 0 ] || exit 64
what=$1
shift
case $what:$# in
    look:1)
        load
        say "$1"
        for unit in $(running_units); do
            case $unit in modelquay-*-engine-*) echo "engine=$unit" ;; esac
        done
        ;;
    check:1)
        load
        [ "$generation" = "$1" ] || { say ''; exit 18; }
        ;;
    take:6)
        case $5 in '' | *[!0-9]*) exit 64 ;; esac
        alone
        load
        if [ "$held" = yes ] && [ "$token" != "$1" ] && [ "$6" != yes ]; then
            say "$1"
            exit 17
        fi
        # The unit in which this very program runs, where it was handed over.
        mine_units=''
        while IFS=: read -r _ _ path; do
            path=${path##*/}
            mine_units="$mine_units ${path%.service}"
        done </proc/self/cgroup
        others=''
        for unit in $(running_units); do
            case $unit in "modelquay-$3-"*) ;; *) others="$others $unit" ;; esac
        done
        if [ -n "$others" ]; then
            if [ "$6" != yes ]; then
                say "$1"
                for unit in $others; do echo "unit=$unit"; done
                exit 19
            fi
            for unit in $others; do systemctl stop "$unit.service"; done
        fi
        generation=$((generation + 1))
        echo "$generation" | put generation
        end_others
        token=$1 by=$2 from=${MODELQUAY_FROM:-} run=$3 site=$4 seconds=$5 since=$(date +%s) of=$generation
        hold | put holder
        held=yes age=0
        say "$1"
        ;;
    keep:2)
        alone
        load
        if [ "$of" != "$2" ] || [ "$generation" != "$2" ] || [ "$token" != "$1" ]; then
            say "$1"
            exit 18
        fi
        # After a loss of power another boot counts, so this need not be on disk.
        hold >"$dir/.holder.new" && mv -f "$dir/.holder.new" "$dir/holder" || exit 73
        ;;
    drop:2)
        alone
        load
        if [ "$generation" != "$2" ] || [ "$token" != "$1" ]; then
            say "$1"
            exit 18
        fi
        rm -f "$dir/holder"
        flush "$dir"
        # Whoever takes it next has nothing to end here.
        for seat in "$seats"/*; do
            theirs=''
            { IFS= read -r theirs <"$seat/generation"; } 2>/dev/null
            [ "$theirs" != "$2" ] || rm -f "$seat/generation"
        done
        ;;
    *) exit 64 ;;
esac
