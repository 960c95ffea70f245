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

/* Common to run and shell. */
#define HELP_SESSION_OPTIONS                                                                                           \
    "      --cwd DIR         directory the command starts in and may write (default: the\n"                            \
    "                        current one)\n"                                                                           \
    "      --env NAME=VALUE  add to the command's environment; may be repeated\n"                                      \
    "      --inherit-env     start from your environment and not from a small clean one\n"                             \
    "      --timeout TIME    end the command and all it started after this time, for\n"                                \
    "                        instance 500ms, 30s, 5m; a bare number is seconds; 0: never\n"                            \
    "      --grace TIME      from asking it to end to killing it (default: 2s)\n"                                      \
    "      --level LEVEL     elevated    as another user, in namespaces of its own\n"                                  \
    "                        restricted  as you, but confined\n"                                                       \
    "                        none        no boundary at all\n"                                                         \
    "                        (default: the strongest of the first two that is possible)\n"                             \
    "      --net on|off      let the command reach the network (default: off)\n"                                       \
    "      --log-file FILE   append what postern does to FILE\n"                                                       \
    "  -q, --quiet           no notices of postern's own; errors and warnings stay\n"                                  \
    "  -h, --help            this text\n"

const char help_run[] = "usage: postern run [options] [--] COMMAND [ARGUMENT...]\n"
                        "\n"
                        "Runs one command in a sandbox and waits until it has ended.\n"
                        "\n"
                        "      --tty WHEN        give the command a terminal of its own: always, never, or\n"
                        "                        auto (default): when stdin and stdout are terminals and\n"
                        "                        --json is not given\n"
                        "  -i, --interactive     pass on stdin even when it is a terminal; stdin that is\n"
                        "                        no terminal is always passed on\n" HELP_SESSION_OPTIONS
                        "      --json            print one JSON object instead of the command's output: its\n"
                        "                        output, how it ended, times and memory, or the error\n"
                        "      --max-output SIZE keep so much of each of stdout and stderr for --json, the\n"
                        "                        first and the last half (default: 1M)\n"
                        "\n"
                        "Exit status: the command's own; 124 when its time was up, 125 when postern could\n"
                        "not do it, 126 when the command could not be executed, 127 when it was not found,\n"
                        "128+N when signal N ended it.\n";

const char help_shell[] = "usage: postern shell [options]\n"
                          "\n"
                          "Starts your shell in a sandbox, on a terminal of its own when there is one.\n"
                          "\n"
                          "      --tty WHEN        always, never, or auto (default)\n" HELP_SESSION_OPTIONS "\n"
                          "The exit status is as for `postern run`.\n";

const char help_help[] = "usage: postern help [VERB]\n"
                         "\n"
                         "Explains a verb, or lists them all.\n";

const char help_version[] = "usage: postern version\n"
                            "\n"
                            "Prints the version of postern.\n";
