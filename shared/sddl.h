/*
 * sddl.h - who may do what with an object, as the text Windows reads (SDDL). Pure text, so that it is tested anywhere;
 * security_win32.c, elevated/setup_*_win32.c, elevated/firewall_rule.c and elevated/network_filter.c use it. Both
 * sides.
 *
 * Every descriptor made here is protected ("D:P"): it takes nothing over from the directory around the object, and
 * whoever is not named has no right to it.
 */
#ifndef POSTERN_SHARED_SDDL_H
#define POSTERN_SHARED_SDDL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SID_ADMINISTRATORS "S-1-5-32-544"
#define SID_SYSTEM "S-1-5-18"
#define SID_USERS "S-1-5-32-545"
#define SID_AUTHENTICATED "S-1-5-11"
#define SID_APP_PACKAGES "S-1-15-2-1"        /* every app container, */
#define SID_RESTRICTED_PACKAGES "S-1-15-2-2" /* those with less privilege included */

/* Nobody's, random: the commands of every sandbox have it among the restricting SIDs of their token, so that an entry
 * for it lets all of them, and nobody else. It is for what sandboxes share and is there before them: network filters,
 * the window station of a logon session (entries for each sandbox's own SID would pile up there). */
#define SID_COMMANDS "S-1-5-21-833109066-2355693849-2887097095-3602449883"

/* A user or group as text, "S-1-5-32-544": revision 1, an authority below 2^48, one to fifteen numbers below 2^32, all
 * decimal without leading zeros. Only what passes may go into SDDL: anything else could close the entry it is in and
 * open another. */
bool sddl_is_sid(const char *text);

/* The numbers are those of Windows' ACE_HEADER. */
enum { ACE_TO_FILES = 0x1, ACE_TO_DIRECTORIES = 0x2, ACE_NOT_HERE = 0x8, ACE_INHERITED = 0x10 };

struct sddl_ace {
    bool deny;
    unsigned flags; /* ACE_TO_* and ACE_NOT_HERE: what it passes on to */
    uint32_t mask;  /* an ACCESS_MASK */
    const char *sid;
};

/* Rights, by the bits of ACCESS_MASK. */
#define ACE_FILE_ALL 0x001f01ffu
#define ACE_FILE_READ 0x001200a9u /* read, list, execute */
#define ACE_FILE_LOOK 0x00120089u /* read only */
/* Everything that changes a file or its attributes, makes or removes entries of a directory, or changes who may. */
#define ACE_FILE_CHANGE 0x000d0156u
/* Read, execute and change, but neither remove this object nor say who may do what with it. ACE_DELETE is added for
 * what is inside. FILE_DELETE_CHILD is left out: it would let protected entries be removed whatever they deny. */
#define ACE_FILE_WRITE 0x001201bfu
#define ACE_DELETE 0x00010000u
#define ACE_PIPE_CLIENT 0x00120183u /* connect, read, write; not: make an instance of the pipe */

/* "D:P(A;OICI;0x1200a9;;;S-1-5-18)..." in the order given. Allocated; NULL: a SID is none, a flag is unknown, or memory
 * is out. Caller frees with free(). */
char *sddl_make(const struct sddl_ace *list, size_t count);

/* A named pipe of `owner`; `client` (NULL: nobody else) may connect, read and write. */
char *sddl_for_pipe(const char *owner, const char *client);

#endif
