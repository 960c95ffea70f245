/*
 * test_handshake.c - the mutual proof of the launch key: the right peer gets in, nobody else does.
 */
#include "ipc/handshake.h"

#include "tests/support/golden.h"
#include "tests/support/test.h"

#include <string.h>

static const unsigned char key[CRYPTO_KEY_SIZE] = "0123456789abcdef0123456789abcde";
static const unsigned char other_key[CRYPTO_KEY_SIZE] = "0123456789abcdef0123456789abcdX";

struct talk {
    struct handshake connector, acceptor;
    unsigned char hello[HANDSHAKE_MESSAGE_MAX], reply[HANDSHAKE_MESSAGE_MAX], final[HANDSHAKE_MESSAGE_MAX];
    size_t hello_size, reply_size, final_size, nothing;
};

static void begin(struct talk *talk, const unsigned char *connector_key)
{
    handshake_init(&talk->connector, HANDSHAKE_CONNECTOR, HANDSHAKE_CONTROL, 0, connector_key);
    handshake_init(&talk->acceptor, HANDSHAKE_ACCEPTOR, HANDSHAKE_CONTROL, 0, key);
    assert_int_equal(handshake_step(&talk->connector, NULL, talk->hello, &talk->hello_size, NULL), 0);
    assert_int_equal(talk->hello_size, HANDSHAKE_HELLO_SIZE);
}

static int reply(struct talk *talk)
{
    return handshake_step(&talk->acceptor, talk->hello, talk->reply, &talk->reply_size, NULL);
}

static int finish(struct talk *talk)
{
    int status = handshake_step(&talk->connector, talk->reply, talk->final, &talk->final_size, NULL);
    if (status == 0)
        status = handshake_step(&talk->acceptor, talk->final, talk->reply, &talk->nothing, NULL);
    return status;
}

static bool wiped(const struct handshake *handshake)
{
    static const unsigned char zero[CRYPTO_KEY_SIZE];
    return memcmp(handshake->key, zero, sizeof(zero)) == 0;
}

static void the_right_key_gets_in(void **state)
{
    struct talk talk;
    (void)state;
    begin(&talk, key);
    assert_int_equal(reply(&talk), 0);
    assert_int_equal(finish(&talk), 0);
    assert_int_equal(talk.connector.state, HANDSHAKE_DONE);
    assert_int_equal(talk.acceptor.state, HANDSHAKE_DONE);
    assert_true(wiped(&talk.connector) && wiped(&talk.acceptor));
}

static void another_key_does_not(void **state)
{
    struct talk talk;
    (void)state;
    begin(&talk, other_key);
    assert_int_equal(reply(&talk), 0);
    assert_int_equal(finish(&talk), POSTERN_E_HANDSHAKE);
    assert_int_equal(talk.connector.state, HANDSHAKE_FAILED);
    assert_int_equal(talk.final_size, 0); /* nothing is sent to a peer that does not know the key */
    assert_true(wiped(&talk.connector));
}

/* Every single byte of every message matters. */
static void any_changed_byte_is_noticed(void **state)
{
    struct talk talk;
    (void)state;
    for (size_t i = 0; i < HANDSHAKE_HELLO_SIZE; i++) {
        begin(&talk, key);
        talk.hello[i] ^= 1;
        assert_true(reply(&talk) != 0 || finish(&talk) != 0);
    }
    for (size_t i = 0; i < HANDSHAKE_REPLY_SIZE; i++) {
        begin(&talk, key);
        assert_int_equal(reply(&talk), 0);
        talk.reply[i] ^= 1;
        assert_int_equal(finish(&talk), POSTERN_E_HANDSHAKE);
    }
    for (size_t i = 0; i < HANDSHAKE_FINAL_SIZE; i++) {
        begin(&talk, key);
        assert_int_equal(reply(&talk), 0);
        assert_int_equal(handshake_step(&talk.connector, talk.reply, talk.final, &talk.final_size, NULL), 0);
        talk.final[i] ^= 0x80;
        assert_int_equal(handshake_step(&talk.acceptor, talk.final, talk.reply, &talk.nothing, NULL),
                         POSTERN_E_HANDSHAKE);
        assert_int_equal(talk.acceptor.state, HANDSHAKE_FAILED);
    }
}

