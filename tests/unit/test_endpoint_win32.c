/*
 * ipc/endpoint.h on Windows: who gets in, who does not, and that waiting ends.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <aclapi.h>
#include <sddl.h>

#include "ipc/endpoint.h"
#include "shared/pipe_win32.h"
#include "shared/process.h"
#include "shared/security_win32.h"
#include "shared/system.h"
#include "shared/wide.h"
#include "tests/support/run_win32.h"

static uint64_t in_ms(uint64_t milliseconds)
{
    return system_now_us() + milliseconds * 1000u;
}

static os_handle never(void)
{
    HANDLE event = CreateEventW(NULL, TRUE, FALSE, NULL);

    assert_non_null(event);
    return (os_handle)event;
}

struct connecting {
    char address[PIPE_NAME_SIZE];
    os_handle channel;
    int code;
};

static DWORD WINAPI connect_from_a_thread(void *argument)
{
    struct connecting *connecting = argument;

    connecting->code = endpoint_connect(connecting->address, &connecting->channel, NULL);
    return 0;
}

static void write_and_read(os_handle from, os_handle to)
{
    OVERLAPPED write = {0}, read = {0};
    char data[8] = "";
    DWORD bytes = 0;

    write.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    read.hEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    assert_true(WriteFile((HANDLE)from, "hello", 5, NULL, &write) || GetLastError() == ERROR_IO_PENDING);
    assert_true(ReadFile((HANDLE)to, data, sizeof(data), NULL, &read) || GetLastError() == ERROR_IO_PENDING);
    assert_true(GetOverlappedResult((HANDLE)to, &read, &bytes, TRUE));
    assert_int_equal(bytes, 5);
    assert_true(GetOverlappedResult((HANDLE)from, &write, &bytes, TRUE));
    assert_memory_equal(data, "hello", 5);
    CloseHandle(write.hEvent);
    CloseHandle(read.hEvent);
}

static void the_expected_process_gets_in(void **state)
{
    struct endpoint *endpoint = NULL;
    struct connecting connecting = {"", OS_HANDLE_NONE, 1};
    os_handle channel = OS_HANDLE_NONE, runner = never();
    HANDLE thread;

    (void)state;
    assert_int_equal(endpoint_create(NULL, &endpoint, NULL), 0);
    assert_int_equal(strlen(endpoint_address(endpoint)), strlen(PIPE_NAME_PREFIX) + 32);
    assert_int_equal(endpoint_passed(endpoint), OS_HANDLE_NONE);
    strcpy(connecting.address, endpoint_address(endpoint));
    thread = CreateThread(NULL, 0, connect_from_a_thread, &connecting, 0, NULL);
    assert_non_null(thread);
    assert_int_equal(endpoint_accept(endpoint, runner, GetCurrentProcessId(), in_ms(10000), &channel, NULL), 0);
    assert_true(run_wait((os_handle)thread));
    assert_int_equal(connecting.code, 0);
    write_and_read(channel, connecting.channel);
    write_and_read(connecting.channel, channel);
    CloseHandle(thread);
    endpoint_close(endpoint); /* the channel lives on */
    write_and_read(channel, connecting.channel);
    handle_close(&channel);
    handle_close(&connecting.channel);
    handle_close(&runner);
}

static void names_are_never_the_same(void **state)
{
    struct endpoint *one = NULL, *other = NULL;

    (void)state;
    assert_int_equal(endpoint_create(NULL, &one, NULL), 0);
    assert_int_equal(endpoint_create(NULL, &other, NULL), 0);
    assert_string_not_equal(endpoint_address(one), endpoint_address(other));
    endpoint_close(one);
    endpoint_close(other);
}

static void waiting_ends_at_the_deadline(void **state)
{
    struct endpoint *endpoint = NULL;
    struct postern_error error = {0};
    os_handle channel = OS_HANDLE_NONE, runner = never();
    uint64_t start_us = system_now_us();

    (void)state;
    assert_int_equal(endpoint_create(NULL, &endpoint, NULL), 0);
    assert_int_equal(endpoint_accept(endpoint, runner, 1, in_ms(50), &channel, &error), POSTERN_E_TIMED_OUT);
    assert_true(system_now_us() - start_us >= 50000);
    assert_int_equal(channel, OS_HANDLE_NONE);
    /* A deadline that has passed does not wait at all. */
    assert_int_equal(endpoint_accept(endpoint, runner, 1, 0, &channel, NULL), POSTERN_E_TIMED_OUT);
    endpoint_close(endpoint);
    handle_close(&runner);
}

