/*
 * confine_win32.c - the runner confining itself on Windows: see confine.h. Level none has nothing to confine; the other
 * levels are refused by elevated/launch_win32.c already, and here again, because this is the side that would let the
 * command loose.
 */
#include "runner/confine.h"

#define STAGE "confine"

int confine_self(enum postern_level level, const struct enforce_steps *steps, struct strings *in_force,
                 struct postern_error *error)
{
    (void)in_force;
    if (level != POSTERN_LEVEL_NONE) {
        return error_set(error, POSTERN_E_CONFINE, STAGE, "",
                         "this version of postern cannot confine commands on Windows: level %s is not available",
                         postern_level_name(level));
    }
    if (steps->count > 0) {
        return error_set(error, POSTERN_E_CONFINE, STAGE, "", "this version of postern does not know %s on Windows",
                         enforce_info(steps->item[0].mechanism)->id);
    }
    return POSTERN_OK;
}
