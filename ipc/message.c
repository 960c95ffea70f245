/*
 * message.c - payloads of control frames: JSON to C and back. Portable, both sides; what is decoded is hostile.
 */
#include "ipc/message.h"

#include "shared/json.h"
#include "shared/text.h"

#include <stdlib.h>
#include <string.h>

/* ---- names on the wire ---- */

static const char *const signal_names[] = {"end", "interrupt", "quit", "hangup", "terminate", "kill", "rest"};
static const char *const stream_names[] = {"stdin", "stdout", "stderr"};
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Index of the member's value in `names`; the sticky error when it is none of them. */
static int get_name(struct json_fields *fields, const char *key, const char *const *names, size_t count)
{
    const char *name = json_get_string(fields, key, "");
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return (int)i;
    json_fail(fields, key, "is not a known name");
    return 0;
}

enum postern_level message_level(const char *name)
{
    for (int level = POSTERN_LEVEL_NONE; level <= POSTERN_LEVEL_ELEVATED; level++)
        if (strcmp(name, postern_level_name((enum postern_level)level)) == 0)
            return (enum postern_level)level;
    return POSTERN_LEVEL_STRONGEST;
}

/* Copies text of the other side in a form that is safe to show. */
static void get_text(struct json_fields *fields, const char *key, char *out, size_t size)
{
    const char *text = json_get_string(fields, key, "");
    text_escape(out, size, text, strlen(text));
}

/* Parses the payload; the caller drops the reference. */
static json_t *begin(const void *data, size_t size, const char *what, struct json_fields *fields,
                     struct postern_error *error)
{
    json_t *object = json_read(data, size, what, "protocol", error);
    if (object)
        json_fields_begin(fields, object, what, error);
    return object;
}

/* ---- HELLO ---- */

bool message_encode_hello(const struct message_hello *message, struct buffer *out)
{
    return json_write(json_pack("{s:s, s:I, s:s, s:o}", "version", message->version, "pid", (json_int_t)message->pid,
                                "level", postern_level_name(message->level), "capabilities",
                                json_from_strings(&message->capabilities)),
                      out);
}

int message_decode_hello(const void *data, size_t size, struct message_hello *out, struct postern_error *error)
{
    *out = (struct message_hello){0};
    struct json_fields fields;
    json_t *object = begin(data, size, "HELLO", &fields, error);
    if (!object)
        return POSTERN_E_PROTOCOL;
    get_text(&fields, "version", out->version, sizeof(out->version));
    out->pid = (uint32_t)json_get_number(&fields, "pid", 0, UINT32_MAX);
    out->level = message_level(json_get_string(&fields, "level", ""));
    if (out->level == POSTERN_LEVEL_STRONGEST)
        json_fail(&fields, "level", "is not a known name");
    json_get_strings(&fields, "capabilities", &out->capabilities, 64);
    int status = json_fields_end(&fields);
    if (status != 0)
        message_free_hello(out);
    json_decref(object);
    return status;
}

void message_free_hello(struct message_hello *message)
{
    strings_free(&message->capabilities);
}

/* ---- SPAWN ---- */

