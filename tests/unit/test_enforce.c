/*
 * shared/enforce.c and shared/enforce_plan.c: the table, plans by example, what is refused, and that the files of
 * random plans come to what the policy says when mounts and Landlock do what they do.
 */
#include "tests/support/policies.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/buffer.h"
#include "shared/enforce.h"
#include "shared/text.h"

/* ---- a host, a policy, its plan ---- */

static const struct enforce_place usual_places[] = {{"/tmp", true}, {"/var/tmp", true}, {"/run", false}};

struct setting {
    struct policy policy;
    struct enforce_host host;
    struct strings device;
    struct enforce_steps steps;
    struct postern_error error;
    struct buffer written;
    const char *text; /* of the plan: a line "id path =number as owner" for each step */
};

static void begin(struct setting *setting, enum postern_level level)
{
    memset(setting, 0, sizeof(*setting));
    policy_init(&setting->policy, PATH_POSIX);
    buffer_init(&setting->written, 1024 * 1024);
    setting->host = (struct enforce_host){.level = level,
                                          .landlock_abi = 7,
                                          .seccomp = true,
                                          .place = usual_places,
                                          .place_count = 3,
                                          .device = &setting->device};
    assert_true(strings_add(&setting->device, "/dev"));
    if (level != POSTERN_LEVEL_NONE)
        setting->host.own_files = setting->host.own_proc = setting->host.own_pids = setting->host.own_ipc =
            setting->host.own_network = true;
    setting->host.other_user = level == POSTERN_LEVEL_ELEVATED;
}

/* The third grade of level restricted. */
static void begin_without_mounts(struct setting *setting)
{
    begin(setting, POSTERN_LEVEL_RESTRICTED);
    setting->host.own_files = setting->host.own_proc = setting->host.own_pids = setting->host.own_ipc =
        setting->host.own_network = false;
}

static void end(struct setting *setting)
{
    policy_free(&setting->policy);
    strings_free(&setting->device);
    enforce_steps_free(&setting->steps);
    buffer_free(&setting->written);
}

/* Valid until the next one is added. */
static struct policy_rule *add(struct setting *setting, const char *path, enum policy_access access)
{
    struct policy_rules *rules = &setting->policy.rules;
    assert_int_equal(policy_add_rule(rules, path, access, POLICY_FROM_OPTION, NULL), POSTERN_OK);
    struct policy_rule *rule = &rules->item[rules->count - 1];
    rule->directory = true;
    rule->delegated = setting->host.other_user && access != POLICY_DENIED;
    rule->uid = rule->gid = 1000;
    return rule;
}

static void write_step(struct buffer *out, const struct enforce_step *step)
{
    bool written = buffer_printf(out, "%s", enforce_info(step->mechanism)->id);
    if (step->path)
        written = written && buffer_printf(out, " %s", step->path);
    if (step->number)
        written = written && buffer_printf(out, " =%llu", (unsigned long long)step->number);
    if (step->owner && step->owner != step->rule)
        written = written && buffer_printf(out, " as %s", step->owner->path);
    assert_true(written && buffer_append(out, "\n", 1));
}

static int plan(struct setting *setting)
{
    setting->error = (struct postern_error){0};
    enforce_steps_free(&setting->steps);
    buffer_free(&setting->written);
    policy_settle(&setting->policy.rules);
    int result = enforce_plan(&setting->policy, &setting->host, &setting->steps, &setting->error);
    for (size_t i = 0; i < setting->steps.count; i++)
        write_step(&setting->written, &setting->steps.item[i]);
    assert_true(buffer_append(&setting->written, "", 1));
    setting->text = (char *)buffer_data(&setting->written);
    assert_int_equal(result, setting->error.code);
    return result;
}

static void assert_plan(struct setting *setting)
{
    if (plan(setting) != POSTERN_OK)
        fail_msg("%s", setting->error.message);
}

/* The steps that take a path, without what is the same in most plans. */
static const char *files_of(struct setting *setting)
{
    static const char *const usual[] = {"fs.private:tmpfs-read-only /run\n", "fs.private:tmpfs /tmp\n",
                                        "fs.private:tmpfs /var/tmp\n",       "fs.read:landlock /\n",
                                        "fs.write:landlock /dev\n",          "fs.write:landlock /tmp\n",
                                        "fs.write:landlock /var/tmp\n"};
    static char out[4096];
    const char *next;
    out[0] = 0;
    for (const char *line = setting->text; *line; line = next) {
        bool wanted = true;
        next = strchr(line, '\n') + 1;
        for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
            wanted = wanted && strncmp(line, usual[i], strlen(usual[i])) != 0;
        if (wanted && memchr(line, '/', (size_t)(next - line)))
            strncat(out, line, (size_t)(next - line));
    }
    return out;
}

static void assert_files(struct setting *setting, const char *wanted)
{
    assert_plan(setting);
    assert_string_equal(files_of(setting), wanted);
}

static void assert_refused(struct setting *setting, int code, const char *capability, const char *item)
{
    assert_int_equal(plan(setting), code);
    assert_string_equal(setting->error.stage, "policy");
    assert_int_equal(setting->steps.count, 0);
    if (strncmp(setting->error.message, capability, strlen(capability)) != 0 || !strstr(setting->error.message, item))
        fail_msg("refused with: %s", setting->error.message);
    assert_true(setting->error.remedy[0] != 0);
}

/* ---- the table and the list ---- */

static void table(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ENFORCE_MECHANISM_COUNT; i++) {
        const struct enforce_mechanism_info *info = enforce_info((enum enforce_mechanism)i);
        enum enforce_mechanism found = ENFORCE_MECHANISM_COUNT;
        char *id = text_format("%s:%s", info->capability, info->mechanism);
        assert_string_equal(info->id, id);
        assert_true(enforce_find(id, &found));
        assert_int_equal(found, i); /* no name twice */
        free(id);
    }
    enum enforce_mechanism found = ENFORCE_MASK;
    assert_false(enforce_find("fs.deny:", &found));
    assert_false(enforce_find("", &found));
    assert_int_equal(found, ENFORCE_MASK);
    assert_int_equal(enforce_info(ENFORCE_LANDLOCK_WRITE)->executor, ENFORCE_BY_RUNNER);
    assert_int_equal(enforce_info(ENFORCE_LANDLOCK_WRITE)->argument, ENFORCE_TAKES_PATH);
    assert_int_equal(enforce_info(ENFORCE_RLIMIT_CPU)->argument, ENFORCE_TAKES_NUMBER);
}

