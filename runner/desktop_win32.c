/*
 * desktop_win32.c - making a desktop that is not the user's, see desktop_win32.h. Runs in the runner.
 */
#include "runner/desktop_win32.h"

#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "shared/appcontainer.h"
#include "shared/crypto.h"
#include "shared/security_win32.h"
#include "shared/station_win32.h"
#include "shared/text.h"
#include "shared/wide.h"

#define STAGE "desktop"

/* All that is specific to these objects, but nothing that changes who may use them. */
#define STATION_RIGHTS (WINSTA_ALL_ACCESS | READ_CONTROL)
#define DESKTOP_RIGHTS                                                                                                 \
    (DESKTOP_READOBJECTS | DESKTOP_CREATEWINDOW | DESKTOP_CREATEMENU | DESKTOP_HOOKCONTROL | DESKTOP_JOURNALRECORD |   \
     DESKTOP_JOURNALPLAYBACK | DESKTOP_ENUMERATE | DESKTOP_WRITEOBJECTS | DESKTOP_SWITCHDESKTOP | READ_CONTROL)
/* What we need of the station ourselves. It may be there already, with a list that grants us no more. */
#define OWN_STATION_RIGHTS (WINSTA_READATTRIBUTES | WINSTA_CREATEDESKTOP | READ_CONTROL | WRITE_DAC)

struct desktop {
    HWINSTA station;
    HDESK desktop;
    char *name;
};

static int os_failure(struct postern_error *error, const char *operation, const char *what)
{
    return error_os(error, POSTERN_E_CONFINE, STAGE, operation, (int64_t)GetLastError(), "%s", what);
}

/* ---- names ---- */

static char *join(HWINSTA station, HDESK desktop)
{
    char *first = station_object_name(station), *second = station_object_name(desktop);
    char *name = first != NULL && second != NULL ? text_format("%s\\%s", first, second) : NULL;

    free(first);
    free(second);
    return name;
}

char *desktop_here(void)
{
    /* Neither of the two is ours to close. */
    return join(GetProcessWindowStation(), GetThreadDesktop(GetCurrentThreadId()));
}

char *desktop_station(const char *name)
{
    return text_format("%.*s", (int)strcspn(name, "\\"), name);
}

/* ---- who may ---- */

/* "user, system, who" with these rights for the last of them. */
static int describe(const char *user, const char *who, DWORD rights, SECURITY_ATTRIBUTES *out,
                    struct postern_error *error)
{
    const struct sddl_ace list[] = {
        {.mask = GENERIC_ALL, .sid = user}, {.mask = GENERIC_ALL, .sid = SID_SYSTEM}, {.mask = rights, .sid = who}};

    *out = (SECURITY_ATTRIBUTES){.nLength = sizeof(*out)};
    return security_describe(list, sizeof(list) / sizeof(list[0]), &out->lpSecurityDescriptor, error);
}

/* ---- making them ---- */

/* Allocated. */
static int make_name(wchar_t **out, struct postern_error *error)
{
    char digits[33], *name;

    if (!crypto_random_name(digits)) {
        return error_set(error, POSTERN_E_OS, STAGE, "BCryptGenRandom", "the system gave no random numbers");
    }
    name = text_format("postern-%s", digits);
    *out = name != NULL ? wide_from_utf8(name) : NULL;
    free(name);
    return *out != NULL ? POSTERN_OK : error_memory(error, STAGE);
}

/* One without a name can't be told to CreateProcess: such a system gets a name from us. */
static int create_station(SECURITY_ATTRIBUTES *attributes, HWINSTA *out, struct postern_error *error)
{
    wchar_t *own = NULL;
    char *name = NULL;
    int code = POSTERN_OK;

    *out = CreateWindowStationW(NULL, 0, OWN_STATION_RIGHTS, attributes);
    if (*out != NULL) {
        name = station_object_name(*out);
    }
    if (name != NULL && name[0] == '\0') {
        CloseWindowStation(*out);
        *out = NULL;
        code = make_name(&own, error);
        if (code == POSTERN_OK) {
            *out = CreateWindowStationW(own, 0, OWN_STATION_RIGHTS, attributes);
        }
    }
    if (code == POSTERN_OK && *out == NULL) {
        code = os_failure(error, "CreateWindowStationW", "a window station for the commands could not be made");
    }
    free(own);
    free(name);
    return code;
}

