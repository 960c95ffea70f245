/*
 * shared/error.c, error_hints.c, names.c, version.c: what failed, why, and what to do about it.
 */
#include "tests/support/test.h"

#include <string.h>

#include "shared/error.h"
#include "shared/text.h"

static void codes_have_names_and_texts(void **state)
{
#define CODE_CHECK(constant, number, name, text, advice)                                                               \
    assert_string_equal(postern_code_name(constant), name);                                                            \
    assert_string_equal(postern_code_text(number), text);                                                              \
    assert_true(strlen(advice) < sizeof(((struct postern_error *)NULL)->remedy));
    POSTERN_CODES(CODE_CHECK)
#undef CODE_CHECK
    (void)state;
    assert_string_equal(postern_code_name(1), "unknown");
    assert_string_equal(postern_code_name(-22), "unknown");
    assert_string_equal(postern_code_text(-1000), "unknown");
}

/* What `postern doctor --codes` prints: nothing in it may leave people stuck. */
static void every_failure_has_a_cause_and_an_action(void **state)
{
    static const enum error_system systems[] = {ERROR_SYSTEM_LINUX, ERROR_SYSTEM_WINDOWS};

    (void)state;
#define CODE_CHECK(constant, number, name, text, advice)                                                               \
    assert_string_not_equal(text, "");                                                                                 \
    assert_true((number) == POSTERN_OK || (advice)[0] != '\0');
    POSTERN_CODES(CODE_CHECK)
#undef CODE_CHECK
    for (size_t k = 0; k < sizeof(systems) / sizeof(systems[0]); k++) {
        size_t count = 0;
        const struct error_hint *hint;

        for (; (hint = error_hint_at(systems[k], count)) != NULL; count++) {
            assert_string_not_equal(hint->cause, "");
            assert_string_not_equal(hint->remedy, "");
            assert_non_null(error_find_hint(systems[k], hint->os_error, hint->operation));
        }
        assert_true(count > 20);
        assert_null(error_hint_at(systems[k], count + 1));
    }
}

static void enumerations_have_names(void **state)
{
    (void)state;
    assert_string_equal(postern_level_name(POSTERN_LEVEL_STRONGEST), "strongest");
    assert_string_equal(postern_level_name(POSTERN_LEVEL_NONE), "none");
    assert_string_equal(postern_level_name(POSTERN_LEVEL_RESTRICTED), "restricted");
    assert_string_equal(postern_level_name(POSTERN_LEVEL_ELEVATED), "elevated");
    assert_string_equal(postern_level_name((enum postern_level)4), "unknown");
    assert_string_equal(postern_reason_name(POSTERN_REASON_EXITED), "exited");
    assert_string_equal(postern_reason_name(POSTERN_REASON_TIMEOUT), "timeout");
    assert_string_equal(postern_reason_name(POSTERN_REASON_TERMINATED), "terminated");
    assert_string_equal(postern_reason_name(POSTERN_REASON_PARENT_GONE), "parent_gone");
    assert_string_equal(postern_reason_name(POSTERN_REASON_RUNNER_SHUTDOWN), "runner_shutdown");
    assert_string_equal(postern_reason_name(POSTERN_REASON_RUNNER_DIED), "runner_died");
    assert_string_equal(postern_reason_name((enum postern_reason)6), "unknown");
}

static void version_has_three_numbers(void **state)
{
    const char *at = postern_version();

    (void)state;
    for (unsigned part = 0; part < 3; part++) {
        size_t digits = strspn(at, "0123456789");

        assert_true(digits > 0);
        assert_int_equal(at[digits], part < 2 ? '.' : '\0');
        at += digits + 1;
    }
}