static void steps(void **state)
{
    struct enforce_steps list = {0};
    char path[] = "/a";
    struct enforce_step step = {.mechanism = ENFORCE_MASK, .path = path, .number = 1};
    (void)state;
    for (int i = 0; i < 100; i++)
        assert_true(enforce_add(&list, &step));
    path[1] = 'b';
    assert_string_equal(list.item[99].path, "/a"); /* a copy */
    assert_true(enforce_has(&list, ENFORCE_MASK));
    assert_false(enforce_has(&list, ENFORCE_SECCOMP));
    enforce_steps_free(&list);
    assert_int_equal(list.count, 0);
    enforce_steps_free(&list);
}

/* ---- whole plans ---- */

static void nothing_said_at_restricted(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    setting.policy.limits.processes = 4096;
    assert_plan(&setting);
    assert_string_equal(setting.text, "lifetime:keeper-pid-namespace\n"
                                      "processes:pid-namespace\n"
                                      "ipc:ipc-namespace\n"
                                      "fs.write:read-only-mounts\n"
                                      "fs.private:tmpfs-read-only /run\n"
                                      "fs.private:tmpfs /tmp\n"
                                      "fs.private:tmpfs /var/tmp\n"
                                      "privileges:no_new_privs\n"
                                      "fs.read:landlock /\n"
                                      "fs.write:landlock /dev\n"
                                      "fs.write:landlock /tmp\n"
                                      "fs.write:landlock /var/tmp\n"
                                      "signals:landlock-scope\n"
                                      "sockets.abstract:landlock-scope\n"
                                      "syscalls:seccomp\n"
                                      "net.block:net-namespace\n"
                                      "net.block:seccomp\n"
                                      "net.block:landlock\n"
                                      "limits.processes:rlimit =4096\n"
                                      "core:rlimit\n");
    end(&setting);
}

static void a_workspace_at_elevated(void **state)
{
    struct setting setting;
    struct policy_rule *rule;
    (void)state;
    begin(&setting, POSTERN_LEVEL_ELEVATED);
    setting.policy.network = POLICY_NETWORK_ALLOW;
    rule = add(&setting, "/root/w", POLICY_WRITE);
    rule->source = POLICY_FROM_PRESET;
    rule->barrier = text_duplicate("/root");
    rule = add(&setting, "/root/w/.git", POLICY_READ);
    rule->source = POLICY_PROTECTED;
    rule->delegated = false;
    assert_plan(&setting);
    assert_string_equal(setting.text, "user:uid\n"
                                      "lifetime:keeper-pid-namespace\n"
                                      "processes:pid-namespace\n"
                                      "ipc:ipc-namespace\n"
                                      "fs.write:read-only-mounts\n"
                                      "fs.private:tmpfs-read-only /root\n"
                                      "fs.private:tmpfs-read-only /run\n"
                                      "fs.private:tmpfs /tmp\n"
                                      "fs.private:tmpfs /var/tmp\n"
                                      "fs.owner:id-mapped-mount /root/w\n"
                                      "fs.owner:id-mapped-mount-read-only /root/w/.git as /root/w\n"
                                      "privileges:no_new_privs\n"
                                      "fs.read:landlock /\n"
                                      "fs.write:landlock /dev\n"
                                      "fs.write:landlock /root/w\n"
                                      "fs.write:landlock /tmp\n"
                                      "fs.write:landlock /var/tmp\n"
                                      "signals:landlock-scope\n"
                                      "sockets.abstract:landlock-scope\n"
                                      "syscalls:seccomp\n"
                                      "core:rlimit\n");
    end(&setting);
}

static void without_mounts(void **state)
{
    struct setting setting;
    (void)state;
    begin_without_mounts(&setting);
    setting.host.landlock_abi = 3;
    add(&setting, "/w", POLICY_WRITE);
    assert_plan(&setting);
    assert_string_equal(setting.text, "lifetime:keeper-subreaper\n"
                                      "fs.private:directory\n"
                                      "privileges:no_new_privs\n"
                                      "fs.read:landlock /\n"
                                      "fs.write:landlock /dev\n"
                                      "fs.write:landlock /w\n"
                                      "syscalls:seccomp\n"
                                      "sockets.local:seccomp\n"
                                      "net.block:seccomp\n"
                                      "core:rlimit\n");
    end(&setting);
}

static void limits(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    setting.policy.limits = (struct policy_limits){.memory = 1, .processes = 2, .cpu_ms = 3, .file_size = 4};
    assert_plan(&setting);
    assert_non_null(strstr(setting.text, "limits.memory:rlimit =1\nlimits.processes:rlimit =2\nlimits.cpu:rlimit =3\n"
                                         "limits.file_size:rlimit =4\ncore:rlimit\n"));
    setting.host.cgroup_memory = true;
    assert_plan(&setting);
    assert_non_null(strstr(setting.text, "limits.memory:cgroup =1\nlimits.processes:rlimit =2\n"));
    setting.host.cgroup_processes = true;
    assert_plan(&setting);
    assert_non_null(strstr(setting.text, "limits.memory:cgroup =1\nlimits.processes:cgroup =2\n"
                                         "limits.processes:rlimit =2\n"));
    assert_null(strstr(setting.text, "limits.memory:rlimit"));
    setting.policy.limits.memory = 0; /* no cgroup for the number of processes alone */
    assert_plan(&setting);
    assert_null(strstr(setting.text, "cgroup"));
    end(&setting);
}

