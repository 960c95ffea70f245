/*
 * box_linux.h - sandboxes for tests of the launcher and the keeper, with a runner that does as the test tells it
 * (programs/fake_runner_linux.c), so that what holds is their work and not the runner's own confinement.
 */
#ifndef POSTERN_TESTS_BOX_LINUX_H
#define POSTERN_TESTS_BOX_LINUX_H

#include "elevated/launch.h"
#include "tests/support/test.h"

enum { BOX_LIMIT_MS = 15000 };

/* Helpers for sandboxes, with fake_runner_linux as the runner: copies beneath /tmp, so that other users reach them
 * wherever the tree was built. false: that did not work. */
extern char box_libexec[];
bool box_set_up(void);
bool box_tear_down(void);

struct box {
    struct launch *launch;
    int channel;
    int status;       /* of the last answer */
    char text[65536]; /* of the last answer */
};

/* A policy as elevated/grants.c makes it: begin, add, end. The workspace may be NULL. */
void box_policy_begin(struct policy *policy, const char *workspace);
void box_policy_add(struct policy *policy, const char *path, enum policy_access access);
void box_policy_end(struct policy *policy, enum postern_level level);

struct launch_options box_options(enum postern_level level, const struct policy *policy, const char *directory);
void box_open_with(struct box *box, const struct launch_options *options);
/* With a policy of nothing but a workspace (NULL: none). */
void box_open(struct box *box, enum postern_level level, const char *workspace);
void box_close(struct box *box);

/* A socket of a service, as everybody may connect to. To be closed by the caller. */
int box_listen(const char *path);

/* What a start that has to fail fails with. */
int box_start_code(const struct launch_options *options, struct postern_error *error);

/* One byte within the time limit; false at the end of the stream. */
bool box_next_byte(struct box *box, char *byte);
void box_tell(struct box *box, const char *request);
/* A request to the runner; the answer's text, status in box->status. */
const char *box_ask(struct box *box, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Runs a script inside; it has to end with `status`. */
#define EXPECT_STATUS(box, expected, ...)                                                                              \
    do {                                                                                                               \
        box_ask(box, "sh " __VA_ARGS__);                                                                               \
        if ((box)->status != (expected))                                                                               \
            fail_msg("line %d: status %d, not %d: %s", __LINE__, (box)->status, expected, (box)->text);                \
    } while (0)
#define WORKS(box, ...) EXPECT_STATUS(box, 0, __VA_ARGS__)
/* Shell commands that a denial makes fail; something else than "command not found" must be the reason. */
#define DENIED(box, ...)                                                                                               \
    do {                                                                                                               \
        box_ask(box, "sh " __VA_ARGS__);                                                                               \
        if ((box)->status == 0 || (box)->status >= 126)                                                                \
            fail_msg("line %d: status %d: %s", __LINE__, (box)->status, (box)->text);                                  \
    } while (0)
/* And this error text has to be among what it prints. */
#define DENIED_AS(box, text_of_error, ...)                                                                             \
    do {                                                                                                               \
        DENIED(box, __VA_ARGS__);                                                                                      \
        if (!strstr((box)->text, text_of_error))                                                                       \
            fail_msg("line %d: not \"%s\": %s", __LINE__, text_of_error, (box)->text);                                 \
    } while (0)

#endif
