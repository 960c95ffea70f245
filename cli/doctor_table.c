/*
 * doctor_table.c - the table of `postern doctor`; see doctor_table.h. Parent side. Causes may quote what a command has
 * written, so everything is escaped.
 */
#include "cli/doctor_table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/report.h"
#include "cli/show.h"
#include "shared/text.h"

enum { CHECK = 23, RESULT = 9, INDENT = CHECK + RESULT };

static const char *result_name(enum doctor_result result)
{
    switch (result) {
    case DOCTOR_OK:
        return "ok";
    case DOCTOR_FAILED:
        return "failed";
    case DOCTOR_SKIPPED:
        return "skipped";
    case DOCTOR_NOT_OFFERED:
        return "not offered";
    }
    return "unknown";
}

static bool keep(struct doctor_table *table, const char *check, enum doctor_result result, const char *cause,
                 const char *action)
{
    json_t *row = json_object();
    bool fits = json_object_set_new(row, "level", table->level ? json_string(table->level) : json_null()) == 0 &&
                json_object_set_new(row, "check", json_string(check)) == 0 &&
                json_object_set_new(row, "result", json_string(result_name(result))) == 0 &&
                json_object_set_new(row, "cause", report_json_text(cause)) == 0 &&
                json_object_set_new(row, "action", report_json_text(action)) == 0;
    if (!table->rows)
        table->rows = json_array();
    return json_array_append_new(table->rows, row) == 0 && fits;
}

/* What went wrong has to be found at a glance. */
static const char *shown_result(enum doctor_result result)
{
    return result == DOCTOR_FAILED ? "FAILED" : result == DOCTOR_NOT_OFFERED ? "-" : result_name(result);
}

static void show(const char *check, enum doctor_result result, const char *cause, const char *action)
{
    size_t column = 2;
    fputs("  ", stdout);
    column += show_cell(result == DOCTOR_NOT_OFFERED ? result_name(result) : check, CHECK - 2);
    if (result == DOCTOR_OK && *cause == '\0') {
        puts("ok");
    } else {
        column += show_cell(shown_result(result), RESULT);
        show_wrapped(column, INDENT, cause);
    }
    if (*action) {
        printf("%*s-> ", INDENT, "");
        show_wrapped(INDENT + 3, INDENT + 3, action);
    }
    fflush(stdout); /* the next check may take its time */
}

void doctor_table_add(struct doctor_table *table, const char *check, enum doctor_result result, const char *cause,
                      const char *action)
{
    bool kept = keep(table, check, result, cause, action);
    if (result == DOCTOR_FAILED || !kept)
        table->failed++;
    if (!table->json)
        show(check, result, cause, action);
}

void doctor_table_note(struct doctor_table *table, const char *check, enum doctor_result result, const char *cause)
{
    if (!keep(table, check, result, cause, ""))
        table->failed++;
}

void doctor_ok(struct doctor_table *table, const char *check)
{
    doctor_table_add(table, check, DOCTOR_OK, "", "");
}

void doctor_skip(struct doctor_table *table, const char *check, const char *cause)
{
    doctor_table_add(table, check, DOCTOR_SKIPPED, cause, "");
}

void doctor_fail(struct doctor_table *table, const char *check, const char *action, const char *format, ...)
{
    char cause[sizeof(((struct postern_error *)0)->message)];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(cause, sizeof(cause), format, arguments);
    va_end(arguments);
    cause[text_utf8_boundary(cause, strlen(cause))] = '\0';
    doctor_table_add(table, check, DOCTOR_FAILED, cause, action);
}

void doctor_fail_error(struct doctor_table *table, const char *check, const struct postern_error *error)
{
    doctor_fail(table, check, error->remedy, "%s%s%s (%s)", error->stage, error->stage[0] ? ": " : "", error->message,
                postern_code_name(error->code));
}

void doctor_table_begin(const struct doctor_table *table)
{
    if (table->json)
        return;
    show_cell("CHECK", CHECK);
    show_cell("RESULT", RESULT);
    puts("CAUSE AND ACTION");
}

void doctor_table_level(struct doctor_table *table, const char *level)
{
    table->level = level;
    if (!table->json)
        printf("level %s\n", level);
}

int doctor_table_end(struct doctor_table *table, bool healthy, const char *verdict, struct postern_error *error)
{
    json_t *object;
    int result = 0;
    if (table->json) {
        object = json_object();
        bool fits = json_object_set_new(object, "version", json_string(postern_version())) == 0 &&
                    json_object_set_new(object, "healthy", json_boolean(healthy)) == 0 &&
                    json_object_set_new(object, "verdict", json_string(verdict)) == 0 &&
                    json_object_set(object, "checks", table->rows) == 0;
        result = report_print_json(fits ? json_dumps(object, JSON_COMPACT) : NULL, error);
        json_decref(object);
    } else {
        putchar('\n');
        show_wrapped(0, 0, verdict);
    }
    json_decref(table->rows);
    table->rows = NULL;
    return result;
}
