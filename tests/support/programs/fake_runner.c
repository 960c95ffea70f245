/*
 * fake_runner.c - stands in for postern-runner and misbehaves, for test_hostile_runner.c. Copied into a directory of
 * helpers as "postern-runner"; what it does says the file "fake-runner-mode" beside it, or, where it runs in memory and
 * nothing is beside it, in its working directory; in the mode "obey" the second argument of each command. Speaks the
 * protocol with postern's own functions where it is to speak it well.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ipc/bootstrap.h"
#include "ipc/endpoint.h"
#include "ipc/frame.h"
#include "ipc/handshake.h"
#include "ipc/message.h"
#include "runner/startup.h"
#include "shared/loop.h"
#include "shared/system.h"
#include "shared/text.h"
#include "shared/wire.h"
#include "tests/support/host.h"

#define WINDOW MESSAGE_WINDOW

HOST_RUNS_CONFINED

/* ---- the connection, one operation after the other ---- */

static struct loop *loop;
static struct loop_stream *stream;
static struct bootstrap bootstrap;

struct operation {
    bool over;
    int status;
    size_t bytes;
};

static void completed(void *context, int status, size_t bytes)
{
    *(struct operation *)context = (struct operation){true, status, bytes};
}

/* The parent is gone or wants us gone: then so we are. */
static void run(struct operation *operation)
{
    while (!operation->over)
        if (loop_run_once(loop, -1, NULL) != 0)
            exit(90);
    if (operation->status != 0)
        exit(91);
}

static void send_bytes(const void *data, size_t size)
{
    struct operation operation = {false, 0, 0};
    loop_stream_write(stream, data, size, completed, &operation);
    run(&operation);
}

static void receive(void *data, size_t size)
{
    for (size_t have = 0; have < size;) {
        struct operation operation = {false, 0, 0};
        loop_stream_read(stream, (unsigned char *)data + have, size - have, completed, &operation);
        run(&operation);
        if (operation.bytes == 0)
            exit(0);
        have += operation.bytes;
    }
}

static void linger(void)
{
    unsigned char ignored;
    for (;;)
        receive(&ignored, 1);
}

/* ---- frames ---- */

static void send_header(uint8_t type, uint8_t flags, uint32_t session, uint32_t length)
{
    unsigned char header[FRAME_HEADER_SIZE];
    frame_encode_header(&(struct frame_header){length, session, type, flags}, header);
    send_bytes(header, sizeof(header));
}

static void send_frame(uint8_t type, uint32_t session, const void *payload, size_t size)
{
    send_header(type, 0, session, (uint32_t)size);
    if (size > 0)
        send_bytes(payload, size);
}

static void send_text(uint8_t type, uint32_t session, const char *text)
{
    send_frame(type, session, text, strlen(text));
}

/* Sends what was encoded into `text`. */
static void send_message(uint8_t type, uint32_t session, struct buffer *text, bool valid)
{
    if (!valid)
        exit(92);
    send_frame(type, session, buffer_data(text), buffer_length(text));
    buffer_free(text);
}

static void send_hello(enum postern_level level)
{
    struct message_hello hello = {.pid = system_process_id(), .level = level};
    struct buffer text;
    buffer_init(&text, FRAME_PAYLOAD_MAX);
    text_copy(hello.version, sizeof(hello.version), "fake");
    send_message(FRAME_HELLO, FRAME_SESSION_NONE, &text, message_encode_hello(&hello, &text));
}

static void send_spawned(uint32_t session)
{
    struct buffer text;
    buffer_init(&text, FRAME_PAYLOAD_MAX);
    struct message_spawned spawned = {4711, 65536};
    send_message(FRAME_SPAWNED, session, &text, message_encode_spawned(&spawned, &text));
}

static void send_exit(uint32_t session, int code)
{
    struct postern_result result = {.exit_code = code};
    struct buffer text;
    buffer_init(&text, FRAME_PAYLOAD_MAX);
    send_message(FRAME_EXIT, session, &text, message_encode_exit(&result, &text));
}

static void send_error(uint32_t session, const char *message)
{
    struct postern_error error = {.code = POSTERN_E_CONFINE, .stage = "confine", .remedy = "try another"};
    struct buffer text;
    buffer_init(&text, FRAME_PAYLOAD_MAX);
    text_copy(error.message, sizeof(error.message), message);
    send_message(FRAME_ERROR, session, &text, message_encode_error(&error, &text));
}

static void flood(uint8_t type, uint8_t flags, uint32_t session, uint32_t size)
{
    static unsigned char block[FRAME_HEADER_SIZE + FRAME_DATA_MAX];
    frame_encode_header(&(struct frame_header){size, session, type, flags}, block);
    for (;;)
        send_bytes(block, FRAME_HEADER_SIZE + size);
}

