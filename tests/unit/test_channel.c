/*
 * test_channel.c - two channels on one loop: handshake, order, priority, limits, and what hostile bytes do.
 */
#include "ipc/channel.h"

#include "shared/system.h"
#include "shared/text.h"
#include "tests/support/pair.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

static const unsigned char key[CRYPTO_KEY_SIZE] = "0123456789abcdef0123456789abcde";
static const unsigned char other_key[CRYPTO_KEY_SIZE] = "0123456789abcdef0123456789abcdX";

#define SEEN_MAX 64

struct end {
    struct channel *channel;
    struct loop *loop;
    enum frame_phase phase;
    bool ready;
    int closed; /* code of the end, 0 while open */
    char why[256];
    size_t count, bytes;
    uint8_t types[SEEN_MAX];
    bool close_in_frame;
    struct buffer *into; /* where payloads are moved; NULL: they are only counted */
};

static void on_ready(void *context)
{
    ((struct end *)context)->ready = true;
}

static enum frame_phase on_phase(void *context, const struct frame_header *header)
{
    struct end *end = context;
    return header->session == 0 ? FRAME_PHASE_CONNECTION : end->phase;
}

static int on_frame(void *context, const struct frame *frame, struct postern_error *error)
{
    struct end *end = context;
    (void)error;
    if (end->count < SEEN_MAX)
        end->types[end->count] = frame->header.type;
    end->count++;
    end->bytes += frame->header.length;
    if (end->into)
        assert_true(channel_move_payload(end->channel, frame, end->into));
    if (end->close_in_frame) {
        channel_close(end->channel);
        end->channel = NULL;
    }
    return 0;
}

static void on_closed(void *context, const struct postern_error *error)
{
    struct end *end = context;
    end->closed = error->code;
    text_copy(end->why, sizeof(end->why), error->message);
}

static const struct channel_callbacks callbacks = {on_ready, on_phase, on_frame, on_closed};

/* One loop, a parent's end and a runner's end; either may be replaced by a raw handle. */
struct fixture {
    struct loop *loop;
    struct end parent, runner;
    struct loop_stream *raw; /* instead of the runner */
    os_handle raw_handle;
};

static void open_parent(struct fixture *fixture)
{
    os_handle one, other;
    memset(fixture, 0, sizeof(*fixture));
    assert_int_equal(loop_create(&fixture->loop, NULL), 0);
    fixture->parent.phase = fixture->runner.phase = FRAME_PHASE_RUNNING;
    pair_open(&one, &other);
    assert_int_equal(channel_open(fixture->loop, one, HANDSHAKE_ACCEPTOR, key, &callbacks, &fixture->parent,
                                  &fixture->parent.channel, NULL),
                     0);
    fixture->raw_handle = other;
}

static void open_runner(struct fixture *fixture, const unsigned char *runner_key)
{
    assert_int_equal(channel_open(fixture->loop, fixture->raw_handle, HANDSHAKE_CONNECTOR, runner_key, &callbacks,
                                  &fixture->runner, &fixture->runner.channel, NULL),
                     0);
    fixture->raw_handle = OS_HANDLE_NONE;
}

static void run_until(struct fixture *fixture, bool (*done)(struct fixture *fixture))
{
    uint64_t deadline = system_now_us() + 20000000u;
    while (!done(fixture)) {
        assert_true(system_now_us() < deadline);
        assert_int_equal(loop_run_once(fixture->loop, 100000, NULL), 0);
    }
}

static void close_all(struct fixture *fixture)
{
    channel_close(fixture->parent.channel);
    channel_close(fixture->runner.channel);
    loop_stream_close(fixture->raw);
    handle_close(&fixture->raw_handle);
    loop_destroy(fixture->loop);
}

static bool both_ready(struct fixture *fixture)
{
    return fixture->parent.ready && fixture->runner.ready;
}

static bool parent_closed(struct fixture *fixture)
{
    return fixture->parent.closed != 0;
}

static bool anyone_closed(struct fixture *fixture)
{
    return fixture->parent.closed != 0 || fixture->runner.closed != 0;
}

static void connect_both(struct fixture *fixture)
{
    open_parent(fixture);
    open_runner(fixture, key);
    run_until(fixture, both_ready);
}

static bool parent_has_frame(struct fixture *fixture)
{
    return fixture->parent.count > 0;
}

