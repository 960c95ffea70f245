/*
 * elevated/launch_helper_linux.c from several threads at once: the copies it keeps are the process's.
 * threads: yes
 */
#include "elevated/launch_helper_linux.h"
#include "tests/support/host.h"
#include "tests/support/manifest.h"
#include "tests/support/test.h"

#include <dirent.h>
#include <stdio.h>

enum { THREADS = 4, ROUNDS = 50 };

static char folder[512];

struct worker {
    struct host_thread *thread;
    int refused;
};

static int open_and_pin(enum helper_kind kind)
{
    struct helper_directory directory;
    struct helper helper;
    helper_init(&helper);
    int result = helper_directory_open(&directory, folder, NULL);
    if (result == 0)
        result = helper_open(&directory, kind, &helper, NULL);
    helper_directory_close(&directory);
    if (result == 0)
        result = helper_pin(&helper, NULL);
    helper_close(&helper);
    return result;
}

static void work(void *context)
{
    struct worker *worker = context;
    for (int i = 0; i < ROUNDS; i++) {
        for (int kind = 0; kind < HELPER_KINDS; kind++)
            worker->refused += open_and_pin((enum helper_kind)kind) != 0;
    }
}

static int count_descriptors(void)
{
    int count = 0;
    DIR *directory = opendir("/proc/self/fd");
    while (directory && readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static void many_threads_pin_at_once(void **state)
{
    struct worker workers[THREADS] = {{NULL, 0}};
    (void)state;
    for (int kind = 0; kind < HELPER_KINDS; kind++)
        assert_int_equal(open_and_pin((enum helper_kind)kind), 0);
    int before = count_descriptors();
    for (int i = 0; i < THREADS; i++) {
        workers[i].thread = host_thread_start(work, &workers[i]);
        assert_non_null(workers[i].thread);
    }
    for (int i = 0; i < THREADS; i++) {
        host_thread_join(workers[i].thread);
        assert_int_equal(workers[i].refused, 0);
    }
    assert_int_equal(count_descriptors(), before); /* one copy of each is kept, however many were made */
}

static int set_up(void **state)
{
    static const char *const names[] = {"postern-runner", "postern-keeper"};
    (void)state;
    if (!host_make_directory(folder, sizeof(folder)))
        return -1;
    for (size_t i = 0; i < 2; i++) {
        char path[600];
        snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
        if (!host_copy_file("/bin/true", path))
            return -1;
    }
    return manifest_write(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    host_remove_directory(folder);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(many_threads_pin_at_once)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
