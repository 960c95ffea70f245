/*
 * doctor_host_win32.c - what the checks of `postern doctor` take on Windows; see doctor_host.h.
 */
#include "cli/doctor_host.h"

#include <stdio.h>
#include <stdlib.h>
#include <winsock2.h> /* before windows.h, which would bring the first version */

#include <windows.h>
#include <aclapi.h>

#include "cli/doctor_system.h"
#include "shared/environment.h"
#include "shared/error.h"
#include "shared/process.h"
#include "shared/security_win32.h"
#include "shared/station_win32.h"
#include "shared/strings.h"
#include "shared/system.h"
#include "shared/text.h"
#include "shared/wide.h"

#define STAGE "doctor"

/* ---- files ---- */

char *doctor_host_make_scratch(struct postern_error *error)
{
    wchar_t place[MAX_PATH + 1], name[MAX_PATH + 64];
    for (unsigned attempt = 0; attempt < 100; attempt++) {
        DWORD length = GetTempPathW(MAX_PATH + 1, place);
        if (length == 0 || length > MAX_PATH)
            break;
        swprintf(name, sizeof(name) / sizeof(name[0]), L"%lspostern-doctor-%lu-%u", place,
                 (unsigned long)GetCurrentProcessId(), attempt);
        if (CreateDirectoryW(name, NULL))
            return wide_to_utf8(name);
        if (GetLastError() != ERROR_ALREADY_EXISTS)
            break;
    }
    error_os(error, POSTERN_E_OS, STAGE, "CreateDirectoryW", (int64_t)GetLastError(), "a directory to work in");
    return NULL;
}

int64_t doctor_host_make_directory(const char *path)
{
    wchar_t *wide = wide_from_utf8(path);
    int64_t number = wide && CreateDirectoryW(wide, NULL) ? 0 : (int64_t)GetLastError();
    free(wide);
    return number;
}

bool doctor_host_exists(const char *path)
{
    wchar_t *wide = wide_from_utf8(path);
    bool exists = wide && GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES;
    free(wide);
    return exists;
}

bool doctor_host_is_mounted(const char *path)
{
    (void)path; /* nothing is mounted for a sandbox */
    return false;
}

bool doctor_host_remove(const char *path)
{
    wchar_t *wide = wide_from_utf8(path);
    bool gone = wide && (DeleteFileW(wide) || RemoveDirectoryW(wide));
    free(wide);
    return gone || !doctor_host_exists(path);
}

const char *doctor_host_program_name(void)
{
    return "postern.exe";
}

int doctor_host_copy_program(const char *to, struct postern_error *error)
{
    char *program = system_program_path();
    wchar_t *from = program ? wide_from_utf8(program) : NULL, *wide = wide_from_utf8(to);
    int status = 0;
    if (!from || !wide || !CopyFileW(from, wide, TRUE))
        status = error_os(error, POSTERN_E_OS, STAGE, "CopyFileW", (int64_t)GetLastError(),
                          "a copy of this program, %s", to);
    free(program);
    free(from);
    free(wide);
    return status;
}

/* A value may mean something else in another process, so it is the size of the file that tells. */
enum { LEAK_SIZE = 54321 };

os_handle doctor_host_leak(const char *path, uint64_t *number)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof(inherited), .bInheritHandle = TRUE};
    wchar_t *wide = wide_from_utf8(path);
    HANDLE file = wide ? CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ, &inherited, CREATE_ALWAYS,
                                     FILE_ATTRIBUTE_NORMAL, NULL)
                       : INVALID_HANDLE_VALUE;
    free(wide);
    if (file != INVALID_HANDLE_VALUE &&
        (SetFilePointer(file, LEAK_SIZE, NULL, FILE_BEGIN) != LEAK_SIZE || !SetEndOfFile(file))) {
        CloseHandle(file);
        file = INVALID_HANDLE_VALUE;
    }
    *number = (uint64_t)(uintptr_t)file;
    return (os_handle)file;
}

bool doctor_host_has_handle(uint64_t number)
{
    LARGE_INTEGER size;
    HANDLE handle = (HANDLE)(uintptr_t)number;
    return GetFileType(handle) == FILE_TYPE_DISK && GetFileSizeEx(handle, &size) && size.QuadPart == LEAK_SIZE;
}

/* ---- the network ---- */

static bool start_sockets(void)
{
    static bool started;
    WSADATA data;
    if (!started)
        started = WSAStartup(MAKEWORD(2, 2), &data) == 0;
    return started;
}

