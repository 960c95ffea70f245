/*
 * reaper_memory_linux.c - making an idle reaper small. Runs in the reaper.
 *
 * A fork shares all memory until one side writes. The runner goes on writing, to its heap and its buffers, and each
 * page that it changes leaves the old one to the reaper alone: in the end every reaper would hold what the runner had
 * when it was forked. The reaper needs none of it.
 */
#include "runner/reaper_linux.h"

#include "runner/tree_linux.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096u
#define LINE 160 /* no line that matters is longer: they have no path */

struct range {
    uintptr_t start, end;
};

/* "start-end rw-p 00000000 00:00 0   [heap]": private memory of no file, the heap or without a name. */
static bool parse_line(const char *line, struct range *range, bool *heap)
{
    static const char anonymous[] = " rw-p 00000000 00:00 0";
    char *rest = NULL;

    range->start = (uintptr_t)strtoumax(line, &rest, 16);
    if (*rest != '-') {
        return false;
    }
    range->end = (uintptr_t)strtoumax(rest + 1, &rest, 16);
    if (strncmp(rest, anonymous, sizeof(anonymous) - 1) != 0) {
        return false;
    }
    rest += sizeof(anonymous) - 1;
    rest += strspn(rest, " ");
    *heap = strcmp(rest, "[heap]") == 0;
    return *heap || *rest == '\0';
}

static bool holds(const struct range *range, const void *address)
{
    return (uintptr_t)address >= range->start && (uintptr_t)address < range->end;
}

/* The program's own variables that start as zero, as the linker names them; the system lists them as nobody's memory.
 */
extern char edata[], end[];

static bool is_variable(const void *address)
{
    return (uintptr_t)address >= (uintptr_t)edata && (uintptr_t)address < (uintptr_t)end;
}

static bool holds_variables(const struct range *range)
{
    return range->start < (uintptr_t)end && (uintptr_t)edata < range->end;
}

/*
 * Only in a program without shared libraries: there the remaining memory is known to be the heap, what malloc() has
 * mapped, the variables and the stack. One can be told by where its C library keeps the thread's own data (errno),
 * which is at the start of the heap (glibc) or among the variables (musl). In any other nothing is given up.
 */
static void release_line(const char *line, bool *understood)
{
    const uintptr_t thread_data = 4096; /* errno, and the thread's descriptor behind it */
    struct range range;
    bool heap;

    if (!parse_line(line, &range, &heap) || holds_variables(&range) || holds(&range, &heap)) {
        return;
    }
    if (heap && holds(&range, &errno)) {
        *understood = true;
        range.start = ((uintptr_t)&errno + thread_data + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
    }
    if (*understood && range.start < range.end && !holds(&range, &errno)) {
        (void)madvise((void *)range.start, range.end - range.start, MADV_DONTNEED);
    }
}

/* Line by line through a small buffer; where it matters the heap comes before what malloc() has mapped, because
 * addresses ascend. */
void reaper_release_memory(void)
{
    int maps = openat((int)tree_handle(), "self/maps", O_RDONLY | O_CLOEXEC);
    bool understood = is_variable(&errno);
    char text[2048], line[LINE];
    size_t length = 0;
    ssize_t size;

    while (maps >= 0 && (size = read(maps, text, sizeof(text))) > 0) {
        for (ssize_t i = 0; i < size; i++) {
            if (text[i] == '\n') {
                line[length] = '\0';
                release_line(line, &understood);
                length = 0;
            } else if (length < sizeof(line) - 1) {
                line[length++] = text[i];
            }
        }
    }
    if (maps >= 0) {
        (void)close(maps);
    }
}
