/*
 * elevated/probe_windows.h: what is said about the facts of a Windows host, and what to do about them.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "elevated/probe_windows.h"
#include "shared/text.h"

static const char *text_of(json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    assert_non_null(text);
    return text;
}

static bool is_true(json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    assert_true(json_is_boolean(value));
    return json_is_true(value);
}

/* What is wrong has a remedy, and nothing is one-sided. */
static void check_reason(json_t *object, const char *word)
{
    if (*word == '\0') {
        assert_string_equal(text_of(object, "message"), "");
        assert_string_equal(text_of(object, "remedy"), "");
        return;
    }
    if (!strstr(text_of(object, "message"), word))
        fail_msg("\"%s\" is not in \"%s\"", word, text_of(object, "message"));
    assert_string_not_equal(text_of(object, "remedy"), "");
}

/* ---- accounts ---- */

static struct probe_account sound(const char *name, bool online)
{
    struct probe_account account = {.online = online, .ours = true, .secret = PROBE_SECRET_STORED, .hidden = true};
    text_copy(account.name, sizeof(account.name), name);
    return account;
}

static struct probe_setup sound_setup(void)
{
    struct probe_setup setup = {.count = 2};
    setup.account[0] = sound("postern-online-1", true);
    setup.account[1] = sound("postern-offline-1", false);
    return setup;
}

static void each_flaw_of_an_account_is_named(void **state)
{
    const struct probe_account fine = sound("postern-offline-1", false);
    struct {
        struct probe_account account;
        const char *word;
        bool password, usable;
    } cases[] = {
        {fine, "", false, true},           {fine, "has not made", false, false}, {fine, "administrator", false, false},
        {fine, "locked", false, false},    {fine, "disabled", false, false},     {fine, "has expired", false, false},
        {fine, "not stored", true, false}, {fine, "this user", true, false},     {fine, "changed first", true, false},
        {fine, "will expire", true, true},
    };
    (void)state;
    cases[1].account.ours = false;
    cases[2].account.administrator = true;
    cases[3].account.locked = true;
    cases[4].account.disabled = true;
    cases[5].account.expired = true;
    cases[6].account.secret = PROBE_SECRET_MISSING;
    cases[7].account.secret = PROBE_SECRET_OTHERS;
    cases[8].account.password_expired = true;
    cases[9].account.password_expires = true;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct probe_setup setup = sound_setup();
        setup.account[1] = cases[i].account;
        json_t *object = probe_describe_setup(&setup);
        json_t *account = json_array_get(json_object_get(object, "accounts"), 1);
        check_reason(account, cases[i].password ? "" : cases[i].word);
        check_reason(json_object_get(account, "password"), cases[i].password ? cases[i].word : "");
        assert_int_equal(is_true(account, "usable"), cases[i].usable);
        assert_int_equal(json_integer_value(json_object_get(object, "offline")), cases[i].usable);
        assert_int_equal(json_integer_value(json_object_get(object, "online")), 1);
        /* the only one of its sort: without it level elevated has no network to take away */
        check_reason(object, cases[i].usable ? "" : "no offline account can be used; postern-offline-1: ");
        json_decref(object);
    }
}

static void one_good_account_of_a_sort_will_do(void **state)
{
    struct probe_setup setup = sound_setup();
    (void)state;
    setup.account[2] = sound("postern-offline-2", false);
    setup.account[2].locked = true;
    setup.count = 3;
    json_t *object = probe_describe_setup(&setup);
    check_reason(object, "");
    assert_int_equal(json_integer_value(json_object_get(object, "offline")), 1);
    json_decref(object);
}

static void nothing_set_up_says_how_to(void **state)
{
    struct probe_setup setup = {.count = 0};
    (void)state;
    json_t *object = probe_describe_setup(&setup);
    assert_false(is_true(object, "done"));
    assert_non_null(strstr(text_of(object, "remedy"), "postern setup"));
    assert_true(json_is_null(json_object_get(object, "logon_rights")));
    json_decref(object);

    error_set(&setup.failure, POSTERN_E_OS, "probe", "NetUserGetInfo", "the account postern-online-1: refused");
    error_remedy(&setup.failure, "see who may");
    object = probe_describe_setup(&setup);
    assert_false(is_true(object, "known"));
    check_reason(object, "postern-online-1: refused");
    json_decref(object);
}

