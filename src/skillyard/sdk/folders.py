"""One skill folder on disk against the files that it should hold. Never follows a link; changes nothing."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from skillyard.skill.digest import FileEntry

_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What a file looks like from outside. It is the same as long as nobody wrote to the file, even through a link."""

    size_bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, found: os.stat_result) -> Stamp:
        return cls(size_bytes=found.st_size, mtime_ns=found.st_mtime_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """Paths that are not as they should be. `caches` are files that Python makes while a skill runs.

    `shared` are changed files that are hard links, so that what they belong to elsewhere changed as well.
    """

    changed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    caches: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()

    @property
    def none(self) -> bool:
        return not (self.changed or self.missing or self.extra)

    @property
    def only_missing(self) -> bool:
        return bool(self.missing) and not self.changed and not self.extra

    @property
    def paths(self) -> tuple[str, ...]:
        return tuple(sorted((*self.changed, *self.missing, *self.extra)))


def compare(folder: Path, files: Iterable[FileEntry], stamps: Mapping[str, Stamp] | None = None) -> Differences:
    """How the content of `folder` differs from `files`.

    Every file is hashed, except those that still have their stamp in `stamps`.
    """
    found = dict(walk(folder))
    expected = {file.path: file for file in files}
    changed = sorted(
        path
        for path, file in expected.items()
        if path in found and not _is_same(folder / path, found[path], file, (stamps or {}).get(path))
    )
    unknown = sorted(found.keys() - expected.keys())
    return Differences(
        changed=tuple(changed),
        missing=tuple(sorted(expected.keys() - found.keys())),
        extra=tuple(path for path in unknown if not _is_cache(path, found[path])),
        caches=tuple(path for path in unknown if _is_cache(path, found[path])),
        shared=tuple(path for path in changed if found[path].st_nlink > 1),
    )


def walk(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Every entry below `folder` that is no folder, by its path with `/`, with what `lstat` says."""
    waiting = [(folder, "")]
    while waiting:
        current, prefix = waiting.pop()
        with os.scandir(current) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append((Path(entry.path), f"{prefix}{entry.name}/"))
                else:
                    # On Windows an entry's own stat knows no number of links.
                    yield f"{prefix}{entry.name}", os.lstat(entry.path)


def is_plain_folder(path: Path) -> bool:
    """A folder itself, not a link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


def file_sha256(path: Path) -> str:
    """The hash of a file; a link is not followed where the system can refuse to."""
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0))
    with os.fdopen(handle, "rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _is_same(path: Path, found: os.stat_result, file: FileEntry, stamp: Stamp | None) -> bool:
    if not stat.S_ISREG(found.st_mode) or found.st_size != file.size_bytes:
        return False
    return Stamp.of(found) == stamp or file_sha256(path) == file.sha256


def _is_cache(path: str, found: os.stat_result) -> bool:
    folder, _, name = path.rpartition("/")
    return stat.S_ISREG(found.st_mode) and folder.rpartition("/")[2] == "__pycache__" and name.endswith(".pyc")
