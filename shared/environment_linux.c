/*
 * environment_linux.c - the environment of this process. Called by the CLI and the parent.
 */
#include "shared/environment.h"

#include <string.h>
#include <unistd.h>

bool environment_of_process(struct strings *list)
{
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        const char *equals = strchr(*entry, '=');

        /* Whoever started us may have passed anything; what is no NAME=value is nothing a command could read. */
        if (equals == NULL || equals == *entry) {
            continue;
        }
        if (!strings_add(list, *entry)) {
            return false;
        }
    }
    return true;
}

bool environment_folds(void)
{
    return false;
}
