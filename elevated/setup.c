/*
 * setup.c - which items make up a host that is set up, and the way from one state to the other; see setup.h. Parent.
 */
#include "elevated/setup.h"

#include <stdio.h>
#include <string.h>

#include "shared/text.h"

#define STAGE "setup"

static const char *const kind_names[SETUP_KINDS] = {
    "registry key", "directory",         "group",          "logon right",   "stored password", "account",
    "group member", "hidden at sign-in", "network filter", "firewall rule", "firewall",
};

const char *setup_kind_name(enum setup_kind kind)
{
    return (unsigned)kind < SETUP_KINDS ? kind_names[kind] : "unknown";
}

static bool find_kind(const char *name, enum setup_kind *out)
{
    for (unsigned i = 0; i < SETUP_KINDS; i++)
        if (strcmp(kind_names[i], name) == 0) {
            *out = (enum setup_kind)i;
            return true;
        }
    return false;
}

/* ---- items ---- */

void setup_account_name(bool online, unsigned number, char out[SETUP_NAME_MAX])
{
    snprintf(out, SETUP_NAME_MAX, "postern-%s-%u", online ? "online" : "offline", number);
}

static void add_item(struct setup_items *items, enum setup_kind kind, const char *name, unsigned accounts)
{
    struct setup_item *item = &items->item[items->count++];
    item->kind = kind;
    item->accounts = accounts;
    text_copy(item->name, sizeof(item->name), name);
}

/* CreateProcessWithLogonW logs on interactively: to deny that right as well would keep the accounts from being used at
 * all (error 1385). What keeps people from signing in with them is that nobody knows the passwords. The batch right is
 * for checking a stored password without that. */
static const char *const rights[] = {
    "SeInteractiveLogonRight",
    "SeBatchLogonRight",
    "SeDenyRemoteInteractiveLogonRight",
    "SeDenyNetworkLogonRight",
};

/* The password comes first, because the account is made with it; after a crash between the two it is still known. */
static void add_account(struct setup_items *items, bool online, unsigned number, unsigned accounts)
{
    static const enum setup_kind kinds[] = {SETUP_SECRET, SETUP_ACCOUNT, SETUP_MEMBER, SETUP_HIDDEN};
    char name[SETUP_NAME_MAX];
    setup_account_name(online, number, name);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        add_item(items, kinds[i], name, accounts);
}

void setup_list_items(unsigned accounts, struct setup_items *out)
{
    out->count = 0;
    add_item(out, SETUP_KEY, "SpecialAccounts", accounts);
    add_item(out, SETUP_KEY, "SpecialAccounts\\UserList", accounts);
    add_item(out, SETUP_DIRECTORY, SETUP_DIRECTORY_NAME, accounts);
    add_item(out, SETUP_GROUP, SETUP_GROUP_NAME, accounts);
    for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++)
        add_item(out, SETUP_RIGHT, rights[i], accounts);
    for (unsigned number = 1; number <= accounts; number++) {
        add_account(out, true, number, accounts);
        add_account(out, false, number, accounts);
    }
    /* Two, because they hold against different things: the filters on every socket, loopback included; the rule is what
     * administrators see in the firewall, and still there should the filters be removed. */
    add_item(out, SETUP_FILTER, "offline accounts", accounts);
    add_item(out, SETUP_RULE, "offline accounts", accounts);
    add_item(out, SETUP_FIREWALL, "all profiles", accounts);
}

/* ---- the work ---- */

struct work {
    const struct setup_system *system;
    const struct setup_listener *listener;
    struct undo_journal journal;
    struct setup_items items;
};

static void tell(const struct work *work, const struct setup_item *item, enum setup_result result, const char *text)
{
    if (work->listener)
        work->listener->tell(work->listener->context, item->kind, item->name, result, text);
}

static int find(const struct work *work, const struct setup_item *item, struct setup_state *out,
                struct postern_error *error)
{
    memset(out, 0, sizeof(*out));
    return work->system->find(work->system->context, item, out, error);
}

/* Pairs of accounts that were set up, by the undo record. */
static unsigned count_accounts(const struct undo_journal *journal)
{
    unsigned count = 0;
    char name[SETUP_NAME_MAX];
    for (unsigned number = 1; number <= SETUP_ACCOUNTS_MAX; number++) {
        setup_account_name(true, number, name);
        if (undo_find(journal, setup_kind_name(SETUP_ACCOUNT), name))
            count = number;
    }
    return count;
}

static int choose_accounts(const struct undo_journal *journal, unsigned *accounts, struct postern_error *error)
{
    unsigned there = count_accounts(journal);
    if (*accounts == 0)
        *accounts = there ? there : SETUP_ACCOUNTS_DEFAULT;
    if (*accounts > SETUP_ACCOUNTS_MAX)
        return error_set(error, POSTERN_E_INVALID, STAGE, "", "at most %d accounts of each sort can be set up",
                         SETUP_ACCOUNTS_MAX);
    if (*accounts >= there)
        return 0;
    int code = error_set(error, POSTERN_E_INVALID, STAGE, "", "%u accounts of each sort are set up already", there);
    error_remedy(error, "ask for no less, or take all of it back first: postern setup --undo");
    return code;
}

static int begin(struct work *work, const struct setup_system *system, unsigned accounts,
                 const struct setup_listener *listener, struct postern_error *error)
{
    *work = (struct work){.system = system, .listener = listener};
    int status = undo_open(&work->journal, &system->journal, error);
    if (status == 0)
        status = choose_accounts(&work->journal, &accounts, error);
    if (status == 0)
        setup_list_items(accounts, &work->items);
    return status;
}

