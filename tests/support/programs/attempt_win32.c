/*
 * attempt_win32.c - tries the one thing that its first argument names and says on stdout, in one line, whether it
 * could: "ok", "refused NUMBER" (the system's error number), "wrong TEXT". scripts/lib/windows-denial-test.ps1 has it
 * try the same inside and outside of sandboxes. Exit status: 0 ok, 1 refused or wrong, 2 no such attempt.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <winsock2.h> /* before windows.h, which would bring the first version */

#include <windows.h>
#include <aclapi.h>
#include <sddl.h>
#include <shellapi.h>
#include <tlhelp32.h>

#define WAIT_MS 60000u /* for whatever the test is to do; then this is in the way no more */
#define CHILDREN_MAX 256

static int say(const char *text)
{
    printf("%s\n", text);
    fflush(stdout);
    return 0;
}

static int verdict(BOOL could)
{
    DWORD number = GetLastError();

    if (could)
        return say("ok");
    printf("refused %lu\n", (unsigned long)number);
    fflush(stdout);
    return 1;
}

static int wrong(const char *what)
{
    printf("wrong %s\n", what);
    fflush(stdout);
    return 1;
}

/* ---- files: PATH [PATH] ---- */

static int with_file(const wchar_t *path, DWORD access, DWORD how, DWORD flags)
{
    HANDLE file = CreateFileW(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, how,
                              flags | FILE_FLAG_BACKUP_SEMANTICS, NULL);
    bool could = file != INVALID_HANDLE_VALUE;
    int result = verdict(could);

    if (could)
        CloseHandle(file);
    return result;
}

