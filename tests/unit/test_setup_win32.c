/*
 * elevated/setup_*_win32.c: what can be shown without changing accounts: the undo record as a file, protected
 * passwords, the sign-in list, and that Windows reads the descriptors of shared/sddl.c as they are meant. What needs an
 * administrator of a real Windows is done by .github/workflows/windows.yml; here canaries tell when Wine could do it.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elevated/setup_win32.h"
#include "shared/sddl.h"
#include "shared/security_win32.h"
#include "shared/text.h"
#include "shared/wide.h"
#include "tests/support/run_win32.h"
#include <sddl.h>

static struct setup_windows windows;

static int in_a_directory(void **state)
{
    wchar_t temp[MAX_PATH + 1], path[MAX_PATH * 2];
    (void)state;
    if (!GetTempPathW(MAX_PATH + 1, temp))
        return -1;
    swprintf(path, MAX_PATH * 2, L"%lspostern-setup-%lu", temp, (unsigned long)GetCurrentProcessId());
    if (!CreateDirectoryW(path, NULL))
        return -1;
    windows.place = wide_to_utf8(path);
    windows.above = text_format("%s\\above", windows.place);
    windows.run = text_format("%s\\run", windows.place);
    windows.journal.path = text_format("%s\\undo-record", windows.place);
    windows.journal.handle = INVALID_HANDLE_VALUE;
    windows.journal.stage = SETUP_STAGE;
    return windows.journal.path ? 0 : -1;
}

static int without_it(void **state)
{
    wchar_t *path = wide_from_utf8(windows.place);
    (void)state;
    if (path)
        RemoveDirectoryW(path);
    free(path);
    free(windows.place);
    free(windows.above);
    free(windows.run);
    free(windows.journal.path);
    return 0;
}

/* ---- the undo record ---- */

static void a_record_on_disk(void **state)
{
    struct undo_store store = setup_place_store(&windows);
    struct setup_windows second = windows;
    struct undo_journal journal;
    struct postern_error error = {0};
    (void)state;
    assert_int_equal(setup_place_open(&windows, SETUP_TO_LOOK, &error), 0); /* there is none */
    assert_int_equal(undo_open(&journal, &store, &error), 0);
    assert_int_equal(journal.count, 0);
    undo_close(&journal);
    assert_ptr_equal(windows.journal.handle, INVALID_HANDLE_VALUE);

    assert_int_equal(setup_place_open(&windows, SETUP_TO_CHANGE, &error), 0);
    assert_int_equal(setup_place_open(&second, SETUP_TO_CHANGE, &error), POSTERN_E_STATE);
    assert_non_null(strstr(error.message, "another postern setup"));
    assert_int_equal(setup_place_open(&second, SETUP_TO_LOOK, &error), POSTERN_E_STATE);
    assert_int_equal(undo_open(&journal, &store, &error), 0);
    assert_int_equal(undo_note(&journal, "value", "one", "1", &error), 0);
    assert_int_equal(undo_note(&journal, "value", "two", NULL, &error), 0);
    journal.size -= 3; /* as if the end had been torn: it is cut, and written over */
    assert_int_equal(undo_note(&journal, "value", "x", NULL, &error), 0);
    undo_close(&journal);
    CloseHandle(windows.journal.handle);
    windows.journal.handle = INVALID_HANDLE_VALUE;

    assert_int_equal(setup_place_open(&windows, SETUP_TO_CHANGE, &error), 0);
    assert_int_equal(undo_open(&journal, &store, &error), POSTERN_E_STATE);
    undo_close(&journal);
    assert_int_equal(store.append(store.context, 0, "", 0, &error), 0);
    assert_int_equal(undo_open(&journal, &store, &error), 0);
    assert_int_equal(undo_note(&journal, "value", "three", NULL, &error), 0);
    undo_close(&journal);
    assert_int_equal(undo_open(&journal, &store, &error), 0);
    assert_int_equal(journal.count, 1);
    undo_close(&journal);

    assert_int_equal(store.remove(store.context, &error), 0);
    wchar_t *path = wide_from_utf8(windows.journal.path);
    assert_int_equal(GetFileAttributesW(path), INVALID_FILE_ATTRIBUTES);
    free(path);
    assert_true(CreateDirectoryW((path = wide_from_utf8(windows.place)), NULL)); /* it was removed as well */
    free(path);
}