static void level_none(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_NONE);
    setting.policy.limits = (struct policy_limits){.memory = 1, .cpu_ms = 3};
    setting.host.cgroup_memory = true;
    add(&setting, "/w", POLICY_WRITE)->source = POLICY_FROM_PRESET;
    add(&setting, "/w/.git", POLICY_READ)->source = POLICY_PROTECTED;
    assert_plan(&setting);
    assert_string_equal(setting.text, "limits.memory:rlimit =1\nlimits.cpu:rlimit =3\n");
    setting.policy.network = POLICY_NETWORK_ALLOW;
    assert_plan(&setting);
    setting.policy.limits.processes = 2;
    assert_refused(&setting, POSTERN_E_POLICY, "limits.processes: ", "level none");
    setting.policy.limits.processes = 0;
    setting.policy.network = POLICY_NETWORK_BLOCK;
    assert_refused(&setting, POSTERN_E_POLICY, "net.block: ", "level none");
    setting.policy.network = POLICY_NETWORK_UNSAID;
    setting.policy.ui.said = true;
    assert_refused(&setting, POSTERN_E_POLICY, "ui: ", "level none");
    setting.policy.ui.said = false;
    setting.policy.named = true;
    assert_refused(&setting, POSTERN_E_POLICY, "fs.write: ", "level none");
    setting.policy.named = false;
    add(&setting, "/w/x", POLICY_DENIED);
    assert_refused(&setting, POSTERN_E_POLICY, "fs.deny: ", "/w/x");
    end(&setting);
}

static void network(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    setting.policy.network = POLICY_NETWORK_BLOCK;
    setting.host.own_network = false;
    setting.host.landlock_abi = 3;
    assert_plan(&setting);
    assert_true(enforce_has(&setting.steps, ENFORCE_NET_SECCOMP));
    assert_false(enforce_has(&setting.steps, ENFORCE_NET_NAMESPACE));
    assert_false(enforce_has(&setting.steps, ENFORCE_NET_LANDLOCK));
    setting.host.landlock_abi = 4;
    assert_plan(&setting);
    assert_true(enforce_has(&setting.steps, ENFORCE_NET_LANDLOCK));
    assert_false(enforce_has(&setting.steps, ENFORCE_SCOPE_SIGNALS));
    setting.host.own_network = true;
    setting.policy.network = POLICY_NETWORK_ALLOW;
    assert_plan(&setting);
    assert_null(strstr(setting.text, "net.block"));
    end(&setting);
}

/* ---- files ---- */

static void grants_and_denials(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    add(&setting, "/w", POLICY_WRITE);
    add(&setting, "/w/more", POLICY_WRITE);
    add(&setting, "/w/lib", POLICY_READ);
    add(&setting, "/w/lib/out", POLICY_WRITE);
    add(&setting, "/w/key", POLICY_DENIED)->directory = false;
    add(&setting, "/secret", POLICY_DENIED);
    add(&setting, "/secret/deep", POLICY_DENIED);
    add(&setting, "/etc/x", POLICY_READ);
    add(&setting, "/gone", POLICY_DENIED)->missing = true;
    assert_files(&setting, "fs.deny:mask-mount /secret\n"
                           "fs.write:mount /w\n"
                           "fs.deny:mask-mount /w/key\n"
                           "fs.write:read-only-mount /w/lib\n"
                           "fs.write:mount /w/lib/out\n"
                           "fs.write:landlock /w\n");
    for (size_t i = 0; i < setting.steps.count; i++) {
        const struct enforce_step *step = &setting.steps.item[i];
        if (step->mechanism == ENFORCE_MASK)
            assert_string_equal(step->rule->path, step->path);
        if (step->mechanism == ENFORCE_PRIVATE)
            assert_null(step->rule);
    }
    end(&setting);
}

static void alternating_deep(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_ELEVATED);
    add(&setting, "/a", POLICY_DENIED);
    add(&setting, "/a/b", POLICY_WRITE);
    add(&setting, "/a/b/c", POLICY_DENIED);
    add(&setting, "/a/b/c/d", POLICY_DENIED);
    add(&setting, "/a/b/c/d/e", POLICY_READ);
    add(&setting, "/a/b/c/d/e/f", POLICY_DENIED);
    add(&setting, "/a/b/c/d/e/g", POLICY_WRITE);
    assert_files(&setting, "fs.deny:mask-mount /a\n"
                           "fs.owner:id-mapped-mount /a/b\n"
                           "fs.deny:mask-mount /a/b/c\n"
                           "fs.owner:id-mapped-mount-read-only /a/b/c/d/e as /a/b\n"
                           "fs.deny:mask-mount /a/b/c/d/e/f\n"
                           "fs.owner:id-mapped-mount /a/b/c/d/e/g as /a/b\n"
                           "fs.write:landlock /a/b\n");
    end(&setting);
}

static void owners(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_ELEVATED);
    add(&setting, "/data", POLICY_READ);
    add(&setting, "/data/same", POLICY_READ);
    add(&setting, "/data/bob", POLICY_READ)->uid = 1001;
    add(&setting, "/data/bob/w", POLICY_WRITE)->uid = 1001;
    add(&setting, "/data/carved", POLICY_WRITE)->source = POLICY_FROM_CEILING;
    add(&setting, "/usr", POLICY_READ)->delegated = false;
    assert_files(&setting, "fs.owner:id-mapped-mount-read-only /data\n"
                           "fs.owner:id-mapped-mount-read-only /data/bob\n"
                           "fs.owner:id-mapped-mount /data/bob/w as /data/bob\n"
                           "fs.owner:id-mapped-mount /data/carved as /data\n"
                           "fs.write:landlock /data/bob/w\n"
                           "fs.write:landlock /data/carved\n");
    end(&setting);
}

static void ways(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_ELEVATED);
    add(&setting, "/root/w", POLICY_WRITE)->barrier = text_duplicate("/root");
    add(&setting, "/root/x", POLICY_READ)->barrier = text_duplicate("/root");
    add(&setting, "/root/.ssh", POLICY_DENIED);
    add(&setting, "/root/gone", POLICY_DENIED)->missing = true;
    add(&setting, "/root/own", POLICY_READ)->delegated = false;                  /* his own rights do not lead there */
    add(&setting, "/tmp/p/w", POLICY_WRITE)->barrier = text_duplicate("/tmp/p"); /* the place hides it */
    add(&setting, "/srv", POLICY_READ);
    add(&setting, "/srv/shut/w", POLICY_WRITE)->barrier = text_duplicate("/srv"); /* its owner can enter */
    assert_files(&setting, "fs.private:tmpfs-read-only /root\n"
                           "fs.deny:mask-mount /root/.ssh\n"
                           "fs.owner:id-mapped-mount /root/w\n"
                           "fs.owner:id-mapped-mount-read-only /root/x\n"
                           "fs.owner:id-mapped-mount-read-only /srv\n"
                           "fs.owner:id-mapped-mount /srv/shut/w as /srv\n"
                           "fs.owner:id-mapped-mount /tmp/p/w\n"
                           "fs.write:landlock /root/w\n"
                           "fs.write:landlock /srv/shut/w\n");
    end(&setting);
}

