/*
 * appcontainer_win32.c - app containers: profiles, and what a process is started with, see appcontainer_win32.h. Both
 * sides.
 */
#include "shared/appcontainer_win32.h"

#include <stdlib.h>
#include <string.h>
#include <sddl.h>

#include "shared/access_win32.h"
#include "shared/attributes_win32.h"
#include "shared/security_win32.h"
#include "shared/wide.h"

#define STAGE "appcontainer"
#define SHOWN L"postern sandbox" /* where the system lists profiles for people */

static int os_failure(struct postern_error *error, const char *operation, const char *what)
{
    return error_os(error, POSTERN_E_CONFINE, STAGE, operation, (int64_t)GetLastError(), "%s", what);
}

/* ---- the system's calls ---- */

/* Looked up: systems without them are to be told so, not to fail loading us. */
typedef HRESULT(WINAPI *create_call)(PCWSTR, PCWSTR, PCWSTR, PSID_AND_ATTRIBUTES, DWORD, PSID *);
typedef HRESULT(WINAPI *delete_call)(PCWSTR);
typedef HRESULT(WINAPI *derive_call)(PCWSTR, PSID *);

struct calls {
    HMODULE library;
    create_call create;
    delete_call remove;
    derive_call derive;
};

static void (*find_call(HMODULE library, const char *name))(void)
{
    return (void (*)(void))GetProcAddress(library, name);
}

static int calls_open(int code, struct calls *out, struct postern_error *error)
{
    *out = (struct calls){.library = LoadLibraryExW(L"userenv.dll", NULL, LOAD_LIBRARY_SEARCH_SYSTEM32)};
    if (out->library == NULL) {
        return error_os(error, code, STAGE, "LoadLibraryExW", (int64_t)GetLastError(), "userenv.dll was not loaded");
    }
    out->create = (create_call)find_call(out->library, "CreateAppContainerProfile");
    out->remove = (delete_call)find_call(out->library, "DeleteAppContainerProfile");
    out->derive = (derive_call)find_call(out->library, "DeriveAppContainerSidFromAppContainerName");
    if (out->create != NULL && out->remove != NULL && out->derive != NULL) {
        return POSTERN_OK;
    }
    FreeLibrary(out->library);
    out->library = NULL;
    error_set(error, code, STAGE, "GetProcAddress", "this system has no app containers");
    error_remedy(error, "ask for the containment \"process\"");
    return code;
}

static void calls_close(struct calls *calls)
{
    if (calls->library != NULL) {
        FreeLibrary(calls->library);
    }
}

/* ---- profiles ---- */

/* What each call on a profile takes. */
struct request {
    struct calls calls;
    wchar_t *name;
};

static int request_open(int code, const char *name, struct request *out, struct postern_error *error)
{
    *out = (struct request){.name = NULL};
    code = calls_open(code, &out->calls, error);
    return code == POSTERN_OK ? wide_convert(name, STAGE, "the name of an app container", &out->name, error) : code;
}

static void request_close(struct request *request)
{
    free(request->name);
    calls_close(&request->calls);
}

/* The SID as text, and the SID freed. */
static int take_sid(PSID sid, char **out, struct postern_error *error)
{
    int code = POSTERN_OK;

    *out = security_sid_text(sid);
    if (*out == NULL) {
        code = os_failure(error, "ConvertSidToStringSidW", "the SID of an app container could not be shown");
    }
    FreeSid(sid);
    return code;
}

int appcontainer_create(const char *name, char **sid, struct postern_error *error)
{
    struct request request;
    PSID made = NULL;
    HRESULT number;
    int code = request_open(POSTERN_E_CONFINE, name, &request, error);

    if (code == POSTERN_OK) {
        /* What a process of it may do is said when it is started: the profile needs no capabilities. */
        number = request.calls.create(request.name, SHOWN, SHOWN, NULL, 0, &made);
        code = SUCCEEDED(number) ? take_sid(made, sid, error)
                                 : error_os(error, POSTERN_E_CONFINE, STAGE, "CreateAppContainerProfile",
                                            (int64_t)number, "the app container %s could not be made", name);
    }
    request_close(&request);
    return code;
}

