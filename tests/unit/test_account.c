/*
 * elevated/account.c on a made-up host: which account is taken, what failed logons lead to, and that no sequence of
 * calls locks an account out.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elevated/account_parts.h"
#include "shared/text.h"
#include "tests/support/policies.h"

/* ---- a host ---- */

enum { POOL = 4, FOREVER = 1 << 30 };

struct made_up {
    enum account_standing standing;
    uint64_t stamp;
    bool right;       /* the stored password is the account's */
    bool in_use;      /* by somebody else */
    int64_t os_error; /* what a logon ends with, whatever the password */
    unsigned failures, logons;
    bool locked;
    char file[ACCOUNT_TEXT_MAX];
};
static struct {
    struct made_up account[2][POOL]; /* online, offline */
    unsigned threshold;              /* 0: none */
    bool counted;                    /* the system tells */
    bool no_disk, no_filter, dies;   /* dies: a logon is never seen to end */
    int64_t now;
    unsigned logons, locks;
    unsigned repaired_after; /* logons; 0: not */
    struct made_up *locked;  /* the one that load and store are about */
    char line[1200], cwd[100];
    bool resumed;
} host;

static struct made_up *find(const char *name)
{
    char other[SETUP_NAME_MAX];
    for (unsigned i = 0; i < 2 * POOL; i++) {
        setup_account_name(i < POOL, i % POOL + 1, other);
        if (strcmp(name, other) == 0)
            return &host.account[i >= POOL][i % POOL];
    }
    return NULL;
}

static int host_look(void *context, const char *name, enum account_standing *out, struct postern_error *error)
{
    const struct made_up *account = find(name);
    (void)context, (void)error;
    *out = account ? account->standing : ACCOUNT_ABSENT;
    return 0;
}

static int host_usable(void *context, struct postern_error *error)
{
    (void)context, (void)error;
    return 0;
}

static int host_blocked(void *context, const char *sid, struct postern_error *error)
{
    (void)context;
    assert_non_null(sid);
    if (!host.no_filter)
        return 0;
    return error_set(error, POSTERN_E_LEVEL, "test", "", "the filter is gone");
}

static char *host_sid(void *context, const char *name, struct postern_error *error)
{
    (void)context, (void)error;
    return text_format("S-1-5-21-%zu", strlen(name));
}

/* A handle of the test's own kind: never closed, as handle_close() would close a descriptor. */
static int host_lock(void *context, const char *name, os_handle *out, struct postern_error *error)
{
    struct made_up *account = find(name);
    (void)context;
    if (account->in_use)
        return error_set(error, POSTERN_E_STATE, "test", "", "in use");
    host.locks++;
    host.locked = account;
    *out = OS_HANDLE_NONE;
    return 0;
}

static int host_load(void *context, os_handle lock, char text[ACCOUNT_TEXT_MAX], struct postern_error *error)
{
    (void)context, (void)lock, (void)error;
    text_copy(text, ACCOUNT_TEXT_MAX, host.locked->file);
    return 0;
}

static int host_store(void *context, os_handle lock, const char *text, struct postern_error *error)
{
    (void)context, (void)lock;
    if (host.no_disk)
        return error_set(error, POSTERN_E_OS, "test", "", "disk full");
    text_copy(host.locked->file, ACCOUNT_TEXT_MAX, text);
    return 0;
}

static int host_facts(void *context, const char *name, struct account_facts *out, struct postern_error *error)
{
    const struct made_up *account = find(name);
    (void)context, (void)error;
    *out = (struct account_facts){.stamp = account->stamp, .counted = host.counted};
    if (host.counted) {
        out->failures = account->failures;
        out->threshold = host.threshold;
        out->locked = account->locked;
    }
    return 0;
}

static int64_t host_now(void *context)
{
    (void)context;
    return host.now;
}

/* As Windows counts: a success forgets the failures. */
static int host_logon(void *context, const struct account_order *order, struct process *out, os_handle *thread,
                      int64_t *os_error, struct postern_error *error)
{
    struct made_up *account = find(order->name);
    (void)context, (void)out, (void)thread;
    assert_string_not_equal(account->file, ""); /* it was written down before */
    host.logons++;
    account->logons++;
    text_copy(host.line, sizeof(host.line), order->line);
    text_copy(host.cwd, sizeof(host.cwd), order->cwd);
    if (host.repaired_after > 0 && host.logons > host.repaired_after)
        account->right = true;
    if (account->locked) {
        *os_error = 1909;
    } else if (!account->right) {
        *os_error = 1326;
        account->failures++;
        account->locked = host.threshold > 0 && account->failures >= host.threshold;
    } else {
        *os_error = account->os_error;
        account->failures = 0;
    }
    if (!host.dies)
        return 0;
    /* as if the process was killed: what is on the disk stays */
    host.no_disk = true;
    return error_set(error, POSTERN_E_OS, "test", "", "killed");
}

