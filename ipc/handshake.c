/*
 * handshake.c - the mutual proof of the launch key. See handshake.h. Both sides; every byte that comes in is hostile.
 */
#include "ipc/handshake.h"

#include "shared/wire.h"

#include <string.h>

#define STAGE "handshake"
static const char magic[4] = {'P', 'S', 'T', 'N'};
static const char label_acceptor[] = "postern/1 acceptor";
static const char label_connector[] = "postern/1 connector";

void handshake_init(struct handshake *handshake, enum handshake_side side, enum handshake_role role, uint32_t session,
                    const unsigned char key[CRYPTO_KEY_SIZE])
{
    *handshake = (struct handshake){.side = side, .role = (uint8_t)role, .session = session};
    handshake->state = side == HANDSHAKE_CONNECTOR ? HANDSHAKE_START : HANDSHAKE_WAIT_HELLO;
    memcpy(handshake->key, key, CRYPTO_KEY_SIZE);
}

void handshake_wipe(struct handshake *handshake)
{
    crypto_wipe(handshake->key, sizeof(handshake->key));
}

size_t handshake_wants(const struct handshake *handshake)
{
    switch (handshake->state) {
    case HANDSHAKE_WAIT_HELLO:
        return HANDSHAKE_HELLO_SIZE;
    case HANDSHAKE_WAIT_REPLY:
        return HANDSHAKE_REPLY_SIZE;
    case HANDSHAKE_WAIT_FINAL:
        return HANDSHAKE_FINAL_SIZE;
    case HANDSHAKE_START:
    case HANDSHAKE_DONE:
    case HANDSHAKE_FAILED:
        break;
    }
    return 0;
}

static void put_greeting(const struct handshake *handshake, const unsigned char *nonce, unsigned char *out)
{
    struct wire_writer writer;
    wire_writer_init(&writer, out, HANDSHAKE_HELLO_SIZE);
    wire_put_bytes(&writer, magic, sizeof(magic));
    wire_put_u8(&writer, HANDSHAKE_VERSION);
    wire_put_u8(&writer, handshake->role);
    wire_put_u32(&writer, handshake->session);
    wire_put_bytes(&writer, nonce, HANDSHAKE_NONCE_SIZE);
}

/* Checks all of a greeting but its nonce. */
static int check_greeting(const struct handshake *handshake, const unsigned char *data, struct postern_error *error)
{
    struct wire_reader reader;
    wire_reader_init(&reader, data, HANDSHAKE_HELLO_SIZE);
    const unsigned char *their_magic = wire_get_bytes(&reader, sizeof(magic));
    unsigned version = wire_get_u8(&reader);
    unsigned role = wire_get_u8(&reader);
    uint32_t session = wire_get_u32(&reader);
    if (memcmp(their_magic, magic, sizeof(magic)) != 0)
        return error_set(error, POSTERN_E_HANDSHAKE, STAGE, "", "the peer does not speak postern's protocol");
    if (version != HANDSHAKE_VERSION)
        return error_set(error, POSTERN_E_HANDSHAKE, STAGE, "", "the peer speaks postern/%u, this side postern/%u",
                         version, (unsigned)HANDSHAKE_VERSION);
    if (role != handshake->role || session != handshake->session)
        return error_set(error, POSTERN_E_HANDSHAKE, STAGE, "",
                         "the peer declared role %u of session %lu, not %u of %lu", role, (unsigned long)session,
                         handshake->role, (unsigned long)handshake->session);
    return 0;
}

static bool proof(const struct handshake *handshake, const char *label, unsigned char out[CRYPTO_HASH_SIZE])
{
    const struct crypto_part parts[] = {
        {label, strlen(label)},
        {handshake->hello, sizeof(handshake->hello)},
        {handshake->nonce, sizeof(handshake->nonce)},
    };
    return crypto_hmac(handshake->key, parts, sizeof(parts) / sizeof(parts[0]), out);
}

