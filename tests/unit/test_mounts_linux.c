/*
 * What the launcher and the keeper make of file rules: mounts and masks, in each other and beneath private places. The
 * runner is one that confines nothing, so what is denied is denied by mounts alone. As root, at both levels.
 * timeout: 120
 * serial: yes (it needs the descriptors and the mounts of the machine)
 */
#include "elevated/resolve.h"
#include "tests/support/box_linux.h"
#include "tests/support/lesser_host_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MANY = 200 };

static char open_root[] = "/var/lib/postern-mounts-XXXXXX";
static char hidden_root[] = "/tmp/postern-mounts-XXXXXX";  /* beneath a private place */
static char closed_root[] = "/root/postern-mounts-XXXXXX"; /* mode 0700 */

static const enum postern_level levels[] = {POSTERN_LEVEL_ELEVATED, POSTERN_LEVEL_RESTRICTED};
enum { LEVELS = 2 };

static void need_root(void)
{
    if (geteuid() != 0 || prctl(PR_CAPBSET_READ, CAP_SYS_ADMIN, 0, 0, 0) != 1)
        SKIP_BECAUSE("needs root with CAP_SYS_ADMIN");
}

/* ---- what there is on the host ---- */

/* Runs a script in a directory. */
static void on_host(const char *directory, const char *script)
{
    char command[2048];
    assert_true(snprintf(command, sizeof(command), "cd '%s' && { %s ; }", directory, script) < (int)sizeof(command));
    if (system(command) != 0)
        fail_msg("%s", command);
}

static void fresh(const char *directory, const char *script)
{
    on_host(directory, "chmod -R u+rwx . && find . -mindepth 1 -delete");
    on_host(directory, script);
}

struct grant {
    enum policy_access access;
    const char *path; /* beneath the root of the test; absolute: as it is */
};

/* As many as there are; the last one has no path. */
static void make_policy(struct policy *policy, enum postern_level level, const char *root, const struct grant *grants)
{
    char path[256];
    box_policy_begin(policy, NULL);
    for (; grants->path; grants++) {
        snprintf(path, sizeof(path), "%s%s%s", grants->path[0] == '/' ? "" : root, grants->path[0] == '/' ? "" : "/",
                 grants->path);
        box_policy_add(policy, path, grants->access);
    }
    box_policy_end(policy, level);
}

static void open_with_grants(struct box *box, enum postern_level level, const char *root, const struct grant *grants)
{
    struct policy policy;
    make_policy(&policy, level, root, grants);
    struct launch_options options = box_options(level, &policy, NULL);
    box_open_with(box, &options);
    policy_free(&policy);
    WORKS(box, "cd '%s'", root);
}

static bool is_in_force(const struct box *box, const char *what)
{
    const struct strings *list = launch_in_force(box->launch);
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->item[i], what) == 0)
            return true;
    }
    return false;
}

/* ---- one thing in another ---- */

static void test_several_writable_paths(void **state)
{
    static const char *const roots[] = {open_root, hidden_root, closed_root};
    struct box box;
    (void)state;
    need_root();
    for (size_t i = 0; i < 3 * LEVELS; i++) {
        const char *root = roots[i % 3];
        const struct grant grants[] = {
            {POLICY_WRITE, "one"}, {POLICY_WRITE, "two/deep"}, {POLICY_WRITE, "file"}, {0, NULL}};
        fresh(root, "mkdir -p one two/deep three; echo host > file; chmod 600 file; echo host > three/file");
        open_with_grants(&box, levels[i / 3], root, grants);
        WORKS(&box, "cd '%s' && echo x > one/x && echo y > two/deep/y && mv one/x two/deep/x 2>&1 && cat two/deep/x",
              root);
        WORKS(&box, "cd '%s' && test \"$(cat file)\" = host && echo box > file", root);
        /* in a private place the way is the sandbox's own at level restricted, but never the host's */
        for (size_t j = 0; j < 3 && root != hidden_root; j++)
            DENIED(&box, "touch '%s/%sx'", root, (const char *const[]){"", "two/", "three/"}[j]);
        box_ask(&box, "sh cd '%s' && touch x two/x three/x", root);
        DENIED(&box, "rm '%s/file'", root);
        box_close(&box);
        on_host(root, "test \"$(cat file)\" = box && test -O two/deep/x && test ! -e one/x && test ! -e x && "
                      "test ! -e two/x && test ! -e three/x && test \"$(stat -c %u file two/deep/y | sort -u)\" = 0");
    }
}