int appcontainer_find_sid(const char *name, char **sid, struct postern_error *error)
{
    struct request request;
    PSID found = NULL;
    HRESULT number;
    int code = request_open(POSTERN_E_CONFINE, name, &request, error);

    if (code == POSTERN_OK) {
        number = request.calls.derive(request.name, &found);
        code = SUCCEEDED(number)
                   ? take_sid(found, sid, error)
                   : error_os(error, POSTERN_E_CONFINE, STAGE, "DeriveAppContainerSidFromAppContainerName",
                              (int64_t)number, "the SID of the app container %s could not be found out", name);
    }
    request_close(&request);
    return code;
}

int appcontainer_delete(const char *name, struct postern_error *error)
{
    struct request request;
    HRESULT number;
    int code = request_open(POSTERN_E_OS, name, &request, error);

    if (code == POSTERN_OK) {
        number = request.calls.remove(request.name);
        if (FAILED(number)) {
            code = error_os(error, POSTERN_E_OS, STAGE, "DeleteAppContainerProfile", (int64_t)number,
                            "the app container %s could not be removed", name);
        }
    }
    request_close(&request);
    return code;
}

/* ---- what a process is started with ---- */

int appcontainer_place_init(const char *sid, bool network, struct appcontainer_place *out, struct postern_error *error)
{
    /* internetClient, internetClientServer, privateNetworkClientServer */
    static const char *const capabilities[APPCONTAINER_CAPABILITIES] = {"S-1-15-3-1", "S-1-15-3-2", "S-1-15-3-3"};
    int code;

    memset(out, 0, sizeof(*out));
    if (!appcontainer_is_sid(sid)) {
        return error_set(error, POSTERN_E_CONFINE, STAGE, "", "the SID %s is not that of an app container", sid);
    }
    code = security_read_sid(sid, &out->value.AppContainerSid, error);
    for (size_t i = 0; code == POSTERN_OK && network && i < APPCONTAINER_CAPABILITIES; i++) {
        code = security_read_sid(capabilities[i], &out->capability[i].Sid, error);
        out->capability[i].Attributes = SE_GROUP_ENABLED;
        out->value.CapabilityCount = (DWORD)i + 1;
    }
    if (code != POSTERN_OK) {
        appcontainer_place_free(out);
        return code;
    }
    out->value.Capabilities = network ? out->capability : NULL;
    return POSTERN_OK;
}

void appcontainer_place_free(struct appcontainer_place *place)
{
    for (size_t i = 0; i < APPCONTAINER_CAPABILITIES; i++) {
        if (place->capability[i].Sid != NULL) {
            LocalFree(place->capability[i].Sid);
        }
    }
    if (place->value.AppContainerSid != NULL) {
        LocalFree(place->value.AppContainerSid);
    }
    memset(place, 0, sizeof(*place));
}

/* ---- whether there are any ---- */

static int check_attribute(const char *sid, struct postern_error *error)
{
    struct appcontainer_place place = APPCONTAINER_PLACE_NONE;
    struct attributes attributes = {NULL};
    int code = appcontainer_place_init(sid, true, &place, error);

    if (code == POSTERN_OK &&
        !(attributes_init(&attributes, 1) && attributes_add(&attributes, PROC_THREAD_ATTRIBUTE_SECURITY_CAPABILITIES,
                                                            &place.value, sizeof(place.value)))) {
        code = error_os(error, POSTERN_E_LEVEL, STAGE, "UpdateProcThreadAttribute", (int64_t)GetLastError(),
                        "the system starts no processes in app containers");
        error_remedy(error, "ask for the containment \"process\"");
    }
    attributes_free(&attributes);
    appcontainer_place_free(&place);
    return code;
}

int appcontainer_check(struct postern_error *error)
{
    static const char name[] = "postern.check"; /* of no profile: its SID is a hash of it */
    struct calls calls;
    char *sid = NULL;
    int code = calls_open(POSTERN_E_LEVEL, &calls, error);

    if (code == POSTERN_OK) {
        calls_close(&calls);
        code = appcontainer_find_sid(name, &sid, error);
    }
    if (code == POSTERN_OK) {
        code = check_attribute(sid, error);
    }
    if (code != POSTERN_OK && code != POSTERN_E_MEMORY && error != NULL) {
        error->code = POSTERN_E_LEVEL;
    }
    free(sid);
    return code == POSTERN_OK || code == POSTERN_E_MEMORY ? code : POSTERN_E_LEVEL;
}

/* ---- trying one ---- */

