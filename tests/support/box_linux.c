/*
 * box_linux.c - see box_linux.h.
 */
#include "tests/support/box_linux.h"

#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "elevated/resolve.h"
#include "shared/system.h"
#include "tests/support/manifest.h"

#define LIBEXEC "/tmp/postern-box-XXXXXX"
char box_libexec[] = LIBEXEC;

/* ---- set-up ---- */

static bool copy_program(const char *from, const char *name)
{
    char to[256];
    char block[65536];
    ssize_t got = -1;
    bool copied = true;
    snprintf(to, sizeof(to), "%s/%s", box_libexec, name);
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    while (copied && in >= 0 && out >= 0 && (got = read(in, block, sizeof(block))) > 0)
        copied = write(out, block, (size_t)got) == got;
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return copied && got == 0;
}

bool box_set_up(void)
{
    umask(022);
    memcpy(box_libexec, LIBEXEC, sizeof(LIBEXEC));
    return mkdtemp(box_libexec) && chmod(box_libexec, 0755) == 0 &&
           copy_program(test_program_path("fake_runner_linux"), "postern-runner") &&
           copy_program(test_bin_path("postern-keeper"), "postern-keeper") && manifest_write(box_libexec);
}

bool box_tear_down(void)
{
    char command[256];
    snprintf(command, sizeof(command), "rm -rf '%s'", box_libexec);
    return system(command) == 0;
}

/* ---- policies ---- */

void box_policy_begin(struct policy *policy, const char *workspace)
{
    policy_init(policy, PATH_POSIX);
    if (workspace)
        assert_int_equal(policy_add_rule(&policy->rules, workspace, POLICY_WRITE, POLICY_FROM_PRESET, NULL), 0);
}

void box_policy_add(struct policy *policy, const char *path, enum policy_access access)
{
    struct postern_error error = {0};
    if (policy_add_rule(&policy->rules, path, access, POLICY_FROM_OPTION, &error) != 0)
        fail_msg("%s: %s", path, error.message);
    policy->named = true;
}

void box_policy_end(struct policy *policy, enum postern_level level)
{
    struct postern_error error = {0};
    int result = resolve_policy(policy, level, &error);
    policy->limits.processes = level != POSTERN_LEVEL_NONE ? 200 : 0;
    policy_settle(&policy->rules);
    if (result == 0)
        result = resolve_protected(policy, level, &error);
    if (result == 0)
        result = resolve_mounts(policy, level, &error);
    if (result != 0)
        fail_msg("%s", error.message);
}

/* ---- boxes ---- */

struct launch_options box_options(enum postern_level level, const struct policy *policy, const char *directory)
{
    static const unsigned char key[CRYPTO_KEY_SIZE] = {1, 2, 3};
    return (struct launch_options){.level = level,
                                   .policy = policy,
                                   .directory = directory,
                                   .libexec = box_libexec,
                                   .key = key,
                                   .deadline_us = system_now_us() + BOX_LIMIT_MS * 1000};
}

void box_open_with(struct box *box, const struct launch_options *options)
{
    struct postern_error error = {0};
    memset(box, 0, sizeof(*box));
    if (launch_start(options, &box->launch, &error) != 0)
        fail_msg("%s: %s [%s]", error.stage, error.message, error.operation);
    box->channel = (int)launch_take_channel(box->launch);
    assert_true(box->channel >= 0);
}

void box_open(struct box *box, enum postern_level level, const char *workspace)
{
    struct policy policy;
    box_policy_begin(&policy, workspace);
    box_policy_end(&policy, level);
    struct launch_options options = box_options(level, &policy, workspace);
    box_open_with(box, &options);
    policy_free(&policy);
}

void box_close(struct box *box)
{
    close(box->channel);
    launch_end(box->launch);
    box->launch = NULL;
}

int box_listen(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(server >= 0 && strlen(path) < sizeof(name.sun_path));
    memcpy(name.sun_path, path, strlen(path) + 1);
    assert_int_equal(bind(server, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(chmod(path, 0777), 0);
    assert_int_equal(listen(server, 1), 0);
    return server;
}

int box_start_code(const struct launch_options *options, struct postern_error *error)
{
    struct launch *launch = NULL;
    int result = launch_start(options, &launch, error);
    launch_end(launch);
    return result;
}

bool box_next_byte(struct box *box, char *byte)
{
    struct pollfd watched = {.fd = box->channel, .events = POLLIN};
    assert_int_equal(poll(&watched, 1, BOX_LIMIT_MS), 1);
    return read(box->channel, byte, 1) == 1;
}

void box_tell(struct box *box, const char *request)
{
    assert_int_equal(send(box->channel, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
    assert_int_equal(send(box->channel, "\n", 1, MSG_NOSIGNAL), 1);
}

const char *box_ask(struct box *box, const char *format, ...)
{
    char line[4096];
    size_t length = 0;
    va_list list;
    va_start(list, format);
    assert_true(vsnprintf(line, sizeof(line), format, list) < (int)sizeof(line));
    va_end(list);
    box_tell(box, line);
    do {
        if (!box_next_byte(box, &line[length]))
            fail_msg("the runner ended after \"%s\"", line);
    } while (line[length++] != '\n');
    line[length] = 0;
    assert_int_equal(sscanf(line, "%d %zu", &box->status, &length), 2);
    assert_true(length < sizeof(box->text));
    for (size_t i = 0; i < length; i++)
        assert_true(box_next_byte(box, &box->text[i]));
    box->text[length] = 0;
    while (length > 0 && box->text[length - 1] == '\n')
        box->text[--length] = 0;
    return box->text;
}
