/*
 * setup_firewall_win32.c - the rule that keeps the offline accounts off the network, and whether the firewall heeds it.
 * See setup_win32.h and firewall_rule.h. Parent, as administrator.
 *
 * Through INetFwPolicy2, the documented interface: what it adds is in force at once. The registry holds the same as
 * text, but its form is not promised, and the service that reads it would have to be told.
 */
#define COBJMACROS
#include "elevated/setup_win32.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <objbase.h>
#include <oleauto.h>
#include <netfw.h>

#include "elevated/firewall_rule.h"
#include "shared/text.h"
#include "shared/wide.h"

/* By their numbers: which library has the names differs between compilers. */
static const GUID policy_class = {0xe2b3c97f, 0x6ae1, 0x41ac, {0x81, 0x7a, 0xf6, 0xf9, 0x21, 0x66, 0xd7, 0xdd}};
static const GUID policy_interface = {0x98325047, 0xc671, 0x4174, {0x8d, 0x81, 0xde, 0xfc, 0xd3, 0xf0, 0x31, 0x86}};
static const GUID rule_class = {0x2c5bc43e, 0x3369, 0x4c33, {0xab, 0x0c, 0xbe, 0x94, 0x69, 0x67, 0x7a, 0xf4}};
static const GUID rule_interface = {0xb21563ff, 0xd696, 0x4222, {0xab, 0x46, 0x4e, 0x89, 0xb7, 0x3a, 0xb3, 0x4a}};

#define RULE_TEXT                                                                                                      \
    "Blocks all outgoing traffic of the sandbox accounts without network. Made and removed by: postern setup"
#define NOT_THERE HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)
enum { DOUBLES_MAX = 16 };

struct firewall {
    bool initialised;
    INetFwPolicy2 *policy;
    INetFwRules *rules;
};

static int failed(const char *call, HRESULT number, struct postern_error *error)
{
    return setup_fail(error, call, (int64_t)number, "Windows' firewall");
}

static void firewall_close(struct firewall *firewall)
{
    if (firewall->rules)
        INetFwRules_Release(firewall->rules);
    if (firewall->policy)
        INetFwPolicy2_Release(firewall->policy);
    if (firewall->initialised)
        CoUninitialize();
    *firewall = (struct firewall){.policy = NULL};
}

static int firewall_open(struct firewall *firewall, struct postern_error *error)
{
    const char *call = "CoInitializeEx";
    *firewall = (struct firewall){.policy = NULL};
    HRESULT number = CoInitializeEx(NULL, COINIT_APARTMENTTHREADED | COINIT_DISABLE_OLE1DDE);
    firewall->initialised = SUCCEEDED(number);
    if (SUCCEEDED(number) || number == RPC_E_CHANGED_MODE) {
        call = "CoCreateInstance";
        number =
            CoCreateInstance(&policy_class, NULL, CLSCTX_INPROC_SERVER, &policy_interface, (void **)&firewall->policy);
    }
    if (firewall->policy) {
        call = "INetFwPolicy2::get_Rules";
        number = INetFwPolicy2_get_Rules(firewall->policy, &firewall->rules);
    }
    if (SUCCEEDED(number))
        return 0;
    firewall_close(firewall);
    return failed(call, number, error);
}

static BSTR make_bstr(const char *text)
{
    wchar_t *wide = wide_from_utf8(text);
    BSTR out = wide ? SysAllocString(wide) : NULL;
    free(wide);
    return out;
}

/* ---- reading ---- */

/* An owned string of a rule; takes and frees `text`. NULL stays NULL. */
static HRESULT take_text(HRESULT number, BSTR text, char **out)
{
    if (FAILED(number))
        return number;
    if (text)
        *out = wide_to_utf8(text);
    SysFreeString(text);
    return text && !*out ? E_OUTOFMEMORY : S_OK;
}

#define READ_TEXT(rule, property, field)                                                                               \
    (text = NULL, number = INetFwRule3_get_##property(rule, &text), number = take_text(number, text, &out->field),     \
     SUCCEEDED(number))

static HRESULT read_rule(INetFwRule3 *rule, struct firewall_rule *out)
{
    NET_FW_RULE_DIRECTION direction = NET_FW_RULE_DIR_MAX;
    NET_FW_ACTION action = NET_FW_ACTION_MAX;
    VARIANT_BOOL enabled = VARIANT_FALSE;
    BSTR text;
    HRESULT number;
    if (!READ_TEXT(rule, Grouping, group) || !READ_TEXT(rule, LocalUserAuthorizedList, users) ||
        !READ_TEXT(rule, ApplicationName, application) || !READ_TEXT(rule, ServiceName, service) ||
        !READ_TEXT(rule, LocalAddresses, local_addresses) || !READ_TEXT(rule, RemoteAddresses, remote_addresses) ||
        !READ_TEXT(rule, InterfaceTypes, interface_types) || !READ_TEXT(rule, LocalAppPackageId, package))
        return number;
    if (FAILED(number = INetFwRule3_get_Direction(rule, &direction)) ||
        FAILED(number = INetFwRule3_get_Action(rule, &action)) ||
        FAILED(number = INetFwRule3_get_Enabled(rule, &enabled)) ||
        FAILED(number = INetFwRule3_get_Profiles(rule, &out->profiles)) ||
        FAILED(number = INetFwRule3_get_Protocol(rule, &out->protocol)))
        return number;
    out->direction = (long)direction;
    out->action = (long)action;
    out->enabled = enabled != VARIANT_FALSE;
    return S_OK;
}

