/*
 * firewall_rule.h - the rule of Windows' firewall that keeps the offline accounts off the network: what it has to say,
 * and whether one that is there says it. Pure; setup_firewall_win32.c reads and writes it through INetFwRule3. Parent.
 */
#ifndef POSTERN_ELEVATED_FIREWALL_RULE_H
#define POSTERN_ELEVATED_FIREWALL_RULE_H

#include <stdbool.h>
#include <stddef.h>

#define FIREWALL_RULE_NAME "postern: no network for offline sandboxes"
#define FIREWALL_RULE_GROUP "postern" /* tells our rules from others of that name */

/* The numbers are those of netfw.h: NET_FW_RULE_DIR_OUT, NET_FW_ACTION_BLOCK, NET_FW_PROFILE2_ALL,
 * NET_FW_IP_PROTOCOL_ANY. */
enum { FIREWALL_OUT = 2, FIREWALL_BLOCK = 0, FIREWALL_ALL_PROFILES = 0x7fffffff, FIREWALL_ANY_PROTOCOL = 256 };

/* As the firewall has it. All strings owned; NULL is "". */
struct firewall_rule {
    char *group, *users; /* users: SDDL whose grants name whom the rule is for */
    char *application, *service, *local_addresses, *remote_addresses, *interface_types, *package;
    long direction, action, profiles, protocol;
    bool enabled;
};
void firewall_rule_free(struct firewall_rule *rule);

/* The SDDL for these accounts, "D:(A;;CC;;;S-1-5-...)...". Allocated; NULL: one is no SID, or memory is out. */
char *firewall_rule_users(const char *const *sid, size_t count);

/* NULL: the rule blocks all that these accounts send, in every profile; else in which way it does not. Their order, and
 * what the firewall writes around the list, do not matter; that it is for others too does. */
const char *firewall_rule_compare(const struct firewall_rule *rule, const char *const *sid, size_t count);

#endif
