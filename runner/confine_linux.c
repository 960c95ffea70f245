/*
 * confine_linux.c - the runner gives up what neither it nor its commands need: executes its steps of the plan, namely
 * Landlock (landlock_linux.c), a system call filter, limits (limits_linux.c). Called once by runner/runner.c, after the
 * handshake and before the first command; commands inherit all of it, so a warm start pays nothing.
 *
 * This side of the boundary is not trusted by the parent: what must hold even if the runner is taken over before this
 * point (user, namespaces, mounts, capabilities) was done by the keeper.
 */
#include "runner/confine.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runner/landlock_linux.h"
#include "runner/limits_linux.h"
#include "runner/seccomp_program.h"
#include "shared/text.h"

static const char STAGE[] = "confine";

/* ---- the plan ---- */

/* The mechanisms that are not limits; each is dealt with below. */
static bool is_known(enum enforce_mechanism mechanism)
{
    switch (mechanism) {
    case ENFORCE_NO_NEW_PRIVS:
    case ENFORCE_SECCOMP:
    case ENFORCE_SCOPE_SIGNALS:
    case ENFORCE_SCOPE_SOCKETS:
    case ENFORCE_NO_LOCAL_SOCKETS:
    case ENFORCE_LANDLOCK_READ:
    case ENFORCE_LANDLOCK_WRITE:
    case ENFORCE_NET_SECCOMP:
    case ENFORCE_NET_LANDLOCK:
        return true;
    default:
        return false;
    }
}

/* Before anything is done: a plan that is not wholly ours is not begun. */
static int check_plan(enum postern_level level, const struct enforce_steps *steps, struct postern_error *error)
{
    bool none = level == POSTERN_LEVEL_NONE;
    for (size_t i = 0; i < steps->count; i++) {
        enum enforce_mechanism mechanism = steps->item[i].mechanism;
        if (!limits_know(mechanism) && (none || !is_known(mechanism)))
            return error_set(error, POSTERN_E_CONFINE, STAGE, "", "%s is not for the runner to do at level %s",
                             enforce_info(mechanism)->id, postern_level_name(level));
    }
    bool confines = enforce_has(steps, ENFORCE_NO_NEW_PRIVS) && enforce_has(steps, ENFORCE_SECCOMP) &&
                    (enforce_has(steps, ENFORCE_LANDLOCK_READ) || enforce_has(steps, ENFORCE_LANDLOCK_WRITE));
    if (!none && !confines)
        return error_set(error, POSTERN_E_CONFINE, STAGE, "",
                         "a plan without no_new_privs, system call filter or Landlock does not confine");
    return POSTERN_OK;
}

/* ---- privileges ---- */

/* The keeper dropped them; a runner that has some was started by something else, and would be no sandbox. */
static int check_privileges(struct postern_error *error)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];
    if (syscall(SYS_capget, &header, data) != 0)
        return error_os(error, POSTERN_E_CONFINE, STAGE, "capget", errno, "the runner's capabilities");
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        if (data[i].effective || data[i].permitted || data[i].inheritable)
            return error_set(error, POSTERN_E_CONFINE, STAGE, "capget", "the runner still has capabilities");
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return error_os(error, POSTERN_E_CONFINE, STAGE, "prctl", errno, "no_new_privs");
    return POSTERN_OK;
}

/* ---- system calls ---- */

static int apply_seccomp(const struct enforce_steps *steps, struct postern_error *error)
{
#define PROGRAM(array)                                                                                                 \
    {                                                                                                                  \
        (unsigned short)(sizeof(array) / sizeof((array)[0])), (struct sock_filter *)(array)                            \
    }
    static const struct sock_fprog programs[2][2] = {
        {PROGRAM(seccomp_network_on), PROGRAM(seccomp_network_on_no_local)},
        {PROGRAM(seccomp_network_off), PROGRAM(seccomp_network_off_no_local)}};
#undef PROGRAM
    const struct sock_fprog *program =
        &programs[enforce_has(steps, ENFORCE_NET_SECCOMP)][enforce_has(steps, ENFORCE_NO_LOCAL_SOCKETS)];
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, program) == 0)
        return POSTERN_OK;
    int result = error_os(error, POSTERN_E_CONFINE, STAGE, "seccomp", errno, "the system call filter");
    error_remedy(error, "use a kernel with CONFIG_SECCOMP_FILTER");
    return result;
}

/* ---- the whole ---- */

static int take_limits(const struct enforce_steps *steps, struct postern_error *error)
{
    int result = POSTERN_OK;
    for (size_t i = 0; result == POSTERN_OK && i < steps->count; i++) {
        if (limits_know(steps->item[i].mechanism))
            result = limits_take(&steps->item[i], error);
    }
    return result;
}

/* Each mechanism once, where it comes first. */
static bool tell(const struct enforce_steps *steps, int abi, struct strings *in_force)
{
    bool told[ENFORCE_MECHANISM_COUNT] = {false};
    bool added = true;
    for (size_t i = 0; added && i < steps->count; i++) {
        enum enforce_mechanism mechanism = steps->item[i].mechanism;
        const char *id = enforce_info(mechanism)->id;
        if (told[mechanism])
            continue;
        told[mechanism] = true;
        bool by_abi = mechanism == ENFORCE_LANDLOCK_READ || mechanism == ENFORCE_LANDLOCK_WRITE ||
                      mechanism == ENFORCE_NET_LANDLOCK;
        added = by_abi ? strings_add_owned(in_force, text_format("%s-abi%d", id, abi)) : strings_add(in_force, id);
    }
    return added;
}

int confine_self(enum postern_level level, const struct enforce_steps *steps, const char *sid, struct strings *in_force,
                 struct postern_error *error)
{
    (void)sid;
    int abi = 0;
    int result = check_plan(level, steps, error);
    if (result == POSTERN_OK && level != POSTERN_LEVEL_NONE)
        result = check_privileges(error);
    if (result == POSTERN_OK)
        result = take_limits(steps, error);
    if (result == POSTERN_OK && level != POSTERN_LEVEL_NONE)
        result = landlock_apply(steps, &abi, error);
    if (result == POSTERN_OK && level != POSTERN_LEVEL_NONE)
        result = apply_seccomp(steps, error);
    if (result == POSTERN_OK && !tell(steps, abi, in_force))
        result = error_memory(error, STAGE);
    return result;
}