static void test_read_only_in_writable(void **state)
{
    struct box box;
    const struct grant grants[] = {
        {POLICY_WRITE, "work"}, {POLICY_READ, "work/config"}, {POLICY_READ, "work/key"}, {0, NULL}};
    (void)state;
    need_root();
    for (size_t i = 0; i < LEVELS; i++) {
        fresh(open_root, "mkdir -p work/config work/.git/hooks; echo a > work/config/a; echo k > work/key; "
                         "chmod 700 work/config; chmod 600 work/key work/config/a");
        open_with_grants(&box, levels[i], open_root, grants);
        WORKS(&box, "cd '%s/work' && cat config/a key && echo x > x && mkdir d && rm -r d x", open_root);
        DENIED_AS(&box, "Read-only", "LC_ALL=C; cd '%s/work' && echo x >> key", open_root);
        DENIED_AS(&box, "Read-only", "LC_ALL=C; cd '%s/work' && touch config/x", open_root);
        DENIED_AS(&box, "Read-only", "LC_ALL=C rm '%s/work/config/a'", open_root);
        DENIED_AS(&box, "Read-only", "LC_ALL=C chmod 777 '%s/work/config'", open_root);
        DENIED_AS(&box, "Read-only", "LC_ALL=C touch '%s/work/.git/hooks/pre-commit'", open_root);
        DENIED_AS(&box, "busy", "LC_ALL=C; cd '%s/work' && mv -T config other", open_root);
        DENIED_AS(&box, "busy", "LC_ALL=C; cd '%s/work' && mv .git other", open_root);
        DENIED_AS(&box, "busy", "LC_ALL=C; cd '%s/work' && rm -f key", open_root);
        DENIED_AS(&box, "busy", "LC_ALL=C; cd '%s/work' && echo x > new && mv -f new key", open_root);
        DENIED(&box, "cd '%s/work' && ln key link", open_root);
        DENIED(&box, "cd '%s/work' && mv config/a a", open_root);
        assert_true(is_in_force(&box, levels[i] == POSTERN_LEVEL_ELEVATED ? "fs.owner:id-mapped-mount-read-only"
                                                                          : "fs.write:read-only-mount"));
        box_close(&box);
        on_host(open_root, "test -e work/.git/hooks && test -e work/new && test \"$(cat work/key work/config/a)\" = "
                           "\"$(printf 'k\\na')\"");
    }
}

static void test_denied_in_writable(void **state)
{
    struct box box;
    const struct grant grants[] = {
        {POLICY_WRITE, "work"}, {POLICY_DENIED, "work/secrets"}, {POLICY_DENIED, "work/token"}, {0, NULL}};
    (void)state;
    need_root();
    for (size_t i = 0; i < LEVELS; i++) {
        fresh(open_root, "mkdir -p work/secrets; chmod 777 work/secrets; echo s > work/secrets/s; echo t > work/token; "
                         "chmod 666 work/token work/secrets/s");
        open_with_grants(&box, levels[i], open_root, grants);
        WORKS(&box, "cd '%s/work' && test -e token && test -d secrets && echo x > x", open_root);
        DENIED_AS(&box, "denied", "LC_ALL=C cat '%s/work/token'", open_root);
        DENIED_AS(&box, "denied", "LC_ALL=C ls '%s/work/secrets'", open_root);
        DENIED_AS(&box, "denied", "LC_ALL=C cat '%s/work/secrets/s'", open_root);
        DENIED(&box, "LC_ALL=C; cd '%s/work' && echo x > token", open_root);
        DENIED(&box, "LC_ALL=C; cd '%s/work' && echo x > secrets/x", open_root);
        DENIED_AS(&box, "busy", "LC_ALL=C; cd '%s/work' && mv -T secrets other", open_root);
        DENIED_AS(&box, "busy", "LC_ALL=C; cd '%s/work' && mv -T token other", open_root);
        DENIED_AS(&box, "busy", "LC_ALL=C; cd '%s/work' && mv -Tf x token", open_root);
        DENIED_AS(&box, "busy", "LC_ALL=C rm -f '%s/work/token'", open_root);
        DENIED_AS(&box, "busy", "LC_ALL=C rmdir '%s/work/secrets'", open_root);
        DENIED_AS(&box, "Read-only", "LC_ALL=C; chmod 755 '%s/work/secrets'", open_root);
        DENIED_AS(&box, "Read-only", "LC_ALL=C; chmod 644 '%s/work/token'", open_root);
        DENIED(&box, "cd '%s/work' && ln token link", open_root);
        assert_true(is_in_force(&box, "fs.deny:mask-mount"));
        box_close(&box);
        on_host(open_root, "test \"$(cat work/token work/secrets/s)\" = \"$(printf 't\\ns')\"");
    }
}

