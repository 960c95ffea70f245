# shellcheck shell=bash disable=SC2034  # what is set is for the tests
# For tests of the verbs that tell or try what a host can do. Source it after tap.sh. The programs are copied to where
# every user reaches them: $prefix holds them, $postern is the program.
prefix=$tap_dir/bin
postern=$prefix/postern
chmod 755 "$tap_dir"
mkdir -m 755 "$prefix"
cp "$bin"/postern "$bin"/postern-runner "$bin"/postern-keeper "$bin"/postern-helpers.sha256 "$prefix"
chmod 755 "$prefix"/postern*
unset POSTERN_LIBEXEC POSTERN_READWRITE_PATHS POSTERN_READONLY_PATHS POSTERN_DENIED_PATHS

# as_user COMMAND...: as a user without rights; as we are, if that is what we are.
as_user() {
    if [ "$(id -u)" -eq 0 ]; then
        timeout 120 setpriv --reuid 65534 --regid 65534 --clear-groups -- "$@"
    else
        timeout 120 "$@"
    fi
}

# without_namespaces COMMAND...: as another user whom the host grants no namespaces any more: the first one here limits
# their number to the second. Fails where not even that is possible.
without_namespaces() {
    # shellcheck disable=SC2016  # for the shell inside
    timeout 120 unshare -Ur sh -c 'echo 1 >/proc/sys/user/max_user_namespaces &&
        exec unshare -U --map-user=1000 --map-group=1000 -- "$@"' sh "$@"
}

# status NAME WANTED COMMAND...: runs it with no input; its output is left in $tap_dir/out and err.
status() {
    local name=$1 wanted=$2 got=0 limit=(timeout 120)
    shift 2
    [ "$(type -t "$1")" != function ] || limit=()
    "${limit[@]}" "$@" </dev/null >"$tap_dir/out" 2>"$tap_dir/err" || got=$?
    if [ "$got" -eq "$wanted" ]; then
        ok "$name"
    else
        not_ok "$name" "status $got instead of $wanted; stdout: $(cat "$tap_dir/out") stderr: $(cat "$tap_dir/err")"
    fi
}
out_has() { like "$1" "$(cat "$tap_dir/out")" "*$2*"; }
# The same for text that is wrapped: every white space counts as one blank.
out_says() { like "$1" "$(tr -s '[:space:]' ' ' <"$tap_dir/out")" "*$2*"; }
out_lacks() { if grep -qF -- "$2" "$tap_dir/out"; then not_ok "$1" "$(cat "$tap_dir/out")"; else ok "$1"; fi; }
err_has() { like "$1" "$(cat "$tap_dir/err")" "*$2*"; }
# The output is one JSON object, and what is asked of it is true: a Python expression about `o`.
json_says() {
    if python3 -c 'import json, sys
o = json.load(open(sys.argv[1]))
assert isinstance(o, dict)
sys.exit(0 if eval(sys.argv[2]) else 1)' "$tap_dir/out" "$2" 2>"$tap_dir/python"; then
        ok "$1"
    else
        not_ok "$1" "not: $2"$'\n'"$(cat "$tap_dir/python" "$tap_dir/out")"
    fi
}
