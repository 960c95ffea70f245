/*
 * Where the tests find the programs they start. Linked to every test program.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>

static const char *dir_or_default(const char *variable, const char *built_in)
{
    const char *value = getenv(variable);

    return value != NULL && value[0] != '\0' ? value : built_in;
}

const char *test_bin_dir(void)
{
    return dir_or_default("POSTERN_TEST_BIN_DIR", POSTERN_TEST_BIN_DIR);
}

const char *test_program_dir(void)
{
    return dir_or_default("POSTERN_TEST_PROGRAM_DIR", POSTERN_TEST_PROGRAM_DIR);
}

const char *test_data_dir(void)
{
    return dir_or_default("POSTERN_TEST_DATA_DIR", POSTERN_TEST_DATA_DIR);
}

static const char *join(char *path, size_t size, const char *dir, const char *name)
{
    int length = snprintf(path, size, "%s/%s%s", dir, name, POSTERN_TEST_EXE_SUFFIX);

    assert_true(length > 0 && (size_t)length < size);
    return path;
}

const char *test_bin_path(const char *name)
{
    static char path[4096];

    return join(path, sizeof(path), test_bin_dir(), name);
}

const char *test_program_path(const char *name)
{
    static char path[4096];

    return join(path, sizeof(path), test_program_dir(), name);
}

const char *test_join(const char *directory, const char *name)
{
    static char paths[64][1024];
    static unsigned next;
    char *path = paths[next++ % 64];
    int length = snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);

    assert_true(length > 0 && (size_t)length < sizeof(paths[0]));
    return path;
}
