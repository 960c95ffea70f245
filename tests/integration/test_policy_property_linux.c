/*
 * What the model says is granted is what the kernel grants: random policies over a small tree, and in it every path and
 * every operation. $POSTERN_TEST_SEED and $POSTERN_TEST_POLICIES give other ones, and more.
 * timeout: 300
 */
#include "tests/support/attempt_linux.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "shared/policy.h"
#include "shared/text.h"

enum { POLICIES = 60, RULES = 7 };

static struct place place;
static char root[300]; /* of the tree, without links */
static bool without_namespaces;

/* ---- the tree ---- */

struct node {
    const char *path; /* beneath the root; "": the root */
    const char *also; /* another name for it */
    bool directory;
};

static const struct node nodes[] = {
    {"", NULL, true},         {"a", "to-a", true},       {"a/b", "a/to-b", true},    {"a/b/c", NULL, true},
    {"a/b/c/f", NULL, false}, {"a/b/f", NULL, false},    {"a/f", "a/to-f", false},   {"a/g", NULL, false},
    {"a/.git", NULL, true},   {"a/.git/f", NULL, false}, {"a/b/d", NULL, true},      {"a/b/d/f", NULL, false},
    {"h", NULL, true},        {"h/f", NULL, false},      {"h/i", NULL, true},        {"h/i/.vscode", NULL, true},
    {"h/i/f", NULL, false},   {"h/ab", NULL, true},      {"h/ab/f", NULL, false},    {"h/a", NULL, true},
    {"h/a/f", NULL, false},   {"f", NULL, false},        {".mcp.json", NULL, false}, {"h/i/.vscode/f", NULL, false},
};
enum { NODES = sizeof(nodes) / sizeof(nodes[0]) };

static const char *node_path(size_t node)
{
    return nodes[node].path[0] ? place_path(root, nodes[node].path) : place_path(root, ".");
}

static void absolute(char *out, size_t size, const char *relative)
{
    snprintf(out, size, "%s%s%s", root, relative[0] ? "/" : "", relative);
}

static void make_tree(void)
{
    char real[PATH_SIZE_MAX], link[600];
    assert_non_null(realpath(place.work, real));
    assert_true(text_copy(root, sizeof(root), real));
    place_empty(root);
    for (size_t i = 1; i < NODES; i++) {
        if (nodes[i].directory)
            place_directory(root, nodes[i].path, false);
        else
            place_file(root, nodes[i].path, "junk", false);
        assert_int_equal(chmod(node_path(i), 0755), 0);
    }
    for (size_t i = 0; i < NODES; i++) {
        if (!nodes[i].also)
            continue;
        absolute(link, sizeof(link), nodes[i].also);
        assert_int_equal(symlink(strrchr(nodes[i].path, '/') ? strrchr(nodes[i].path, '/') + 1 : nodes[i].path, link),
                         0);
    }
}

/* ---- random policies ---- */

static uint64_t state_of_chance;

static unsigned chance(unsigned below)
{
    state_of_chance ^= state_of_chance << 13;
    state_of_chance ^= state_of_chance >> 7;
    state_of_chance ^= state_of_chance << 17;
    return (unsigned)((state_of_chance >> 32) % below);
}

struct sample {
    char said[RULES][600];
    size_t node[RULES];
    enum policy_access access[RULES];
    size_t count;
    const char *list[3][RULES + 1]; /* by access, as options take them */
    struct policy_rules rules;      /* the model of it */
};

static void choose(struct sample *sample)
{
    size_t used[3] = {0};
    memset(sample, 0, sizeof(*sample));
    sample->count = 1 + chance(without_namespaces ? 3 : RULES); /* few of the others could be held there */
    for (size_t i = 0; i < sample->count; i++) {
        size_t node = chance(NODES);
        enum policy_access access = (enum policy_access)chance(3);
        if (without_namespaces && chance(3) > 0)
            access = POLICY_WRITE;
        const char *name = nodes[node].also && chance(2) ? nodes[node].also : nodes[node].path;
        absolute(sample->said[i], sizeof(sample->said[i]), name);
        sample->node[i] = node;
        sample->access[i] = access;
        sample->list[access][used[access]++] = sample->said[i];
    }
}

