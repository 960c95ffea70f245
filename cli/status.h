/*
 * status.h - the exit statuses of the `postern` command, as timeout(1) and env(1) use them. Parent side.
 */
#ifndef POSTERN_CLI_STATUS_H
#define POSTERN_CLI_STATUS_H

enum status {
    STATUS_OK = 0,
    STATUS_USAGE = 2,            /* no such verb */
    STATUS_TIMED_OUT = 124,      /* the command's timeout passed */
    STATUS_FAILED = 125,         /* postern itself could not do it, wrong options included */
    STATUS_NOT_EXECUTABLE = 126, /* the command was found but could not be executed */
    STATUS_NOT_FOUND = 127,      /* the command was not found */
    STATUS_SIGNAL = 128          /* plus the number of the signal */
};

#endif