#define NO_ENTRY 0
#define TO_READ (FILE_GENERIC_READ | FILE_GENERIC_EXECUTE)

static const struct access_question questions[] = {
    {NO_ENTRY, FILE_READ_DATA, "read", false},
    {NO_ENTRY, FILE_EXECUTE, "execute", false},
    {NO_ENTRY, FILE_WRITE_DATA, "write", false},
    {NO_ENTRY, FILE_APPEND_DATA, "append", false},
    {NO_ENTRY, FILE_WRITE_ATTRIBUTES, "write attributes", false},
    {NO_ENTRY, FILE_DELETE_CHILD, "delete what is in it", false},
    {NO_ENTRY, DELETE, "delete", false},
    {NO_ENTRY, WRITE_DAC, "change who may", false}, /* owners have it without an entry */
    {NO_ENTRY, WRITE_OWNER, "change the owner", false},
    {TO_READ, FILE_READ_DATA, "read with an entry for it", true},
    {TO_READ, FILE_EXECUTE, "execute with an entry for it", true},
    {TO_READ, FILE_WRITE_DATA, "write with an entry to read", false},
    {TO_READ, DELETE, "delete with an entry to read", false},
    {ACCESS_CHANGE, FILE_WRITE_DATA, "write with an entry", true},
    {ACCESS_CHANGE, DELETE, "delete with an entry", true},
    {ACCESS_CHANGE, WRITE_DAC, "change who may with an entry", false},
    {ACCESS_CHANGE, FILE_DELETE_CHILD, "delete what is in it with an entry", false},
};

static int try_files(HANDLE token, const char *sid, struct postern_error *error)
{
    struct buffer wrong;
    int code;

    buffer_init(&wrong, 1024);
    code = access_ask((os_handle)token, sid, questions, sizeof(questions) / sizeof(questions[0]), &wrong, error);
    if (code == POSTERN_OK && buffer_length(&wrong) > 0) {
        code = error_set(error, POSTERN_E_CONFINE, STAGE, "AccessCheck",
                         "in an app container the system lets commands: %.*s", (int)buffer_length(&wrong),
                         (const char *)buffer_data(&wrong));
    }
    buffer_free(&wrong);
    return code;
}

/* ---- who a process is ---- */

static int check_sid(HANDLE token, const char *sid, struct postern_error *error)
{
    TOKEN_APPCONTAINER_INFORMATION *told = security_ask_token(token, TokenAppContainerSid);
    PSID wanted = NULL;
    int code = told != NULL ? security_read_sid(sid, &wanted, error)
                            : os_failure(error, "GetTokenInformation", "a process did not tell its app container");

    if (code == POSTERN_OK && (told->TokenAppContainer == NULL || !EqualSid(told->TokenAppContainer, wanted))) {
        code =
            error_set(error, POSTERN_E_CONFINE, STAGE, "", "a process is not in the app container it was started in");
    }
    if (wanted != NULL) {
        LocalFree(wanted);
    }
    free(told);
    return code;
}

static int check_capabilities(HANDLE token, bool network, struct postern_error *error)
{
    TOKEN_GROUPS *told = security_ask_token(token, TokenCapabilities);
    DWORD wanted = network ? APPCONTAINER_CAPABILITIES : 0;
    int code = POSTERN_OK;

    if (told == NULL) {
        code = os_failure(error, "GetTokenInformation", "a process did not tell its capabilities");
    } else if (told->GroupCount != wanted) {
        code = error_set(error, POSTERN_E_CONFINE, STAGE, "",
                         "a process in an app container has %lu capabilities, not %lu", (unsigned long)told->GroupCount,
                         (unsigned long)wanted);
    }
    free(told);
    return code;
}

int appcontainer_try(os_handle process, const char *sid, bool network, struct postern_error *error)
{
    HANDLE token = NULL;
    int code;

    if (!OpenProcessToken((HANDLE)process, TOKEN_QUERY | TOKEN_DUPLICATE, &token)) {
        return os_failure(error, "OpenProcessToken", "the token of a process in an app container could not be opened");
    }
    code = check_sid(token, sid, error);
    if (code == POSTERN_OK) {
        code = check_capabilities(token, network, error);
    }
    if (code == POSTERN_OK) {
        code = try_files(token, sid, error);
    }
    CloseHandle(token);
    return code;
}