/* Without any grant around it: what everybody may read otherwise. */
static void test_denied_on_the_host(void **state)
{
    struct box box;
    const struct grant grants[] = {{POLICY_DENIED, "a/secrets"}, {POLICY_DENIED, "a/token"}, {0, NULL}};
    (void)state;
    need_root();
    for (size_t i = 0; i < LEVELS; i++) {
        fresh(open_root, "mkdir -p a/secrets; echo s > a/secrets/s; echo t > a/token; echo o > a/open");
        open_with_grants(&box, levels[i], open_root, grants);
        WORKS(&box, "cat '%s/a/open'", open_root);
        DENIED(&box, "cat '%s/a/token'", open_root);
        DENIED(&box, "ls '%s/a/secrets'", open_root);
        box_close(&box);
    }
}

static void test_writable_in_denied(void **state)
{
    struct box box;
    const struct grant grants[] = {
        {POLICY_DENIED, "shut"}, {POLICY_WRITE, "shut/in/work"}, {POLICY_READ, "shut/file"}, {0, NULL}};
    (void)state;
    need_root();
    for (size_t i = 0; i < LEVELS; i++) {
        fresh(open_root,
              "mkdir -p shut/in/work shut/other; echo f > shut/file; echo o > shut/other/o; echo o > shut/in/o");
        open_with_grants(&box, levels[i], open_root, grants);
        WORKS(&box, "cd '%s/shut/in/work' && echo x > x && cat ../../file", open_root);
        DENIED_AS(&box, "denied", "LC_ALL=C ls '%s/shut'", open_root);
        DENIED_AS(&box, "denied", "LC_ALL=C ls '%s/shut/in'", open_root);
        DENIED_AS(&box, "No such file", "LC_ALL=C cat '%s/shut/other/o'", open_root);
        DENIED_AS(&box, "No such file", "LC_ALL=C cat '%s/shut/in/o'", open_root);
        DENIED(&box, "touch '%s/shut/x'", open_root);
        DENIED(&box, "echo x > '%s/shut/file'", open_root);
        DENIED(&box, "mkdir '%s/shut/in/y'", open_root);
        box_close(&box);
        on_host(open_root, "test -e shut/in/work/x");
    }
}

static void test_alternation(void **state)
{
    static const char *const roots[] = {open_root, hidden_root, closed_root};
    struct box box;
    const struct grant grants[] = {{POLICY_WRITE, "a"},
                                   {POLICY_DENIED, "a/b"},
                                   {POLICY_WRITE, "a/b/c"},
                                   {POLICY_READ, "a/b/c/d"},
                                   {POLICY_WRITE, "a/b/c/d/e"},
                                   {POLICY_DENIED, "a/b/c/d/e/f"},
                                   {POLICY_READ, "a/b/c/d/e/f/g"},
                                   {0, NULL}};
    (void)state;
    need_root();
    for (size_t i = 0; i < 3 * LEVELS; i++) {
        const char *root = roots[i % 3];
        fresh(root, "mkdir -p a/b/c/d/e/f/g; for d in a a/b a/b/c a/b/c/d a/b/c/d/e a/b/c/d/e/f a/b/c/d/e/f/g; do "
                    "echo $d > $d/it; chmod 600 $d/it; done");
        open_with_grants(&box, levels[i / 3], root, grants);
        WORKS(&box, "cd '%s' && cat a/it a/b/c/it a/b/c/d/it a/b/c/d/e/it a/b/c/d/e/f/g/it", root);
        WORKS(&box, "cd '%s' && for d in a a/b/c a/b/c/d/e; do echo x > $d/x && rm $d/x || exit 9; done", root);
        DENIED(&box, "cat '%s/a/b/it'", root);
        DENIED(&box, "ls '%s/a/b'", root);
        DENIED(&box, "cat '%s/a/b/c/d/e/f/it'", root);
        DENIED(&box, "touch '%s/a/b/x'", root);
        DENIED(&box, "touch '%s/a/b/c/d/x'", root);
        DENIED(&box, "touch '%s/a/b/c/d/e/f/x'", root);
        DENIED(&box, "touch '%s/a/b/c/d/e/f/g/x'", root);
        box_close(&box);
    }
}

