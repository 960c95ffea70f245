/*
 * message.h - the payloads of control frames as C structures: encode into a buffer, decode strictly. Portable, both
 * sides. Decoders believe nothing: unknown members, wrong types and numbers out of range are errors, and a failed
 * decode leaves nothing to free. docs/protocol.md lists every member.
 */
#ifndef POSTERN_IPC_MESSAGE_H
#define POSTERN_IPC_MESSAGE_H

#include "shared/buffer.h"
#include "shared/error.h"
#include "shared/strings.h"

#define MESSAGE_WINDOW (1024u * 1024u)      /* output of one stream that may be under way without credit */
#define MESSAGE_STDIN_WINDOW (256u * 1024u) /* the same for stdin */
#define MESSAGE_STRINGS_MAX 65536u          /* arguments or environment entries of one command */

struct message_hello {
    uint32_t pid;
    char version[32]; /* of the runner */
    enum postern_level level;
    struct strings capabilities; /* "capability:mechanism" */
};

enum message_stream { MESSAGE_STDIN = 0, MESSAGE_STDOUT = 1, MESSAGE_STDERR = 2 };

struct message_spawn {
    struct strings argv, env;
    char *cwd;
    bool tty;
    uint16_t rows, cols;
    bool open_stdin;
    uint64_t timeout; /* milliseconds from here on; 0: none */
    uint32_t grace, drain_idle, drain_limit;
    bool keep;       /* on_exit: keep */
    uint32_t window; /* credit for each output stream to start with */
    bool direct;     /* the parent has the other ends of the command's pipes, and nothing of them is framed */
    /* By enum message_stream: the command's ends, as numbers of the runner's process; 0: none. All that was named here
     * is the receiver's to close, also after a failed decode. */
    uint32_t handle[3];
};

struct message_spawned {
    uint32_t pid;
    uint32_t stdin_window;
};

struct message_resize {
    uint16_t rows, cols;
};

#define MESSAGE_SIGNAL_REST ((enum postern_signal)6)
struct message_signal {
    /* 0: end the tree: ask, then kill after `grace` milliseconds. REST: the time for the output is over: kill what the
     * command has left behind. */
    enum postern_signal signal;
    uint32_t grace;
};

struct message_credit {
    enum message_stream stream;
    uint32_t bytes;
};

/* EXIT is struct postern_result; ERROR is struct postern_error (its stage, operation and texts are the runner's words:
 * the parent escapes what is not printable). */

bool message_encode_hello(const struct message_hello *message, struct buffer *out);
bool message_encode_spawn(const struct message_spawn *message, struct buffer *out);
bool message_encode_spawned(const struct message_spawned *message, struct buffer *out);
bool message_encode_resize(const struct message_resize *message, struct buffer *out);
bool message_encode_signal(const struct message_signal *message, struct buffer *out);
bool message_encode_credit(const struct message_credit *message, struct buffer *out);
bool message_encode_exit(const struct postern_result *message, struct buffer *out);
bool message_encode_error(const struct postern_error *message, struct buffer *out);

int message_decode_hello(const void *data, size_t size, struct message_hello *out, struct postern_error *error);
int message_decode_spawn(const void *data, size_t size, struct message_spawn *out, struct postern_error *error);
int message_decode_spawned(const void *data, size_t size, struct message_spawned *out, struct postern_error *error);
int message_decode_resize(const void *data, size_t size, struct message_resize *out, struct postern_error *error);
int message_decode_signal(const void *data, size_t size, struct message_signal *out, struct postern_error *error);
int message_decode_credit(const void *data, size_t size, struct message_credit *out, struct postern_error *error);
int message_decode_exit(const void *data, size_t size, struct postern_result *out, struct postern_error *error);
int message_decode_error(const void *data, size_t size, struct postern_error *out, struct postern_error *error);

void message_free_hello(struct message_hello *message);
void message_free_spawn(struct message_spawn *message);

/* "elevated" ... -> level; 0 (STRONGEST) for what is none. */
enum postern_level message_level(const char *name);

#endif
