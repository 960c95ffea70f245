/*
 * shared/crypto.c and the platform's randomness.
 */
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

#include "shared/crypto.h"

struct vector {
    unsigned char key[CRYPTO_KEY_SIZE];
    const char *data;
    size_t size;
    unsigned char mac[CRYPTO_HASH_SIZE];
    size_t mac_size;
};

/*
 * RFC 4231, cases 1 to 7. Our keys always have 32 bytes; that loses no case: HMAC fills shorter keys up with zeros, as
 * C does here, and replaces the long key of the last two by its SHA-256, which is what stands here.
 */
#define FIFTY_DD                                                                                                       \
    "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"             \
    "\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd\xdd"
#define FIFTY_CD                                                                                                       \
    "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"             \
    "\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd\xcd"
#define LONG_KEY_HASH                                                                                                  \
    {                                                                                                                  \
        0x45, 0xad, 0x4b, 0x37, 0xc6, 0xe2, 0xfc, 0x0a, 0x2c, 0xfc, 0xc1, 0xb5, 0xda, 0x52, 0x41, 0x32, 0xec, 0x70,    \
            0x76, 0x15, 0xc2, 0xca, 0xe1, 0xdb, 0xbc, 0x43, 0xc9, 0x7a, 0xa5, 0x21, 0xdb, 0x81                         \
    }
#define TEXT(text) text, sizeof(text) - 1

static const struct vector vectors[] = {
    {{11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11},
     TEXT("Hi There"),
     {0xb0, 0x34, 0x4c, 0x61, 0xd8, 0xdb, 0x38, 0x53, 0x5c, 0xa8, 0xaf, 0xce, 0xaf, 0x0b, 0xf1, 0x2b,
      0x88, 0x1d, 0xc2, 0x00, 0xc9, 0x83, 0x3d, 0xa7, 0x26, 0xe9, 0x37, 0x6c, 0x2e, 0x32, 0xcf, 0xf7},
     32},
    {"Jefe",
     TEXT("what do ya want for nothing?"),
     {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7,
      0x5a, 0x00, 0x3f, 0x08, 0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43},
     32},
    {{0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa,
      0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa},
     TEXT(FIFTY_DD),
     {0x77, 0x3e, 0xa9, 0x1e, 0x36, 0x80, 0x0e, 0x46, 0x85, 0x4d, 0xb8, 0xeb, 0xd0, 0x91, 0x81, 0xa7,
      0x29, 0x59, 0x09, 0x8b, 0x3e, 0xf8, 0xc1, 0x22, 0xd9, 0x63, 0x55, 0x14, 0xce, 0xd5, 0x65, 0xfe},
     32},
    {{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25},
     TEXT(FIFTY_CD),
     {0x82, 0x55, 0x8a, 0x38, 0x9a, 0x44, 0x3c, 0x0e, 0xa4, 0xcc, 0x81, 0x98, 0x99, 0xf2, 0x08, 0x3a,
      0x85, 0xf0, 0xfa, 0xa3, 0xe5, 0x78, 0xf8, 0x07, 0x7a, 0x2e, 0x3f, 0xf4, 0x67, 0x29, 0x66, 0x5b},
     32},
    {{12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12, 12},
     TEXT("Test With Truncation"),
     {0xa3, 0xb6, 0x16, 0x74, 0x73, 0x10, 0x0e, 0xe0, 0x6e, 0x0c, 0x79, 0x6c, 0x29, 0x55, 0x55, 0x2b},
     16},
    {LONG_KEY_HASH,
     TEXT("Test Using Larger Than Block-Size Key - Hash Key First"),
     {0x60, 0xe4, 0x31, 0x59, 0x1e, 0xe0, 0xb6, 0x7f, 0x0d, 0x8a, 0x26, 0xaa, 0xcb, 0xf5, 0xb7, 0x7f,
      0x8e, 0x0b, 0xc6, 0x21, 0x37, 0x28, 0xc5, 0x14, 0x05, 0x46, 0x04, 0x0f, 0x0e, 0xe3, 0x7f, 0x54},
     32},
    {LONG_KEY_HASH,
     TEXT("This is a test using a larger than block-size key and a larger than block-size data. The key needs to be "
          "hashed before being used by the HMAC algorithm."),
     {0x9b, 0x09, 0xff, 0xa7, 0x1b, 0x94, 0x2f, 0xcb, 0x27, 0x63, 0x5f, 0xbc, 0xd5, 0xb0, 0xe9, 0x44,
      0xbf, 0xdc, 0x63, 0x64, 0x4f, 0x07, 0x13, 0x93, 0x8a, 0x7f, 0x51, 0x53, 0x5c, 0x3a, 0x35, 0xe2},
     32},
};

