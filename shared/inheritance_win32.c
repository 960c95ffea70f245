/*
 * inheritance_win32.c - the handles a new process gets, see inheritance_win32.h. Both sides.
 */
#include "shared/inheritance_win32.h"

#include <stdlib.h>

#define STAGE "spawn"

static int os_failure(struct postern_error *error, const char *operation, const char *what)
{
    return error_os(error, POSTERN_E_OS, STAGE, operation, (int64_t)GetLastError(), "%s", what);
}

static HANDLE inheritable_copy(os_handle handle)
{
    HANDLE copy = INVALID_HANDLE_VALUE;

    if (handle == OS_HANDLE_NONE) {
        SECURITY_ATTRIBUTES inherit = {.nLength = sizeof(inherit), .bInheritHandle = TRUE};

        return CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, &inherit,
                           OPEN_EXISTING, 0, NULL);
    }
    if (!DuplicateHandle(GetCurrentProcess(), (HANDLE)handle, GetCurrentProcess(), &copy, 0, TRUE,
                         DUPLICATE_SAME_ACCESS)) {
        return INVALID_HANDLE_VALUE;
    }
    return copy;
}

static int make_standard(const struct process_spec *spec, struct inheritance *out, struct postern_error *error)
{
    const os_handle given[3] = {spec->in, spec->out, spec->err};

    for (size_t i = 0; i < 3; i++) {
        out->standard[i] = inheritable_copy(given[i]);
        if (out->standard[i] == INVALID_HANDLE_VALUE) {
            return os_failure(error, given[i] == OS_HANDLE_NONE ? "CreateFileW" : "DuplicateHandle",
                              "a standard handle could not be prepared");
        }
        out->item[out->count++] = out->standard[i];
    }
    return POSTERN_OK;
}

/* The system refuses a list that names a handle twice. */
static bool is_listed(const struct inheritance *list, HANDLE handle)
{
    for (DWORD i = 0; i < list->count; i++) {
        if (list->item[i] == handle) {
            return true;
        }
    }
    return false;
}

int inheritance_make(const struct process_spec *spec, struct inheritance *out, struct postern_error *error)
{
    out->item = calloc(spec->pass_count + 3, sizeof(HANDLE));
    out->pass_flags = calloc(spec->pass_count + 1, sizeof(DWORD));
    if (out->item == NULL || out->pass_flags == NULL) {
        return error_memory(error, STAGE);
    }
    if (spec->terminal == OS_HANDLE_NONE) {
        int code = make_standard(spec, out, error);

        if (code != POSTERN_OK) {
            return code;
        }
    }
    for (size_t i = 0; i < spec->pass_count; i++) {
        HANDLE handle = (HANDLE)spec->pass[i];

        if (!GetHandleInformation(handle, &out->pass_flags[i]) ||
            !SetHandleInformation(handle, HANDLE_FLAG_INHERIT, HANDLE_FLAG_INHERIT)) {
            return os_failure(error, "SetHandleInformation", "a handle could not be passed on");
        }
        out->pass_changed = i + 1;
        if (!is_listed(out, handle)) {
            out->item[out->count++] = handle;
        }
    }
    return POSTERN_OK;
}

void inheritance_free(const struct process_spec *spec, struct inheritance *list)
{
    for (size_t i = 0; i < list->pass_changed; i++) {
        SetHandleInformation((HANDLE)spec->pass[i], HANDLE_FLAG_INHERIT, list->pass_flags[i] & HANDLE_FLAG_INHERIT);
    }
    for (size_t i = 0; i < 3; i++) {
        if (list->standard[i] != NULL && list->standard[i] != INVALID_HANDLE_VALUE) {
            CloseHandle(list->standard[i]);
        }
    }
    free(list->item);
    free(list->pass_flags);
}
