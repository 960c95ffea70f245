/*
 * resolve_ceiling.c - reads an operator's ceiling; see resolve.h. Portable. Parent.
 */
#include "elevated/resolve_host.h"

#include <stdlib.h>

static const char STAGE[] = "ceiling";

/* Links are followed, as in the policy that it narrows; what does not exist yet is none of its mistakes. */
static int resolve_rules(struct policy_rules *rules, struct postern_error *error)
{
    enum resolve_kind kind;
    int status = 0;
    for (size_t i = 0; status == 0 && i < rules->count; i++) {
        struct policy_rule *rule = &rules->item[i];
        rule->source = POLICY_FROM_CEILING;
        status = resolve_rule(rule, &kind, error);
        /* a place that cannot be looked at cannot be granted either, but must not be left out when it is denied */
        if (status == POSTERN_E_POLICY && rule->access != POLICY_DENIED) {
            rule->missing = true;
            status = 0;
        }
    }
    return status;
}

int resolve_ceiling(const char *file, bool required, struct policy *out, bool *present, struct postern_error *error)
{
    char *data = NULL;
    size_t size = 0;
    *present = false;
    int status = resolve_read_ceiling(file, &data, &size, error);
    if (status == 0 && !data && required)
        status = error_set(error, POSTERN_E_POLICY, STAGE, "", "the ceiling %s does not exist", file);
    if (status != 0 || !data)
        return status;
    status = policy_parse(data, size, file, out, error);
    free(data);
    if (status == 0)
        status = resolve_rules(&out->rules, error);
    if (status == 0)
        status = resolve_check_links(&out->rules, error);
    if (status == 0)
        policy_settle(&out->rules);
    *present = status == 0;
    return status;
}
