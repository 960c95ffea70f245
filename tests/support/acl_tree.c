/*
 * acl_tree.c - a made-up volume, see acl_tree.h.
 */
#include "tests/support/acl_tree.h"

#include "tests/support/test.h"

#include <stdio.h>
#include <string.h>

#include "shared/error.h"

#define OWNER "S-1-5-21-1-2-3-1000"
#define ALL_BELOW (ACE_TO_FILES | ACE_TO_DIRECTORIES)

/* ---- lists ---- */

static void widen(const struct acl_tree_list *from, struct acl_list *to)
{
    to->present = from->present;
    to->is_kept = from->is_kept;
    to->automatic = false;
    to->size = from->size;
    memcpy(to->data, from->data, from->size);
}

static void narrow(const struct acl_list *from, struct acl_tree_list *to)
{
    assert_true(from->size <= ACL_TREE_BYTES);
    memset(to, 0, sizeof(*to));
    to->present = from->present;
    to->is_kept = from->is_kept;
    to->size = from->size;
    memcpy(to->data, from->data, from->size);
}

static void empty_list(struct acl_tree_list *list)
{
    memset(list, 0, sizeof(*list));
    list->present = true;
    list->size = 8;
    list->data[0] = 2;
    list->data[2] = 8;
}

static unsigned count_of(const struct acl_tree_list *list)
{
    return list->data[4] | (unsigned)list->data[5] << 8;
}

/* At the end. */
static void append(struct acl_tree_list *list, const unsigned char *entry, size_t size, unsigned flags)
{
    unsigned count = count_of(list) + 1;
    assert_true(list->size + size <= ACL_TREE_BYTES);
    memcpy(list->data + list->size, entry, size);
    list->data[list->size + 1] = (unsigned char)flags;
    list->size += size;
    list->data[2] = (unsigned char)list->size;
    list->data[3] = (unsigned char)(list->size >> 8);
    list->data[4] = (unsigned char)count;
    list->data[5] = (unsigned char)(count >> 8);
}

static void append_entry(struct acl_tree_list *list, bool deny, unsigned flags, uint32_t mask, const char *sid)
{
    struct acl_sid read;
    unsigned char entry[8 + ACL_SID_MAX];
    assert_true(acl_sid_read(sid, &read));
    entry[0] = deny;
    entry[2] = (unsigned char)(8 + read.size);
    entry[3] = 0;
    for (int i = 0; i < 4; i++)
        entry[4 + i] = (unsigned char)(mask >> (8 * i));
    memcpy(entry + 8, read.data, read.size);
    append(list, entry, 8 + read.size, flags);
}

static void inherit(const struct acl_tree_list *above, bool directory, struct acl_tree_list *out)
{
    size_t at = 8;
    bool any = false;
    empty_list(out);
    for (unsigned i = above->present ? count_of(above) : 0; i > 0; i--) {
        const unsigned char *entry = above->data + at;
        size_t size = entry[2] | (size_t)entry[3] << 8;
        at += size;
        if (!(entry[1] & (directory ? ACE_TO_DIRECTORIES : ACE_TO_FILES)))
            continue;
        append(out, entry, size, ACE_INHERITED | (directory ? entry[1] & ALL_BELOW : 0u));
        any = true;
    }
    if (!any)
        append_entry(out, false, 0, ACE_FILE_ALL, OWNER);
}

void acl_tree_add(struct acl_tree_object *object, bool deny, unsigned flags, uint32_t mask, const char *sid)
{
    append_entry(&object->list, deny, flags, mask, sid);
    object->base = object->list;
}

void acl_tree_clear(struct acl_tree_object *object)
{
    empty_list(&object->list);
    object->base = object->list;
}

