/*
 * setup_filter_win32.c - making and removing the network filters of the offline accounts. See setup_win32.h and
 * network_filter.h. Parent, as administrator.
 *
 * All in one transaction: there is no moment, and no crash, after which some of them are in force and others not.
 */
#include "elevated/setup_win32.h"

#include <stdlib.h>
#include <string.h>

#include "elevated/network_filter_win32.h"
#include "shared/security_win32.h"
#include "shared/text.h"
#include "shared/wide.h"

#define ACCOUNTS_MISSING "some of the offline accounts do not exist"
#define IN_USE "others have put filters into postern's sub-layer"

/* ---- looking ---- */

static void say(struct setup_state *out, enum setup_standing standing, const char *text)
{
    out->standing = standing;
    text_copy(out->text, sizeof(out->text), text);
}

static void judge(const struct network_filter_state *state, unsigned accounts, struct setup_state *out)
{
    struct setup_sids sids = {.count = 0};
    char text[SETUP_TEXT_MAX];
    bool all = setup_sids_find(accounts, &sids);
    enum network_filter_standing standing =
        network_filter_judge(state, (const char *const *)sids.item, sids.count, true, text, sizeof(text));
    setup_sids_free(&sids);
    out->ours = standing == NETWORK_FILTERS_SOUND || standing == NETWORK_FILTERS_WRONG;
    if (standing == NETWORK_FILTERS_FOREIGN)
        say(out, SETUP_FOREIGN, text);
    else if (standing == NETWORK_FILTERS_WRONG)
        say(out, SETUP_DIFFERENT, all ? text : ACCOUNTS_MISSING);
    else
        out->standing = standing == NETWORK_FILTERS_SOUND ? SETUP_AS_WANTED : SETUP_ABSENT;
}

static int look(HANDLE engine, unsigned accounts, struct setup_state *out, struct postern_error *error)
{
    struct network_filter_state state;
    int status = network_filter_read(engine, &state, error);
    if (status == 0)
        judge(&state, accounts, out);
    network_filter_state_free(&state);
    return status;
}

int setup_filter_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                      struct postern_error *error)
{
    HANDLE engine;
    (void)windows;
    int status = network_filter_open(&engine, error);
    if (status != 0)
        return status;
    status = look(engine, item->accounts, out, error);
    FwpmEngineClose0(engine);
    return status;
}

/* ---- removing ---- */

/* What is not there is no failure. */
static int removed(const char *call, DWORD number, HRESULT missing, struct postern_error *error)
{
    return number == ERROR_SUCCESS || (HRESULT)number == missing
               ? 0
               : network_filter_failed(call, number, "the network filters of the offline accounts", error);
}

/* *in_use: others refer to the sub-layer or the provider, which then stay. */
static int remove_all(HANDLE engine, bool *in_use, struct postern_error *error)
{
    GUID provider = network_filter_guid(&network_filter_provider),
         sublayer = network_filter_guid(&network_filter_sublayer);
    int status = 0;
    for (size_t i = 0; i < NETWORK_FILTER_COUNT && status == 0; i++) {
        GUID key = network_filter_guid(&network_filters[i].key);
        status = removed("FwpmFilterDeleteByKey0", FwpmFilterDeleteByKey0(engine, &key), FWP_E_FILTER_NOT_FOUND, error);
    }
    DWORD number = status == 0 ? FwpmSubLayerDeleteByKey0(engine, &sublayer) : ERROR_SUCCESS;
    *in_use = (HRESULT)number == FWP_E_IN_USE;
    if (status == 0 && !*in_use)
        status = removed("FwpmSubLayerDeleteByKey0", number, FWP_E_SUBLAYER_NOT_FOUND, error);
    number = status == 0 && !*in_use ? FwpmProviderDeleteByKey0(engine, &provider) : ERROR_SUCCESS;
    *in_use = *in_use || (HRESULT)number == FWP_E_IN_USE;
    if (status == 0 && !*in_use)
        status = removed("FwpmProviderDeleteByKey0", number, FWP_E_PROVIDER_NOT_FOUND, error);
    return status;
}

