/*
 * test_frame.c - the header codec and the table of legal frames.
 */
#include "ipc/frame.h"

#include "tests/support/test.h"

#include <string.h>

static const uint8_t all_types[] = {FRAME_HELLO,    FRAME_SPAWN,  FRAME_SPAWNED,     FRAME_STDIN,
                                    FRAME_STDOUT,   FRAME_STDERR, FRAME_CLOSE_STDIN, FRAME_RESIZE,
                                    FRAME_SIGNAL,   FRAME_CREDIT, FRAME_EXIT,        FRAME_ERROR,
                                    FRAME_SHUTDOWN, FRAME_PING,   FRAME_PONG,        FRAME_DRAIN};

static void header_is_little_endian(void **state)
{
    static const unsigned char expected[FRAME_HEADER_SIZE] = {0x03, 0x02, 0x01, 0x00, 0x78, 0x56,
                                                              0x34, 0x12, 0x05, 0x01, 0x00, 0x00};
    unsigned char bytes[FRAME_HEADER_SIZE];
    struct frame_header header = {0x010203, 0x12345678, FRAME_STDOUT, FRAME_MAY_IGNORE}, back;
    (void)state;
    frame_encode_header(&header, bytes);
    assert_memory_equal(bytes, expected, sizeof(bytes));
    assert_int_equal(frame_decode_header(bytes, &back, NULL), 0);
    assert_int_equal(back.length, header.length);
    assert_int_equal(back.session, header.session);
    assert_int_equal(back.type, header.type);
    assert_int_equal(back.flags, header.flags);
}

static void length_is_checked_at_the_limit(void **state)
{
    unsigned char bytes[FRAME_HEADER_SIZE];
    struct frame_header back;
    struct postern_error error = {0};
    (void)state;
    frame_encode_header(&(struct frame_header){FRAME_PAYLOAD_MAX, 1, FRAME_STDOUT, 0}, bytes);
    assert_int_equal(frame_decode_header(bytes, &back, NULL), 0);
    frame_encode_header(&(struct frame_header){FRAME_PAYLOAD_MAX + 1, 1, FRAME_STDOUT, 0}, bytes);
    assert_int_equal(frame_decode_header(bytes, &back, &error), POSTERN_E_PROTOCOL);
    assert_non_null(strstr(error.message, "1048577"));
    memset(bytes, 0xff, 4);
    assert_int_equal(frame_decode_header(bytes, &back, NULL), POSTERN_E_PROTOCOL);
}

static void reserved_bits_are_refused(void **state)
{
    unsigned char bytes[FRAME_HEADER_SIZE];
    struct frame_header back;
    (void)state;
    for (int at = 9; at < 12; at++) {
        frame_encode_header(&(struct frame_header){0, 0, FRAME_PING, 0}, bytes);
        assert_int_equal(frame_decode_header(bytes, &back, NULL), 0);
        bytes[at] = 0x80;
        assert_int_equal(frame_decode_header(bytes, &back, NULL), POSTERN_E_PROTOCOL);
    }
}

static bool legal(enum frame_sender sender, enum frame_phase phase, uint8_t type)
{
    /* 2 bytes suit most types; those that take none or one are tried with that, too. */
    for (uint32_t length = 0; length <= 2; length++) {
        struct frame_header header = {length, 1, type, 0};
        if (frame_check(sender, phase, &header, NULL) == FRAME_LEGAL)
            return true;
    }
    return false;
}

/* The whole table, written down a second time the other way round: per phase, what each side may say. */
static void only_the_table_is_legal(void **state)
{
    static const struct {
        enum frame_sender sender;
        enum frame_phase phase;
        const char *types; /* letters of all_types in order: H S W I O E C R G D X F Q P p d */
    } expected[] = {
        {FRAME_FROM_RUNNER, FRAME_PHASE_CONNECTING, "HF"},  {FRAME_FROM_RUNNER, FRAME_PHASE_CONNECTION, "p"},
        {FRAME_FROM_RUNNER, FRAME_PHASE_ABSENT, ""},        {FRAME_FROM_RUNNER, FRAME_PHASE_STARTING, "WF"},
        {FRAME_FROM_RUNNER, FRAME_PHASE_RUNNING, "OECDXd"}, {FRAME_FROM_PARENT, FRAME_PHASE_CONNECTING, ""},
        {FRAME_FROM_PARENT, FRAME_PHASE_CONNECTION, "QP"},  {FRAME_FROM_PARENT, FRAME_PHASE_ABSENT, "S"},
        {FRAME_FROM_PARENT, FRAME_PHASE_STARTING, "ICRGD"}, {FRAME_FROM_PARENT, FRAME_PHASE_RUNNING, "ICRGDd"},
    };
    static const char letters[] = "HSWIOECRGDXFQPpd";
    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        for (size_t t = 0; t < sizeof(all_types); t++)
            assert_int_equal(legal(expected[i].sender, expected[i].phase, all_types[t]),
                             strchr(expected[i].types, letters[t]) != NULL);
}

static void sizes_are_checked_by_type(void **state)
{
    struct postern_error error = {0};
    struct frame_header header = {FRAME_PING_MAX, 0, FRAME_PING, 0};
    (void)state;
    assert_int_equal(frame_check(FRAME_FROM_PARENT, FRAME_PHASE_CONNECTION, &header, NULL), FRAME_LEGAL);
    header.length = FRAME_PING_MAX + 1;
    assert_int_equal(frame_check(FRAME_FROM_PARENT, FRAME_PHASE_CONNECTION, &header, &error), FRAME_ILLEGAL);
    assert_non_null(strstr(error.message, "PING"));
    header = (struct frame_header){0, 1, FRAME_STDOUT, 0};
    assert_int_equal(frame_check(FRAME_FROM_RUNNER, FRAME_PHASE_RUNNING, &header, NULL), FRAME_ILLEGAL);
}

static void unknown_types_are_skipped_only_if_they_say_so(void **state)
{
    struct frame_header header = {4, 1, 200, FRAME_MAY_IGNORE};
    (void)state;
    assert_int_equal(frame_check(FRAME_FROM_RUNNER, FRAME_PHASE_RUNNING, &header, NULL), FRAME_SKIP);
    header.flags = 0;
    assert_int_equal(frame_check(FRAME_FROM_RUNNER, FRAME_PHASE_RUNNING, &header, NULL), FRAME_ILLEGAL);
    /* A known type in the wrong place is not unknown: the flag does not smuggle it in. */
    header = (struct frame_header){2, 1, FRAME_SPAWN, FRAME_MAY_IGNORE};
    assert_int_equal(frame_check(FRAME_FROM_RUNNER, FRAME_PHASE_RUNNING, &header, NULL), FRAME_ILLEGAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_is_little_endian),   cmocka_unit_test(length_is_checked_at_the_limit),
        cmocka_unit_test(reserved_bits_are_refused), cmocka_unit_test(only_the_table_is_legal),
        cmocka_unit_test(sizes_are_checked_by_type), cmocka_unit_test(unknown_types_are_skipped_only_if_they_say_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
