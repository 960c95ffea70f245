/*
 * shared/enforce_windows.c: plans for Windows by example, what is refused there, and that the entries of random plans
 * come to what the policy says. Runs everywhere: planning asks the system nothing.
 */
#include "tests/support/policies.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/buffer.h"
#include "shared/enforce.h"
#include "shared/text.h"

struct setting {
    struct policy policy;
    struct enforce_host host;
    struct enforce_steps steps;
    struct postern_error error;
    struct buffer text; /* of the plan: a line "id path =number" for each step */
};

static void begin(struct setting *setting, enum postern_level level)
{
    memset(setting, 0, sizeof(*setting));
    policy_init(&setting->policy, PATH_WINDOWS);
    buffer_init(&setting->text, 1024 * 1024);
    setting->host = (struct enforce_host){.level = level,
                                          .restricted_token = level != POSTERN_LEVEL_NONE,
                                          .account_online = level == POSTERN_LEVEL_ELEVATED,
                                          .account_offline = level == POSTERN_LEVEL_ELEVATED};
    if (level == POSTERN_LEVEL_RESTRICTED)
        setting->policy.network = POLICY_NETWORK_ALLOW;
}

static void end(struct setting *setting)
{
    policy_free(&setting->policy);
    enforce_steps_free(&setting->steps);
    buffer_free(&setting->text);
}

static struct policy_rule *add(struct setting *setting, const char *path, enum policy_access access)
{
    struct policy_rules *rules = &setting->policy.rules;
    assert_int_equal(policy_add_rule(rules, path, access, POLICY_FROM_OPTION, NULL), POSTERN_OK);
    return &rules->item[rules->count - 1];
}

static int plan(struct setting *setting)
{
    setting->error = (struct postern_error){0};
    enforce_steps_free(&setting->steps);
    policy_settle(&setting->policy.rules);
    return enforce_plan(&setting->policy, &setting->host, &setting->steps, &setting->error);
}

static void assert_plan(struct setting *setting, const char *wanted)
{
    if (plan(setting) != POSTERN_OK)
        fail_msg("%s", setting->error.message);
    buffer_free(&setting->text);
    for (size_t i = 0; i < setting->steps.count; i++) {
        const struct enforce_step *step = &setting->steps.item[i];
        assert_true(buffer_printf(&setting->text, "%s", enforce_info(step->mechanism)->id));
        if (step->path)
            assert_true(buffer_printf(&setting->text, " %s", step->path));
        if (step->number)
            assert_true(buffer_printf(&setting->text, " =%llu", (unsigned long long)step->number));
        assert_true(buffer_append(&setting->text, "\n", 1));
    }
    assert_true(buffer_append(&setting->text, "", 1));
    assert_string_equal((char *)buffer_data(&setting->text), wanted);
}

static void assert_refused(struct setting *setting, int code, const char *capability, const char *item)
{
    assert_int_equal(plan(setting), code);
    assert_int_equal(setting->error.code, code);
    assert_string_equal(setting->error.stage, "policy");
    assert_memory_equal(setting->error.message, capability, strlen(capability));
    assert_non_null(strstr(setting->error.message, item));
    assert_true(setting->error.remedy[0] != 0);
    assert_int_equal(setting->steps.count, 0);
}

/* ---- level none ---- */

static void a_job_and_its_limits_at_level_none(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_NONE);
    assert_plan(&setting, "lifetime:job\n");
    setting.policy.limits = (struct policy_limits){.memory = 1 << 20, .processes = 5};
    assert_plan(&setting, "lifetime:job\nlimits.memory:job =1048576\nlimits.processes:job =5\n");
    end(&setting);
}

static void what_no_job_limits_is_refused(void **state)
{
    static const enum postern_level levels[] = {POSTERN_LEVEL_NONE, POSTERN_LEVEL_RESTRICTED};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct setting setting;
        begin(&setting, levels[i]);
        setting.policy.limits.cpu_ms = 1;
        assert_refused(&setting, POSTERN_E_POLICY, "limits.cpu: ", "processor time");
        setting.policy.limits = (struct policy_limits){.file_size = 1};
        assert_refused(&setting, POSTERN_E_POLICY, "limits.file_size: ", "size of files");
        end(&setting);
    }
}

