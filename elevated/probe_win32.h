/*
 * probe_win32.h - where the facts of a Windows host come from; what is said about them is probe_windows.c's. Private to
 * elevated/probe_*win32.c. Parent; all of it looks, and changes nothing.
 */
#ifndef POSTERN_ELEVATED_PROBE_WIN32_H
#define POSTERN_ELEVATED_PROBE_WIN32_H

#include "elevated/probe_windows.h"

/* What could not be found out is in the `failure` of each. */

void probe_find_setup(struct probe_setup *out); /* probe_accounts_win32.c */

/* probe_host_win32.c */
void probe_find_firewall(unsigned accounts, struct probe_firewall *out); /* accounts: offline ones that there are */
void probe_find_filters(unsigned accounts, struct probe_filters *out);
void probe_find_console(struct probe_console *out);
void probe_find_station(struct probe_station *out);
bool probe_find_aliases(struct probe_aliases *out); /* false: memory is out; freed in any case */

/* The numbers of the release, from the system itself; all 0: unknown. */
void probe_find_release(uint32_t *major, uint32_t *minor, uint32_t *build);

#endif
