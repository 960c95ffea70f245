/*
 * launch_identity_linux.c - who the sandbox user is, as the environment of a command tells it, and where the helper
 * programs are. Parent; see launch.h.
 */
#include "elevated/launch_linux.h"

#include "shared/environment.h"
#include "shared/text.h"

#include <stdlib.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

const char *launch_default_path(const struct launch *launch)
{
    (void)launch;
    return DEFAULT_PATH;
}

bool launch_put_identity(const struct launch *launch, struct strings *environment)
{
    return environment_set(environment, "HOME", launch->home, false) &&
           environment_set(environment, "USER", launch->name, false) &&
           environment_set(environment, "LOGNAME", launch->name, false) &&
           environment_set(environment, "SHELL", "/bin/sh", false) &&
           environment_set(environment, "TMPDIR", launch->temp, false);
}

bool launch_has_helpers(const char *directory)
{
    static const char *const names[] = {"postern-runner", "postern-keeper"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        char *path = text_format("%s/%s", directory, names[i]);
        bool there = path && access(path, X_OK) == 0;
        free(path);
        if (!there)
            return false;
    }
    return true;
}
