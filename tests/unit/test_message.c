/*
 * test_message.c - control payloads against the golden files, in both directions, and against hostile JSON.
 */
#include "ipc/message.h"

#include "ipc/frame.h"
#include "tests/support/golden.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The payload of a golden frame whose header must say `type` and `session`. */
static size_t golden_payload(const char *name, uint8_t type, uint32_t session, unsigned char out[GOLDEN_MAX])
{
    unsigned char bytes[GOLDEN_MAX];
    struct frame_header header;
    size_t size = golden_read(name, bytes);
    assert_int_equal(frame_decode_header(bytes, &header, NULL), 0);
    assert_int_equal(header.type, type);
    assert_int_equal(header.session, session);
    assert_int_equal(header.length, size - FRAME_HEADER_SIZE);
    memcpy(out, bytes + FRAME_HEADER_SIZE, size - FRAME_HEADER_SIZE);
    return size - FRAME_HEADER_SIZE;
}

static void assert_encodes(bool encoded, struct buffer *text, const unsigned char *expected, size_t size)
{
    assert_true(encoded);
    assert_int_equal(buffer_length(text), size);
    assert_memory_equal(buffer_data(text), expected, size);
    buffer_free(text);
}

static void hello_is_golden(void **state)
{
    unsigned char golden[GOLDEN_MAX];
    struct message_hello hello;
    struct buffer text;
    (void)state;
    size_t size = golden_payload("hello", FRAME_HELLO, 0, golden);
    buffer_init(&text, GOLDEN_MAX);
    assert_int_equal(message_decode_hello(golden, size, &hello, NULL), 0);
    assert_string_equal(hello.version, "0.1.0");
    assert_int_equal(hello.pid, 2);
    assert_int_equal(hello.level, POSTERN_LEVEL_ELEVATED);
    assert_int_equal(hello.capabilities.count, 2);
    assert_string_equal(hello.capabilities.item[1], "syscalls:seccomp");
    assert_encodes(message_encode_hello(&hello, &text), &text, golden, size);
    message_free_hello(&hello);
}

static void spawn_is_golden(void **state)
{
    unsigned char golden[GOLDEN_MAX];
    struct message_spawn spawn;
    struct buffer text;
    (void)state;
    size_t size = golden_payload("spawn", FRAME_SPAWN, 1, golden);
    buffer_init(&text, GOLDEN_MAX);
    assert_int_equal(message_decode_spawn(golden, size, &spawn, NULL), 0);
    assert_int_equal(spawn.argv.count, 3);
    assert_string_equal(spawn.argv.item[2], "echo hi");
    assert_string_equal(spawn.env.item[0], "PATH=/bin");
    assert_string_equal(spawn.cwd, "/work");
    assert_true(spawn.tty && spawn.open_stdin && !spawn.keep);
    assert_int_equal(spawn.rows, 24);
    assert_int_equal(spawn.cols, 80);
    assert_int_equal(spawn.timeout, 30000);
    assert_int_equal(spawn.window, MESSAGE_WINDOW);
    assert_encodes(message_encode_spawn(&spawn, &text), &text, golden, size);
    message_free_spawn(&spawn);
}

static void spawn_with_direct_streams_is_golden(void **state)
{
    unsigned char golden[GOLDEN_MAX];
    struct message_spawn spawn;
    struct buffer text;
    (void)state;
    size_t size = golden_payload("spawn_direct", FRAME_SPAWN, 2, golden);
    buffer_init(&text, GOLDEN_MAX);
    assert_int_equal(message_decode_spawn(golden, size, &spawn, NULL), 0);
    assert_true(spawn.direct && spawn.open_stdin && !spawn.tty);
    assert_int_equal(spawn.handle[MESSAGE_STDIN], 84);
    assert_int_equal(spawn.handle[MESSAGE_STDOUT], 88);
    assert_int_equal(spawn.handle[MESSAGE_STDERR], 4294967292u);
    assert_encodes(message_encode_spawn(&spawn, &text), &text, golden, size);
    message_free_spawn(&spawn);
}

