/*
 * launch_record_win32.c - the start record on its way to the runner: see launch_parts_win32.h. Parent; called by
 * launch_start_win32.c and launch_logon_win32.c.
 *
 * A runner that inherits gets it in a pipe. One that is started as a sandbox account can inherit nothing: it gets a
 * file that nobody but this account and the system may read, and of which that is all that the account may do but
 * removing it. Our own user may not read it either: a command at level restricted is he, and reads what he may. The
 * name is random, the file is made new, and it is there from when the runner is in its job, suspended, until the start
 * is over.
 */
#include "elevated/launch_parts_win32.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>

#include "elevated/setup_win32.h"
#include "shared/crypto.h"
#include "shared/sddl.h"
#include "shared/security_win32.h"
#include "shared/text.h"
#include "shared/wide.h"

/* The caller wipes the buffer, also after a failure. */
static int encode(const struct launch_start *start, struct buffer *record, struct postern_error *error)
{
    buffer_init(record, BOOTSTRAP_LIMIT);
    return bootstrap_encode(&start->bootstrap, record, error);
}

static int write_all(HANDLE to, struct buffer *record, struct postern_error *error)
{
    DWORD written = 0;
    DWORD size = (DWORD)buffer_length(record);

    if (!WriteFile(to, buffer_data(record), size, &written, NULL) || written != size) {
        return launch_os_failure(error, "WriteFile", "the start record could not be written");
    }
    return POSTERN_OK;
}

/* ---- inherited ---- */

/* Written before the runner exists: the pipe is larger than any record, so this can't wait, and a reader that never
 * comes can't hold us up. */
int launch_record_pipe(struct launch_start *start, struct postern_error *error)
{
    struct buffer record;
    HANDLE reader = NULL, writer = NULL;
    int code = encode(start, &record, error);

    if (code == POSTERN_OK && !CreatePipe(&reader, &writer, NULL, 2 * BOOTSTRAP_LIMIT)) {
        code = launch_os_failure(error, "CreatePipe", "the pipe for the start record could not be made");
    }
    if (code == POSTERN_OK) {
        start->record = (os_handle)reader;
        code = write_all(writer, &record, error);
        CloseHandle(writer);
    }
    buffer_wipe(&record);
    return code;
}

/* ---- in a file ---- */

int launch_record_name(struct launch_start *start, struct postern_error *error)
{
    struct setup_windows windows = {.journal = {.handle = INVALID_HANDLE_VALUE}};
    uint64_t random[2];
    int code = setup_place_find(&windows, error);

    if (code == POSTERN_OK && !crypto_random(random, sizeof(random))) {
        code = error_set(error, POSTERN_E_OS, LAUNCH_STAGE, "BCryptGenRandom", "the system gave no random numbers");
    }
    if (code == POSTERN_OK) {
        start->record_path = text_format("%s\\%016" PRIx64 "%016" PRIx64 ".start", windows.run, random[0], random[1]);
        code = start->record_path != NULL ? POSTERN_OK : error_memory(error, LAUNCH_STAGE);
    }
    setup_place_free(&windows);
    return code;
}

/* Freed with LocalFree(). */
static int describe(const char *account_sid, PSECURITY_DESCRIPTOR *out, struct postern_error *error)
{
    char *own = security_own_sid();
    /* Writing is what commands can't do, whoever may. */
    const struct sddl_ace list[] = {{.mask = FILE_GENERIC_WRITE | FILE_READ_ATTRIBUTES | DELETE, .sid = own},
                                    {.mask = ACE_FILE_ALL, .sid = SID_SYSTEM},
                                    {.mask = ACE_FILE_LOOK | DELETE, .sid = account_sid}};
    int code = own != NULL ? security_describe(list, 3, out, error)
                           : launch_os_failure(error, "GetTokenInformation", "our own user could not be found out");

    free(own);
    return code;
}

static int write_file(const wchar_t *path, PSECURITY_DESCRIPTOR descriptor, struct buffer *record,
                      struct postern_error *error)
{
    SECURITY_ATTRIBUTES security = {.nLength = sizeof(security), .lpSecurityDescriptor = descriptor};
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, &security, CREATE_NEW, FILE_ATTRIBUTE_TEMPORARY, NULL);
    int code;

    if (file == INVALID_HANDLE_VALUE) {
        return launch_os_failure(error, "CreateFileW", "the file for the start record could not be made");
    }
    code = write_all(file, record, error);
    CloseHandle(file); /* the runner opens it for itself alone */
    return code;
}

int launch_record_write(struct launch_start *start, const char *account_sid, struct postern_error *error)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    struct buffer record;
    wchar_t *path = NULL;
    int code = encode(start, &record, error);

    if (code == POSTERN_OK) {
        code = wide_convert(start->record_path, LAUNCH_STAGE, "the path of the start record", &path, error);
    }
    if (code == POSTERN_OK) {
        code = describe(account_sid, &descriptor, error);
    }
    if (code == POSTERN_OK) {
        code = write_file(path, descriptor, &record, error);
    }
    if (descriptor != NULL) {
        LocalFree(descriptor);
    }
    buffer_wipe(&record);
    free(path);
    return code;
}

void launch_record_remove(struct launch_start *start, struct log *log)
{
    wchar_t *path = start->record_path != NULL ? wide_from_utf8(start->record_path) : NULL;

    if (path != NULL && !DeleteFileW(path) && GetLastError() != ERROR_FILE_NOT_FOUND) {
        log_line(log, "the start record %s could not be removed: error %lu", start->record_path, GetLastError());
    }
    free(path);
    free(start->record_path);
    start->record_path = NULL;
}
