/* Which links a path of Windows leads over, on a made-up volume; what the bytes of a junction or symbolic link say. */
#include "elevated/resolve_way_windows.h"
#include "tests/support/test.h"

#include <string.h>

#include "shared/text.h"

struct made_up {
    const char *path, *target; /* NULL: not known */
};

static bool look(void *context, const char *path, char **target)
{
    const struct made_up *at = context;
    for (; at->path != NULL; at++) {
        if (strcmp(at->path, path) == 0) {
            *target = at->target != NULL ? text_duplicate(at->target) : NULL;
            return true;
        }
    }
    return false;
}

static void leads_over(const struct made_up *links, const char *path, const char *expected)
{
    struct strings found = {0};
    char text[2048] = "";
    assert_true(resolve_way_windows(path, look, (void *)links, &found));
    for (size_t i = 0; i < found.count; i++) {
        text_copy(text + strlen(text), sizeof(text) - strlen(text), i == 0 ? "" : " ");
        text_copy(text + strlen(text), sizeof(text) - strlen(text), found.item[i]);
    }
    assert_string_equal(text, expected);
    strings_free(&found);
}

static void test_each_link_is_found_where_it_lies(void **state)
{
    const struct made_up links[] = {{"C:\\ws\\out", "\\??\\D:\\data"},
                                    {"D:\\data\\next", "..\\other"},
                                    {"D:\\other", "\\top\\.\\deep"},
                                    {"D:\\top\\deep", "\\??\\UNC\\server\\share\\far"},
                                    {"\\\\server\\share\\far", "\\\\?\\C:\\end"},
                                    {NULL, NULL}};
    (void)state;
    leads_over(links, "C:\\ws", "");
    leads_over(links, "C:\\ws\\output", "");
    leads_over(links, "C:\\ws\\out", "C:\\ws\\out");
    leads_over(links, "\\\\?\\C:\\ws\\out\\x", "C:\\ws\\out");
    leads_over(links, "C:/ws//out/next/x", "C:\\ws\\out D:\\data\\next D:\\other D:\\top\\deep \\\\server\\share\\far");
    leads_over(links, "\\\\server\\share\\far\\x", "\\\\server\\share\\far");
    leads_over(links, "\\\\?\\UNC\\server\\share\\far\\x", "\\\\server\\share\\far");
}

static void test_up_is_from_where_a_link_led(void **state)
{
    const struct made_up links[] = {{"C:\\a\\b", "\\??\\C:\\x\\y"}, {"C:\\x\\z", "C:\\q"}, {NULL, NULL}};
    (void)state;
    leads_over(links, "C:\\a\\b\\..\\z", "C:\\a\\b C:\\x\\z");
    leads_over(links, "C:\\..\\..\\a\\b", "C:\\a\\b"); /* not above the root */
}

static void test_a_volume_is_passed(void **state)
{
    const struct made_up links[] = {
        {"C:\\mnt", "\\??\\Volume{01234567-89ab-cdef-0123-456789abcdef}\\"}, {"C:\\mnt\\l", NULL}, {NULL, NULL}};
    (void)state;
    leads_over(links, "C:\\mnt\\l\\x", "C:\\mnt C:\\mnt\\l");
}

static void test_a_circle_ends(void **state)
{
    const struct made_up links[] = {{"C:\\a", "\\??\\C:\\b"}, {"C:\\b", "a"}, {NULL, NULL}};
    struct strings found = {0};
    (void)state;
    assert_true(resolve_way_windows("C:\\a\\x", look, (void *)links, &found));
    assert_int_equal(found.count, 63);
    strings_free(&found);
}

static void test_what_is_no_absolute_path_leads_nowhere(void **state)
{
    const struct made_up links[] = {{"C:\\a", "b"}, {NULL, NULL}};
    (void)state;
    leads_over(links, "", "");
    leads_over(links, "a", "");
    leads_over(links, "\\a", "");
    leads_over(links, "\\\\server", "");
    leads_over(links, "\\\\.\\pipe", "");
}

/* ---- bytes ---- */

static const unsigned char junction[] = {0x03, 0, 0, 0xA0, 14, 0, 0, 0, 0, 0, 4, 0, 6, 0, 0, 0, 'C', 0, ':', 0, 0, 0};
static const unsigned char symbolic[] = {0x0C, 0, 0, 0xA0, 16, 0, 0, 0, 2,   0, 2,   0,
                                         0,    0, 2, 0,    1,  0, 0, 0, 'p', 0, 's', 0};

static void test_what_a_link_says(void **state)
{
    size_t at = 0, length = 0;
    (void)state;
    assert_true(resolve_way_target(junction, sizeof(junction), &at, &length));
    assert_int_equal(at, 16);
    assert_int_equal(length, 4);
    assert_true(resolve_way_target(symbolic, sizeof(symbolic), &at, &length));
    assert_int_equal(at, 22);
    assert_int_equal(length, 2);
}

static void test_damaged_bytes_say_nothing(void **state)
{
    unsigned char data[sizeof(symbolic)];
    size_t at, length;
    (void)state;
    for (size_t size = 0; size < sizeof(symbolic); size++) {
        assert_false(resolve_way_target(symbolic, size, &at, &length));
    }
    for (size_t i = 0; i < sizeof(data); i++) { /* within the bytes, whatever they are */
        for (int value = 0; value < 256; value++) {
            memcpy(data, symbolic, sizeof(data));
            data[i] = (unsigned char)value;
            assert_true(!resolve_way_target(data, sizeof(data), &at, &length) ||
                        (at <= sizeof(data) && length <= sizeof(data) - at));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_link_is_found_where_it_lies),
        cmocka_unit_test(test_up_is_from_where_a_link_led),
        cmocka_unit_test(test_a_volume_is_passed),
        cmocka_unit_test(test_a_circle_ends),
        cmocka_unit_test(test_what_is_no_absolute_path_leads_nowhere),
        cmocka_unit_test(test_what_a_link_says),
        cmocka_unit_test(test_damaged_bytes_say_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
