/*
 * show.c - text for people; see show.h. Paths and messages may have been chosen by somebody hostile. Parent side.
 */
#include "cli/show.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/text.h"

/* Allocated; NULL when memory is out. */
static char *escaped(const char *text)
{
    size_t length = strlen(text);
    char *out = length < ((size_t)-1 - 1) / 4 ? malloc(4 * length + 1) : NULL;
    if (out) {
        out[0] = '\0';
        text_escape(out, 4 * length + 1, text, length);
    }
    return out;
}

/* Columns, taking every character for one wide. */
static size_t columns(const char *text, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        if (((unsigned char)text[i] & 0xC0) != 0x80)
            count++;
    return count;
}

void show_text(const char *text)
{
    char *safe = escaped(text ? text : "");
    fputs(safe ? safe : "(no memory)", stdout);
    free(safe);
}

size_t show_cell(const char *text, size_t width)
{
    char *safe = escaped(text);
    size_t taken = safe ? columns(safe, strlen(safe)) : 0;
    size_t blanks = taken < width ? width - taken : 1;
    printf("%s%*s", safe ? safe : "", (int)blanks, "");
    free(safe);
    return taken + blanks;
}

void show_wrapped(size_t column, size_t indent, const char *text)
{
    char *safe = escaped(text);
    bool first = true;
    for (const char *at = safe ? safe : ""; *at;) {
        size_t length = strcspn(at, " ");
        size_t wide = columns(at, length);
        if (!first && column + 1 + wide > SHOW_WIDTH) {
            printf("\n%*s", (int)indent, "");
            column = indent;
        } else if (!first) {
            putchar(' ');
            column++;
        }
        printf("%.*s", (int)length, at);
        column += wide;
        first = false;
        at += length;
        at += strspn(at, " ");
    }
    putchar('\n');
    free(safe);
}
