/*
 * elevated/firewall_rule.c: the list of accounts, and every way in which a rule is not the one wanted.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "elevated/firewall_rule.h"
#include "shared/text.h"

static const char *const sids[] = {"S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1002", "S-1-5-21-1-2-3-100"};

static struct firewall_rule wanted(const char *users)
{
    return (struct firewall_rule){.users = text_duplicate(users),
                                  .direction = FIREWALL_OUT,
                                  .action = FIREWALL_BLOCK,
                                  .profiles = FIREWALL_ALL_PROFILES,
                                  .protocol = FIREWALL_ANY_PROTOCOL,
                                  .enabled = true};
}

static void users(void **state)
{
    char *text = firewall_rule_users(sids, 2);
    const char *bad[] = {"S-1-5-18", "WD"};
    (void)state;
    assert_string_equal(text, "D:(A;;CC;;;S-1-5-21-1-2-3-1001)(A;;CC;;;S-1-5-21-1-2-3-1002)");
    free(text);
    assert_null(firewall_rule_users(bad, 2));
    assert_null(firewall_rule_users(sids, 0)); /* that would be a rule for everybody */
}

static void it_is_known_again(void **state)
{
    struct firewall_rule rule = wanted("O:LSD:(A;;CC;;;S-1-5-21-1-2-3-1002)(A;;CC;;;S-1-5-21-1-2-3-1001)");
    (void)state;
    assert_null(firewall_rule_compare(&rule, sids, 2));
    rule.local_addresses = text_duplicate("*");
    rule.remote_addresses = text_duplicate("*");
    rule.interface_types = text_duplicate("All");
    rule.profiles = 7;
    assert_null(firewall_rule_compare(&rule, sids, 2));
    firewall_rule_free(&rule);
}

static void a_rule_for_others(void **state)
{
    static const char *const lists[] = {
        "",
        "D:",
        "D:(A;;CC;;;S-1-5-21-1-2-3-1001)",
        "D:(A;;CC;;;S-1-5-21-1-2-3-1001)(A;;CC;;;S-1-5-21-1-2-3-100)",
        "D:(A;;CC;;;S-1-5-21-1-2-3-1001)(A;;CC;;;S-1-5-21-1-2-3-1001)",
        "D:(A;;CC;;;S-1-5-21-1-2-3-1001)(A;;CC;;;S-1-5-21-1-2-3-1002)(A;;CC;;;WD)",
        "D:(A;;CC;;;S-1-5-21-1-2-3-1001)(D;;CC;;;S-1-5-21-1-2-3-1002)",
        "D:(A;;CC;;;S-1-5-21-1-2-3-1001)(A;;CC;;;S-1-5-21-1-2-3-1002",
        "(A;;CC;;;S-1-5-21-1-2-3-1001)(A;;CC;;;S-1-5-21-1-2-3-1002)",
    };
    struct firewall_rule none = wanted("");
    (void)state;
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        struct firewall_rule rule = wanted(lists[i]);
        assert_non_null(firewall_rule_compare(&rule, sids, 2));
        firewall_rule_free(&rule);
    }
    free(none.users);
    none.users = NULL;
    assert_non_null(firewall_rule_compare(&none, sids, 2));
}

static void differs(struct firewall_rule *rule, const char *in)
{
    const char *text = firewall_rule_compare(rule, sids, 1);
    assert_non_null(text);
    assert_non_null(strstr(text, in));
    firewall_rule_free(rule);
    *rule = wanted("D:(A;;CC;;;S-1-5-21-1-2-3-1001)");
    assert_null(firewall_rule_compare(rule, sids, 1));
}

static void a_rule_for_less(void **state)
{
    struct firewall_rule rule = wanted("D:(A;;CC;;;S-1-5-21-1-2-3-1001)");
    (void)state;
    rule.enabled = false;
    differs(&rule, "disabled");
    rule.direction = 1;
    differs(&rule, "goes out");
    rule.action = 1;
    differs(&rule, "block");
    rule.profiles = 3;
    differs(&rule, "profiles");
    rule.protocol = 6;
    differs(&rule, "protocol");
    rule.remote_addresses = text_duplicate("10.0.0.0/8");
    differs(&rule, "addresses");
    rule.local_addresses = text_duplicate("10.0.0.1");
    differs(&rule, "addresses");
    rule.application = text_duplicate("C:\\a.exe");
    differs(&rule, "programs");
    rule.service = text_duplicate("s");
    differs(&rule, "programs");
    rule.package = text_duplicate("S-1-15-2-1");
    differs(&rule, "programs");
    rule.interface_types = text_duplicate("Lan");
    differs(&rule, "adapters");
    firewall_rule_free(&rule);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users),
        cmocka_unit_test(it_is_known_again),
        cmocka_unit_test(a_rule_for_others),
        cmocka_unit_test(a_rule_for_less),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