void acl_tree_text(const struct acl_tree_object *object, const struct acl_tree_name *names, char *out, size_t size)
{
    size_t at = 8, used = 0;
    out[0] = '\0';
    for (unsigned i = count_of(&object->list); i > 0; i--) {
        const unsigned char *entry = object->list.data + at;
        const char *name = "?";
        unsigned mask = entry[4] | (unsigned)entry[5] << 8 | (unsigned)entry[6] << 16 | (unsigned)entry[7] << 24;
        for (const struct acl_tree_name *each = names; each->sid; each++) {
            struct acl_sid sid;
            assert_true(acl_sid_read(each->sid, &sid));
            if (memcmp(entry + 8, sid.data, sid.size) == 0)
                name = each->name;
        }
        used += (size_t)snprintf(out + used, size - used, "%s%s%c%s%s%s:%x:%s", used > 0 ? " " : "",
                                 entry[1] & ACE_INHERITED ? "*" : "", entry[0] ? 'D' : 'A',
                                 entry[1] & ACE_TO_FILES ? "o" : "", entry[1] & ACE_TO_DIRECTORIES ? "c" : "",
                                 entry[1] & ACE_NOT_HERE ? "n" : "", mask, name);
        assert_true(used < size);
        at += entry[2] | (size_t)entry[3] << 8;
    }
}

/* ---- objects ---- */

void acl_tree_init(struct acl_tree *tree)
{
    memset(tree, 0, sizeof(*tree));
    tree->count = 1;
    tree->item[0].there = tree->item[0].directory = true;
    tree->item[0].names = 1;
    empty_list(&tree->item[0].list);
    acl_tree_add(&tree->item[0], false, ALL_BELOW, ACE_FILE_ALL, OWNER);
    acl_tree_add(&tree->item[0], false, ALL_BELOW, ACE_FILE_READ, SID_USERS);
}

size_t acl_tree_make(struct acl_tree *tree, size_t above, const char *name, bool directory)
{
    if (tree->count == ACL_TREE_OBJECTS)
        return 0;
    struct acl_tree_object *object = &tree->item[tree->count];
    memset(object, 0, sizeof(*object));
    object->there = true;
    object->directory = directory;
    object->names = 1;
    object->above = above;
    snprintf(object->name, sizeof(object->name), "%s", name);
    inherit(&tree->item[above].list, directory, &object->list);
    inherit(&tree->item[above].base, directory, &object->base);
    return tree->count++;
}

size_t acl_tree_find(const struct acl_tree *tree, const char *path)
{
    for (size_t i = 1; i < tree->count; i++) {
        char text[512];
        acl_tree_path(tree, i, text, sizeof(text));
        if (tree->item[i].there && strcmp(text, path) == 0)
            return i;
    }
    return 0;
}

bool acl_tree_is_beneath(const struct acl_tree *tree, size_t index, size_t directory)
{
    for (;; index = tree->item[index].above) {
        if (index == directory)
            return true;
        if (index == 0)
            return false;
    }
}

void acl_tree_path(const struct acl_tree *tree, size_t index, char *out, size_t size)
{
    char text[512];
    snprintf(out, size, "%s", "");
    for (; index != 0; index = tree->item[index].above) {
        snprintf(text, sizeof(text), "\\%s%s", tree->item[index].name, out);
        snprintf(out, size, "%s", text);
    }
    snprintf(text, sizeof(text), "C:%s", out[0] ? out : "\\");
    snprintf(out, size, "%s", text);
}

/* ---- operations ---- */

static int crash(struct postern_error *error)
{
    return error_set(error, POSTERN_E_OS, "test", "", "crash");
}

static bool burn(struct acl_tree *tree)
{
    if (!tree->fuel)
        return true;
    if (*tree->fuel == 0)
        return false;
    --*tree->fuel;
    return true;
}

static int open_object(struct acl_tree *tree, size_t index, struct acl_node *out, struct postern_error *error)
{
    struct acl_tree_object *object = &tree->item[index];
    if (object->vanishes)
        object->there = false;
    if (!object->there)
        return ACL_GONE;
    if (object->refuses) {
        error_set(error, POSTERN_E_CONFINE, "test", "", "%s is refused", object->name);
        return ACL_REFUSED;
    }
    *out = (struct acl_node){.handle = (intptr_t)index,
                             .directory = object->directory,
                             .link = object->link,
                             .elsewhere = object->elsewhere,
                             .names = object->names};
    memcpy(out->identity, &index, sizeof(index));
    tree->open++;
    return 0;
}

