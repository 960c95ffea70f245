/*
 * host.h - what the integration tests and their helper programs ask of the system beyond postern's own interface.
 * host_linux.c, host_win32.c. Linked to every test and every program of tests/support/programs.
 */
#ifndef POSTERN_TESTS_SUPPORT_HOST_H
#define POSTERN_TESTS_SUPPORT_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/handle.h"

/* For programs that run as commands: a sandbox does not let the leak checker trace them, and it fails them for that. */
#if defined(__SANITIZE_ADDRESS__)
#define HOST_RUNS_CONFINED                                                                                             \
    const char *__asan_default_options(void);                                                                          \
    __attribute__((visibility("default"))) const char *__asan_default_options(void)                                    \
    {                                                                                                                  \
        return "detect_leaks=0";                                                                                       \
    }
#else
#define HOST_RUNS_CONFINED
#endif

/* ---- standard streams, without buffers and without translation: 0 stdin, 1 stdout, 2 stderr ---- */

ptrdiff_t host_read(void *data, size_t size); /* of stdin; 0: end of file, negative: failed */
bool host_write(int stream, const void *data, size_t size);
os_handle host_stream(int stream); /* as struct process_spec takes it */
bool host_is_terminal(int stream);

/* The arguments of main(), in UTF-8. Never freed. */
char **host_arguments(int argc, char **argv);

/* ---- processes ---- */

/* SIGKILL or TerminateProcess. */
bool host_kill(uint32_t pid);

/* To be closed with handle_close(). NONE: there is no such process. */
os_handle host_open_process(uint32_t pid);
bool host_ended_within(os_handle process, int milliseconds);

/* Whether there is such a process, as numbered here; one that has ended and is not yet collected counts. */
bool host_lives(uint32_t pid);

/* The process that a sandbox started with `mark` among its arguments, as seen from outside. Linux looks for the mark,
 * because numbers may be those of the sandbox's own; Windows goes by the number. To be closed with handle_close(). */
os_handle host_find_marked(const char *mark, uint32_t pid);

/* The process that started it; 0 where that can't be told. */
uint32_t host_parent_of(uint32_t pid);

/* Bytes that a child of ours writes. Both ends to be closed with handle_close(). */
bool host_pipe(os_handle *reader, os_handle *writer);
ptrdiff_t host_read_handle(os_handle handle, void *data, size_t size);

/* For programs that stand for slow ones; tests wait for something to happen instead. */
void host_sleep(int milliseconds);

/* Waits until it is killed. */
void host_sleep_forever(void);

/* Bytes of memory this process holds at the moment. */
uint64_t host_memory(void);

/* Why this run should take small amounts: "sanitizers", "Wine"; NULL: it should not. */
const char *host_slowness(void);
bool host_is_wine(void);

/* Whether the parent has the pipes of its commands itself. */
bool host_has_direct_streams(void);

/* ---- files ---- */

/* Makes an empty directory that every user may enter and removes it with all that is in it (one level). */
bool host_make_directory(char *out, size_t size);
void host_remove_directory(const char *path);
bool host_change_directory(const char *path);

/* With its permissions: the copy of a program is a program. */
bool host_copy_file(const char *from, const char *to);

/* ---- waiting and threads ---- */

/* Waits for one of these handles (postern_sandbox_handle()); its index, or -1 when the time is over. */
int host_wait_any(const intptr_t *handles, size_t count, int milliseconds);

struct host_thread;
struct host_thread *host_thread_start(void (*run)(void *context), void *context); /* NULL on failure */
void host_thread_join(struct host_thread *thread);

#endif