static int try_read(int count, wchar_t **args)
{
    char data[16];
    DWORD got = 0;
    HANDLE file;
    BOOL could;

    (void)count;
    file = CreateFileW(args[0], GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                       OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return verdict(FALSE);
    could = ReadFile(file, data, sizeof(data), &got, NULL);
    could = could && got > 0;
    CloseHandle(file);
    return verdict(could);
}

/* What is there stays as it was: nothing is written where that is possible. */
static int try_write(int count, wchar_t **args)
{
    (void)count;
    return with_file(args[0], GENERIC_WRITE, OPEN_EXISTING, FILE_ATTRIBUTE_NORMAL);
}

/* A new file, which is gone again when this ends. */
static int try_make(int count, wchar_t **args)
{
    (void)count;
    return with_file(args[0], GENERIC_WRITE | DELETE, CREATE_NEW, FILE_ATTRIBUTE_NORMAL | FILE_FLAG_DELETE_ON_CLOSE);
}

static int try_make_directory(int count, wchar_t **args)
{
    BOOL could = CreateDirectoryW(args[0], NULL);
    int result = verdict(could);

    (void)count;
    if (could)
        RemoveDirectoryW(args[0]);
    return result;
}

static int try_list(int count, wchar_t **args)
{
    (void)count;
    return with_file(args[0], FILE_LIST_DIRECTORY, OPEN_EXISTING, 0);
}

static int try_delete(int count, wchar_t **args)
{
    (void)count;
    return with_file(args[0], DELETE, OPEN_EXISTING, 0);
}

static int try_rename(int count, wchar_t **args)
{
    BOOL could = count > 1 && MoveFileExW(args[0], args[1], 0);
    int result = verdict(could);

    if (could)
        MoveFileExW(args[1], args[0], 0);
    return result;
}

/* Leave to change who may do what with it. */
static int try_own(int count, wchar_t **args)
{
    (void)count;
    return with_file(args[0], WRITE_DAC | WRITE_OWNER, OPEN_EXISTING, 0);
}

/* A file of our own where temporary ones go; says where that is. */
static int try_make_temporary(int count, wchar_t **args)
{
    wchar_t path[MAX_PATH + 32];
    wchar_t *made = path;
    DWORD length = GetTempPathW(MAX_PATH, path);

    (void)count;
    (void)args;
    if (length == 0 || length >= MAX_PATH)
        return verdict(FALSE);
    printf("in %ls\n", path);
    _snwprintf(path + length, 32, L"postern-attempt-%lu", (unsigned long)GetCurrentProcessId());
    return try_make(1, &made);
}

/* Says who may do what with an object that Get-Acl does not know: a device. */
static int say_device_access(int count, wchar_t **args)
{
    const SECURITY_INFORMATION what = DACL_SECURITY_INFORMATION | OWNER_SECURITY_INFORMATION;
    PSECURITY_DESCRIPTOR descriptor = NULL;
    char *text = NULL;
    HANDLE device =
        CreateFileW(args[0], READ_CONTROL, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    int result;

    (void)count;
    if (device == INVALID_HANDLE_VALUE)
        return verdict(FALSE);
    SetLastError(GetSecurityInfo(device, SE_KERNEL_OBJECT, what, NULL, NULL, NULL, NULL, &descriptor));
    if (descriptor &&
        ConvertSecurityDescriptorToStringSecurityDescriptorA(descriptor, SDDL_REVISION_1, what, &text, NULL))
        result = say(text);
    else
        result = verdict(FALSE);
    LocalFree(text);
    LocalFree(descriptor);
    CloseHandle(device);
    return result;
}

/* ---- the registry: hkcu or hklm, KEY ---- */

static int try_registry(int count, wchar_t **args)
{
    HKEY root = count > 1 && wcscmp(args[0], L"hklm") == 0 ? HKEY_LOCAL_MACHINE : HKEY_CURRENT_USER;
    HKEY key = NULL;
    LSTATUS status;

    if (count < 2)
        return 2;
    status = RegCreateKeyExW(root, args[1], 0, NULL, REG_OPTION_VOLATILE, KEY_SET_VALUE, NULL, &key, NULL);
    if (status == ERROR_SUCCESS) {
        RegCloseKey(key);
        RegDeleteKeyW(root, args[1]);
    }
    SetLastError((DWORD)status);
    return verdict(status == ERROR_SUCCESS);
}

/* ---- other processes ---- */

static int say_process(const char *what, const wchar_t *program, DWORD pid)
{
    printf("wrong %s of %ls, process %lu\n", what, program, (unsigned long)pid);
    fflush(stdout);
    return 1;
}

/* What would let us take its handles, change or end it, or be it. */
static int try_process(const wchar_t *program, DWORD pid)
{
    static const struct {
        DWORD right;
        const char *name;
    } rights[] = {{PROCESS_DUP_HANDLE, "PROCESS_DUP_HANDLE"},
                  {PROCESS_VM_WRITE | PROCESS_VM_OPERATION, "PROCESS_VM_WRITE"},
                  {PROCESS_CREATE_THREAD, "PROCESS_CREATE_THREAD"},
                  {PROCESS_CREATE_PROCESS, "PROCESS_CREATE_PROCESS"},
                  {PROCESS_SET_INFORMATION, "PROCESS_SET_INFORMATION"},
                  {PROCESS_SUSPEND_RESUME, "PROCESS_SUSPEND_RESUME"},
                  {PROCESS_TERMINATE, "PROCESS_TERMINATE"},
                  {WRITE_DAC, "WRITE_DAC"},
                  {WRITE_OWNER, "WRITE_OWNER"}};

    for (size_t i = 0; i < sizeof(rights) / sizeof(rights[0]); i++) {
        HANDLE process = OpenProcess(rights[i].right, FALSE, pid);
        if (process) {
            CloseHandle(process);
            return say_process(rights[i].name, program, pid);
        }
    }
    return 0;
}

/* All that bear the name NAME. "wrong RIGHT": one could be opened for that; "refused 2": there is none. */
static int try_processes(int count, wchar_t **args)
{
    HANDLE all = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);
    PROCESSENTRY32W entry = {.dwSize = sizeof(entry)};
    unsigned found = 0;
    int result = 0;

    (void)count;
    if (all == INVALID_HANDLE_VALUE)
        return wrong("no list of processes");
    for (BOOL more = Process32FirstW(all, &entry); more && result == 0; more = Process32NextW(all, &entry)) {
        if (_wcsicmp(entry.szExeFile, args[0]) == 0) {
            found++;
            result = try_process(entry.szExeFile, entry.th32ProcessID);
        }
    }
    CloseHandle(all);
    if (result != 0)
        return result;
    SetLastError(found > 0 ? ERROR_ACCESS_DENIED : ERROR_FILE_NOT_FOUND);
    return verdict(FALSE);
}

/* ---- the desktop and the clipboard ---- */

static void say_object_name(HANDLE object, const char *end)
{
    wchar_t name[128] = L"?";
    DWORD needed;

    GetUserObjectInformationW(object, UOI_NAME, name, sizeof(name), &needed);
    printf("%ls%s", name, end);
}

/* Says which one this process is on: "STATION\DESKTOP". */
static int say_desktop(int count, wchar_t **args)
{
    (void)count;
    (void)args;
    say_object_name(GetProcessWindowStation(), "\\");
    say_object_name(GetThreadDesktop(GetCurrentThreadId()), "\n");
    fflush(stdout);
    return 0;
}

/* The one that the caller sees, to put windows or hooks on it. */
static int try_desktop(int count, wchar_t **args)
{
    HWINSTA station = OpenWindowStationW(L"WinSta0", FALSE, WINSTA_ACCESSCLIPBOARD | WINSTA_WRITEATTRIBUTES);
    HDESK desktop = NULL;

    (void)count;
    (void)args;
    if (station) {
        CloseWindowStation(station);
        return wrong("the window station could be opened for writing");
    }
    /* With less the desktop may be reached even so. */
    station = OpenWindowStationW(L"WinSta0", FALSE, WINSTA_ENUMDESKTOPS);
    if (station && SetProcessWindowStation(station))
        desktop = OpenDesktopW(L"Default", 0, FALSE, DESKTOP_CREATEWINDOW | DESKTOP_HOOKCONTROL | DESKTOP_WRITEOBJECTS);
    if (desktop)
        return wrong("the desktop could be opened for writing");
    SetLastError(ERROR_ACCESS_DENIED);
    return verdict(FALSE);
}

/* Whether the clipboard has the text TEXT. */
static int try_clipboard(int count, wchar_t **args)
{
    bool same = false;

    (void)count;
    if (!OpenClipboard(NULL))
        return verdict(FALSE);
    HANDLE data = GetClipboardData(CF_UNICODETEXT);
    const wchar_t *text = data ? GlobalLock(data) : NULL;
    if (text) {
        same = wcscmp(text, args[0]) == 0;
        GlobalUnlock(data);
    }
    CloseClipboard();
    SetLastError(ERROR_NOT_FOUND);
    return verdict(same);
}

/* ---- the network: ADDRESS PORT ---- */

static int try_connect(int count, wchar_t **args)
{
    WSADATA data;
    struct sockaddr_in address = {.sin_family = AF_INET};
    unsigned part[4];
    SOCKET connection;

    if (count < 2 || swscanf(args[0], L"%u.%u.%u.%u", &part[0], &part[1], &part[2], &part[3]) != 4)
        return 2;
    address.sin_addr.s_addr = htonl(part[0] << 24 | part[1] << 16 | part[2] << 8 | part[3]);
    address.sin_port = htons((u_short)wcstoul(args[1], NULL, 10));
    if (WSAStartup(MAKEWORD(2, 2), &data) != 0)
        return wrong("no sockets");
    connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connection == INVALID_SOCKET || connect(connection, (struct sockaddr *)&address, sizeof(address)) != 0) {
        SetLastError((DWORD)WSAGetLastError());
        return verdict(FALSE);
    }
    closesocket(connection);
    return say("ok");
}

