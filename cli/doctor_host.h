/*
 * doctor_host.h - what only the system can do for `postern doctor`: for the parent, which makes the conditions of a
 * check, and for the steps, which run inside the sandbox. doctor_host_linux.c, doctor_host_win32.c.
 */
#ifndef POSTERN_CLI_DOCTOR_HOST_H
#define POSTERN_CLI_DOCTOR_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shared/handle.h"

struct doctor_lists;
struct postern_error;

/* ---- the parent ---- */

/* A directory of our own in the system's place for temporary ones, resolved. Allocated; NULL with `error`. */
char *doctor_host_make_scratch(struct postern_error *error);
/* A directory in it that everybody might use. 0 or the system's error number. */
int64_t doctor_host_make_directory(const char *path);
bool doctor_host_remove(const char *path); /* a file or an empty directory; true: it is not there any more */

/* This program, copied to where a sandbox can execute it. */
int doctor_host_copy_program(const char *to, struct postern_error *error);
const char *doctor_host_program_name(void); /* static, "postern" with the system's ending */

/* Listens on the loopback address. Closed with doctor_host_close_socket(). */
int doctor_host_listen(os_handle *out, uint16_t *port, struct postern_error *error);
bool doctor_host_was_reached(os_handle listener); /* takes one connection, if there is one */
void doctor_host_close_socket(os_handle *listener);

bool doctor_host_set_variable(const char *name, const char *value); /* of our own environment */
/* An open file that a child would inherit; NONE on failure. *number is what the child would know it by. */
os_handle doctor_host_leak(const char *path, uint64_t *number);

bool doctor_host_is_held(const char *path); /* a process holds the file with doctor_host_hold() */
bool doctor_host_is_running(uint32_t pid);
bool doctor_host_has_children(void); /* of ours, running or dead */
bool doctor_host_exists(const char *path);
bool doctor_host_is_mounted(const char *path); /* something is mounted there or beneath, as we see it */

/* Starts a helper without arguments, which it has to refuse, and waits for its end. *tried false: nothing is to be
 * learnt by that on this system. An error: it could not be started, or did not end in time. */
int doctor_host_try_helper(const char *path, bool *tried, int *exit_code, struct postern_error *error);

/* How a directory stands where sandboxes live by access lists; false: they do not on this system. */
bool doctor_host_look_at_lists(const char *directory, struct doctor_lists *out);

/* ---- both ---- */

/* "station\\desktop" of this process, and the name of the first; false: there is no such thing here. */
bool doctor_host_desktop(char *text, size_t size, char *station, size_t station_size);
/* Opens a window station as those do that use its clipboard. 0, or the system's error number. */
int64_t doctor_host_open_station(const char *name);
/* ---- steps, inside ---- */

/* 0, or the system's error number. */
int64_t doctor_host_connect(uint16_t port);
bool doctor_host_has_handle(uint64_t number);
/* Starts a process that has left its parent's session or console, holds the file, and lives until it is killed. Returns
 * once it holds it. */
bool doctor_host_start_holder(const char *path);
/* On Windows the holder is this program anew: holds the file, tells the handle `number`, never returns. */
void doctor_host_be_holder(const char *path, uint64_t number);

#endif