static struct sockaddr_in loopback(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

int doctor_host_listen(os_handle *out, uint16_t *port, struct postern_error *error)
{
    struct sockaddr_in address = loopback(0);
    int size = sizeof(address);
    u_long nonblocking = 1;
    SOCKET listener = start_sockets() ? socket(AF_INET, SOCK_STREAM, 0) : INVALID_SOCKET;
    if (listener == INVALID_SOCKET || bind(listener, (struct sockaddr *)&address, size) != 0 ||
        listen(listener, 4) != 0 || getsockname(listener, (struct sockaddr *)&address, &size) != 0 ||
        ioctlsocket(listener, (long)FIONBIO, &nonblocking) != 0) {
        int number = WSAGetLastError();
        if (listener != INVALID_SOCKET)
            closesocket(listener);
        return error_os(error, POSTERN_E_OS, STAGE, "listen", number, "a listener on the loopback address");
    }
    *out = (os_handle)listener;
    *port = ntohs(address.sin_port);
    return 0;
}

bool doctor_host_was_reached(os_handle listener)
{
    SOCKET connection = accept((SOCKET)listener, NULL, NULL);
    if (connection != INVALID_SOCKET)
        closesocket(connection);
    return connection != INVALID_SOCKET;
}

void doctor_host_close_socket(os_handle *listener)
{
    if (*listener != OS_HANDLE_NONE)
        closesocket((SOCKET)*listener);
    *listener = OS_HANDLE_NONE;
}

int64_t doctor_host_connect(uint16_t port)
{
    struct sockaddr_in address = loopback(port);
    SOCKET connection = start_sockets() ? socket(AF_INET, SOCK_STREAM, 0) : INVALID_SOCKET;
    if (connection == INVALID_SOCKET)
        return WSAGetLastError();
    int64_t number = connect(connection, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : WSAGetLastError();
    closesocket(connection);
    return number;
}

/* ---- access lists ---- */

static void name_owner(PSID owner, char *out, size_t size)
{
    wchar_t name[256], domain[256];
    DWORD name_units = 256, domain_units = 256;
    SID_NAME_USE use;
    char *utf8 = NULL, *before = NULL;
    if (LookupAccountSidW(NULL, owner, name, &name_units, domain, &domain_units, &use)) {
        utf8 = wide_to_utf8(name);
        before = wide_to_utf8(domain);
        if (utf8 && before)
            snprintf(out, size, "%s%s%s", before, before[0] ? "\\" : "", utf8);
    } else {
        utf8 = security_sid_text(owner);
        text_copy(out, size, utf8 ? utf8 : "");
    }
    free(before);
    free(utf8);
}

static HANDLE open_directory(const wchar_t *path, DWORD rights)
{
    return CreateFileW(path, rights, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                       FILE_FLAG_BACKUP_SEMANTICS, NULL);
}

static void look_at_directory(HANDLE directory, struct doctor_lists *out)
{
    wchar_t name[32];
    DWORD flags = 0;
    PSID owner = NULL;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    if (!GetVolumeInformationByHandleW(directory, NULL, 0, NULL, NULL, &flags, name, 32)) {
        out->operation = "GetVolumeInformationByHandleW";
        out->os_error = (int64_t)GetLastError();
        return;
    }
    char *file_system = wide_to_utf8(name);
    text_copy(out->file_system, sizeof(out->file_system), file_system ? file_system : "");
    free(file_system);
    out->has_lists = (flags & FILE_PERSISTENT_ACLS) != 0;
    if (GetSecurityInfo(directory, SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION, &owner, NULL, NULL, NULL, &descriptor) ==
        ERROR_SUCCESS) {
        name_owner(owner, out->owner, sizeof(out->owner));
        LocalFree(descriptor);
    }
}

bool doctor_host_look_at_lists(const char *directory, struct doctor_lists *out)
{
    wchar_t *wide = wide_path(directory);
    HANDLE handle = wide ? open_directory(wide, READ_CONTROL | FILE_READ_ATTRIBUTES) : INVALID_HANDLE_VALUE;
    *out = (struct doctor_lists){.operation = "CreateFileW"};
    if (handle == INVALID_HANDLE_VALUE) {
        out->os_error = (int64_t)GetLastError();
    } else {
        look_at_directory(handle, out);
        CloseHandle(handle);
        handle = open_directory(wide, WRITE_DAC);
        out->may_change = handle != INVALID_HANDLE_VALUE;
        if (handle != INVALID_HANDLE_VALUE)
            CloseHandle(handle);
    }
    free(wide);
    return true;
}

/* ---- desktops ---- */

bool doctor_host_desktop(char *text, size_t size, char *station, size_t station_size)
{
    char *first = station_object_name(GetProcessWindowStation());
    char *second = station_object_name(GetThreadDesktop(GetCurrentThreadId()));
    text[0] = '\0';
    if (first && second && text_copy(station, station_size, first))
        snprintf(text, size, "%s\\%s", first, second);
    free(first);
    free(second);
    return true;
}

int64_t doctor_host_open_station(const char *name)
{
    wchar_t *wide = wide_from_utf8(name);
    HWINSTA station = wide ? OpenWindowStationW(wide, FALSE, WINSTA_ACCESSCLIPBOARD) : NULL;
    int64_t number = station ? 0 : (int64_t)GetLastError();
    if (station)
        CloseWindowStation(station);
    free(wide);
    return number;
}

/* ---- helpers ---- */

enum { HELPER_WAIT_MS = 10000 };

static int wait_for_helper(struct process *process, int *exit_code, struct postern_error *error)
{
    struct process_exit status = {0};
    if (WaitForSingleObject((HANDLE)process->handle, HELPER_WAIT_MS) != WAIT_OBJECT_0 ||
        !process_collect(process, &status)) {
        int code = error_set(error, POSTERN_E_TIMED_OUT, STAGE, "", "the helper was started and did not end in %d s",
                             HELPER_WAIT_MS / 1000);
        error_remedy(error, "see whether a virus scanner or a debugger holds it");
        return code;
    }
    *exit_code = status.exit_code;
    return 0;
}

int doctor_host_try_helper(const char *path, bool *tried, int *exit_code, struct postern_error *error)
{
    const char *argv[] = {path, NULL};
    struct strings environment = {0};
    struct process process = {OS_HANDLE_NONE, 0};
    struct process_spec spec;
    int status = environment_of_process(&environment) && strings_array(&environment) ? 0 : error_memory(error, STAGE);
    *tried = true;
    process_spec_init(&spec);
    spec.program = path;
    spec.argv = argv;
    spec.env = (const char *const *)environment.item;
    if (status == 0)
        status = process_spawn(&spec, &process, error);
    if (status == 0)
        status = wait_for_helper(&process, exit_code, error);
    process_close(&process);
    strings_free(&environment);
    return status;
}

/* ---- processes ---- */

bool doctor_host_set_variable(const char *name, const char *value)
{
    wchar_t *wide_name = wide_from_utf8(name), *wide_value = wide_from_utf8(value);
    bool set = wide_name && wide_value && SetEnvironmentVariableW(wide_name, wide_value);
    free(wide_name);
    free(wide_value);
    return set;
}

/* Opened without sharing it with anybody, the file cannot be opened again. */
static HANDLE open_alone(const char *path)
{
    wchar_t *wide = wide_from_utf8(path);
    HANDLE file =
        wide ? CreateFileW(wide, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL)
             : INVALID_HANDLE_VALUE;
    DWORD last = GetLastError();
    free(wide);
    SetLastError(last);
    return file;
}

bool doctor_host_is_held(const char *path)
{
    HANDLE file = open_alone(path);
    if (file == INVALID_HANDLE_VALUE)
        return GetLastError() == ERROR_SHARING_VIOLATION;
    CloseHandle(file);
    return false;
}

enum { GONE_WAIT_MS = 2000 };

/* Those of another account cannot be opened, only be seen to be there; and a dead one is, as long as anybody, such as a
 * virus scanner, has it open. So it is given a moment to go. */
bool doctor_host_is_running(uint32_t pid)
{
    ULONGLONG end = GetTickCount64() + GONE_WAIT_MS;
    for (;;) {
        HANDLE process = OpenProcess(SYNCHRONIZE, FALSE, pid);
        if (process) {
            bool running = WaitForSingleObject(process, 0) == WAIT_TIMEOUT;
            CloseHandle(process);
            return running;
        }
        if (GetLastError() != ERROR_ACCESS_DENIED)
            return false;
        if (GetTickCount64() >= end)
            return true;
        Sleep(10);
    }
}

bool doctor_host_has_children(void)
{
    return false; /* Windows keeps no dead children for their parent */
}

bool doctor_host_start_holder(const char *path)
{
    SECURITY_ATTRIBUTES inherited = {.nLength = sizeof(inherited), .bInheritHandle = TRUE};
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION process = {0};
    HANDLE ready = CreateEventW(&inherited, TRUE, FALSE, NULL);
    char *program = system_program_path();
    char *line = text_format("\"%s\" doctor-step holder \"%s\" %llu", program ? program : "", path,
                             (unsigned long long)(uintptr_t)ready);
    wchar_t *wide = line ? wide_from_utf8(line) : NULL;
    bool held = false;
    if (ready && program && wide &&
        CreateProcessW(NULL, wide, NULL, NULL, TRUE, DETACHED_PROCESS | CREATE_NEW_PROCESS_GROUP, NULL, NULL, &startup,
                       &process)) {
        HANDLE events[2] = {ready, process.hProcess};
        held = WaitForMultipleObjects(2, events, FALSE, 10000) == WAIT_OBJECT_0;
        CloseHandle(process.hThread);
        CloseHandle(process.hProcess);
    }
    if (ready)
        CloseHandle(ready);
    free(program);
    free(line);
    free(wide);
    return held;
}

void doctor_host_be_holder(const char *path, uint64_t number)
{
    HANDLE file = open_alone(path);
    if (file == INVALID_HANDLE_VALUE || !SetEvent((HANDLE)(uintptr_t)number))
        ExitProcess(1);
    Sleep(INFINITE);
}
