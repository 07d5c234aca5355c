"""Checked skills in the user's cache, one read-only copy of each tree, for projects to link to.

A hard link shares its bytes with the store, so that writing through one changes the store as well. Every file
therefore has a stamp, taken right after it was checked: a file without its stamp is hashed again before it is given
out, and a skill that is no longer what it was is dropped from the store and fetched anew.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from skillyard.sdk.config import cache_dir
from skillyard.sdk.disk import read_if_there, remove_tree, write_atomically
from skillyard.sdk.errors import IntegrityError, from_skill_error
from skillyard.sdk.folders import Stamp, compare
from skillyard.skill.archive import Limits, open_safely
from skillyard.skill.digest import FileEntry, sha256_hex, tree_digest
from skillyard.skill.faults import SkillError
from skillyard.skill.files import SkillFiles
from skillyard.skill.lockfile import LockedSkill

_STAMPS = "stamps.json"
_FILES = "files"
_DAY_S = 24 * 3600
MAX_ARCHIVE_BYTES = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A skill in the store: where its files are, and their stamps."""

    folder: Path
    stamps: Mapping[str, Stamp]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cleaned:
    entries: int
    size_bytes: int


class Store:
    """Safe for several processes: entries appear and go as a whole, by one rename."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or cache_dir() / "store"
        self.downloads = self.folder / "downloads"
        self._entries = self.folder / "v1"
        self._temporary = self.folder / "tmp"

    def find(self, skill: LockedSkill) -> Stored | None:
        """The checked files of a skill, or None when it must be fetched. A changed entry is dropped."""
        entry = self._entry(skill)
        if not entry.exists():
            return None
        stamps = _check_entry(entry, skill.files, _read_stamps(entry / _STAMPS))
        if stamps is None:
            self._drop(entry)
            return None
        self._note_use(entry)
        return Stored(folder=entry / _FILES, stamps=stamps)

    def add(self, skill: LockedSkill, archive: BinaryIO) -> Stored:
        """Open an archive whose sha256 was checked, check the tree in it, and keep it.

        Raises IntegrityError when the tree is not the one that was promised, SdkError when the archive is unsafe.
        """
        files = _opened(skill, archive)
        entry = self._entry(skill)
        building = self._new_folder()
        try:
            stamps = _write_read_only(files, skill.files, building / _FILES)
            (building / _STAMPS).write_text(_show_stamps(stamps))
            return self._place(skill, building) or Stored(folder=entry / _FILES, stamps=stamps)
        finally:
            remove_tree(building)

    def partial(self, skill: LockedSkill) -> Path:
        """Where the archive is put while it arrives."""
        return self.downloads / f"{skill.sha256}.part"

    def gc(self, older_than_days: float = 30) -> Cleaned:
        """Remove what no install has used for so long, and what broken runs left."""
        before = time.time() - older_than_days * _DAY_S
        sizes = [(_size_bytes(entry), self._drop(entry)) for entry in _older(self._entries, before)]
        removed = [size_bytes for size_bytes, is_dropped in sizes if is_dropped]
        for leftover in (*_older(self._temporary, time.time() - _DAY_S), *_older(self.downloads, before)):
            remove_tree(leftover)
        return Cleaned(entries=len(removed), size_bytes=sum(removed))

    def clear(self) -> Cleaned:
        return self.gc(older_than_days=-1)

    def _entry(self, skill: LockedSkill) -> Path:
        return self._entries / _key(skill)

    def _place(self, skill: LockedSkill, building: Path) -> Stored | None:
        """Move a finished entry to its place; when another process was faster, that one's entry."""
        entry = self._entry(skill)
        entry.parent.mkdir(parents=True, exist_ok=True)
        try:
            building.rename(entry)
        except OSError:
            kept = self.find(skill)  # drops what is there if it is broken
            if kept is None:
                building.rename(entry)
            return kept
        return None

    def _drop(self, entry: Path) -> bool:
        """Take an entry out of sight, then delete it. False when another process did."""
        grave = self._new_folder() / "dropped"
        try:
            entry.rename(grave)
        except OSError:
            return False
        finally:
            remove_tree(grave.parent)
        return True

    def _new_folder(self) -> Path:
        folder = self._temporary / f"{os.getpid()}-{time.monotonic_ns()}-{os.urandom(4).hex()}"
        folder.mkdir(parents=True)
        return folder

    def _note_use(self, entry: Path) -> None:
        with suppress(OSError):
            if time.time() - entry.stat().st_mtime > _DAY_S:
                os.utime(entry)


