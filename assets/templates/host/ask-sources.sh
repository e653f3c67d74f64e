#!/bin/sh
# Whether sources answer, asked from this host and without fetching more than a few bytes.
#
# Arguments: PROXY or `-`, NO-PROXY list or `-`, seconds for one request.
# Standard input, a line each:
#   `ca LINE`                                a line of a further CA in PEM, trusted beside the host's own
#   `file URL`
#   `image ENDPOINT NAME REFERENCE`          ENDPOINT as `https://registry-1.docker.io`; REFERENCE a
#                                            digest or a tag. `/v2` is added to an ENDPOINT without path.
# Output: a line for each `file` and `image`, in any order, with fields separated by tabs:
#   NUMBER (from 0), HTTP status or 000, SIZE or `-`, DIGEST or `-`, curl's exit status, MILLISECONDS,
#   what curl says, or nothing.
# curl's exit status is 127 where the host has no curl. Exit status: 0.
#
# Nothing is written anywhere. The CA goes to curl through a pipe; a pipe can be read only once, and
# curl reads the CA again for each connection, so redirections are followed here, one curl a hop.
set -u
LC_ALL=C
export LC_ALL
PATH="${PATH:-/usr/local/bin:/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"
export PATH
unset http_proxy https_proxy all_proxy no_proxy HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY

proxy=${1:--} no_proxy_list=${2:--} limit=${3:-15}
tab=$(printf '\t')
# Several at once, because a dead source takes its whole time; few, because registries count.
at_once=4

if [ "$proxy" = - ]; then
    proxy_option=--noproxy proxy_value='*' list_option=--noproxy list_value='*'
else
    proxy_option=--proxy proxy_value=$proxy list_option=--noproxy list_value=
    [ "$no_proxy_list" = - ] || list_value=$no_proxy_list
fi
ca=
manifests='application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json'

# One request. The response's header comes first, then the body, then a line of our own, which is
# always the last. A header of the request, which may be a token, goes in by standard input.
ask() { # HEADER-OF-REQUEST URL OPTION...
    header=$1 url=$2
    shift 2
    if [ -n "$ca" ]; then
        set -- "$@" --cacert /dev/fd/3
        [ ! -d /etc/ssl/certs ] || set -- "$@" --capath /etc/ssl/certs
    fi
    answer=$(printf '%s\n' "$header" | curl -q -sS -g --proto '=http,https' --connect-timeout "$limit" --max-time "$limit" \
        "$proxy_option" "$proxy_value" "$list_option" "$list_value" --suppress-connect-headers \
        -H @- -w '\n%{http_code} %{time_total} %{redirect_url} ' "$@" --url "$url" 2>&1 3<<CA
$ca
CA
    )
    code=$?
    last=$(printf '%s' "$answer" | sed -n '$p')
    status=${last%% *} rest=${last#* }
    seconds=${rest%% *} rest=${rest#* }
    onward=${rest%% *}
    case $status in [0-9][0-9][0-9]) ;; *) status=000 ;; esac
    spent=$(awk -v a="$spent" -v b="$seconds" 'BEGIN { printf "%d", a + b * 1000 }')
}
value() { # NAME: the last header of this name in the answer, without what could forge a field
    printf '%s\n' "$answer" | tr -d '\r' | awk -v name="$1" '
        { at = index($0, ":") }
        at > 1 && tolower(substr($0, 1, at - 1)) == name { found = substr($0, at + 1); sub(/^[ ]+/, "", found) }
        END { gsub(/[[:cntrl:]]/, "?", found); print substr(found, 1, 1500) }'
}
# Follows redirections: the answer of the last hop stands.
follow() { # HEADER URL OPTION...
    hops=0 first_header=$1 there=$2
    shift 2
    while :; do
        ask "$first_header" "$there" "$@"
        case $status in 301 | 302 | 303 | 307 | 308) ;; *) return ;; esac
        hops=$((hops + 1))
        [ -n "$onward" ] && [ "$hops" -le 6 ] || return
        # A token is for the one that asked for it and for nobody it points to.
        first_header=${manifest_header:-Accept: */*}
        there=$onward
    done
}
report() { # NUMBER DIGEST SIZE
    said=$(printf '%s\n' "$answer" | sed -n 's/^curl: ([0-9]*) //p' | head -n 1 | tr '[:cntrl:]' ' ' | cut -c 1-300)
    digest=${2:--} size=${3:--}
    case $size in *[!0-9]*) size=- ;; esac
    printf '%s\n' "$1$tab$status$tab$size$tab$digest$tab$code$tab$spent$tab$said"
}

ask_file() { # NUMBER URL
    spent=0 manifest_header=
    follow 'Accept: */*' "$2" -I
    size=$(value content-length)
    case $status in
        403 | 404 | 405 | 501)
            # Some stores sign an address for GET only, so the first byte is asked for. One that
            # ignores the range is left at once (63: larger than allowed) and has answered all the same.
            follow 'Accept: */*' "$2" -r 0-0 -D - -o /dev/null --max-filesize 65536
            size=$(value content-range)
            case $size in */*) size=${size##*/} ;; *) size=$(value content-length) ;; esac
            [ "$code" != 63 ] || code=0
            ;;
    esac
    report "$1" - "$size"
}

