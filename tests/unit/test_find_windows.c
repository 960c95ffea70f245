/*
 * shared/find_windows.h: which file a name means, over a file system of a few lines, and by a second opinion on random
 * ones.
 */
#include "tests/support/test.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/error.h"
#include "shared/find_windows.h"

struct entry {
    const char *path;
    enum find_kind kind;
};

struct disk {
    const struct entry *entries;
    size_t count;
    char looked[64][256]; /* in order */
    size_t looks;
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int same(const char *a, const char *b)
{
    for (; *a != '\0' && lower(*a) == lower(*b); a++, b++) {
    }
    return *a == *b;
}

static enum find_kind look(void *context, const char *path)
{
    struct disk *disk = context;

    assert_null(strchr(path, '/'));
    snprintf(disk->looked[disk->looks % 64], sizeof(disk->looked[0]), "%s", path);
    disk->looks++;
    for (size_t i = 0; i < disk->count; i++) {
        if (same(disk->entries[i].path, path)) {
            return disk->entries[i].kind;
        }
    }
    return FIND_NOTHING;
}

static const struct entry usual[] = {
    {"C:\\tools\\tool.exe", FIND_FILE},
    {"C:\\tools\\tool.cmd", FIND_FILE},
    {"C:\\tools\\two words.exe", FIND_FILE},
    {"C:\\tools\\plain.txt", FIND_FILE},
    {"C:\\tools\\dir.exe", FIND_OTHER},
    {"C:\\tools\\script.js", FIND_FILE},
    {"C:\\tools\\a.b", FIND_FILE},
    {"C:\\tools\\a.b.exe", FIND_FILE},
    {"C:\\semi;colon\\odd.exe", FIND_FILE},
    {"C:\\later\\script.exe", FIND_FILE},
    {"C:\\later\\dir.exe", FIND_FILE},
    {"C:\\later\\secret.exe", FIND_FILE},
    {"C:\\locked\\secret.exe", FIND_DENIED},
    {"C:\\locked\\only.exe", FIND_DENIED},
    {"C:\\work\\evil.exe", FIND_FILE},
    {"C:\\work\\bin\\local.exe", FIND_FILE},
    {"C:\\root.exe", FIND_FILE},
    {"C:\\Users\\me\\AppData\\Local\\Microsoft\\WindowsApps\\python.exe", FIND_ALIAS},
    {"C:\\Users\\me\\AppData\\Local\\Microsoft\\WindowsApps\\pwsh.exe", FIND_FILE}, /* no length, no tag to be seen */
    {"C:\\Program Files\\WindowsApps\\Thing_1.0\\thing.exe", FIND_DENIED},
    {"C:\\aliases\\elsewhere.exe", FIND_ALIAS},
    {"C:\\Python\\python.exe", FIND_FILE},
    {"\\\\server\\share\\net.exe", FIND_FILE},
    {"\\\\?\\C:\\tools\\tool.exe", FIND_FILE},
    {"C:\\gr\xc3\xbc\xc3\x9f\\\xf0\x9f\x90\x8c.exe", FIND_FILE},
};

static int search(struct disk *disk, const struct find_query *query, char **found, struct postern_error *error)
{
    const struct find_files files = {look, disk};

    *disk = (struct disk){.entries = usual, .count = sizeof(usual) / sizeof(usual[0])};
    *found = NULL;
    return find_windows(query, &files, found, error);
}

#define APPS "C:\\Users\\me\\AppData\\Local\\Microsoft\\WindowsApps"

struct row {
    struct find_query query;
    const char *found; /* NULL: not */
    int code;
    const char *words; /* of the message */
};

static const struct row rows[] = {
    /* PATH and PATHEXT */
    {{"tool", "C:\\nowhere;C:\\tools", NULL, "C:\\work"}, "C:\\tools\\tool.EXE", 0, NULL},
    {{"TOOL.CMD", "C:\\tools", NULL, "C:\\work"}, "C:\\tools\\TOOL.CMD", 0, NULL},
    {{"tool", "C:\\tools", ".CMD;.EXE", "C:\\work"}, "C:\\tools\\tool.CMD", 0, NULL},
    {{"tool", "C:\\tools", " .js ; .cmd ;.EXE", "C:\\work"}, "C:\\tools\\tool.cmd", 0, NULL},
    {{"tool", "C:\\tools", ".JS;.VBS", "C:\\work"}, NULL, POSTERN_E_NOT_FOUND, "not found"},
    {{"tool", "C:\\tools", "", "C:\\work"}, "C:\\tools\\tool.EXE", 0, NULL},
    {{"tool", "C:\\tools", "exe;xEXE;.;..exe;.EXE;", "C:\\work"}, "C:\\tools\\tool.EXE", 0, NULL},
    {{"a.b", "C:\\tools", NULL, "C:\\work"}, "C:\\tools\\a.b.EXE", 0, NULL},
    {{"script", "C:\\tools;C:\\later", ".JS;.EXE", "C:\\work"}, "C:\\later\\script.EXE", 0, NULL},
    {{"script.js", "C:\\tools", ".JS", "C:\\work"}, NULL, POSTERN_E_NOT_EXECUTABLE, "not a program"},
    {{"plain.txt", "C:\\tools", NULL, "C:\\work"}, NULL, POSTERN_E_NOT_EXECUTABLE, "plain.txt"},
    {{"dir", "C:\\tools;C:\\later", NULL, "C:\\work"}, "C:\\later\\dir.EXE", 0, NULL},
    {{"tool.", "C:\\tools", NULL, "C:\\work"}, NULL, POSTERN_E_NOT_FOUND, "tool."},
    {{"\xf0\x9f\x90\x8c", "C:\\gr\xc3\xbc\xc3\x9f", NULL, NULL},
     "C:\\gr\xc3\xbc\xc3\x9f\\\xf0\x9f\x90\x8c.EXE",
     0,
     NULL},
    /* entries of PATH */
    {{"two words", "\"C:\\tools\"", NULL, "C:\\work"}, "C:\\tools\\two words.EXE", 0, NULL},
    {{"odd", "\"C:\\semi;colon\";C:\\tools", NULL, "C:\\work"}, "C:\\semi;colon\\odd.EXE", 0, NULL},
    {{"odd", "C:\\\"semi;colon\"", NULL, "C:\\work"}, "C:\\semi;colon\\odd.EXE", 0, NULL},
    {{"tool", "C:/tools/", NULL, "C:\\work"}, "C:\\tools\\tool.EXE", 0, NULL},
    {{"local", "bin", NULL, "C:\\work"}, "C:\\work\\bin\\local.EXE", 0, NULL},
    {{"local", "bin", NULL, NULL}, NULL, POSTERN_E_NOT_FOUND, "local"},
    {{"root", "\\", NULL, "C:\\work"}, "C:\\root.EXE", 0, NULL},
    {{"net", "\\", NULL, "\\\\server\\share\\deep\\er"}, "\\\\server\\share\\net.EXE", 0, NULL},
    {{"net", "\\\\server\\share", NULL, NULL}, "\\\\server\\share\\net.EXE", 0, NULL},
    {{"local", "C:bin", NULL, "C:\\work"}, NULL, POSTERN_E_NOT_FOUND, "local"},
    /* the current directory */
    {{"evil", "C:\\tools", NULL, "C:\\work"}, NULL, POSTERN_E_NOT_FOUND, "evil"},
    {{"evil", ";;C:\\tools;", NULL, "C:\\work"}, NULL, POSTERN_E_NOT_FOUND, "evil"},
    {{"evil", "\"\";C:\\tools", NULL, "C:\\work"}, NULL, POSTERN_E_NOT_FOUND, "evil"},
    {{"evil", NULL, NULL, "C:\\work"}, NULL, POSTERN_E_NOT_FOUND, "evil"},
    {{".\\evil", "C:\\tools", NULL, "C:\\work"}, "C:\\work\\.\\evil.EXE", POSTERN_E_NOT_FOUND, "evil"},
    /* paths */
    {{"bin/local", NULL, NULL, "C:\\work"}, "C:\\work\\bin\\local.EXE", 0, NULL},
    {{"bin\\local.exe", NULL, NULL, "C:\\work\\"}, "C:\\work\\bin\\local.exe", 0, NULL},
    {{"C:\\tools\\tool", NULL, NULL, NULL}, "C:\\tools\\tool.EXE", 0, NULL},
    {{"c:/tools/TOOL.exe", NULL, NULL, "D:\\x"}, "c:\\tools\\TOOL.exe", 0, NULL},
    {{"\\root", NULL, NULL, "C:\\work"}, "C:\\root.EXE", 0, NULL},
    {{"\\\\server\\share\\net", NULL, NULL, NULL}, "\\\\server\\share\\net.EXE", 0, NULL},
    {{"\\\\?\\C:\\tools\\tool.exe", NULL, NULL, "D:\\x"}, "\\\\?\\C:\\tools\\tool.exe", 0, NULL},
    {{"bin\\local", NULL, NULL, NULL}, NULL, POSTERN_E_INVALID, "relative"},
    {{"C:tool", "C:\\tools", NULL, "C:\\tools"}, NULL, POSTERN_E_INVALID, "drive"},
    {{"C:", "C:\\tools", NULL, "C:\\tools"}, NULL, POSTERN_E_INVALID, "drive"},
    {{"plain.txt:tool.exe", "C:\\tools", NULL, "C:\\tools"}, NULL, POSTERN_E_NOT_FOUND, "stream"},
    {{"C:\\tools\\plain.txt:tool.exe", NULL, NULL, NULL}, NULL, POSTERN_E_NOT_FOUND, "stream"},
    {{"", "C:\\tools", NULL, "C:\\tools"}, NULL, POSTERN_E_NOT_FOUND, "empty"},
    /* what may not be read */
    {{"secret", "C:\\locked;C:\\later", NULL, "C:\\work"}, "C:\\later\\secret.EXE", 0, NULL},
    {{"only", "C:\\locked;C:\\later", NULL, "C:\\work"}, NULL, POSTERN_E_NOT_EXECUTABLE, "may not read"},
    /* apps */
    {{"python", APPS ";C:\\tools;C:\\Python", NULL, "C:\\work"}, "C:\\Python\\python.EXE", 0, NULL},
    {{"python", "C:\\Python;" APPS, NULL, "C:\\work"}, "C:\\Python\\python.EXE", 0, NULL},
    {{"python", APPS ";C:\\tools", NULL, "C:\\work"}, NULL, POSTERN_E_NOT_EXECUTABLE, "app of the Store"},
    {{"pwsh", APPS, NULL, "C:\\work"}, NULL, POSTERN_E_NOT_EXECUTABLE, "WindowsApps\\pwsh.EXE"},
    {{"elsewhere", "C:\\aliases", NULL, "C:\\work"}, NULL, POSTERN_E_NOT_EXECUTABLE, "alias"},
    {{"C:\\aliases\\elsewhere.exe", NULL, NULL, NULL}, NULL, POSTERN_E_NOT_EXECUTABLE, "alias"},
    {{"c:/program files/windowsapps/Thing_1.0/thing", NULL, NULL, NULL}, NULL, POSTERN_E_NOT_EXECUTABLE, "Store"},
};

static void names_mean_what_the_rules_say(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct postern_error error = {0};
        struct disk disk;
        char *found;
        int code = search(&disk, &row->query, &found, &error);

        /* The disk of the test does not know ".": the question asked shows the rule. */
        if (row->found != NULL && row->code != 0) {
            assert_string_equal(disk.looked[2], row->found);
        } else if (row->found != NULL && (found == NULL || strcmp(found, row->found) != 0)) {
            fail_msg("row %zu: %s, not %s: %s", i, found == NULL ? "nothing" : found, row->found, error.message);
        }
        assert_int_equal(code, row->code);
        if (row->code != 0) {
            assert_null(found);
            if (strstr(error.message, row->words) == NULL) {
                fail_msg("row %zu: %s", i, error.message);
            }
            assert_string_not_equal(error.remedy, "");
        }
        free(found);
    }
}

