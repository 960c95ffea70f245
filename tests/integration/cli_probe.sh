#!/usr/bin/env bash
# `postern probe`: for root, for a user and where the host gives less; it looks and changes nothing.
# timeout: 120
# serial: yes (it compares the host before and after)
. "$(dirname "$0")/../support/tap.sh"
. "$(dirname "$0")/../support/cli.sh"

level() { echo "[l for l in o['levels'] if l['name'] == '$1'][0]"; }
capability() { echo "[c for c in o['capabilities'] if c['name'] == '$1'][0]['levels']"; }

# ---- as we are ----
status "probe" 0 "$postern" probe
out_has "version" "postern  *0.*"
out_has "kernel" "release  *$(uname -r)"
out_has "levels" "LEVELS*none  *offered"
out_has "capabilities" "net.block*seccomp"
out_has "helpers" "postern-runner    as installed: $prefix/postern-runner"
is "no line is longer than a terminal is wide" "$(awk 'length > 80 && !/ \//' "$tap_dir/out")" ""
status "as JSON" 0 "$postern" probe --json
json_says "versions" "o['version'] and o['system']['release'] == '$(uname -r)'"
json_says "three levels" "[l['name'] for l in o['levels']] == ['elevated', 'restricted', 'none']"
json_says "helpers" "[h['name'] for h in o['helpers'] if h['usable']] == ['postern-runner', 'postern-keeper']"
json_says "what is missing has a reason" \
    "all(f['mechanisms'] or f['message'] for c in o['capabilities'] for f in c['levels'].values())"
json_says "and is told what to do, if it is needed" \
    "all(f['mechanisms'] or not f['needed'] or f['remedy'] for c in o['capabilities'] for f in c['levels'].values())"
json_says "files and network are enforced" "all(f['mechanisms'] for c in o['capabilities']
    if c['name'] in ('fs.write', 'fs.read', 'net.block') for n, f in c['levels'].items() if n != 'none')"
cp "$tap_dir/out" "$tap_dir/probe"
"$postern" policy check --level restricted --cwd "$tap_dir" --memory 1G --cpu-time 1m --file-size 1G --json >"$tap_dir/plan"
is "every mechanism of a policy is one that probe has told" "$(python3 - "$tap_dir" <<'END'
import json, sys
probe = json.load(open(sys.argv[1] + "/probe"))
plan = json.load(open(sys.argv[1] + "/plan"))
told = {(c["name"], m) for c in probe["capabilities"] for m in c["levels"]["restricted"]["mechanisms"]}
print([s for s in plan["enforced"] if (s["capability"], s["mechanism"]) not in told])
END
)" "[]"
status "an argument" 125 "$postern" probe everything
err_has "is one too many" "unexpected argument"
status "--help" 0 "$postern" probe --help
out_has "helps" "usage: postern probe"

# ---- it changes nothing ----
state() {
    cat /proc/self/mountinfo
    find /tmp -maxdepth 1 -name 'postern-??????' 2>/dev/null | sort
}
before=$(state)
"$postern" probe >/dev/null
is "nothing on the host is changed" "$(state)" "$before"

# ---- helpers ----
mkdir -m 755 "$tap_dir/empty"
status "without helpers" 0 env POSTERN_LIBEXEC="$tap_dir/empty" "$postern" probe --json
json_says "they are missed" "not [h for h in o['helpers'] if h['usable']]"
json_says "with what to do" "all('POSTERN_LIBEXEC' in h['remedy'] for h in o['helpers'])"
cp -r "$prefix" "$tap_dir/changed"
echo >>"$tap_dir/changed/postern-runner"
status "with a helper that was changed" 0 env POSTERN_LIBEXEC="$tap_dir/changed" "$postern" probe --json
json_says "only the other can be used" "[h['name'] for h in o['helpers'] if h['usable']] == ['postern-keeper']"
status "to people" 0 env POSTERN_LIBEXEC="$tap_dir/changed" "$postern" probe
out_has "it is told as well" "postern-runner    cannot be used:*->"

# ---- as others ----
status "as a user" 0 as_user "$postern" probe --json
json_says "elevated is not offered" "not $(level elevated)['offered'] and 'root' in $(level elevated)['message']"
json_says "with what to do" "$(level elevated)['remedy']"
json_says "restricted is" "$(level restricted)['offered']"
if without_namespaces true 2>/dev/null; then
    status "without namespaces" 0 without_namespaces "$postern" probe --json
    json_says "restricted is offered" "$(level restricted)['offered']"
    json_says "with less, and why" "'namespaces' in $(level restricted)['message']"
    json_says "Landlock is left" "$(capability fs.write)['restricted']['mechanisms'] == ['landlock']"
    json_says "but not for all" "'mounts' in $(capability fs.write)['restricted']['except']['message']"
    json_says "denials are not" "not $(capability fs.deny)['restricted']['mechanisms']"
else
    skip "without namespaces" "unshare(1) cannot make the condition here"
fi