/* The entries stay on a station that sandboxes share: so they are not for the one SID. */
static int make_station(struct desktop *desktop, const char *user, const char *sid, struct postern_error *error)
{
    const char *who = appcontainer_is_sid(sid) ? SID_APP_PACKAGES : SID_COMMANDS;
    SECURITY_ATTRIBUTES attributes;
    int code = describe(user, who, STATION_RIGHTS, &attributes, error);

    if (code == POSTERN_OK) {
        code = create_station(&attributes, &desktop->station, error);
        security_free(&attributes);
    }
    /* It may have been there before, made by another program of the session; then it has another list. */
    if (code == POSTERN_OK) {
        code = security_admit(desktop->station, user, STATION_RIGHTS, error);
    }
    if (code == POSTERN_OK) {
        code = security_admit(desktop->station, who, STATION_RIGHTS, error);
    }
    return code;
}

/* Desktops are made on the window station of the process, so that one has to change for the call. */
static int make_desktop(struct desktop *desktop, const char *user, const char *sid, struct postern_error *error)
{
    HWINSTA before = GetProcessWindowStation();
    SECURITY_ATTRIBUTES attributes;
    wchar_t *name = NULL;
    int code = make_name(&name, error);

    if (code == POSTERN_OK) {
        code = describe(user, sid, DESKTOP_RIGHTS, &attributes, error);
    }
    if (code != POSTERN_OK) {
        free(name);
        return code;
    }
    if (before == NULL || !SetProcessWindowStation(desktop->station)) {
        code = os_failure(error, "SetProcessWindowStation", "the commands' window station could not be entered");
    } else {
        desktop->desktop = CreateDesktopW(name, NULL, NULL, 0, DESKTOP_RIGHTS, &attributes);
        if (desktop->desktop == NULL) {
            code = os_failure(error, "CreateDesktopW", "a desktop for the commands could not be made");
        }
        if (!SetProcessWindowStation(before) && code == POSTERN_OK) {
            code = os_failure(error, "SetProcessWindowStation", "the runner's own window station could not be entered");
        }
    }
    security_free(&attributes);
    free(name);
    return code;
}

int desktop_open(const char *sid, struct desktop **out, struct postern_error *error)
{
    struct desktop *desktop = calloc(1, sizeof(*desktop));
    char *user = security_own_sid();
    int code = POSTERN_OK;

    if (desktop == NULL) {
        code = error_memory(error, STAGE);
    } else if (user == NULL) {
        code = os_failure(error, "GetTokenInformation", "our own user could not be found out");
    }
    if (code == POSTERN_OK) {
        code = make_station(desktop, user, sid, error);
    }
    if (code == POSTERN_OK) {
        code = make_desktop(desktop, user, sid, error);
    }
    if (code == POSTERN_OK) {
        desktop->name = join(desktop->station, desktop->desktop);
        if (desktop->name == NULL) {
            code = os_failure(error, "GetUserObjectInformationW", "the name of the commands' desktop is not known");
        }
    }
    free(user);
    if (code != POSTERN_OK) {
        desktop_close(desktop);
        return code;
    }
    *out = desktop;
    return POSTERN_OK;
}

const char *desktop_name(const struct desktop *desktop)
{
    return desktop->name;
}

void desktop_close(struct desktop *desktop)
{
    if (desktop == NULL) {
        return;
    }
    if (desktop->desktop != NULL) {
        CloseDesktop(desktop->desktop);
    }
    if (desktop->station != NULL) {
        CloseWindowStation(desktop->station);
    }
    free(desktop->name);
    free(desktop);
}

/* ---- from the other side ---- */

bool desktop_reaches(const char *station)
{
    static const DWORD rights[] = {WINSTA_ACCESSCLIPBOARD, WINSTA_ACCESSGLOBALATOMS, WINSTA_CREATEDESKTOP,
                                   WINSTA_ENUMDESKTOPS,    WINSTA_ENUMERATE,         WINSTA_EXITWINDOWS,
                                   WINSTA_READATTRIBUTES,  WINSTA_READSCREEN,        WINSTA_WRITEATTRIBUTES};
    wchar_t *name = wide_from_utf8(station);
    bool reached = name == NULL; /* not asked: as good as reached */

    /* Each by itself: asked for together the first that is missing would hide the others. The station is there, so
     * whatever fails but for want of the right has not answered the question. */
    for (size_t i = 0; !reached && i < sizeof(rights) / sizeof(rights[0]); i++) {
        HWINSTA opened = OpenWindowStationW(name, FALSE, rights[i]);

        reached = opened != NULL || GetLastError() != ERROR_ACCESS_DENIED;
        if (opened != NULL) {
            CloseWindowStation(opened);
        }
    }
    free(name);
    return reached;
}
