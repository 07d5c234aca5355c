"""What a task's permissions and limits are in the kernel's terms: rules of Landlock, and resource limits."""

from __future__ import annotations

import resource
from pathlib import Path

from skillyard.sandbox.confine import landlock
from skillyard.sandbox.confine.box import DEVICES
from skillyard.sandbox.confine.command import Command
from skillyard.sandbox.confine.machine import Machine
from skillyard.sandbox.model import Task
from skillyard.sandbox.programs import system_folders
from skillyard.sandbox.workspace import writable_folders

# What maps a program's libraries is a program itself, which the kernel starts along with it.
_LOADERS = (
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-linux-aarch64.so.1",
    "/lib/ld-musl-x86_64.so.1",
    "/lib/ld-musl-aarch64.so.1",
)
_DEVICE = landlock.READ_FILE | landlock.WRITE_FILE | landlock.TRUNCATE | landlock.IOCTL_DEV
_ALL = landlock.READ | landlock.WRITE
_OPEN_FILES = 1024


def rules_of(task: Task, machine: Machine, command: Command) -> tuple[dict[str, int], frozenset[str]]:
    """Rights by path inside, and which of the paths are files. Programs may be started from the system, the skill and
    what the run makes itself, when starting programs is declared; else only the one that is the run.
    """
    execute = landlock.EXECUTE if task.permissions.subprocess else 0
    homes = [program.home for program in (machine.python, machine.node) if program and program.home]
    rules = dict.fromkeys((*system_folders(), *homes, "/skill", "/deps"), landlock.READ | execute)
    rules["/"] = landlock.READ_DIR
    rules |= dict.fromkeys(("/etc", "/proc", "/dev"), landlock.READ)
    rules |= {"/tmp": _ALL | execute, "/dev/shm": _ALL, "/work": landlock.READ | execute}  # noqa: S108 (inside)
    for folder in writable_folders(task):
        rules[f"/work/{folder}".rstrip("/")] = _ALL | execute
    files = dict.fromkeys((f"/dev/{name}" for name in DEVICES), _DEVICE)
    if not execute:
        files |= dict.fromkeys((command.program, *filter(_exists, _LOADERS)), landlock.EXECUTE | landlock.READ_FILE)
    return rules | files, frozenset(files)


def resource_limits(task: Task, *, has_cgroup: bool) -> dict[int, int]:
    """Of each process of it."""
    limits = {
        resource.RLIMIT_CORE: 1,  # with 0, a program that the host has for such cases would still get it (core(5))
        resource.RLIMIT_CPU: task.limits.cpu_s,
        resource.RLIMIT_NOFILE: _OPEN_FILES,
        resource.RLIMIT_NPROC: task.limits.processes,
        resource.RLIMIT_MEMLOCK: 64 * 1024,
        resource.RLIMIT_MSGQUEUE: 0,
    }
    if not has_cgroup:  # then it is ended when it is seen to use more; this is for what goes faster
        limits[resource.RLIMIT_DATA] = task.limits.memory_bytes * 5 // 4
    return limits


def _exists(path: str) -> bool:
    return Path(path).exists()
