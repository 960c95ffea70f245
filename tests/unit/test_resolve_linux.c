/*
 * The paths of policies on a real file system: links, what is missing, what may be written, what must stay read-only in
 * writable directories, and the file of a ceiling. What lies in a workspace may be a hostile command's work.
 */
#include "elevated/resolve.h"
#include "elevated/host_path_linux.h"
#include "tests/support/test.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[64]; /* everything is in here; resolved */
static struct policy policy;
static struct postern_error error;

/* ---- a tree ---- */

static const char *in_root(const char *name)
{
    return test_join(root, name);
}

static const char *directory(const char *name)
{
    const char *path = in_root(name);
    assert_int_equal(mkdir(path, 0755), 0);
    return path;
}

static const char *file_of(const char *name, const void *data, size_t size)
{
    const char *path = in_root(name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    return path;
}

static const char *file_with(const char *name, const char *text)
{
    return file_of(name, text, strlen(text));
}

static const char *link_to(const char *name, const char *target)
{
    const char *path = in_root(name);
    assert_int_equal(symlink(target, path), 0);
    return path;
}

static int set_up(void **state)
{
    (void)state;
    strcpy(root, "/tmp/postern-resolve-XXXXXX");
    policy_init(&policy, PATH_POSIX);
    return mkdtemp(root) && chmod(root, 0755) == 0 ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status, (void)kind, (void)walk;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    policy_free(&policy);
    return nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- rules ---- */

static void add(const char *path, enum policy_access access, enum policy_source source)
{
    if (policy_add_rule(&policy.rules, path, access, source, &error) != 0)
        fail_msg("%s: %s", path, error.message);
}

static void start_again(void)
{
    policy_free(&policy);
    policy_init(&policy, PATH_POSIX);
    memset(&error, 0, sizeof(error));
}

static void resolves_at(enum postern_level level)
{
    if (resolve_policy(&policy, level, &error) != 0)
        fail_msg("%s", error.message);
}

static void resolves(void)
{
    resolves_at(POSTERN_LEVEL_RESTRICTED);
}

static void is_refused(const char *word, const char *other)
{
    memset(&error, 0, sizeof(error));
    assert_int_equal(resolve_policy(&policy, POSTERN_LEVEL_RESTRICTED, &error), POSTERN_E_POLICY);
    if (!strstr(error.message, word) || !strstr(error.message, other))
        fail_msg("'%s' lacks '%s' or '%s'", error.message, word, other);
    assert_true(error.remedy[0] != 0);
    start_again();
}

static const struct policy_rule *only_rule(void)
{
    assert_int_equal(policy.rules.count, 1);
    return &policy.rules.item[0];
}

/* ---- where paths lead ---- */

static void links_are_followed(void **state)
{
    const char *real = directory("real");
    struct stat status;
    (void)state;
    link_to("b", real);
    link_to("a", "b");
    add(in_root("a"), POLICY_READ, POLICY_FROM_OPTION);
    resolves();
    const struct policy_rule *rule = only_rule();
    assert_string_equal(rule->path, real);
    assert_string_equal(rule->said, in_root("a"));
    assert_int_equal(stat(real, &status), 0);
    assert_true(rule->directory && !rule->missing && !rule->delegated);
    assert_int_equal(rule->device, status.st_dev);
    assert_int_equal(rule->inode, status.st_ino);
    assert_int_equal(rule->uid, status.st_uid);
    assert_int_equal(rule->gid, status.st_gid);
    assert_null(rule->barrier);
}

static void parents_in_links_are_the_systems(void **state)
{
    (void)state;
    directory("deep");
    directory("deep/er");
    link_to("here", "deep/er");
    link_to("up", "here/../..");
    add(in_root("up"), POLICY_READ, POLICY_FROM_OPTION);
    resolves();
    assert_string_equal(only_rule()->path, root); /* not what taking names off the text would give */
}

static void paths_without_links_stay(void **state)
{
    const char *file = file_with("file", "");
    (void)state;
    add(file, POLICY_WRITE, POLICY_FROM_FILE);
    resolves();
    assert_string_equal(only_rule()->path, file);
    assert_null(only_rule()->said);
    assert_false(only_rule()->directory);
}

static void links_to_nowhere_are_refused(void **state)
{
    static const enum policy_access all[] = {POLICY_DENIED, POLICY_READ, POLICY_WRITE};
    (void)state;
    link_to("nowhere", "missing");
    link_to("round", "about");
    link_to("about", "round");
    for (size_t i = 0; i < 3; i++) {
        add(in_root("nowhere"), all[i], POLICY_FROM_OPTION);
        is_refused("nowhere", "leads nowhere");
        add(in_root("nowhere/beneath"), all[i], POLICY_FROM_OPTION);
        is_refused("nowhere/beneath", "leads nowhere");
        add(in_root("round"), all[i], POLICY_FROM_OPTION);
        is_refused("round", "errno 40");
    }
}

static void only_denied_paths_may_be_missing(void **state)
{
    (void)state;
    directory("real");
    file_with("file", "");
    link_to("link", "real");
    add(in_root("link/none"), POLICY_READ, POLICY_FROM_OPTION);
    is_refused("link/none (read)", "does not exist");
    add(in_root("link/none"), POLICY_WRITE, POLICY_FROM_OPTION);
    is_refused("link/none (write)", "does not exist");
    add(in_root("link/none/at/all"), POLICY_DENIED, POLICY_FROM_OPTION);
    add(in_root("file/x"), POLICY_DENIED, POLICY_FROM_OPTION);
    add("/no-such-directory-of-that-name/x", POLICY_DENIED, POLICY_FROM_OPTION);
    resolves();
    assert_string_equal(policy.rules.item[0].path, in_root("real/none/at/all"));
    assert_string_equal(policy.rules.item[0].said, in_root("link/none/at/all"));
    assert_string_equal(policy.rules.item[1].path, in_root("file/x"));
    assert_string_equal(policy.rules.item[2].path, "/no-such-directory-of-that-name/x");
    for (size_t i = 0; i < 3; i++)
        assert_true(policy.rules.item[i].missing && policy.rules.item[i].inode == 0);
}

/* What an unprivileged caller cannot see is denied with the directory that hides it. */
static void closed_directories_are_denied_as_a_whole(void **state)
{
    (void)state;
    if (geteuid() != 0)
        SKIP_BECAUSE("only root can be two users");
    const char *closed = directory("closed");
    file_with("closed/secret", "");
    assert_int_equal(chmod(closed, 0700), 0);
    add(in_root("closed/secret"), POLICY_DENIED, POLICY_FROM_OPTION);
    assert_int_equal(seteuid(65534), 0);
    int denied = resolve_policy(&policy, POSTERN_LEVEL_RESTRICTED, &error);
    struct policy other;
    policy_init(&other, PATH_POSIX);
    int added = policy_add_rule(&other.rules, in_root("closed/secret"), POLICY_READ, POLICY_FROM_OPTION, NULL);
    int readable = resolve_policy(&other, POSTERN_LEVEL_RESTRICTED, NULL);
    assert_int_equal(seteuid(0), 0);
    policy_free(&other);
    assert_int_equal(denied, 0);
    assert_string_equal(only_rule()->path, closed);
    assert_false(only_rule()->missing);
    assert_true(only_rule()->inode != 0);
    assert_int_equal(added, 0);
    assert_int_equal(readable, POSTERN_E_POLICY);
}

static void names_that_no_policy_can_hold(void **state)
{
    (void)state;
    directory("new\nline");
    link_to("link", "new\nline");
    add(in_root("link"), POLICY_READ, POLICY_FROM_OPTION);
    is_refused("link", "control character");
}

static void the_working_directory_is_resolved(void **state)
{
    const char *real = directory("real");
    (void)state;
    link_to("link", "real");
    file_with("file", "");
    policy.process.cwd = strdup(in_root("link"));
    resolves();
    assert_string_equal(policy.process.cwd, real);
    start_again();
    policy.process.cwd = strdup(in_root("none"));
    is_refused("process.cwd", "none");
    policy.process.cwd = strdup(in_root("file"));
    is_refused("process.cwd", "no directory");
}

static void workspaces(void **state)
{
    char *out = NULL;
    (void)state;
    directory("real");
    link_to("link", "real");
    file_with("file", "");
    assert_int_equal(resolve_workspace(in_root("link"), &out, &error), 0);
    assert_string_equal(out, in_root("real"));
    free(out);
    assert_int_equal(resolve_workspace(in_root("none"), &out, &error), POSTERN_E_CWD);
    assert_non_null(strstr(error.message, "workspace"));
    assert_int_equal(error.os_error, ENOENT);
    assert_int_equal(resolve_workspace(in_root("file"), &out, &error), POSTERN_E_CWD);
    assert_int_equal(resolve_workspace("/\xff", &out, &error), POSTERN_E_CWD);
}

/* ---- what may be written ---- */

static void places_that_are_never_writable(void **state)
{
    static const char *const refused[] = {
        "/",     "/etc", "/etc/x",   "/usr", "/usr/bin", "/usr/lib/x", "/proc",    "/proc/1",    "/sys/x", "/dev/shm",
        "/boot", "/var", "/var/lib", "/tmp", "/home",    "/root",      "/home/me", "/usr/local", "/bin",   "/run"};
    static const char *const allowed[] = {"/srv/x",     "/tmp/x",        "/root/x", "/home/me/x", "/var/lib/x",
                                          "/usr/src/x", "/run/user/1/x", "/data",   "/etcetera",  "/home/meyond"};
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
        if (!host_path_objection(refused[i], "/home/me"))
            fail_msg("%s may be written", refused[i]);
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
        if (host_path_objection(allowed[i], "/home/me"))
            fail_msg("%s may not be written", allowed[i]);
    assert_false(host_path_is_system("/home/me"));
    assert_true(host_path_is_system("/usr"));
}

static void writable_paths_are_checked(void **state)
{
    static const enum policy_source sources[] = {POLICY_FROM_FILE, POLICY_FROM_OPTION};
    (void)state;
    link_to("etc", "/etc");
    assert_int_equal(mkfifo(in_root("fifo"), 0600), 0);
    for (size_t i = 0; i < 2; i++) {
        add("/", POLICY_WRITE, sources[i]);
        is_refused("/ cannot be writable", "everywhere");
        add("/tmp", POLICY_WRITE, sources[i]);
        is_refused("/tmp", "shared by all users");
        add(in_root("etc"), POLICY_WRITE, sources[i]);
        is_refused(in_root("etc"), "/etc cannot be writable");
        add(in_root("fifo"), POLICY_WRITE, sources[i]);
        is_refused("fifo", "neither");
        add(in_root("fifo"), POLICY_READ, sources[i]);
        resolves();
        start_again();
    }
    add("/etc", POLICY_WRITE, POLICY_FROM_PRESET);
    is_refused("/etc cannot be the workspace", "system");
    assert_int_equal(resolve_policy(&policy, POSTERN_LEVEL_RESTRICTED, &error), 0);
}

static void the_home_directory_is_not_writable(void **state)
{
    char *before = getenv("HOME") ? strdup(getenv("HOME")) : NULL;
    (void)state;
    directory("people");
    directory("people/me");
    directory("people/me/project");
    link_to("home", "people/me");
    assert_int_equal(setenv("HOME", in_root("home"), 1), 0);
    add(in_root("people/me"), POLICY_WRITE, POLICY_FROM_OPTION);
    is_refused("people/me", "home directory");
    add(in_root("people"), POLICY_WRITE, POLICY_FROM_FILE);
    is_refused("people", "home directory");
    add(in_root("home"), POLICY_WRITE, POLICY_FROM_PRESET);
    is_refused("cannot be the workspace", "home directory");
    add(in_root("people/me"), POLICY_READ, POLICY_FROM_OPTION);
    add(in_root("people/me/project"), POLICY_WRITE, POLICY_FROM_OPTION);
    resolves();
    assert_int_equal(before ? setenv("HOME", before, 1) : unsetenv("HOME"), 0);
    free(before);
}

/* ---- whose rights ---- */

static void rights_are_handed_on_by_name(void **state)
{
    static const struct {
        const char *path;
        enum policy_access access;
        enum policy_source source;
        bool delegated;
    } cases[] = {{"ws", POLICY_WRITE, POLICY_FROM_PRESET, true},  {"ws", POLICY_WRITE, POLICY_FROM_OPTION, true},
                 {"ws", POLICY_READ, POLICY_FROM_OPTION, true},   {"ws", POLICY_READ, POLICY_FROM_FILE, true},
                 {"ws", POLICY_DENIED, POLICY_FROM_FILE, false},  {"file", POLICY_READ, POLICY_FROM_FILE, true},
                 {"fifo", POLICY_READ, POLICY_FROM_FILE, false},  {"/", POLICY_READ, POLICY_FROM_FILE, false},
                 {"/usr", POLICY_READ, POLICY_FROM_FILE, false},  {"/tmp", POLICY_READ, POLICY_FROM_FILE, false},
                 {"/etc", POLICY_READ, POLICY_FROM_OPTION, false}};
    (void)state;
    directory("ws");
    file_with("file", "");
    assert_int_equal(mkfifo(in_root("fifo"), 0600), 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *path = cases[i].path[0] == '/' ? cases[i].path : in_root(cases[i].path);
        add(path, cases[i].access, cases[i].source);
        resolves_at(POSTERN_LEVEL_ELEVATED);
        if (only_rule()->delegated != cases[i].delegated)
            fail_msg("%s, %s", path, policy_access_name(cases[i].access));
        start_again();
        add(path, cases[i].access, cases[i].source);
        resolves_at(POSTERN_LEVEL_RESTRICTED);
        assert_false(only_rule()->delegated);
        start_again();
    }
}

static void links_of_other_users(void **state)
{
    enum { OTHER = 61860, THIRD = 61861 };
    static const struct {
        uid_t link, end;
        bool refused;
    } cases[] = {{OTHER, 0, true}, {OTHER, THIRD, true}, {OTHER, OTHER, false}, {0, 0, false}, {0, OTHER, false}};
    (void)state;
    if (geteuid() != 0)
        SKIP_BECAUSE("needs root");
    directory("end");
    directory("end/in");
    link_to("link", "./end/../end");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(lchown(in_root("link"), cases[i].link, 0), 0);
        assert_int_equal(chown(in_root("end/in"), cases[i].end, 0), 0);
        for (int access = POLICY_READ; access <= POLICY_WRITE; access++) {
            add(in_root("link/in"), (enum policy_access)access, POLICY_FROM_OPTION);
            if (cases[i].refused)
                is_refused("link/in", "which is not his");
            else
                resolves();
            start_again();
        }
    }
    /* to take away is always right */
    assert_int_equal(lchown(in_root("link"), OTHER, 0), 0);
    add(in_root("link/in"), POLICY_DENIED, POLICY_FROM_OPTION);
    resolves();
    start_again();
}

static void barriers(void **state)
{
    (void)state;
    const char *outer = directory("outer");
    directory("outer/inner");
    directory("outer/inner/ws");
    file_with("outer/inner/file", "");
    assert_int_equal(chmod(in_root("outer/inner"), 0700), 0);
    add(in_root("outer/inner/ws"), POLICY_WRITE, POLICY_FROM_PRESET);
    add(in_root("outer/inner/file"), POLICY_READ, POLICY_FROM_OPTION);
    add(in_root("outer/inner"), POLICY_READ, POLICY_FROM_OPTION);
    add(in_root("outer/inner/ws"), POLICY_DENIED, POLICY_FROM_OPTION);
    resolves_at(POSTERN_LEVEL_ELEVATED);
    assert_string_equal(policy.rules.item[0].barrier, in_root("outer/inner"));
    assert_string_equal(policy.rules.item[1].barrier, in_root("outer/inner"));
    assert_null(policy.rules.item[2].barrier); /* its own mode does not matter: its owner gets in */
    assert_null(policy.rules.item[3].barrier);
    start_again();
    assert_int_equal(chmod(outer, 0750), 0);
    add(in_root("outer/inner/ws"), POLICY_WRITE, POLICY_FROM_PRESET);
    resolves_at(POSTERN_LEVEL_ELEVATED);
    assert_string_equal(only_rule()->barrier, outer); /* the highest */
}

/* ---- what stays read-only ---- */

static int protect(void)
{
    memset(&error, 0, sizeof(error));
    resolves();
    policy_settle(&policy.rules);
    return resolve_protected(&policy, POSTERN_LEVEL_ELEVATED, &error);
}

static void protects(const char *name)
{
    const struct policy_rule *rule = policy_deciding_rule(&policy.rules, in_root(name));
    if (!rule || strcmp(rule->path, in_root(name)) != 0 || rule->source != POLICY_PROTECTED ||
        rule->access != POLICY_READ || rule->inode == 0 || !rule->delegated)
        fail_msg("%s is not protected", name);
}

static size_t count_protected(void)
{
    size_t count = 0;
    for (size_t i = 0; i < policy.rules.count; i++)
        count += policy.rules.item[i].source == POLICY_PROTECTED;
    return count;
}

static void make_workspace(const char *name)
{
    add(directory(name), POLICY_WRITE, POLICY_FROM_PRESET);
}

static void what_exists_is_protected(void **state)
{
    (void)state;
    make_workspace("ws");
    directory("ws/.git");
    directory("ws/.vscode");
    file_with("ws/.mcp.json", "{}");
    directory("ws/sub");
    directory("ws/sub/.git");
    directory("read");
    directory("read/.git");
    add(in_root("read"), POLICY_READ, POLICY_FROM_OPTION);
    add(file_with("file", ""), POLICY_WRITE, POLICY_FROM_OPTION);
    assert_int_equal(protect(), 0);
    protects("ws/.git");
    protects("ws/.vscode");
    protects("ws/.mcp.json");
    assert_int_equal(count_protected(), 3);
    assert_int_equal(policy_access_of(&policy.rules, in_root("ws/.git/hooks")), POLICY_READ);
    assert_int_equal(policy_access_of(&policy.rules, in_root("ws/.gitignore")), POLICY_WRITE);
}

static bool is_listed(const struct strings *list, const char *path)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->item[i], path) == 0)
            return true;
    return false;
}

