/*
 * policy_options.c - from --preset, --rw, --policy and the like to the options of the API; see policy_options.h.
 * Little is judged here: the library refuses what cannot be, for all its callers alike. But only here it is known which
 * variable a path comes from. Parent side.
 */
#include "cli/policy_options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/file.h"
#include "shared/environment.h"
#include "shared/error.h"
#include "shared/path.h"
#include "shared/policy.h"
#include "shared/system.h"
#include "shared/text.h"

#define STAGE "options"

const struct option_choice policy_level_choices[] = {{"elevated", POSTERN_LEVEL_ELEVATED},
                                                     {"restricted", POSTERN_LEVEL_RESTRICTED},
                                                     {"none", POSTERN_LEVEL_NONE},
                                                     {NULL, 0}};
const struct option_choice policy_preset_choices[] = {
    {"read-only", POSTERN_PRESET_READ_ONLY}, {"workspace-write", POSTERN_PRESET_WORKSPACE_WRITE}, {NULL, 0}};
const struct option_choice policy_network_choices[] = {{"on", 1}, {"off", 0}, {NULL, 0}};

void policy_options_init(struct policy_options *options)
{
    *options = (struct policy_options){.network = NETWORK_UNSAID};
}

void policy_options_free(struct policy_options *options)
{
    strings_free(&options->read_only);
    strings_free(&options->read_write);
    strings_free(&options->denied);
}

/* ---- paths ---- */

static const char *separators(void)
{
    return path_style_here() == PATH_WINDOWS ? "/\\" : "/";
}

static bool has_parent_component(const char *path)
{
    for (const char *at = path; *at;) {
        size_t length = strcspn(at, separators());
        if (length == 2 && strncmp(at, "..", 2) == 0)
            return true;
        at += length;
        at += *at ? 1 : 0;
    }
    return false;
}

/* "\dir" and "C:dir" depend on a current drive, or on its current directory, that is nobody's intention. */
static bool is_half_absolute(const char *path)
{
    return path_style_here() == PATH_WINDOWS &&
           (path[0] == '\\' || path[0] == '/' || (isalpha((unsigned char)path[0]) && path[1] == ':'));
}

/* Where a link may be on the way, what ".." means is the system's to say; of the last name it need not know. NULL: it
 * does not know the rest either. */
static char *resolve(const char *path)
{
    int64_t os_error = 0;
    char *whole = system_absolute_path(path, &os_error);
    size_t above = strlen(path);
    while (above > 0 && !strchr(separators(), path[above - 1]))
        above--;
    if (whole || above == 0 || strcmp(path + above, "..") == 0)
        return whole;
    char *directory = text_format("%.*s", (int)above, path);
    char *resolved = directory ? system_absolute_path(directory, &os_error) : NULL;
    if (resolved)
        whole = path_join(path_style_here(), resolved, path + above);
    free(directory);
    free(resolved);
    return whole;
}

char *policy_absolute_path(const char *directory, const char *path)
{
    if (path[0] == '\0' || system_path_is_absolute(path) || is_half_absolute(path))
        return text_duplicate(path);
    char *absolute = has_parent_component(path) ? resolve(path) : NULL;
    return absolute ? absolute : path_join(path_style_here(), directory, path);
}

static int add_paths(const char *directory, const struct strings *said, struct strings *out,
                     struct postern_error *error)
{
    for (size_t i = 0; i < said->count; i++)
        if (!strings_add_owned(out, policy_absolute_path(directory, said->item[i])))
            return error_memory(error, STAGE);
    return 0;
}

/* Added as they are: relative to what, nobody could tell. */
static int add_variable(const char *name, const char *value, struct strings *out, struct postern_error *error)
{
    size_t first = out->count;
    if (!path_split_list(path_style_here(), value, out))
        return error_memory(error, STAGE);
    for (size_t i = first; i < out->count; i++) {
        char *canonical = NULL;
        int result = path_canonical(path_style_here(), out->item[i], name, &canonical, error);
        free(canonical);
        if (result != 0)
            return result;
    }
    return 0;
}

/* Where a caller cannot change the command line of the agent that calls postern. */
static int add_environment(struct policy_request *request, struct postern_error *error)
{
    const struct {
        const char *name;
        struct strings *list;
    } lists[] = {{"POSTERN_READWRITE_PATHS", &request->read_write},
                 {"POSTERN_READONLY_PATHS", &request->read_only},
                 {"POSTERN_DENIED_PATHS", &request->denied}};
    struct strings environment = {0};
    int result = environment_of_process(&environment) ? 0 : error_memory(error, STAGE);
    for (size_t i = 0; result == 0 && i < sizeof(lists) / sizeof(lists[0]); i++) {
        const char *value = environment_get(&environment, lists[i].name, environment_folds());
        if (value)
            result = add_variable(lists[i].name, value, lists[i].list, error);
    }
    strings_free(&environment);
    return result;
}

/* "/" or "C:\": making all of the system writable is nothing a start in the wrong directory should do. */
static bool is_root(const char *path)
{
    return strcmp(path, "/") == 0 || (isalpha((unsigned char)path[0]) && strcmp(path + 1, ":\\") == 0);
}