/* ---- making ---- */

/* What all objects are made with. */
struct plan {
    wchar_t *name, *text;
    PSECURITY_DESCRIPTOR access; /* who may touch them */
    PSECURITY_DESCRIPTOR users;  /* whom the filters are for */
    ULONG users_size;
};

static void plan_free(struct plan *plan)
{
    if (plan->access)
        LocalFree(plan->access);
    if (plan->users)
        LocalFree(plan->users);
    free(plan->name);
    free(plan->text);
}

/* Takes `text`. The result is self-relative, which a condition has to be; freed with LocalFree(). */
static int read_descriptor(char *text, PSECURITY_DESCRIPTOR *out, ULONG *size, struct postern_error *error)
{
    int status = security_read_sddl(text, out, size, error);
    free(text);
    return status;
}

static int plan_make(unsigned accounts, struct plan *out, struct postern_error *error)
{
    struct setup_sids sids;
    memset(out, 0, sizeof(*out));
    if (!setup_sids_find(accounts, &sids))
        return error_set(error, POSTERN_E_STATE, SETUP_STAGE, "", "%s", ACCOUNTS_MISSING);
    char *users = network_filter_sddl((const char *const *)sids.item, sids.count);
    setup_sids_free(&sids);
    int status = read_descriptor(users, &out->users, &out->users_size, error);
    if (status == 0)
        status = read_descriptor(network_filter_access(), &out->access, NULL, error);
    out->name = wide_from_utf8(NETWORK_FILTER_NAME);
    out->text = wide_from_utf8(NETWORK_FILTER_TEXT);
    if (status == 0 && !(out->name && out->text))
        status = error_memory(error, SETUP_STAGE);
    return status;
}

static int added(const char *call, DWORD number, struct postern_error *error)
{
    return number == ERROR_SUCCESS
               ? 0
               : network_filter_failed(call, number, "the network filters of the offline accounts", error);
}

/* No name of a service: it would make them depend on how that one is started. */
static int add_provider(HANDLE engine, const struct plan *plan, struct postern_error *error)
{
    FWPM_PROVIDER0 provider;
    memset(&provider, 0, sizeof(provider));
    provider.providerKey = network_filter_guid(&network_filter_provider);
    provider.displayData.name = plan->name;
    provider.displayData.description = plan->text;
    provider.flags = NETWORK_FILTER_PERSISTENT;
    return added("FwpmProviderAdd0", FwpmProviderAdd0(engine, &provider, plan->access), error);
}

/* Some headers have `flags` as 16 bits, others as 32: hence memset() and not an initialiser, which may leave the gap.
 */
static int add_sublayer(HANDLE engine, const struct plan *plan, struct postern_error *error)
{
    GUID provider = network_filter_guid(&network_filter_provider);
    FWPM_SUBLAYER0 sublayer;
    memset(&sublayer, 0, sizeof(sublayer));
    sublayer.subLayerKey = network_filter_guid(&network_filter_sublayer);
    sublayer.displayData.name = plan->name;
    sublayer.displayData.description = plan->text;
    sublayer.flags = NETWORK_FILTER_PERSISTENT;
    sublayer.providerKey = &provider;
    sublayer.weight = NETWORK_FILTER_SUBLAYER_WEIGHT;
    return added("FwpmSubLayerAdd0", FwpmSubLayerAdd0(engine, &sublayer, plan->access), error);
}