/* What is made after the rules are settled can only be told. */
static void what_is_made_later_is_found(void **state)
{
    struct strings absent = {0}, made = {0};
    (void)state;
    make_workspace("ws");
    directory("ws/.git");
    add(directory("ws/inner"), POLICY_READ, POLICY_FROM_FILE);
    add(file_with("ws/file", ""), POLICY_WRITE, POLICY_FROM_FILE);
    add(directory("named"), POLICY_WRITE, POLICY_FROM_OPTION);
    resolves();
    assert_int_equal(protect(), 0);
    assert_int_equal(resolve_unprotected(&policy.rules, &absent, &error), 0);
    assert_int_equal(absent.count, 6 + 7);
    assert_false(is_listed(&absent, in_root("ws/.git")));
    assert_int_equal(resolve_made(&absent, &made, &error), 0);
    assert_int_equal(made.count, 0);

    file_with("ws/.mcp.json", "{}");
    link_to("ws/.idea", "/nowhere");
    directory("named/.claude");
    directory("ws/inner/.vscode");
    directory("ws/.other");
    assert_int_equal(resolve_made(&absent, &made, &error), 0);
    assert_int_equal(made.count, 3);
    assert_true(is_listed(&made, in_root("ws/.mcp.json")));
    assert_true(is_listed(&made, in_root("ws/.idea")));
    assert_true(is_listed(&made, in_root("named/.claude")));
    strings_free(&absent);
    strings_free(&made);
}

