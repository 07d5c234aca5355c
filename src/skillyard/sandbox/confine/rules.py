"""What a task's permissions and limits are in the kernel's terms: rules of Landlock, and resource limits."""

from __future__ import annotations

import resource
from functools import cache
from pathlib import Path

from skillyard.sandbox.confine import landlock
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
_DEVICE = landlock.WRITE_FILE | landlock.TRUNCATE | landlock.IOCTL_DEV
_ALL = landlock.READ | landlock.WRITE
_OPEN_FILES = 1024


def rules_of(task: Task, machine: Machine, command: Command) -> tuple[dict[str, int], frozenset[str]]:
    """Rights by path inside, and which of the paths are files. Programs may be started from the system, the skill and
    what the run makes itself, when starting programs is declared; else only the one that is the run.
    """
    execute = landlock.EXECUTE if task.permissions.subprocess else 0
    homes = [program.home for program in (machine.python, machine.node) if program and program.home]
    rules = dict.fromkeys((*_real(system_folders()), *homes, *_given(task)), landlock.READ | execute)
    rules |= {"/": landlock.READ_DIR, "/etc": landlock.READ, "/proc": landlock.READ, "/dev": landlock.READ | _DEVICE}
    rules |= {"/tmp": _ALL | execute, "/dev/shm": _ALL, "/work": landlock.READ | execute}  # noqa: S108 (inside)
    for folder in writable_folders(task):
        rules[f"/work/{folder}".rstrip("/")] = _ALL | execute
    files = () if execute else (command.program, *_existing(_LOADERS))
    return rules | dict.fromkeys(files, landlock.EXECUTE | landlock.READ_FILE), frozenset(files)


def _given(task: Task) -> list[str]:
    return [place for place, folder in (("/skill", task.skill), ("/deps", task.layer)) if folder]


@cache
def _real(folders: tuple[str, ...]) -> tuple[str, ...]:
    """Without those that are only other names for one of them."""
    return tuple(folder for folder in folders if not Path(folder).is_symlink())


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


@cache
def _existing(files: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(file for file in files if Path(file).exists())
