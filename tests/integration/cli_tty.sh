#!/usr/bin/env bash
# `postern run` and `postern shell` in a real terminal, driven through tmux: interactive programs, keys, sizes, and the
# terminal as it was afterwards, whatever ended postern.
# timeout: 240
. "$(dirname "$0")/../support/tap.sh"

if ! command -v tmux >/dev/null; then
    plan 1
    skip "interactive programs in a terminal" "tmux is not installed"
    exit 0
fi

# A server of our own, which no user's configuration reaches.
socket=postern-$$
export TMUX_TMPDIR=$tap_dir
tm() { tmux -L "$socket" -f /dev/null "$@"; }
cleanup tm kill-server
cd "$tap_dir"
mkdir work
cd work
export TERM=${TERM:-screen}

# Each test types into the shell of this window.
tm new-session -d -x 100 -y 30 'PS1="PROMPT> " exec sh -i'
tm set-option -g default-terminal screen
tm set-option -g status off

screen() { tm capture-pane -p -t :0.0; }
keys() { tm send-keys -t :0.0 "$@"; }
line() {
    tm send-keys -t :0.0 -l "$1"
    tm send-keys -t :0.0 Enter
}

# until_true SECONDS COMMAND...: the one way to wait here: for something to be seen.
until_true() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.05
    done
}
screen_has() { screen | grep -qE -- "$1"; }
file_has() { grep -qE -- "$2" "$1" 2>/dev/null; }

# sees NAME PATTERN: an extended regular expression for a line of the screen.
sees() {
    if until_true 20 screen_has "$2"; then ok "$1"; else not_ok "$1" "the screen never had $2:"$'\n'"$(screen)"; fi
}

# Starts each part at a clean screen with the shell's prompt, whatever the last part left.
fresh() {
    keys C-c
    line 'clear; echo READY''-$$'
    until_true 20 screen_has '^READY-[0-9]+' || true
    line 'clear'
    until_true 20 screen_has '^PROMPT> *$' || true
}

# modes FILE: the shell's idea of its terminal.
modes() {
    rm -f "$1"
    line "stty -a | sed 's/rows.*columns [0-9]*;//' >$1.part; mv $1.part $1"
    until_true 20 test -s "$1" || true
}

# sane NAME FILE: the terminal is as it was when FILE was made, and what is typed is echoed.
sane() {
    until_true 20 screen_has '^PROMPT> *$' || true # the program before may still be on its way out
    modes after
    if cmp -s "$2" after; then ok "$1"; else not_ok "$1" "$(diff "$2" after)"; fi
}

# A line in the shell's history must not be mistaken for output: commands are typed with '' in the words looked for.
run="$bin/postern run --tty always"

# ---- a session in a terminal ----
fresh
modes before
line "$bin/postern run -- sh -c 'test -t 0 && test -t 1 && test -t 2 && echo IS''-TTY'; echo STATUS''-\$?"
sees "auto: a command started from a terminal has one" 'IS-TTY'
sees "its exit status is passed on" 'STATUS-0'
sane "the terminal is as before after a plain end" before

fresh
line "$bin/postern run --tty never -- sh -c 'test -t 0 || test -t 1 || echo NO''-TTY; read x || echo AT''-EOF'"
sees "never: it has none" 'NO-TTY'
sees "without -i a terminal's keys are not for a command on pipes" 'AT-EOF'

fresh
line "$bin/postern run --tty never -i -- sh -c 'read x; echo GOT''-\$x'"
line "typed"
sees "with -i they are" 'GOT-typed'

fresh
line "$bin/postern run --tty never -i -- sh -c 'cat; echo CAT''-DONE'"
line "a line"
keys C-d
sees "with -i Ctrl-D is the end of the input" 'CAT-DONE'

# ---- sizes ----
fresh
tm resize-window -t :0 -x 91 -y 27
line "$run -- sh -c 'echo FIRST''-\$(stty size); trap \"echo NOW''-\\\$(stty size)\" WINCH; while :; do read x && break; done'"
sees "the command's terminal has the size of the caller's" 'FIRST-27 91'
tm resize-window -t :0 -x 77 -y 33
sees "a change of size is passed on, with its signal" 'NOW-33 77'
line ""
tm resize-window -t :0 -x 100 -y 30

# ---- keys that make signals ----
fresh
modes before
line "$run -- sh -c 'echo SLEEP''ING; exec sleep 600'; echo STATUS''-\$?"
sees "a sleeping command runs" 'SLEEPING'
keys C-c
sees "Ctrl-C interrupts it, and the status says so" 'STATUS-130'
sane "the terminal is as before after Ctrl-C" before

fresh
line "$run -- sh"
line "PS1='in''side> '"
sees "a shell inside prompts" 'inside>'
line "sh -c 'echo JOB''-STARTED; exec sleep 600'"
sees "a job of the shell inside runs" 'JOB-STARTED'
keys C-z
sees "Ctrl-Z stops the job inside, not postern" '(Stopped|Suspended)'
line "jobs; echo AFTER''-STOP"
sees "the shell inside has its prompt back" 'AFTER-STOP'
line "fg"
sees "fg continues it" 'sleep 600'
keys C-c
line "echo AFTER''-FG"
sees "and Ctrl-C ends it" 'AFTER-FG'
line "stty -echo; exit 7"
sees "the shell outside prompts again" '^PROMPT> *$'
line "echo STATUS''-\$?"
sees "leaving the shell inside ends postern with its status" 'STATUS-7'
sane "modes set inside stay inside" before

