/*
 * sandbox.c - see sandbox.h. Linked to every test program.
 */
#include "tests/support/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/system.h"

#define ARGUMENTS 32

struct postern_error test_error;

void test_must(int status, const char *call, const char *file, int line)
{
    if (status == 0)
        return;
    print_error("%s\n  failed: %s at %s%s%s: %s (%lld)\n", call, postern_code_name(status), test_error.stage,
                test_error.operation[0] ? ", " : "", test_error.operation, test_error.message,
                (long long)test_error.os_error);
    _fail(file, line);
}

void test_must_fail(int status, int code, const char *stage, const char *word, const char *call, const char *file,
                    int line)
{
    if (status == code && test_error.code == code && strstr(test_error.message, word) && test_error.remedy[0] &&
        (stage ? strcmp(stage, test_error.stage) == 0 : test_error.stage[0] != '\0'))
        return;
    print_error("%s\n  wanted: %s at %s with \"%s\"\n  got: %s, %s at %s: \"%s\", remedy \"%s\"\n", call,
                postern_code_name(code), stage ? stage : "any stage", word, postern_code_name(status),
                postern_code_name(test_error.code), test_error.stage, test_error.message, test_error.remedy);
    _fail(file, line);
}

uint64_t test_now_ms(void)
{
    return system_now_us() / 1000;
}

/* ---- levels ---- */

enum postern_level test_level(void)
{
    static const enum postern_level levels[] = {POSTERN_LEVEL_ELEVATED, POSTERN_LEVEL_RESTRICTED};
    const char *wanted = getenv("POSTERN_TEST_LEVEL");
#if defined(__SANITIZE_THREAD__)
    return POSTERN_LEVEL_NONE; /* the keeper cannot lock the file tree with that sanitizer in it */
#endif
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
        if (wanted ? strcmp(wanted, postern_level_name(levels[i])) == 0 : postern_level_check(levels[i], NULL) == 0)
            return levels[i];
    return POSTERN_LEVEL_NONE;
}

static void skip_level(void **state)
{
    test_need_level(*(const enum postern_level *)*state);
}

static void add_test(struct CMUnitTest *out, char name[128], const struct CMUnitTest *test,
                     const enum postern_level *level)
{
    snprintf(name, 128, "%s at %s", test->name, postern_level_name(*level));
    *out = *test;
    out->name = name;
    out->teardown_func = test_close_all;
    out->initial_state = (void *)(uintptr_t)level;
}

int test_run_at_levels(const enum postern_level *levels, size_t level_count, const struct CMUnitTest *tests,
                       size_t count)
{
    static const struct CMUnitTest all_skipped = {"all tests", skip_level, NULL, NULL, NULL};
    struct CMUnitTest *all = calloc(count * level_count, sizeof(*all));
    char(*names)[128] = calloc(count * level_count, sizeof(*names));
    size_t used = 0;
    int failed = 1;
    if (!all || !names)
        goto out;
    for (size_t level = 0; level < level_count; level++) {
        if (postern_level_check(levels[level], NULL) != 0) {
            add_test(&all[used], names[used], &all_skipped, &levels[level]);
            used++;
            continue;
        }
        for (size_t i = 0; i < count; i++, used++)
            add_test(&all[used], names[used], &tests[i], &levels[level]);
    }
    failed = _cmocka_run_group_tests("levels", all, used, NULL, NULL);
out:
    free(all);
    free(names);
    return failed;
}

void test_need_level(enum postern_level level)
{
    struct postern_error why = {0};
    if (postern_level_check(level, &why) == 0)
        return;
    char reason[640];
    snprintf(reason, sizeof(reason), "level %s: %s", postern_level_name(level), why.message);
    SKIP_BECAUSE(reason);
}

/* ---- sandboxes ---- */

static struct postern_sandbox *opened[64];

struct postern_sandbox_options test_options(enum postern_level level)
{
    struct postern_sandbox_options options = POSTERN_SANDBOX_OPTIONS_INIT;
    options.level = level;
    options.workspace = test_program_dir();
    options.libexec = test_bin_dir();
    options.log_file = getenv("POSTERN_TEST_LOG");
    return options;
}

