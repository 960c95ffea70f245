/*
 * What `postern help` and `--help` print. Texts only; main.c and the verbs print them. Parent side.
 */
#include "cli/verb.h"

const char help_postern[] = "usage: postern VERB [options] ...\n"
                            "\n"
                            "Runs commands in a sandbox: as another user or confined, without network,\n"
                            "with the working directory as the only one of yours they may write.\n"
                            "\n"
                            "Verbs:\n";

/* What a command may touch: common to run, shell and policy check. */
#define HELP_POLICY_OPTIONS                                                                                            \
    "      --preset PRESET   workspace-write  read what the sandbox user may; write\n"                                 \
    "                                         the working directory, but not its\n"                                    \
    "                                         .git and what else takes effect\n"                                       \
    "                                         outside, and a temporary one; no\n"                                      \
    "                                         network (default)\n"                                                     \
    "                        read-only        the same, but write nothing of yours\n"                                  \
    "                                         (default with --policy)\n"                                               \
    "      --ro PATH         PATH and what is in it may be read\n"                                                     \
    "      --rw PATH         and written\n"                                                                            \
    "      --deny PATH       neither; the rule nearest to a path decides, on a tie\n"                                  \
    "                        the stricter one. All three may be repeated; more come\n"                                 \
    "                        from POSTERN_READONLY_PATHS, POSTERN_READWRITE_PATHS\n"                                   \
    "                        and POSTERN_DENIED_PATHS: absolute paths, separated as\n"                                 \
    "                        in PATH\n"                                                                                \
    "      --net on|off      let commands reach the network (default: off)\n"                                          \
    "      --policy FILE     a policy in JSON; see docs/policy.md\n"                                                   \
    "      --ceiling FILE    a policy that narrows all of the above\n"                                                 \
    "      --memory SIZE     for instance 512M, 2G: memory of all commands together,\n"                                \
    "                        or of each one where no group can be limited\n"                                           \
    "      --pids N          processes and threads at once (default: 4096)\n"                                          \
    "      --cpu-time TIME   processor time of each process\n"                                                         \
    "      --file-size SIZE  how large a file may become\n"                                                            \
    "      --level LEVEL     elevated    as another user, in namespaces of its own\n"                                  \
    "                        restricted  as you, but confined\n"                                                       \
    "                        none        no boundary at all\n"                                                         \
    "                        (default: the strongest possible of the first two)\n"                                     \
    "      --cwd DIR         the working directory (default: the current one)\n"

/* Common to run and shell. */
#define HELP_SESSION_OPTIONS                                                                                           \
    "      --env NAME=VALUE  add to the command's environment; may be repeated\n"                                      \
    "      --inherit-env     start from your environment, not from a small clean one\n"                                \
    "      --timeout TIME    end the command and all it started after this time, for\n"                                \
    "                        instance 500ms, 30s, 5m; a bare number is seconds; 0:\n"                                  \
    "                        never\n"                                                                                  \
    "      --grace TIME      from asking it to end to killing it (default: 2s)\n"                                      \
    "      --log-file FILE   append what postern does to FILE\n"                                                       \
    "  -q, --quiet           no notices of postern's own; errors and warnings stay\n"                                  \
    "  -h, --help            this text\n"                                                                              \
    "\n"                                                                                                               \
    "What the command may touch:\n" HELP_POLICY_OPTIONS

const char help_run[] = "usage: postern run [options] [--] COMMAND [ARGUMENT...]\n"
                        "       postern run [options] --policy FILE\n"
                        "\n"
                        "Runs one command in a sandbox and waits until it has ended. Without a command\n"
                        "it is the policy's process.commandLine, given to the system's shell; the\n"
                        "policy's cwd, env and timeout hold unless options say otherwise.\n"
                        "\n"
                        "      --tty WHEN        give the command a terminal of its own: always, never,\n"
                        "                        or auto (default): when stdin and stdout are terminals\n"
                        "                        and --json is not given\n"
                        "  -i, --interactive     pass on stdin even when it is a terminal; stdin that is\n"
                        "                        no terminal is always passed on\n"
                        "      --dry-run         start nothing; print what `postern policy check` prints\n"
                        "      --json            print one JSON object instead of the command's output:\n"
                        "                        its output, how it ended, times and memory, what a\n"
                        "                        ceiling took away, or the error\n"
                        "      --max-output SIZE keep so much of each of stdout and stderr for --json,\n"
                        "                        the first and the last half (default: 1M)\n" HELP_SESSION_OPTIONS "\n"
                        "Exit status: the command's own; 124 when its time was up, 125 when postern\n"
                        "could not do it, 126 when the command could not be executed, 127 when it was\n"
                        "not found, 128+N when signal N ended it. With --dry-run: 0, or 125 when it\n"
                        "would be refused.\n";

