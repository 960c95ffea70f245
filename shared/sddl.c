/*
 * sddl.c - building security descriptors as text, see sddl.h. Both sides.
 */
#include "shared/sddl.h"

#include <stdlib.h>
#include <string.h>

#include "shared/buffer.h"

#define SDDL_SIZE_MAX 65536u

/* ---- SIDs ---- */

/* A decimal number up to `maximum` without leading zeros; moves *at behind it. */
static bool take_number(const char **at, uint64_t maximum)
{
    const char *digit = *at;
    uint64_t value = 0;
    if (*digit == '0' && digit[1] >= '0' && digit[1] <= '9')
        return false;
    for (; *digit >= '0' && *digit <= '9'; digit++) {
        value = value * 10 + (uint64_t)(*digit - '0');
        if (value > maximum)
            return false;
    }
    bool any = digit != *at;
    *at = digit;
    return any;
}

bool sddl_is_sid(const char *text)
{
    const char *at = text + 4;
    int count = 0;
    if (strncmp(text, "S-1-", 4) != 0 || !take_number(&at, ((uint64_t)1 << 48) - 1))
        return false;
    for (; *at == '-'; count++) {
        at++;
        if (!take_number(&at, UINT32_MAX))
            return false;
    }
    return *at == '\0' && count >= 1 && count <= 15;
}

/* ---- descriptors ---- */

static bool put_ace(struct buffer *out, const struct sddl_ace *ace)
{
    const unsigned known = ACE_TO_FILES | ACE_TO_DIRECTORIES | ACE_NOT_HERE;
    if (!sddl_is_sid(ace->sid) || (ace->flags & ~known) != 0)
        return false;
    return buffer_printf(out, "(%s;%s%s%s;0x%lx;;;%s)", ace->deny ? "D" : "A", ace->flags & ACE_TO_FILES ? "OI" : "",
                         ace->flags & ACE_TO_DIRECTORIES ? "CI" : "", ace->flags & ACE_NOT_HERE ? "IO" : "",
                         (unsigned long)ace->mask, ace->sid);
}

char *sddl_make(const struct sddl_ace *list, size_t count)
{
    struct buffer out;
    buffer_init(&out, SDDL_SIZE_MAX);
    bool fits = buffer_append(&out, "D:P", 3);
    for (size_t i = 0; fits && i < count; i++)
        fits = put_ace(&out, &list[i]);
    char *text = fits ? buffer_to_text(&out) : NULL;
    buffer_free(&out);
    return text;
}

char *sddl_for_pipe(const char *owner, const char *client)
{
    const struct sddl_ace list[] = {{.mask = ACE_FILE_ALL, .sid = owner}, {.mask = ACE_PIPE_CLIENT, .sid = client}};
    return sddl_make(list, client ? 2 : 1);
}
