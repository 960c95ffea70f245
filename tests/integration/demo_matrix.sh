#!/usr/bin/env bash
# What a demonstration shows: Documents can be read but not written, temporary files can be written, and the list of
# what can be written comes from POSTERN_READWRITE_PATHS.
# timeout: 120
# shellcheck disable=SC2016  # scripts for the shell inside
. "$(dirname "$0")/../support/tap.sh"

# Sandboxes have a /tmp of their own, so that the folders have to be elsewhere, where any user may go.
base=
for parent in /srv /var/lib "$bin"; do
    if [ -w "$parent" ]; then
        base=$(mktemp -d "$parent/postern-test-XXXXXX") && break
    fi
done
cleanup rm -rf "$base"
chmod 755 "$base"
mkdir "$base/Documents" "$base/Pictures" "$base/Music" "$base/work"
for folder in Documents Pictures Music work; do echo "in $folder" >"$base/$folder/file"; done
cd "$base/work"
unset POSTERN_READWRITE_PATHS POSTERN_READONLY_PATHS POSTERN_DENIED_PATHS

# verdict LEVEL SCRIPT FOLDER: ALLOWED or BLOCKED, as the command itself finds; else what postern says.
verdict() {
    "$bin/postern" run --quiet --level "$1" -- /bin/sh -c \
        'if (eval "$1") >/dev/null 2>&1; then echo ALLOWED; else echo BLOCKED; fi' sh "$2" "$3" 2>&1 </dev/null
}
write='echo new >"$2/made" && rm "$2/made"'
append='echo new >>"$2/file"'
read='grep -q "^in " "$2/file"'
temp='echo new >"${TMPDIR:-/tmp}/made" && rm "${TMPDIR:-/tmp}/made"'

# expect NAME LEVEL SCRIPT FOLDER WANTED
expect() { is "$2: $1" "$(verdict "$2" "$3" "$base/$4")" "$5"; }

matrix() {
    local level=$1
    # ---- nothing is said ----
    unset POSTERN_READWRITE_PATHS
    expect "write to Documents" "$level" "$write" Documents BLOCKED
    expect "append to a file in Documents" "$level" "$append" Documents BLOCKED
    expect "read from Documents" "$level" "$read" Documents ALLOWED
    expect "write to temp" "$level" "$temp" Documents ALLOWED
    expect "write to the working directory" "$level" "$write" work ALLOWED
    # ---- one path ----
    export POSTERN_READWRITE_PATHS=$base/Documents
    expect "write to Documents, which is listed" "$level" "$write" Documents ALLOWED
    expect "append there" "$level" "$append" Documents ALLOWED
    expect "write to Pictures, which is not" "$level" "$write" Pictures BLOCKED
    expect "read from Pictures" "$level" "$read" Pictures ALLOWED
    expect "write to temp with a list" "$level" "$temp" Documents ALLOWED
    expect "write to the working directory with a list" "$level" "$write" work ALLOWED
    # ---- two paths ----
    export POSTERN_READWRITE_PATHS=$base/Documents:$base/Pictures
    expect "write to Documents, the first of two" "$level" "$write" Documents ALLOWED
    expect "write to Pictures, the second" "$level" "$write" Pictures ALLOWED
    expect "write to Music, which is neither" "$level" "$write" Music BLOCKED
    expect "read from Music" "$level" "$read" Music ALLOWED
    # ---- the stricter list wins, and a list that cannot be meant is refused ----
    POSTERN_READONLY_PATHS=$base/Pictures expect "write to what both lists name" "$level" "$write" Pictures BLOCKED
    POSTERN_DENIED_PATHS=$base/Music expect "read from what is denied" "$level" "$read" Music BLOCKED
    export POSTERN_READWRITE_PATHS=Documents
    like "$level: a relative path is refused" "$(verdict "$level" "$read" "$base/Documents")" '*"Documents" is relative*'
    export POSTERN_READWRITE_PATHS=$base/Nowhere
    like "$level: a missing path is refused" "$(verdict "$level" "$read" "$base/Documents")" '*Nowhere*'
    unset POSTERN_READWRITE_PATHS
}

for level in elevated restricted; do
    if reason=$("$bin/postern" run --quiet --level "$level" -- /bin/true 2>&1 </dev/null); then
        matrix "$level"
    else
        skip "$level: all of it" "${reason%%$'\n'*}"
    fi
done

# ---- without a boundary, as the control ----
like "outside Documents can be written" "$(verdict none "$write" "$base/Documents")" "*ALLOWED"
