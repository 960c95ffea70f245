/*
 * The paths of policies on Windows: what they are called, what may be written, what stays read-only, and who may change
 * a ceiling.
 */
#include "elevated/resolve.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "shared/system.h"
#include "shared/text.h"
#include "tests/support/host.h"

static char root[512];
static struct policy policy;
static struct postern_error error;

static int set_up(void **state)
{
    int64_t ignored;
    char made[512];
    (void)state;
    policy_init(&policy, PATH_WINDOWS);
    if (!host_make_directory(made, sizeof(made)))
        return -1;
    char *resolved = system_absolute_path(made, &ignored);
    text_copy(root, sizeof(root), resolved);
    free(resolved);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    policy_free(&policy);
    host_remove_directory(root);
    return 0;
}

static void start_again(void)
{
    policy_free(&policy);
    policy_init(&policy, PATH_WINDOWS);
    memset(&error, 0, sizeof(error));
}

static const char *in_root(const char *name)
{
    static char paths[16][1024];
    static unsigned turn;
    char *path = paths[turn++ % 16];
    snprintf(path, sizeof(paths[0]), "%s\\%s", root, name);
    return path;
}

static const char *file_with(const char *name, const char *text)
{
    const char *path = in_root(name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    return path;
}

static void add(const char *path, enum policy_access access, enum policy_source source)
{
    if (policy_add_rule(&policy.rules, path, access, source, &error) != 0)
        fail_msg("%s: %s", path, error.message);
}

static void resolves(void)
{
    if (resolve_policy(&policy, POSTERN_LEVEL_NONE, &error) != 0)
        fail_msg("%s", error.message);
}

static void is_refused(const char *word)
{
    assert_int_equal(resolve_policy(&policy, POSTERN_LEVEL_NONE, &error), POSTERN_E_POLICY);
    if (!strstr(error.message, word))
        fail_msg("'%s' lacks '%s'", error.message, word);
    start_again();
}

static void not_writable(const char *path, const char *word)
{
    add(path, POLICY_WRITE, POLICY_FROM_OPTION);
    is_refused(word);
}

/* ---- */

static void names_are_the_files_own(void **state)
{
    char other[1024];
    (void)state;
    const char *file = file_with("Mixed Case", "");
    text_copy(other, sizeof(other), in_root("mIXED cASE"));
    add(other, POLICY_READ, POLICY_FROM_OPTION);
    resolves();
    assert_string_equal(policy.rules.item[0].path, file);
    assert_string_equal(policy.rules.item[0].said, other);
    assert_false(policy.rules.item[0].directory);
    start_again();
    add(in_root("none\\at\\all"), POLICY_DENIED, POLICY_FROM_OPTION);
    resolves();
    assert_true(policy.rules.item[0].missing);
    assert_string_equal(policy.rules.item[0].path, in_root("none\\at\\all"));
    start_again();
    add(in_root("none"), POLICY_READ, POLICY_FROM_OPTION);
    is_refused("does not exist");
}

static void the_system_is_not_writable(void **state)
{
    char windows[MAX_PATH], parent[MAX_PATH], *profile = getenv("USERPROFILE");
    (void)state;
    assert_true(GetSystemWindowsDirectoryA(windows, sizeof(windows)) > 0);
    not_writable("C:\\", "everywhere");
    not_writable(windows, "system");
    strcat(windows, "\\system32");
    not_writable(windows, "system");
    assert_non_null(profile);
    not_writable(profile, "profile");
    text_copy(parent, sizeof(parent), profile);
    *strrchr(parent, '\\') = 0;
    not_writable(parent, "profile");
    add(root, POLICY_WRITE, POLICY_FROM_OPTION);
    resolves(); /* although it is in the profile */
    assert_true(policy.rules.item[0].directory);
}

static void what_exists_is_protected(void **state)
{
    (void)state;
    file_with(".git", "gitdir: repository\r\n");
    assert_true(CreateDirectoryA(in_root("repository"), NULL));
    file_with(".MCP.json", "");
    add(root, POLICY_WRITE, POLICY_FROM_OPTION);
    resolves();
    policy_settle(&policy.rules);
    if (resolve_protected(&policy, POSTERN_LEVEL_NONE, &error) != 0)
        fail_msg("%s", error.message);
    assert_int_equal(policy.rules.count, 4);
    assert_int_equal(policy_access_of(&policy.rules, in_root(".git")), POLICY_READ);
    assert_int_equal(policy_access_of(&policy.rules, in_root(".mcp.json")), POLICY_READ);
    assert_int_equal(policy_access_of(&policy.rules, in_root("repository\\hooks")), POLICY_READ);
    assert_int_equal(policy_access_of(&policy.rules, in_root("other")), POLICY_WRITE);
    RemoveDirectoryA(in_root("repository"));
}

static void ceilings_are_read(void **state)
{
    bool present = true;
    (void)state;
    assert_int_equal(resolve_ceiling(in_root("none"), false, &policy, &present, &error), 0);
    assert_false(present);
    assert_int_equal(resolve_ceiling(in_root("none"), true, &policy, &present, &error), POSTERN_E_POLICY);
    if (resolve_ceiling(file_with("ceiling", "{\"version\": \"0.8.0\"}"), true, &policy, &present, &error) != 0)
        fail_msg("%s", error.message);
    assert_true(present);
    start_again();
    assert_int_equal(resolve_ceiling(root, true, &policy, &present, &error), POSTERN_E_POLICY);
    assert_non_null(strstr(resolve_system_ceiling(), "\\postern\\ceiling.json"));
}

/* Everybody may change it then. */
static void ceilings_of_all_are_refused(void **state)
{
    SECURITY_DESCRIPTOR open_to_all;
    bool present = true;
    const char *file = file_with("ceiling", "{\"version\": \"0.8.0\"}");
    (void)state;
    assert_true(InitializeSecurityDescriptor(&open_to_all, SECURITY_DESCRIPTOR_REVISION));
    assert_true(SetSecurityDescriptorDacl(&open_to_all, TRUE, NULL, FALSE));
    assert_true(SetFileSecurityA(file, DACL_SECURITY_INFORMATION, &open_to_all));
    int status = resolve_ceiling(file, true, &policy, &present, &error);
    if (status == 0 && host_is_wine())
        SKIP_BECAUSE("Wine does not keep who may change a file");
    assert_int_equal(status, POSTERN_E_POLICY);
    assert_non_null(strstr(error.message, "other users"));
    assert_false(present);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(names_are_the_files_own), TEST(the_system_is_not_writable),  TEST(what_exists_is_protected),
        TEST(ceilings_are_read),       TEST(ceilings_of_all_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
