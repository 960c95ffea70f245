/*
 * names.c - names and texts of the public enumerations. Called by everything that prints one; both sides.
 *
 * The numbers may come from the other side of the boundary, so every function takes any number and answers "unknown"
 * for what is not in its table.
 */
#include "postern.h"

#define NAME_UNKNOWN "unknown"

const char *postern_code_name(int code)
{
    switch (code) {
#define CODE_NAME(constant, number, name, text, remedy)                                                                \
    case number:                                                                                                       \
        return name;
        POSTERN_CODES(CODE_NAME)
#undef CODE_NAME
    default:
        return NAME_UNKNOWN;
    }
}

const char *postern_code_text(int code)
{
    switch (code) {
#define CODE_TEXT(constant, number, name, text, remedy)                                                                \
    case number:                                                                                                       \
        return text;
        POSTERN_CODES(CODE_TEXT)
#undef CODE_TEXT
    default:
        return NAME_UNKNOWN;
    }
}

const char *postern_level_name(enum postern_level level)
{
    switch (level) {
    case POSTERN_LEVEL_STRONGEST:
        return "strongest";
    case POSTERN_LEVEL_NONE:
        return "none";
    case POSTERN_LEVEL_RESTRICTED:
        return "restricted";
    case POSTERN_LEVEL_ELEVATED:
        return "elevated";
    }
    return NAME_UNKNOWN;
}

const char *postern_reason_name(enum postern_reason reason)
{
    switch (reason) {
    case POSTERN_REASON_EXITED:
        return "exited";
    case POSTERN_REASON_TIMEOUT:
        return "timeout";
    case POSTERN_REASON_TERMINATED:
        return "terminated";
    case POSTERN_REASON_PARENT_GONE:
        return "parent_gone";
    case POSTERN_REASON_RUNNER_SHUTDOWN:
        return "runner_shutdown";
    case POSTERN_REASON_RUNNER_DIED:
        return "runner_died";
    }
    return NAME_UNKNOWN;
}
