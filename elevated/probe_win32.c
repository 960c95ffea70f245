/*
 * probe_win32.c - Windows and helpers, as postern_probe() tells them; see probe.h. Parent.
 */
#include "elevated/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#include "elevated/launch_parts_win32.h"
#include "elevated/probe_win32.h"
#include "shared/error.h"
#include "shared/text.h"
#include "shared/wide.h"
#include "shared/wine_win32.h"

/* "10.0.19045" */
static void describe_release(char *text, size_t size)
{
    uint32_t major, minor, build;
    probe_find_release(&major, &minor, &build);
    if (major > 0)
        snprintf(text, size, "%u.%u.%u", (unsigned)major, (unsigned)minor, (unsigned)build);
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
    struct postern_error why = {0};
    json_t *object = json_object();
    int status = launch_check_token(&why);
    if (!probe_put(object, "holds", json_boolean(status == 0)) ||
        !probe_put(object, "message", probe_text(why.message))) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static bool put_console(json_t *object)
{
    struct probe_console console;
    probe_find_console(&console);
    return probe_put(object, "conpty", probe_describe_console(&console));
}

static bool put_station(json_t *object)
{
    struct probe_station station;
    probe_find_station(&station);
    return probe_put(object, "window_station", probe_describe_station(&station));
}

static bool put_setup(json_t *object)
{
    struct probe_setup *setup = calloc(1, sizeof(*setup));
    struct probe_firewall firewall;
    struct probe_filters filters;
    unsigned offline = 0;
    if (!setup)
        return false;
    probe_find_setup(setup);
    for (size_t i = 0; i < setup->count; i++)
        offline += !setup->account[i].online;
    probe_find_firewall(offline, &firewall);
    probe_find_filters(offline, &filters);
    bool fits = probe_put(object, "setup", probe_describe_setup(setup)) &&
                probe_put(object, "network_filters", probe_describe_filters(&filters)) &&
                probe_put(object, "firewall", probe_describe_firewall(&firewall));
    free(setup);
    return fits;
}

static bool put_aliases(json_t *object)
{
    struct probe_aliases *aliases = calloc(1, sizeof(*aliases));
    bool fits = aliases && probe_find_aliases(aliases) && probe_put(object, "aliases", probe_describe_aliases(aliases));
    if (aliases)
        probe_aliases_free(aliases);
    free(aliases);
    return fits;
}

json_t *probe_system(void)
{
    char release[64];
    json_t *object = json_object();
    describe_release(release, sizeof(release));
    bool fits = probe_put(object, "name", json_string("Windows")) &&
                probe_put(object, "release", json_string(release)) &&
                probe_put(object, "machine", json_string(machine_name())) &&
                probe_put(object, "wine", json_boolean(wine_is_here())) &&
                probe_put(object, "restricted_token", describe_restricted_token()) && put_console(object) &&
                put_station(object) && put_setup(object) && put_aliases(object);
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
