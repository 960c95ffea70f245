# shellcheck shell=bash
# TAP for shell tests. Source it first:  . "$(dirname "$0")/../support/tap.sh"
# Then: ok NAME | not_ok NAME WHY | skip NAME WHY | is NAME GOT WANTED | like NAME GOT PATTERN
#       check NAME COMMAND... | refuse NAME COMMAND... | cleanup COMMAND...
# "plan N" at the start says how many results there will be; without it the end of the script does.
# $tap_dir is a folder of the test's own, removed at the end. $bin holds the built programs.
set -euo pipefail

# shellcheck disable=SC2034  # for the tests
bin=${POSTERN_TEST_BIN_DIR:?run this test through ctest, or set POSTERN_TEST_BIN_DIR to a build folder}
tap_dir=$(mktemp -d)
tap_count=0
tap_failed=0
tap_planned=
tap_cleanups=()

tap_end() {
    local status=$? i
    trap - EXIT
    set +e
    for ((i = ${#tap_cleanups[@]} - 1; i >= 0; i--)); do
        eval "${tap_cleanups[i]}" >&2
    done
    rm -rf "$tap_dir"
    if [ "$status" -ne 0 ]; then
        not_ok "the script reaches its end" "status $status"
    fi
    [ -n "$tap_planned" ] || echo "1..$tap_count"
    [ "$tap_failed" -eq 0 ] || exit 1
    exit "$status"
}
trap tap_end EXIT
trap 'exit 143' TERM INT HUP

# cleanup COMMAND...: run at the end, whatever happens; the last one registered runs first.
cleanup() {
    tap_cleanups+=("$(printf '%q ' "$@")")
}

plan() {
    tap_planned=$1
    echo "1..$1"
}

ok() {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1"
}

not_ok() {
    tap_count=$((tap_count + 1))
    tap_failed=$((tap_failed + 1))
    echo "not ok $tap_count - $1"
    printf '%s\n' "${2-}" | sed 's/^/# /'
}

skip() {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
}

is() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "got: $2"$'\n'"wanted: $3"; fi
}

# like NAME GOT PATTERN: the pattern is a shell pattern (*, ?, [...]) for all of GOT.
like() {
    # shellcheck disable=SC2053  # a pattern is meant
    if [[ $2 == $3 ]]; then ok "$1"; else not_ok "$1" "got: $2"$'\n'"wanted like: $3"; fi
}

# check NAME COMMAND...: the command must succeed. Its output is shown if it does not.
check() {
    local name=$1 output status=0
    shift
    output=$("$@" 2>&1 </dev/null) || status=$?
    if [ "$status" -eq 0 ]; then ok "$name"; else not_ok "$name" "status $status: $output"; fi
}

# refuse NAME COMMAND...: the command must fail. Put a check of what is allowed beside it.
refuse() {
    local name=$1 output
    shift
    if output=$("$@" 2>&1 </dev/null); then not_ok "$name" "succeeded: $output"; else ok "$name"; fi
}
