/*
 * enforce_parts.h - what the files of the planner share: enforce_plan.c asks enforce_files.c for the part about files,
 * and enforce_windows.c for the whole plan on Windows.
 */
#ifndef POSTERN_SHARED_ENFORCE_PARTS_H
#define POSTERN_SHARED_ENFORCE_PARTS_H

#include "shared/enforce.h"

/* POSTERN_E_POLICY: "capability: item why". `item` is escaped. */
int enforce_refuse(struct postern_error *error, const char *capability, const char *item, const char *why,
                   const char *remedy);

/* POSTERN_E_LEVEL. */
int enforce_refuse_level(struct postern_error *error, const char *missing, const char *remedy);

/* Level none: refuses what would have to keep something from commands. */
int enforce_check_none(const struct policy *policy, struct postern_error *error);

/* Adds a step to the plan; false: memory is out. */
bool enforce_add_plain(struct enforce_steps *out, enum enforce_mechanism mechanism, uint64_t number);

/* All levels, once demands and containment were found right. *out may hold steps after a failure. */
int enforce_plan_windows(const struct policy *policy, const struct enforce_host *host, struct enforce_steps *out,
                         struct postern_error *error);

/* As enforce_add(), but the path stays the caller's: not for enforce_steps_free(). */
bool enforce_add_borrowed(struct enforce_steps *steps, const struct enforce_step *step);

/* The paths are the policy's and the host's. */
struct enforce_files {
    struct enforce_steps places;   /* what is covered before anything is mounted */
    struct enforce_steps mounts;   /* in the order they are made */
    struct enforce_steps landlock; /* paths that are granted */
    bool services_in_sight;        /* a grant uncovers sockets of the host's services, displays among them */
};

/* For levels elevated and restricted. *out is empty before; freed with enforce_files_free(), also after a failure. */
int enforce_plan_files(const struct policy *policy, const struct enforce_host *host, struct enforce_files *out,
                       struct postern_error *error);
void enforce_files_free(struct enforce_files *files);

#endif
