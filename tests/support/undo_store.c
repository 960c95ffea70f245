/*
 * A journal in memory, see undo_store.h.
 */
#include "tests/support/undo_store.h"

#include <string.h>

#include "shared/error.h"

static int crash(struct postern_error *error)
{
    return error_set(error, POSTERN_E_OS, "test", "", "crash");
}

static int read_all(void *context, struct buffer *out, struct postern_error *error)
{
    struct test_undo_store *store = context;
    return buffer_append(out, store->data, store->size) ? 0 : error_memory(error, "test");
}

static int append(void *context, size_t size, const void *data, size_t length, struct postern_error *error)
{
    struct test_undo_store *store = context;
    bool fails = store->fuel && *store->fuel == 0;
    size_t arrives = fails && store->torn < length ? store->torn : fails ? length - 1 : length;
    if (size > store->size || size + length > sizeof(store->data))
        return crash(error);
    memcpy(store->data + size, data, arrives);
    store->size = size + arrives;
    store->exists = true;
    if (fails)
        return crash(error);
    if (store->fuel)
        --*store->fuel;
    return 0;
}

static int remove_all(void *context, struct postern_error *error)
{
    struct test_undo_store *store = context;
    if (store->fuel && (*store->fuel)-- == 0) {
        *store->fuel = 0;
        return crash(error);
    }
    store->size = 0;
    store->exists = false;
    return 0;
}

struct undo_store test_undo_store_make(struct test_undo_store *store)
{
    return (struct undo_store){store, read_all, append, remove_all};
}
