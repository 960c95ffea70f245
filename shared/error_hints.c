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

/* What CreatePseudoConsole and ResizePseudoConsole return are HRESULTs; normalise() makes most of them Win32 numbers.
 */
#define HOST_GONE_CAUSE "the console host has ended, usually because the command on it has"
#define HOST_GONE_REMEDY "nothing, if the command was about to end; else open another session"
#define BLOCKED_CAUSE "a virus scanner blocked the program or one of its DLLs"
#define BLOCKED_REMEDY                                                                                                 \
    "see the scanner's log; if it is wrong, make an exception for the program and report it to its makers"
#define UNSIGNED_CAUSE "code integrity does not accept the signature of the program or of a DLL"
#define UNSIGNED_REMEDY "see the CodeIntegrity event log, and install signed files"

static const struct error_hint windows_hints[] = {
    {2, "CreatePseudoConsole", "conhost.exe, which stands behind every pseudo console, was not found",
     "repair the Windows installation: sfc /scannow"},
    {2, "CreateProcessWithLogon", "the sandbox account does not find the file: it lies where only its owner may look",
     "install postern in a directory that all users may read, such as below Program Files"},
    {2, "CreateProcess", "the program does not exist", "check its name, its extension and the command's PATH"},
    {2, "", "the file does not exist", "check the path"},
    {3, "", "a directory of the path does not exist", "check the path and the drive"},
    {5, "CreateProcessWithLogon",
     "the account may not execute the file or enter the working directory, or the caller is SYSTEM or restricted "
     "itself and may not start processes of others",
     "install postern in a directory that all users may read, such as below Program Files, and call from an ordinary "
     "or an administrator's session"},
    {5, "CreatePseudoConsole",
     "conhost.exe may not be started here: a job's process limit, a child process policy or application control",
     "allow the sandbox one process more, and see the AppLocker and WDAC logs"},
    {5, "CreateProcess",
     "the user may not execute the file, a virus scanner or application control policy forbids it, or it is a "
     "directory",
     "check the file's permissions for the sandbox user, and the AppLocker, WDAC and antivirus logs"},
    {5, "CreateNamedPipe", "another process has already made a pipe of this name", "try again"},
    {5, "", "the user has no right to it, or something else holds it exclusively",
     "check the permissions of the item for the user that postern runs as"},
    {6, "CreatePseudoConsole", "a pipe given to the pseudo console was closed already", "report it with the log file"},
    {6, "ResizePseudoConsole", HOST_GONE_CAUSE, HOST_GONE_REMEDY},
    {8, "", "memory or the desktop heap of the session is used up",
     "end programs; many windows or services in one session use up the desktop heap"},
    {14, "", "memory, or the limit that a job sets to it, is used up", "free memory, or raise the sandbox's limit"},
    {32, "", "another process has the file open without sharing it",
     "close the program that uses it; virus scanners and indexers do this for a moment"},
    {87, "CreateProcess", "this version of Windows does not know one of the process attributes",
     "use Windows 10 version 1809 or later"},
    {87, "CreatePseudoConsole", "this Windows refuses the size or a flag of the pseudo console",
     "ask for at least one row and one column, and for no more than 32767"},
    {87, "ResizePseudoConsole", "this Windows refuses the size, or the pseudo console has been closed",
     "ask for at least one row and one column, and for no more than 32767"},
    {87, "", "this version of Windows does not know an option that was used", "use Windows 10 version 1809 or later"},
    {109, "ResizePseudoConsole", HOST_GONE_CAUSE, HOST_GONE_REMEDY},
    {109, "", "the other end of the pipe was closed", "see why the process at the other end has ended"},
    {126, "", "a DLL that the program needs was not found",
     "install the missing runtime for all users, or add its directory to the command's PATH"},
    {127, "", "a DLL lacks a function that the program needs: it has another version",
     "install the version of the library that belongs to the program"},
    {193, "", "the file is not a program for this Windows: a script, damaged, or for another processor",
     "run scripts through their interpreter, such as cmd /c FILE or powershell -File FILE"},
    {206, "", "the command line or a path is longer than Windows takes",
     "pass long input through stdin or a file, or enable long paths"},
    {216, "", "the program was made for another processor than this machine's", "install the build for this machine"},
    {225, "", BLOCKED_CAUSE, BLOCKED_REMEDY},
    {226, "", "a virus scanner has taken the file away", "see the scanner's quarantine, and reinstall what is missing"},
    {231, "", "every instance of the pipe is in use", "try again"},
    {232, "ResizePseudoConsole", HOST_GONE_CAUSE, HOST_GONE_REMEDY},
    {232, "", "the other end of the pipe is being closed", "see why the process at the other end has ended"},
    {267, "", "the working directory does not exist, is a file, or the sandbox user may not enter it",
     "name a directory that the sandbox user may enter"},
    {577, "", UNSIGNED_CAUSE, UNSIGNED_REMEDY},
    {740, "", "the program asks for administrator rights, which no sandboxed command gets",
     "run a program that does not need them, or remove requireAdministrator from its manifest"},
    {1058, "CreateProcessWithLogon", "the Secondary Logon service (seclogon) is disabled",
     "set its start type to manual: sc config seclogon start= demand"},
    {1260, "", "a rule of application control (AppLocker or Software Restriction Policies) forbids the program",
     "see the AppLocker event log, and have the program's directory or publisher allowed"},
    {1312, "",
     "the logon session does not exist: the caller has none that can start other users' processes, or it has "
     "just ended",
     "start postern from a logged-on session or a service, not over a network logon"},
    {1314, "", "the caller lacks a privilege, usually SeAssignPrimaryToken, SeIncreaseQuota or SeImpersonate",
     "run as administrator, or grant it in Local Security Policy under User Rights Assignment"},
    {1326, "", "the sandbox account's password does not match the stored one, or the account is gone",
     "set the sandbox accounts up again as administrator: postern setup"},
    {1327, "", "a policy keeps the account from logging on: an empty password, a time or a computer restriction",
     "set the sandbox accounts up again, and check the account's logon hours and policies"},
    {1328, "", "a policy keeps the account from logging on at this time of the day", "lift the account's logon hours"},
    {1329, "", "a policy keeps the account from logging on at this computer", "lift the account's list of computers"},
    {1330, "", "the sandbox account's password has expired",
     "set the sandbox accounts up again; domain policy must not expire their passwords"},
    {1331, "", "the sandbox account is disabled", "enable it, or set the sandbox accounts up again as administrator"},
    {1385, "", "the sandbox account may not log on interactively: a policy took SeInteractiveLogonRight away",
     "grant \"Allow log on locally\" to the sandbox group, and remove it from \"Deny log on locally\""},
    {1753, "INetFw", "the firewall's service (mpssvc) does not run", "start it: sc start mpssvc, as administrator"},
    {1907, "", "the sandbox account must change its password before it can log on",
     "set the sandbox accounts up again as administrator; they get passwords that do not expire"},
    {1909, "", "the sandbox account is locked out after failed logons",
     "wait for the lockout time to pass, or unlock the account; another installation may use an old password"},
    {1920, "", "Windows cannot open the file: it is an app alias of the Store, or a cloud file that is not there",
     "name the real program instead of the one under WindowsApps"},
    {1793, "", "the sandbox account has expired", "set the sandbox accounts up again as administrator: postern setup"},
    {1816, "", "a job object's limit on processes or memory is reached",
     "end processes, or raise the sandbox's limits"},
    {4551, "", "App Control (WDAC) or Smart App Control forbids the program",
     "see the CodeIntegrity event log; a program that is signed, or that the policy names, is let through"},
    {10013, "", "a rule of the firewall, or another program's hold on the port, forbids it",
     "nothing, if the sandbox has no network; else look for a rule of the firewall that blocks the user or the "
     "program"},
    {14001, "", "its manifest names an assembly that is not installed, usually a Visual C++ runtime",
     "install that runtime; sxstrace.exe tells which"},
    {0x80004001, "", "this version of Windows does not have the call", "use Windows 10 version 1809 or later"},
    {0x80004005, "", "the call failed without saying why; a console host that could not start does this",
     "try again, and see the Application event log"},
    {0x80040154, "", "a class of the system is not registered, as in systems that were stripped of parts",
     "repair the Windows installation: sfc /scannow"},
    {0x8000ffff, "", "the call met a state it does not expect; a console host that has just ended does this",
     "try again with another session"},

    /* NTSTATUS: what ends a process that is not fit to run, or that the system ends; see exit_code.h */
    {0x40010004, "", "a debugger, or something that acts as one, ended it", "see what else acts on the program"},
    {0x40010005, "", "a debugger passed Ctrl-C on to it, and it ended", "nothing, if that was meant"},
    {0x80000001, "", "it touched a guard page: usually a stack that has grown too far, or a fault of the program",
     "report it to the program's makers"},
    {0x80000002, "", "it read or wrote memory that is not aligned: a fault of the program",
     "report it to the program's makers"},
    {0x80000003, "", "it ran into a breakpoint or an assertion without a debugger",
     "report it to the program's makers, or run it in a debugger"},
    {0x80000004, "", "it was single-stepped without a debugger", "run it in a debugger, or report it to its makers"},
    {0xc0000005, "", "it read or wrote memory that it may not: a fault of the program or of a DLL put into it",
     "report it to the program's makers; leave out virus scanners and overlays that put DLLs into programs"},
    {0xc0000006, "", "a part of the program could not be read from its disk or share",
     "check the disk or the network, and copy the program to a local disk"},
    {0xc0000008, "", "it used a handle that is closed: a fault of the program", "report it to the program's makers"},
    {0xc0000017, "", "memory, or the limit that a job sets to it, was used up",
     "free memory, or raise the sandbox's memory limit"},
    {0xc000001d, "", "it has an instruction that this processor does not know", "install a build for this processor"},
    {0xc0000022, "CreatePseudoConsole", "the sandbox user has no access to the console driver",
     "use plain pipes, or a Windows whose console can be used by other accounts"},
    {0xc0000022, "", "a DLL or another file the program needs at its start may not be read by the sandbox user",
     "let the sandbox user read the directories of the program and of its libraries"},
    {0xc0000044, "", "a limit of a job object on memory was reached", "raise the sandbox's memory limit"},
    {0xc000007b, "", "a DLL is for another kind of processor than the program, or damaged",
     "install the build of the library that fits: 32 and 64 bits do not mix"},
    {0xc0000094, "", "it divided by zero: a fault of the program", "report it to the program's makers"},
    {0xc00000fd, "", "its stack was used up, usually by a function that calls itself without end",
     "report it to the program's makers"},
    {0xc000012d, "", "the system's memory and paging file are used up", "end programs, or enlarge the paging file"},
    {0xc0000135, "", "a DLL that the program needs was not found",
     "install the missing runtime for all users, or add its directory to the command's PATH"},
    {0xc0000138, "", "a DLL lacks a function, by its number, that the program needs",
     "install the version of the library that belongs to the program"},
    {0xc0000139, "", "a DLL lacks a function that the program needs: it has another version",
     "install the version of the library that belongs to the program, and look for an older one on PATH"},
    {0xc000013a, "", "Ctrl-C, Ctrl-Break or the closing of its console ended it",
     "nothing, if that was meant; a program that wants to tidy up handles console events"},
    {0xc0000142, "",
     "a DLL could not initialise: the process has no access to its window station or desktop, or the desktop heap is "
     "used up",
     "grant the sandbox user the desktop it is started on, or end programs of that session"},
    {0xc000026b, "", "a DLL could not initialise because Windows is shutting down or the user is being logged off",
     "try again in another session"},
    {0xc0000361, "", "a rule of application control forbids the program or one of its DLLs",
     "see the AppLocker event log, and have the program's directory or publisher allowed"},
    {0xc0000374, "", "its heap is corrupted: a fault of the program", "report it to the program's makers"},
    {0xc0000409, "", "it stopped itself at once: abort(), a failed check, or a stack that was overwritten",
     "see its own messages and the Application event log"},
    {0xc0000417, "", "it gave the C library an argument that makes no sense: a fault of the program",
     "report it to the program's makers"},
    {0xc000041d, "", "it failed in a function that Windows had called", "report it to the program's makers"},
    {0xc0000420, "", "an assertion of the program failed", "see its own messages"},
    {0xc0000428, "", UNSIGNED_CAUSE, UNSIGNED_REMEDY},
    {0xc0000602, "", "it stopped itself at once after an error it cannot handle",
     "see its own messages and the Application event log"},
    {0xc0000906, "", BLOCKED_CAUSE, BLOCKED_REMEDY},
    {0xc0e90002, "", "App Control (WDAC) or Smart App Control forbids the program or one of its DLLs",
     "see the CodeIntegrity event log; a program that is signed, or that the policy names, is let through"},
    {0xc0150002, "", "its manifest names an assembly that is not installed, usually a Visual C++ runtime",
     "install that runtime; sxstrace.exe tells which"},
    {0xe0434352, "", "a .NET exception was not handled", "see the command's stderr and the Application event log"},
    {0xe06d7363, "", "a C++ exception was not handled", "see the command's stderr and the Application event log"},
};

/* A Win32 error wrapped as HRESULT, as ConPTY, COM and many newer calls return it, is the Win32 error, and a wrapped
 * NTSTATUS (facility bit 0x10000000, from the console driver) is the NTSTATUS. An HRESULT that came through a signed
 * 32-bit type is negative. */
static int64_t normalise(enum error_system system, int64_t os_error)
{
    if (system != ERROR_SYSTEM_WINDOWS) {
        return os_error;
    }
    if (os_error < 0 && os_error >= INT32_MIN) {
        os_error += (int64_t)1 << 32;
    }
    if ((os_error & ~(int64_t)0x0fffffff) == 0xd0000000) {
        return os_error & ~(int64_t)0x10000000;
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
