/*
 * Plans: their bytes, the order of their steps, and the checks of paths and account files they are made from. Nothing
 * here needs root or changes anything.
 */
#include "elevated/plan_layout_linux.h"
#include "elevated/report_linux.h"
#include "elevated/user_linux.h"
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- a layout with everything in it ---- */

#define PROJECT "/home/me/src/project"

/* What the policy of an example says, with the facts of what is there. Enough for the largest. */
static struct policy_rule rules[ENFORCE_MOUNTS_MAX];
static size_t rule_count;

static const struct policy_rule *add_rule(const char *path, bool directory)
{
    struct policy_rule *rule = &rules[rule_count++];
    *rule = (struct policy_rule){.path = (char *)path,
                                 .directory = directory,
                                 .device = 42,
                                 .inode = 4000 + rule_count,
                                 .uid = 1000,
                                 .gid = 1001};
    return rule;
}

/* `rule` of a host's place: NULL. */
static void add_step(struct enforce_steps *steps, enum enforce_mechanism mechanism, const char *path,
                     const struct policy_rule *rule, const struct policy_rule *owner)
{
    struct enforce_step step = {.mechanism = mechanism, .path = (char *)path, .rule = rule, .owner = owner};
    assert_true(enforce_add(steps, &step));
}

static const struct policy_rule *add_mount(struct enforce_steps *steps, enum enforce_mechanism mechanism,
                                           const char *path, const struct policy_rule *owner)
{
    const struct policy_rule *rule = add_rule(path, true);
    add_step(steps, mechanism, path, rule, owner ? owner : rule);
    return rule;
}

static void add_places(struct enforce_steps *steps)
{
    add_step(steps, ENFORCE_PRIVATE, "/dev", NULL, NULL);
    add_step(steps, ENFORCE_PRIVATE, "/home", NULL, NULL);
    add_step(steps, ENFORCE_PRIVATE, "/run", NULL, NULL);
    add_step(steps, ENFORCE_PRIVATE, "/tmp", NULL, NULL);
}

static const struct enforce_place places[] = {{"/dev", true}, {"/home", true}, {"/run", false}, {"/tmp", true}};
static const struct enforce_host host = {.place = places, .place_count = 4};
static struct enforce_steps example_steps; /* what the layout borrows its paths from */

static void take(struct layout *layout)
{
    struct postern_error error = {0};
    if (layout_take(&example_steps, &host, layout, &error) != 0)
        fail_msg("%s", error.message);
}

static void begin_layout(struct layout *layout, bool other_user)
{
    memset(layout, 0, sizeof(*layout));
    rule_count = 0;
    layout->other_user = other_user;
    layout->uid = layout->gid = 60800;
    layout->home = "/home/postern";
    layout->passwd_path = "/etc/passwd";
    layout->group_path = "/etc/group";
    layout->passwd = "root:x:0:0::/root:/bin/sh\n";
    layout->group = "root:x:0:\n";
    assert_true(strings_add(&layout->devices, "null"));
    assert_true(strings_add(&layout->devices, "tty"));
    add_step(&example_steps, ENFORCE_PID_NAMESPACE, NULL, NULL, NULL);
    add_step(&example_steps, ENFORCE_LOCK_ROOT, NULL, NULL, NULL);
    add_places(&example_steps);
}

static void fill_layout(struct layout *layout, bool other_user)
{
    begin_layout(layout, other_user);
    add_step(&example_steps, ENFORCE_PRIVATE_WAY, "/home/me/src", NULL, NULL);
    add_mount(&example_steps, other_user ? ENFORCE_MAPPED_WRITE : ENFORCE_MOUNT_WRITE, PROJECT, NULL);
    take(layout);
    assert_true(strings_add(&layout->returned, "/run/resolvconf/resolv.conf"));
    assert_true(strings_add(&layout->masked, "/srv/db.sock"));
}

static void free_layout(struct layout *layout)
{
    layout_free(layout);
    enforce_steps_free(&example_steps);
}

/* Index of the first step with this operation and path from `from` on; -1: none. */
static int find(const struct plan *plan, enum plan_operation operation, const char *path, int from)
{
    for (size_t i = (size_t)from; i < plan->count; i++) {
        if (plan->steps[i].operation == operation && (!path || strcmp(plan->steps[i].path, path) == 0))
            return (int)i;
    }
    return -1;
}

/* ---- layout ---- */