/* *found false: there is none of this name. */
static int find_rule(struct firewall *firewall, struct firewall_rule *out, bool *found, struct postern_error *error)
{
    INetFwRule *rule = NULL;
    INetFwRule3 *rule3 = NULL;
    BSTR name = make_bstr(FIREWALL_RULE_NAME);
    const char *call = "INetFwRules::Item";
    *found = false;
    if (!name)
        return error_memory(error, SETUP_STAGE);
    HRESULT number = INetFwRules_Item(firewall->rules, name, &rule);
    SysFreeString(name);
    if (number == NOT_THERE)
        return 0;
    if (SUCCEEDED(number)) {
        call = "INetFwRule3";
        number = INetFwRule_QueryInterface(rule, &rule_interface, (void **)&rule3);
    }
    if (SUCCEEDED(number))
        number = read_rule(rule3, out);
    if (rule3)
        INetFwRule3_Release(rule3);
    if (rule)
        INetFwRule_Release(rule);
    *found = SUCCEEDED(number);
    if (*found)
        return 0;
    firewall_rule_free(out);
    return failed(call, number, error);
}

static bool is_ours(const struct firewall_rule *rule)
{
    return rule->group && strcmp(rule->group, FIREWALL_RULE_GROUP) == 0;
}

/* ---- the rule ---- */

static void judge_rule(const struct firewall_rule *rule, unsigned accounts, struct setup_state *out)
{
    struct setup_sids sids = {.count = 0};
    const char *problem = "there is a rule of this name that postern has not made";
    out->ours = is_ours(rule);
    out->standing = out->ours ? SETUP_DIFFERENT : SETUP_FOREIGN;
    if (out->ours)
        problem = setup_sids_find(accounts, &sids)
                      ? firewall_rule_compare(rule, (const char *const *)sids.item, sids.count)
                      : "some of the offline accounts do not exist";
    if (!problem)
        out->standing = SETUP_AS_WANTED;
    text_copy(out->text, sizeof(out->text), problem ? problem : "");
    setup_sids_free(&sids);
}

int setup_rule_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                    struct postern_error *error)
{
    struct firewall firewall;
    struct firewall_rule rule = {.group = NULL};
    bool found = false;
    (void)windows;
    int status = firewall_open(&firewall, error);
    if (status != 0)
        return status;
    status = find_rule(&firewall, &rule, &found, error);
    if (found)
        judge_rule(&rule, item->accounts, out);
    firewall_rule_free(&rule);
    firewall_close(&firewall);
    return status;
}

/* Several rules may have one name; each call of Remove() takes one of them. */
static int remove_rules(struct firewall *firewall, char *left, struct postern_error *error)
{
    for (int i = 0; i < DOUBLES_MAX; i++) {
        struct firewall_rule rule = {.group = NULL};
        bool found;
        int status = find_rule(firewall, &rule, &found, error);
        bool ours = found && is_ours(&rule);
        firewall_rule_free(&rule);
        if (status != 0 || !found)
            return status;
        if (!ours) {
            text_copy(left, SETUP_TEXT_MAX, "there is a rule of this name that postern has not made");
            return 0;
        }
        BSTR name = make_bstr(FIREWALL_RULE_NAME);
        HRESULT number = name ? INetFwRules_Remove(firewall->rules, name) : E_OUTOFMEMORY;
        SysFreeString(name);
        if (FAILED(number))
            return failed("INetFwRules::Remove", number, error);
    }
    return error_set(error, POSTERN_E_STATE, SETUP_STAGE, "", "the firewall rule does not go away");
}

#define WRITE_TEXT(rule, property, value)                                                                              \
    (text = make_bstr(value), number = text ? INetFwRule3_put_##property(rule, text) : E_OUTOFMEMORY,                  \
     SysFreeString(text), SUCCEEDED(number))

static HRESULT fill_rule(INetFwRule3 *rule, const char *users)
{
    BSTR text;
    HRESULT number;
    if (!WRITE_TEXT(rule, Name, FIREWALL_RULE_NAME) || !WRITE_TEXT(rule, Description, RULE_TEXT) ||
        !WRITE_TEXT(rule, Grouping, FIREWALL_RULE_GROUP) || !WRITE_TEXT(rule, LocalUserAuthorizedList, users))
        return number;
    if (FAILED(number = INetFwRule3_put_Direction(rule, NET_FW_RULE_DIR_OUT)) ||
        FAILED(number = INetFwRule3_put_Action(rule, NET_FW_ACTION_BLOCK)) ||
        FAILED(number = INetFwRule3_put_Profiles(rule, FIREWALL_ALL_PROFILES)) ||
        FAILED(number = INetFwRule3_put_Protocol(rule, FIREWALL_ANY_PROTOCOL)))
        return number;
    return INetFwRule3_put_Enabled(rule, VARIANT_TRUE);
}

