/*
 * resolve_way_windows.h - which links a path of Windows leads over, one name after the other, and what a junction or
 * symbolic link says. Pure text and bytes and portable, so that it is tested anywhere; what lies at a path is asked of
 * `look`. Parent; caller: resolve_win32.c.
 */
#ifndef POSTERN_ELEVATED_RESOLVE_WAY_WINDOWS_H
#define POSTERN_ELEVATED_RESOLVE_WAY_WINDOWS_H

#include "shared/strings.h"

/* Whether `path` itself is a link. *target: what it says, allocated; it stays NULL where that is no path (a volume) or
 * is not known. */
typedef bool resolve_way_look(void *context, const char *path, char **target);

/* `path` is absolute: "C:\a", "\\server\share\a", with or without "\\?\". Appends each link as it was come by; its path
 * leads over no other one. What a link with an unknown target leads over is not found. false: memory is out. */
bool resolve_way_windows(const char *path, resolve_way_look *look, void *context, struct strings *links);

/* The path in the bytes that FSCTL_GET_REPARSE_POINT gives for a junction or symbolic link: UTF-16, `length` bytes from
 * `at`. false: they are of another kind, or damaged. */
bool resolve_way_target(const unsigned char *data, size_t size, size_t *at, size_t *length);

#endif
