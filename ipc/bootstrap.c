/*
 * bootstrap.c - the record the runner is started with: 32 raw bytes of launch key, then one JSON object. Encoded in the
 * parent by elevated/launch_*.c, decoded in the runner by runner/main.c.
 *
 * The parent trusts nothing in it back, and the runner trusts its parent; still the decoder is strict, because a
 * record that is not understood exactly would mean a boundary that is not the one asked for.
 */
#include "ipc/bootstrap.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const char STAGE[] = "bootstrap";
enum { RECORD_VERSION = 1 };

/* The array of `list`, or NULL when memory is out or a string is not UTF-8. */
static json_t *strings_to_json(const struct strings *list)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < list->count; i++) {
        if (json_array_append_new(array, json_string(list->item[i])) != 0) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

int bootstrap_encode(const struct bootstrap *bootstrap, struct buffer *out, struct postern_error *error)
{
    int result = POSTERN_OK;
    char *text = NULL;
    json_t *object = json_pack("{s:i, s:i, s:b, s:b, s:I, s:o*, s:o*, s:o*}", "version", RECORD_VERSION, "level",
                               (int)bootstrap->level, "network", bootstrap->network ? 1 : 0, "no_local_sockets",
                               bootstrap->no_local_sockets ? 1 : 0, "max_processes",
                               (json_int_t)bootstrap->max_processes, "readable", strings_to_json(&bootstrap->readable),
                               "writable", strings_to_json(&bootstrap->writable), "in_force",
                               strings_to_json(&bootstrap->in_force));
    if (!object || json_object_size(object) != 8) {
        result = error_set(error, POSTERN_E_INVALID, STAGE, "", "a path is not valid UTF-8, or memory is out");
        goto out;
    }
    text = json_dumps(object, JSON_COMPACT);
    if (!text) {
        result = error_memory(error, STAGE);
        goto out;
    }
    size_t length = strlen(text);
    if (length > BOOTSTRAP_LIMIT - CRYPTO_KEY_SIZE || buffer_room(out) < length + CRYPTO_KEY_SIZE) {
        result = error_set(error, POSTERN_E_LIMIT, STAGE, "", "the record is larger than %u bytes", BOOTSTRAP_LIMIT);
        goto out;
    }
    if (!buffer_append(out, bootstrap->key, CRYPTO_KEY_SIZE) || !buffer_append(out, text, length))
        result = error_memory(error, STAGE);
out:
    free(text);
    json_decref(object);
    return result;
}

/* false: not an array of strings, or memory is out. */
static bool strings_from_json(const json_t *array, struct strings *list)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        const char *text = json_string_value(json_array_get(array, i));
        if (!text || !strings_add(list, text))
            return false;
    }
    return true;
}

static int decode_object(json_t *object, struct bootstrap *out, struct postern_error *error)
{
    int version = 0;
    int level = 0;
    int network = 0;
    int no_local_sockets = 0;
    json_int_t max_processes = 0;
    json_t *readable = NULL;
    json_t *writable = NULL;
    json_t *in_force = NULL;

    if (json_unpack(object, "{s:i}", "version", &version) != 0 || version != RECORD_VERSION)
        return error_set(error, POSTERN_E_HANDSHAKE, STAGE, "", "the record is of version %d, not %d", version,
                         RECORD_VERSION);
    if (json_unpack(object, "{s:i, s:i, s:b, s:b, s:I, s:o, s:o, s:o !}", "version", &version, "level", &level,
                    "network", &network, "no_local_sockets", &no_local_sockets, "max_processes", &max_processes,
                    "readable", &readable, "writable", &writable, "in_force", &in_force) != 0 ||
        level < POSTERN_LEVEL_NONE || level > POSTERN_LEVEL_ELEVATED || max_processes < 0 ||
        max_processes > UINT32_MAX || !json_is_array(readable) || !json_is_array(writable) || !json_is_array(in_force))
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "the record has a missing, unknown or ill-typed field");
    out->level = (enum postern_level)level;
    out->network = network != 0;
    out->no_local_sockets = no_local_sockets != 0;
    out->max_processes = (uint32_t)max_processes;
    if (!strings_from_json(readable, &out->readable) || !strings_from_json(writable, &out->writable) ||
        !strings_from_json(in_force, &out->in_force))
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "a list of the record holds what is not text");
    return POSTERN_OK;
}

int bootstrap_decode(const void *data, size_t size, struct bootstrap *out, struct postern_error *error)
{
    memset(out, 0, sizeof(*out));
    if (size < CRYPTO_KEY_SIZE || size > BOOTSTRAP_LIMIT)
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "the record has %zu bytes", size);

    json_error_t problem;
    json_t *object = json_loadb((const char *)data + CRYPTO_KEY_SIZE, size - CRYPTO_KEY_SIZE, JSON_REJECT_DUPLICATES,
                                &problem);
    if (!object)
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "the record is not JSON: %s", problem.text);
    int result = decode_object(object, out, error);
    json_decref(object);
    if (result == POSTERN_OK)
        memcpy(out->key, data, CRYPTO_KEY_SIZE);
    else
        bootstrap_free(out);
    return result;
}

void bootstrap_free(struct bootstrap *bootstrap)
{
    crypto_wipe(bootstrap->key, sizeof(bootstrap->key));
    strings_free(&bootstrap->readable);
    strings_free(&bootstrap->writable);
    strings_free(&bootstrap->in_force);
}
