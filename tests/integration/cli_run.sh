#!/usr/bin/env bash
# `postern run` without a terminal: exit statuses, streams, signals, limits, mistakes, the JSON object.
# timeout: 240
# shellcheck disable=SC2016  # scripts for the shell inside
. "$(dirname "$0")/../support/tap.sh"

cd "$tap_dir"
mkdir work
cd work
postern=$bin/postern
run=("$postern" run)

# status NAME WANTED COMMAND...: runs it with no input; its output is left in out and err.
status() {
    local name=$1 wanted=$2 got=0
    shift 2
    "$@" </dev/null >../out 2>../err || got=$?
    if [ "$got" -eq "$wanted" ]; then
        ok "$name"
    else
        not_ok "$name" "status $got instead of $wanted; stdout: $(cat ../out) stderr: $(cat ../err)"
    fi
}
out_is() { is "$1" "$(cat ../out)" "$2"; }
err_like() { like "$1" "$(cat ../err)" "$2"; }

# until_true SECONDS COMMAND...: waits for something to be seen.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.02
    done
}

# No process on this machine has this word among its arguments; tests give their commands one of their own.
gone() { ! pgrep -f -- "$1" >/dev/null; }

# None of our own children has this name any more.
no_child_named() { ! pgrep -x -P $$ "$1" >/dev/null; }

# ---- words ----
status "--version" 0 "$postern" --version
like "prints a version" "$(cat ../out)" 'postern [0-9]*.[0-9]*.[0-9]*'
status "--help" 0 "$postern" --help
for verb in run shell policy probe doctor help version; do
    status "help $verb" 0 "$postern" help "$verb"
    like "explains $verb" "$(cat ../out)" "usage: postern $verb*"
done
status "run --help" 0 "${run[@]}" --help
like "is the same text" "$(cat ../out)" "usage: postern run*"
status "an unknown verb is a mistake in usage" 2 "$postern" nonsense
err_like "and is named" '*"nonsense"*'
status "help for an unknown verb too" 2 "$postern" help nonsense
status "no verb at all too" 2 "$postern"

# ---- exit statuses ----
status "the command's own: 0" 0 "${run[@]}" -- true
status "the command's own: 3" 3 "${run[@]}" -- sh -c 'exit 3'
status "the command's own: 255" 255 "${run[@]}" sh -c 'exit 255'
status "128 + n by a signal" 137 "${run[@]}" -- sh -c 'kill -9 $$'
status "127 when it is not found" 127 "${run[@]}" -- no-such-program-here
err_like "and it is named" 'postern: *no-such-program-here*(not_found)*hint: *'
status "127 for a path too" 127 "${run[@]}" -- ./no-such-program-here
echo '#!/bin/sh' >plain
chmod 644 plain
status "126 when it cannot be executed" 126 "${run[@]}" -- ./plain
err_like "and it is named" 'postern: *plain*(not_executable)*'
status "126 for a directory" 126 "${run[@]}" -- /usr
printf '#!/nonexistent/interpreter\n' >script
chmod 755 script
"${run[@]}" -- ./script </dev/null >../out 2>../err && got=0 || got=$?
like "126 or 127 for a script whose interpreter is missing" "$got" '12[67]'

# ---- streams ----
status "stdout and stderr are kept apart" 0 "${run[@]}" -- sh -c 'echo to out; echo to err >&2'
out_is "stdout" "to out"
is "stderr" "$(cat ../err)" "to err"
is "stdin is passed on" "$(echo hello | "${run[@]}" -- cat)" hello
is "and its end" "$(printf 'no newline' | "${run[@]}" -- wc -c | tr -d ' ')" 10
is "a file as stdin" "$("${run[@]}" -- cat <plain)" "$(cat plain)"
status "a closed stdin is an empty one" 0 bash -c "$postern run -- cat <&-"
status "a closed stdout does not matter to who does not write" 0 bash -c "$postern run -- true >&-"
status "and is an error for who does" 125 bash -c "$postern run -- echo x >&-"
if [ -c /dev/full ]; then
    status "a full disk is an error" 125 bash -c "$postern run -- echo x >/dev/full"
    err_like "that is explained" '*No space left*'
fi
status "a directory as stdin is an error" 125 bash -c "$postern run -- cat </"
head -c 33554432 /dev/urandom >../blob
wanted=$(sha256sum <../blob)
is "32 MiB through stdin and stdout, pipes" "$("${run[@]}" -- cat <../blob | cat | sha256sum)" "$wanted"
"${run[@]}" -- cat <../blob >../copy
is "the same, files" "$(sha256sum <../copy)" "$wanted"
is "the same, stderr" "$("${run[@]}" -- sh -c 'cat >&2' <../blob 2>&1 >/dev/null | sha256sum)" "$wanted"
is "a reader that begins late gets everything" \
    "$("${run[@]}" -- head -c 3000000 /dev/zero | (sleep 4 && wc -c | tr -d ' '))" 3000000
