/*
 * cmd_model.c - how cmd.exe reads a command line, see cmd_model.h.
 */
#include "tests/support/cmd_model.h"

#include <string.h>

#include "tests/support/test.h"

static bool same(const char *name, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char a = name[i], b = text[i];

        a = a >= 'A' && a <= 'Z' ? (char)(a + 32) : a;
        b = b >= 'A' && b <= 'Z' ? (char)(b + 32) : b;
        if (a != b || a == '\0') {
            return false;
        }
    }
    return name[length] == '\0';
}

static const char *value_of(const struct cmd_variable *variables, const char *name, size_t length)
{
    for (; variables->name != NULL; variables++) {
        if (same(variables->name, name, length)) {
            return variables->value;
        }
    }
    return same("cd", name, length) ? "C:\\here" : NULL;
}

static void put(struct cmd_reading *out, const char *text, size_t length)
{
    size_t used = strlen(out->line);

    assert_true(used + length < sizeof(out->line));
    memcpy(out->line + used, text, length);
    out->line[used + length] = '\0';
}

/* "~,": from the start, no characters. Other operations put in something of the value. */
static bool is_empty_part(const char *operation, size_t length)
{
    return length == 2 && strncmp(operation, "~,", 2) == 0;
}

/* One percent sign on a command line (not in a script, where two are one). Returns what follows what was read. */
static const char *read_percent(const char *at, const struct cmd_variable *variables, struct cmd_reading *out)
{
    const char *name = at + 1;
    size_t length = strcspn(name, "%:");
    const char *end, *value;

    if (name[length] == ':' && name[length + 1] == '%') {
        length++; /* a colon right before the percent sign belongs to the name */
    }
    end = name[length] == ':' ? name + length + 1 + strcspn(name + length + 1, "%") : name + length;
    value = length > 0 && *end == '%' ? value_of(variables, name, length) : NULL;
    if (value == NULL) {
        put(out, "%", 1); /* stays, and what follows is read as if nothing had been */
        return name;
    }
    if (name[length] == ':' && is_empty_part(name + length + 1, (size_t)(end - name) - length - 1)) {
        return end + 1;
    }
    out->leaked = true;
    put(out, value, strlen(value));
    return end + 1;
}

static void expand(const char *text, size_t length, const struct cmd_variable *variables, struct cmd_reading *out)
{
    char copy[CMD_MODEL_SIZE];

    assert_true(length < sizeof(copy));
    memcpy(copy, text, length);
    copy[length] = '\0';
    for (const char *at = copy; *at != '\0';) {
        if (*at == '%') {
            at = read_percent(at, variables, out);
        } else {
            put(out, at++, 1);
        }
    }
}

static void split(struct cmd_reading *out)
{
    bool quoted = false, inside = false;
    size_t length = 0;

    for (const char *at = out->line;; at++) {
        bool blank = !quoted && strchr(" \t,;=", *at) != NULL; /* and at the end */

        if (*at == '\n' || *at == '\r' || (!quoted && *at != '\0' && strchr("&|<>^()@!", *at) != NULL)) {
            out->commands = true;
        }
        if (blank && inside) {
            out->argument[out->count++][length] = '\0';
            inside = false;
        }
        if (*at == '\0') {
            break;
        }
        quoted = quoted != (*at == '"');
        if (!blank) {
            length = inside ? length : 0;
            inside = true;
            assert_true(out->count < 12 && length < 1023);
            out->argument[out->count][length++] = *at;
        }
    }
    /* An open quote at the end is nothing that our lines may have. */
    out->commands = out->commands || quoted;
}

void cmd_model_read(const char *line, const struct cmd_variable *variables, struct cmd_reading *out)
{
    const char *start = strstr(line, " /s /c \"");
    const char *end = strrchr(line, '"');

    memset(out, 0, sizeof(*out));
    assert_non_null(start);
    start += strlen(" /s /c \"");
    assert_true(end >= start);
    expand(start, (size_t)(end - start), variables, out);
    split(out);
}
