#!/usr/bin/env bash
# `postern policy check`, --dry-run and the policy options of `postern run`: what is told is what is so.
# timeout: 120
# shellcheck disable=SC2016  # scripts for the shell inside
. "$(dirname "$0")/../support/tap.sh"
. "$(dirname "$0")/../support/cli.sh"

mkdir -m 777 "$tap_dir/work" "$tap_dir/data" "$tap_dir/more"
mkdir -m 755 "$tap_dir/none"
cd "$tap_dir/work"
work=$PWD
mkdir -m 777 .git sub secret
echo secret >secret/file
echo data >../data/file
chmod 666 secret/file ../data/file
check=("$postern" policy check)
run=("$postern" run --quiet)

# ---- what is told ----
status "the default" 0 "${check[@]}"
out_has "level" "level      "
out_has "no network" "network    blocked"
out_has "the workspace is written" "write    preset     $work"
out_has "but not its .git" "read     protected  $work/.git"
out_has "what is not there cannot be protected" ".mcp.json:*not there yet"
out_has "by what" "syscalls          seccomp"
status "as JSON" 0 "${check[@]}" --json
json_says "no refusal" 'o["refused"] is None'
json_says "the same grants" "[g['path'] for g in o['grants'] if g['access'] == 'write'] == ['$work']"
json_says "mechanisms" '{"capability": "syscalls", "mechanism": "seccomp"} in o["enforced"]'
status "--preset read-only" 0 "${check[@]}" --preset read-only --json
json_says "writes nothing" 'not [g for g in o["grants"] if g["access"] == "write"]'
status "--net on" 0 "${check[@]}" --net on
out_has "is told" "network    allowed"
status "limits" 0 "${check[@]}" --memory 64M --pids 50 --cpu-time 10s --file-size 1M --json
json_says "are told" 'o["limits"] == {"memory": 67108864, "processes": 50, "cpu_ms": 10000, "file_size": 1048576}'

# ---- paths ----
status "relative paths are those of the current directory" 0 "${check[@]}" --ro ../data --deny secret --deny ../missing \
    --deny ./sub/../secret --rw sub --json
json_says "read" "'$tap_dir/data' in [g['path'] for g in o['grants'] if g['access'] == 'read']"
json_says "denied, also by way of .." "'$work/secret' in [g['path'] for g in o['grants'] if g['access'] == 'denied']"
status "also with --cwd" 0 "${check[@]}" --cwd ../data --ro sub --json
json_says "it is not relative to that" "'$work/sub' in [g['path'] for g in o['grants']]"
status "what is missing cannot be read" 1 "${check[@]}" --ro nowhere
out_has "and is named" "REFUSED*nowhere*hint:"
out_lacks "nothing is said of what nobody knows" "all else"
status "also as JSON" 1 "${check[@]}" --ro nowhere --json
json_says "only the level is known" '[k for k in o if o[k] is not None] == ["level", "refused"] and len(o) == 10'
status "nor denied in a writable directory" 1 "${check[@]}" --deny "nothing yet" --cwd .
out_has "with the reason" "nothing yet*before it exists"
status "--rw lifts a protection" 0 "${check[@]}" --rw .git --json
json_says "by name" "('$work/.git', 'write', 'option') in [(g['path'], g['access'], g['source']) for g in o['grants']]"
mkdir "$(printf 'esc\033[2Jape')"
status "a name made for a terminal" 1 "${check[@]}" --ro "$(printf 'esc\033[2Jape')"
out_lacks "does not reach it" "$(printf '\033')"
rmdir "$(printf 'esc\033[2Jape')"

# ---- lists of the environment ----
status "lists of the environment" 0 env POSTERN_READWRITE_PATHS="$tap_dir/data:$tap_dir/more" \
    POSTERN_DENIED_PATHS="$work/secret" POSTERN_READONLY_PATHS=/etc "${check[@]}" --json
json_says "two writable ones" "{'$tap_dir/data', '$tap_dir/more'} <= {g['path'] for g in o['grants'] if g['access'] == 'write'}"
json_says "a denied one" "'$work/secret' in [g['path'] for g in o['grants'] if g['access'] == 'denied']"
json_says "a readable one" "'/etc' in [g['path'] for g in o['grants'] if g['access'] == 'read']"
status "must be absolute" 1 env POSTERN_DENIED_PATHS="$work/secret:data" "${check[@]}"
err_has "and are named with their variable" 'POSTERN_DENIED_PATHS: the path "data" is relative*policy_validation'
status "for run as well" 125 env POSTERN_READWRITE_PATHS=./data "${run[@]}" -- true
err_has "whichever it is" 'POSTERN_READWRITE_PATHS: the path "./data" is relative'
is "they hold for run" "$(POSTERN_READWRITE_PATHS=$tap_dir/data "${run[@]}" -- sh -c 'echo new >../data/new && cat ../data/new')" new
is "without one" "$("${run[@]}" -- sh -c '(echo new >../more/new) 2>/dev/null || echo refused')" refused

