/*
 * enforce_linux.c - the rows about what it costs to hold a policy: a sandbox with 100 rules, all of which take a mount,
 * against one without. Called by themes_linux.c.
 */
#include "themes.h"

#include "attempts.h"

#include "shared/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define COLD "cold start, policy of 100 paths"
#define WARM "warm start, policy of 100 paths"

enum { PATHS = 100, DIRECTORIES = PATHS / 2 };

/* Writable directories, each with one in it that is read-only or denied. */
struct many_rules {
    char root[32], file[64], work[64]; /* the policy; where cold starts work */
    struct buffer text;
    char product[4200];
};

static void path_of(const struct many_rules *many, unsigned i, const char *leaf, char out[128])
{
    snprintf(out, 128, "%s/project-%u%s", many->root, i, leaf);
}

static bool make_directories(const struct many_rules *many)
{
    bool good = mkdir(many->work, 0755) == 0;
    for (unsigned i = 0; good && i < DIRECTORIES; i++) {
        char path[128];
        path_of(many, i, "", path);
        good = mkdir(path, 0755) == 0;
        path_of(many, i, "/part", path);
        good = good && mkdir(path, 0755) == 0;
    }
    return good;
}

static void remove_all(const struct many_rules *many)
{
    for (unsigned i = 0; i < DIRECTORIES; i++) {
        char path[128];
        path_of(many, i, "/part", path);
        rmdir(path);
        path_of(many, i, "", path);
        rmdir(path);
    }
    rmdir(many->work);
    unlink(many->file);
    rmdir(many->root);
}

/* One in so many, from `first` on. */
static bool write_list(struct many_rules *many, const char *name, const char *leaf, unsigned first, unsigned step)
{
    bool fits = buffer_printf(&many->text, "\"%s\": [", name);
    for (unsigned i = first; fits && i < DIRECTORIES; i += step) {
        char path[128];
        path_of(many, i, leaf, path);
        fits = buffer_printf(&many->text, "%s\"%s\"", i > first ? ", " : "", path);
    }
    return fits && buffer_printf(&many->text, "]");
}

static bool write_policy(struct many_rules *many)
{
    bool fits = buffer_printf(&many->text, "{\"filesystem\": {") && write_list(many, "readwritePaths", "", 0, 1) &&
                buffer_printf(&many->text, ", ") && write_list(many, "readonlyPaths", "/part", 0, 2) &&
                buffer_printf(&many->text, ", ") && write_list(many, "deniedPaths", "/part", 1, 2) &&
                buffer_printf(&many->text, "}}");
    FILE *file = fits ? fopen(many->file, "w") : NULL;
    size_t size = buffer_length(&many->text);
    bool written = file && fwrite(buffer_data(&many->text), 1, size, file) == size;
    if (file && fclose(file) != 0)
        written = false;
    return written && buffer_append(&many->text, "", 1);
}

static bool prepare(struct many_rules *many)
{
    snprintf(many->root, sizeof(many->root), "/tmp/postern-bench-XXXXXX");
    if (!mkdtemp(many->root))
        return false;
    snprintf(many->file, sizeof(many->file), "%s/policy.json", many->root);
    snprintf(many->work, sizeof(many->work), "%s/work", many->root);
    snprintf(many->product, sizeof(many->product), "%s/postern", host_product_directory());
    return chmod(many->root, 0755) == 0 && make_directories(many) && write_policy(many);
}

static bool cold(const struct many_rules *many)
{
    const char *level = postern_level_name(ours_level);
    const char *const with[] = {many->product,     "run",      "--level",  level, "--cwd", many->work, "--preset",
                                "workspace-write", "--policy", many->file, "--",  "true",  NULL};
    const char *const without[] = {many->product, "run", "--level", level, "--cwd", many->work, "--", "true", NULL};
    struct direct_side ours = {.argv = with, .kind = DIRECT_NOTHING}, other = {.argv = without, .kind = DIRECT_NOTHING};
    struct contest contest = {.what = COLD,
                              .against = "cold start without",
                              .rounds = 50,
                              .ours = direct_exec,
                              .ours_context = &ours,
                              .other = direct_exec,
                              .other_context = &other};
    return !measure_wanted(COLD) || measure_contest(&contest);
}

static bool warm(struct postern_sandbox *with, struct postern_sandbox *without)
{
    static const char *const command[] = {"true", NULL};
    struct ours ours = {.sandbox = with, .argv = command}, other = {.sandbox = without, .argv = command};
    struct contest contest = {.what = WARM,
                              .against = "warm start without",
                              .target = 1.1,
                              .rounds = 400,
                              .ours = ours_exec,
                              .ours_context = &ours,
                              .other = ours_exec,
                              .other_context = &other};
    return !measure_wanted(WARM) || measure_contest(&contest);
}

bool enforce_run(struct postern_sandbox *without)
{
    struct many_rules many = {.root = ""};
    struct postern_sandbox *with = NULL;
    struct postern_error error = {0};
    struct postern_sandbox_options options = POSTERN_SANDBOX_OPTIONS_INIT;
    if (!measure_wanted(COLD) && !measure_wanted(WARM))
        return true;
    buffer_init(&many.text, 65536);
    bool good = prepare(&many);
    options.level = ours_level;
    options.preset = POSTERN_PRESET_WORKSPACE_WRITE;
    options.workspace = host_directory();
    options.libexec = host_product_directory();
    options.policy = (const char *)buffer_data(&many.text);
    if (good && postern_sandbox_open(&options, &with, &error) != 0)
        measure_skip(COLD, error.message);
    else
        good = good && cold(&many) && warm(with, without);
    postern_sandbox_close(with);
    remove_all(&many);
    buffer_free(&many.text);
    return good;
}
