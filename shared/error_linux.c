/*
 * error_linux.c - the system's text for an errno. Called by error.c; both sides.
 */
#include "shared/error.h"

#include <string.h>

#include "shared/text.h"

void error_os_text(int64_t os_error, char *text, size_t size)
{
    char room[128];

    if (os_error < 0 || os_error > 4095) { /* MAX_ERRNO: strerror would be asked for another number */
        text_copy(text, size, "unknown error");
        return;
    }
    /* The GNU form, which returns the text; strerror() itself may be used by other threads of the program. */
    text_copy(text, size, strerror_r((int)os_error, room, sizeof(room)));
}

enum error_system error_this_system(void)
{
    return ERROR_SYSTEM_LINUX;
}
