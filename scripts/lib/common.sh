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

# build_preset PRESET [TARGET...]: configures when there is no build yet (ninja sees to it later).
build_preset() {
    local preset=$1
    shift
    if [ ! -f "$project/build/$preset/build.ninja" ]; then
        (cd "$project" && cmake --preset "$preset")
    fi
    ninja -C "$project/build/$preset" -j "${JOBS:-$(nproc)}" "$@"
}
