/*
 * handshake.h - how two sides of a fresh connection show each other that they know the launch key. Portable and pure:
 * bytes in, bytes out; time limits and transport are the channel's.
 *
 *   connector -> acceptor  "PSTN" ver=1 role:u8 session:u32 nonceC[32]                                      42 bytes
 *   acceptor -> connector  "PSTN" ver role session nonceS[32] HMAC(K, "postern/1 acceptor" | hello | nonceS)  74 bytes
 *   connector -> acceptor  HMAC(K, "postern/1 connector" | hello | nonceS)                                  32 bytes
 *
 * `hello` is the 42 bytes of the first message. The acceptor shows itself first, so a connector never answers a peer
 * that does not know the key; nothing secret is sent either way.
 */
#ifndef POSTERN_IPC_HANDSHAKE_H
#define POSTERN_IPC_HANDSHAKE_H

#include "shared/crypto.h"
#include "shared/error.h"

#define HANDSHAKE_VERSION 1
#define HANDSHAKE_NONCE_SIZE 32
#define HANDSHAKE_HELLO_SIZE (4 + 1 + 1 + 4 + HANDSHAKE_NONCE_SIZE)
#define HANDSHAKE_REPLY_SIZE (HANDSHAKE_HELLO_SIZE + CRYPTO_HASH_SIZE)
#define HANDSHAKE_FINAL_SIZE CRYPTO_HASH_SIZE
#define HANDSHAKE_MESSAGE_MAX HANDSHAKE_REPLY_SIZE

enum handshake_side { HANDSHAKE_CONNECTOR, HANDSHAKE_ACCEPTOR }; /* runner, parent */

/* What a channel carries. Control carries everything today; the others are reserved for streams of their own. */
enum handshake_role { HANDSHAKE_CONTROL = 0, HANDSHAKE_STDIN = 1, HANDSHAKE_STDOUT = 2, HANDSHAKE_STDERR = 3 };

enum handshake_state {
    HANDSHAKE_START,
    HANDSHAKE_WAIT_HELLO,
    HANDSHAKE_WAIT_REPLY,
    HANDSHAKE_WAIT_FINAL,
    HANDSHAKE_DONE,
    HANDSHAKE_FAILED
};

struct handshake {
    enum handshake_side side;
    enum handshake_state state;
    uint8_t role;
    uint32_t session;
    unsigned char key[CRYPTO_KEY_SIZE]; /* wiped when done or failed */
    unsigned char hello[HANDSHAKE_HELLO_SIZE];
    unsigned char nonce[HANDSHAKE_NONCE_SIZE]; /* the acceptor's */
};

/* The connector declares role and session; the acceptor gives those it expects and refuses all others. */
void handshake_init(struct handshake *handshake, enum handshake_side side, enum handshake_role role, uint32_t session,
                    const unsigned char key[CRYPTO_KEY_SIZE]);

/* One step. Connector's first call: data NULL. Otherwise exactly handshake_wants() bytes of the peer. Up to
 * HANDSHAKE_MESSAGE_MAX bytes to send are put into `out`, *out_size says how many. */
int handshake_step(struct handshake *handshake, const unsigned char *data, unsigned char *out, size_t *out_size,
                   struct postern_error *error);

/* How many bytes the next step takes; 0 at the start of a connector, when done or failed. */
size_t handshake_wants(const struct handshake *handshake);

void handshake_wipe(struct handshake *handshake);

#endif
