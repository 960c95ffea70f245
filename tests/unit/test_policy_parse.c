/*
 * Reading policies (shared/policy_parse.c, policy_network.c, policy_container.c, json_member.c): every rule, kept and
 * broken.
 */
#include "tests/support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shared/policy.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct policy policy;
static struct postern_error error;

static int parse_as(enum path_style style, const char *text)
{
    policy_free(&policy);
    policy_init(&policy, style);
    memset(&error, 0, sizeof(error));
    return policy_parse(text, strlen(text), "policy.json", &policy, &error);
}

static void accept(const char *text)
{
    if (parse_as(PATH_POSIX, text) != POSTERN_OK)
        fail_msg("%s: %s", text, error.message);
    assert_int_equal(error.code, 0);
}

/* The message has all of `wanted`, which are separated by '|'. */
static void check_message(const char *text, const char *wanted)
{
    while (*wanted != '\0') {
        size_t length = strcspn(wanted, "|");
        char part[256];

        snprintf(part, sizeof(part), "%.*s", (int)length, wanted);
        if (strstr(error.message, part) == NULL)
            fail_msg("%s: \"%s\" is not in: %s", text, part, error.message);
        wanted += length;
        wanted += *wanted == '|';
    }
}

static void refuse(const char *text, const char *wanted)
{
    if (parse_as(PATH_POSIX, text) == POSTERN_OK)
        fail_msg("accepted: %s", text);
    assert_int_equal(error.code, POSTERN_E_POLICY);
    assert_string_equal(error.stage, "policy");
    assert_int_equal(strncmp(error.message, "policy.json", 11), 0);
    check_message(text, wanted);
    /* nothing of it is left */
    assert_int_equal(policy.rules.count, 0);
    assert_int_equal(policy.demand_count, 0);
    assert_int_equal(policy.network, POLICY_NETWORK_UNSAID);
    assert_null(policy.process.command_line);
    assert_null(policy.process.cwd);
    assert_int_equal(policy.process.env.count, 0);
}

struct refused {
    const char *text, *wanted;
};

static void refuse_all(const struct refused *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        refuse(cases[i].text, cases[i].wanted);
}

static void demands(const char *text, const char *capability, const char *where)
{
    accept(text);
    for (size_t i = 0; i < policy.demand_count; i++) {
        if (strcmp(policy.demand[i].capability, capability) == 0 && strcmp(policy.demand[i].where, where) == 0)
            return;
    }
    fail_msg("%s: no demand %s by %s (%zu others)", text, capability, where, policy.demand_count);
}

static int tear_down(void **state)
{
    (void)state;
    policy_free(&policy);
    return 0;
}

/* ---- the document ---- */

static void an_empty_policy_says_nothing(void **state)
{
    (void)state;
    accept(" { } ");
    assert_int_equal(policy.rules.base, POLICY_READ);
    assert_int_equal(policy.rules.style, PATH_POSIX);
    assert_int_equal(policy.rules.count, 0);
    assert_true(policy.named);
    assert_int_equal(policy.network, POLICY_NETWORK_UNSAID);
    assert_int_equal(policy.limits.memory, 0);
    assert_int_equal(policy.containment, POLICY_CONTAINMENT_PROCESS);
    assert_string_equal(policy.containment_name, "");
    assert_false(policy.ui.said);
    assert_true(policy.ui.disable);
    assert_int_equal(policy.ui.clipboard, POLICY_CLIPBOARD_NONE);
    assert_false(policy.ui.injection);
    assert_null(policy.process.command_line);
    assert_int_equal(policy.demand_count, 0);
}

static void reads_all_of_it(void **state)
{
    (void)state;
    accept(
        "{\"$schema\": \"x\", \"_comment\": [1, {\"a\": null}], \"version\": \"0.7.0-alpha\", \"containerId\": \"c\","
        " \"containment\": \"bubblewrap\","
        " \"process\": {\"commandLine\": \"echo hi\\n\", \"cwd\": \"/w/./\", \"env\": [\"A=1\", \"B==\", \"A=\"],"
        "   \"timeout\": 4294967295},"
        " \"lifecycle\": {\"destroyOnExit\": true, \"preservePolicy\": false},"
        " \"filesystem\": {\"readwritePaths\": [\"/w//x/\"], \"readonlyPaths\": [\"/r\", \"/\"],"
        "   \"deniedPaths\": [\"/d\"]},"
        " \"fallback\": {\"allowDaclMutation\": false},"
        " \"ui\": {\"disable\": false, \"clipboard\": \"write\", \"injection\": true},"
        " \"network\": {\"defaultPolicy\": \"allow\", \"allowLocalNetwork\": true, \"enforcementMode\": \"both\"},"
        " \"experimental\": {\"wslc\": 1, \"postern\": {\"limits\": {\"memory\": \"512M\", \"processes\": 7,"
        "   \"cpuTime\": \"10s\", \"fileSize\": 4096}}}}");
    assert_int_equal(policy.containment, POLICY_CONTAINMENT_BUBBLEWRAP);
    assert_string_equal(policy.containment_name, "bubblewrap");
    assert_string_equal(policy.process.command_line, "echo hi\n");
    assert_string_equal(policy.process.cwd, "/w");
    assert_int_equal(policy.process.env.count, 3);
    assert_string_equal(policy.process.env.item[1], "B==");
    assert_true(policy.process.timeout == 4294967295u);
    assert_int_equal(policy.rules.count, 4);
    assert_string_equal(policy.rules.item[0].path, "/w/x");
    assert_int_equal(policy.rules.item[0].access, POLICY_WRITE);
    assert_int_equal(policy.rules.item[1].access, POLICY_READ);
    assert_string_equal(policy.rules.item[2].path, "/");
    assert_int_equal(policy.rules.item[3].access, POLICY_DENIED);
    assert_int_equal(policy.rules.item[3].source, POLICY_FROM_FILE);
    assert_true(policy.ui.said);
    assert_false(policy.ui.disable);
    assert_int_equal(policy.ui.clipboard, POLICY_CLIPBOARD_WRITE);
    assert_true(policy.ui.injection);
    assert_int_equal(policy.network, POLICY_NETWORK_ALLOW);
    assert_true(policy.limits.memory == 512u * 1024 * 1024);
    assert_true(policy.limits.processes == 7);
    assert_true(policy.limits.cpu_ms == 10000);
    assert_true(policy.limits.file_size == 4096);
    assert_int_equal(policy.demand_count, 0);
}

