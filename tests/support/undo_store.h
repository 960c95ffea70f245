/*
 * undo_store.h - a journal of elevated/undo_record.h in memory, whose writes fail when a test says so.
 */
#ifndef POSTERN_TESTS_SUPPORT_UNDO_STORE_H
#define POSTERN_TESTS_SUPPORT_UNDO_STORE_H

#include "elevated/undo_record.h"

struct test_undo_store {
    unsigned char data[65536];
    size_t size;
    bool exists;
    int *fuel;   /* each write takes one; at 0 it fails. NULL: never */
    size_t torn; /* bytes of a failing write that arrive nonetheless, if the write is that long */
};
struct undo_store test_undo_store_make(struct test_undo_store *store);

#endif