/* ---- the handshake, and what can be wrong with it ---- */

static void connect_parent(const char *endpoint)
{
    os_handle channel = OS_HANDLE_NONE;
    if (loop_create(&loop, NULL) != 0 || endpoint_connect(endpoint, &channel, NULL) != 0 ||
        loop_stream_open(loop, channel, LOOP_READ_WRITE, &stream, NULL) != 0)
        exit(93);
}

static void shake_hands(enum handshake_role role, uint8_t version)
{
    struct handshake handshake;
    unsigned char in[HANDSHAKE_MESSAGE_MAX], out[HANDSHAKE_MESSAGE_MAX];
    size_t size = 0;
    handshake_init(&handshake, HANDSHAKE_CONNECTOR, role, FRAME_SESSION_NONE, bootstrap.key);
    for (const unsigned char *data = NULL; handshake.state < HANDSHAKE_DONE; data = in) {
        if (data)
            receive(in, handshake_wants(&handshake));
        if (handshake_step(&handshake, data, out, &size, NULL) != 0)
            exit(94);
        if (!data)
            out[4] = version;
        send_bytes(out, size);
    }
}

static void shake_hands_well(void)
{
    shake_hands(HANDSHAKE_CONTROL, HANDSHAKE_VERSION);
}

static void greet(void)
{
    shake_hands_well();
    send_hello(bootstrap.level);
}

/* ---- modes: before the parent has what it wants ---- */

static void do_stall(void)
{
    send_bytes("PSTN\1", 5);
    linger();
}

static void do_garbage(void)
{
    unsigned char block[4096];
    for (size_t i = 0; i < sizeof(block); i++)
        block[i] = (unsigned char)(i * 7 + 3);
    for (;;)
        send_bytes(block, sizeof(block));
}

/* A connector that does not know the key cannot tell whether its peer does: so it answers whatever comes. */
static void do_wrong_key(void)
{
    unsigned char hello[HANDSHAKE_HELLO_SIZE] = "PSTN\1", reply[HANDSHAKE_REPLY_SIZE], proof[HANDSHAKE_FINAL_SIZE];
    send_bytes(hello, sizeof(hello));
    receive(reply, sizeof(reply));
    memcpy(proof, reply + HANDSHAKE_HELLO_SIZE, sizeof(proof)); /* their own proof, sent back */
    send_bytes(proof, sizeof(proof));
    linger();
}

static void do_version(void)
{
    shake_hands(HANDSHAKE_CONTROL, 2);
    linger();
}

static void do_role(void)
{
    shake_hands(HANDSHAKE_STDIN, HANDSHAKE_VERSION);
    linger();
}

static void do_leave_after_handshake(void)
{
    shake_hands_well();
    exit(4);
}

static void do_oversized(void)
{
    shake_hands_well();
    send_header(FRAME_HELLO, 0, FRAME_SESSION_NONE, UINT32_MAX);
    linger();
}

/* Within the limit of all frames, over that of its type. */
static void do_long_hello(void)
{
    shake_hands_well();
    send_header(FRAME_HELLO, 0, FRAME_SESSION_NONE, FRAME_PAYLOAD_MAX);
    linger();
}

static void do_reserved(void)
{
    shake_hands_well();
    send_header(FRAME_HELLO, 0x80, FRAME_SESSION_NONE, 2);
    linger();
}

static void do_unknown_type(void)
{
    shake_hands_well();
    send_header(200, 0, FRAME_SESSION_NONE, 0);
    linger();
}

static void do_before_hello(void)
{
    shake_hands_well();
    send_text(FRAME_STDOUT, 1, "too early");
    linger();
}

static void do_parents_frame(void)
{
    shake_hands_well();
    send_frame(FRAME_SHUTDOWN, FRAME_SESSION_NONE, NULL, 0);
    linger();
}

static void do_level(void)
{
    shake_hands_well();
    send_hello(bootstrap.level == POSTERN_LEVEL_NONE ? POSTERN_LEVEL_ELEVATED : POSTERN_LEVEL_NONE);
    linger();
}

static void do_bad_hello(void)
{
    shake_hands_well();
    send_text(FRAME_HELLO, FRAME_SESSION_NONE, "{\"version\":\"1\",\"version\":\"2\"}");
    linger();
}

static void do_escaping_hello(void)
{
    shake_hands_well();
    send_text(FRAME_HELLO, FRAME_SESSION_NONE, "\033]0;owned\007 {}");
    linger();
}

static void do_escaping_key(void)
{
    shake_hands_well();
    send_text(FRAME_HELLO, FRAME_SESSION_NONE, "{\"\\u001b]0;owned\\u0007\":1}");
    linger();
}