/* Read with the rights of the owner, as it is written. */
static void test_read_only_with_the_owners_rights(void **state)
{
    static const char *const roots[] = {hidden_root, closed_root};
    struct box box;
    (void)state;
    need_root();
    for (size_t i = 0; i < 2 * LEVELS; i++) {
        const struct grant grants[] = {{POLICY_READ, "in/data"}, {0, NULL}};
        const struct grant none[] = {{0, NULL}};
        const char *root = roots[i % 2];
        bool other = levels[i / 2] == POSTERN_LEVEL_ELEVATED;
        fresh(root, "mkdir -p in/data in/beside; echo d > in/data/d; chmod 600 in/data/d; echo b > in/beside/b");
        open_with_grants(&box, levels[i / 2], root, grants);
        WORKS(&box, "cat '%s/in/data/d'", root);
        DENIED(&box, "echo x > '%s/in/data/d'", root);
        DENIED(&box, "touch '%s/in/data/x'", root);
        if (other || root == hidden_root)
            DENIED(&box, "cat '%s/in/beside/b'", root);
        box_close(&box);
        /* the control: it is this grant */
        struct policy policy;
        make_policy(&policy, levels[i / 2], root, none);
        struct launch_options options = box_options(levels[i / 2], &policy, NULL);
        box_open_with(&box, &options);
        policy_free(&policy);
        if (other || root == hidden_root)
            DENIED(&box, "cat '%s/in/data/d'", root);
        box_close(&box);
    }
}

static void test_denied_beneath_a_private_place(void **state)
{
    struct box box;
    const struct grant grants[] = {{POLICY_DENIED, "there/file"}, {POLICY_DENIED, "missing/some"}, {0, NULL}};
    (void)state;
    need_root();
    for (size_t i = 0; i < LEVELS; i++) {
        char path[64];
        struct policy policy;
        fresh(hidden_root, "mkdir there; echo x > there/file");
        make_policy(&policy, levels[i], hidden_root, grants);
        struct launch_options options = box_options(levels[i], &policy, NULL);
        box_open_with(&box, &options);
        policy_free(&policy);
        snprintf(path, sizeof(path), "%s", hidden_root);
        DENIED_AS(&box, "denied", "LC_ALL=C cat '%s/there/file'", path);
        DENIED_AS(&box, "denied", "LC_ALL=C ls '%s/missing/some'", path);
        DENIED(&box, "rm -rf '%s/missing/some' || rmdir '%s/missing/some'", path, path);
        DENIED(&box, "mv '%s/missing' '%s/moved'", path, path);
        DENIED(&box, "mv '%s' /tmp/moved", path);
        WORKS(&box, "echo x > /tmp/x");
        box_close(&box);
        on_host(hidden_root, "test ! -e missing");
    }
}

/* ---- the way to what is held ---- */

static void test_the_way_cannot_be_renamed(void **state)
{
    struct box box;
    const struct grant grants[] = {{POLICY_WRITE, "work"},
                                   {POLICY_READ, "work/x/y/config"},
                                   {POLICY_DENIED, "work/x/z/secrets"},
                                   {POLICY_DENIED, "work/x/z/token"},
                                   {0, NULL}};
    (void)state;
    need_root();
    for (size_t i = 0; i < LEVELS; i++) {
        fresh(open_root, "mkdir -p work/x/y work/x/z/secrets work/w/free; echo c > work/x/y/config; echo t > "
                         "work/x/z/token; echo s > work/x/z/secrets/s");
        open_with_grants(&box, levels[i], open_root, grants);
        DENIED_AS(&box, "busy", "LC_ALL=C; cd '%s/work' && mv -T x x2", open_root);
        DENIED_AS(&box, "busy", "LC_ALL=C; cd '%s/work/x' && mv -T y y2", open_root);
        DENIED_AS(&box, "busy", "LC_ALL=C; cd '%s/work/x' && mv -T z z2", open_root);
        DENIED(&box, "cd '%s/work/x' && rm -rf z", open_root);
        DENIED(&box, "cat '%s/work/x/z/token'", open_root);
        DENIED(&box, "echo x > '%s/work/x/y/config'", open_root);
        /* the control, and that it is as writable as before */
        WORKS(&box,
              "cd '%s/work' && mv -T w w2 && echo n > x/y/new && mv x/y/new x/z/newer && mkdir x/y/d && rm x/z/newer",
              open_root);
        box_close(&box);
        on_host(open_root, "test \"$(cat work/x/y/config work/x/z/token)\" = \"$(printf 'c\\nt')\" && test "
                           "\"$(stat -c %u work/x/y/d)\" = 0");
    }
}