is "many small writes arrive in order" "$("${run[@]}" -- seq 20000 | sha256sum)" "$(seq 20000 | sha256sum)"

# A reader that takes nothing: the command has to stop, and postern must not collect.
mkfifo ../fifo
exec 7<>../fifo
"${run[@]}" -- sh -c 'while :; do printf "%065536d" 0 || exit; echo x >>written; done' >../fifo 2>../err </dev/null &
child=$!
size_of() { if [ -e "$1" ]; then stat -c %s "$1"; else echo 0; fi; }
still() {
    local before
    before=$(size_of written)
    sleep 0.3
    [ "$before" -gt 0 ] && [ "$before" = "$(size_of written)" ]
}
if until_true 20 still; then ok "a reader that takes nothing stops the command"; else not_ok "a reader that takes nothing stops the command"; fi
written=$(($(size_of written) / 2))
if [ "$written" -gt 0 ] && [ "$written" -lt 100 ]; then
    ok "after a bounded number of bytes"
else
    not_ok "after a bounded number of bytes" "$written x 64 KiB"
fi
memory=$(awk '/^VmHWM/ { print $2 }' "/proc/$child/status")
if [ "$memory" -lt 32768 ]; then ok "postern's memory stays small"; else not_ok "postern's memory stays small" "$memory KiB"; fi
# The first one ends the command; the output that is left waits for the reader until another one comes.
got=0
ended() { kill -TERM "$child" 2>/dev/null && sleep 0.2 && ! kill -0 "$child" 2>/dev/null; }
until_true 10 ended || true
wait "$child" || got=$?
is "and it can be ended while nobody reads" "$got" 143
exec 7>&-
rm -f ../fifo

# ---- a reader that goes away ----
marker=marker-pipe-$$
set +o pipefail
"${run[@]}" -- sh -c ": $marker; yes" 2>../err </dev/null | head -n 1 >../out
statuses=("${PIPESTATUS[@]}")
set -o pipefail
is "head gets its line" "$(cat ../out)" y
is "postern ends as by SIGPIPE" "${statuses[0]}" 141
is "without a word" "$(cat ../err)" ""
if gone "$marker"; then ok "nothing is left of the command"; else not_ok "nothing is left of the command"; fi

# Here the reader that goes away is the command.
set +o pipefail
yes 2>/dev/null | "${run[@]}" -- sh -c 'exec 0<&-; touch closed; until [ -e told ]; do sleep 0.05; done' &
child=$!
set -o pipefail
until_true 20 test -e closed || true
if until_true 20 no_child_named yes; then ok "whoever feeds stdin is told that nobody reads"; else not_ok "whoever feeds stdin is told that nobody reads"; fi
touch told
wait "$child" || true

# ---- input that is not read ----
status "a command that never reads 10 MiB of stdin can end" 0 \
    bash -c "head -c 10485760 /dev/zero | { $postern run -- true; }"
status "and be stopped by its timeout" 124 \
    bash -c "head -c 10485760 /dev/zero | { $postern run --timeout 300ms -- sleep 600; }"

# ---- time ----
marker=marker-time-$$
before=$SECONDS
status "--timeout 300ms ends with 124" 124 "${run[@]}" --timeout 300ms -- sh -c "sh -c ': $marker; sleep 600' & sleep 600"
if [ $((SECONDS - before)) -lt 10 ]; then ok "soon"; else not_ok "soon" "$((SECONDS - before)) s"; fi
err_like "and is said" 'postern: *time*'
if gone "$marker"; then ok "the whole tree is gone"; else not_ok "the whole tree is gone"; fi
status "--quiet says nothing of it" 124 "${run[@]}" --quiet --timeout 300ms -- sleep 600
is "nothing" "$(cat ../err)" ""
status "0 means none" 0 "${run[@]}" --timeout 0 -- sleep 0.1
status "more than 32 bits of milliseconds work" 0 "${run[@]}" --timeout 100d -- sleep 0.1
before=$SECONDS
status "a command that ignores the request to end is killed" 124 \
    "${run[@]}" --timeout 300ms --grace 300ms -- sh -c 'trap "" TERM; while :; do sleep 1; done'
if [ $((SECONDS - before)) -lt 10 ]; then ok "after the grace"; else not_ok "after the grace" "$((SECONDS - before)) s"; fi