# ---- a policy ----
cat >../policy.json <<END
{"version": "0.8.0-alpha",
 "process": {"commandLine": "pwd; echo \$GREETING; exit 3", "cwd": "$work/sub", "env": ["GREETING=hello"], "timeout": 60000},
 "filesystem": {"readwritePaths": ["$work/sub"], "deniedPaths": ["$work/secret"]}}
END
status "a policy" 0 "${check[@]}" ../policy.json --json
json_says "is read" "('$work/sub', 'write', 'policy') in [(g['path'], g['access'], g['source']) for g in o['grants']]"
json_says "alone" "'$work' not in [g['path'] for g in o['grants']]"
status "run without a command runs the policy's" 3 "${run[@]}" --policy ../policy.json
is "in its directory and environment" "$(cat ../out)" "$work/sub"$'\n'hello
status "options win" 3 "${run[@]}" --policy ../policy.json --cwd .. --env GREETING=bye
is "over both" "$(cat ../out)" "$tap_dir"$'\n'bye
status "a command wins" 0 "${run[@]}" --policy ../policy.json -- echo other
is "over the policy's" "$(cat ../out)" other
status "its denials hold" 1 "${run[@]}" --policy ../policy.json -- cat "$work/secret/file"
sed 's/60000/300/; s/exit 3/sleep 600/' ../policy.json >../short.json
status "its timeout too" 124 "${run[@]}" --policy ../short.json
status "unless options say otherwise" 3 "${run[@]}" --policy <(sed 's/60000/300/; s/exit 3/sleep 0.5; exit 3/' ../policy.json) --timeout 60
echo '{"version": "0.8.0-alpha"}' >../empty.json
status "a policy without a command" 125 "${run[@]}" --policy ../empty.json
err_has "is told so" "names none"
printf '{\n "filesystem": {"readwritePath": []}}\n' >../wrong.json
status "a mistake in a policy" 1 "${check[@]}" ../wrong.json
out_has "is named by line" "readwritePath*line 2"
status "for run" 125 "${run[@]}" --policy ../wrong.json -- true
err_has "as well" "readwritePath*line 2*(policy_validation)"
status "a policy that is not there" 2 "${check[@]}" ../nowhere.json
err_has "is named" "nowhere.json"
status "standard input is not read" 2 "${check[@]}" -
err_has "and that is said" "standard input"
printf '{}\0{' >../nul.json
status "a policy with a NUL byte" 1 "${check[@]}" ../nul.json
err_has "is refused" "NUL"
head -c 1048577 /dev/zero | tr '\0' ' ' >../large.json
status "a policy that is too large" 1 "${check[@]}" ../large.json
err_has "is refused" "larger than"
status "as is one without an end" 1 "${check[@]}" /dev/zero
status "two policies" 2 "${check[@]}" ../policy.json ../empty.json
err_has "are one too many" "unexpected argument"
status "no question" 2 "$postern" policy
status "a wrong option" 2 "${check[@]}" --nonsense
status "also as JSON" 2 "${check[@]}" --nonsense --json
json_says "an error" 'o["error"]["code"] == "invalid_argument"'
status "--help" 0 "${check[@]}" --help
out_has "helps" "usage: postern policy check"

# ---- ceilings ----
cat >../ceiling.json <<END
{"version": "0.8.0-alpha", "filesystem": {"readonlyPaths": ["/"], "readwritePaths": ["$work/sub"]}}
END
status "a ceiling" 0 "${check[@]}" --ceiling ../ceiling.json --json
json_says "takes away" "[(c['item'], c['asked'], c['left']) for c in o['cuts']] == [('$work', 'write', 'read')]"
status "which is told" 0 "${check[@]}" --ceiling ../ceiling.json
out_has "to people" "ceiling    $work: read instead of write:"
status "and by run" 0 "$postern" run --ceiling ../ceiling.json -- true
err_has "on stderr" "postern: ceiling: $work: read instead of write:"
status "not with --quiet" 0 "${run[@]}" --ceiling ../ceiling.json -- true
is "nothing" "$(cat ../err)" ""
status "but in --json" 0 "${run[@]}" --json --ceiling ../ceiling.json -- true
json_says "always" "o['cuts'][0]['item'] == '$work'"
status "--json without a ceiling" 0 "${run[@]}" --json -- true
json_says "has none" "o['cuts'] == []"
status "it holds" 2 "${run[@]}" --ceiling ../ceiling.json -- sh -c 'echo no >file'
status "it is no excuse" 0 "${run[@]}" --ceiling ../ceiling.json -- sh -c 'echo yes >sub/file'
status "one that is not there" 125 "${run[@]}" --ceiling ../nowhere.json -- true
err_has "is named" "nowhere.json"

