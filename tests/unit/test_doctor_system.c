/*
 * cli/doctor_system.h: the rows of `postern doctor` about the system itself, from what the probe says of a Windows host
 * and from what trials came to.
 */
#include "tests/support/test.h"

#include <string.h>

#include "cli/doctor_system.h"
#include "elevated/probe_windows.h"
#include "shared/text.h"

static struct doctor_table table;

static int fresh(void **state)
{
    (void)state;
    table = (struct doctor_table){.json = true};
    return 0;
}

static int over(void **state)
{
    (void)state;
    json_decref(table.rows);
    return 0;
}

static json_t *row(const char *check)
{
    json_t *found;
    size_t index;
    json_array_foreach(table.rows, index, found)
    {
        if (strcmp(json_string_value(json_object_get(found, "check")), check) == 0)
            return found;
    }
    return NULL;
}

static const char *get(const char *check, const char *key)
{
    json_t *found = row(check);
    if (!found)
        fail_msg("there is no row \"%s\"", check);
    return json_string_value(json_object_get(found, key));
}

/* A row with this result, whose cause has this word; "" stands for no cause. What is not well has an action. */
static void expect(const char *check, const char *result, const char *word)
{
    if (strcmp(get(check, "result"), result) != 0 || !strstr(get(check, "cause"), word))
        fail_msg("%s: %s: %s", check, get(check, "result"), get(check, "cause"));
    if (*word == '\0')
        assert_string_equal(get(check, "cause"), "");
    if (strcmp(result, "failed") == 0)
        assert_string_not_equal(get(check, "action"), "");
}

/* ---- what the probe says ---- */

struct host {
    struct probe_setup setup;
    struct probe_firewall firewall;
    struct probe_filters filters;
    struct probe_station station;
    struct probe_console console;
};

static struct host sound_host(void)
{
    struct host host = {
        .setup = {.count = 2},
        .firewall = {.on = {true, true, true}, .rule_found = true},
        .filters = {.there = true},
        .station = {.name = "WinSta0", .desktop = "Default", .visible = true, .session = 1},
        .console = {.create = true, .resize = true, .build = 19045},
    };
    for (size_t i = 0; i < 2; i++) {
        struct probe_account *account = &host.setup.account[i];
        *account = (struct probe_account){.online = i == 0, .ours = true, .secret = PROBE_SECRET_STORED};
        setup_account_name(account->online, 1, account->name);
    }
    return host;
}

static void tell(const struct host *host, bool elevated)
{
    struct probe_aliases none = {.count = 0};
    json_t *system = json_object();
    json_object_set_new(system, "name", json_string("Windows"));
    json_object_set_new(system, "setup", probe_describe_setup(&host->setup));
    json_object_set_new(system, "network_filters", probe_describe_filters(&host->filters));
    json_object_set_new(system, "firewall", probe_describe_firewall(&host->firewall));
    json_object_set_new(system, "conpty", probe_describe_console(&host->console));
    json_object_set_new(system, "window_station", probe_describe_station(&host->station));
    json_object_set_new(system, "aliases", probe_describe_aliases(&none));
    doctor_tell_system(&table, system, elevated);
    json_decref(system);
}

static void a_sound_host_is_well(void **state)
{
    static const char *const checks[] = {"accounts",      "passwords",      "logon rights",   "network filters",
                                         "firewall rule", "pseudo console", "window station", "programs on PATH"};
    struct host host = sound_host();
    (void)state;
    tell(&host, true);
    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        expect(checks[i], "ok", "");
    assert_int_equal(json_array_size(table.rows), 8);
    assert_int_equal(table.failed, 0);
}

