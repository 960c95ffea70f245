/*
 * again_win32.c - starting our own program, see again_win32.h. Runs in the runner.
 */
#include "runner/again_win32.h"

#include <stdlib.h>

#include "shared/environment.h"
#include "shared/strings.h"
#include "shared/system.h"

int again_start(const char *const *argv, os_handle in, enum process_console console,
                const struct process_confinement *confinement, struct process *out, struct postern_error *error)
{
    struct strings environment = {0};
    struct process_spec spec;
    char *program = system_program_path();
    int code;

    process_spec_init(&spec);
    if (program == NULL || !environment_of_process(&environment) || strings_array(&environment) == NULL) {
        code = error_memory(error, "runner");
    } else {
        spec.program = program;
        spec.argv = argv;
        spec.env = (const char *const *)environment.item;
        spec.in = in;
        code = process_spawn_win32(&spec, console, confinement, out, error);
    }
    strings_free(&environment);
    free(program);
    return code;
}