/* FIPS 180-2, appendix B, and the empty message. */
static void hash_vectors(void **state)
{
    static const struct {
        const char *text;
        size_t times;
        unsigned char hash[CRYPTO_HASH_SIZE];
    } known[] = {
        {"", 1, {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
                 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55}},
        {"abc", 1, {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
                    0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad}},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         1,
         {0x24, 0x8d, 0x6a, 0x61, 0xd2, 0x06, 0x38, 0xb8, 0xe5, 0xc0, 0x26, 0x93, 0x0c, 0x3e, 0x60, 0x39,
          0xa3, 0x3c, 0xe4, 0x59, 0x64, 0xff, 0x21, 0x67, 0xf6, 0xec, 0xed, 0xd4, 0x19, 0xdb, 0x06, 0xc1}},
        {"a", 1000000, {0xcd, 0xc7, 0x6e, 0x5c, 0x99, 0x14, 0xfb, 0x92, 0x81, 0xa1, 0xc7,
                        0xe2, 0x84, 0xd7, 0x3e, 0x67, 0xf1, 0x80, 0x9a, 0x48, 0xa4, 0x97,
                        0x20, 0x0e, 0x04, 0x6d, 0x39, 0xcc, 0xc7, 0x11, 0x2c, 0xd0}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        size_t length = strlen(known[i].text), size = length * known[i].times;
        unsigned char hash[CRYPTO_HASH_SIZE], *data = malloc(size + 1);

        assert_non_null(data);
        for (size_t at = 0; at < size; at += length) {
            memcpy(data + at, known[i].text, length);
        }
        assert_true(crypto_hash(data, size, hash));
        assert_memory_equal(hash, known[i].hash, sizeof(hash));
        free(data);
    }
}

static void hmac_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        const struct crypto_part part = {vectors[i].data, vectors[i].size};
        unsigned char mac[CRYPTO_HASH_SIZE] = {0};

        assert_true(crypto_hmac(vectors[i].key, &part, 1, mac));
        assert_memory_equal(mac, vectors[i].mac, vectors[i].mac_size);
    }
}

/* Cut into three parts anywhere, empty ones and the null pointer included, the result is the same. */
static void hmac_of_parts(void **state)
{
    const struct vector *vector = &vectors[6];

    (void)state;
    for (size_t first = 0; first <= vector->size; first++) {
        for (size_t second = first; second <= vector->size; second += 13) {
            const struct crypto_part parts[] = {{vector->data, first},
                                                {NULL, 0},
                                                {vector->data + first, second - first},
                                                {vector->data + second, vector->size - second}};
            unsigned char mac[CRYPTO_HASH_SIZE] = {0};

            assert_true(crypto_hmac(vector->key, parts, 4, mac));
            assert_memory_equal(mac, vector->mac, sizeof(mac));
        }
    }
}

static void hmac_depends_on_everything(void **state)
{
    unsigned char key[CRYPTO_KEY_SIZE] = {0}, mac[CRYPTO_HASH_SIZE], other[CRYPTO_HASH_SIZE];
    unsigned char data[3] = {1, 2, 3};
    const struct crypto_part part = {data, sizeof(data)};

    (void)state;
    assert_true(crypto_hmac(key, &part, 1, mac));
    key[31] = 1;
    assert_true(crypto_hmac(key, &part, 1, other));
    assert_memory_not_equal(mac, other, sizeof(mac));
    key[31] = 0;
    data[2] = 4;
    assert_true(crypto_hmac(key, &part, 1, other));
    assert_memory_not_equal(mac, other, sizeof(mac));
    assert_true(crypto_hmac(key, NULL, 0, other));
    assert_memory_not_equal(mac, other, sizeof(mac));
}

static void equal_looks_at_every_byte(void **state)
{
    unsigned char a[32] = {0}, b[32] = {0};

    (void)state;
    assert_true(crypto_equal(a, b, sizeof(a)));
    assert_true(crypto_equal(NULL, NULL, 0));
    for (size_t i = 0; i < sizeof(a); i++) {
        for (unsigned bit = 1; bit < 256; bit <<= 1) {
            b[i] = (unsigned char)bit;
            assert_false(crypto_equal(a, b, sizeof(a)));
            assert_true(crypto_equal(a, b, i));
        }
        b[i] = 0;
    }
}

static void wipe_clears_exactly_that(void **state)
{
    unsigned char data[10];

    (void)state;
    memset(data, 7, sizeof(data));
    crypto_wipe(data + 1, 8);
    assert_memory_equal(data, "\x07\0\0\0\0\0\0\0\0\x07", 10);
    crypto_wipe(data, 0);
    crypto_wipe(NULL, 0);
    assert_int_equal(data[0], 7);
}

/* 100 KiB: more than one answer of the kernel. Each byte value must come about 400 times, no block twice. */
static void random_is_no_constant(void **state)
{
    static unsigned char data[102400];
    unsigned seen[256] = {0};

    (void)state;
    assert_true(crypto_random(data, 0));
    assert_true(crypto_random(data, sizeof(data)));
    for (size_t i = 0; i < sizeof(data); i++) {
        seen[data[i]]++;
    }
    for (size_t i = 0; i < 256; i++) {
        assert_in_range(seen[i], 200, 600); /* ten standard deviations */
    }
    for (size_t i = 32; i < sizeof(data); i += 32) {
        assert_memory_not_equal(data, data + i, 32);
    }
}

static void random_names_differ(void **state)
{
    char name[33], other[33];

    (void)state;
    memset(name, 'x', sizeof(name));
    assert_true(crypto_random_name(name));
    assert_true(crypto_random_name(other));
    assert_int_equal(strlen(name), 32);
    assert_int_equal(strspn(name, "0123456789abcdef"), 32);
    assert_string_not_equal(name, other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_vectors),
        cmocka_unit_test(hmac_vectors),
        cmocka_unit_test(hmac_of_parts),
        cmocka_unit_test(hmac_depends_on_everything),
        cmocka_unit_test(equal_looks_at_every_byte),
        cmocka_unit_test(wipe_clears_exactly_that),
        cmocka_unit_test(random_is_no_constant),
        cmocka_unit_test(random_names_differ),
    };

    return cmocka_run_group_tests_name("crypto", tests, NULL, NULL);
}
