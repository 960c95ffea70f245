/*
 * policy_network.c - the network part of a policy's JSON, in both forms: the older one with defaultPolicy and hosts,
 * and the directional one of 0.8 with egress and ingress. See policy_parse.h. What nothing can enforce yet is still
 * checked, then taken down as a demand, so that a mistake is reported as one. Parent.
 */
#include <string.h>

#include "shared/cidr.h"
#include "shared/policy_parse.h"
#include "shared/text.h"

#define LIST_MAX 4096 /* hosts, rules, peers or ports of one list */

enum action { ACTION_ALLOW, ACTION_DENY };
static const char *const action_names[] = {"allow", "deny", NULL};

/* ---- proxies ---- */

/* Length of the host that `text` begins with; 0 when it is none. */
static size_t host_length(const char *text)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    size_t length;

    if (text[0] != '[')
        return strspn(text, allowed);
    length = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
    return length > 1 && text[length] == ']' ? length + 1 : 0;
}

static bool is_this_host(const char *text, size_t length)
{
    static const char *const names[] = {"localhost", "127.0.0.1", "[::1]"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (length == strlen(names[i]) && memcmp(text, names[i], length) == 0)
            return true;
    }
    return false;
}

/* http(s)://HOST:PORT, with or without a "/" behind it. Credentials do not belong into a policy. The value is not
 * shown for that reason. */
static void check_url(const struct json_member *member, bool this_host)
{
    const char *text = json_member_string(member, NULL), *digits;
    size_t scheme, host;
    unsigned long port = 0;

    if (text == NULL)
        return;
    scheme = strncmp(text, "http://", 7) == 0 ? 7 : strncmp(text, "https://", 8) == 0 ? 8 : 0;
    host = scheme > 0 ? host_length(text + scheme) : 0;
    if (host == 0 || text[scheme + host] != ':') {
        json_member_fail(member, "is not a URL of the form http://HOST:PORT");
        return;
    }
    digits = text + scheme + host + 1;
    for (size_t i = 0; i < 6 && digits[0] >= '0' && digits[0] <= '9'; i++)
        port = port * 10 + (unsigned long)(*digits++ - '0');
    if (port < 1 || port > 65535 || (strcmp(digits, "") != 0 && strcmp(digits, "/") != 0))
        json_member_fail(member, "is not a URL of the form http://HOST:PORT");
    else if (this_host && !is_this_host(text + scheme, host))
        json_member_fail(member, "has to name localhost, 127.0.0.1 or [::1]");
}

static void parse_proxy(const struct json_member *proxy, struct policy *policy)
{
    static const char *const allowed[] = {"localhost", "url", "builtinTestServer", NULL};
    struct json_member localhost = json_member_get(proxy, "localhost");
    struct json_member url = json_member_get(proxy, "url");
    struct json_member builtin = json_member_get(proxy, "builtinTestServer");

    if (!json_member_open(proxy, allowed))
        return;
    json_member_number(&localhost, 1, 65535, 1);
    check_url(&url, false);
    if (!json_member_bool(&builtin, true))
        json_member_fail(&builtin, "can only be true");
    if ((localhost.value != NULL) + (url.value != NULL) + (builtin.value != NULL) != 1)
        json_member_fail(proxy, "has to have one of localhost, url, builtinTestServer");
    policy_parse_demand(proxy, "net.proxy", policy);
}

/* ---- the older form ---- */

static void parse_hosts(const struct json_member *network, const char *key, struct policy *policy)
{
    struct json_member list = json_member_get(network, key);
    size_t count = json_member_count(&list, LIST_MAX);

    for (size_t i = 0; i < count; i++) {
        struct json_member host = json_member_at(&list, i);
        const char *text = json_member_string(&host, "-");

        if (text[strspn(text, " \t")] == '\0')
            json_member_fail(&host, "is blank");
    }
    if (count > 0)
        policy_parse_demand(&list, "net.hosts", policy);
}