static int find_directory(const char *cwd, char **out, struct postern_error *error)
{
    int64_t os_error = 0;
    *out = cwd ? system_absolute_path(cwd, &os_error) : system_current_directory();
    if (!*out && cwd)
        return error_os(error, POSTERN_E_CWD, STAGE, "", os_error, "option --cwd: \"%s\" cannot be used", cwd);
    if (!*out)
        return error_set(error, POSTERN_E_CWD, STAGE, "", "the current directory cannot be found; was it removed?");
    return 0;
}

/* ---- the policy's file ---- */

/* Up to the limit of a policy; a NUL byte would hide what comes after it. */
static int read_text(FILE *file, const char *name, struct buffer *out, struct postern_error *error)
{
    enum { STEP = 16384 };
    for (;;) {
        unsigned char *room = buffer_reserve(out, STEP);
        if (!room)
            return buffer_room(out) < STEP ? error_set(error, POSTERN_E_POLICY, STAGE, "", "%s is larger than %u bytes",
                                                       name, POLICY_SIZE_MAX)
                                           : error_memory(error, STAGE);
        size_t got = fread(room, 1, STEP, file);
        if (memchr(room, '\0', got))
            return error_set(error, POSTERN_E_POLICY, STAGE, "", "%s holds a NUL byte", name);
        buffer_commit(out, got);
        if (got < STEP)
            break;
    }
    if (ferror(file))
        return error_set(error, POSTERN_E_OS, STAGE, "read", "%s cannot be read", name);
    return buffer_append(out, "", 1) ? 0 : error_memory(error, STAGE);
}

static int read_policy(const char *path, struct policy_request *request, struct postern_error *error)
{
    int64_t os_error = 0;
    if (strcmp(path, "-") == 0) {
        error_set(error, POSTERN_E_INVALID, STAGE, "", "option --policy: a policy is not read from standard input");
        error_remedy(error, "name a file: standard input is the command's");
        return POSTERN_E_INVALID;
    }
    FILE *file = file_open(path, &os_error);
    if (!file)
        return error_os(error, POSTERN_E_INVALID, STAGE, "open", os_error, "option --policy: %s", path);
    buffer_init(&request->policy, POLICY_SIZE_MAX + 65536u);
    int result = read_text(file, path, &request->policy, error);
    fclose(file);
    if (result == 0 && buffer_length(&request->policy) > POLICY_SIZE_MAX + 1)
        result = error_set(error, POSTERN_E_POLICY, STAGE, "", "%s is larger than %u bytes", path, POLICY_SIZE_MAX);
    if (result == 0 && !(request->policy_name = text_duplicate(path)))
        result = error_memory(error, STAGE);
    return result;
}

/* ---- the whole ---- */

static int fill_sandbox(const struct policy_options *options, struct policy_request *request,
                        struct postern_error *error)
{
    struct postern_sandbox_options sandbox = POSTERN_SANDBOX_OPTIONS_INIT;
    if (options->processes > UINT32_MAX)
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "option --pids: more than any system has");
    sandbox.level = (enum postern_level)options->level;
    sandbox.preset = (enum postern_preset)options->preset;
    sandbox.workspace = is_root(request->directory) ? NULL : request->directory;
    sandbox.network = options->network == 1;
    sandbox.no_network = options->network == 0;
    sandbox.max_processes = (uint32_t)options->processes;
    sandbox.max_memory = options->memory;
    sandbox.max_cpu_time = options->cpu_time;
    sandbox.max_file_size = options->file_size;
    sandbox.policy = (const char *)buffer_data(&request->policy);
    sandbox.policy_name = request->policy_name;
    sandbox.ceiling = request->ceiling;
    sandbox.read_only = (const char *const *)strings_array(&request->read_only);
    sandbox.read_write = (const char *const *)strings_array(&request->read_write);
    sandbox.denied = (const char *const *)strings_array(&request->denied);
    if (!sandbox.read_only || !sandbox.read_write || !sandbox.denied)
        return error_memory(error, STAGE);
    request->sandbox = sandbox;
    return 0;
}

int policy_request_make(const struct policy_options *options, struct policy_request *out, struct postern_error *error)
{
    char *here = NULL;
    *out = (struct policy_request){0};
    int result = find_directory(options->cwd, &out->directory, error);
    if (result == 0)
        result = find_directory(NULL, &here, error);
    if (result == 0)
        result = add_paths(here, &options->read_only, &out->read_only, error);
    if (result == 0)
        result = add_paths(here, &options->read_write, &out->read_write, error);
    if (result == 0)
        result = add_paths(here, &options->denied, &out->denied, error);
    if (result == 0)
        result = add_environment(out, error);
    if (result == 0 && options->ceiling && !(out->ceiling = policy_absolute_path(here, options->ceiling)))
        result = error_memory(error, STAGE);
    if (result == 0 && options->policy)
        result = read_policy(options->policy, out, error);
    if (result == 0)
        result = fill_sandbox(options, out, error);
    free(here);
    return result;
}

void policy_request_free(struct policy_request *request)
{
    free(request->directory);
    strings_free(&request->read_only);
    strings_free(&request->read_write);
    strings_free(&request->denied);
    buffer_free(&request->policy);
    free(request->policy_name);
    free(request->ceiling);
    *request = (struct policy_request){0};
}