static void test_cover_is_the_nearest(void **state)
{
    struct layout layout;
    (void)state;
    fill_layout(&layout, true);
    assert_string_equal(layout_cover(&layout, PROJECT "/x")->path, PROJECT);
    assert_string_equal(layout_cover(&layout, PROJECT "s")->path, "/home/me/src");
    assert_string_equal(layout_cover(&layout, "/home/me/src")->path, "/home/me/src");
    assert_string_equal(layout_cover(&layout, "/home/me")->path, "/home");
    assert_null(layout_cover(&layout, "/srv/x"));
    free_layout(&layout);
}

/* Whatever the order of the plan's steps. */
static void test_what_is_above_comes_first(void **state)
{
    struct layout layout;
    (void)state;
    begin_layout(&layout, true);
    add_mount(&example_steps, ENFORCE_MAPPED_WRITE, "/srv/a/b/c", NULL);
    add_mount(&example_steps, ENFORCE_MASK, "/srv/a/b", NULL);
    add_mount(&example_steps, ENFORCE_MAPPED_WRITE, "/srv/a", NULL);
    add_mount(&example_steps, ENFORCE_MASK, "/srv/a-b", NULL); /* "-" is before "/" */
    take(&layout);
    static const char *const expected[] = {"/dev",     "/home",      "/run",     "/srv/a",
                                           "/srv/a/b", "/srv/a/b/c", "/srv/a-b", "/tmp"};
    assert_int_equal(layout.item_count, 8);
    for (size_t i = 0; i < 8; i++)
        assert_string_equal(layout.items[i].path, expected[i]);
    assert_true(layout.own_proc);
    free_layout(&layout);
}

/* Everything the keeper makes, it makes in its own file system: between the tmpfs on /dev and /dev's own cover. */
static void test_nothing_is_made_on_the_host(void **state)
{
    struct layout layout;
    struct plan plan = {0};
    (void)state;
    fill_layout(&layout, true);
    layout_make(&layout, &plan);
    assert_false(plan.failed);
    int opened = find(&plan, PLAN_PLACE, "/dev", 0);
    int covered = find(&plan, PLAN_PLACE, "/dev", opened + 1);
    assert_true(opened > 0 && covered > opened);
    assert_int_equal(find(&plan, PLAN_PLACE, "/dev", covered + 1), -1);
    int made = 0;
    for (int i = 0; i < (int)plan.count; i++) {
        const struct plan_step *step = &plan.steps[i];
        if (step->operation != PLAN_DIRECTORY && step->operation != PLAN_FILE && step->operation != PLAN_LINK)
            continue;
        made++;
        assert_true(path_is_beneath(PATH_POSIX, step->path, "/dev"));
        assert_true(i > opened && i < covered);
    }
    assert_true(made > 10);
    plan_free(&plan);
    free_layout(&layout);
}

static void test_host_is_copied_first_and_locked_before_places(void **state)
{
    struct layout layout;
    struct plan plan = {0};
    (void)state;
    fill_layout(&layout, true);
    layout_make(&layout, &plan);
    int private = find(&plan, PLAN_PRIVATE_ROOT, "/", 0);
    int workspace = find(&plan, PLAN_COPY, PROJECT, 0);
    int map = find(&plan, PLAN_MAP_OWNER, PROJECT, 0);
    int device = find(&plan, PLAN_COPY, "/dev/tty", 0);
    int returned = find(&plan, PLAN_COPY, "/run/resolvconf/resolv.conf", 0);
    int lock = find(&plan, PLAN_LOCK_ROOT, "/", 0);
    int home = find(&plan, PLAN_PLACE, "/home", 0);
    int inner = find(&plan, PLAN_PLACE, "/home/me/src", 0);
    int placed = find(&plan, PLAN_PLACE, PROJECT, 0);
    int proc = find(&plan, PLAN_PLACE, "/proc", 0);
    assert_int_equal(private, 0);
    assert_true(workspace > private && map == workspace + 1 && device > map && returned > device && lock > returned);
    assert_true(home > lock && inner > home && placed > inner);
    assert_true(proc > lock && proc < home);
    assert_true(plan.steps[workspace].flags & PLAN_SAME_FILE);
    assert_int_equal(plan.steps[workspace].device, 42);
    assert_int_equal(plan.steps[workspace].inode, 4001);
    assert_int_equal(plan.steps[placed].flags, 0); /* on what was made for it */
    assert_int_equal(plan.steps[map].uid, 1000);
    assert_int_equal(plan.steps[map].gid, 1001);
    assert_int_equal(plan.steps[map].flags, PLAN_NO_SUID | PLAN_NO_DEV | PLAN_RECURSIVE);
    assert_int_equal(plan.steps[lock].flags, PLAN_READ_ONLY | PLAN_NO_SUID | PLAN_NO_DEV);
    plan_free(&plan);
    free_layout(&layout);
}

