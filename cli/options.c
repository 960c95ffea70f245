/*
 * Command line options from a table. getopt_long splits the words; every message is made here, because what it
 * returns for a mistake differs between the C libraries. Parent side, called by the verbs.
 */
#include "cli/options.h"

#include <assert.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "shared/error.h"
#include "shared/strings.h"
#include "shared/text.h"

#define STAGE "options"
#define LONG_VALUE 256 /* getopt_long returns LONG_VALUE + index of the row for a long option */

/* What getopt_long wants to be told. */
struct option_tables {
    struct option longs[OPTIONS_MAX + 1];
    char shorts[2 * OPTIONS_MAX + 3];
};

static bool takes_value(const struct option_row *row)
{
    return row->kind != OPTION_FLAG;
}

static void make_tables(const struct option_row *rows, size_t count, struct option_tables *tables)
{
    char *letter = tables->shorts;

    assert(count <= OPTIONS_MAX);
    memset(tables, 0, sizeof(*tables));
    *letter++ = '+'; /* stop at the first argument that is no option: what follows belongs to the command */
    *letter++ = ':';
    for (size_t i = 0; i < count; i++) {
        tables->longs[i].name = rows[i].name;
        tables->longs[i].has_arg = takes_value(&rows[i]) ? required_argument : no_argument;
        tables->longs[i].val = LONG_VALUE + (int)i;
        if (rows[i].letter != 0) {
            *letter++ = rows[i].letter;
            if (takes_value(&rows[i])) {
                *letter++ = ':';
            }
        }
    }
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

static const struct option_row *find_letter(const struct option_row *rows, size_t count, int letter)
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

/* Says what is wrong with `word`, the argument that getopt_long did not like. */
static int explain(const struct option_row *rows, size_t count, const char *word, struct postern_error *error)
{
    const struct option_row *row;
    bool is_long = word[1] == '-';

    if (is_long) {
        row = find_long(rows, count, word + 2);
        if (row == NULL) {
            return unknown_option(word, (int)strcspn(word, "="), error);
        }
        if (!takes_value(row)) {
            return error_set(error, POSTERN_E_INVALID, STAGE, "", "option --%s takes no value", row->name);
        }
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "option --%s needs a value", row->name);
    }
    row = find_letter(rows, count, optopt);
    if (row == NULL) {
        char item[3] = {'-', (char)optopt, '\0'};
        /* Half of a character beyond ASCII: show the whole word. */
        bool ascii = optopt > 0 && optopt < 128;
        return unknown_option(ascii ? item : word, ascii ? 2 : (int)strlen(word), error);
    }
    return error_set(error, POSTERN_E_INVALID, STAGE, "", "option -%c needs a value", optopt);
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

/* The row that getopt_long's answer `got` stands for, or NULL. It takes any beginning of a name for the name, which
 * would make a script fail on the day another option of that beginning is added: only full names pass. */
static const struct option_row *matched(const struct option_row *rows, size_t count, int got, const char *word)
{
    if (got >= LONG_VALUE) {
        return find_long(rows, count, word + 2);
    }
    return got == '?' || got == ':' ? NULL : find_letter(rows, count, got);
}

int options_parse(const struct option_row *rows, size_t count, int argc, char **argv, void *into, int *rest,
                  struct postern_error *error)
{
    struct option_tables tables;
    int result = check_utf8(argc, argv, error);

    if (result != 0) {
        return result;
    }
    make_tables(rows, count, &tables);
    opterr = 0;
    optind = 0; /* start anew, which is spelt so in glibc, musl and MinGW-w64 */
    for (;;) {
        int at = optind > 0 ? optind : 1;
        int got = getopt_long(argc, argv, tables.shorts, tables.longs, NULL);
        const struct option_row *row;

        if (got == -1) {
            *rest = optind;
            return 0;
        }
        row = matched(rows, count, got, argv[at]);
        if (row == NULL) {
            return explain(rows, count, argv[at], error);
        }
        result = set_field(row, optarg, into, error);
        if (result != 0) {
            return result;
        }
    }
}