static void do_deep_hello(void)
{
    static char nested[60000];
    shake_hands_well();
    memset(nested, '[', sizeof(nested));
    send_frame(FRAME_HELLO, FRAME_SESSION_NONE, nested, sizeof(nested));
    linger();
}

static void do_refuse(void)
{
    shake_hands_well();
    send_error(FRAME_SESSION_NONE, "cannot be confined \033]0;owned\007 \r\n at all");
    linger();
}

static void do_skip_before_hello(void)
{
    shake_hands_well();
    flood(250, FRAME_MAY_IGNORE, FRAME_SESSION_NONE, FRAME_DATA_MAX);
}

/* ---- modes: afterwards ---- */

static void do_hello_twice(void)
{
    greet();
    send_hello(bootstrap.level);
    linger();
}

static void do_pong(void)
{
    greet();
    flood(FRAME_PONG, 0, FRAME_SESSION_NONE, FRAME_PING_MAX);
}

static void do_skip(void)
{
    greet();
    flood(250, FRAME_MAY_IGNORE, FRAME_SESSION_NONE, FRAME_DATA_MAX);
}

static void do_unknown_session(void)
{
    greet();
    send_text(FRAME_STDOUT, 77, "who is this for?");
    linger();
}

static void do_mid_frame(void)
{
    greet();
    send_header(FRAME_PONG, 0, FRAME_SESSION_NONE, FRAME_PING_MAX);
    send_bytes("half", 4);
    exit(5);
}

static void do_quit(void)
{
    greet();
    exit(6);
}

/* Closes the connection, but stays. */
static void do_hang_up(void)
{
    greet();
    loop_stream_close(stream);
    host_sleep(60000);
    exit(7);
}

/* ---- mode obey: what each command asks for ---- */

static void session_well(uint32_t session)
{
    send_spawned(session);
    send_text(FRAME_STDOUT, session, "fine\n");
    send_exit(session, 0);
}

static void send_block(uint8_t type, uint32_t session, size_t size)
{
    static unsigned char block[FRAME_PAYLOAD_MAX];
    send_frame(type, session, block, size);
}

static void session_window(uint32_t session)
{
    send_spawned(session);
    send_block(FRAME_STDOUT, session, WINDOW);
    send_block(FRAME_STDERR, session, WINDOW);
    send_exit(session, 0);
}

static void session_over_window(uint32_t session)
{
    send_spawned(session);
    send_block(FRAME_STDOUT, session, WINDOW);
    send_block(FRAME_STDOUT, session, 1);
}

/* As much as it can, but other sessions are served, too. */
static void session_flood(uint32_t session)
{
    send_spawned(session);
    for (int i = 0; i < 64; i++)
        send_block(FRAME_STDERR, session, FRAME_PAYLOAD_MAX);
}

static void session_bad_spawned(uint32_t session)
{
    send_text(FRAME_SPAWNED, session, "{\"pid\":-1}");
}

static void session_bad_exit(uint32_t session)
{
    send_spawned(session);
    send_text(FRAME_EXIT, session, "{\"reason\":\"runner_died\"}");
}

static void session_bad_error(uint32_t session)
{
    send_text(FRAME_ERROR, session, "{\"code\":\"ok\"}");
}

static void session_much_credit(uint32_t session)
{
    send_spawned(session);
    for (int i = 0; i < 3; i++)
        send_text(FRAME_CREDIT, session, "{\"stream\":\"stdin\",\"bytes\":1073741823}");
}

static void session_exit_twice(uint32_t session)
{
    send_spawned(session);
    send_exit(session, 0);
    send_exit(session, 0);
}

static void session_output_after_exit(uint32_t session)
{
    send_spawned(session);
    send_exit(session, 0);
    send_text(FRAME_STDOUT, session, "one thing more");
}

static void session_output_before_spawned(uint32_t session)
{
    send_text(FRAME_STDOUT, session, "hello?");
}

static void session_spawned_twice(uint32_t session)
{
    send_spawned(session);
    send_spawned(session);
}

static void session_error_after_spawned(uint32_t session)
{
    send_spawned(session);
    send_error(session, "never mind");
}

static void session_drain_twice(uint32_t session)
{
    send_spawned(session);
    send_frame(FRAME_DRAIN, session, NULL, 0);
    send_frame(FRAME_DRAIN, session, NULL, 0);
}

static void session_close_stdin(uint32_t session)
{
    send_spawned(session);
    send_frame(FRAME_CLOSE_STDIN, session, NULL, 0);
}

/* With direct streams: we still hold the command's ends. */
static void session_early_exit(uint32_t session)
{
    send_spawned(session);
    send_exit(session, 9);
}

/* Does not end when told to. */
static void session_stay(uint32_t session)
{
    send_spawned(session);
}

/* Not even that. */
static void session_silent(uint32_t session)
{
    (void)session;
}