const char help_shell[] = "usage: postern shell [options]\n"
                          "\n"
                          "Starts your shell in a sandbox, on a terminal of its own when there is one.\n"
                          "\n"
                          "      --tty WHEN        always, never, or auto (default)\n" HELP_SESSION_OPTIONS "\n"
                          "The exit status is as for `postern run`.\n";

const char help_policy[] = "usage: postern policy check [options] [FILE]\n"
                           "\n"
                           "Says what a sandbox with this policy would grant and refuse on this host, what\n"
                           "a ceiling took away, and which mechanism enforces what. Starts nothing. FILE is\n"
                           "a policy in JSON (docs/policy.md), as with --policy.\n"
                           "\n"
                           "      --json            print it as one JSON object\n"
                           "  -h, --help            this text\n" HELP_POLICY_OPTIONS "\n"
                           "Exit status: 0 granted, 1 refused, 2 the question itself was wrong.\n";

const char help_probe[] = "usage: postern probe [--json]\n"
                          "\n"
                          "Says what this host can do for you: the levels on offer, what enforces each\n"
                          "capability at each of them, or what is missing and what to do about it. Looks\n"
                          "only: needs no privilege and changes nothing; `postern doctor` tries.\n"
                          "\n"
                          "      --json            print it as one JSON object\n"
                          "  -h, --help            this text\n"
                          "\n"
                          "Exit status: 0; 125 when it could not be found out.\n";

const char help_doctor[] = "usage: postern doctor [--level LEVEL] [--json]\n"
                           "       postern doctor --codes [--json]\n"
                           "\n"
                           "Starts sandboxed commands at every level this host offers and checks what they\n"
                           "can and cannot do, each beside a control that shows what would work outside.\n"
                           "Says the cause of what fails, and what to do.\n"
                           "\n"
                           "      --level LEVEL     only elevated, restricted or none\n"
                           "      --codes           list every error code, and every known error of this\n"
                           "                        system, with cause and action\n"
                           "      --json            print it as one JSON object\n"
                           "  -h, --help            this text\n"
                           "\n"
                           "Exit status: 0 healthy; 1 not: a check has failed, or neither elevated nor\n"
                           "restricted (with --level: the level named) is to be had.\n";

const char help_setup[] = "usage: postern setup [--accounts N]\n"
                          "       postern setup --check [--accounts N]\n"
                          "       postern setup --undo\n"
                          "\n"
                          "Windows, as administrator: makes the accounts that sandboxes run as, with a\n"
                          "group, their logon rights, protected passwords, and network filters and a\n"
                          "firewall rule for those without network. May be repeated: what is as it should\n"
                          "be is left alone. Every change is written down before it is made. Level\n"
                          "elevated, which will use the accounts, is not offered by this version. Other\n"
                          "systems need no setting up.\n"
                          "\n"
                          "      --accounts N      so many with network and so many without: sandboxes at\n"
                          "                        a time (default: those there are; at first 4)\n"
                          "      --check           change nothing; say of each item whether it is right\n"
                          "      --undo            put everything back as it was before, also after a\n"
                          "                        setup that was interrupted\n"
                          "  -h, --help            this text\n"
                          "\n"
                          "Exit status: 0; with --check: 1 when something is missing or wrong; 125 when it\n"
                          "could not be done.\n";

const char help_help[] = "usage: postern help [VERB]\n"
                         "\n"
                         "Explains a verb, or lists them all.\n";

const char help_version[] = "usage: postern version\n"
                            "\n"
                            "Prints the version of postern.\n";
