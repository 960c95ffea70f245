/*
 * probe_host_win32.c - firewall, console, session and aliases of a Windows host, see probe_win32.h. Parent.
 */
#include "elevated/probe_win32.h"

#include <stdlib.h>
#include <string.h>

#include "elevated/setup_win32.h"
#include "shared/find_windows.h"
#include "shared/process_win32.h"
#include "shared/security_win32.h"
#include "shared/station_win32.h"
#include "shared/system.h"
#include "shared/text.h"
#include "shared/wide.h"

#define STAGE "probe"

typedef LONG WINAPI get_version_fn(OSVERSIONINFOW *information);

static FARPROC find(const wchar_t *module, const char *name)
{
    HMODULE handle = GetModuleHandleW(module);
    return handle ? GetProcAddress(handle, name) : NULL;
}

/* GetVersionEx() tells programs what they are thought to expect. */
void probe_find_release(uint32_t *major, uint32_t *minor, uint32_t *build)
{
    OSVERSIONINFOW information = {.dwOSVersionInfoSize = sizeof(information)};
    get_version_fn *get_version = (get_version_fn *)(void (*)(void))find(L"ntdll.dll", "RtlGetVersion");
    bool known = get_version && get_version(&information) == 0;
    *major = known ? information.dwMajorVersion : 0;
    *minor = known ? information.dwMinorVersion : 0;
    *build = known ? information.dwBuildNumber : 0;
}

/* ---- firewall ---- */

void probe_find_firewall(unsigned accounts, struct probe_firewall *out)
{
    struct setup_item item = {.kind = SETUP_RULE, .accounts = accounts};
    struct setup_state state = {.standing = SETUP_ABSENT};
    struct setup_firewall found;
    *out = (struct probe_firewall){.rule_found = false};
    if (setup_firewall_read(&found, &out->failure) != 0 || setup_rule_find(NULL, &item, &state, &out->failure) != 0)
        return;
    for (size_t i = 0; i < PROBE_PROFILES; i++) {
        out->on[i] = found.on[i];
        out->active[i] = found.active[i];
    }
    out->overridden = found.overridden;
    out->blocks_inbound = found.blocks_inbound;
    out->rule_found = state.standing != SETUP_ABSENT;
    text_copy(out->rule_problem, sizeof(out->rule_problem), state.text);
}

void probe_find_filters(unsigned accounts, struct probe_filters *out)
{
    struct setup_item item = {.kind = SETUP_FILTER, .accounts = accounts};
    struct setup_state state = {.standing = SETUP_ABSENT};
    *out = (struct probe_filters){.there = false};
    if (setup_filter_find(NULL, &item, &state, &out->failure) != 0)
        return;
    out->there = state.standing != SETUP_ABSENT;
    text_copy(out->problem, sizeof(out->problem), state.text);
}

/* ---- console ---- */

void probe_find_console(struct probe_console *out)
{
    uint32_t major, minor;
    *out = (struct probe_console){.create = find(L"kernel32.dll", "CreatePseudoConsole") != NULL,
                                  .resize = find(L"kernel32.dll", "ResizePseudoConsole") != NULL,
                                  .release = find(L"kernel32.dll", "ReleasePseudoConsole") != NULL};
    probe_find_release(&major, &minor, &out->build);
}

/* ---- session ---- */

static bool copy_name(HANDLE object, char *out, size_t size)
{
    char *name = station_object_name(object);
    bool known = name && text_copy(out, size, name);
    free(name);
    return known;
}

void probe_find_station(struct probe_station *out)
{
    USEROBJECTFLAGS flags = {.dwFlags = 0};
    DWORD session = 0, needed = 0;
    HWINSTA station = GetProcessWindowStation();
    HDESK desktop = GetThreadDesktop(GetCurrentThreadId()); /* both are borrowed */
    *out = (struct probe_station){.visible = false};
    if (!copy_name(station, out->name, sizeof(out->name)) || !copy_name(desktop, out->desktop, sizeof(out->desktop)) ||
        !GetUserObjectInformationW(station, UOI_FLAGS, &flags, sizeof(flags), &needed)) {
        error_os(&out->failure, POSTERN_E_OS, STAGE, "GetUserObjectInformationW", (int64_t)GetLastError(),
                 "the window station of this process");
        return;
    }
    out->visible = (flags.dwFlags & WSF_VISIBLE) != 0;
    if (ProcessIdToSessionId(GetCurrentProcessId(), &session))
        out->session = session;
    char *user = security_own_sid();
    out->system = user && strcmp(user, SID_SYSTEM) == 0;
    free(user);
}

/* ---- aliases ---- */

static bool is_known(const struct probe_aliases *aliases, const char *name)
{
    for (size_t i = 0; i < aliases->count; i++)
        if (_stricmp(aliases->item[i].name, name) == 0)
            return true;
    return false;
}

/* One file of a directory for aliases; *out takes it only if a shell would start it. */
static bool add_alias(const wchar_t *file, const char *path, struct probe_aliases *out)
{
    struct probe_alias *alias = &out->item[out->count];
    char *name = wide_to_utf8(file), *cwd = system_current_directory();
    bool whole = true;
    if (name && !is_known(out, name)) {
        *alias = (struct probe_alias){.name = NULL};
        whole = process_find_apps(name, path, NULL, cwd, &alias->alias, &alias->program);
        if (alias->alias) {
            alias->name = text_duplicate(name);
            whole = whole && alias->name;
            out->count++;
        } else {
            free(alias->program);
        }
    }
    free(cwd);
    free(name);
    return whole;
}

static bool add_directory(const char *directory, const char *path, struct probe_aliases *out)
{
    WIN32_FIND_DATAW entry;
    char *pattern = text_format("%s\\*.exe", directory);
    wchar_t *wide = pattern ? wide_from_utf8(pattern) : NULL;
    bool whole = pattern != NULL;
    HANDLE search = wide ? FindFirstFileW(wide, &entry) : INVALID_HANDLE_VALUE;
    while (whole && search != INVALID_HANDLE_VALUE && out->count < PROBE_ALIASES_MAX) {
        whole = add_alias(entry.cFileName, path, out);
        if (!FindNextFileW(search, &entry))
            break;
    }
    if (search != INVALID_HANDLE_VALUE)
        FindClose(search);
    free(wide);
    free(pattern);
    return whole;
}

bool probe_find_aliases(struct probe_aliases *out)
{
    wchar_t *wide = wide_variable(L"PATH");
    char *path = wide ? wide_to_utf8(wide) : NULL, *cwd = system_current_directory();
    const struct find_query query = {.path = path, .cwd = cwd};
    struct strings directories = {0};
    out->count = 0;
    bool whole = find_windows_app_directories(&query, &directories);
    for (size_t i = 0; i < directories.count && whole; i++)
        whole = add_directory(directories.item[i], path, out);
    strings_free(&directories);
    free(cwd);
    free(path);
    free(wide);
    return whole;
}
