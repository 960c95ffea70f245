/*
 * policy.c - the rows about policies: what reading and planning a big one costs, what asking about one does. Portable;
 * called by themes_*.c. The floor of the first row is jansson alone, on the same text.
 */
#include "themes.h"

#include "attempts.h"

#include "shared/buffer.h"
#include "shared/enforce.h"
#include "shared/policy.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { PATHS = 1000, PATHS_IN_A_DIRECTORY = 10 };

struct big_policy {
    struct buffer text;
    enum path_style style;
};

static bool append(struct buffer *text, const char *piece)
{
    return buffer_append(text, piece, strlen(piece));
}

/* Writable directories, each with read-only and denied ones in it: every path of them needs a step of the plan, but for
 * the limit on mounts; so the directories are siblings and what is in them is looked up in all three lists. */
static bool write_list(struct big_policy *big, const char *name, const char *leaf, bool last)
{
    const char *root = big->style == PATH_WINDOWS ? "C:/work" : "/work";
    char piece[128];
    snprintf(piece, sizeof(piece), "\"%s\": [", name);
    bool fits = append(&big->text, piece);
    for (unsigned i = 0; fits && i < PATHS / 3; i++) {
        snprintf(piece, sizeof(piece), "%s\"%s/group-%u/project-%u%s\"", i ? ", " : "", root, i / PATHS_IN_A_DIRECTORY,
                 i, leaf);
        fits = append(&big->text, piece);
    }
    return fits && append(&big->text, last ? "]" : "], ");
}

static bool write_text(struct big_policy *big)
{
    return append(&big->text, "{\"version\": \"0.7.0\", \"filesystem\": {") &&
           write_list(big, "readwritePaths", "", false) && write_list(big, "readonlyPaths", "-docs/api", false) &&
           write_list(big, "deniedPaths", "-secrets", true) && append(&big->text, "}}");
}

static bool read_with_jansson(void *context, struct samples *out)
{
    struct big_policy *big = context;
    double start = host_now();
    json_t *value =
        json_loadb((const char *)buffer_data(&big->text), buffer_length(&big->text), JSON_REJECT_DUPLICATES, NULL);
    samples_add(out, host_now() - start);
    json_decref(value);
    return value != NULL;
}

/* From the text to the list of steps, as every start does it; looking at the paths on the host is not part of it. */
static bool read_and_plan(void *context, struct samples *out)
{
    struct big_policy *big = context;
    const struct enforce_host host = {.level = POSTERN_LEVEL_RESTRICTED,
                                      .own_files = true,
                                      .own_pids = true,
                                      .own_network = true,
                                      .landlock_abi = 7,
                                      .seccomp = true};
    struct enforce_steps steps = {0};
    struct postern_error error = {0};
    struct policy policy;
    double start = host_now();
    policy_init(&policy, big->style);
    int result = policy_parse(buffer_data(&big->text), buffer_length(&big->text), "the big policy", &policy, &error);
    if (result == POSTERN_OK) {
        policy_settle(&policy.rules);
        result = enforce_plan(&policy, &host, &steps, &error);
    }
    samples_add(out, host_now() - start);
    enforce_steps_free(&steps);
    policy_free(&policy);
    return result == POSTERN_OK || complain("a policy of 1,000 paths", &error);
}

/* A time of our own against the limit that is promised; what else it could be held against says little. */
static bool within(const char *what, attempt_fn *attempt, void *context, unsigned rounds, double limit)
{
    struct samples samples = {0};
    bool good = true;
    rounds = measure_rounds ? measure_rounds : rounds;
    for (unsigned i = 0; good && i < rounds; i++)
        good = attempt(context, &samples);
    if (good)
        measure_row(what, "limit", UNIT_SECONDS, samples_at(&samples, 0.5), limit, 1.0);
    samples_free(&samples);
    return good;
}

static bool plan(void)
{
    struct big_policy big = {.style = path_style_here()};
    struct contest contest = {.what = "policy of 1,000 paths, to plan",
                              .against = "jansson reads it",
                              .rounds = 200,
                              .ours = read_and_plan,
                              .ours_context = &big,
                              .other = read_with_jansson,
                              .other_context = &big};
    if (!measure_wanted(contest.what))
        return true;
    buffer_init(&big.text, POLICY_SIZE_MAX);
    bool good = write_text(&big) && measure_contest(&contest) &&
                within("the same against the promise", read_and_plan, &big, contest.rounds, 1e-3);
    buffer_free(&big.text);
    return good;
}

static bool probe_once(void *context, struct samples *out)
{
    struct postern_error error = {0};
    char *json = NULL;
    double start = host_now();
    (void)context;
    if (postern_probe(&json, &error) != POSTERN_OK)
        return complain("the probe", &error);
    samples_add(out, host_now() - start);
    postern_free(json);
    return true;
}

bool policy_run(void)
{
    bool good = plan();
    return (!measure_wanted("probe") || within("probe", probe_once, NULL, 50, 0.1)) && good;
}
