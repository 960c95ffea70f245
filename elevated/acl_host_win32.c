/*
 * acl_host_win32.c - the operations of acl_walk.h on Windows' files. Parent.
 *
 * Everything is opened for itself and, beneath the first, relative to the handle of the directory it was listed in
 * (NtCreateFile): no name is looked up twice, no junction that appears meanwhile is followed, names may be anything
 * that a file system holds, and paths of any length are reached. Lists are set with SetKernelObjectSecurity(), which
 * changes that one list and passes nothing on.
 */
#include "elevated/acl_win32.h"

#include <stdlib.h>
#include <string.h>
#include <winternl.h>

#include "shared/path.h"
#include "shared/text.h"
#include "shared/wide.h"

#define LISTING_SIZE 65536u
#define DESCRIPTOR_SIZE (SECURITY_DESCRIPTOR_MIN_LENGTH + 65536u + 1024u)
#define LOCK_WAIT_MS 10000u
#define NAME_UNITS 32768u /* the longest path there is */
#define LOCKS 0x40000000u
#define ALL_SHARING (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)

_Static_assert(sizeof(FILE_ID_INFO) == sizeof(((struct acl_node *)NULL)->identity), "an identity holds the system's");

typedef NTSTATUS(NTAPI *create_file_fn)(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PIO_STATUS_BLOCK, PLARGE_INTEGER,
                                        ULONG, ULONG, ULONG, ULONG, PVOID, ULONG);
typedef ULONG(NTAPI *status_to_error_fn)(NTSTATUS);

static HANDLE handle_of(const struct acl_node *node)
{
    return (HANDLE)node->handle;
}

/* ---- messages ---- */

static void describe(void *context, const struct acl_node *node, char *out, size_t size)
{
    wchar_t path[1024];
    char utf8[3 * 1024 + 1];
    DWORD length = GetFinalPathNameByHandleW(handle_of(node), path, 1024, FILE_NAME_NORMALIZED | VOLUME_NAME_DOS);
    int bytes = length > 0 && length < 1024
                    ? WideCharToMultiByte(CP_UTF8, 0, path, (int)length, utf8, 3 * 1024, NULL, NULL)
                    : 0; /* what is no valid name is shown as near as can be */
    (void)context;
    utf8[bytes] = '\0';
    text_copy(out, size, bytes == 0 ? "something in there" : strncmp(utf8, "\\\\?\\", 4) == 0 ? utf8 + 4 : utf8);
}

static bool is_gone(int64_t number)
{
    return number == ERROR_FILE_NOT_FOUND || number == ERROR_PATH_NOT_FOUND || number == ERROR_DELETE_PENDING;
}

/* Whatever the system says of one object is about that one: the caller goes on with the others where it may. */
static int refused(const char *call, int64_t number, const char *path, const char *what, struct postern_error *error)
{
    error_os(error, POSTERN_E_CONFINE, ACL_STAGE, call, number, "%s: %s", path, what);
    return ACL_REFUSED;
}

static int refused_node(const struct acl_node *node, const char *call, const char *what, struct postern_error *error)
{
    int64_t number = (int64_t)GetLastError();
    char path[512];
    describe(NULL, node, path, sizeof(path));
    return refused(call, number, path, what, error);
}

/* ---- opening ---- */

static ACCESS_MASK access_for(enum acl_purpose purpose, bool directory)
{
    ACCESS_MASK access = FILE_READ_ATTRIBUTES | SYNCHRONIZE | (directory ? FILE_LIST_DIRECTORY : 0);
    return access | (purpose == ACL_TO_EDIT ? READ_CONTROL | WRITE_DAC : DELETE | FILE_WRITE_ATTRIBUTES);
}

static bool leads_elsewhere(HANDLE handle)
{
    FILE_ATTRIBUTE_TAG_INFO tag;
    /* Files in a cloud, or without duplicates, are reparse points as well. What can't be told counts as a link. */
    return !GetFileInformationByHandleEx(handle, FileAttributeTagInfo, &tag, sizeof(tag)) ||
           IsReparseTagNameSurrogate(tag.ReparseTag);
}