static void rules_by_name_win(void **state)
{
    (void)state;
    make_workspace("ws");
    directory("ws/.git");
    directory("ws/.idea");
    add(in_root("ws/.git"), POLICY_WRITE, POLICY_FROM_OPTION);
    add(in_root("ws/.idea"), POLICY_DENIED, POLICY_FROM_OPTION);
    assert_int_equal(protect(), 0);
    assert_int_equal(count_protected(), 0);
    assert_int_equal(policy_access_of(&policy.rules, in_root("ws/.git/x")), POLICY_WRITE);
    assert_int_equal(policy_access_of(&policy.rules, in_root("ws/.idea")), POLICY_DENIED);
}

/* Protection must never open what is denied. */
static void denied_directories_gain_nothing(void **state)
{
    (void)state;
    make_workspace("ws");
    directory("ws/.git");
    add(in_root("ws"), POLICY_DENIED, POLICY_FROM_OPTION);
    assert_int_equal(protect(), 0);
    assert_int_equal(count_protected(), 0);
    assert_int_equal(policy_access_of(&policy.rules, in_root("ws/.git")), POLICY_DENIED);
}

static void links_of_such_names_are_refused(void **state)
{
    (void)state;
    make_workspace("ws");
    directory("real");
    link_to("ws/.git", "../real");
    assert_int_equal(protect(), POSTERN_E_POLICY);
    assert_non_null(strstr(error.message, in_root("ws/.git")));
    assert_non_null(strstr(error.remedy, "--rw"));
    start_again();
    /* a link to nowhere is one, too */
    add(in_root("ws"), POLICY_WRITE, POLICY_FROM_PRESET);
    assert_int_equal(unlink(in_root("ws/.git")), 0);
    link_to("ws/.git", "none");
    assert_int_equal(protect(), POSTERN_E_POLICY);
}

