# The depot and the registry behind it. Sourced by labctl.

depot_state=$run/depot

depot_alive() { # FILE: a pid file's process is there and is the depot's
    local pid
    pid=$(cat "$1" 2>/dev/null) || return 1
    kill -0 "$pid" 2>/dev/null
}

depot_up() {
    local program
    mkdir -p "$depot_state" "$cache/registry"
    [ -d "$depot_dir/rke2" ] || die "the depot is empty: run tests/lab/build first"
    touch "$depot_state/switches" "$depot_state/requests.log"
    if ! depot_alive "$depot_state/registry.pid"; then
        cat >"$depot_state/registry.yml" <<YAML
version: 0.1
log: {level: warn, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: $cache/registry}
http: {addr: "$gateway:$registry_port"}
YAML
        setsid docker-registry serve "$depot_state/registry.yml" </dev/null >"$depot_state/registry.log" 2>&1 9>&- &
        echo $! >"$depot_state/registry.pid"
    fi
    if ! depot_alive "$depot_state/depot.pid"; then
        program=$("$lab/programs/build" --path depot)
        setsid "$program" -root "$depot_dir" -listen "$gateway:$depot_port" -mirror "$gateway:$mirror_port" \
            -registry "$gateway:$registry_port" -control "$depot_state/switches" -log "$depot_state/requests.log" \
            -proxy "$gateway:$proxy_port" -proxy-ca "$depot_state/proxy-ca.crt" \
            </dev/null >"$depot_state/depot.log" 2>&1 9>&- &
        echo $! >"$depot_state/depot.pid"
    fi
    local deadline=$((SECONDS + 15))
    until curl -fsS -o /dev/null "http://$gateway:$mirror_port/v2/" 2>/dev/null; do
        [ $SECONDS -lt $deadline ] || die "the depot does not answer; see $depot_state"
        sleep 0.1
    done
}

depot_down() {
    local file
    for file in "$depot_state/depot.pid" "$depot_state/registry.pid"; do
        ! depot_alive "$file" || kill "$(cat "$file")" 2>/dev/null || true
        rm -f "$file"
    done
}

depot_switch() { # PREFIX WORDS... | PREFIX off | CLIENT@ off | off
    local prefix=$1 rest turn
    mkdir -p "$depot_state"
    touch "$depot_state/switches"
    shift
    if [ "$prefix" = off ]; then
        : >"$depot_state/switches"
        return
    fi
    # Tests that run side by side write here in turn.
    exec {turn}>"$depot_state/turn"
    flock "$turn"
    case $prefix in
        *@) rest=$(awk -v client="$prefix" 'index($1, client) != 1' "$depot_state/switches") ;;
        *) rest=$(awk -v prefix="$prefix" '$1 != prefix' "$depot_state/switches") ;;
    esac
    [ "${1:-off}" = off ] || rest+=$'\n'"$prefix $*"
    # In one step: a request that reads while this writes must not see half.
    printf '%s\n' "$rest" >"$depot_state/switches.new"
    mv "$depot_state/switches.new" "$depot_state/switches"
    exec {turn}>&-
}
