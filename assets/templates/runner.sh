# The runner: answers framed requests as root, one at a time, until its standard
# input ends. POSIX sh; tried with dash and with busybox.
#
# A request is a line `ID VERB WORD A B C G` and A+B+C bytes, three parts. A reply is
# a line `ID STATUS OUTLEN ERRLEN` and the bytes of both outputs; STATUS is a number,
# or `late` where a script was ended at its limit, `unsent` where its text is not
# here, `taken` where G, the generation of the lease under which something is to be
# changed, is no longer the host's (0 where the asker has none). The next request is
# sent only after the reply: some `head`s read further than they were told to.
#
# Parts may be secret, so they lie in a private directory on tmpfs and never in an
# argument. Whatever has to outlive the connection lies under $state.
set -u
umask 077
PATH=${MODELQUAY_PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}
LC_ALL=C
export PATH LC_ALL
unset CDPATH ENV BASH_ENV
cd / || exit 1

state=${MODELQUAY_STATE:-/var/lib/modelquay}
units=$state/units
lease=$state/lease/generation
# From where whoever connects comes, for those who find the host taken.
MODELQUAY_FROM=${1:-}
export MODELQUAY_FROM
seats=${MODELQUAY_RUN:-/run/modelquay}
# What one reply may carry of each output; the other end refuses more.
most_out=16777216
most_err=262144
# What a unit's log may grow to, about; of what comes behind that only the end is kept.
most_log=${MODELQUAY_LOG:-67108864}

# Seats of runners that were killed: their number is nobody's now.
for seat in "$seats"/*; do
    [ -d "$seat" ] || continue
    kill -0 "${seat##*/}" 2>/dev/null || rm -rf "$seat"
done
T=$seats/$$
rm -rf "$T"
# A runner that ends in this moment takes the empty directory away, also while `mkdir -p` looks at what it has found: as
# when a link was cut, and the old one hears of it while this one begins.
tries=0
until mkdir -p "$seats" 2>/dev/null && mkdir "$T" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 50 ] || { mkdir -p "$seats" && mkdir "$T" && break; exit 1; }
done
# A shell that dies of a signal skips its EXIT trap, so each signal becomes an exit.
trap 'rm -rf "$T"; rmdir "$seats" 2>/dev/null' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 141' PIPE
trap 'exit 143' TERM

tell() {
    printf '%s\n' "$*"
}

# Some `sync`s know no files; then everything is written out.
flush() {
    sync "$@" 2>/dev/null || sync
}

# A process less than `wc` for what is mostly empty.
size_of() {
    bytes=0
    [ ! -s "$1" ] || bytes=$(wc -c <"$1")
    bytes=$((bytes))
}

empty() {
    for part; do : >"$T/$part"; done
}

# The whole body first, then its parts. A body that was cut short belongs to a
# connection that is gone: nothing of it is carried out.
take_parts() {
    empty 1 2 3
    whole=$((a + b + c))
    [ "$whole" -gt 0 ] || return 0
    body=$T/in
    [ "$whole" -gt "$a" ] || body=$T/1
    head -c "$whole" >"$body"
    size_of "$body"
    [ "$bytes" -eq "$whole" ] || exit 0
    [ "$whole" -gt "$a" ] || return 0
    [ "$a" -eq 0 ] || head -c "$a" "$T/in" >"$T/1"
    [ "$b" -eq 0 ] || tail -c +$((a + 1)) "$T/in" | head -c "$b" >"$T/2"
    [ "$c" -eq 0 ] || tail -c +$((a + b + 1)) "$T/in" >"$T/3"
    empty in
}

# WORD is NAME:SECONDS. Part 1: the script's text, empty where it was sent before;
# part 2: one argument a line; part 3: standard input.
do_run() {
    script=$T/script.${word%:*}
    [ "$a" -eq 0 ] || cat "$T/1" >"$script"
    if [ ! -f "$script" ]; then
        verdict=unsent
        return 1
    fi
    set --
    while IFS= read -r line; do set -- "$@" "$line"; done <"$T/2"
    if command -v timeout >/dev/null 2>&1; then
        (umask 022 && exec timeout -k 5 "${word##*:}" sh "$script" "$@") <"$T/3"
    else
        (umask 022 && exec sh "$script" "$@") <"$T/3"
    fi
    ended=$?
    # The word of `timeout`; none of our scripts ends with it.
    [ "$ended" -ne 124 ] || verdict=late
    return "$ended"
}

# WORD: the mode. Part 1: path and owner, a line each; part 2: the content.
do_write() {
    { IFS= read -r path && IFS= read -r owner; } <"$T/1"
    dir=${path%/*}
    dir=${dir:-/}
    # A fixed name, so that what a power cut left is replaced by the next try.
    new=$dir/.${path##*/}.modelquay
    if [ -d "$path" ]; then
        tell "it is a directory" >&2
        return 1
    fi
    if rm -f "$new" && (set -C && cat "$T/2" >"$new") && chown "$owner" "$new" && chmod "$word" "$new" &&
        flush "$new" && mv -f "$new" "$path"; then
        flush "$dir"
    else
        rm -f "$new"
        return 1
    fi
}

