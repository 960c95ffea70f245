/*
 * groups_linux.h - which control groups of sandboxes there are: what tests of limits look at before and after.
 */
#ifndef POSTERN_TESTS_SUPPORT_GROUPS_LINUX_H
#define POSTERN_TESTS_SUPPORT_GROUPS_LINUX_H

#include <sys/types.h>

/* How many of those that process `maker` has made are there now, where groups can be made at all. */
int groups_of(pid_t maker);

#endif
