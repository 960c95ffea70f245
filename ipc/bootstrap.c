/*
 * bootstrap.c - the record the runner is started with: raw key, then JSON. See bootstrap.h. A step of the plan is
 * ["capability:mechanism"], with its path or number behind it.
 */
#include "ipc/bootstrap.h"

#include "ipc/message.h"
#include "shared/json.h"
#include "shared/sddl.h"
#include "shared/text.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define STAGE "bootstrap"
#define STEPS_MAX (POLICY_RULES_MAX + 1024) /* every path of a policy, devices and private places, the rest */
#define IN_FORCE_MAX 64

/* ---- steps ---- */

/* NULL: memory is out, or the path is no text. */
static json_t *step_to_json(const struct enforce_step *step)
{
    const struct enforce_mechanism_info *info = enforce_info(step->mechanism);
    assert(info->executor == ENFORCE_BY_RUNNER);
    switch (info->argument) {
    case ENFORCE_TAKES_PATH:
        return json_pack("[s, s]", info->id, step->path);
    case ENFORCE_TAKES_NUMBER:
        return json_pack("[s, I]", info->id, (json_int_t)step->number);
    case ENFORCE_TAKES_NOTHING:
        break;
    }
    return json_pack("[s]", info->id);
}

static json_t *steps_to_json(const struct enforce_steps *steps)
{
    json_t *array = json_array();
    for (size_t i = 0; array && i < steps->count; i++) {
        if (json_array_append_new(array, step_to_json(&steps->item[i])) != 0) {
            json_decref(array);
            array = NULL;
        }
    }
    return array;
}

/* What JSON has no form for. */
static int check_step(const struct enforce_step *step, struct postern_error *error)
{
    char shown[200];
    if (step->path && !text_is_utf8(step->path, strlen(step->path))) {
        text_escape(shown, sizeof(shown), step->path, strlen(step->path));
        return error_set(error, POSTERN_E_POLICY, STAGE, "", "the path %s is not UTF-8 text", shown);
    }
    if (step->number > INT64_MAX)
        return error_set(error, POSTERN_E_POLICY, STAGE, "", "the limit of %s is beyond all sense",
                         enforce_info(step->mechanism)->capability);
    return 0;
}

/* Exactly what step_to_json() makes, and only what a runner is there to do. */
static bool step_from_json(json_t *value, struct enforce_step *out)
{
    const char *id = json_string_value(json_array_get(value, 0));
    json_t *argument = json_array_get(value, 1);
    *out = (struct enforce_step){0};
    if (!id || strlen(id) != json_string_length(json_array_get(value, 0)) || !enforce_find(id, &out->mechanism))
        return false;
    const struct enforce_mechanism_info *info = enforce_info(out->mechanism);
    if (info->executor != ENFORCE_BY_RUNNER ||
        json_array_size(value) != (info->argument == ENFORCE_TAKES_NOTHING ? 1 : 2))
        return false;
    if (info->argument == ENFORCE_TAKES_PATH) {
        const char *path = json_string_value(argument);
        if (!path || !path[0] || strlen(path) != json_string_length(argument))
            return false;
        out->path = (char *)path; /* borrowed: enforce_add() copies it */
    } else if (info->argument == ENFORCE_TAKES_NUMBER) {
        if (!json_is_integer(argument) || json_integer_value(argument) < 0)
            return false;
        out->number = (uint64_t)json_integer_value(argument);
    }
    return true;
}

static void get_steps(struct json_fields *fields, struct enforce_steps *out)
{
    json_t *array = json_get_array(fields, "steps");
    if (array && json_array_size(array) > STEPS_MAX)
        json_fail(fields, "steps", "is longer than a plan can be");
    for (size_t i = 0; fields->status == 0 && i < json_array_size(array); i++) {
        struct enforce_step step;
        if (!step_from_json(json_array_get(array, i), &step))
            json_fail(fields, "steps", "holds what is not a step of a runner");
        else if (!enforce_add(out, &step))
            json_fail(fields, "steps", "does not fit into memory");
    }
}

/* ---- what Windows adds ---- */

/* A handle's number in the runner has 31 bits; 0 is none of it. */
static bool is_handle_number(os_handle handle)
{
    return handle >= 0 && handle <= INT32_MAX;
}