/* Fills the node of a handle; closes it on failure. */
static int look_at(HANDLE handle, const char *path, struct acl_node *out, struct postern_error *error)
{
    BY_HANDLE_FILE_INFORMATION found;
    FILE_ID_INFO identity;
    if (!GetFileInformationByHandle(handle, &found)) {
        int64_t number = (int64_t)GetLastError();
        CloseHandle(handle);
        return refused("GetFileInformationByHandle", number, path, "it could not be looked at", error);
    }
    memset(out, 0, sizeof(*out));
    out->handle = (intptr_t)handle;
    out->directory = (found.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0;
    out->link = (found.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0 && leads_elsewhere(handle);
    out->names = found.nNumberOfLinks;
    if (GetFileInformationByHandleEx(handle, FileIdInfo, &identity, sizeof(identity))) {
        memcpy(out->identity, &identity, sizeof(identity));
    } else { /* file systems that number files with 64 bits */
        memcpy(out->identity, &found.dwVolumeSerialNumber, 4);
        memcpy(out->identity + 8, &found.nFileIndexLow, 4);
        memcpy(out->identity + 12, &found.nFileIndexHigh, 4);
    }
    return 0;
}

/* Its name from the handle: what is on the way may have been exchanged for a junction since the path was resolved, and
 * looking at it by name would be another race. */
static bool is_at(HANDLE handle, const char *path)
{
    wchar_t *name = malloc(NAME_UNITS * sizeof(*name));
    DWORD length =
        name ? GetFinalPathNameByHandleW(handle, name, NAME_UNITS, FILE_NAME_NORMALIZED | VOLUME_NAME_DOS) : 0;
    char *text = length > 0 && length < NAME_UNITS ? wide_to_utf8(name) : NULL, *canonical = NULL;
    bool same = text && path_canonical(PATH_WINDOWS, text, "a path", &canonical, NULL) == POSTERN_OK &&
                path_compare(PATH_WINDOWS, canonical, path) == 0;
    free(canonical);
    free(text);
    free(name);
    return same;
}

static int open_path(void *context, const char *path, enum acl_purpose purpose, struct acl_node *out,
                     struct postern_error *error)
{
    wchar_t *wide = wide_path(path);
    (void)context;
    if (!wide)
        return error_memory(error, ACL_STAGE);
    DWORD attributes = GetFileAttributesW(wide); /* what to ask for; the answer counts */
    bool directory = attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_DIRECTORY);
    HANDLE handle = CreateFileW(wide, access_for(purpose, directory), ALL_SHARING, NULL, OPEN_EXISTING,
                                FILE_FLAG_OPEN_REPARSE_POINT | FILE_FLAG_BACKUP_SEMANTICS, NULL);
    int64_t number = (int64_t)GetLastError();
    free(wide);
    if (handle != INVALID_HANDLE_VALUE) {
        bool elsewhere = purpose == ACL_TO_EDIT && !is_at(handle, path);
        int code = look_at(handle, path, out, error);
        out->elsewhere = elsewhere;
        return code;
    }
    if (is_gone(number))
        return ACL_GONE;
    return refused("CreateFileW", number, path,
                   purpose == ACL_TO_EDIT ? "you may not change who may do what with it" : "it can't be removed",
                   error);
}

static int open_failed(const struct acl_windows *windows, const struct acl_node *above, const void *name, size_t size,
                       NTSTATUS status, struct postern_error *error)
{
    /* These are known by their status only: the number made of it is that of a denial. */
    const NTSTATUS pending = (NTSTATUS)0xC0000056, deleted = (NTSTATUS)0xC0000123;
    int64_t number = (int64_t)((status_to_error_fn)(void (*)(void))windows->to_error)(status);
    char path[512], entry[256];
    int bytes =
        WideCharToMultiByte(CP_UTF8, 0, name, size < 120 ? (int)(size / 2) : 60, entry, sizeof(entry) - 1, NULL, NULL);
    if (status == pending || status == deleted || is_gone(number))
        return ACL_GONE;
    entry[bytes] = '\0';
    describe(NULL, above, path, sizeof(path));
    error_os(error, POSTERN_E_CONFINE, ACL_STAGE, "NtCreateFile", number, "%s\\%s could not be opened", path, entry);
    return ACL_REFUSED;
}

static int open_in(void *context, const struct acl_node *above, const void *name, size_t size, bool directory,
                   enum acl_purpose purpose, struct acl_node *out, struct postern_error *error)
{
    struct acl_windows *windows = context;
    create_file_fn create = (create_file_fn)(void (*)(void))windows->create;
    wchar_t copy[260]; /* a name has at most 255 units, and the call wants one that can be written to */
    IO_STATUS_BLOCK io;
    HANDLE handle = NULL;
    if (size > sizeof(copy))
        return refused("NtCreateFile", ERROR_FILENAME_EXCED_RANGE, "a name in there", "it is too long", error);
    memcpy(copy, name, size);
    UNICODE_STRING text = {(USHORT)size, (USHORT)size, copy};
    OBJECT_ATTRIBUTES object = {.Length = sizeof(object), .RootDirectory = handle_of(above), .ObjectName = &text};
    NTSTATUS status =
        create(&handle, access_for(purpose, directory), &object, &io, NULL, 0, ALL_SHARING, FILE_OPEN,
               FILE_OPEN_REPARSE_POINT | FILE_OPEN_FOR_BACKUP_INTENT | FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
    return status >= 0 ? look_at(handle, "a file in there", out, error)
                       : open_failed(windows, above, name, size, status, error);
}

static void close_node(void *context, struct acl_node *node)
{
    (void)context;
    CloseHandle(handle_of(node));
    node->handle = -1;
}

/* ---- listing ---- */

static bool is_dots(const FILE_ID_BOTH_DIR_INFO *entry)
{
    return entry->FileName[0] == L'.' &&
           (entry->FileNameLength == 2 || (entry->FileNameLength == 4 && entry->FileName[1] == L'.'));
}

static int give_entries(const unsigned char *at, acl_each *each, void *walk, struct postern_error *error)
{
    for (;;) {
        const FILE_ID_BOTH_DIR_INFO *entry = (const void *)at;
        int code = is_dots(entry) ? 0
                                  : each(walk, entry->FileName, entry->FileNameLength,
                                         (entry->FileAttributes & FILE_ATTRIBUTE_DIRECTORY) != 0, error);
        if (code != 0 || entry->NextEntryOffset == 0)
            return code;
        at += entry->NextEntryOffset;
    }
}

static int list(void *context, const struct acl_node *node, acl_each *each, void *walk, struct postern_error *error)
{
    struct acl_windows *windows = context;
    FILE_INFO_BY_HANDLE_CLASS which = FileIdBothDirectoryRestartInfo;
    int code = 0;
    while (code == 0 && GetFileInformationByHandleEx(handle_of(node), which, windows->entries, LISTING_SIZE)) {
        which = FileIdBothDirectoryInfo;
        code = give_entries(windows->entries, each, walk, error);
    }
    if (code != 0)
        return code;
    DWORD number = GetLastError();
    if (number == ERROR_NO_MORE_FILES || (number == ERROR_FILE_NOT_FOUND && which == FileIdBothDirectoryRestartInfo))
        return 0;
    return refused_node(node, "GetFileInformationByHandleEx", "it could not be listed", error);
}

/* ---- lists ---- */

static DWORD lock_of(const struct acl_node *node)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < sizeof(node->identity); i++)
        hash = (hash ^ node->identity[i]) * 16777619u;
    return hash % LOCKS;
}

