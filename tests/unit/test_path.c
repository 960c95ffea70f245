/*
 * Paths as policies compare them (shared/path.c): both styles, on both platforms.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "shared/path.h"
#include "shared/text.h"

/* ---- the one form ---- */

struct canonical {
    const char *text, *canonical; /* or what the message says */
};

static void check_accepted(enum path_style style, const struct canonical *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct postern_error error = {0};
        char *path = NULL, *again = NULL;

        if (path_canonical(style, cases[i].text, "test", &path, &error) != POSTERN_OK)
            fail_msg("%s: %s", cases[i].text, error.message);
        assert_string_equal(path, cases[i].canonical);
        assert_int_equal(path_canonical(style, path, "test", &again, NULL), POSTERN_OK);
        assert_string_equal(again, path);
        free(path);
        free(again);
    }
}

static void check_refused(enum path_style style, const struct canonical *cases, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct postern_error error = {0};
        char *path = (char *)"left over", shown[256] = "";

        if (path_canonical(style, cases[i].text, "the item", &path, &error) == POSTERN_OK)
            fail_msg("accepted: %s", cases[i].text);
        assert_null(path);
        assert_int_equal(error.code, POSTERN_E_POLICY);
        assert_string_equal(error.stage, "policy");
        text_escape(shown, sizeof(shown), cases[i].text, strlen(cases[i].text));
        assert_non_null(strstr(error.message, "the item: the path \""));
        assert_non_null(strstr(error.message, shown));
        if (strstr(error.message, cases[i].canonical) == NULL)
            fail_msg("%s: %s", cases[i].text, error.message);
    }
}
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void posix_accepts(void **state)
{
    static const struct canonical cases[] = {
        {"/", "/"},
        {"//", "/"},
        {"/.", "/"},
        {"/a", "/a"},
        {"/a/", "/a"},
        {"//a///b//", "/a/b"},
        {"/a/.", "/a"},
        {"/a/b/./c", "/a/b/c"},
        {"/a/b//c", "/a/b/c"},
        {"/a/b~/c.d-e_f", "/a/b~/c.d-e_f"},
        {"/./a/././b/.", "/a/b"},
        {"/.a/b./.b", "/.a/b./.b"},
        {"/a b/...", "/a b/..."},
        {"/a/..b/c..", "/a/..b/c.."},
        {"/a\\b:c", "/a\\b:c"},
        {"/ ", "/ "},
        {"/\xc3\xa4/\xf0\x9f\x98\x80", "/\xc3\xa4/\xf0\x9f\x98\x80"},
    };

    (void)state;
    check_accepted(PATH_POSIX, cases, COUNT(cases));
}

static void posix_refuses(void **state)
{
    static const struct canonical cases[] = {
        {"", "is blank"},
        {"  \t", "is blank"},
        {"a", "is relative"},
        {"./a", "is relative"},
        {"~/a", "is relative"},
        {"C:\\a", "is relative"},
        {"/..", "holds \"..\""},
        {"/a/../b", "holds \"..\""},
        {"/a/..", "holds \"..\""},
        {"/a\nb", "control character"},
        {"/a\x1b[2J", "control character"},
        {"/a\x7f", "control character"},
        {"/a\xc2\x9b", "control character"},
        {"/a\xff", "not valid UTF-8"},
        {"/a\xc0\xaf", "not valid UTF-8"},
        {"/\xed\xa0\x80", "not valid UTF-8"},
    };

    (void)state;
    check_refused(PATH_POSIX, cases, COUNT(cases));
}

