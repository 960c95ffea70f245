/*
 * run_win32.h - starting tests/support/programs/child_win32.c and reading what it says. Failures end the test.
 */
#ifndef POSTERN_TESTS_SUPPORT_RUN_WIN32_H
#define POSTERN_TESTS_SUPPORT_RUN_WIN32_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/process_win32.h"
#include "shared/strings.h"

#define RUN_WAIT_MS 20000u

struct run {
    char text[65536]; /* of stdout, NUL-terminated */
    size_t size;
    int exit_code;
};

/* The child's path, and a list { program, mode, ... } for it. */
const char *run_child_path(void);

/* Fills what the caller has left open in `spec` (program, environment, output), starts it with argv and reads its
 * output to the end. */
void run_spec(struct process_spec *spec, const char *const *argv, struct run *out);

/* The same confined; NULL: not. */
void run_confined(struct process_spec *spec, const struct process_confinement *confinement, const char *const *argv,
                  struct run *out);

/* The same with nothing special. argv[0] may be anything. */
void run_child(const char *const *argv, struct run *out);

/* This process' own environment, NULL-terminated, kept for the life of the program. */
const char *const *run_environment(void);

/* An anonymous pipe; not inheritable. */
void run_pipe(os_handle *reader, os_handle *writer);

/* The next line without its line feed (or CR LF), at most RUN_WAIT_MS away. */
void run_read_line(os_handle reader, char *line, size_t size);

/* Whether the handle is signalled within RUN_WAIT_MS / now. */
bool run_wait(os_handle handle);
bool run_is_signalled(os_handle handle);

/* A handle to wait for process `pid` with; none if there is no such process. */
os_handle run_open_process(uint32_t pid);

bool run_under_wine(void);

#endif
