/*
 * account_state.c - when to log on as an account, and when never: see account_parts.h. Portable, pure; parent. Caller:
 * account.c.
 *
 * Two things are to be avoided. Failing slowly again and again, with the same cause: so the last failure stands for
 * ACCOUNT_VERDICT_S seconds, for all processes. And locking the account out, which other sandboxes may be using: so a
 * password that was wrong twice is not tried any more, unless the system itself tells how far it has counted.
 */
#include "elevated/account_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FORM "postern account %" SCNx64 " %u %" SCNd64 " %" SCNd64 "%n"

enum {
    BAD_PASSWORD = 1326,    /* ERROR_LOGON_FAILURE; an account that is gone, too */
    RESTRICTION = 1327,     /* ERROR_ACCOUNT_RESTRICTION */
    LOGON_HOURS = 1328,     /* ERROR_INVALID_LOGON_HOURS */
    WORKSTATION = 1329,     /* ERROR_INVALID_WORKSTATION */
    EXPIRED = 1330,         /* ERROR_PASSWORD_EXPIRED */
    DISABLED = 1331,        /* ERROR_ACCOUNT_DISABLED */
    ACCOUNT_EXPIRED = 1793, /* ERROR_ACCOUNT_EXPIRED */
    MUST_CHANGE = 1907,     /* ERROR_PASSWORD_MUST_CHANGE */
    LOCKED_OUT = 1909,      /* ERROR_ACCOUNT_LOCKED_OUT */
    NO_SESSION = 1312       /* ERROR_NO_SUCH_LOGON_SESSION */
};

bool account_is_bad_password(int64_t os_error)
{
    return os_error == BAD_PASSWORD;
}

bool account_may_retry(int64_t os_error)
{
    return os_error == BAD_PASSWORD || os_error == NO_SESSION;
}

bool account_is_its_own(int64_t os_error)
{
    static const int64_t own[] = {0,       BAD_PASSWORD, RESTRICTION,     LOGON_HOURS, WORKSTATION,
                                  EXPIRED, DISABLED,     ACCOUNT_EXPIRED, MUST_CHANGE, LOCKED_OUT};
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (own[i] == os_error)
            return true;
    return false;
}

/* ---- as text ---- */

void account_state_write(const struct account_state *state, char out[ACCOUNT_TEXT_MAX])
{
    snprintf(out, ACCOUNT_TEXT_MAX, "postern account %" PRIx64 " %u %" PRId64 " %" PRId64 "\n", state->stamp,
             state->logons, state->since, state->os_error);
}

void account_state_read(const char *text, uint64_t stamp, struct account_state *out)
{
    int end = 0;
    *out = (struct account_state){.stamp = stamp};
    if (text[0] == '\0')
        return;
    if (sscanf(text, FORM, &out->stamp, &out->logons, &out->since, &out->os_error, &end) == 4 &&
        strcmp(text + end, "\n") == 0)
        return;
    *out = (struct account_state){.stamp = stamp, .logons = 1};
}

/* ---- decisions ---- */

/* Half of what locks it is left to others: to checks, and to people who try. Of two, one. */
static bool is_near(const struct account_facts *facts)
{
    uint64_t next = (uint64_t)facts->failures + 1;
    if (!facts->counted || facts->threshold == 0)
        return false;
    return next >= facts->threshold || (facts->failures > 0 && 2 * next > facts->threshold);
}

/* A clock that was set back makes nothing young again. */
static bool is_young(const struct account_state *state, int64_t now)
{
    return now >= state->since && now - state->since < ACCOUNT_VERDICT_S;
}

static enum account_answer judge_last(struct account_state *state, const struct account_facts *facts, int64_t now)
{
    bool counts = state->os_error == 0 || account_is_bad_password(state->os_error);
    bool more = state->logons < ACCOUNT_LOGONS_MAX && (counts || account_may_retry(state->os_error));
    if (state->logons == 0 || more)
        return ACCOUNT_GO;
    if (is_young(state, now))
        return ACCOUNT_STOP;
    if (counts && !facts->counted)
        return ACCOUNT_HOPELESS; /* nobody says how many more it takes */
    state->logons = 0;
    return ACCOUNT_GO;
}

enum account_answer account_judge(struct account_state *state, const struct account_facts *facts, int64_t now)
{
    if (state->stamp != facts->stamp)
        *state = (struct account_state){.stamp = facts->stamp};
    if (facts->counted && facts->locked)
        return ACCOUNT_LOCKED;
    enum account_answer answer = judge_last(state, facts, now);
    return answer == ACCOUNT_GO && is_near(facts) ? ACCOUNT_ALMOST : answer;
}
