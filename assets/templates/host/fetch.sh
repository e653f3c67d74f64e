#!/bin/sh
# Unit: fetches a file over any number of broken connections and verifies it before it gets its name.
#
# Arguments: TARGET, SHA256 or `-`, URL, URL of a checksum file or `-`, PROXY or `-`, extra CA file
# or `-`, NO-PROXY list or `-` (may be left out).
# Without SHA256 the checksum file is fetched and the line with the name of URL's last part is taken.
# With neither the file is taken as it comes: that is for the checksum file itself, whose SHA-256 is
# printed so that it can be recorded.
# Output: `progress BYTES TOTAL` every few seconds (TOTAL is `-` while it is not known), sentences on
# what is waited for, and at the end `sha256 HEX NAME`.
# Exit status: 0; 64 wrong arguments; 65 wrong checksum, the file is gone; 66 the checksum file does
# not name it; 69 the source refuses, with the status said; 73 it cannot be written, as on a full
# disk; 75 given up after many tries without a byte more; 76 the certificate cannot be verified.
#
# What is there already is verified and not fetched again; what is there in part (TARGET.part) is
# continued.
set -u
LC_ALL=C
export LC_ALL
umask 022
PATH="${PATH:-/usr/local/bin:/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"
export PATH
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY
exec 2>&1 </dev/null

[ $# -ge 6 ] || { echo 'error: six or seven arguments are needed'; exit 64; }
target=$1 want=$2 url=$3 sums_url=$4 proxy=$5 ca=$6 no_proxy_list=${7:--}
part=$target.part
name=${url%%\?*}
name=${name##*/}
# A `+` in a version is written as %2B in addresses and plainly in lists.
plain_name=$(printf '%s' "$name" | sed 's/%2[Bb]/+/g')

set -- --proto '=http,https' --proto-redir '=http,https'
# What was asked for under TLS never comes without.
case $url in https://*) set -- --proto '=https' --proto-redir '=https' ;; esac
set -- -q -sS -g -f -L --max-redirs 6 --connect-timeout 20 --speed-limit 512 --speed-time 30 "$@"
if [ "$proxy" = - ]; then set -- "$@" --noproxy '*'; else
    set -- "$@" --proxy "$proxy"
    [ "$no_proxy_list" = - ] || set -- "$@" --noproxy "$no_proxy_list"
fi
if [ "$ca" != - ]; then
    # curl's --cacert stands in place of the host's own bundle, so that is named beside it.
    set -- "$@" --cacert "$ca"
    [ ! -d /etc/ssl/certs ] || set -- "$@" --capath /etc/ssl/certs
fi

command -v curl >/dev/null || { echo 'error: curl is not there'; exit 69; }
sum_of() { sha256sum "$1" | { read -r hex _ && printf '%s' "$hex"; }; }
bytes_of() { [ -f "$1" ] && stat -c %s "$1" || echo 0; }
keep_on_disk() { sync "$1" 2>/dev/null || sync; }

# Says whether a failed try is worth another one; ends the script where it is not.
judge() { # CURL-EXIT HTTP-STATUS WHAT
    case $2 in
        408 | 425 | 429 | 500 | 502 | 503 | 504) return ;;
        4?? | 5??) echo "error: $3 is refused with HTTP status $2"; exit 69 ;;
    esac
    case $1 in
        23) echo "error: cannot write $3: $(df -Pk "${target%/*}" | awk 'NR == 2 { print $4 " KiB are free on " $6 }')"; exit 73 ;;
        35 | 60 | 77 | 83 | 90 | 91)
            # 35 is also a handshake that the line broke off.
            [ "$1" = 35 ] && return
            echo "error: the certificate of the source of $3 cannot be verified (curl $1)"
            exit 76
            ;;
        1 | 2 | 3 | 4) echo "error: the address of $3 is not usable (curl $1)"; exit 64 ;;
        47) echo "error: too many redirections for $3"; exit 69 ;;
    esac
}
pause=2
wait_a_little() { # WHY
    echo "waits $pause s, then tries again: $1"
    sleep "$pause"
    pause=$((pause * 2))
    [ "$pause" -le 60 ] || pause=60
}

if [ "$want" = - ] && [ "$sums_url" != - ]; then
    echo "fetches the list of checksums $sums_url"
    tries=0
    while :; do
        sums=$(curl "$@" --retry 0 --max-time 120 --max-filesize 4194304 -w '\nstatus %{http_code}\n' --url "$sums_url")
        code=$?
        status=$(printf '%s\n' "$sums" | sed -n 's/^status \([0-9]*\)$/\1/p' | tail -n 1)
        [ "$code" != 0 ] || break
        judge "$code" "${status:-000}" "the list of checksums"
        tries=$((tries + 1))
        [ "$tries" -lt 12 ] || { echo 'error: given up on the list of checksums'; exit 75; }
        wait_a_little "curl ended with $code, HTTP status ${status:-000}"
    done
    want=$(printf '%s\n' "$sums" | tr -d '\r' | awk -v name="$plain_name" -v other="$name" '
        length($1) == 64 && $1 ~ /^[0-9a-fA-F]+$/ {
            file = $2; sub(/^\*/, "", file); sub(/.*\//, "", file)
            if (file == name || file == other) { print tolower($1); exit }
        }')
    [ -n "$want" ] || { echo "error: the list of checksums does not name $plain_name"; exit 66; }
    echo "expects sha256 $want"