/* ---- limits ---- */

/* MEBIBYTES of memory that the system has to stand for. */
static int try_memory(int count, wchar_t **args)
{
    SIZE_T size = (SIZE_T)wcstoul(args[0], NULL, 10) << 20;

    (void)count;
    return verdict(VirtualAlloc(NULL, size, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE) != NULL);
}

static bool start_self(const wchar_t *what, HANDLE *process)
{
    wchar_t program[MAX_PATH], line[MAX_PATH + 64];
    STARTUPINFOW startup = {.cb = sizeof(startup)};
    PROCESS_INFORMATION started;

    if (GetModuleFileNameW(NULL, program, MAX_PATH) >= MAX_PATH)
        return false;
    _snwprintf(line, sizeof(line) / sizeof(line[0]), L"\"%ls\" %ls", program, what);
    if (!CreateProcessW(program, line, NULL, NULL, FALSE, 0, NULL, NULL, &startup, &started))
        return false;
    CloseHandle(started.hThread);
    *process = started.hProcess;
    return true;
}

/* NUMBER processes at once. */
static int try_children(int count, wchar_t **args)
{
    HANDLE children[CHILDREN_MAX];
    unsigned long wanted = wcstoul(args[0], NULL, 10), made = 0;
    DWORD number;
    int result;

    (void)count;
    while (made < wanted && made < CHILDREN_MAX && start_self(L"rest", &children[made]))
        made++;
    number = GetLastError();
    for (unsigned long i = 0; i < made; i++) {
        TerminateProcess(children[i], 0);
        CloseHandle(children[i]);
    }
    SetLastError(number);
    result = verdict(made == wanted);
    return result;
}