# ---- the options, for run ----
status "--rw" 0 "${run[@]}" --rw ../more -- sh -c 'echo new >../more/new'
status "--ro in it" 2 "${run[@]}" --ro sub -- sh -c 'echo no >sub/no'
status "--deny" 1 "${run[@]}" --deny secret -- cat secret/file
status "without it" 0 "${run[@]}" -- cat secret/file
status "--preset read-only" 2 "${run[@]}" --preset read-only --ro . -- sh -c 'echo no >no'
status "--file-size" 153 "${run[@]}" --file-size 4K -- sh -c 'exec head -c 5000 /dev/zero >large'
status "--pids" 0 "${run[@]}" --level "$([ "$(id -u)" -eq 0 ] && echo elevated || echo restricted)" --pids 100 -- true

# ---- what a command makes that would have been protected ----
status "names that are protected where they exist" 3 "$postern" run -- sh -c \
    'mkdir .claude; ln -s nowhere .vscode; echo >.mcp.json; echo >other; echo >.git/no; exit 3'
err_has "are told" "postern: the command made .claude in $work: look at it before a tool trusts it"
err_has "also a link to nowhere" "made .vscode in $work:"
is "nothing else is" "$(grep -c "the command made" ../err)" 3
rm .vscode
status "the next run protects them" 2 "$postern" run -- sh -c 'echo >.claude/no'
refuse "and says no more" grep -q "the command made" ../err
rm -r .claude .mcp.json
status "in --json" 0 "$postern" run --json --rw ../more -- sh -c 'echo >.mcp.json; mkdir ../more/.git'
json_says "they are a member" "sorted(o['made']) == ['$tap_dir/more/.git', '$work/.mcp.json']"
is "and nowhere else" "$(cat ../err)" ""
rm -r .mcp.json ../more/.git
status "nothing made" 0 "${run[@]}" --json -- true
json_says "is an empty list" "o['made'] == []"
status "--quiet" 0 "${run[@]}" -- mkdir .idea
is "says nothing" "$(cat ../err)" ""
rmdir .idea
status "what is made just before the time is up" 124 "$postern" run --timeout 2 -- sh -c 'mkdir .idea; exec sleep 600'
err_has "is told as well" "made .idea in $work:"
rmdir .idea
status "the shell" 0 sh -c 'echo "mkdir .agents" | SHELL=/bin/sh "$1" shell' sh "$postern"
err_has "tells it too" "made .agents in $work:"
rmdir .agents

# ---- --dry-run ----
status "--dry-run" 0 "${run[@]}" --dry-run -- touch started
out_has "tells what policy check tells" "write    preset     $work"
status "as JSON" 0 "${run[@]}" --dry-run --json -- touch started
json_says "too" 'o["refused"] is None'
status "what would be refused" 125 "${run[@]}" --dry-run --ro nowhere -- touch started
out_has "is told" "REFUSED*nowhere"
status "a command has to be given" 125 "${run[@]}" --dry-run
err_has "and that is said" "command to run is missing"
status "the helpers have to be there" 125 env POSTERN_LIBEXEC="$tap_dir/none" "${run[@]}" --dry-run -- touch started
err_has "and are named" "postern-runner*(runner_missing)"
refuse "nothing was started" test -e started

# ---- level none ----
status "level none" 0 "${check[@]}" --level none
status "with a rule" 1 "${check[@]}" --level none --deny secret
out_has "is refused" "REFUSED*level none"

# ---- without rights, and without namespaces ----
as_user mkdir ../data/own
status "as a user" 0 as_user "${check[@]}" --cwd ../data/own --json
json_says "restricted" 'o["level"] == "restricted" and o["refused"] is None'
if without_namespaces true 2>/dev/null; then
    status "without namespaces a denial cannot be held" 1 without_namespaces "${check[@]}" --deny /etc/passwd
    out_has "and the reason is told" "REFUSED*fs.deny*/etc/passwd*no mounts*hint:"
else
    skip "without namespaces a denial cannot be held" "unshare(1) cannot make the condition here"
fi
