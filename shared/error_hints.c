/*
 * error_hints.c - what the known error numbers of each system usually mean here, and what to do. Called by error.c;
 * data only, both tables on both platforms so that they are tested anywhere.
 *
 * The number alone ("failed: 5") leaves people stuck; the cause says what is usually behind it for the operations
 * postern makes. The first row that fits is taken: special operations stand before the general row of a number.
 */
#include "shared/error.h"

#include <string.h>

/* errno of Linux by value: <errno.h> of another system numbers them differently. */
enum {
    LINUX_EPERM = 1,
    LINUX_ENOENT = 2,
    LINUX_E2BIG = 7,
    LINUX_ENOEXEC = 8,
    LINUX_EAGAIN = 11,
    LINUX_ENOMEM = 12,
    LINUX_EACCES = 13,
    LINUX_ENOTDIR = 20,
    LINUX_EINVAL = 22,
    LINUX_ENFILE = 23,
    LINUX_EMFILE = 24,
    LINUX_ETXTBSY = 26,
    LINUX_ENOSPC = 28,
    LINUX_EROFS = 30,
    LINUX_ENOSYS = 38,
    LINUX_ELOOP = 40,
    LINUX_EOPNOTSUPP = 95
};

#define USERNS_CAUSE                                                                                                   \
    "new namespaces are forbidden here: unprivileged user namespaces are turned off, or a container withholds them"
#define USERNS_REMEDY                                                                                                  \
    "as root: sysctl kernel.unprivileged_userns_clone=1 or kernel.apparmor_restrict_unprivileged_userns=0; in a "      \
    "container: allow unshare(2), for root also CAP_SYS_ADMIN"
#define NAMESPACES_FULL_CAUSE "the limit on the number of namespaces is reached"
#define NAMESPACES_FULL_REMEDY "end other sandboxes, or raise /proc/sys/user/max_*_namespaces"
#define NAMESPACES_MISSING_CAUSE "the kernel was built without one of the namespaces"
#define NAMESPACES_MISSING_REMEDY "use a kernel with user, pid, mount, ipc, uts and net namespaces"
#define MOUNT_CAUSE "the caller may not mount here; containers usually forbid it"
#define MOUNT_REMEDY "run as root outside the container, give it CAP_SYS_ADMIN, or choose --level restricted"
#define OLD_REMEDY "use a later kernel, or a container runtime whose filter knows the call"
#define PROCESSES_CAUSE "the limit on the number of processes is reached"
#define PROCESSES_REMEDY                                                                                               \
    "end other processes, or raise ulimit -u, the sandbox's process limit or the container's pids limit"

