/*
 * process_win32.c - starting one process with exactly the handles it is given, see process.h. Both sides.
 *
 * The handle list (inheritance_win32.h) is what keeps everything else of ours away from the child, also when several
 * threads start processes at once.
 */
#include "shared/process_win32.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>
#define PSAPI_VERSION 2
#include <psapi.h>

#include "shared/appcontainer_win32.h"
#include "shared/attributes_win32.h"
#include "shared/batch_win32.h"
#include "shared/block_win32.h"
#include "shared/find_windows.h"
#include "shared/inheritance_win32.h"
#include "shared/quote.h"
#include "shared/wide.h"

#ifndef ERROR_VIRUS_INFECTED
#define ERROR_VIRUS_INFECTED 225
#endif
#ifndef ERROR_ELEVATION_REQUIRED
#define ERROR_ELEVATION_REQUIRED 740
#endif

#ifndef PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE /* Windows 10 1809; the headers want that version asked for by name */
#define PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE 0x00020016
#endif

#define STAGE "spawn"
#define DIRECTORY_LIMIT 258u /* of a process's current directory, in units; no form of the name lifts it */
#define KILLED_EXIT_CODE 1u
#define KILL_WAIT_MS 5000u

/* What one call needs; everything starts at none. */
struct spawn {
    wchar_t *program, *line, *cwd, *block;
    wchar_t *desktop;
    struct inheritance handles;
    HANDLE job;
    DWORD64 mitigations;
    struct appcontainer_place place; /* without a SID: in no app container */
    struct attributes attributes;
};

void process_spec_init(struct process_spec *spec)
{
    memset(spec, 0, sizeof(*spec));
    spec->program_handle = OS_HANDLE_NONE;
    spec->in = spec->out = spec->err = OS_HANDLE_NONE;
    spec->terminal = OS_HANDLE_NONE;
    spec->job = OS_HANDLE_NONE;
}

static int os_failure(struct postern_error *error, const char *operation, const char *what)
{
    return error_os(error, POSTERN_E_OS, STAGE, operation, (int64_t)GetLastError(), "%s", what);
}

/* ---- text ---- */

/* Most programs do not know what to do in "\\?\C:\dir". */
static void make_plain(wchar_t *path)
{
    if (wcsncmp(path, L"\\\\?\\", 4) == 0 && path[4] != L'\0' && path[5] == L':') {
        memmove(path, path + 4, (wcslen(path + 4) + 1) * sizeof(*path));
    }
}

static int check_directory(struct spawn *spawn, const char *name, struct postern_error *error)
{
    DWORD kind;

    make_plain(spawn->cwd);
    if (wcslen(spawn->cwd) > DIRECTORY_LIMIT) {
        return error_os(error, POSTERN_E_CWD, STAGE, "", ERROR_FILENAME_EXCED_RANGE,
                        "the working directory '%s' cannot be used", name);
    }
    kind = GetFileAttributesW(spawn->cwd);
    /* Before the spawn, because CreateProcessW says "not found" for a missing directory and a missing program alike. */
    if (kind == INVALID_FILE_ATTRIBUTES) {
        return error_os(error, POSTERN_E_CWD, STAGE, "GetFileAttributesW", (int64_t)GetLastError(),
                        "the working directory '%s' cannot be used", name);
    }
    if ((kind & FILE_ATTRIBUTE_DIRECTORY) == 0) {
        return error_os(error, POSTERN_E_CWD, STAGE, "", ERROR_DIRECTORY, "the working directory '%s' cannot be used",
                        name);
    }
    return POSTERN_OK;
}

