/*
 * undo_record.h - the journal of changes to the host: each is written, and on disk, before it is made, with what was
 * there before; so that all can be taken back exactly, also after a crash at any point. Portable: what it is written to
 * is a table of operations. Callers: setup.c, acl_restore.c. Parent.
 *
 * The form: a line "postern-undo 1", then a line for each record: the first 16 hexadecimal digits of the SHA-256 of
 * what follows, and its fields, separated by tabs, with control characters, "%" and bytes above 126 as %NN: change KIND
 * NAME absent          the item KIND NAME is about to be made; it was not there change KIND NAME was VALUE       it is
 * about to be changed; it was VALUE undone NUMBER                    the change of that number, counted from 0, has
 * been taken back
 *
 * Read strictly: a bad line is an error, not skipped, because a change may be behind it. But for a last one without its
 * end, or with zeros in it: that is what a crash tore, and since a change is made only after its record is on disk,
 * that change was never made.
 */
#ifndef POSTERN_ELEVATED_UNDO_RECORD_H
#define POSTERN_ELEVATED_UNDO_RECORD_H

#include "shared/buffer.h"
#include "shared/error.h"

#define UNDO_SIZE_MAX 1048576u /* bytes of a journal */
#define UNDO_TEXT_MAX 4096u    /* bytes of a kind, name or value */

/* Where a journal is. All return 0 or an error that they filled. */
struct undo_store {
    void *context;
    /* Appends all there is; nothing, where there is no journal yet. */
    int (*read)(void *context, struct buffer *out, struct postern_error *error);
    /* Cuts the journal to `size` bytes and appends; on disk, and not only in a cache, when it returns 0. */
    int (*append)(void *context, size_t size, const void *data, size_t length, struct postern_error *error);
    /* Removes the journal; it may not exist. */
    int (*remove)(void *context, struct postern_error *error);
};

struct undo_change {
    char *kind, *name;
    char *before; /* NULL: it was not there */
    bool undone;
};

struct undo_journal {
    const struct undo_store *store; /* borrowed */
    struct undo_change *item;
    size_t count, capacity;
    size_t size; /* bytes that are sound; what is behind is cut with the next record */
};

/* Reads what there is. POSTERN_E_STATE: the journal is damaged; line and problem. */
int undo_open(struct undo_journal *journal, const struct undo_store *store, struct postern_error *error);
void undo_close(struct undo_journal *journal); /* frees; the journal stays where it is */

/* The change of an item that is not undone; NULL: none. */
const struct undo_change *undo_find(const struct undo_journal *journal, const char *kind, const char *name);

/* Writes down that an item is about to be changed. Only when it returns 0 may that be done. What has a record already
 * gets no other: taking it back leads to what was there before the first change. */
int undo_note(struct undo_journal *journal, const char *kind, const char *name, const char *before,
              struct postern_error *error);

/* Takes back what is not undone, the last first: `restore` puts the item into the state before, and says 0 also if it
 * is in it already; then that is written down. Stops at the first failure; another call goes on there. In the end the
 * journal is removed. */
typedef int (*undo_restore)(void *context, const struct undo_change *change, struct postern_error *error);
int undo_replay(struct undo_journal *journal, undo_restore restore, void *context, struct postern_error *error);

/* The same for changes that do not build on one another: goes on after a failure, and tells of the first. */
int undo_replay_each(struct undo_journal *journal, undo_restore restore, void *context, struct postern_error *error);

#endif