static void frames_cross_both_ways(void **state)
{
    struct fixture fixture;
    (void)state;
    connect_both(&fixture);
    assert_int_equal(channel_send(fixture.parent.channel, FRAME_PING, 0, "hi", 2, NULL), 0);
    assert_int_equal(channel_send(fixture.runner.channel, FRAME_STDOUT, 1, "abc", 3, NULL), 0);
    run_until(&fixture, parent_has_frame);
    while (fixture.runner.count == 0)
        assert_int_equal(loop_run_once(fixture.loop, 100000, NULL), 0);
    assert_int_equal(fixture.runner.types[0], FRAME_PING);
    assert_int_equal(fixture.parent.types[0], FRAME_STDOUT);
    assert_int_equal(fixture.parent.bytes, 3);
    close_all(&fixture);
}

static void another_key_gets_nowhere(void **state)
{
    struct fixture fixture;
    (void)state;
    open_parent(&fixture);
    open_runner(&fixture, other_key);
    run_until(&fixture, anyone_closed);
    assert_int_equal(fixture.runner.closed, POSTERN_E_HANDSHAKE);
    assert_false(fixture.parent.ready || fixture.runner.ready);
    close_all(&fixture);
}

/* Thirty frames of stdin fill the pipe; a SIGNAL sent last must come before most of them. */
static bool runner_has_all(struct fixture *fixture)
{
    return fixture->runner.count == 31;
}

static void control_overtakes_stdin(void **state)
{
    struct fixture fixture;
    static unsigned char data[FRAME_DATA_MAX];
    size_t at = 0;
    (void)state;
    connect_both(&fixture);
    for (int i = 0; i < 29; i++)
        assert_int_equal(channel_send(fixture.parent.channel, FRAME_STDIN, 1, data, sizeof(data), NULL), 0);
    assert_int_equal(channel_send(fixture.parent.channel, FRAME_CLOSE_STDIN, 1, NULL, 0, NULL), 0);
    assert_int_equal(channel_send(fixture.parent.channel, FRAME_SIGNAL, 1, "{}", 2, NULL), 0);
    run_until(&fixture, runner_has_all);
    while (fixture.runner.types[at] != FRAME_SIGNAL)
        at++;
    assert_true(at < 3);                                           /* behind what was on its way already */
    assert_int_equal(fixture.runner.types[30], FRAME_CLOSE_STDIN); /* this one keeps its place */
    assert_int_equal(fixture.runner.bytes, 29 * sizeof(data) + 2);
    close_all(&fixture);
}

static void the_queue_is_bounded(void **state)
{
    struct fixture fixture;
    static unsigned char data[FRAME_PAYLOAD_MAX];
    int status = 0, sent = 0;
    (void)state;
    connect_both(&fixture);
    while (status == 0 && sent < 100) {
        status = channel_send(fixture.parent.channel, FRAME_STDIN, 1, data, sizeof(data), NULL);
        sent++;
    }
    assert_int_equal(status, POSTERN_E_LIMIT);
    assert_true(channel_queued(fixture.parent.channel) <= CHANNEL_QUEUE_MAX);
    assert_int_equal(channel_send(fixture.parent.channel, FRAME_STDIN, 1, data, FRAME_PAYLOAD_MAX + 1, NULL),
                     POSTERN_E_LIMIT);
    close_all(&fixture);
}

/* ---- borrowed data ---- */

static void count_sent(void *context)
{
    ++*(int *)context;
}

static bool parent_has_two(struct fixture *fixture)
{
    return fixture->parent.count == 2;
}

static void borrowed_frames_are_given_back(void **state)
{
    struct fixture fixture;
    static unsigned char one[FRAME_HEADER_SIZE + 100], two[FRAME_HEADER_SIZE + 50];
    int sent = 0;
    struct channel_data first = {.frame = one, .size = 100, .sent = count_sent, .context = &sent};
    struct channel_data second = {.frame = two, .size = 50, .sent = count_sent, .context = &sent};
    (void)state;
    connect_both(&fixture);
    channel_send_data(fixture.runner.channel, FRAME_STDOUT, 1, &first);
    channel_send_data(fixture.runner.channel, FRAME_STDERR, 1, &second);
    run_until(&fixture, parent_has_two);
    assert_int_equal(sent, 2);
    assert_int_equal(fixture.parent.bytes, 150);
    assert_false(first.queued || second.queued);
    close_all(&fixture);
}

/* ---- moved payloads ---- */

static const size_t moved_sizes[] = {1,      16384, 262144, 262144, 5, 40000, 262143, 1048576,
                                     262144, 100,   262144, 20000,  1, 1,     70000,  262144};
#define MOVED_COUNT (sizeof(moved_sizes) / sizeof(moved_sizes[0]))

static unsigned char moved_byte(size_t at)
{
    return (unsigned char)(at * 2654435761u >> 13);
}

