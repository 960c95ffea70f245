/*
 * policy_container.c - the part of a policy's JSON about Windows' app containers: "processContainer", or
 * "appContainer", which means the same. See policy_parse.h. What of it nothing gives is still checked, then taken down
 * as a demand. Parent.
 */
#include <string.h>

#include "shared/policy_parse.h"

#define CAPABILITIES_MAX 4096

/* Tools that make such configs for Windows write the section whatever the containment: there "process" means one. */
static bool belongs(const struct policy *policy)
{
    return policy->containment == POLICY_CONTAINMENT_PROCESSCONTAINER ||
           (policy->containment == POLICY_CONTAINMENT_PROCESS && policy->rules.style == PATH_WINDOWS);
}

/* Those an app container has that may use the network: asked for with it they say nothing more. */
static bool comes_with_network(const char *name)
{
    static const char *const names[] = {"internetClient", "internetClientServer", "privateNetworkClientServer"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0)
            return true;
    }
    return false;
}

static void parse_capabilities(const struct json_member *section, struct policy *policy)
{
    struct json_member list = json_member_get(section, "capabilities");
    size_t count = json_member_count(&list, CAPABILITIES_MAX);
    bool more = false;

    for (size_t i = 0; i < count; i++) {
        struct json_member item = json_member_at(&list, i);
        const char *name = json_member_string(&item, "");

        if (name[0] == '\0')
            json_member_fail(&item, "is empty");
        else if (strchr(name, ',') != NULL)
            json_member_fail(&item, "has a comma; each capability is an entry of its own");
        more = more || policy->network != POLICY_NETWORK_ALLOW || !comes_with_network(name);
    }
    if (more)
        policy_parse_demand(&list, "containment", policy);
}

static void parse_denials(const struct json_member *denials, struct policy *policy)
{
    static const char *const allowed[] = {"mode", "outputPath", "retainEtl", NULL};
    static const char *const modes[] = {"block", "allow", NULL};
    struct json_member mode = json_member_get(denials, "mode");
    struct json_member path = json_member_get(denials, "outputPath");
    struct json_member retain = json_member_get(denials, "retainEtl");

    if (!json_member_open(denials, allowed))
        return;
    json_member_choice(&mode, modes, 0);
    json_member_string(&path, NULL);
    json_member_bool(&retain, false);
    policy_parse_demand(denials, "containment", policy);
}

/* The strictest of each is what a desktop of their own gives to commands; nothing gives a part of it. */
static void parse_container_ui(const struct json_member *ui, struct policy *policy)
{
    static const char *const allowed[] = {"isolation", "desktopSystemControl", "systemSettings", "ime", NULL};
    static const char *const isolations[] = {"container", "atoms", "handles", "desktop", NULL};
    struct json_member isolation = json_member_get(ui, "isolation");
    struct json_member control = json_member_get(ui, "desktopSystemControl");
    struct json_member settings = json_member_get(ui, "systemSettings");
    struct json_member ime = json_member_get(ui, "ime");

    if (!json_member_open(ui, allowed))
        return;
    policy->ui.said = true;
    if (json_member_choice(&isolation, isolations, 0) != 0)
        policy_parse_demand(&isolation, "ui", policy);
    if (json_member_bool(&control, false))
        policy_parse_demand(&control, "ui", policy);
    if (strcmp(json_member_string(&settings, "none"), "none") != 0)
        policy_parse_demand(&settings, "ui", policy);
    if (json_member_bool(&ime, false))
        policy_parse_demand(&ime, "ui", policy);
}

static void parse_container_network(const struct json_member *network, struct policy *policy)
{
    static const char *const allowed[] = {"allowedProxyPeer", NULL};
    struct json_member peer = json_member_get(network, "allowedProxyPeer");

    if (json_member_open(network, allowed) && peer.value != NULL)
        policy_parse_demand(&peer, "net.proxy", policy);
}

static void parse_section(const struct json_member *section, struct policy *policy)
{
    static const char *const allowed[] = {
        "leastPrivilege", "learningMode", "capabilities", "captureDenials", "ui", "network", NULL};
    struct json_member least = json_member_get(section, "leastPrivilege");
    struct json_member learning = json_member_get(section, "learningMode");
    struct json_member denials = json_member_get(section, "captureDenials");
    struct json_member ui = json_member_get(section, "ui");
    struct json_member network = json_member_get(section, "network");

    if (!json_member_open(section, allowed))
        return;
    if (json_member_bool(&least, false))
        policy_parse_demand(&least, "containment", policy);
    if (json_member_bool(&learning, false))
        policy_parse_demand(&learning, "containment", policy);
    parse_capabilities(section, policy);
    parse_denials(&denials, policy);
    parse_container_ui(&ui, policy);
    parse_container_network(&network, policy);
}

void policy_parse_container(const struct json_member *top, struct policy *policy)
{
    struct json_member section = json_member_get(top, "processContainer");
    struct json_member other = json_member_get(top, "appContainer");

    if (section.value != NULL && other.value != NULL) {
        json_member_fail_name(&other, "means processContainer, which is there as well");
        return;
    }
    if (section.value == NULL)
        section = other;
    if (section.value != NULL && !belongs(policy)) {
        json_member_fail_name(&section, "is for the containment \"processcontainer\"");
        return;
    }
    parse_section(&section, policy);
}
