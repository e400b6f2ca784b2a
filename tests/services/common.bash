# What the scripts of this folder share; to be sourced, not run.
# shellcheck shell=bash

set -euo pipefail

# Where programs go that no package of the system brings.
tools="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/target/tools"

say() {
    echo "$*" >&2
}

fail() {
    say "$(basename "$0"): $*"
    exit 1
}

# Runs a command as root, or says what to do.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -n "$@" || fail "as root, run: $*"
    else
        fail "as root, run: $*"
    fi
}

# Installs packages of the system: one instance at a time, and without starting what they bring.
apt_install() {
    say "installing $*"
    local list=/var/lib/apt/lists
    if ! compgen -G "$list/*_Packages*" >/dev/null; then
        as_root apt-get -qq -o DPkg::Lock::Timeout=300 update >&2
    fi
    as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get -qq -y -o DPkg::Lock::Timeout=300 --no-install-recommends install "$@" >&2
}

# Runs a command while nobody else runs one under this lock.
alone() {
    mkdir -p "$tools"
    local lock
    exec {lock}>"$tools/.lock"
    flock "$lock"
    # What is installed may start something that outlives this, and must not keep the lock.
    "$@" {lock}>&-
    exec {lock}>&-
}

# Whether nobody listens on a port of this machine.
is_free() {
    ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# A port on which nobody listens now, below those the system gives away by itself. Somebody may take
# it before the server does: what starts a server tries several.
free_port() {
    local port
    while true; do
        port=$((10000 + (RANDOM * 32768 + RANDOM) % 12000))
        # A node of a Redis cluster listens 10,000 further on, too.
        if is_free "$port" && is_free $((port + 10000)); then
            echo "$port"
            return
        fi
    done
}

# Waits until a command succeeds, for as many seconds; as long as the process lives, when one is named.
wait_for() {
    local seconds=$1 process=$2
    shift 2
    local end=$((SECONDS + seconds))
    until "$@" >/dev/null 2>&1; do
        if [ "$SECONDS" -ge "$end" ]; then
            return 1
        fi
        if [ -n "$process" ] && ! kill -0 "$process" 2>/dev/null; then
            return 1
        fi
        sleep 0.1
    done
}

# Whether the process whose number is in the file runs.
runs() {
    [ -s "$1" ] && kill -0 "$(head -n 1 "$1")" 2>/dev/null
}

# Ends the process whose number is in the file, and waits for its end.
stop() {
    local file=$1 process
    [ -s "$file" ] || return 0
    process=$(head -n 1 "$file")
    # One that is held up does not hear the other signal.
    kill -CONT "$process" 2>/dev/null || true
    kill "$process" 2>/dev/null || true
    local end=$((SECONDS + 20))
    while kill -0 "$process" 2>/dev/null; do
        if [ "$SECONDS" -ge "$end" ]; then
            kill -9 "$process" 2>/dev/null || true
        fi
        sleep 0.1
    done
    rm -f "$file"
}

# Starts the server, `start FOLDER PORT`, on the port it had, or on a free one.
start_somewhere() {
    local folder=$1 port attempts=5
    if [ -f "$folder/port" ]; then
        attempts=1
    fi
    while [ "$attempts" -gt 0 ]; do
        attempts=$((attempts - 1))
        port=$(cat "$folder/port" 2>/dev/null || free_port)
        if start "$folder" "$port"; then
            echo "$port" >"$folder/port"
            return
        fi
        tail -n 20 "$folder/log" >&2 || true
        halt "$folder"
    done
    fail "the server does not start; see $folder/log"
}

# Runs `up FOLDER`, `down FOLDER` or `pid FOLDER`; the script that sources this file defines `up`,
# `halt` and `pid_file`.
main() {
    if [ $# != 2 ]; then
        fail "usage: $(basename "$0") up|down|pid FOLDER"
    fi
    case $1 in
        up) mkdir -p "$2" && up "$(cd "$2" && pwd)" ;;
        down) [ ! -d "$2" ] || halt "$(cd "$2" && pwd)" ;;
        pid) head -n 1 "$(pid_file "$2")" ;;
        *) fail "usage: $(basename "$0") up|down|pid FOLDER" ;;
    esac
}