/* The whole of it, so that nothing else is ever asked for: not the current directory, not ours. */
static void directories_are_asked_in_order(void **state)
{
    static const char *const expected[] = {
        "C:\\a\\t",    "C:\\a\\t.COM",    "C:\\a\\t.EXE",    "C:\\a\\t.BAT",    "C:\\a\\t.CMD",
        "C:\\w\\b\\t", "C:\\w\\b\\t.COM", "C:\\w\\b\\t.EXE", "C:\\w\\b\\t.BAT", "C:\\w\\b\\t.CMD",
    };
    const struct find_query query = {"t", "C:\\a;;b", NULL, "C:\\w"};
    struct disk disk;
    char *found;

    (void)state;
    assert_int_equal(search(&disk, &query, &found, NULL), POSTERN_E_NOT_FOUND);
    assert_int_equal(disk.looks, sizeof(expected) / sizeof(expected[0]));
    for (size_t i = 0; i < disk.looks; i++) {
        assert_string_equal(disk.looked[i], expected[i]);
    }
}

static void aliases_say_what_to_do(void **state)
{
    const struct find_query query = {"python", APPS, NULL, "C:\\work"};
    struct postern_error error = {0};
    struct disk disk;
    char *found;

    (void)state;
    assert_int_equal(search(&disk, &query, &found, &error), POSTERN_E_NOT_EXECUTABLE);
    assert_string_equal(error.stage, "spawn");
    assert_non_null(strstr(error.message, "'python'"));
    assert_non_null(strstr(error.remedy, "alias"));
    assert_int_equal(error.os_error, 0);
}

