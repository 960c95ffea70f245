/*
 * doctor_table.h - what `postern doctor` has found: a row for each check, told as it comes or as JSON at the end.
 * Callers: doctor*.c. Parent side.
 */
#ifndef POSTERN_CLI_DOCTOR_TABLE_H
#define POSTERN_CLI_DOCTOR_TABLE_H

#include <jansson.h>
#include <stdbool.h>

#include "shared/error.h"

enum doctor_result { DOCTOR_OK, DOCTOR_FAILED, DOCTOR_SKIPPED, DOCTOR_NOT_OFFERED };

struct doctor_table {
    bool json;
    const char *level; /* of the checks that follow; NULL: of none */
    json_t *rows;
    unsigned failed; /* rows so far */
};

/* `cause` and `action` may be "". What cannot be kept for want of memory counts as failed. */
void doctor_table_add(struct doctor_table *table, const char *check, enum doctor_result result, const char *cause,
                      const char *action);

/* A row that goes into the JSON alone: people have been told already. */
void doctor_table_note(struct doctor_table *table, const char *check, enum doctor_result result, const char *cause);

void doctor_ok(struct doctor_table *table, const char *check);
void doctor_skip(struct doctor_table *table, const char *check, const char *cause);
void doctor_fail(struct doctor_table *table, const char *check, const char *action, const char *format, ...)
    COMPILER_PRINTF(4, 5);
void doctor_fail_error(struct doctor_table *table, const char *check, const struct postern_error *error);

/* The head of the table, and of the rows of a level. */
void doctor_table_begin(const struct doctor_table *table);
void doctor_table_level(struct doctor_table *table, const char *level);

/* The verdict; as JSON also everything else. The rows are freed. */
int doctor_table_end(struct doctor_table *table, bool healthy, const char *verdict, struct postern_error *error);

#endif
