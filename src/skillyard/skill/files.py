"""The files of one skill in memory, and the intake that every source of files passes to become one."""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NoReturn

from skillyard.skill.digest import FileEntry, tree_digest
from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.limits import DEFAULT_LIMITS, Limits
from skillyard.skill.paths import Tree, check_path, shown

SKILL_FILE = "SKILL.md"
_MAX_FAULTS = 100
_RATIO_COUNTS_FROM_BYTES = 1024 * 1024
_SET_BITS = stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillFiles:
    """A checked tree of files with one SKILL.md at its root. Built by `open_safely`, `read_folder`, `skill_files`.

    `entries` are sorted by path; paths are relative to SKILL.md's folder; `digest` is the tree digest; `top_folder` is
    the single folder that the archive had around them, if it had one.
    """

    entries: tuple[FileEntry, ...]
    contents: Mapping[str, bytes] = field(repr=False, hash=False)
    digest: str
    top_folder: str | None = None

    def read(self, path: str) -> bytes:
        """The content of `path`. Raises KeyError when there is no such file."""
        return self.contents[path]

    def __contains__(self, path: object) -> bool:
        return path in self.contents


def skill_files(
    contents: Mapping[str, bytes], *, executable: Collection[str] = (), limits: Limits = DEFAULT_LIMITS
) -> SkillFiles:
    """The files of a skill that was made in memory. Raises SkillError with all faults of its paths and sizes."""
    intake = Intake(limits)
    for path, data in contents.items():
        mode = stat.S_IFREG | (0o755 if path in executable else 0o644)
        if intake.admit(path, mode=mode, size_bytes=len(data)):
            intake.keep(path, data, mode=mode)
    return intake.files(may_have_top_folder=False)


