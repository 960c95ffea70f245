/*
 * shared/console_keys.h: the request for key events is seen in any output, however it is cut, and nothing else is taken
 * for it.
 */
#include "tests/support/test.h"

#include <stdint.h>
#include <string.h>

#include "shared/console_keys.h"

static bool is_on_after(const char *text)
{
    struct console_keys whole = {0}, bytes = {0};
    size_t length = strlen(text);

    console_keys_watch(&whole, text, length);
    for (size_t i = 0; i < length; i++) {
        console_keys_watch(&bytes, text + i, 1);
    }
    assert_int_equal(whole.on, bytes.on);
    for (size_t cut = 0; cut < length; cut++) {
        struct console_keys halves = {0};

        console_keys_watch(&halves, text, cut);
        console_keys_watch(&halves, text + cut, length - cut);
        assert_int_equal(halves.on, whole.on);
    }
    return whole.on;
}

static void the_request_is_seen(void **state)
{
    static const char *const on[] = {
        "\x1b[?9001h",
        "\x1b[?9001h\x1b[?1004h\x1b[?25l",
        "text \x1b[2J\x1b[m\x1b[H\x1b[?25;9001h more",
        "\x1b[?9001;1004h",
        "\x1b[?1049h\x1b[?9001h\x1b]0;title\x07",
        "\x1b\x1b[?9001h",
        "\x1b[?\x1b[?9001h",
        "\x1b[?9001l\x1b[?9001h",
        "\x1b[?09001h",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(on) / sizeof(on[0]); i++) {
        if (!is_on_after(on[i])) {
            fail_msg("row %zu", i);
        }
    }
}

static void other_output_is_not(void **state)
{
    static const char *const off[] = {
        "",
        "[?9001h",
        "\x1b[9001h",
        "\x1b?9001h",
        "\x1b[?9001",
        "\x1b[?9001x",
        "\x1b[?900 1h",
        "\x1b[?9001$h",
        "\x1b[?90010h",
        "\x1b[?4294976297h", /* 2^32 + 9001 */
        "\x1b[?9001h text \x1b[?9001l",
        "\x1b[?9001h\x1b[?1;9001;2l",
        "\x1b[>9001h",
        "\x1b[?1004h 9001h",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(off) / sizeof(off[0]); i++) {
        if (is_on_after(off[i])) {
            fail_msg("row %zu", i);
        }
    }
}

/* Other output in between does not turn it off. */
static void the_mode_lasts(void **state)
{
    struct console_keys input = {0};
    uint32_t random = 20260205;
    unsigned char bytes[64];

    (void)state;
    console_keys_watch(&input, "\x1b[?9001h", 8);
    for (int round = 0; round < 20000; round++) {
        for (size_t i = 0; i < sizeof(bytes); i++) {
            random = random * 1664525u + 1013904223u;
            bytes[i] = (unsigned char)(random >> 24);
            bytes[i] = bytes[i] == 'l' ? 'm' : bytes[i];
        }
        console_keys_watch(&input, bytes, sizeof(bytes));
        assert_true(input.on);
    }
}

/* ESC [ Vk ; Sc ; Uc ; Kd ; Cs ; Rc _ */
static void ctrl_c_is_the_key_with_ctrl(void **state)
{
    (void)state;
    assert_string_equal(CONSOLE_KEYS_CTRL_C, "\x1b[67;46;3;1;8;1_"
                                             "\x1b[67;46;3;0;8;1_");
    assert_false(is_on_after("\x1b[?9001h" CONSOLE_KEYS_OFF));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_request_is_seen),
        cmocka_unit_test(other_output_is_not),
        cmocka_unit_test(the_mode_lasts),
        cmocka_unit_test(ctrl_c_is_the_key_with_ctrl),
    };

    return cmocka_run_group_tests_name("console_keys", tests, NULL, NULL);
}
