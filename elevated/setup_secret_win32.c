/*
 * setup_secret_win32.c - the passwords of the accounts, protected and in files. See setup_win32.h. Parent, as
 * administrator.
 *
 * They are protected for the machine (DPAPI, CRYPTPROTECT_LOCAL_MACHINE), not for the user: who sets up is often not
 * who starts sandboxes (a service, the user behind an administrator's prompt), and a user's key is gone with a reset
 * password. Anybody on the machine can unprotect what is protected so: that a file is read by administrators, the
 * system and the user who has set up alone is what its access list sees to. What DPAPI adds is that a copied disk,
 * backup or profile holds no passwords.
 */
#include "elevated/setup_win32.h"

#include <stdlib.h>
#include <string.h>
#include <aclapi.h>
#include <dpapi.h>

#include "shared/crypto.h"
#include "shared/sddl.h"
#include "shared/security_win32.h"
#include "shared/text.h"

#define SECRET_MAX 4096u
#define PASSWORD_BYTES ((SETUP_PASSWORD_SIZE - 1) * sizeof(wchar_t))

/* No secret: it keeps what was protected for something else from being taken for a password. */
static unsigned char purpose[] = "postern sandbox account";

bool setup_secret_seal(const void *data, size_t size, DATA_BLOB *out)
{
    DATA_BLOB in = {(DWORD)size, (BYTE *)data}, entropy = {sizeof(purpose), purpose};
    *out = (DATA_BLOB){0, NULL};
    return CryptProtectData(&in, L"postern", &entropy, NULL, NULL,
                            CRYPTPROTECT_LOCAL_MACHINE | CRYPTPROTECT_UI_FORBIDDEN, out) != FALSE;
}

bool setup_secret_open(const void *data, size_t size, DATA_BLOB *out)
{
    DATA_BLOB in = {(DWORD)size, (BYTE *)data}, entropy = {sizeof(purpose), purpose};
    *out = (DATA_BLOB){0, NULL};
    return CryptUnprotectData(&in, NULL, &entropy, NULL, NULL, CRYPTPROTECT_UI_FORBIDDEN, out) != FALSE;
}

static int failed(const char *call, const char *name, struct postern_error *error)
{
    return setup_fail(error, call, (int64_t)GetLastError(), "the stored password of %s", name);
}

/* ---- reading ---- */

static int read_file(const wchar_t *path, const char *name, unsigned char *data, DWORD *size,
                     struct postern_error *error)
{
    HANDLE file =
        CreateFileW(path, GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, FILE_FLAG_OPEN_REPARSE_POINT, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return failed("CreateFileW", name, error);
    int status = ReadFile(file, data, SECRET_MAX, size, NULL) ? 0 : failed("ReadFile", name, error);
    CloseHandle(file);
    return status;
}

static int take_password(const DATA_BLOB *opened, const char *name, wchar_t out[SETUP_PASSWORD_SIZE],
                         struct postern_error *error)
{
    if (opened->cbData != PASSWORD_BYTES)
        return error_set(error, POSTERN_E_STATE, SETUP_STAGE, "", "the stored password of %s has a wrong size", name);
    memcpy(out, opened->pbData, PASSWORD_BYTES);
    out[SETUP_PASSWORD_SIZE - 1] = L'\0';
    return 0;
}

int setup_secret_read(const struct setup_windows *windows, const char *name, wchar_t out[SETUP_PASSWORD_SIZE],
                      struct postern_error *error)
{
    unsigned char data[SECRET_MAX];
    DATA_BLOB opened = {0, NULL};
    DWORD size = 0;
    wchar_t *path = setup_place_secret(windows, name);
    int status = path ? read_file(path, name, data, &size, error) : error_memory(error, SETUP_STAGE);
    if (status == 0 && !setup_secret_open(data, size, &opened))
        status = failed("CryptUnprotectData", name, error);
    if (status == 0)
        status = take_password(&opened, name, out, error);
    if (opened.pbData) {
        crypto_wipe(opened.pbData, opened.cbData);
        LocalFree(opened.pbData);
    }
    free(path);
    return status;
}

/* ---- the item ---- */

int setup_secret_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                      struct postern_error *error)
{
    wchar_t password[SETUP_PASSWORD_SIZE], *path = setup_place_secret(windows, item->name);
    struct postern_error problem = {0};
    if (!path)
        return error_memory(error, SETUP_STAGE);
    int status = setup_secret_read(windows, item->name, password, &problem);
    crypto_wipe(password, sizeof(password));
    out->ours = true; /* nobody else can make a file there */
    if (status == 0 && setup_place_is_secured(path, ACE_FILE_LOOK, false)) {
        out->standing = SETUP_AS_WANTED;
    } else if (problem.os_error != ERROR_FILE_NOT_FOUND && problem.os_error != ERROR_PATH_NOT_FOUND) {
        out->standing = SETUP_DIFFERENT;
        text_copy(out->text, sizeof(out->text),
                  status ? problem.message : "its access list is not the one for the user who sets up");
    }
    free(path);
    return 0;
}