static int make_command_line(const struct process_spec *spec, struct spawn *spawn, struct postern_error *error)
{
    char *line = NULL;
    int code;

    if (batch_is_script(spec->program)) {
        code = batch_check_directory(spec->cwd, error);
        if (code == POSTERN_OK) {
            code = batch_command_line(spec->program, spec->argv, &line, &spawn->program, error);
        }
    } else {
        code = quote_command_line(spec->argv, &line, error);
        if (code == POSTERN_OK) {
            code = wide_convert(spec->program, STAGE, "the program's path", &spawn->program, error);
        }
        if (code == POSTERN_OK) {
            spawn->program = wide_lengthen(spawn->program);
            code = spawn->program != NULL ? POSTERN_OK : error_memory(error, STAGE);
        }
    }
    if (code == POSTERN_OK) {
        code = wide_convert(line, STAGE, "an argument", &spawn->line, error);
    }
    free(line);
    return code;
}

static int make_text(const struct process_spec *spec, const struct process_confinement *confinement,
                     struct spawn *spawn, struct postern_error *error)
{
    int code = make_command_line(spec, spawn, error);

    if (code == POSTERN_OK) {
        code = block_create(spec->env, &spawn->block, error);
    }
    if (code == POSTERN_OK && spec->cwd != NULL) {
        code = wide_convert(spec->cwd, STAGE, "the working directory", &spawn->cwd, error);
        if (code == POSTERN_OK) {
            code = check_directory(spawn, spec->cwd, error);
        }
    }
    if (code == POSTERN_OK && confinement->desktop != NULL) {
        code = wide_convert(confinement->desktop, STAGE, "the desktop", &spawn->desktop, error);
    }
    return code;
}

/* ---- attributes ---- */

static int make_place(const struct process_confinement *confinement, struct spawn *spawn, struct postern_error *error)
{
    if (confinement->package == NULL) {
        return POSTERN_OK;
    }
    assert(confinement->token == OS_HANDLE_NONE); /* the system makes the container's token, of our own */
    return appcontainer_place_init(confinement->package, confinement->package_network, &spawn->place, error);
}

#define ATTRIBUTES_MAX 5 /* the list is made for that many; an empty place costs nothing */

static int make_attributes(const struct process_spec *spec, const struct process_confinement *confinement,
                           struct spawn *spawn, struct postern_error *error)
{
    bool ok = attributes_init(&spawn->attributes, ATTRIBUTES_MAX);

    if (ok && spawn->handles.count > 0) {
        ok = attributes_add(&spawn->attributes, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, spawn->handles.item,
                            spawn->handles.count * sizeof(HANDLE));
    }
    if (ok && spec->job != OS_HANDLE_NONE) {
        /* In the job before its first instruction: what is assigned later may have started others by then. */
        spawn->job = (HANDLE)spec->job;
        ok = attributes_add(&spawn->attributes, PROC_THREAD_ATTRIBUTE_JOB_LIST, &spawn->job, sizeof(spawn->job));
    }
    if (ok && spec->terminal != OS_HANDLE_NONE) {
        /* Unlike the others this attribute's value is the handle itself. */
        ok = attributes_add(&spawn->attributes, PROC_THREAD_ATTRIBUTE_PSEUDOCONSOLE, (void *)spec->terminal,
                            sizeof(void *));
    }
    if (ok && confinement->package != NULL) {
        ok = attributes_add(&spawn->attributes, PROC_THREAD_ATTRIBUTE_SECURITY_CAPABILITIES, &spawn->place.value,
                            sizeof(spawn->place.value));
    }
    if (ok && confinement->mitigations != 0) {
        spawn->mitigations = confinement->mitigations;
        ok = attributes_add(&spawn->attributes, PROC_THREAD_ATTRIBUTE_MITIGATION_POLICY, &spawn->mitigations,
                            sizeof(spawn->mitigations));
    }
    return ok ? POSTERN_OK : os_failure(error, "UpdateProcThreadAttribute", "the process attributes could not be set");
}

/* ---- the call ---- */

