/*
 * launch_plan_linux.c - what the steps of an enforcement plan mean for the start of a sandbox: namespaces, the runner's
 * part, what is then in force. Nothing here decides. Parent; called by launch_start_linux.c.
 */
#include "elevated/launch_linux.h"

#include <sched.h>
#include <string.h>

#include "shared/text.h"

unsigned long launch_namespaces(enum postern_level level, const struct enforce_steps *steps)
{
    unsigned long flags = 0;
    if (enforce_has(steps, ENFORCE_LIFETIME_NAMESPACE) || enforce_has(steps, ENFORCE_PID_NAMESPACE))
        flags |= CLONE_NEWPID;
    if (enforce_has(steps, ENFORCE_LOCK_ROOT))
        flags |= CLONE_NEWNS | CLONE_NEWUTS; /* the layout names the host */
    if (enforce_has(steps, ENFORCE_IPC_NAMESPACE))
        flags |= CLONE_NEWIPC;
    if (enforce_has(steps, ENFORCE_NET_NAMESPACE))
        flags |= CLONE_NEWNET;
    /* who has no privileges makes them in a user namespace of his own */
    return flags && level == POSTERN_LEVEL_RESTRICTED ? flags | CLONE_NEWUSER : flags;
}

static bool add_once(struct strings *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->item[i], text) == 0)
            return true;
    }
    return strings_add(list, text);
}

bool launch_list_in_force(const struct enforce_steps *steps, uint32_t uid, struct strings *out)
{
    bool added = true;
    for (size_t i = 0; added && i < steps->count; i++) {
        const struct enforce_mechanism_info *info = enforce_info(steps->item[i].mechanism);
        if (steps->item[i].mechanism == ENFORCE_OTHER_USER)
            added = strings_add_owned(out, text_format("%s-%u", info->id, uid));
        else if (info->executor == ENFORCE_BY_LAUNCHER)
            added = add_once(out, info->id);
    }
    return added;
}

bool launch_take_runner_steps(const struct enforce_steps *steps, const char *temporary, struct enforce_steps *out)
{
    bool added = true;
    for (size_t i = 0; added && i < steps->count; i++) {
        const struct enforce_step *step = &steps->item[i];
        const struct enforce_step written = {.mechanism = ENFORCE_LANDLOCK_WRITE, .path = (char *)temporary};
        if (step->mechanism == ENFORCE_PRIVATE_DIRECTORY && temporary)
            added = enforce_add(out, &written);
        else if (enforce_info(step->mechanism)->executor == ENFORCE_BY_RUNNER)
            added = enforce_add(out, step);
    }
    return added;
}
