/*
 * console_keys.c - win32-input-mode, see console_keys.h. Both sides. The bytes watched are the command's: nothing here
 * does more than set a flag.
 */
#include "shared/console_keys.h"

#define MODE 9001u
#define PARAMETER_MAX 100000u /* larger ones stay larger */

enum state { STATE_TEXT, STATE_ESCAPE, STATE_CSI, STATE_PRIVATE, STATE_OTHER };

static void end_parameter(struct console_keys *input)
{
    input->matches = input->matches || input->parameter == MODE;
    input->parameter = 0;
}

/* Within "ESC [ ?": digits and semicolons, then the letter. */
static enum state in_private(struct console_keys *input, unsigned char byte)
{
    if (byte >= '0' && byte <= '9') {
        uint32_t value = input->parameter * 10 + (uint32_t)(byte - '0');

        input->parameter = value < PARAMETER_MAX ? value : PARAMETER_MAX;
        return STATE_PRIVATE;
    }
    if (byte == ';') {
        end_parameter(input);
        return STATE_PRIVATE;
    }
    end_parameter(input);
    if (input->matches && (byte == 'h' || byte == 'l')) {
        input->on = byte == 'h';
    }
    return byte >= 0x20 && byte < 0x40 ? STATE_OTHER : STATE_TEXT;
}

static enum state next(struct console_keys *input, unsigned char byte)
{
    if (byte == 0x1b) {
        return STATE_ESCAPE;
    }
    switch (input->state) {
    case STATE_ESCAPE:
        return byte == '[' ? STATE_CSI : STATE_TEXT;
    case STATE_CSI:
        input->parameter = 0;
        input->matches = false;
        return byte == '?' ? STATE_PRIVATE : STATE_TEXT;
    case STATE_PRIVATE:
        return in_private(input, byte);
    case STATE_OTHER: /* parameters that are none of ours, up to the letter */
        return byte >= 0x20 && byte < 0x40 ? STATE_OTHER : STATE_TEXT;
    default:
        return STATE_TEXT;
    }
}

void console_keys_watch(struct console_keys *input, const void *data, size_t size)
{
    const unsigned char *bytes = data;

    for (size_t i = 0; i < size; i++) {
        input->state = (uint8_t)next(input, bytes[i]);
    }
}