/* ---- passwords ---- */

static void protected_passwords(void **state)
{
    static const char text[] = "secret";
    DATA_BLOB sealed, opened;
    (void)state;
    assert_true(setup_secret_seal(text, sizeof(text), &sealed));
    assert_true(sealed.cbData > sizeof(text));
    for (DWORD i = 0; i + sizeof(text) <= sealed.cbData; i++)
        assert_memory_not_equal(sealed.pbData + i, text, sizeof(text) - 1);
    assert_true(setup_secret_open(sealed.pbData, sealed.cbData, &opened));
    assert_int_equal(opened.cbData, sizeof(text));
    assert_memory_equal(opened.pbData, text, sizeof(text));
    LocalFree(opened.pbData);
    assert_false(setup_secret_open(text, sizeof(text), &opened));
    LocalFree(sealed.pbData);
}

static void a_stored_password(void **state)
{
    struct setup_item item = {.kind = SETUP_SECRET, .name = "test"};
    struct setup_state found = {.standing = SETUP_ABSENT};
    wchar_t one[SETUP_PASSWORD_SIZE], other[SETUP_PASSWORD_SIZE];
    struct postern_error error = {0};
    char left[SETUP_TEXT_MAX] = "";
    (void)state;
    assert_int_equal(setup_secret_find(&windows, &item, &found, &error), 0);
    assert_int_equal(found.standing, SETUP_ABSENT);
    int made = setup_secret_make(&windows, &item, &error);
    if (made != 0 && !run_under_wine())
        SKIP_BECAUSE("only an administrator can give a file to the administrators");
    assert_int_equal(made, 0);
    assert_int_equal(setup_secret_read(&windows, "test", one, &error), 0);
    assert_int_equal(wcslen(one), SETUP_PASSWORD_SIZE - 1);
    assert_int_equal(setup_secret_make(&windows, &item, &error), 0); /* a password that is there is kept */
    assert_int_equal(setup_secret_read(&windows, "test", other, &error), 0);
    assert_memory_equal(one, other, sizeof(one));
    assert_int_equal(setup_secret_find(&windows, &item, &found, &error), 0);
    bool listed = found.standing == SETUP_AS_WANTED;
    assert_int_equal(setup_secret_restore(&windows, "test", NULL, left, &error), 0);
    assert_int_equal(setup_secret_restore(&windows, "test", NULL, left, &error), 0);
    assert_int_equal(setup_secret_read(&windows, "test", one, &error), POSTERN_E_OS);
    if (run_under_wine()) {
        assert_false(listed); /* the canary */
        SKIP_BECAUSE("Wine makes a file's access list up from its Unix mode");
    }
    assert_true(listed);
}

/* ---- the directory of living sandboxes ---- */

static void make_file(const char *name)
{
    char *text = text_format("%s\\%s", windows.run, name);
    wchar_t *path = wide_from_utf8(text);
    HANDLE file = CreateFileW(path, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL);
    assert_ptr_not_equal(file, INVALID_HANDLE_VALUE);
    CloseHandle(file);
    free(path);
    free(text);
}

