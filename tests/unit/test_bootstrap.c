/*
 * The start record: what goes in comes out, and what is not exactly a runner's step is refused.
 */
#include "ipc/bootstrap.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add(struct enforce_steps *steps, enum enforce_mechanism mechanism, const char *path, uint64_t number)
{
    struct enforce_step step = {.mechanism = mechanism, .path = (char *)path, .number = number};
    assert_true(enforce_add(steps, &step));
}

static void encode(const struct bootstrap *record, struct buffer *bytes)
{
    struct postern_error error = {0};
    buffer_init(bytes, BOOTSTRAP_LIMIT);
    if (bootstrap_encode(record, bytes, &error) != 0)
        fail_msg("%s", error.message);
}

static void decode(struct buffer *bytes, struct bootstrap *out)
{
    struct postern_error error = {0};
    if (bootstrap_decode(buffer_data(bytes), buffer_length(bytes), out, &error) != 0)
        fail_msg("%s", error.message);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct bootstrap record = {.level = POSTERN_LEVEL_RESTRICTED}, read;
    struct buffer bytes;
    memset(record.key, 7, sizeof(record.key));
    add(&record.steps, ENFORCE_LANDLOCK_READ, "/", 0);
    add(&record.steps, ENFORCE_LANDLOCK_WRITE, "/a \"b\"\\\n\xc3\xa4", 0);
    add(&record.steps, ENFORCE_RLIMIT_PROCESSES, NULL, 4096);
    add(&record.steps, ENFORCE_RLIMIT_MEMORY, NULL, INT64_MAX);
    add(&record.steps, ENFORCE_SECCOMP, NULL, 0);
    assert_true(strings_add(&record.in_force, "user:uid-60706"));
    encode(&record, &bytes);
    decode(&bytes, &read);
    assert_memory_equal(read.key, record.key, sizeof(record.key));
    assert_int_equal(read.level, POSTERN_LEVEL_RESTRICTED);
    assert_int_equal(read.steps.count, 5);
    for (size_t i = 0; i < 5; i++) {
        const struct enforce_step *in = &record.steps.item[i], *out = &read.steps.item[i];
        assert_int_equal(out->mechanism, in->mechanism);
        assert_true(out->number == in->number);
        assert_true(!in->path == !out->path && (!in->path || strcmp(in->path, out->path) == 0));
    }
    assert_int_equal(read.in_force.count, 1);
    assert_string_equal(read.in_force.item[0], "user:uid-60706");
    bootstrap_free(&read);
    bootstrap_free(&record);
    buffer_free(&bytes);
}

static void test_every_step_of_a_runner(void **state)
{
    (void)state;
    struct bootstrap record = {.level = POSTERN_LEVEL_ELEVATED}, read;
    struct buffer bytes;
    size_t count = 0;
    for (int i = 0; i < ENFORCE_MECHANISM_COUNT; i++) {
        const struct enforce_mechanism_info *info = enforce_info((enum enforce_mechanism)i);
        if (info->executor != ENFORCE_BY_RUNNER)
            continue;
        add(&record.steps, (enum enforce_mechanism)i, info->argument == ENFORCE_TAKES_PATH ? "/p" : NULL,
            info->argument == ENFORCE_TAKES_NUMBER ? 5 : 0);
        count++;
    }
    encode(&record, &bytes);
    decode(&bytes, &read);
    assert_int_equal(read.steps.count, count);
    bootstrap_free(&read);
    bootstrap_free(&record);
    buffer_free(&bytes);
}

/* As many paths as a policy can have, of a good length. */
static void test_largest_policy(void **state)
{
    (void)state;
    struct bootstrap record = {.level = POSTERN_LEVEL_RESTRICTED}, read;
    struct buffer bytes;
    char path[901];
    for (int i = 0; i < POLICY_RULES_MAX; i++) {
        int length = snprintf(path, sizeof(path), "/%04d/", i);
        memset(path + length, 'x', sizeof(path) - 1 - (size_t)length);
        path[sizeof(path) - 1] = 0;
        add(&record.steps, ENFORCE_LANDLOCK_WRITE, path, 0);
    }
    encode(&record, &bytes);
    decode(&bytes, &read);
    assert_int_equal(read.steps.count, POLICY_RULES_MAX);
    assert_string_equal(read.steps.item[POLICY_RULES_MAX - 1].path, path);
    bootstrap_free(&read);
    bootstrap_free(&record);
    buffer_free(&bytes);
}

