/*
 * account.c - taking a sandbox account and starting the runner as it: see account.h. Portable, parent. What a host is
 * stands in account_win32.c, when to log on in account_state.c.
 *
 * A logon is written down before it is tried, and nothing is tried that could not be written down. So whatever happens
 * to the process that tries, the next one knows how often it was.
 */
#include "elevated/account_parts.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "shared/quote.h"
#include "shared/text.h"

#define LOGON_CALL "CreateProcessWithLogonW"
#define LINE_MAX_UNITS 1024u /* of its command line, with the NUL (Microsoft, lpCommandLine) */
#define SETUP_REMEDY "run `postern setup` once, as administrator; or use --level restricted"

struct account {
    const struct account_system *system;
    char name[SETUP_NAME_MAX];
    char *sid;
    os_handle lock;
    os_handle thread; /* of the program, until it runs */
    struct account_state state;
};

/* ---- which there are ---- */

struct pool {
    unsigned there, unreadable;
    char first[SETUP_NAME_MAX]; /* of those that are there */
};

/* They are numbered without gaps; a gap that somebody has made ends nothing. */
static int count_accounts(const struct account_system *system, bool offline, struct pool *out,
                          struct postern_error *error)
{
    char name[SETUP_NAME_MAX];
    int status = 0;
    *out = (struct pool){.there = 0};
    for (unsigned number = 1; number <= SETUP_ACCOUNTS_MAX && status == 0; number++) {
        enum account_standing standing = ACCOUNT_ABSENT;
        setup_account_name(!offline, number, name);
        status = system->look(system->context, name, &standing, error);
        if (standing == ACCOUNT_THERE && out->there++ == 0)
            text_copy(out->first, sizeof(out->first), name);
        out->unreadable += standing == ACCOUNT_UNREADABLE;
    }
    return status;
}

static int none_there(const struct pool *pool, struct postern_error *error)
{
    int code = error_set(error, POSTERN_E_LEVEL, ACCOUNT_STAGE, "",
                         pool->unreadable ? "the sandbox accounts of this host were set up for another user"
                                          : "no sandbox accounts are set up on this host");
    error_remedy(error, pool->unreadable
                            ? "run `postern setup` as administrator, as the user who is to have them; or use "
                              "--level restricted"
                            : SETUP_REMEDY);
    return code;
}

/* Asked before every start, because what blocks the network may go without anybody telling us. */
static int check_blocked(const struct account_system *system, const char *name, struct postern_error *error)
{
    struct postern_error why = {0};
    char *sid = system->sid(system->context, name, &why);
    int status = sid ? system->blocked(system->context, sid, error) : why.code;
    if (!sid && error)
        *error = why;
    free(sid);
    return status;
}

int account_check_on(const struct account_system *system, bool offline, struct postern_error *error)
{
    struct pool pool;
    int status = count_accounts(system, offline, &pool, error);
    if (status == 0 && pool.there == 0)
        status = none_there(&pool, error);
    if (status == 0)
        status = system->usable(system->context, error);
    return status == 0 && offline ? check_blocked(system, pool.first, error) : status;
}

/* ---- failures ---- */

/* The cause and the remedy are those of the number, whoever has met it and when. */
static int tell_last(const struct account *account, int64_t now, struct postern_error *error)
{
    const struct account_state *state = &account->state;
    if (state->os_error == 0) {
        int code = error_set(error, POSTERN_E_RUNNER_START, ACCOUNT_STAGE, LOGON_CALL,
                             "logons as %s did not come to an end, %u of them, and no more are tried for now",
                             account->name, state->logons);
        error_remedy(error, "try again in a minute, or run `postern setup` as administrator");
        return code;
    }
    return error_os(error, POSTERN_E_RUNNER_START, ACCOUNT_STAGE, LOGON_CALL, state->os_error,
                    "the runner could not be started as %s %" PRId64 " s ago, and it is not tried again yet",
                    account->name, now > state->since ? now - state->since : 0);
}

