/*
 * acl_device_win32.c - the NUL device, to which many scripts write (`> NUL`). As a rule everybody may, but app
 * containers are not among everybody. Where the sandbox's SIDs may not, they get an entry, which takes an
 * administrator. Parent.
 */
#include "elevated/acl_win32.h"

#include <stdlib.h>

#include "shared/sddl.h"

#define NUL_DEVICE "\\\\.\\NUL"
#define READ_AND_WRITE (FILE_GENERIC_READ | FILE_GENERIC_WRITE)

static int open_device(DWORD access, struct acl_node *out, struct postern_error *error)
{
    HANDLE handle =
        CreateFileW(L"\\\\.\\NUL", access, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
    if (handle == INVALID_HANDLE_VALUE) {
        error_os(error, POSTERN_E_CONFINE, ACL_STAGE, "CreateFileW", (int64_t)GetLastError(),
                 "commands can't write to " NUL_DEVICE ", and its access list can't be changed");
        error_remedy(error, "start postern once as administrator, or let everybody write to the device again");
        return POSTERN_E_CONFINE;
    }
    *out = (struct acl_node){.handle = (intptr_t)handle, .names = 1};
    return 0;
}

/* Who the entries of a list have to be for. An app container is asked about itself and all containers, others about
 * everybody, who is among the SIDs of a restricted token as well. */
static size_t who(const struct acl_sids *sids, struct acl_sid out[2])
{
    const char *everybody = sids->capability ? "S-1-1-0" : "S-1-15-2-1";
    const char *own = sids->capability ? sids->capability : sids->account;
    return acl_sid_read(own, &out[0]) && acl_sid_read(everybody, &out[1]) ? 2 : 0;
}

static int add_entry(const struct acl_system *system, const struct acl_sids *sids, struct acl_list *list,
                     struct postern_error *error)
{
    struct acl_node node;
    const char *const names[2] = {sids->account, sids->capability};
    int code = open_device(READ_CONTROL | WRITE_DAC, &node, error);
    if (code != 0)
        return code;
    code = system->read(system->context, &node, list, error);
    for (int i = 0; i < 2 && code == 0; i++) {
        struct acl_entry entry = {.mask = READ_AND_WRITE};
        if (names[i] && (!acl_sid_read(names[i], &entry.sid) || !acl_list_add(list, &entry)))
            code = error_set(error, POSTERN_E_CONFINE, ACL_STAGE, "", "the access list of " NUL_DEVICE " is full");
    }
    if (code == 0)
        code = system->write(system->context, &node, list, error);
    system->close(system->context, &node);
    return code;
}

static int look(const struct acl_system *system, struct acl_list *list, struct postern_error *error)
{
    struct acl_node node;
    int code = open_device(READ_CONTROL, &node, error);
    if (code != 0)
        return code;
    code = system->read(system->context, &node, list, error);
    system->close(system->context, &node);
    if (code == 0 && !acl_list_is_sound(list))
        code = error_set(error, POSTERN_E_CONFINE, ACL_STAGE, "", "the access list of " NUL_DEVICE " is damaged");
    return code;
}

static int open_nul(const struct acl_system *system, struct undo_journal *journal, const struct acl_sids *sids,
                    struct acl_list *list, struct postern_error *error)
{
    struct acl_sid wanted[2];
    size_t count = who(sids, wanted);
    int code = look(system, list, error);
    if (code == 0 && !acl_list_grants(list, wanted, count, READ_AND_WRITE)) {
        code = acl_restore_note_path(journal, ACL_KIND_DEVICE, NUL_DEVICE, sids, error);
        if (code == 0)
            code = add_entry(system, sids, list, error);
    }
    return code == ACL_REFUSED ? POSTERN_E_CONFINE : code;
}

/* An app container runs without it: not being able to write there opens nothing, and where only an administrator can
 * help, refusing would leave others no containers at all. */
int acl_device_open_nul(const struct acl_system *system, struct undo_journal *journal, const struct acl_sids *sids,
                        bool *closed, struct postern_error *error)
{
    struct acl_list *list = calloc(1, sizeof(*list));
    int code = list ? open_nul(system, journal, sids, list, error) : error_memory(error, ACL_STAGE);
    free(list);
    *closed = code == POSTERN_E_CONFINE && !sids->capability;
    return *closed ? 0 : code;
}

/* The list of a device is as it was after the next start of the system, so one that was never changed is no failure. */
int acl_device_restore(const struct acl_system *system, const char *name, struct postern_error *error)
{
    struct acl_list *list = calloc(1, sizeof(*list));
    struct acl_node node;
    struct acl_sid sids[2];
    const char *path = NULL;
    size_t count;
    int code = list ? acl_restore_read(name, sids, &count, &path, error) : error_memory(error, ACL_STAGE);
    if (code == 0)
        code = look(system, list, error);
    if (code == 0 && acl_list_remove(list, sids, count) > 0) {
        code = open_device(READ_CONTROL | WRITE_DAC, &node, error);
        if (code == 0) {
            code = system->write(system->context, &node, list, error);
            system->close(system->context, &node);
        }
    }
    free(list);
    return code == ACL_REFUSED ? POSTERN_E_CONFINE : code;
}
