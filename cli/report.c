/*
 * What postern says about a run; see report.h. Parent side.
 */
#include "cli/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/console.h"
#include "cli/status.h"
#include "shared/path.h"
#include "shared/text.h"

int report_status(const struct postern_result *result)
{
    switch (result->reason) {
    case POSTERN_REASON_TIMEOUT:
        return STATUS_TIMED_OUT;
    case POSTERN_REASON_EXITED:
    case POSTERN_REASON_TERMINATED:
        return result->signal != 0 ? STATUS_SIGNAL + result->signal : result->exit_code;
    case POSTERN_REASON_PARENT_GONE:
    case POSTERN_REASON_RUNNER_SHUTDOWN:
    case POSTERN_REASON_RUNNER_DIED:
        break;
    }
    return STATUS_FAILED;
}

int report_error_status(int code)
{
    switch (code) {
    case POSTERN_E_NOT_FOUND:
        return STATUS_NOT_FOUND;
    case POSTERN_E_NOT_EXECUTABLE:
        return STATUS_NOT_EXECUTABLE;
    default:
        return STATUS_FAILED;
    }
}

void report_error(const struct postern_error *error)
{
    char stage[4 * sizeof(error->stage)] = "", message[4 * sizeof(error->message)] = "";
    char remedy[4 * sizeof(error->remedy)] = "";

    text_escape(stage, sizeof(stage), error->stage, strlen(error->stage));
    text_escape(message, sizeof(message), error->message, strlen(error->message));
    text_escape(remedy, sizeof(remedy), error->remedy, strlen(error->remedy));
    fprintf(stderr, "postern: %s%s%s (%s)\n", stage, stage[0] == '\0' ? "" : ": ", message,
            postern_code_name(error->code));
    if (remedy[0] != '\0') {
        fprintf(stderr, "  hint: %s\n", remedy);
    }
    fflush(stderr);
}

void report_notice(const char *format, ...)
{
    char raw[512], text[4 * sizeof(raw)] = "";
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(raw, sizeof(raw), format, arguments);
    va_end(arguments);
    text_escape(text, sizeof(text), raw, strlen(raw));
    fprintf(stderr, "postern: %s\n", text);
    fflush(stderr);
}