static int check_windows(const struct bootstrap *bootstrap, struct postern_error *error)
{
    if (bootstrap->sid && !sddl_is_sid(bootstrap->sid))
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "the sandbox's SID is none");
    if (!is_handle_number(bootstrap->parent) || !is_handle_number(bootstrap->log))
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "a handle for the runner has no number of one");
    return 0;
}

/* Absent where there is nothing to say, as on Linux. */
static bool put_windows(const struct bootstrap *bootstrap, json_t *object)
{
    return object && (!bootstrap->sid || json_object_set_new(object, "sid", json_string(bootstrap->sid)) == 0) &&
           (bootstrap->parent == 0 ||
            json_object_set_new(object, "parent", json_integer((json_int_t)bootstrap->parent)) == 0) &&
           (bootstrap->log == 0 || json_object_set_new(object, "log", json_integer((json_int_t)bootstrap->log)) == 0);
}

static void get_windows(struct json_fields *fields, struct bootstrap *out)
{
    const char *sid = json_get_string(fields, "sid", NULL);
    out->parent = (os_handle)json_get_number(fields, "parent", 0, INT32_MAX);
    out->log = (os_handle)json_get_number(fields, "log", 0, INT32_MAX);
    if (fields->status != 0 || !sid)
        return;
    if (!sddl_is_sid(sid)) {
        json_fail(fields, "sid", "is not a SID");
        return;
    }
    out->sid = text_duplicate(sid);
    if (!out->sid)
        json_fail(fields, "sid", "does not fit into memory");
}

/* ---- the record ---- */

static json_t *to_json(const struct bootstrap *bootstrap)
{
    json_t *object =
        json_pack("{s:s, s:s, s:o, s:o}", "version", postern_version(), "level", postern_level_name(bootstrap->level),
                  "steps", steps_to_json(&bootstrap->steps), "in_force", json_from_strings(&bootstrap->in_force));
    if (put_windows(bootstrap, object))
        return object;
    json_decref(object);
    return NULL;
}

int bootstrap_encode(const struct bootstrap *bootstrap, struct buffer *out, struct postern_error *error)
{
    for (size_t i = 0; i < bootstrap->steps.count; i++) {
        int status = check_step(&bootstrap->steps.item[i], error);
        if (status != 0)
            return status;
    }
    int invalid = check_windows(bootstrap, error);
    if (invalid != 0)
        return invalid;
    bool fits = bootstrap->steps.count <= STEPS_MAX && buffer_append(out, bootstrap->key, sizeof(bootstrap->key)) &&
                json_write(to_json(bootstrap), out) && buffer_length(out) <= BOOTSTRAP_LIMIT;
    if (fits)
        return 0;
    error_set(error, POSTERN_E_LIMIT, STAGE, "", "the start record is over %u bytes or %u steps", BOOTSTRAP_LIMIT,
              (unsigned)STEPS_MAX);
    error_remedy(error, "name fewer paths in the policy, or directories above them");
    return POSTERN_E_LIMIT;
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
    if (fields.status == 0 && strcmp(version, postern_version()) != 0)
        fields.status = error_set(error, POSTERN_E_HANDSHAKE, STAGE, "",
                                  "the program is postern %.20s, its helper is postern %s", version, postern_version());
    out->level = message_level(json_get_string(&fields, "level", ""));
    if (out->level == POSTERN_LEVEL_STRONGEST)
        json_fail(&fields, "level", "is not a known name");
    get_steps(&fields, &out->steps);
    json_get_strings(&fields, "in_force", &out->in_force, IN_FORCE_MAX);
    get_windows(&fields, out);
    int status = json_fields_end(&fields);
    if (status != 0)
        bootstrap_free(out);
    json_decref(object);
    return status;
}

void bootstrap_free(struct bootstrap *bootstrap)
{
    crypto_wipe(bootstrap->key, sizeof(bootstrap->key));
    enforce_steps_free(&bootstrap->steps);
    strings_free(&bootstrap->in_force);
    free(bootstrap->sid);
    bootstrap->sid = NULL;
    bootstrap->parent = bootstrap->log = 0;
}
