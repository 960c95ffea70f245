/*
 * options.c - from what the caller asks for to what is started: defaults, checks, the base environment. Portable.
 */
#include "elevated/options.h"

#include "shared/environment.h"
#include "shared/system.h"
#include "shared/text.h"

#include <stdlib.h>
#include <string.h>

#define STAGE "options"
#define ARGUMENTS_MAX (900u * 1024u) /* bytes of arguments, and of environment; both must fit into one frame */

#ifndef POSTERN_LIBEXEC_DIR
#define POSTERN_LIBEXEC_DIR ""
#endif

/* ---- the sandbox ---- */

int options_check_level(enum postern_level level, struct postern_error *error)
{
    struct postern_error ignored = {0};
    if (level == POSTERN_LEVEL_STRONGEST)
        return launch_check_level(POSTERN_LEVEL_ELEVATED, &ignored) == 0
                   ? 0
                   : launch_check_level(POSTERN_LEVEL_RESTRICTED, error);
    if (level < POSTERN_LEVEL_NONE || level > POSTERN_LEVEL_ELEVATED)
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "%d is not a level", (int)level);
    return launch_check_level(level, error);
}

int options_choose_level(enum postern_level wanted, enum postern_level *out, struct postern_error *error)
{
    int status = options_check_level(wanted, error);
    *out = wanted;
    if (wanted == POSTERN_LEVEL_STRONGEST)
        *out =
            launch_check_level(POSTERN_LEVEL_ELEVATED, NULL) == 0 ? POSTERN_LEVEL_ELEVATED : POSTERN_LEVEL_RESTRICTED;
    return status;
}

/* Looks for the helpers around the directory that this program or library is in: a build tree has them beside it, an
 * installation, wherever it was moved to, in libexec. *out stays NULL when they are in none of these. */
static bool find_nearby(const char *directory, struct strings *searched, char **out)
{
    static const char *const places[] = {"", "/../libexec/postern", "/../../libexec/postern"};
    for (size_t i = 0; directory && i < sizeof(places) / sizeof(places[0]); i++) {
        char *path = text_format("%s%s", directory, places[i]);
        if (path && launch_has_helpers(path)) {
            *out = path;
            return true;
        }
        if (!strings_add_owned(searched, path))
            return false;
    }
    return true;
}

/* Said by the caller or the environment, else nearby, else where they were to be installed. */
int options_find_libexec(const char *said, char **out, struct strings *searched, struct postern_error *error)
{
    struct strings environment = {0};
    *out = NULL;
    if (!said && system_trusts_environment() && environment_of_process(&environment))
        said = environment_get(&environment, "POSTERN_LIBEXEC", environment_folds());
    if (said) {
        *out = text_duplicate(said);
    } else {
        char *here = system_program_directory();
        if (find_nearby(here, searched, out) && !*out)
            *out = text_duplicate(POSTERN_LIBEXEC_DIR);
        free(here);
    }
    strings_free(&environment);
    return *out ? 0 : error_memory(error, STAGE);
}

/* What callers of the first version know ends here. */
#define FIRST_SIZE offsetof(struct postern_sandbox_options, preset)

int options_complete(const struct postern_sandbox_options *options, struct postern_sandbox_options *out,
                     struct postern_error *error)
{
    *out = (struct postern_sandbox_options)POSTERN_SANDBOX_OPTIONS_INIT;
    if (!options)
        return 0;
    /* sizes of structures are multiples of their alignment: any other was not set with the macro */
    if (options->size < FIRST_SIZE || options->size > sizeof(*out) || options->size % _Alignof(void *) != 0)
        return error_set(error, POSTERN_E_INVALID, STAGE, "",
                         "options.size is %zu, not %zu: use POSTERN_SANDBOX_OPTIONS_INIT", options->size, sizeof(*out));
    memcpy(out, options, options->size);
    out->size = sizeof(*out);
    return 0;
}

int options_check(const struct postern_sandbox_options *options, struct options_checked *out,
                  struct postern_error *error)
{
    struct postern_sandbox_options all;
    struct strings searched = {0};
    int status = options_complete(options, &all, error);
    if (status == 0)
        status = options_choose_level(all.level, &out->level, error);
    if (status == 0)
        status = options_find_libexec(all.libexec, &out->libexec, &searched, error);
    if (status == 0) {
        const struct resolve_own own = {out->libexec, &searched};
        status = grants_collect(&all, out->level, &own, &out->grants, error);
    }
    strings_free(&searched);
    if (status != 0)
        return status;
    out->start_timeout = all.start_timeout ? all.start_timeout : 10000;
    if (all.log_file && !(out->log_file = text_duplicate(all.log_file)))
        return error_memory(error, STAGE);
    return 0;
}

void options_free(struct options_checked *checked)
{
    grants_free(&checked->grants);
    free(checked->libexec);
    free(checked->log_file);
    *checked = (struct options_checked){0};
}

/* ---- the command ---- */

