/*
 * What is typed at a console, as UTF-8; see keys_win32.h. Parent side, on the reader thread.
 *
 * Not ReadFile with the UTF-8 code page: before Windows 11 it returns zero bytes for what is not ASCII.
 */
#include "cli/keys_win32.h"

#include <string.h>

#define RECORDS 128u
#define REPEATS (KEYS_UNITS / RECORDS - 1) /* of one key, so that a record always fits */

/* How often the key's character is to be passed on. */
static size_t repeats(const KEY_EVENT_RECORD *key)
{
    bool control = (key->dwControlKeyState & (LEFT_CTRL_PRESSED | RIGHT_CTRL_PRESSED)) != 0;

    if (!key->bKeyDown) {
        /* A character entered by its number comes when Alt is let go. */
        return key->wVirtualKeyCode == VK_MENU && key->uChar.UnicodeChar != 0;
    }
    if (key->uChar.UnicodeChar == 0 && !(control && key->wVirtualKeyCode == VK_SPACE)) {
        return 0;
    }
    return key->wRepeatCount < REPEATS ? key->wRepeatCount : REPEATS;
}

static DWORD read_raw(struct keys *keys, HANDLE console, size_t *count, bool *resized)
{
    INPUT_RECORD records[RECORDS];
    DWORD read = 0;

    if (!ReadConsoleInputW(console, records, RECORDS - 1, &read)) {
        return GetLastError();
    }
    for (DWORD i = 0; i < read; i++) {
        if (records[i].EventType == WINDOW_BUFFER_SIZE_EVENT) {
            *resized = true;
        } else if (records[i].EventType == KEY_EVENT) {
            for (size_t n = repeats(&records[i].Event.KeyEvent); n > 0; n--) {
                keys->units[(*count)++] = records[i].Event.KeyEvent.uChar.UnicodeChar;
            }
        }
    }
    return 0;
}

static DWORD read_line(struct keys *keys, HANDLE console, size_t *count, bool *end)
{
    DWORD read = 0;

    SetLastError(0);
    if (!ReadConsoleW(console, keys->units + *count, KEYS_UNITS - (DWORD)*count, &read, NULL)) {
        return GetLastError();
    }
    if (read == 0 && GetLastError() != ERROR_OPERATION_ABORTED) { /* that is Ctrl-C, which is told elsewhere */
        *end = true;
    }
    if (read > 0 && *count == 0 && keys->units[0] == 0x1A) {
        *end = true;
        read = 0;
    }
    *count += read;
    return 0;
}

DWORD keys_read(struct keys *keys, HANDLE console, bool raw, char *data, size_t *got, bool *resized, bool *end)
{
    size_t count = keys->kept, whole;
    DWORD os_error = raw ? read_raw(keys, console, &count, resized) : read_line(keys, console, &count, end);

    *got = 0;
    if (os_error != 0) {
        return os_error;
    }
    /* Half a pair waits for its other half; one that never comes is replaced, a console has no other bytes. */
    whole = count > 0 && IS_HIGH_SURROGATE(keys->units[count - 1]) ? count - 1 : count;
    if (whole > 0) {
        int bytes = WideCharToMultiByte(CP_UTF8, 0, keys->units, (int)whole, data, KEYS_BYTES, NULL, NULL);
        if (bytes <= 0) {
            return GetLastError();
        }
        *got = (size_t)bytes;
    }
    keys->kept = count - whole;
    memmove(keys->units, keys->units + whole, keys->kept * sizeof(keys->units[0]));
    return 0;
}
