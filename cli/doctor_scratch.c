/*
 * doctor_scratch.c - the files that doctor's checks are about; see doctor.h. Parent side. All names are known, so what
 * else is found at the end was left behind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/doctor.h"
#include "cli/doctor_host.h"
#include "cli/file.h"
#include "shared/path.h"

#define STAGE "doctor"

bool doctor_scratch_holds(const char *path, const char *text)
{
    char found[80] = "";
    int64_t ignored = 0;
    FILE *file = file_open(path, &ignored);
    if (!file)
        return false;
    size_t got = fread(found, 1, sizeof(found) - 1, file);
    fclose(file);
    return got == strlen(text) && memcmp(found, text, got) == 0;
}

static int64_t fill(const char *path)
{
    int64_t os_error = 0;
    FILE *file = file_create(path, &os_error);
    if (!file)
        return os_error;
    bool written = fputs(DOCTOR_CONTENT, file) >= 0;
    return fclose(file) == 0 && written ? 0 : -1;
}

/* false: memory is out. */
static bool name_all(struct doctor_scratch *scratch)
{
    const struct {
        char **path;
        char *const *directory;
        const char *name;
    } names[] = {
        {&scratch->work, &scratch->base, "work"},      {&scratch->program, &scratch->work, doctor_host_program_name()},
        {&scratch->inside, &scratch->work, "inside"},  {&scratch->lock, &scratch->work, "lock"},
        {&scratch->open, &scratch->base, "open"},      {&scratch->outside, &scratch->open, "outside"},
        {&scratch->secret, &scratch->base, "secret"},  {&scratch->own, &scratch->apart, "own"},
        {&scratch->leaked, &scratch->apart, "leaked"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        *names[i].path = path_join(path_style_here(), *names[i].directory, names[i].name);
        if (!*names[i].path)
            return false;
    }
    return true;
}

static int make_files(const struct doctor_scratch *scratch, struct postern_error *error)
{
    const char *directories[] = {scratch->work, scratch->open};
    const char *files[] = {scratch->inside, scratch->lock,   scratch->outside,
                           scratch->secret, scratch->leaked, scratch->own};
    int64_t os_error = 0;
    for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++)
        if ((os_error = doctor_host_make_directory(directories[i])) != 0)
            return error_os(error, POSTERN_E_OS, STAGE, "mkdir", os_error, "the directory %s", directories[i]);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        if ((os_error = fill(files[i])) != 0)
            return error_os(error, POSTERN_E_OS, STAGE, "open", os_error, "the file %s", files[i]);
    return doctor_host_copy_program(scratch->program, error);
}

int doctor_scratch_make(struct doctor_scratch *scratch, struct postern_error *error)
{
    int status = POSTERN_E_OS;
    *scratch = (struct doctor_scratch){0};
    scratch->base = doctor_host_make_scratch(error);
    scratch->apart = scratch->base ? doctor_host_make_scratch(error) : NULL;
    if (scratch->apart)
        status = name_all(scratch) ? make_files(scratch, error) : error_memory(error, STAGE);
    if (status != 0)
        doctor_scratch_remove(scratch);
    return status;
}

bool doctor_scratch_remove(struct doctor_scratch *scratch)
{
    /* what is in a directory before it */
    char **paths[] = {&scratch->program, &scratch->inside, &scratch->lock,   &scratch->work,
                      &scratch->outside, &scratch->open,   &scratch->secret, &scratch->base,
                      &scratch->own,     &scratch->leaked, &scratch->apart};
    bool gone = true;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (*paths[i])
            gone = doctor_host_remove(*paths[i]) && gone;
        free(*paths[i]);
        *paths[i] = NULL;
    }
    return gone;
}