static int lock(void *context, const struct acl_node *node, struct postern_error *error)
{
    struct acl_windows *windows = context;
    DWORD ignored;
    memset(&windows->locked, 0, sizeof(windows->locked));
    windows->locked.Offset = lock_of(node);
    windows->locked.hEvent = windows->event;
    if (LockFileEx(windows->lock, LOCKFILE_EXCLUSIVE_LOCK, 0, 1, 0, &windows->locked))
        return 0;
    if (GetLastError() != ERROR_IO_PENDING)
        return error_os(error, POSTERN_E_CONFINE, ACL_STAGE, "LockFileEx", (int64_t)GetLastError(),
                        "the lock for access lists");
    if (WaitForSingleObject(windows->event, LOCK_WAIT_MS) != WAIT_OBJECT_0)
        CancelIo(windows->lock);
    if (GetOverlappedResult(windows->lock, &windows->locked, &ignored, TRUE))
        return 0;
    return error_os(error, POSTERN_E_CONFINE, ACL_STAGE, "LockFileEx", (int64_t)GetLastError(),
                    "another sandbox has held the lock for access lists for %u seconds", LOCK_WAIT_MS / 1000);
}

static void unlock(void *context, const struct acl_node *node)
{
    struct acl_windows *windows = context;
    OVERLAPPED range = {.Offset = lock_of(node)};
    UnlockFileEx(windows->lock, 0, 1, 0, &range);
}