# Part 1: the path.
do_remove() {
    IFS= read -r path <"$T/1"
    [ -e "$path" ] || [ -h "$path" ] || return 0
    rm -f "$path" || return 1
    dir=${path%/*}
    flush "${dir:-/}"
}

boot_id() {
    cat /proc/sys/kernel/random/boot_id
}

unit_runs() {
    case $(systemctl show -p ActiveState "$1.service" 2>/dev/null) in
        *=active | *=activating | *=deactivating | *=reloading) return 0 ;;
    esac
    return 1
}

# Whether the lease under which this was sent is another's by now. The seat says first
# under which it works: whoever takes the lease sees that and ends this runner, or this
# runner sees that it was taken.
is_taken() {
    [ "$g" -gt 0 ] || return 1
    [ "$g" = "${under:-0}" ] || echo "$g" >"$T/generation"
    under=$g
    current=0
    [ ! -f "$lease" ] || IFS= read -r current <"$lease"
    [ "$current" != "$g" ]
}

# WORD: the unit's name. Part 1: the script; part 2: one argument a line.
# The file `boot` decides who starts it: it is made exclusively and before the
# start, so that a name is used for one start at most. Everything the unit needs
# is a file of its own directory: systemd would expand `$` in a command line.
do_start() {
    unit=$units/$word
    [ ! -e "$unit/boot" ] || return 0
    mkdir -p "$unit" || return 1
    cat "$T/1" >"$unit/script" || return 1
    cat "$T/2" >"$unit/args" || return 1
    { tell "most=$most_log generation=$g lease=$lease" && cat <<'RUN'; } >"$unit/run" || return 1
unit=${0%/*}
umask 077
if [ "$generation" -gt 0 ]; then
    current=0
    [ ! -f "$lease" ] || IFS= read -r current <"$lease"
    # Taken between the order and this moment: it counts as cut off.
    [ "$current" = "$generation" ] || exit 1
fi
exec </dev/null >>"$unit/log" 2>&1
set --
while IFS= read -r line; do set -- "$@" "$line"; done <"$unit/args"
HOME=/root
LC_ALL=C
export HOME LC_ALL
cd / || exit 1

size() {
    bytes=$(wc -c <"$1")
    bytes=$((bytes))
}

# Adds what comes to the log as it comes (`head` and `tee` would hold it back, or never stop). When the
# log is full, pieces are put aside in turn, so that the last words are there; the rest is counted.
keep() {
    before=-1
    size "$unit/log"
    while [ "$bytes" -ne "$before" ] && [ "$bytes" -lt "$most" ]; do
        before=$bytes
        dd bs=65536 count=64 2>/dev/null
        size "$unit/log"
    done
    if [ "$bytes" -ge "$most" ]; then
        come=0
        while dd bs=65536 count=64 2>/dev/null >"$unit/piece" && [ -s "$unit/piece" ]; do
            size "$unit/piece"
            come=$((come + bytes))
            cat "$unit/piece" >>"$unit/last"
            size "$unit/last"
            [ "$bytes" -lt 65536 ] || mv -f "$unit/last" "$unit/older"
        done
        if [ "$come" -gt 65536 ]; then
            echo
            echo "modelquay: the log is full, and $((come - 65536)) bytes are missing here"
        fi
        cat "$unit/older" "$unit/last" 2>/dev/null | tail -c 65536
        rm -f "$unit/piece" "$unit/last" "$unit/older"
    fi
    # On a full disk the log ends early; the script must not end with it.
    cat >/dev/null
}

mkfifo "$unit/out" || exit 1
keep <"$unit/out" &
keeper=$!
exec 3>"$unit/out"
rm -f "$unit/out"
(umask 022 && exec sh "$unit/script" "$@" >&3 2>&1 3>&-)
echo $? >"$unit/rc.new"
exec 3>&-
# What the script has left in the background may hold its output open; that is not waited for. The
# shell's own words about it belong into no log.
exec >/dev/null 2>&1
(sleep 5 && kill "$keeper") &
wait "$keeper"
kill $!
sync "$unit/log" "$unit/rc.new" 2>/dev/null || sync
mv -f "$unit/rc.new" "$unit/rc"
sync "$unit" 2>/dev/null || sync
RUN
    (set -C && boot_id >"$unit/boot") 2>/dev/null || {
        [ -e "$unit/boot" ] && return 0
        return 1
    }
    flush "$unit/script" "$unit/args" "$unit/run" "$unit/boot" "$unit" "$units"
    systemd-run -q --collect --unit="$word" /bin/sh "$unit/run" && return 0
    # Refused for certain only where nothing of it can be seen.
    [ -e "$unit/log" ] || unit_runs "$word" && return 0
    rm -f "$unit/boot"
    return 1
}

# WORD: the unit's name.
do_stop() {
    [ -e "$units/$word/boot" ] || return 0
    unit_runs "$word" || return 0
    systemctl stop "$word.service" && return 0
    unit_runs "$word" || return 0
    return 1
}

# WORD is NAME:FROM:MAX. The answer: the size of the log in a line, then the piece.
do_output() {
    max=${word##*:}
    rest=${word%:*}
    from=${rest##*:}
    log=$units/${rest%:*}/log
    if [ ! -f "$log" ]; then
        tell 0
        return 0
    fi
    size_of "$log"
    tell "$bytes"
    [ "$from" -ge "$bytes" ] || tail -c +$((from + 1)) "$log" | head -c "$max"
}

look_file() {
    max=${rest%% *}
    path=${rest#* }
    if [ ! -e "$path" ]; then
        tell absent
        return
    fi
    seen=$(stat -L -c '%a %u %g %s' "$path") || { tell error; return; }
    kind=other
    [ ! -f "$path" ] || kind=file
    [ ! -d "$path" ] || kind=dir
    if [ "$kind" != file ] || [ "$max" -eq 0 ]; then
        tell "file $kind $seen 0"
        return
    fi
    head -c "$max" "$path" >"$T/c" || { tell error; return; }
    size_of "$T/c"
    # Less than was asked for is all there is: files of /proc name no size.
    [ "$bytes" -ge "$max" ] || seen="${seen% *} $bytes"
    tell "file $kind $seen $bytes"
    cat "$T/c"
}

look_unit() {
    unit=$units/$rest
    if [ ! -e "$unit/rc" ]; then
        if [ ! -e "$unit/boot" ]; then
            tell absent
            return
        fi
        IFS= read -r started <"$unit/boot"
        if [ "$started" = "$(boot_id)" ] && unit_runs "$rest"; then
            tell "unit running"
            return
        fi
        # It may have ended between the two looks.
        if [ ! -e "$unit/rc" ]; then
            tell "unit lost"
            return
        fi
    fi
    IFS= read -r ended <"$unit/rc"
    tell "unit finished $ended"
}

text() {
    tell "text ${#1}"
    printf '%s' "$1"
}

look_program() {
    dirs=$PATH:
    while [ -n "$dirs" ]; do
        dir=${dirs%%:*}
        dirs=${dirs#*:}
        if [ -x "$dir/$rest" ] && [ ! -d "$dir/$rest" ]; then
            text "$dir/$rest"
            return
        fi
    done
    tell absent
}

# Part 1: one question a line. One answer each, in the same order.
do_look() {
    while IFS= read -r line <&3; do
        rest=${line#* }
        case ${line%% *} in
            file) look_file ;;
            sha256)
                if [ ! -f "$rest" ]; then
                    tell absent
                else
                    sum=$(sha256sum <"$rest") && tell "sha256 ${sum%% *}" || tell error
                fi
                ;;
            unit) look_unit ;;
            service)
                text "$(systemctl show -p LoadState,ActiveState,SubState,UnitFileState,NRestarts \
                    -p StateChangeTimestampMonotonic "$rest" 2>/dev/null)"
                ;;
            kernel)
                if [ -f "/proc/sys/$rest" ]; then text "$(cat "/proc/sys/$rest")"; else tell absent; fi
                ;;
            program) look_program ;;
            *) tell error ;;
        esac
    done 3<"$T/1"
}

empty o e
tell "ready 2 $(id -u)"

while IFS=' ' read -r id verb word a b c g; do
    case $id$a$b$c$g in *[!0-9]*) exit 2 ;; esac
    [ -n "$g" ] || exit 2
    take_parts
    verdict=
    status=0
    # Nothing that is run here may read the requests: their input is theirs alone.
    case $verb in
        run | write | remove | start | stop | output | look)
            if is_taken; then
                verdict=taken
            else
                "do_$verb" >"$T/o" 2>"$T/e" </dev/null
                status=$?
            fi
            ;;
        ping) : ;;
        *) exit 2 ;;
    esac
    empty 1 2 3 c
    size_of "$T/o"
    out=$bytes
    size_of "$T/e"
    err=$bytes
    if [ "$out" -gt "$most_out" ]; then out=$most_out; fi
    if [ "$err" -gt "$most_err" ]; then err=$most_err; fi
    tell "$id ${verdict:-$status} $out $err"
    [ "$out" -eq 0 ] || head -c "$out" "$T/o"
    [ "$err" -eq 0 ] || head -c "$err" "$T/e"
    empty o e
done
