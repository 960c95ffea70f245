/*
 * network_filter_win32.h - reading the filters that there are. Private to elevated/. Parent.
 */
#ifndef POSTERN_ELEVATED_NETWORK_FILTER_WIN32_H
#define POSTERN_ELEVATED_NETWORK_FILTER_WIN32_H

#include <windows.h>
#include <rpc.h>
#include <fwpmu.h>

#include "elevated/network_filter.h"

/* A session with the filtering service; closed with FwpmEngineClose0(). Everybody may open one. POSTERN_E_OS. */
int network_filter_open(HANDLE *engine, struct postern_error *error);

/* All of ours that there is; *out is freed with network_filter_state_free(), also after a failure. POSTERN_E_OS. */
int network_filter_read(HANDLE engine, struct network_filter_state *out, struct postern_error *error);

/* Whom a descriptor lets match, into `out`: sid, count and plain. */
void network_filter_read_users(const FWP_BYTE_BLOB *descriptor, struct network_filter_found *out);

GUID network_filter_guid(const struct network_filter_key *key);

/* error_os() with POSTERN_E_OS. `number` is what a function of the platform returned. */
int network_filter_failed(const char *call, DWORD number, const char *what, struct postern_error *error);

#endif
