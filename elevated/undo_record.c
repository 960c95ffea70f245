/*
 * undo_record.c - writing and reading the journal of changes, see undo_record.h. Parent.
 */
#include "elevated/undo_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/crypto.h"
#include "shared/text.h"

#define STAGE "undo"
#define HEADER "postern-undo 1\n"
#define CHECK_SIZE 16 /* digits */
#define RECORD_MAX ((size_t)16 * UNDO_TEXT_MAX)
#define FIELDS_MAX 6

/* ---- text ---- */

static bool is_plain(unsigned char byte)
{
    return byte > ' ' && byte < 127 && byte != '%';
}

static bool put_field(struct buffer *out, const char *text)
{
    bool fits = strlen(text) <= UNDO_TEXT_MAX && buffer_append(out, "\t", 1);
    for (const unsigned char *at = (const unsigned char *)text; fits && *at; at++)
        fits = is_plain(*at) ? buffer_append(out, at, 1) : buffer_printf(out, "%%%02x", *at);
    return fits;
}

static int digit(char character)
{
    if (character >= '0' && character <= '9')
        return character - '0';
    return character >= 'a' && character <= 'f' ? character - 'a' + 10 : -1;
}

/* In place. The only form is the one that put_field() writes. */
static bool unescape(char *text)
{
    char *out = text;
    for (const char *at = text; *at; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '%') {
            int high = digit(at[1]), low = high < 0 ? -1 : digit(at[2]);
            if (low < 0 || (high == 0 && low == 0) || is_plain((unsigned char)(high * 16 + low)))
                return false;
            byte = (unsigned char)(high * 16 + low);
            at += 2;
        } else if (!is_plain(byte)) {
            return false;
        }
        *out++ = (char)byte;
    }
    *out = '\0';
    return true;
}

static bool make_check(const void *data, size_t size, char out[CHECK_SIZE + 1])
{
    unsigned char hash[CRYPTO_HASH_SIZE];
    if (!crypto_hash(data, size, hash))
        return false;
    for (size_t i = 0; i < CHECK_SIZE / 2; i++)
        snprintf(out + 2 * i, 3, "%02x", hash[i]);
    return true;
}

/* ---- records in memory ---- */

static int keep(struct undo_journal *journal, const char *kind, const char *name, const char *before)
{
    if (journal->count == journal->capacity) {
        size_t capacity = journal->capacity ? 2 * journal->capacity : 16;
        struct undo_change *item = realloc(journal->item, capacity * sizeof(*item));
        if (!item)
            return POSTERN_E_MEMORY;
        journal->item = item;
        journal->capacity = capacity;
    }
    struct undo_change change = {text_duplicate(kind), text_duplicate(name), before ? text_duplicate(before) : NULL,
                                 false};
    if (!change.kind || !change.name || (before && !change.before)) {
        free(change.kind);
        free(change.name);
        free(change.before);
        return POSTERN_E_MEMORY;
    }
    journal->item[journal->count++] = change;
    return 0;
}

static void drop_last(struct undo_journal *journal)
{
    struct undo_change *change = &journal->item[--journal->count];
    free(change->kind);
    free(change->name);
    free(change->before);
}

const struct undo_change *undo_find(const struct undo_journal *journal, const char *kind, const char *name)
{
    for (size_t i = 0; i < journal->count; i++) {
        const struct undo_change *change = &journal->item[i];
        if (!change->undone && strcmp(change->kind, kind) == 0 && strcmp(change->name, name) == 0)
            return change;
    }
    return NULL;
}

void undo_close(struct undo_journal *journal)
{
    while (journal->count > 0)
        drop_last(journal);
    free(journal->item);
    *journal = (struct undo_journal){.store = NULL};
}

/* ---- reading ---- */

/* What is wrong with the fields of a record that is whole; NULL: nothing, and it is kept. */
static const char *take_fields(struct undo_journal *journal, char **field, size_t count, int *status)
{
    uint64_t number;
    if (count == 2 && strcmp(field[0], "undone") == 0) {
        if (!text_parse_u64(field[1], &number) || number >= journal->count || journal->item[number].undone)
            return "undoes a change that is not there";
        journal->item[number].undone = true;
        return NULL;
    }
    bool absent = count == 4 && strcmp(field[3], "absent") == 0, was = count == 5 && strcmp(field[3], "was") == 0;
    if (strcmp(field[0], "change") != 0 || (!absent && !was))
        return "is no record of this version";
    if (undo_find(journal, field[1], field[2]))
        return "is about an item that has a record already";
    *status = keep(journal, field[1], field[2], was ? field[4] : NULL);
    return NULL;
}

/* `line` is without its end and is taken apart. */
static const char *take_line(struct undo_journal *journal, char *line, size_t length, int *status)
{
    char check[CHECK_SIZE + 1], *field[FIELDS_MAX], *at = line + CHECK_SIZE;
    size_t count = 0;
    if (length <= CHECK_SIZE || strlen(line) != length || *at++ != '\t' ||
        !make_check(at, length - CHECK_SIZE - 1, check) || memcmp(check, line, CHECK_SIZE) != 0)
        return "is damaged";
    for (; at && count < FIELDS_MAX; count++) {
        field[count] = at;
        at = strchr(at, '\t');
        if (at)
            *at++ = '\0';
        if (!unescape(field[count]))
            return "is damaged";
    }
    return at ? "is no record of this version" : take_fields(journal, field, count, status);
}