/* Empties the buffer and checks what was in it. */
static size_t take_moved(struct channel *channel, struct buffer *into, size_t at)
{
    size_t length = buffer_length(into);
    for (size_t i = 0; i < length; i++)
        if (buffer_data(into)[i] != moved_byte(at + i))
            fail_msg("byte %zu is wrong", at + i);
    channel_recycle(channel, into);
    assert_int_equal(buffer_length(into), 0);
    return at + length;
}

/* `lazy`: read only now and then, so that payloads also meet a buffer that is not empty. */
static void move_all(bool lazy)
{
    struct fixture fixture;
    struct buffer into;
    unsigned char *payload = malloc(FRAME_PAYLOAD_MAX);
    size_t sent = 0, taken = 0, rounds = 0;
    connect_both(&fixture);
    buffer_init(&into, 8u * 1024u * 1024u);
    fixture.parent.into = &into;
    for (size_t i = 0; i < MOVED_COUNT; i++) {
        for (size_t k = 0; k < moved_sizes[i]; k++)
            payload[k] = moved_byte(sent + k);
        sent += moved_sizes[i];
        assert_int_equal(channel_send(fixture.runner.channel, FRAME_STDOUT, 1, payload, moved_sizes[i], NULL), 0);
    }
    uint64_t deadline = system_now_us() + 20000000u;
    while (taken < sent) {
        assert_true(system_now_us() < deadline);
        assert_int_equal(loop_run_once(fixture.loop, 100000, NULL), 0);
        if (!lazy || ++rounds % 7 == 0 || fixture.parent.bytes == sent)
            taken = take_moved(fixture.parent.channel, &into, taken);
    }
    assert_int_equal(fixture.parent.count, MOVED_COUNT);
    buffer_free(&into);
    free(payload);
    close_all(&fixture);
}

static void moved_payloads_are_whole(void **state)
{
    (void)state;
    move_all(false);
}

static void payloads_are_put_behind_what_waits(void **state)
{
    (void)state;
    move_all(true);
}

static void a_withdrawn_frame_does_not_break_the_stream(void **state)
{
    struct fixture fixture;
    unsigned char *large = calloc(1, FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX);
    unsigned char *small = calloc(1, FRAME_HEADER_SIZE + 10);
    int sent = 0;
    struct channel_data first = {.frame = large, .size = FRAME_PAYLOAD_MAX, .sent = count_sent, .context = &sent};
    struct channel_data second = {.frame = small, .size = 10, .sent = count_sent, .context = &sent};
    (void)state;
    connect_both(&fixture);
    channel_send_data(fixture.runner.channel, FRAME_STDOUT, 1, &first); /* larger than any pipe: partly written */
    channel_send_data(fixture.runner.channel, FRAME_STDERR, 1, &second);
    assert_int_equal(loop_run_once(fixture.loop, 0, NULL), 0);
    assert_true(channel_withdraw(fixture.runner.channel, &second)); /* not begun: never sent */
    assert_true(channel_withdraw(fixture.runner.channel, &first));  /* begun: its rest still follows */
    memset(large, 0xee, FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX);
    free(large);
    free(small);
    assert_int_equal(channel_send(fixture.runner.channel, FRAME_EXIT, 1, "{}", 2, NULL), 0);
    run_until(&fixture, parent_has_two);
    assert_int_equal(fixture.parent.types[0], FRAME_STDOUT);
    assert_int_equal(fixture.parent.types[1], FRAME_EXIT);
    assert_int_equal(fixture.parent.bytes, FRAME_PAYLOAD_MAX + 2);
    assert_int_equal(sent, 0);
    close_all(&fixture);
}

/* ---- hostile bytes: the runner's end is raw ---- */

static void nothing_written(void *context, int status, size_t bytes)
{
    (void)context;
    (void)status;
    (void)bytes;
}

static void attack(const void *bytes, size_t size, int code, const char *word)
{
    struct fixture fixture;
    open_parent(&fixture);
    assert_int_equal(loop_stream_open(fixture.loop, fixture.raw_handle, LOOP_READ_WRITE, &fixture.raw, NULL), 0);
    fixture.raw_handle = OS_HANDLE_NONE;
    loop_stream_write(fixture.raw, bytes, size, nothing_written, NULL);
    run_until(&fixture, parent_closed);
    assert_int_equal(fixture.parent.closed, code);
    if (!strstr(fixture.parent.why, word))
        fail_msg("\"%s\" does not say \"%s\"", fixture.parent.why, word);
    close_all(&fixture);
}