# ---- signals for postern ----
# Starts a command that says when it is ready, sends postern the signals, one each time `next` has grown a line.
# usage: signalled NAME WANTED SCRIPT SIGNAL...
signalled() {
    local name=$1 wanted=$2 script=$3 count=0 got=0 signal child
    shift 3
    rm -f next
    "${run[@]}" -- sh -c "$script" </dev/null >../out 2>../err &
    child=$!
    for signal in "$@"; do
        count=$((count + 1))
        until_true 20 grown "$count" || break
        kill -s "$signal" "$child"
    done
    wait "$child" || got=$?
    is "$name" "$got" "$wanted"
}
grown() { [ -e next ] && [ "$(wc -l <next)" -ge "$1" ]; }

# Without job control the shell has background jobs ignore SIGINT and SIGQUIT, and so would postern.
set -m
signalled "SIGTERM ends the command" 143 'echo >>next; exec sleep 600' TERM
signalled "SIGHUP ends it too" 143 'echo >>next; exec sleep 600' HUP
signalled "SIGINT interrupts it" 130 'echo >>next; exec sleep 600' INT
signalled "SIGQUIT is passed on" 131 'ulimit -c 0; echo >>next; exec sleep 600' QUIT
signalled "what it does with SIGINT is its own affair" 42 \
    'trap "exit 42" INT; echo >>next; while :; do sleep 0.1; done' INT
signalled "a second SIGINT is more than a request" 143 \
    'trap "echo >>next" INT; echo >>next; while :; do sleep 0.1; done' INT INT
signalled "a second SIGTERM kills" 137 \
    'trap "echo >>next" TERM; echo >>next; while :; do sleep 0.1; done' TERM TERM
set +m
rm -f next
mkfifo ../hold
exec 8<>../hold
(trap '' HUP && exec "${run[@]}" -- sh -c 'echo >>next; read line; exit 9' <../hold >../out 2>../err) &
child=$!
until_true 20 grown 1 || true
kill -HUP "$child"
echo line >&8
got=0
wait "$child" || got=$?
is "an ignored SIGHUP (nohup) stays ignored" "$got" 9
exec 8>&-

# ---- where and with what ----
status "the current directory is the command's" 0 "${run[@]}" -- pwd
out_is "by its own name" "$PWD"
status "and can be written" 0 "${run[@]}" -- sh -c 'echo new >file && cat file'
is "really" "$(cat file)" new
is "files made there belong to whoever owns the directory" "$(stat -c %u file)" "$(id -u)"
mkdir sub
status "--cwd" 0 "${run[@]}" --cwd sub -- pwd
out_is "relative to the current one" "$PWD/sub"
elsewhere=$(mktemp -d)
cleanup rm -rf "$elsewhere"
status "--cwd elsewhere" 0 "${run[@]}" --cwd "$elsewhere" -- sh -c 'pwd; echo new >file'
out_is "absolute" "$elsewhere"
is "it can be written" "$(cat "$elsewhere/file")" new
is "and the current one not" "$("${run[@]}" --cwd "$elsewhere" -- sh -c "echo no >'$PWD/no' && echo written" 2>/dev/null || echo refused)" refused
status "--cwd /usr is refused" 125 "${run[@]}" --cwd /usr -- touch started
err_like "a directory of the system" "*(policy_validation)*"
for directory in nonexistent plain; do
    status "--cwd $directory is refused" 125 "${run[@]}" --cwd "$directory" -- touch started
    err_like "and named" "postern: *$directory*(bad_cwd)*hint: *"
done
if [ "$(id -u)" -eq 0 ]; then
    mkdir -p -m 700 ../closed/deep
    status "--cwd below a directory that root alone may enter" 0 "${run[@]}" --cwd ../closed/deep -- pwd
else
    mkdir -m 0 ../closed
    status "--cwd where the user may not go is refused" 125 "${run[@]}" --cwd ../closed -- touch started
fi
status "--net off at level none is refused" 125 "$postern" run --level none --net off -- touch started
err_like "as nothing enforces it" "*network*level none*(policy_validation)*"
status "from the root directory" 0 bash -c "cd / && $postern run -- pwd"
out_is "it starts there" /
export POSTERN_TEST_SECRET=secret
status "the caller's environment stays away" 0 "${run[@]}" -- env
like "as a whole" "$(grep -c POSTERN_TEST_SECRET ../out || true)" 0
status "unless asked for" 0 "${run[@]}" --inherit-env -- sh -c 'echo "$POSTERN_TEST_SECRET"'
out_is "by --inherit-env" secret
status "--env adds" 0 "${run[@]}" --env A=1 --env 'B=two words' --env A=3 -- sh -c 'echo "$A $B"'
out_is "and the last one wins" "3 two words"
status "an argument is passed on as it is" 0 "${run[@]}" -- printf '%s|' 'a  b' '' '*' "\$HOME" 'ü' $'\n' --json
out_is "whatever is in it" "$(printf '%s|' 'a  b' '' '*' "\$HOME" 'ü' $'\n' --json)"