static void links_are_lifted_by_name(void **state)
{
    (void)state;
    make_workspace("ws");
    directory("real");
    directory("ws/sub");
    link_to("ws/.git", "../real");
    link_to("ws/.idea", "sub");
    link_to("alias", "ws");
    add(in_root("ws/.git"), POLICY_WRITE, POLICY_FROM_OPTION);
    assert_int_equal(protect(), POSTERN_E_POLICY); /* .idea is still one */
    assert_non_null(strstr(error.message, ".idea"));
    start_again();
    add(in_root("ws"), POLICY_WRITE, POLICY_FROM_PRESET);
    add(in_root("ws/.git"), POLICY_WRITE, POLICY_FROM_OPTION);
    add(in_root("alias//.idea/"), POLICY_WRITE, POLICY_FROM_OPTION); /* the same link by another way */
    assert_int_equal(protect(), 0);
    start_again();
    /* what it leads to is not the link */
    add(in_root("ws"), POLICY_WRITE, POLICY_FROM_PRESET);
    add(in_root("real"), POLICY_WRITE, POLICY_FROM_OPTION);
    add(in_root("alias/.idea"), POLICY_WRITE, POLICY_FROM_OPTION);
    assert_int_equal(protect(), POSTERN_E_POLICY);
    start_again();
    /* nor does reading it lift anything */
    add(in_root("ws"), POLICY_WRITE, POLICY_FROM_PRESET);
    add(in_root("ws/.git"), POLICY_READ, POLICY_FROM_OPTION);
    add(in_root("alias/.idea"), POLICY_WRITE, POLICY_FROM_OPTION);
    assert_int_equal(protect(), POSTERN_E_POLICY);
}