static void beneath_private_places(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    add(&setting, "/tmp/w", POLICY_WRITE);
    add(&setting, "/tmp/w/lib", POLICY_READ);
    add(&setting, "/tmp/ro", POLICY_READ);
    add(&setting, "/tmp/no", POLICY_DENIED);
    add(&setting, "/tmp/never", POLICY_DENIED)->missing = true;
    add(&setting, "/run/never", POLICY_DENIED)->missing = true; /* nobody can make it there */
    add(&setting, "/tmp/top", POLICY_READ)->source = POLICY_FROM_CEILING;
    add(&setting, "/tmp/w/top", POLICY_READ)->source = POLICY_FROM_CEILING;
    add(&setting, "/tmp/topno", POLICY_DENIED)->source = POLICY_FROM_CEILING;
    assert_files(&setting, "fs.deny:mask-mount /tmp/never\n"
                           "fs.deny:mask-mount /tmp/no\n"
                           "fs.write:read-only-mount /tmp/ro\n"
                           "fs.deny:mask-mount /tmp/topno\n"
                           "fs.write:mount /tmp/w\n"
                           "fs.write:read-only-mount /tmp/w/lib\n"
                           "fs.write:read-only-mount /tmp/w/top\n");
    end(&setting);
}

static void rules_for_a_place_itself(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    add(&setting, "/tmp", POLICY_READ);
    add(&setting, "/var", POLICY_DENIED);
    add(&setting, "/run", POLICY_DENIED)->source = POLICY_FROM_CEILING;
    assert_plan(&setting);
    assert_null(strstr(setting.text, "tmpfs"));
    assert_null(strstr(setting.text,
                       "fs.write:landlock /tmp")); /* the host's /tmp is in sight, and it is read-only as all is */
    assert_string_equal(files_of(&setting), "fs.deny:mask-mount /run\nfs.deny:mask-mount /var\n");
    policy_free(&setting.policy);
    add(&setting, "/tmp", POLICY_READ)->source = POLICY_FROM_CEILING;
    assert_plan(&setting);
    assert_non_null(strstr(setting.text, "fs.private:tmpfs /tmp\n"));
    assert_non_null(strstr(setting.text, "fs.write:landlock /tmp\n"));
    policy_free(&setting.policy);
    add(&setting, "/var/tmp", POLICY_DENIED);
    add(&setting, "/var/tmp/w", POLICY_WRITE);
    assert_files(&setting, "fs.deny:mask-mount /var/tmp\n"
                           "fs.write:mount /var/tmp/w\n"
                           "fs.write:landlock /var/tmp/w\n");
    end(&setting);
}

/* Such as /tmp that is a link into a workspace. */
static void a_place_inside_a_grant(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    add(&setting, "/var", POLICY_WRITE);
    assert_plan(&setting);
    assert_non_null(strstr(setting.text, "fs.write:mount /var\nfs.private:tmpfs /var/tmp\n"));
    end(&setting);
}

static void all_but_what_is_listed_denied(void **state)
{
    struct setting setting;
    (void)state;
    for (int i = 0; i < 2; i++) {
        begin(&setting, POSTERN_LEVEL_RESTRICTED);
        if (i == 0)
            setting.policy.rules.base = POLICY_DENIED;
        else
            add(&setting, "/", POLICY_DENIED);
        add(&setting, "/usr", POLICY_READ);
        add(&setting, "/usr/secret", POLICY_DENIED);
        add(&setting, "/usr/secret/not", POLICY_READ);
        add(&setting, "/home/u", POLICY_DENIED);
        add(&setting, "/home/u/w", POLICY_WRITE);
        add(&setting, "/home/v", POLICY_DENIED)->missing = true;
        assert_plan(&setting);
        assert_non_null(strstr(setting.text, "fs.deny:mask-mount /home/u\n"
                                             "fs.write:mount /home/u/w\n"
                                             "fs.deny:mask-mount /usr/secret\n"
                                             "fs.write:read-only-mount /usr/secret/not\n"
                                             "privileges:no_new_privs\n"
                                             "fs.write:landlock /dev\n"
                                             "fs.write:landlock /home/u/w\n"
                                             "fs.read:landlock /proc\n"
                                             "fs.read:landlock /run\n"
                                             "fs.write:landlock /tmp\n"
                                             "fs.read:landlock /usr\n"
                                             "fs.write:landlock /var/tmp\n"
                                             "signals:"));
        assert_non_null(strstr(setting.text, "fs.private:tmpfs /tmp\n"));
        end(&setting);
    }
}

static void devices_and_proc(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    add(&setting, "/dev", POLICY_READ); /* lists of directories to read often have it */
    add(&setting, "/dev/shm", POLICY_DENIED);
    add(&setting, "/dev/shm/x", POLICY_READ);
    add(&setting, "/proc", POLICY_READ);
    add(&setting, "/proc/kcore", POLICY_DENIED)->directory = false;
    assert_files(&setting, "fs.deny:mask-mount /dev/shm\nfs.deny:mask-mount /proc/kcore\n");
    assert_non_null(strstr(setting.text, "fs.write:landlock /dev\n"));
    add(&setting, "/dev", POLICY_DENIED);
    assert_refused(&setting, POSTERN_E_POLICY, "fs.deny: /dev ", "every command");
    end(&setting);
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    add(&setting, "/proc", POLICY_DENIED);
    assert_refused(&setting, POSTERN_E_POLICY, "fs.deny: /proc ", "runner");
    end(&setting);
}

static void a_denied_root_without_mounts(void **state)
{
    struct setting setting;
    (void)state;
    begin_without_mounts(&setting);
    add(&setting, "/", POLICY_DENIED);
    add(&setting, "/usr", POLICY_READ);
    add(&setting, "/usr/local/w", POLICY_WRITE);
    assert_refused(&setting, POSTERN_E_POLICY, "fs.deny: /proc ", "needs it");
    add(&setting, "/proc", POLICY_READ);
    assert_plan(&setting);
    assert_string_equal(files_of(&setting), "fs.read:landlock /proc\n"
                                            "fs.read:landlock /usr\n"
                                            "fs.write:landlock /usr/local/w\n");
    assert_null(strstr(setting.text, "fs.read:landlock /\n"));
    end(&setting);
}

