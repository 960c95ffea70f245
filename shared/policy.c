/*
 * policy.c - a policy from its making to its end, and the names it protects. See policy.h. Parent.
 */
#include "shared/policy.h"

#include <stdlib.h>
#include <string.h>

/* Hooks and settings of version control, and the files by which agents and editors are told what to run. */
const char *const policy_protected_names[] = {".git",    ".codex", ".claude",   ".agents",
                                              ".vscode", ".idea",  ".mcp.json", NULL};

void policy_init(struct policy *policy, enum path_style style)
{
    memset(policy, 0, sizeof(*policy));
    policy_rules_init(&policy->rules, style, POLICY_READ);
    policy->ui.disable = true;
}

void policy_free(struct policy *policy)
{
    enum path_style style = policy->rules.style;

    policy_rules_free(&policy->rules);
    free(policy->process.command_line);
    free(policy->process.cwd);
    strings_free(&policy->process.env);
    for (size_t i = 0; i < policy->demand_count; i++)
        free(policy->demand[i].where);
    policy_init(policy, style);
}
