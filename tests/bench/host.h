/*
 * host.h - what the benchmarks ask of the system: clock, processors, and commands started directly, without postern,
 * to hold it against. host.c, host_linux.c, host_win32.c.
 */
#ifndef POSTERN_BENCH_HOST_H
#define POSTERN_BENCH_HOST_H

#include <stdbool.h>
#include <stddef.h>

double host_now(void); /* seconds on a clock that only goes forward */

/* Restricts this program, and what it starts from now on, to one processor, or gives it all back. Returns the number
 * of the processor, -1 when that cannot be done. */
int host_pin(bool one);

/* Path of this program, for the commands it is itself (child.h), and of the directory it is in. */
const char *host_self(void);
const char *host_directory(void);
/* Where the product's programs were built, two folders up. */
const char *host_product_directory(void);

/* A command started the plain way: its stdin and stdout are ours to write and read. */
enum direct_kind { DIRECT_PIPES, DIRECT_TERMINAL, DIRECT_NOTHING /* the null device */ };
struct direct {
    enum direct_kind kind;
    long process; /* process id, or a handle; 0: none */
    long in, out; /* descriptors or handles; -1: none */
};
/* argv[0] is a path or, on Linux, searched for in PATH. */
bool direct_start(const char *const *argv, enum direct_kind kind, struct direct *out);
size_t direct_read(struct direct *direct, void *data, size_t size); /* 0: the end */
bool direct_write(struct direct *direct, const void *data, size_t size);
bool direct_finish(struct direct *direct); /* closes, waits; true: it exited with 0 */
void direct_kill(struct direct *direct);   /* the same after killing it */

#endif