static int read_list(void *context, const struct acl_node *node, struct acl_list *out, struct postern_error *error)
{
    struct acl_windows *windows = context;
    SECURITY_DESCRIPTOR_CONTROL control = 0;
    BOOL present = FALSE, defaulted = FALSE;
    PACL list_found = NULL;
    DWORD size, revision;
    out->present = out->is_kept = out->automatic = false;
    out->size = 0;
    if (!GetKernelObjectSecurity(handle_of(node), DACL_SECURITY_INFORMATION, windows->descriptor, DESCRIPTOR_SIZE,
                                 &size))
        return refused_node(node, "GetKernelObjectSecurity", "its access list could not be read", error);
    if (!GetSecurityDescriptorDacl(windows->descriptor, &present, &list_found, &defaulted) ||
        !GetSecurityDescriptorControl(windows->descriptor, &control, &revision))
        return refused_node(node, "GetSecurityDescriptorDacl", "its access list could not be read", error);
    out->present = present && list_found;
    out->is_kept = (control & SE_DACL_PROTECTED) != 0;
    out->automatic = (control & SE_DACL_AUTO_INHERITED) != 0;
    if (out->present) {
        out->size = list_found->AclSize;
        memcpy(out->data, list_found, out->size);
    }
    return 0;
}

/* The two bits together ask for what the first one says to be kept; by itself it would be dropped. */
static int write_list(void *context, const struct acl_node *node, const struct acl_list *from,
                      struct postern_error *error)
{
    const SECURITY_DESCRIPTOR_CONTROL automatic = SE_DACL_AUTO_INHERITED | SE_DACL_AUTO_INHERIT_REQ;
    SECURITY_DESCRIPTOR descriptor;
    union {
        const unsigned char *bytes;
        PACL list;
    } data = {.bytes = from->data};
    (void)context;
    if (!InitializeSecurityDescriptor(&descriptor, SECURITY_DESCRIPTOR_REVISION) ||
        !SetSecurityDescriptorDacl(&descriptor, TRUE, data.list, FALSE) ||
        !SetSecurityDescriptorControl(&descriptor, SE_DACL_PROTECTED | automatic,
                                      (from->is_kept ? SE_DACL_PROTECTED : 0u) | (from->automatic ? automatic : 0u)))
        return refused_node(node, "SetSecurityDescriptorDacl", "an access list could not be made for it", error);
    if (!SetKernelObjectSecurity(handle_of(node), DACL_SECURITY_INFORMATION, &descriptor))
        return refused_node(node, "SetKernelObjectSecurity", "its access list could not be changed", error);
    return 0;
}

/* ---- removing ---- */

