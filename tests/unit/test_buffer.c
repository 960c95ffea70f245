/*
 * shared/buffer.c: order, the hard limit, and what an emptied buffer keeps.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "shared/buffer.h"

static void starts_empty(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 100);
    assert_null(buffer.data);
    assert_null(buffer_data(&buffer));
    assert_int_equal(buffer_length(&buffer), 0);
    assert_int_equal(buffer_room(&buffer), 100);
    buffer_consume(&buffer, 0);
    buffer_wipe(&buffer);
    buffer_free(&buffer);
    buffer_free(&buffer);
    assert_int_equal(buffer_room(&buffer), 100);
}

static void keeps_order(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 100);
    assert_true(buffer_append(&buffer, "hello ", 6));
    assert_true(buffer_append(&buffer, "world", 5));
    assert_true(buffer_append(&buffer, NULL, 0));
    assert_int_equal(buffer_length(&buffer), 11);
    assert_memory_equal(buffer_data(&buffer), "hello world", 11);
    buffer_consume(&buffer, 6);
    assert_memory_equal(buffer_data(&buffer), "world", 5);
    assert_int_equal(buffer_room(&buffer), 95);
    buffer_consume(&buffer, 5);
    assert_int_equal(buffer_length(&buffer), 0);
    buffer_free(&buffer);
}

static void reserve_and_commit(void **state)
{
    struct buffer buffer;
    unsigned char *to;

    (void)state;
    buffer_init(&buffer, 64);
    to = buffer_reserve(&buffer, 64);
    assert_non_null(to);
    memset(to, 'r', 64);
    assert_int_equal(buffer_length(&buffer), 0);
    buffer_commit(&buffer, 3);
    assert_int_equal(buffer_length(&buffer), 3);
    assert_memory_equal(buffer_data(&buffer), "rrr", 3);
    assert_null(buffer_reserve(&buffer, 62));
    assert_int_equal(buffer_length(&buffer), 3);
    assert_non_null(buffer_reserve(&buffer, 61));
    buffer_free(&buffer);
}

static void limit_is_exact(void **state)
{
    static const size_t limits[] = {1, 2, 1023, 1024, 1025, 4096, 5000};
    struct buffer buffer;

    (void)state;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
        buffer_init(&buffer, limits[i]);
        for (size_t n = 0; n < limits[i]; n++) {
            assert_true(buffer_append(&buffer, "x", 1));
            assert_true(buffer.capacity <= limits[i]);
        }
        assert_int_equal(buffer_room(&buffer), 0);
        assert_false(buffer_append(&buffer, "x", 1));
        assert_true(buffer_append(&buffer, "x", 0));
        assert_int_equal(buffer_length(&buffer), limits[i]);
        buffer_consume(&buffer, 1);
        assert_true(buffer_append(&buffer, "y", 1)); /* needs the live bytes moved to the front */
        assert_int_equal(buffer_data(&buffer)[limits[i] - 1], 'y');
        buffer_free(&buffer);
    }
}

static void limit_of_zero(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 0);
    assert_non_null(buffer_reserve(&buffer, 0));
    buffer_commit(&buffer, 0);
    assert_true(buffer_append(&buffer, "", 0));
    assert_false(buffer_append(&buffer, "x", 1));
    assert_true(buffer_printf(&buffer, "%s", ""));
    assert_false(buffer_printf(&buffer, "%s", "x"));
    assert_null(buffer.data);
}

/* Sums of sizes must not wrap around, whoever names them. */
static void sizes_near_the_maximum(void **state)
{
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, SIZE_MAX);
    assert_true(buffer_append(&buffer, "abc", 3));
    assert_int_equal(buffer_room(&buffer), SIZE_MAX - 3);
    assert_null(buffer_reserve(&buffer, SIZE_MAX));
    assert_null(buffer_reserve(&buffer, SIZE_MAX - 2));
    assert_false(buffer_append(&buffer, "abc", SIZE_MAX - 1));
    assert_memory_equal(buffer_data(&buffer), "abc", 3);

    buffer_free(&buffer);
    buffer_init(&buffer, 16);
    assert_true(buffer_append(&buffer, "abc", 3));
    assert_null(buffer_reserve(&buffer, SIZE_MAX - 2)); /* 3 + this is 0 */
    assert_null(buffer_reserve(&buffer, SIZE_MAX));
    assert_memory_equal(buffer_data(&buffer), "abc", 3);
    buffer_free(&buffer);
}