static void access_lists_are_changed_on_windows_only(void **state)
{
    static const char config[] = "{\"fallback\": {\"allowDaclMutation\": false}}";
    (void)state;
    accept(config);
    assert_int_equal(policy.demand_count, 0);
    assert_int_equal(parse_as(PATH_WINDOWS, config), POSTERN_OK);
    assert_int_equal(policy.demand_count, 1);
    assert_string_equal(policy.demand[0].capability, "fallback");
    assert_string_equal(policy.demand[0].where, "fallback.allowDaclMutation");
    assert_int_equal(parse_as(PATH_WINDOWS, "{\"fallback\": {\"allowDaclMutation\": true}}"), POSTERN_OK);
    assert_int_equal(policy.demand_count, 0);
}

static void null_is_absent(void **state)
{
    (void)state;
    accept("{\"$schema\": null, \"_comment\": null, \"version\": null, \"containerId\": null, \"containment\": null,"
           " \"process\": null, \"lifecycle\": null, \"filesystem\": null, \"fallback\": null, \"ui\": null,"
           " \"network\": null, \"runtimeConfig\": null, \"experimental\": null, \"processContainer\": null,"
           " \"appContainer\": null, \"lxc\": null, \"seatbelt\": null, \"phase\": null, \"sandboxId\": null,"
           " \"correlationVector\": null}");
    assert_false(policy.ui.said);
    assert_int_equal(policy.network, POLICY_NETWORK_UNSAID);
    accept("{\"process\": {\"commandLine\": null, \"cwd\": null, \"env\": null, \"timeout\": null},"
           " \"lifecycle\": {\"destroyOnExit\": null, \"preservePolicy\": null},"
           " \"filesystem\": {\"readwritePaths\": null, \"readonlyPaths\": null, \"deniedPaths\": null},"
           " \"fallback\": {\"allowDaclMutation\": null},"
           " \"ui\": {\"disable\": null, \"clipboard\": null, \"injection\": null},"
           " \"network\": {\"defaultPolicy\": null, \"egress\": null, \"ingress\": null, \"proxy\": null,"
           "   \"allowedHosts\": null, \"blockedHosts\": null, \"allowLocalNetwork\": null, \"enforcementMode\": null},"
           " \"runtimeConfig\": null,"
           " \"experimental\": {\"postern\": {\"limits\": {\"memory\": null, \"processes\": null, \"cpuTime\": null,"
           "   \"fileSize\": null}}}}");
    assert_true(policy.ui.said);
    assert_true(policy.ui.disable);
    assert_int_equal(policy.network, POLICY_NETWORK_BLOCK);
    assert_int_equal(policy.demand_count, 0);
    accept("{\"experimental\": {\"postern\": null}}");
    accept("{\"experimental\": {\"postern\": {\"limits\": null}}}");
}

static void refuses_what_is_no_policy(void **state)
{
    static const struct refused cases[] = {
        {"", "not valid JSON"},
        {"{", "not valid JSON|line 1"},
        {"[]", "policy.json (line 1, column 1) is not an object"},
        {"\"x\"", "not valid JSON"},
        {"{} {}", "not valid JSON"},
        {"{\"a\": 1,}", "not valid JSON|line 1"},
        {"{\"process\": {}, \"process\": {}}", "duplicate object key|\"process\"|line 1"},
        {"{\"ui\": {\"disable\": true,\n \"disable\": true}}", "duplicate object key|\"disable\"|line 2"},
        {"{\"version\": \"\xff\"}", "not valid JSON"},
        {"{\"_comment\": [[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]}", "nested deeper"},
        {"{\"a\\u0000b\": 1}", "not valid JSON|NUL"},
    };

    (void)state;
    refuse_all(cases, COUNT(cases));
}

static void refuses_what_is_too_large(void **state)
{
    char *text = malloc(POLICY_SIZE_MAX + 1);

    (void)state;
    assert_non_null(text);
    memset(text, ' ', POLICY_SIZE_MAX + 1);
    memcpy(text, "{}", 2);
    policy_free(&policy);
    policy_init(&policy, PATH_POSIX);
    assert_int_equal(policy_parse(text, POLICY_SIZE_MAX, "policy.json", &policy, &error), POSTERN_OK);
    assert_int_equal(policy_parse(text, POLICY_SIZE_MAX + 1, "policy.json", &policy, &error), POSTERN_E_POLICY);
    assert_non_null(strstr(error.message, "is larger than 1048576 bytes"));
    free(text);
}

static void unknown_members_are_named_with_their_place(void **state)
{
    static const struct refused cases[] = {
        {"{\"bogus\": 1}", "policy.json: bogus (line 1, column 2) is not known|version, process"},
        {"{\"bogus\": null}", "bogus (line 1, column 2) is not known"},
        {"{\n  \"filesystem\": {\n    \"readWritePaths\": []\n  }\n}",
         "policy.json: filesystem.readWritePaths (line 3, column 5) is not known|readwritePaths, readonlyPaths, "
         "deniedPaths"},
        {"{\"process\": {\"commandline\": \"x\"}}", "process.commandline (line 1, column 14) is not known|commandLine"},
        {"{\"filesystem\": {\"clearPolicyOnExit\": true}}", "filesystem.clearPolicyOnExit"},
        {"{\"lifecycle\": {\"x\": 1}}", "lifecycle.x"},
        {"{\"fallback\": {\"x\": 1}}", "fallback.x"},
        {"{\"ui\": {\"isolation\": \"desktop\"}}", "ui.isolation|disable, clipboard, injection"},
        {"{\"network\": {\"x\": 1}}", "network.x"},
        {"{\"network\": {\"proxy\": {\"x\": 1}}}", "network.proxy.x"},
        {"{\"version\": \"0.8.0\", \"network\": {\"egress\": {\"x\": 1}}}", "network.egress.x"},
        {"{\"version\": \"0.8.0\", \"network\": {\"ingress\": {\"x\": 1}}}", "network.ingress.x"},
        {"{\"version\": \"0.8.0\", \"network\": {\"egress\": {\"allow\": [{}, {\"x\": 1}]}}}",
         "network.egress.allow[1].x (line 1, column 60)"},
        {"{\"version\": \"0.8.0\", \"runtimeConfig\": {\"x\": 1}}", "runtimeConfig.x"},
        {"{\"experimental\": {\"postern\": {\"x\": 1}}}", "experimental.postern.x"},
        {"{\"experimental\": {\"postern\": {\"limits\": {\"cpu\": 1}}}}",
         "experimental.postern.limits.cpu|memory, processes, cpuTime, fileSize"},
        {"{\"\": 1}", "is not known"},
        {"{\"a\\u001b[2J\\u202e\": 1}", "a\\x1b[2J"},
        {"{\"\\u0070rocess\": {\"\\u00e4\": 1}}", "process.\xc3\xa4 (line 1, column 19)"},
        {"{\"\xc3\xa4\xc3\xa4\": 1}", "\xc3\xa4\xc3\xa4 (line 1, column 2)"},
    };

    (void)state;
    refuse_all(cases, COUNT(cases));
    assert_null(strchr(error.message, '\x1b'));
}

