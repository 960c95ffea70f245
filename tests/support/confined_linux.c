/*
 * confined_linux.c - see the header.
 */
#include "tests/support/confined_linux.h"

#include "runner/confine.h"
#include "runner/landlock_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char base[] = "/tmp/postern-confine-XXXXXX";
char test_open_path[64], test_shut_path[64];
static uid_t test_uid;

/* ---- running a check in a process of its own ---- */

static int verdict = -1; /* where the child says what went wrong */

void test_give_up(int line, const char *what, int number)
{
    char text[256];
    int length = snprintf(text, sizeof(text), "line %d: %s (errno %d, %s)", line, what, number, strerror(number));
    if (write(verdict, text, (size_t)length) != length)
        _exit(3);
    _exit(1);
}
static void become_plain_user(void)
{
    if (geteuid() == 0)
        CHECK(setgroups(0, NULL) == 0 && setresgid(test_uid, test_uid, test_uid) == 0 &&
              setresuid(test_uid, test_uid, test_uid) == 0);
    CHECK(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0); /* changing the user closed /proc/self */
    alarm(20);
}

void test_confined(void (*check)(void))
{
    int ends[2];
    char text[300] = "";
    size_t length = 0;
    ssize_t got;
    int status;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        verdict = ends[1];
        become_plain_user();
        check();
        _exit(0);
    }
    close(ends[1]);
    while (length < sizeof(text) - 1 && (got = read(ends[0], text + length, sizeof(text) - 1 - length)) > 0)
        length += (size_t)got;
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("%s (wait status %d)", text, status);
}

struct enforce_steps test_plan; /* the one under test; each runs in a process of its own */

void test_add(enum enforce_mechanism mechanism, const char *path, uint64_t number)
{
    struct enforce_step step = {.mechanism = mechanism, .path = (char *)path, .number = number};
    CHECK(enforce_add(&test_plan, &step));
}

int test_landlock_abi(void)
{
    int abi = landlock_find_abi(NULL);
    CHECK(abi >= 1);
    return abi;
}

/* What every plan has, but for the paths and the network. */
void test_plan_rest(void)
{
    test_add(ENFORCE_NO_NEW_PRIVS, NULL, 0);
    test_add(ENFORCE_SECCOMP, NULL, 0);
    test_add(ENFORCE_NO_CORE, NULL, 0);
    if (test_landlock_abi() >= 6) {
        test_add(ENFORCE_SCOPE_SIGNALS, NULL, 0);
        test_add(ENFORCE_SCOPE_SOCKETS, NULL, 0);
    }
}

void test_plan_with_network(void)
{
    test_plan_rest();
    test_add(ENFORCE_LANDLOCK_READ, "/", 0);
    test_add(ENFORCE_LANDLOCK_WRITE, test_open_path, 0);
    test_add(ENFORCE_LANDLOCK_WRITE, "/dev", 0);
}

void test_plan_usual(void)
{
    test_plan_with_network();
    test_add(ENFORCE_NET_SECCOMP, NULL, 0);
    if (test_landlock_abi() >= 4)
        test_add(ENFORCE_NET_LANDLOCK, NULL, 0);
}

void test_confine_by_plan(void)
{
    struct strings in_force = {0};
    struct postern_error error = {0};
    if (confine_self(POSTERN_LEVEL_RESTRICTED, &test_plan, NULL, &in_force, &error) != 0)
        test_give_up(__LINE__, error.message, (int)error.os_error);
    CHECK(in_force.count > 0);
    strings_free(&in_force);
}

void test_confine(void)
{
    test_plan_usual();
    test_confine_by_plan();
}

int test_make_file(const char *path, mode_t mode)
{
    int file = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, mode);
    if (file >= 0)
        close(file);
    return file >= 0 ? 0 : -1;
}

int test_try_socket(int family)
{
    int made = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (made >= 0)
        close(made);
    return made >= 0 ? 0 : -1;
}

int test_confine_set_up(void **state)
{
    (void)state;
    test_uid = geteuid() == 0 ? 61300 + (uid_t)getpid() % 1000 : geteuid();
    if (!mkdtemp(base) || chmod(base, 0755) != 0)
        return -1;
    snprintf(test_open_path, sizeof(test_open_path), "%s/open", base);
    snprintf(test_shut_path, sizeof(test_shut_path), "%s/shut", base);
    umask(022);
    if (mkdir(test_open_path, 0755) != 0 || mkdir(test_shut_path, 0755) != 0)
        return -1;
    return geteuid() != 0 ||
                   (chown(test_open_path, test_uid, test_uid) == 0 && chown(test_shut_path, test_uid, test_uid) == 0)
               ? 0
               : -1;
}

int test_confine_tear_down(void **state)
{
    char command[128];
    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", base);
    return system(command);
}