static void level_none_keeps_nothing_from_commands(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_NONE);
    setting.policy.network = POLICY_NETWORK_BLOCK;
    assert_refused(&setting, POSTERN_E_POLICY, "net.block: ", "level none");
    setting.policy.network = POLICY_NETWORK_UNSAID;
    add(&setting, "C:\\w", POLICY_WRITE);
    assert_refused(&setting, POSTERN_E_POLICY, "fs.write: ", "C:\\w");
    end(&setting);
}

/* ---- level restricted ---- */

#define HELD "desktop:private-desktop\nmitigations:process-mitigations\nfs.private:directory\n"
#define TOKEN "lifetime:job\nprivileges:restricted-token\nfs.write:restricted-token\n" HELD

static void a_workspace_at_restricted(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    setting.policy.limits = (struct policy_limits){.memory = 7, .processes = 4096};
    add(&setting, "C:\\w", POLICY_WRITE)->source = POLICY_FROM_PRESET;
    add(&setting, "C:\\w\\.git", POLICY_READ)->source = POLICY_PROTECTED;
    add(&setting, "C:\\w\\.git\\x", POLICY_WRITE);
    add(&setting, "C:\\w\\y", POLICY_WRITE); /* is so already */
    add(&setting, "D:\\r", POLICY_READ);     /* as all is */
    assert_plan(&setting, TOKEN "fs.write:access-entry C:\\w\n"
                                "fs.write:no-access-entry C:\\w\\.git\n"
                                "fs.write:access-entry C:\\w\\.git\\x\n"
                                "limits.memory:job =7\n"
                                "limits.processes:job =4096\n");
    end(&setting);
}

/* Nothing weakens silently: what is blocked elsewhere when nobody says a word must not be open here then. */
static void the_network_has_to_be_allowed_by_name(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    setting.policy.network = POLICY_NETWORK_UNSAID;
    assert_refused(&setting, POSTERN_E_POLICY, "net.block: ", "level restricted");
    assert_non_null(strstr(setting.error.remedy, "--net on"));
    setting.policy.network = POLICY_NETWORK_BLOCK;
    assert_refused(&setting, POSTERN_E_POLICY, "net.block: ", "level restricted");
    setting.policy.network = POLICY_NETWORK_ALLOW;
    assert_plan(&setting, TOKEN);
    end(&setting);
}

static void reading_cannot_be_denied(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    add(&setting, "C:\\keys", POLICY_DENIED);
    assert_refused(&setting, POSTERN_E_POLICY, "fs.deny: ", "C:\\keys");
    end(&setting);
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    setting.policy.rules.base = POLICY_DENIED;
    assert_refused(&setting, POSTERN_E_POLICY, "fs.read: ", "no rule");
    end(&setting);
}

static void what_is_missing(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    add(&setting, "C:\\none", POLICY_DENIED)->missing = true; /* nothing to read, and nobody can make it */
    add(&setting, "C:\\gone", POLICY_WRITE)->missing = true;  /* of a ceiling */
    assert_plan(&setting, TOKEN);
    add(&setting, "C:\\w", POLICY_WRITE);
    assert_plan(&setting, TOKEN "fs.write:access-entry C:\\w\n");
    add(&setting, "C:\\w\\none", POLICY_DENIED)->missing = true;
    assert_refused(&setting, POSTERN_E_POLICY, "fs.deny: ", "C:\\w\\none");
    end(&setting);
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    add(&setting, "C:\\w", POLICY_WRITE);
    add(&setting, "C:\\w\\keep", POLICY_READ)->missing = true;
    assert_refused(&setting, POSTERN_E_POLICY, "fs.write: ", "C:\\w\\keep");
    end(&setting);
}