# A registry that wants a token says where: `Bearer realm="…",service="…",scope="…"`.
challenge() { # NAME: that field
    printf '%s' "$wants" | sed -n "s/.*[ ,]$1=\"\([^\"]*\)\".*/\1/p"
}
escape() {
    printf '%s' "$1" | sed 's/%/%25/g; s/ /%20/g; s/&/%26/g; s/#/%23/g; s/+/%2B/g; s/?/%3F/g'
}
ask_image() { # NUMBER ENDPOINT NAME REFERENCE
    spent=0 manifest_header="Accept: $manifests"
    base=${2%/}
    case ${base#*://} in */*) ;; *) base=$base/v2 ;; esac
    where=$base/$3/manifests/$4
    follow "$manifest_header" "$where" -I
    if [ "$status" = 401 ]; then
        wants=$(value www-authenticate)
        case $wants in
            [Bb]earer*)
                realm=$(challenge realm) scope=$(challenge scope) service=$(challenge service)
                [ -n "$scope" ] || scope=repository:$3:pull
                case $realm in *\?*) realm=$realm\& ;; *) realm=$realm\? ;; esac
                refusal=$answer
                follow 'Accept: application/json' "${realm}service=$(escape "$service")&scope=$(escape "$scope")" --max-filesize 262144
                token=$(printf '%s' "$answer" | tr -d '\n\r' | sed -n 's/.*"\(access_token\|token\)" *: *"\([^"]*\)".*/\2/p')
                if [ "$code" = 0 ] && [ -n "$token" ]; then
                    # Both headers in one text: curl takes a header a line.
                    follow "Authorization: Bearer $token
$manifest_header" "$where" -I
                elif [ "$code" = 0 ]; then
                    answer=$refusal status=401
                fi
                ;;
        esac
    fi
    if [ "$status" = 405 ] || [ "$status" = 404 ]; then
        # A few mirrors do not answer HEAD for manifests.
        [ "$status" = 404 ] || follow "$manifest_header" "$where" -D - -o /dev/null --max-filesize 4194304
    fi
    report "$1" "$(value docker-content-digest)" "$(value content-length)"
}

number=0
running=0
while IFS= read -r line || [ -n "$line" ]; do
    # shellcheck disable=SC2086 # the fields of a line are words
    case $line in
        'ca '*) ca="$ca${line#ca }
"; continue ;;
        'file '* | 'image '*) ;;
        *) continue ;;
    esac
    if ! command -v curl >/dev/null; then
        printf '%s\n' "$number${tab}000$tab-$tab-${tab}127${tab}0${tab}curl is not there"
    else
        (
            # No file name may come of an address with a star in it.
            set -f
            # shellcheck disable=SC2086 # the fields of a line are words
            set -- $line
            kind=$1
            shift
            case $kind in file) ask_file "$number" "${1:-}" ;; image) ask_image "$number" "${1:-}" "${2:-}" "${3:-}" ;; esac
        ) </dev/null &
        running=$((running + 1))
    fi
    number=$((number + 1))
    [ "$running" -lt "$at_once" ] || { wait; running=0; }
done
wait
exit 0