static int decode_direct(const char *members, struct message_spawn *spawn)
{
    char text[512];
    snprintf(text, sizeof(text), "{\"argv\":[\"a\"],\"on_exit\":\"kill\",\"streams\":%s}", members);
    int status = message_decode_spawn(text, strlen(text), spawn, NULL);
    if (status == 0)
        message_free_spawn(spawn);
    return status;
}

/* Neither fewer ends nor more than the command gets, and only where they are its streams. */
static void handles_fit_the_streams(void **state)
{
    static const char *const good[] = {
        "\"direct\",\"handles\":{\"stdout\":8,\"stderr\":12}",
        "\"direct\",\"stdin\":true,\"handles\":{\"stdin\":4,\"stdout\":8,\"stderr\":12}",
        "\"framed\",\"handles\":null",
    };
    static const char *const bad[] = {
        "\"direct\"",
        "\"direct\",\"handles\":{}",
        "\"direct\",\"handles\":[8,12]",
        "\"direct\",\"handles\":{\"stdout\":8}",
        "\"direct\",\"handles\":{\"stderr\":8}",
        "\"direct\",\"handles\":{\"stdout\":0,\"stderr\":12}",
        "\"direct\",\"handles\":{\"stdout\":-8,\"stderr\":12}",
        "\"direct\",\"handles\":{\"stdout\":8,\"stderr\":4294967296}",
        "\"direct\",\"handles\":{\"stdout\":8,\"stderr\":12,\"more\":16}",
        "\"direct\",\"handles\":{\"stdin\":4,\"stdout\":8,\"stderr\":12}",
        "\"direct\",\"stdin\":true,\"handles\":{\"stdout\":8,\"stderr\":12}",
        "\"direct\",\"tty\":{\"rows\":1,\"cols\":1},\"handles\":{\"stdout\":8,\"stderr\":12}",
        "\"framed\",\"handles\":{\"stdout\":8,\"stderr\":12}",
        "\"framed\",\"handles\":{}",
        "\"both\",\"handles\":{\"stdout\":8,\"stderr\":12}",
    };
    struct message_spawn spawn;
    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (decode_direct(good[i], &spawn) != 0)
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (decode_direct(bad[i], &spawn) == 0)
            fail_msg("accepted: %s", bad[i]);
}

/* The receiver has to close them. */
static void a_refused_spawn_still_says_what_was_handed_over(void **state)
{
    struct message_spawn spawn;
    (void)state;
    assert_int_not_equal(
        decode_direct("\"direct\",\"grace\":-1,\"handles\":{\"stdout\":8,\"stderr\":12},\"x\":1", &spawn), 0);
    assert_int_equal(spawn.handle[MESSAGE_STDIN], 0);
    assert_int_equal(spawn.handle[MESSAGE_STDOUT], 8);
    assert_int_equal(spawn.handle[MESSAGE_STDERR], 12);
}

static void small_messages_are_golden(void **state)
{
    unsigned char golden[GOLDEN_MAX];
    struct buffer text;
    (void)state;
    buffer_init(&text, GOLDEN_MAX);

    struct message_spawned spawned;
    size_t size = golden_payload("spawned", FRAME_SPAWNED, 1, golden);
    assert_int_equal(message_decode_spawned(golden, size, &spawned, NULL), 0);
    assert_int_equal(spawned.pid, 3);
    assert_encodes(message_encode_spawned(&spawned, &text), &text, golden, size);

    struct message_resize resize;
    size = golden_payload("resize", FRAME_RESIZE, 1, golden);
    assert_int_equal(message_decode_resize(golden, size, &resize, NULL), 0);
    assert_int_equal(resize.cols, 132);
    assert_encodes(message_encode_resize(&resize, &text), &text, golden, size);

    struct message_signal signal;
    size = golden_payload("signal", FRAME_SIGNAL, 1, golden);
    assert_int_equal(message_decode_signal(golden, size, &signal, NULL), 0);
    assert_int_equal(signal.signal, POSTERN_SIGNAL_INTERRUPT);
    assert_encodes(message_encode_signal(&signal, &text), &text, golden, size);
    size = golden_payload("end", FRAME_SIGNAL, 1, golden);
    assert_int_equal(message_decode_signal(golden, size, &signal, NULL), 0);
    assert_int_equal(signal.signal, 0);
    assert_int_equal(signal.grace, 5000);
    assert_encodes(message_encode_signal(&signal, &text), &text, golden, size);

    struct message_credit credit;
    size = golden_payload("credit", FRAME_CREDIT, 1, golden);
    assert_int_equal(message_decode_credit(golden, size, &credit, NULL), 0);
    assert_int_equal(credit.stream, MESSAGE_STDOUT);
    assert_int_equal(credit.bytes, 262144);
    assert_encodes(message_encode_credit(&credit, &text), &text, golden, size);
}

