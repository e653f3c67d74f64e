#!/bin/sh
# How far RKE2's start has come.
#
# Arguments: journal CURSOR or `-`, from which the lines are wanted.
# Output: lines `key=value`:
#   service=ActiveState SubState, restarts=N, result=, since_us=, status= (its exit status),
#   archives=N, archives_done=N   image archives that lie ready, and those imported since the start
#   images=N                      images that containerd has, where it answers
#   pulling=NAME                  the image that is being pulled, in `images = "pull"`
#   etcd=yes|no                   whether something listens on 2379
#   api=ready|answers|no          `/readyz` of the API, and its reason in api_says=
#   cni=FILE                      the network's configuration, once it is there
#   node=NAME Ready|NotReady, node_says=
#   pods=READY/ALL                of kube-system, finished jobs left out
#   containerd=LINE               the last errors of containerd, where the real cause often stands alone
#   log=LINE                      new lines of the journal, at most 60
#   cursor=                       from which to go on
#   end=1
# Exit status: 0. It only reads. Each question to the cluster has two seconds.
set -u
LC_ALL=C
export LC_ALL
PATH="${PATH:-/usr/local/bin:/usr/bin:/bin}:/usr/local/sbin:/usr/sbin:/sbin"
export PATH
exec 2>/dev/null </dev/null

cursor=${1:--}
data=/var/lib/rancher/rke2
kubeconfig=/etc/rancher/rke2/rke2.yaml
plain() { # KEY: what comes in, each line behind the key and without control characters
    tr '\000-\011\013-\037\177' '?' | awk -v key="$1" '$0 != "" { print key "=" substr($0, 1, 2000) }'
}

systemctl show -p ActiveState,SubState,NRestarts,Result,ExecMainStatus,InvocationID,StateChangeTimestampMonotonic rke2-server.service | awk -F= '
    { v[$1] = substr($0, length($1) + 2) }
    END {
        print "service=" v["ActiveState"] " " v["SubState"]
        print "restarts=" v["NRestarts"] + 0
        print "result=" v["Result"]
        print "since_us=" v["StateChangeTimestampMonotonic"] + 0
        print "status=" v["ExecMainStatus"] + 0
    }'
invocation=$(systemctl show -p InvocationID --value rke2-server.service)

# Image archives: how many lie ready, and of how many this start of the service has said that they
# are in. How many images are in an archive cannot be told without unpacking it.
count=0
for file in "$data"/agent/images/*.tar "$data"/agent/images/*.tar.gz "$data"/agent/images/*.tar.zst \
    "$data"/agent/images/*.tgz "$data"/agent/images/*.tzst; do
    [ ! -f "$file" ] || count=$((count + 1))
done
echo "archives=$count"
if [ -n "$invocation" ]; then
    journalctl -q -o cat --no-pager "_SYSTEMD_INVOCATION_ID=$invocation" + "INVOCATION_ID=$invocation" | awk '
        /Imported images from/ { done++ }
        /Pulling (runtime )?image/ { line = $0; sub(/.*Pulling (runtime )?image:? */, "", line); gsub(/["\\]/, "", line); pulling = line }
        /Extracting file|Imported images from/ { pulling = "" }
        END { print "archives_done=" done + 0; if (pulling != "") { gsub(/[[:cntrl:]]/, "?", pulling); print "pulling=" substr(pulling, 1, 300) } }'
fi
socket=/run/k3s/containerd/containerd.sock
if [ -S "$socket" ] && [ -x "$data/bin/ctr" ]; then
    found=$(timeout 2 "$data/bin/ctr" -a "$socket" -n k8s.io images ls -q) &&
        printf '%s\n' "$found" | awk '$0 != "" && $0 !~ /^sha256:/ { n++ } END { print "images=" n + 0 }'
fi

# 2379 is 094B.
if cat /proc/net/tcp /proc/net/tcp6 | awk '$4 == "0A" && $2 ~ /:094B$/ { found = 1 } END { exit !found }'; then
    echo etcd=yes
else
    echo etcd=no
fi
for file in /etc/cni/net.d/*.conflist /etc/cni/net.d/*.conf; do
    [ ! -f "$file" ] || { echo "$file" | plain cni; break; }
done

kubectl() { timeout 4 "$data/bin/kubectl" --kubeconfig "$kubeconfig" --request-timeout=2s "$@"; }
api=no
if [ -x "$data/bin/kubectl" ] && [ -r "$kubeconfig" ]; then
    said=$(kubectl get --raw '/readyz?verbose' 2>&1) && api=ready
    if [ "$api" = no ]; then
        # What is not ready yet is named by a line `[-]etcd failed: …`.
        case $said in
            *'[-]'* | *'Error from server'*) api=answers ;;
        esac
        printf '%s\n' "$said" | grep -e '^\[-\]' -e 'refused' -e 'rror' | head -n 3 | plain api_says
    fi
fi
echo "api=$api"
if [ "$api" = ready ]; then
    kubectl get nodes -o 'jsonpath={range .items[*]}{.metadata.name}{"\t"}{range .status.conditions[?(@.type=="Ready")]}{.status}{"\t"}{.message}{end}{"\n"}{end}' |
        awk -F '\t' -v own="$(uname -n)" 'NF > 1 {
            # Of several nodes this host is the one that is meant.
            if (name == "" || tolower($1) == tolower(own)) { name = $1; state = $2 == "True" ? "Ready" : "NotReady"; says = $3 }
        }
        END {
            gsub(/[[:cntrl:]]/, "?", says)
            if (name != "") { print "node=" name " " state; if (state != "Ready") print "node_says=" substr(says, 1, 500) }
        }'
    kubectl get pods -n kube-system --no-headers | awk '
        $3 == "Completed" || $3 == "Succeeded" { next }
        { split($2, n, "/"); all++; if (n[1] == n[2] && $3 == "Running") ready++ }
        END { print "pods=" ready + 0 "/" all + 0 }'
fi

tail -c 131072 "$data/agent/containerd/containerd.log" |
    grep -e 'level=error' -e 'level=fatal' -e apparmor_parser | tail -n 5 | plain containerd

if [ "$cursor" = - ]; then
    set -- -n 60
else
    set -- --after-cursor="$cursor"
fi
journalctl -q -u rke2-server.service -o cat --no-pager --show-cursor "$@" | tail -n 61 | tr '\000-\011\013-\037\177' '?' | awk '
    /^-- cursor: / { print "cursor=" substr($0, 12); next }
    $0 != "" { print "log=" substr($0, 1, 2000) }'
echo end=1
exit 0