static void test_the_way_to_the_workspace_is_made(void **state)
{
    struct layout layout;
    struct plan plan = {0};
    (void)state;
    fill_layout(&layout, true);
    layout_make(&layout, &plan);
    /* /home is item 1: me leads to the cover of src, which is item 2 and holds the workspace's mount point */
    assert_true(find(&plan, PLAN_DIRECTORY, "/dev/item1/me", 0) > 0);
    assert_true(find(&plan, PLAN_DIRECTORY, "/dev/item1/me/src", 0) > 0);
    assert_true(find(&plan, PLAN_DIRECTORY, "/dev/item2/project", 0) > 0);
    int home = find(&plan, PLAN_DIRECTORY, "/dev/item1/postern", 0);
    assert_true(home > 0);
    assert_int_equal(plan.steps[home].uid, 60800);
    assert_int_equal(plan.steps[home].mode, 0700);
    assert_int_equal(plan.steps[find(&plan, PLAN_DIRECTORY, "/dev/item1", 0)].mode, 0755);
    assert_int_equal(plan.steps[find(&plan, PLAN_DIRECTORY, "/dev/item4", 0)].mode, 0755);  /* /run */
    assert_int_equal(plan.steps[find(&plan, PLAN_DIRECTORY, "/dev/item5", 0)].mode, 01777); /* /tmp */
    int run = find(&plan, PLAN_SET_FLAGS, "/run", 0);
    assert_true(run > 0 && plan.steps[run].flags == PLAN_READ_ONLY);
    assert_int_equal(find(&plan, PLAN_SET_FLAGS, "/tmp", 0), -1);
    assert_true(find(&plan, PLAN_FILE, "/dev/item4/resolvconf/resolv.conf", 0) > 0);
    plan_free(&plan);
    free_layout(&layout);
}

/* Writable, denied in it, writable in that, denied in that: each in the one above, none covered again. */
static void test_mounts_and_masks_alternate(void **state)
{
    struct layout layout;
    struct plan plan = {0};
    (void)state;
    begin_layout(&layout, true);
    add_mount(&example_steps, ENFORCE_MAPPED_WRITE, "/srv/a", NULL);
    add_mount(&example_steps, ENFORCE_MASK, "/srv/a/b", NULL);
    add_mount(&example_steps, ENFORCE_MAPPED_WRITE, "/srv/a/b/x/c", NULL);
    add_mount(&example_steps, ENFORCE_MASK, "/srv/a/b/x/c/d", NULL);
    take(&layout);
    layout_make(&layout, &plan);
    int lock = find(&plan, PLAN_LOCK_ROOT, NULL, 0);
    assert_in_range(find(&plan, PLAN_COPY, "/srv/a/b/x/c", 0), 1, lock);
    int a = find(&plan, PLAN_PLACE, "/srv/a", lock), b = find(&plan, PLAN_PLACE, "/srv/a/b", lock);
    int c = find(&plan, PLAN_PLACE, "/srv/a/b/x/c", lock), d = find(&plan, PLAN_PLACE, "/srv/a/b/x/c/d", lock);
    assert_true(a > lock && b > a && c > b && d > c);
    assert_int_equal(plan.steps[b].flags, PLAN_SAME_FILE);
    assert_int_equal(plan.steps[b].inode, 4002);
    assert_int_equal(plan.steps[c].flags, 0);
    assert_int_equal(plan.steps[d].flags, PLAN_SAME_FILE);
    /* the mask that leads to c may be passed, not listed; the other not even that */
    int leading = find(&plan, PLAN_DIRECTORY, "/dev/item4", 0), way = find(&plan, PLAN_DIRECTORY, "/dev/item4/x", 0);
    assert_int_equal(plan.steps[leading].mode, 0111);
    assert_int_equal(plan.steps[way].mode, 0111);
    assert_true(find(&plan, PLAN_DIRECTORY, "/dev/item4/x/c", 0) > 0);
    assert_int_equal(plan.steps[find(&plan, PLAN_DIRECTORY, "/dev/no-directory", 0)].mode, 0);
    int closed = find(&plan, PLAN_SET_FLAGS, "/srv/a/b", lock);
    assert_int_equal(plan.steps[closed].flags, PLAN_READ_ONLY | PLAN_NO_SUID | PLAN_NO_DEV | PLAN_NO_EXEC);
    plan_free(&plan);
    free_layout(&layout);
}