static void exit_and_error_are_golden(void **state)
{
    unsigned char golden[GOLDEN_MAX];
    struct buffer text;
    struct postern_result result;
    struct postern_error failure;
    (void)state;
    buffer_init(&text, GOLDEN_MAX);
    size_t size = golden_payload("exit", FRAME_EXIT, 1, golden);
    assert_int_equal(message_decode_exit(golden, size, &result, NULL), 0);
    assert_int_equal(result.reason, POSTERN_REASON_EXITED);
    assert_int_equal(result.exit_code, 7);
    assert_int_equal(result.peak_memory, 2097152);
    assert_encodes(message_encode_exit(&result, &text), &text, golden, size);

    size = golden_payload("error", FRAME_ERROR, 1, golden);
    assert_int_equal(message_decode_error(golden, size, &failure, NULL), 0);
    assert_int_equal(failure.code, POSTERN_E_NOT_FOUND);
    assert_int_equal(failure.os_error, 2);
    assert_string_equal(failure.operation, "execve");
    assert_encodes(message_encode_error(&failure, &text), &text, golden, size);
}

/* ---- what must be refused ---- */

static int decode_signal(const char *text)
{
    struct message_signal signal;
    return message_decode_signal(text, strlen(text), &signal, NULL);
}

static void strictness(void **state)
{
    (void)state;
    assert_int_equal(decode_signal("{\"signal\":\"kill\",\"grace\":0}"), 0); /* the control case */
    assert_int_equal(decode_signal("{\"signal\":\"kill\"}"), 0);
    assert_int_equal(decode_signal("{\"signal\":\"kill\",\"grace\":null}"), 0);
    assert_int_equal(decode_signal("{\"signal\":\"rest\"}"), 0);
    static const char *const bad[] = {
        "",
        "null",
        "[]",
        "{\"signal\":\"kill\"",
        "{\"signal\":\"kill\"} x",
        "{\"signal\":\"kill\",\"signal\":\"quit\"}", /* duplicate key */
        "{\"signal\":\"kill\",\"more\":1}",          /* unknown member */
        "{\"signal\":\"KILL\"}",
        "{\"signal\":9}",
        "{}",
        "{\"signal\":\"kill\",\"grace\":-1}",
        "{\"signal\":\"kill\",\"grace\":1.5}",
        "{\"signal\":\"kill\",\"grace\":4294967296}",
        "{\"signal\":\"kill\\u0000\"}",
        "{\"signal\":\"\xff\"}",
        "{\"signal\":\"kill\",\"grace\":99999999999999999999999999}",
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (decode_signal(bad[i]) == 0)
            fail_msg("accepted: %s", bad[i]);
}

static void deep_nesting_is_refused_before_it_is_parsed(void **state)
{
    char text[4096];
    struct message_spawn spawn;
    struct postern_error error = {0};
    (void)state;
    memset(text, '[', sizeof(text));
    assert_int_equal(message_decode_spawn(text, sizeof(text), &spawn, &error), POSTERN_E_PROTOCOL);
    assert_non_null(strstr(error.message, "deeper"));
}

static void spawn_refuses(const char *member, const char *value)
{
    char text[512];
    struct message_spawn spawn;
    snprintf(text, sizeof(text), "{\"argv\":[\"a\"],\"on_exit\":\"kill\",\"streams\":\"framed\"%s%s%s%s}",
             *member ? ",\"" : "", member, *member ? "\":" : "", value);
    int status = message_decode_spawn(text, strlen(text), &spawn, NULL);
    if (*member && status == 0)
        fail_msg("accepted: %s", text);
    if (!*member) {
        assert_int_equal(status, 0); /* the control case: it is the member that is refused */
        message_free_spawn(&spawn);
    }
}

static void spawn_members_are_checked(void **state)
{
    (void)state;
    spawn_refuses("", "");
    spawn_refuses("tty", "{\"rows\":0,\"cols\":80}");
    spawn_refuses("tty", "{\"rows\":24,\"cols\":40000}");
    spawn_refuses("tty", "{\"rows\":24,\"cols\":80,\"depth\":1}");
    spawn_refuses("tty", "true");
    spawn_refuses("env", "[1]");
    spawn_refuses("env", "\"A=b\"");
    spawn_refuses("cwd", "[]");
    spawn_refuses("timeout", "-1");
    spawn_refuses("timeout", "\"30s\"");
    spawn_refuses("window", "2147483648");
    spawn_refuses("stdin", "1");
    struct message_spawn spawn;
    static const char empty[] = "{\"argv\":[],\"on_exit\":\"kill\",\"streams\":\"framed\"}";
    static const char direct[] = "{\"argv\":[\"a\"],\"on_exit\":\"kill\",\"streams\":\"direct\"}";
    assert_int_not_equal(message_decode_spawn(empty, sizeof(empty) - 1, &spawn, NULL), 0);
    assert_int_not_equal(message_decode_spawn(direct, sizeof(direct) - 1, &spawn, NULL), 0);
}

/* Times over 32 bits of milliseconds survive the trip. */
static void long_timeouts_fit(void **state)
{
    struct message_spawn spawn = {.cwd = (char *)"/", .timeout = (uint64_t)INT64_MAX}, back;
    struct buffer text;
    (void)state;
    buffer_init(&text, GOLDEN_MAX);
    assert_true(strings_add(&spawn.argv, "a"));
    assert_true(message_encode_spawn(&spawn, &text));
    assert_int_equal(message_decode_spawn(buffer_data(&text), buffer_length(&text), &back, NULL), 0);
    assert_true(back.timeout == (uint64_t)INT64_MAX);
    strings_free(&spawn.argv);
    message_free_spawn(&back);
    buffer_free(&text);
}

/* The runner's words are shown to people: nothing in them may reach the terminal as a control sequence. */
static void texts_of_the_runner_are_escaped(void **state)
{
    static const char text[] = "{\"code\":\"os_error\",\"stage\":\"\\u001b[2J\",\"os_error\":0,\"operation\":\"\","
                               "\"message\":\"a\\nb\\u0007\",\"remedy\":\"\"}";
    struct postern_error theirs;
    (void)state;
    assert_int_equal(message_decode_error(text, sizeof(text) - 1, &theirs, NULL), 0);
    for (const char *c = theirs.stage; *c; c++)
        assert_true((unsigned char)*c >= 0x20);
    for (const char *c = theirs.message; *c; c++)
        assert_true((unsigned char)*c >= 0x20);
}

static void exit_codes_keep_32_bits(void **state)
{
    struct postern_result result = {.exit_code = (int)0xC0000005}, back;
    struct buffer text;
    (void)state;
    buffer_init(&text, GOLDEN_MAX);
    assert_true(message_encode_exit(&result, &text));
    assert_int_equal(message_decode_exit(buffer_data(&text), buffer_length(&text), &back, NULL), 0);
    assert_int_equal(back.exit_code, (int)0xC0000005);
    buffer_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_is_golden),
        cmocka_unit_test(spawn_is_golden),
        cmocka_unit_test(spawn_with_direct_streams_is_golden),
        cmocka_unit_test(handles_fit_the_streams),
        cmocka_unit_test(a_refused_spawn_still_says_what_was_handed_over),
        cmocka_unit_test(small_messages_are_golden),
        cmocka_unit_test(exit_and_error_are_golden),
        cmocka_unit_test(strictness),
        cmocka_unit_test(deep_nesting_is_refused_before_it_is_parsed),
        cmocka_unit_test(spawn_members_are_checked),
        cmocka_unit_test(long_timeouts_fit),
        cmocka_unit_test(texts_of_the_runner_are_escaped),
        cmocka_unit_test(exit_codes_keep_32_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
