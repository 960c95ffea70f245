/*
 * measure.c - takes samples in turn and prints the table. See measure.h.
 */
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_VALUE (-1.0)

unsigned measure_rounds;
const char *measure_filter;

void samples_add(struct samples *samples, double value)
{
    if (samples->count == samples->capacity) {
        size_t capacity = samples->capacity ? samples->capacity * 2 : 64;
        double *larger = realloc(samples->value, capacity * sizeof(double));
        if (!larger) {
            fprintf(stderr, "bench: out of memory\n");
            exit(1);
        }
        samples->value = larger;
        samples->capacity = capacity;
    }
    samples->value[samples->count++] = value;
}

static int compare(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

double samples_at(struct samples *samples, double quantile)
{
    if (samples->count == 0)
        return NO_VALUE;
    qsort(samples->value, samples->count, sizeof(double), compare);
    return samples->value[(size_t)(quantile * (double)(samples->count - 1) + 0.5)];
}

void samples_free(struct samples *samples)
{
    free(samples->value);
    *samples = (struct samples){0};
}

/* ---- the table ---- */

static void format_value(char *out, size_t size, enum unit unit, double value)
{
    if (value < 0)
        snprintf(out, size, "-");
    else if (unit == UNIT_BYTES_PER_SECOND && value >= 1e9)
        snprintf(out, size, "%.2f GB/s", value / 1e9);
    else if (unit == UNIT_BYTES_PER_SECOND)
        snprintf(out, size, "%.1f MB/s", value / 1e6);
    else if (unit == UNIT_BYTES)
        snprintf(out, size, "%.1f KiB", value / 1024);
    else if (value >= 1)
        snprintf(out, size, "%.2f s", value);
    else if (value >= 1e-3)
        snprintf(out, size, "%.2f ms", value * 1e3);
    else
        snprintf(out, size, "%.1f us", value * 1e6);
}

static void format_pair(char *out, size_t size, enum unit unit, double middle, double tail)
{
    char first[32], second[32];
    format_value(first, sizeof(first), unit, middle);
    format_value(second, sizeof(second), unit, tail);
    if (tail < 0)
        snprintf(out, size, "%s", first);
    else
        snprintf(out, size, "%s (%s)", first, second);
}

void measure_heading(const char *title)
{
    printf("\n## %s\n\n%-34s %-24s %-50s %6s %9s\n", title, "what", "ours: median (p95)", "against: median (p95)",
           "ratio", "target");
    fflush(stdout);
}

static void print_row(const char *what, const char *ours, const char *against, const char *other, double ratio,
                      double target, bool more, bool met)
{
    char held[128], limit[32] = "-";
    snprintf(held, sizeof(held), "%s: %s", against, other);
    if (target > 0)
        snprintf(limit, sizeof(limit), "%s %.2f", more ? ">=" : "<=", target);
    printf("%-34s %-24s %-50s %6.2f %9s  %s\n", what, ours, held, ratio, limit,
           target <= 0 ? ""
           : met       ? "ok"
                       : "misses");
    fflush(stdout);
}

void measure_row(const char *what, const char *against, enum unit unit, double ours, double other, double target)
{
    bool more = unit == UNIT_BYTES_PER_SECOND;
    double ratio = ours / other;
    char first[80], second[80];
    format_pair(first, sizeof(first), unit, ours, NO_VALUE);
    format_pair(second, sizeof(second), unit, other, NO_VALUE);
    print_row(what, first, against, second, ratio, target, more, more ? ratio >= target : ratio <= target);
}

void measure_words(const char *what, const char *words)
{
    printf("%-34s %s\n", what, words);
    fflush(stdout);
}

void measure_skip(const char *what, const char *reason)
{
    if (measure_wanted(what))
        printf("%-34s skipped: %s\n", what, reason);
    fflush(stdout);
}

bool measure_wanted(const char *what)
{
    return !measure_filter || strstr(what, measure_filter);
}

static void report(const struct contest *contest, struct samples *ours, struct samples *other)
{
    bool more = contest->unit == UNIT_BYTES_PER_SECOND;
    double tail = more ? 0.05 : 0.95; /* the bad end */
    double median = samples_at(ours, 0.5), ratio = median / samples_at(other, 0.5);
    bool met = more ? ratio >= contest->target : ratio <= contest->target;
    char first[80], second[80];
    format_pair(first, sizeof(first), contest->unit, median, samples_at(ours, tail));
    format_pair(second, sizeof(second), contest->unit, samples_at(other, 0.5), samples_at(other, tail));
    print_row(contest->what, first, contest->against, second, ratio, contest->target, more, met);
}

bool measure_contest(const struct contest *contest)
{
    struct samples ours = {0}, other = {0}, warm_up = {0};
    unsigned rounds = measure_rounds ? measure_rounds : contest->rounds;
    bool good = contest->ours(contest->ours_context, &warm_up) && contest->other(contest->other_context, &warm_up);
    for (unsigned i = 0; i < rounds && good; i++)
        good = contest->ours(contest->ours_context, &ours) && contest->other(contest->other_context, &other);
    if (good)
        report(contest, &ours, &other);
    else
        printf("%-34s failed (see above)\n", contest->what);
    samples_free(&ours);
    samples_free(&other);
    samples_free(&warm_up);
    return good;
}
