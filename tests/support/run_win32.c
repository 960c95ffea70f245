/*
 * run_win32.c - starting the child of the Windows tests, see run_win32.h.
 */
#include "tests/support/run_win32.h"

#include <stdio.h>
#include <string.h>
#include <windows.h>

#include "shared/environment.h"
#include "shared/wine_win32.h"
#include "tests/support/test.h"

const char *run_child_path(void)
{
    static char path[MAX_PATH];

    strcpy(path, test_program_path("child_win32"));
    for (char *at = path; *at != '\0'; at++) {
        if (*at == '/') {
            *at = '\\';
        }
    }
    return path;
}

const char *const *run_environment(void)
{
    static struct strings environment;

    if (environment.count == 0) {
        assert_true(environment_of_process(&environment));
    }
    return (const char *const *)environment.item;
}

void run_pipe(os_handle *reader, os_handle *writer)
{
    HANDLE read_end, write_end;

    assert_true(CreatePipe(&read_end, &write_end, NULL, 65536));
    *reader = (os_handle)read_end;
    *writer = (os_handle)write_end;
}

static void read_all(os_handle reader, struct run *out)
{
    DWORD got;

    out->size = 0;
    while (ReadFile((HANDLE)reader, out->text + out->size, (DWORD)(sizeof(out->text) - 1 - out->size), &got, NULL) &&
           got > 0) {
        out->size += got;
        assert_true(out->size < sizeof(out->text) - 1);
    }
    out->text[out->size] = '\0';
}

void run_confined(struct process_spec *spec, const struct process_confinement *confinement, const char *const *argv,
                  struct run *out)
{
    os_handle reader = OS_HANDLE_NONE, writer = OS_HANDLE_NONE;
    struct process process = {OS_HANDLE_NONE, 0};
    struct process_exit status;
    struct postern_error error = {0};

    run_pipe(&reader, &writer);
    spec->program = spec->program != NULL ? spec->program : run_child_path();
    spec->env = spec->env != NULL ? spec->env : run_environment();
    spec->argv = argv;
    spec->out = writer;
    if (process_spawn_win32(spec, PROCESS_CONSOLE_OWN, confinement, &process, &error) != POSTERN_OK) {
        fail_msg("%s", error.message);
    }
    handle_close(&writer);
    read_all(reader, out);
    assert_true(run_wait(process.handle));
    assert_true(process_collect(&process, &status));
    out->exit_code = status.exit_code;
    process_close(&process);
    handle_close(&reader);
}

void run_spec(struct process_spec *spec, const char *const *argv, struct run *out)
{
    run_confined(spec, NULL, argv, out);
}

void run_child(const char *const *argv, struct run *out)
{
    struct process_spec spec;

    process_spec_init(&spec);
    run_spec(&spec, argv, out);
}

/* Looks before it reads, so that a child that says nothing can't hold the test up. */
void run_read_line(os_handle reader, char *line, size_t size)
{
    ULONGLONG end = GetTickCount64() + RUN_WAIT_MS;
    size_t length = 0;

    for (;;) {
        DWORD available = 0, got = 0;

        assert_true(length + 1 < size);
        assert_true(PeekNamedPipe((HANDLE)reader, NULL, 0, NULL, &available, NULL));
        if (available == 0) {
            assert_true(GetTickCount64() < end);
            Sleep(1);
            continue;
        }
        assert_true(ReadFile((HANDLE)reader, line + length, 1, &got, NULL) && got == 1);
        if (line[length] == '\n') {
            break;
        }
        length++;
    }
    while (length > 0 && line[length - 1] == '\r') {
        length--;
    }
    line[length] = '\0';
}

bool run_wait(os_handle handle)
{
    return WaitForSingleObject((HANDLE)handle, RUN_WAIT_MS) == WAIT_OBJECT_0;
}

bool run_is_signalled(os_handle handle)
{
    return WaitForSingleObject((HANDLE)handle, 0) == WAIT_OBJECT_0;
}

os_handle run_open_process(uint32_t pid)
{
    HANDLE handle = OpenProcess(SYNCHRONIZE, FALSE, pid);

    return handle == NULL ? OS_HANDLE_NONE : (os_handle)handle;
}

bool run_under_wine(void)
{
    return wine_is_here();
}