static int failure_code(DWORD os_error)
{
    switch (os_error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_NAME:
        return POSTERN_E_NOT_FOUND;
    case ERROR_DIRECTORY:
        return POSTERN_E_CWD;
    case ERROR_ACCESS_DENIED:
    case ERROR_BAD_FORMAT:
    case ERROR_BAD_EXE_FORMAT:
    case ERROR_EXE_MACHINE_TYPE_MISMATCH:
    case ERROR_ELEVATION_REQUIRED:
    case ERROR_CANT_ACCESS_FILE:
    case ERROR_VIRUS_INFECTED:
    case ERROR_ACCESS_DISABLED_BY_POLICY:
        return POSTERN_E_NOT_EXECUTABLE;
    case ERROR_FILENAME_EXCED_RANGE:
        return POSTERN_E_LIMIT;
    default:
        return POSTERN_E_OS;
    }
}

/* Two causes that nobody would guess. */
static void explain_container(DWORD os_error, struct postern_error *error)
{
    if (os_error == ERROR_ENVVAR_NOT_FOUND) {
        error_remedy(error, "leave LOCALAPPDATA in the command's environment: Windows finds the app container's own "
                            "directory by it");
    } else if (os_error == ERROR_ACCESS_DENIED) {
        error_remedy(error, "an app container can start what is in Windows' own directories and in Program Files: name "
                            "the directory of any other program with --ro");
    }
}

static int spawn_failure(const struct process_spec *spec, const char *operation, bool contained, DWORD os_error,
                         struct postern_error *error)
{
    int code = error_os(error, failure_code(os_error), STAGE, operation, (int64_t)os_error, "'%s' could not be started",
                        spec->program);

    if (contained) {
        explain_container(os_error, error);
    }
    /* process_find() keeps to real programs; this is for one named by its path that only looks like it. */
    if (find_windows_is_app(spec->program)) {
        error_remedy(
            error, "files in WindowsApps start an app for the user it is installed for only: install the program other "
                   "than from the Store, and name that one");
    }
    return code;
}

static DWORD creation_flags(const struct process_spec *spec, enum process_console console)
{
    DWORD flags = CREATE_UNICODE_ENVIRONMENT | EXTENDED_STARTUPINFO_PRESENT;

    if (spec->new_session) {
        flags |= CREATE_NEW_PROCESS_GROUP;
    }
    if (spec->terminal == OS_HANDLE_NONE && console == PROCESS_CONSOLE_OWN) {
        flags |= CREATE_NO_WINDOW;
    }
    if (spec->terminal == OS_HANDLE_NONE && console == PROCESS_CONSOLE_NONE) {
        flags |= DETACHED_PROCESS;
    }
    return flags;
}

static void fill_startup(const struct spawn *spawn, STARTUPINFOEXW *startup)
{
    ZeroMemory(startup, sizeof(*startup));
    startup->StartupInfo.cb = sizeof(*startup);
    startup->StartupInfo.lpDesktop = spawn->desktop;
    startup->lpAttributeList = spawn->attributes.list;
    /* On a terminal the three stay NULL: without the flag the child would get our own handles where those are no
     * console, with it the pseudo console puts its own there. */
    startup->StartupInfo.dwFlags = STARTF_USESTDHANDLES;
    startup->StartupInfo.hStdInput = spawn->handles.standard[0];
    startup->StartupInfo.hStdOutput = spawn->handles.standard[1];
    startup->StartupInfo.hStdError = spawn->handles.standard[2];
}

static int create_process(const struct process_spec *spec, DWORD flags, const struct process_confinement *confinement,
                          struct spawn *spawn, struct process *out, struct postern_error *error)
{
    STARTUPINFOEXW startup;
    PROCESS_INFORMATION process;
    BOOL inherit = spawn->handles.count > 0, ok;
    const char *operation = "CreateProcessW";