fi

finish() {
    echo "sha256 $1 $plain_name"
    exit 0
}
if [ -f "$target" ]; then
    have=$(sum_of "$target")
    if [ "$have" = "$want" ]; then
        echo 'it is there already'
        finish "$have"
    fi
    [ "$want" = - ] || echo 'another file of this name is there and will be replaced'
fi
# Without a checksum nobody could tell whether an old part belongs to what is there now.
[ "$want" != - ] || rm -f "$part"

total=$(curl "$@" --max-time 30 -I --url "$url" 2>/dev/null | tr -d '\r' |
    awk 'tolower($1) == "content-length:" { n = $2 } END { if (n ~ /^[0-9]+$/ && n > 0) print n; else print "-" }')
continued=
[ "$(bytes_of "$part")" = 0 ] || { continued=yes; echo "continues at $(bytes_of "$part") bytes"; }
tries=0
while :; do
    before=$(bytes_of "$part")
    # A meter runs beside curl, whose own progress bar is made for terminals.
    (
        trap 'kill "$meter" 2>/dev/null' EXIT
        while :; do sleep 3 >/dev/null 2>&1; echo "progress $(bytes_of "$part") $total"; done &
        meter=$!
        said=$(curl "$@" -C - -o "$part" -w '%{http_code}' --url "$url" 2>&1)
        code=$?
        status=$(printf '%s' "$said" | tail -c 3)
        case $code.$status in
            0.*) exit 0 ;;
            *.416) exit 2 ;;
            33.*) exit 3 ;;
        esac
        printf '%s\n' "$said" | sed -n '/^curl: /p' | head -n 2
        judge "$code" "$status" "$plain_name"
        echo "the transfer broke off (curl $code, HTTP status $status)"
        exit 1
    )
    ended=$?
    case $ended in
        0) ;;
        1)
            if [ "$(bytes_of "$part")" -gt "$before" ]; then tries=0 pause=2; else tries=$((tries + 1)); fi
            [ "$tries" -lt 12 ] || { echo "error: given up on $plain_name after $tries tries without a byte more"; exit 75; }
            wait_a_little "$(bytes_of "$part") bytes are here"
            continue
            ;;
        2) ;; # 416: nothing is left to fetch, or the part is longer than the file; the checksum tells.
        3)
            echo 'the source cannot continue a file: from the beginning'
            rm -f "$part"
            tries=$((tries + 1))
            [ "$tries" -lt 4 ] || exit 75
            continue
            ;;
        *) exit "$ended" ;;
    esac
    echo "progress $(bytes_of "$part") $(bytes_of "$part")"
    have=$(sum_of "$part")
    if [ "$want" = - ] || [ "$have" = "$want" ]; then break; fi
    rm -f "$part"
    if [ -n "$continued" ] || [ "$ended" = 2 ]; then
        # The part may have been of another file: one honest try from the beginning.
        continued=
        [ "$tries" -lt 12 ] || exit 75
        tries=$((tries + 1))
        echo 'the continued file is not the right one: from the beginning'
        continue
    fi
    echo "error: wrong checksum of $plain_name: expected sha256 $want, got $have"
    exit 65
done

keep_on_disk "$part"
mv -f "$part" "$target" || { echo "error: cannot give $target its name"; exit 73; }
keep_on_disk "${target%/*}"
finish "$have"