static void test_masked_files(void **state)
{
    struct layout layout;
    struct plan plan = {0};
    (void)state;
    begin_layout(&layout, true);
    add_mount(&example_steps, ENFORCE_MAPPED_WRITE, "/srv/a", NULL);
    const struct policy_rule *file = add_rule("/srv/a/key", false);
    add_step(&example_steps, ENFORCE_MASK, file->path, file, NULL);
    const struct policy_rule *hidden = add_rule("/tmp/x/key", false);
    add_step(&example_steps, ENFORCE_MASK, hidden->path, hidden, NULL);
    struct policy_rule *missing = (struct policy_rule *)add_rule("/tmp/y", false);
    missing->missing = true;
    add_step(&example_steps, ENFORCE_MASK, missing->path, missing, NULL);
    take(&layout);
    layout_make(&layout, &plan);
    int made = find(&plan, PLAN_FILE, "/dev/no-file", 0);
    assert_true(made > 0);
    assert_int_equal(plan.steps[made].mode, 0);
    assert_true(find(&plan, PLAN_COPY, "/dev/no-file", made) > made);
    assert_int_equal(plan.steps[find(&plan, PLAN_PLACE, "/srv/a/key", 0)].flags, PLAN_SAME_FILE);
    /* beneath a place there is nothing of the host's to compare with */
    assert_int_equal(plan.steps[find(&plan, PLAN_PLACE, "/tmp/x/key", 0)].flags, 0);
    assert_true(find(&plan, PLAN_FILE, "/dev/item5/x/key", 0) > 0);
    assert_true(find(&plan, PLAN_DIRECTORY, "/dev/item5/y", 0) > 0);
    plan_free(&plan);
    free_layout(&layout);
}

static void test_read_only_parts_are_mapped_as_the_whole(void **state)
{
    struct layout layout;
    struct plan plan = {0};
    (void)state;
    begin_layout(&layout, true);
    struct policy_rule *whole = (struct policy_rule *)add_mount(&example_steps, ENFORCE_MAPPED_WRITE, "/srv/a", NULL);
    whole->uid = 2000;
    add_mount(&example_steps, ENFORCE_MAPPED_READ, "/srv/a/.git", whole);
    add_mount(&example_steps, ENFORCE_MAPPED_READ, "/srv/b", NULL);
    take(&layout);
    layout_make(&layout, &plan);
    const struct plan_step *part = &plan.steps[find(&plan, PLAN_MAP_OWNER, "/srv/a/.git", 0)];
    assert_int_equal(part->uid, 2000);
    assert_int_equal(part->flags, PLAN_READ_ONLY | PLAN_NO_SUID | PLAN_NO_DEV | PLAN_RECURSIVE | PLAN_MAY_STAY);
    const struct plan_step *other = &plan.steps[find(&plan, PLAN_MAP_OWNER, "/srv/b", 0)];
    assert_int_equal(other->uid, 1000);
    assert_int_equal(other->flags, PLAN_READ_ONLY | PLAN_NO_SUID | PLAN_NO_DEV | PLAN_RECURSIVE);
    plan_free(&plan);
    free_layout(&layout);
}

/* How often a step with this operation and path is taken. */
static int count(const struct plan *plan, enum plan_operation operation, const char *path)
{
    int times = 0;
    for (int at = -1; (at = find(plan, operation, path, at + 1)) >= 0;)
        times++;
    return times;
}