static void check_not_encoded(const struct bootstrap *record, int code, const char *word)
{
    struct postern_error error = {0};
    struct buffer bytes;
    buffer_init(&bytes, BOOTSTRAP_LIMIT);
    assert_int_equal(bootstrap_encode(record, &bytes, &error), code);
    if (!strstr(error.message, word))
        fail_msg("%s", error.message);
    buffer_free(&bytes);
}

static void test_what_does_not_fit(void **state)
{
    (void)state;
    struct bootstrap record = {.level = POSTERN_LEVEL_RESTRICTED};
    char *path = malloc(PATH_SIZE_MAX);
    assert_non_null(path);
    memset(path, '/', PATH_SIZE_MAX);
    path[PATH_SIZE_MAX - 1] = 0;
    for (int i = 0; i < 1100; i++)
        add(&record.steps, ENFORCE_LANDLOCK_READ, path, 0);
    check_not_encoded(&record, POSTERN_E_LIMIT, "over");
    bootstrap_free(&record);
    free(path);
    add(&record.steps, ENFORCE_LANDLOCK_READ, "/\xff", 0);
    check_not_encoded(&record, POSTERN_E_POLICY, "UTF-8");
    bootstrap_free(&record);
    add(&record.steps, ENFORCE_RLIMIT_MEMORY, NULL, (uint64_t)INT64_MAX + 1);
    check_not_encoded(&record, POSTERN_E_POLICY, "limits.memory");
    bootstrap_free(&record);
}

static void check_refused(const char *version, const char *rest, int code)
{
    struct bootstrap read;
    struct postern_error error = {0};
    struct buffer bytes;
    char key[CRYPTO_KEY_SIZE] = {1};
    buffer_init(&bytes, BOOTSTRAP_LIMIT);
    assert_true(buffer_append(&bytes, key, sizeof(key)) &&
                buffer_printf(&bytes, "{\"version\":\"%s\",\"level\":\"restricted\"%s}", version, rest));
    int status = bootstrap_decode(buffer_data(&bytes), buffer_length(&bytes), &read, &error);
    if (status != code)
        fail_msg("%s gives %d: %s", rest, status, error.message);
    assert_true(status == 0 || (error.message[0] && error.code == code));
    assert_true(status == 0 || (!read.steps.item && !read.in_force.item && read.key[0] == 0));
    assert_true(status == 0 || (!read.sid && read.parent == 0 && read.log == 0));
    if (status == 0)
        bootstrap_free(&read);
    buffer_free(&bytes);
}

static void test_wrong_steps(void **state)
{
    (void)state;
    static const char *const steps[] = {
        "{}", "5", "[5]", "[[]]", "[{}]", "[\"syscalls:seccomp\"]", "[[5]]", "[[\"syscalls:seccomp\",5]]",
        "[[\"syscalls:seccomp\",null]]", "[[\"syscalls:seccomp\\u0000\"]]", "[[\"no:such\"]]", "[[\"\"]]",
        "[[\"fs.read:landlock\"]]", "[[\"fs.read:landlock\",5]]", "[[\"fs.read:landlock\",\"\"]]",
        "[[\"fs.read:landlock\",\"/a\\u0000b\"]]", "[[\"fs.read:landlock\",\"/a\",\"/b\"]]",
        "[[\"limits.processes:rlimit\"]]", "[[\"limits.processes:rlimit\",\"5\"]]",
        "[[\"limits.processes:rlimit\",-1]]", "[[\"limits.processes:rlimit\",1.5]]",
        "[[\"limits.processes:rlimit\",18446744073709551615]]",
        /* the launcher's */
        "[[\"fs.deny:mask-mount\",\"/a\"]]", "[[\"limits.memory:cgroup\",5]]", "[[\"user:uid\"]]"};
    char text[128];
    check_refused(postern_version(), ",\"steps\":[[\"syscalls:seccomp\"],[\"fs.read:landlock\",\"/\"]]", 0);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        snprintf(text, sizeof(text), ",\"steps\":%s", steps[i]);
        check_refused(postern_version(), text, POSTERN_E_PROTOCOL);
    }
}