static int tell_almost(const struct account *account, const struct account_facts *facts, struct postern_error *error)
{
    int code = error_set(error, POSTERN_E_RUNNER_START, ACCOUNT_STAGE, LOGON_CALL,
                         "%u logons as %s have failed, and %u lock it out: no other is tried", facts->failures,
                         account->name, facts->threshold);
    error_remedy(error, facts->threshold == 1
                            ? "let accounts be locked after more than one failed logon: net accounts /lockoutthreshold"
                            : "run `postern setup` as administrator, which gives the account its password again");
    return code;
}

static int refuse(const struct account *account, enum account_answer answer, const struct account_facts *facts,
                  int64_t now, struct postern_error *error)
{
    switch (answer) {
    case ACCOUNT_GO:
        return 0;
    case ACCOUNT_LOCKED:
        return error_os(error, POSTERN_E_RUNNER_START, ACCOUNT_STAGE, LOGON_CALL, 1909,
                        "the runner cannot be started as %s", account->name);
    case ACCOUNT_ALMOST:
        return tell_almost(account, facts, error);
    case ACCOUNT_STOP:
    case ACCOUNT_HOPELESS:
        break;
    }
    return tell_last(account, now, error);
}

/* Whether it may log on now; fills *answer. */
static int judge(struct account *account, enum account_answer *answer, struct postern_error *error)
{
    const struct account_system *system = account->system;
    struct account_facts facts = {0};
    int64_t now = system->now(system->context);
    int status = system->facts(system->context, account->name, &facts, error);
    if (status != 0)
        return status;
    *answer = account_judge(&account->state, &facts, now);
    return refuse(account, *answer, &facts, now, error);
}

/* ---- taking one ---- */

static int load_state(struct account *account, struct postern_error *error)
{
    const struct account_system *system = account->system;
    char text[ACCOUNT_TEXT_MAX] = "";
    struct account_facts facts = {0};
    int status = system->load(system->context, account->lock, text, error);
    if (status == 0)
        status = system->facts(system->context, account->name, &facts, error);
    if (status == 0)
        account_state_read(text, facts.stamp, &account->state);
    return status;
}

static int store_state(const struct account *account, struct postern_error *error)
{
    char text[ACCOUNT_TEXT_MAX];
    account_state_write(&account->state, text);
    return account->system->store(account->system->context, account->lock, text, error);
}

/* What the search has met so far. */
struct search {
    bool taken, refused, over; /* over: the next one would fail as this one did */
    struct postern_error why;
};

/* Tries one. Fills *out when it is ours. */
static int try_account(const struct account_system *system, const char *name, bool offline, struct search *search,
                       struct account **out, struct postern_error *error)
{
    struct account *account = calloc(1, sizeof(*account));
    enum account_answer answer = ACCOUNT_GO;
    struct postern_error why = {0};
    if (!account)
        return error_memory(error, ACCOUNT_STAGE);
    account->system = system;
    account->lock = account->thread = OS_HANDLE_NONE;
    text_copy(account->name, sizeof(account->name), name);
    int status = system->lock(system->context, name, &account->lock, &why);
    bool in_use = status == POSTERN_E_STATE;
    if (status == 0)
        status = load_state(account, &why);
    if (status == 0)
        status = judge(account, &answer, &why);
    if (status == 0 && !(account->sid = system->sid(system->context, name, &why)))
        status = why.code;
    if (status == 0 && offline)
        status = system->blocked(system->context, account->sid, &why);
    if (status == 0) {
        *out = account;
        return 0;
    }
    if (in_use)
        search->taken = true;
    else if (!search->refused)
        search->why = why;
    search->refused = search->refused || !in_use;
    search->over = answer == ACCOUNT_STOP && !account_is_its_own(account->state.os_error);
    account_release(account);
    return status == POSTERN_E_MEMORY ? error_memory(error, ACCOUNT_STAGE) : 0;
}