/* What resolving does to a writable directory, in the words of docs/policy.md: only where writing is what comes out. */
static void protect(struct policy_rules *rules)
{
    struct policy_rules settled;
    char path[700];
    policy_rules_init(&settled, PATH_POSIX, POLICY_READ);
    for (size_t i = 0; i < rules->count; i++)
        MUST(policy_add_rule(&settled, rules->item[i].path, rules->item[i].access, rules->item[i].source, &test_error));
    policy_settle(&settled);
    for (size_t i = 0; i < settled.count; i++)
        for (const char *const *name = policy_protected_names; *name; name++) {
            snprintf(path, sizeof(path), "%s/%s", settled.item[i].path, *name);
            if (settled.item[i].access == POLICY_WRITE && access(path, F_OK) == 0)
                MUST(policy_add_rule(rules, path, POLICY_READ, POLICY_PROTECTED, &test_error));
        }
    policy_rules_free(&settled);
}

static void model(struct sample *sample)
{
    char path[600];
    policy_rules_init(&sample->rules, PATH_POSIX, POLICY_READ);
    for (size_t i = 0; i < sample->count; i++) {
        absolute(path, sizeof(path), nodes[sample->node[i]].path);
        MUST(policy_add_rule(&sample->rules, path, sample->access[i], POLICY_FROM_OPTION, &test_error));
    }
    protect(&sample->rules);
    policy_settle(&sample->rules);
}

static void print_sample(const struct sample *sample)
{
    for (size_t i = 0; i < sample->count; i++)
        print_error("  %s %s\n", policy_access_name(sample->access[i]), sample->said[i]);
}

/* ---- what is to be expected ---- */

static enum policy_access access_of(const struct sample *sample, const char *relative)
{
    char path[600];
    absolute(path, sizeof(path), relative);
    return policy_access_of(&sample->rules, path);
}

static enum policy_access access_above(const struct sample *sample, size_t node)
{
    char path[600];
    absolute(path, sizeof(path), nodes[node].path);
    *strrchr(path, '/') = '\0';
    return policy_access_of(&sample->rules, path);
}

/* Something in it is kept: moving it would leave its path to another. */
static bool holds_less(const struct sample *sample, size_t node)
{
    char path[600];
    absolute(path, sizeof(path), nodes[node].path);
    for (size_t i = 0; i < sample->rules.count; i++)
        if (sample->rules.item[i].access != POLICY_WRITE &&
            path_is_beneath(PATH_POSIX, sample->rules.item[i].path, path))
            return true;
    return false;
}

/* Landlock alone cannot take away what is granted above: such policies are refused. */
static bool needs_mounts(const struct sample *sample)
{
    for (size_t i = 0; i < sample->rules.count; i++) {
        const struct policy_rule *rule = &sample->rules.item[i];
        char above[PATH_SIZE_MAX];
        snprintf(above, sizeof(above), "%s", rule->path);
        *strrchr(above, '/') = '\0';
        if (rule->access < policy_access_of(&sample->rules, above))
            return true;
    }
    return false;
}

enum expected { REFUSED, GRANTED, UNASKED };

struct operation {
    const char *name;
    bool of_directories, of_files;
};

static const struct operation operations[] = {
    {"list", true, false},   {"read", false, true},     {"exec", false, true},   {"write", false, true},
    {"append", false, true}, {"truncate", false, true}, {"create", true, false}, {"mkdir", true, false},
    {"mode", true, true},    {"delete", false, true},   {"rename", true, true},
};
enum { OPERATIONS = sizeof(operations) / sizeof(operations[0]) };

static enum expected expect(const struct sample *sample, size_t node, const struct operation *operation)
{
    enum policy_access own = access_of(sample, nodes[node].path);
    const char *name = operation->name;
    if (!(nodes[node].directory ? operation->of_directories : operation->of_files))
        return UNASKED;
    if (strcmp(name, "list") == 0 || strcmp(name, "read") == 0 || strcmp(name, "exec") == 0)
        return own >= POLICY_READ ? GRANTED : REFUSED;
    if (strcmp(name, "mode") == 0 && without_namespaces)
        return UNASKED; /* Landlock knows nothing of modes */
    if (strcmp(name, "delete") != 0 && strcmp(name, "rename") != 0)
        return own == POLICY_WRITE ? GRANTED : REFUSED;
    if (node == 0)
        return UNASKED; /* where it lies is not the tree's affair */
    bool writable = own == POLICY_WRITE && access_above(sample, node) == POLICY_WRITE;
    return writable && !holds_less(sample, node) ? GRANTED : REFUSED;
}

/* ---- asking the kernel ---- */