static void user_interface_containment_and_demands(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    setting.policy.ui = (struct policy_ui){.said = true, .disable = true};
    assert_plan(&setting, "lifetime:job\nprivileges:restricted-token\nfs.write:restricted-token\n"
                          "desktop:private-desktop\nui:window-station\nmitigations:process-mitigations\n"
                          "fs.private:directory\n");
    setting.policy.ui.clipboard = POLICY_CLIPBOARD_READ;
    assert_refused(&setting, POSTERN_E_POLICY, "ui: ", "desktop");
    setting.policy.ui = (struct policy_ui){.said = true};
    assert_refused(&setting, POSTERN_E_POLICY, "ui: ", "desktop");
    setting.policy.ui.said = false;
    setting.policy.containment = POLICY_CONTAINMENT_PROCESSCONTAINER;
    assert_refused(&setting, POSTERN_E_POLICY, "containment: ", "not to be had");
    setting.policy.containment = POLICY_CONTAINMENT_PROCESS;
    setting.policy.demand[0].capability = "net.hosts";
    setting.policy.demand[0].where = text_duplicate("network.allowedHosts");
    setting.policy.demand_count = 1;
    assert_refused(&setting, POSTERN_E_POLICY, "net.hosts: ", "network.allowedHosts");
    end(&setting);
}

/* ---- level elevated, and app containers ---- */

#define ACCOUNT "lifetime:job\nuser:account\n"
#define ITS_TOKEN "privileges:restricted-token\nfs.write:restricted-token\n" HELD
#define CONTAINER "lifetime:job\nprivileges:appcontainer\nfs.write:appcontainer\n"

static void add_a_workspace(struct setting *setting)
{
    add(setting, "C:\\w", POLICY_WRITE)->source = POLICY_FROM_PRESET;
    add(setting, "C:\\w\\.git", POLICY_READ)->source = POLICY_PROTECTED;
    add(setting, "C:\\w\\.git\\x", POLICY_WRITE);
    add(setting, "C:\\w\\.git\\r", POLICY_READ); /* as what it is in */
    add(setting, "C:\\w\\keys", POLICY_DENIED);
    add(setting, "C:\\gone", POLICY_DENIED)->missing = true;
    add(setting, "D:\\r", POLICY_READ); /* may be the caller's alone */
}

#define WORKSPACE                                                                                                      \
    "fs.write:access-entry C:\\w\n"                                                                                    \
    "fs.read:access-entry C:\\w\\.git\n"                                                                               \
    "fs.write:access-entry C:\\w\\.git\\x\n"                                                                           \
    "fs.deny:deny-entry C:\\w\\keys\n"                                                                                 \
    "fs.read:access-entry D:\\r\n"

static void a_workspace_of_an_account(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_ELEVATED);
    add_a_workspace(&setting);
    assert_plan(&setting, ACCOUNT "net.block:offline-account\n" ITS_TOKEN WORKSPACE);
    setting.policy.network = POLICY_NETWORK_ALLOW;
    assert_plan(&setting, ACCOUNT ITS_TOKEN WORKSPACE);
    setting.policy.rules.base = POLICY_DENIED; /* nobody can take what Windows lets every user read */
    assert_refused(&setting, POSTERN_E_POLICY, "fs.read: ", "no rule");
    setting.policy.rules.base = POLICY_READ;
    add(&setting, "C:\\w\\none", POLICY_DENIED)->missing = true;
    assert_refused(&setting, POSTERN_E_POLICY, "fs.deny: ", "C:\\w\\none");
    end(&setting);
}

static void begin_container(struct setting *setting)
{
    begin(setting, POSTERN_LEVEL_RESTRICTED);
    setting->policy.containment = POLICY_CONTAINMENT_PROCESSCONTAINER;
    setting->policy.network = POLICY_NETWORK_UNSAID;
    setting->host.appcontainer = true;
    setting->host.restricted_token = false; /* it takes none */
}