static const char *member(json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

void report_cuts(const char *cuts)
{
    json_t *array = json_loads(cuts, JSON_REJECT_DUPLICATES, NULL), *cut;
    size_t index;

    json_array_foreach(array, index, cut)
    {
        report_notice("ceiling: %s: %s instead of %s: %s", member(cut, "item"), member(cut, "left"),
                      member(cut, "asked"), member(cut, "because"));
    }
    json_decref(array);
}

void report_made(const char *made)
{
    json_t *array = json_loads(made, JSON_REJECT_DUPLICATES, NULL), *item;
    size_t index;

    json_array_foreach(array, index, item)
    {
        const char *path = json_string_value(item);
        const char *name = strrchr(path, path_style_here() == PATH_WINDOWS ? '\\' : '/');

        report_notice("the command made %s in %.*s: look at it before a tool trusts it", name + 1, (int)(name - path),
                      path);
    }
    json_decref(array);
}

/* How many bytes at the start belong to a character that began before. */
static size_t stray_bytes(const unsigned char *data, size_t size)
{
    size_t count = 0;

    while (count < size && count < 3 && (data[count] & 0xC0) == 0x80) {
        count++;
    }
    return count;
}

void report_trim_output(struct postern_output *output)
{
    size_t head, tail, dropped;

    if (output->omitted == 0) {
        return;
    }
    head = text_utf8_boundary(output->data, output->head);
    tail = output->head + stray_bytes(output->data + output->head, output->size - output->head);
    if (!text_is_utf8(output->data, head) || !text_is_utf8(output->data + tail, output->size - tail)) {
        return; /* no text: every byte counts */
    }
    dropped = tail - head;
    memmove(output->data + head, output->data + tail, output->size - tail + 1); /* with the NUL */
    output->head = head;
    output->size -= dropped;
    output->omitted += dropped;
}

/* ---- JSON --------------------------------------------------------------------------------------------------- */

/* Adds under `key`; a NULL value (memory is out) makes *complete false. Takes the value. */
static void put(json_t *object, const char *key, json_t *value, bool *complete)
{
    if (json_object_set_new(object, key, value) != 0) {
        *complete = false;
    }
}

static json_t *number(uint64_t value)
{
    return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

/* Text as a string, anything else as {"base64": "..."}. */
static json_t *bytes(const struct postern_output *output)
{
    json_t *object;
    char *encoded;
    bool complete = true;

    if (text_is_utf8(output->data, output->size)) {
        return json_stringn((const char *)output->data, output->size);
    }
    object = json_object();
    encoded = text_base64(output->data, output->size);
    put(object, "base64", encoded == NULL ? NULL : json_string(encoded), &complete);
    free(encoded);
    if (!complete) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *signal_object(int signal)
{
    char name[16];

    if (signal == 0) {
        return json_null();
    }
    console_signal_name(signal, name, sizeof(name));
    return json_pack("{s:s, s:i}", "name", name, "number", signal);
}

/* The bytes, how many are missing in their middle, and where, in bytes, if any are. */
static void put_output(json_t *object, const char *name, const struct postern_output *output, bool *complete)
{
    char key[32];

    put(object, name, bytes(output), complete);
    snprintf(key, sizeof(key), "%s_omitted", name);
    put(object, key, number(output->omitted), complete);
    if (output->omitted > 0) {
        snprintf(key, sizeof(key), "%s_omitted_at", name);
        put(object, key, number(output->head), complete);
    }
}

/* Takes the object; its text, or NULL when it is not complete. */
static char *finish(json_t *object, bool complete)
{
    char *text = complete ? json_dumps(object, JSON_COMPACT) : NULL;

    json_decref(object);
    return text;
}

char *report_result_json(const struct postern_run_result *run, const char *cuts, const char *made)
{
    const struct postern_result *result = &run->result;
    json_t *object = json_object();
    bool complete = true;

    put(object, "exit_code", result->signal != 0 ? json_null() : json_integer(result->exit_code), &complete);
    put(object, "signal", signal_object(result->signal), &complete);
    put(object, "reason", json_string(postern_reason_name(result->reason)), &complete);
    put(object, "timed_out", json_boolean(result->timed_out), &complete);
    put(object, "output_cut", json_boolean(result->output_cut), &complete);
    put(object, "wall_us", number(result->wall_us), &complete);
    put(object, "user_us", number(result->user_us), &complete);
    put(object, "system_us", number(result->system_us), &complete);
    put(object, "peak_memory_bytes", number(result->peak_memory), &complete);
    put(object, "level", json_string(postern_level_name(run->level)), &complete);
    put(object, "cuts", json_loads(cuts != NULL ? cuts : "[]", JSON_REJECT_DUPLICATES, NULL), &complete);
    put(object, "made", json_loads(made != NULL ? made : "[]", JSON_REJECT_DUPLICATES, NULL), &complete);
    put_output(object, "stdout", &run->out, &complete);
    put_output(object, "stderr", &run->err, &complete);
    return finish(object, complete);
}

/* The fields of an error are cut at characters, but what the other side put into them need not be text. */
json_t *report_json_text(const char *text)
{
    char escaped[4 * sizeof(((struct postern_error *)0)->message)] = "";

    if (text_is_utf8(text, strlen(text))) {
        return json_string(text);
    }
    text_escape(escaped, sizeof(escaped), text, strlen(text));
    return json_string(escaped);
}

char *report_error_json(const struct postern_error *error)
{
    json_t *object = json_object(), *inner = json_object();
    bool complete = true;

    put(inner, "code", json_string(postern_code_name(error->code)), &complete);
    put(inner, "stage", report_json_text(error->stage), &complete);
    put(inner, "os_error", json_integer(error->os_error), &complete);
    put(inner, "operation", report_json_text(error->operation), &complete);
    put(inner, "message", report_json_text(error->message), &complete);
    put(inner, "remedy", report_json_text(error->remedy), &complete);
    put(object, "error", inner, &complete);
    return finish(object, complete);
}

int report_print_json(char *text, struct postern_error *error)
{
    bool written;

    if (text == NULL) {
        return error_memory(error, "report");
    }
    written = fputs(text, stdout) >= 0 && fputc('\n', stdout) != EOF && fflush(stdout) == 0;
    free(text);
    return written ? 0 : error_set(error, POSTERN_E_OS, "report", "", "standard output cannot be written");
}

void report_failure(const struct postern_error *error, bool json)
{
    struct postern_error second = {0};

    if (!json) {
        report_error(error);
    } else if (report_print_json(report_error_json(error), &second) != 0) {
        report_error(&second);
    }
}
