/*
 * ipc/input.h: what the parent typed arrives in order, text that stands for a byte of it included, and the credit
 * that comes back is for what the parent sent, never for more.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "ipc/message.h"
#include "ipc/input.h"
#include "shared/loop.h"
#include "shared/system.h"
#include "tests/support/pair.h"

#define SECOND_US ((int64_t)1000000)
#define KEYS "<a key of thirty-six bytes.........>"

struct fixture {
    struct loop *loop;
    struct input input;
    struct loop_stream *in, *far;
    size_t sent, credited; /* by the parent, to the parent */
    size_t received;
    char *text; /* what arrived, and what should have */
    char *expected;
    size_t expected_size;
    char piece[4096];
    int ended;
};

static void credit_comes(void *context, uint32_t bytes)
{
    struct fixture *fixture = context;

    fixture->credited += bytes;
    assert_true(fixture->credited <= fixture->sent);
}

static void input_ended(void *context, bool asked)
{
    (void)context;
    (void)asked;
}

static void piece_read(void *context, int status, size_t bytes)
{
    struct fixture *fixture = context;

    if (status != 0 || bytes == 0) {
        fixture->ended = 1;
        return;
    }
    assert_true(fixture->received + bytes <= fixture->expected_size);
    memcpy(fixture->text + fixture->received, fixture->piece, bytes);
    fixture->received += bytes;
    loop_stream_read(fixture->far, fixture->piece, sizeof(fixture->piece), piece_read, fixture);
}

static struct fixture *start(void)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    os_handle one, other;

    assert_non_null(fixture);
    fixture->text = malloc(4 * MESSAGE_STDIN_WINDOW);
    fixture->expected = malloc(4 * MESSAGE_STDIN_WINDOW);
    assert_non_null(fixture->text);
    assert_non_null(fixture->expected);
    assert_int_equal(loop_create(&fixture->loop, NULL), 0);
    pair_open(&one, &other);
    assert_int_equal(loop_stream_open(fixture->loop, one, LOOP_READ_WRITE, &fixture->in, NULL), 0);
    assert_int_equal(loop_stream_open(fixture->loop, other, LOOP_READ_WRITE, &fixture->far, NULL), 0);
    input_start(&fixture->input, fixture->in, credit_comes, input_ended, fixture);
    return fixture;
}

static void finish(struct fixture *fixture)
{
    input_free(&fixture->input);
    loop_stream_close(fixture->in);
    loop_stream_close(fixture->far);
    loop_destroy(fixture->loop);
    free(fixture->text);
    free(fixture->expected);
    free(fixture);
}

static void expect(struct fixture *fixture, const char *text, size_t size)
{
    memcpy(fixture->expected + fixture->expected_size, text, size);
    fixture->expected_size += size;
}

static void send(struct fixture *fixture, char letter, size_t size)
{
    char *data = malloc(size);

    assert_non_null(data);
    memset(data, letter, size);
    fixture->sent += size;
    assert_int_equal(input_add(&fixture->input, (unsigned char *)data, size, NULL), 0);
    expect(fixture, data, size);
    free(data);
}

/* Reads until all that should arrive has, and all credit is there that comes in whole pieces. */
static void read_all(struct fixture *fixture)
{
    uint64_t end_us = system_now_us() + 15 * (uint64_t)SECOND_US;

    loop_stream_read(fixture->far, fixture->piece, sizeof(fixture->piece), piece_read, fixture);
    while (fixture->received < fixture->expected_size || buffer_length(&fixture->input.waiting) > 0) {
        assert_true(system_now_us() < end_us);
        assert_int_equal(loop_run_once(fixture->loop, SECOND_US, NULL), 0);
    }
    assert_memory_equal(fixture->text, fixture->expected, fixture->expected_size);
    assert_int_equal(fixture->input.extra, 0);
    assert_int_equal(fixture->credited + fixture->input.owed, fixture->sent);
}

static void keys_arrive_in_their_place(void **state)
{
    struct fixture *fixture = start();

    (void)state;
    for (int i = 0; i < 50; i++) {
        send(fixture, 'x', 1000);
        fixture->sent++;
        assert_int_equal(input_type(&fixture->input, KEYS, 1, NULL), 0);
        expect(fixture, KEYS, strlen(KEYS));
        send(fixture, 'y', 10);
    }
    read_all(fixture);
    finish(fixture);
}

/* Nobody reads, so the keys pile up; those beyond the room for them are left out and credited all the same. */
static void a_heap_of_keys_is_bounded(void **state)
{
    struct fixture *fixture = start();
    size_t typed = 0;

    (void)state;
    send(fixture, 'x', MESSAGE_STDIN_WINDOW - 1000);
    for (int i = 0; i < 1000; i++) {
        bool room = fixture->input.extra + strlen(KEYS) - 1 <= INPUT_EXTRA_MAX;

        fixture->sent++;
        assert_int_equal(input_type(&fixture->input, KEYS, 1, NULL), 0);
        assert_true(fixture->input.extra <= INPUT_EXTRA_MAX);
        if (room) {
            expect(fixture, KEYS, strlen(KEYS));
            typed++;
        }
    }
    assert_in_range(typed, 100, 900);
    read_all(fixture);
    finish(fixture);
}

/* What stands for a byte may be nothing at all. */
static void an_empty_key_is_only_credited(void **state)
{
    struct fixture *fixture = start();

    (void)state;
    send(fixture, 'x', 10);
    fixture->sent++;
    assert_int_equal(input_type(&fixture->input, "", 1, NULL), 0);
    send(fixture, 'y', 10);
    read_all(fixture);
    finish(fixture);
}

static void more_than_was_granted_is_refused(void **state)
{
    struct fixture *fixture = start();
    unsigned char *much = calloc(1, MESSAGE_STDIN_WINDOW + 1);

    (void)state;
    assert_int_equal(input_add(&fixture->input, much, MESSAGE_STDIN_WINDOW + 1, NULL), POSTERN_E_PROTOCOL);
    free(much);
    finish(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_arrive_in_their_place),
        cmocka_unit_test(a_heap_of_keys_is_bounded),
        cmocka_unit_test(an_empty_key_is_only_credited),
        cmocka_unit_test(more_than_was_granted_is_refused),
    };

    return cmocka_run_group_tests_name("input", tests, NULL, NULL);
}
