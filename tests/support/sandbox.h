/*
 * sandbox.h - what all integration tests do: open a sandbox, start the program `stream` in it, expect its output.
 * Every wait is bounded; a failed call ends the test with its error.
 */
#ifndef POSTERN_TESTS_SUPPORT_SANDBOX_H
#define POSTERN_TESTS_SUPPORT_SANDBOX_H

#include "postern.h"
#include "tests/support/host.h"
#include "tests/support/test.h"

#define TEST_WAIT_MS 20000 /* what takes longer will never come */

/* For calls that must succeed: give them &test_error. */
extern struct postern_error test_error;
#define MUST(call) test_must((call), #call, __FILE__, __LINE__)
void test_must(int status, const char *call, const char *file, int line);

/* For calls that must fail: with this code, at this stage (NULL: any), and with this word in the message. */
#define MUST_FAIL(call, code, stage, word) test_must_fail((call), (code), (stage), (word), #call, __FILE__, __LINE__)
void test_must_fail(int status, int code, const char *stage, const char *word, const char *call, const char *file,
                    int line);

uint64_t test_now_ms(void);

/* ---- levels ---- */

/* For tests that need any sandbox: $POSTERN_TEST_LEVEL, else the strongest level there is. */
enum postern_level test_level(void);

/* Runs each test at each of these levels, named "TEST at LEVEL"; *state is a const enum postern_level. Sandboxes that a
 * test leaves open are closed after it. A level that the host does not offer is one skipped test. */
int test_run_at_levels(const enum postern_level *levels, size_t level_count, const struct CMUnitTest *tests,
                       size_t count);

/* ---- sandboxes ---- */

/* Skips the test where the host does not offer the level. */
void test_need_level(enum postern_level level);

/* The folder of the helper programs is the workspace: there the command can reach them wherever the tree lies.
 * $POSTERN_TEST_LOG names a log file for those who look for a fault. */
struct postern_sandbox_options test_options(enum postern_level level);
struct postern_sandbox *test_open(enum postern_level level);
struct postern_sandbox *test_open_with(const struct postern_sandbox_options *options);
void test_close(struct postern_sandbox *sandbox);
int test_close_all(void **state); /* teardown: those that test_open*() opened */

/* ---- sessions ---- */

/* `stream WHAT ...`: the arguments end with NULL. `command` (NULL: the defaults) says all the rest. */
struct postern_session *test_start(struct postern_sandbox *sandbox, const struct postern_command *command,
                                   const char *what, ...);
struct postern_session *test_begin(struct postern_sandbox *sandbox, const struct postern_command *command,
                                   const char *what, ...);

/* Reads exactly this text. */
void test_expect(struct postern_session *session, enum postern_stream stream, const char *text);

/* Reads to the end of the stream; what is more than `capacity` fails the test. The text is terminated. */
size_t test_read_all(struct postern_session *session, enum postern_stream stream, char *out, size_t capacity);

/* Writes all, not reading in between. */
void test_write(struct postern_session *session, const char *text);

struct postern_result test_wait(struct postern_session *session);

/* Waits for the end, which must be an exit with this status, and releases. */
void test_exits(struct postern_session *session, int status);

#endif