    ZeroMemory(&process, sizeof(process));
    fill_startup(spawn, &startup);
    if (confinement->token == OS_HANDLE_NONE) {
        ok = CreateProcessW(spawn->program, spawn->line, NULL, NULL, inherit, flags, spawn->block, spawn->cwd,
                            &startup.StartupInfo, &process);
    } else {
        /* Takes no privilege, because the token is a restricted version of ours. */
        operation = "CreateProcessAsUserW";
        ok = CreateProcessAsUserW((HANDLE)confinement->token, spawn->program, spawn->line, NULL, NULL, inherit, flags,
                                  spawn->block, spawn->cwd, &startup.StartupInfo, &process);
    }
    if (!ok) {
        return spawn_failure(spec, operation, confinement->package != NULL, GetLastError(), error);
    }
    CloseHandle(process.hThread);
    out->handle = (os_handle)process.hProcess;
    out->pid = process.dwProcessId;
    return POSTERN_OK;
}

static void spawn_free(const struct process_spec *spec, struct spawn *spawn)
{
    attributes_free(&spawn->attributes);
    appcontainer_place_free(&spawn->place);
    inheritance_free(spec, &spawn->handles);
    free(spawn->program);
    free(spawn->line);
    free(spawn->cwd);
    free(spawn->block);
    free(spawn->desktop);
}

int process_spawn_win32(const struct process_spec *spec, enum process_console console,
                        const struct process_confinement *confinement, struct process *out, struct postern_error *error)
{
    static const struct process_confinement none = {.token = OS_HANDLE_NONE};
    struct spawn spawn;
    int code;

    confinement = confinement != NULL ? confinement : &none;
    memset(&spawn, 0, sizeof(spawn));
    code = make_text(spec, confinement, &spawn, error);
    if (code == POSTERN_OK) {
        code = inheritance_make(spec, &spawn.handles, error);
    }
    if (code == POSTERN_OK) {
        code = make_place(confinement, &spawn, error);
    }
    if (code == POSTERN_OK) {
        code = make_attributes(spec, confinement, &spawn, error);
    }
    if (code == POSTERN_OK) {
        code = create_process(spec, creation_flags(spec, console), confinement, &spawn, out, error);
    }
    spawn_free(spec, &spawn);
    return code;
}

int process_spawn(const struct process_spec *spec, struct process *out, struct postern_error *error)
{
    return process_spawn_win32(spec, PROCESS_CONSOLE_OWN, NULL, out, error);
}

/* ---- afterwards ---- */

static uint64_t microseconds(FILETIME time)
{
    return (((uint64_t)time.dwHighDateTime << 32) | time.dwLowDateTime) / 10;
}

bool process_collect(struct process *process, struct process_exit *out)
{
    HANDLE handle = (HANDLE)process->handle;
    FILETIME created, ended, kernel, user;
    PROCESS_MEMORY_COUNTERS memory;
    DWORD code = 0;

    /* The exit code alone can't tell: 259 is STILL_ACTIVE and also a code a program may use. */
    if (process->handle == OS_HANDLE_NONE || WaitForSingleObject(handle, 0) != WAIT_OBJECT_0) {
        return false;
    }
    memset(out, 0, sizeof(*out));
    GetExitCodeProcess(handle, &code);
    out->exit_code = (int)code;
    if (GetProcessTimes(handle, &created, &ended, &kernel, &user)) {
        out->user_us = microseconds(user);
        out->system_us = microseconds(kernel);
    }
    if (GetProcessMemoryInfo(handle, &memory, sizeof(memory))) {
        out->peak_memory = memory.PeakWorkingSetSize;
    }
    return true;
}

void process_kill(struct process *process)
{
    if (process->handle != OS_HANDLE_NONE) {
        TerminateProcess((HANDLE)process->handle, KILLED_EXIT_CODE);
    }
}

void process_close(struct process *process)
{
    if (process->handle != OS_HANDLE_NONE && WaitForSingleObject((HANDLE)process->handle, 0) != WAIT_OBJECT_0) {
        process_kill(process);
        /* Bounded: a process that a driver holds on to can't be waited for. */
        WaitForSingleObject((HANDLE)process->handle, KILL_WAIT_MS);
    }
    handle_close(&process->handle);
    process->pid = 0;
}
