/*
 * appcontainer.c - names and SIDs of app containers, see appcontainer.h. Both sides.
 */
#include "shared/appcontainer.h"

#include <stdio.h>
#include <string.h>

#include "shared/crypto.h"
#include "shared/error.h"
#include "shared/sddl.h"

#define PREFIX "postern."
#define DIGITS 32
#define PACKAGE "S-1-15-2-"
#define PACKAGE_NUMBERS 7 /* the first words of a hash of the name */

int appcontainer_make_name(char out[APPCONTAINER_NAME_SIZE], struct postern_error *error)
{
    char digits[DIGITS + 1];

    if (!crypto_random_name(digits))
        return error_set(error, POSTERN_E_OS, "appcontainer", "", "the system gave no random numbers");
    snprintf(out, APPCONTAINER_NAME_SIZE, PREFIX "%s", digits);
    return POSTERN_OK;
}

bool appcontainer_is_ours(const char *name)
{
    size_t prefix = strlen(PREFIX);

    return strncmp(name, PREFIX, prefix) == 0 && strspn(name + prefix, "0123456789abcdef") == DIGITS &&
           name[prefix + DIGITS] == '\0';
}

bool appcontainer_is_sid(const char *text)
{
    size_t numbers = 1;

    if (!sddl_is_sid(text) || strncmp(text, PACKAGE, strlen(PACKAGE)) != 0)
        return false;
    for (const char *at = text + strlen(PACKAGE); *at != '\0'; at++)
        numbers += *at == '-';
    return numbers == PACKAGE_NUMBERS;
}
