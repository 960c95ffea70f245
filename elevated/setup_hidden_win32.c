/*
 * setup_hidden_win32.c - the accounts are not offered at the sign-in screen: values below Winlogon's
 * SpecialAccounts\UserList, and the keys for them. See setup_win32.h. Parent, as administrator.
 */
#include "elevated/setup_win32.h"

#include <stdio.h>
#include <stdlib.h>

#include "shared/text.h"
#include "shared/wide.h"

#define WINLOGON "SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\Winlogon"
#define LIST "SpecialAccounts\\UserList"
#define REACH (KEY_WOW64_64KEY) /* a 32-bit build would see another one */

static int failed(const char *call, LSTATUS number, const char *name, struct postern_error *error)
{
    return setup_fail(error, call, (int64_t)number, "the registry key or value HKLM\\%s\\%s", WINLOGON, name);
}

static wchar_t *key_path(const char *below)
{
    char *path = text_format("%s\\%s", WINLOGON, below);
    wchar_t *wide = path ? wide_from_utf8(path) : NULL;
    free(path);
    return wide;
}

/* 0 with *out NULL: there is no such key. */
static int open_key(const char *below, REGSAM rights, HKEY *out, struct postern_error *error)
{
    wchar_t *path = key_path(below);
    *out = NULL;
    if (!path)
        return error_memory(error, SETUP_STAGE);
    LSTATUS number = RegOpenKeyExW(HKEY_LOCAL_MACHINE, path, 0, rights | REACH, out);
    free(path);
    return number == ERROR_SUCCESS || number == ERROR_FILE_NOT_FOUND ? 0
                                                                     : failed("RegOpenKeyExW", number, below, error);
}

/* ---- keys ---- */

int setup_key_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                   struct postern_error *error)
{
    HKEY key;
    (void)windows;
    int status = open_key(item->name, KEY_QUERY_VALUE, &key, error);
    if (key) {
        out->standing = SETUP_AS_WANTED;
        RegCloseKey(key);
    }
    return status;
}

int setup_key_make(struct setup_windows *windows, const struct setup_item *item, struct postern_error *error)
{
    wchar_t *path = key_path(item->name);
    HKEY key = NULL;
    (void)windows;
    if (!path)
        return error_memory(error, SETUP_STAGE);
    LSTATUS number = RegCreateKeyExW(HKEY_LOCAL_MACHINE, path, 0, NULL, REG_OPTION_NON_VOLATILE,
                                     KEY_QUERY_VALUE | REACH, NULL, &key, NULL);
    if (key)
        RegCloseKey(key);
    free(path);
    return number == ERROR_SUCCESS ? 0 : failed("RegCreateKeyExW", number, item->name, error);
}

/* A key that others have put something into stays: deleting one takes its values along. */
int setup_key_restore(struct setup_windows *windows, const char *name, const char *before, char *left,
                      struct postern_error *error)
{
    DWORD keys = 0, values = 0;
    HKEY key;
    (void)windows, (void)before;
    int status = open_key(name, KEY_QUERY_VALUE, &key, error);
    if (!key)
        return status;
    LSTATUS number = RegQueryInfoKeyW(key, NULL, NULL, NULL, &keys, NULL, NULL, &values, NULL, NULL, NULL, NULL);
    RegCloseKey(key);
    if (number != ERROR_SUCCESS)
        return failed("RegQueryInfoKeyW", number, name, error);
    if (keys > 0 || values > 0) {
        text_copy(left, SETUP_TEXT_MAX, "others have put something into it");
        return 0;
    }
    wchar_t *path = key_path(name);
    number = path ? RegDeleteKeyExW(HKEY_LOCAL_MACHINE, path, REACH, 0) : ERROR_NOT_ENOUGH_MEMORY;
    free(path);
    return number == ERROR_SUCCESS || number == ERROR_FILE_NOT_FOUND ? 0
                                                                     : failed("RegDeleteKeyExW", number, name, error);
}

/* ---- values ---- */

int setup_hidden_find(struct setup_windows *windows, const struct setup_item *item, struct setup_state *out,
                      struct postern_error *error)
{
    wchar_t *name = wide_from_utf8(item->name);
    DWORD value = 0, size = sizeof(value), type = 0;
    HKEY key = NULL;
    (void)windows;
    int status = name ? open_key(LIST, KEY_QUERY_VALUE, &key, error) : error_memory(error, SETUP_STAGE);
    LSTATUS number = key ? RegQueryValueExW(key, name, NULL, &type, (BYTE *)&value, &size) : ERROR_FILE_NOT_FOUND;
    if (number == ERROR_SUCCESS && type == REG_DWORD) {
        out->standing = value == 0 ? SETUP_AS_WANTED : SETUP_DIFFERENT;
        snprintf(out->before, sizeof(out->before), "%lu", (unsigned long)value);
        text_copy(out->text, sizeof(out->text), value == 0 ? "" : "it is shown");
    } else if (number == ERROR_SUCCESS || number == ERROR_MORE_DATA) {
        out->standing = SETUP_FOREIGN;
        text_copy(out->text, sizeof(out->text), "its registry value is no number");
    } else if (number != ERROR_FILE_NOT_FOUND && status == 0) {
        status = failed("RegQueryValueExW", number, item->name, error);
    }
    if (key)
        RegCloseKey(key);
    free(name);
    return status;
}

static int set_value(const char *name, DWORD value, struct postern_error *error)
{
    wchar_t *wide = wide_from_utf8(name);
    HKEY key = NULL;
    int status = wide ? open_key(LIST, KEY_SET_VALUE, &key, error) : error_memory(error, SETUP_STAGE);
    LSTATUS number =
        key ? RegSetValueExW(key, wide, 0, REG_DWORD, (const BYTE *)&value, sizeof(value)) : ERROR_FILE_NOT_FOUND;
    if (status == 0 && number != ERROR_SUCCESS)
        status = failed("RegSetValueExW", number, name, error);
    if (key)
        RegCloseKey(key);
    free(wide);
    return status;
}

int setup_hidden_make(struct setup_windows *windows, const struct setup_item *item, struct postern_error *error)
{
    (void)windows;
    return set_value(item->name, 0, error);
}

int setup_hidden_restore(struct setup_windows *windows, const char *name, const char *before, char *left,
                         struct postern_error *error)
{
    HKEY key = NULL;
    uint64_t value = 0;
    (void)windows, (void)left;
    if (before && (!text_parse_u64(before, &value) || value > UINT32_MAX))
        return error_set(error, POSTERN_E_STATE, SETUP_STAGE, "", "the undo record has no number for %s", name);
    if (before)
        return set_value(name, (DWORD)value, error);
    wchar_t *wide = wide_from_utf8(name);
    int status = wide ? open_key(LIST, KEY_SET_VALUE, &key, error) : error_memory(error, SETUP_STAGE);
    LSTATUS number = key ? RegDeleteValueW(key, wide) : ERROR_FILE_NOT_FOUND;
    if (status == 0 && number != ERROR_SUCCESS && number != ERROR_FILE_NOT_FOUND)
        status = failed("RegDeleteValueW", number, name, error);
    if (key)
        RegCloseKey(key);
    free(wide);
    return status;
}
