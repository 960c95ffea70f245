/*
 * log.c - the lines of the log file. Called on both sides; what is logged may quote bytes of the other side, so a line
 * is escaped and bounded.
 */
#include "shared/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/log_file.h"
#include "shared/system.h"
#include "shared/text.h"

#define LOG_LINE 2048 /* bytes, with the line feed */

struct log {
    os_handle file;
    uint32_t pid;
    char who[32];
};

int log_adopt(os_handle *handle, const char *who, struct log **out, struct postern_error *error)
{
    struct log *log = calloc(1, sizeof(*log));

    if (log == NULL) {
        return error_memory(error, "log");
    }
    log_file_keep(*handle);
    log->file = handle_take(handle);
    log->pid = system_process_id();
    text_copy(log->who, sizeof(log->who), who);
    *out = log;
    return POSTERN_OK;
}

int log_open(const char *path, const char *who, struct log **out, struct postern_error *error)
{
    os_handle file = OS_HANDLE_NONE;
    int status = log_file_open(path, &file, error);

    if (status == POSTERN_OK) {
        status = log_adopt(&file, who, out, error);
    }
    handle_close(&file);
    return status;
}

void log_close(struct log *log)
{
    if (log != NULL) {
        handle_close(&log->file);
        free(log);
    }
}

/* Year, month and day of a number of days since 1970-01-01, in the Gregorian calendar. gmtime() is not used: it shares
 * its result with all threads of the program, and its safe forms differ between the platforms. */
static void civil_date(int64_t days, int *year, int *month, int *day)
{
    /* Counted from 0000-03-01, so that the leap day is the last of its year; 146,097 days are 400 years. */
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t of_era = shifted - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t from_march = (5 * of_year + 2) / 153;

    *day = (int)(of_year - (153 * from_march + 2) / 5 + 1);
    *month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
    *year = (int)(year_of_era + era * 400 + (*month <= 2 ? 1 : 0));
}

void log_format_time(int64_t unix_ms, char *text, size_t size)
{
    int64_t days = unix_ms / 86400000, rest = unix_ms % 86400000;
    int year, month, day;

    if (rest < 0) {
        rest += 86400000;
        days--;
    }
    civil_date(days, &year, &month, &day);
    snprintf(text, size, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, day, (int)(rest / 3600000),
             (int)(rest / 60000 % 60), (int)(rest / 1000 % 60), (int)(rest % 1000));
}

void log_line(struct log *log, const char *format, ...)
{
    char text[LOG_LINE], line[LOG_LINE], time[40];
    va_list list;
    int length;
    size_t used;

    if (log == NULL) {
        return;
    }
    va_start(list, format);
    length = vsnprintf(text, sizeof(text), format, list);
    va_end(list);
    if (length < 0) {
        return;
    }
    log_format_time(log_file_time(), time, sizeof(time));
    snprintf(line, sizeof(line), "%s %s[%lu]: ", time, log->who, (unsigned long)log->pid);
    text_escape(line, sizeof(line), text, strlen(text));
    used = strlen(line);
    line[used++] = '\n'; /* in the place of the NUL, which the file does not get */
    log_file_write(log->file, line, used);
}