static void repositories_elsewhere_are_protected(void **state)
{
    char text[256];
    (void)state;
    make_workspace("ws");
    directory("ws/sub");
    directory("ws/sub/repository");
    file_with("ws/.git", "gitdir: sub/repository\r\n");
    assert_int_equal(protect(), 0);
    protects("ws/.git");
    protects("ws/sub/repository");
    assert_int_equal(count_protected(), 2);
    start_again();
    /* absolute, and by a link */
    link_to("ws/alias", "sub/../sub/repository");
    snprintf(text, sizeof(text), "gitdir: %s", in_root("ws/alias"));
    file_with("ws/.git", text);
    add(in_root("ws"), POLICY_WRITE, POLICY_FROM_PRESET);
    assert_int_equal(protect(), 0);
    protects("ws/sub/repository");
}

/* As `git worktree add` makes them. */
static void worktrees(void **state)
{
    char text[256];
    (void)state;
    directory("all");
    directory("all/main");
    directory("all/main/.git");
    directory("all/main/.git/worktrees");
    directory("all/main/.git/worktrees/tree");
    directory("all/tree");
    file_with("all/main/.git/worktrees/tree/commondir", "../..\n");
    snprintf(text, sizeof(text), "gitdir: %s\n", in_root("all/main/.git/worktrees/tree"));
    file_with("all/tree/.git", text);
    /* only the tree is writable: the repository is read-only as all else is */
    add(in_root("all/tree"), POLICY_WRITE, POLICY_FROM_PRESET);
    assert_int_equal(protect(), 0);
    protects("all/tree/.git");
    assert_int_equal(count_protected(), 1);
    start_again();
    add(in_root("all/tree"), POLICY_WRITE, POLICY_FROM_PRESET);
    add(in_root("all"), POLICY_WRITE, POLICY_FROM_OPTION);
    assert_int_equal(protect(), 0);
    protects("all/tree/.git");
    protects("all/main/.git/worktrees/tree");
    protects("all/main/.git");
    assert_int_equal(count_protected(), 3);
    start_again();
    /* a directory in that place can share another one, too */
    directory("ws");
    directory("ws/.git");
    directory("ws/common");
    file_with("ws/.git/commondir", "../common");
    add(in_root("ws"), POLICY_WRITE, POLICY_FROM_PRESET);
    assert_int_equal(protect(), 0);
    protects("ws/common");
}

