/*
 * host_attempt_linux.h - for programs that want out: each attempt tries some ways and says a line about each,
 * "WAY<tab>worked", "WAY<tab>refused: WHY" or "WAY<tab>untried: WHY". Read by attempt_linux.h in the tests, which run
 * the same program confined and, as a control, unconfined.
 */
#ifndef POSTERN_TESTS_SUPPORT_HOST_ATTEMPT_LINUX_H
#define POSTERN_TESTS_SUPPORT_HOST_ATTEMPT_LINUX_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct attempt {
    const char *name;
    int arguments;
    void (*run)(char **argv);
};

/* PROGRAM NAME [ARGUMENT...]: 0 when the attempt was made, however it went; 98: there is no such attempt. */
int attempt_main(int argc, char **argv, const struct attempt *attempts, size_t count);

/* One way: `worked`, or errno says why not. */
void attempt_tell(const char *way, bool worked);

/* The same for a descriptor, which is closed, or any other result that is negative when it was refused. */
void attempt_tell_file(const char *way, int descriptor);
void attempt_tell_result(const char *way, long result);

/* For calls that would do harm, made with arguments that can do none: whether the kernel got as far as to look at
 * them. Refused are EPERM, EACCES, ENOSYS. */
void attempt_tell_reached(const char *way, long result);

void attempt_untried(const char *way, const char *why);

/* Goals: a byte goes into this file, a byte comes out of it, a file is made there (and removed). errno on failure. */
bool attempt_changes(const char *path);
bool attempt_reads(const char *path);
bool attempt_makes(const char *path);
bool attempt_changes_file(int descriptor);

/* Runs `way` in a child, which may be lost to it; true when it exits with 0, else errno is what it exited with. */
bool attempt_in_child(int (*way)(void *context), void *context);

/* "DIRECTORY/NAME"; a few of them live at once. */
const char *attempt_path(const char *directory, const char *name);

#endif
