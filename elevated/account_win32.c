/*
 * account_win32.c - sandbox accounts on Windows: what account.c asks for. See account_parts.h. Parent, as an ordinary
 * user: the one who has run `postern setup`, or an administrator.
 *
 * An account is locked by its file in %ProgramData%\postern\run being open without sharing: the system closes it with
 * our process, however that ends.
 */
#include "elevated/account_parts.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <lm.h>

#include "elevated/account_win32.h"
#include "elevated/network_filter.h"
#include "elevated/setup_win32.h"
#include "shared/crypto.h"
#include "shared/text.h"
#include "shared/wide.h"

#define PROFILES "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\ProfileList\\"
#define UNIX_EPOCH 11644473600ll /* seconds from 1601 */

static int failed(const char *call, DWORD number, const char *what, struct postern_error *error)
{
    return error_os(error, POSTERN_E_RUNNER_START, ACCOUNT_STAGE, call, (int64_t)number, "%s", what);
}

/* ---- the stored password ---- */

/* Wide path of a file of the account, in the one directory or the other. */
static int find_path(const char *name, wchar_t *(*in)(const struct setup_windows *, const char *), wchar_t **out,
                     struct postern_error *error)
{
    struct setup_windows windows = {.journal = {.handle = INVALID_HANDLE_VALUE}};
    int status = setup_place_find(&windows, error);
    if (status == 0 && !(*out = in(&windows, name)))
        status = error_memory(error, ACCOUNT_STAGE);
    setup_place_free(&windows);
    return status;
}

static int open_secret(const char *name, HANDLE *out, DWORD *number, struct postern_error *error)
{
    wchar_t *path = NULL;
    int status = find_path(name, setup_place_secret, &path, error);
    if (status != 0)
        return status;
    *out = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, OPEN_EXISTING,
                       FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    *number = *out == INVALID_HANDLE_VALUE ? GetLastError() : ERROR_SUCCESS;
    free(path);
    return 0;
}

static int look(void *context, const char *name, enum account_standing *out, struct postern_error *error)
{
    HANDLE file = INVALID_HANDLE_VALUE;
    DWORD number = ERROR_SUCCESS;
    (void)context;
    int status = open_secret(name, &file, &number, error);
    if (status != 0)
        return status;
    if (number == ERROR_SUCCESS) {
        *out = ACCOUNT_THERE;
        CloseHandle(file);
    } else {
        *out = number == ERROR_FILE_NOT_FOUND || number == ERROR_PATH_NOT_FOUND ? ACCOUNT_ABSENT : ACCOUNT_UNREADABLE;
    }
    return 0;
}

/* A file that is written anew is another one, and has another time: setup puts a new one in its place. */
static int stamp_of(const char *name, uint64_t *out, struct postern_error *error)
{
    BY_HANDLE_FILE_INFORMATION facts;
    HANDLE file = INVALID_HANDLE_VALUE;
    DWORD number = ERROR_SUCCESS;
    int status = open_secret(name, &file, &number, error);
    if (status != 0)
        return status;
    if (number != ERROR_SUCCESS)
        return failed("CreateFileW", number, "the stored password of the account", error);
    if (GetFileInformationByHandle(file, &facts))
        *out = (((uint64_t)facts.ftLastWriteTime.dwHighDateTime << 32) | facts.ftLastWriteTime.dwLowDateTime) ^
               (((uint64_t)facts.nFileIndexLow << 32) | facts.nFileIndexHigh);
    else
        status = failed("GetFileInformationByHandle", GetLastError(), "the stored password of the account", error);
    CloseHandle(file);
    return status;
}

/* ---- whether they can be used ---- */

/* The logon session of the caller is given on to what is started, and services of the system have none. */
static bool is_system(void)
{
    unsigned char sid[SECURITY_MAX_SID_SIZE];
    DWORD size = sizeof(sid);
    BOOL member = FALSE;
    return CreateWellKnownSid(WinLocalSystemSid, NULL, sid, &size) && CheckTokenMembership(NULL, sid, &member) &&
           member;
}