/* Nothing in it is for less than what it is in: Windows only grants. */
#define GRANTS                                                                                                         \
    "fs.read:access-entry C:\\r\n"                                                                                     \
    "fs.write:access-entry C:\\r\\w\n"                                                                                 \
    "fs.write:access-entry D:\\w\n"

static void a_workspace_of_an_app_container(void **state)
{
    struct setting setting;
    (void)state;
    begin_container(&setting);
    add(&setting, "C:\\r", POLICY_READ);
    add(&setting, "C:\\r\\w", POLICY_WRITE);
    add(&setting, "D:\\w", POLICY_WRITE);
    add(&setting, "D:\\w\\too", POLICY_WRITE);
    add(&setting, "D:\\gone", POLICY_DENIED)->missing = true;
    assert_plan(&setting, CONTAINER "net.block:appcontainer\n" HELD GRANTS);
    setting.policy.rules.base = POLICY_DENIED;
    add(&setting, "E:\\d", POLICY_DENIED); /* as all that is not named */
    assert_plan(&setting, CONTAINER "net.block:appcontainer\n" HELD GRANTS);
    setting.policy.network = POLICY_NETWORK_ALLOW;
    assert_plan(&setting, CONTAINER HELD GRANTS);
    setting.host.level = POSTERN_LEVEL_ELEVATED;
    assert_refused(&setting, POSTERN_E_POLICY, "containment: ", "level restricted");
    end(&setting);
}

static void an_app_container_is_only_granted(void **state)
{
    static const struct {
        const char *path;
        enum policy_access access;
        const char *message, *remedy;
    } cases[] = {
        {"C:\\w\\.git", POLICY_READ, "fs.write: C:\\w\\.git cannot be kept read-only inside", "--rw PATH"},
        {"C:\\w\\keys", POLICY_DENIED, "fs.deny: C:\\w\\keys cannot be denied inside", "name what is in it"},
        {"C:\\r\\keys", POLICY_DENIED, "fs.deny: C:\\r\\keys cannot be denied inside", "name what is in it"},
        {"D:\\keys", POLICY_DENIED, "fs.deny: D:\\keys cannot be denied to an app container", "take it out"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct setting setting;
        begin_container(&setting);
        add(&setting, "C:\\w", POLICY_WRITE);
        add(&setting, "C:\\r", POLICY_READ);
        add(&setting, cases[i].path, cases[i].access);
        assert_refused(&setting, POSTERN_E_POLICY, cases[i].message, cases[i].path);
        assert_non_null(strstr(setting.error.remedy, cases[i].remedy));
        end(&setting);
    }
}

static void hosts_that_lack_too_much(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    setting.host.restricted_token = false;
    assert_refused(&setting, POSTERN_E_LEVEL, "the system", "restricted token");
    end(&setting);
    begin(&setting, POSTERN_LEVEL_ELEVATED);
    setting.host.account_online = false;
    assert_plan(&setting, ACCOUNT "net.block:offline-account\n" ITS_TOKEN); /* the one that it takes is there */
    setting.host.account_offline = false;
    assert_refused(&setting, POSTERN_E_LEVEL, "no sandbox account", "of this host");
    assert_non_null(strstr(setting.error.remedy, "postern setup"));
    end(&setting);
    begin(&setting, POSTERN_LEVEL_ELEVATED);
    setting.host.account_offline = false;
    setting.policy.network = POLICY_NETWORK_ALLOW;
    assert_plan(&setting, ACCOUNT ITS_TOKEN);
    setting.host.restricted_token = false;
    assert_refused(&setting, POSTERN_E_LEVEL, "the system", "restricted token");
    end(&setting);
}

static void too_many_entries(void **state)
{
    struct setting setting;
    char path[32];
    (void)state;
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    for (int i = 0; i <= ENFORCE_MOUNTS_MAX; i++) {
        snprintf(path, sizeof(path), "C:\\d%d", i);
        add(&setting, path, POLICY_WRITE);
    }
    assert_refused(&setting, POSTERN_E_LIMIT, "the policy takes entries at 1025 paths", "1024");
    end(&setting);
}

/* ---- random plans ---- */

/* The nearest step at or above a path decides, and where there is none it is as everything is. */
static enum policy_access access_by_plan(const struct enforce_steps *steps, const char *path)
{
    enum policy_access access = POLICY_READ;
    for (size_t i = 0; i < steps->count; i++) {
        const struct enforce_step *step = &steps->item[i]; /* what is above comes first */
        if (step->path && path_is_beneath(PATH_WINDOWS, path, step->path))
            access = step->mechanism == ENFORCE_ENTRY        ? POLICY_WRITE
                     : step->mechanism == ENFORCE_DENY_ENTRY ? POLICY_DENIED
                                                             : POLICY_READ;
    }
    return access;
}

static bool any_denied(const struct policy_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++)
        if (rules->item[i].access == POLICY_DENIED)
            return true;
    return false;
}