static void windows_accepts(void **state)
{
    static const struct canonical cases[] = {
        {"C:\\", "C:\\"},
        {"c:/", "C:\\"},
        {"C:\\a\\b", "C:\\a\\b"},
        {"c:/a//b\\", "C:\\a\\b"},
        {"C:\\.\\a\\.", "C:\\a"},
        {"\\\\?\\c:\\a", "C:\\a"},
        {"\\\\?\\C:\\", "C:\\"},
        {"//?/C:/a", "C:\\a"},
        {"\\\\s\\h", "\\\\s\\h\\"},
        {"\\\\s\\h\\", "\\\\s\\h\\"},
        {"//s/h/a/b/", "\\\\s\\h\\a\\b"},
        {"\\\\?\\UNC\\s\\h\\a", "\\\\s\\h\\a"},
        {"\\\\?\\unc\\s\\h", "\\\\s\\h\\"},
        {"\\\\10.0.0.1\\c$\\a", "\\\\10.0.0.1\\c$\\a"},
        {"C:\\Program Files (x86)\\a.b.c", "C:\\Program Files (x86)\\a.b.c"},
        {"C:\\ a", "C:\\ a"},
        {"C:\\.git", "C:\\.git"},
        {"C:\\console\\com\\lpt10\\nulls\\com1x", "C:\\console\\com\\lpt10\\nulls\\com1x"},
        {"C:\\a~b\\~\\a~\\backup~1.json\\longername~1", "C:\\a~b\\~\\a~\\backup~1.json\\longername~1"},
        {"C:\\a~1.b.c", "C:\\a~1.b.c"},
        {"C:\\abcdefg~1\\a~1.abcd", "C:\\abcdefg~1\\a~1.abcd"},
        {"C:\\\xc3\x84\\\xce\xa9", "C:\\\xc3\x84\\\xce\xa9"},
    };

    (void)state;
    check_accepted(PATH_WINDOWS, cases, COUNT(cases));
}

static void windows_refuses(void **state)
{
    static const struct canonical cases[] = {
        {"", "is blank"},
        {" ", "is blank"},
        {"a", "is relative"},
        {"a\\b", "is relative"},
        {"/a", "relative to the current drive"},
        {"\\a", "relative to the current drive"},
        {"\\??\\C:\\a", "relative to the current drive"},
        {"C:", "current directory of a drive"},
        {"C:a", "current directory of a drive"},
        {"\xc3\x84:\\a", "is relative"},
        {"\\\\?\\C:", "no drive"},
        {"\\\\?\\C:a", "no drive"},
        {"\\\\?\\C:/a", "no drive"},
        {"\\\\?\\C:\\a/b", "cannot have"},
        {"\\\\?\\", "no drive"},
        {"\\\\?", "no drive"},
        {"\\\\?\\UNC", "no drive"},
        {"\\\\?\\UNC\\", "no server"},
        {"\\\\?\\UNC\\s", "no share"},
        {"\\\\?\\Volume{01234567-89ab-cdef-0123-456789abcdef}\\a", "no drive"},
        {"\\\\?\\GLOBALROOT\\Device\\HarddiskVolume1\\a", "no drive"},
        {"\\\\.\\C:\\a", "names a device"},
        {"//./pipe/a", "names a device"},
        {"\\\\.", "names a device"},
        {"\\\\", "no server"},
        {"\\\\s", "no share"},
        {"\\\\s\\", "no share"},
        {"\\\\\\s\\h", "no server"},
        {"\\\\..\\h", "holds \"..\""},
        {"\\\\s\\.", "ends in a dot"},
        {"C:\\a\\..\\b", "holds \"..\""},
        {"C:\\a:b", "alternate stream"},
        {"C:\\a::$DATA", "alternate stream"},
        {"C:\\a\\C:\\b", "alternate stream"},
        {"C:\\a<b", "cannot have"},
        {"C:\\a>b", "cannot have"},
        {"C:\\\"a\"", "cannot have"},
        {"C:\\a|b", "cannot have"},
        {"C:\\a?", "cannot have"},
        {"C:\\*", "cannot have"},
        {"C:\\a.", "ends in a dot"},
        {"C:\\a.\\b", "ends in a dot"},
        {"C:\\a ", "ends in a dot or a blank"},
        {"C:\\...", "ends in a dot"},
        {"C:\\.git.", "ends in a dot"},
        {"C:\\con", "names a device"},
        {"C:\\a\\NUL.txt", "names a device"},
        {"C:\\Aux .c\\a", "names a device"},
        {"C:\\prn", "names a device"},
        {"C:\\com1", "names a device"},
        {"C:\\COM0.log", "names a device"},
        {"C:\\lPt9", "names a device"},
        {"C:\\COM\xc2\xb9", "names a device"},
        {"C:\\LPT\xc2\xb3.x", "names a device"},
        {"C:\\conin$", "names a device"},
        {"C:\\CONOUT$", "names a device"},
        {"C:\\PROGRA~1", "short for another"},
        {"C:\\a~1.txt\\b", "short for another"},
        {"C:\\A1B2~12.C", "short for another"},
        {"C:\\\xc3\x84\xc3\x84\xc3\x84\xc3\x84\xc3\x84\xc3\x84~1", "short for another"},
        {"C:\\a\tb", "control character"},
        {"C:\\a\xff", "not valid UTF-8"},
    };

    (void)state;
    check_refused(PATH_WINDOWS, cases, COUNT(cases));
}