static void start_session(uint32_t session, const char *what)
{
    static const struct {
        const char *name;
        void (*run)(uint32_t session);
    } sessions[] = {{"well", session_well},
                    {"window", session_window},
                    {"over-window", session_over_window},
                    {"flood", session_flood},
                    {"bad-spawned", session_bad_spawned},
                    {"bad-exit", session_bad_exit},
                    {"bad-error", session_bad_error},
                    {"much-credit", session_much_credit},
                    {"exit-twice", session_exit_twice},
                    {"output-after-exit", session_output_after_exit},
                    {"output-before-spawned", session_output_before_spawned},
                    {"spawned-twice", session_spawned_twice},
                    {"error-after-spawned", session_error_after_spawned},
                    {"drain-twice", session_drain_twice},
                    {"close-stdin", session_close_stdin},
                    {"early-exit", session_early_exit},
                    {"stay", session_stay},
                    {"silent", session_silent}};
    for (size_t i = 0; i < sizeof(sessions) / sizeof(sessions[0]); i++)
        if (strcmp(sessions[i].name, what) == 0) {
            sessions[i].run(session);
            return;
        }
    exit(95);
}

static void do_obey(void)
{
    static unsigned char payload[FRAME_PAYLOAD_MAX];
    unsigned char bytes[FRAME_HEADER_SIZE];
    struct frame_header header;
    struct message_spawn spawn;
    greet();
    for (;;) {
        receive(bytes, sizeof(bytes));
        if (frame_decode_header(bytes, &header, NULL) != 0)
            exit(96);
        receive(payload, header.length);
        if (header.type != FRAME_SPAWN)
            continue;
        if (message_decode_spawn(payload, header.length, &spawn, NULL) != 0 || spawn.argv.count < 2)
            exit(97);
        start_session(header.session, spawn.argv.item[1]);
        message_free_spawn(&spawn);
    }
}

/* ---- start ---- */

/* "exit" where there is no such file, or we may not read it. */
static void read_mode(char mode[64])
{
    char *directory = system_program_directory();
    char *path = directory ? text_format("%s/fake-runner-mode", directory) : NULL;
    FILE *file = path ? fopen(path, "r") : NULL;
    if (!file)
        file = fopen("fake-runner-mode", "r");
    text_copy(mode, 64, "exit");
    if (file && fscanf(file, "%63s", mode) != 1)
        exit(98);
    if (file)
        fclose(file);
    free(path);
    free(directory);
}

static void read_bootstrap(const char *handle)
{
    struct postern_error error = {0};
    struct buffer record;
    buffer_init(&record, BOOTSTRAP_LIMIT);
    if (startup_read_bootstrap(handle, &record, &error) != 0 ||
        bootstrap_decode(buffer_data(&record), buffer_length(&record), &bootstrap, &error) != 0) {
        fprintf(stderr, "fake_runner: %s\n", error.message);
        exit(99);
    }
    buffer_wipe(&record);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } modes[] = {{"stall", do_stall},
                 {"garbage", do_garbage},
                 {"wrong-key", do_wrong_key},
                 {"version", do_version},
                 {"role", do_role},
                 {"leave-after-handshake", do_leave_after_handshake},
                 {"oversized", do_oversized},
                 {"long-hello", do_long_hello},
                 {"reserved", do_reserved},
                 {"unknown-type", do_unknown_type},
                 {"before-hello", do_before_hello},
                 {"parents-frame", do_parents_frame},
                 {"level", do_level},
                 {"bad-hello", do_bad_hello},
                 {"escaping-hello", do_escaping_hello},
                 {"escaping-key", do_escaping_key},
                 {"deep-hello", do_deep_hello},
                 {"refuse", do_refuse},
                 {"skip-before-hello", do_skip_before_hello},
                 {"hello-twice", do_hello_twice},
                 {"pong", do_pong},
                 {"skip", do_skip},
                 {"unknown-session", do_unknown_session},
                 {"mid-frame", do_mid_frame},
                 {"quit", do_quit},
                 {"hang-up", do_hang_up},
                 {"obey", do_obey}};
    const char *endpoint = NULL, *record = NULL;
    char mode[64];
    read_mode(mode);
    if (strcmp(mode, "exit") == 0)
        return 3;
    if (strcmp(mode, "silent") == 0) {
        host_sleep(60000); /* never connects */
        return 3;
    }
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--endpoint") == 0)
            endpoint = argv[i + 1];
        if (strcmp(argv[i], "--bootstrap") == 0)
            record = argv[i + 1];
    }
    if (!endpoint || !record || startup_prepare(NULL) != 0)
        return 100;
    read_bootstrap(record);
    connect_parent(endpoint);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
        if (strcmp(modes[i].name, mode) == 0)
            modes[i].run();
    return 101;
}