static void test_wrong_records(void **state)
{
    (void)state;
    struct bootstrap read;
    check_refused("0.0.1", "", POSTERN_E_HANDSHAKE);
    check_refused(postern_version(), ",\"extra\":1", POSTERN_E_PROTOCOL);
    check_refused(postern_version(), ",\"level\":\"none\"", POSTERN_E_PROTOCOL);
    check_refused(postern_version(), ",\"in_force\":[5]", POSTERN_E_PROTOCOL);
    assert_int_equal(bootstrap_decode("x", 1, &read, NULL), POSTERN_E_PROTOCOL);
    bootstrap_free(&read);
}

/* ---- what only Windows has ---- */

static void test_windows_fields(void **state)
{
    (void)state;
    char sid[] = "S-1-5-21-1-2-3-4";
    struct bootstrap record = {.level = POSTERN_LEVEL_RESTRICTED}, read;
    struct buffer bytes;
    encode(&record, &bytes);
    decode(&bytes, &read);
    assert_true(!read.sid && read.parent == 0 && read.log == 0);
    bootstrap_free(&read);
    buffer_free(&bytes);
    record.sid = sid;
    record.parent = 4;
    record.log = INT32_MAX;
    encode(&record, &bytes);
    decode(&bytes, &read);
    assert_string_equal(read.sid, sid);
    assert_int_equal(read.parent, 4);
    assert_int_equal(read.log, INT32_MAX);
    bootstrap_free(&read);
    assert_true(!read.sid && read.parent == 0 && read.log == 0);
    buffer_free(&bytes);
}

static void test_wrong_windows_fields(void **state)
{
    (void)state;
    static const char *const wrong[] = {",\"sid\":\"\"",
                                        ",\"sid\":\"S-1-5\"",
                                        ",\"sid\":\"everybody\"",
                                        ",\"sid\":\"S-1-5-21-1)(A;;GA;;;WD\"",
                                        ",\"sid\":\"S-1-5-21-1\\u0000\"",
                                        ",\"sid\":5",
                                        ",\"sid\":[\"S-1-5-21-1\"]",
                                        ",\"parent\":-1",
                                        ",\"parent\":\"4\"",
                                        ",\"parent\":1.5",
                                        ",\"parent\":2147483648",
                                        ",\"log\":-1",
                                        ",\"log\":true",
                                        ",\"log\":18446744073709551615"};
    struct bootstrap record = {.level = POSTERN_LEVEL_RESTRICTED};
    char not_one[] = "S-1-5-21-1)";
    check_refused(postern_version(), ",\"steps\":[],\"sid\":\"S-1-5-21-1\",\"parent\":4,\"log\":8", 0);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        check_refused(postern_version(), wrong[i], POSTERN_E_PROTOCOL);
    record.sid = not_one;
    check_not_encoded(&record, POSTERN_E_INVALID, "SID");
    record.sid = NULL;
    record.parent = OS_HANDLE_NONE;
    check_not_encoded(&record, POSTERN_E_INVALID, "handle");
    record.parent = 0;
    record.log = OS_HANDLE_NONE;
    check_not_encoded(&record, POSTERN_E_INVALID, "handle");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),     cmocka_unit_test(test_every_step_of_a_runner),
        cmocka_unit_test(test_largest_policy), cmocka_unit_test(test_what_does_not_fit),
        cmocka_unit_test(test_wrong_steps),    cmocka_unit_test(test_wrong_records),
        cmocka_unit_test(test_windows_fields), cmocka_unit_test(test_wrong_windows_fields)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
