/*
 * Plans: their bytes, the order of their steps, and the checks of paths and account files they are made from. Nothing
 * here needs root or changes anything.
 */
#include "elevated/plan_layout_linux.h"
#include "elevated/report_linux.h"
#include "elevated/user_linux.h"
#include "tests/support/test.h"

#include <stdlib.h>
#include <string.h>

/* ---- a layout with everything in it ---- */

static void fill_layout(struct layout *layout, bool other_user)
{
    memset(layout, 0, sizeof(*layout));
    layout->other_user = other_user;
    layout->uid = layout->gid = 60800;
    layout->own_proc = true;
    layout->workspace = "/home/alice/src/project";
    layout->workspace_device = 42;
    layout->workspace_inode = 4711;
    layout->workspace_uid = 1000;
    layout->workspace_gid = 1001;
    layout->places[0] = (struct layout_place){"/tmp", 01777, true};
    layout->places[1] = (struct layout_place){"/run", 0755, false};
    layout->places[2] = (struct layout_place){"/home", 0755, true};
    layout->places[3] = (struct layout_place){"/home/alice/src", 0755, false};
    layout->place_count = 4;
    layout->home = "/home/postern";
    layout->passwd_path = "/etc/passwd";
    layout->group_path = "/etc/group";
    layout->passwd = "root:x:0:0::/root:/bin/sh\n";
    layout->group = "root:x:0:\n";
    assert_true(strings_add(&layout->devices, "null"));
    assert_true(strings_add(&layout->devices, "tty"));
    assert_true(strings_add(&layout->returned, "/run/resolvconf/resolv.conf"));
    assert_true(strings_add(&layout->masked, "/srv/db.sock"));
}

static void free_layout(struct layout *layout)
{
    strings_free(&layout->devices);
    strings_free(&layout->returned);
    strings_free(&layout->masked);
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

static void test_beneath(void **state)
{
    (void)state;
    assert_true(layout_is_beneath("/a/b", "/a"));
    assert_true(layout_is_beneath("/a", "/a"));
    assert_true(layout_is_beneath("/a", "/"));
    assert_false(layout_is_beneath("/ab", "/a"));
    assert_false(layout_is_beneath("/", "/a"));
}

static void test_hiding_place_is_the_deepest(void **state)
{
    struct layout layout;
    (void)state;
    fill_layout(&layout, true);
    assert_string_equal(layout_hiding_place(&layout, "/home/alice/src/project")->path, "/home/alice/src");
    assert_string_equal(layout_hiding_place(&layout, "/home/alice/src")->path, "/home");
    assert_null(layout_hiding_place(&layout, "/home"));
    assert_null(layout_hiding_place(&layout, "/srv/x"));
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
        assert_true(layout_is_beneath(step->path, "/dev"));
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
    int workspace = find(&plan, PLAN_COPY, layout.workspace, 0);
    int map = find(&plan, PLAN_MAP_OWNER, layout.workspace, 0);
    int device = find(&plan, PLAN_COPY, "/dev/tty", 0);
    int returned = find(&plan, PLAN_COPY, "/run/resolvconf/resolv.conf", 0);
    int lock = find(&plan, PLAN_LOCK_ROOT, "/", 0);
    int home = find(&plan, PLAN_PLACE, "/home", 0);
    int inner = find(&plan, PLAN_PLACE, "/home/alice/src", 0);
    int placed = find(&plan, PLAN_PLACE, layout.workspace, 0);
    assert_int_equal(private, 0);
    assert_true(workspace > private && map == workspace + 1 && device > map && returned > device && lock > returned);
    assert_true(home > lock && inner > home && placed > inner);
    assert_int_equal(placed, (int)plan.count - 1);
    assert_true(plan.steps[workspace].flags & PLAN_SAME_FILE);
    assert_int_equal(plan.steps[workspace].inode, 4711);
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
    /* /home is place 2: alice leads to the cover of src, which is place 3 and holds the workspace's mount point */
    assert_true(find(&plan, PLAN_DIRECTORY, "/dev/place2/alice", 0) > 0);
    assert_true(find(&plan, PLAN_DIRECTORY, "/dev/place2/alice/src", 0) > 0);
    assert_true(find(&plan, PLAN_DIRECTORY, "/dev/place3/project", 0) > 0);
    int home = find(&plan, PLAN_DIRECTORY, "/dev/place2/postern", 0);
    assert_true(home > 0);
    assert_int_equal(plan.steps[home].uid, 60800);
    assert_int_equal(plan.steps[home].mode, 0700);
    assert_true(find(&plan, PLAN_FILE, "/dev/place1/resolvconf/resolv.conf", 0) > 0);
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
    assert_true(find(&plan, PLAN_SET_FLAGS, layout.workspace, 0) > 0);
    /* such a user may be root, who could write /proc/sys */
    assert_true(plan.steps[find(&plan, PLAN_NEW_PROC, NULL, 0)].flags & PLAN_READ_ONLY);
    plan_free(&plan);
    free_layout(&layout);
}

static void test_too_many_files_fail(void **state)
{
    struct layout layout;
    struct plan plan = {0};
    struct buffer bytes;
    (void)state;
    fill_layout(&layout, true);
    for (int i = 0; i < PLAN_SLOTS; i++)
        assert_true(strings_add(&layout.returned, "/run/x"));
    layout_make(&layout, &plan);
    buffer_init(&bytes, PLAN_LIMIT);
    assert_true(plan.failed);
    assert_false(plan_encode(&plan, &bytes));
    buffer_free(&bytes);
    plan_free(&plan);
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_beneath),
                                       cmocka_unit_test(test_hiding_place_is_the_deepest),
                                       cmocka_unit_test(test_nothing_is_made_on_the_host),
                                       cmocka_unit_test(test_host_is_copied_first_and_locked_before_places),
                                       cmocka_unit_test(test_the_way_to_the_workspace_is_made),
                                       cmocka_unit_test(test_own_user_keeps_its_ids),
                                       cmocka_unit_test(test_too_many_files_fail),
                                       cmocka_unit_test(test_plan_survives_its_bytes),
                                       cmocka_unit_test(test_no_part_of_a_plan_is_a_plan),
                                       cmocka_unit_test(test_another_version_is_refused),
                                       cmocka_unit_test(test_report_survives_its_bytes),
                                       cmocka_unit_test(test_account_files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
