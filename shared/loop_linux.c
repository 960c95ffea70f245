/*
 * loop_linux.c - the event loop on epoll: queue, waiting, timers, wake-up. Streams are in loop_stream_linux.c, ended
 * processes in loop_wait_linux.c. Used on both sides of the boundary; it knows nothing about what flows through it.
 */
#include "shared/loop_linux.h"

#include "shared/system.h"
#include "shared/timers.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define LOOP_EVENTS 64

/* With work at hand, the system is asked for news only every so many rounds: a busy stream costs no epoll_wait() per
 * read, and the others still wait for a few reads at most. */
#define LOOP_ROUNDS_UNASKED 8

struct loop {
    int epoll;
    int wakeup;           /* eventfd, edge-triggered: never read, each write is an event */
    int clock;            /* timerfd in the epoll set, once somebody polls us; else -1 */
    uint64_t clock_at_us; /* when the timerfd fires; 0: not set */
    atomic_bool woken;    /* a wake-up is on its way: no need for another */
    bool running;
    unsigned unasked;
    uint64_t round;
    size_t watched;
    struct loop_task ready; /* head of the ring of tasks to serve in this round */
    struct loop_task later; /* ... of those that have been served in it already */
    struct loop_source on_wakeup, on_clock;
    struct timers timers;
};

/* ---- the queue ---- */

static void ring_init(struct loop_task *head)
{
    head->next = head->previous = head;
}

static bool ring_empty(const struct loop_task *head)
{
    return head->next == head;
}

static void ring_append(struct loop_task *head, struct loop_task *task)
{
    task->previous = head->previous;
    task->next = head;
    head->previous->next = task;
    head->previous = task;
}

/* Appends all of `from` to `to`, leaving `from` empty. */
static void ring_move(struct loop_task *to, struct loop_task *from)
{
    if (ring_empty(from)) {
        return;
    }
    from->next->previous = to->previous;
    to->previous->next = from->next;
    from->previous->next = to;
    to->previous = from->previous;
    ring_init(from);
}

void loop_unqueue(struct loop_task *task)
{
    if (task->next == NULL) {
        return;
    }
    task->previous->next = task->next;
    task->next->previous = task->previous;
    task->next = task->previous = NULL;
}

/*
 * Whoever polls our epoll descriptor instead of calling loop_run_once() must see it readable when something is queued
 * or a timer is due. A timer that has moved to a later time leaves the clock as it is: one needless wake-up is cheaper
 * than a system call for every restart.
 */
static void settle(struct loop *loop)
{
    struct itimerspec setting = {{0, 0}, {0, 0}};
    uint64_t now_us;
    int64_t wait_us;

    if (loop->clock < 0 || loop->running) {
        return;
    }
    if (!ring_empty(&loop->ready)) {
        loop_wake(loop);
        return;
    }
    now_us = system_now_us();
    wait_us = timers_next(&loop->timers, now_us);
    if (wait_us < 0 || (loop->clock_at_us != 0 && loop->clock_at_us <= now_us + (uint64_t)wait_us)) {
        return;
    }
    setting.it_value.tv_sec = (time_t)(wait_us / 1000000);
    setting.it_value.tv_nsec = (long)(wait_us % 1000000) * 1000 + 1; /* 0 would switch it off */
    if (timerfd_settime(loop->clock, 0, &setting, NULL) == 0) {
        loop->clock_at_us = now_us + (uint64_t)wait_us;
    } else {
        loop_wake(loop); /* never lose a timer: the poller comes, and tries again */
    }
}

void loop_queue(struct loop *loop, struct loop_task *task)
{
    if (task->next != NULL) {
        return;
    }
    if (loop->running && task->round == loop->round) {
        ring_append(&loop->later, task);
    } else {
        ring_append(&loop->ready, task);
        settle(loop);
    }
}

static void serve_tasks(struct loop *loop)
{
    while (!ring_empty(&loop->ready)) {
        struct loop_task *task = loop->ready.next;

        loop_unqueue(task);
        task->round = loop->round;
        task->serve(task);
    }
}

