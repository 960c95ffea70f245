/*
 * elevated/network_filter.c: the keys, the descriptor, and every way in which filters are not the ones wanted.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "elevated/network_filter.h"
#include "shared/sddl.h"
#include "shared/text.h"

static const char *const sids[] = {"S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1002", "S-1-5-21-1-2-3-100"};

/* As they are once setup has made them for the first two accounts; the system has added a flag, and turned the list. */
static struct network_filter_state made(void)
{
    struct network_filter_state state = {
        .provider = {.there = true, .ours = true, .flags = NETWORK_FILTER_PERSISTENT},
        .sublayer = {.there = true, .ours = true, .flags = NETWORK_FILTER_PERSISTENT, .weight = 0xffff}};
    for (size_t i = 0; i < NETWORK_FILTER_COUNT; i++) {
        struct network_filter_found *found = &state.filter[i];
        *found = (struct network_filter_found){.there = true,
                                               .ours = true,
                                               .layer = network_filters[i].layer,
                                               .sublayer = network_filter_sublayer,
                                               .flags = NETWORK_FILTER_PERSISTENT | NETWORK_FILTER_HARD | 0x40,
                                               .action = NETWORK_FILTER_BLOCK,
                                               .by_user = true,
                                               .plain = true};
        network_filter_add_sid(found, text_duplicate("S-1-15-2-2"));
        network_filter_add_sid(found, text_duplicate(sids[1]));
        network_filter_add_sid(found, text_duplicate("S-1-15-2-1"));
        network_filter_add_sid(found, text_duplicate(sids[0]));
        network_filter_add_sid(found, text_duplicate(SID_COMMANDS));
    }
    return state;
}

static enum network_filter_standing judge(const struct network_filter_state *state, size_t count, bool exactly,
                                          const char *in)
{
    char text[128];
    enum network_filter_standing standing = network_filter_judge(state, sids, count, exactly, text, sizeof(text));
    if (!strstr(text, in))
        print_error("\"%s\" is not in \"%s\"\n", in, text);
    assert_non_null(strstr(text, in));
    return standing;
}

static bool same(const struct network_filter_key *one, const struct network_filter_key *other)
{
    return memcmp(one, other, sizeof(*one)) == 0;
}

static void keys(void **state)
{
    (void)state;
    assert_int_equal(sizeof(struct network_filter_key), 16); /* no padding: they can be compared */
    assert_false(same(&network_filter_provider, &network_filter_sublayer));
    for (size_t i = 0; i < NETWORK_FILTER_COUNT; i++) {
        assert_false(same(&network_filters[i].key, &network_filters[i].layer));
        for (size_t j = 0; j < i; j++) {
            assert_false(same(&network_filters[i].key, &network_filters[j].key));
            assert_false(same(&network_filters[i].layer, &network_filters[j].layer));
            assert_string_not_equal(network_filters[i].name, network_filters[j].name);
        }
    }
}

static void descriptors(void **state)
{
    char *text = network_filter_sddl(sids, 2);
    const char *bad[] = {"S-1-5-18", "S-1-5-18)(A;;CC;;;S-1-1-0"};
    (void)state;
    assert_string_equal(text, "O:LSD:(A;;CC;;;S-1-5-21-1-2-3-1001)(A;;CC;;;S-1-5-21-1-2-3-1002)(A;;CC;;;" SID_COMMANDS
                              ")(A;;CC;;;S-1-15-2-1)(A;;CC;;;S-1-15-2-2)");
    free(text);
    assert_null(network_filter_sddl(bad, 2));
    assert_null(network_filter_sddl(sids, 0));
    text = network_filter_access();
    assert_string_equal(text, "D:P(A;;0xf07ff;;;S-1-5-32-544)(A;;0xf07ff;;;S-1-5-18)(A;;0x20080;;;S-1-5-11)");
    free(text);
    assert_true(sddl_is_sid(SID_COMMANDS));
}

static void known_again(void **state)
{
    struct network_filter_state none = {.provider = {.there = false}}, filters = made();
    (void)state;
    assert_int_equal(judge(&none, 2, true, ""), NETWORK_FILTERS_ABSENT);
    assert_int_equal(judge(&filters, 2, true, ""), NETWORK_FILTERS_SOUND);
    assert_int_equal(judge(&filters, 1, false, ""), NETWORK_FILTERS_SOUND); /* asked for one account */
    assert_int_equal(judge(&filters, 1, true, "not for exactly"), NETWORK_FILTERS_WRONG);
    assert_int_equal(judge(&filters, 3, false, "not for exactly"), NETWORK_FILTERS_WRONG);
    assert_int_equal(judge(&filters, 0, false, "not for exactly"), NETWORK_FILTERS_WRONG);
    network_filter_state_free(&filters);
    assert_int_equal(judge(&filters, 2, true, ""), NETWORK_FILTERS_ABSENT);
}