/* ---- refusals ---- */

static void what_landlock_alone_cannot_hold(void **state)
{
    static const struct {
        const char *outer, *inner;
        enum policy_access outer_access, inner_access;
        const char *capability; /* NULL: can be held */
    } cases[] = {
        {"/w", "/w/.git", POLICY_WRITE, POLICY_READ, "fs.write: /w/.git "},
        {"/w", "/w/x", POLICY_WRITE, POLICY_DENIED, "fs.deny: /w/x "},
        {"/r", "/r/x", POLICY_READ, POLICY_DENIED, "fs.deny: /r/x "},
        {"/etc/x", "/etc/x/y", POLICY_DENIED, POLICY_WRITE, "fs.deny: /etc/x "},
        {"/w", "/w/x", POLICY_WRITE, POLICY_WRITE, NULL},
        {"/r", "/r/w", POLICY_READ, POLICY_WRITE, NULL},
        {"/r", "/r/r", POLICY_READ, POLICY_READ, NULL},
        {"/w", "/tmp/r", POLICY_WRITE, POLICY_READ, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct setting setting;
        begin_without_mounts(&setting);
        add(&setting, cases[i].outer, cases[i].outer_access);
        add(&setting, cases[i].inner, cases[i].inner_access);
        if (cases[i].capability) {
            assert_refused(&setting, POSTERN_E_POLICY, cases[i].capability, "no mounts");
            assert_non_null(strstr(setting.error.remedy, "run as root or allow user namespaces"));
        } else {
            assert_plan(&setting);
        }
        end(&setting);
    }
}

static void what_is_missing(void **state)
{
    struct setting setting;
    (void)state;
    for (int mounts = 0; mounts < 2; mounts++) {
        begin_without_mounts(&setting);
        setting.host.own_files = setting.host.own_proc = mounts;
        add(&setting, "/etc/gone", POLICY_DENIED)->missing = true;
        add(&setting, "/w/out", POLICY_WRITE)->missing = true; /* of a ceiling: nothing is granted */
        assert_files(&setting, "");
        add(&setting, "/w", POLICY_WRITE);
        assert_plan(&setting);
        add(&setting, "/w/gone", POLICY_DENIED)->missing = true;
        assert_refused(&setting, POSTERN_E_POLICY, "fs.deny: /w/gone ", "before it exists");
        setting.policy.rules.item[setting.policy.rules.count - 2].access = POLICY_READ;
        assert_string_equal(setting.policy.rules.item[setting.policy.rules.count - 2].path, "/w/gone");
        assert_refused(&setting, POSTERN_E_POLICY, "fs.write: /w/gone ", "before it exists");
        end(&setting);
    }
}

static void names_in_refusals(void **state)
{
    struct setting setting;
    (void)state;
    begin_without_mounts(&setting);
    struct policy_rule *rule = add(&setting, "/real/x", POLICY_DENIED);
    rule->said = text_duplicate("/link/\x1b[2J");
    assert_refused(&setting, POSTERN_E_POLICY, "fs.deny: /link/\\x1b[2J ", "cannot be denied");
    assert_null(strchr(setting.error.message, '\x1b'));
    end(&setting);
    begin_without_mounts(&setting);
    char path[3000] = "/";
    memset(path + 1, 'x', sizeof(path) - 2);
    add(&setting, path, POLICY_DENIED);
    assert_refused(&setting, POSTERN_E_POLICY, "fs.deny: /xxx", "cannot be denied"); /* the reason is not cut off */
    end(&setting);
}

static void demands(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_ELEVATED);
    setting.policy.demand[0] = (struct policy_demand){"net.hosts", text_duplicate("network.allowedHosts")};
    setting.policy.demand[1] = (struct policy_demand){"net.proxy", text_duplicate("network.proxy")};
    setting.policy.demand_count = 2;
    assert_refused(&setting, POSTERN_E_POLICY, "net.hosts: network.allowedHosts ", "cannot be enforced");
    setting.host.level = POSTERN_LEVEL_NONE;
    assert_refused(&setting, POSTERN_E_POLICY, "net.hosts: ", "network.allowedHosts");
    end(&setting);
}

static void containment(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    setting.policy.containment = POLICY_CONTAINMENT_BUBBLEWRAP;
    assert_plan(&setting);
    setting.host.own_files = false;
    assert_refused(&setting, POSTERN_E_POLICY, "containment: bubblewrap ", "mounts");
    setting.policy.containment = POLICY_CONTAINMENT_PROCESSCONTAINER;
    text_copy(setting.policy.containment_name, sizeof(setting.policy.containment_name), "appcontainer");
    assert_refused(&setting, POSTERN_E_POLICY, "containment: appcontainer ", "not to be had");
    setting.policy.containment = POLICY_CONTAINMENT_OTHER;
    assert_refused(&setting, POSTERN_E_POLICY, "containment: ", "not to be had");
    end(&setting);
}

static void user_interface(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    setting.policy.ui.said = true;
    assert_plan(&setting);
    setting.policy.network = POLICY_NETWORK_ALLOW; /* then Landlock keeps abstract sockets away */
    assert_plan(&setting);
    setting.host.landlock_abi = 5;
    assert_refused(&setting, POSTERN_E_POLICY, "ui: ", "abstract sockets");
    setting.policy.network = POLICY_NETWORK_UNSAID;
    assert_plan(&setting);
    add(&setting, "/run/user/1000", POLICY_READ);
    assert_refused(&setting, POSTERN_E_POLICY, "ui: ", "services");
    policy_free(&setting.policy);
    setting.policy.ui.said = true;
    add(&setting, "/tmp", POLICY_READ);
    assert_refused(&setting, POSTERN_E_POLICY, "ui: ", "services");
    policy_free(&setting.policy);
    setting.policy.ui = (struct policy_ui){.said = true, .disable = false};
    assert_refused(&setting, POSTERN_E_POLICY, "ui: ", "allows");
    setting.policy.ui = (struct policy_ui){.said = true, .disable = true, .clipboard = POLICY_CLIPBOARD_READ};
    assert_refused(&setting, POSTERN_E_POLICY, "ui: ", "allows");
    setting.policy.ui = (struct policy_ui){.said = true, .disable = true, .injection = true};
    assert_refused(&setting, POSTERN_E_POLICY, "ui: ", "allows");
    end(&setting);
    begin_without_mounts(&setting);
    setting.policy.ui.said = true;
    assert_plan(&setting);
    setting.host.landlock_abi = 5;
    assert_refused(&setting, POSTERN_E_POLICY, "ui: ", "abstract sockets");
    end(&setting);
}