/* ---- the epoll set ---- */

static int control(struct loop *loop, int operation, int fd, uint32_t events, struct loop_source *source)
{
    struct epoll_event event = {.events = events, .data = {.ptr = source}};

    return epoll_ctl(loop->epoll, operation, fd, &event) == 0 ? 0 : errno;
}

int loop_watch(struct loop *loop, int fd, uint32_t events, struct loop_source *source)
{
    int os_error = control(loop, EPOLL_CTL_ADD, fd, events, source);

    if (os_error == 0) {
        loop->watched++;
    }
    return os_error;
}

int loop_rewatch(struct loop *loop, int fd, uint32_t events, struct loop_source *source)
{
    return control(loop, EPOLL_CTL_MOD, fd, events, source);
}

/* Closing a descriptor removes it from the set only when it was the last of its open file, so it is always removed. */
void loop_unwatch(struct loop *loop, int fd)
{
    assert(loop->watched > 0);
    (void)control(loop, EPOLL_CTL_DEL, fd, 0, NULL);
    loop->watched--;
}

static void on_wakeup(struct loop_source *source, uint32_t events)
{
    struct loop *loop = (struct loop *)((char *)source - offsetof(struct loop, on_wakeup));

    (void)events;
    atomic_store(&loop->woken, false);
}

static void on_clock(struct loop_source *source, uint32_t events)
{
    struct loop *loop = (struct loop *)((char *)source - offsetof(struct loop, on_clock));

    (void)events;
    loop->clock_at_us = 0;
}

/* epoll_wait() takes milliseconds: rounded up, so that it does not return just before a timer and spin. */
static int wait_ms(const struct loop *loop, int64_t timeout_us)
{
    int64_t timer_us = loop->timers.count == 0 ? -1 : timers_next(&loop->timers, system_now_us());

    if (timer_us >= 0 && (timeout_us < 0 || timer_us < timeout_us)) {
        timeout_us = timer_us;
    }
    if (timeout_us < 0) {
        return -1;
    }
    return timeout_us / 1000 >= INT_MAX ? INT_MAX : (int)((timeout_us + 999) / 1000);
}

static int gather_events(struct loop *loop, int64_t timeout_us, struct postern_error *error)
{
    struct epoll_event events[LOOP_EVENTS];
    bool busy = !ring_empty(&loop->ready);
    int count;

    /* Somebody who polls us sees events until they are fetched: then always ask. */
    if (busy && loop->clock < 0 && ++loop->unasked < LOOP_ROUNDS_UNASKED) {
        return 0;
    }
    loop->unasked = 0;
    count = epoll_wait(loop->epoll, events, LOOP_EVENTS, busy ? 0 : wait_ms(loop, timeout_us));
    if (count < 0) {
        /* A signal may be what the caller waits for: return to it. */
        return errno == EINTR ? 0
                              : error_os(error, POSTERN_E_OS, "loop", "epoll_wait", errno, "cannot wait for events");
    }
    for (int i = 0; i < count; i++) {
        struct loop_source *source = events[i].data.ptr;

        source->event(source, events[i].events);
    }
    return 0;
}

/* ---- timers ---- */

static void fire_timers(struct loop *loop)
{
    uint64_t now_us;

    if (loop->timers.count == 0) {
        return;
    }
    now_us = system_now_us();
    /* Bounded, because a timer may restart itself with no delay within the same microsecond. */
    for (size_t left = loop->timers.count; left > 0; left--) {
        struct loop_timer *timer = timers_pop(&loop->timers, now_us);

        if (timer == NULL) {
            return;
        }
        timer->fire(timer->context);
    }
}

bool loop_timer_start(struct loop *loop, struct loop_timer *timer, uint64_t delay_us, loop_timer_fn *fire,
                      void *context)
{
    uint64_t now_us = system_now_us();

    loop_timer_stop(timer);
    if (delay_us > UINT64_MAX - now_us) {
        return true; /* never */
    }
    timer->at_us = now_us + delay_us;
    timer->fire = fire;
    timer->context = context;
    timer->loop = loop;
    if (!timers_add(&loop->timers, timer)) {
        return false;
    }
    settle(loop);
    return true;
}

