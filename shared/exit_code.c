/*
 * exit_code.c - exit codes of Windows in words, see exit_code.h. What is behind a number and what to do about it stands
 * in the table of known errors; here are only the names. Parent side.
 */
#include "shared/exit_code.h"

#include <stdint.h>
#include <stdio.h>

#include "shared/error.h"

/* By value: not every system's headers know them. */
static const struct {
    uint32_t code;
    const char *name;
} names[] = {
    {0x40010004, "DBG_TERMINATE_PROCESS"},
    {0x40010005, "DBG_CONTROL_C"},
    {0x80000001, "STATUS_GUARD_PAGE_VIOLATION"},
    {0x80000002, "STATUS_DATATYPE_MISALIGNMENT"},
    {0x80000003, "STATUS_BREAKPOINT"},
    {0x80000004, "STATUS_SINGLE_STEP"},
    {0xc0000005, "STATUS_ACCESS_VIOLATION"},
    {0xc0000006, "STATUS_IN_PAGE_ERROR"},
    {0xc0000008, "STATUS_INVALID_HANDLE"},
    {0xc0000017, "STATUS_NO_MEMORY"},
    {0xc000001d, "STATUS_ILLEGAL_INSTRUCTION"},
    {0xc0000022, "STATUS_ACCESS_DENIED"},
    {0xc0000044, "STATUS_QUOTA_EXCEEDED"},
    {0xc000007b, "STATUS_INVALID_IMAGE_FORMAT"},
    {0xc0000094, "STATUS_INTEGER_DIVIDE_BY_ZERO"},
    {0xc00000fd, "STATUS_STACK_OVERFLOW"},
    {0xc000012d, "STATUS_COMMITMENT_LIMIT"},
    {0xc0000135, "STATUS_DLL_NOT_FOUND"},
    {0xc0000138, "STATUS_ORDINAL_NOT_FOUND"},
    {0xc0000139, "STATUS_ENTRYPOINT_NOT_FOUND"},
    {0xc000013a, "STATUS_CONTROL_C_EXIT"},
    {0xc0000142, "STATUS_DLL_INIT_FAILED"},
    {0xc000026b, "STATUS_DLL_INIT_FAILED_LOGOFF"},
    {0xc0000361, "STATUS_ACCESS_DISABLED_BY_POLICY_DEFAULT"},
    {0xc0000374, "STATUS_HEAP_CORRUPTION"},
    {0xc0000409, "STATUS_STACK_BUFFER_OVERRUN"},
    {0xc0000417, "STATUS_INVALID_CRUNTIME_PARAMETER"},
    {0xc000041d, "STATUS_FATAL_USER_CALLBACK_EXCEPTION"},
    {0xc0000420, "STATUS_ASSERTION_FAILURE"},
    {0xc0000428, "STATUS_INVALID_IMAGE_HASH"},
    {0xc0000602, "STATUS_FAIL_FAST_EXCEPTION"},
    {0xc0000906, "STATUS_VIRUS_INFECTED"},
    {0xc0e90002, "STATUS_SYSTEM_INTEGRITY_POLICY_VIOLATION"},
    {0xc0150002, "STATUS_SXS_CANT_GEN_ACTCTX"},
    {0xe0434352, "CLR_EXCEPTION"},
    {0xe06d7363, "CXX_EXCEPTION"},
};
#define NAME_COUNT (sizeof(names) / sizeof(names[0]))

static const char *find_name(uint32_t code)
{
    for (size_t i = 0; i < NAME_COUNT; i++) {
        if (names[i].code == code) {
            return names[i].name;
        }
    }
    return NULL;
}

bool exit_code_explain(int exit_code, struct exit_code_words *out)
{
    uint32_t code = (uint32_t)exit_code;
    const struct error_hint *hint = error_find_hint(ERROR_SYSTEM_WINDOWS, (int64_t)code, "");

    out->name = find_name(code);
    out->cause = hint != NULL ? hint->cause : "";
    out->remedy = hint != NULL ? hint->remedy : "";
    if (out->name == NULL) {
        /* Severity "error" of the system itself: no program makes such a number up. -1 and other negative numbers are
         * the program's own. */
        if ((code & 0xffff0000u) != 0xc0000000u) {
            return false;
        }
        out->name = "an NTSTATUS";
        out->cause = "Windows ended it, or it ended itself, with a failure status of the system";
        out->remedy = "look the number up under \"NTSTATUS values\", and see the Application event log";
    }
    snprintf(out->number, sizeof(out->number), "0x%08lx", (unsigned long)code);
    return true;
}

const char *exit_code_name_at(size_t index, int *exit_code)
{
    if (index >= NAME_COUNT) {
        return NULL;
    }
    *exit_code = (int)names[index].code;
    return names[index].name;
}