static json_t *pack_handles(const struct message_spawn *message)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < COUNT(stream_names); i++) {
        if (message->handle[i] != 0 &&
            json_object_set_new(object, stream_names[i], json_integer((json_int_t)message->handle[i])) != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

bool message_encode_spawn(const struct message_spawn *message, struct buffer *out)
{
    json_t *tty = message->tty ? json_pack("{s:i, s:i}", "rows", message->rows, "cols", message->cols) : json_null();
    json_t *handles = message->direct ? pack_handles(message) : NULL;
    if (message->direct && !handles) {
        json_decref(tty);
        return false;
    }
    return json_write(json_pack("{s:o, s:o, s:s, s:o, s:b, s:I, s:I, s:I, s:I, s:s, s:I, s:s, s:o*}", "argv",
                                json_from_strings(&message->argv), "env", json_from_strings(&message->env), "cwd",
                                message->cwd, "tty", tty, "stdin", message->open_stdin, "timeout",
                                (json_int_t)message->timeout, "grace", (json_int_t)message->grace, "drain_idle",
                                (json_int_t)message->drain_idle, "drain_limit", (json_int_t)message->drain_limit,
                                "on_exit", message->keep ? "keep" : "kill", "window", (json_int_t)message->window,
                                "streams", message->direct ? "direct" : "framed", "handles", handles),
                      out);
}

static void decode_size(json_t *object, struct message_spawn *out, struct json_fields *outer)
{
    struct json_fields fields;
    json_fields_begin(&fields, object, "SPAWN.tty", outer->error);
    out->tty = true;
    out->rows = (uint16_t)json_get_number(&fields, "rows", 0, 0x7fff);
    out->cols = (uint16_t)json_get_number(&fields, "cols", 0, 0x7fff);
    if (json_fields_end(&fields) != 0)
        outer->status = fields.status;
    else if (out->rows == 0 || out->cols == 0)
        json_fail(outer, "tty", "has no size");
}

static void decode_handles(json_t *object, struct message_spawn *out, struct json_fields *outer)
{
    struct json_fields fields;
    json_fields_begin(&fields, object, "SPAWN.handles", outer->error);
    for (size_t i = 0; i < COUNT(stream_names); i++)
        out->handle[i] = (uint32_t)json_get_number(&fields, stream_names[i], 0, UINT32_MAX);
    if (json_fields_end(&fields) != 0)
        outer->status = fields.status;
}

/* Exactly the ends that the command gets. */
static bool handles_fit(const struct message_spawn *spawn, bool named)
{
    if (!spawn->direct)
        return !named;
    return !spawn->tty && spawn->handle[MESSAGE_STDOUT] != 0 && spawn->handle[MESSAGE_STDERR] != 0 &&
           (spawn->handle[MESSAGE_STDIN] != 0) == spawn->open_stdin;
}

int message_decode_spawn(const void *data, size_t size, struct message_spawn *out, struct postern_error *error)
{
    static const char *const on_exit[] = {"kill", "keep"};
    static const char *const streams[] = {"framed", "direct"};
    *out = (struct message_spawn){0};
    struct json_fields fields;
    json_t *object = begin(data, size, "SPAWN", &fields, error);
    if (!object)
        return POSTERN_E_PROTOCOL;
    json_t *handles = json_get_object(&fields, "handles"); /* first: nothing else that is wrong may hide them */
    if (handles)
        decode_handles(handles, out, &fields);
    json_get_strings(&fields, "argv", &out->argv, MESSAGE_STRINGS_MAX);
    json_get_strings(&fields, "env", &out->env, MESSAGE_STRINGS_MAX);
    out->cwd = text_duplicate(json_get_string(&fields, "cwd", "/"));
    json_t *tty = json_get_object(&fields, "tty");
    if (tty)
        decode_size(tty, out, &fields);
    out->open_stdin = json_get_bool(&fields, "stdin", false);
    out->timeout = json_get_number(&fields, "timeout", 0, INT64_MAX);
    out->grace = (uint32_t)json_get_number(&fields, "grace", 2000, UINT32_MAX);
    out->drain_idle = (uint32_t)json_get_number(&fields, "drain_idle", 200, UINT32_MAX);
    out->drain_limit = (uint32_t)json_get_number(&fields, "drain_limit", 2000, UINT32_MAX);
    out->keep = get_name(&fields, "on_exit", on_exit, COUNT(on_exit)) == 1;
    out->window = (uint32_t)json_get_number(&fields, "window", MESSAGE_WINDOW, 1u << 30);
    out->direct = get_name(&fields, "streams", streams, COUNT(streams)) == 1;
    if (fields.status == 0 && !handles_fit(out, handles != NULL))
        json_fail(&fields, "handles", "does not fit the streams");
    if (fields.status == 0 && (out->argv.count == 0 || out->argv.item[0][0] == '\0'))
        json_fail(&fields, "argv", "has no program");
    if (!out->cwd)
        json_fail(&fields, "cwd", "does not fit into memory");
    int status = json_fields_end(&fields);
    if (status != 0)
        message_free_spawn(out);
    json_decref(object);
    return status;
}

void message_free_spawn(struct message_spawn *message)
{
    strings_free(&message->argv);
    strings_free(&message->env);
    free(message->cwd);
    message->cwd = NULL;
}

/* ---- small ones ---- */

bool message_encode_spawned(const struct message_spawned *message, struct buffer *out)
{
    return json_write(
        json_pack("{s:I, s:I}", "pid", (json_int_t)message->pid, "stdin_window", (json_int_t)message->stdin_window),
        out);
}

int message_decode_spawned(const void *data, size_t size, struct message_spawned *out, struct postern_error *error)
{
    struct json_fields fields;
    json_t *object = begin(data, size, "SPAWNED", &fields, error);
    if (!object)
        return POSTERN_E_PROTOCOL;
    out->pid = (uint32_t)json_get_number(&fields, "pid", 0, UINT32_MAX);
    out->stdin_window = (uint32_t)json_get_number(&fields, "stdin_window", 0, 1u << 30);
    int status = json_fields_end(&fields);
    json_decref(object);
    return status;
}

bool message_encode_resize(const struct message_resize *message, struct buffer *out)
{
    return json_write(json_pack("{s:i, s:i}", "rows", message->rows, "cols", message->cols), out);
}

int message_decode_resize(const void *data, size_t size, struct message_resize *out, struct postern_error *error)
{
    struct json_fields fields;
    json_t *object = begin(data, size, "RESIZE", &fields, error);
    if (!object)
        return POSTERN_E_PROTOCOL;
    out->rows = (uint16_t)json_get_number(&fields, "rows", 0, 0x7fff);
    out->cols = (uint16_t)json_get_number(&fields, "cols", 0, 0x7fff);
    if (out->rows == 0 || out->cols == 0)
        json_fail(&fields, "rows", "and cols must not be 0");
    int status = json_fields_end(&fields);
    json_decref(object);
    return status;
}

bool message_encode_signal(const struct message_signal *message, struct buffer *out)
{
    return json_write(
        json_pack("{s:s, s:I}", "signal", signal_names[message->signal], "grace", (json_int_t)message->grace), out);
}

int message_decode_signal(const void *data, size_t size, struct message_signal *out, struct postern_error *error)
{
    struct json_fields fields;
    json_t *object = begin(data, size, "SIGNAL", &fields, error);
    if (!object)
        return POSTERN_E_PROTOCOL;
    out->signal = (enum postern_signal)get_name(&fields, "signal", signal_names, COUNT(signal_names));
    out->grace = (uint32_t)json_get_number(&fields, "grace", 0, UINT32_MAX);
    int status = json_fields_end(&fields);
    json_decref(object);
    return status;
}

bool message_encode_credit(const struct message_credit *message, struct buffer *out)
{
    return json_write(
        json_pack("{s:s, s:I}", "stream", stream_names[message->stream], "bytes", (json_int_t)message->bytes), out);
}

int message_decode_credit(const void *data, size_t size, struct message_credit *out, struct postern_error *error)
{
    struct json_fields fields;
    json_t *object = begin(data, size, "CREDIT", &fields, error);
    if (!object)
        return POSTERN_E_PROTOCOL;
    out->stream = (enum message_stream)get_name(&fields, "stream", stream_names, COUNT(stream_names));
    out->bytes = (uint32_t)json_get_number(&fields, "bytes", 0, 1u << 30);
    int status = json_fields_end(&fields);
    json_decref(object);
    return status;
}

/* ---- EXIT ---- */

bool message_encode_exit(const struct postern_result *message, struct buffer *out)
{
    return json_write(json_pack("{s:s, s:I, s:i, s:b, s:I, s:I, s:I, s:I}", "reason",
                                postern_reason_name(message->reason), "exit_code", (json_int_t)message->exit_code,
                                "signal", message->signal, "output_cut", message->output_cut, "wall_us",
                                (json_int_t)message->wall_us, "user_us", (json_int_t)message->user_us, "system_us",
                                (json_int_t)message->system_us, "peak_memory", (json_int_t)message->peak_memory),
                      out);
}

int message_decode_exit(const void *data, size_t size, struct postern_result *out, struct postern_error *error)
{
    const char *reasons[POSTERN_REASON_RUNNER_DIED];
    for (size_t i = 0; i < COUNT(reasons); i++)
        reasons[i] = postern_reason_name((enum postern_reason)i);
    *out = (struct postern_result){0};
    struct json_fields fields;
    json_t *object = begin(data, size, "EXIT", &fields, error);
    if (!object)
        return POSTERN_E_PROTOCOL;
    out->reason = (enum postern_reason)get_name(&fields, "reason", reasons, COUNT(reasons));
    out->timed_out = out->reason == POSTERN_REASON_TIMEOUT;
    int64_t exit_code = json_get_signed(&fields, "exit_code", 0);
    if (exit_code < INT32_MIN || exit_code > INT32_MAX)
        json_fail(&fields, "exit_code", "is not a number of 32 bits");
    out->exit_code = (int)exit_code;
    out->signal = (int)json_get_number(&fields, "signal", 0, 127);
    out->output_cut = json_get_bool(&fields, "output_cut", false);
    out->wall_us = json_get_number(&fields, "wall_us", 0, INT64_MAX);
    out->user_us = json_get_number(&fields, "user_us", 0, INT64_MAX);
    out->system_us = json_get_number(&fields, "system_us", 0, INT64_MAX);
    out->peak_memory = json_get_number(&fields, "peak_memory", 0, INT64_MAX);
    int status = json_fields_end(&fields);
    json_decref(object);
    return status;
}

/* ---- ERROR ---- */

bool message_encode_error(const struct postern_error *message, struct buffer *out)
{
    return json_write(json_pack("{s:s, s:s, s:I, s:s, s:s, s:s}", "code", postern_code_name(message->code), "stage",
                                message->stage, "os_error", (json_int_t)message->os_error, "operation",
                                message->operation, "message", message->message, "remedy", message->remedy),
                      out);
}

int message_decode_error(const void *data, size_t size, struct postern_error *out, struct postern_error *error)
{
    static const int codes[] = {
#define MESSAGE_CODE(constant, number, name, text, remedy) constant,
        POSTERN_CODES(MESSAGE_CODE)
#undef MESSAGE_CODE
    };
    const char *names[COUNT(codes)];
    for (size_t i = 0; i < COUNT(codes); i++)
        names[i] = postern_code_name(codes[i]);
    *out = (struct postern_error){0};
    struct json_fields fields;
    json_t *object = begin(data, size, "ERROR", &fields, error);
    if (!object)
        return POSTERN_E_PROTOCOL;
    out->code = codes[get_name(&fields, "code", names, COUNT(names))];
    if (out->code == POSTERN_OK)
        json_fail(&fields, "code", "is not an error");
    out->os_error = json_get_signed(&fields, "os_error", 0);
    get_text(&fields, "stage", out->stage, sizeof(out->stage));
    get_text(&fields, "operation", out->operation, sizeof(out->operation));
    get_text(&fields, "message", out->message, sizeof(out->message));
    get_text(&fields, "remedy", out->remedy, sizeof(out->remedy));
    int status = json_fields_end(&fields);
    json_decref(object);
    return status;
}