static void expect(struct network_filter_state *state, enum network_filter_standing standing, const char *in)
{
    assert_int_equal(judge(state, 2, true, in), standing);
    assert_int_equal(judge(state, 2, false, in), standing);
    network_filter_state_free(state);
    *state = made();
}

static void provider_and_sublayer(void **state)
{
    struct network_filter_state filters = made();
    (void)state;
    filters.provider.there = false;
    expect(&filters, NETWORK_FILTERS_WRONG, "missing");
    filters.sublayer.there = false;
    expect(&filters, NETWORK_FILTERS_WRONG, "missing");
    filters.provider.ours = false;
    expect(&filters, NETWORK_FILTERS_FOREIGN, "has not made");
    filters.sublayer.ours = false;
    expect(&filters, NETWORK_FILTERS_FOREIGN, "has not made");
    filters.provider.flags = NETWORK_FILTER_PERSISTENT | NETWORK_FILTER_PROVIDER_DISABLED;
    expect(&filters, NETWORK_FILTERS_WRONG, "disabled their provider");
    filters.provider.flags = 0;
    expect(&filters, NETWORK_FILTERS_WRONG, "does not last");
    filters.sublayer.flags = 0;
    expect(&filters, NETWORK_FILTERS_WRONG, "does not last");
    filters.sublayer.weight = 0xfffe;
    expect(&filters, NETWORK_FILTERS_WRONG, "before them");
    network_filter_state_free(&filters);
}

/* Each filter by itself: one that is not as it should be is a way out. */
static void each_filter(void **state)
{
    struct network_filter_state filters = made();
    (void)state;
    for (size_t i = 0; i < NETWORK_FILTER_COUNT; i++) {
        struct network_filter_found *found = &filters.filter[i];
        found->there = false;
        expect(&filters, NETWORK_FILTERS_WRONG, network_filters[i].name);
        found->ours = false;
        expect(&filters, NETWORK_FILTERS_FOREIGN, "has not made");
        found->layer = network_filters[(i + 1) % NETWORK_FILTER_COUNT].layer;
        expect(&filters, NETWORK_FILTERS_WRONG, "another place");
        found->sublayer.d[7] ^= 1;
        expect(&filters, NETWORK_FILTERS_WRONG, "another place");
        found->flags |= NETWORK_FILTER_DISABLED;
        expect(&filters, NETWORK_FILTERS_WRONG, "disabled");
        found->flags |= NETWORK_FILTER_BOOT_TIME;
        expect(&filters, NETWORK_FILTERS_WRONG, "does not last");
        found->flags &= ~(uint32_t)NETWORK_FILTER_PERSISTENT;
        expect(&filters, NETWORK_FILTERS_WRONG, "does not last");
        found->flags &= ~(uint32_t)NETWORK_FILTER_HARD;
        expect(&filters, NETWORK_FILTERS_WRONG, "block for good");
        found->action = 0x1002; /* permit */
        expect(&filters, NETWORK_FILTERS_WRONG, "block for good");
        found->by_user = false;
        expect(&filters, NETWORK_FILTERS_WRONG, "users alone");
        found->plain = false;
        expect(&filters, NETWORK_FILTERS_WRONG, "not for exactly");
    }
    network_filter_state_free(&filters);
}

/* Without one of those that are let beside the accounts a restricted token or an app container would slip out. */
static void a_list_with_less(void **state)
{
    struct network_filter_state filters = made();
    (void)state;
    for (size_t i = 0; i < filters.filter[3].count; i++) {
        filters.filter[3].sid[i][2] = '9';
        expect(&filters, NETWORK_FILTERS_WRONG, "not for exactly");
    }
    network_filter_state_free(&filters);
}

static void a_list_with_more(void **state)
{
    struct network_filter_state filters = made();
    (void)state;
    network_filter_add_sid(&filters.filter[0], text_duplicate("S-1-1-0"));
    assert_int_equal(judge(&filters, 2, true, "not for exactly"), NETWORK_FILTERS_WRONG);
    assert_int_equal(judge(&filters, 2, false, ""), NETWORK_FILTERS_SOUND);
    while (filters.filter[0].count < NETWORK_FILTER_SIDS_MAX)
        network_filter_add_sid(&filters.filter[0], text_duplicate("S-1-1-0"));
    assert_true(filters.filter[0].plain);
    network_filter_add_sid(&filters.filter[0], text_duplicate("S-1-1-0"));
    assert_false(filters.filter[0].plain);
    filters.filter[1].plain = true;
    network_filter_add_sid(&filters.filter[1], NULL); /* memory was out */
    assert_false(filters.filter[1].plain);
    network_filter_state_free(&filters);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys),
        cmocka_unit_test(descriptors),
        cmocka_unit_test(known_again),
        cmocka_unit_test(provider_and_sublayer),
        cmocka_unit_test(each_filter),
        cmocka_unit_test(a_list_with_less),
        cmocka_unit_test(a_list_with_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
