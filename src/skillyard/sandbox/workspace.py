"""Which files of a workspace a run gets to see, and which of those it leaves are kept: by its declared patterns.

A run works on copies: what it may not read is not there, what it may not write is not taken out. Whatever it leaves
that is no plain file (a link, a device, a pipe) stays behind and is named.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass

from skillyard.sandbox.model import Limits, Task
from skillyard.skill.reach import path_covers

_MAX_DEPTH = 32
_MAX_ENTRIES = 100_000
_CHUNK = 1024 * 1024
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_WILD = set("*?")


Brought = dict[str, tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Entry:
    """A file that was found: `folder` is open only until the next one is asked for."""

    path: str
    name: str
    folder: int
    stat: os.stat_result


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a run may read of its workspace: sizes by path."""

    sizes: dict[str, int]

    @property
    def total_bytes(self) -> int:
        return sum(self.sizes.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Leavings:
    """What was taken out, what was left behind, and the limits that it went beyond."""

    written: tuple[str, ...]
    refused: tuple[str, ...]
    limits_hit: tuple[str, ...]


def select(task: Task) -> Selection:
    """The files that the program may read: those that were handed over, and what is declared."""
    root = os.open(task.workspace, _FOLDER)
    try:
        sizes = {entry.path: entry.stat.st_size for entry in _walk(root) if may_read(task, entry.path)}
    finally:
        os.close(root)
    return Selection(sizes=sizes)


def may_read(task: Task, path: str) -> bool:
    return path in task.inputs or any(path_covers(pattern, path) for pattern in task.permissions.filesystem_read)


def may_write(task: Task, path: str) -> bool:
    return any(path_covers(pattern, path) for pattern in task.permissions.filesystem_write)


def writable_folders(task: Task) -> tuple[str, ...]:
    """The folders of the workspace, "" for all of it, below which something may be written."""
    return tuple(sorted({_fixed_part(pattern) for pattern in task.permissions.filesystem_write}))


def bring_in(task: Task, selection: Selection, into: int, *, owner: int | None) -> Brought:
    """Copy the selected files below the open folder `into`, and make the folders that it may write in.

    Returns what tells later whether a file was changed, by path.
    """
    brought = {}
    source = os.open(task.workspace, _FOLDER)
    try:
        for path in selection.sizes:
            with _folder_of(source, path) as (folder, name), _folder_of(into, path, owner=owner) as (target, _):
                brought[path] = _copy_in(folder, target, name, owner)
        for path in writable_folders(task):
            with _folder_of(into, f"{path}/." if path else ".", owner=owner):
                pass
    finally:
        os.close(source)
    return brought


def take_out(task: Task, source: int, brought: Brought) -> Leavings:
    """Copy what was written below the open folder `source`, as far as that is declared, into the workspace.

    Everything that could still change it must have ended.
    """
    outcome = _TakingOut(task, os.open(task.workspace, _FOLDER), dict(brought))
    try:
        for entry in _walk(source, refused=outcome.refused):
            outcome.take(entry)
        outcome.remove_the_missing()
    finally:
        os.close(outcome.target)
    return Leavings(
        written=tuple(sorted(outcome.written)),
        refused=tuple(sorted(outcome.refused)),
        limits_hit=tuple(sorted(outcome.limits_hit)),
    )


class _TakingOut:
    def __init__(self, task: Task, target: int, brought: Brought) -> None:
        self.task, self.target, self.brought = task, target, brought
        self.written: set[str] = set()
        self.refused: set[str] = set()
        self.limits_hit: set[str] = set()
        self.bytes_left = task.limits.disk_bytes

    def take(self, entry: Entry) -> None:
        if self.brought.pop(entry.path, None) == _mark(entry.stat):
            return
        if not may_write(self.task, entry.path):
            self.refused.add(entry.path)
        elif self._is_within(self.task.limits, entry):
            try:
                with _folder_of(self.target, entry.path, owner=None) as (folder, name):
                    _copy_out(entry, folder, name)
            except OSError:  # a link or a folder is in its way
                self.refused.add(entry.path)
            else:
                self.written.add(entry.path)

    def remove_the_missing(self) -> None:
        for path in self.brought:
            if may_write(self.task, path):
                with contextlib.suppress(OSError), _folder_of(self.target, path) as (folder, name):
                    os.unlink(name, dir_fd=folder)
                self.written.add(path)

    def _is_within(self, limits: Limits, entry: Entry) -> bool:
        if len(self.written) >= limits.files:
            self.limits_hit.add("files")
        elif entry.stat.st_size > self.bytes_left:
            self.limits_hit.add("disk_bytes")
        else:
            self.bytes_left -= entry.stat.st_size
            return True
        self.refused.add(entry.path)
        return False


def _walk(root: int, *, refused: set[str] | None = None) -> Iterator[Entry]:
    """All plain files below an open folder. Links are never followed; `refused` gets the names of all that is neither
    file nor folder, or has a name that cannot be shown.
    """
    left = _MAX_ENTRIES
    waiting = [""]
    while waiting:
        above = waiting.pop()
        try:
            folder = _open_below(root, above)
        except OSError:
            continue
        try:
            for name in os.listdir(folder):  # noqa: PTH208
                left -= 1
                path = f"{above}/{name}" if above else name
                found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if left < 0:
                    return
                if stat.S_ISDIR(found.st_mode) and path.count("/") < _MAX_DEPTH:
                    waiting.append(path)
                elif stat.S_ISREG(found.st_mode) and path.isprintable():
                    yield Entry(path, name, folder, found)
                elif refused is not None:
                    refused.add(path.encode("utf-8", "backslashreplace").decode())
        finally:
            os.close(folder)


def _open_below(root: int, path: str) -> int:
    """Open a folder below another, name by name, through no link."""
    here = os.dup(root)
    for name in path.split("/") if path else ():
        try:
            further = os.open(name, _FOLDER, dir_fd=here)
        finally:
            os.close(here)
        here = further
    return here


@contextlib.contextmanager
def _folder_of(root: int, path: str, *, owner: int | None = -1) -> Iterator[tuple[int, str]]:
    """The open folder that a file is in, and its name there. With `owner`, folders that are missing are made."""
    *folders, name = path.split("/")
    here = os.dup(root)
    try:
        for folder in folders:
            if owner != -1:
                with contextlib.suppress(FileExistsError):
                    os.mkdir(folder, 0o755, dir_fd=here)
                    _give(folder, here, owner)
            further = os.open(folder, _FOLDER, dir_fd=here)
            os.close(here)
            here = further
        yield here, name
    finally:
        os.close(here)


def _copy_in(source: int, target: int, name: str, owner: int | None) -> tuple[int, int]:
    reading = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=source)
    try:
        writing = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644, dir_fd=target)
        try:
            _pour(reading, writing)
        finally:
            os.close(writing)
    finally:
        os.close(reading)
    _give(name, target, owner)
    return _mark(os.stat(name, dir_fd=target, follow_symlinks=False))