/* A directory above something held could be renamed, but no mount point can. */
static void test_ways_in_writable_mounts_are_pinned(void **state)
{
    struct layout layout;
    struct plan plan = {0};
    (void)state;
    begin_layout(&layout, true);
    add_mount(&example_steps, ENFORCE_MAPPED_WRITE, "/srv/a", NULL);
    add_mount(&example_steps, ENFORCE_MASK, "/srv/a/deep/er/one", NULL);
    add_mount(&example_steps, ENFORCE_MASK, "/srv/a/deep/other", NULL);
    add_mount(&example_steps, ENFORCE_MAPPED_READ, "/srv/a/direct", NULL);
    add_mount(&example_steps, ENFORCE_MASK, "/srv/a/direct/in/it", NULL); /* a read-only mount holds by itself */
    add_mount(&example_steps, ENFORCE_MASK, "/srv/plain/x", NULL);
    take(&layout);
    layout_make(&layout, &plan);
    static const char *const pinned[] = {"/srv/a/deep", "/srv/a/deep/er"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(count(&plan, PLAN_PLACE, pinned[i]), 1);
        int at = find(&plan, PLAN_PLACE, pinned[i], 0);
        assert_int_equal(plan.steps[at - 1].operation, PLAN_COPY);
        assert_string_equal(plan.steps[at - 1].path, pinned[i]);
        assert_true(at > find(&plan, PLAN_PLACE, "/srv/a", 0));
        assert_true(at < find(&plan, PLAN_PLACE, "/srv/a/deep/er/one", 0));
    }
    assert_int_equal(count(&plan, PLAN_PLACE, "/srv/a/direct"), 1);
    assert_int_equal(count(&plan, PLAN_PLACE, "/srv/a/direct/in"), 0);
    assert_int_equal(count(&plan, PLAN_PLACE, "/srv/plain"), 0);
    plan_free(&plan);
    free_layout(&layout);
}

/* /dev covers the workshop, so what goes into it is taken out before and placed after. */
static void test_items_in_dev_come_after_it(void **state)
{
    struct layout layout;
    struct plan plan = {0};
    (void)state;
    begin_layout(&layout, true);
    add_mount(&example_steps, ENFORCE_MASK, "/dev/shm", NULL);
    take(&layout);
    layout_make(&layout, &plan);
    int opened = find(&plan, PLAN_PLACE, "/dev", 0), covered = find(&plan, PLAN_PLACE, "/dev", opened + 1);
    int taken = find(&plan, PLAN_COPY, "/dev/no-directory", 0);
    assert_true(taken > opened && taken < covered);
    assert_int_equal(count(&plan, PLAN_PLACE, "/dev/shm"), 2); /* its own, then the mask */
    assert_int_equal(count(&plan, PLAN_PLACE, "/dev"), 2);
    int mask = find(&plan, PLAN_PLACE, "/dev/shm", find(&plan, PLAN_PLACE, "/dev/shm", 0) + 1);
    assert_true(mask > covered);
    assert_int_equal(plan.steps[mask].slot, plan.steps[taken].slot);
    plan_free(&plan);
    free_layout(&layout);
}

/* The same user could rename what we have made for him, but not in /dev, which is read-only. */
static void test_ways_of_ones_own_are_pinned(void **state)
{
    (void)state;
    for (int other_user = 0; other_user < 2; other_user++) {
        struct layout layout;
        struct plan plan = {0};
        begin_layout(&layout, other_user);
        add_mount(&example_steps, ENFORCE_MOUNT_READ, "/tmp/a/b", NULL);
        add_mount(&example_steps, ENFORCE_MOUNT_WRITE, "/tmp/c/d", NULL);
        add_mount(&example_steps, ENFORCE_MOUNT_READ, "/dev/e/f", NULL);
        take(&layout);
        layout_make(&layout, &plan);
        assert_int_equal(count(&plan, PLAN_PLACE, "/tmp/a"), other_user ? 0 : 1);
        assert_int_equal(count(&plan, PLAN_PLACE, "/tmp/c"), 0);
        assert_int_equal(count(&plan, PLAN_PLACE, "/dev/e"), 0);
        assert_int_equal(count(&plan, PLAN_PLACE, "/dev/e/f"), 1);
        plan_free(&plan);
        free_layout(&layout);
    }
}

static void test_hidden_account_files_are_left_alone(void **state)
{
    struct layout layout;
    struct plan plan = {0};
    (void)state;
    begin_layout(&layout, true);
    const struct policy_rule *file = add_rule("/etc/passwd", false);
    add_step(&example_steps, ENFORCE_MASK, file->path, file, NULL);
    take(&layout);
    layout_make(&layout, &plan);
    assert_int_equal(count(&plan, PLAN_PLACE, "/etc/passwd"), 1);
    assert_int_equal(count(&plan, PLAN_FILE, "/dev/passwd"), 0);
    assert_int_equal(count(&plan, PLAN_FILE, "/dev/group"), 1); /* the control */
    plan_free(&plan);
    free_layout(&layout);
}