static void logon_rights_are_told_apart_from_not_knowing(void **state)
{
    struct probe_setup setup = sound_setup();
    (void)state;
    json_t *object = probe_describe_setup(&setup);
    assert_true(is_true(json_object_get(object, "logon_rights"), "known"));
    check_reason(json_object_get(object, "logon_rights"), "");
    json_decref(object);

    text_copy(setup.right_missing[setup.rights_missing++], SETUP_NAME_MAX, "SeInteractiveLogonRight");
    object = probe_describe_setup(&setup);
    json_t *rights = json_object_get(object, "logon_rights");
    check_reason(rights, "lacks");
    assert_string_equal(json_string_value(json_array_get(json_object_get(rights, "missing"), 0)),
                        "SeInteractiveLogonRight");
    json_decref(object);

    setup = sound_setup();
    error_set(&setup.rights_failure, POSTERN_E_OS, "setup", "LsaOpenPolicy", "the rights of the group: refused");
    object = probe_describe_setup(&setup);
    rights = json_object_get(object, "logon_rights");
    assert_false(is_true(rights, "known"));
    assert_non_null(strstr(text_of(rights, "remedy"), "administrators"));
    check_reason(object, ""); /* not to see them is nothing wrong */
    json_decref(object);
}

/* ---- firewall ---- */

static void the_rule_is_in_force_only_if_all_of_it_is(void **state)
{
    const struct probe_firewall fine = {
        .on = {true, true, true}, .active = {false, false, true}, .rule_found = true, .blocks_inbound = true};
    struct {
        struct probe_firewall firewall;
        const char *word;
    } cases[] = {{fine, ""}, {fine, "no rule"}, {fine, "it is disabled"}, {fine, "private"}, {fine, "group policy"}};
    (void)state;
    cases[1].firewall.rule_found = false;
    text_copy(cases[2].firewall.rule_problem, SETUP_TEXT_MAX, "it is disabled");
    cases[3].firewall.on[PROBE_PRIVATE] = false;
    cases[4].firewall.overridden = true;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *object = probe_describe_firewall(&cases[i].firewall);
        check_reason(object, cases[i].word);
        assert_int_equal(is_true(object, "in_force"), i == 0);
        assert_int_equal(is_true(json_object_get(object, "on"), "private"), i != 3);
        assert_int_equal(json_array_size(json_object_get(object, "active")), 1);
        json_decref(object);
    }
}

static void a_firewall_that_does_not_answer_is_not_in_force(void **state)
{
    struct probe_firewall firewall = {.rule_found = true};
    (void)state;
    error_set(&firewall.failure, POSTERN_E_OS, "setup", "INetFwPolicy2", "Windows' firewall: not there");
    error_remedy(&firewall.failure, "start mpssvc");
    json_t *object = probe_describe_firewall(&firewall);
    assert_false(is_true(object, "known"));
    assert_null(json_object_get(object, "in_force"));
    assert_non_null(strstr(text_of(object, "remedy"), "mpssvc"));
    json_decref(object);
}

static void filters_hold_or_say_why_not(void **state)
{
    struct probe_filters filters = {.there = true};
    (void)state;
    json_t *object = probe_describe_filters(&filters);
    assert_true(is_true(object, "in_force"));
    check_reason(object, "");
    json_decref(object);

    text_copy(filters.problem, SETUP_TEXT_MAX, "one of them is missing");
    object = probe_describe_filters(&filters);
    assert_false(is_true(object, "in_force"));
    check_reason(object, "missing");
    json_decref(object);

    filters = (struct probe_filters){.there = false};
    object = probe_describe_filters(&filters);
    assert_false(is_true(object, "in_force"));
    check_reason(object, "no network filters");
    json_decref(object);

    error_set(&filters.failure, POSTERN_E_OS, "setup", "FwpmEngineOpen0", "the filtering service: no answer");
    error_remedy(&filters.failure, "start BFE");
    object = probe_describe_filters(&filters);
    assert_false(is_true(object, "known"));
    assert_null(json_object_get(object, "in_force"));
    json_decref(object);
}