static void sections_of_others_are_refused(void **state)
{
    static const struct refused cases[] = {
        {"{\"lxc\": {\"distribution\": \"alpine\"}}", "lxc (line 1, column 2) belongs to another containment"},
        {"{\"seatbelt\": {}}", "seatbelt|another containment"},
        {"{\"phase\": \"start\"}", "phase|one-shot"},
        {"{\"sandboxId\": \"iso:x\"}", "sandboxId|one-shot"},
        {"{\"correlationVector\": \"x\"}", "correlationVector|one-shot"},
    };

    (void)state;
    refuse_all(cases, COUNT(cases));
}

static void wrong_types_are_refused(void **state)
{
    static const struct refused cases[] = {
        {"{\"$schema\": 1}", "$schema (line 1, column 13) is not a string"},
        {"{\"version\": 0.8}", "version|is not a string"},
        {"{\"containerId\": 1}", "containerId|is not a string"},
        {"{\"containment\": true}", "containment|is not a string"},
        {"{\"process\": []}", "process|is not an object"},
        {"{\"process\": {\"commandLine\": [\"ls\"]}}", "process.commandLine|is not a string"},
        {"{\"process\": {\"cwd\": 1}}", "process.cwd|is not a string"},
        {"{\"process\": {\"env\": {\"A\": \"1\"}}}", "process.env|is not an array"},
        {"{\"process\": {\"env\": [1]}}", "process.env[0] (line 1, column 22) is not a string"},
        {"{\"process\": {\"env\": [null]}}", "process.env[0]|is null"},
        {"{\"lifecycle\": 1}", "lifecycle|is not an object"},
        {"{\"lifecycle\": {\"destroyOnExit\": \"true\"}}", "lifecycle.destroyOnExit|is not true or false"},
        {"{\"filesystem\": [\"/a\"]}", "filesystem|is not an object"},
        {"{\"filesystem\": {\"deniedPaths\": \"/a\"}}", "filesystem.deniedPaths|is not an array"},
        {"{\"filesystem\": {\"deniedPaths\": [{}]}}", "filesystem.deniedPaths[0]|is not a string"},
        {"{\"filesystem\": {\"deniedPaths\": [\"/a\", null]}}", "filesystem.deniedPaths[1]|is null"},
        {"{\"fallback\": {\"allowDaclMutation\": 1}}", "fallback.allowDaclMutation|is not true or false"},
        {"{\"ui\": true}", "ui|is not an object"},
        {"{\"ui\": {\"disable\": 1}}", "ui.disable|is not true or false"},
        {"{\"network\": \"block\"}", "network|is not an object"},
        {"{\"network\": {\"allowLocalNetwork\": 1}}", "network.allowLocalNetwork|is not true or false"},
        {"{\"network\": {\"allowedHosts\": \"a\"}}", "network.allowedHosts|is not an array"},
        {"{\"network\": {\"allowedHosts\": [1]}}", "network.allowedHosts[0]|is not a string"},
        {"{\"network\": {\"proxy\": \"http://a:1\"}}", "network.proxy|is not an object"},
        {"{\"experimental\": []}", "experimental|is not an object"},
        {"{\"experimental\": {\"postern\": 1}}", "experimental.postern|is not an object"},
        {"{\"experimental\": {\"postern\": {\"limits\": 1}}}", "experimental.postern.limits|is not an object"},
    };

    (void)state;
    refuse_all(cases, COUNT(cases));
}

static void versions(void **state)
{
    static const char *const good[] = {"",          "0.6.0",  "0.6.0-alpha", "0.7.12", "0.8.0", "0.8.0-alpha.1+b-1.x",
                                       "0.8.99999", "0.8.0+x"};
    static const char *const outside[] = {"0.5.9", "0.9.0", "0.9.0-alpha", "0.10.0", "1.0.0", "1.7.0", "0.0.8"};
    static const char *const malformed[] = {
        "0.8",    "0",      "abc",    "0.8.0.0",    "v0.8.0",         "0.8.x",
        "0.08.0", "0.8.0-", "0.8.0+", "0.8.0-a..b", "0.8.0-\xc3\xa4", " 0.8.0",
        "0.8.0 ", "00.8.0", "0.8.00", "0.8.0-a_b",  "-0.8.0",         "0.8.9999999999"};
    char text[128];

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        snprintf(text, sizeof(text), "{\"version\": \"%s\"}", good[i]);
        accept(text);
    }
    for (size_t i = 0; i < COUNT(outside); i++) {
        snprintf(text, sizeof(text), "{\"version\": \"%s\"}", outside[i]);
        refuse(text, "version (line 1, column 13) is|known are 0.6 to 0.8");
        check_message(text, outside[i]);
    }
    for (size_t i = 0; i < COUNT(malformed); i++) {
        snprintf(text, sizeof(text), "{\"version\": \"%s\"}", malformed[i]);
        refuse(text, "version (line 1, column 13) is|no version|0.6 to 0.8");
    }
    /* what is new in another version is not complained about first */
    refuse("{\"news\": 1, \"version\": \"0.9.0\"}", "version|0.6 to 0.8");
}

static void containments(void **state)
{
    static const struct {
        const char *name;
        enum policy_containment kind;
    } known[] = {
        {"process", POLICY_CONTAINMENT_PROCESS},
        {"bubblewrap", POLICY_CONTAINMENT_BUBBLEWRAP},
        {"processcontainer", POLICY_CONTAINMENT_PROCESSCONTAINER},
        {"appcontainer", POLICY_CONTAINMENT_PROCESSCONTAINER},
        {"vm", POLICY_CONTAINMENT_OTHER},
        {"microvm", POLICY_CONTAINMENT_OTHER},
        {"windows_sandbox", POLICY_CONTAINMENT_OTHER},
        {"lxc", POLICY_CONTAINMENT_OTHER},
        {"hyperlight", POLICY_CONTAINMENT_OTHER},
        {"wslc", POLICY_CONTAINMENT_OTHER},
        {"seatbelt", POLICY_CONTAINMENT_OTHER},
        {"macos_sandbox", POLICY_CONTAINMENT_OTHER},
        {"isolation_session", POLICY_CONTAINMENT_OTHER},
    };
    char text[128];

    (void)state;
    for (size_t i = 0; i < COUNT(known); i++) {
        snprintf(text, sizeof(text), "{\"containment\": \"%s\"}", known[i].name);
        accept(text);
        assert_int_equal(policy.containment, known[i].kind);
        assert_string_equal(policy.containment_name, known[i].name);
    }
    refuse("{\"containment\": \"docker\\u001b\"}", "containment|is \"docker\\x1b\"|process, bubblewrap");
    refuse("{\"containment\": \"\"}", "containment|is \"\"");
    refuse("{\"containment\": \"Process\"}", "containment|is \"Process\"");
}