static void the_directory_of_sandboxes(void **state)
{
    struct setup_item item = {.kind = SETUP_DIRECTORY, .name = SETUP_DIRECTORY_NAME};
    struct setup_state found = {.standing = SETUP_ABSENT};
    struct postern_error error = {0};
    char left[SETUP_TEXT_MAX] = "";
    (void)state;
    assert_int_equal(setup_run_find(&windows, &item, &found, &error), 0);
    assert_int_equal(found.standing, SETUP_ABSENT);
    int made = setup_run_make(&windows, &item, &error);
    if (made != 0 && !run_under_wine())
        SKIP_BECAUSE("only an administrator can give a directory to the administrators");
    assert_int_equal(made, 0);
    wchar_t *one = setup_run_state(&windows, "one");
    make_file("one.state");
    make_file("two.state");
    make_file("x.start");
    make_file("other");
    setup_run_forget(&windows, "one");
    assert_int_equal(GetFileAttributesW(one), INVALID_FILE_ATTRIBUTES);
    free(one);
    /* what is not ours is left, and told */
    assert_int_equal(setup_run_restore(&windows, item.name, NULL, left, &error), 0);
    assert_string_not_equal(left, "");
    char *text = text_format("%s\\other", windows.run);
    assert_true(DeleteFileA(text));
    free(text);
    made = setup_run_make(&windows, &item, &error); /* one that is there gets its list */
    int looked = setup_run_find(&windows, &item, &found, &error);
    left[0] = '\0';
    assert_int_equal(setup_run_restore(&windows, item.name, NULL, left, &error), 0);
    assert_string_equal(left, "");
    assert_int_equal(setup_run_restore(&windows, item.name, NULL, left, &error), 0);
    if (run_under_wine()) {
        assert_int_not_equal(found.standing, SETUP_AS_WANTED); /* the canary */
        SKIP_BECAUSE("Wine makes a directory's access list up from its Unix mode");
    }
    assert_int_equal(made, 0);
    assert_int_equal(looked, 0);
    assert_int_equal(found.standing, SETUP_AS_WANTED);
}

/* ---- the sign-in list ---- */

static void the_sign_in_list(void **state)
{
    struct setup_item item = {.kind = SETUP_HIDDEN, .name = "postern-test"};
    struct setup_item keys[] = {{.kind = SETUP_KEY, .name = "SpecialAccounts"},
                                {.kind = SETUP_KEY, .name = "SpecialAccounts\\UserList"}};
    struct setup_state found, before[2];
    struct postern_error error = {0};
    char left[SETUP_TEXT_MAX] = "";
    (void)state;
    if (!run_under_wine())
        SKIP_BECAUSE("it would change the sign-in screen of this machine; windows.yml does");
    for (int i = 0; i < 2; i++) {
        memset(&before[i], 0, sizeof(before[i]));
        assert_int_equal(setup_key_find(&windows, &keys[i], &before[i], &error), 0);
        assert_int_equal(setup_key_make(&windows, &keys[i], &error), 0);
    }
    memset(&found, 0, sizeof(found));
    assert_int_equal(setup_hidden_find(&windows, &item, &found, &error), 0);
    assert_int_equal(found.standing, SETUP_ABSENT);
    assert_int_equal(setup_hidden_restore(&windows, item.name, "7", left, &error), 0);
    assert_int_equal(setup_hidden_find(&windows, &item, &found, &error), 0);
    assert_int_equal(found.standing, SETUP_DIFFERENT);
    assert_string_equal(found.before, "7");
    assert_int_equal(setup_hidden_make(&windows, &item, &error), 0);
    assert_int_equal(setup_hidden_find(&windows, &item, &found, &error), 0);
    assert_int_equal(found.standing, SETUP_AS_WANTED);
    assert_int_equal(setup_key_restore(&windows, keys[1].name, NULL, left, &error), 0);
    assert_string_not_equal(left, ""); /* something is in it */
    assert_int_equal(setup_hidden_restore(&windows, item.name, NULL, left, &error), 0);
    assert_int_equal(setup_hidden_restore(&windows, item.name, NULL, left, &error), 0);
    for (int i = 1; i >= 0; i--) {
        if (before[i].standing == SETUP_ABSENT)
            assert_int_equal(setup_key_restore(&windows, keys[i].name, NULL, left, &error), 0);
        memset(&found, 0, sizeof(found));
        assert_int_equal(setup_key_find(&windows, &keys[i], &found, &error), 0);
        assert_int_equal(found.standing, before[i].standing);
    }
}

/* ---- descriptors ---- */

