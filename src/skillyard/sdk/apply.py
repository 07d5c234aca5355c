"""Carry a plan out as a whole: stage, decide, move, rewrite our files, clean up; or finish what a killed run began."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from skillyard.sdk.disk import remove_tree, sync_folder, write_atomically
from skillyard.sdk.errors import SdkError
from skillyard.sdk.folders import compare, is_plain_folder
from skillyard.sdk.installed import folder_key
from skillyard.sdk.journal import (
    Journal,
    Move,
    Rewrite,
    State,
    journal_path,
    path_of,
    read_journal,
    text_of,
    write_alone,
    write_journal,
)
from skillyard.sdk.project import Project

OnStep = Callable[[str, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What was kept of what had been there, and what a person should know."""

    backups: tuple[Path, ...] = ()
    notes: tuple[str, ...] = ()


def prepare_state(project: Project) -> None:
    """Make the folder of our notes; version control need not see it."""
    if project.state_dir.is_symlink():
        raise SdkError(
            f"{project.state_dir} is a link.", code="outside_of_project", hint="Replace it by a folder, or delete it."
        )
    project.state_dir.mkdir(parents=True, exist_ok=True)
    ignore = project.state_dir / ".gitignore"
    if not ignore.exists():
        write_atomically(ignore, "*\n", durable=False)


def apply(
    project: Project,
    journal: Journal,
    stage: Callable[[Journal], tuple[Rewrite, ...]],
    on_step: OnStep,
) -> Done:
    """Do all of `journal`, or nothing. `stage` fills the stages and says which files of ours to rewrite.

    When anything fails, everything is put back and the error is raised, as SdkError if it came from the file system. A
    killed process leaves the journal, from which `recover` goes on.
    """
    try:
        _enter(project, journal, "staging", on_step)
        journal = replace(journal, rewrites=stage(journal))
        journal = _enter(project, journal, "applying", on_step)
    except OSError as error:
        _forget(project, journal, on_step)
        raise _told(error) from error
    except BaseException:
        _forget(project, journal, on_step)
        raise
    return _finish(project, journal, on_step)


def recover(project: Project, on_step: OnStep) -> Done:
    """Finish or undo what an earlier run left, if it left anything."""
    journal = read_journal(project)
    if journal is None:
        return Done()
    if journal.state in ("applying", "cleaning"):
        done = _finish(project, journal, on_step)
        return Done(backups=done.backups, notes=("An interrupted run was finished.", *done.notes))
    if journal.state == "undoing":
        _undo(project, journal, on_step)
    else:
        _forget(project, journal, on_step)
    return Done(notes=("An interrupted run was undone.",))


def _finish(project: Project, journal: Journal, on_step: OnStep) -> Done:
    """Once the journal says `applying` the change is decided: a killed run is finished, not undone."""
    notes: list[str] = []
    if journal.state == "applying":
        try:
            for move in journal.moves:
                _move(journal, move, on_step)
            for folder in {move.folder.parent for move in journal.moves}:
                sync_folder(folder)
            notes += [note for rewrite in journal.rewrites if (note := _rewrite(project, rewrite, on_step))]
        except OSError as error:
            _undo(project, journal, on_step)
            raise _told(error) from error
        except BaseException:
            _undo(project, journal, on_step)
            raise
        journal = _enter(project, journal, "cleaning", on_step)
    backups = []
    for move in journal.moves:
        try:
            backups += _clean(project, journal, move, on_step)
        except OSError as error:
            notes.append(f"{journal.aside(move)} could not be removed ({error.strerror}); it is no longer needed.")
    _forget(project, journal, on_step)
    return Done(backups=tuple(backups), notes=tuple(notes))


def _undo(project: Project, journal: Journal, on_step: OnStep) -> None:
    journal = _enter(project, journal, "undoing", on_step)
    for move in reversed(journal.moves):
        _move_back(project, journal, move)
        on_step("undo", move.folder.name)
    for rewrite in journal.rewrites:
        _rewrite_back(project, rewrite)
    _forget(project, journal, on_step)


