"""Put the skills into all their folders as one step, with what is needed to take it back. Files that are not the
skill's own stay the very same files, whatever happens around them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from skillyard.sdk.apply import Done, OnStep, apply
from skillyard.sdk.errors import Busy
from skillyard.sdk.folders import Stamp, file_sha256, is_plain_folder
from skillyard.sdk.installed import InstalledFolder, show_installed
from skillyard.sdk.journal import Journal, Move, Rewrite, Which, text_of
from skillyard.sdk.project import Project
from skillyard.sdk.sync.own_files import others_in
from skillyard.sdk.sync.scan import Copy, look
from skillyard.sdk.sync.undo_record import Changed, drop_undo, kept_folder, write_undo
from skillyard.skill.digest import FileEntry
from skillyard.skill.files import SkillFiles
from skillyard.skill.folder import write_files
from skillyard.skill.lockfile import LockedSkill

_NEVER_NS = -1  # a time that no file has: such a file is hashed whenever somebody looks


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What becomes of one folder. `before`: what is there, None for nothing. `goes`: the skill leaves it.

    `files` are to be its own files, None where those that are there stay. `release`: what the notes say was put there,
    None where the folder is not ours.
    """

    folder: Path
    before: Copy | None
    files: SkillFiles | None = None
    release: LockedSkill | InstalledFolder | None = None
    goes: bool = False

    @property
    def moves(self) -> bool:
        if self.goes:
            return self.before is not None
        return self.files is not None and (self.before is None or self.before.digest != self.files.digest)


def place(
    project: Project,
    backup: str,
    placements: Iterable[Placement],
    texts: Mapping[Which, str | None],
    kept: Iterable[InstalledFolder],
    on_step: OnStep,
) -> Done | None:
    """Do all of it, or nothing; None where there was nothing to do. What was in the folders goes to `backup`.

    `texts`: of our files beside the notes. `kept`: notes of folders that are in no placement. Raises Busy when a folder
    was edited since it was looked at, SdkError when the disk refuses.
    """
    placements, kept = list(placements), list(kept)
    moving = [one for one in placements if one.moves]

    def rewrites(staged: Mapping[Path, Path]) -> tuple[Rewrite, ...]:
        notes = [_note(one, staged.get(one.folder, one.folder)) for one in placements if one.release]
        wanted: dict[Which, str | None] = {**texts, "installed": show_installed(project, (*kept, *notes))}
        found = [Rewrite(which=which, before=text_of(project, which), after=after) for which, after in wanted.items()]
        return tuple(one for one in found if one.before != one.after)

    def stage(journal: Journal) -> tuple[Rewrite, ...]:
        staged = {one.folder: journal.staged(move) for one, move in zip(moving, journal.moves, strict=True)}
        for one in moving:
            _fill(staged[one.folder], one)
            on_step("stage", one.folder.name)
        for one in moving:
            _check_unchanged(one)
        changes = rewrites(staged)
        if moving:
            write_undo(project, journal.backup, [_changed(one) for one in moving])
        return changes

    if not moving and not rewrites({}):
        return None
    moves = tuple(_move(one) for one in moving)
    journal = Journal(id=os.urandom(8).hex(), state="staging", moves=moves, backup=backup)
    try:
        done = apply(project, journal, stage, on_step)
    except BaseException:
        drop_undo(project, backup)
        raise
    return replace(done, notes=(*done.notes, *_rescue(project, backup, moving)))


def obstacles(copy: Copy, files: SkillFiles) -> list[str]:
    """Files of the person that stand where `files` would be, with other content."""
    folders = {folder for path in files.contents for folder in _folders_of(path)}
    return [
        path
        for path in others_in(copy.folder, copy.known)
        if path in folders
        or any(folder in files for folder in _folders_of(path))
        or (path in files and not _is_file(copy.folder / path, files.read(path)))
    ]


def carry_others(source: Path, known: Iterable[str], target: Path) -> None:
    """Have the files in `target` too that are not the skill's own: by hard links, so that they are the very same."""
    for path in others_in(source, frozenset(known)):
        place = target / path
        if os.path.lexists(place):
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source / path, place, follow_symlinks=False)
        except OSError:
            shutil.copy2(source / path, place, follow_symlinks=False)


def has_others(copy: Copy) -> bool:
    return any(True for _ in others_in(copy.folder, copy.known))


def _changed(one: Placement) -> Changed:
    return Changed(
        folder=one.folder,
        own=one.before.own if one.before else None,
        is_pristine=one.before is not None and one.before.is_pristine,
        put=None if one.goes or one.files is None else one.files.digest,
    )


def _move(one: Placement) -> Move:
    is_new = not one.goes or (one.before is not None and has_others(one.before))
    return Move(folder=one.folder, is_new=is_new, was_there=one.before is not None, old_files=None)


def _fill(staged: Path, one: Placement) -> None:
    if one.files is not None and not one.goes:
        write_files(one.files, staged)
    if one.before is not None:
        carry_others(one.folder, one.before.known, staged)


def _check_unchanged(one: Placement) -> None:
    is_there = os.path.lexists(one.folder)
    if one.before is None and not is_there:
        return
    if one.before is not None and is_there and look(one.folder, one.before.noted).digest == one.before.digest:
        return
    raise Busy(
        f"{one.folder} was changed while it was synced; nothing was changed here.",
        code="edited_meanwhile",
        hint="Run `skillyard sync` again: it takes the change into account.",
        facts={"folder": str(one.folder)},
    )


def _rescue(project: Project, backup: str, moving: Iterable[Placement]) -> Iterator[str]:
    """What was done in a folder in the moment between the last look and the move: the person's own files come along,
    and where the edits are is told.
    """
    for one in moving:
        kept = kept_folder(project, backup, one.folder)
        if one.before is None or not is_plain_folder(kept):
            continue
        with suppress(OSError):
            carry_others(kept, one.before.known, one.folder)
        if look(kept, one.before.noted).digest != one.before.digest:
            yield f"{one.folder} was edited in the very moment of the sync; the edits are in {kept}."


def _folders_of(path: str) -> Iterator[str]:
    return (path[:at] for at, char in enumerate(path) if char == "/")


def _note(one: Placement, where: Path) -> InstalledFolder:
    """What the notes say of a folder whose content is at `where` until it is moved."""
    release = one.release
    assert release is not None, "only what is ours is noted"
    stamps = {file.path: _stamp(where / file.path, file) for file in release.files}
    if one.before and one.before.noted and not one.moves and one.before.noted.digest == release.digest:
        stamps = dict(one.before.noted.stamps)
    return InstalledFolder(
        folder=one.folder,
        name=release.name,
        version=release.version,
        digest=release.digest,
        files=release.files,
        stamps=stamps,
    )


def _stamp(path: Path, file: FileEntry) -> Stamp:
    """That of before the file was hashed, if it is as released: a later edit never hides behind it."""
    try:
        stamp = Stamp.of(path.lstat())
        if stamp.size_bytes == file.size_bytes and file_sha256(path) == file.sha256:
            return stamp
    except OSError:
        pass
    return Stamp(size_bytes=file.size_bytes, mtime_ns=_NEVER_NS)


def _is_file(path: Path, content: bytes) -> bool:
    try:
        return not path.is_symlink() and path.read_bytes() == content
    except OSError:
        return False
