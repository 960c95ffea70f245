/*
 * launch_user_win32.c - who the sandbox user is, see launch_user_win32.h. Runs in the parent.
 */
#include "elevated/launch_user_win32.h"

#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>
#include <userenv.h>

#include "shared/environment.h"
#include "shared/text.h"
#include "shared/wide.h"

#define STAGE "launch"
#define NAME_UNITS 257u /* UNLEN + 1 */

/* Of the machine, not of a user, or derived from the user without telling more than the name: without some of these
 * Windows programs can't even load their libraries (SystemRoot) or find the folders they were installed to. */
static const char *const system_variables[] = {
    "SystemRoot",
    "SystemDrive",
    "windir",
    "ComSpec",
    "PATHEXT",
    "OS",
    "NUMBER_OF_PROCESSORS",
    "PROCESSOR_ARCHITECTURE",
    "ProgramData",
    "ALLUSERSPROFILE",
    "ProgramFiles",
    "ProgramFiles(x86)",
    "ProgramW6432",
    "CommonProgramFiles",
    "CommonProgramFiles(x86)",
    "CommonProgramW6432",
    "PUBLIC",
    "COMPUTERNAME",
};

static char *user_name(void)
{
    wchar_t name[NAME_UNITS];
    DWORD size = NAME_UNITS;

    return GetUserNameW(name, &size) ? wide_to_utf8(name) : NULL;
}

static char *profile_directory(void)
{
    wchar_t path[MAX_PATH + 1];
    DWORD size = MAX_PATH + 1;
    HANDLE token = NULL;
    char *out = NULL;

    if (OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token)) {
        if (GetUserProfileDirectoryW(token, path, &size)) {
            out = wide_to_utf8(path);
        }
        CloseHandle(token);
    }
    return out;
}

static char *without_separator(const wchar_t *path)
{
    char *out = wide_to_utf8(path);
    size_t length = out == NULL ? 0 : strlen(out);

    /* "C:\" keeps its own. */
    if (length > 3 && out[length - 1] == '\\') {
        out[length - 1] = '\0';
    }
    return out;
}

static char *temp_directory(void)
{
    wchar_t path[MAX_PATH + 2];
    DWORD length = GetTempPathW(MAX_PATH + 2, path);

    return length > 0 && length < MAX_PATH + 2 ? without_separator(path) : NULL;
}

static char *system_directory(void)
{
    wchar_t path[MAX_PATH + 1];
    UINT length = GetSystemDirectoryW(path, MAX_PATH + 1);

    return length > 0 && length <= MAX_PATH ? wide_to_utf8(path) : NULL;
}

static char *windows_directory(void)
{
    wchar_t path[MAX_PATH + 1];
    UINT length = GetSystemWindowsDirectoryW(path, MAX_PATH + 1);

    return length > 0 && length <= MAX_PATH ? wide_to_utf8(path) : NULL;
}

static int missing(struct postern_error *error, const char *operation, const char *what)
{
    return error_os(error, POSTERN_E_OS, STAGE, operation, (int64_t)GetLastError(), "%s could not be found out", what);
}

/* ---- what is the machine's ---- */

static bool take_machine(const struct strings *all, struct strings *out)
{
    bool ok = true;

    for (size_t i = 0; ok && i < sizeof(system_variables) / sizeof(system_variables[0]); i++) {
        const char *value = environment_get(all, system_variables[i], true);

        if (value != NULL) {
            ok = environment_set(out, system_variables[i], value, true);
        }
    }
    return ok;
}

static bool take_block(const wchar_t *block, struct strings *out)
{
    bool ok = true;

    for (; ok && *block != L'\0'; block += wcslen(block) + 1) {
        ok = strings_add_owned(out, wide_to_utf8(block));
    }
    return ok;
}

/* Those of the system, and of no user. */
static int machine_environment(struct strings *out, struct postern_error *error)
{
    LPVOID block = NULL;
    bool ok;

    if (!CreateEnvironmentBlock(&block, NULL, FALSE)) {
        return error_os(error, POSTERN_E_OS, STAGE, "CreateEnvironmentBlock", (int64_t)GetLastError(),
                        "the environment of the machine could not be found out");
    }
    ok = take_block(block, out);
    DestroyEnvironmentBlock(block);
    return ok ? POSTERN_OK : error_memory(error, STAGE);
}

/* ---- who it is ---- */

