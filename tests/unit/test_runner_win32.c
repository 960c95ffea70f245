/*
 * A whole runner at level restricted, started as one that inherits nothing: its record in a file, its handles put into
 * it, its commands confined, on pipes and on a terminal. What Wine does not restrict is taken for restricted there, see
 * support/programs/trusting_runner_win32.c. timeout: 120
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "ipc/bootstrap.h"
#include "ipc/channel.h"
#include "ipc/endpoint.h"
#include "ipc/message.h"
#include "shared/job_win32.h"
#include "shared/pipe_win32.h"
#include "shared/quote.h"
#include "shared/system.h"
#include "shared/text.h"
#include "shared/token_win32.h"
#include "shared/wide.h"
#include "tests/support/run_win32.h"

#define WAIT_US ((uint64_t)20 * 1000000)

struct fixture {
    char sid[TOKEN_SID_SIZE];
    char record[MAX_PATH + 64], log[MAX_PATH + 64];
    struct bootstrap bootstrap;
    struct endpoint *endpoint;
    struct loop *loop;
    struct channel *channel;
    os_handle job;
    struct process runner;
    struct message_hello hello;
    struct postern_error error;
    int greeted, failed, exited, closed;
    uint32_t session;
    char text[65536];
    size_t size;
};

/* ---- frames ---- */

static void on_ready(void *context)
{
    (void)context;
}

static enum frame_phase phase_of(void *context, const struct frame_header *header)
{
    struct fixture *fixture = context;

    if (header->session == FRAME_SESSION_NONE) {
        return fixture->greeted ? FRAME_PHASE_CONNECTION : FRAME_PHASE_CONNECTING;
    }
    return header->type == FRAME_SPAWNED || header->type == FRAME_ERROR ? FRAME_PHASE_STARTING : FRAME_PHASE_RUNNING;
}

static int on_frame(void *context, const struct frame *frame, struct postern_error *error)
{
    struct fixture *fixture = context;
    size_t size = frame->header.length;

    switch (frame->header.type) {
    case FRAME_HELLO:
        fixture->greeted = 1;
        return message_decode_hello(frame->payload, size, &fixture->hello, error);
    case FRAME_ERROR:
        fixture->failed = 1;
        return message_decode_error(frame->payload, size, &fixture->error, error);
    case FRAME_STDOUT:
        assert_true(fixture->size + size < sizeof(fixture->text));
        memcpy(fixture->text + fixture->size, frame->payload, size);
        fixture->size += size;
        fixture->text[fixture->size] = '\0';
        break;
    case FRAME_EXIT:
        fixture->exited = 1;
        break;
    default:
        break;
    }
    return POSTERN_OK;
}

static void on_closed(void *context, const struct postern_error *error)
{
    (void)error;
    ((struct fixture *)context)->closed = 1;
}

static const struct channel_callbacks callbacks = {on_ready, phase_of, on_frame, on_closed};

static void run_until(struct fixture *fixture, const int *flag)
{
    uint64_t end_us = system_now_us() + WAIT_US;

    while (*flag == 0) {
        assert_true(system_now_us() < end_us);
        if (fixture->failed && flag != &fixture->failed) {
            fail_msg("%s", fixture->error.message);
        }
        assert_false(fixture->closed);
        assert_int_equal(loop_run_once(fixture->loop, 100000, NULL), 0);
    }
}

/* ---- the runner ---- */

static void add_step(struct fixture *fixture, enum enforce_mechanism mechanism)
{
    const struct enforce_step step = {.mechanism = mechanism};

    assert_true(enforce_add(&fixture->bootstrap.steps, &step));
}

static struct fixture *prepare(void)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    char temp[MAX_PATH];

    assert_non_null(fixture);
    assert_true(GetTempPathA(MAX_PATH, temp) > 0);
    snprintf(fixture->record, sizeof(fixture->record), "%spostern-start-%lu", temp, GetCurrentProcessId());
    snprintf(fixture->log, sizeof(fixture->log), "%spostern-log-%lu", temp, GetCurrentProcessId());
    fixture->job = fixture->runner.handle = OS_HANDLE_NONE;
    assert_int_equal(token_make_sid(fixture->sid, NULL), 0);
    fixture->bootstrap.level = POSTERN_LEVEL_RESTRICTED;
    fixture->bootstrap.key[0] = 1;
    fixture->bootstrap.sid = text_format("%s", fixture->sid);
    assert_int_equal(endpoint_create(NULL, &fixture->endpoint, NULL), 0);
    assert_int_equal(loop_create(&fixture->loop, NULL), 0);
    assert_int_equal(job_create(NULL, &fixture->job, NULL), 0);
    return fixture;
}

