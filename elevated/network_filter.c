/*
 * network_filter.c - the filters that keep the offline accounts off the network, see network_filter.h. Parent.
 */
#include "elevated/network_filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/buffer.h"
#include "shared/sddl.h"

#define SDDL_MAX 8192u

/* ---- the spec ---- */

const struct network_filter_key network_filter_provider = {
    0x93ec09de, 0xaf0d, 0x4c7f, {0x8a, 0xf0, 0xe7, 0x80, 0x58, 0x1f, 0xa3, 0xb1}};
const struct network_filter_key network_filter_sublayer = {
    0x970e4663, 0xf760, 0x462e, {0xa9, 0x69, 0x28, 0x78, 0x36, 0xf8, 0x01, 0x9f}};
/* FWPM_CONDITION_ALE_USER_ID */
const struct network_filter_key network_filter_user = {
    0xaf043a0a, 0xb34d, 0x4f86, {0x97, 0x9c, 0xc9, 0x03, 0x71, 0xaf, 0x6e, 0x66}};

/* Connecting is what gives a network. The others keep somebody who has one from reaching in instead: a listener on
 * loopback would be a way out as good as a proxy. Being bound comes before all of these, and for multicast and raw
 * sockets is the only one. */
const struct network_filter network_filters[NETWORK_FILTER_COUNT] = {
    /* FWPM_LAYER_ALE_RESOURCE_ASSIGNMENT_V4, _V6 */
    {"postern: offline, binding, IPv4",
     {0xfee27927, 0xc803, 0x4ce8, {0x97, 0x7c, 0xcb, 0xa3, 0x58, 0xc5, 0x0d, 0x49}},
     {0x1247d66d, 0x0b60, 0x4a15, {0x8d, 0x44, 0x71, 0x55, 0xd0, 0xf5, 0x3a, 0x0c}}},
    {"postern: offline, binding, IPv6",
     {0xff6bda7a, 0x0a26, 0x44cc, {0x8b, 0xc8, 0xaf, 0xfe, 0x5b, 0x0c, 0xbd, 0x0d}},
     {0x55a650e1, 0x5f0a, 0x4eca, {0xa6, 0x53, 0x88, 0xf5, 0x3b, 0x26, 0xaa, 0x8c}}},
    /* FWPM_LAYER_ALE_AUTH_CONNECT_V4, _V6 */
    {"postern: offline, connecting, IPv4",
     {0x8a4c954f, 0x5c87, 0x48bd, {0xa0, 0xe0, 0xd4, 0xc1, 0x41, 0x51, 0xed, 0x75}},
     {0xc38d57d1, 0x05a7, 0x4c33, {0x90, 0x4f, 0x7f, 0xbc, 0xee, 0xe6, 0x0e, 0x82}}},
    {"postern: offline, connecting, IPv6",
     {0xa8f07fb7, 0x95b9, 0x4532, {0x9b, 0xef, 0x84, 0x48, 0x9e, 0x89, 0xc6, 0x02}},
     {0x4a72393b, 0x319f, 0x44bc, {0x84, 0xc3, 0xba, 0x54, 0xdc, 0xb3, 0xb6, 0xb4}}},
    /* FWPM_LAYER_ALE_AUTH_LISTEN_V4, _V6 */
    {"postern: offline, listening, IPv4",
     {0xa3a058f5, 0x4834, 0x4013, {0x86, 0xee, 0xcc, 0x3d, 0x9e, 0x39, 0x2f, 0xb3}},
     {0x88bb5dad, 0x76d7, 0x4227, {0x9c, 0x71, 0xdf, 0x0a, 0x3e, 0xd7, 0xbe, 0x7e}}},
    {"postern: offline, listening, IPv6",
     {0xefbddbab, 0x4b89, 0x45f5, {0x9b, 0x85, 0xa7, 0xbb, 0x27, 0x73, 0xa6, 0x83}},
     {0x7ac9de24, 0x17dd, 0x4814, {0xb4, 0xbd, 0xa9, 0xfb, 0xc9, 0x5a, 0x32, 0x1b}}},
    /* FWPM_LAYER_ALE_AUTH_RECV_ACCEPT_V4, _V6 */
    {"postern: offline, accepting, IPv4",
     {0x45d7c5b0, 0x2bc3, 0x4fe4, {0xac, 0xa3, 0x1a, 0xcf, 0x15, 0x59, 0x9c, 0x55}},
     {0xe1cd9fe7, 0xf4b5, 0x4273, {0x96, 0xc0, 0x59, 0x2e, 0x48, 0x7b, 0x86, 0x50}}},
    {"postern: offline, accepting, IPv6",
     {0x0ce3acf4, 0x91b1, 0x41f3, {0xa9, 0x5b, 0x25, 0xf9, 0xb8, 0xb1, 0x90, 0x4c}},
     {0xa3b42c97, 0x9f04, 0x4672, {0xb8, 0x7e, 0xce, 0xe9, 0xc4, 0x83, 0x25, 0x7f}}},
};

/* What every filter lets match beside the accounts; see network_filter_sddl(). */
static const char *const always[] = {SID_COMMANDS, SID_APP_PACKAGES, SID_RESTRICTED_PACKAGES};
enum { ALWAYS = sizeof(always) / sizeof(always[0]) };

static bool add_entry(struct buffer *out, const char *sid)
{
    return sddl_is_sid(sid) && buffer_printf(out, "(A;;CC;;;%s)", sid); /* CC is the right 0x1 */
}