/* Than what it is in; settled rules. */
static bool any_less(const struct policy_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        size_t above = rules->item[i].above;
        if (above > 0 && rules->item[i].access < rules->item[above - 1].access)
            return true;
    }
    return false;
}

static void random_plan(const struct policies_tree *tree, uint64_t *random, enum postern_level level, bool container,
                        unsigned count_of[2])
{
    struct setting setting;
    struct policies_rule said[8];
    begin(&setting, level);
    if (container) {
        setting.policy.containment = POLICY_CONTAINMENT_PROCESSCONTAINER;
        setting.host.appcontainer = true;
    }
    size_t count = policies_random_rules(random, tree, 5, said, &setting.policy.rules);
    bool can_deny = level == POSTERN_LEVEL_ELEVATED;
    int result = plan(&setting);
    bool refused = (!can_deny && any_denied(&setting.policy.rules)) || (container && any_less(&setting.policy.rules));
    assert_int_equal(result, refused ? POSTERN_E_POLICY : POSTERN_OK);
    count_of[result == POSTERN_OK]++;
    for (size_t i = 0; result == POSTERN_OK && i < POLICIES_TREE_SIZE; i++)
        assert_int_equal(access_by_plan(&setting.steps, tree->item[i]), policies_access(said, count, POLICY_READ, i));
    end(&setting);
}

static void random_plans(void **state)
{
    static struct policies_tree tree;
    uint64_t random = 20;
    unsigned by_token[2] = {0}, by_account[2] = {0}, by_container[2] = {0};
    (void)state;
    policies_make_tree(&tree, PATH_WINDOWS);
    for (int round = 0; round < 2000; round++) {
        random_plan(&tree, &random, POSTERN_LEVEL_RESTRICTED, false, by_token);
        random_plan(&tree, &random, POSTERN_LEVEL_ELEVATED, false, by_account);
        random_plan(&tree, &random, POSTERN_LEVEL_RESTRICTED, true, by_container);
    }
    assert_true(by_token[0] > 200 && by_token[1] > 200);
    assert_int_equal(by_account[1], 2000);
    assert_true(by_container[0] > 200 && by_container[1] > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_job_and_its_limits_at_level_none),
        cmocka_unit_test(what_no_job_limits_is_refused),
        cmocka_unit_test(level_none_keeps_nothing_from_commands),
        cmocka_unit_test(a_workspace_at_restricted),
        cmocka_unit_test(the_network_has_to_be_allowed_by_name),
        cmocka_unit_test(reading_cannot_be_denied),
        cmocka_unit_test(what_is_missing),
        cmocka_unit_test(user_interface_containment_and_demands),
        cmocka_unit_test(a_workspace_of_an_account),
        cmocka_unit_test(a_workspace_of_an_app_container),
        cmocka_unit_test(an_app_container_is_only_granted),
        cmocka_unit_test(hosts_that_lack_too_much),
        cmocka_unit_test(too_many_entries),
        cmocka_unit_test(random_plans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