static int host_resume(void *context, os_handle thread, struct postern_error *error)
{
    (void)context, (void)thread, (void)error;
    host.resumed = true;
    return 0;
}

static int host_home(void *context, const char *sid, char **out, struct postern_error *error)
{
    (void)context, (void)error;
    *out = text_format("C:\\Users\\%s", sid);
    return 0;
}

static const struct account_system made_up_system = {NULL,       host_look,   host_usable, host_blocked, host_sid,
                                                     host_lock,  host_load,   host_store,  host_facts,   host_now,
                                                     host_logon, host_resume, host_home};

static void fresh(unsigned accounts)
{
    memset(&host, 0, sizeof(host));
    host.counted = true;
    host.threshold = 10;
    host.now = 1000000;
    for (unsigned i = 0; i < 2 * accounts; i++)
        host.account[i % 2][i / 2] = (struct made_up){.standing = ACCOUNT_THERE, .stamp = 7 + i, .right = true};
}

/* A sandbox: takes an account, starts in it, and gives it back. */
static int call(struct postern_error *error)
{
    static const char *const argv[] = {"C:\\runner.exe", "a b", NULL};
    struct account *account = NULL;
    struct process process = {OS_HANDLE_NONE, 0};
    memset(error, 0, sizeof(*error));
    int status = account_take_on(&made_up_system, false, &account, error);
    if (status == 0)
        status = account_start(account, argv[0], argv, "C:\\Windows", &process, error);
    account_release(account);
    return status;
}

/* ---- taking ---- */

static void what_there_is(void **state)
{
    struct postern_error error = {0};
    struct account *account = NULL;
    (void)state;
    fresh(0);
    assert_int_equal(account_check_on(&made_up_system, false, &error), POSTERN_E_LEVEL);
    assert_non_null(strstr(error.message, "no sandbox accounts"));
    assert_non_null(strstr(error.remedy, "postern setup"));
    assert_int_equal(account_take_on(&made_up_system, false, &account, &error), POSTERN_E_LEVEL);
    assert_null(account);
    fresh(2);
    host.account[0][0].standing = host.account[0][1].standing = ACCOUNT_UNREADABLE;
    assert_int_equal(account_check_on(&made_up_system, false, &error), POSTERN_E_LEVEL);
    assert_non_null(strstr(error.message, "another user"));
    assert_int_equal(account_check_on(&made_up_system, true, &error), 0);
    host.no_filter = true;
    assert_int_equal(account_check_on(&made_up_system, true, &error), POSTERN_E_LEVEL);
    assert_int_equal(account_take_on(&made_up_system, true, &account, &error), POSTERN_E_LEVEL);
    assert_non_null(strstr(error.message, "filter is gone"));
    assert_null(account);
    host.account[0][1].standing = ACCOUNT_THERE;
    assert_int_equal(account_check_on(&made_up_system, false, &error), 0);
    assert_int_equal(host.logons, 0); /* looking costs none */
}

static void the_first_free_one_is_taken(void **state)
{
    struct postern_error error = {0};
    struct account *account = NULL;
    (void)state;
    fresh(3);
    host.account[1][0].in_use = true;
    assert_int_equal(account_take_on(&made_up_system, true, &account, &error), 0);
    assert_string_equal(account_name(account), "postern-offline-2");
    assert_non_null(account_sid(account));
    account_release(account);
    host.account[1][1].in_use = host.account[1][2].in_use = true;
    assert_int_equal(account_take_on(&made_up_system, true, &account, &error), POSTERN_E_STATE);
    assert_non_null(strstr(error.message, "in use, 3 of them"));
    assert_non_null(strstr(error.remedy, "--accounts"));
    assert_int_equal(account_take_on(&made_up_system, false, &account, &error), 0);
    assert_string_equal(account_name(account), "postern-online-1");
    account_release(account);
    account_release(NULL);
}

/* ---- starting ---- */

