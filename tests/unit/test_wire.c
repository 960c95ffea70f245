/*
 * shared/wire.c: byte order, the sticky error, and nothing read or written beyond the end.
 */
#include "tests/support/test.h"

#include <string.h>

#include "shared/wire.h"

static const unsigned char golden[] = {0xfe, 0x34, 0x12, 0x04, 0x03, 0x02, 0x81, 0x08, 0x07,
                                       0x06, 0x05, 0x04, 0x03, 0x02, 0xf1, 'a',  'b'};

static void writes_little_endian(void **state)
{
    unsigned char out[sizeof(golden) + 1];
    struct wire_writer writer;

    (void)state;
    memset(out, 0x77, sizeof(out));
    wire_writer_init(&writer, out, sizeof(golden));
    wire_put_u8(&writer, 0xfe);
    wire_put_u16(&writer, 0x1234);
    wire_put_u32(&writer, 0x81020304);
    wire_put_u64(&writer, 0xf102030405060708);
    wire_put_bytes(&writer, "ab", 2);
    wire_put_bytes(&writer, NULL, 0);
    assert_false(writer.failed);
    assert_int_equal(writer.left, 0);
    assert_memory_equal(out, golden, sizeof(golden));
    assert_int_equal(out[sizeof(golden)], 0x77);
}

static void reads_little_endian(void **state)
{
    struct wire_reader reader;

    (void)state;
    wire_reader_init(&reader, golden, sizeof(golden));
    assert_int_equal(wire_get_u8(&reader), 0xfe);
    assert_int_equal(wire_get_u16(&reader), 0x1234);
    assert_int_equal(wire_get_u32(&reader), 0x81020304);
    assert_true(wire_get_u64(&reader) == 0xf102030405060708);
    assert_false(wire_read_all(&reader)); /* two bytes are left over */
    assert_memory_equal(wire_get_bytes(&reader, 2), "ab", 2);
    assert_true(wire_read_all(&reader));
    assert_non_null(wire_get_bytes(&reader, 0));
    assert_true(wire_read_all(&reader));
}

/* Every shorter input fails in one place and stays failed. */
static void short_reads_stick(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof(golden); size++) {
        struct wire_reader reader;

        wire_reader_init(&reader, golden, size);
        wire_get_u8(&reader);
        wire_get_u16(&reader);
        wire_get_u32(&reader);
        wire_get_u64(&reader);
        wire_get_bytes(&reader, 2);
        assert_true(reader.failed);
        assert_false(wire_read_all(&reader));
    }
}

static void after_a_short_read_all_is_zero(void **state)
{
    static const unsigned char bytes[] = {0xff, 0xff, 0xff};
    struct wire_reader reader;

    (void)state;
    wire_reader_init(&reader, bytes, sizeof(bytes));
    assert_int_equal(wire_get_u32(&reader), 0);
    /* What would fit is not read either: the fields have lost their places. */
    assert_int_equal(wire_get_u8(&reader), 0);
    assert_int_equal(wire_get_u16(&reader), 0);
    assert_null(wire_get_bytes(&reader, 1));
    assert_null(wire_get_bytes(&reader, 0));
    assert_false(wire_read_all(&reader));
}

static void huge_sizes_are_short(void **state)
{
    unsigned char out[4] = {1, 2, 3, 4};
    struct wire_reader reader;
    struct wire_writer writer;

    (void)state;
    wire_reader_init(&reader, golden, 4);
    wire_get_u8(&reader);
    assert_null(wire_get_bytes(&reader, SIZE_MAX));
    assert_true(reader.failed);
    wire_writer_init(&writer, out, sizeof(out));
    wire_put_bytes(&writer, golden, SIZE_MAX);
    assert_true(writer.failed);
    assert_int_equal(out[0], 1);
}

static void empty_input(void **state)
{
    struct wire_reader reader;

    (void)state;
    wire_reader_init(&reader, NULL, 0);
    assert_true(wire_read_all(&reader));
    assert_non_null(wire_get_bytes(&reader, 0));
    assert_true(wire_read_all(&reader));
    assert_int_equal(wire_get_u8(&reader), 0);
    assert_false(wire_read_all(&reader));
}

static void full_writer_sticks(void **state)
{
    unsigned char out[4] = {9, 9, 9, 9};
    struct wire_writer writer;

    (void)state;
    wire_writer_init(&writer, out, 3);
    wire_put_u16(&writer, 0x0201);
    wire_put_u16(&writer, 0x0403); /* half of it would fit; none is written */
    assert_true(writer.failed);
    wire_put_u8(&writer, 5); /* would fit, but comes too late */
    assert_true(writer.failed);
    assert_memory_equal(out, "\x01\x02\x09\x09", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_little_endian), cmocka_unit_test(reads_little_endian),
        cmocka_unit_test(short_reads_stick),    cmocka_unit_test(after_a_short_read_all_is_zero),
        cmocka_unit_test(huge_sizes_are_short), cmocka_unit_test(empty_input),
        cmocka_unit_test(full_writer_sticks),
    };

    return cmocka_run_group_tests_name("wire", tests, NULL, NULL);
}