static void pointers_add_nothing_but_protection(void **state)
{
    static char long_text[9000];
    const struct {
        const void *text;
        size_t size;
    } cases[] = {{"gitdir: /", 9},
                 {"gitdir: /etc\n", 13},
                 {"gitdir: ../outside\n", 19},
                 {"gitdir: out\n", 12},
                 {"gitdir: none\n", 13},
                 {"gitdir: file\n", 13},
                 {"gitdir: secret/deep\n", 20},
                 {"gitdir: \n", 9},
                 {"gitdir:sub\n", 11},
                 {"gitdir: sub\0x\n", 14},
                 {"GITDIR: sub\n", 12},
                 {"gitdir: sub\nsub\n", 16},
                 {"", 0},
                 {"\n", 1},
                 {"\xff\xfe", 2},
                 {"gitdir: /proc/self/fd/0\n", 24},
                 {long_text, sizeof(long_text)}};
    (void)state;
    memset(long_text, 'x', sizeof(long_text));
    memcpy(long_text, "gitdir: sub/", 12);
    directory("ws");
    directory("outside");
    directory("ws/sub");
    directory("ws/secret");
    directory("ws/secret/deep");
    file_with("ws/file", "");
    link_to("ws/out", "/usr");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        file_of("ws/.git", cases[i].text, cases[i].size);
        add(in_root("ws"), POLICY_WRITE, POLICY_FROM_PRESET);
        add(in_root("ws/secret"), POLICY_DENIED, POLICY_FROM_OPTION);
        if (protect() != 0)
            fail_msg("case %zu: %s", i, error.message);
        if (count_protected() != 1 || policy_access_of(&policy.rules, in_root("ws/secret/deep")) != POLICY_DENIED)
            fail_msg("case %zu changes more than it should", i);
        protects("ws/.git");
        start_again();
    }
    /* the workspace itself: what was named stays as it was named */
    file_with("ws/.git", "gitdir: .\n");
    add(in_root("ws"), POLICY_WRITE, POLICY_FROM_PRESET);
    assert_int_equal(protect(), 0);
    assert_int_equal(policy_access_of(&policy.rules, in_root("ws/sub")), POLICY_WRITE);
}