/* ---- races ---- */

static void refused_after(const char *change, enum postern_level level, const struct grant *grants)
{
    struct policy policy;
    struct postern_error error = {0};
    fresh(open_root, "mkdir -p work/secrets work/config; echo t > work/token; mkdir free");
    make_policy(&policy, level, open_root, grants);
    struct launch_options options = box_options(level, &policy, NULL);
    on_host(open_root, change);
    int code = box_start_code(&options, &error);
    policy_free(&policy);
    if (code != POSTERN_E_CONFINE && code != POSTERN_E_POLICY)
        fail_msg("after \"%s\": %d %s", change, code, error.message);
    assert_non_null(strstr(error.message, open_root));
    assert_true(error.remedy[0] != 0);
}

static void test_what_was_exchanged_is_refused(void **state)
{
    const struct grant grants[] = {{POLICY_WRITE, "work"},
                                   {POLICY_READ, "work/config"},
                                   {POLICY_DENIED, "work/secrets"},
                                   {POLICY_DENIED, "work/token"},
                                   {0, NULL}};
    (void)state;
    need_root();
    static const char *const changes[] = {
        "mv work old && mkdir -p work/secrets work/config && touch work/token",
        "mv work old && ln -s old work",
        "mv work/config c && mkdir work/config",
        "mv work/secrets s && mkdir work/secrets",
        "mv work/secrets s && ln -s ../s work/secrets",
        "mv work/secrets s && touch work/secrets",
        "mv work/secrets s",
        "mv work/token t && cp t work/token",
        "mv work/token t",
    };
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
        refused_after(changes[i], POSTERN_LEVEL_ELEVATED, grants);
}

/* ---- odd hosts ---- */

