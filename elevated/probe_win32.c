/*
 * probe_win32.c - Windows and helpers, as postern_probe() tells them; see probe.h. Parent.
 */
#include "elevated/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#include "shared/token_win32.h"
#include "shared/error.h"
#include "shared/text.h"
#include "shared/wide.h"

typedef LONG WINAPI get_version_fn(OSVERSIONINFOW *information);

static FARPROC find(const wchar_t *module, const char *name)
{
    HMODULE handle = GetModuleHandleW(module);
    return handle ? GetProcAddress(handle, name) : NULL;
}

/* "10.0.19045"; GetVersionEx() tells programs what they are thought to expect. */
static void describe_release(char *text, size_t size)
{
    OSVERSIONINFOW information = {.dwOSVersionInfoSize = sizeof(information)};
    get_version_fn *get_version = (get_version_fn *)(void (*)(void))find(L"ntdll.dll", "RtlGetVersion");
    if (get_version && get_version(&information) == 0)
        snprintf(text, size, "%lu.%lu.%lu", (unsigned long)information.dwMajorVersion,
                 (unsigned long)information.dwMinorVersion, (unsigned long)information.dwBuildNumber);
    else
        snprintf(text, size, "unknown");
}

static const char *machine_name(void)
{
    SYSTEM_INFO information;
    GetNativeSystemInfo(&information);
    switch (information.wProcessorArchitecture) {
    case PROCESSOR_ARCHITECTURE_AMD64:
        return "x86_64";
    case PROCESSOR_ARCHITECTURE_INTEL:
        return "x86";
    default:
        return information.wProcessorArchitecture == 12 ? "arm64" : "unknown"; /* older headers do not name it */
    }
}

/* {"holds", "message"}: level restricted will stand on it, and only the system can tell. */
static json_t *describe_restricted_token(void)
{
    char sid[TOKEN_SID_SIZE];
    struct postern_error why = {0};
    os_handle token = OS_HANDLE_NONE;
    json_t *object = json_object();
    int status = token_make_sid(sid, &why);
    if (status == 0)
        status = token_restrict(sid, TOKEN_LOGON_LEFT, &token, &why);
    if (status == 0)
        status = token_try(token, sid, &why);
    handle_close(&token);
    if (!probe_put(object, "holds", json_boolean(status == 0)) ||
        !probe_put(object, "message", probe_text(why.message))) {
        json_decref(object);
        return NULL;
    }
    return object;
}

json_t *probe_system(void)
{
    char release[64];
    json_t *object = json_object();
    describe_release(release, sizeof(release));
    bool fits = probe_put(object, "name", json_string("Windows")) &&
                probe_put(object, "release", json_string(release)) &&
                probe_put(object, "machine", json_string(machine_name())) &&
                probe_put(object, "conpty", json_boolean(find(L"kernel32.dll", "CreatePseudoConsole") != NULL)) &&
                probe_put(object, "wine", json_boolean(find(L"ntdll.dll", "wine_get_version") != NULL)) &&
                probe_put(object, "restricted_token", describe_restricted_token());
    if (!fits) {
        json_decref(object);
        return NULL;
    }
    return object;
}

json_t *probe_helpers(const char *libexec)
{
    json_t *array = json_array();
    struct postern_error why = {0};
    char *path = text_format("%s\\postern-runner.exe", libexec);
    wchar_t *wide = path ? wide_from_utf8(path) : NULL;
    if (wide && GetFileAttributesW(wide) == INVALID_FILE_ATTRIBUTES) {
        error_os(&why, POSTERN_E_RUNNER_MISSING, "launch", "GetFileAttributesW", (int64_t)GetLastError(),
                 "the helper %s", path);
        error_remedy(&why, "reinstall postern, or set POSTERN_LIBEXEC to the directory of its helpers");
    }
    if (!wide || !probe_add_helper(array, "postern-runner.exe", path, &why)) {
        json_decref(array);
        array = NULL;
    }
    free(wide);
    free(path);
    return array;
}