def _enter(project: Project, journal: Journal, state: State, on_step: OnStep) -> Journal:
    journal = replace(journal, state=state)
    write_journal(project, journal)
    on_step("journal", state)
    return journal


def _move(journal: Journal, move: Move, on_step: OnStep) -> None:
    """The old folder aside, the new one into its place; each only if that has not happened yet."""
    staged, aside = journal.staged(move), journal.aside(move)
    if move.is_new and not os.path.lexists(staged):
        return
    if move.was_there and not os.path.lexists(aside) and os.path.lexists(move.folder):
        aside.parent.mkdir(parents=True, exist_ok=True)
        move.folder.rename(aside)
        on_step("move", move.folder.name)
    if move.is_new:
        if os.path.lexists(move.folder):
            raise FileExistsError(errno.EEXIST, "it appeared meanwhile", str(move.folder))
        staged.rename(move.folder)
        on_step("move", move.folder.name)


def _move_back(project: Project, journal: Journal, move: Move) -> None:
    """Undo `_move`, however far it got. Everything was staged, so a missing stage means that it was moved in."""
    staged, aside = journal.staged(move), journal.aside(move)
    if move.is_new and not os.path.lexists(staged) and os.path.lexists(move.folder):
        staged.parent.mkdir(parents=True, exist_ok=True)
        move.folder.rename(staged)
    if not os.path.lexists(aside):
        return
    if os.path.lexists(move.folder):
        _keep(project, journal, move)
    else:
        aside.rename(move.folder)


def _rewrite(project: Project, rewrite: Rewrite, on_step: OnStep) -> str | None:
    """Replace one of our files; one that somebody edited since is left alone, with a note."""
    path = path_of(project, rewrite.which)
    if text_of(project, rewrite.which) not in (rewrite.before, rewrite.after):
        return f"{path} was edited meanwhile and stays as it is; `skillyard install` brings all in line again."
    _put(project, path, rewrite.after)
    on_step("write", path.name)
    return None


def _rewrite_back(project: Project, rewrite: Rewrite) -> None:
    path = path_of(project, rewrite.which)
    if text_of(project, rewrite.which) != rewrite.after:
        return
    _put(project, path, rewrite.before)


def _put(project: Project, path: Path, text: str | None) -> None:
    if text is None:
        path.unlink(missing_ok=True)
    else:
        write_alone(project, path, text)


def _clean(project: Project, journal: Journal, move: Move, on_step: OnStep) -> list[Path]:
    """Delete the old folder if it holds nothing but what we once put there; else keep it. Where it was kept."""
    aside = journal.aside(move)
    kept = []
    if os.path.lexists(aside):
        if _is_ours(aside, move):
            remove_tree(aside)
        else:
            kept.append(_keep(project, journal, move))
        on_step("clean", move.folder.name)
    return kept


def _is_ours(aside: Path, move: Move) -> bool:
    if move.old_files is None or not is_plain_folder(aside):
        return False
    differences = compare(aside, move.old_files)
    return not differences.changed and not differences.extra


def _keep(project: Project, journal: Journal, move: Move) -> Path:
    """Move an old folder to the backups, also to another file system."""
    aside = journal.aside(move)
    target = project.state_dir / "backup" / journal.backup / folder_key(project, move.folder).lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        aside.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        import shutil

        partial = target.with_name(f".{target.name}.partial")
        remove_tree(partial)
        shutil.copytree(aside, partial, symlinks=True)
        partial.rename(target)
        remove_tree(aside)
    return target


def _forget(project: Project, journal: Journal, on_step: OnStep) -> None:
    """Remove the stages, and last the journal. What could not be cleaned away stays in its stage."""
    for stage in {journal.stage(move) for move in journal.moves}:
        remove_tree(stage / "new")
        for folder in (stage / "old", stage, stage.parent):
            with suppress(OSError):
                folder.rmdir()
    journal_path(project).unlink(missing_ok=True)
    on_step("done", "")


def _told(error: OSError) -> SdkError:
    return SdkError(
        f"{error.filename2 or error.filename or 'A file'} could not be written: {error.strerror}.",
        code="cannot_write",
        hint="Everything was put back as it was. Check free space and rights, then try again.",
    )
