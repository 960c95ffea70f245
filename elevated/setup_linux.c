/*
 * setup_linux.c - Linux needs no setting up: sandbox users are free user ids, taken when a sandbox starts. See setup.h.
 */
#include "elevated/setup.h"

int setup_open(enum setup_purpose purpose, struct setup_system **out, struct postern_error *error)
{
    (void)purpose, (void)error;
    *out = NULL;
    return 0;
}

void setup_close(struct setup_system *system)
{
    (void)system;
}