static int none_free(const struct search *search, const struct pool *pool, struct postern_error *error)
{
    if (search->refused) {
        if (error)
            *error = search->why;
        return search->why.code;
    }
    int code = error_set(error, POSTERN_E_STATE, ACCOUNT_STAGE, "",
                         "all sandbox accounts of this sort are in use, %u of them: each is one sandbox's at a time",
                         pool->there);
    error_remedy(error, "close other sandboxes, or set more accounts up: postern setup --accounts N");
    return code;
}

int account_take_on(const struct account_system *system, bool offline, struct account **out,
                    struct postern_error *error)
{
    struct search search = {.taken = false};
    struct pool pool;
    char name[SETUP_NAME_MAX];
    int status = count_accounts(system, offline, &pool, error);
    *out = NULL;
    if (status == 0 && pool.there == 0)
        status = none_there(&pool, error);
    for (unsigned number = 1; number <= SETUP_ACCOUNTS_MAX && status == 0 && !*out && !search.over; number++) {
        enum account_standing standing = ACCOUNT_ABSENT;
        setup_account_name(!offline, number, name);
        status = system->look(system->context, name, &standing, error);
        if (status == 0 && standing == ACCOUNT_THERE)
            status = try_account(system, name, offline, &search, out, error);
    }
    return status == 0 && !*out ? none_free(&search, &pool, error) : status;
}

const char *account_name(const struct account *account)
{
    return account->name;
}

const char *account_sid(const struct account *account)
{
    return account->sid;
}

void account_release(struct account *account)
{
    if (!account)
        return;
    handle_close(&account->thread);
    handle_close(&account->lock);
    free(account->sid);
    free(account);
}

/* ---- starting ---- */

static int make_line(const char *const *argv, char **out, struct postern_error *error)
{
    int status = quote_command_line(argv, out, error);
    /* In bytes, of which there are never less than units. */
    if (status == 0 && strlen(*out) >= LINE_MAX_UNITS) {
        free(*out);
        *out = NULL;
        status = error_set(error, POSTERN_E_LIMIT, ACCOUNT_STAGE, LOGON_CALL,
                           "the runner's command line is longer than the %u characters that Windows takes here",
                           LINE_MAX_UNITS);
        error_remedy(error, "install postern in a directory with a shorter path");
    }
    return status;
}

/* One logon. *os_error: what it ended with. */
static int log_on(struct account *account, const struct account_order *order, struct process *out, int64_t *os_error,
                  struct postern_error *error)
{
    const struct account_system *system = account->system;
    struct account_state before = account->state;
    account->state.logons++;
    account->state.since = system->now(system->context);
    account->state.os_error = 0;
    int status = store_state(account, error);
    if (status == 0)
        status = system->logon(system->context, order, out, &account->thread, os_error, error);
    if (status != 0)
        account->state = before; /* the system was not asked */
    else if (*os_error != 0)
        account->state.os_error = *os_error;
    else
        account->state.logons = 0;
    /* A failure leaves one logon too many written down, which errs to the right side. */
    store_state(account, NULL);
    return status;
}

int account_start(struct account *account, const char *program, const char *const *argv, const char *cwd,
                  struct process *out, struct postern_error *error)
{
    enum account_answer answer;
    char *line = NULL;
    int64_t os_error = 0;
    struct postern_error why = {0};
    int status = make_line(argv, &line, error);
    const struct account_order order = {account->name, program, line, cwd};
    if (status == 0)
        status = judge(account, &answer, error);
    if (status == 0)
        status = log_on(account, &order, out, &os_error, error);
    if (status == 0 && account_may_retry(os_error) && judge(account, &answer, &why) == 0)
        status = log_on(account, &order, out, &os_error, error);
    free(line);
    if (status != 0 || os_error == 0)
        return status;
    return error_os(error, POSTERN_E_RUNNER_START, ACCOUNT_STAGE, LOGON_CALL, os_error,
                    "the runner could not be started as %s", account->name);
}

int account_resume(struct account *account, struct postern_error *error)
{
    int status = account->system->resume(account->system->context, account->thread, error);
    handle_close(&account->thread);
    return status;
}

int account_home(const struct account *account, char **out, struct postern_error *error)
{
    return account->system->home(account->system->context, account->sid, out, error);
}