static void set_fills_every_field(void **state)
{
    struct postern_error error;

    (void)state;
    memset(&error, 'x', sizeof(error));
    assert_int_equal(error_set(&error, POSTERN_E_CWD, "spawn", "chdir", "no %s for %d", "way", 7), POSTERN_E_CWD);
    assert_int_equal(error.code, POSTERN_E_CWD);
    assert_int_equal(error.os_error, 0);
    assert_string_equal(error.stage, "spawn");
    assert_string_equal(error.operation, "chdir");
    assert_string_equal(error.message, "no way for 7");
    assert_string_equal(error.remedy, "name a directory that exists and that the sandbox user may enter");
}

static void null_error_is_allowed(void **state)
{
    (void)state;
    assert_int_equal(error_set(NULL, POSTERN_E_STATE, "a", "b", "c %d", 1), POSTERN_E_STATE);
    assert_int_equal(error_os(NULL, POSTERN_E_OS, "a", "b", 5, "c %d", 1), POSTERN_E_OS);
    assert_int_equal(error_memory(NULL, "a"), POSTERN_E_MEMORY);
    error_remedy(NULL, "x");
}

/* Long values are cut, and never inside a character. */
static void set_cuts_at_a_character(void **state)
{
    struct postern_error error;
    char name[1024];

    (void)state;
    for (size_t shift = 0; shift < 3; shift++) {
        memset(name, 'a', shift);
        for (size_t i = shift; i + 3 < sizeof(name); i += 3) {
            memcpy(name + i, "\xe2\x82\xac", 4); /* euro sign */
        }
        error_set(&error, POSTERN_E_INVALID, name, name, "%s", name);
        error_remedy(&error, name);
        assert_true(text_is_utf8(error.stage, strlen(error.stage)));
        assert_true(text_is_utf8(error.operation, strlen(error.operation)));
        assert_true(text_is_utf8(error.message, strlen(error.message)));
        assert_true(text_is_utf8(error.remedy, strlen(error.remedy)));
        assert_in_range(strlen(error.message), sizeof(error.message) - 4, sizeof(error.message) - 1);
        assert_in_range(strlen(error.stage), sizeof(error.stage) - 4, sizeof(error.stage) - 1);
    }
}

/* A failure that both systems know a cause of. */
static int known_failure(struct postern_error *error, const char *item)
{
    if (error_this_system() == ERROR_SYSTEM_LINUX) {
        return error_os(error, POSTERN_E_NOT_EXECUTABLE, "spawn", "execve", 8, "cannot execute %s", item);
    }
    return error_os(error, POSTERN_E_NOT_EXECUTABLE, "spawn", "CreateProcessW", 193, "cannot execute %s", item);
}

static void os_adds_text_number_cause_and_remedy(void **state)
{
    struct postern_error error;
    char text[128];

    (void)state;
    assert_int_equal(known_failure(&error, "thing"), POSTERN_E_NOT_EXECUTABLE);
    error_os_text(error.os_error, text, sizeof(text));
    assert_true(strlen(text) > 0);
    assert_ptr_equal(strstr(error.message, "cannot execute thing: "), error.message);
    assert_non_null(strstr(error.message, text));
    assert_non_null(strstr(error.message, error.os_error == 8 ? "(errno 8)" : "(error 193)"));
    assert_non_null(strstr(error.message, "; the file is n"));
    assert_true(strstr(error.remedy, "sh FILE") != NULL || strstr(error.remedy, "interpreter") != NULL);
}

static void os_without_a_hint_uses_the_remedy_of_the_code(void **state)
{
    struct postern_error error;

    (void)state;
    error_os(&error, POSTERN_E_TIMED_OUT, "launch", "frobnicate", 3999, "it did not work");
    assert_int_equal(error.os_error, 3999);
    assert_ptr_equal(strstr(error.message, "it did not work: "), error.message);
    assert_string_equal(error.remedy, "try again with a longer time");
    error_remedy(&error, "do this");
    assert_string_equal(error.remedy, "do this");
}