static int find_machine(struct launch_user *out, struct postern_error *error)
{
    struct strings ours = {0};
    bool ok = environment_of_process(&ours) && take_machine(&ours, &out->machine);

    strings_free(&ours);
    return ok ? POSTERN_OK : error_memory(error, STAGE);
}

static int find_all(const char *workspace, struct launch_user *out, struct postern_error *error)
{
    char *windows = NULL;

    if ((out->name = user_name()) == NULL) {
        return missing(error, "GetUserNameW", "the user's name");
    }
    if ((out->home = profile_directory()) == NULL) {
        return missing(error, "GetUserProfileDirectoryW", "the user's profile directory");
    }
    if ((out->temp = temp_directory()) == NULL) {
        return missing(error, "GetTempPathW", "the directory for temporary files");
    }
    if ((out->system_directory = system_directory()) == NULL || (windows = windows_directory()) == NULL) {
        return missing(error, "GetSystemDirectoryW", "the system's directory");
    }
    /* The root of the system's drive, as "/" elsewhere. */
    out->directory = text_duplicate(workspace != NULL ? workspace : windows);
    if (out->directory != NULL && workspace == NULL && strlen(out->directory) > 3) {
        out->directory[3] = '\0';
    }
    out->path = text_format("%s;%s;%s\\Wbem;%s\\WindowsPowerShell\\v1.0", out->system_directory, windows,
                            out->system_directory, out->system_directory);
    free(windows);
    return out->directory != NULL && out->path != NULL ? POSTERN_OK : error_memory(error, STAGE);
}

int launch_user_find(const char *workspace, struct launch_user *out, struct postern_error *error)
{
    int code;

    memset(out, 0, sizeof(*out));
    code = find_all(workspace, out, error);
    if (code == POSTERN_OK) {
        code = find_machine(out, error);
    }
    if (code != POSTERN_OK) {
        launch_user_free(out);
    }
    return code;
}

static bool replace(char **field, const char *text)
{
    char *copy = text_duplicate(text);

    if (copy == NULL) {
        return false;
    }
    free(*field);
    *field = copy;
    return true;
}

bool launch_user_set_temp(struct launch_user *user, const char *temp)
{
    return replace(&user->temp, temp);
}

int launch_user_become(struct launch_user *user, const char *name, const char *home, struct postern_error *error)
{
    struct strings all = {0};
    const char *path;
    int code = machine_environment(&all, error);

    strings_free(&user->machine);
    if (code == POSTERN_OK) {
        path = environment_get(&all, "PATH", true);
        if (!replace(&user->name, name) || !replace(&user->home, home) ||
            (path != NULL && !replace(&user->path, path)) || !take_machine(&all, &user->machine)) {
            code = error_memory(error, STAGE);
        }
    }
    strings_free(&all);
    return code;
}

void launch_user_free(struct launch_user *user)
{
    strings_free(&user->machine);
    free(user->name);
    free(user->home);
    free(user->temp);
    free(user->directory);
    free(user->path);
    free(user->system_directory);
    memset(user, 0, sizeof(*user));
}

/* "C:" and "\Users\name", for the programs that still put the two together. */
static bool put_home(const char *home, struct strings *environment)
{
    char drive[3] = {0};
    bool has_drive = strlen(home) > 2 && home[1] == ':';

    memcpy(drive, home, has_drive ? 2 : 0);
    return environment_set(environment, "USERPROFILE", home, true) &&
           (!has_drive || (environment_set(environment, "HOMEDRIVE", drive, true) &&
                           environment_set(environment, "HOMEPATH", home + 2, true)));
}

static bool put_below_home(const char *home, const char *name, const char *below, struct strings *environment)
{
    char *path = text_format("%s\\%s", home, below);
    bool ok = path != NULL && environment_set(environment, name, path, true);

    free(path);
    return ok;
}

bool launch_user_put(const struct launch_user *user, struct strings *environment)
{
    return take_machine(&user->machine, environment) && put_home(user->home, environment) &&
           put_below_home(user->home, "APPDATA", "AppData\\Roaming", environment) &&
           put_below_home(user->home, "LOCALAPPDATA", "AppData\\Local", environment) &&
           environment_set(environment, "USERNAME", user->name, true) &&
           environment_set(environment, "TEMP", user->temp, true) &&
           environment_set(environment, "TMP", user->temp, true);
}

bool launch_user_runner_environment(const struct launch_user *user, struct strings *environment)
{
    return launch_user_put(user, environment) && environment_set(environment, "PATH", user->path, true);
}