/* What malloc() refuses leaves the buffer as it was. The sanitizers would stop the program instead of refusing. */
static void unchanged_when_memory_is_out(void **state)
{
    struct buffer buffer;

    (void)state;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    SKIP_BECAUSE("the sanitizer's malloc() does not fail");
#endif
    buffer_init(&buffer, SIZE_MAX);
    assert_true(buffer_append(&buffer, "abc", 3));
    assert_null(buffer_reserve(&buffer, SIZE_MAX / 2 + 1));
    assert_int_equal(buffer_length(&buffer), 3);
    assert_memory_equal(buffer_data(&buffer), "abc", 3);
    buffer_free(&buffer);
}

static void emptied_keeps_little(void **state)
{
    static const size_t sizes[] = {1, BUFFER_KEEP, BUFFER_KEEP + 1, 1u << 20};
    struct buffer buffer;

    (void)state;
    buffer_init(&buffer, 1u << 20);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        unsigned char *to = buffer_reserve(&buffer, sizes[i]);

        assert_non_null(to);
        memset(to, 1, sizes[i]);
        buffer_commit(&buffer, sizes[i]);
        buffer_consume(&buffer, sizes[i] - 1);
        assert_true(buffer.capacity >= sizes[i]);
        buffer_consume(&buffer, 1);
        assert_true(buffer.capacity <= BUFFER_KEEP);
    }
    buffer_free(&buffer);
}

static void printf_appends_without_a_nul(void **state)
{
    struct buffer buffer;
    char text[1000];

    (void)state;
    memset(text, 't', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    buffer_init(&buffer, 1004);
    assert_true(buffer_printf(&buffer, "%d-%s", 42, "x"));
    assert_int_equal(buffer_length(&buffer), 4);
    assert_memory_equal(buffer_data(&buffer), "42-x", 4);
    assert_true(buffer_printf(&buffer, "%s", text));
    assert_false(buffer_printf(&buffer, "%s", text));
    assert_true(buffer_printf(&buffer, "z")); /* the last byte: no room is needed for a NUL */
    assert_int_equal(buffer_room(&buffer), 0);
    assert_int_equal(buffer_data(&buffer)[1003], 'z');
    assert_false(buffer_printf(&buffer, "z"));
    buffer_free(&buffer);
}

/* Against a plain array, with a fixed sequence of appends and consumes. */
static void behaves_like_a_queue(void **state)
{
    struct buffer buffer;
    unsigned char model[8192];
    size_t length = 0;
    uint32_t random = 20260102;

    (void)state;
    buffer_init(&buffer, sizeof(model));
    for (unsigned step = 0; step < 20000; step++) {
        size_t size;

        random = random * 1664525u + 1013904223u;
        size = (random >> 8) % 3000;
        if (random >> 31 != 0) {
            unsigned char chunk[3000];

            memset(chunk, (int)(step & 0xff), sizeof(chunk));
            assert_int_equal(buffer_append(&buffer, chunk, size), size <= sizeof(model) - length);
            if (size <= sizeof(model) - length) {
                memcpy(model + length, chunk, size);
                length += size;
            }
        } else {
            size = size < length ? size : length;
            buffer_consume(&buffer, size);
            memmove(model, model + size, length - size);
            length -= size;
        }
        assert_int_equal(buffer_length(&buffer), length);
        assert_true(buffer.capacity <= sizeof(model));
        if (length > 0) {
            assert_memory_equal(buffer_data(&buffer), model, length);
        }
    }
    buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_empty),
        cmocka_unit_test(keeps_order),
        cmocka_unit_test(reserve_and_commit),
        cmocka_unit_test(limit_is_exact),
        cmocka_unit_test(limit_of_zero),
        cmocka_unit_test(sizes_near_the_maximum),
        cmocka_unit_test(unchanged_when_memory_is_out),
        cmocka_unit_test(emptied_keeps_little),
        cmocka_unit_test(printf_appends_without_a_nul),
        cmocka_unit_test(behaves_like_a_queue),
    };

    return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