/* With a path that fills the message, the cause must survive. */
static void os_cuts_the_item_not_the_cause(void **state)
{
    struct postern_error whole, cut;
    char path[600];

    (void)state;
    memset(path, 'p', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    known_failure(&whole, "");
    known_failure(&cut, path);
    assert_int_equal(strlen(cut.message), sizeof(cut.message) - 1);
    assert_non_null(strstr(cut.message, whole.message + strlen("cannot execute ")));
}

static void os_text_takes_any_number(void **state)
{
    static const int64_t numbers[] = {0, -1, INT64_MAX, INT64_MIN, INT32_MAX, INT32_MIN, 0x80070005, 4096, 99999};
    char text[64];

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        error_os_text(numbers[i], text, sizeof(text));
        assert_true(text_is_utf8(text, strlen(text)));
        assert_null(strchr(text, '\n'));
    }
    error_os_text(2, text, 4);
    assert_true(strlen(text) < 4);
}

static void format_is_one_safe_line(void **state)
{
    struct postern_error error;
    char text[1200];

    (void)state;
    error_set(&error, POSTERN_E_CLOSED, "write", "", "gone");
    error_format(&error, text, sizeof(text));
    assert_string_equal(text, "write: gone - start another session");

    error_set(&error, POSTERN_E_NOT_FOUND, "spawn", "execve", "no \"a\nb\x1b[2J\"");
    error_remedy(&error, "look");
    error_format(&error, text, sizeof(text));
    assert_string_equal(text, "spawn: no \"a\\x0ab\\x1b[2J\" [execve] - look");

    memset(&error, 0, sizeof(error));
    error.code = POSTERN_E_INTERNAL;
    error_format(&error, text, sizeof(text));
    assert_string_equal(text, "postern found a fault of its own");

    error_format(NULL, text, sizeof(text));
    assert_string_equal(text, "");
    error_memory(&error, "open");
    error_format(&error, text, 10);
    assert_string_equal(text, "open: mem");
    error_format(&error, text, 0);
}

struct known {
    int64_t os_error;
    const char *operation;
    const char *cause; /* a word of it */
};

static void check_known(enum error_system system, const struct known *known, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct error_hint *hint = error_find_hint(system, known[i].os_error, known[i].operation);

        assert_non_null(hint);
        assert_non_null(strstr(hint->cause, known[i].cause));
        /* The parts of a message must fit together: see describe_os(). */
        assert_in_range(strlen(hint->cause), 10, 220);
        assert_in_range(strlen(hint->remedy), 5, sizeof(((struct postern_error *)NULL)->remedy) - 1);
    }
}

static void linux_failures_are_known(void **state)
{
    static const struct known known[] = {
        {1, "unshare", "user namespaces"},
        {1, "unshare(CLONE_NEWUSER)", "user namespaces"},
        {1, "clone3", "user namespaces"},
        {1, "uid_map", "user namespaces"},
        {13, "unshare", "user namespaces"},
        {28, "clone", "number of namespaces"},
        {22, "clone3", "without one of the namespaces"},
        {38, "landlock_create_ruleset", "5.13"},
        {95, "landlock_create_ruleset", "turned on"},
        {22, "mount_setattr", "id-mapped"},
        {38, "mount_setattr", "5.12"},
        {38, "open_tree", "5.2"},
        {1, "mount", "containers"},
        {1, "mount_setattr", "containers"},
        {1, "open_tree", "containers"},
        {1, "fsmount", "containers"},
        {38, "fsopen", "5.2"},
        {38, "close_range", "5.9"},
        {38, "pidfd_open", "5.4"},
        {38, "clone3", "5.3"},
        {13, "execve", "noexec"},
        {2, "execveat", "interpreter"},
        {8, "execve", "#!"},
        {40, "execve", "symbolic"},
        {26, "execve", "open for writing"},
        {7, "execve", "too large"},
        {20, "execve", "not a directory"},
        {11, "execve", "processes"},
        {13, "chdir", "enter"},
        {40, "open", "symbolic"},
        {11, "clone3", "processes"},
        {11, "fork", "processes"},
        {11, "vfork", "processes"},
        {24, "pipe2", "too many files"},
        {23, "", "whole system"},
        {12, "mmap", "memory"},
        {28, "write", "disk"},
        {30, "mkdir", "read-only"},
    };

    (void)state;
    check_known(ERROR_SYSTEM_LINUX, known, sizeof(known) / sizeof(known[0]));
    assert_null(error_find_hint(ERROR_SYSTEM_LINUX, 1, "kill"));
    assert_null(error_find_hint(ERROR_SYSTEM_LINUX, 2, "open"));
    assert_null(error_find_hint(ERROR_SYSTEM_LINUX, 0, ""));
    assert_null(error_find_hint(ERROR_SYSTEM_LINUX, 193, ""));
    assert_null(error_find_hint(ERROR_SYSTEM_LINUX, 0x80070000 + 24, ""));
}