/* A refusal is shown to people: what a command made must not speak to their terminals. */
static void names_of_commands_are_not_repeated(void **state)
{
    (void)state;
    make_workspace("ws");
    directory("ws/\033[2J");
    file_with("ws/.git", "gitdir: \033[2J");
    assert_int_equal(protect(), POSTERN_E_POLICY);
    assert_null(strchr(error.message, '\033'));
    assert_non_null(strstr(error.message, ".git"));
}

static void nothing_is_waited_for(void **state)
{
    (void)state;
    make_workspace("ws");
    directory("ws/repository");
    assert_int_equal(mkfifo(in_root("ws/.git"), 0600), 0); /* opened as a file it would block */
    assert_int_equal(protect(), 0);
    protects("ws/.git");
    start_again();
    assert_int_equal(unlink(in_root("ws/.git")), 0);
    file_with("ws/.git", "gitdir: repository");
    assert_int_equal(mkfifo(in_root("ws/repository/commondir"), 0600), 0);
    add(in_root("ws"), POLICY_WRITE, POLICY_FROM_PRESET);
    assert_int_equal(protect(), 0);
    protects("ws/repository");
    start_again();
    assert_int_equal(unlink(in_root("ws/repository/commondir")), 0);
    link_to("ws/repository/commondir", "/etc/passwd");
    add(in_root("ws"), POLICY_WRITE, POLICY_FROM_PRESET);
    assert_int_equal(protect(), POSTERN_E_POLICY); /* git would follow it, we do not */
}

/* ---- ceilings ---- */

static int read_ceiling(const char *path, bool required, bool *present)
{
    start_again();
    return resolve_ceiling(path, required, &policy, present, &error);
}

static void ceiling_refused(const char *path, const char *word)
{
    bool present = true;
    assert_int_equal(read_ceiling(path, false, &present), POSTERN_E_POLICY);
    assert_false(present);
    if (!strstr(error.message, word) || !strstr(error.message, path))
        fail_msg("'%s' lacks '%s'", error.message, word);
}