static int check_run(struct postern_error *error)
{
    struct setup_windows windows = {.journal = {.handle = INVALID_HANDLE_VALUE}};
    int status = setup_place_find(&windows, error);
    wchar_t *path = status == 0 ? wide_from_utf8(windows.run) : NULL;
    if (status == 0 && !path)
        status = error_memory(error, ACCOUNT_STAGE);
    if (status == 0 && GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES) {
        status = error_os(error, POSTERN_E_LEVEL, ACCOUNT_STAGE, "GetFileAttributesW", (int64_t)GetLastError(),
                          "the directory of living sandboxes, %s, cannot be used", windows.run);
        error_remedy(error, "run `postern setup` again, as administrator; or use --level restricted");
    }
    free(path);
    setup_place_free(&windows);
    return status;
}

static int usable(void *context, struct postern_error *error)
{
    int status;
    (void)context;
    if (is_system()) {
        status = error_set(error, POSTERN_E_LEVEL, ACCOUNT_STAGE, "CreateProcessWithLogonW",
                           "the system's own account cannot start programs of the sandbox accounts");
        error_remedy(error, "run postern as a user, or as a service with an account of its own");
        return status;
    }
    return check_run(error);
}

static int blocked(void *context, const char *account_sid, struct postern_error *error)
{
    struct postern_error why = {0};
    (void)context;
    if (network_filter_ask(account_sid, &why) == NETWORK_FILTER_HOLDS)
        return 0;
    if (error)
        *error = why;
    return why.code;
}

static char *sid(void *context, const char *name, struct postern_error *error)
{
    char *text = setup_sid_text_of(name);
    (void)context;
    if (!text) {
        error_os(error, POSTERN_E_RUNNER_START, ACCOUNT_STAGE, "LookupAccountNameW", (int64_t)GetLastError(),
                 "the account %s", name);
        error_remedy(error, "run `postern setup` again, as administrator");
    }
    return text;
}

/* ---- the lock, and what is written in it ---- */

