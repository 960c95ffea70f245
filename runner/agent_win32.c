/*
 * agent_win32.c - starting console agents, see agent_win32.h. Runs in the runner.
 */
#include "runner/agent_win32.h"

#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

#include "runner/again_win32.h"
#include "runner/trampoline_win32.h"
#include "shared/process_win32.h"

#define STAGE "signal"

struct agent {
    struct agents *agents;
    struct process process;
    struct loop_wait *wait;
};

struct agents {
    struct loop *loop;
    struct agent slot[AGENTS_MAX];
    struct agent *resizing;        /* the one that sets a size, if any */
    uint16_t next_rows, next_cols; /* the size to set after it; 0: none */
    uint32_t next_pid;
};

struct agents *agents_create(struct loop *loop)
{
    struct agents *agents = calloc(1, sizeof(*agents));

    for (size_t i = 0; agents != NULL && i < AGENTS_MAX; i++) {
        agents->slot[i].agents = agents;
        agents->slot[i].process.handle = OS_HANDLE_NONE;
    }
    if (agents != NULL) {
        agents->loop = loop;
    }
    return agents;
}

static void agent_clear(struct agent *agent)
{
    loop_wait_stop(agent->wait);
    agent->wait = NULL;
    process_close(&agent->process);
}

void agents_free(struct agents *agents)
{
    for (size_t i = 0; agents != NULL && i < AGENTS_MAX; i++) {
        agent_clear(&agents->slot[i]);
    }
    free(agents);
}

static void agent_ended(void *context)
{
    struct agent *agent = context;
    struct agents *agents = agent->agents;
    uint16_t rows = agents->next_rows;

    agent_clear(agent);
    if (agents->resizing == agent) {
        agents->resizing = NULL;
        agents->next_rows = 0;
        if (rows != 0) {
            agents_resize(agents, agents->next_pid, rows, agents->next_cols, NULL);
        }
    }
}

static int agent_start(struct agents *agents, const char *const *argv, struct agent **out, struct postern_error *error)
{
    struct agent *agent = NULL;
    int code;

    for (size_t i = 0; agent == NULL && i < AGENTS_MAX; i++) {
        if (agents->slot[i].process.handle == OS_HANDLE_NONE) {
            agent = &agents->slot[i];
        }
    }
    if (agent == NULL) {
        return error_set(error, POSTERN_E_LIMIT, STAGE, "", "earlier signals are still being delivered");
    }
    code = again_start(argv, OS_HANDLE_NONE, PROCESS_CONSOLE_NONE, NULL, &agent->process, error);
    if (code == POSTERN_OK) {
        code = loop_wait_start(agents->loop, agent->process.handle, agent_ended, agent, &agent->wait, error);
    }
    if (code != POSTERN_OK) {
        process_close(&agent->process);
        return code;
    }
    *out = agent;
    return POSTERN_OK;
}

int agents_signal(struct agents *agents, uint32_t pid, enum postern_signal signal, struct postern_error *error)
{
    const char *action = signal == POSTERN_SIGNAL_INTERRUPT ? "interrupt" : "break";
    char number[16];
    const char *const argv[] = {"postern-runner", CONSOLE_AGENT_OPTION, number, action, NULL};
    struct agent *agent;

    snprintf(number, sizeof(number), "%u", (unsigned)pid);
    return agent_start(agents, argv, &agent, error);
}

int agents_resize(struct agents *agents, uint32_t pid, uint16_t rows, uint16_t cols, struct postern_error *error)
{
    char number[16], rows_text[8], cols_text[8];
    const char *const argv[] = {"postern-runner", CONSOLE_AGENT_OPTION, number, "resize", rows_text, cols_text, NULL};

    if (agents->resizing != NULL) {
        agents->next_rows = rows;
        agents->next_cols = cols;
        agents->next_pid = pid;
        return POSTERN_OK;
    }
    snprintf(number, sizeof(number), "%u", (unsigned)pid);
    snprintf(rows_text, sizeof(rows_text), "%u", (unsigned)rows);
    snprintf(cols_text, sizeof(cols_text), "%u", (unsigned)cols);
    return agent_start(agents, argv, &agents->resizing, error);
}