static os_handle put_into(HANDLE process, HANDLE handle, DWORD access)
{
    HANDLE there = NULL;

    assert_true(DuplicateHandle(GetCurrentProcess(), handle, process, &there, access, FALSE, 0));
    return (os_handle)there;
}

static void write_record(struct fixture *fixture)
{
    struct buffer record;
    FILE *file = fopen(fixture->record, "wb");

    buffer_init(&record, BOOTSTRAP_LIMIT);
    assert_int_equal(bootstrap_encode(&fixture->bootstrap, &record, NULL), 0);
    assert_non_null(file);
    assert_int_equal(fwrite(buffer_data(&record), 1, buffer_length(&record), file), buffer_length(&record));
    assert_int_equal(fclose(file), 0);
    buffer_free(&record);
}

/* Suspended, so that everything is in its place before its first instruction. */
static void start(struct fixture *fixture, const char *path)
{
    char *file = text_format("file:%s", fixture->record);
    const char *argv[] = {"postern-runner", "--endpoint", endpoint_address(fixture->endpoint),
                          "--bootstrap",    file,         NULL};
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION process;
    char *line = NULL;
    wchar_t *program, *wide;
    HANDLE log =
        CreateFileA(fixture->log, FILE_APPEND_DATA | SYNCHRONIZE, FILE_SHARE_READ, NULL, CREATE_ALWAYS, 0, NULL);

    assert_true(log != INVALID_HANDLE_VALUE);
    assert_int_equal(quote_command_line(argv, &line, NULL), 0);
    wide = wide_from_utf8(line);
    program = wide_from_utf8(path);
    assert_true(CreateProcessW(program, wide, NULL, NULL, FALSE, CREATE_SUSPENDED | DETACHED_PROCESS, NULL, NULL,
                               &startup, &process));
    assert_true(AssignProcessToJobObject((HANDLE)fixture->job, process.hProcess));
    fixture->bootstrap.parent = put_into(process.hProcess, GetCurrentProcess(), SYNCHRONIZE);
    fixture->bootstrap.log = put_into(process.hProcess, log, FILE_APPEND_DATA | SYNCHRONIZE);
    write_record(fixture);
    assert_int_equal(ResumeThread(process.hThread), 1);
    fixture->runner = (struct process){(os_handle)process.hProcess, process.dwProcessId};
    CloseHandle(process.hThread);
    CloseHandle(log);
    free(program);
    free(wide);
    free(line);
    free(file);
}

static void connect_to(struct fixture *fixture)
{
    os_handle channel = OS_HANDLE_NONE;

    assert_int_equal(endpoint_accept(fixture->endpoint, fixture->runner.handle, fixture->runner.pid,
                                     system_now_us() + WAIT_US, &channel, NULL),
                     0);
    assert_int_equal(channel_open(fixture->loop, channel, HANDSHAKE_ACCEPTOR, fixture->bootstrap.key, &callbacks,
                                  fixture, &fixture->channel, NULL),
                     0);
}

static void run_command(struct fixture *fixture, bool tty)
{
    struct message_spawn spawn = {.cwd = (char *)"C:\\windows", .tty = tty, .rows = 24, .cols = 200};
    struct buffer payload;

    spawn.drain_idle = spawn.drain_limit = spawn.grace = 5000;
    spawn.window = MESSAGE_WINDOW;
    assert_true(strings_add(&spawn.argv, run_child_path()) && strings_add(&spawn.argv, "desktop"));
    assert_true(strings_copy(&spawn.env, run_environment()));
    buffer_init(&payload, FRAME_PAYLOAD_MAX);
    assert_true(message_encode_spawn(&spawn, &payload));
    fixture->size = 0;
    fixture->exited = 0;
    assert_int_equal(channel_send(fixture->channel, FRAME_SPAWN, ++fixture->session, buffer_data(&payload),
                                  buffer_length(&payload), NULL),
                     0);
    run_until(fixture, &fixture->exited);
    buffer_free(&payload);
    strings_free(&spawn.argv);
    strings_free(&spawn.env);
}

static char *read_log(const struct fixture *fixture)
{
    static char text[4096];
    FILE *file = fopen(fixture->log, "rb");
    size_t size;

    assert_non_null(file);
    size = fread(text, 1, sizeof(text) - 1, file);
    text[size] = '\0';
    fclose(file);
    return text;
}

static void finish(struct fixture *fixture)
{
    channel_close(fixture->channel);
    endpoint_close(fixture->endpoint);
    assert_true(job_end(fixture->job, 10000));
    process_close(&fixture->runner);
    handle_close(&fixture->job);
    loop_destroy(fixture->loop);
    message_free_hello(&fixture->hello);
    bootstrap_free(&fixture->bootstrap);
    DeleteFileA(fixture->log);
    free(fixture);
}