static int check_proof(const struct handshake *handshake, const char *label, const unsigned char *theirs,
                       struct postern_error *error)
{
    unsigned char ours[CRYPTO_HASH_SIZE];
    bool equal = proof(handshake, label, ours) && crypto_equal(ours, theirs, sizeof(ours));
    crypto_wipe(ours, sizeof(ours));
    if (!equal)
        return error_set(error, POSTERN_E_HANDSHAKE, STAGE, "", "the peer does not know the launch key");
    return 0;
}

static int no_randomness(struct postern_error *error)
{
    return error_set(error, POSTERN_E_HANDSHAKE, STAGE, "", "the system gave no randomness");
}

static int connector_hello(struct handshake *handshake, unsigned char *out, size_t *out_size,
                           struct postern_error *error)
{
    unsigned char nonce[HANDSHAKE_NONCE_SIZE];
    if (!crypto_random(nonce, sizeof(nonce)))
        return no_randomness(error);
    put_greeting(handshake, nonce, handshake->hello);
    memcpy(out, handshake->hello, HANDSHAKE_HELLO_SIZE);
    *out_size = HANDSHAKE_HELLO_SIZE;
    handshake->state = HANDSHAKE_WAIT_REPLY;
    return 0;
}

static int acceptor_reply(struct handshake *handshake, const unsigned char *data, unsigned char *out, size_t *out_size,
                          struct postern_error *error)
{
    int status = check_greeting(handshake, data, error);
    if (status != 0)
        return status;
    memcpy(handshake->hello, data, HANDSHAKE_HELLO_SIZE);
    if (!crypto_random(handshake->nonce, sizeof(handshake->nonce)))
        return no_randomness(error);
    put_greeting(handshake, handshake->nonce, out);
    if (!proof(handshake, label_acceptor, out + HANDSHAKE_HELLO_SIZE))
        return error_set(error, POSTERN_E_INTERNAL, STAGE, "", "HMAC failed");
    *out_size = HANDSHAKE_REPLY_SIZE;
    handshake->state = HANDSHAKE_WAIT_FINAL;
    return 0;
}

static int connector_final(struct handshake *handshake, const unsigned char *data, unsigned char *out, size_t *out_size,
                           struct postern_error *error)
{
    int status = check_greeting(handshake, data, error);
    if (status != 0)
        return status;
    memcpy(handshake->nonce, data + HANDSHAKE_HELLO_SIZE - HANDSHAKE_NONCE_SIZE, HANDSHAKE_NONCE_SIZE);
    status = check_proof(handshake, label_acceptor, data + HANDSHAKE_HELLO_SIZE, error);
    if (status != 0)
        return status;
    if (!proof(handshake, label_connector, out))
        return error_set(error, POSTERN_E_INTERNAL, STAGE, "", "HMAC failed");
    *out_size = HANDSHAKE_FINAL_SIZE;
    handshake->state = HANDSHAKE_DONE;
    return 0;
}

int handshake_step(struct handshake *handshake, const unsigned char *data, unsigned char *out, size_t *out_size,
                   struct postern_error *error)
{
    int status = POSTERN_E_STATE;
    *out_size = 0;
    switch (handshake->state) {
    case HANDSHAKE_START:
        status = connector_hello(handshake, out, out_size, error);
        break;
    case HANDSHAKE_WAIT_HELLO:
        status = acceptor_reply(handshake, data, out, out_size, error);
        break;
    case HANDSHAKE_WAIT_REPLY:
        status = connector_final(handshake, data, out, out_size, error);
        break;
    case HANDSHAKE_WAIT_FINAL:
        status = check_proof(handshake, label_connector, data, error);
        if (status == 0)
            handshake->state = HANDSHAKE_DONE;
        break;
    case HANDSHAKE_DONE:
    case HANDSHAKE_FAILED:
        status = error_set(error, POSTERN_E_STATE, STAGE, "", "the handshake is over");
        break;
    }
    if (status != 0)
        handshake->state = HANDSHAKE_FAILED;
    if (handshake->state == HANDSHAKE_DONE || handshake->state == HANDSHAKE_FAILED)
        handshake_wipe(handshake);
    return status;
}