static int lock(void *context, const char *name, os_handle *out, struct postern_error *error)
{
    wchar_t *path = NULL;
    (void)context;
    int status = find_path(name, setup_run_state, &path, error);
    if (status != 0)
        return status;
    HANDLE file = CreateFileW(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_ALWAYS,
                              FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    DWORD number = GetLastError();
    free(path);
    if (file != INVALID_HANDLE_VALUE) {
        *out = (os_handle)file;
        return 0;
    }
    if (number == ERROR_SHARING_VIOLATION)
        return error_set(error, POSTERN_E_STATE, ACCOUNT_STAGE, "", "the account %s is in use", name);
    status = error_os(error, POSTERN_E_RUNNER_START, ACCOUNT_STAGE, "CreateFileW", (int64_t)number,
                      "the lock of the account %s", name);
    error_remedy(error, "run `postern setup` again, as administrator");
    return status;
}

static bool rewind_file(HANDLE file)
{
    LARGE_INTEGER start = {.QuadPart = 0};
    return SetFilePointerEx(file, start, NULL, FILE_BEGIN) != FALSE;
}

static int load(void *context, os_handle lock, char text[ACCOUNT_TEXT_MAX], struct postern_error *error)
{
    DWORD got = 0;
    (void)context;
    if (!rewind_file((HANDLE)lock) || !ReadFile((HANDLE)lock, text, ACCOUNT_TEXT_MAX - 1, &got, NULL))
        return failed("ReadFile", GetLastError(), "what is known about the account's logons", error);
    text[got] = '\0';
    return 0;
}

static int store(void *context, os_handle lock, const char *text, struct postern_error *error)
{
    DWORD written = 0, size = (DWORD)strlen(text);
    (void)context;
    if (!rewind_file((HANDLE)lock) || !WriteFile((HANDLE)lock, text, size, &written, NULL) || written != size ||
        !SetEndOfFile((HANDLE)lock))
        return failed("WriteFile", GetLastError(), "what is known about the account's logons", error);
    return 0;
}

/* ---- what the system has counted ---- */

/* Both are told to every user of the machine as a rule; where not, account_state.c counts by itself. */
static bool ask_system(const char *name, struct account_facts *out)
{
    wchar_t *wide = wide_from_utf8(name);
    USER_INFO_3 *user = NULL;
    USER_MODALS_INFO_3 *policy = NULL;
    bool told = wide && NetUserGetInfo(NULL, wide, 3, (LPBYTE *)&user) == NERR_Success && user &&
                NetUserModalsGet(NULL, 3, (LPBYTE *)&policy) == NERR_Success && policy;
    if (told) {
        out->failures = user->usri3_bad_pw_count == (DWORD)-1 ? 0 : user->usri3_bad_pw_count;
        told = user->usri3_bad_pw_count != (DWORD)-1; /* documented for: not known */
        out->locked = (user->usri3_flags & UF_LOCKOUT) != 0;
        out->threshold = policy->usrmod3_lockout_threshold;
    }
    if (user)
        NetApiBufferFree(user);
    if (policy)
        NetApiBufferFree(policy);
    free(wide);
    return told;
}

static int facts(void *context, const char *name, struct account_facts *out, struct postern_error *error)
{
    (void)context;
    out->counted = ask_system(name, out);
    return stamp_of(name, &out->stamp, error);
}

static int64_t now(void *context)
{
    FILETIME time;
    (void)context;
    GetSystemTimeAsFileTime(&time);
    return (int64_t)((((uint64_t)time.dwHighDateTime << 32) | time.dwLowDateTime) / 10000000) - UNIX_EPOCH;
}

/* ---- starting ---- */

struct order_text {
    wchar_t *name, *program, *line, *cwd;
};

static int widen_order(const struct account_order *order, struct order_text *out, struct postern_error *error)
{
    int status = wide_convert(order->name, ACCOUNT_STAGE, "the account's name", &out->name, error);
    if (status == 0)
        status = wide_convert(order->program, ACCOUNT_STAGE, "the runner's path", &out->program, error);
    if (status == 0)
        status = wide_convert(order->line, ACCOUNT_STAGE, "the runner's command line", &out->line, error);
    if (status == 0)
        status = wide_convert(order->cwd, ACCOUNT_STAGE, "the runner's directory", &out->cwd, error);
    return status;
}

static int read_password(const char *name, wchar_t password[SETUP_PASSWORD_SIZE], struct postern_error *error)
{
    struct setup_windows windows = {.journal = {.handle = INVALID_HANDLE_VALUE}};
    int status = setup_place_find(&windows, error);
    if (status == 0)
        status = setup_secret_read(&windows, name, password, error);
    setup_place_free(&windows);
    return status;
}

static int logon(void *context, const struct account_order *order, struct process *out, os_handle *thread,
                 int64_t *os_error, struct postern_error *error)
{
    wchar_t password[SETUP_PASSWORD_SIZE] = L"";
    struct order_text text = {NULL, NULL, NULL, NULL};
    PROCESS_INFORMATION process;
    (void)context;
    int status = widen_order(order, &text, error);
    if (status == 0)
        status = read_password(order->name, password, error);
    if (status == 0) {
        const struct account_call call = {text.name, password, text.program, text.line, text.cwd};
        *os_error = (int64_t)account_logon(&call, &process);
        if (*os_error == 0) {
            *out = (struct process){(os_handle)process.hProcess, process.dwProcessId};
            *thread = (os_handle)process.hThread;
        }
    }
    crypto_wipe(password, sizeof(password));
    free(text.name);
    free(text.program);
    free(text.line);
    free(text.cwd);
    return status;
}

static int resume(void *context, os_handle thread, struct postern_error *error)
{
    (void)context;
    if (ResumeThread((HANDLE)thread) == (DWORD)-1)
        return failed("ResumeThread", GetLastError(), "the runner could not be let run", error);
    return 0;
}

/* ---- its home ---- */

static int home(void *context, const char *sid_text, char **out, struct postern_error *error)
{
    char *text = text_format(PROFILES "%s", sid_text);
    wchar_t *key = text ? wide_from_utf8(text) : NULL, path[MAX_PATH + 1];
    DWORD size = sizeof(path);
    (void)context;
    free(text);
    if (!key)
        return error_memory(error, ACCOUNT_STAGE);
    LSTATUS number = RegGetValueW(HKEY_LOCAL_MACHINE, key, L"ProfileImagePath", RRF_RT_REG_SZ, NULL, path, &size);
    free(key);
    if (number != ERROR_SUCCESS)
        return failed("RegGetValueW", (DWORD)number, "the profile directory of the sandbox account", error);
    *out = wide_to_utf8(path);
    return *out ? 0 : error_memory(error, ACCOUNT_STAGE);
}

/* ---- for everybody ---- */

static const struct account_system this_system = {NULL,  look,  usable, blocked, sid,    lock, load,
                                                  store, facts, now,    logon,   resume, home};

int account_check(bool offline, struct postern_error *error)
{
    return account_check_on(&this_system, offline, error);
}

int account_take(bool offline, struct account **out, struct postern_error *error)
{
    return account_take_on(&this_system, offline, out, error);
}
