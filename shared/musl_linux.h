/*
 * musl_linux.h - what glibc has and musl 1.2.3 has not. Included by the compiler, before all else, where the helpers
 * are built with musl (cmake/postern_musl.cmake), and nowhere else. Both sides.
 */
#ifndef POSTERN_SHARED_MUSL_LINUX_H
#define POSTERN_SHARED_MUSL_LINUX_H

#include <dirent.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef int __rlimit_resource_t;

/* glibc's returns the text; musl's texts are constants, so no room is needed for them. */
#define strerror_r(number, room, size) ((void)(room), strerror(number))

/* <linux/fs.h> has it as well, among much else that would collide. */
#define RENAME_NOREPLACE 1
#define renameat2(from, old, to, new, flags) ((int)syscall(SYS_renameat2, from, old, to, new, flags))
#undef getdents64
#define getdents64(directory, room, size) ((ssize_t)syscall(SYS_getdents64, directory, room, size))

#define fsopen(type, flags) ((int)syscall(SYS_fsopen, type, flags))
#define fsconfig(file, command, key, value, aux) ((int)syscall(SYS_fsconfig, file, command, key, value, aux))
#define fsmount(file, flags, attributes) ((int)syscall(SYS_fsmount, file, flags, attributes))
#define open_tree(directory, path, flags) ((int)syscall(SYS_open_tree, directory, path, flags))
#define move_mount(from, path, to, name, flags) ((int)syscall(SYS_move_mount, from, path, to, name, flags))
#define mount_setattr(directory, path, flags, attributes, size)                                                        \
    ((int)syscall(SYS_mount_setattr, directory, path, flags, attributes, size))

#endif
