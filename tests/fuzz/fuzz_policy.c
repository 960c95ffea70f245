/*
 * Fuzzes policy_parse(): the first byte chooses the style of the paths, the rest is JSON. Whatever is refused must be
 * explained in text that is safe to show.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "shared/policy.h"
#include "shared/text.h"

static void check(bool good)
{
    if (!good)
        abort();
}

static void check_error(const struct postern_error *error)
{
    check(error->code == POSTERN_E_POLICY && strcmp(error->stage, "policy") == 0);
    check(strncmp(error->message, "fuzz", 4) == 0);
    check(text_is_utf8(error->message, strlen(error->message)));
    for (const char *p = error->message; *p != '\0'; p++)
        check((unsigned char)*p >= 0x20 && *p != 0x7f);
}

static void check_policy(const struct policy *policy)
{
    check(policy->named && policy->rules.count <= POLICY_RULES_MAX);
    for (size_t i = 0; i < policy->rules.count; i++)
        check(path_is_beneath(policy->rules.style, policy->rules.item[i].path, policy->rules.item[i].path));
    for (size_t i = 0; i < policy->demand_count; i++)
        check(policy->demand[i].capability != NULL && policy->demand[i].where[0] != '\0');
    for (size_t i = 0; i < policy->process.env.count; i++)
        check(strchr(policy->process.env.item[i], '=') > policy->process.env.item[i]);
    check(policy->process.timeout <= UINT32_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct postern_error error = {0};
    struct policy policy;

    if (size == 0)
        return 0;
    policy_init(&policy, data[0] % 2 != 0 ? PATH_WINDOWS : PATH_POSIX);
    if (policy_parse(data + 1, size - 1, "fuzz", &policy, &error) == POSTERN_OK) {
        check(error.code == 0);
        check_policy(&policy);
    } else {
        check_error(&error);
        check(policy.rules.count == 0 && policy.demand_count == 0);
    }
    policy_free(&policy);
    return 0;
}
