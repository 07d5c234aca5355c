"""Take the last sync back on this machine: every folder as it was, byte for byte. The drive keeps what it has."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skillyard.sdk.apply import apply
from skillyard.sdk.errors import Edit, LocalEdits, SdkError
from skillyard.sdk.folders import is_plain_folder
from skillyard.sdk.installed import InstalledFolder, read_installed
from skillyard.sdk.journal import Journal, Move, Rewrite, text_of
from skillyard.sdk.project import Project
from skillyard.sdk.run import Options, Step, start_run
from skillyard.sdk.sync.memory import read_memory
from skillyard.sdk.sync.own_files import others_in
from skillyard.sdk.sync.placing import carry_others
from skillyard.sdk.sync.scan import look
from skillyard.sdk.sync.undo_record import Changed, UndoRecord, kept_folder, new_backup, read_undo


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """`folders`: those that are as they were before; `backups`: where that is which was in them until now."""

    folders: tuple[Path, ...]
    backups: tuple[Path, ...]
    notes: tuple[str, ...]

    def show(self) -> dict[str, Any]:
        """A plain JSON value."""
        return {
            "folders": [str(folder) for folder in self.folders],
            "backups": [str(folder) for folder in self.backups],
            "notes": list(self.notes),
        }


def undo(
    project: Project, *, force: bool = False, wait_s: float = 30.0, on_step: Callable[[Step], None] | None = None
) -> Undone:
    """Needs no network. `force` moves edits that were made since to the backups.

    Raises SdkError when there is nothing to undo, LocalEdits when there are such edits.
    """
    with start_run(project, Options(wait_s=wait_s, on_step=on_step)) as run:
        record = _find(project)
        installed = read_installed(project)
        edits = [edit for one in record.changes if (edit := _edit(one, installed.get(one.folder)))]
        if edits and not force:
            raise LocalEdits(edits)
        journal = _journal(record, installed)
        done = apply(project, journal, lambda begun: _stage(project, begun, record, installed), run.tell)
        folders = tuple(one.folder for one in record.changes)
        return Undone(
            folders=folders,
            backups=(*run.recovered.backups, *done.backups),
            notes=(*run.recovered.notes, *done.notes),
        )


def _find(project: Project) -> UndoRecord:
    backup = read_memory(project).undo
    record = read_undo(project, backup) if backup else None
    if record is None:
        raise SdkError("There is no sync to undo.", code="nothing_to_undo", hint="Only the last one can be undone.")
    for one in record.changes:
        kept = kept_folder(project, record.backup, one.folder)
        if one.own is not None and not is_plain_folder(kept):
            hint = "Nothing was changed; the drive still has its releases."
            raise SdkError(f"{kept} is gone, and with it what was there before.", code="backup_gone", hint=hint)
    return record


def _edit(one: Changed, noted: InstalledFolder | None) -> Edit | None:
    """What was done in a folder since the sync; a folder that is gone comes back without a word."""
    if not os.path.lexists(one.folder):
        return None
    now = look(one.folder, noted) if is_plain_folder(one.folder) else None
    if now is not None and now.digest == (one.put or ""):
        return None
    name = noted.name if noted else one.folder.name
    return Edit(folder=one.folder, name=name, files=(), reason="was edited after the sync")


def _journal(record: UndoRecord, installed: Mapping[Path, InstalledFolder]) -> Journal:
    moves = tuple(
        Move(
            folder=one.folder,
            is_new=one.own is not None or any(_others(one.folder, installed)),
            was_there=os.path.lexists(one.folder),
            old_files=None,
        )
        for one in record.changes
    )
    return Journal(id=os.urandom(8).hex(), state="staging", moves=moves, backup=new_backup())


def _others(folder: Path, installed: Mapping[Path, InstalledFolder]) -> Iterator[str]:
    """The files in a folder that are not the skill's own, and stay in any case."""
    return others_in(folder, _known(folder, installed)) if is_plain_folder(folder) else iter(())


def _known(folder: Path, installed: Mapping[Path, InstalledFolder]) -> list[str]:
    noted = installed.get(folder)
    return [file.path for file in noted.files] if noted else []


def _stage(
    project: Project, journal: Journal, record: UndoRecord, installed: Mapping[Path, InstalledFolder]
) -> tuple[Rewrite, ...]:
    for one, move in zip(record.changes, journal.moves, strict=True):
        if not move.is_new:
            continue
        staged, kept = journal.staged(move), kept_folder(project, record.backup, one.folder)
        staged.mkdir(parents=True)
        for path in one.own or ():
            (staged / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(kept / path, staged / path, follow_symlinks=False)
        if is_plain_folder(one.folder):
            carry_others(one.folder, _known(one.folder, installed), staged)
    found = [Rewrite(which=which, before=text_of(project, which), after=text) for which, text in record.texts.items()]
    return tuple(rewrite for rewrite in found if rewrite.before != rewrite.after)
