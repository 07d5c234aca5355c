"""Skills as folders on disk: read what would be packed, write what was opened. No link is ever followed."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

from skillyard.skill.faults import Fault, SkillError
from skillyard.skill.files import Intake, SkillFiles
from skillyard.skill.ignore import IGNORE_FILES, IgnoreRules, read_ignore_rules
from skillyard.skill.limits import DEFAULT_LIMITS, Limits

_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _NO_LINKS
_WRITE_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINKS
_WINDOWS_REPARSE_POINT = 0x400


def read_folder(folder: Path, *, limits: Limits = DEFAULT_LIMITS) -> SkillFiles:
    """What `pack` would take from `folder`, which has SKILL.md at its root.

    Left out is what `.skillyardignore` names, else `.gitignore`, and a list of defaults that either may change
    (`ignore.py`). Raises SkillError with all faults; links are one, so that none is left out unnoticed.
    """
    intake = Intake(limits)
    if not folder.is_dir():
        intake.stop("no_folder", "there is no such folder", "name the folder that has the SKILL.md", entry=str(folder))
    _read_children(folder, "", ignore_rules(folder, limits=limits), intake)
    return intake.files(may_have_top_folder=False)


def write_files(files: SkillFiles, target: Path) -> None:
    """Write `files` into `target`, a folder that does not exist yet or is empty.

    Raises SkillError when it is anything else, OSError when the disk refuses; then nothing is left of it.
    """
    _make_fresh(target)
    try:
        made = {""}
        for entry in files.entries:
            _make_parents(target, entry.path, made)
            _write_new(target / entry.path, files.read(entry.path), 0o755 if entry.executable else 0o644)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise


def ignore_rules(folder: Path, *, limits: Limits = DEFAULT_LIMITS) -> IgnoreRules:
    """What the folder itself wants left out, beside the defaults."""
    for name in IGNORE_FILES:
        path = folder / name
        if os.path.lexists(path) and stat.S_ISREG(_mode(path.lstat())):
            text = _read(path, limits.max_file_bytes).decode("utf-8-sig", "surrogateescape")
            return read_ignore_rules(text.split("\n"))
    return read_ignore_rules([])


def _read_children(folder: Path, prefix: str, rules: IgnoreRules, intake: Intake) -> None:
    for child in sorted(folder.iterdir()):
        path, status = f"{prefix}{child.name}", child.lstat()
        is_folder = stat.S_ISDIR(status.st_mode) and not _is_reparse_point(status)
        if rules.leaves_out(path, folder=is_folder):
            continue
        if is_folder and path.count("/") < intake.limits.max_depth:
            _read_children(child, f"{path}/", rules, intake)
        else:
            _read_child(child, path, status, intake)


def _read_child(child: Path, path: str, status: os.stat_result, intake: Intake) -> None:
    size_bytes = 0 if stat.S_ISDIR(status.st_mode) else status.st_size
    if not intake.admit(path, mode=_mode(status), size_bytes=size_bytes):
        return
    try:
        data = _read(child, status.st_size + 1)
    except OSError as error:
        intake.refuse("unreadable", f"the file cannot be read: {error.strerror}", "check its permissions", entry=path)
        return
    if len(data) != status.st_size:
        intake.refuse("unreadable", "the file changed while it was read", "try again", entry=path)
        return
    intake.keep(path, data, mode=_mode(status) | _executable_bit(data))


def _read(path: Path, size_bytes: int) -> bytes:
    with os.fdopen(os.open(path, _READ), "rb") as file:
        return file.read(size_bytes)


def _mode(status: os.stat_result) -> int:
    return stat.S_IFLNK if _is_reparse_point(status) else status.st_mode


def _is_reparse_point(status: os.stat_result) -> bool:
    """A junction or another of Windows' kinds of link."""
    return bool(getattr(status, "st_file_attributes", 0) & _WINDOWS_REPARSE_POINT)


def _executable_bit(data: bytes) -> int:
    """Windows has no such bit: there, a file that names its interpreter is executable."""
    return 0o100 if os.name == "nt" and data.startswith(b"#!") else 0


def _make_fresh(target: Path) -> None:
    try:
        target.mkdir(parents=True)
    except FileExistsError:
        if target.is_symlink() or not target.is_dir() or any(target.iterdir()):
            fault = Fault(
                code="target_not_empty",
                message=f"{target} exists and is not an empty folder",
                hint="choose a folder that does not exist yet",
            )
            raise SkillError([fault]) from None


def _make_parents(target: Path, path: str, made: set[str]) -> None:
    parent = path.rpartition("/")[0]
    if parent not in made:
        _make_parents(target, parent, made)
        (target / parent).mkdir()
        made.add(parent)


def _write_new(path: Path, data: bytes, mode: int) -> None:
    with os.fdopen(os.open(path, _WRITE_NEW, mode), "wb") as file:
        file.write(data)