static void each_fault_has_its_row(void **state)
{
    struct host host = sound_host();
    (void)state;
    host.setup.account[0].disabled = true;
    host.setup.account[1].password_expired = true;
    host.firewall.on[PROBE_PUBLIC] = false;
    text_copy(host.setup.right_missing[host.setup.rights_missing++], SETUP_NAME_MAX, "SeInteractiveLogonRight");
    text_copy(host.filters.problem, SETUP_TEXT_MAX, "one of them is disabled");
    host.console.create = false;
    host.station.session = 0;
    tell(&host, true);
    expect("accounts", "failed", "postern-online-1: it is disabled");
    expect("passwords", "failed", "postern-offline-1: its password has expired");
    expect("logon rights", "failed", "lacks");
    expect("network filters", "failed", "disabled");
    expect("firewall rule", "failed", "public");
    expect("pseudo console", "failed", "no pseudo consoles");
    expect("window station", "ok", "no screen"); /* of no harm, and good to know */
    assert_int_equal(table.failed, 6);
}

static void what_is_not_set_up_is_no_fault(void **state)
{
    struct host host = sound_host();
    (void)state;
    host.setup.count = 0;
    host.firewall.rule_found = false;
    host.filters.there = false;
    tell(&host, true);
    expect("accounts", "skipped", "no sandbox accounts");
    assert_non_null(strstr(get("accounts", "action"), "postern setup"));
    expect("passwords", "skipped", "not checked because");
    expect("logon rights", "skipped", "not checked because");
    expect("network filters", "skipped", "not checked because");
    expect("firewall rule", "skipped", "not checked because");
    assert_int_equal(table.failed, 0);
}

static void what_only_administrators_see_is_skipped(void **state)
{
    struct host host = sound_host();
    (void)state;
    error_set(&host.setup.rights_failure, POSTERN_E_OS, "setup", "LsaOpenPolicy", "the rights of the group: refused");
    tell(&host, true);
    expect("logon rights", "skipped", "refused");
    assert_non_null(strstr(get("logon rights", "action"), "postern setup --check"));
}

static void a_firewall_that_cannot_be_asked_has_failed(void **state)
{
    struct host host = sound_host();
    (void)state;
    error_set(&host.firewall.failure, POSTERN_E_OS, "setup", "INetFwPolicy2", "Windows' firewall: no answer");
    error_remedy(&host.firewall.failure, "start it");
    tell(&host, true);
    expect("firewall rule", "failed", "no answer");
}

static void other_levels_and_systems_have_no_rows_of_it(void **state)
{
    struct host host = sound_host();
    json_t *linux_system = json_pack("{s:s}", "name", "Linux");
    (void)state;
    tell(&host, false);
    assert_null(row("accounts"));
    assert_null(row("network filters"));
    assert_null(row("firewall rule"));
    expect("pseudo console", "ok", "");
    over(state);
    fresh(state);
    doctor_tell_system(&table, linux_system, true);
    assert_null(table.rows);
    json_decref(linux_system);
}

static void a_level_without_a_block_says_why(void **state)
{
    json_t *probe = json_pack("{s:[{s:s, s:{}}, {s:s, s:{s:{s:[s]}, s:{s:[], s:s}}}]}", "capabilities", "name", "user",
                              "levels", "name", "net.block", "levels", "elevated", "mechanisms", "offline-account",
                              "restricted", "mechanisms", "message", "cannot be blocked here");
    (void)state;
    assert_non_null(probe);
    assert_null(doctor_network_stays(probe, "elevated"));
    assert_string_equal(doctor_network_stays(probe, "restricted"), "cannot be blocked here");
    assert_null(doctor_network_stays(probe, "none"));
    assert_null(doctor_network_stays(NULL, "elevated"));
    json_decref(probe);
}

/* ---- what trials came to ---- */

