/*
 * network_filter_win32.c - which network filters there are, and whether they hold for an account; see
 * network_filter_win32.h. Parent, with or without privilege.
 *
 * By key, one after the other: to look through all filters is a right that ordinary users do not have, to read ours is
 * one that setup gives them.
 */
#include "elevated/network_filter_win32.h"

#include <stdlib.h>
#include <string.h>

#include "shared/security_win32.h"
#include "shared/wide.h"

#define STAGE "network filter"

GUID network_filter_guid(const struct network_filter_key *key)
{
    GUID guid = {.Data1 = key->a, .Data2 = key->b, .Data3 = key->c};
    memcpy(guid.Data4, key->d, sizeof(guid.Data4));
    return guid;
}

static struct network_filter_key key_of(const GUID *guid)
{
    struct network_filter_key key = {
        .a = (uint32_t)guid->Data1, .b = (uint16_t)guid->Data2, .c = (uint16_t)guid->Data3};
    memcpy(key.d, guid->Data4, sizeof(key.d));
    return key;
}

static bool is_key(const GUID *guid, const struct network_filter_key *key)
{
    GUID wanted = network_filter_guid(key);
    return guid && memcmp(guid, &wanted, sizeof(wanted)) == 0;
}

int network_filter_failed(const char *call, DWORD number, const char *what, struct postern_error *error)
{
    return error_os(error, POSTERN_E_OS, STAGE, call, (int64_t)number, "%s", what);
}

int network_filter_open(HANDLE *engine, struct postern_error *error)
{
    *engine = NULL;
    DWORD number = FwpmEngineOpen0(NULL, (UINT32)RPC_C_AUTHN_DEFAULT, NULL, NULL, engine);
    if (number == ERROR_SUCCESS)
        return 0;
    int code = network_filter_failed("FwpmEngineOpen0", number, "the filters of the network", error);
    error_remedy(error, "see that the service \"Base Filtering Engine\" (BFE) runs; Windows' firewall needs it, too");
    return code;
}

/* ---- whom a condition is for ---- */

static void read_entry(PACL list, DWORD index, struct network_filter_found *out)
{
    ACCESS_ALLOWED_ACE *entry = NULL;
    if (!GetAce(list, index, (LPVOID *)&entry) || entry->Header.AceType != ACCESS_ALLOWED_ACE_TYPE ||
        entry->Header.AceFlags != 0 || entry->Mask != NETWORK_FILTER_MATCH)
        out->plain = false;
    else
        network_filter_add_sid(out, security_sid_text(&entry->SidStart));
}

void network_filter_read_users(const FWP_BYTE_BLOB *descriptor, struct network_filter_found *out)
{
    BOOL present = FALSE, defaulted = FALSE;
    PACL list = NULL;
    out->plain = descriptor && descriptor->data && descriptor->size >= sizeof(SECURITY_DESCRIPTOR_RELATIVE) &&
                 IsValidSecurityDescriptor(descriptor->data) &&
                 GetSecurityDescriptorLength(descriptor->data) <= descriptor->size &&
                 GetSecurityDescriptorDacl(descriptor->data, &present, &list, &defaulted) && present && list;
    for (DWORD i = 0; out->plain && i < list->AceCount; i++)
        read_entry(list, i, out);
}

/* ---- the objects ---- */

/* 0 and *there, or a failure. What is not there has a number of its own for each kind of object. */
static int answer(const char *call, DWORD number, HRESULT missing, bool *there, struct postern_error *error)
{
    *there = number == ERROR_SUCCESS;
    return *there || (HRESULT)number == missing
               ? 0
               : network_filter_failed(call, number, "the network filters of the offline accounts", error);
}

static bool is_name(const wchar_t *name)
{
    char *text = name ? wide_to_utf8(name) : NULL;
    bool same = text && strcmp(text, NETWORK_FILTER_NAME) == 0;
    free(text);
    return same;
}

static int read_provider(HANDLE engine, struct network_filter_state *out, struct postern_error *error)
{
    GUID key = network_filter_guid(&network_filter_provider);
    FWPM_PROVIDER0 *found = NULL;
    int status = answer("FwpmProviderGetByKey0", FwpmProviderGetByKey0(engine, &key, &found), FWP_E_PROVIDER_NOT_FOUND,
                        &out->provider.there, error);
    if (!found)
        return status;
    out->provider.ours = is_name(found->displayData.name);
    out->provider.flags = found->flags;
    FwpmFreeMemory0((void **)&found);
    return status;
}