def _key(skill: LockedSkill) -> str:
    """The tree digest; with the set of programs in it, if any, because the digest does not know about modes."""
    programs = sorted(file.path for file in skill.files if file.executable)
    tree = skill.digest.removeprefix("sha256:")
    return f"{tree}-{sha256_hex(chr(10).join(programs).encode())[:16]}" if programs else tree


def _opened(skill: LockedSkill, archive: BinaryIO) -> SkillFiles:
    try:
        files = open_safely(archive, limits=_limits(skill))
    except SkillError as error:
        message = f"The archive of {skill.name} {skill.version} is not safe to open; nothing of it was written."
        raise from_skill_error(error, code="unsafe_archive", message=message) from error
    if files.digest != skill.digest or tree_digest(skill.files) != skill.digest:
        raise IntegrityError(
            f"The files of {skill.name} {skill.version} have the digest {files.digest}, expected {skill.digest}.",
            code="wrong_bytes",
            hint="Nothing was installed. Tell the operator of the registry.",
            facts={"name": skill.name, "version": skill.version, "expected": skill.digest, "found": files.digest},
        )
    return files


def _limits(skill: LockedSkill) -> Limits:
    """The usual limits, or what the lock says where a registry allows more; never beyond a gigabyte."""
    usual = Limits()
    unpacked = sum(file.size_bytes for file in skill.files)
    largest = max((file.size_bytes for file in skill.files), default=0)
    return Limits(
        max_archive_bytes=min(max(usual.max_archive_bytes, skill.size_bytes), MAX_ARCHIVE_BYTES),
        max_unpacked_bytes=min(max(usual.max_unpacked_bytes, unpacked), MAX_ARCHIVE_BYTES),
        max_file_bytes=min(max(usual.max_file_bytes, largest), MAX_ARCHIVE_BYTES),
        max_entries=max(usual.max_entries, len(skill.files)),
    )


def _write_read_only(files: SkillFiles, entries: Iterable[FileEntry], folder: Path) -> dict[str, Stamp]:
    """Write the files into a folder of our own, and stamp them."""
    stamps = {}
    made: set[str] = set()
    for entry in entries:
        content = files.read(entry.path)
        path = f"{folder}/{entry.path}"
        parent = os.path.dirname(path)  # noqa: PTH120 (thousands of files: text is much faster than Path)
        if parent not in made:
            os.makedirs(parent, exist_ok=True)  # noqa: PTH103
            made.add(parent)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), _mode(entry))
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            stamps[entry.path] = Stamp.of(os.fstat(handle))
    return stamps


def _check_entry(entry: Path, files: Iterable[FileEntry], noted: Mapping[str, Stamp]) -> Mapping[str, Stamp] | None:
    """The stamps of an entry that is whole, taken anew where a file was touched; None when it is not whole."""
    files = tuple(files)
    try:
        if not compare(entry / _FILES, files, noted).none:
            return None
        stamps = {file.path: _stamp_read_only(entry / _FILES / file.path, file) for file in files}
    except OSError:
        return None
    if stamps != noted:
        write_atomically(entry / _STAMPS, _show_stamps(stamps), durable=False)
    return stamps


def _stamp_read_only(path: Path, file: FileEntry) -> Stamp:
    """The stamp of a file whose content is right; its mode is put back if somebody made it writable."""
    found = path.lstat()
    if os.name != "nt" and (found.st_mode & 0o222 or bool(found.st_mode & 0o100) != file.executable):
        path.chmod(_mode(file))
    return Stamp.of(found)


def _mode(file: FileEntry) -> int:
    return 0o555 if file.executable else 0o444


def _read_stamps(path: Path) -> dict[str, Stamp]:
    """What was noted; nothing if it cannot be read, so that every file is hashed."""
    try:
        document = json.loads(read_if_there(path) or b"{}")
        return {name: Stamp(size_bytes=size, mtime_ns=mtime) for name, (size, mtime) in document.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def _show_stamps(stamps: Mapping[str, Stamp]) -> str:
    return json.dumps({path: [stamp.size_bytes, stamp.mtime_ns] for path, stamp in stamps.items()})


def _older(folder: Path, before_s: float) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if path.lstat().st_mtime < before_s]
    except FileNotFoundError:
        return []


def _size_bytes(entry: Path) -> int:
    return sum(path.lstat().st_size for path in entry.rglob("*") if path.is_file())
