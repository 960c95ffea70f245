/*
 * input.h - the stdin of a session, on its last step into the command, with credit returned as the command takes the
 * bytes. Callers: runner/session.c for what comes in STDIN frames, elevated/direct.c for what the parent writes itself.
 */
#ifndef POSTERN_IPC_INPUT_H
#define POSTERN_IPC_INPUT_H

#include "ipc/channel.h"
#include "shared/buffer.h"

/* The most of `extra` below: a hundred of Ctrl-C that nobody has taken are as good as more of them. */
#define INPUT_EXTRA_MAX 4096u

struct input {
    struct loop_stream *stream; /* borrowed; NULL when there is none or the command has closed it */
    struct buffer waiting;      /* at most the window the parent was given */
    size_t writing;             /* bytes at the front of `waiting` that are being written */
    size_t extra;               /* bytes of `waiting` that the parent has not sent: see input_type() */
    uint32_t owed;              /* taken by the command, not yet returned as credit */
    bool close_asked, closed;
    void (*taken)(void *context, uint32_t bytes); /* return this much credit */
    void (*end)(void *context, bool asked);       /* asked: all was written and end of file is due; else the command
                                                     does not read any more */
    void *context;
};

void input_start(struct input *input, struct loop_stream *stream, void (*taken)(void *context, uint32_t bytes),
                 void (*end)(void *context, bool asked), void *context);

/* POSTERN_E_PROTOCOL when the parent sends more than it was granted. After the end bytes are dropped and their credit
 * is returned, so that a writer never hangs on a command that does not read. */
int input_add(struct input *input, const unsigned char *data, size_t size, struct postern_error *error);

/* Adds text that stands for `counted` bytes of the parent's; no credit is returned for what is more. Where so much is
 * waiting already that it would make no difference, it is dropped. */
int input_type(struct input *input, const char *text, size_t counted, struct postern_error *error);

/* End of file once everything before it is written. */
void input_close(struct input *input);

void input_free(struct input *input);

#endif