class Intake:
    """Takes the entries of one archive or folder, holds them to the rules and limits, and gathers what is wrong.

    `admit` every entry before its content is read, `keep` the content of those admitted, then ask for `files`.
    """

    def __init__(self, limits: Limits, *, packed_bytes: int | None = None) -> None:
        self.limits = limits
        self.faults: list[Fault] = []
        self._packed_bytes = packed_bytes
        self._unpacked_bytes = 0
        self._entries = 0
        self._tree = Tree()
        self._kept: dict[str, tuple[FileEntry, bytes]] = {}

    def refuse(self, code: str, message: str, hint: str, *, entry: str | None = None) -> None:
        """Note a fault and go on, unless there are so many that the rest would not be read."""
        self._note([Fault(code=code, message=message, hint=hint, file=shown(entry) if entry else None)])

    def stop(self, code: str, message: str, hint: str, *, entry: str | None = None) -> NoReturn:
        """Note a fault beyond which nothing can be read, and raise SkillError with all so far."""
        self.refuse(code, message, hint, entry=entry)
        raise SkillError(self.faults)

    def weigh(self, size_bytes: int) -> None:
        """Count bytes that are about to be unpacked; stops where a limit is passed, before it is."""
        self._unpacked_bytes += size_bytes
        if self._unpacked_bytes > self.limits.max_unpacked_bytes:
            self.stop(
                "too_large",
                f"the skill unpacks to more than {self.limits.max_unpacked_bytes} bytes",
                "leave out what the skill can do without",
            )
        if self._packed_bytes is None or self._unpacked_bytes <= _RATIO_COUNTS_FROM_BYTES:
            return
        if self._unpacked_bytes > self._packed_bytes * self.limits.max_ratio:
            self.stop(
                "too_compressed",
                f"the archive unpacks to more than {self.limits.max_ratio} times its size",
                "leave out generated data, or pack it uncompressed",
            )

    def admit(self, path: str, *, mode: int, size_bytes: int) -> bool:
        """Check an entry by what its header says; `mode` is a complete Unix mode with the type of file.

        True when it is a file without fault, so that its content can be read and kept.
        """
        self._entries += 1
        if self._entries > self.limits.max_entries:
            self.stop(
                "too_many_entries",
                f"there are more than {self.limits.max_entries} entries",
                "leave out what the skill can do without",
            )
        before = len(self.faults)
        is_folder = stat.S_ISDIR(mode)
        self._note(check_path(path, limits=self.limits))
        self._note(self._tree.add_folder(path) if is_folder else self._tree.add_file(path))
        self._check_mode(path, mode)
        self._check_size(path, size_bytes, is_folder=is_folder)
        self.weigh(size_bytes)
        return len(self.faults) == before and not is_folder

    def keep(self, path: str, data: bytes, *, mode: int) -> None:
        """Take the content of an admitted file, and hash it. What Finder leaves in archives is dropped."""
        if not _is_noise(path):
            entry = FileEntry(
                path=path,
                size_bytes=len(data),
                sha256=hashlib.sha256(data).hexdigest(),
                executable=bool(mode & 0o111),
            )
            self._kept[path] = (entry, data)

    def files(self, *, may_have_top_folder: bool = True) -> SkillFiles:
        """All that was kept, relative to SKILL.md. Raises SkillError when anything was refused."""
        paths = {path for path in self._tree.files if not _is_noise(path)}
        top_folder = _top_folder(paths) if may_have_top_folder else None
        root = f"{top_folder}/" if top_folder else ""
        self._note(_check_skill_file(paths, f"{root}{SKILL_FILE}"))
        if self.faults:
            raise SkillError(self.faults)
        kept = sorted((path.removeprefix(root), entry, data) for path, (entry, data) in self._kept.items())
        entries = tuple(replace(entry, path=path) for path, entry, _ in kept)
        return SkillFiles(
            entries=entries,
            contents={path: data for path, _, data in kept},
            digest=tree_digest(entries),
            top_folder=top_folder,
        )

    def _check_mode(self, path: str, mode: int) -> None:
        if stat.S_ISLNK(mode):
            self.refuse("link_entry", "this is a link", "put a copy of the file in its place", entry=path)
        elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            self.refuse("special_file", "this is a device, pipe or socket", "leave it out", entry=path)
        if mode & _SET_BITS:
            self.refuse("bad_mode", "a set-id or sticky bit is set", f"run chmod ug-s,-t {shown(path)}", entry=path)

    def _check_size(self, path: str, size_bytes: int, *, is_folder: bool) -> None:
        if is_folder and size_bytes:
            self.refuse("wrong_size", f"a folder declares {size_bytes} bytes of data", "pack it again", entry=path)
        if size_bytes > self.limits.max_file_bytes:
            self.refuse(
                "too_large",
                f"the file has {size_bytes} bytes, {self.limits.max_file_bytes} are allowed",
                "split it, or let the skill fetch it",
                entry=path,
            )

    def _note(self, faults: Iterable[Fault]) -> None:
        self.faults.extend(faults)
        if len(self.faults) >= _MAX_FAULTS:
            raise SkillError(self.faults)


def _is_noise(path: str) -> bool:
    """What macOS adds to archives on its own: resource forks (`__MACOSX/`, `._name`) and Finder's `.DS_Store`."""
    name = path.rpartition("/")[2]
    return "/__MACOSX/" in f"/{path}" or name == ".DS_Store" or name.startswith("._")


def _top_folder(paths: Collection[str]) -> str | None:
    tops = {path.partition("/")[0] for path in paths}
    top = next(iter(tops), "")
    return top if len(tops) == 1 and f"{top}/{SKILL_FILE}" in paths else None


def _check_skill_file(paths: Iterable[str], expected: str) -> list[Fault]:
    alike = sorted(path for path in paths if path.rpartition("/")[2].lower() == SKILL_FILE.lower())
    if expected not in alike:
        return [_no_skill_file(alike[0] if alike else None)]
    return [
        Fault(
            code="several_skill_files",
            message=f"this is a second SKILL.md beside {shown(expected)}",
            hint="publish each skill by itself, or rename this file",
            file=shown(path),
        )
        for path in alike
        if path != expected and path.endswith(SKILL_FILE)
    ]


def _no_skill_file(similar: str | None) -> Fault:
    if similar is None:
        hint = "add a SKILL.md at the root"
    elif not similar.endswith(SKILL_FILE):
        hint = f"rename {shown(similar)}: the name is SKILL.md, in exactly this case"
    else:
        hint = f"pack the folder that {shown(similar)} is in"
    return Fault(
        code="no_skill_file",
        message="there is no SKILL.md at the root or in a single top folder",
        hint=hint,
        file=shown(similar) if similar else None,
    )
