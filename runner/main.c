/*
 * main.c - postern-runner: the helper that runs as the sandbox user and starts its commands. Started by
 * elevated/launch_*.c only:
 *
 *   postern-runner --endpoint ADDRESS --bootstrap HANDLE|file:PATH [--parent HANDLE] [--log HANDLE]
 */
#include "ipc/endpoint.h"
#include "runner/runner.h"
#include "runner/startup.h"
#include "shared/text.h"

#include <stdio.h>
#include <string.h>

struct arguments {
    const char *endpoint, *bootstrap, *parent, *log;
};

static bool parse(int argc, char **argv, struct arguments *out)
{
    const struct {
        const char *name;
        const char **value;
    } known[] = {{"--endpoint", &out->endpoint},
                 {"--bootstrap", &out->bootstrap},
                 {"--parent", &out->parent},
                 {"--log", &out->log}};
    for (int i = 1; i < argc; i += 2) {
        size_t k = 0;
        while (k < sizeof(known) / sizeof(known[0]) && strcmp(argv[i], known[k].name) != 0)
            k++;
        if (k == sizeof(known) / sizeof(known[0]) || i + 1 >= argc)
            return false;
        *known[k].value = argv[i + 1];
    }
    return out->endpoint && out->bootstrap;
}

static void parent_gone(void *context)
{
    runner_abandon(context);
}

/* Named by an argument, or else in the start record; by neither: none. */
static int adopt(const char *argument, os_handle number, os_handle *out, struct postern_error *error)
{
    if (argument && number != 0)
        return error_set(error, POSTERN_E_INVALID, "startup", "", "a handle is named twice");
    return argument ? startup_adopt_handle(argument, out, error) : startup_adopt_number(number, out, error);
}

static int open_log(const char *argument, os_handle number, struct log **log, struct postern_error *error)
{
    os_handle handle = OS_HANDLE_NONE;
    int status = adopt(argument, number, &handle, error);
    if (status == 0 && handle != OS_HANDLE_NONE)
        status = log_adopt(&handle, "runner", log, error);
    handle_close(&handle);
    return status;
}

/* Everything between "we know our orders" and the end. */
static int serve(const struct arguments *arguments, struct bootstrap *bootstrap, struct log *log,
                 struct postern_error *error)
{
    struct loop *loop = NULL;
    struct runner *runner = NULL;
    struct loop_wait *wait = NULL;
    os_handle channel = OS_HANDLE_NONE, parent = OS_HANDLE_NONE;
    int status = loop_create(&loop, error);
    if (status == 0)
        status = adopt(arguments->parent, bootstrap->parent, &parent, error);
    if (status == 0)
        status = endpoint_connect(arguments->endpoint, &channel, error);
    if (status == 0)
        status = runner_open(loop, handle_take(&channel), bootstrap, log, &runner, error);
    if (status == 0 && parent != OS_HANDLE_NONE)
        status = loop_wait_start(loop, parent, parent_gone, runner, &wait, error);
    while (status == 0 && !runner_is_over(runner))
        status = loop_run_once(loop, -1, error);
    loop_wait_stop(wait);
    runner_close(runner);
    loop_destroy(loop);
    handle_close(&parent);
    return status;
}

int main(int argc, char **argv)
{
    struct arguments arguments = {0};
    struct bootstrap bootstrap = {0};
    struct postern_error error = {0};
    struct log *log = NULL;
    struct buffer record;
    int hidden_status = 0;
    if (startup_hidden_mode(argc, argv, &hidden_status))
        return hidden_status;
    if (!parse(argc, argv, &arguments)) {
        fprintf(stderr, "postern-runner %s: started by postern itself, not by hand\n", postern_version());
        return 2;
    }
    buffer_init(&record, BOOTSTRAP_LIMIT);
    int status = startup_prepare(&error);
    if (status == 0)
        status = open_log(arguments.log, 0, &log, &error);
    if (status == 0)
        status = startup_read_bootstrap(arguments.bootstrap, &record, &error);
    if (status == 0)
        status = bootstrap_decode(buffer_data(&record), buffer_length(&record), &bootstrap, &error);
    buffer_wipe(&record);
    if (status == 0 && bootstrap.log != 0)
        status = open_log(arguments.log, bootstrap.log, &log, &error);
    if (status == 0)
        status = serve(&arguments, &bootstrap, log, &error);
    bootstrap_free(&bootstrap);
    if (status != 0) {
        char text[1024];
        error_format(&error, text, sizeof(text));
        log_line(log, "%s", text);
        fprintf(stderr, "postern-runner: %s\n", text);
    }
    log_close(log);
    return status == 0 ? 0 : 1;
}
