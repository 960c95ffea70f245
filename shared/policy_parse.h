/*
 * policy_parse.h - what the files that read a policy's JSON share. For them alone; policy_parse() itself is policy.h's.
 */
#ifndef POSTERN_SHARED_POLICY_PARSE_H
#define POSTERN_SHARED_POLICY_PARSE_H

#include "shared/json_member.h"
#include "shared/policy.h"

/* Takes down what the policy demands by this member and nothing can enforce; `capability` is static. */
void policy_parse_demand(const struct json_member *member, const char *capability, struct policy *policy);

/* "network" and "runtimeConfig" of the document; `minor` is that of its version, 0 when it has none. */
void policy_parse_network(const struct json_member *top, unsigned minor, struct policy *policy);

/* "processContainer" or "appContainer" of the document; once containment and network are known. */
void policy_parse_container(const struct json_member *top, struct policy *policy);

#endif
