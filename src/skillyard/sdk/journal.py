"""The journal of one install: enough to finish it, or to undo it, after it was killed at any point.

Every folder that changes has a stage beside it, on the same file system: `new` holds what comes, `old` what was there.
Where each folder is can be told from which of these exist, so that each step may be repeated. A journal is read as if a
stranger had written it (a cloned project may bring one): it can name nothing but folders of skills in this project.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from skillyard.sdk.disk import read_if_there, write_atomically
from skillyard.sdk.errors import SdkError
from skillyard.sdk.installed import folder_key, folder_of, notes_path
from skillyard.sdk.project import Project
from skillyard.skill.digest import FileEntry
from skillyard.skill.names import check_name

State = Literal["staging", "applying", "undoing", "cleaning"]
Which = Literal["manifest", "lock", "installed", "sync"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One folder. `is_new`: something comes to it; `was_there`: something is in its place now.

    `old_files` is what the old folder held when we looked: it is deleted only if that is still so, else it is kept.
    None keeps it in any case.
    """

    folder: Path
    is_new: bool
    was_there: bool
    old_files: tuple[FileEntry, ...] | None = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """The text of one of our files before and after, None for no file. Any other text is left alone."""

    which: Which
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    id: str
    state: State
    moves: tuple[Move, ...]
    rewrites: tuple[Rewrite, ...] = ()
    backup: str = ""

    def staged(self, move: Move) -> Path:
        return self.stage(move) / "new" / move.folder.name

    def aside(self, move: Move) -> Path:
        return self.stage(move) / "old" / move.folder.name

    def stage(self, move: Move) -> Path:
        return move.folder.parent / f".skillyard-{self.id}"


def journal_path(project: Project) -> Path:
    return project.state_dir / "journal.json"


def write_journal(project: Project, journal: Journal) -> None:
    """Durable when this returns."""
    document = {
        "id": journal.id,
        "state": journal.state,
        "backup": journal.backup,
        "moves": [_show_move(project, move) for move in journal.moves],
        "rewrites": [{"which": r.which, "before": r.before, "after": r.after} for r in journal.rewrites],
    }
    write_alone(project, journal_path(project), json.dumps(document))


def write_alone(project: Project, path: Path, text: str) -> None:
    """Replace a file as only the holder of the project's lock may: a killed run leaves no more than one spare file."""
    write_atomically(path, text, temporary=project.state_dir / "spare")


def read_journal(project: Project) -> Journal | None:
    """The journal of a run that did not end, or None. Raises SdkError for one that cannot be ours."""
    path = journal_path(project)
    content = read_if_there(path)
    if content is None:
        return None
    try:
        document = json.loads(content)
        moves = tuple(_read_move(project, value) for value in document["moves"])
        if not re.fullmatch(r"[0-9a-f]{16}", document["id"]) or not re.fullmatch(
            r"[0-9a-z-]{0,40}", document["backup"]
        ):
            raise ValueError("the names in it are not ours")
        if document["state"] not in ("staging", "applying", "undoing", "cleaning"):
            raise ValueError("it has no state")
        return Journal(
            id=document["id"],
            state=document["state"],
            moves=moves,
            rewrites=tuple(_read_rewrite(value) for value in document["rewrites"]),
            backup=document["backup"],
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise SdkError(
            f"{path} is not a journal of an interrupted run: {error}.",
            code="bad_journal",
            hint=f"If you did not make it, delete {path}.",
        ) from None


def path_of(project: Project, which: Which) -> Path:
    return {
        "manifest": project.manifest_path,
        "lock": project.lock_path,
        "installed": notes_path(project),
        "sync": project.state_dir / "sync.json",
    }[which]


def text_of(project: Project, which: Which) -> str | None:
    """What one of our files holds now, None while there is none."""
    content = read_if_there(path_of(project, which))
    return None if content is None else content.decode(errors="surrogateescape")


def _show_move(project: Project, move: Move) -> dict[str, Any]:
    files = None if move.old_files is None else [[f.path, f.sha256, f.size_bytes] for f in move.old_files]
    key = folder_key(project, move.folder)
    return {"folder": key, "is_new": move.is_new, "was_there": move.was_there, "old_files": files}


def _read_move(project: Project, value: Mapping[str, Any]) -> Move:
    folder = folder_of(project, value["folder"])
    if folder is None or check_name(folder.name) or folder.parent.name != "skills":
        raise ValueError("a folder in it is not one of skills")
    parent = Path(os.path.realpath(folder.parent))
    if project.scope == "project" and not parent.is_relative_to(project.base):
        raise ValueError("a folder in it leads out of the project")
    files = value["old_files"]
    old_files = None if files is None else tuple(FileEntry(path=p, sha256=h, size_bytes=n) for p, h, n in files)
    return Move(folder=folder, is_new=bool(value["is_new"]), was_there=bool(value["was_there"]), old_files=old_files)


def _read_rewrite(value: Mapping[str, Any]) -> Rewrite:
    which, before, after = value["which"], value["before"], value["after"]
    if which not in ("manifest", "lock", "installed", "sync") or not isinstance(after, str | None):
        raise ValueError("a file in it is not ours")
    return Rewrite(which=which, before=before if isinstance(before, str) else None, after=after)
