/*
 * quote.c - Windows command lines: made from an argument list for CreateProcessW, and taken apart again as
 * CommandLineToArgvW does. Called by process_win32.c and the launchers; portable so that its tests run anywhere.
 *
 * The rules (Microsoft, "Parsing C command-line arguments" and CommandLineToArgvW): the program's name ends at its
 * closing quote or at a blank, backslashes mean nothing in it. In every other argument 2n backslashes and a quote are n
 * backslashes and the quote itself works; 2n+1 are n backslashes and a quote that is text; others are themselves.
 */
#include "shared/quote.h"

#include <stdlib.h>
#include <string.h>

#include "shared/error.h"
#include "shared/strings.h"

/* Written twice: first without `text`, to learn the size, then into it. */
struct line {
    char *text;
    size_t length;
    size_t units; /* of UTF-16 */
};

static void put(struct line *line, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)text[i];

        if (line->text != NULL) {
            line->text[line->length] = text[i];
        }
        line->length++;
        if ((byte & 0xc0) != 0x80) {
            line->units += byte >= 0xf0 ? 2 : 1;
        }
    }
}

static void put_text(struct line *line, const char *text)
{
    put(line, text, strlen(text));
}

static void put_backslashes(struct line *line, size_t count)
{
    for (; count > 0; count--) {
        put(line, "\\", 1);
    }
}

/* Control characters too: some parsers end an argument at a tab or a line break. */
static bool needs_quotes(const char *argument)
{
    if (argument[0] == '\0') {
        return true;
    }
    for (; *argument != '\0'; argument++) {
        if ((unsigned char)*argument <= ' ' || *argument == '"') {
            return true;
        }
    }
    return false;
}

/* The name cannot hold a quote; the caller has refused that. */
static void put_program(struct line *line, const char *name)
{
    const char *quote = needs_quotes(name) ? "\"" : "";

    put_text(line, quote);
    put_text(line, name);
    put_text(line, quote);
}

static void put_argument(struct line *line, const char *argument)
{
    if (!needs_quotes(argument)) {
        put_text(line, argument);
        return;
    }
    put(line, "\"", 1);
    while (*argument != '\0') {
        size_t plain = strcspn(argument, "\\\"");
        size_t slashes = strspn(argument + plain, "\\");

        put(line, argument, plain + slashes);
        argument += plain + slashes;
        if (*argument == '"') {
            put_backslashes(line, slashes + 1);
            put(line, "\"", 1);
            argument++;
        } else if (*argument == '\0') {
            put_backslashes(line, slashes); /* our closing quote follows */
        }
    }
    put(line, "\"", 1);
}

static bool equal_fold(const char *a, const char *b)
{
    for (;; a++, b++) {
        int x = *a >= 'A' && *a <= 'Z' ? *a - 'A' + 'a' : *a;
        int y = *b >= 'A' && *b <= 'Z' ? *b - 'A' + 'a' : *b;

        if (x != y || x == '\0') {
            return x == y;
        }
    }
}

static bool is_cmd_c(const char *const *argv)
{
    const char *name = argv[0];

    for (const char *at = argv[0]; *at != '\0'; at++) {
        if (*at == '\\' || *at == '/') {
            name = at + 1;
        }
    }
    return (equal_fold(name, "cmd") || equal_fold(name, "cmd.exe")) && argv[1] != NULL && argv[2] != NULL &&
           argv[3] == NULL && equal_fold(argv[1], "/c");
}

static void put_line(struct line *line, const char *const *argv)
{
    put_program(line, argv[0]);
    if (is_cmd_c(argv)) {
        /* With /s cmd takes off the first and the last quote and leaves what is between them alone. */
        put_text(line, " /s /c \"");
        put_text(line, argv[2]);
        put_text(line, "\"");
    } else {
        for (size_t i = 1; argv[i] != NULL; i++) {
            put(line, " ", 1);
            put_argument(line, argv[i]);
        }
    }
    put(line, "", 1);
}

int quote_command_line(const char *const *argv, char **out, struct postern_error *error)
{
    struct line line = {NULL, 0, 0};
    int status;

    if (argv[0] == NULL) {
        return error_set(error, POSTERN_E_INVALID, "spawn", "", "the argument list is empty");
    }
    if (strchr(argv[0], '"') != NULL) {
        return error_set(error, POSTERN_E_INVALID, "spawn", "", "the program name %s holds a quotation mark", argv[0]);
    }
    put_line(&line, argv);
    if (line.units > QUOTE_LIMIT) {
        status =
            error_set(error, POSTERN_E_LIMIT, "spawn", "",
                      "the command line has %zu characters; Windows takes at most %d", line.units - 1, QUOTE_LIMIT - 1);
        error_remedy(error, "pass long input through stdin or a file");
        return status;
    }
    line.text = malloc(line.length);
    if (line.text == NULL) {
        return error_memory(error, "spawn");
    }
    line.length = 0;
    put_line(&line, argv);
    *out = line.text;
    return POSTERN_OK;
}

/* ---- the inverse ---- */

static const char *skip_blanks(const char *at)
{
    return at + strspn(at, " \t");
}

/* Copies the program's name to `out`; returns what follows it. */
static const char *split_program(const char *at, char *out)
{
    size_t length;

    if (*at == '"') {
        at++;
        length = strcspn(at, "\"");
        memcpy(out, at, length);
        out[length] = '\0';
        return at[length] == '"' ? at + length + 1 : at + length;
    }
    length = strcspn(at, " \t");
    memcpy(out, at, length);
    out[length] = '\0';
    return at + length;
}

/*
 * A run of quotes that work. One opens or closes; a third one in a row, the opening one counted, is text and leaves
 * the quoted part: """ is a quote (undocumented, but what CommandLineToArgvW does).
 */
static const char *split_quotes(const char *at, char **out, bool *quoted)
{
    int count = *quoted ? 1 : 0;

    for (; *at == '"'; at++) {
        count++;
        if (count == 3) {
            *(*out)++ = '"';
            count = 0;
        }
    }
    *quoted = count == 1;
    return at;
}

/* Copies one other argument to `out`; returns what follows it. */
static const char *split_argument(const char *at, char *out)
{
    bool quoted = false;

    while (*at != '\0' && (quoted || (*at != ' ' && *at != '\t'))) {
        size_t slashes = strspn(at, "\\");

        if (at[slashes] != '"') {
            size_t plain = slashes > 0 ? slashes : 1;

            memcpy(out, at, plain);
            out += plain;
            at += plain;
            continue;
        }
        memset(out, '\\', slashes / 2);
        out += slashes / 2;
        at += slashes;
        if (slashes % 2 == 1) {
            *out++ = *at++;
        } else {
            at = split_quotes(at, &out, &quoted);
        }
    }
    *out = '\0';
    return at;
}

int quote_split(const char *command_line, struct strings *list)
{
    const char *at = command_line;
    char *argument = malloc(strlen(command_line) + 1); /* no argument is longer than the line */
    int status = POSTERN_OK;

    if (argument == NULL) {
        return POSTERN_E_MEMORY;
    }
    for (bool first = true; *at != '\0'; first = false, at = skip_blanks(at)) {
        at = first ? split_program(at, argument) : split_argument(at, argument);
        if (!strings_add(list, argument)) {
            status = POSTERN_E_MEMORY;
            break;
        }
    }
    free(argument);
    return status;
}