fresh
line "$run -- sh -c 'echo RE''ADY; exec cat'; echo STATUS''-\$?"
sees "cat is there" 'READY' # what is typed before the terminal is raw is a line or an end already
line "a line"
sees "cat answers" '^a line'
keys C-d
sees "Ctrl-D ends the input of cat" 'STATUS-0'

# ---- programs that use the whole screen ----
if command -v vi >/dev/null; then
    fresh
    line "$run -- vi note.txt"
    sees "an editor shows its screen" '^~'
    keys i 'written in vi' Escape ':wq' Enter
    if until_true 20 file_has note.txt 'written in vi'; then
        ok "what is typed in the editor is in the file"
    else
        not_ok "what is typed in the editor is in the file" "$(screen)"
    fi
    sane "the terminal is as before after the editor" before
else
    skip "an editor" "vi is not installed"
fi

if command -v less >/dev/null; then
    fresh
    seq 1 500 | sed 's/^/row-/' >rows.txt
    line "$run -- less rows.txt"
    sees "a pager shows its first page" '^row-1$'
    keys G
    sees "and its last one" '^row-500$'
    keys q
    sees "and gives the screen back" '^PROMPT> *$'
    sane "the terminal is as before after the pager" before
else
    skip "a pager" "less is not installed"
fi

if command -v python3 >/dev/null && [ -x /usr/bin/python3 ]; then
    fresh
    line "$run -- /usr/bin/python3 -q"
    sees "a REPL prompts" '^>>>'
    line "print('sum', 40 + 2)"
    sees "and answers" '^sum 42'
    line "while True: pass"
    line ""
    keys C-c
    sees "Ctrl-C interrupts what it does" 'KeyboardInterrupt'
    keys C-d
    sees "Ctrl-D leaves it" '^PROMPT> *$'
else
    skip "a REPL" "there is no /usr/bin/python3"
fi

fresh
line "SHELL=/bin/sh $bin/postern shell"
line "PS1='in''side> '; echo SHELL''-\$PPID"
sees "postern shell starts the shell" 'SHELL-[0-9]+'
line "exit 5"
sees "leaving it leads back" '^PROMPT> *$'
line "echo STATUS''-\$?"
sees "and passes on its status" 'STATUS-5'

# ---- the terminal afterwards, when postern is ended ----
# The pid is taken from the shell that becomes postern.
for signal in TERM HUP INT QUIT ABRT USR1; do
    fresh
    modes before
    rm -f pid
    line "sh -c 'ulimit -c 0; echo \$\$ >pid.part; mv pid.part pid; exec $run -- sh -c \"echo RUN''NING; exec sleep 600\"'; echo STATUS''-\$?"
    sees "SIG$signal: a command runs" 'RUNNING'
    until_true 20 test -s pid || true
    kill -s "$signal" "$(cat pid)"
    sees "SIG$signal: postern ends with the status of a signal" 'STATUS-(129|130|131|134|138|143)$'
    sane "SIG$signal: the terminal is as before" before
done

fresh
modes before
line "$run -- /nonexistent/program; echo STATUS''-\$?"
sees "a command that cannot be started" 'STATUS-127'
sane "the terminal is as before after that" before

fresh
line "$run --timeout 300ms -- sleep 600; echo STATUS''-\$?"
sees "a timeout acts in a terminal" 'STATUS-124'
sane "the terminal is as before after a timeout" before

# ---- stopped from outside and continued ----
fresh
modes before
rm -f pid
line "set -m"
line "sh -c 'echo \$\$ >pid.part; mv pid.part pid; exec $run -- sh -c \"echo RE''ADY; exec cat\"'"
sees "a command to be stopped" 'READY'
line "one"
sees "before it is stopped it answers" '^one'
kill -TSTP "$(cat pid)"
sees "SIGTSTP sent to postern stops postern" '(Stopped|Suspended)'
sane "the terminal is given back while it is stopped" before
line "fg"
line "two"
sees "fg continues it" '^two'
keys C-d
sees "Ctrl-D leads back to the shell" '^PROMPT> *$'
line "echo LEFT''-IT"
sees "and it ends as always" 'LEFT-IT'
sane "the terminal is as before after that" before

# ---- in the background ----
fresh
modes before
line "$run -- sh -c 'sleep 0.5; echo OUT''-PUT; read x; echo GOT''-\$x' &"
sees "in the background the command's output comes" 'OUT-PUT'
line "jobs; echo LIS''TED"
sees "the shell has the keys" 'LISTED'
if screen_has 'Stopped|Suspended'; then not_ok "postern does not stop for them" "$(screen)"; else ok "postern does not stop for them"; fi
sane "nor touches the terminal" before
line "fg"
sees "fg" 'sh -c'
line "typed"
sees "brings the keys to the command" 'GOT-typed'
sane "the terminal is as before after that" before