static void hosts_that_lack_too_much(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    setting.host.landlock_abi = 0;
    assert_refused(&setting, POSTERN_E_LEVEL, "the host has no Landlock", "");
    setting.host.landlock_abi = 1;
    assert_plan(&setting);
    setting.host.seccomp = false;
    assert_refused(&setting, POSTERN_E_LEVEL, "the host has no seccomp", "");
    end(&setting);
    begin(&setting, POSTERN_LEVEL_ELEVATED);
    setting.host.other_user = false;
    assert_refused(&setting, POSTERN_E_LEVEL, "the host gives no other user", "");
    end(&setting);
    begin_without_mounts(&setting);
    setting.host.landlock_abi = 2; /* lets files be truncated */
    assert_refused(&setting, POSTERN_E_LEVEL, "the host allows no mounts", "too old");
    end(&setting);
}

static void a_writable_root(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    setting.policy.rules.base = POLICY_WRITE;
    assert_refused(&setting, POSTERN_E_POLICY, "fs.write: / ", "writable");
    setting.policy.rules.base = POLICY_READ;
    add(&setting, "/", POLICY_WRITE);
    assert_refused(&setting, POSTERN_E_POLICY, "fs.write: / ", "writable");
    end(&setting);
}

static void too_many_mounts(void **state)
{
    struct setting setting;
    (void)state;
    begin(&setting, POSTERN_LEVEL_RESTRICTED);
    for (size_t i = 0; i + setting.host.place_count < ENFORCE_MOUNTS_MAX; i++) {
        char *path = text_format("/w/%zu", i);
        add(&setting, path, POLICY_WRITE);
        free(path);
    }
    assert_plan(&setting);
    add(&setting, "/x", POLICY_WRITE);
    char *count = text_format("the policy takes %d mounts", ENFORCE_MOUNTS_MAX + 1);
    assert_refused(&setting, POSTERN_E_LIMIT, count, "are allowed");
    free(count);
    end(&setting);
}

/* ---- random plans, and what the kernel makes of them ---- */

/* What a command finds at a path of the host's. */
enum found {
    FOUND_DENIED,
    FOUND_READ,
    FOUND_WRITE,
    FOUND_PRIVATE, /* a private place of the sandbox's: as it is granted */
    FOUND_WAY      /* nothing */
};

static bool is_beneath(const char *path, const char *directory)
{
    return path_is_beneath(PATH_POSIX, path, directory);
}

static bool is_mount(const struct enforce_step *step)
{
    return step->mechanism == ENFORCE_PRIVATE || step->mechanism == ENFORCE_PRIVATE_WAY ||
           step->mechanism == ENFORCE_MASK || step->mechanism == ENFORCE_MAPPED_READ ||
           step->mechanism == ENFORCE_MAPPED_WRITE || step->mechanism == ENFORCE_MOUNT_READ ||
           step->mechanism == ENFORCE_MOUNT_WRITE;
}

/* The mount among the first `count` steps that a path is in: the last one made at or above it. */
static const struct enforce_step *find_mount(const struct enforce_steps *steps, size_t count, const char *path)
{
    const struct enforce_step *found = NULL;
    for (size_t i = 0; i < count; i++) {
        if (is_mount(&steps->item[i]) && is_beneath(path, steps->item[i].path))
            found = &steps->item[i];
    }
    return found;
}

static enum policy_access find_landlock(const struct enforce_steps *steps, const char *path)
{
    enum policy_access granted = POLICY_DENIED;
    for (size_t i = 0; i < steps->count; i++) {
        const struct enforce_step *step = &steps->item[i];
        if (step->mechanism == ENFORCE_LANDLOCK_WRITE && is_beneath(path, step->path))
            return POLICY_WRITE;
        if (step->mechanism == ENFORCE_LANDLOCK_READ && is_beneath(path, step->path))
            granted = POLICY_READ;
    }
    return granted;
}

static enum found simulate(const struct enforce_steps *steps, const char *path)
{
    const struct enforce_step *mount = find_mount(steps, steps->count, path);
    enum policy_access granted = find_landlock(steps, path);
    enum policy_access mounted = enforce_has(steps, ENFORCE_LOCK_ROOT) ? POLICY_READ : POLICY_WRITE;
    if (mount && mount->mechanism == ENFORCE_MASK)
        return FOUND_DENIED;
    if (mount && mount->mechanism == ENFORCE_PRIVATE_WAY)
        return FOUND_WAY;
    if (mount && mount->mechanism == ENFORCE_PRIVATE)
        return FOUND_PRIVATE;
    if (mount)
        mounted = mount->mechanism == ENFORCE_MAPPED_WRITE || mount->mechanism == ENFORCE_MOUNT_WRITE ? POLICY_WRITE
                                                                                                      : POLICY_READ;
    return (enum found)(mounted < granted ? mounted : granted);
}

static bool denied_by_name(const struct policy_rule *rule)
{
    return rule && rule->access == POLICY_DENIED && strcmp(rule->path, "/") != 0;
}

static bool keeps_place(const struct setting *setting, const struct enforce_place *place)
{
    const struct policy_rule *rule = policy_deciding_rule(&setting->policy.rules, place->path);
    if (denied_by_name(rule))
        return false;
    return !rule || strcmp(rule->path, place->path) != 0 || rule->source == POLICY_FROM_CEILING;
}

static const struct enforce_place *place_of(const struct setting *setting, const char *path)
{
    const struct enforce_place *found = NULL;
    for (size_t i = 0; setting->host.own_files && i < setting->host.place_count; i++) {
        const struct enforce_place *place = &setting->host.place[i];
        if (is_beneath(path, place->path) && keeps_place(setting, place) &&
            (!found || is_beneath(place->path, found->path)))
            found = place;
    }
    return found;
}

static const struct policy_rule *rule_above(const struct policy_rules *rules, const struct policy_rule *rule)
{
    return rule->above ? &rules->item[rule->above - 1] : NULL;
}

