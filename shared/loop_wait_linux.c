/*
 * loop_wait_linux.c - waiting for a process through its pidfd, or for any descriptor that becomes readable. Used on
 * both sides of the boundary.
 */
#include "shared/loop_linux.h"

#include <stdlib.h>
#include <sys/epoll.h>

struct loop_wait {
    struct loop_source source;
    struct loop_task task;
    struct loop *loop;
    int fd;
    loop_wait_fn *ended;
    void *context;
};

static void wait_event(struct loop_source *source, uint32_t events)
{
    struct loop_wait *wait = (struct loop_wait *)source;

    (void)events;
    loop_queue(wait->loop, &wait->task);
}

static void wait_serve(struct loop_task *task)
{
    struct loop_wait *wait = (struct loop_wait *)((char *)task - offsetof(struct loop_wait, task));

    wait->ended(wait->context); /* may have freed it */
}

int loop_wait_start(struct loop *loop, os_handle handle, loop_wait_fn *ended, void *context, struct loop_wait **out,
                    struct postern_error *error)
{
    struct loop_wait *wait = calloc(1, sizeof(*wait));
    int os_error;

    if (wait == NULL) {
        return error_memory(error, "loop");
    }
    wait->source.event = wait_event;
    wait->task.serve = wait_serve;
    wait->loop = loop;
    wait->fd = (int)handle;
    wait->ended = ended;
    wait->context = context;
    os_error = loop_watch(loop, wait->fd, EPOLLIN | EPOLLONESHOT, &wait->source);
    if (os_error != 0) {
        free(wait);
        return error_os(error, POSTERN_E_OS, "loop", "epoll_ctl", os_error, "cannot wait for a process");
    }
    *out = wait;
    return 0;
}

void loop_wait_stop(struct loop_wait *wait)
{
    if (wait == NULL) {
        return;
    }
    loop_unqueue(&wait->task);
    loop_unwatch(wait->loop, wait->fd);
    free(wait);
}
