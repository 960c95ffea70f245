/*
 * `postern doctor --codes`: every error that postern knows by name, and every error of this system that it knows the
 * usual cause of. Printed from the tables that the errors themselves are made of. Parent side.
 */
#include <stdio.h>
#include <string.h>

#include "cli/doctor.h"
#include "cli/report.h"
#include "cli/show.h"

enum { NAME = 22 };

static const struct {
    int number;
    const char *name, *cause, *action;
} codes[] = {
#define CODE_ROW(constant, number, name, text, remedy) {number, name, text, remedy},
    POSTERN_CODES(CODE_ROW)
#undef CODE_ROW
};
#define CODE_COUNT (sizeof(codes) / sizeof(codes[0]))

/* "2", "0xc0000142" */
static void number_text(int64_t number, char *text, size_t size)
{
    if (number >= 0 && number <= 0xffff)
        snprintf(text, size, "%lld", (long long)number);
    else
        snprintf(text, size, "0x%08llx", (unsigned long long)number & 0xffffffffu);
}

static void show_row(const char *name, const char *cause, const char *action)
{
    show_wrapped(show_cell(name, NAME), NAME, cause);
    if (*action) {
        printf("%*s-> ", NAME, "");
        show_wrapped(NAME + 3, NAME + 3, action);
    }
}

static void show_codes(void)
{
    char name[80], number[24];
    show_cell("CODE", NAME);
    puts("CAUSE AND ACTION");
    for (size_t i = 0; i < CODE_COUNT; i++)
        if (codes[i].number != POSTERN_OK)
            show_row(codes[i].name, codes[i].cause, codes[i].action);
    putchar('\n');
    show_cell("SYSTEM ERROR", NAME);
    puts("USUAL CAUSE AND ACTION");
    for (size_t i = 0; error_hint_at(error_this_system(), i); i++) {
        const struct error_hint *hint = error_hint_at(error_this_system(), i);
        number_text(hint->os_error, number, sizeof(number));
        snprintf(name, sizeof(name), "%s%s%s", number, *hint->operation ? " " : "", hint->operation);
        show_row(name, hint->cause, hint->remedy);
    }
}

static bool add(json_t *array, json_t *row)
{
    return json_array_append_new(array, row) == 0;
}

static int print_codes(struct postern_error *error)
{
    json_t *object = json_object(), *ours = json_array(), *theirs = json_array();
    bool fits = object && ours && theirs;
    for (size_t i = 0; i < CODE_COUNT && fits; i++)
        fits = add(ours, json_pack("{s:s, s:i, s:s, s:s}", "name", codes[i].name, "number", codes[i].number, "cause",
                                   codes[i].cause, "action", codes[i].action));
    for (size_t i = 0; error_hint_at(error_this_system(), i) && fits; i++) {
        const struct error_hint *hint = error_hint_at(error_this_system(), i);
        fits = add(theirs, json_pack("{s:I, s:s, s:s, s:s}", "number", (json_int_t)hint->os_error, "operation",
                                     hint->operation, "cause", hint->cause, "action", hint->remedy));
    }
    fits = json_object_set_new(object, "codes", ours) == 0 && fits;
    fits = json_object_set_new(object, "system_errors", theirs) == 0 && fits;
    int result = report_print_json(fits ? json_dumps(object, JSON_COMPACT) : NULL, error);
    json_decref(object);
    return result;
}

int doctor_tell_codes(bool json, struct postern_error *error)
{
    if (json)
        return print_codes(error);
    show_codes();
    return 0;
}
