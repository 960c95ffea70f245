/*
 * attempt_linux.c - see attempt_linux.h. Linked to every test program on Linux.
 */
#include "tests/support/attempt_linux.h"
#include "tests/support/lesser_host_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the place ---- */

static bool all_may_enter(const char *path)
{
    struct stat status;
    char above[1024];
    for (const char *slash = path; slash; slash = strchr(slash + 1, '/')) {
        snprintf(above, sizeof(above), "%.*s", slash == path ? 1 : (int)(slash - path), path);
        if (stat(above, &status) != 0 || !(status.st_mode & S_IXOTH))
            return false;
    }
    return stat(path, &status) == 0 && (status.st_mode & S_IXOTH);
}

static char users_parent[300]; /* of test_run_as_user(): where he may make something */

/* Not /tmp, /run or /home: sandboxes have their own. */
static bool make_base(char *out, size_t size)
{
    const char *const parents[] = {users_parent[0] ? users_parent : "/srv", "/var/lib", test_program_dir()};
    for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++) {
        snprintf(out, size, "%s/postern-test-XXXXXX", parents[i]);
        if (all_may_enter(parents[i]) && access(parents[i], W_OK) == 0 && mkdtemp(out))
            return chmod(out, 0755) == 0;
    }
    return false;
}

void place_make(struct place *place, const char *const *programs)
{
    char path[600];
    if (!make_base(place->base, sizeof(place->base)))
        fail_msg("there is no directory that every user can enter: %s", strerror(errno));
    snprintf(place->work, sizeof(place->work), "%s/work", place->base);
    snprintf(place->outside, sizeof(place->outside), "%s/outside", place->base);
    snprintf(place->bin, sizeof(place->bin), "%s/bin", place->base);
    place_directory(place->base, "work", false);
    place_directory(place->base, "outside", true);
    place_directory(place->base, "bin", false);
    for (; *programs; programs++) {
        snprintf(path, sizeof(path), "%s/%s", place->bin, *programs);
        assert_true(host_copy_file(test_program_path(*programs), path));
        assert_int_equal(chmod(path, 0755), 0);
    }
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status;
    if (ftw->level == 0)
        return 0;
    return type == FTW_DP ? rmdir(path) : unlink(path);
}

/* So that what somebody closed can be looked into. */
static int open_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)ftw;
    if (type == FTW_D || type == FTW_DNR)
        (void)chmod(path, (status->st_mode & 07777) | 0700);
    return 0;
}

void place_empty(const char *directory)
{
    nftw(directory, open_entry, 16, FTW_PHYS);
    nftw(directory, remove_entry, 16, FTW_PHYS | FTW_DEPTH);
}

void place_remove(struct place *place)
{
    if (!place->base[0])
        return;
    place_empty(place->base);
    rmdir(place->base);
    place->base[0] = '\0';
}

static uid_t new_owner;

static int give_entry(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
    (void)status;
    (void)type;
    (void)ftw;
    return lchown(path, new_owner, new_owner);
}

void place_give(const struct place *place, enum postern_level level)
{
    if (geteuid() != 0)
        return;
    new_owner = level == POSTERN_LEVEL_ELEVATED ? PLACE_OWNER : 0;
    assert_int_equal(nftw(place->work, give_entry, 16, FTW_PHYS), 0);
}

static void join(char out[1024], const char *directory, const char *name)
{
    int length = snprintf(out, 1024, "%s/%s", directory, name);
    assert_in_range(length, 1, 1023);
}

const char *place_path(const char *directory, const char *name)
{
    static char paths[16][1024];
    static unsigned next;
    char *path = paths[next++ % 16];
    join(path, directory, name);
    return path;
}

void place_directory(const char *directory, const char *name, bool open)
{
    char path[1024];
    join(path, directory, name);
    for (char *slash = path + strlen(directory); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0755) != 0 && errno != EEXIST)
            fail_msg("%s: %s", path, strerror(errno));
        *slash = '/';
    }
    if ((mkdir(path, 0755) != 0 && errno != EEXIST) || chmod(path, open ? 0777 : 0755) != 0)
        fail_msg("%s: %s", path, strerror(errno));
}

void place_file(const char *directory, const char *name, const char *text, bool open_to_all)
{
    char path[1024], above[1024] = "";
    const char *slash = strrchr(name, '/');
    if (slash && (size_t)(slash - name) < sizeof(above))
        memcpy(above, name, (size_t)(slash - name));
    if (above[0] && access(place_path(directory, above), F_OK) != 0)
        place_directory(directory, above, false);
    join(path, directory, name);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (file < 0 || !host_write(file, text, strlen(text)) || fchmod(file, open_to_all ? 0666 : 0644) != 0)
        fail_msg("%s: %s", path, strerror(errno));
    close(file);
}

/* ---- running ---- */

/* What a terminal adds. */
static void drop_returns(char *text)
{
    char *to = text;
    for (; *text; text++)
        if (*text != '\r')
            *to++ = *text;
    *to = '\0';
}

struct outcome place_run(const struct place *place, struct postern_sandbox *sandbox,
                         const struct postern_command *command, const char *const *argv)
{
    const char *arguments[16];
    char program[700];
    struct outcome outcome;
    struct postern_command full = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL;
    size_t count = 0;
    if (command)
        full = *command;
    while (argv[count] && count < 15) {
        arguments[count] = argv[count];
        count++;
    }
    arguments[count] = NULL;
    snprintf(program, sizeof(program), "%s/%s", place->bin, argv[0]);
    if (!strchr(argv[0], '/'))
        arguments[0] = program;
    full.argv = arguments;
    if (!full.timeout)
        full.timeout = TEST_WAIT_MS;
    MUST(postern_session_start(sandbox, &full, &session, &test_error));
    test_read_all(session, POSTERN_STDOUT, outcome.out, sizeof(outcome.out));
    drop_returns(outcome.out);
    struct postern_result result = test_wait(session);
    outcome.status = result.signal ? 128 + result.signal : result.exit_code;
    postern_session_release(session);
    return outcome;
}