static void test_own_user_keeps_its_ids(void **state)
{
    struct layout layout;
    struct plan plan = {0};
    (void)state;
    fill_layout(&layout, false);
    layout_make(&layout, &plan);
    assert_int_equal(find(&plan, PLAN_MAP_OWNER, NULL, 0), -1);
    assert_true(find(&plan, PLAN_SET_FLAGS, PROJECT, 0) > 0);
    /* such a user may be root, who could write /proc/sys */
    assert_true(plan.steps[find(&plan, PLAN_NEW_PROC, NULL, 0)].flags & PLAN_READ_ONLY);
    plan_free(&plan);
    free_layout(&layout);
}

static void test_too_many_mounts_are_refused(void **state)
{
    static char paths[ENFORCE_MOUNTS_MAX + 100][32];
    struct layout layout;
    struct plan plan = {0};
    struct buffer bytes;
    struct postern_error error = {0};
    (void)state;
    begin_layout(&layout, true);
    for (int i = 0; i < ENFORCE_MOUNTS_MAX; i++) {
        snprintf(paths[i], sizeof(paths[i]), "/srv/%04d", i);
        add_mount(&example_steps, ENFORCE_MAPPED_WRITE, paths[i], NULL);
    }
    take(&layout); /* as many as a plan may have, and the places */
    layout_make(&layout, &plan);
    assert_false(plan.failed);
    buffer_init(&bytes, PLAN_LIMIT);
    assert_true(plan_encode(&plan, &bytes));
    buffer_free(&bytes);
    plan_free(&plan);
    layout_free(&layout);
    memset(&layout, 0, sizeof(layout));
    for (int i = 0; i < 100; i++) {
        snprintf(paths[i], sizeof(paths[i]), "/usr/%04d", i);
        add_step(&example_steps, ENFORCE_MASK, paths[i], &rules[0], NULL);
    }
    assert_int_equal(layout_take(&example_steps, &host, &layout, &error), POSTERN_E_LIMIT);
    assert_true(error.remedy[0] != 0);
    free_layout(&layout);
}

/* ---- bytes ---- */

static void encode_example(struct plan *plan, struct buffer *bytes)
{
    struct layout layout;
    fill_layout(&layout, true);
    layout_make(&layout, plan);
    plan->header = (struct plan_header){
        .other_user = true, .uid = 60800, .gid = 60801, .has_log = true, .group_count = 2, .temporary = "/tmp/x"};
    buffer_init(bytes, PLAN_LIMIT);
    assert_true(plan_encode(plan, bytes));
    free_layout(&layout);
}

/* Reads all of it: the number of steps, or -1. */
static int decode(const void *data, size_t size)
{
    struct wire_reader reader;
    struct plan_header header;
    struct plan_step step;
    wire_reader_init(&reader, data, size);
    if (!plan_decode_header(&reader, &header))
        return -1;
    for (uint32_t i = 0; i < header.step_count; i++) {
        if (!plan_decode_step(&reader, &step))
            return -1;
    }
    return wire_read_all(&reader) ? (int)header.step_count : -1;
}

static void test_plan_survives_its_bytes(void **state)
{
    struct plan plan = {0};
    struct buffer bytes;
    struct wire_reader reader;
    struct plan_header header;
    struct plan_step step;
    (void)state;
    encode_example(&plan, &bytes);
    wire_reader_init(&reader, buffer_data(&bytes), buffer_length(&bytes));
    assert_true(plan_decode_header(&reader, &header));
    assert_true(header.other_user && header.has_log && header.group_count == 2);
    assert_int_equal(header.uid, 60800);
    assert_int_equal(header.gid, 60801);
    assert_string_equal(header.temporary, "/tmp/x");
    assert_int_equal(header.step_count, plan.count);
    for (size_t i = 0; i < plan.count; i++) {
        assert_true(plan_decode_step(&reader, &step));
        assert_int_equal(step.operation, plan.steps[i].operation);
        assert_int_equal(step.flags, plan.steps[i].flags);
        assert_int_equal(step.slot, plan.steps[i].slot);
        assert_int_equal(step.mode, plan.steps[i].mode);
        assert_int_equal(step.uid, plan.steps[i].uid);
        assert_int_equal(step.inode, plan.steps[i].inode);
        assert_string_equal(step.path, plan.steps[i].path);
        assert_string_equal(step.text, plan.steps[i].text);
    }
    assert_true(wire_read_all(&reader));
    buffer_free(&bytes);
    plan_free(&plan);
}