static void waiting_ends_with_the_runner(void **state)
{
    const char *argv[] = {"child", "exit", "3", NULL};
    struct endpoint *endpoint = NULL;
    struct process_spec spec;
    struct process process = {OS_HANDLE_NONE, 0};
    os_handle channel = OS_HANDLE_NONE;

    (void)state;
    assert_int_equal(endpoint_create(NULL, &endpoint, NULL), 0);
    process_spec_init(&spec);
    spec.program = run_child_path();
    spec.argv = argv;
    spec.env = run_environment();
    assert_int_equal(process_spawn(&spec, &process, NULL), 0);
    assert_int_equal(endpoint_accept(endpoint, process.handle, process.pid, in_ms(20000), &channel, NULL),
                     POSTERN_E_RUNNER_DIED);
    process_close(&process);
    endpoint_close(endpoint);
}

/* Another process connects first. It is sent away, and the right one still gets in. */
static void a_stranger_is_sent_away(void **state)
{
    struct endpoint *endpoint = NULL;
    struct connecting connecting = {"", OS_HANDLE_NONE, 1};
    const char *argv[] = {"child", "connect", NULL, NULL};
    struct process_spec spec;
    struct process stranger = {OS_HANDLE_NONE, 0};
    struct process_exit status;
    os_handle channel = OS_HANDLE_NONE, runner = never();
    HANDLE thread;

    (void)state;
    assert_int_equal(endpoint_create(NULL, &endpoint, NULL), 0);
    argv[2] = endpoint_address(endpoint);
    process_spec_init(&spec);
    spec.program = run_child_path();
    spec.argv = argv;
    spec.env = run_environment();
    assert_int_equal(process_spawn(&spec, &stranger, NULL), 0);
    /* Nobody fits: it is let in and out, and waiting goes on to the deadline or until it has been seen off. */
    assert_int_equal(endpoint_accept(endpoint, stranger.handle, stranger.pid + 1, in_ms(20000), &channel, NULL),
                     POSTERN_E_RUNNER_DIED);
    assert_true(process_collect(&stranger, &status));
    assert_true(status.exit_code == ERROR_PIPE_NOT_CONNECTED || status.exit_code == ERROR_BROKEN_PIPE);
    process_close(&stranger);
    strcpy(connecting.address, endpoint_address(endpoint));
    thread = CreateThread(NULL, 0, connect_from_a_thread, &connecting, 0, NULL);
    assert_int_equal(endpoint_accept(endpoint, runner, GetCurrentProcessId(), in_ms(10000), &channel, NULL), 0);
    assert_true(run_wait((os_handle)thread));
    assert_int_equal(connecting.code, 0);
    CloseHandle(thread);
    handle_close(&connecting.channel);
    handle_close(&channel);
    handle_close(&runner);
    endpoint_close(endpoint);
}

static void only_our_own_names_are_connected_to(void **state)
{
    static const char *const others[] = {"", "C:\\file", "\\\\.\\pipe\\other", "\\\\host\\pipe\\postern-1", "fd:3"};
    os_handle channel = OS_HANDLE_NONE;

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_int_equal(endpoint_connect(others[i], &channel, NULL), POSTERN_E_INVALID);
    }
    assert_int_equal(endpoint_connect(PIPE_NAME_PREFIX "00000000000000000000000000000000", &channel, NULL),
                     POSTERN_E_OS);
    assert_int_equal(channel, OS_HANDLE_NONE);
}

/* There is one instance, so a second client waits outside, and a second server of that name is refused. */
static void the_name_is_ours_alone(void **state)
{
    struct endpoint *endpoint = NULL;
    wchar_t *name;
    HANDLE second;

    (void)state;
    assert_int_equal(endpoint_create(NULL, &endpoint, NULL), 0);
    name = wide_from_utf8(endpoint_address(endpoint));
    second =
        CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE, PIPE_TYPE_BYTE, 2, 0, 0, 0, NULL);
    assert_true(second == INVALID_HANDLE_VALUE); /* one instance at most */
    free(name);
    endpoint_close(endpoint);
}