static const struct error_hint linux_hints[] = {
    /* namespaces */
    {LINUX_EPERM, "unshare", USERNS_CAUSE, USERNS_REMEDY},
    {LINUX_EPERM, "clone", USERNS_CAUSE, USERNS_REMEDY},
    {LINUX_EPERM, "uid_map", USERNS_CAUSE, USERNS_REMEDY},
    {LINUX_EPERM, "gid_map", USERNS_CAUSE, USERNS_REMEDY},
    {LINUX_EACCES, "unshare", USERNS_CAUSE, USERNS_REMEDY},
    {LINUX_EACCES, "clone", USERNS_CAUSE, USERNS_REMEDY},
    {LINUX_EACCES, "uid_map", USERNS_CAUSE, USERNS_REMEDY},
    {LINUX_EACCES, "gid_map", USERNS_CAUSE, USERNS_REMEDY},
    {LINUX_ENOSPC, "unshare", NAMESPACES_FULL_CAUSE, NAMESPACES_FULL_REMEDY},
    {LINUX_ENOSPC, "clone", NAMESPACES_FULL_CAUSE, NAMESPACES_FULL_REMEDY},
    {LINUX_EINVAL, "unshare", NAMESPACES_MISSING_CAUSE, NAMESPACES_MISSING_REMEDY},
    {LINUX_EINVAL, "clone", NAMESPACES_MISSING_CAUSE, NAMESPACES_MISSING_REMEDY},

    /* Landlock */
    {LINUX_ENOSYS, "landlock", "the kernel is older than 5.13 or was built without Landlock",
     "use a kernel with CONFIG_SECURITY_LANDLOCK, or choose another level by name with --level"},
    {LINUX_EOPNOTSUPP, "landlock", "Landlock is built into the kernel but was not turned on at boot",
     "add landlock to the lsm= list of the kernel's command line"},

    /* mounts */
    {LINUX_EINVAL, "mount_setattr", "the file system of the workspace does not support id-mapped mounts",
     "put the workspace on ext4, xfs, btrfs or tmpfs"},
    {LINUX_EPERM, "mount", MOUNT_CAUSE, MOUNT_REMEDY},
    {LINUX_EPERM, "open_tree", MOUNT_CAUSE, MOUNT_REMEDY},
    {LINUX_EPERM, "move_mount", MOUNT_CAUSE, MOUNT_REMEDY},
    {LINUX_EPERM, "fsopen", MOUNT_CAUSE, MOUNT_REMEDY},
    {LINUX_EPERM, "fsmount", MOUNT_CAUSE, MOUNT_REMEDY},
    {LINUX_EPERM, "fsconfig", MOUNT_CAUSE, MOUNT_REMEDY},

    /* kernels that are too old, and filters that answer for what they do not know */
    {LINUX_ENOSYS, "mount_setattr", "the kernel is older than 5.12, or a container's filter hides the call",
     OLD_REMEDY},
    {LINUX_ENOSYS, "close_range", "the kernel is older than 5.9, or a container's filter hides the call", OLD_REMEDY},
    {LINUX_ENOSYS, "openat2", "the kernel is older than 5.6, or a container's filter hides the call", OLD_REMEDY},
    {LINUX_ENOSYS, "pidfd", "the kernel is older than 5.4, or a container's filter hides the call", OLD_REMEDY},
    {LINUX_ENOSYS, "clone3", "the kernel is older than 5.3, or a container's filter hides the call", OLD_REMEDY},
    {LINUX_ENOSYS, "open_tree", "the kernel is older than 5.2, or a container's filter hides the call", OLD_REMEDY},
    {LINUX_ENOSYS, "move_mount", "the kernel is older than 5.2, or a container's filter hides the call", OLD_REMEDY},
    {LINUX_ENOSYS, "fs", "the kernel is older than 5.2, or a container's filter hides the call", OLD_REMEDY},

    /* starting programs */
    {LINUX_EACCES, "execve",
     "the file is not executable, a directory above it cannot be entered by the sandbox user, its file system is "
     "mounted noexec, or its interpreter cannot be run",
     "check with ls -l and namei -l what the sandbox user may do with it"},
    {LINUX_ENOENT, "execve", "the file, or the interpreter named in its first line or ELF header, does not exist",
     "check the path, the #! line, and that the libraries for this architecture are installed"},
    {LINUX_ENOEXEC, "execve", "the file is neither a program for this machine nor a script with a #! line",
     "add a #! line, or run it as: sh FILE"},
    {LINUX_ELOOP, "execve", "the path goes through too many symbolic links, or the interpreters form a loop",
     "check the symbolic links and the #! line"},
    {LINUX_ETXTBSY, "execve", "the file is still open for writing", "wait until whatever writes it has closed it"},
    {LINUX_E2BIG, "execve", "the arguments and the environment together are too large",
     "pass long input through stdin or a file, or raise ulimit -s"},
    {LINUX_ENOTDIR, "execve", "a component of the path is not a directory", "check the path"},
    {LINUX_EAGAIN, "execve", "the user already has more processes than its limit allows",
     "end other processes, or raise ulimit -u"},
    {LINUX_EAGAIN, "clone", PROCESSES_CAUSE, PROCESSES_REMEDY},
    {LINUX_EAGAIN, "fork", PROCESSES_CAUSE, PROCESSES_REMEDY},
    {LINUX_EAGAIN, "vfork", PROCESSES_CAUSE, PROCESSES_REMEDY},

    /* files and limits */
    {LINUX_EACCES, "chdir", "the sandbox user may not enter the directory or one above it",
     "name a directory inside the workspace, or open it for others with chmod o+x"},
    {LINUX_ELOOP, "open", "its last component is a symbolic link, which is not followed here, or links form a loop",
     "name the file itself"},
    {LINUX_EMFILE, "", "this process has too many files open", "close some, or raise ulimit -n"},
    {LINUX_ENFILE, "", "the whole system has too many files open", "close some, or raise /proc/sys/fs/file-max"},
    {LINUX_ENOMEM, "", "the system or the container is out of memory", "free memory, or raise the container's limit"},
    {LINUX_ENOSPC, "", "the disk, its inodes or a kernel limit are used up", "free space and try again"},
    {LINUX_EROFS, "", "the file system is mounted read-only", "choose a place that can be written"},
};

