/*
 * attempt_linux.h - attempts to get out of a sandbox, from the side of the test: a place with things to get at, the
 * program that tries run inside and outside, and what it says compared. See host_attempt_linux.h for the program.
 */
#ifndef POSTERN_TESTS_SUPPORT_ATTEMPT_LINUX_H
#define POSTERN_TESTS_SUPPORT_ATTEMPT_LINUX_H

#include <sys/types.h>

#include "tests/support/sandbox.h"

/* A directory in which every user can see what is there, and which no sandbox covers with a private one. */
struct place {
    char base[256];
    char work[300];    /* empty: the workspace */
    char outside[300]; /* what everybody may read and write, but for a sandbox */
    char bin[300];     /* the programs named, for any user to execute */
};

/* `programs` ends with NULL. What is in it belongs to the user who calls. Fails the test when there is no such place
 * to be had. */
void place_make(struct place *place, const char *const *programs);
void place_remove(struct place *place);

/* The owner the workspace has at this level, where we may give files away; with all that is in it. */
void place_give(const struct place *place, enum postern_level level);
#define PLACE_OWNER 12345

/* Beneath `directory`; what is missing above is made as well. Every user may read, and write if `open`. */
void place_file(const char *directory, const char *name, const char *text, bool open);
void place_directory(const char *directory, const char *name, bool open);
void place_empty(const char *directory); /* all that is in it */

/* "DIRECTORY/NAME"; some live at once. */
const char *place_path(const char *directory, const char *name);

struct outcome {
    int status;
    char out[65536];
};

/* argv[0] is the name of a program of the place, or a path. */
struct outcome place_run(const struct place *place, struct postern_sandbox *sandbox,
                         const struct postern_command *command, const char *const *argv);

/* Both are what an attempt has said. Fails the test when a way worked inside, or was not tried there though it can be.
 * What does not work outside either proves nothing: it is named, and when there is nothing else the test is skipped. */
void expect_refused(const struct outcome *control, const struct outcome *inside);

/* Whether the sandbox says that this is in force: "capability" or "capability:mechanism", versions left out. */
bool in_force(const struct postern_sandbox *sandbox, const char *what);

/* Runs the tests once more in a child that is nobody special; TAP of its own. 0 if all is well, or if we are no root
 * and the tests have been run as such already. */
#define PLACE_USER 61850
int test_run_as_user(int (*run)(void));

/* main() of the tests: at both levels that confine, then at restricted as a user; and with `without_namespaces`, which
 * is set to true then, as that user where there are no namespaces. */
typedef int attempt_run_fn(const enum postern_level *levels, size_t count);
int attempt_run_everywhere(attempt_run_fn *run, bool *without_namespaces);

#endif