/* Each entry as Windows has read it. */
static void check_descriptor(char *sddl, size_t count, const uint32_t *masks, const BYTE *flags)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    BOOL present = FALSE, defaulted = FALSE;
    SECURITY_DESCRIPTOR_CONTROL control = 0;
    DWORD revision;
    PACL list = NULL;
    assert_non_null(sddl);
    assert_true(ConvertStringSecurityDescriptorToSecurityDescriptorA(sddl, SDDL_REVISION_1, &descriptor, NULL));
    assert_true(GetSecurityDescriptorDacl(descriptor, &present, &list, &defaulted) && present);
    assert_true(GetSecurityDescriptorControl(descriptor, &control, &revision) && (control & SE_DACL_PROTECTED));
    assert_int_equal(list->AceCount, count);
    for (DWORD i = 0; i < count; i++) {
        ACCESS_ALLOWED_ACE *entry = NULL;
        assert_true(GetAce(list, i, (LPVOID *)&entry));
        assert_int_equal(entry->Mask, masks[i]);
        assert_int_equal(entry->Header.AceFlags, flags[i]);
    }
    LocalFree(descriptor);
    free(sddl);
}

static void descriptors(void **state)
{
    const uint32_t pipe[] = {FILE_ALL_ACCESS, SECURITY_PIPE_CLIENT}, file[] = {FILE_ALL_ACCESS, FILE_GENERIC_READ};
    const uint32_t directory[] = {FILE_ALL_ACCESS, FILE_GENERIC_READ | FILE_GENERIC_EXECUTE};
    const BYTE none[] = {0, 0},
               below[] = {OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE, OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE};
    const unsigned passed_on = ACE_TO_FILES | ACE_TO_DIRECTORIES;
    const struct sddl_ace look[] = {{.mask = ACE_FILE_ALL, .sid = SID_SYSTEM},
                                    {.mask = ACE_FILE_LOOK, .sid = SID_USERS}};
    const struct sddl_ace read[] = {{.flags = passed_on, .mask = ACE_FILE_ALL, .sid = SID_SYSTEM},
                                    {.flags = passed_on, .mask = ACE_FILE_READ, .sid = SID_USERS}};
    (void)state;
    check_descriptor(sddl_for_pipe(SID_SYSTEM, SID_USERS), 2, pipe, none);
    check_descriptor(sddl_make(look, 2), 2, file, none);
    check_descriptor(sddl_make(read, 2), 2, directory, below);
    assert_int_equal(ACE_TO_FILES, OBJECT_INHERIT_ACE);
    assert_int_equal(ACE_TO_DIRECTORIES, CONTAINER_INHERIT_ACE);
    assert_int_equal(ACE_NOT_HERE, INHERIT_ONLY_ACE);
}

/* ---- what Wine has not ---- */

static void accounts_are_for_windows(void **state)
{
    struct setup_item item = {.kind = SETUP_GROUP, .name = "postern-canary"};
    struct setup_state found = {.standing = SETUP_ABSENT};
    struct postern_error error = {0};
    (void)state;
    if (!run_under_wine())
        SKIP_BECAUSE("it would make a group on this machine; windows.yml does");
    int made = setup_group_make(&windows, &item, &error);
    int looked = setup_group_find(&windows, &item, &found, &error);
    assert_false(made == 0 && looked == 0 && found.standing == SETUP_AS_WANTED); /* the canary */
    SKIP_BECAUSE("Wine has no groups and rights of its own");
}

static void the_firewall_is_for_windows(void **state)
{
    struct setup_item item = {.kind = SETUP_RULE, .name = "test", .accounts = 1};
    struct setup_state found = {.standing = SETUP_ABSENT};
    struct postern_error error = {0};
    (void)state;
    int status = setup_rule_find(&windows, &item, &found, &error);
    if (run_under_wine()) {
        assert_int_not_equal(status, 0); /* the canary */
        SKIP_BECAUSE("Wine's firewall keeps no rules");
    }
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_on_disk),         cmocka_unit_test(protected_passwords),
        cmocka_unit_test(a_stored_password),        cmocka_unit_test(the_directory_of_sandboxes),
        cmocka_unit_test(the_sign_in_list),         cmocka_unit_test(descriptors),
        cmocka_unit_test(accounts_are_for_windows), cmocka_unit_test(the_firewall_is_for_windows),
    };
    return cmocka_run_group_tests(tests, in_a_directory, without_it);
}