def _copy_out(entry: Entry, target: int, name: str) -> None:
    """In place of what is there, in one step, so that nobody sees half a file."""
    passing = f".{name[:200]}.skillyard"
    reading = os.open(entry.name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=entry.folder)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        mode = 0o755 if entry.stat.st_mode & stat.S_IXUSR else 0o644
        writing = os.open(passing, flags, mode, dir_fd=target)
        try:
            _pour(reading, writing)
        finally:
            os.close(writing)
    finally:
        os.close(reading)
    os.replace(passing, name, src_dir_fd=target, dst_dir_fd=target)


def _pour(reading: int, writing: int) -> None:
    while os.sendfile(writing, reading, None, _CHUNK):
        pass


def _give(name: str, folder: int, owner: int | None) -> None:
    if owner is not None:
        os.chown(name, owner, owner, dir_fd=folder, follow_symlinks=False)


def _mark(found: os.stat_result) -> tuple[int, int]:
    """Changes whenever the file does; a program can set all its other times."""
    return found.st_ino, found.st_ctime_ns


def _fixed_part(pattern: str) -> str:
    """The folder that a pattern's files are in, as far as it is named: data/*.csv is data, ** is all."""
    names = pattern.split("/")
    fixed = []
    for name in names[:-1]:
        if _WILD & set(name):
            break
        fixed.append(name)
    return "/".join(fixed)