static int add_filter(HANDLE engine, const struct network_filter *wanted, const struct plan *plan,
                      struct postern_error *error)
{
    GUID provider = network_filter_guid(&network_filter_provider);
    FWP_BYTE_BLOB users = {.size = plan->users_size, .data = plan->users};
    FWPM_FILTER_CONDITION0 condition;
    FWPM_FILTER0 filter;
    wchar_t *name = wide_from_utf8(wanted->name);
    if (!name)
        return error_memory(error, SETUP_STAGE);
    memset(&condition, 0, sizeof(condition));
    condition.fieldKey = network_filter_guid(&network_filter_user);
    condition.matchType = FWP_MATCH_EQUAL;
    condition.conditionValue.type = FWP_SECURITY_DESCRIPTOR_TYPE;
    condition.conditionValue.sd = &users;
    memset(&filter, 0, sizeof(filter));
    filter.filterKey = network_filter_guid(&wanted->key);
    filter.displayData.name = name;
    filter.displayData.description = plan->text;
    filter.flags = NETWORK_FILTER_PERSISTENT | NETWORK_FILTER_HARD;
    filter.providerKey = &provider;
    filter.layerKey = network_filter_guid(&wanted->layer);
    filter.subLayerKey = network_filter_guid(&network_filter_sublayer);
    filter.weight.type = FWP_UINT8;
    filter.weight.uint8 = NETWORK_FILTER_WEIGHT;
    filter.numFilterConditions = 1;
    filter.filterCondition = &condition;
    filter.action.type = NETWORK_FILTER_BLOCK;
    int status = added("FwpmFilterAdd0", FwpmFilterAdd0(engine, &filter, plan->access, NULL), error);
    free(name);
    return status;
}

/* Anew: whatever of them is there goes in the same transaction. */
static int replace_all(HANDLE engine, const struct plan *plan, struct postern_error *error)
{
    bool in_use = false;
    int status = remove_all(engine, &in_use, error);
    if (status == 0 && in_use)
        status = error_set(error, POSTERN_E_STATE, SETUP_STAGE, "", "%s", IN_USE);
    if (status == 0)
        status = add_provider(engine, plan, error);
    if (status == 0)
        status = add_sublayer(engine, plan, error);
    for (size_t i = 0; i < NETWORK_FILTER_COUNT && status == 0; i++)
        status = add_filter(engine, &network_filters[i], plan, error);
    return status;
}

/* ---- transactions ---- */

static int begin(HANDLE engine, struct postern_error *error)
{
    return added("FwpmTransactionBegin0", FwpmTransactionBegin0(engine, 0), error); /* 0: for reading and writing */
}

/* A session that is closed with a transaction open aborts it, too. */
static int end(HANDLE engine, int status, struct postern_error *error)
{
    if (status == 0)
        return added("FwpmTransactionCommit0", FwpmTransactionCommit0(engine), error);
    FwpmTransactionAbort0(engine);
    return status;
}

int setup_filter_make(struct setup_windows *windows, const struct setup_item *item, struct postern_error *error)
{
    struct plan plan;
    HANDLE engine = NULL;
    (void)windows;
    int status = plan_make(item->accounts, &plan, error);
    if (status == 0)
        status = network_filter_open(&engine, error);
    if (status == 0)
        status = begin(engine, error);
    if (status == 0)
        status = end(engine, replace_all(engine, &plan, error), error);
    if (engine)
        FwpmEngineClose0(engine);
    plan_free(&plan);
    return status;
}

static int take_back(HANDLE engine, char *left, struct postern_error *error)
{
    struct setup_state state = {.standing = SETUP_ABSENT};
    bool in_use = false;
    int status = look(engine, 0, &state, error);
    if (status != 0 || state.standing == SETUP_ABSENT)
        return status;
    if (!state.ours) {
        text_copy(left, SETUP_TEXT_MAX, state.text);
        return 0;
    }
    status = begin(engine, error);
    if (status == 0)
        status = end(engine, remove_all(engine, &in_use, error), error);
    if (status == 0 && in_use)
        text_copy(left, SETUP_TEXT_MAX, IN_USE);
    return status;
}

int setup_filter_restore(struct setup_windows *windows, const char *name, const char *before, char *left,
                         struct postern_error *error)
{
    HANDLE engine;
    (void)windows, (void)name, (void)before;
    int status = network_filter_open(&engine, error);
    if (status != 0)
        return status;
    status = take_back(engine, left, error);
    FwpmEngineClose0(engine);
    return status;
}
