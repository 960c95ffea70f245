/*
 * lesser_host_linux.c - see lesser_host_linux.h.
 */
#include "tests/support/lesser_host_linux.h"
#include "tests/support/test.h"

#include <errno.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

pid_t lesser_host_fork(void)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0 && setenv("CMOCKA_TEST_ABORT", "1", 1) != 0)
        _exit(9);
    return child;
}

bool lesser_host_change_user(uid_t uid)
{
    /* changing the user makes /proc/self root's, which no program that was started as the user has to deal with */
    return geteuid() != 0 || (setgroups(0, NULL) == 0 && setresgid(uid, uid, uid) == 0 &&
                              setresuid(uid, uid, uid) == 0 && prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
}

bool lesser_host_refuse_namespaces(void)
{
    struct sock_filter program[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
                                    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 0, 3),
                                    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)),
                                    BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWUSER, 0, 1),
                                    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
                                    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
    struct sock_fprog filter = {sizeof(program) / sizeof(program[0]), program};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}

bool lesser_host_cover_proc(void)
{
    return unshare(CLONE_NEWNS) == 0 && system("mount --make-rprivate / && mount --bind /dev/null /proc/version") == 0;
}