/* ---- app containers ---- */

#define IN_CONTAINER(section) "{\"containment\": \"processcontainer\", \"processContainer\": {" section "}}"

/* It says nothing that the containment does not say. */
static void a_plain_container_asks_for_nothing(void **state)
{
    (void)state;
    accept(IN_CONTAINER(""));
    assert_false(policy.ui.said);
    assert_int_equal(policy.demand_count, 0);
    accept(IN_CONTAINER("\"leastPrivilege\": false, \"learningMode\": null, \"capabilities\": [],"
                        " \"captureDenials\": null, \"network\": {\"allowedProxyPeer\": null}"));
    assert_false(policy.ui.said);
    assert_int_equal(policy.demand_count, 0);
    accept("{\"containment\": \"appcontainer\", \"appContainer\": {}, \"processContainer\": null}");
    assert_int_equal(policy.containment, POLICY_CONTAINMENT_PROCESSCONTAINER);
    assert_int_equal(policy.demand_count, 0);
}

/* The lock-down by name: what cannot hold it is refused when it is planned. */
static void a_containers_ui_is_the_lock_down(void **state)
{
    (void)state;
    accept(IN_CONTAINER("\"ui\": {\"isolation\": \"container\", \"desktopSystemControl\": false,"
                        " \"systemSettings\": \"none\", \"ime\": false}"));
    assert_true(policy.ui.said);
    assert_true(policy.ui.disable);
    assert_int_equal(policy.demand_count, 0);
    demands(IN_CONTAINER("\"ui\": {\"isolation\": \"desktop\"}"), "ui", "processContainer.ui.isolation");
    demands(IN_CONTAINER("\"ui\": {\"desktopSystemControl\": true}"), "ui", "processContainer.ui.desktopSystemControl");
    demands(IN_CONTAINER("\"ui\": {\"systemSettings\": \"all\"}"), "ui", "processContainer.ui.systemSettings");
    demands(IN_CONTAINER("\"ui\": {\"ime\": true}"), "ui", "processContainer.ui.ime");
}

static void what_a_container_lacks_is_a_demand(void **state)
{
    (void)state;
    demands(IN_CONTAINER("\"leastPrivilege\": true"), "containment", "processContainer.leastPrivilege");
    demands(IN_CONTAINER("\"learningMode\": true"), "containment", "processContainer.learningMode");
    demands(IN_CONTAINER("\"captureDenials\": {}"), "containment", "processContainer.captureDenials");
    demands(IN_CONTAINER("\"capabilities\": [\"registryRead\"]"), "containment", "processContainer.capabilities");
    demands(IN_CONTAINER("\"network\": {\"allowedProxyPeer\": \"x\"}"), "net.proxy",
            "processContainer.network.allowedProxyPeer");
    demands("{\"containment\": \"appcontainer\", \"appContainer\": {\"leastPrivilege\": true}}", "containment",
            "appContainer.leastPrivilege");
}

/* Those of the network come with it, and only with it. */
static void capabilities_of_the_network(void **state)
{
    static const char network[] = "\"network\": {\"defaultPolicy\": \"allow\", \"allowLocalNetwork\": true}";
    static const char names[] = "\"internetClient\", \"internetClientServer\", \"privateNetworkClientServer\"";
    char text[512];

    (void)state;
    snprintf(text, sizeof(text),
             "{\"processContainer\": {\"capabilities\": [%s]}, \"containment\": \"appcontainer\", %s}", names, network);
    accept(text);
    assert_int_equal(policy.demand_count, 0);
    snprintf(text, sizeof(text), "{\"containment\": \"appcontainer\", \"processContainer\": {\"capabilities\": [%s]}}",
             names);
    demands(text, "containment", "processContainer.capabilities");
    snprintf(text, sizeof(text),
             "{\"containment\": \"appcontainer\", %s, \"processContainer\": {\"capabilities\": [%s, \"lpacCom\"]}}",
             network, names);
    demands(text, "containment", "processContainer.capabilities");
}

static void containers_that_are_none(void **state)
{
    static const struct refused cases[] = {
        {"{\"processContainer\": {}}",
         "processContainer (line 1, column 2) is for the containment \"processcontainer\""},
        {"{\"containment\": \"process\", \"appContainer\": {}}", "appContainer|is for the containment"},
        {"{\"containment\": \"vm\", \"processContainer\": {}}", "processContainer|is for the containment"},
        {"{\"containment\": \"appcontainer\", \"processContainer\": {}, \"appContainer\": {}}",
         "appContainer (line 1, column 57) means processContainer"},
        {IN_CONTAINER("\"lpac\": true"), "processContainer.lpac|leastPrivilege, learningMode, capabilities"},
        {IN_CONTAINER("\"ui\": {\"x\": 1}"), "processContainer.ui.x|isolation"},
        {IN_CONTAINER("\"network\": {\"x\": 1}"), "processContainer.network.x"},
        {IN_CONTAINER("\"captureDenials\": {\"x\": 1}"), "processContainer.captureDenials.x|mode"},
        {IN_CONTAINER("\"leastPrivilege\": 1"), "processContainer.leastPrivilege|is not true or false"},
        {IN_CONTAINER("\"learningMode\": \"on\""), "processContainer.learningMode|is not true or false"},
        {IN_CONTAINER("\"capabilities\": \"internetClient\""), "processContainer.capabilities|is not an array"},
        {IN_CONTAINER("\"capabilities\": [\"a\", 1]"), "processContainer.capabilities[1]|is not a string"},
        {IN_CONTAINER("\"capabilities\": [\"\"]"), "processContainer.capabilities[0]|is empty"},
        {IN_CONTAINER("\"capabilities\": [\"a,b\"]"), "processContainer.capabilities[0]|has a comma"},
        {IN_CONTAINER("\"captureDenials\": true"), "processContainer.captureDenials|is not an object"},
        {IN_CONTAINER("\"captureDenials\": {\"mode\": \"log\"}"), "processContainer.captureDenials.mode|block, allow"},
        {IN_CONTAINER("\"ui\": {\"isolation\": \"none\"}"), "processContainer.ui.isolation|container, atoms"},
        {IN_CONTAINER("\"ui\": {\"systemSettings\": true}"), "processContainer.ui.systemSettings|is not a string"},
    };

    (void)state;
    refuse_all(cases, COUNT(cases));
    /* on Windows what is called "process" there comes with the section */
    assert_int_equal(parse_as(PATH_WINDOWS, "{\"processContainer\": {\"capabilities\": []}}"), POSTERN_OK);
    assert_int_equal(policy.containment, POLICY_CONTAINMENT_PROCESS);
    assert_int_equal(parse_as(PATH_WINDOWS, "{\"containment\": \"bubblewrap\", \"processContainer\": {}}"),
                     POSTERN_E_POLICY);
}