static void a_program_is_started(void **state)
{
    static const char *const argv[] = {"C:\\a b\\runner.exe", "x\"y", NULL};
    struct postern_error error = {0};
    struct account *account = NULL;
    struct process process = {OS_HANDLE_NONE, 0};
    char *home = NULL, longest[1100], *long_argv[] = {longest, NULL};
    (void)state;
    fresh(1);
    assert_int_equal(account_take_on(&made_up_system, false, &account, &error), 0);
    assert_int_equal(account_start(account, argv[0], argv, "C:\\Windows", &process, &error), 0);
    assert_string_equal(host.line, "\"C:\\a b\\runner.exe\" \"x\\\"y\"");
    assert_string_equal(host.cwd, "C:\\Windows");
    assert_false(host.resumed);
    assert_int_equal(account_resume(account, &error), 0);
    assert_true(host.resumed);
    assert_int_equal(account_home(account, &home, &error), 0);
    assert_non_null(strstr(home, account_sid(account)));
    free(home);
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(account_start(account, longest, (const char *const *)long_argv, "C:\\Windows", &process, &error),
                     POSTERN_E_LIMIT);
    assert_int_equal(host.logons, 1);
    account_release(account);
}

static void ten_calls_cost_two_logons(void **state)
{
    struct postern_error error = {0};
    (void)state;
    for (int counted = 0; counted < 2; counted++) {
        fresh(1);
        host.counted = counted;
        host.account[0][0].right = false;
        for (int i = 0; i < 10; i++) {
            assert_int_equal(call(&error), POSTERN_E_RUNNER_START);
            assert_int_equal(error.os_error, 1326);
            assert_non_null(strstr(error.message, "postern-online-1"));
            assert_true(i == 0 || strstr(error.message, "s ago"));
            host.now += 5;
        }
        assert_int_equal(host.logons, 2);
        /* a new password is another matter */
        host.account[0][0].stamp++;
        host.account[0][0].right = true;
        assert_int_equal(call(&error), 0);
        assert_int_equal(host.logons, 3);
    }
}

static void a_repaired_account_works_at_once(void **state)
{
    struct postern_error error = {0};
    (void)state;
    fresh(1);
    host.account[0][0].right = false;
    assert_int_equal(call(&error), POSTERN_E_RUNNER_START);
    host.account[0][0].right = true;
    host.account[0][0].file[0] = '\0'; /* as setup leaves it */
    assert_int_equal(call(&error), 0);
}

static void other_failures_cost_one_logon_and_stand_for_a_while(void **state)
{
    static const int64_t numbers[] = {1312, 5, 2, 267, 740, 1314, 1385, 1058, 1330, 1331, 1907, 1909};
    struct postern_error error = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        fresh(1);
        host.account[0][0].os_error = numbers[i];
        for (int k = 0; k < 5; k++) {
            assert_int_equal(call(&error), POSTERN_E_RUNNER_START);
            assert_int_equal(error.os_error, numbers[i]);
            assert_string_not_equal(error.remedy, "");
        }
        assert_non_null(error_find_hint(ERROR_SYSTEM_WINDOWS, numbers[i], "CreateProcessWithLogonW"));
        assert_int_equal(host.logons, numbers[i] == 1312 ? 2 : 1);
        host.account[0][0].os_error = 0;
        assert_int_equal(call(&error), POSTERN_E_RUNNER_START);
        host.now += ACCOUNT_VERDICT_S;
        assert_int_equal(call(&error), 0);
        assert_int_equal(call(&error), 0);
    }
}

/* Between the two logons: that is what the second one is for. */
static void a_password_that_changes_meanwhile_is_read_afresh(void **state)
{
    struct postern_error error = {0};
    (void)state;
    fresh(1);
    host.account[0][0].right = false;
    host.repaired_after = 1;
    assert_int_equal(call(&error), 0);
    assert_int_equal(host.logons, 2);
}

/* What is wrong with one account leaves the others; what is wrong with the host does not. */
static void others_are_used_where_that_helps(void **state)
{
    struct postern_error error = {0};
    (void)state;
    fresh(3);
    host.account[0][0].os_error = 1331;
    assert_int_equal(call(&error), POSTERN_E_RUNNER_START);
    assert_int_equal(call(&error), 0);
    assert_int_equal(host.account[0][1].logons, 1);
    fresh(3);
    for (int i = 0; i < 3; i++)
        host.account[0][i].os_error = 5;
    for (int i = 0; i < 10; i++)
        assert_int_equal(call(&error), POSTERN_E_RUNNER_START);
    assert_int_equal(host.logons, 1);
    assert_int_equal(error.os_error, 5);
    fresh(POOL);
    for (int i = 0; i < POOL; i++)
        host.account[0][i].right = false;
    for (int i = 0; i < 50; i++)
        assert_int_equal(call(&error), POSTERN_E_RUNNER_START);
    assert_int_equal(host.logons, 2 * POOL);
    assert_int_equal(error.os_error, 1326);
}

