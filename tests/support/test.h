/*
 * What every test includes: cmocka with the headers it wants, and the few helpers all tests share.
 * Results are printed as TAP, which scripts/lib/run-tap checks and counts.
 */
#ifndef POSTERN_TESTS_SUPPORT_TEST_H
#define POSTERN_TESTS_SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Skips the rest of this test. The reason is shown in the summary, so say what is missing. */
#define SKIP_BECAUSE(reason)                                                                                           \
    do {                                                                                                               \
        print_message("# SKIP: %s\n", (reason));                                                                       \
        skip();                                                                                                        \
    } while (0)

/* Folders, each overridable by the environment variable of the same name: the built programs
 * (POSTERN_TEST_BIN_DIR), the helpers of tests/support/programs (POSTERN_TEST_PROGRAM_DIR), and the
 * tests/ folder of the source tree (POSTERN_TEST_DATA_DIR). */
const char *test_bin_dir(void);
const char *test_program_dir(void);
const char *test_data_dir(void);

/* Path of a built program ("postern-runner") or a helper, with ".exe" where that is needed. The
 * string lives until the same function is called again, so copy it to keep it. */
const char *test_bin_path(const char *name);
const char *test_program_path(const char *name);

/* "DIRECTORY/NAME"; good for the next 63 calls. */
const char *test_join(const char *directory, const char *name);

#endif