static const struct error_hint windows_hints[] = {
    {2, "CreateProcess", "the program does not exist", "check its name, its extension and the command's PATH"},
    {2, "", "the file does not exist", "check the path"},
    {3, "", "a directory of the path does not exist", "check the path and the drive"},
    {5, "CreateProcess",
     "the user may not execute the file, a virus scanner or application control policy forbids it, or it is a "
     "directory",
     "check the file's permissions for the sandbox user, and the AppLocker, WDAC and antivirus logs"},
    {5, "CreateNamedPipe", "another process has already made a pipe of this name", "try again"},
    {5, "", "the user has no right to it, or something else holds it exclusively",
     "check the permissions of the item for the user that postern runs as"},
    {8, "", "memory or the desktop heap of the session is used up",
     "end programs; many windows or services in one session use up the desktop heap"},
    {32, "", "another process has the file open without sharing it",
     "close the program that uses it; virus scanners and indexers do this for a moment"},
    {87, "CreateProcess", "this version of Windows does not know one of the process attributes",
     "use Windows 10 version 1809 or later"},
    {87, "", "this version of Windows does not know an option that was used", "use Windows 10 version 1809 or later"},
    {109, "", "the other end of the pipe was closed", "see why the process at the other end has ended"},
    {193, "", "the file is not a program for this Windows: a script, damaged, or for another processor",
     "run scripts through their interpreter, such as cmd /c FILE or powershell -File FILE"},
    {206, "", "the command line or a path is longer than Windows takes",
     "pass long input through stdin or a file, or enable long paths"},
    {216, "", "the program was made for another processor than this machine's", "install the build for this machine"},
    {231, "", "every instance of the pipe is in use", "try again"},
    {267, "", "the working directory does not exist, is a file, or the sandbox user may not enter it",
     "name a directory that the sandbox user may enter"},
    {740, "", "the program asks for administrator rights, which no sandboxed command gets",
     "run a program that does not need them, or remove requireAdministrator from its manifest"},
    {1312, "",
     "the logon session does not exist: the caller has none that can start other users' processes, or it has "
     "just ended",
     "start postern from a logged-on session or a service, not over a network logon"},
    {1314, "", "the caller lacks a privilege, usually SeAssignPrimaryToken, SeIncreaseQuota or SeImpersonate",
     "run as administrator, or grant it in Local Security Policy under User Rights Assignment"},
    {1326, "", "the sandbox account's password does not match the stored one, or the account is gone",
     "set the sandbox accounts up again as administrator"},
    {1327, "", "a policy keeps the account from logging on: an empty password, a time or a computer restriction",
     "set the sandbox accounts up again, and check the account's logon hours and policies"},
    {1330, "", "the sandbox account's password has expired",
     "set the sandbox accounts up again; domain policy must not expire their passwords"},
    {1331, "", "the sandbox account is disabled", "enable it, or set the sandbox accounts up again as administrator"},
    {1385, "", "the sandbox account may not log on interactively: a policy took SeInteractiveLogonRight away",
     "grant \"Allow log on locally\" to the sandbox group, and remove it from \"Deny log on locally\""},
    {1907, "", "the sandbox account must change its password before it can log on",
     "set the sandbox accounts up again as administrator; they get passwords that do not expire"},
    {1909, "", "the sandbox account is locked out after failed logons",
     "wait for the lockout time to pass, or unlock the account; another installation may use an old password"},
    {1920, "", "Windows cannot open the file: it is an app alias of the Store, or a cloud file that is not there",
     "name the real program instead of the one under WindowsApps"},
    {0xc0000022, "", "a DLL or another file the program needs at its start may not be read by the sandbox user",
     "let the sandbox user read the directories of the program and of its libraries"},
    {0xc0000135, "", "a DLL that the program needs was not found",
     "install the missing runtime for all users, or add its directory to the command's PATH"},
    {0xc0000142, "",
     "a DLL could not initialise: the process has no access to its window station or desktop, or the desktop heap is "
     "used up",
     "grant the sandbox user the desktop it is started on, or end programs of that session"},
};

/* A Win32 error wrapped as HRESULT, as ConPTY, COM and many newer calls return it, is the Win32 error. An HRESULT that
 * came through a signed 32-bit type is negative. */
static int64_t normalise(enum error_system system, int64_t os_error)
{
    if (system != ERROR_SYSTEM_WINDOWS) {
        return os_error;
    }
    if (os_error < 0 && os_error >= INT32_MIN) {
        os_error += (int64_t)1 << 32;
    }
    return (os_error & ~(int64_t)0xffff) == 0x80070000 ? os_error & 0xffff : os_error;
}

const struct error_hint *error_hint_at(enum error_system system, size_t index)
{
    bool windows = system == ERROR_SYSTEM_WINDOWS;
    size_t count =
        windows ? sizeof(windows_hints) / sizeof(windows_hints[0]) : sizeof(linux_hints) / sizeof(linux_hints[0]);

    return index >= count ? NULL : windows ? &windows_hints[index] : &linux_hints[index];
}

const struct error_hint *error_find_hint(enum error_system system, int64_t os_error, const char *operation)
{
    const struct error_hint *hint;
    int64_t number = normalise(system, os_error);

    for (size_t i = 0; (hint = error_hint_at(system, i)) != NULL; i++) {
        if (hint->os_error == number && strncmp(operation, hint->operation, strlen(hint->operation)) == 0) {
            return hint;
        }
    }
    return NULL;
}