/* ---- tests ---- */

static bool has(const struct strings *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->item[i], text) == 0) {
            return true;
        }
    }
    return false;
}

static void commands_are_confined_on_pipes_and_terminals(void **state)
{
    struct fixture *fixture = prepare();
    struct process_exit status;
    char first[512];

    (void)state;
    add_step(fixture, ENFORCE_MITIGATIONS);
    add_step(fixture, ENFORCE_DESKTOP);
    add_step(fixture, ENFORCE_TOKEN_LOCK);
    add_step(fixture, ENFORCE_RESTRICTED_TOKEN);
    start(fixture, test_program_path("trusting_runner_win32"));
    connect_to(fixture);
    run_until(fixture, &fixture->greeted);
    assert_int_equal(GetFileAttributesA(fixture->record), INVALID_FILE_ATTRIBUTES);
    assert_int_equal(fixture->hello.level, POSTERN_LEVEL_RESTRICTED);
    assert_true(has(&fixture->hello.capabilities, "desktop:private-desktop"));
    assert_true(has(&fixture->hello.capabilities, "mitigations:process-mitigations"));
    assert_true(has(&fixture->hello.capabilities, "privileges:restricted-token"));
    assert_true(has(&fixture->hello.capabilities, "fs.write:restricted-token"));
    assert_int_equal(fixture->hello.capabilities.count, 4);
    run_command(fixture, false);
    assert_non_null(strstr(fixture->text, "\\postern-")); /* no name that Windows gives */
    text_copy(first, sizeof(first), fixture->text);
    first[strcspn(first, "\n")] = '\0';
    run_command(fixture, true);
    if (strstr(fixture->text, first) == NULL) {
        fail_msg("'%s' is not in: %s", first, fixture->text);
    }
    assert_int_equal(channel_send(fixture->channel, FRAME_SHUTDOWN, FRAME_SESSION_NONE, NULL, 0, NULL), 0);
    run_until(fixture, &fixture->closed);
    assert_true(run_wait(fixture->runner.handle) && process_collect(&fixture->runner, &status));
    assert_int_equal(status.exit_code, 0);
    finish(fixture);
}

/* ---- direct streams ---- */

/* A pipe whose other end is in the runner. */
static uint32_t hand_over(struct fixture *fixture, os_handle *ours)
{
    os_handle theirs = OS_HANDLE_NONE, there;

    assert_int_equal(pipe_create(true, ours, &theirs, NULL), 0);
    assert_true(DuplicateHandle(GetCurrentProcess(), (HANDLE)theirs, (HANDLE)fixture->runner.handle, (HANDLE *)&there,
                                0, FALSE, DUPLICATE_SAME_ACCESS));
    handle_close(&theirs);
    return (uint32_t)(uintptr_t)there;
}

static void send_refused(struct fixture *fixture, uint32_t session, const char *format, uint32_t out, uint32_t err)
{
    char *text = text_format(format, (unsigned)out, (unsigned)err);

    assert_non_null(text);
    fixture->failed = 0;
    assert_int_equal(channel_send(fixture->channel, FRAME_SPAWN, session, text, strlen(text), NULL), 0);
    run_until(fixture, &fixture->failed);
    free(text);
}

static void note_end(void *context, int status, size_t bytes)
{
    *(int *)context = status == 0 && bytes == 0 ? 1 : 2;
}

/* Nobody has its other end any more. */
static void has_ended(struct fixture *fixture, os_handle ours)
{
    struct loop_stream *stream = NULL;
    char byte;
    int ended = 0;

    assert_int_equal(loop_stream_open(fixture->loop, ours, LOOP_READ, &stream, NULL), 0);
    loop_stream_read(stream, &byte, 1, note_end, &ended);
    fixture->failed = 0;
    run_until(fixture, &ended);
    assert_int_equal(ended, 1);
    loop_stream_close(stream);
}