static void ceilings_are_read(void **state)
{
    bool present = true;
    char text[1024];
    (void)state;
    assert_int_equal(read_ceiling(in_root("none"), false, &present), 0);
    assert_false(present);
    assert_int_equal(read_ceiling(in_root("none"), true, &present), POSTERN_E_POLICY);
    assert_false(present);
    directory("real");
    link_to("link", "real");
    link_to("nowhere", "none");
    snprintf(text, sizeof(text),
             "{\"version\": \"0.8.0\", \"filesystem\": {\"readwritePaths\": [\"%s\", \"%s\", \"%s\"],"
             " \"deniedPaths\": [\"%s\"]}}",
             in_root("link"), in_root("later"), in_root("nowhere"), in_root("link/secret"));
    const char *file = file_with("ceiling", text);
    assert_int_equal(chmod(file, 0644), 0);
    if (read_ceiling(file, true, &present) != 0)
        fail_msg("%s", error.message);
    assert_true(present && policy.rules.settled);
    assert_int_equal(policy.rules.count, 4);
    assert_int_equal(policy_access_of(&policy.rules, in_root("real/x")), POLICY_WRITE);
    assert_int_equal(policy_access_of(&policy.rules, in_root("real/secret")), POLICY_DENIED);
    assert_int_equal(policy_access_of(&policy.rules, in_root("later")), POLICY_WRITE);
    assert_int_equal(policy_access_of(&policy.rules, in_root("nowhere")), POLICY_WRITE);
    assert_int_equal(policy_access_of(&policy.rules, in_root("link")), POLICY_READ);
    assert_true(policy_deciding_rule(&policy.rules, in_root("later"))->missing);
    assert_int_equal(policy.rules.item[0].source, POLICY_FROM_CEILING);
}

static void ceilings_of_others_are_refused(void **state)
{
    static char large[POLICY_SIZE_MAX + 1];
    const char *good = "{\"version\": \"0.8.0\"}", *file = file_with("ceiling", good);
    bool present = false;
    (void)state;
    assert_int_equal(chmod(file, 0644), 0);
    assert_int_equal(read_ceiling(file, true, &present), 0); /* the control */
    assert_int_equal(chmod(file, 0664), 0);
    ceiling_refused(file, "written by other users");
    assert_int_equal(chmod(file, 0646), 0);
    ceiling_refused(file, "written by other users");
    assert_int_equal(chmod(file, 0644), 0);
    link_to("link", "ceiling");
    ceiling_refused(in_root("link"), "errno");
    ceiling_refused(directory("directory"), "regular");
    assert_int_equal(mkfifo(in_root("fifo"), 0600), 0);
    ceiling_refused(in_root("fifo"), "regular");
    memset(large, ' ', sizeof(large));
    const char *huge = file_of("huge", large, sizeof(large));
    assert_int_equal(chmod(huge, 0644), 0);
    ceiling_refused(huge, "larger");
    const char *bad = file_with("bad", "{\"version\": \"0.8.0\", \"surprise\": 1}");
    assert_int_equal(chmod(bad, 0644), 0);
    ceiling_refused(bad, "surprise");
    if (geteuid() != 0)
        return;
    assert_int_equal(chown(file, 65534, 0), 0);
    ceiling_refused(file, "another user");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(links_are_followed),
        TEST(parents_in_links_are_the_systems),
        TEST(paths_without_links_stay),
        TEST(links_to_nowhere_are_refused),
        TEST(only_denied_paths_may_be_missing),
        TEST(closed_directories_are_denied_as_a_whole),
        TEST(names_that_no_policy_can_hold),
        TEST(the_working_directory_is_resolved),
        TEST(workspaces),
        TEST(places_that_are_never_writable),
        TEST(writable_paths_are_checked),
        TEST(the_home_directory_is_not_writable),
        TEST(rights_are_handed_on_by_name),
        TEST(links_of_other_users),
        TEST(barriers),
        TEST(what_exists_is_protected),
        TEST(what_is_made_later_is_found),
        TEST(rules_by_name_win),
        TEST(denied_directories_gain_nothing),
        TEST(links_of_such_names_are_refused),
        TEST(links_are_lifted_by_name),
        TEST(repositories_elsewhere_are_protected),
        TEST(worktrees),
        TEST(pointers_add_nothing_but_protection),
        TEST(names_of_commands_are_not_repeated),
        TEST(nothing_is_waited_for),
        TEST(ceilings_are_read),
        TEST(ceilings_of_others_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