/* Those that people meet when they cross into another account: none of them without a row that fits any call. */
static void what_people_meet_has_a_row_of_its_own(void **state)
{
    static const int64_t numbers[] = {
        2,          5,          87,         193,        206,        216,        225,        267,       740,  1312,
        1314,       1326,       1327,       1330,       1331,       1385,       1907,       1909,      1920, 0xc0000022,
        0xc0000135, 0xc0000142, 0x80004001, 0x80004005, 0x80070005, 0x8007000e, 0x80070057, 0x8000ffff};

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        const struct error_hint *hint = error_find_hint(ERROR_SYSTEM_WINDOWS, numbers[i], "a call of any name");

        if (hint == NULL) {
            fail_msg("0x%llx has no row", (unsigned long long)numbers[i]);
        }
        assert_string_not_equal(hint->cause, "");
        assert_string_not_equal(hint->remedy, "");
    }
}

static void windows_failures_are_known(void **state)
{
    static const struct known known[] = {
        {2, "CreateProcessW", "program"},
        {2, "CreateFileW", "file"},
        {3, "", "directory"},
        {5, "CreateProcessWithLogonW", "execute"},
        {5, "CreateNamedPipeW", "pipe"},
        {5, "OpenProcess", "right"},
        {2, "CreatePseudoConsole", "conhost"},
        {5, "CreateProcessAsUserW", "application control"},
        {5, "CreateProcessWithLogonW", "working directory"},
        {5, "CreatePseudoConsole", "conhost"},
        {6, "ResizePseudoConsole", "console host has ended"},
        {8, "", "desktop heap"},
        {0x8007000e, "CreatePseudoConsole", "memory"},
        {0x80070057, "CreatePseudoConsole", "size"},
        {0x80070057, "ResizePseudoConsole", "size"},
        {0x8007006d, "ResizePseudoConsole", "console host has ended"},
        {0x800700e8, "ResizePseudoConsole", "console host has ended"},
        {0x80070006, "CreatePseudoConsole", "pipe"},
        {0xd0000022, "CreatePseudoConsole", "console driver"},
        {0x80004001, "ResizePseudoConsole", "does not have"},
        {0x80004005, "CreatePseudoConsole", "without saying why"},
        {0x8000ffff, "ResizePseudoConsole", "state"},
        {1058, "CreateProcessWithLogonW", "Secondary Logon"},
        {1816, "CreateProcessW", "limit"},
        {32, "", "open"},
        {87, "CreateProcessW", "attributes"},
        {87, "UpdateProcThreadAttribute", "Windows"},
        {109, "", "pipe"},
        {193, "", "not a program"},
        {206, "", "longer"},
        {216, "", "processor"},
        {231, "", "in use"},
        {267, "CreateProcessW", "working directory"},
        {126, "LoadLibraryExW", "not found"},
        {127, "GetProcAddress", "function"},
        {225, "CreateProcessW", "virus scanner"},
        {226, "CreateProcessW", "taken the file away"},
        {577, "CreateProcessW", "signature"},
        {740, "", "administrator"},
        {1260, "CreateProcessW", "AppLocker"},
        {0x800706d9, "INetFwPolicy2::get_Rules", "mpssvc"},
        {4551, "CreateProcessW", "App Control"},
        {10013, "connect", "firewall"},
        {14001, "CreateProcessW", "Visual C++"},
        {0x80040154, "CoCreateInstance", "not registered"},
        {1312, "", "logon session"},
        {1314, "", "privilege"},
        {1326, "", "password"},
        {1327, "", "logging on"},
        {1330, "", "expired"},
        {1331, "", "disabled"},
        {1385, "", "SeInteractiveLogonRight"},
        {1907, "", "change its password"},
        {1909, "", "locked out"},
        {1920, "", "app alias"},
        {0xc0000022, "", "DLL"},
        {0xc000013a, "", "Ctrl-C"},
        {0xc0000135, "", "not found"},
        {0xc0000142, "", "desktop"},
        {0xc0000361, "", "application control"},
        {0xc0000906, "", "virus scanner"},
        {0xc0e90002, "", "App Control"},
    };

    (void)state;
    check_known(ERROR_SYSTEM_WINDOWS, known, sizeof(known) / sizeof(known[0]));
    assert_null(error_find_hint(ERROR_SYSTEM_WINDOWS, 0, ""));
    assert_null(error_find_hint(ERROR_SYSTEM_WINDOWS, 4, ""));
}

