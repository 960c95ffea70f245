/*
 * Arguments and standard streams on Linux; see arguments.h. Parent side, called by main() and `postern shell`.
 */
#include "cli/arguments.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "shared/error.h"

/* A closed descriptor 1 would be taken by the next socket opened, and the command's output would go there. What is
 * opened instead fails as a closed one does: stdin is at its end, stdout and stderr cannot be written. */
static int fill_standard_streams(struct postern_error *error)
{
    for (int fd = 0; fd <= 2; fd++) {
        int opened;
        if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF) {
            continue;
        }
        opened = open("/dev/null", O_RDONLY);
        if (opened != fd) { /* the lowest free one is taken, and that is this one */
            return error_os(error, POSTERN_E_OS, "start", "open", errno,
                            "/dev/null cannot take a closed stream's place");
        }
    }
    return 0;
}

/* NOLINTNEXTLINE(readability-non-const-parameter): Windows replaces them */
int arguments_get(int *argc, char ***argv, struct postern_error *error)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    (void)argc;
    (void)argv;
    if (sigaction(SIGPIPE, &ignore, NULL) != 0) {
        return error_os(error, POSTERN_E_OS, "start", "sigaction", errno, "SIGPIPE cannot be ignored");
    }
    return fill_standard_streams(error);
}

const char *arguments_shell(void)
{
    const char *shell = getenv("SHELL");

    return shell != NULL && shell[0] == '/' ? shell : "/bin/sh";
}

const char *const *arguments_command_shell(void)
{
    static const char *const words[] = {"/bin/sh", "-c"};

    return words;
}
