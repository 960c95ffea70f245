/*
 * error.c - filling and printing struct postern_error; the texts of known system errors are in error_hints.c.
 * Called wherever something can fail; both sides.
 */
#include "shared/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shared/text.h"

static const char *code_remedy(int code)
{
    switch (code) {
#define CODE_REMEDY(constant, number, name, text, remedy)                                                              \
    case number:                                                                                                       \
        return remedy;
        POSTERN_CODES(CODE_REMEDY)
#undef CODE_REMEDY
    default:
        return "";
    }
}

/* vsnprintf cuts between bytes; what is kept must still be text. */
static void format_cut(char *out, size_t size, const char *format, va_list list)
{
    int length = vsnprintf(out, size, format, list);

    if (length < 0) {
        out[0] = '\0';
    } else if ((size_t)length >= size) {
        out[text_utf8_boundary(out, size - 1)] = '\0';
    }
}

static void fill(struct postern_error *error, int code, const char *stage, const char *operation, int64_t os_error)
{
    memset(error, 0, sizeof(*error));
    error->code = code;
    error->os_error = os_error;
    text_copy(error->stage, sizeof(error->stage), stage);
    text_copy(error->operation, sizeof(error->operation), operation);
    text_copy(error->remedy, sizeof(error->remedy), code_remedy(code));
}

int error_set(struct postern_error *error, int code, const char *stage, const char *operation, const char *format, ...)
{
    va_list list;

    if (error == NULL) {
        return code;
    }
    fill(error, code, stage, operation, 0);
    va_start(list, format);
    format_cut(error->message, sizeof(error->message), format, list);
    va_end(list);
    return code;
}

/* ": <system text> (errno N); <cause>". Large Windows numbers (HRESULT, NTSTATUS) are known by their hexadecimal
 * form. */
static void describe_os(int64_t os_error, const struct error_hint *hint, char *text, size_t size)
{
    const char *separator = hint != NULL ? "; " : "";
    const char *cause = hint != NULL ? hint->cause : "";
    char system[160] = "";

    error_os_text(os_error, system, sizeof(system));
    if (error_this_system() == ERROR_SYSTEM_LINUX) {
        snprintf(text, size, ": %s (errno %lld)%s%s", system, (long long)os_error, separator, cause);
    } else if (os_error >= 0 && os_error <= 0xffff) {
        snprintf(text, size, ": %s (error %lld)%s%s", system, (long long)os_error, separator, cause);
    } else {
        snprintf(text, size, ": %s (error 0x%08lx)%s%s", system, (unsigned long)(os_error & 0xffffffff), separator,
                 cause);
    }
}

int error_os(struct postern_error *error, int code, const char *stage, const char *operation, int64_t os_error,
             const char *format, ...)
{
    const struct error_hint *hint = error_find_hint(error_this_system(), os_error, operation);
    char detail[400];
    size_t head;
    va_list list;

    if (error == NULL) {
        return code;
    }
    fill(error, code, stage, operation, os_error);
    if (hint != NULL) {
        text_copy(error->remedy, sizeof(error->remedy), hint->remedy);
    }
    describe_os(os_error, hint, detail, sizeof(detail));

    /* The cause matters more than the end of a long path: the caller's part is what gets cut. */
    head = sizeof(error->message) - strlen(detail);
    va_start(list, format);
    format_cut(error->message, head, format, list);
    va_end(list);
    head = strlen(error->message);
    text_copy(error->message + head, sizeof(error->message) - head, detail);
    return code;
}

void error_remedy(struct postern_error *error, const char *remedy)
{
    if (error != NULL) {
        text_copy(error->remedy, sizeof(error->remedy), remedy);
    }
}

int error_memory(struct postern_error *error, const char *stage)
{
    return error_set(error, POSTERN_E_MEMORY, stage, "", "%s", postern_code_text(POSTERN_E_MEMORY));
}

/* Escaped: a message may hold a file name that somebody hostile chose, and this ends up on a terminal. */
static void append(char *text, size_t size, const char *before, const char *part, const char *after)
{
    if (part[0] == '\0') {
        return;
    }
    text_escape(text, size, before, strlen(before));
    text_escape(text, size, part, strlen(part));
    text_escape(text, size, after, strlen(after));
}

void error_format(const struct postern_error *error, char *text, size_t size)
{
    if (size == 0) {
        return;
    }
    text[0] = '\0';
    if (error == NULL) {
        return;
    }
    append(text, size, "", error->stage, ": ");
    append(text, size, "", error->message[0] != '\0' ? error->message : postern_code_text(error->code), "");
    append(text, size, " [", error->operation, "]");
    append(text, size, " - ", error->remedy, "");
}