static void garbage_ends_the_handshake(void **state)
{
    unsigned char bytes[HANDSHAKE_HELLO_SIZE];
    (void)state;
    memset(bytes, 'x', sizeof(bytes));
    attack(bytes, sizeof(bytes), POSTERN_E_HANDSHAKE, "speak");
    memcpy(bytes, "PSTN\x02", 5);
    attack(bytes, sizeof(bytes), POSTERN_E_HANDSHAKE, "postern/2");
}

/* After a real handshake the runner's channel is used to send what its own table would not allow. */
static void attack_frames(const void *bytes, size_t size, const char *word)
{
    struct fixture fixture;
    unsigned char *copy = malloc(size), *large = calloc(1, FRAME_PAYLOAD_MAX);
    connect_both(&fixture);
    memcpy(copy, bytes, size);
    /* Nobody reads yet, so this one keeps the channel busy and what follows has to wait: long enough to forge the
     * header that channel_send_data() puts before it. */
    assert_int_equal(channel_send(fixture.runner.channel, FRAME_STDOUT, 1, large, FRAME_PAYLOAD_MAX, NULL), 0);
    struct channel_data data = {
        .frame = copy, .size = size - FRAME_HEADER_SIZE, .sent = count_sent, .context = &(int){0}};
    channel_send_data(fixture.runner.channel, FRAME_STDOUT, 1, &data);
    memcpy(copy, bytes, size);
    run_until(&fixture, parent_closed);
    assert_int_equal(fixture.parent.closed, POSTERN_E_PROTOCOL);
    if (!strstr(fixture.parent.why, word))
        fail_msg("\"%s\" does not say \"%s\"", fixture.parent.why, word);
    assert_int_equal(fixture.parent.count, 1);
    close_all(&fixture);
    free(copy);
    free(large);
}

static void illegal_frames_end_the_channel(void **state)
{
    static const unsigned char oversized[] = {0xff, 0xff, 0xff, 0x7f, 1, 0, 0, 0, FRAME_STDOUT, 0, 0, 0, 'x'};
    static const unsigned char spawn[] = {2, 0, 0, 0, 1, 0, 0, 0, FRAME_SPAWN, 0, 0, 0, '{', '}'};
    static const unsigned char unknown[] = {1, 0, 0, 0, 1, 0, 0, 0, 99, 0, 0, 0, 'x'};
    static const unsigned char reserved[] = {1, 0, 0, 0, 1, 0, 0, 0, FRAME_STDOUT, 0, 7, 0, 'x'};
    (void)state;
    attack_frames(oversized, sizeof(oversized), "limit");
    attack_frames(spawn, sizeof(spawn), "SPAWN");
    attack_frames(unknown, sizeof(unknown), "99");
    attack_frames(reserved, sizeof(reserved), "reserved");
}

static void the_end_between_frames_is_orderly(void **state)
{
    struct fixture fixture;
    (void)state;
    connect_both(&fixture);
    channel_close(fixture.runner.channel);
    fixture.runner.channel = NULL;
    run_until(&fixture, parent_closed);
    assert_int_equal(fixture.parent.closed, POSTERN_E_CLOSED);
    close_all(&fixture);
}

static bool parent_channel_gone(struct fixture *fixture)
{
    return fixture->parent.channel == NULL;
}

static void closing_inside_a_callback_is_safe(void **state)
{
    struct fixture fixture;
    (void)state;
    connect_both(&fixture);
    fixture.parent.close_in_frame = true;
    assert_int_equal(channel_send(fixture.runner.channel, FRAME_STDOUT, 1, "a", 1, NULL), 0);
    assert_int_equal(channel_send(fixture.runner.channel, FRAME_STDOUT, 1, "b", 1, NULL), 0);
    run_until(&fixture, parent_channel_gone);
    assert_int_equal(fixture.parent.count, 1);
    assert_int_equal(fixture.parent.closed, 0);
    close_all(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_cross_both_ways),
        cmocka_unit_test(another_key_gets_nowhere),
        cmocka_unit_test(control_overtakes_stdin),
        cmocka_unit_test(the_queue_is_bounded),
        cmocka_unit_test(borrowed_frames_are_given_back),
        cmocka_unit_test(moved_payloads_are_whole),
        cmocka_unit_test(payloads_are_put_behind_what_waits),
        cmocka_unit_test(a_withdrawn_frame_does_not_break_the_stream),
        cmocka_unit_test(garbage_ends_the_handshake),
        cmocka_unit_test(illegal_frames_end_the_channel),
        cmocka_unit_test(the_end_between_frames_is_orderly),
        cmocka_unit_test(closing_inside_a_callback_is_safe),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
