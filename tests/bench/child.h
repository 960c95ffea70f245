/*
 * child.h - the commands that are started by the benchmarks, directly and through postern: this same program with
 * --child. child.c, child_linux.c, child_win32.c.
 *
 *   write BYTES CHUNK    writes so many bytes to stdout, CHUNK at a time
 *   echo                 returns every byte of stdin on stdout
 *   echo-raw             the same on a terminal, in raw mode; begins with one byte 'r' once it is
 *   nothing              ends at once
 *   idle                 says one byte 'r', then waits for the end of stdin
 *   relay COMMAND...     starts the command on pipes and relays, as the smallest runner there could be
 *   relay-tty COMMAND... the same with a terminal
 */
#ifndef POSTERN_BENCH_CHILD_H
#define POSTERN_BENCH_CHILD_H

#include <stdbool.h>
#include <stddef.h>

/* argc and argv from behind --child. Returns the exit status. */
int child_main(int argc, char **argv);

/* Of the platform: the bare system calls. */
void child_prepare(void);                           /* stdin and stdout carry bytes, not text */
bool child_write(const void *data, size_t size);    /* all to stdout */
size_t child_read(void *data, size_t size);         /* of stdin; 0: its end */
bool child_raw(void);                               /* puts the terminal into raw mode */
int child_relay(const char *const *argv, bool tty); /* Linux only; elsewhere it fails */

#endif