static int remove_node(void *context, struct acl_node *node, struct postern_error *error)
{
    FILE_BASIC_INFO basic;
    FILE_DISPOSITION_INFO gone = {.DeleteFile = TRUE};
    bool kept = GetFileInformationByHandleEx(handle_of(node), FileBasicInfo, &basic, sizeof(basic)) &&
                (basic.FileAttributes & FILE_ATTRIBUTE_READONLY);
    (void)context;
    if (kept) {
        FILE_BASIC_INFO wanted = {.FileAttributes = basic.FileAttributes & ~(DWORD)FILE_ATTRIBUTE_READONLY};
        if (wanted.FileAttributes == 0)
            wanted.FileAttributes = FILE_ATTRIBUTE_NORMAL; /* 0 would leave them; times of 0 stay as they are */
        if (!SetFileInformationByHandle(handle_of(node), FileBasicInfo, &wanted, sizeof(wanted)))
            return refused_node(node, "SetFileInformationByHandle", "its read-only mark could not be taken off", error);
    }
    if (!SetFileInformationByHandle(handle_of(node), FileDispositionInfo, &gone, sizeof(gone)))
        return refused_node(node, "SetFileInformationByHandle", "it could not be removed", error);
    /* The mark is the file's, not the name's: another name may be somebody's own, and this one a command's work. */
    if (kept && node->names > 1) {
        FILE_BASIC_INFO before = {.FileAttributes = basic.FileAttributes};
        SetFileInformationByHandle(handle_of(node), FileBasicInfo, &before, sizeof(before));
    }
    return 0;
}

/* ---- the whole ---- */

static int find_calls(struct acl_windows *windows, struct postern_error *error)
{
    HMODULE module = GetModuleHandleW(L"ntdll.dll");
    windows->create = module ? GetProcAddress(module, "NtCreateFile") : NULL;
    windows->to_error = module ? GetProcAddress(module, "RtlNtStatusToDosError") : NULL;
    if (windows->create && windows->to_error)
        return 0;
    return error_os(error, POSTERN_E_OS, ACL_STAGE, "GetProcAddress", (int64_t)GetLastError(), "NtCreateFile");
}

int acl_host_open(struct acl_windows *windows, const char *lock_path, SECURITY_ATTRIBUTES *security,
                  struct postern_error *error)
{
    wchar_t *wide = wide_path(lock_path);
    *windows = (struct acl_windows){.lock = INVALID_HANDLE_VALUE};
    windows->system = (struct acl_system){windows, open_path, open_in,   close_node, list,       describe,
                                          lock,    unlock,    read_list, write_list, remove_node};
    windows->entries = malloc(LISTING_SIZE);
    windows->descriptor = malloc(DESCRIPTOR_SIZE);
    int code =
        wide && windows->entries && windows->descriptor ? find_calls(windows, error) : error_memory(error, ACL_STAGE);
    if (code == 0) {
        windows->event = CreateEventW(NULL, TRUE, FALSE, NULL);
        /* To lock takes reading or writing; the file's list (acl_store_lock()) has no reading. */
        windows->lock = CreateFileW(wide, GENERIC_WRITE, ALL_SHARING, security, OPEN_ALWAYS,
                                    FILE_FLAG_OVERLAPPED | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
        if (!windows->event || windows->lock == INVALID_HANDLE_VALUE)
            code = error_os(error, POSTERN_E_OS, ACL_STAGE, "CreateFileW", (int64_t)GetLastError(), "%s", lock_path);
    }
    free(wide);
    if (code != 0)
        acl_host_close(windows);
    return code;
}

void acl_host_close(struct acl_windows *windows)
{
    if (windows->lock != INVALID_HANDLE_VALUE)
        CloseHandle(windows->lock);
    if (windows->event)
        CloseHandle(windows->event);
    free(windows->entries);
    free(windows->descriptor);
    *windows = (struct acl_windows){.lock = INVALID_HANDLE_VALUE};
}