static void what_cannot_be_written_down_is_not_tried(void **state)
{
    struct postern_error error = {0};
    (void)state;
    fresh(1);
    host.no_disk = true;
    assert_int_equal(call(&error), POSTERN_E_OS);
    assert_non_null(strstr(error.message, "disk full"));
    assert_int_equal(host.logons, 0);
}

static void a_logon_nobody_saw_end_counts(void **state)
{
    struct postern_error error = {0};
    (void)state;
    fresh(1);
    host.counted = false;
    host.account[0][0].right = false;
    for (int i = 0; i < 5; i++) {
        host.dies = true;
        call(&error);
        host.no_disk = host.dies = false;
        host.now += 10 * ACCOUNT_VERDICT_S;
    }
    assert_int_equal(host.logons, 2);
    assert_int_equal(call(&error), POSTERN_E_RUNNER_START);
    assert_non_null(strstr(error.message, "did not come to an end"));
}

static void a_locked_account_is_left_alone(void **state)
{
    struct postern_error error = {0};
    (void)state;
    fresh(1);
    host.account[0][0].locked = true;
    assert_int_equal(call(&error), POSTERN_E_RUNNER_START);
    assert_int_equal(error.os_error, 1909);
    assert_int_equal(host.logons, 0);
    fresh(1);
    host.account[0][0].failures = 6; /* of ten, by somebody else */
    assert_int_equal(call(&error), POSTERN_E_RUNNER_START);
    assert_non_null(strstr(error.message, "6 logons"));
    assert_int_equal(host.logons, 0);
}

/* Passwords change, clocks jump, processes are killed, others fail as well: never is it us who lock an account. */
static void no_sequence_of_calls_locks_an_account(void **state)
{
    struct postern_error error = {0};
    uint64_t random = 1;
    (void)state;
    for (int round = 0; round < 300; round++) {
        fresh(1);
        struct made_up *account = &host.account[0][0];
        host.threshold = 1 + (unsigned)policies_random(&random, 12);
        account->right = false;
        for (int i = 0; i < 100; i++) {
            host.now += (int64_t)policies_random(&random, 200) - 20;
            host.dies = policies_random(&random, 5) == 0;
            if (policies_random(&random, 20) == 0)
                account->file[0] = '\0';
            if (policies_random(&random, 20) == 0)
                account->stamp++;
            if (policies_random(&random, 20) == 0)
                account->right = !account->right;
            if (policies_random(&random, 20) == 0)
                text_copy(account->file, sizeof(account->file), "torn");
            call(&error);
            host.no_disk = false;
            assert_false(account->locked);
        }
    }
    /* Where nobody tells how many there were: never a third one with the same password. */
    for (int round = 0; round < 300; round++) {
        fresh(1);
        struct made_up *account = &host.account[0][0];
        host.counted = false;
        host.threshold = 3;
        account->right = false;
        for (int i = 0; i < 100; i++) {
            host.now += (int64_t)policies_random(&random, 200) - 20;
            host.dies = policies_random(&random, 5) == 0;
            call(&error);
            host.no_disk = false;
            assert_false(account->locked);
        }
        assert_int_equal(host.logons, 2);
    }
}

static void what_is_written_is_read(void **state)
{
    const struct account_state one = {0xfedcba9876543210u, 2, 1234567890123, 1326};
    struct account_state other;
    char text[ACCOUNT_TEXT_MAX];
    (void)state;
    account_state_write(&one, text);
    account_state_read(text, 5, &other);
    assert_true(other.stamp == one.stamp && other.logons == 2 && other.since == one.since && other.os_error == 1326);
    account_state_read("", 5, &other);
    assert_true(other.stamp == 5 && other.logons == 0);
    text[strlen(text) - 1] = '\0'; /* torn */
    account_state_read(text, 5, &other);
    assert_true(other.stamp == 5 && other.logons == 1 && other.os_error == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_there_is),
        cmocka_unit_test(the_first_free_one_is_taken),
        cmocka_unit_test(a_program_is_started),
        cmocka_unit_test(ten_calls_cost_two_logons),
        cmocka_unit_test(a_repaired_account_works_at_once),
        cmocka_unit_test(other_failures_cost_one_logon_and_stand_for_a_while),
        cmocka_unit_test(a_password_that_changes_meanwhile_is_read_afresh),
        cmocka_unit_test(others_are_used_where_that_helps),
        cmocka_unit_test(what_cannot_be_written_down_is_not_tried),
        cmocka_unit_test(a_logon_nobody_saw_end_counts),
        cmocka_unit_test(a_locked_account_is_left_alone),
        cmocka_unit_test(no_sequence_of_calls_locks_an_account),
        cmocka_unit_test(what_is_written_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