static void test_no_part_of_a_plan_is_a_plan(void **state)
{
    struct plan plan = {0};
    struct buffer bytes;
    (void)state;
    encode_example(&plan, &bytes);
    size_t size = buffer_length(&bytes);
    assert_int_equal(decode(buffer_data(&bytes), size), (int)plan.count);
    for (size_t cut = 0; cut < size; cut++) {
        unsigned char *copy = malloc(cut + 1); /* exact, so that the sanitizer sees reads beyond */
        assert_non_null(copy);
        memcpy(copy, buffer_data(&bytes), cut);
        assert_int_equal(decode(copy, cut), -1);
        free(copy);
    }
    buffer_free(&bytes);
    plan_free(&plan);
}

static void test_another_version_is_refused(void **state)
{
    struct plan plan = {0};
    struct buffer bytes;
    (void)state;
    encode_example(&plan, &bytes);
    buffer_data(&bytes)[8] ^= 1; /* first character of the version */
    assert_int_equal(decode(buffer_data(&bytes), buffer_length(&bytes)), -1);
    buffer_free(&bytes);
    plan_free(&plan);
}

static void test_report_survives_its_bytes(void **state)
{
    unsigned char bytes[REPORT_SIZE];
    struct report in = {
        .kind = REPORT_FAILED, .where = PLAN_MAP_OWNER, .os_error = 22, .call = "mount_setattr", .item = "/srv/x"};
    struct report out;
    struct postern_error error = {0};
    (void)state;
    report_encode(&in, bytes);
    assert_true(report_decode(bytes, sizeof(bytes), &out));
    assert_int_equal(out.where, PLAN_MAP_OWNER);
    assert_string_equal(out.item, "/srv/x");
    assert_false(report_decode(bytes, sizeof(bytes) - 1, &out));
    bytes[0] = 9;
    assert_false(report_decode(bytes, sizeof(bytes), &out));

    assert_int_equal(report_to_error(&in, &error), POSTERN_E_CONFINE);
    assert_int_equal(error.os_error, 22);
    assert_string_equal(error.operation, "mount_setattr");
    assert_non_null(strstr(error.message, "/srv/x"));
    assert_non_null(strstr(error.remedy, "ext4"));
}

/* ---- account files ---- */

static void test_account_files(void **state)
{
    static const char text[] = "root:x:0:0:root:/root:/bin/sh\nodd\nsys:x:60706:1::/:\npost:x:12:";
    (void)state;
    assert_true(user_text_has_id(text, 0));
    assert_true(user_text_has_id(text, 60706));
    assert_true(user_text_has_id(text, 12));
    assert_false(user_text_has_id(text, 6070));
    assert_false(user_text_has_id("", 0));
    assert_false(user_text_has_id("a:b\nc:d:e", 0));
    assert_true(user_text_has_name(text, "sys"));
    assert_false(user_text_has_name(text, "sy"));
    assert_false(user_text_has_name(text, "x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cover_is_the_nearest),
                                       cmocka_unit_test(test_what_is_above_comes_first),
                                       cmocka_unit_test(test_nothing_is_made_on_the_host),
                                       cmocka_unit_test(test_host_is_copied_first_and_locked_before_places),
                                       cmocka_unit_test(test_the_way_to_the_workspace_is_made),
                                       cmocka_unit_test(test_mounts_and_masks_alternate),
                                       cmocka_unit_test(test_masked_files),
                                       cmocka_unit_test(test_read_only_parts_are_mapped_as_the_whole),
                                       cmocka_unit_test(test_ways_in_writable_mounts_are_pinned),
                                       cmocka_unit_test(test_items_in_dev_come_after_it),
                                       cmocka_unit_test(test_ways_of_ones_own_are_pinned),
                                       cmocka_unit_test(test_hidden_account_files_are_left_alone),
                                       cmocka_unit_test(test_own_user_keeps_its_ids),
                                       cmocka_unit_test(test_too_many_mounts_are_refused),
                                       cmocka_unit_test(test_plan_survives_its_bytes),
                                       cmocka_unit_test(test_no_part_of_a_plan_is_a_plan),
                                       cmocka_unit_test(test_another_version_is_refused),
                                       cmocka_unit_test(test_report_survives_its_bytes),
                                       cmocka_unit_test(test_account_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