/* What is refused, whyever, was handed over all the same. */
static void a_refused_spawn_leaves_no_stream_open(void **state)
{
    static const char *const spawns[] = {
        "{\"handles\":{\"stdout\":%u,\"stderr\":%u},\"argv\":[],\"on_exit\":\"kill\",\"streams\":\"direct\"}",
        "{\"argv\":[\"a\"],\"on_exit\":\"die\",\"more\":1,\"handles\":{\"stdout\":%u,\"stderr\":%u}}",
        "{\"argv\":[\"C:\\\\no such program\"],\"cwd\":\"C:\\\\\",\"on_exit\":\"kill\",\"streams\":\"direct\","
        "\"handles\":{\"stdout\":%u,\"stderr\":%u}}",
    };
    struct fixture *fixture = prepare();

    (void)state;
    fixture->bootstrap.level = POSTERN_LEVEL_NONE;
    start(fixture, test_bin_path("postern-runner"));
    connect_to(fixture);
    run_until(fixture, &fixture->greeted);
    for (uint32_t i = 0; i < 3; i++) {
        os_handle out, err;
        uint32_t there_out = hand_over(fixture, &out), there_err = hand_over(fixture, &err);

        send_refused(fixture, i + 1, spawns[i], there_out, there_err);
        has_ended(fixture, out);
        has_ended(fixture, err);
    }
    finish(fixture);
}

/* A number that is no pipe may be anything of the runner's: its log here, which must go on. */
static void what_is_no_pipe_is_refused_and_left_alone(void **state)
{
    struct fixture *fixture = prepare();
    os_handle out;
    uint32_t there;

    (void)state;
    fixture->bootstrap.level = POSTERN_LEVEL_NONE;
    start(fixture, test_bin_path("postern-runner"));
    connect_to(fixture);
    run_until(fixture, &fixture->greeted);
    there = hand_over(fixture, &out);
    send_refused(fixture, 1,
                 "{\"argv\":[\"a\"],\"on_exit\":\"kill\",\"streams\":\"direct\","
                 "\"handles\":{\"stdout\":%u,\"stderr\":%u}}",
                 there, (uint32_t)(uintptr_t)fixture->bootstrap.log);
    assert_int_equal(fixture->error.code, POSTERN_E_PROTOCOL);
    assert_non_null(strstr(fixture->error.message, "is no pipe"));
    has_ended(fixture, out);
    assert_non_null(strstr(read_log(fixture), "is no pipe"));
    finish(fixture);
}

/* By another token: one that has nothing by its logon session. */
static void the_users_own_station_can_be_kept_away(void **state)
{
    struct fixture *fixture = prepare();

    (void)state;
    add_step(fixture, ENFORCE_UI);
    add_step(fixture, ENFORCE_RESTRICTED_TOKEN);
    add_step(fixture, ENFORCE_DESKTOP);
    start(fixture, test_program_path("trusting_runner_win32"));
    connect_to(fixture);
    run_until(fixture, &fixture->greeted);
    assert_true(has(&fixture->hello.capabilities, "ui:window-station"));
    assert_true(has(&fixture->hello.capabilities, "privileges:restricted-token"));
    run_command(fixture, false);
    assert_non_null(strstr(fixture->text, "\\postern-"));
    finish(fixture);
}

/* The parent hears why, and the log, too: that handle was only a number in the record. */
static void a_plan_that_does_not_confine_is_told(void **state)
{
    struct fixture *fixture = prepare();

    (void)state;
    add_step(fixture, ENFORCE_RESTRICTED_TOKEN);
    start(fixture, test_program_path("trusting_runner_win32"));
    connect_to(fixture);
    run_until(fixture, &fixture->failed);
    assert_int_equal(fixture->error.code, POSTERN_E_CONFINE);
    assert_non_null(strstr(fixture->error.message, "does not confine"));
    assert_int_equal(fixture->greeted, 0);
    assert_true(run_wait(fixture->runner.handle));
    if (strstr(read_log(fixture), "does not confine") == NULL) {
        fail_msg("%s", read_log(fixture));
    }
    finish(fixture);
}

/* Nothing in it is for Wine, so there it must not start. */
static void what_is_installed_believes_nothing(void **state)
{
    struct fixture *fixture = prepare();

    (void)state;
    add_step(fixture, ENFORCE_RESTRICTED_TOKEN);
    add_step(fixture, ENFORCE_DESKTOP);
    start(fixture, test_bin_path("postern-runner"));
    connect_to(fixture);
    if (run_under_wine()) {
        run_until(fixture, &fixture->failed);
        assert_int_equal(fixture->error.code, POSTERN_E_CONFINE);
        assert_non_null(strstr(fixture->error.message, "the system lets its holder: write"));
        assert_int_equal(fixture->greeted, 0);
    } else {
        run_until(fixture, &fixture->greeted);
    }
    finish(fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_are_confined_on_pipes_and_terminals),
        cmocka_unit_test(the_users_own_station_can_be_kept_away),
        cmocka_unit_test(a_refused_spawn_leaves_no_stream_open),
        cmocka_unit_test(what_is_no_pipe_is_refused_and_left_alone),
        cmocka_unit_test(a_plan_that_does_not_confine_is_told),
        cmocka_unit_test(what_is_installed_believes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