/* ---- waiting ---- */

static int rest(int count, wchar_t **args)
{
    (void)count;
    (void)args;
    Sleep(WAIT_MS);
    return 0;
}

/* Says its id and that of a child, and stays. */
static int be_family(int count, wchar_t **args)
{
    HANDLE child;

    if (!start_self(L"rest", &child))
        return verdict(FALSE);
    printf("%lu %lu\n", (unsigned long)GetCurrentProcessId(), (unsigned long)GetProcessId(child));
    fflush(stdout);
    return rest(count, args);
}

/* Says "ready", waits for a line on stdin, then does what the further arguments name. */
static int run(int count, wchar_t **args);
static int after_line(int count, wchar_t **args)
{
    char line[64];

    say("ready");
    if (!fgets(line, sizeof(line), stdin))
        return wrong("no line came");
    return run(count, args);
}

/* ---- */

static int run(int count, wchar_t **args)
{
    static const struct {
        const wchar_t *name;
        int arguments;
        int (*attempt)(int count, wchar_t **args);
    } attempts[] = {{L"read", 1, try_read},
                    {L"write", 1, try_write},
                    {L"make", 1, try_make},
                    {L"mkdir", 1, try_make_directory},
                    {L"list", 1, try_list},
                    {L"delete", 1, try_delete},
                    {L"rename", 2, try_rename},
                    {L"own", 1, try_own},
                    {L"make-temporary", 0, try_make_temporary},
                    {L"device-access", 1, say_device_access},
                    {L"registry", 2, try_registry},
                    {L"processes", 1, try_processes},
                    {L"desktop", 0, try_desktop},
                    {L"desktop-name", 0, say_desktop},
                    {L"clipboard", 1, try_clipboard},
                    {L"connect", 2, try_connect},
                    {L"memory", 1, try_memory},
                    {L"children", 1, try_children},
                    {L"rest", 0, rest},
                    {L"family", 0, be_family},
                    {L"after-line", 1, after_line}};

    for (size_t i = 0; count > 0 && i < sizeof(attempts) / sizeof(attempts[0]); i++)
        if (wcscmp(attempts[i].name, args[0]) == 0 && count - 1 >= attempts[i].arguments)
            return attempts[i].attempt(count - 1, args + 1);
    fprintf(stderr, "attempt: no such attempt, or its arguments are missing\n");
    return 2;
}

int main(void)
{
    int count = 0;
    wchar_t **args = CommandLineToArgvW(GetCommandLineW(), &count);
    int result = args && count > 1 ? run(count - 1, args + 1) : 2;

    LocalFree(args);
    return result;
}