/* Whether the caller named the path or what is above it, in the place. */
static bool is_meant(const struct policy_rules *rules, const struct policy_rule *rule,
                     const struct enforce_place *place)
{
    for (; rule && is_beneath(rule->path, place->path); rule = rule_above(rules, rule)) {
        if (rule->source != POLICY_FROM_CEILING)
            return true;
    }
    return false;
}

static enum found expect(const struct setting *setting, const char *path)
{
    const struct policy_rules *rules = &setting->policy.rules;
    const struct policy_rule *rule = policy_deciding_rule(rules, path);
    const struct enforce_place *place = place_of(setting, path);
    if (!place)
        return (enum found)policy_access_of(rules, path);
    for (; rule && is_beneath(rule->path, place->path); rule = rule_above(rules, rule)) {
        if (rule->access == POLICY_DENIED || is_meant(rules, rule, place))
            return (enum found)rule->access;
    }
    return FOUND_PRIVATE;
}

/* Whose owner a path of the host's appears to belong to the sandbox user as. */
static const struct policy_rule *expect_owner(const struct setting *setting, const char *path)
{
    const struct policy_rules *rules = &setting->policy.rules;
    const struct enforce_place *place = place_of(setting, path);
    const struct policy_rule *owner = NULL;
    for (size_t i = 0; i < rules->count; i++) {
        const struct policy_rule *rule = &rules->item[i];
        if (!is_beneath(path, rule->path) || (place && !is_beneath(rule->path, place->path)))
            continue;
        if (rule->delegated && rule->source != POLICY_FROM_CEILING && rule->source != POLICY_PROTECTED &&
            (!owner || owner->uid != rule->uid))
            owner = rule;
    }
    return setting->host.other_user ? owner : NULL;
}

static bool is_in_missing(const struct setting *setting, const char *path)
{
    const struct policy_rule *rule = policy_deciding_rule(&setting->policy.rules, path);
    return rule && rule->missing;
}

static bool is_in_barrier(const struct setting *setting, const char *path)
{
    for (size_t i = 0; i < setting->policy.rules.count; i++) {
        const struct policy_rule *rule = &setting->policy.rules.item[i];
        if (rule->barrier && is_beneath(path, rule->barrier))
            return true;
    }
    return false;
}

static void check_path(const struct setting *setting, const char *path)
{
    static const char *const names[] = {"denied", "read", "write", "private", "a way"};
    enum found got = simulate(&setting->steps, path), wanted = expect(setting, path);
    const struct enforce_step *mount = find_mount(&setting->steps, setting->steps.count, path);
    const struct policy_rule *owner = expect_owner(setting, path);
    bool right;
    if (got == FOUND_WAY && place_of(setting, path) && strcmp(mount->path, place_of(setting, path)->path) == 0)
        got = FOUND_PRIVATE; /* a place that is not written */
    right = got == wanted;
    if (got == FOUND_WAY) /* of what others may not enter the sandbox user, if not its owner, sees nothing anyway */
        right = wanted == FOUND_DENIED || (wanted == FOUND_READ && !owner && is_in_barrier(setting, path));
    if (is_in_missing(setting, path)) /* there is nothing, and nothing can be made */
        right = got == FOUND_DENIED || got == FOUND_READ || got == FOUND_WAY ||
                (got == FOUND_PRIVATE && !place_of(setting, path)->writable);
    else if (right && (got == FOUND_READ || got == FOUND_WRITE))
        right = (mount ? mount->owner : NULL) == owner;
    if (right && got == FOUND_PRIVATE)
        right =
            find_landlock(&setting->steps, path) >= (place_of(setting, path)->writable ? POLICY_WRITE : POLICY_READ);
    if (right)
        return;
    for (size_t i = 0; i < setting->policy.rules.count; i++) {
        const struct policy_rule *rule = &setting->policy.rules.item[i];
        print_error("%s %s %s%s%s uid %u barrier %s\n", policy_access_name(rule->access), rule->path,
                    policy_source_name(rule->source), rule->missing ? " missing" : "",
                    rule->delegated ? " delegated" : "", rule->uid, rule->barrier ? rule->barrier : "-");
    }
    for (size_t i = 0; i < setting->host.place_count; i++)
        print_error("place %s %d\n", setting->host.place[i].path, setting->host.place[i].writable);
    fail_msg("%s is %s instead of %s (as %s); base %s, plan:\n%s", path, names[got], names[wanted],
             owner ? owner->path : "it is", policy_access_name(setting->policy.rules.base), setting->text);
}

/* No mount twice, and none that covers an earlier one. */
static void check_mounts(const struct enforce_steps *steps)
{
    for (size_t i = 0; i < steps->count; i++) {
        for (size_t j = i + 1; is_mount(&steps->item[i]) && j < steps->count; j++)
            assert_false(is_mount(&steps->item[j]) && is_beneath(steps->item[i].path, steps->item[j].path));
    }
}

/* Whether something has to be refused. */
static bool expect_refusal(const struct setting *setting)
{
    const struct policy_rules *rules = &setting->policy.rules;
    if (policy_access_of(rules, "/") == POLICY_WRITE)
        return true;
    for (size_t i = 0; i < rules->count; i++) {
        const struct policy_rule *rule = &rules->item[i], *above = rule_above(rules, rule);
        enum policy_access around = above ? above->access : rules->base;
        if (!setting->host.own_files && strcmp(rule->path, "/") != 0 && rule->access < around &&
            (!rule->missing || around == POLICY_WRITE))
            return true;
        if (setting->host.own_files && rule->missing && around == POLICY_WRITE) {
            const struct enforce_place *place = place_of(setting, rule->path);
            if (!place || (above && is_beneath(above->path, place->path) && is_meant(rules, above, place)))
                return true;
        }
    }
    return false;
}

struct facts {
    const struct policies_tree *tree;
    uint64_t random;
    size_t shut[3]; /* directories that others cannot enter */
    struct enforce_place place[3];
};

