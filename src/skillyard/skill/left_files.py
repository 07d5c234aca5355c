"""Take files out of a folder in which a stranger's program has run: plain files under plain names, and nothing else.

Nothing runs in the folder any more. No link is followed, nothing but a regular file is opened; what is left out is
told with the reason.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from skillyard.skill.digest import FileEntry
from skillyard.skill.faults import Fault
from skillyard.skill.limits import Limits
from skillyard.skill.paths import Tree, check_path, shown

_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_CHUNK_BYTES = 1 << 20
_MOST_FAULTS = 100
_VISITS_PER_FILE = 4  # a folder of names that are all refused costs time too


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftFiles:
    """`files` by path; `left_out` says what was not taken, at most a hundred of it."""

    folder: Path
    files: tuple[FileEntry, ...]
    left_out: tuple[Fault, ...]

    def open(self, path: str) -> int:
        """A descriptor to read one of `files`."""
        return os.open(self.folder / path, _READ)

    def read(self, path: str) -> bytes:
        with os.fdopen(self.open(path), "rb") as file:
            return file.read()


def take_files(folder: Path, *, limits: Limits) -> LeftFiles:
    """The files below `folder`, hashed, in the order of their paths, up to `limits.max_entries` of them and
    `limits.max_unpacked_bytes` in all; sparse files count as long as they seem.
    """
    return _Taking(folder, limits).take()


class _Taking:
    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder = folder
        self._limits = limits
        self._tree = Tree()
        self._left_bytes = limits.max_unpacked_bytes
        self._visits = limits.max_entries * _VISITS_PER_FILE
        self._files: list[FileEntry] = []
        self._left_out: list[Fault] = []

    def take(self) -> LeftFiles:
        for path, child in self._walk(self._folder, ""):
            self._take_one(path, child)
        files = tuple(sorted(self._files, key=lambda file: file.path))
        return LeftFiles(folder=self._folder, files=files, left_out=tuple(self._left_out[:_MOST_FAULTS]))

    def _walk(self, folder: Path, prefix: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
        try:
            with os.scandir(folder) as found:
                children = sorted(found, key=lambda child: child.name)
        except OSError as error:
            self._leave(prefix, "unreadable", f"the folder cannot be read: {error.strerror}")
            return
        for child in children:
            self._visits -= 1
            if self._visits < 0:
                return
            path = f"{prefix}{child.name}"
            if not child.is_dir(follow_symlinks=False):
                yield path, child
            elif path.count("/") + 1 < self._limits.max_depth:
                yield from self._walk(Path(child.path), f"{path}/")
            else:
                self._leave(path, "too_deep", f"folders are more than {self._limits.max_depth} deep")

    def _take_one(self, path: str, child: os.DirEntry[str]) -> None:
        if faults := [*check_path(path, limits=self._limits), *self._tree.add_file(path)]:
            self._left_out += faults
        elif not stat.S_ISREG(child.stat(follow_symlinks=False).st_mode):
            self._leave(path, "not_a_file", "this is a link, device, pipe or socket")
        elif len(self._files) >= self._limits.max_entries:
            self._leave(path, "too_many_entries", f"there are more than {self._limits.max_entries} files")
        else:
            self._read_one(path)

    def _read_one(self, path: str) -> None:
        try:
            descriptor = os.open(self._folder / path, _READ)
        except OSError as error:
            return self._leave(path, "unreadable", f"the file cannot be read: {error.strerror}")
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > self._left_bytes:
                most = self._limits.max_unpacked_bytes
                return self._leave(path, "too_large", f"the files have more than {most} bytes in all")
            digest = hashlib.sha256()
            size_bytes = 0
            while chunk := file.read(min(_CHUNK_BYTES, status.st_size - size_bytes)):
                digest.update(chunk)
                size_bytes += len(chunk)
        self._left_bytes -= size_bytes
        entry = FileEntry(
            path=path, size_bytes=size_bytes, sha256=digest.hexdigest(), executable=bool(status.st_mode & 0o100)
        )
        self._files.append(entry)
        return None

    def _leave(self, path: str, code: str, message: str) -> None:
        self._left_out.append(
            Fault(code=code, message=message, hint="leave plain files behind", file=shown(path), severity="warning")
        )