static void parse_legacy(const struct json_member *network, struct policy *policy)
{
    static const char *const policies[] = {"block", "allow", NULL};
    static const char *const modes[] = {"capabilities", "firewall", "both", NULL};
    struct json_member default_policy = json_member_get(network, "defaultPolicy");
    struct json_member mode = json_member_get(network, "enforcementMode");
    struct json_member local = json_member_get(network, "allowLocalNetwork");
    struct json_member proxy = json_member_get(network, "proxy");
    bool allow = json_member_choice(&default_policy, policies, 0) == 1;
    bool allow_local = json_member_bool(&local, false);

    json_member_choice(&mode, modes, 0); /* how hosts are told apart: without hosts it says nothing */
    parse_hosts(network, "allowedHosts", policy);
    parse_hosts(network, "blockedHosts", policy);
    parse_proxy(&proxy, policy);
    policy->network = allow ? POLICY_NETWORK_ALLOW : POLICY_NETWORK_BLOCK;
    if (allow != allow_local) /* the local network cannot be cut off, or left, alone */
        policy_parse_demand(&local, "net.local", policy);
}

/* ---- the directional form ---- */

static void parse_peer(const struct json_member *peer)
{
    static const char *const allowed[] = {"cidr", "except", NULL};
    struct json_member cidr = json_member_get(peer, "cidr");
    struct json_member except = json_member_get(peer, "except");
    const char *text = json_member_string(&cidr, NULL);
    struct cidr whole;
    size_t count;

    if (!json_member_open(peer, allowed))
        return;
    if (text == NULL) {
        json_member_fail(peer, "has no cidr");
        return;
    }
    if (!cidr_parse(text, &whole)) {
        json_member_fail(&cidr, "is not a network such as 10.0.0.0/8 or fd00::/8");
        return;
    }
    count = json_member_count(&except, LIST_MAX);
    for (size_t i = 0; i < count; i++) {
        struct json_member item = json_member_at(&except, i);
        const char *part_text = json_member_string(&item, NULL);
        struct cidr part;

        if (part_text == NULL)
            return;
        if (!cidr_parse(part_text, &part) || !cidr_contains(&whole, &part))
            json_member_fail(&item, "is not a network within that of cidr");
    }
}

static void parse_port(const struct json_member *item)
{
    static const char *const allowed[] = {"protocol", "port", "endPort", NULL};
    static const char *const protocols[] = {"any", "tcp", "udp", "icmp", NULL};
    struct json_member protocol = json_member_get(item, "protocol");
    struct json_member port = json_member_get(item, "port");
    struct json_member end = json_member_get(item, "endPort");
    uint64_t first, last;

    if (!json_member_open(item, allowed))
        return;
    first = json_member_number(&port, 1, 65535, 0);
    last = json_member_number(&end, 1, 65535, 65535);
    if (json_member_choice(&protocol, protocols, 0) == 3 && (port.value != NULL || end.value != NULL))
        json_member_fail(item, "has ports, which icmp does not know");
    if (end.value != NULL && port.value == NULL)
        json_member_fail(&end, "needs a port to begin with");
    if (last < first)
        json_member_fail(&end, "is less than port");
}

/* A list of a rule: absent means "any"; an empty one would mean "none", which nobody means. */
static void parse_selectors(const struct json_member *rule, const char *key,
                            void (*parse)(const struct json_member *item))
{
    struct json_member list = json_member_get(rule, key);
    size_t count = json_member_count(&list, LIST_MAX);

    if (list.value != NULL && count == 0)
        json_member_fail(&list, "is empty; leave it out for \"any\"");
    for (size_t i = 0; i < count; i++) {
        struct json_member item = json_member_at(&list, i);

        parse(&item);
    }
}

