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
#include <winioctl.h>
#include <shlobj.h>

#include "shared/system.h"
#include "shared/text.h"
#include "shared/wide.h"
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

/* ---- what commands may not lead elsewhere ---- */

/* As everybody may make one where he may write. */
static bool make_junction(const char *path, const char *target)
{
    struct {
        DWORD tag;
        WORD length, reserved, meant_at, meant_size, shown_at, shown_size;
        wchar_t names[1024];
    } data = {.tag = IO_REPARSE_TAG_MOUNT_POINT};
    char *text = text_format("\\??\\%s", target);
    wchar_t *wide = wide_from_utf8(text);
    size_t units = wcslen(wide);
    DWORD got;
    assert_true(units < 1000 && CreateDirectoryA(path, NULL));
    memcpy(data.names, wide, units * sizeof(*wide));
    data.meant_size = (WORD)(units * sizeof(*wide));
    data.shown_at = (WORD)(data.meant_size + sizeof(*wide)); /* none is shown */
    data.length = (WORD)(8 + data.shown_at + sizeof(*wide));
    HANDLE handle = CreateFileA(path, GENERIC_WRITE, 0, NULL, OPEN_EXISTING,
                                FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS, NULL);
    bool made = handle != INVALID_HANDLE_VALUE &&
                DeviceIoControl(handle, FSCTL_SET_REPARSE_POINT, &data, 8u + data.length, NULL, 0, &got, NULL);
    if (handle != INVALID_HANDLE_VALUE)
        CloseHandle(handle);
    free(wide);
    free(text);
    return made;
}

/* A command has put it into the workspace, and the next policy names what lies behind. */
static void rules_over_junctions_of_commands_are_refused(void **state)
{
    const char *workspace = in_root("ws"), *secret = in_root("secret"), *way = in_root("ws\\out");
    (void)state;
    assert_true(CreateDirectoryA(workspace, NULL) && CreateDirectoryA(secret, NULL));
    bool made = make_junction(way, secret);
    if (!made && host_is_wine()) {
        assert_true(RemoveDirectoryA(way) && RemoveDirectoryA(workspace) && RemoveDirectoryA(secret));
        SKIP_BECAUSE("Wine makes no junctions");
    }
    assert_true(made);
    add(workspace, POLICY_WRITE, POLICY_FROM_PRESET);
    add(way, POLICY_WRITE, POLICY_FROM_OPTION);
    resolves();
    assert_int_equal(resolve_check_links(&policy.rules, &error), POSTERN_E_POLICY);
    assert_non_null(strstr(error.message, "leads over the link"));
    start_again();
    add(in_root("ws\\out"), POLICY_WRITE, POLICY_FROM_OPTION); /* nobody else can write where the link lies */
    resolves();
    assert_int_equal(resolve_check_links(&policy.rules, &error), 0);
    start_again();
    assert_true(RemoveDirectoryA(way) && RemoveDirectoryA(workspace) && RemoveDirectoryA(secret));
}

static void rules_without_links_are_fine(void **state)
{
    (void)state;
    assert_true(CreateDirectoryA(in_root("a"), NULL) && CreateDirectoryA(in_root("a\\b"), NULL));
    add(in_root("a"), POLICY_WRITE, POLICY_FROM_PRESET);
    add(in_root("a\\b"), POLICY_WRITE, POLICY_FROM_OPTION);
    resolves();
    assert_int_equal(resolve_check_links(&policy.rules, &error), 0);
    start_again();
    assert_true(RemoveDirectoryA(in_root("a\\b")) && RemoveDirectoryA(in_root("a")));
}

static int keeps_own(void)
{
    struct strings searched = {0};
    struct resolve_own own = {root, &searched};
    policy_settle(&policy.rules);
    return resolve_keep_own(&policy, &own, POSTERN_LEVEL_RESTRICTED, &error);
}

static const char *local_data(const char *below)
{
    static char path[MAX_PATH + 64];
    assert_int_equal(SHGetFolderPathA(NULL, CSIDL_LOCAL_APPDATA | CSIDL_FLAG_CREATE, NULL, SHGFP_TYPE_CURRENT, path),
                     S_OK);
    text_copy(path + strlen(path), sizeof(path) - strlen(path), below);
    return path;
}

/* Who writes a record says what the next start removes, with all of the user's rights. */
static void records_are_not_writable(void **state)
{
    char *resolved;
    int64_t ignored;
    (void)state;
    CreateDirectoryA(local_data("\\postern"), NULL);
    CreateDirectoryA(local_data("\\postern\\sandboxes"), NULL);
    resolved = system_absolute_path(local_data("\\postern\\sandboxes"), &ignored);
    assert_non_null(resolved);
    add(local_data(""), POLICY_WRITE, POLICY_FROM_OPTION);
    resolves();
    if (keeps_own() != 0)
        fail_msg("%s", error.message);
    assert_int_equal(policy_access_of(&policy.rules, resolved), POLICY_READ);
    start_again();
    add(resolved, POLICY_WRITE, POLICY_FROM_OPTION);
    resolves();
    assert_int_equal(keeps_own(), POSTERN_E_POLICY);
    assert_non_null(strstr(error.message, "records"));
    start_again();
    assert_true(CreateDirectoryA(local_data("\\postern\\sandboxes\\in it"), NULL));
    add(local_data("\\postern\\sandboxes\\in it"), POLICY_WRITE, POLICY_FROM_OPTION);
    resolves();
    assert_int_equal(keeps_own(), POSTERN_E_POLICY);
    assert_true(RemoveDirectoryA(local_data("\\postern\\sandboxes\\in it")));
    start_again();
    free(resolved);
}

static void the_running_program_is_not_writable(void **state)
{
    char program[MAX_PATH], *directory, *resolved;
    int64_t ignored;
    (void)state;
    assert_true(GetModuleFileNameA(NULL, program, sizeof(program)) > 0);
    resolved = system_absolute_path(program, &ignored);
    assert_non_null(resolved);
    directory = text_format("%.*s", (int)(strrchr(resolved, '\\') - resolved), resolved);
    add(directory, POLICY_WRITE, POLICY_FROM_OPTION);
    resolves();
    if (keeps_own() != 0)
        fail_msg("%s", error.message);
    assert_int_equal(policy_access_of(&policy.rules, resolved), POLICY_READ);
    start_again();
    free(directory);
    free(resolved);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(names_are_the_files_own),
        TEST(the_system_is_not_writable),
        TEST(what_exists_is_protected),
        TEST(ceilings_are_read),
        TEST(ceilings_of_all_are_refused),
        TEST(rules_over_junctions_of_commands_are_refused),
        TEST(rules_without_links_are_fine),
        TEST(records_are_not_writable),
        TEST(the_running_program_is_not_writable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
