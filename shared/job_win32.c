/*
 * job_win32.c - job objects, see job_win32.h. Both sides.
 */
#include "shared/job_win32.h"

#include <string.h>
#include <windows.h>

#include "shared/system.h"

#define STAGE "job"
#define KILLED_EXIT_CODE 1u

static void fill_limits(const struct job_limits *limits, JOBOBJECT_EXTENDED_LIMIT_INFORMATION *out)
{
    ZeroMemory(out, sizeof(*out));
    /* DIE_ON_UNHANDLED_EXCEPTION: no "has stopped working" window that nobody sees may keep a process alive. */
    out->BasicLimitInformation.LimitFlags =
        JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE | JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
    if (limits != NULL && limits->memory > 0) {
        out->BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_JOB_MEMORY;
        out->JobMemoryLimit = limits->memory < SIZE_MAX ? (SIZE_T)limits->memory : SIZE_MAX;
    }
    if (limits != NULL && limits->processes > 0) {
        out->BasicLimitInformation.LimitFlags |= JOB_OBJECT_LIMIT_ACTIVE_PROCESS;
        out->BasicLimitInformation.ActiveProcessLimit =
            limits->processes < MAXDWORD ? (DWORD)limits->processes : MAXDWORD;
    }
}

int job_create(const struct job_limits *limits, os_handle *out, struct postern_error *error)
{
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION information;
    HANDLE job = CreateJobObjectW(NULL, NULL);

    if (job == NULL) {
        return error_os(error, POSTERN_E_OS, STAGE, "CreateJobObjectW", (int64_t)GetLastError(),
                        "a job object could not be made");
    }
    fill_limits(limits, &information);
    if (!SetInformationJobObject(job, JobObjectExtendedLimitInformation, &information, sizeof(information))) {
        int code = error_os(error, POSTERN_E_OS, STAGE, "SetInformationJobObject", (int64_t)GetLastError(),
                            "a job object could not be set up");

        CloseHandle(job);
        return code;
    }
    *out = (os_handle)job;
    return POSTERN_OK;
}

int job_notify(os_handle job, os_handle port, uintptr_t key, struct postern_error *error)
{
    JOBOBJECT_ASSOCIATE_COMPLETION_PORT association = {.CompletionKey = (PVOID)key, .CompletionPort = (HANDLE)port};

    if (!SetInformationJobObject((HANDLE)job, JobObjectAssociateCompletionPortInformation, &association,
                                 sizeof(association))) {
        return error_os(error, POSTERN_E_OS, STAGE, "SetInformationJobObject", (int64_t)GetLastError(),
                        "a job object could not be watched");
    }
    return POSTERN_OK;
}

bool job_get_usage(os_handle job, struct job_usage *out)
{
    JOBOBJECT_BASIC_ACCOUNTING_INFORMATION accounting;
    JOBOBJECT_EXTENDED_LIMIT_INFORMATION limits;

    memset(out, 0, sizeof(*out));
    if (!QueryInformationJobObject((HANDLE)job, JobObjectBasicAccountingInformation, &accounting, sizeof(accounting),
                                   NULL)) {
        return false;
    }
    out->user_us = (uint64_t)accounting.TotalUserTime.QuadPart / 10; /* of 100 ns */
    out->system_us = (uint64_t)accounting.TotalKernelTime.QuadPart / 10;
    out->active = accounting.ActiveProcesses;
    if (QueryInformationJobObject((HANDLE)job, JobObjectExtendedLimitInformation, &limits, sizeof(limits), NULL)) {
        out->peak_memory = limits.PeakJobMemoryUsed;
    }
    return true;
}

void job_kill(os_handle job)
{
    TerminateJobObject((HANDLE)job, KILLED_EXIT_CODE);
}

bool job_end(os_handle job, uint32_t timeout_ms)
{
    uint64_t deadline = system_now_us() + (uint64_t)timeout_ms * 1000u;
    HANDLE port = CreateIoCompletionPort(INVALID_HANDLE_VALUE, NULL, 0, 1);
    struct job_usage usage;
    bool ended;

    /* Watched before it is killed, so that the last message can't come too early. Each round looks for itself too: the
     * messages only make it quick. */
    if (port != NULL) {
        job_notify(job, (os_handle)port, 0, NULL);
    }
    job_kill(job);
    while (!(ended = job_get_usage(job, &usage) && usage.active == 0) && system_now_us() < deadline) {
        OVERLAPPED *overlapped = NULL;
        ULONG_PTR key = 0;
        DWORD message = 0;

        if (port == NULL) {
            Sleep(10);
        } else {
            GetQueuedCompletionStatus(port, &message, &key, &overlapped, 50);
        }
    }
    if (port != NULL) {
        CloseHandle(port);
    }
    return ended;
}
