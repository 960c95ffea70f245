/*
 * bootstrap.c - the record the runner is started with: raw key, then JSON. See bootstrap.h.
 */
#include "ipc/bootstrap.h"

#include "ipc/message.h"
#include "shared/json.h"

#include <string.h>

#define STAGE "bootstrap"

int bootstrap_encode(const struct bootstrap *bootstrap, struct buffer *out, struct postern_error *error)
{
    bool fits =
        buffer_append(out, bootstrap->key, sizeof(bootstrap->key)) &&
        json_write(json_pack("{s:s, s:s, s:b, s:b, s:I, s:o, s:o, s:o}", "version", postern_version(), "level",
                             postern_level_name(bootstrap->level), "network", bootstrap->network, "no_local_sockets",
                             bootstrap->no_local_sockets, "max_processes", (json_int_t)bootstrap->max_processes,
                             "readable", json_from_strings(&bootstrap->readable), "writable",
                             json_from_strings(&bootstrap->writable), "in_force",
                             json_from_strings(&bootstrap->in_force)),
                   out) &&
        buffer_length(out) <= BOOTSTRAP_LIMIT;
    if (!fits)
        return error_set(error, POSTERN_E_LIMIT, STAGE, "", "the start record is over %u bytes", BOOTSTRAP_LIMIT);
    return 0;
}

int bootstrap_decode(const void *data, size_t size, struct bootstrap *out, struct postern_error *error)
{
    *out = (struct bootstrap){0};
    if (size <= CRYPTO_KEY_SIZE || size > BOOTSTRAP_LIMIT)
        return error_set(error, POSTERN_E_PROTOCOL, STAGE, "", "the start record has %zu bytes", size);
    json_t *object = json_read((const unsigned char *)data + CRYPTO_KEY_SIZE, size - CRYPTO_KEY_SIZE,
                               "the start record", STAGE, error);
    if (!object)
        return POSTERN_E_PROTOCOL;
    memcpy(out->key, data, CRYPTO_KEY_SIZE);
    struct json_fields fields;
    json_fields_begin(&fields, object, STAGE, error);
    const char *version = json_get_string(&fields, "version", "");
    if (strcmp(version, postern_version()) != 0)
        error_set(error, fields.status = POSTERN_E_HANDSHAKE, STAGE, "",
                  "the program is postern %.20s, its helper is postern %s", version, postern_version());
    out->level = message_level(json_get_string(&fields, "level", ""));
    if (out->level == POSTERN_LEVEL_STRONGEST)
        json_fail(&fields, "level", "is not a known name");
    out->network = json_get_bool(&fields, "network", false);
    out->no_local_sockets = json_get_bool(&fields, "no_local_sockets", false);
    out->max_processes = (uint32_t)json_get_number(&fields, "max_processes", 0, UINT32_MAX);
    json_get_strings(&fields, "readable", &out->readable, 1024);
    json_get_strings(&fields, "writable", &out->writable, 1024);
    json_get_strings(&fields, "in_force", &out->in_force, 64);
    int status = json_fields_end(&fields);
    if (status != 0)
        bootstrap_free(out);
    json_decref(object);
    return status;
}

void bootstrap_free(struct bootstrap *bootstrap)
{
    crypto_wipe(bootstrap->key, sizeof(bootstrap->key));
    strings_free(&bootstrap->readable);
    strings_free(&bootstrap->writable);
    strings_free(&bootstrap->in_force);
}
