/*
 * Command line options from a table. The words are split here and not by getopt_long, which not every C library has,
 * which takes any beginning of a name for the name, and whose answers to a mistake differ. Parent side, called by the
 * verbs.
 */
#include "cli/options.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "shared/error.h"
#include "shared/strings.h"
#include "shared/text.h"

#define STAGE "options"

static bool takes_value(const struct option_row *row)
{
    return row->kind != OPTION_FLAG;
}

static int check_utf8(int argc, char **argv, struct postern_error *error)
{
    for (int i = 1; i < argc; i++) {
        if (!text_is_utf8(argv[i], strlen(argv[i]))) {
            char shown[160] = "";
            text_escape(shown, sizeof(shown), argv[i], strlen(argv[i]));
            return error_set(error, POSTERN_E_INVALID, STAGE, "", "argument %d is not valid UTF-8: %s", i, shown);
        }
    }
    return 0;
}

/* The row whose long name is `word` up to '=' or the end; NULL when there is none. */
static const struct option_row *find_long(const struct option_row *rows, size_t count, const char *word)
{
    size_t length = strcspn(word, "=");

    for (size_t i = 0; i < count; i++) {
        if (strlen(rows[i].name) == length && strncmp(rows[i].name, word, length) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

static const struct option_row *find_letter(const struct option_row *rows, size_t count, char letter)
{
    for (size_t i = 0; i < count; i++) {
        if (letter != 0 && rows[i].letter == letter) {
            return &rows[i];
        }
    }
    return NULL;
}

static int unknown_option(const char *item, int length, struct postern_error *error)
{
    error_set(error, POSTERN_E_INVALID, STAGE, "", "unknown option %.*s", length, item);
    error_remedy(error, "see the verb's --help; options of the command go behind \"--\"");
    return POSTERN_E_INVALID;
}

static int bad_value(const struct option_row *row, const char *value, const char *wanted, struct postern_error *error)
{
    return error_set(error, POSTERN_E_INVALID, STAGE, "", "option --%s: \"%s\" is not %s", row->name, value, wanted);
}

static int set_choice(const struct option_row *row, const char *value, int *field, struct postern_error *error)
{
    char wanted[128] = "one of";

    for (const struct option_choice *choice = row->choices; choice->name != NULL; choice++) {
        size_t used = strlen(wanted);
        if (strcmp(choice->name, value) == 0) {
            *field = choice->value;
            return 0;
        }
        snprintf(wanted + used, sizeof(wanted) - used, "%s %s", choice == row->choices ? "" : ",", choice->name);
    }
    return bad_value(row, value, wanted, error);
}

static int set_field(const struct option_row *row, const char *value, void *into, struct postern_error *error)
{
    void *field = (char *)into + row->offset;

    switch (row->kind) {
    case OPTION_FLAG:
        *(bool *)field = true;
        return 0;
    case OPTION_TEXT:
        if (value[0] == '\0') {
            return error_set(error, POSTERN_E_INVALID, STAGE, "", "option --%s: the value is empty", row->name);
        }
        *(const char **)field = value;
        return 0;
    case OPTION_LIST:
        return strings_add(field, value) ? 0 : error_memory(error, STAGE);
    case OPTION_DURATION:
        return text_parse_duration(value, field) ? 0 : bad_value(row, value, "a time such as 500ms, 30s or 5m", error);
    case OPTION_SIZE:
        return text_parse_size(value, field) ? 0 : bad_value(row, value, "a size such as 4096, 64K or 10M", error);
    case OPTION_NUMBER:
        return text_parse_u64(value, field) ? 0 : bad_value(row, value, "a number", error);
    case OPTION_CHOICE:
        return set_choice(row, value, field, error);
    }
    return error_set(error, POSTERN_E_INTERNAL, STAGE, "", "option --%s is of no known kind", row->name);
}

/* What is being parsed, and how far. */
struct cursor {
    const struct option_row *rows;
    size_t count;
    int argc, at;
    char **argv;
};

/* The word behind; NULL: there is none. */
static const char *next_word(struct cursor *cursor)
{
    return cursor->at + 1 < cursor->argc ? cursor->argv[++cursor->at] : NULL;
}

/* "--name", "--name=value", "--name value". Only full names: a script that gave the beginning of one would fail on the
 * day another option begins so. */
static int parse_long(struct cursor *cursor, void *into, struct postern_error *error)
{
    const char *word = cursor->argv[cursor->at];
    const char *value = strchr(word, '=');
    const struct option_row *row = find_long(cursor->rows, cursor->count, word + 2);

    if (row == NULL)
        return unknown_option(word, (int)strcspn(word, "="), error);
    if (value != NULL && !takes_value(row))
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "option --%s takes no value", row->name);
    value = value != NULL ? value + 1 : takes_value(row) ? next_word(cursor) : NULL;
    if (value == NULL && takes_value(row))
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "option --%s needs a value", row->name);
    return set_field(row, value, into, error);
}

/* "-a", "-abc" for three flags, "-nvalue", "-n value". */
static int parse_letters(struct cursor *cursor, void *into, struct postern_error *error)
{
    const char *word = cursor->argv[cursor->at];
    int result = 0;

    for (const char *letter = word + 1; *letter != '\0' && result == 0; letter++) {
        const struct option_row *row = find_letter(cursor->rows, cursor->count, *letter);
        if (row == NULL) {
            const char item[3] = {'-', *letter, '\0'};
            /* Half of a character beyond ASCII: show the whole word. */
            bool ascii = (unsigned char)*letter < 128;
            return unknown_option(ascii ? item : word, ascii ? 2 : (int)strlen(word), error);
        }
        if (takes_value(row)) {
            const char *value = letter[1] != '\0' ? letter + 1 : next_word(cursor);
            if (value == NULL)
                return error_set(error, POSTERN_E_INVALID, STAGE, "", "option -%c needs a value", *letter);
            return set_field(row, value, into, error);
        }
        result = set_field(row, NULL, into, error);
    }
    return result;
}

int options_parse(const struct option_row *rows, size_t count, int argc, char **argv, void *into, int *rest,
                  struct postern_error *error)
{
    struct cursor cursor = {.rows = rows, .count = count, .argc = argc, .at = 1, .argv = argv};
    int result = check_utf8(argc, argv, error);

    /* What follows the first argument that is no option belongs to the command; a lone dash is none. */
    for (; result == 0 && cursor.at < argc && argv[cursor.at][0] == '-' && argv[cursor.at][1] != '\0'; cursor.at++) {
        if (strcmp(argv[cursor.at], "--") == 0) {
            cursor.at++;
            break;
        }
        result = argv[cursor.at][1] == '-' ? parse_long(&cursor, into, error) : parse_letters(&cursor, into, error);
    }
    if (result == 0)
        *rest = cursor.at < argc ? cursor.at : argc;
    return result;
}