/* Owned by the service that keeps them, as those that the system makes are. */
char *network_filter_sddl(const char *const *sid, size_t count)
{
    struct buffer out;
    buffer_init(&out, SDDL_MAX);
    bool fits = count > 0 && buffer_append(&out, "O:LSD:", 6);
    for (size_t i = 0; fits && i < count; i++)
        fits = add_entry(&out, sid[i]);
    for (size_t i = 0; fits && i < ALWAYS; i++)
        fits = add_entry(&out, always[i]);
    char *text = fits ? buffer_to_text(&out) : NULL;
    buffer_free(&out);
    return text;
}

/* FWPM_GENERIC_ALL; READ_CONTROL and FWPM_ACTRL_READ. The system's own default lets network operators delete filters.
 */
char *network_filter_access(void)
{
    static const struct sddl_ace list[] = {{.mask = 0x000f07ff, .sid = SID_ADMINISTRATORS},
                                           {.mask = 0x000f07ff, .sid = SID_SYSTEM},
                                           {.mask = 0x00020080, .sid = SID_AUTHENTICATED}};
    return sddl_make(list, sizeof(list) / sizeof(list[0]));
}

/* ---- what there is ---- */

void network_filter_state_free(struct network_filter_state *state)
{
    for (size_t i = 0; i < NETWORK_FILTER_COUNT; i++)
        while (state->filter[i].count > 0)
            free(state->filter[i].sid[--state->filter[i].count]);
    memset(state, 0, sizeof(*state));
}

void network_filter_add_sid(struct network_filter_found *found, char *sid)
{
    if (sid && found->count < NETWORK_FILTER_SIDS_MAX) {
        found->sid[found->count++] = sid;
        return;
    }
    found->plain = false;
    free(sid);
}

static bool lets(const struct network_filter_found *found, const char *sid)
{
    for (size_t i = 0; i < found->count; i++)
        if (strcmp(found->sid[i], sid) == 0)
            return true;
    return false;
}

static bool is_among(const char *sid, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], sid) == 0)
            return true;
    return false;
}

static bool is_for(const struct network_filter_found *found, const char *const *sid, size_t count, bool exactly)
{
    bool fits = found->plain && count > 0;
    for (size_t i = 0; fits && i < count; i++)
        fits = lets(found, sid[i]);
    for (size_t i = 0; fits && i < ALWAYS; i++)
        fits = lets(found, always[i]);
    for (size_t i = 0; fits && exactly && i < found->count; i++)
        fits = is_among(found->sid[i], sid, count) || is_among(found->sid[i], always, ALWAYS);
    return fits;
}

static bool same_key(const struct network_filter_key *one, const struct network_filter_key *other)
{
    return one->a == other->a && one->b == other->b && one->c == other->c && memcmp(one->d, other->d, 8) == 0;
}

/* NULL: it is as wanted. Flags that are not ours to choose, such as "indexed", do not matter. */
static const char *filter_problem(const struct network_filter *wanted, const struct network_filter_found *found,
                                  const char *const *sid, size_t count, bool exactly)
{
    if (!found->there)
        return "it is missing";
    if (found->flags & NETWORK_FILTER_DISABLED)
        return "Windows has disabled it";
    if (!same_key(&found->layer, &wanted->layer) || !same_key(&found->sublayer, &network_filter_sublayer))
        return "it is in another place";
    if (found->action != NETWORK_FILTER_BLOCK || !(found->flags & NETWORK_FILTER_HARD))
        return "it does not block for good";
    if (!(found->flags & NETWORK_FILTER_PERSISTENT) || (found->flags & NETWORK_FILTER_BOOT_TIME))
        return "it does not last";
    if (!found->by_user)
        return "it does not go by users alone";
    return is_for(found, sid, count, exactly) ? NULL : "it is not for exactly the offline accounts";
}

static const char *frame_problem(const struct network_filter_state *state)
{
    if (!state->provider.there || !state->sublayer.there)
        return "their provider or sub-layer is missing";
    if (state->provider.flags & NETWORK_FILTER_PROVIDER_DISABLED)
        return "Windows has disabled their provider";
    if (!(state->provider.flags & state->sublayer.flags & NETWORK_FILTER_PERSISTENT))
        return "their provider or sub-layer does not last";
    return state->sublayer.weight == NETWORK_FILTER_SUBLAYER_WEIGHT ? NULL : "others are asked before them";
}

static bool is_foreign(const struct network_filter_state *state)
{
    bool foreign = (state->provider.there && !state->provider.ours) || (state->sublayer.there && !state->sublayer.ours);
    for (size_t i = 0; i < NETWORK_FILTER_COUNT && !foreign; i++)
        foreign = state->filter[i].there && !state->filter[i].ours;
    return foreign;
}

static bool is_absent(const struct network_filter_state *state)
{
    bool absent = !state->provider.there && !state->sublayer.there;
    for (size_t i = 0; i < NETWORK_FILTER_COUNT && absent; i++)
        absent = !state->filter[i].there;
    return absent;
}

enum network_filter_standing network_filter_judge(const struct network_filter_state *state, const char *const *sid,
                                                  size_t count, bool exactly, char *text, size_t size)
{
    snprintf(text, size, "%s", "");
    if (is_absent(state))
        return NETWORK_FILTERS_ABSENT;
    if (is_foreign(state)) {
        snprintf(text, size, "there are filters with keys of postern that postern has not made");
        return NETWORK_FILTERS_FOREIGN;
    }
    const char *problem = frame_problem(state);
    if (problem)
        snprintf(text, size, "%s", problem);
    for (size_t i = 0; i < NETWORK_FILTER_COUNT && !problem; i++) {
        problem = filter_problem(&network_filters[i], &state->filter[i], sid, count, exactly);
        if (problem)
            snprintf(text, size, "%s: %s", network_filters[i].name, problem);
    }
    return problem ? NETWORK_FILTERS_WRONG : NETWORK_FILTERS_SOUND;
}