static void a_helper_that_does_not_load_is_told_in_words(void **state)
{
    static const struct {
        unsigned exit_code;
        const char *result, *word;
    } cases[] = {
        {2, "ok", ""},
        {0, "failed", "ended with 0 instead of 2"},
        {0xc0000022, "failed", "STATUS_ACCESS_DENIED"},
        {0xc0000135, "failed", "STATUS_DLL_NOT_FOUND"},
        {0xc0000142, "failed", "STATUS_DLL_INIT_FAILED"},
        {0xc0000428, "failed", "STATUS_INVALID_IMAGE_HASH"},
        {0xc0000906, "failed", "virus scanner"},
        {0xc0e90002, "failed", "App Control"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fresh(state);
        doctor_judge_helper(&table, (int)cases[i].exit_code);
        expect("helper loads", cases[i].result, cases[i].word);
        over(state);
    }
    fresh(state);
}

static void a_command_that_windows_ends_is_told_in_words(void **state)
{
    (void)state;
    assert_false(doctor_judge_command(&table, "pipe", "nothing came back", 7));
    assert_null(table.rows);
    assert_true(doctor_judge_command(&table, "pipe", "nothing came back", (int)0xc0000142));
    expect("pipe", "failed", "nothing came back: the command ended with 0xc0000142, STATUS_DLL_INIT_FAILED: ");
    expect("pipe", "failed", "desktop");
}

static void directories_without_lists_are_no_workspace(void **state)
{
    struct doctor_lists lists = {.has_lists = true, .may_change = true};
    (void)state;
    doctor_judge_lists(&table, "C:\\work", &lists);
    expect("this directory", "ok", "");
    over(state);

    fresh(state);
    lists = (struct doctor_lists){.file_system = "FAT32", .may_change = true};
    doctor_judge_lists(&table, "E:\\", &lists);
    expect("this directory", "skipped", "FAT32, has no access lists");
    assert_non_null(strstr(get("this directory", "action"), "NTFS"));
    over(state);

    fresh(state);
    lists = (struct doctor_lists){.has_lists = true, .owner = "NT SERVICE\\TrustedInstaller"};
    doctor_judge_lists(&table, "C:\\Windows\\System32", &lists);
    expect("this directory", "skipped", "TrustedInstaller");
    over(state);

    fresh(state);
    lists = (struct doctor_lists){.os_error = 5, .operation = "CreateFileW"};
    doctor_judge_lists(&table, "C:\\secret", &lists);
    expect("this directory", "skipped", "C:\\secret");
}

static void commands_are_on_a_desktop_of_their_own(void **state)
{
    static const char ours[] = "WinSta0\\Default";
    static const struct {
        const char *theirs;
        bool opened, promised;
        const char *result, *word;
    } cases[] = {
        {"postern-1\\Default\r\naccess denied", false, true, "ok", ""},
        {"postern-1\\Default", false, false, "ok", ""},
        {"postern-1\\Default\n", true, true, "failed", "could open the caller's"},
        {"postern-1\\Default\n", true, false, "skipped", "`ui` is not held"},
        {"WinSta0\\Default\n", false, true, "failed", "caller's own desktop"},
        {"WinSta0\\Default2\n", false, true, "ok", ""},
        {"WinSta0\\Def\n", false, true, "ok", ""},
        {"\n", false, true, "failed", "could not tell"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        fresh(state);
        doctor_judge_desktop(&table, ours, cases[i].theirs, cases[i].opened, cases[i].promised);
        expect("desktop", cases[i].result, cases[i].word);
        over(state);
    }
    fresh(state);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, fresh, over)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_sound_host_is_well),
        CASE(each_fault_has_its_row),
        CASE(what_is_not_set_up_is_no_fault),
        CASE(what_only_administrators_see_is_skipped),
        CASE(a_firewall_that_cannot_be_asked_has_failed),
        CASE(other_levels_and_systems_have_no_rows_of_it),
        CASE(a_level_without_a_block_says_why),
        CASE(a_helper_that_does_not_load_is_told_in_words),
        CASE(a_command_that_windows_ends_is_told_in_words),
        CASE(directories_without_lists_are_no_workspace),
        CASE(commands_are_on_a_desktop_of_their_own),
    };
    return cmocka_run_group_tests_name("doctor_system", tests, NULL, NULL);
}
