/*
 * confined_linux.h - for tests of the runner's own confinement: each check runs in a process of its own, as an
 * unprivileged user (root takes a spare id), and first shows that the thing works unconfined, so that a denial is the
 * confinement's.
 */
#ifndef POSTERN_TESTS_SUPPORT_CONFINED_LINUX_H
#define POSTERN_TESTS_SUPPORT_CONFINED_LINUX_H

#include "shared/enforce.h"
#include "tests/support/test.h"

#include <sys/types.h>

/* Set-up and tear-down of the group. Two directories of the user: the plans below make the first one writable. */
int test_confine_set_up(void **state);
int test_confine_tear_down(void **state);
extern char test_open_path[64], test_shut_path[64];

/* Runs the check; what it says when it fails is the test's failure. Defines the test `name`. */
void test_confined(void (*check)(void));
#define TEST(name, check)                                                                                              \
    static void name(void **state)                                                                                     \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        test_confined(check);                                                                                          \
    }

/* ---- in a check ---- */

void test_give_up(int line, const char *what, int number); /* ends the process */
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            test_give_up(__LINE__, #condition, errno);                                                                 \
    } while (0)
/* The call is refused, and for this reason. */
#define REFUSED(call, number)                                                                                          \
    do {                                                                                                               \
        errno = 0;                                                                                                     \
        if ((long)(call) != -1 || errno != (number))                                                                   \
            test_give_up(__LINE__, #call, errno);                                                                      \
    } while (0)

/* The plan under test. */
extern struct enforce_steps test_plan;
void test_add(enum enforce_mechanism mechanism, const char *path, uint64_t number);
void test_plan_rest(void);         /* what every plan has, but for paths and network */
void test_plan_with_network(void); /* reads all, writes the open directory and /dev */
void test_plan_usual(void);        /* and no network */
void test_confine_by_plan(void);
void test_confine(void); /* by the usual one */
int test_landlock_abi(void);

int test_make_file(const char *path, mode_t mode); /* 0 or -1 and errno */
int test_try_socket(int family);

#endif
