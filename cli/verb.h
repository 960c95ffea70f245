/*
 * verb.h - what a verb of the `postern` command is. To add one: a file with its function, its text in help.c, a row in
 * main.c's table. Parent side.
 */
#ifndef POSTERN_CLI_VERB_H
#define POSTERN_CLI_VERB_H

struct verb {
    const char *name;
    const char *summary;                /* one line for the list of verbs; NULL: not listed */
    const char *help;                   /* the whole text of `postern help NAME` */
    int (*main)(int argc, char **argv); /* argv[0] is the verb's name; returns the exit status */
};

int run_main(int argc, char **argv);
int shell_main(int argc, char **argv);
int policy_main(int argc, char **argv);
int probe_main(int argc, char **argv);
int doctor_main(int argc, char **argv);
int doctor_step_main(int argc, char **argv);
int setup_main(int argc, char **argv);

/* Texts of help.c. */
extern const char help_postern[]; /* what stands before the list of verbs */
extern const char help_run[];
extern const char help_shell[];
extern const char help_policy[];
extern const char help_probe[];
extern const char help_doctor[];
extern const char help_setup[];
extern const char help_help[];
extern const char help_version[];

#endif
