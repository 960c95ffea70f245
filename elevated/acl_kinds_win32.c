/*
 * acl_kinds_win32.c - all that the record of a sandbox may hold, and what takes it back; see acl_restore.h for what a
 * row has to do. Parent.
 */
#include "elevated/acl_win32.h"

const struct acl_kind acl_kinds[] = {
    {ACL_KIND_ENTRY, acl_restore_entry},
    {ACL_KIND_DIRECTORY, acl_restore_temporary},
    {ACL_KIND_DEVICE, acl_device_restore},
    {ACL_KIND_PROFILE, acl_profile_restore},
};
const size_t acl_kind_count = sizeof(acl_kinds) / sizeof(acl_kinds[0]);
