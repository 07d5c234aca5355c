"""Which system calls are let through, refused, or first shown to the watcher outside: the filter, as BPF.

A call that is refused is refused here or by the watcher's answer; a call that is only observed goes on to the kernel,
where namespaces, mounts and Landlock decide.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from functools import cache

from skillyard.sandbox.confine.plan import Kept, Plan
from skillyard.sandbox.confine.syscalls import LAST_KNOWN, MACHINE, audit_architecture, number

# Nothing in a sandbox needs them: other processes' memory, mounts and namespaces, keys, the machine itself, and
# those parts of the kernel in which ways out were found most often.
REFUSED = (
    "acct", "add_key", "adjtimex", "bpf", "chroot", "clock_adjtime", "clock_settime", "delete_module", "fanotify_init",
    "finit_module", "fsconfig", "fsmount", "fsopen", "fspick", "init_module", "io_uring_enter", "io_uring_register",
    "io_uring_setup", "ioperm", "iopl", "kcmp", "kexec_file_load", "kexec_load", "keyctl", "lookup_dcookie",
    "migrate_pages", "modify_ldt", "mount", "mount_setattr", "move_mount", "move_pages", "name_to_handle_at",
    "nfsservctl", "open_by_handle_at", "open_tree", "perf_event_open", "pidfd_getfd", "pivot_root", "process_madvise",
    "process_vm_readv", "process_vm_writev", "ptrace", "quotactl", "quotactl_fd", "reboot", "request_key",
    "setdomainname", "sethostname", "setns", "settimeofday", "swapoff", "swapon", "syslog", "umount2", "unshare",
    "uselib", "userfaultfd", "vhangup",
)  # fmt: skip
OBSERVED = ("connect", "creat", "execve", "execveat", "open", "openat")
NEW_PROCESS = ("clone", "fork", "vfork")

_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _AND, _RETURN, _JUMP = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06, 0x05
_ALLOW, _KILL, _NOTIFY, _ERRNO = 0x7FFF0000, 0x80000000, 0x7FC00000, 0x00050000
_EAFNOSUPPORT, _ENOSYS, _EPERM = 97, 38, 1
_NUMBER, _ARCHITECTURE = 0, 4
_CLONE_THREAD, _CLONE_NEW = 0x00010000, 0x7E020080
_X32 = 0x40000000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_FORMAT, _DEVICES = 0xF000, (0x2000, 0x6000)
_SECCOMP_SET_MODE_FILTER, _NEW_LISTENER = 1, 8
_FAMILIES = (1, 2, 10)
_NETLINK = 16


def watch(plan: Plan, *, may_start_programs: bool) -> Kept:
    """Put the filter in force; what is kept is the listener. Needs no-new-privileges."""
    program = build(may_start_programs=may_start_programs)
    code = plan.memory(program)
    header = plan.memory(struct.pack("=HHIQ", len(program) // 8, 0, 0, 0), {8: code})
    return plan.call("seccomp", _SECCOMP_SET_MODE_FILTER, _NEW_LISTENER, header)


@cache
def build(*, may_start_programs: bool) -> bytes:
    """The filter. Rules are tried in order; what none names goes through."""
    rules = [
        _step(_LOAD, _ARCHITECTURE),
        _step(_EQUAL, audit_architecture(), 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _NUMBER),
    ]
    if MACHINE == "x86_64":
        rules += [_step(_AT_LEAST, _X32, 0, 1), _step(_RETURN, _KILL)]
    rules += [_step(_AT_LEAST, LAST_KNOWN + 1, 0, 1), _step(_RETURN, _ERRNO | _ENOSYS)]
    rules += _always("clone3", _ERRNO | _ENOSYS) + _always("openat2", _ERRNO | _ENOSYS)
    for name in (*OBSERVED, *REFUSED):
        rules += _always(name, _NOTIFY)
    rules += _new_processes(may_start_programs)
    families = [step for family in _FAMILIES for step in _if_equal(family, _ALLOW)]
    refused = [*_if_equal(_NETLINK, _ERRNO | _EAFNOSUPPORT), _step(_RETURN, _NOTIFY)]
    rules += _when("socket", 0, families + refused)
    rules += _when("ioctl", 1, _if_equal(_TIOCSTI) + _if_equal(_TIOCLINUX))
    rules += _when("kill", 0, _if_equal(1))
    for name, place in (("mknod", 1), ("mknodat", 2)):
        kinds = [step for kind in _DEVICES for step in _if_equal(kind)]
        rules += _when(name, place, [_step(_AND, _FORMAT), *kinds])
    rules += _when("sendto", 4, [_step(_EQUAL, 0, 1, 0), _step(_RETURN, _NOTIFY)])  # with an address
    return b"".join([*rules, _step(_RETURN, _ALLOW)])


def _new_processes(may_start_programs: bool) -> list[bytes]:
    """Threads always; processes when declared; neither with namespaces of their own."""
    into_namespaces = [_step(_ANY_BIT, _CLONE_NEW, 0, 1), _step(_RETURN, _NOTIFY)]
    if may_start_programs:
        return _when("clone", 0, into_namespaces)
    threads_only = [_step(_ANY_BIT, _CLONE_THREAD, 1, 0), _step(_RETURN, _NOTIFY)]
    return _always("fork", _NOTIFY) + _always("vfork", _NOTIFY) + _when("clone", 0, into_namespaces + threads_only)


def _step(code: int, value: int, yes: int = 0, no: int = 0) -> bytes:
    return struct.pack("=HBBI", code, yes, no, value & 0xFFFFFFFF)


def _always(name: str, action: int) -> list[bytes]:
    which = number(name)
    return [] if which is None else [_step(_EQUAL, which, 0, 1), _step(_RETURN, action)]


def _when(name: str, argument: int, steps: Iterable[bytes]) -> list[bytes]:
    """Look at the low half of an argument (the kernel, too, looks at no more of these)."""
    which, inner = number(name), list(steps)
    if which is None:
        return []
    body = [_step(_LOAD, 16 + 8 * argument), *inner, _step(_RETURN, _ALLOW)]
    return [_step(_EQUAL, which, 0, len(body)), *body]


def _if_equal(value: int, action: int = _NOTIFY) -> list[bytes]:
    return [_step(_EQUAL, value, 0, 1), _step(_RETURN, action)]
