/*
 * appcontainer_win32.h - app containers: whether the system makes them, their profiles, and what a process is started
 * with to be in one. Callers: the parent (capabilities_win32.c, launch_win32.c, acl_win32.c) for profiles, the runner
 * (process_win32.c, confine_win32.c) for processes.
 *
 * A process in a container is given what both its user and the container's SID (or a SID that stands for all
 * containers, S-1-15-2-1) are granted, and a network only by capabilities. The container's part knows grants only:
 * Windows passes over entries that deny something to it.
 */
#ifndef POSTERN_SHARED_APPCONTAINER_WIN32_H
#define POSTERN_SHARED_APPCONTAINER_WIN32_H

#include <windows.h>

#include "shared/appcontainer.h"
#include "shared/handle.h"

/* Tries what can be tried without leaving anything: the calls, and whether a process could be given a container.
 * POSTERN_E_LEVEL: there are none, with cause and remedy. */
int appcontainer_check(struct postern_error *error);

/* Makes the profile: a directory and a registry key for our own user. One of that name is a failure. *sid is allocated,
 * freed with free(). POSTERN_E_CONFINE. */
int appcontainer_create(const char *name, char **sid, struct postern_error *error);

/* The SID that a profile of that name has or would have. Allocated. POSTERN_E_CONFINE. */
int appcontainer_find_sid(const char *name, char **sid, struct postern_error *error);

/* Removes it with all that is in it, once nothing runs in the container; one that does not exist is no failure. After a
 * failure it may be there in part: to be called again. POSTERN_E_OS. */
int appcontainer_delete(const char *name, struct postern_error *error);

/* For PROC_THREAD_ATTRIBUTE_SECURITY_CAPABILITIES, which borrows `value` until the process is started. Starts at
 * APPCONTAINER_PLACE_NONE; may not be moved between init and free. */
#define APPCONTAINER_CAPABILITIES 3
struct appcontainer_place {
    SECURITY_CAPABILITIES value;
    SID_AND_ATTRIBUTES capability[APPCONTAINER_CAPABILITIES];
};
#define APPCONTAINER_PLACE_NONE                                                                                        \
    {                                                                                                                  \
        {0},                                                                                                           \
        {                                                                                                              \
            {                                                                                                          \
                0                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

/* With `network`, as a client and a server, on the internet and on private networks; loopback is never part of it.
 * POSTERN_E_CONFINE. */
int appcontainer_place_init(const char *sid, bool network, struct appcontainer_place *out, struct postern_error *error);
void appcontainer_place_free(struct appcontainer_place *place);

/* Whether a process that was started so is in that container with those capabilities, and what the system, when asked,
 * lets it do: nothing with a file of our user's, and with one that has an entry for the container what the entry says.
 * Touches no file. POSTERN_E_CONFINE: names what came out wrong. */
int appcontainer_try(os_handle process, const char *sid, bool network, struct postern_error *error);

#endif
