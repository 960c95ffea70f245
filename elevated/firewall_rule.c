/*
 * firewall_rule.c - what the rule for the offline accounts says, see firewall_rule.h. Parent.
 */
#include "elevated/firewall_rule.h"

#include <stdlib.h>
#include <string.h>

#include "shared/buffer.h"
#include "shared/sddl.h"

#define USERS_MAX 8192u

void firewall_rule_free(struct firewall_rule *rule)
{
    free(rule->group);
    free(rule->users);
    free(rule->application);
    free(rule->service);
    free(rule->local_addresses);
    free(rule->remote_addresses);
    free(rule->interface_types);
    free(rule->package);
    *rule = (struct firewall_rule){.group = NULL};
}

char *firewall_rule_users(const char *const *sid, size_t count)
{
    struct buffer out;
    buffer_init(&out, USERS_MAX);
    bool fits = count > 0 && buffer_append(&out, "D:", 2);
    for (size_t i = 0; fits && i < count; i++)
        fits = sddl_is_sid(sid[i]) && buffer_printf(&out, "(A;;CC;;;%s)", sid[i]);
    char *text = fits ? buffer_to_text(&out) : NULL;
    buffer_free(&out);
    return text;
}

static size_t find_sid(const char *const *sid, size_t count, const char *text, size_t length)
{
    size_t i = 0;
    while (i < count && (strlen(sid[i]) != length || strncmp(sid[i], text, length) != 0))
        i++;
    return i;
}

/* Whether the list grants to exactly these. Owner and group may stand before it; entries of any other form make it
 * another list. */
static bool names_exactly(const char *users, const char *const *sid, size_t count)
{
    static const char entry[] = "(A;;CC;;;";
    const char *at = users ? strstr(users, "D:") : NULL;
    size_t found = 0;
    bool seen[64] = {false};
    if (!at || count > sizeof(seen) / sizeof(seen[0]))
        return false;
    for (at += 2; *at;) {
        size_t length = strncmp(at, entry, sizeof(entry) - 1) == 0 ? strcspn(at + sizeof(entry) - 1, ")") : 0;
        const char *text = at + sizeof(entry) - 1;
        size_t index = length > 0 && text[length] == ')' ? find_sid(sid, count, text, length) : count;
        if (index == count)
            return false;
        found += !seen[index];
        seen[index] = true;
        at = text + length + 1;
    }
    return found == count;
}

static bool is_any(const char *text)
{
    return !text || *text == '\0' || strcmp(text, "*") == 0;
}

const char *firewall_rule_compare(const struct firewall_rule *rule, const char *const *sid, size_t count)
{
    if (!rule->enabled)
        return "it is disabled";
    if (rule->direction != FIREWALL_OUT || rule->action != FIREWALL_BLOCK)
        return "it does not block what goes out";
    if (rule->profiles != FIREWALL_ALL_PROFILES && (rule->profiles & 7) != 7)
        return "it is not for the domain, private and public profiles";
    if (rule->protocol != FIREWALL_ANY_PROTOCOL)
        return "it is for one protocol only";
    if (!is_any(rule->local_addresses) || !is_any(rule->remote_addresses))
        return "it is for some addresses only";
    if (!is_any(rule->application) || !is_any(rule->service) || !is_any(rule->package))
        return "it is for some programs only";
    if (!is_any(rule->interface_types) && strcmp(rule->interface_types, "All") != 0)
        return "it is for some network adapters only";
    return names_exactly(rule->users, sid, count) ? NULL : "it is not for exactly the offline accounts";
}