static int read_sublayer(HANDLE engine, struct network_filter_state *out, struct postern_error *error)
{
    GUID key = network_filter_guid(&network_filter_sublayer);
    FWPM_SUBLAYER0 *found = NULL;
    int status = answer("FwpmSubLayerGetByKey0", FwpmSubLayerGetByKey0(engine, &key, &found), FWP_E_SUBLAYER_NOT_FOUND,
                        &out->sublayer.there, error);
    if (!found)
        return status;
    out->sublayer.ours = is_key(found->providerKey, &network_filter_provider);
    out->sublayer.flags = found->flags;
    out->sublayer.weight = found->weight;
    FwpmFreeMemory0((void **)&found);
    return status;
}

static void describe_filter(const FWPM_FILTER0 *filter, struct network_filter_found *out)
{
    const FWPM_FILTER_CONDITION0 *condition = filter->numFilterConditions == 1 ? filter->filterCondition : NULL;
    out->ours = is_key(filter->providerKey, &network_filter_provider);
    out->layer = key_of(&filter->layerKey);
    out->sublayer = key_of(&filter->subLayerKey);
    out->flags = filter->flags;
    out->action = filter->action.type;
    out->by_user = condition && is_key(&condition->fieldKey, &network_filter_user) &&
                   condition->matchType == FWP_MATCH_EQUAL &&
                   condition->conditionValue.type == FWP_SECURITY_DESCRIPTOR_TYPE;
    if (out->by_user)
        network_filter_read_users(condition->conditionValue.sd, out);
}

static int read_filter(HANDLE engine, size_t index, struct network_filter_found *out, struct postern_error *error)
{
    GUID key = network_filter_guid(&network_filters[index].key);
    FWPM_FILTER0 *found = NULL;
    int status = answer("FwpmFilterGetByKey0", FwpmFilterGetByKey0(engine, &key, &found), FWP_E_FILTER_NOT_FOUND,
                        &out->there, error);
    if (!found)
        return status;
    describe_filter(found, out);
    FwpmFreeMemory0((void **)&found);
    return status;
}

int network_filter_read(HANDLE engine, struct network_filter_state *out, struct postern_error *error)
{
    memset(out, 0, sizeof(*out));
    int status = read_provider(engine, out, error);
    if (status == 0)
        status = read_sublayer(engine, out, error);
    for (size_t i = 0; i < NETWORK_FILTER_COUNT && status == 0; i++)
        status = read_filter(engine, i, &out->filter[i], error);
    return status;
}

/* ---- asking ---- */

static enum network_filter_answer refuse(const struct network_filter_state *state, const char *sid,
                                         struct postern_error *error)
{
    char text[160];
    enum network_filter_standing standing = network_filter_judge(state, &sid, 1, false, text, sizeof(text));
    if (standing == NETWORK_FILTERS_SOUND)
        return NETWORK_FILTER_HOLDS;
    error_set(error, POSTERN_E_LEVEL, STAGE, "", "the network of offline accounts is not blocked: %s",
              standing == NETWORK_FILTERS_ABSENT ? "there are no filters for it" : text);
    error_remedy(error, "run `postern setup` as administrator");
    return NETWORK_FILTER_FAILS;
}

enum network_filter_answer network_filter_ask(const char *sid, struct postern_error *error)
{
    struct network_filter_state state = {.provider = {.there = false}};
    struct postern_error why = {0};
    enum network_filter_answer out = NETWORK_FILTER_UNKNOWN;
    HANDLE engine = NULL;
    int status = network_filter_open(&engine, &why);
    if (status == 0)
        status = network_filter_read(engine, &state, &why);
    if (engine)
        FwpmEngineClose0(engine);
    if (status == 0) {
        out = refuse(&state, sid, error);
    } else {
        error_set(error, POSTERN_E_LEVEL, STAGE, "",
                  "whether the network of offline accounts is blocked is unknown: %s", why.message);
        error_remedy(error, "run `postern setup` as administrator, which lets every user read the filters");
    }
    network_filter_state_free(&state);
    return out;
}
