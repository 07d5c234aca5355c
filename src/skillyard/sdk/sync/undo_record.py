"""What a sync writes down before it changes folders, so that it can be taken back: our files, and what was where."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skillyard.sdk.disk import read_if_there, remove_tree, write_atomically
from skillyard.sdk.installed import folder_key, folder_of
from skillyard.sdk.journal import Which, text_of
from skillyard.sdk.project import Project
from skillyard.skill.names import check_name

_WHICH: tuple[Which, ...] = ("manifest", "lock", "installed", "sync")
_BACKUP = re.compile(r"[0-9a-z-]{1,40}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A folder that a sync changes. `own`: the skill's files that were there; None where there was no folder.

    `is_pristine`: whether they were exactly a release. `put`: the digest of what came, None where the skill went.
    """

    folder: Path
    own: tuple[str, ...] | None
    is_pristine: bool
    put: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UndoRecord:
    """`texts`: of our files as they were before."""

    backup: str
    changes: tuple[Changed, ...]
    texts: Mapping[Which, str | None]


def new_backup() -> str:
    """The name of a backup that is still to be made."""
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{os.urandom(4).hex()}"


def backup_folder(project: Project, backup: str) -> Path:
    return project.state_dir / "backup" / backup


def kept_folder(project: Project, backup: str, folder: Path) -> Path:
    """Where a backup has what was in a folder."""
    return backup_folder(project, backup) / folder_key(project, folder).lstrip("/")


def write_undo(project: Project, backup: str, changes: Iterable[Changed]) -> None:
    """Durable when this returns. It counts once the memory names the backup, which changes with the folders."""
    document = {
        "version": 1,
        "folders": {
            folder_key(project, one.folder): {
                "own": None if one.own is None else list(one.own),
                "pristine": one.is_pristine,
                "put": one.put,
            }
            for one in changes
        },
        "texts": {which: text_of(project, which) for which in _WHICH},
    }
    write_atomically(backup_folder(project, backup) / "undo.json", json.dumps(document, indent=1))


def read_undo(project: Project, backup: str) -> UndoRecord | None:
    """None when it is gone, or is not ours."""
    if not _BACKUP.fullmatch(backup):
        return None
    try:
        document: Any = json.loads(read_if_there(backup_folder(project, backup) / "undo.json") or b"{}")
        changes = tuple(_read_change(project, key, value) for key, value in document["folders"].items())
        texts: dict[Which, str | None] = {which: document["texts"][which] for which in _WHICH}
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    if not all(isinstance(text, str | None) for text in texts.values()):
        return None
    return UndoRecord(backup=backup, changes=changes, texts=texts)


def forget_undo(project: Project, backup: str) -> None:
    """Once a later sync has its own. What was in the folders stays where somebody's work is in it."""
    record = read_undo(project, backup)
    if record is None:
        return
    for one in record.changes:
        if one.is_pristine:
            remove_tree(kept_folder(project, backup, one.folder))
    (backup_folder(project, backup) / "undo.json").unlink(missing_ok=True)


def drop_undo(project: Project, backup: str) -> None:
    """Of a sync that was put back before anything came of it."""
    folder = backup_folder(project, backup)
    (folder / "undo.json").unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _read_change(project: Project, key: str, value: Mapping[str, Any]) -> Changed:
    folder, own, put = folder_of(project, key), value["own"], value["put"]
    if folder is None or folder.parent.name != "skills" or check_name(folder.name) or not isinstance(put, str | None):
        raise ValueError("it names a folder that is not ours")
    if own is not None and any(".." in Path(path).parts or Path(path).is_absolute() for path in own):
        raise ValueError("it names a file elsewhere")
    paths = None if own is None else tuple(str(path) for path in own)
    return Changed(folder=folder, own=paths, is_pristine=bool(value["pristine"]), put=put)