void loop_timer_stop(struct loop_timer *timer)
{
    if (timer->position != 0) {
        timers_remove(&timer->loop->timers, timer);
    }
}

bool loop_timer_running(const struct loop_timer *timer)
{
    return timer->position != 0;
}

/* ---- the loop itself ---- */

static int add_wakeup(struct loop *loop, struct postern_error *error)
{
    int os_error;

    loop->wakeup = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->wakeup < 0) {
        return error_os(error, POSTERN_E_OS, "loop", "eventfd", errno, "cannot make the event loop");
    }
    os_error = control(loop, EPOLL_CTL_ADD, loop->wakeup, EPOLLIN | EPOLLET, &loop->on_wakeup);
    if (os_error != 0) {
        return error_os(error, POSTERN_E_OS, "loop", "epoll_ctl", os_error, "cannot make the event loop");
    }
    return 0;
}

int loop_create(struct loop **out, struct postern_error *error)
{
    struct loop *loop = calloc(1, sizeof(*loop));
    int result;

    if (loop == NULL) {
        return error_memory(error, "loop");
    }
    loop->wakeup = loop->clock = -1;
    loop->on_wakeup.event = on_wakeup;
    loop->on_clock.event = on_clock;
    ring_init(&loop->ready);
    ring_init(&loop->later);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll < 0) {
        result = error_os(error, POSTERN_E_OS, "loop", "epoll_create1", errno, "cannot make the event loop");
        goto out;
    }
    result = add_wakeup(loop, error);
out:
    if (result != 0) {
        loop_destroy(loop);
        return result;
    }
    *out = loop;
    return 0;
}

void loop_destroy(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    assert(!loop->running && loop->watched == 0 && ring_empty(&loop->ready));
    timers_free(&loop->timers);
    if (loop->clock >= 0) {
        (void)close(loop->clock);
    }
    if (loop->wakeup >= 0) {
        (void)close(loop->wakeup);
    }
    if (loop->epoll >= 0) {
        (void)close(loop->epoll);
    }
    free(loop);
}

int loop_run_once(struct loop *loop, int64_t timeout_us, struct postern_error *error)
{
    int result;

    assert(!loop->running);
    loop->running = true;
    loop->round++;
    result = gather_events(loop, timeout_us, error);
    if (result == 0) {
        /* Streams before timers: bytes that have come restart the timer that waits for their absence. */
        serve_tasks(loop);
        fire_timers(loop);
    }
    /* Last: a timer, too, may have queued what had its turn in this round. */
    ring_move(&loop->ready, &loop->later);
    loop->running = false;
    settle(loop);
    return result;
}

/* Also fit for signal handlers. */
void loop_wake(struct loop *loop)
{
    int saved = errno;
    uint64_t one = 1;

    if (!atomic_exchange(&loop->woken, true)) {
        (void)!write(loop->wakeup, &one, sizeof(one)); /* fails only when 2^64 - 2 wake-ups have been counted */
    }
    errno = saved;
}

os_handle loop_pollable(struct loop *loop, struct postern_error *error)
{
    int os_error;
    int clock;

    if (loop->clock >= 0) {
        return loop->epoll;
    }
    clock = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (clock < 0) {
        (void)error_os(error, POSTERN_E_OS, "loop", "timerfd_create", errno, "cannot make the loop pollable");
        return OS_HANDLE_NONE;
    }
    os_error = control(loop, EPOLL_CTL_ADD, clock, EPOLLIN | EPOLLET, &loop->on_clock);
    if (os_error != 0) {
        (void)close(clock);
        (void)error_os(error, POSTERN_E_OS, "loop", "epoll_ctl", os_error, "cannot make the loop pollable");
        return OS_HANDLE_NONE;
    }
    loop->clock = clock;
    settle(loop);
    return loop->epoll;
}