static int damaged(struct postern_error *error, size_t number, const char *problem)
{
    int code = error_set(error, POSTERN_E_STATE, STAGE, "", "line %zu of the undo record %s", number, problem);
    error_remedy(error, "do not edit or remove it; restore it from a backup, or undo the changes by hand");
    return code;
}

/* A sound line moves journal->size behind itself. */
static int take_lines(struct undo_journal *journal, char *text, size_t size, struct postern_error *error)
{
    int status = 0;
    for (size_t number = 1, at = 0; at < size && status == 0; number++) {
        char *line = text + at, *end = memchr(line, '\n', size - at);
        const char *problem = NULL;
        if (!end)
            return 0; /* torn */
        size_t length = (size_t)(end - line);
        bool holes = memchr(line, '\0', length) != NULL;
        at += length + 1;
        if (number == 1) {
            problem = length + 1 == strlen(HEADER) && memcmp(line, HEADER, length) == 0 ? NULL : "is not its first";
        } else {
            *end = '\0';
            problem = take_line(journal, line, length, &status);
        }
        if (problem && holes && at == size)
            return 0; /* torn as well: sectors of the last write that did not arrive read as zeros */
        if (problem)
            return damaged(error, number, problem);
        journal->size = at;
    }
    return status == 0 ? 0 : error_memory(error, STAGE);
}

int undo_open(struct undo_journal *journal, const struct undo_store *store, struct postern_error *error)
{
    struct buffer text;
    *journal = (struct undo_journal){.store = store};
    buffer_init(&text, UNDO_SIZE_MAX);
    int status = store->read(store->context, &text, error);
    if (status == 0)
        status = take_lines(journal, (char *)buffer_data(&text), buffer_length(&text), error);
    buffer_free(&text);
    if (status != 0)
        undo_close(journal);
    return status;
}

/* ---- writing ---- */

/* `fields` begins with a tab, which goes behind the check. */
static int write_record(struct undo_journal *journal, struct buffer *fields, bool fits, struct postern_error *error)
{
    char check[CHECK_SIZE + 1];
    struct buffer line;
    int status = POSTERN_E_LIMIT;
    buffer_init(&line, RECORD_MAX + sizeof(HEADER) + CHECK_SIZE + 1);
    fits = fits && make_check(buffer_data(fields) + 1, buffer_length(fields) - 1, check);
    if (fits && journal->size == 0)
        fits = buffer_append(&line, HEADER, strlen(HEADER));
    fits = fits && buffer_append(&line, check, CHECK_SIZE) &&
           buffer_append(&line, buffer_data(fields), buffer_length(fields)) && buffer_append(&line, "\n", 1);
    if (!fits || buffer_length(&line) > UNDO_SIZE_MAX - journal->size)
        error_set(error, status, STAGE, "", "the change cannot be written down: it is too long, or the record is full");
    else
        status = journal->store->append(journal->store->context, journal->size, buffer_data(&line),
                                        buffer_length(&line), error);
    if (status == 0)
        journal->size += buffer_length(&line);
    buffer_free(&line);
    return status;
}

int undo_note(struct undo_journal *journal, const char *kind, const char *name, const char *before,
              struct postern_error *error)
{
    struct buffer fields;
    if (undo_find(journal, kind, name))
        return 0;
    buffer_init(&fields, RECORD_MAX);
    bool fits = put_field(&fields, "change") && put_field(&fields, kind) && put_field(&fields, name) &&
                put_field(&fields, before ? "was" : "absent") && (!before || put_field(&fields, before));
    /* First in memory: once it is on disk nothing may fail any more. */
    int status = keep(journal, kind, name, before);
    if (status != 0)
        error_memory(error, STAGE);
    else if ((status = write_record(journal, &fields, fits, error)) != 0)
        drop_last(journal);
    buffer_free(&fields);
    return status;
}

static int mark(struct undo_journal *journal, size_t index, struct postern_error *error)
{
    struct buffer fields;
    char number[24];
    buffer_init(&fields, RECORD_MAX);
    snprintf(number, sizeof(number), "%zu", index);
    bool fits = put_field(&fields, "undone") && put_field(&fields, number);
    int status = write_record(journal, &fields, fits, error);
    if (status == 0)
        journal->item[index].undone = true;
    buffer_free(&fields);
    return status;
}

static int take_back(struct undo_journal *journal, size_t index, undo_restore restore, void *context,
                     struct postern_error *error)
{
    const struct undo_change *change = &journal->item[index];
    int status = change->undone ? 0 : restore(context, change, error);
    return status == 0 && !change->undone ? mark(journal, index, error) : status;
}

static int end(struct undo_journal *journal, struct postern_error *error)
{
    int status = journal->store->remove(journal->store->context, error);
    if (status == 0)
        journal->size = 0;
    return status;
}

int undo_replay(struct undo_journal *journal, undo_restore restore, void *context, struct postern_error *error)
{
    int status = 0;
    for (size_t i = journal->count; i > 0 && status == 0; i--)
        status = take_back(journal, i - 1, restore, context, error);
    return status == 0 ? end(journal, error) : status;
}

int undo_replay_each(struct undo_journal *journal, undo_restore restore, void *context, struct postern_error *error)
{
    struct postern_error later;
    int first = 0;
    for (size_t i = journal->count; i > 0; i--) {
        int status = take_back(journal, i - 1, restore, context, first == 0 ? error : &later);
        first = first == 0 ? status : first;
    }
    return first == 0 ? end(journal, error) : first;
}
