# shellcheck shell=bash disable=SC2034
# Shared by the scripts: where things are, how to complain. Sourced, never run.

project=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cache=${POSTERN_CACHE:-$project/.cache}
script_name=${0##*/}

say() {
    printf '%s: %s\n' "$script_name" "$*" >&2
}

die() {
    say "$@"
    exit 1
}

have() {
    command -v "$1" >/dev/null 2>&1
}

# What makes small helpers, if it can be had; CMake says what it uses.
prepare_helpers() {
    local log=$project/build/sysroot-musl.log
    mkdir -p "$project/build"
    if ! { "$project/scripts/deps" small && "$project/scripts/sysroot" musl; } >"$log" 2>&1 </dev/null; then
        say "going on without musl, so each start takes longer; $log says why"
    fi
}

# build_preset PRESET [TARGET...]: configures when there is no build yet (ninja sees to it later).
build_preset() {
    local preset=$1
    shift
    if [ ! -f "$project/build/$preset/build.ninja" ]; then
        [ "$preset" != linux ] || prepare_helpers
        (cd "$project" && cmake --preset "$preset")
    fi
    ninja -C "$project/build/$preset" -j "${JOBS:-$(nproc)}" "$@"
}

# fetch_package NAME@VERSION DIR: a package of npm's into DIR/package. Nothing of it is built or run; without a network it
# fails soon.
fetch_package() {
    rm -rf "$2"
    mkdir -p "$2"
    (cd "$2" && timeout 180 npm pack --silent --fetch-retries 1 --fetch-retry-mintimeout 1000 "$1" &&
        tar -xzf ./*.tgz && rm ./*.tgz)
}