/* ---- sections ---- */

static void processes(void **state)
{
    static const struct refused cases[] = {
        {"{\"process\": {\"commandLine\": \"\"}}", "process.commandLine|is empty"},
        {"{\"process\": {\"commandLine\": \"a\\u0000b\"}}", "process.commandLine|NUL"},
        {"{\"process\": {\"cwd\": \"w\"}}", "process.cwd|\"w\" is relative"},
        {"{\"process\": {\"cwd\": \" \"}}", "process.cwd|is blank"},
        {"{\"process\": {\"cwd\": \"/w/..\"}}", "process.cwd|holds \"..\""},
        {"{\"process\": {\"cwd\": \"/w\\u0000\"}}", "process.cwd|NUL"},
        {"{\"process\": {\"env\": [\"A=1\", \"SECRET\"]}}", "process.env[1]|has no \"=\""},
        {"{\"process\": {\"env\": [\"=SECRET\"]}}", "process.env[0]|has no name"},
        {"{\"process\": {\"env\": [\"\"]}}", "process.env[0]|has no \"=\""},
        {"{\"process\": {\"env\": [\"A=SECRET\\u0000\"]}}", "process.env[0]|NUL"},
        {"{\"process\": {\"timeout\": -1}}",
         "process.timeout (line 1, column 25) is not a whole number of 0 to 4294967295"},
        {"{\"process\": {\"timeout\": 1.5}}", "process.timeout|is not a whole number"},
        {"{\"process\": {\"timeout\": 1.0}}", "process.timeout|is not a whole number"},
        {"{\"process\": {\"timeout\": 4294967296}}", "process.timeout|is not a whole number"},
        {"{\"process\": {\"timeout\": 1e3}}", "process.timeout|is not a whole number"},
        {"{\"process\": {\"timeout\": \"1\"}}", "process.timeout|is not a whole number"},
        {"{\"process\": {\"timeout\": 99999999999999999999}}", "too big integer|line 1"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        refuse(cases[i].text, cases[i].wanted);
        assert_null(strstr(error.message, "SECRET"));
    }
    accept("{\"process\": {}}");
    assert_null(policy.process.command_line); /* a ceiling has none */
    accept("{\"process\": {\"cwd\": \"\", \"timeout\": 0}}");
    assert_null(policy.process.cwd);
}

static void lifecycles(void **state)
{
    (void)state;
    demands("{\"lifecycle\": {\"destroyOnExit\": false}}", "lifecycle", "lifecycle.destroyOnExit");
    demands("{\"lifecycle\": {\"preservePolicy\": true}}", "lifecycle", "lifecycle.preservePolicy");
    accept("{\"lifecycle\": {}}");
    assert_int_equal(policy.demand_count, 0);
}

static void paths(void **state)
{
    static const struct refused cases[] = {
        {"{\"filesystem\": {\"readonlyPaths\": [\"/a\",\n  \"b\"]}}",
         "filesystem.readonlyPaths[1] (line 2, column 3): the path \"b\" is relative"},
        {"{\"filesystem\": {\"readonlyPaths\": [\"\"]}}", "readonlyPaths[0]|is blank"},
        {"{\"filesystem\": {\"readwritePaths\": [\"  \"]}}", "readwritePaths[0]|is blank"},
        {"{\"filesystem\": {\"deniedPaths\": [\"/a/../b\"]}}", "deniedPaths[0]|holds \"..\""},
        {"{\"filesystem\": {\"deniedPaths\": [\"/a\\u0000b\"]}}", "deniedPaths[0]|NUL"},
        {"{\"filesystem\": {\"deniedPaths\": [\"/a\\nb\"]}}", "deniedPaths[0]|\"/a\\x0ab\"|control character"},
        {"{\"filesystem\": {\"deniedPaths\": [\"~/a\"]}}", "deniedPaths[0]|is relative"},
    };

    (void)state;
    refuse_all(cases, COUNT(cases));
    assert_int_equal(parse_as(PATH_WINDOWS, "{\"filesystem\": {\"readwritePaths\": [\"c:/w\"]}}"), POSTERN_OK);
    assert_string_equal(policy.rules.item[0].path, "C:\\w");
    assert_int_equal(parse_as(PATH_WINDOWS, "{\"filesystem\": {\"readwritePaths\": [\"/w\"]}}"), POSTERN_E_POLICY);
    assert_int_equal(policy.rules.style, PATH_WINDOWS);
}

static char *make_paths(size_t count)
{
    char *text = malloc(64 + count * 32);
    size_t used;

    assert_non_null(text);
    used = (size_t)sprintf(text, "{\"filesystem\": {\"readonlyPaths\": [\"/p\"");
    for (size_t i = 1; i < count; i++)
        used += (size_t)sprintf(text + used, ", \"/p/%zu\"", i);
    strcpy(text + used, "]}}");
    return text;
}

static void as_many_paths_as_there_may_be(void **state)
{
    char *text = make_paths(POLICY_RULES_MAX);

    (void)state;
    accept(text);
    assert_int_equal(policy.rules.count, POLICY_RULES_MAX);
    free(text);
    text = make_paths(POLICY_RULES_MAX + 1);
    refuse(text, "filesystem.readonlyPaths|4096");
    free(text);
}

static void uis(void **state)
{
    static const char *const clipboards[] = {"none", "read", "write", "all"};
    char text[64];

    (void)state;
    for (size_t i = 0; i < COUNT(clipboards); i++) {
        snprintf(text, sizeof(text), "{\"ui\": {\"clipboard\": \"%s\"}}", clipboards[i]);
        accept(text);
        assert_int_equal(policy.ui.clipboard, i);
        assert_true(policy.ui.said);
    }
    refuse("{\"ui\": {\"clipboard\": \"some\"}}",
           "ui.clipboard (line 1, column 22) is \"some\"|none, read, write, all");
}

static void limits(void **state)
{
    static const struct refused cases[] = {
        {"{\"memory\": -1}", "experimental.postern.limits.memory|is not a whole number"},
        {"{\"memory\": 1.5}", "memory|is not a whole number"},
        {"{\"memory\": true}", "memory|is not a whole number"},
        {"{\"memory\": \"\"}", "memory|is no size"},
        {"{\"memory\": \"1T\"}", "memory|is no size"},
        {"{\"memory\": \"99999999999G\"}", "memory|is no size"},
        {"{\"memory\": \"1M\\u0000\"}", "memory|NUL"},
        {"{\"fileSize\": \"x\"}", "fileSize|is no size"},
        {"{\"cpuTime\": \"10\"}", "cpuTime|is no time|10s"},
        {"{\"cpuTime\": \"s\"}", "cpuTime|is no time"},
        {"{\"cpuTime\": \"\"}", "cpuTime|is no time"},
        {"{\"cpuTime\": \"10 s\"}", "cpuTime|is no time"},
        {"{\"processes\": \"10\"}", "processes|is not a whole number"},
        {"{\"processes\": 4294967296}", "processes|is not a whole number"},
    };
    char text[256];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        snprintf(text, sizeof(text), "{\"experimental\": {\"postern\": {\"limits\": %s}}}", cases[i].text);
        refuse(text, cases[i].wanted);
    }
    accept("{\"experimental\": {\"postern\": {\"limits\": {\"memory\": 1, \"cpuTime\": 250, \"fileSize\": \"2K\"}}}}");
    assert_true(policy.limits.memory == 1);
    assert_true(policy.limits.cpu_ms == 250);
    assert_true(policy.limits.file_size == 2048);
    accept("{\"experimental\": {\"postern\": {\"limits\": {\"cpuTime\": \"0.5s\", \"memory\": \"3\"}}}}");
    assert_true(policy.limits.cpu_ms == 500);
    assert_true(policy.limits.memory == 3);
    accept("{\"experimental\": {\"telemetry\": {\"enabled\": true}, \"anything\": [1]}}");
}