/* What stands before a real program is told, and so is the program. */
static void apps_that_come_first_are_told(void **state)
{
    static const struct entry entries[] = {
        {"C:\\me\\WindowsApps\\python.exe", FIND_ALIAS}, {"C:\\python\\python.exe", FIND_FILE},
        {"C:\\me\\WindowsApps\\pwsh.exe", FIND_ALIAS},   {"C:\\first\\git.exe", FIND_FILE},
        {"C:\\me\\WindowsApps\\git.exe", FIND_ALIAS},
    };
    static const struct {
        const char *name, *passed, *found;
    } cases[] = {
        {"python.exe", "C:\\me\\WindowsApps\\python.exe", "C:\\python\\python.exe"},
        {"pwsh", "C:\\me\\WindowsApps\\pwsh.exe", NULL},
        {"git", NULL, "C:\\first\\git.exe"},
        {"nothing", NULL, NULL},
        {"C:bad", NULL, NULL},
    };
    static struct disk disk;
    const struct find_files files = {look, &disk};

    (void)state;
    disk = (struct disk){.entries = entries, .count = sizeof(entries) / sizeof(entries[0])};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct find_query query = {
            .name = cases[i].name, .path = "C:\\first;C:\\me\\WindowsApps;C:\\python", .extensions = ".exe"};
        char *passed = NULL, *found = NULL;

        assert_true(find_windows_apps(&query, &files, &passed, &found));
        assert_string_equal(passed != NULL ? passed : "-", cases[i].passed != NULL ? cases[i].passed : "-");
        assert_string_equal(found != NULL ? found : "-", cases[i].found != NULL ? cases[i].found : "-");
        free(passed);
        free(found);
    }
    assert_non_null(strstr(find_windows_app_remedy(), "alias"));
}

