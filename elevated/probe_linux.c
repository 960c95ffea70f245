/*
 * probe_linux.c - kernel and helpers, as postern_probe() tells them; see probe.h. Parent.
 */
#include "elevated/probe.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "elevated/cgroup_linux.h"
#include "elevated/launch_helper_linux.h"
#include "elevated/capabilities_linux.h"
#include "shared/text.h"

/* Where groups for memory and processes can be made; null: nowhere. */
static bool put_cgroups(json_t *object)
{
    struct cgroup_host host = {0};
    struct postern_error why = {0};
    (void)cgroup_find(&host, &why); /* without one the reason is told */
    json_t *cgroup = json_object();
    bool fits = probe_put(cgroup, "memory", host.memory.path ? probe_text(host.memory.path) : json_null()) &&
                probe_put(cgroup, "processes", host.processes.path ? probe_text(host.processes.path) : json_null()) &&
                probe_put(cgroup, "message", probe_text(why.message)) &&
                probe_put(cgroup, "remedy", probe_text(why.remedy));
    cgroup_host_free(&host);
    return probe_put(object, "cgroup", cgroup) && fits;
}

json_t *probe_system(void)
{
    struct utsname names;
    int abi = capabilities_landlock_abi();
    json_t *object = json_object();
    if (uname(&names) != 0)
        memset(&names, 0, sizeof(names));
    bool fits = probe_put(object, "name", json_string("Linux")) &&
                probe_put(object, "release", probe_text(names.release)) &&
                probe_put(object, "machine", probe_text(names.machine)) &&
                probe_put(object, "landlock_abi", json_integer(abi)) && put_cgroups(object);
    if (!fits) {
        json_decref(object);
        return NULL;
    }
    return object;
}

json_t *probe_helpers(const char *libexec)
{
    static const struct {
        enum helper_kind kind;
        const char *name;
    } helpers[] = {{HELPER_RUNNER, "postern-runner"}, {HELPER_KEEPER, "postern-keeper"}};
    struct postern_error opened = {0};
    struct helper_directory directory = {.handle = OS_HANDLE_NONE};
    json_t *array = json_array();
    bool fits = array != NULL;
    (void)helper_directory_open(&directory, libexec, &opened);
    for (size_t i = 0; i < sizeof(helpers) / sizeof(helpers[0]) && fits; i++) {
        struct postern_error why = opened;
        struct helper helper;
        char *path = text_format("%s/%s", libexec, helpers[i].name);
        helper_init(&helper);
        if (why.code == 0 && helper_open(&directory, helpers[i].kind, &helper, &why) == 0)
            (void)helper_pin(&helper, &why);
        helper_close(&helper);
        fits = path && probe_add_helper(array, helpers[i].name, path, &why);
        free(path);
    }
    helper_directory_close(&directory);
    if (!fits) {
        json_decref(array);
        return NULL;
    }
    return array;
}
