/*
 * Reads policies as postern does, for policy_schema.sh: check_policy FILE... prints "FILE<tab>ok" or
 * "FILE<tab>MESSAGE" for each. Files whose name has "windows" in it hold paths of Windows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/policy.h"

static void check_file(const char *file)
{
    static char text[POLICY_SIZE_MAX + 1];
    struct postern_error error = {0};
    struct policy policy;
    FILE *stream = fopen(file, "rb");
    size_t size;

    if (stream == NULL) {
        perror(file);
        exit(2);
    }
    size = fread(text, 1, sizeof(text), stream);
    fclose(stream);
    policy_init(&policy, strstr(file, "windows") != NULL ? PATH_WINDOWS : PATH_POSIX);
    if (policy_parse(text, size, "policy", &policy, &error) == POSTERN_OK)
        printf("%s\tok\n", file);
    else
        printf("%s\t%s\n", file, error.message);
    policy_free(&policy);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        check_file(argv[i]);
    return 0;
}