/* ---- network ---- */

static void network_of_the_older_form(void **state)
{
    static const struct refused cases[] = {
        {"{\"network\": {\"defaultPolicy\": \"deny\"}}", "network.defaultPolicy|is \"deny\"|block, allow"},
        {"{\"network\": {\"enforcementMode\": \"x\"}}", "network.enforcementMode|capabilities, firewall, both"},
        {"{\"network\": {\"allowedHosts\": [\"a\", \" \"]}}", "network.allowedHosts[1]|is blank"},
        {"{\"network\": {\"blockedHosts\": [\"\"]}}", "network.blockedHosts[0]|is blank"},
        {"{\"network\": {\"proxy\": {}}}", "network.proxy|one of localhost, url, builtinTestServer"},
        {"{\"network\": {\"proxy\": {\"localhost\": 0}}}", "network.proxy.localhost|1 to 65535"},
        {"{\"network\": {\"proxy\": {\"localhost\": 65536}}}", "network.proxy.localhost|1 to 65535"},
        {"{\"network\": {\"proxy\": {\"localhost\": 1, \"url\": \"http://a:1\"}}}", "network.proxy|one of"},
        {"{\"network\": {\"proxy\": {\"builtinTestServer\": false}}}", "network.proxy.builtinTestServer|only be true"},
        {"{\"network\": {\"proxy\": {\"url\": \"http://a\"}}}", "network.proxy.url|http://HOST:PORT"},
        {"{\"network\": {\"proxy\": {\"url\": \"a:1\"}}}", "network.proxy.url|http://HOST:PORT"},
        {"{\"network\": {\"proxy\": {\"url\": \"ftp://a:1\"}}}", "network.proxy.url|http://HOST:PORT"},
        {"{\"network\": {\"proxy\": {\"url\": \"http://u:SECRET@a:1\"}}}", "network.proxy.url|http://HOST:PORT"},
        {"{\"network\": {\"proxy\": {\"url\": \"http://:1\"}}}", "network.proxy.url"},
        {"{\"network\": {\"proxy\": {\"url\": \"http://[::1:1\"}}}", "network.proxy.url"},
        {"{\"network\": {\"proxy\": {\"url\": \"http://a:0\"}}}", "network.proxy.url"},
        {"{\"network\": {\"proxy\": {\"url\": \"http://a:65536\"}}}", "network.proxy.url"},
        {"{\"network\": {\"proxy\": {\"url\": \"http://a:1234567890123\"}}}", "network.proxy.url"},
        {"{\"network\": {\"proxy\": {\"url\": \"http://a:1/x\"}}}", "network.proxy.url"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        refuse(cases[i].text, cases[i].wanted);
        assert_null(strstr(error.message, "SECRET"));
    }
    accept("{\"network\": {}}");
    assert_int_equal(policy.network, POLICY_NETWORK_BLOCK);
    accept("{\"version\": \"0.8.0\", \"network\": {\"defaultPolicy\": \"block\", \"enforcementMode\": \"firewall\"}}");
    assert_int_equal(policy.network, POLICY_NETWORK_BLOCK);
    assert_int_equal(policy.demand_count, 0);
    accept("{\"network\": {\"defaultPolicy\": \"allow\", \"allowLocalNetwork\": true, \"allowedHosts\": []}}");
    assert_int_equal(policy.network, POLICY_NETWORK_ALLOW);
    assert_int_equal(policy.demand_count, 0);

    demands("{\"network\": {\"defaultPolicy\": \"allow\"}}", "net.local", "network.allowLocalNetwork");
    demands("{\"network\": {\"allowLocalNetwork\": true}}", "net.local", "network.allowLocalNetwork");
    demands("{\"network\": {\"allowedHosts\": [\"example.org\"]}}", "net.hosts", "network.allowedHosts");
    demands("{\"network\": {\"blockedHosts\": [\"10.0.0.0/8\"]}}", "net.hosts", "network.blockedHosts");
    demands("{\"network\": {\"proxy\": {\"localhost\": 8080}}}", "net.proxy", "network.proxy");
    demands("{\"network\": {\"proxy\": {\"url\": \"https://[::1]:8080/\"}}}", "net.proxy", "network.proxy");
    demands("{\"network\": {\"proxy\": {\"builtinTestServer\": true}}}", "net.proxy", "network.proxy");
}

#define DIRECTIONAL(members) "{\"version\": \"0.8.0\", \"network\": {" members "}}"

static void network_with_directions(void **state)
{
    static const struct refused cases[] = {
        {"{\"network\": {\"egress\": {}}}", "network.egress (line 1, column 14) needs \"version\": \"0.8.0\""},
        {"{\"version\": \"0.7.9\", \"network\": {\"ingress\": {}}}", "network.ingress|needs \"version\""},
        {"{\"version\": \"0.7.0\", \"runtimeConfig\": {}}", "runtimeConfig|needs \"version\""},
        {DIRECTIONAL("\"egress\": {}, \"defaultPolicy\": \"block\""), "network.defaultPolicy|beside egress or ingress"},
        {DIRECTIONAL("\"ingress\": {}, \"allowedHosts\": []"), "network.allowedHosts|beside egress or ingress"},
        {DIRECTIONAL("\"ingress\": {}, \"proxy\": {\"localhost\": 1}"), "network.proxy|beside egress or ingress"},
        {DIRECTIONAL("\"egress\": {\"default\": \"block\"}"), "network.egress.default|is \"block\"|allow, deny"},
        {DIRECTIONAL("\"ingress\": {\"hostLoopback\": true}"), "network.ingress.hostLoopback|is not a string"},
        {DIRECTIONAL("\"egress\": {\"allow\": {}}"), "network.egress.allow|is not an array"},
        {DIRECTIONAL("\"egress\": {\"allow\": [null]}"), "network.egress.allow[0]|is null"},
        {DIRECTIONAL("\"egress\": {\"allow\": [\"10.0.0.0/8\"]}"), "network.egress.allow[0]|is not an object"},
    };

    (void)state;
    refuse_all(cases, COUNT(cases));
    accept(DIRECTIONAL("\"egress\": {\"default\": \"deny\", \"allow\": [], \"deny\": []}, \"ingress\": {}"));
    assert_int_equal(policy.network, POLICY_NETWORK_BLOCK);
    assert_int_equal(policy.demand_count, 0);
    accept(DIRECTIONAL("\"egress\": {\"default\": \"allow\"},"
                       "\"ingress\": {\"default\": \"allow\", \"hostLoopback\": \"allow\"}"));
    assert_int_equal(policy.network, POLICY_NETWORK_ALLOW);
    assert_int_equal(policy.demand_count, 0);

    demands(DIRECTIONAL("\"egress\": {\"default\": \"allow\"}"), "net.ingress", "network.ingress");
    demands(DIRECTIONAL("\"egress\": {\"default\": \"allow\"}, \"ingress\": {\"default\": \"allow\"}"), "net.ingress",
            "network.ingress");
    demands(DIRECTIONAL("\"egress\": {\"default\": \"allow\"}, \"ingress\": {\"hostLoopback\": \"allow\"}"),
            "net.ingress", "network.ingress");
    demands(DIRECTIONAL("\"ingress\": {\"default\": \"allow\"}"), "net.ingress", "network.ingress");
    demands(DIRECTIONAL("\"ingress\": {\"hostLoopback\": \"allow\"}"), "net.ingress", "network.ingress");
    demands(DIRECTIONAL("\"egress\": {\"allow\": [{}]}"), "net.hosts", "network.egress.allow");
    demands(DIRECTIONAL("\"egress\": {\"deny\": [{}]}"), "net.hosts", "network.egress.deny");
}

static void network_rules(void **state)
{
    static const char *const good[] = {
        "{}",
        "{\"to\": null, \"ports\": null}",
        "{\"to\": [{\"cidr\": \"0.0.0.0/0\"}, {\"cidr\": \"::/0\", \"except\": []}]}",
        "{\"to\": [{\"cidr\": \"10.0.0.0/8\", \"except\": [\"10.1.0.0/16\", \"10.255.255.255/32\"]}]}",
        "{\"to\": [{\"cidr\": \"10.128.0.0/9\", \"except\": [\"10.192.0.0/10\"]}]}",
        "{\"to\": [{\"cidr\": \"fd00::/8\", \"except\": [\"fd12:3456::1/128\", \"FD00::/8\"]}]}",
        "{\"to\": [{\"cidr\": \"::ffff:10.0.0.1/128\"}, {\"cidr\": \"1:2:3:4:5:6:7:8/64\"}]}",
        "{\"to\": [{\"cidr\": \"1:2:3:4:5:6:7::/1\"}, {\"cidr\": \"::2:3:4:5:6:7:8/1\"}, {\"cidr\": \"1::8/0\"}]}",
        "{\"to\": [{\"cidr\": \"1:2:3:4:5:6:1.2.3.4/0\"}]}",
        "{\"ports\": [{}, {\"port\": 1}, {\"port\": 65535, \"endPort\": 65535}]}",
        "{\"ports\": [{\"protocol\": \"tcp\", \"port\": 80, \"endPort\": 90}, {\"protocol\": \"icmp\"}]}",
        "{\"ports\": [{\"protocol\": \"udp\"}, {\"protocol\": \"any\", \"port\": 53}]}",
    };
    static const struct refused bad[] = {
        {"{\"to\": []}", "allow[0].to|is empty"},
        {"{\"ports\": []}", "allow[0].ports|is empty"},
        {"{\"to\": [{}]}", "allow[0].to[0]|has no cidr"},
        {"{\"to\": [{\"cidr\": null}]}", "allow[0].to[0]|has no cidr"},
        {"{\"to\": [{\"cidr\": \"10.0.0.0/8\"}, {\"cidr\": \"x\"}]}", "allow[0].to[1].cidr|is not a network"},
        {"{\"to\": [{\"cidr\": \"10.0.0.0\"}]}", "is not a network"},
        {"{\"to\": [{\"cidr\": \"10.0.0.0/33\"}]}", "is not a network"},
        {"{\"to\": [{\"cidr\": \"10.0.0.0/08\"}]}", "is not a network"},
        {"{\"to\": [{\"cidr\": \"10.0.0.0/8 \"}]}", "is not a network"},
        {"{\"to\": [{\"cidr\": \"010.0.0.0/8\"}]}", "is not a network"},
        {"{\"to\": [{\"cidr\": \"10.0.0.256/8\"}]}", "is not a network"},
        {"{\"to\": [{\"cidr\": \"10.0.0/8\"}]}", "is not a network"},
        {"{\"to\": [{\"cidr\": \"10.0.0.0.0/8\"}]}", "is not a network"},
        {"{\"to\": [{\"cidr\": \"::/129\"}]}", "is not a network"},
        {"{\"to\": [{\"cidr\": \"1:2:3:4:5:6:7/64\"}]}", "is not a network"},
        {"{\"to\": [{\"cidr\": \"1:2:3:4:5:6:7::8/64\"}]}", "is not a network"},
        {"{\"to\": [{\"cidr\": \"1:2:3:4:5:6:7:8:9/64\"}]}", "is not a network"},
        {"{\"to\": [{\"cidr\": \"1::2::3/64\"}]}", "is not a network"},
        {"{\"to\": [{\"cidr\": \":::/64\"}]}", "is not a network"},
        {"{\"to\": [{\"cidr\": \":1::/64\"}]}", "is not a network"},
        {"{\"to\": [{\"cidr\": \"1:::/64\"}]}", "is not a network"},
        {"{\"to\": [{\"cidr\": \"12345::/64\"}]}", "is not a network"},
        {"{\"to\": [{\"cidr\": \"g::/64\"}]}", "is not a network"},
        {"{\"to\": [{\"cidr\": \"1.2.3.4::/64\"}]}", "is not a network"},
        {"{\"to\": [{\"cidr\": \"::1.2.3.4:5/64\"}]}", "is not a network"},
        {"{\"to\": [{\"cidr\": \"fe80::1%eth0/64\"}]}", "is not a network"},
        {"{\"to\": [{\"cidr\": \"10.0.0.0/8\", \"except\": [\"11.0.0.0/16\"]}]}", "except[0]|within"},
        {"{\"to\": [{\"cidr\": \"10.128.0.0/9\", \"except\": [\"10.0.0.0/9\"]}]}", "except[0]|within"},
        {"{\"to\": [{\"cidr\": \"10.0.0.0/8\", \"except\": [\"10.0.0.0/7\"]}]}", "except[0]|within"},
        {"{\"to\": [{\"cidr\": \"::/0\", \"except\": [\"10.0.0.0/8\"]}]}", "except[0]|within"},
        {"{\"to\": [{\"cidr\": \"10.0.0.0/8\", \"except\": [\"x\"]}]}", "except[0]|within"},
        {"{\"to\": [{\"cidr\": \"10.0.0.0/8\", \"except\": \"10.0.0.0/9\"}]}", "except|is not an array"},
        {"{\"ports\": [{\"port\": 0}]}", "ports[0].port|1 to 65535"},
        {"{\"ports\": [{\"port\": 65536}]}", "ports[0].port|1 to 65535"},
        {"{\"ports\": [{\"port\": \"80\"}]}", "ports[0].port|1 to 65535"},
        {"{\"ports\": [{\"endPort\": 80}]}", "ports[0].endPort|needs a port"},
        {"{\"ports\": [{\"port\": 80, \"endPort\": 79}]}", "ports[0].endPort|is less than port"},
        {"{\"ports\": [{\"protocol\": \"sctp\"}]}", "ports[0].protocol|any, tcp, udp, icmp"},
        {"{\"ports\": [{\"protocol\": \"icmp\", \"port\": 8}]}", "ports[0]|icmp"},
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < COUNT(good); i++) {
        snprintf(text, sizeof(text), DIRECTIONAL("\"egress\": {\"allow\": [%s]}"), good[i]);
        demands(text, "net.hosts", "network.egress.allow");
        snprintf(text, sizeof(text), DIRECTIONAL("\"egress\": {\"deny\": [%s]}"), good[i]);
        demands(text, "net.hosts", "network.egress.deny");
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        snprintf(text, sizeof(text), DIRECTIONAL("\"egress\": {\"allow\": [%s]}"), bad[i].text);
        refuse(text, bad[i].wanted);
    }
}

#define RUNTIME(network, url)                                                                                          \
    "{\"version\": \"0.8.0\", \"network\": " network ", \"runtimeConfig\": {\"networkProxy\": \"" url "\"}}"

static void proxies_of_the_runtime(void **state)
{
    (void)state;
    demands(RUNTIME("null", "http://localhost:8080"), "net.proxy", "runtimeConfig.networkProxy");
    demands(RUNTIME("{\"egress\": {}}", "https://[::1]:1"), "net.proxy", "runtimeConfig.networkProxy");
    refuse(RUNTIME("null", "http://example.org:8080"), "runtimeConfig.networkProxy|localhost");
    refuse(RUNTIME("null", "http://localhost"), "runtimeConfig.networkProxy|http://HOST:PORT");
    refuse(RUNTIME("{\"egress\": {\"default\": \"allow\"}}", "http://localhost:1"), "needs network.egress to deny");
    refuse(RUNTIME("{\"egress\": {\"deny\": [{}]}}", "http://localhost:1"), "needs network.egress to deny");
    accept("{\"version\": \"0.8.0\", \"runtimeConfig\": {}}");
    assert_int_equal(policy.demand_count, 0);
}

#define CONTAINER_DEMANDS                                                                                              \
    "\"containment\": \"appcontainer\", \"appContainer\": {\"leastPrivilege\": true, \"learningMode\": true,"          \
    " \"capabilities\": [\"a\"], \"captureDenials\": {}, \"network\": {\"allowedProxyPeer\": 1}, \"ui\": "             \
    "{\"isolation\":"                                                                                                  \
    " \"atoms\", \"desktopSystemControl\": true, \"systemSettings\": \"x\", \"ime\": true}}, "

/* Every cause of a demand at once has a place. */
static void all_demands_at_once(void **state)
{
    (void)state;
    accept("{" CONTAINER_DEMANDS
           "\"lifecycle\": {\"destroyOnExit\": false, \"preservePolicy\": true}, \"network\": {\"defaultPolicy\":"
           " \"allow\", \"allowedHosts\": [\"a\"], \"blockedHosts\": [\"b\"], \"proxy\": {\"localhost\": 1}}}");
    assert_int_equal(policy.demand_count, 15);
    accept("{" CONTAINER_DEMANDS
           "\"version\": \"0.8.0\", \"lifecycle\": {\"destroyOnExit\": false, \"preservePolicy\": true}, \"network\":"
           " {\"egress\": {\"default\": \"allow\", \"allow\": [{}], \"deny\": [{}]}}}");
    assert_int_equal(policy.demand_count, 14);
}

static void a_long_name_leaves_the_problem_readable(void **state)
{
    char text[2048] = "{\"", what[600];
    struct postern_error local = {0};

    (void)state;
    memset(text + 2, 'k', 1000);
    strcpy(text + 1002, "\": 1}");
    memset(what, 'w', sizeof(what) - 1);
    what[sizeof(what) - 1] = '\0';
    policy_free(&policy);
    policy_init(&policy, PATH_POSIX);
    assert_int_equal(policy_parse(text, strlen(text), what, &policy, &local), POSTERN_E_POLICY);
    assert_non_null(strstr(local.message, "(line 1, column 2) is not known; allowed here: version"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_policy_says_nothing),
        cmocka_unit_test(reads_all_of_it),
        cmocka_unit_test(access_lists_are_changed_on_windows_only),
        cmocka_unit_test(null_is_absent),
        cmocka_unit_test(refuses_what_is_no_policy),
        cmocka_unit_test(refuses_what_is_too_large),
        cmocka_unit_test(unknown_members_are_named_with_their_place),
        cmocka_unit_test(sections_of_others_are_refused),
        cmocka_unit_test(wrong_types_are_refused),
        cmocka_unit_test(versions),
        cmocka_unit_test(containments),
        cmocka_unit_test(a_plain_container_asks_for_nothing),
        cmocka_unit_test(a_containers_ui_is_the_lock_down),
        cmocka_unit_test(what_a_container_lacks_is_a_demand),
        cmocka_unit_test(capabilities_of_the_network),
        cmocka_unit_test(containers_that_are_none),
        cmocka_unit_test(processes),
        cmocka_unit_test(lifecycles),
        cmocka_unit_test(paths),
        cmocka_unit_test(as_many_paths_as_there_may_be),
        cmocka_unit_test(uis),
        cmocka_unit_test(limits),
        cmocka_unit_test(network_of_the_older_form),
        cmocka_unit_test(network_with_directions),
        cmocka_unit_test(network_rules),
        cmocka_unit_test(proxies_of_the_runtime),
        cmocka_unit_test(all_demands_at_once),
        cmocka_unit_test(a_long_name_leaves_the_problem_readable),
    };

    return cmocka_run_group_tests_name("policy_parse", tests, NULL, tear_down);
}