/* A peer that echoes our own proof back is not a peer: the two labels differ. */
static void proofs_cannot_be_reflected(void **state)
{
    struct talk talk;
    (void)state;
    begin(&talk, key);
    assert_int_equal(reply(&talk), 0);
    memcpy(talk.final, talk.reply + HANDSHAKE_HELLO_SIZE, CRYPTO_HASH_SIZE);
    assert_int_equal(handshake_step(&talk.acceptor, talk.final, talk.reply, &talk.nothing, NULL), POSTERN_E_HANDSHAKE);
}

static void another_version_is_named(void **state)
{
    struct talk talk;
    struct postern_error error = {0};
    (void)state;
    begin(&talk, key);
    talk.hello[4] = 2;
    assert_int_equal(handshake_step(&talk.acceptor, talk.hello, talk.reply, &talk.reply_size, &error),
                     POSTERN_E_HANDSHAKE);
    assert_non_null(strstr(error.message, "postern/2"));
    assert_non_null(strstr(error.message, "postern/1"));
}

static void another_role_is_refused(void **state)
{
    struct talk talk;
    (void)state;
    for (int role = HANDSHAKE_STDIN; role <= 255; role++) {
        begin(&talk, key);
        talk.hello[5] = (unsigned char)role;
        assert_int_equal(reply(&talk), POSTERN_E_HANDSHAKE);
    }
    begin(&talk, key);
    talk.hello[6] = 1; /* session */
    assert_int_equal(reply(&talk), POSTERN_E_HANDSHAKE);
}

static void nothing_comes_after_the_end(void **state)
{
    struct talk talk;
    (void)state;
    begin(&talk, key);
    assert_int_equal(reply(&talk), 0);
    assert_int_equal(finish(&talk), 0);
    assert_int_equal(handshake_wants(&talk.acceptor), 0);
    assert_int_equal(handshake_step(&talk.acceptor, talk.final, talk.reply, &talk.nothing, NULL), POSTERN_E_STATE);
}

/* The bytes themselves, with fixed nonces, computed independently (see tests/golden/handshake.hex). */
static void proofs_are_what_the_protocol_says(void **state)
{
    unsigned char golden[GOLDEN_MAX], out[HANDSHAKE_MESSAGE_MAX];
    size_t size;
    struct handshake connector;
    (void)state;
    assert_int_equal(golden_read("handshake", golden),
                     CRYPTO_KEY_SIZE + HANDSHAKE_HELLO_SIZE + HANDSHAKE_REPLY_SIZE + HANDSHAKE_FINAL_SIZE);
    const unsigned char *hello = golden + CRYPTO_KEY_SIZE;
    const unsigned char *answer = hello + HANDSHAKE_HELLO_SIZE;
    handshake_init(&connector, HANDSHAKE_CONNECTOR, HANDSHAKE_CONTROL, 0, golden);
    assert_int_equal(handshake_step(&connector, NULL, out, &size, NULL), 0);
    memcpy(connector.hello, hello, HANDSHAKE_HELLO_SIZE); /* as if our nonce had been the golden one */
    assert_int_equal(handshake_step(&connector, answer, out, &size, NULL), 0);
    assert_int_equal(size, HANDSHAKE_FINAL_SIZE);
    assert_memory_equal(out, answer + HANDSHAKE_REPLY_SIZE, HANDSHAKE_FINAL_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_key_gets_in),       cmocka_unit_test(another_key_does_not),
        cmocka_unit_test(any_changed_byte_is_noticed), cmocka_unit_test(proofs_cannot_be_reflected),
        cmocka_unit_test(another_version_is_named),    cmocka_unit_test(another_role_is_refused),
        cmocka_unit_test(nothing_comes_after_the_end), cmocka_unit_test(proofs_are_what_the_protocol_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