/* Whether there are rules. */
static bool parse_rules(const struct json_member *egress, const char *key, struct policy *policy)
{
    static const char *const allowed[] = {"to", "ports", NULL};
    struct json_member list = json_member_get(egress, key);
    size_t count = json_member_count(&list, LIST_MAX);

    for (size_t i = 0; i < count; i++) {
        struct json_member rule = json_member_at(&list, i);

        if (!json_member_open(&rule, allowed))
            return true;
        parse_selectors(&rule, "to", parse_peer);
        parse_selectors(&rule, "ports", parse_port);
    }
    if (count > 0)
        policy_parse_demand(&list, "net.hosts", policy);
    return count > 0;
}

struct directions {
    bool out, in, loopback; /* allowed */
    bool rules;
};

static bool parse_action(const struct json_member *object, const char *key)
{
    struct json_member member = json_member_get(object, key);

    return json_member_choice(&member, action_names, ACTION_DENY) == ACTION_ALLOW;
}

static void parse_directional(const struct json_member *network, struct directions *out, struct policy *policy)
{
    static const char *const egress_allowed[] = {"default", "allow", "deny", NULL};
    static const char *const ingress_allowed[] = {"default", "hostLoopback", NULL};
    struct json_member egress = json_member_get(network, "egress");
    struct json_member ingress = json_member_get(network, "ingress");

    if (json_member_open(&egress, egress_allowed)) {
        out->out = parse_action(&egress, "default");
        out->rules = parse_rules(&egress, "allow", policy);
        out->rules = parse_rules(&egress, "deny", policy) || out->rules;
    }
    if (json_member_open(&ingress, ingress_allowed)) {
        out->in = parse_action(&ingress, "default");
        out->loopback = parse_action(&ingress, "hostLoopback");
    }
    policy->network = out->out ? POLICY_NETWORK_ALLOW : POLICY_NETWORK_BLOCK;
    if (out->in != out->out || out->loopback != out->out) /* one direction cannot be cut off, or left, alone */
        policy_parse_demand(&ingress, "net.ingress", policy);
}

/* ---- both ---- */

static bool is_present(const struct json_member *object, const char *key)
{
    return json_member_get(object, key).value != NULL;
}

static void need_version_8(const struct json_member *network, const char *key, unsigned minor)
{
    struct json_member member = json_member_get(network, key);

    if (member.value != NULL && minor < 8)
        json_member_fail_name(&member, "needs \"version\": \"0.8.0\" in the policy");
}

static void parse_runtime(const struct json_member *top, unsigned minor, const struct directions *directions,
                          struct policy *policy)
{
    static const char *const allowed[] = {"networkProxy", NULL};
    struct json_member runtime = json_member_get(top, "runtimeConfig");
    struct json_member proxy = json_member_get(&runtime, "networkProxy");

    need_version_8(top, "runtimeConfig", minor);
    if (!json_member_open(&runtime, allowed) || proxy.value == NULL)
        return;
    check_url(&proxy, true);
    if (directions->out || directions->rules)
        json_member_fail(&proxy, "needs network.egress to deny all, without rules");
    policy_parse_demand(&proxy, "net.proxy", policy);
}

void policy_parse_network(const struct json_member *top, unsigned minor, struct policy *policy)
{
    static const char *const allowed[] = {"defaultPolicy", "enforcementMode", "allowLocalNetwork",
                                          "allowedHosts",  "blockedHosts",    "proxy",
                                          "egress",        "ingress",         NULL};
    static const size_t legacy_count = 6;
    struct json_member network = json_member_get(top, "network");
    struct directions directions = {.out = false};

    if (json_member_open(&network, allowed)) {
        bool directional = is_present(&network, "egress") || is_present(&network, "ingress");

        for (size_t i = 0; directional && i < legacy_count; i++) {
            struct json_member older = json_member_get(&network, allowed[i]);

            if (older.value != NULL)
                json_member_fail_name(&older, "cannot stand beside egress or ingress");
        }
        need_version_8(&network, "egress", minor);
        need_version_8(&network, "ingress", minor);
        if (directional) {
            parse_directional(&network, &directions, policy);
        } else {
            parse_legacy(&network, policy);
            directions.out = policy->network == POLICY_NETWORK_ALLOW;
        }
    }
    parse_runtime(top, minor, &directions, policy);
}
