/*
 * elevated/helper.c: what a manifest says, and what is none.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "elevated/helper.h"

#define RUNNER "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define KEEPER "ffeeddccbbaa99887766554433221100ffeeddccbbaa99887766554433221100"
#define RUNNER_LINE RUNNER "  postern-runner\n"
#define KEEPER_LINE KEEPER "  postern-keeper\n"

static struct postern_error failure;
static unsigned char hash[HELPER_HASH_SIZE];

static int find_in(const char *manifest, size_t size, const char *name)
{
    memset(&failure, 0, sizeof(failure));
    memset(hash, 0, sizeof(hash));
    return helper_find_hash("/lib/" HELPER_MANIFEST, manifest, size, name, hash, &failure);
}

static int find(const char *manifest, const char *name)
{
    return find_in(manifest, strlen(manifest), name);
}

static void expect_hash(const char *digits)
{
    char text[2 * HELPER_HASH_SIZE + 1];
    for (size_t i = 0; i < HELPER_HASH_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    assert_string_equal(text, digits);
}

static void names_are_found(void **state)
{
    static const char both[] = RUNNER_LINE KEEPER_LINE;
    (void)state;
    assert_int_equal(find(both, "postern-runner"), 0);
    expect_hash(RUNNER);
    assert_int_equal(find(both, "postern-keeper"), 0);
    expect_hash(KEEPER);
    assert_int_equal(find(RUNNER "  postern-runner\r\n" KEEPER "  postern-keeper\r\n", "postern-keeper"), 0);
    expect_hash(KEEPER);
    assert_int_equal(find("AABB2233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF  x\n", "x"), 0);
    expect_hash("aabb2233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
}

static void what_is_missing_is_named(void **state)
{
    static const char *const texts[] = {"", KEEPER_LINE, RUNNER "  postern-runner.exe\n", RUNNER "  postern-runne\n"};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_int_equal(find(texts[i], "postern-runner"), POSTERN_E_RUNNER_MISSING);
        assert_non_null(strstr(failure.message, "/lib/" HELPER_MANIFEST));
        assert_non_null(strstr(failure.message, "postern-runner"));
        assert_non_null(strstr(failure.remedy, "POSTERN_LIBEXEC"));
    }
}

/* Also where the line that is looked for is a good one: before, after and twice. */
static void a_bad_line_spoils_all(void **state)
{
    static const char *const bad[] = {
        "\n",
        "x\n",
        "\r\n",
        "# a comment\n",
        KEEPER "\n",
        KEEPER "  \n",
        KEEPER " postern-keeper\n",
        KEEPER " *postern-keeper\n",
        KEEPER "\tpostern-keeper\n",
        KEEPER "   postern-keeper\n",
        KEEPER "  postern-keeper \n",
        KEEPER "  postern keeper\n",
        KEEPER "  ../postern-keeper\n",
        KEEPER "  c:postern-keeper\n",
        KEEPER "  a\\postern-keeper\n",
        KEEPER "  postern-keeper\r\r\n",
        KEEPER "0  postern-keeper\n",
        "g" KEEPER "  postern-keeper\n",
        "ffeedd  postern-keeper\n",
        " " KEEPER_LINE,
        RUNNER_LINE,
    };
    char text[1024];
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(text, sizeof(text), RUNNER_LINE "%s", bad[i]);
        if (find(text, "postern-runner") != POSTERN_E_RUNNER_MISSING)
            fail_msg("accepted before: %s", bad[i]);
        snprintf(text, sizeof(text), "%s" RUNNER_LINE, bad[i]);
        if (find(text, "postern-runner") != POSTERN_E_RUNNER_MISSING)
            fail_msg("accepted after: %s", bad[i]);
    }
    assert_int_equal(find(RUNNER_LINE KEEPER_LINE, "postern-runner"), 0);
}

static void it_has_to_be_whole(void **state)
{
    static const char text[] = RUNNER_LINE;
    static const char zero[] = RUNNER "  postern\0runner\n";
    (void)state;
    for (size_t size = 0; size < sizeof(text) - 1; size++)
        assert_int_equal(find_in(text, size, "postern-runner"), POSTERN_E_RUNNER_MISSING);
    assert_int_equal(find_in(text, sizeof(text) - 1, "postern-runner"), 0);
    assert_int_equal(find_in(text, sizeof(text), "postern-runner"), POSTERN_E_RUNNER_MISSING); /* the NUL */
    assert_int_equal(find_in(zero, sizeof(zero) - 1, "postern"), POSTERN_E_RUNNER_MISSING);
}

/* FIPS 180-4's "abc". */
static void a_helper_is_compared(void **state)
{
    static const char manifest[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  abc\n";
    (void)state;
    assert_int_equal(find(manifest, "abc"), 0);
    assert_int_equal(helper_check("/lib/abc", "abc", 3, hash, &failure), 0);
    assert_int_equal(helper_check("/lib/abc", "abd", 3, hash, &failure), POSTERN_E_RUNNER_START);
    assert_non_null(strstr(failure.message, "/lib/abc"));
    assert_non_null(strstr(failure.remedy, "reinstall"));
    assert_int_equal(helper_check("/lib/abc", "abc", 2, hash, NULL), POSTERN_E_RUNNER_START);
    hash[31] ^= 1;
    assert_int_equal(helper_check("/lib/abc", "abc", 3, hash, NULL), POSTERN_E_RUNNER_START);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found),       cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(a_bad_line_spoils_all), cmocka_unit_test(it_has_to_be_whole),
        cmocka_unit_test(a_helper_is_compared),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