static int add_rule(struct firewall *firewall, const char *users, struct postern_error *error)
{
    INetFwRule3 *rule = NULL;
    const char *call = "CoCreateInstance";
    HRESULT number = CoCreateInstance(&rule_class, NULL, CLSCTX_INPROC_SERVER, &rule_interface, (void **)&rule);
    if (SUCCEEDED(number)) {
        call = "INetFwRule3";
        number = fill_rule(rule, users);
    }
    if (SUCCEEDED(number)) {
        call = "INetFwRules::Add";
        number = INetFwRules_Add(firewall->rules, (INetFwRule *)rule);
    }
    if (rule)
        INetFwRule3_Release(rule);
    return SUCCEEDED(number) ? 0 : failed(call, number, error);
}

int setup_rule_make(struct setup_windows *windows, const struct setup_item *item, struct postern_error *error)
{
    struct firewall firewall;
    struct setup_sids sids = {.count = 0};
    char left[SETUP_TEXT_MAX] = "", *users = NULL;
    (void)windows;
    if (setup_sids_find(item->accounts, &sids))
        users = firewall_rule_users((const char *const *)sids.item, sids.count);
    setup_sids_free(&sids);
    if (!users)
        return error_set(error, POSTERN_E_STATE, SETUP_STAGE, "",
                         "the offline accounts for the firewall rule are not there");
    int status = firewall_open(&firewall, error);
    if (status == 0) {
        status = remove_rules(&firewall, left, error);
        if (status == 0 && left[0])
            status = error_set(error, POSTERN_E_STATE, SETUP_STAGE, "", "%s", left);
        if (status == 0)
            status = add_rule(&firewall, users, error);
        firewall_close(&firewall);
    }
    free(users);
    return status;
}

int setup_rule_restore(struct setup_windows *windows, const char *name, const char *before, char *left,
                       struct postern_error *error)
{
    struct firewall firewall;
    (void)windows, (void)name, (void)before;
    int status = firewall_open(&firewall, error);
    if (status != 0)
        return status;
    status = remove_rules(&firewall, left, error);
    firewall_close(&firewall);
    return status;
}

/* ---- whether it is heeded ---- */

static const struct {
    NET_FW_PROFILE_TYPE2 profile;
    const char *name;
} profiles[SETUP_PROFILES] = {
    {NET_FW_PROFILE2_DOMAIN, "domain"}, {NET_FW_PROFILE2_PRIVATE, "private"}, {NET_FW_PROFILE2_PUBLIC, "public"}};

static HRESULT read_firewall(INetFwPolicy2 *policy, struct setup_firewall *out)
{
    NET_FW_MODIFY_STATE state = NET_FW_MODIFY_STATE_OK;
    long active = 0;
    HRESULT number = INetFwPolicy2_get_CurrentProfileTypes(policy, &active);
    for (size_t i = 0; i < SETUP_PROFILES && SUCCEEDED(number); i++) {
        VARIANT_BOOL on = VARIANT_FALSE;
        number = INetFwPolicy2_get_FirewallEnabled(policy, profiles[i].profile, &on);
        out->on[i] = SUCCEEDED(number) && on != VARIANT_FALSE;
        out->active[i] = (active & (long)profiles[i].profile) != 0;
    }
    if (SUCCEEDED(number))
        number = INetFwPolicy2_get_LocalPolicyModifyState(policy, &state);
    out->overridden = state == NET_FW_MODIFY_STATE_GP_OVERRIDE;
    out->blocks_inbound = state == NET_FW_MODIFY_STATE_INBOUND_BLOCKED;
    return number;
}

int setup_firewall_read(struct setup_firewall *out, struct postern_error *error)
{
    struct firewall firewall;
    *out = (struct setup_firewall){.overridden = false};
    int status = firewall_open(&firewall, error);
    if (status != 0)
        return status;
    HRESULT number = read_firewall(firewall.policy, out);
    firewall_close(&firewall);
    return SUCCEEDED(number) ? 0 : failed("INetFwPolicy2", number, error);
}

int setup_firewall_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                        struct postern_error *error)
{
    struct setup_firewall found;
    (void)windows, (void)item;
    int status = setup_firewall_read(&found, error);
    if (status != 0)
        return status;
    out->standing = SETUP_AS_WANTED;
    for (size_t i = 0; i < SETUP_PROFILES; i++)
        if (!found.on[i]) {
            out->standing = SETUP_DIFFERENT;
            snprintf(out->text, sizeof(out->text), "it is off for %s networks: the offline accounts reach the network",
                     profiles[i].name);
        }
    if (found.overridden) {
        out->standing = SETUP_DIFFERENT;
        text_copy(out->text, sizeof(out->text), "a group policy keeps rules of this host from having an effect");
    }
    return 0;
}