/* The next line about a way from here on; NULL: there is none. Others are comments. */
static const char *next_way(const char *text)
{
    while (*text && (*text == '#' || *text == '\n' || !memchr(text, '\t', strcspn(text, "\n"))))
        text = strchr(text, '\n') ? strchr(text, '\n') + 1 : "";
    return *text ? text : NULL;
}

static const char *way_after(const char *line)
{
    line = strchr(line, '\n');
    return line ? next_way(line + 1) : NULL;
}

/* What was said about a way, or NULL. */
static const char *said_of(const struct outcome *outcome, const char *way, size_t length)
{
    for (const char *line = next_way(outcome->out); line; line = way_after(line))
        if (strncmp(line, way, length) == 0 && line[length] == '\t')
            return line + length + 1;
    return NULL;
}

static bool starts(const char *text, const char *with)
{
    return text && strncmp(text, with, strlen(with)) == 0;
}

static int length_of(const char *line)
{
    return line ? (int)strcspn(line, "\n") : 0;
}

/* Compares one way; true when it had a control. */
static bool check_way(const struct outcome *control, const char *way, const char *inside, unsigned *failures)
{
    int length = (int)strcspn(way, "\t\n");
    const char *outside = said_of(control, way, (size_t)length);
    bool controlled = starts(outside, "worked");
    if (!controlled)
        print_message("# no control for \"%.*s\": outside it is %.*s\n", length, way, length_of(outside),
                      outside ? outside : "");
    if (starts(inside, "worked") || (controlled && !starts(inside, "refused"))) {
        print_error("\"%.*s\" %.*s inside (outside: %.*s)\n", length, way, length_of(inside), inside,
                    length_of(outside), outside ? outside : "");
        (*failures)++;
    }
    return controlled;
}

void expect_refused(const struct outcome *control, const struct outcome *inside)
{
    unsigned ways = 0, controls = 0, failures = 0;
    if (getenv("POSTERN_TEST_VERBOSE"))
        fprintf(stderr, "--- outside (%d)\n%s--- inside (%d)\n%s", control->status, control->out, inside->status,
                inside->out);
    for (const char *line = next_way(inside->out); line; line = way_after(line), ways++)
        controls += check_way(control, line, line + strcspn(line, "\t\n") + 1, &failures);
    for (const char *line = next_way(control->out); line; line = way_after(line)) {
        if (said_of(inside, line, strcspn(line, "\t\n")))
            continue;
        print_error("nothing was said inside of \"%.*s\"\n", length_of(line), line);
        failures++;
    }
    if (failures > 0 || ways == 0 || control->status != 0 || inside->status != 0)
        fail_msg("%u ways out of %u; status outside %d, inside %d", failures, ways, control->status, inside->status);
    if (controls == 0)
        SKIP_BECAUSE("none of the ways works outside either on this host");
}

bool in_force(const struct postern_sandbox *sandbox, const char *what)
{
    struct postern_sandbox_info info;
    size_t length = strlen(what);
    postern_sandbox_get_info(sandbox, &info);
    for (size_t i = 0; info.capability && info.capability[i]; i++)
        if (strncmp(info.capability[i], what, length) == 0 && strchr(":-", info.capability[i][length]))
            return true;
    return false;
}

/* ---- other callers, other hosts ---- */

static void cannot_be_run(void **state)
{
    (void)state;
    SKIP_BECAUSE("the folder of the built programs is closed to other users");
}

int test_run_as_user(int (*run)(void))
{
    const struct CMUnitTest skipped[] = {cmocka_unit_test(cannot_be_run)};
    int status = 1;
    if (geteuid() != 0)
        return 0;
    if (!all_may_enter(test_bin_dir()))
        return cmocka_run_group_tests_name("as a user", skipped, NULL, NULL);
    char parent[sizeof(users_parent)];
    if (!make_base(parent, sizeof(parent)) || chown(parent, PLACE_USER, PLACE_USER) != 0)
        return 1;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        if (!lesser_host_change_user(PLACE_USER))
            _exit(2);
        unsetenv("HOME");
        memcpy(users_parent, parent, sizeof(users_parent));
        status = run();
        fflush(NULL);
        _exit(status != 0);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        status = 1;
    place_empty(parent);
    rmdir(parent);
    return status != 0;
}

/* ---- everywhere ---- */

static const enum postern_level at_levels[] = {POSTERN_LEVEL_ELEVATED, POSTERN_LEVEL_RESTRICTED};
static attempt_run_fn *run_at;
static bool *told_without;

static int run_restricted(void)
{
    return run_at(&at_levels[1], 1);
}

static int run_without_namespaces(void)
{
    *told_without = true;
    return lesser_host_refuse_namespaces() ? run_restricted() : 1;
}

int attempt_run_everywhere(attempt_run_fn *run, bool *without_namespaces)
{
    run_at = run;
    told_without = without_namespaces;
    int failed = run(at_levels, 2);
    failed = test_run_as_user(run_restricted) || failed;
    if (without_namespaces)
        failed = test_run_as_user(run_without_namespaces) || failed;
    return failed;
}
