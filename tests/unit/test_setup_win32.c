/*
 * elevated/setup_*_win32.c: what can be shown without changing accounts: the undo record as a file, protected
 * passwords, the sign-in list, and that Windows reads the descriptors of shared/sddl.c as they are meant. What needs an
 * administrator of a real Windows is done by .github/workflows/windows.yml; here canaries tell when Wine could do it.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "elevated/network_filter_win32.h"
#include "elevated/setup_win32.h"
#include "shared/sddl.h"
#include "shared/security_win32.h"
#include "shared/text.h"
#include "shared/wide.h"
#include "tests/support/run_win32.h"
#include <objbase.h>
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

/* A directory that was there before setup. */
static void what_others_may_change(void **state)
{
    static const struct {
        const char *sddl;
        bool exchange, add;
    } rows[] = {
        {"D:P(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICI;FR;;;BU)", false, false}, /* ours */
        {"D:(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)(A;OICIIO;GA;;;CO)(A;OICI;0x1200a9;;;BU)(A;CI;0x116;;;BU)", false, true},
        {"D:(A;OICI;FA;;;BA)(A;;FA;;;BU)", true, true},
        {"D:(A;;FA;;;BA)(A;;SD;;;WD)", true, false},
        {"D:(A;;0x40;;;AU)", true, false},
        {"D:(A;;WD;;;AU)", true, false},
        {"D:(A;;GA;;;AU)", true, true},
        {"D:(D;;FA;;;BU)(A;;FA;;;SY)", false, false},
    };
    const DWORD exchange = DELETE | FILE_DELETE_CHILD | WRITE_DAC | WRITE_OWNER;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        PSECURITY_DESCRIPTOR descriptor = NULL;
        BOOL present = FALSE, defaulted = FALSE;
        PACL list = NULL;
        if (!ConvertStringSecurityDescriptorToSecurityDescriptorA(rows[i].sddl, SDDL_REVISION_1, &descriptor, NULL)) {
            assert_true(run_under_wine()); /* which does not know all words of them */
            continue;
        }
        assert_true(GetSecurityDescriptorDacl(descriptor, &present, &list, &defaulted));
        list = present ? list : NULL;
        if (setup_place_lets_others(list, exchange) != rows[i].exchange ||
            setup_place_lets_others(list, FILE_ADD_FILE | FILE_ADD_SUBDIRECTORY) != rows[i].add)
            fail_msg("%s", rows[i].sddl);
        LocalFree(descriptor);
    }
    assert_true(setup_place_lets_others(NULL, DELETE)); /* no list: everybody everything */
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

/* As the platform would hand it back: the descriptor in a block of its own size. */
static void read_users(const char *sddl, struct network_filter_found *out)
{
    PSECURITY_DESCRIPTOR descriptor = NULL;
    ULONG size = 0;
    memset(out, 0, sizeof(*out));
    assert_true(ConvertStringSecurityDescriptorToSecurityDescriptorA(sddl, SDDL_REVISION_1, &descriptor, &size));
    network_filter_read_users(&(FWP_BYTE_BLOB){.size = size, .data = descriptor}, out);
    LocalFree(descriptor);
}

/* Whom the descriptor of a filter lets match, there and back; any other form of a list is noticed. */
static void whom_filters_are_for(void **state)
{
    static const char *const sids[] = {"S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1002"};
    static const char *const odd[] = {"O:LSD:(A;;CC;;;S-1-5-21-1-2-3-1001)(D;;CC;;;S-1-5-21-1-2-3-1002)",
                                      "O:LSD:(A;;CCDC;;;S-1-5-21-1-2-3-1001)", "O:LSD:(A;IO;CC;;;S-1-5-21-1-2-3-1001)",
                                      "O:LS"};
    struct network_filter_state filters;
    char *text = network_filter_sddl(sids, 2), problem[160];
    (void)state;
    memset(&filters, 0, sizeof(filters));
    filters.provider.there = filters.provider.ours = filters.sublayer.there = filters.sublayer.ours = true;
    filters.provider.flags = filters.sublayer.flags = NETWORK_FILTER_PERSISTENT;
    filters.sublayer.weight = NETWORK_FILTER_SUBLAYER_WEIGHT;
    for (size_t i = 0; i < NETWORK_FILTER_COUNT; i++) {
        struct network_filter_found *found = &filters.filter[i];
        read_users(text, found);
        assert_int_equal(found->count, 5);
        found->there = found->ours = found->by_user = true;
        found->layer = network_filters[i].layer;
        found->sublayer = network_filter_sublayer;
        found->flags = NETWORK_FILTER_PERSISTENT | NETWORK_FILTER_HARD;
        found->action = NETWORK_FILTER_BLOCK;
    }
    assert_int_equal(network_filter_judge(&filters, sids, 2, true, problem, sizeof(problem)), NETWORK_FILTERS_SOUND);
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        struct network_filter_state other;
        memset(&other, 0, sizeof(other));
        read_users(odd[i], &other.filter[0]);
        assert_false(other.filter[0].plain);
        network_filter_state_free(&other);
    }
    network_filter_state_free(&filters);
    free(text);
}

/* The numbers of the portable part, and a key as the system compares it. */
static void numbers_of_filters(void **state)
{
    GUID key = network_filter_guid(&network_filter_user);
    wchar_t text[64];
    (void)state;
    assert_int_equal(NETWORK_FILTER_BLOCK, FWP_ACTION_BLOCK);
    assert_int_equal(NETWORK_FILTER_MATCH, FWP_ACTRL_MATCH_FILTER);
    assert_int_equal(sizeof(key), sizeof(struct network_filter_key));
    assert_true(StringFromGUID2(&key, text, 64) > 0);
    assert_int_equal(_wcsicmp(text, L"{af043a0a-b34d-4f86-979c-c90371af6e66}"), 0);
}

static void the_filters_are_for_windows(void **state)
{
    struct setup_item item = {.kind = SETUP_FILTER, .name = "test", .accounts = 1};
    struct setup_state found = {.standing = SETUP_ABSENT};
    struct postern_error error = {0}, why = {0};
    (void)state;
    int status = setup_filter_find(&windows, &item, &found, &error);
    enum network_filter_answer answer = network_filter_ask("S-1-5-21-1-2-3-1001", &why);
    assert_int_not_equal(answer, NETWORK_FILTER_HOLDS); /* there is no such account */
    assert_int_equal(why.code, POSTERN_E_LEVEL);
    assert_string_not_equal(why.remedy, "");
    if (run_under_wine()) {
        assert_int_not_equal(status, 0); /* the canary */
        assert_int_equal(answer, NETWORK_FILTER_UNKNOWN);
        assert_non_null(strstr(error.remedy, "Base Filtering Engine"));
        SKIP_BECAUSE("Wine has no filters");
    }
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_on_disk),
        cmocka_unit_test(what_others_may_change),
        cmocka_unit_test(protected_passwords),
        cmocka_unit_test(a_stored_password),
        cmocka_unit_test(the_directory_of_sandboxes),
        cmocka_unit_test(the_sign_in_list),
        cmocka_unit_test(descriptors),
        cmocka_unit_test(accounts_are_for_windows),
        cmocka_unit_test(the_firewall_is_for_windows),
        cmocka_unit_test(whom_filters_are_for),
        cmocka_unit_test(numbers_of_filters),
        cmocka_unit_test(the_filters_are_for_windows),
    };
    return cmocka_run_group_tests(tests, in_a_directory, without_it);
}