struct postern_sandbox *test_open_with(const struct postern_sandbox_options *options)
{
    size_t place = 0;
    test_need_level(options->level);
    while (opened[place])
        assert_true(++place < sizeof(opened) / sizeof(opened[0]));
    MUST(postern_sandbox_open(options, &opened[place], &test_error));
    return opened[place];
}

struct postern_sandbox *test_open(enum postern_level level)
{
    struct postern_sandbox_options options = test_options(level);
    return test_open_with(&options);
}

void test_close(struct postern_sandbox *sandbox)
{
    for (size_t i = 0; i < sizeof(opened) / sizeof(opened[0]); i++)
        if (opened[i] == sandbox)
            opened[i] = NULL;
    postern_sandbox_close(sandbox);
}

int test_close_all(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(opened) / sizeof(opened[0]); i++)
        test_close(opened[i]);
    return 0;
}

/* ---- sessions ---- */

static struct postern_session *start(struct postern_sandbox *sandbox, const struct postern_command *command,
                                     const char *what, va_list arguments, bool wait)
{
    const char *argv[ARGUMENTS] = {test_program_path("stream"), what};
    struct postern_command full = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL;
    if (command)
        full = *command;
    for (size_t i = 2; (argv[i] = va_arg(arguments, const char *)) != NULL;)
        assert_true(++i < ARGUMENTS);
    full.argv = argv;
    if (wait)
        MUST(postern_session_start(sandbox, &full, &session, &test_error));
    else
        MUST(postern_session_begin(sandbox, &full, &session, &test_error));
    return session;
}

struct postern_session *test_start(struct postern_sandbox *sandbox, const struct postern_command *command,
                                   const char *what, ...)
{
    va_list arguments;
    va_start(arguments, what);
    struct postern_session *session = start(sandbox, command, what, arguments, true);
    va_end(arguments);
    return session;
}

struct postern_session *test_begin(struct postern_sandbox *sandbox, const struct postern_command *command,
                                   const char *what, ...)
{
    va_list arguments;
    va_start(arguments, what);
    struct postern_session *session = start(sandbox, command, what, arguments, false);
    va_end(arguments);
    return session;
}

void test_expect(struct postern_session *session, enum postern_stream stream, const char *text)
{
    char found[512] = "";
    size_t have = 0, size = strlen(text);
    assert_true(size < sizeof(found));
    while (have < size) {
        size_t got = 0;
        MUST(postern_session_read(session, stream, found + have, size - have, TEST_WAIT_MS, &got, &test_error));
        if (got == 0)
            break;
        have += got;
    }
    found[have] = '\0';
    assert_string_equal(found, text);
}

size_t test_read_all(struct postern_session *session, enum postern_stream stream, char *out, size_t capacity)
{
    size_t have = 0, got = 0;
    do {
        char more;
        bool full = have + 1 >= capacity;
        MUST(postern_session_read(session, stream, full ? &more : out + have, full ? 1 : capacity - 1 - have,
                                  TEST_WAIT_MS, &got, &test_error));
        assert_true(got == 0 || !full);
        have += got;
    } while (got > 0);
    out[have] = '\0';
    return have;
}

void test_write(struct postern_session *session, const char *text)
{
    size_t written = 0;
    MUST(postern_session_write(session, text, strlen(text), TEST_WAIT_MS, &written, &test_error));
    assert_int_equal(written, strlen(text));
}

struct postern_result test_wait(struct postern_session *session)
{
    struct postern_result result = {0};
    MUST(postern_session_wait(session, TEST_WAIT_MS, &result, &test_error));
    return result;
}

void test_exits(struct postern_session *session, int status)
{
    struct postern_result result = test_wait(session);
    assert_int_equal(result.reason, POSTERN_REASON_EXITED);
    assert_int_equal(result.signal, 0);
    assert_int_equal(result.exit_code, status);
    postern_session_release(session);
}