# ---- mistakes: each is named, the status is 125, nothing is started ----
mistake() {
    local name=$1 pattern=$2
    shift 2
    rm -f started
    status "$name" 125 "${run[@]}" "$@"
    err_like "$name: is named" "postern: *$pattern*"$'\n'"  hint: *"
    if [ -e started ]; then not_ok "$name: nothing is started"; else ok "$name: nothing is started"; fi
}
mistake "an unknown option" "--nonsense" --nonsense -- touch started
mistake "a missing value" "--cwd" --cwd
mistake "a bad time" "--timeout*soon" --timeout soon -- touch started
mistake "a bad level" "--level*strong" --level strong -- touch started
mistake "a bad tty" "--tty*perhaps" --tty perhaps -- touch started
mistake "a missing command" "command" --quiet
mistake "an empty command" "empty" -- ''
mistake "an environment entry without =" "NOVALUE" --env NOVALUE -- touch started
mistake "bad UTF-8 in an option" "UTF-8" --cwd $'\xff' -- touch started
mistake "bad UTF-8 in an argument" "UTF-8" -- touch started $'\xc3\x28'

status "200 KiB of arguments either work or are refused by name" 0 bash -c \
    "x=\$(printf '%0100000d' 0); $postern run -- sh -c 'echo \${#1} \${#2}' - \$x \$x"
out_is "they work" "100000 100000"

# ---- levels ----
status "level none" 0 "${run[@]}" --level none -- echo hello
err_like "says what it is" 'postern: warning: *none*'
status "also with --quiet" 0 "${run[@]}" --level none --quiet -- echo hello
err_like "says what it is" 'postern: warning: *none*'

# ---- JSON ----
json() { status "$1" "$2" "${run[@]}" --json "${@:3}"; }
has() { if grep -qF -- "$2" ../out; then ok "$1"; else not_ok "$1" "$(cat ../out)"; fi; }
json "--json: a command that fails" 3 -- sh -c 'echo out; echo err >&2; exit 3'
is "one line" "$(wc -l <../out | tr -d ' ')" 1
has "exit code" '"exit_code":3,'
has "no signal" '"signal":null'
has "reason" '"reason":"exited"'
has "stdout" '"stdout":"out\n"'
has "stderr" '"stderr":"err\n"'
if grep -qE '"level":"(elevated|restricted)"' ../out; then ok "level in force"; else not_ok "level in force" "$(cat ../out)"; fi
if grep -qE '"wall_us":[1-9]' ../out; then ok "time"; else not_ok "time" "$(cat ../out)"; fi
if grep -qE '"peak_memory_bytes":[1-9]' ../out; then ok "memory"; else not_ok "memory" "$(cat ../out)"; fi
json "--json: a signal" 137 -- sh -c 'kill -9 $$'
has "has name and number" '"signal":{"name":"SIGKILL","number":9}'
has "and no exit code" '"exit_code":null'
json "--json: a timeout" 124 --timeout 300ms -- sleep 600
has "timed_out" '"timed_out":true'
has "reason" '"reason":"timeout"'
json "--json: bytes that are no text" 0 -- printf '\377\001'
has "are base64" '"stdout":{"base64":"/wE="}'
json "--json: more output than is kept" 0 --max-output 10 -- seq 100000
has "beginning and end" '"stdout":"1\n2\n30000\n"'
has "what is missing" '"stdout_omitted":588885'
json "--json: input" 0 -- cat
has "is empty here" '"stdout":""'
json "--json: a program that is not found" 127 -- no-such-program-here
has "is an error object" '{"error":{"code":"not_found"'
json "--json: a mistake in the options" 125 --nonsense -- true
has "is one too" '{"error":{"code":"invalid_argument"'
is "and nothing else is said" "$(cat ../err)" ""
json "--json with --tty always" 0 --tty always -- sh -c 'test -t 1 && echo yes'
has "captures the terminal" '"stdout":"yes\r\n"'

# ---- a pty without a terminal ----
status "--tty always gives a pty of 24 x 80" 0 "${run[@]}" --tty always -- stty size
is "size" "$(tr -d '\r' <../out)" "24 80"
is "input that ends is Ctrl-D on it" \
    "$(printf 'a line\n' | "${run[@]}" --tty always -- sh -c 'cat >got; cat got; echo end' | tr -d '\r' | tail -n 2)" \
    "a line"$'\n'end

# ---- a log ----
status "--log-file" 0 "${run[@]}" --log-file ../log -- true
if [ -s ../log ]; then ok "is written"; else not_ok "is written"; fi
is "for its owner only" "$(stat -c %a ../log)" 600
