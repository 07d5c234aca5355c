"""What this machine has: every skill folder of every agent, and whether it is as the last sync left it. Only looks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skillyard.sdk.agents import Target
from skillyard.sdk.folders import compare, is_plain_folder
from skillyard.sdk.installed import InstalledFolder
from skillyard.sdk.sync.answers import Release
from skillyard.sdk.sync.own_files import OwnFiles, read_own
from skillyard.skill.faults import SkillError
from skillyard.skill.files import SKILL_FILE, SkillFiles
from skillyard.skill.names import check_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """A skill in one folder. `noted`: what we put there, None where somebody else did.

    `files` are its own files; None where they are as noted, or where `problem` says why they cannot be read.
    """

    folder: Path
    noted: InstalledFolder | None
    digest: str
    files: SkillFiles | None = None
    problem: str = ""

    @property
    def is_pristine(self) -> bool:
        return self.noted is not None and self.digest == self.noted.digest

    @property
    def own(self) -> tuple[str, ...]:
        """The paths of the skill that are there."""
        return tuple(self.files.contents) if self.files else self.known if self.is_pristine else ()

    @property
    def known(self) -> tuple[str, ...]:
        """The paths that were put there."""
        return tuple(file.path for file in self.noted.files) if self.noted else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalSkill:
    """One skill in all its folders. `name`: as it was put there, None where nobody knows it.

    `digest` and `files` are what the person has: `files` is None where that is what was put there, whose digest and
    version are `base_digest` and `base_version`. `resolved`: the release that a conflict was resolved against, which
    then is the base; `folder_digest` is that of the folder all the same. `problem`: why it cannot be synced.
    """

    slug: str
    name: str | None
    copies: tuple[Copy, ...]
    digest: str
    folder_digest: str
    files: SkillFiles | None = None
    base_digest: str | None = None
    base_version: str | None = None
    resolved: Release | None = None
    problem: str = ""

    @property
    def is_edited(self) -> bool:
        return self.digest != self.base_digest

    @property
    def size_bytes(self) -> int:
        entries = self.files.entries if self.files else self.copies[0].noted.files if self.copies[0].noted else ()
        return sum(entry.size_bytes for entry in entries)

    def read(self) -> SkillFiles | None:
        """What the person has; None where it is not there any more as it was when it was looked at."""
        copy = next((copy for copy in self.copies if copy.is_pristine), None)
        if self.files is not None or copy is None:
            return self.files
        try:
            files = read_own(copy.folder, copy.known)
        except (SkillError, OSError):
            return None
        return files if files.digest == self.digest else None

    def show(self) -> dict[str, Any]:
        """As the registry hears of it."""
        return {
            "slug": self.slug,
            "name": self.name,
            "digest": self.digest,
            "base_digest": self.base_digest,
            "base_version": self.base_version,
            "size_bytes": self.size_bytes,
        }


def scan(targets: Iterable[Target], installed: Mapping[Path, InstalledFolder]) -> list[LocalSkill]:
    """All skills in the agents' folders, and in the folders that were filled before; by slug.

    A folder that a person made counts once it has a SKILL.md.
    """
    places: dict[str, list[Path]] = {}
    for folder in dict.fromkeys((*_skill_folders(targets), *filter(is_plain_folder, installed))):
        if folder in installed or (folder / SKILL_FILE).is_file():
            places.setdefault(folder.name, []).append(folder)
    return [
        _gathered(slug, [look(folder, installed.get(folder)) for folder in folders])
        for slug, folders in sorted(places.items())
    ]


def _skill_folders(targets: Iterable[Target]) -> Iterator[Path]:
    for target in targets:
        if is_plain_folder(target.folder):
            yield from (one for one in sorted(target.folder.iterdir()) if _may_be_skill(one))


def _may_be_skill(folder: Path) -> bool:
    return not check_name(folder.name) and is_plain_folder(folder)


def look(folder: Path, noted: InstalledFolder | None) -> Copy:
    """One folder as it is now."""
    try:
        if noted and _is_as_noted(folder, noted):
            return Copy(folder=folder, noted=noted, digest=noted.digest)
        files = read_own(folder, [file.path for file in noted.files] if noted else [])
    except SkillError as error:
        return Copy(folder=folder, noted=noted, digest="", problem="; ".join(str(fault) for fault in error.faults[:3]))
    except OSError as error:
        return Copy(folder=folder, noted=noted, digest="", problem=f"{error.filename}: {error.strerror}")
    return Copy(folder=folder, noted=noted, digest=files.digest, files=files)


def _is_as_noted(folder: Path, noted: InstalledFolder) -> bool:
    found = compare(folder, noted.files, noted.stamps)
    if found.changed or found.missing:
        return False
    own = OwnFiles(folder, ())
    return not any(own.has(path) for path in found.extra)


def _gathered(slug: str, copies: list[Copy]) -> LocalSkill:
    noted = [copy.noted for copy in copies if copy.noted]
    put_there = {one.digest for one in noted}
    edited = {copy.digest: copy for copy in copies if copy.digest not in put_there}
    own = next(iter(edited.values()), copies[0])
    return LocalSkill(
        slug=slug,
        name=noted[0].name if noted else None,
        copies=tuple(copies),
        digest=own.digest,
        folder_digest=own.digest,
        files=own.files,
        base_digest=noted[0].digest if noted else None,
        base_version=noted[0].version if noted else None,
        problem="; ".join(_problems(copies, list(edited.values()))),
    )


def _problems(copies: list[Copy], edited: list[Copy]) -> Iterator[str]:
    yield from (f"{copy.folder} cannot be read: {copy.problem}" for copy in copies if copy.problem)
    names = sorted({copy.noted.name for copy in copies if copy.noted})
    if len(names) > 1:
        yield f"its folders are of several skills: {', '.join(names)}"
    if len(edited) > 1:
        folders = " and ".join(str(copy.folder) for copy in edited)
        yield f"{folders} were edited in different ways; make them the same, or move one away"
    elif names and edited and edited[0].noted is None:
        yield f"{edited[0].folder} was not put there by Skillyard, and differs; move it away"
