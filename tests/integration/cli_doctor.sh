#!/usr/bin/env bash
# `postern doctor`: healthy where all is well, and not where something is broken, naming cause and action.
# timeout: 240
# serial: yes (it compares the host before and after)
. "$(dirname "$0")/../support/tap.sh"
. "$(dirname "$0")/../support/cli.sh"

result() { echo "[c['result'] for c in o['checks'] if c['level'] == '$1' and c['check'] == '$2']"; }
# What could be left: mounts, the sandbox's own temporary directory, and what doctor itself works with.
export TMPDIR=$tap_dir/tmp
mkdir -m 1777 "$TMPDIR"
state() {
    cat /proc/self/mountinfo
    find /tmp -maxdepth 1 -name 'postern-??????' 2>/dev/null | sort
    find "$TMPDIR" -mindepth 1
}

# ---- a healthy host ----
before=$(state)
status "doctor" 0 "$postern" doctor
out_has "a table" "CHECK * RESULT * CAUSE AND ACTION"
out_has "levels" "level restricted*level none"
out_has "verdict" "Healthy:"
out_lacks "nothing has failed" FAILED
is "no line is longer than a terminal is wide" "$(awk 'length > 80' "$tap_dir/out")" ""
is "nothing is left on the host" "$(state)" "$before"
status "as JSON" 0 "$postern" doctor --json
json_says "healthy" "o['healthy'] is True and o['verdict']"
for check in "sandbox opens" pipe terminal "exit status" "write denied" "read denied by rule" "network denied" \
    "environment clean" "descriptors kept" interrupt "tree killed" "nothing left behind"; do
    json_says "restricted: $check" "$(result restricted "$check") == ['ok']"
done
if [ "$(id -u)" -eq 0 ]; then
    json_says "elevated: a file of the caller's only" "$(result elevated "read denied by owner") == ['ok']"
fi
status "as a user" 0 as_user "$postern" doctor --json
json_says "elevated is not offered, which is no illness" "$(result elevated "sandbox opens") == ['not offered']"
json_says "restricted works" "$(result restricted "write denied") == ['ok']"
status "a level that is asked for and not offered" 1 as_user "$postern" doctor --level elevated
out_has "is one" "not offered*root*->*NOT healthy"
status "level none can be asked for" 0 as_user "$postern" doctor --level none
out_has "what it lacks is told" "skipped*no boundary"
mkdir -m 700 "$tap_dir/closed"
cp "$prefix/postern" "$tap_dir/closed"
status "a program where no other user can execute it" 0 env POSTERN_LIBEXEC="$prefix" "$tap_dir/closed/postern" doctor
out_lacks "is no hindrance" FAILED
if without_namespaces true 2>/dev/null; then
    status "without namespaces" 0 without_namespaces "$postern" doctor --json
    json_says "what cannot be denied is told" "$(result restricted "read denied by rule") == ['skipped']"
    json_says "the rest works" "$(result restricted "tree killed") == ['ok']"
fi

# ---- a doctor who is called away ----
"$postern" doctor >"$tap_dir/out" 2>&1 &
doctor_pid=$!
end=$((SECONDS + 30))
until grep -q "sandbox opens" "$tap_dir/out" || [ "$SECONDS" -ge "$end" ]; do sleep 0.01; done
kill -TERM "$doctor_pid"
got=0
wait "$doctor_pid" || got=$?
is "ends by the signal" "$got" 143
out_has "says so" "Interrupted"
is "and leaves nothing" "$(ls "$TMPDIR")" ""

# ---- steps, outside: what doctor takes for a failure inside does work ----
step() { "$postern" doctor-step "$@"; }
echo text >"$tap_dir/file"
status "a file can be read" 0 step read "$tap_dir/file"
out_has "and is" text
status "and written" 0 step write "$tap_dir/file"
is "and is" "$(cat "$tap_dir/file")" "text"$'\n'"written"
status "what is not there" 40 step read "$tap_dir/nothing"
LEAKED=x status "a variable is found" 0 step variable LEAKED
status "one that is not there is not" 40 step variable NOT_LEAKED
exec 7<"$tap_dir/file"
status "an open file is found" 0 step handle 7
exec 7<&-
status "a nonsense step" 42 step nonsense
refuse "steps are not listed" sh -c "'$postern' help | grep doctor-step"

# ---- what is broken is found ----
# broken NAME: makes a directory of helpers of its own, $helpers.
broken() {
    helpers=$tap_dir/broken-$1
    cp -r "$prefix" "$helpers"
}
pin() { (cd "$helpers" && sha256sum postern-runner postern-keeper >postern-helpers.sha256); }
doctor() { POSTERN_LIBEXEC=$helpers timeout 120 "$postern" doctor "$@"; }

helpers=$tap_dir/nowhere
mkdir -m 755 "$helpers"
status "no helpers" 1 doctor
out_says "are named" "postern-runner FAILED*postern-runner: No such file*-> reinstall"
out_says "with every level" "level restricted*sandbox opens FAILED*(runner_missing)*->"
out_has "verdict" "NOT healthy"
status "as JSON" 1 doctor --json
json_says "cause and action of every failure" \
    "o['healthy'] is False and all(c['cause'] and c['action'] for c in o['checks'] if c['result'] == 'failed')"

broken changed
echo >>"$helpers/postern-runner"
status "a changed helper" 1 doctor --level restricted
out_has "is named" "postern-runner * FAILED*->"
out_has "and does not start" "sandbox opens * FAILED"

broken dead
for helper in postern-runner postern-keeper; do
    cp "$(type -P true)" "$helpers/$helper"
    pin
    status "a $helper that exits at once" 1 doctor --level restricted --json
    json_says "is found out" "$(result restricted "sandbox opens") == ['failed']"
    json_says "with cause and action" "all(c['cause'] and c['action'] for c in o['checks'] if c['result'] == 'failed')"
    json_says "and leaves nothing behind" "$(result restricted "nothing left behind") == ['ok']"
    cp "$prefix/$helper" "$helpers"
done

broken lax
cp "$bin/tests/programs/lax_runner_linux" "$helpers/postern-runner"
pin
if without_namespaces true 2>/dev/null; then
    status "a runner that confines nothing" 1 without_namespaces env POSTERN_LIBEXEC="$helpers" "$postern" doctor \
        --level restricted --json
    json_says "written" "$(result restricted "write denied") == ['failed']"
    json_says "connected" "$(result restricted "network denied") == ['failed']"
    json_says "the rest is well" "$(result restricted pipe) == ['ok']"
    json_says "what to do" "all(c['action'] for c in o['checks'] if c['result'] == 'failed')"
else
    skip "a runner that confines nothing" "unshare(1) cannot make the condition here"
fi
is "nothing of all this is left on the host" "$(state)" "$before"

# ---- codes ----
status "--codes" 0 "$postern" doctor --codes
out_has "lists ours" "policy_validation"
out_has "and the system's" "landlock"
status "as JSON" 0 "$postern" doctor --codes --json
json_says "each with cause and action" \
    "all(r['cause'] and r['action'] for r in o['codes'] + o['system_errors'] if r.get('name') != 'ok')"
json_says "all of them" "len(o['codes']) == $(grep -c '^    X(POSTERN_' "$(dirname "$0")/../../include/postern.h")"
status "an argument" 125 "$postern" doctor everything
status "--help" 0 "$postern" doctor --help
out_has "helps" "usage: postern doctor"
