/*
 * measure.h - samples, their middle and their tail, and the table of results. Portable; used by every theme.
 *
 * A contest is two ways of doing the same thing, ours and one to hold it against (a floor that is really run, or a
 * peer). Their samples are taken in turn, A B A B, so that a busy moment of the machine hits both; only the ratio of
 * the two medians of one run means anything.
 */
#ifndef POSTERN_BENCH_MEASURE_H
#define POSTERN_BENCH_MEASURE_H

#include <stdbool.h>
#include <stddef.h>

struct samples {
    double *value;
    size_t count, capacity;
};
void samples_add(struct samples *samples, double value);     /* ends the program when memory is out */
double samples_at(struct samples *samples, double quantile); /* 0.5: the median; negative when there are none */
void samples_free(struct samples *samples);

enum unit { UNIT_SECONDS, UNIT_BYTES_PER_SECOND, UNIT_BYTES };

/* One attempt adds one sample or several. false: it failed and has said why on stderr. */
typedef bool attempt_fn(void *context, struct samples *out);

struct contest {
    const char *what;
    const char *against;
    enum unit unit;  /* of rates more is better, of all else less */
    double target;   /* limit of the ratio ours / against; 0: none, the row informs only */
    unsigned rounds; /* attempts of each side that count; one more of each goes before */
    attempt_fn *ours, *other;
    void *ours_context, *other_context;
};

/* Runs the contest and prints its row. false: an attempt failed. */
bool measure_contest(const struct contest *contest);

/* Prints a row of values that were measured otherwise, against a fixed limit. */
void measure_row(const char *what, const char *against, enum unit unit, double ours, double other, double target);

/* A row that is said in words. */
void measure_words(const char *what, const char *words);

/* A row that cannot be measured here, and why. */
void measure_skip(const char *what, const char *reason);

void measure_heading(const char *title);

/* The options --rounds and --only, for every theme. */
extern unsigned measure_rounds;    /* 0: each contest's own */
extern const char *measure_filter; /* only rows whose `what` contains this; NULL: all */
bool measure_wanted(const char *what);

#endif