/* ---- writing ---- */

/* Under another name first: a file of that name is whole. */
static int write_file(const wchar_t *path, const wchar_t *fresh, const char *name, const DATA_BLOB *sealed,
                      struct postern_error *error)
{
    SECURITY_ATTRIBUTES security = {0};
    DWORD written = 0;
    int status = setup_place_own_security(ACE_FILE_LOOK, false, &security, error);
    if (status != 0)
        return status;
    DeleteFileW(fresh); /* of an attempt that was interrupted; its list may be another */
    HANDLE file = CreateFileW(fresh, GENERIC_WRITE, 0, &security, CREATE_NEW, FILE_FLAG_WRITE_THROUGH, NULL);
    if (file == INVALID_HANDLE_VALUE) {
        status = failed("CreateFileW", name, error);
    } else {
        if (!WriteFile(file, sealed->pbData, sealed->cbData, &written, NULL) || written != sealed->cbData ||
            !FlushFileBuffers(file))
            status = failed("WriteFile", name, error);
        CloseHandle(file);
    }
    if (status == 0 && !MoveFileExW(fresh, path, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
        status = failed("MoveFileExW", name, error);
    security_free(&security);
    return status;
}

static int make_password(wchar_t out[SETUP_PASSWORD_SIZE], struct postern_error *error)
{
    char text[SETUP_PASSWORD_SIZE];
    if (!setup_make_password(text))
        return error_set(error, POSTERN_E_OS, SETUP_STAGE, "", "no random numbers could be had for a password");
    for (size_t i = 0; i < SETUP_PASSWORD_SIZE; i++)
        out[i] = (wchar_t)(unsigned char)text[i];
    crypto_wipe(text, sizeof(text));
    return 0;
}

/* A password that can be read is kept: its account has it. */
int setup_secret_make(struct setup_windows *windows, const struct setup_item *item, struct postern_error *error)
{
    wchar_t password[SETUP_PASSWORD_SIZE], *path = setup_place_secret(windows, item->name);
    char *fresh_name = text_format("%s.new", item->name);
    wchar_t *fresh = fresh_name ? setup_place_secret(windows, fresh_name) : NULL;
    DATA_BLOB sealed = {0, NULL};
    int status = path && fresh ? 0 : error_memory(error, SETUP_STAGE);
    if (status == 0 && setup_secret_read(windows, item->name, password, NULL) != 0)
        status = make_password(password, error);
    if (status == 0 && !setup_secret_seal(password, PASSWORD_BYTES, &sealed))
        status = failed("CryptProtectData", item->name, error);
    crypto_wipe(password, sizeof(password));
    if (status == 0)
        status = write_file(path, fresh, item->name, &sealed, error);
    if (sealed.pbData)
        LocalFree(sealed.pbData);
    free(fresh);
    free(fresh_name);
    free(path);
    return status;
}

static int remove_file(const struct setup_windows *windows, const char *name, struct postern_error *error)
{
    wchar_t *path = setup_place_secret(windows, name);
    int status = path ? 0 : error_memory(error, SETUP_STAGE);
    if (path && !DeleteFileW(path)) {
        DWORD number = GetLastError();
        if (number != ERROR_FILE_NOT_FOUND && number != ERROR_PATH_NOT_FOUND)
            status = setup_fail(error, "DeleteFileW", (int64_t)number, "the stored password of %s", name);
    }
    free(path);
    return status;
}

int setup_secret_restore(struct setup_windows *windows, const char *name, const char *before, char *left,
                         struct postern_error *error)
{
    char *fresh = text_format("%s.new", name);
    (void)before, (void)left;
    int status = fresh ? remove_file(windows, fresh, error) : error_memory(error, SETUP_STAGE);
    if (status == 0)
        status = remove_file(windows, name, error);
    free(fresh);
    return status;
}