static void fill_facts(struct facts *facts, struct setting *setting, struct policy_rules *rules)
{
    for (size_t i = 0; i < rules->count; i++) {
        struct policy_rule *rule = &rules->item[i];
        bool last = i + 1 == rules->count || !is_beneath(rules->item[i + 1].path, rule->path);
        rule->uid = 1000 + (uint32_t)strlen(rule->path) % 3;
        rule->delegated = setting->host.other_user && rule->access != POLICY_DENIED &&
                          rule->source != POLICY_PROTECTED && strcmp(rule->path, "/") != 0 &&
                          (rule->access == POLICY_WRITE || policies_random(&facts->random, 2));
        for (size_t j = 0; j < 3 && rule->delegated; j++) {
            const char *shut = facts->tree->item[facts->shut[j]];
            if (strcmp(shut, rule->path) != 0 && is_beneath(rule->path, shut) &&
                (!rule->barrier || is_beneath(rule->barrier, shut))) {
                free(rule->barrier);
                rule->barrier = text_duplicate(shut);
            }
        }
        rule->missing = rule->access == POLICY_DENIED && last && policies_random(&facts->random, 5) == 0;
        for (size_t j = 0; j < setting->host.place_count; j++)
            rule->missing = rule->missing && !is_beneath(setting->host.place[j].path, rule->path);
    }
}

static void add_ceiling(struct facts *facts, struct setting *setting, size_t most)
{
    struct policies_rule unused[32];
    struct policy ceiling;
    struct policy_cuts cuts = {0};
    policy_init(&ceiling, PATH_POSIX);
    policies_random_rules(&facts->random, facts->tree, most, unused, &ceiling.rules);
    for (size_t i = 0; i < ceiling.rules.count; i++)
        ceiling.rules.item[i].source = POLICY_FROM_FILE;
    policy_settle(&ceiling.rules);
    fill_facts(facts, setting, &ceiling.rules);
    for (size_t i = 0; i < ceiling.rules.count; i++)
        ceiling.rules.item[i].missing = false;
    assert_int_equal(policy_clamp(&setting->policy, &ceiling, "top", &cuts, NULL), POSTERN_OK);
    /* what is missing has nothing beneath it, for the ceiling either */
    for (size_t i = 0; i + 1 < setting->policy.rules.count; i++) {
        if (is_beneath(setting->policy.rules.item[i + 1].path, setting->policy.rules.item[i].path))
            setting->policy.rules.item[i].missing = false;
    }
    policy_cuts_free(&cuts);
    policy_free(&ceiling);
}

static void make_random(struct facts *facts, struct setting *setting, size_t most)
{
    struct policies_rule unused[32];
    setting->policy.rules.base = policies_random(&facts->random, 4) ? POLICY_READ : POLICY_DENIED;
    for (size_t i = 0; i < 3; i++) {
        facts->shut[i] = 1 + policies_random(&facts->random, POLICIES_TREE_SIZE - 1);
        const char *place = facts->tree->item[1 + policies_random(&facts->random, 84)];
        facts->place[i] = (struct enforce_place){place, strlen(place) % 2}; /* the same one may come twice */
    }
    setting->host.place = facts->place;
    setting->host.place_count = policies_random(&facts->random, 4);
    policies_random_rules(&facts->random, facts->tree, most, unused, &setting->policy.rules);
    policy_settle(&setting->policy.rules);
    fill_facts(facts, setting, &setting->policy.rules);
    if (policies_random(&facts->random, 2))
        add_ceiling(facts, setting, most);
}

/* The runner needs it, and without mounts there is only the host's. */
static void make_proc_readable(struct setting *setting)
{
    assert_int_equal(policy_add_rule(&setting->policy.rules, "/proc", POLICY_READ, POLICY_FROM_OPTION, NULL), 0);
    policy_settle(&setting->policy.rules);
}

static void check_random_plans(enum postern_level level, bool own_files, size_t most, int tries, int at_least)
{
    static struct policies_tree tree;
    struct facts facts = {.tree = &tree, .random = 0x2545f4914f6cdd1d};
    int planned = 0;
    policies_make_tree(&tree, PATH_POSIX);
    for (int n = 0; n < tries; n++) {
        struct setting setting;
        begin(&setting, level);
        setting.host.own_files = setting.host.own_proc = own_files;
        make_random(&facts, &setting, most);
        if (!own_files)
            make_proc_readable(&setting);
        int result = plan(&setting);
        if ((result != POSTERN_OK) != expect_refusal(&setting))
            fail_msg("policy %d: refused or not: %s", n, setting.error.message);
        if (result == POSTERN_OK) {
            planned++;
            check_mounts(&setting.steps);
            for (size_t i = 0; i < POLICIES_TREE_SIZE; i++)
                check_path(&setting, tree.item[i]);
        }
        end(&setting);
    }
    assert_true(planned >= at_least);
}

static void random_plans_elevated(void **state)
{
    (void)state;
    check_random_plans(POSTERN_LEVEL_ELEVATED, true, 16, 600, 200);
}

static void random_plans_restricted(void **state)
{
    (void)state;
    check_random_plans(POSTERN_LEVEL_RESTRICTED, true, 16, 600, 200);
}

static void random_plans_without_mounts(void **state)
{
    (void)state;
    check_random_plans(POSTERN_LEVEL_RESTRICTED, false, 5, 1500, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(steps),
        cmocka_unit_test(nothing_said_at_restricted),
        cmocka_unit_test(a_workspace_at_elevated),
        cmocka_unit_test(without_mounts),
        cmocka_unit_test(limits),
        cmocka_unit_test(level_none),
        cmocka_unit_test(network),
        cmocka_unit_test(grants_and_denials),
        cmocka_unit_test(alternating_deep),
        cmocka_unit_test(owners),
        cmocka_unit_test(ways),
        cmocka_unit_test(beneath_private_places),
        cmocka_unit_test(rules_for_a_place_itself),
        cmocka_unit_test(a_place_inside_a_grant),
        cmocka_unit_test(all_but_what_is_listed_denied),
        cmocka_unit_test(devices_and_proc),
        cmocka_unit_test(a_denied_root_without_mounts),
        cmocka_unit_test(what_landlock_alone_cannot_hold),
        cmocka_unit_test(what_is_missing),
        cmocka_unit_test(names_in_refusals),
        cmocka_unit_test(demands),
        cmocka_unit_test(containment),
        cmocka_unit_test(user_interface),
        cmocka_unit_test(hosts_that_lack_too_much),
        cmocka_unit_test(a_writable_root),
        cmocka_unit_test(too_many_mounts),
        cmocka_unit_test(random_plans_elevated),
        cmocka_unit_test(random_plans_restricted),
        cmocka_unit_test(random_plans_without_mounts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