static void a_squatter_is_noticed(void **state)
{
    wchar_t name[128];
    HANDLE squatter, ours;

    (void)state;
    swprintf(name, 128, L"\\\\.\\pipe\\postern-squat-%lu", GetCurrentProcessId());
    squatter = CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX, PIPE_TYPE_BYTE, PIPE_UNLIMITED_INSTANCES, 0, 0, 0, NULL);
    assert_true(squatter != INVALID_HANDLE_VALUE);
    ours = CreateNamedPipeW(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_FIRST_PIPE_INSTANCE, PIPE_TYPE_BYTE,
                            PIPE_UNLIMITED_INSTANCES, 0, 0, 0, NULL);
    CloseHandle(squatter);
    if (run_under_wine()) {
        assert_true(ours != INVALID_HANDLE_VALUE); /* canary: Wine has learned it, so test it there */
        CloseHandle(ours);
        SKIP_BECAUSE("Wine ignores FILE_FLAG_FIRST_PIPE_INSTANCE");
    }
    assert_true(ours == INVALID_HANDLE_VALUE);
}

/* What the pipe's descriptor says; whether it is obeyed can't be seen under Wine. */
static void the_pipe_is_for_two_users_only(void **state)
{
    static const char sandbox_user[] = "S-1-5-21-1-2-3-1001";
    SECURITY_ATTRIBUTES attributes;
    PSECURITY_DESCRIPTOR expected = NULL;
    PACL acl = NULL, expected_acl = NULL;
    SECURITY_DESCRIPTOR_CONTROL control;
    BOOL present, defaulted;
    DWORD revision;
    char *own = security_own_sid();
    wchar_t sddl[256];

    (void)state;
    assert_non_null(own);
    assert_int_equal(security_for_pipe(sandbox_user, &attributes, NULL), 0);
    assert_false(attributes.bInheritHandle);
    assert_true(GetSecurityDescriptorControl(attributes.lpSecurityDescriptor, &control, &revision));
    assert_true((control & SE_DACL_PROTECTED) != 0);
    assert_true(GetSecurityDescriptorDacl(attributes.lpSecurityDescriptor, &present, &acl, &defaulted));
    assert_true(present);
    /* 0x120183: to read and write, without FILE_APPEND_DATA, which for a pipe is FILE_CREATE_PIPE_INSTANCE. */
    swprintf(sddl, 256, L"D:P(A;;FA;;;%hs)(A;;0x120183;;;%hs)", own, sandbox_user);
    assert_true(ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, SDDL_REVISION_1, &expected, NULL));
    assert_true(GetSecurityDescriptorDacl(expected, &present, &expected_acl, &defaulted));
    assert_int_equal(acl->AclSize, expected_acl->AclSize);
    assert_memory_equal(acl, expected_acl, acl->AclSize);
    LocalFree(expected);
    security_free(&attributes);
    /* Nothing but a SID goes into the text. */
    assert_int_equal(security_for_pipe("S-1-5-18)(A;;FA;;;WD", &attributes, NULL), POSTERN_E_INVALID);
    assert_int_equal(security_for_pipe("WD", &attributes, NULL), POSTERN_E_INVALID);
    free(own);
}

static void ends_of_pipes_are_not_inheritable(void **state)
{
    os_handle ours, theirs;
    DWORD flags = 1;

    (void)state;
    assert_int_equal(pipe_create(true, &ours, &theirs, NULL), 0);
    assert_true(GetHandleInformation((HANDLE)ours, &flags) && (flags & HANDLE_FLAG_INHERIT) == 0);
    assert_true(GetHandleInformation((HANDLE)theirs, &flags) && (flags & HANDLE_FLAG_INHERIT) == 0);
    handle_close(&ours);
    handle_close(&theirs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_expected_process_gets_in),   cmocka_unit_test(names_are_never_the_same),
        cmocka_unit_test(waiting_ends_at_the_deadline),   cmocka_unit_test(waiting_ends_with_the_runner),
        cmocka_unit_test(a_stranger_is_sent_away),        cmocka_unit_test(only_our_own_names_are_connected_to),
        cmocka_unit_test(the_name_is_ours_alone),         cmocka_unit_test(a_squatter_is_noticed),
        cmocka_unit_test(the_pipe_is_for_two_users_only), cmocka_unit_test(ends_of_pipes_are_not_inheritable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
