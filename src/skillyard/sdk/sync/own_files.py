"""Which files of a skill folder are the skill's own, and reading them. All others are never touched.

Own is what the release has, and what publishing the folder would take, except for new dot files: those are private to
this machine. Everything else is the person's: `.env`, `.git`, notes that an ignore file names, what running it left.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from skillyard.sdk.folders import walk
from skillyard.skill.files import Intake, SkillFiles
from skillyard.skill.folder import ignore_rules
from skillyard.skill.limits import DEFAULT_LIMITS

_READ = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


class OwnFiles:
    """The files of `folder` that belong to the skill; `known`: the paths that its release has."""

    def __init__(self, folder: Path, known: Collection[str]) -> None:
        self._known = frozenset(known)
        self._rules = ignore_rules(folder)

    def has(self, path: str) -> bool:
        if path in self._known:
            return True
        names = path.split("/")
        if any(name.startswith(".") for name in names):
            return False
        return not any(
            self._rules.leaves_out("/".join(names[:count]), folder=count < len(names))
            for count in range(1, len(names) + 1)
        )


def read_own(folder: Path, known: Collection[str]) -> SkillFiles:
    """The skill's own files as they are now. Raises SkillError with all faults, links among them; OSError."""
    own = OwnFiles(folder, known)
    intake = Intake(DEFAULT_LIMITS)
    for path, found in sorted(walk(folder)):
        if own.has(path) and intake.admit(path, mode=found.st_mode, size_bytes=found.st_size):
            intake.keep(path, _read(folder / path, found.st_size, intake, path), mode=found.st_mode)
    return intake.files(may_have_top_folder=False)


def others_in(folder: Path, known: Collection[str]) -> Iterator[str]:
    """The paths in `folder` that are not the skill's own, links among them."""
    own = OwnFiles(folder, known)
    return (path for path, _ in sorted(walk(folder)) if not own.has(path))


def _read(path: Path, size_bytes: int, intake: Intake, shown: str) -> bytes:
    with os.fdopen(os.open(path, _READ), "rb") as file:
        data = file.read(size_bytes + 1) if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else b""
    if len(data) != size_bytes:
        intake.stop("unreadable", "the file changed while it was read", "try again", entry=shown)
    return data