static size_t ask(const struct sample *sample, char *out, size_t size)
{
    size_t used = 0;
    for (size_t node = 0; node < NODES; node++)
        for (size_t i = 0; i < OPERATIONS; i++) {
            char path[600];
            if (expect(sample, node, &operations[i]) == UNASKED)
                continue;
            absolute(path, sizeof(path), nodes[node].path);
            used += (size_t)snprintf(out + used, size - used, "%s %s\n", operations[i].name, path);
            assert_true(used < size);
        }
    return used;
}

static void run_probe(struct postern_sandbox *sandbox, const char *questions, char *answers, size_t size)
{
    char program[700];
    struct postern_command command = POSTERN_COMMAND_INIT;
    struct postern_session *session = NULL;
    snprintf(program, sizeof(program), "%s/policy_probe_linux", place.bin);
    command.argv = (const char *const[]){program, NULL};
    command.open_stdin = true;
    command.cwd = "/";
    MUST(postern_session_start(sandbox, &command, &session, &test_error));
    test_write(session, questions);
    MUST(postern_session_close_stdin(session, &test_error));
    test_read_all(session, POSTERN_STDOUT, answers, size);
    test_exits(session, 0);
}

static unsigned compare(const struct sample *sample, const char *answers)
{
    unsigned differences = 0;
    for (size_t node = 0; node < NODES; node++)
        for (size_t i = 0; i < OPERATIONS; i++) {
            enum expected wanted = expect(sample, node, &operations[i]);
            char path[600], name[32];
            int number = -1;
            if (wanted == UNASKED)
                continue;
            assert_int_equal(sscanf(answers, "%31s %599s %d", name, path, &number), 3);
            assert_string_equal(name, operations[i].name);
            answers = strchr(answers, '\n') + 1;
            if ((number == 0) == (wanted == GRANTED))
                continue;
            print_error("%s %s: the model says %s, the kernel: %s\n", name, path,
                        policy_access_name(access_of(sample, nodes[node].path)), strerror(number));
            differences++;
        }
    return differences;
}

static void check_sample(enum postern_level level, const struct sample *sample, unsigned number, unsigned *refused)
{
    static char questions[65536], answers[131072];
    struct postern_sandbox_options options = test_options(level);
    struct postern_sandbox *sandbox = NULL;
    options.workspace = NULL;
    options.preset = POSTERN_PRESET_READ_ONLY;
    options.denied = sample->list[POLICY_DENIED];
    options.read_only = sample->list[POLICY_READ];
    options.read_write = sample->list[POLICY_WRITE];
    bool to_be_refused = without_namespaces && needs_mounts(sample);
    int status = postern_sandbox_open(&options, &sandbox, &test_error);
    unsigned differences = 0;
    if (status == 0 && !to_be_refused) {
        ask(sample, questions, sizeof(questions));
        run_probe(sandbox, questions, answers, sizeof(answers));
        differences = compare(sample, answers);
    }
    postern_sandbox_close(sandbox);
    *refused += to_be_refused;
    if (status != (to_be_refused ? POSTERN_E_POLICY : POSTERN_OK) || differences > 0) {
        print_error("policy %u, %s:\n", number, status == 0 ? "opened" : test_error.message);
        print_sample(sample);
        fail_msg("policy %u: %u differences", number, differences);
    }
}

static unsigned number_in(const char *variable, unsigned otherwise)
{
    const char *text = getenv(variable);
    return text && text[0] ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static void the_kernel_grants_what_the_model_says(void **state)
{
    const enum postern_level level = *(const enum postern_level *)*state;
    const unsigned seed = number_in("POSTERN_TEST_SEED", 20), count = number_in("POSTERN_TEST_POLICIES", POLICIES);
    unsigned refused = 0;
    test_need_level(level);
    state_of_chance = 88172645463325252u + seed;
    print_message("# POSTERN_TEST_SEED=%u, %u policies\n", seed, count);
    for (unsigned i = 0; i < count; i++) {
        struct sample sample;
        make_tree();
        place_give(&place, level);
        choose(&sample);
        model(&sample);
        check_sample(level, &sample, i, &refused);
        policy_rules_free(&sample.rules);
    }
    print_message("# %u could not be held and were refused\n", refused);
    assert_true(refused < count);
}

static int run_all(const enum postern_level *levels, size_t level_count)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_kernel_grants_what_the_model_says)};
    place_make(&place, (const char *const[]){"policy_probe_linux", NULL});
    int failed = test_run_at_levels(levels, level_count, tests, sizeof(tests) / sizeof(tests[0]));
    place_remove(&place);
    return failed;
}

int main(void)
{
    return attempt_run_everywhere(run_all, &without_namespaces);
}
