/*
 * From the options of the public API to one policy, and what postern_policy_check() says of it: presets, precedence,
 * limits, ceilings, and what a caller can get wrong.
 */
#include "elevated/grants.h"
#include "elevated/options.h"
#include "shared/enforce.h"
#include "tests/support/test.h"

#include <ftw.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char workspace[64]; /* resolved; has a .git */
static char git[80], sub[80], ceiling_file[80];
static struct postern_sandbox_options options;
static struct strings searched; /* for the helpers, before `own.libexec` */
static struct resolve_own own;
static struct grants grants;
static struct postern_error error;

/* ---- set-up ---- */

static int set_up(void **state)
{
    (void)state;
    strcpy(workspace, "/tmp/postern-grants-XXXXXX");
    if (!mkdtemp(workspace) || chmod(workspace, 0755) != 0)
        return -1;
    snprintf(git, sizeof(git), "%s/.git", workspace);
    snprintf(sub, sizeof(sub), "%s/sub", workspace);
    snprintf(ceiling_file, sizeof(ceiling_file), "%s/ceiling", workspace);
    options = (struct postern_sandbox_options)POSTERN_SANDBOX_OPTIONS_INIT;
    options.workspace = workspace;
    own = (struct resolve_own){"/usr/lib", &searched};
    memset(&error, 0, sizeof(error));
    memset(&grants, 0, sizeof(grants));
    return mkdir(git, 0755) == 0 && mkdir(sub, 0755) == 0 ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status, (void)kind, (void)walk;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    grants_free(&grants);
    strings_free(&searched);
    return nftw(workspace, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void collects_at(enum postern_level level)
{
    grants_free(&grants);
    if (grants_collect(&options, level, &own, &grants, &error) != 0)
        fail_msg("%s", error.message);
}

static void collects(void)
{
    collects_at(POSTERN_LEVEL_RESTRICTED);
}

static void is_refused(int code, const char *word)
{
    grants_free(&grants);
    memset(&error, 0, sizeof(error));
    assert_int_equal(grants_collect(&options, POSTERN_LEVEL_RESTRICTED, &own, &grants, &error), code);
    if (!strstr(error.message, word))
        fail_msg("'%s' lacks '%s'", error.message, word);
}

static enum policy_access access_to(const char *path)
{
    return policy_access_of(&grants.policy.rules, path);
}

static const char *list[2]; /* of one path */
static const char *const *only(const char *path)
{
    list[0] = path;
    return list;
}

static void write_ceiling(const char *text)
{
    FILE *file = fopen(ceiling_file, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(ceiling_file, 0644), 0);
    options.ceiling = ceiling_file;
}

static bool was_cut(const char *item, const char *asked, const char *left)
{
    for (size_t i = 0; i < grants.cuts.count; i++) {
        const struct policy_cut *cut = &grants.cuts.item[i];
        if (strcmp(cut->item, item) == 0 && strcmp(cut->asked, asked) == 0 && strcmp(cut->left, left) == 0 &&
            strstr(cut->because, ceiling_file))
            return true;
    }
    return false;
}

/* ---- presets ---- */

static void the_default_writes_the_workspace(void **state)
{
    (void)state;
    collects();
    assert_string_equal(grants.workspace, workspace);
    assert_int_equal(access_to(sub), POLICY_WRITE);
    assert_int_equal(access_to(git), POLICY_READ);
    assert_int_equal(access_to("/usr"), POLICY_READ);
    assert_int_equal(grants.policy.network, POLICY_NETWORK_UNSAID);
    assert_int_equal(grants.policy.limits.processes, 4096);
    assert_false(grants.policy.named);
    options.preset = POSTERN_PRESET_WORKSPACE_WRITE;
    collects();
    assert_int_equal(access_to(sub), POLICY_WRITE);
    assert_true(grants.policy.named);
}

static void read_only_writes_nothing(void **state)
{
    (void)state;
    options.preset = POSTERN_PRESET_READ_ONLY;
    collects();
    assert_string_equal(grants.workspace, workspace);
    assert_int_equal(access_to(sub), POLICY_READ);
    assert_true(grants.policy.named);
    /* in sight, though /tmp is private, and with its owner's rights */
    collects_at(POSTERN_LEVEL_ELEVATED);
    assert_int_equal(grants.policy.rules.count, 1);
    assert_string_equal(grants.policy.rules.item[0].path, workspace);
    assert_true(grants.policy.rules.item[0].delegated);
    options.read_write = only(workspace); /* no limit within what is granted */
    options.workspace = sub;
    collects();
    assert_int_equal(access_to(sub), POLICY_WRITE);
    options.read_write = NULL;
    options.workspace = "/etc"; /* commands may start anywhere, but that hands nothing on */
    collects_at(POSTERN_LEVEL_ELEVATED);
    assert_int_equal(grants.policy.rules.count, 0);
    options.preset = POSTERN_PRESET_DEFAULT;
    is_refused(POSTERN_E_POLICY, "/etc cannot be the workspace");
}

static void a_policy_says_what_it_grants(void **state)
{
    char text[512];
    (void)state;
    options.policy = "{\"version\": \"0.8.0\"}";
    collects();
    assert_int_equal(access_to(sub), POLICY_READ);
    assert_int_equal(grants.policy.rules.count, 0);
    assert_true(grants.policy.named);
    snprintf(text, sizeof(text), "{\"version\": \"0.8.0\", \"filesystem\": {\"readwritePaths\": [\"%s\"]}}", sub);
    options.policy = text;
    collects();
    assert_int_equal(access_to(sub), POLICY_WRITE);
    assert_int_equal(access_to(workspace), POLICY_READ);
    options.preset = POSTERN_PRESET_WORKSPACE_WRITE; /* both */
    collects();
    assert_int_equal(access_to(workspace), POLICY_WRITE);
    assert_int_equal(access_to(git), POLICY_READ);
}

static void level_none_grants_nothing(void **state)
{
    (void)state;
    options.workspace = "/tmp"; /* nothing is handed to anybody */
    collects_at(POSTERN_LEVEL_NONE);
    assert_int_equal(grants.policy.rules.count, 0);
    assert_false(grants.policy.named);
    assert_int_equal(grants.policy.limits.processes, 0);
    assert_string_equal(grants.workspace, "/tmp");
    options.max_processes = 10; /* not forgotten, so that it is refused */
    collects_at(POSTERN_LEVEL_NONE);
    assert_int_equal(grants.policy.limits.processes, 10);
    options.max_processes = 0;
    options.preset = POSTERN_PRESET_WORKSPACE_WRITE;
    collects_at(POSTERN_LEVEL_NONE);
    assert_true(grants.policy.named);
}

/* ---- what is said besides ---- */

static void lists_go_before_presets(void **state)
{
    (void)state;
    options.read_only = only(workspace);
    collects();
    assert_int_equal(access_to(sub), POLICY_READ);
    assert_true(grants.policy.named);
    options.read_only = NULL;
    options.denied = only(sub);
    collects();
    assert_int_equal(access_to(sub), POLICY_DENIED);
    assert_int_equal(access_to(workspace), POLICY_WRITE);
    options.denied = only(workspace); /* and what would be protected in it is denied with it */
    collects();
    assert_int_equal(access_to(git), POLICY_DENIED);
    options.denied = NULL;
    options.read_write = only(git);
    collects();
    assert_int_equal(access_to(git), POLICY_WRITE);
    options.denied = options.read_only = options.read_write; /* the strictest of three */
    collects();
    assert_int_equal(access_to(git), POLICY_DENIED);
    list[0] = NULL; /* an empty list says nothing */
    collects();
    assert_false(grants.policy.named);
    assert_int_equal(access_to(git), POLICY_READ);
}

/* ---- links that an earlier sandbox may have left ---- */

static char link_path[96], link_path_2[96], elsewhere[64];

static void make_links(void)
{
    strcpy(elsewhere, "/tmp/postern-elsewhere-XXXXXX");
    assert_non_null(mkdtemp(elsewhere));
    snprintf(link_path, sizeof(link_path), "%s/link", sub);
    snprintf(link_path_2, sizeof(link_path_2), "%s/link", elsewhere);
    assert_int_equal(symlink(elsewhere, link_path), 0);
}

static void remove_links(void)
{
    (void)unlink(link_path_2);
    assert_int_equal(rmdir(elsewhere), 0);
}

static void links_that_commands_could_exchange(void **state)
{
    const char *both[] = {link_path, elsewhere, NULL};
    (void)state;
    make_links();
    options.read_write = only(link_path);
    is_refused(POSTERN_E_POLICY, link_path);
    assert_non_null(strstr(error.remedy, elsewhere));
    options.read_write = NULL;
    options.denied = only(link_path);
    is_refused(POSTERN_E_POLICY, "leads over the link");
    options.denied = NULL;
    options.read_only = only(link_path);
    is_refused(POSTERN_E_POLICY, "leads over the link");
    /* what it leads to is writable anyway */
    options.read_only = NULL;
    options.read_write = both;
    collects();
    assert_int_equal(access_to(elsewhere), POLICY_WRITE);
    /* nobody can exchange it */
    options.preset = POSTERN_PRESET_READ_ONLY;
    options.read_write = only(link_path);
    collects();
    assert_int_equal(access_to(elsewhere), POLICY_WRITE);
    remove_links();
}

/* From where commands cannot write to where they can, and on from there. */
static void links_over_links(void **state)
{
    char path[160];
    (void)state;
    make_links();
    assert_int_equal(unlink(link_path), 0);
    assert_int_equal(symlink("/usr", link_path), 0);
    assert_int_equal(symlink(sub, link_path_2), 0);
    snprintf(path, sizeof(path), "%s//./link/link/share", elsewhere);
    options.read_only = only(path);
    is_refused(POSTERN_E_POLICY, link_path);
    options.preset = POSTERN_PRESET_READ_ONLY;
    collects();
    assert_int_equal(access_to("/usr/share"), POLICY_READ);
    remove_links();
}

static void links_in_ceilings(void **state)
{
    char text[512];
    (void)state;
    make_links();
    snprintf(text, sizeof(text), "{\"filesystem\": {\"readwritePaths\": [\"%s\"], \"deniedPaths\": [\"%s\"]}}",
             workspace, link_path);
    write_ceiling(text);
    is_refused(POSTERN_E_POLICY, link_path);
    snprintf(text, sizeof(text), "{\"filesystem\": {\"deniedPaths\": [\"%s\"]}}", link_path);
    write_ceiling(text);
    collects();
    assert_int_equal(access_to(elsewhere), POLICY_DENIED);
    remove_links();
}

/* ---- what postern is started from ---- */

static const struct policy_rule *rule_of(const char *path)
{
    const struct policy_rule *rule = policy_deciding_rule(&grants.policy.rules, path);
    return rule && strcmp(rule->path, path) == 0 ? rule : NULL;
}

static void helpers_in_the_workspace_stay(void **state)
{
    (void)state;
    own.libexec = sub;
    collects();
    assert_int_equal(rule_of(sub)->source, POLICY_PROTECTED);
    assert_int_equal(rule_of(sub)->access, POLICY_READ);
    collects_at(POSTERN_LEVEL_ELEVATED);
    assert_int_equal(access_to(sub), POLICY_READ);
    /* said in another way */
    char around[160];
    snprintf(around, sizeof(around), "%s/../sub/.", git);
    own.libexec = around;
    collects();
    assert_int_equal(access_to(sub), POLICY_READ);
    /* unlike other protections, not lifted by name */
    options.read_write = only(sub);
    is_refused(POSTERN_E_POLICY, sub);
    options.read_write = NULL;
    options.workspace = sub;
    is_refused(POSTERN_E_POLICY, "takes its helpers from there");
    options.preset = POSTERN_PRESET_READ_ONLY;
    collects();
}

static void single_helpers_stay(void **state)
{
    char helper[96];
    (void)state;
    snprintf(helper, sizeof(helper), "%s/postern-runner", sub);
    FILE *file = fopen(helper, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
    own.libexec = sub;
    options.read_write = only(helper);
    is_refused(POSTERN_E_POLICY, helper);
}

/* Nobody can be kept from making what would be found before the helpers there are. */
static void helpers_cannot_be_put_before_others(void **state)
{
    char missing[128];
    (void)state;
    assert_true(strings_add(&searched, sub));
    collects();
    assert_int_equal(rule_of(sub)->source, POLICY_PROTECTED);
    snprintf(missing, sizeof(missing), "%s/../libexec/postern", sub);
    assert_true(strings_add(&searched, missing));
    snprintf(missing, sizeof(missing), "%s/libexec/postern", workspace);
    is_refused(POSTERN_E_POLICY, missing);
    options.preset = POSTERN_PRESET_READ_ONLY;
    collects();
}

static void the_way_to_the_helpers_stays(void **state)
{
    char path[112];
    (void)state;
    snprintf(path, sizeof(path), "%s/lib", sub);
    assert_int_equal(symlink("/usr/lib", path), 0);
    own.libexec = path;
    is_refused(POSTERN_E_POLICY, path);
    options.preset = POSTERN_PRESET_READ_ONLY;
    collects();
}

static void the_running_program_stays(void **state)
{
    char program[4096], directory[4096];
    (void)state;
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
    assert_true(length > 0);
    program[length] = 0;
    memcpy(directory, program, sizeof(directory));
    *strrchr(directory, '/') = 0;
    options.workspace = directory;
    collects();
    assert_int_equal(rule_of(program)->source, POLICY_PROTECTED);
    assert_int_equal(access_to(directory), POLICY_WRITE);
    options.read_write = only(program);
    collects();
    assert_int_equal(access_to(program), POLICY_WRITE);
}

static void bad_lists_are_refused(void **state)
{
    (void)state;
    options.read_write = only("relative");
    is_refused(POSTERN_E_POLICY, "relative");
    options.read_write = only("");
    is_refused(POSTERN_E_POLICY, "blank");
    options.read_write = only("/a/../b");
    is_refused(POSTERN_E_POLICY, "/a/../b");
    options.read_write = only("/no-such-directory-of-that-name");
    is_refused(POSTERN_E_POLICY, "/no-such-directory-of-that-name");
    options.read_write = only("/usr/lib");
    is_refused(POSTERN_E_POLICY, "/usr/lib cannot be writable");
    options.read_write = NULL;
    options.denied = only("/no-such-directory-of-that-name");
    collects();
    options.denied = only("/\xff");
    is_refused(POSTERN_E_POLICY, "UTF-8");
}

static void network(void **state)
{
    static const char allow[] = "{\"version\": \"0.6.0\", \"network\": {\"defaultPolicy\": \"allow\", "
                                "\"allowLocalNetwork\": true}}";
    static const char block[] = "{\"version\": \"0.6.0\", \"network\": {\"defaultPolicy\": \"block\"}}";
    static const struct {
        const char *policy;
        bool on, off;
        enum policy_network expected;
    } cases[] = {{NULL, false, false, POLICY_NETWORK_UNSAID}, {NULL, true, false, POLICY_NETWORK_ALLOW},
                 {NULL, false, true, POLICY_NETWORK_BLOCK},   {allow, false, false, POLICY_NETWORK_ALLOW},
                 {allow, false, true, POLICY_NETWORK_BLOCK},  {block, false, false, POLICY_NETWORK_BLOCK},
                 {block, true, false, POLICY_NETWORK_ALLOW}};
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        options.policy = cases[i].policy;
        options.network = cases[i].on;
        options.no_network = cases[i].off;
        collects();
        if (grants.policy.network != cases[i].expected)
            fail_msg("case %zu gives %d", i, (int)grants.policy.network);
    }
    options.network = options.no_network = true;
    is_refused(POSTERN_E_INVALID, "no_network");
}

static void limits(void **state)
{
    (void)state;
    options.max_memory = 1000000;
    options.max_processes = 10;
    options.max_cpu_time = 2000;
    options.max_file_size = 5000;
    collects();
    assert_int_equal(grants.policy.limits.memory, 1000000);
    assert_int_equal(grants.policy.limits.processes, 10);
    assert_int_equal(grants.policy.limits.cpu_ms, 2000);
    assert_int_equal(grants.policy.limits.file_size, 5000);
    assert_false(grants.policy.named); /* level none can hold them */
}

/* The system would count what the caller himself runs. */
static void no_number_of_processes_is_held_at_level_none(void **state)
{
    const struct enforce_host host = {.level = POSTERN_LEVEL_NONE};
    struct enforce_steps steps = {0};
    (void)state;
    options.max_processes = 10;
    collects_at(POSTERN_LEVEL_NONE);
    assert_int_equal(enforce_plan(&grants.policy, &host, &steps, &error), POSTERN_E_POLICY);
    assert_non_null(strstr(error.message, "limits.processes"));
    options.max_processes = 0;
    collects_at(POSTERN_LEVEL_NONE);
    assert_int_equal(enforce_plan(&grants.policy, &host, &steps, &error), 0);
    assert_int_equal(steps.count, 0);
}

static void the_working_directory(void **state)
{
    char text[512];
    (void)state;
    snprintf(text, sizeof(text), "{\"version\": \"0.8.0\", \"process\": {\"commandLine\": \"x\", \"cwd\": \"%s\"}}",
             sub);
    options.policy = text;
    collects();
    assert_string_equal(grants.workspace, workspace);
    options.workspace = NULL;
    collects();
    assert_string_equal(grants.workspace, sub);
    assert_int_equal(access_to(sub), POLICY_READ); /* to start there is not to write there */
    options.policy = NULL;
    collects();
    assert_null(grants.workspace);
    options.workspace = "/no-such-directory-of-that-name";
    is_refused(POSTERN_E_CWD, "/no-such-directory-of-that-name");
}

static void bad_values_are_refused(void **state)
{
    (void)state;
    options.preset = (enum postern_preset)17;
    is_refused(POSTERN_E_INVALID, "17");
    options.preset = POSTERN_PRESET_DEFAULT;
    options.policy = "{\"version\": \"0.8.0\", \"surprise\": 1}";
    options.policy_name = "my.json";
    is_refused(POSTERN_E_POLICY, "surprise");
    assert_non_null(strstr(error.message, "my.json"));
    options.policy_name = "\xff";
    is_refused(POSTERN_E_INVALID, "policy_name");
}

/* ---- ceilings ---- */

static void ceilings_narrow(void **state)
{
    (void)state;
    char text[512];
    snprintf(text, sizeof(text),
             "{\"version\": \"0.8.0\", \"filesystem\": {\"readwritePaths\": [\"%s\"], \"deniedPaths\": [\"/srv\"]}}",
             sub);
    write_ceiling(text);
    options.network = true;
    collects();
    assert_int_equal(access_to(workspace), POLICY_READ);
    assert_int_equal(access_to(sub), POLICY_WRITE);
    assert_int_equal(access_to(git), POLICY_READ);
    assert_int_equal(access_to("/srv/x"), POLICY_DENIED);
    assert_int_equal(grants.policy.network, POLICY_NETWORK_BLOCK);
    assert_true(grants.policy.named);
    assert_true(was_cut(workspace, "write", "read"));
    assert_true(was_cut("network", "allow", "block"));
    /* it gives nothing that was not asked for */
    options.preset = POSTERN_PRESET_READ_ONLY;
    collects();
    assert_int_equal(access_to(sub), POLICY_READ);
}

static void ceilings_must_be_there(void **state)
{
    (void)state;
    options.ceiling = "/no-such-file-of-that-name";
    is_refused(POSTERN_E_POLICY, "/no-such-file-of-that-name");
    write_ceiling("{\"version\": \"0.8.0\"");
    is_refused(POSTERN_E_POLICY, ceiling_file);
    write_ceiling("{\"version\": \"0.8.0\"}");
    assert_int_equal(chmod(ceiling_file, 0666), 0);
    is_refused(POSTERN_E_POLICY, "other users");
}

/* ---- versions of the structure ---- */

static void older_callers_know_less(void **state)
{
    const size_t first = offsetof(struct postern_sandbox_options, preset);
    struct postern_sandbox_options all;
    (void)state;
    options.preset = POSTERN_PRESET_READ_ONLY;
    options.max_memory = 7;
    options.ceiling = "/x";
    assert_int_equal(options_complete(&options, &all, &error), 0);
    assert_int_equal(all.preset, POSTERN_PRESET_READ_ONLY);
    options.size = first;
    assert_int_equal(options_complete(&options, &all, &error), 0);
    assert_int_equal(all.size, sizeof(all));
    assert_string_equal(all.workspace, workspace);
    assert_int_equal(all.preset, POSTERN_PRESET_DEFAULT);
    assert_true(all.max_memory == 0 && !all.ceiling);
    options.size = offsetof(struct postern_sandbox_options, ceiling);
    assert_int_equal(options_complete(&options, &all, &error), 0);
    assert_true(all.max_memory == 7 && !all.ceiling);
    const size_t bad[] = {0, 8, first - sizeof(void *), first + 1, sizeof(all) - 1, sizeof(all) + sizeof(void *)};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        options.size = bad[i];
        assert_int_equal(options_complete(&options, &all, &error), POSTERN_E_INVALID);
    }
    assert_int_equal(options_complete(NULL, &all, &error), 0);
    assert_true(!all.workspace && all.level == POSTERN_LEVEL_STRONGEST);
}

/* ---- what postern_policy_check() says ---- */

static json_t *check(void)
{
    char *text = NULL;
    if (postern_policy_check(&options, &text, &error) != 0)
        fail_msg("%s", error.message);
    json_t *report = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    postern_free(text);
    assert_non_null(report);
    return report;
}

static const char *text_of(json_t *report, const char *key)
{
    const char *text = json_string_value(json_object_get(report, key));
    assert_non_null(text);
    return text;
}

/* The object in the array `key` whose members have these values. */
static json_t *find(json_t *report, const char *array, const char *key, const char *value, const char *other,
                    const char *other_value)
{
    json_t *item, *items = json_object_get(report, array);
    size_t i;
    assert_true(json_is_array(items));
    json_array_foreach(items, i, item)
    {
        if (strcmp(text_of(item, key), value) == 0 &&
            (!other || (json_object_get(item, other) && strcmp(text_of(item, other), other_value) == 0)))
            return item;
    }
    return NULL;
}

static bool lists(json_t *report, const char *array, const char *text)
{
    json_t *item;
    size_t i;
    json_array_foreach(json_object_get(report, array), i, item)
    {
        if (strcmp(json_string_value(item), text) == 0)
            return true;
    }
    return false;
}

static bool is_available(enum postern_level level)
{
    return postern_level_check(level, NULL) == 0;
}

static void the_report_says_what_is_granted(void **state)
{
    char absent[100];
    (void)state;
    if (!is_available(POSTERN_LEVEL_STRONGEST))
        SKIP_BECAUSE("neither level elevated nor restricted is available");
    options.denied = only("/srv");
    json_t *report = check();
    if (json_is_object(json_object_get(report, "refused"))) {
        json_decref(report); /* by a host without mounts of the sandbox's own */
        SKIP_BECAUSE("this host cannot deny paths");
    }
    assert_string_equal(text_of(report, "network"), "block");
    assert_string_equal(text_of(report, "base"), "read");
    json_t *grant = find(report, "grants", "path", workspace, "access", "write");
    assert_non_null(grant);
    assert_string_equal(text_of(grant, "source"), "preset");
    assert_null(json_object_get(grant, "said"));
    grant = find(report, "grants", "path", git, "access", "read");
    assert_string_equal(text_of(grant, "source"), "protected");
    assert_non_null(find(report, "grants", "path", "/srv", "access", "denied"));
    snprintf(absent, sizeof(absent), "%s/.vscode", workspace);
    assert_true(lists(report, "unprotected", absent));
    assert_false(lists(report, "unprotected", git));
    assert_int_equal(json_integer_value(json_object_get(json_object_get(report, "limits"), "processes")), 4096);
    assert_null(json_object_get(json_object_get(report, "limits"), "memory"));
    assert_true(find(report, "enforced", "mechanism", "mount", "path", workspace) ||
                find(report, "enforced", "mechanism", "id-mapped-mount", "path", workspace));
    assert_true(lists(report, "private", "/tmp"));
    assert_non_null(find(report, "enforced", "capability", "syscalls", "mechanism", "seccomp"));
    assert_true(json_is_null(json_object_get(report, "refused")));
    assert_true(json_array_size(json_object_get(report, "cuts")) == 0);
    json_decref(report);
}

static void the_report_says_what_was_meant(void **state)
{
    char link[100];
    (void)state;
    if (!is_available(POSTERN_LEVEL_STRONGEST))
        SKIP_BECAUSE("neither level elevated nor restricted is available");
    snprintf(link, sizeof(link), "%s/link\"quoted", workspace);
    assert_int_equal(symlink("sub", link), 0);
    options.preset = POSTERN_PRESET_READ_ONLY;
    options.read_write = only(link);
    write_ceiling("{\"version\": \"0.8.0\"}");
    json_t *report = check();
    json_t *grant = find(report, "grants", "path", sub, "access", "read");
    assert_non_null(grant);
    assert_string_equal(text_of(grant, "said"), link);
    json_t *cut = find(report, "cuts", "item", link, "asked", "write");
    assert_non_null(cut);
    assert_string_equal(text_of(cut, "left"), "read");
    assert_non_null(strstr(text_of(cut, "because"), ceiling_file));
    json_decref(report);
}

static void refusals_are_in_the_report(void **state)
{
    (void)state;
    if (!is_available(POSTERN_LEVEL_STRONGEST))
        SKIP_BECAUSE("neither level elevated nor restricted is available");
    options.workspace = "/tmp";
    json_t *report = check(), *refused = json_object_get(report, "refused");
    assert_string_equal(text_of(refused, "code"), "policy_validation");
    assert_string_equal(text_of(refused, "stage"), "workspace");
    assert_non_null(strstr(text_of(refused, "message"), "/tmp cannot be the workspace"));
    assert_true(text_of(refused, "remedy")[0] != 0);
    assert_true(json_array_size(json_object_get(report, "grants")) == 0);
    assert_true(json_array_size(json_object_get(report, "enforced")) == 0);
    json_decref(report);
    options.workspace = workspace;
    options.policy =
        "{\"version\": \"0.7.0\", \"network\": {\"defaultPolicy\": \"block\", \"allowedHosts\": [\"x.y\"]}}";
    report = check(); /* the plan's refusal */
    assert_string_equal(text_of(json_object_get(report, "refused"), "code"), "policy_validation");
    json_decref(report);
}

static void what_is_no_refusal_is_an_error(void **state)
{
    char *text = NULL;
    (void)state;
    options.workspace = "/no-such-directory-of-that-name";
    assert_int_equal(postern_policy_check(&options, &text, &error), POSTERN_E_CWD);
    options.workspace = NULL;
    options.size = 3;
    assert_int_equal(postern_policy_check(&options, &text, &error), POSTERN_E_INVALID);
    options.size = sizeof(options);
    options.level = (enum postern_level)9;
    assert_int_equal(postern_policy_check(&options, &text, &error), POSTERN_E_INVALID);
    assert_null(text);
    postern_free(NULL);
}

static void level_none_is_told_as_it_is(void **state)
{
    (void)state;
    options.level = POSTERN_LEVEL_NONE;
    json_t *report = check();
    assert_string_equal(text_of(report, "level"), "none");
    assert_string_equal(text_of(report, "network"), "allow");
    assert_string_equal(text_of(report, "base"), "write");
    assert_true(json_is_null(json_object_get(report, "refused")));
    assert_int_equal(json_object_size(json_object_get(report, "limits")), 0);
    json_decref(report);
    write_ceiling("{\"version\": \"0.8.0\"}");
    report = check();
    assert_string_equal(text_of(json_object_get(report, "refused"), "code"), "policy_validation");
    assert_string_equal(text_of(report, "network"), "block");
    assert_string_equal(text_of(report, "base"), "read");
    json_decref(report);
}

static void levels_that_cannot_be_had(void **state)
{
    (void)state;
    if (is_available(POSTERN_LEVEL_ELEVATED))
        SKIP_BECAUSE("level elevated is available");
    options.level = POSTERN_LEVEL_ELEVATED;
    json_t *report = check();
    assert_string_equal(text_of(report, "level"), "elevated");
    assert_string_equal(text_of(json_object_get(report, "refused"), "code"), "level_unavailable");
    json_decref(report);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(the_default_writes_the_workspace),
        TEST(read_only_writes_nothing),
        TEST(a_policy_says_what_it_grants),
        TEST(level_none_grants_nothing),
        TEST(lists_go_before_presets),
        TEST(links_that_commands_could_exchange),
        TEST(links_over_links),
        TEST(links_in_ceilings),
        TEST(helpers_in_the_workspace_stay),
        TEST(single_helpers_stay),
        TEST(helpers_cannot_be_put_before_others),
        TEST(the_way_to_the_helpers_stays),
        TEST(the_running_program_stays),
        TEST(bad_lists_are_refused),
        TEST(network),
        TEST(limits),
        TEST(no_number_of_processes_is_held_at_level_none),
        TEST(the_working_directory),
        TEST(bad_values_are_refused),
        TEST(ceilings_narrow),
        TEST(ceilings_must_be_there),
        TEST(older_callers_know_less),
        TEST(the_report_says_what_is_granted),
        TEST(the_report_says_what_was_meant),
        TEST(refusals_are_in_the_report),
        TEST(what_is_no_refusal_is_an_error),
        TEST(level_none_is_told_as_it_is),
        TEST(levels_that_cannot_be_had),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
