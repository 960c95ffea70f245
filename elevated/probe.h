/*
 * probe.h - what only the system can tell postern_probe(). probe_linux.c, probe_win32.c. Looks, changes nothing, needs
 * no privilege. Private to probe.c. Parent.
 */
#ifndef POSTERN_ELEVATED_PROBE_H
#define POSTERN_ELEVATED_PROBE_H

#include <jansson.h>
#include <stdbool.h>

/* {"name", "release", "machine", ...}: what enforcement depends on. New reference; NULL: memory is out. */
json_t *probe_system(void);

/* [{"name", "path", "usable", "message", "remedy"}]: usable if it is there and the one that was installed. New
 * reference; NULL: memory is out. */
json_t *probe_helpers(const char *libexec);

/* Adds one to an array: `error` says why it is not usable, code 0: it is. false: memory is out. */
struct postern_error;
bool probe_add_helper(json_t *helpers, const char *name, const char *path, const struct postern_error *error);

/* Sets a member; text that is no UTF-8 is escaped. NULL, or a value that is NULL: false. Takes the value. */
bool probe_put(json_t *object, const char *key, json_t *value);
json_t *probe_text(const char *text);

#endif
