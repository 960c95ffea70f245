/*
 * manifest.h - for tests that put programs of their own in the place of postern's helpers: those have to be pinned like
 * any (elevated/helper.h). A test that wants to see them refused writes the manifest itself.
 */
#ifndef POSTERN_TESTS_SUPPORT_MANIFEST_H
#define POSTERN_TESTS_SUPPORT_MANIFEST_H

#include <stdbool.h>

/* Writes the manifest of the helpers that are in the directory now. */
bool manifest_write(const char *directory);

/* The line of one file, as the manifest has it; allocated. */
char *manifest_line(const char *directory, const char *name);

#endif