static int check_arguments(const struct postern_command *command, struct message_spawn *out,
                           struct postern_error *error)
{
    size_t total = 0;
    if (!command->argv || !command->argv[0])
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "no command was given");
    if (command->argv[0][0] == '\0')
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "the command's name is empty");
    for (size_t i = 0; command->argv[i]; i++) {
        size_t size = strlen(command->argv[i]);
        if (!text_is_utf8(command->argv[i], size))
            return error_set(error, POSTERN_E_INVALID, STAGE, "", "argument %zu is not UTF-8", i);
        total += size + 1;
        if (total > ARGUMENTS_MAX)
            return error_set(error, POSTERN_E_LIMIT, STAGE, "", "the arguments are longer than %u bytes",
                             ARGUMENTS_MAX);
    }
    return strings_copy(&out->argv, command->argv) ? 0 : error_memory(error, STAGE);
}

/* A small environment in which programs work: nothing of the caller's but its language and terminal. */
static bool clean_environment(const struct launch *launch, bool tty, struct strings *out)
{
    static const char *const passed[] = {"LANG",       "LC_ALL",  "LC_CTYPE", "TZ",
                                         "SystemRoot", "ComSpec", "PATHEXT",  "SystemDrive"};
    struct strings caller = {0};
    bool fold = environment_folds();
    bool fits = environment_of_process(&caller) && environment_set(out, "PATH", launch_default_path(launch), fold);
    for (size_t i = 0; fits && i < sizeof(passed) / sizeof(passed[0]); i++) {
        const char *value = environment_get(&caller, passed[i], fold);
        if (value && text_is_utf8(value, strlen(value)))
            fits = environment_set(out, passed[i], value, fold);
    }
    const char *terminal = environment_get(&caller, "TERM", fold);
    if (fits && tty)
        fits = environment_set(out, "TERM", terminal && *terminal ? terminal : "xterm-256color", fold);
    strings_free(&caller);
    return fits;
}

/* What is true of the sandbox user whatever the base: whose home, whose temporary directory. */
static bool sandbox_environment(const struct launch *launch, const char *cwd, struct strings *out)
{
    bool fold = environment_folds();
    return launch_put_identity(launch, out) && environment_set(out, "PWD", cwd, fold);
}

static int check_environment(const struct postern_command *command, const struct launch *launch, const char *cwd,
                             struct strings *out, struct postern_error *error)
{
    bool fold = environment_folds();
    bool fits = command->inherit_env ? environment_of_process(out) : clean_environment(launch, command->tty, out);
    if (!fits || !sandbox_environment(launch, cwd, out))
        return error_memory(error, STAGE);
    for (size_t i = 0; command->inherit_env && i < out->count;) {
        if (text_is_utf8(out->item[i], strlen(out->item[i])))
            i++;
        else /* cannot be sent as it is; the caller did not ask for this one by name */
            strings_remove(out, i);
    }
    for (size_t i = 0; command->env && command->env[i]; i++) {
        int status = environment_check(command->env[i], fold, error);
        if (status != 0)
            return status;
        if (!environment_put(out, command->env[i], fold))
            return error_memory(error, STAGE);
    }
    size_t total = 0;
    for (size_t i = 0; i < out->count; i++)
        total += strlen(out->item[i]) + 1;
    if (total > ARGUMENTS_MAX)
        return error_set(error, POSTERN_E_LIMIT, STAGE, "", "the environment is longer than %u bytes", ARGUMENTS_MAX);
    return 0;
}

int options_check_command(const struct postern_command *command, const struct launch *launch, struct message_spawn *out,
                          struct postern_error *error)
{
    *out = (struct message_spawn){0};
    if (!command || command->size != sizeof(*command))
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "command.size does not fit: use POSTERN_COMMAND_INIT");
    const char *cwd = command->cwd ? command->cwd : launch_default_directory(launch);
    if (!text_is_utf8(cwd, strlen(cwd)) || !system_path_is_absolute(cwd))
        return error_set(error, POSTERN_E_CWD, STAGE, "", "the working directory is not an absolute path in UTF-8");
    out->cwd = text_duplicate(cwd);
    int status = out->cwd ? check_arguments(command, out, error) : error_memory(error, STAGE);
    if (status == 0)
        status = check_environment(command, launch, cwd, &out->env, error);
    if (status != 0) {
        message_free_spawn(out);
        return status;
    }
    out->tty = command->tty;
    out->rows = command->rows ? command->rows : OPTIONS_ROWS;
    out->cols = command->cols ? command->cols : OPTIONS_COLS;
    out->open_stdin = command->open_stdin;
    out->timeout = command->timeout <= INT64_MAX ? command->timeout : 0; /* 292 million years: none */
    out->grace = command->grace ? command->grace : 2000;
    out->drain_idle = command->drain_idle ? command->drain_idle : 200;
    out->drain_limit = command->drain_limit ? command->drain_limit : 2000;
    out->keep = command->on_exit == POSTERN_ON_EXIT_KEEP;
    out->window = MESSAGE_WINDOW;
    return 0;
}