static int open_path(void *context, const char *path, enum acl_purpose purpose, struct acl_node *out,
                     struct postern_error *error)
{
    struct acl_tree *tree = context;
    (void)purpose;
    if (!burn(tree))
        return crash(error);
    size_t index = acl_tree_find(tree, path);
    return index == 0 && strcmp(path, "C:\\") != 0 ? ACL_GONE : open_object(tree, index, out, error);
}

static int open_in(void *context, const struct acl_node *above, const void *name, size_t size, bool directory,
                   enum acl_purpose purpose, struct acl_node *out, struct postern_error *error)
{
    struct acl_tree *tree = context;
    (void)directory, (void)purpose;
    if (!burn(tree))
        return crash(error);
    for (size_t i = 1; i < tree->count; i++) {
        const struct acl_tree_object *object = &tree->item[i];
        if (object->there && object->above == (size_t)above->handle && strlen(object->name) == size &&
            memcmp(object->name, name, size) == 0)
            return open_object(tree, i, out, error);
    }
    return ACL_GONE;
}

static void close_node(void *context, struct acl_node *node)
{
    struct acl_tree *tree = context;
    assert_true(node->handle >= 0);
    node->handle = -1;
    tree->open--;
}

static int list(void *context, const struct acl_node *node, acl_each *each, void *walk, struct postern_error *error)
{
    struct acl_tree *tree = context;
    int code = 0;
    assert_true(node->directory && !node->link);
    for (size_t i = 1; i < tree->count && code == 0; i++) {
        const struct acl_tree_object *object = &tree->item[i];
        if (!object->there || object->above != (size_t)node->handle)
            continue;
        code = burn(tree) ? each(walk, object->name, strlen(object->name),
                                 object->directory != object->listed_otherwise, error)
                          : crash(error);
    }
    return code;
}

static void describe(void *context, const struct acl_node *node, char *out, size_t size)
{
    acl_tree_path(context, (size_t)node->handle, out, size);
}

static int lock(void *context, const struct acl_node *node, struct postern_error *error)
{
    struct acl_tree *tree = context;
    (void)node;
    if (!burn(tree))
        return crash(error);
    assert_int_equal(tree->locked++, 0);
    return 0;
}

static void unlock(void *context, const struct acl_node *node)
{
    struct acl_tree *tree = context;
    (void)node;
    assert_int_equal(--tree->locked, 0);
}

static int read_list(void *context, const struct acl_node *node, struct acl_list *out, struct postern_error *error)
{
    struct acl_tree *tree = context;
    if (!burn(tree))
        return crash(error);
    widen(&tree->item[node->handle].list, out);
    return 0;
}

static int write_list(void *context, const struct acl_node *node, const struct acl_list *from,
                      struct postern_error *error)
{
    struct acl_tree *tree = context;
    struct acl_tree_object *object = &tree->item[node->handle];
    if (!burn(tree))
        return crash(error);
    assert_int_equal(tree->locked, 1);
    assert_true(acl_list_is_sound(from) && from->present && from->is_kept == object->list.is_kept);
    narrow(from, &object->list);
    tree->writes++;
    return 0;
}

static int remove_object(void *context, struct acl_node *node, struct postern_error *error)
{
    struct acl_tree *tree = context;
    struct acl_tree_object *object = &tree->item[node->handle];
    if (!burn(tree))
        return crash(error);
    for (size_t i = 1; i < tree->count; i++) {
        if (tree->item[i].there && tree->item[i].above == (size_t)node->handle)
            return error_set(error, POSTERN_E_CONFINE, "test", "", "%s is not empty", object->name);
    }
    object->there = false;
    return 0;
}

struct acl_system acl_tree_system(struct acl_tree *tree)
{
    return (struct acl_system){tree, open_path, open_in,   close_node, list,         describe,
                               lock, unlock,    read_list, write_list, remove_object};
}
