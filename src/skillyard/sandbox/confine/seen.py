"""Which of the files that a program opened or tried to open are worth a word, and which are part of starting up."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from skillyard.sandbox.confine.box import DEVICES
from skillyard.sandbox.confine.watcher import MOST_NOTED, MOST_NOTED_CHARS
from skillyard.sandbox.model import Task
from skillyard.sandbox.workspace import may_write

# Read by any program, on any machine; what is secret elsewhere is not in here.
_QUIET = (
    "/usr", "/bin", "/lib", "/lib32", "/lib64", "/sbin", "/etc", "/proc", "/dev", "/sys", "/skill", "/deps", "/run",
    "/tmp",  # noqa: S108 (inside)
    "/package.json",  # Node looks for one in every folder above a script
)  # fmt: skip
_LOUD = (
    "/etc/shadow", "/etc/gshadow", "/etc/sudoers", "/etc/ssh", "/proc/1", "/proc/kcore", "/proc/keys", "/proc/kmsg",
    "/proc/sysrq-trigger", "/proc/sys/kernel/core_pattern", "/dev/mem", "/dev/kmem", "/run/secrets", "/run/docker.sock",
)  # fmt: skip
_WRITABLE = (
    "/tmp", "/dev/shm", "/dev/fd", "/dev/stdout", "/dev/stderr", "/dev/tty", "/proc/self/fd",  # noqa: S108
    *(f"/dev/{name}" for name in DEVICES),
)  # fmt: skip


class Seen:
    """Told of each path that is opened; `brought` are the files that are in the workspace."""

    def __init__(self, task: Task, brought: Mapping[str, object], quiet: tuple[str, ...]) -> None:
        self._task = task
        self._brought = brought
        self._quiet = (*_QUIET, *quiet)
        self.read: set[str] = set()
        self.refused: set[str] = set()

    def opened(self, path: str, is_for_writing: bool) -> None:
        if path.startswith("/work/"):
            self._in_workspace(path.removeprefix("/work/"), is_for_writing)
            return
        is_quiet = _is_below(path, self._quiet) and not _is_below(path, _LOUD)
        if not is_quiet or (is_for_writing and not _is_below(path, _WRITABLE)):
            self._refuse(path)

    def _in_workspace(self, path: str, is_for_writing: bool) -> None:
        if is_for_writing:
            if not may_write(self._task, path):
                self._refuse(path)
        elif path in self._brought:
            self.read.add(path)
        elif _is_hidden(self._task.workspace, path):
            self._refuse(path)

    def _refuse(self, path: str) -> None:
        if len(self.refused) < MOST_NOTED:
            self.refused.add(path[:MOST_NOTED_CHARS])


def _is_hidden(workspace: Path, path: str) -> bool:
    """It is there on the host, and was not brought in."""
    return ".." not in path.split("/") and os.path.lexists(workspace / path)


def _is_below(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
