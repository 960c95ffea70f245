/*
 * show.h - text for people: safe for a terminal whatever is in it, wrapped for 80 columns. Callers: the verbs that
 * print more than a line. Parent side.
 */
#ifndef POSTERN_CLI_SHOW_H
#define POSTERN_CLI_SHOW_H

#include <stddef.h>

#define SHOW_WIDTH 80

/* Writes to stdout with control characters escaped; NULL is "". */
void show_text(const char *text);

/* The same in lines of SHOW_WIDTH columns, broken at blanks: the first one begins at `column`, where the output stands,
 * the others are indented by `indent`. Ends the last line. */
void show_wrapped(size_t column, size_t indent, const char *text);

/* `text` and blanks up to `width` columns, at least one. Returns the columns taken. */
size_t show_cell(const char *text, size_t width);

#endif