/* ConPTY and COM return Win32 numbers wrapped, and through a signed type that makes them negative. */
static void hresults_are_unwrapped(void **state)
{
    static const int64_t numbers[] = {5, 87, 267, 1314, 1385};

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        const struct error_hint *hint = error_find_hint(ERROR_SYSTEM_WINDOWS, numbers[i], "");
        int64_t wrapped = 0x80070000 + numbers[i];

        assert_non_null(hint);
        assert_ptr_equal(error_find_hint(ERROR_SYSTEM_WINDOWS, wrapped, ""), hint);
        assert_ptr_equal(error_find_hint(ERROR_SYSTEM_WINDOWS, wrapped - ((int64_t)1 << 32), ""), hint);
    }
    assert_non_null(error_find_hint(ERROR_SYSTEM_WINDOWS, (int64_t)0xc0000142 - ((int64_t)1 << 32), ""));
    assert_ptr_equal(error_find_hint(ERROR_SYSTEM_WINDOWS, 0xd0000135, ""),
                     error_find_hint(ERROR_SYSTEM_WINDOWS, 0xc0000135, ""));
    /* Another facility than Win32, and a number that only ends like one. */
    assert_null(error_find_hint(ERROR_SYSTEM_WINDOWS, 0x80040005, ""));
    assert_null(error_find_hint(ERROR_SYSTEM_WINDOWS, 0x180070005, ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_have_names_and_texts),
        cmocka_unit_test(every_failure_has_a_cause_and_an_action),
        cmocka_unit_test(enumerations_have_names),
        cmocka_unit_test(version_has_three_numbers),
        cmocka_unit_test(set_fills_every_field),
        cmocka_unit_test(null_error_is_allowed),
        cmocka_unit_test(set_cuts_at_a_character),
        cmocka_unit_test(os_adds_text_number_cause_and_remedy),
        cmocka_unit_test(os_without_a_hint_uses_the_remedy_of_the_code),
        cmocka_unit_test(os_cuts_the_item_not_the_cause),
        cmocka_unit_test(os_text_takes_any_number),
        cmocka_unit_test(format_is_one_safe_line),
        cmocka_unit_test(linux_failures_are_known),
        cmocka_unit_test(what_people_meet_has_a_row_of_its_own),
        cmocka_unit_test(windows_failures_are_known),
        cmocka_unit_test(hresults_are_unwrapped),
    };

    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