/* ---- console, session, programs ---- */

static void consoles_are_told_by_version(void **state)
{
    struct probe_console console = {.create = true, .resize = true, .build = 19045};
    (void)state;
    json_t *object = probe_describe_console(&console);
    assert_true(is_true(object, "present"));
    assert_true(is_true(object, "close_waits"));
    assert_false(is_true(object, "release"));
    check_reason(object, "");
    json_decref(object);

    console = (struct probe_console){.create = true, .resize = true, .release = true, .build = 26100};
    object = probe_describe_console(&console);
    assert_false(is_true(object, "close_waits"));
    assert_true(is_true(object, "release"));
    json_decref(object);

    console = (struct probe_console){.build = 17134};
    object = probe_describe_console(&console);
    assert_false(is_true(object, "present"));
    check_reason(object, "no pseudo consoles");
    json_decref(object);
}

static void sessions_without_a_screen_are_told(void **state)
{
    static const struct {
        struct probe_station station;
        const char *word;
    } cases[] = {
        {{.name = "WinSta0", .desktop = "Default", .visible = true, .session = 1}, ""},
        {{.name = "Service-0x0-3e7$", .desktop = "Default", .session = 0}, "no screen"},
        {{.name = "WinSta0", .desktop = "Default", .visible = false, .session = 2}, "no screen"},
        {{.name = "Service-0x0-3e7$", .desktop = "Default", .system = true}, "may not start processes as other"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *object = probe_describe_station(&cases[i].station);
        check_reason(object, cases[i].word);
        assert_string_equal(text_of(object, "name"), cases[i].station.name);
        json_decref(object);
    }
}

static void add_alias(struct probe_aliases *aliases, const char *name, const char *program)
{
    struct probe_alias *alias = &aliases->item[aliases->count++];
    alias->name = text_duplicate(name);
    alias->alias = text_format("C:\\me\\WindowsApps\\%s", name);
    alias->program = program ? text_duplicate(program) : NULL;
}

static void aliases_without_a_program_are_named(void **state)
{
    struct probe_aliases aliases = {.count = 0};
    (void)state;
    json_t *object = probe_describe_aliases(&aliases);
    check_reason(object, "");
    json_decref(object);

    add_alias(&aliases, "bash.exe", "C:\\Program Files\\Git\\bin\\bash.exe");
    object = probe_describe_aliases(&aliases);
    check_reason(object, "");
    json_t *first = json_array_get(json_object_get(object, "first"), 0);
    assert_string_equal(text_of(first, "program"), "C:\\Program Files\\Git\\bin\\bash.exe");
    json_decref(object);

    add_alias(&aliases, "python.exe", NULL);
    for (int i = 0; i < 6; i++)
        add_alias(&aliases, "other.exe", NULL);
    object = probe_describe_aliases(&aliases);
    check_reason(object, "python.exe, other.exe");
    check_reason(object, "and 2 more");
    assert_null(strstr(text_of(object, "message"), "bash"));
    assert_true(json_is_null(json_object_get(json_array_get(json_object_get(object, "first"), 1), "program")));
    json_decref(object);
    probe_aliases_free(&aliases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_flaw_of_an_account_is_named),
        cmocka_unit_test(one_good_account_of_a_sort_will_do),
        cmocka_unit_test(nothing_set_up_says_how_to),
        cmocka_unit_test(logon_rights_are_told_apart_from_not_knowing),
        cmocka_unit_test(the_rule_is_in_force_only_if_all_of_it_is),
        cmocka_unit_test(a_firewall_that_does_not_answer_is_not_in_force),
        cmocka_unit_test(filters_hold_or_say_why_not),
        cmocka_unit_test(consoles_are_told_by_version),
        cmocka_unit_test(sessions_without_a_screen_are_told),
        cmocka_unit_test(aliases_without_a_program_are_named),
    };
    return cmocka_run_group_tests_name("probe_windows", tests, NULL, NULL);
}
