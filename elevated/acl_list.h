/*
 * acl_list.h - one access list as Windows keeps it (ACL, ACE_HEADER), and adding and taking out entries of ours. Pure
 * bytes and portable. Parent; caller: acl_apply.c, acl_device_win32.c.
 *
 * What is not ours keeps its bytes and its order: after our entries are taken out the list is what it was before.
 */
#ifndef POSTERN_ELEVATED_ACL_LIST_H
#define POSTERN_ELEVATED_ACL_LIST_H

#include "elevated/acl_plan.h"

#define ACL_LIST_MAX 65535u /* bytes; its size has 16 bits */
#define ACL_SID_MAX 68u     /* bytes of a SID */

struct acl_list {
    bool present;   /* false: there is none (NULL), so everybody may do everything */
    bool is_kept;   /* protected: takes nothing over from the directory around */
    bool automatic; /* says that inheritance is kept up to date; handed back as it was */
    size_t size;
    unsigned char data[ACL_LIST_MAX + 1];
};

struct acl_sid {
    size_t size;
    unsigned char data[ACL_SID_MAX];
};
/* false: the text is none. */
bool acl_sid_read(const char *text, struct acl_sid *out);

/* An entry in its own form. */
struct acl_entry {
    bool deny;
    unsigned flags; /* as in struct sddl_ace, and ACE_INHERITED */
    uint32_t mask;
    struct acl_sid sid;
};

/* Header, sizes and every entry lie within the bytes. */
bool acl_list_is_sound(const struct acl_list *list);

/* Adds an entry where canonical order has it: a denial before all of its kind (own or inherited), a grant behind. One
 * that is there already is not added again. false: the list is full. Sound lists that are present only. */
bool acl_list_add(struct acl_list *list, const struct acl_entry *entry);

/* Takes out every grant and denial for one of these SIDs; the number of them. */
size_t acl_list_remove(struct acl_list *list, const struct acl_sid *sids, size_t count);

/* To what of all that will be made in the directory any of its entries reaches: ACE_TO_*. Where none does, that has the
 * list that its maker's token says; where one does, only what is inherited. */
unsigned acl_list_passes_on(const struct acl_list *list);

/* Whether it has a grant of its own, which comes before all inherited denials. */
bool acl_list_has_own_grant(const struct acl_list *list);

/* Whether the list itself gives all of `mask` to one of these SIDs, whoever else it is for. */
bool acl_list_grants(const struct acl_list *list, const struct acl_sid *sids, size_t count, uint32_t mask);

#endif