static void directories_of_apps_are_listed(void **state)
{
    const struct find_query query = {.path =
                                         "C:\\tools;\"C:\\me\\Microsoft\\WindowsApps\";;WindowsApps\\;C:WindowsApps;"
                                         "C:\\WindowsAppsOfMine;D:/windowsapps/thing",
                                     .cwd = "C:\\work"};
    struct strings found = {0};

    (void)state;
    assert_true(find_windows_app_directories(&query, &found));
    assert_int_equal(found.count, 3);
    assert_string_equal(found.item[0], "C:\\me\\Microsoft\\WindowsApps");
    assert_string_equal(found.item[1], "C:\\work\\WindowsApps\\");
    assert_string_equal(found.item[2], "D:\\windowsapps\\thing");
    strings_free(&found);
}

static void apps_are_known_by_a_whole_component(void **state)
{
    (void)state;
    assert_true(find_windows_is_app("C:\\x\\WindowsApps\\y.exe"));
    assert_true(find_windows_is_app("\\\\?\\C:\\WINDOWSAPPS\\a\\b"));
    assert_true(find_windows_is_app("C:/x/windowsapps/y"));
    assert_false(find_windows_is_app("C:\\x\\WindowsApps"));
    assert_false(find_windows_is_app("C:\\x\\WindowsApps2\\y.exe"));
    assert_false(find_windows_is_app("C:\\x\\MyWindowsApps\\y.exe"));
    assert_false(find_windows_is_app(""));
}

