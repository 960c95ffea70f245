/*
 * console_keys.h - win32-input-mode: how a Windows console asks the terminal for whole key events instead of characters
 * ("ESC [ ? 9001 h", Microsoft's terminal specification #4999), and Ctrl-C in it. Portable text. Callers: the runner,
 * which types a Ctrl-C that interrupts, and the CLI, which gives the user's console its former mode back.
 */
#ifndef POSTERN_SHARED_CONSOLE_KEYS_H
#define POSTERN_SHARED_CONSOLE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a stream of terminal output has asked for so far. All zero at its start. */
struct console_keys {
    bool on;
    uint8_t state; /* of the parser: see console_keys.c */
    bool matches;  /* one of the parameters is 9001 */
    uint32_t parameter;
};

/* The next piece of output; sequences may be cut anywhere. */
void console_keys_watch(struct console_keys *input, const void *data, size_t size);

/* Ctrl-C as key events: C goes down and up with Ctrl held. The keys of a console in the mode are told in this form, and
 * an ETX byte does not interrupt on some versions of Windows. */
#define CONSOLE_KEYS_CTRL_C "\x1b[67;46;3;1;8;1_\x1b[67;46;3;0;8;1_"

/* Leaves the modes that a console asks its terminal for: these key events, and focus events. */
#define CONSOLE_KEYS_OFF "\x1b[?9001l\x1b[?1004l"

#endif