static void expect_part(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* A part that cannot be mapped stays as it is, read-only; and a submount beneath a denied directory is denied too. */
static void test_a_part_without_id_maps(void **state)
{
    const struct grant grants[] = {{POLICY_WRITE, "work"}, {POLICY_DENIED, "work/shut"}, {0, NULL}};
    (void)state;
    need_root();
    fresh(open_root, "mkdir -p work/.git work/shut/sub");
    pid_t child = lesser_host_fork();
    if (child == 0) {
        struct box box;
        if (unshare(CLONE_NEWNS) != 0 || system("mount --make-rprivate /") != 0)
            _exit(2);
        on_host(open_root, "mount -t sysfs none work/.git; mount -t tmpfs none work/shut/sub; touch work/shut/sub/x");
        open_with_grants(&box, POSTERN_LEVEL_ELEVATED, open_root, grants);
        WORKS(&box, "cd '%s/work' && ls .git/kernel && touch x", open_root);
        DENIED(&box, "touch '%s/work/.git/x'", open_root);
        DENIED(&box, "ls '%s/work/shut/sub'", open_root);
        box_close(&box);
        _exit(0);
    }
    expect_part(child);
}

static void is_refused(const char *path)
{
    struct policy policy;
    struct postern_error error = {0};
    box_policy_begin(&policy, NULL);
    box_policy_add(&policy, path, POLICY_WRITE);
    assert_int_equal(resolve_policy(&policy, POSTERN_LEVEL_ELEVATED, &error), 0);
    policy_settle(&policy.rules);
    assert_int_equal(resolve_mounts(&policy, POSTERN_LEVEL_ELEVATED, &error), POSTERN_E_POLICY);
    assert_non_null(strstr(error.message, path));
    policy_free(&policy);
}

/* A tree to build a system in, with what the host has mounted there; volumes are nothing of the kind. */
static void test_the_systems_mounts_in_writable(void **state)
{
    const struct grant grants[] = {{POLICY_WRITE, "work"}, {0, NULL}};
    char path[128];
    (void)state;
    need_root();
    fresh(open_root, "mkdir -p work/etc work/all work/vol work/data 'work/a proc' data");
    pid_t child = lesser_host_fork();
    if (child == 0) {
        struct box box;
        if (unshare(CLONE_NEWNS) != 0 || system("mount --make-rprivate /") != 0)
            _exit(2);
        on_host(open_root, "mount --bind /etc work/etc; mount --bind / work/all; mount -t tmpfs t work/vol; "
                           "mount --bind data work/data");
        for (size_t i = 0; i < LEVELS; i++) {
            open_with_grants(&box, levels[i], open_root, grants);
            WORKS(&box, "cd '%s/work' && echo x > vol/x && echo x > data/x && echo x > x && test -e etc/passwd",
                  open_root);
            DENIED_AS(&box, "Read-only", "LC_ALL=C; echo x > '%s/work/etc/postern-test'", open_root);
            DENIED_AS(&box, "Read-only", "LC_ALL=C; echo x > '%s/work/all%s/x'", open_root, open_root);
            box_close(&box);
        }
        /* without id maps, so that at level elevated all mounts beside it would be read-only */
        on_host(open_root, "mount -t proc p 'work/a proc'");
        open_with_grants(&box, POSTERN_LEVEL_RESTRICTED, open_root, grants);
        WORKS(&box, "echo x > '%s/work/vol/x'", open_root);
        DENIED_AS(&box, "Read-only", "LC_ALL=C; echo 1 > '%s/work/a proc/sys/vm/drop_caches'", open_root);
        box_close(&box);
        snprintf(path, sizeof(path), "%s/work/etc", open_root);
        is_refused(path);
        snprintf(path, sizeof(path), "%s/work/a proc/sys", open_root);
        is_refused(path);
        snprintf(path, sizeof(path), "%s/work/all/root", open_root);
        is_refused(path);
        _exit(0);
    }
    expect_part(child);
}

/* Who connects to a socket acts, so a grant to read does not include it. */
static void test_sockets_in_what_may_be_read_are_covered(void **state)
{
    const struct grant grants[] = {{POLICY_WRITE, "work"}, {POLICY_READ, "data"}, {0, NULL}};
    char path[128];
    struct box box;
    (void)state;
    need_root();
    fresh(hidden_root, "mkdir work data");
    snprintf(path, sizeof(path), "%s/data/socket", hidden_root);
    int covered = box_listen(path);
    snprintf(path, sizeof(path), "%s/work/socket", hidden_root);
    int shared = box_listen(path);
    for (size_t i = 0; i < LEVELS; i++) {
        open_with_grants(&box, levels[i], hidden_root, grants);
        WORKS(&box, "cd '%s' && test -S work/socket && test -f data/socket", hidden_root);
        box_close(&box);
    }
    close(covered);
    close(shared);
}

/* A thousand that anybody has made must not leave the one that counts in sight. */
static void test_too_many_sockets(void **state)
{
    enum { SOCKETS = 600 };
    const struct rlimit limit = {SOCKETS + 100, 4096};
    char path[128];
    struct policy policy;
    struct postern_error error = {0};
    (void)state;
    need_root();
    fresh(open_root, "mkdir -p work others");
    pid_t child = lesser_host_fork();
    if (child == 0) {
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        for (int i = 0; i < SOCKETS; i++) {
            snprintf(path, sizeof(path), "%s/others/%d", open_root, i);
            (void)box_listen(path);
        }
        snprintf(path, sizeof(path), "%s/work", open_root);
        box_policy_begin(&policy, path);
        box_policy_end(&policy, POSTERN_LEVEL_ELEVATED);
        struct launch_options options = box_options(POSTERN_LEVEL_ELEVATED, &policy, path);
        assert_int_equal(box_start_code(&options, &error), POSTERN_E_LIMIT);
        assert_non_null(strstr(error.message, "sockets"));
        policy_free(&policy);
        /* as the remedy says */
        box_policy_begin(&policy, path);
        snprintf(path, sizeof(path), "%s/others", open_root);
        box_policy_add(&policy, path, POLICY_DENIED);
        box_policy_end(&policy, POSTERN_LEVEL_ELEVATED);
        struct box box;
        box_open_with(&box, &options);
        box_close(&box);
        policy_free(&policy);
        _exit(0);
    }
    expect_part(child);
}

/* ---- many ---- */

static void make_many(struct policy *policy, enum postern_level level)
{
    char path[128];
    fresh(open_root, "mkdir -p many && cd many && for i in $(seq 0 199); do mkdir -p $i/in; echo $i > $i/it; done");
    box_policy_begin(policy, NULL);
    snprintf(path, sizeof(path), "%s/many", open_root);
    box_policy_add(policy, path, POLICY_DENIED);
    for (int i = 0; i < MANY; i++) {
        snprintf(path, sizeof(path), "%s/many/%d%s", open_root, i, i % 2 ? "" : "/it");
        box_policy_add(policy, path, i % 4 > 1 ? POLICY_WRITE : POLICY_READ);
    }
    box_policy_end(policy, level);
}

static void check_many(enum postern_level level, const char *limit)
{
    struct policy policy;
    struct box box;
    make_many(&policy, level);
    struct launch_options options = box_options(level, &policy, NULL);
    box_open_with(&box, &options);
    policy_free(&policy);
    WORKS(&box, "cd '%s/many' && test \"$(cat 0/it)\" = 0 && test \"$(cat 199/it)\" = 199 && echo x > 2/it", open_root);
    WORKS(&box, "cd '%s/many' && for i in $(seq 3 4 199); do touch $i/x || exit 1; done", open_root);
    DENIED(&box, "cd '%s/many' && for i in $(seq 1 4 199); do touch $i/x && exit; done; ls 0", open_root);
    DENIED(&box, "ls '%s/many'", open_root);
    if (limit)
        assert_string_equal(box_ask(&box, "sh ulimit -Sn"), limit);
    box_close(&box);
}

static void test_many(void **state)
{
    (void)state;
    need_root();
    for (size_t i = 0; i < LEVELS; i++)
        check_many(levels[i], NULL);
}

/* The keeper takes more descriptors than the caller's programs may have, and they still may not have more. */
static void test_many_with_few_descriptors(void **state)
{
    struct rlimit limit;
    (void)state;
    need_root();
    pid_t child = lesser_host_fork();
    if (child == 0) {
        limit = (struct rlimit){100, 4096};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        check_many(POSTERN_LEVEL_ELEVATED, "100");
        struct policy policy;
        struct postern_error error = {0};
        limit = (struct rlimit){100, 100};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        make_many(&policy, POSTERN_LEVEL_ELEVATED);
        struct launch_options options = box_options(POSTERN_LEVEL_ELEVATED, &policy, NULL);
        assert_int_equal(box_start_code(&options, &error), POSTERN_E_CONFINE);
        assert_int_equal(error.os_error, EMFILE);
        assert_non_null(strstr(error.remedy, "ulimit"));
        policy_free(&policy);
        _exit(0);
    }
    expect_part(child);
}

/* ---- */

static int set_up(void **state)
{
    (void)state;
    if (geteuid() != 0)
        return 0;
    return box_set_up() && mkdtemp(open_root) && mkdtemp(hidden_root) && mkdtemp(closed_root) &&
                   chmod(open_root, 0755) == 0 && chmod(hidden_root, 0755) == 0
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    char command[512];
    (void)state;
    if (geteuid() != 0)
        return 0;
    snprintf(command, sizeof(command), "rm -rf '%s' '%s' '%s'", open_root, hidden_root, closed_root);
    return system(command) == 0 && box_tear_down() ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_several_writable_paths),
                                       cmocka_unit_test(test_read_only_in_writable),
                                       cmocka_unit_test(test_denied_in_writable),
                                       cmocka_unit_test(test_denied_on_the_host),
                                       cmocka_unit_test(test_writable_in_denied),
                                       cmocka_unit_test(test_alternation),
                                       cmocka_unit_test(test_read_only_with_the_owners_rights),
                                       cmocka_unit_test(test_denied_beneath_a_private_place),
                                       cmocka_unit_test(test_the_way_cannot_be_renamed),
                                       cmocka_unit_test(test_what_was_exchanged_is_refused),
                                       cmocka_unit_test(test_a_part_without_id_maps),
                                       cmocka_unit_test(test_the_systems_mounts_in_writable),
                                       cmocka_unit_test(test_sockets_in_what_may_be_read_are_covered),
                                       cmocka_unit_test(test_too_many_sockets),
                                       cmocka_unit_test(test_many),
                                       cmocka_unit_test(test_many_with_few_descriptors)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