/* ---- a second opinion ---- */

static uint32_t random_state;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % limit;
}

static enum find_kind kinds[8]; /* of d0\t.exe, d0\t.cmd, d1\t.exe, ... */

static enum find_kind random_look(void *context, const char *path)
{
    size_t directory, file;

    (void)context;
    if (strncmp(path, "C:\\d", 4) != 0 || strlen(path) < 11) {
        return FIND_NOTHING;
    }
    directory = (size_t)(path[4] - '0');
    file = same(path + 5, "\\t.exe") ? 0 : same(path + 5, "\\t.cmd") ? 1 : 2;
    return file == 2 || directory > 3 ? FIND_NOTHING : kinds[directory * 2 + file];
}

/* The first real program wins whatever else lies about; without one the error names the worst of what there was. */
static void the_first_real_program_wins(void **state)
{
    const struct find_files files = {random_look, NULL};
    const struct find_query query = {"t", "C:\\d0;C:\\d1;C:\\d2;C:\\d3", ".EXE;.CMD", "C:\\d0"};

    (void)state;
    random_state = 20260203;
    for (int round = 0; round < 20000; round++) {
        char *found = NULL;
        char expected[32] = "";
        bool anything = false;
        int code;

        for (size_t i = 8; i-- > 0;) {
            kinds[i] = random_below(3) == 0 ? FIND_FILE : (enum find_kind)random_below(5);
            anything = anything || kinds[i] != FIND_NOTHING;
            if (kinds[i] == FIND_FILE) {
                snprintf(expected, sizeof(expected), "C:\\d%u\\t%s", (unsigned)(i / 2), i % 2 == 0 ? ".EXE" : ".CMD");
            }
        }
        code = find_windows(&query, &files, &found, NULL);
        assert_int_equal(code, expected[0] != '\0' ? POSTERN_OK
                               : anything          ? POSTERN_E_NOT_EXECUTABLE
                                                   : POSTERN_E_NOT_FOUND);
        assert_string_equal(found == NULL ? "" : found, expected);
        free(found);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_mean_what_the_rules_say),  cmocka_unit_test(directories_are_asked_in_order),
        cmocka_unit_test(aliases_say_what_to_do),         cmocka_unit_test(apps_are_known_by_a_whole_component),
        cmocka_unit_test(the_first_real_program_wins),    cmocka_unit_test(apps_that_come_first_are_told),
        cmocka_unit_test(directories_of_apps_are_listed),
    };

    return cmocka_run_group_tests_name("find_windows", tests, NULL, NULL);
}