int setup_check(const struct setup_system *system, unsigned accounts, const struct setup_listener *listener, bool *fine,
                struct postern_error *error)
{
    struct work work;
    struct setup_state state;
    int status = begin(&work, system, accounts, listener, error);
    *fine = status == 0;
    for (size_t i = 0; i < work.items.count && status == 0; i++) {
        const struct setup_item *item = &work.items.item[i];
        status = find(&work, item, &state, error);
        if (status != 0)
            break;
        if (state.standing == SETUP_AS_WANTED) {
            tell(&work, item, SETUP_IS_FINE, "");
            continue;
        }
        *fine = false;
        tell(&work, item, state.standing == SETUP_ABSENT ? SETUP_IS_MISSING : SETUP_IS_WRONG, state.text);
    }
    *fine = *fine && status == 0;
    undo_close(&work.journal);
    return status;
}

/* ---- doing ---- */

static int refuse(const struct setup_item *item, const struct setup_state *state, struct postern_error *error)
{
    int code =
        error_set(error, POSTERN_E_STATE, STAGE, "", "%s %s: %s", setup_kind_name(item->kind), item->name, state->text);
    error_remedy(error, "nothing was changed; remove or rename it if it is not needed, then try again");
    return code;
}

/* What belongs to others is found before anything is changed. */
static int look_ahead(const struct work *work, struct postern_error *error)
{
    struct setup_state state;
    int status = 0;
    for (size_t i = 0; i < work->items.count && status == 0; i++) {
        status = find(work, &work->items.item[i], &state, error);
        if (status == 0 && state.standing == SETUP_FOREIGN)
            status = refuse(&work->items.item[i], &state, error);
    }
    return status;
}

static int not_as_wanted(const struct setup_item *item, const struct setup_state *state, struct postern_error *error)
{
    int code = error_set(error, POSTERN_E_STATE, STAGE, "", "%s %s: %s", setup_kind_name(item->kind), item->name,
                         state->text[0] ? state->text : "it was made, but is not there");
    error_remedy(error, item->kind == SETUP_FIREWALL
                            ? "turn the firewall on for all profiles and let local rules apply; then try again"
                            : "see whether a policy of the domain or another program undoes it; then try again");
    return code;
}

/* The record says what was there before us. Of what bears our mark that is: nothing; a record that was lost does not
 * make it somebody else's. */
static int note(struct work *work, const struct setup_item *item, const struct setup_state *state,
                struct postern_error *error)
{
    bool was_there = state->standing == SETUP_DIFFERENT && !state->ours;
    return undo_note(&work->journal, setup_kind_name(item->kind), item->name, was_there ? state->before : NULL, error);
}

static int make_item(struct work *work, const struct setup_item *item, struct postern_error *error)
{
    struct setup_state before, after;
    int status = find(work, item, &before, error);
    if (status == 0 && before.standing == SETUP_FOREIGN)
        status = refuse(item, &before, error);
    if (status == 0 && before.standing == SETUP_AS_WANTED) {
        status = before.ours ? note(work, item, &before, error) : 0;
        if (status == 0)
            tell(work, item, SETUP_IS_FINE, "");
        return status;
    }
    if (status == 0 && item->kind == SETUP_FIREWALL)
        return not_as_wanted(item, &before, error);
    if (status == 0)
        status = note(work, item, &before, error);
    if (status == 0)
        status = work->system->make(work->system->context, item, error);
    if (status == 0)
        status = find(work, item, &after, error);
    if (status == 0 && after.standing != SETUP_AS_WANTED)
        status = not_as_wanted(item, &after, error);
    if (status == 0)
        tell(work, item, before.standing == SETUP_ABSENT ? SETUP_WAS_MADE : SETUP_WAS_CHANGED, before.text);
    return status;
}

int setup_apply(const struct setup_system *system, unsigned accounts, const struct setup_listener *listener,
                struct postern_error *error)
{
    struct work work;
    int status = begin(&work, system, accounts, listener, error);
    if (status == 0)
        status = look_ahead(&work, error);
    for (size_t i = 0; status == 0 && i < work.items.count; i++)
        status = make_item(&work, &work.items.item[i], error);
    undo_close(&work.journal);
    return status;
}

/* ---- taking back ---- */

static int restore_item(void *context, const struct undo_change *change, struct postern_error *error)
{
    const struct work *work = context;
    char left[SETUP_TEXT_MAX] = "";
    enum setup_kind kind;
    if (!find_kind(change->kind, &kind))
        return error_set(error, POSTERN_E_STATE, STAGE, "", "the undo record holds a \"%s\", which is not known here",
                         change->kind);
    int status = work->system->restore(work->system->context, kind, change->name, change->before, left, error);
    if (status == 0 && work->listener)
        work->listener->tell(work->listener->context, kind, change->name, left[0] ? SETUP_WAS_LEFT : SETUP_WAS_UNDONE,
                             left);
    return status;
}

int setup_undo(const struct setup_system *system, const struct setup_listener *listener, struct postern_error *error)
{
    struct work work = {.system = system, .listener = listener};
    int status = undo_open(&work.journal, &system->journal, error);
    if (status == 0)
        status = undo_replay(&work.journal, restore_item, &work, error);
    undo_close(&work.journal);
    return status;
}