static void long_paths(void **state)
{
    static char text[PATH_SIZE_MAX + 1];
    struct postern_error error = {0};
    char *path;

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[0] = '/';
    assert_int_equal(path_canonical(PATH_POSIX, text, "test", &path, &error), POSTERN_E_POLICY);
    assert_non_null(strstr(error.message, "is too long"));
    text[PATH_SIZE_MAX - 1] = '\0';
    assert_int_equal(path_canonical(PATH_POSIX, text, "test", &path, NULL), POSTERN_OK);
    assert_string_equal(path, text);
    free(path);
}

/* ---- comparing ---- */

static void beneath_by_component(void **state)
{
    static const struct {
        enum path_style style;
        const char *path, *directory;
        bool beneath;
    } cases[] = {
        {PATH_POSIX, "/a/b", "/a/b", true},
        {PATH_POSIX, "/a/b/c", "/a/b", true},
        {PATH_POSIX, "/a/bc", "/a/b", false},
        {PATH_POSIX, "/a", "/a/b", false},
        {PATH_POSIX, "/a", "/", true},
        {PATH_POSIX, "/", "/", true},
        {PATH_POSIX, "/", "/a", false},
        {PATH_POSIX, "/A/b", "/a", false},
        {PATH_POSIX, "/a\\b", "/a", false},
        {PATH_WINDOWS, "C:\\a\\b", "c:\\A", true},
        {PATH_WINDOWS, "C:\\ab", "C:\\a", false},
        {PATH_WINDOWS, "C:\\a", "C:\\", true},
        {PATH_WINDOWS, "C:\\", "C:\\", true},
        {PATH_WINDOWS, "D:\\a", "C:\\", false},
        {PATH_WINDOWS, "\\\\S\\H\\a", "\\\\s\\h\\", true},
        {PATH_WINDOWS, "\\\\s\\h2\\a", "\\\\s\\h\\", false},
        {PATH_WINDOWS, "\\\\s\\h\\", "\\\\s\\h\\a", false},
        {PATH_WINDOWS, "C:\\\xc3\xa4\\b", "C:\\\xc3\x84", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (path_is_beneath(cases[i].style, cases[i].path, cases[i].directory) != cases[i].beneath)
            fail_msg("%s beneath %s", cases[i].path, cases[i].directory);
    }
}

static void orders_by_component(void **state)
{
    static const char *const sorted[] = {"/", "/a", "/a/b", "/a/b/c", "/a/c", "/a b", "/a!", "/a-b", "/ab", "/b"};

    (void)state;
    for (size_t i = 0; i < COUNT(sorted); i++) {
        for (size_t j = 0; j < COUNT(sorted); j++)
            assert_int_equal(path_compare(PATH_POSIX, sorted[i], sorted[j]), i < j ? -1 : i > j);
    }
}

/* Letters with a case, as capital and small letter. */
static void windows_folds_case(void **state)
{
    static const char *const same[][2] = {
        {"C:\\ABCXYZ", "C:\\abcxyz"},
        {"C:\\\xc3\x80\xc3\x9e", "C:\\\xc3\xa0\xc3\xbe"},                                 /* Latin-1 */
        {"C:\\\xc5\xb8", "C:\\\xc3\xbf"},                                                 /* Y with diaeresis */
        {"C:\\\xc4\x80\xc4\xb9\xc5\xbd", "C:\\\xc4\x81\xc4\xba\xc5\xbe"},                 /* Latin Extended-A */
        {"C:\\\xce\x86\xce\x88\xce\x91\xce\xa9", "C:\\\xce\xac\xce\xad\xce\xb1\xcf\x89"}, /* Greek */
        {"C:\\\xce\xa3\xce\xa3", "C:\\\xcf\x82\xcf\x83"},                                 /* both sigmas */
        {"C:\\\xce\x8c\xce\x8e\xce\x8f", "C:\\\xcf\x8c\xcf\x8d\xcf\x8e"},
        {"C:\\\xd0\x90\xd0\xaf\xd0\x81", "C:\\\xd0\xb0\xd1\x8f\xd1\x91"}, /* Cyrillic */
        {"C:\\\xd0\x80\xd0\x8f\xd1\xa0", "C:\\\xd1\x90\xd1\x9f\xd1\xa1"},
        {"C:\\\xd4\xb1\xd5\x96", "C:\\\xd5\xa1\xd6\x86"},                 /* Armenian */
        {"C:\\\xe1\xba\xa0", "C:\\\xe1\xba\xa1"},                         /* Vietnamese */
        {"C:\\\xef\xbc\xa1\xef\xbc\xba", "C:\\\xef\xbd\x81\xef\xbd\x9a"}, /* full width */
    };
    static const char *const different[][2] = {
        {"C:\\[", "C:\\{"},
        {"C:\\\xc3\x97", "C:\\\xc3\xb7"}, /* times and division signs */
        {"C:\\\xc3\x9f", "C:\\ss"},
        {"C:\\i", "C:\\\xc4\xb1"},
        {"C:\\a", "C:\\\xef\xbd\x81"},
        {"C:\\\xc4\x80", "C:\\\xc4\x82"},
        {"C:\\\xf0\x9f\x98\x80", "C:\\\xf0\x9f\x98\x81"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(same); i++) {
        assert_int_equal(path_compare(PATH_WINDOWS, same[i][0], same[i][1]), 0);
        assert_true(path_is_beneath(PATH_WINDOWS, same[i][0], same[i][1]));
        assert_int_not_equal(path_compare(PATH_POSIX, same[i][0], same[i][1]), 0);
    }
    for (size_t i = 0; i < COUNT(different); i++) {
        assert_int_not_equal(path_compare(PATH_WINDOWS, different[i][0], different[i][1]), 0);
        assert_int_equal(path_compare(PATH_WINDOWS, different[i][0], different[i][1]),
                         -path_compare(PATH_WINDOWS, different[i][1], different[i][0]));
    }
}

/* ---- random paths: what the order promises ---- */

static uint32_t random_state = 20260101;

static uint32_t random_below(uint32_t limit)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % limit;
}

static void random_path(enum path_style style, char *out)
{
    /* names that begin alike, and with what sorts near separators */
    static const char *const names[] = {"a",        "A",        "a!", "a-", "a b", "ab", "a0", "b",
                                        "\xc3\xa4", "\xc3\x84", "a+", ".a", "{",   "[",  "_"};

    strcpy(out, style == PATH_WINDOWS ? random_below(4) > 0 ? "C:\\" : "\\\\s\\h\\" : "/");
    for (uint32_t depth = random_below(5), i = 0; i < depth; i++) {
        if (i > 0)
            strcat(out, style == PATH_WINDOWS ? "\\" : "/");
        strcat(out, names[random_below(COUNT(names))]);
    }
}

static int compare_posix(const void *a, const void *b)
{
    return path_compare(PATH_POSIX, a, b);
}

static int compare_windows(const void *a, const void *b)
{
    return path_compare(PATH_WINDOWS, a, b);
}

#define RANDOM_PATHS 400
static char random_paths[RANDOM_PATHS][64];

static void check_order(enum path_style style)
{
    for (size_t i = 0; i < RANDOM_PATHS; i++)
        random_path(style, random_paths[i]);
    qsort(random_paths, RANDOM_PATHS, sizeof(random_paths[0]), style == PATH_WINDOWS ? compare_windows : compare_posix);
    for (size_t i = 0; i < RANDOM_PATHS; i++) {
        bool within = true;

        for (size_t j = 0; j < RANDOM_PATHS; j++) {
            bool beneath = path_is_beneath(style, random_paths[j], random_paths[i]);
            int order = path_compare(style, random_paths[i], random_paths[j]);

            assert_int_equal(order, -path_compare(style, random_paths[j], random_paths[i]));
            if (order == 0) { /* the same path: beneath each other */
                assert_true(beneath);
                continue;
            }
            assert_int_equal(order, i < j ? -1 : 1);
            if (j < i) {
                assert_false(beneath);
            } else { /* once outside, all that comes later is outside */
                assert_true(within || !beneath);
                within = beneath;
            }
        }
    }
}

static void all_beneath_comes_directly_after(void **state)
{
    (void)state;
    check_order(PATH_POSIX);
    check_order(PATH_WINDOWS);
}

/* ---- joining and splitting ---- */

static void joins(void **state)
{
    static const struct {
        enum path_style style;
        const char *directory, *name, *joined;
    } cases[] = {
        {PATH_POSIX, "/", "a", "/a"},
        {PATH_POSIX, "/a", "b", "/a/b"},
        {PATH_WINDOWS, "C:\\", "a", "C:\\a"},
        {PATH_WINDOWS, "C:\\a", "b", "C:\\a\\b"},
        {PATH_WINDOWS, "\\\\s\\h\\", "a", "\\\\s\\h\\a"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char *joined = path_join(cases[i].style, cases[i].directory, cases[i].name);

        assert_string_equal(joined, cases[i].joined);
        free(joined);
    }
}

static void check_split(enum path_style style, const char *text, const char *const *wanted)
{
    struct strings list = {NULL, 0};
    size_t count = 0;

    assert_true(path_split_list(style, text, &list));
    for (; wanted[count] != NULL; count++) {
        assert_true(count < list.count);
        assert_string_equal(list.item[count], wanted[count]);
    }
    assert_int_equal(list.count, count);
    strings_free(&list);
}

static void splits_lists(void **state)
{
    static const char *const windows[] = {"C:\\x", "D:\\y", NULL};
    static const char *const posix[] = {"/x", "/y;z", " ", NULL};
    static const char *const none[] = {NULL};

    (void)state;
    check_split(PATH_WINDOWS, "C:\\x;D:\\y", windows);
    check_split(PATH_WINDOWS, ";;C:\\x;;D:\\y;", windows);
    check_split(PATH_POSIX, "/x:/y;z: :", posix);
    check_split(PATH_POSIX, "", none);
    check_split(PATH_POSIX, "::", none);
}

static void style_of_this_system(void **state)
{
    char *path;

    (void)state;
    assert_int_equal(path_canonical(path_style_here(), test_data_dir(), "tests", &path, NULL), POSTERN_OK);
    free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(posix_accepts),
        cmocka_unit_test(posix_refuses),
        cmocka_unit_test(windows_accepts),
        cmocka_unit_test(windows_refuses),
        cmocka_unit_test(long_paths),
        cmocka_unit_test(beneath_by_component),
        cmocka_unit_test(orders_by_component),
        cmocka_unit_test(windows_folds_case),
        cmocka_unit_test(all_beneath_comes_directly_after),
        cmocka_unit_test(joins),
        cmocka_unit_test(splits_lists),
        cmocka_unit_test(style_of_this_system),
    };

    return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
