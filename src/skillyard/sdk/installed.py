"""The notes of a working copy: which folders we made, and what we put into them. All others are foreign."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skillyard.sdk.disk import read_if_there
from skillyard.sdk.folders import Stamp
from skillyard.sdk.project import Project
from skillyard.skill.digest import FileEntry
from skillyard.skill.faults import SkillError
from skillyard.skill.names import SkillName


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledFolder:
    """A skill as it was put into one folder. `stamps` are those of the moment after."""

    folder: Path
    name: str
    version: str
    digest: str
    files: tuple[FileEntry, ...]
    stamps: Mapping[str, Stamp]


def notes_path(project: Project) -> Path:
    return project.state_dir / "installed.json"


def read_installed(project: Project) -> dict[Path, InstalledFolder]:
    """What we put where. Unreadable notes count as none: their folders are then foreign, and safe from us."""
    content = read_if_there(notes_path(project))
    try:
        document = json.loads(content) if content else {}
        found = [_read(project, key, value) for key, value in document.get("folders", {}).items()]
    except (ValueError, KeyError, TypeError, AttributeError, SkillError):
        return {}
    return {item.folder: item for item in found if item is not None}


def show_installed(project: Project, folders: Iterable[InstalledFolder]) -> str:
    """The text of the notes."""
    listed = {folder_key(project, item.folder): _show(item) for item in folders}
    return json.dumps({"version": 1, "folders": dict(sorted(listed.items()))}, separators=(",", ":")) + "\n"


def folder_key(project: Project, folder: Path) -> str:
    """A folder as it is written down: relative to the project where it can be, so that the project may move."""
    return folder.relative_to(project.base).as_posix() if folder.is_relative_to(project.base) else folder.as_posix()


def folder_of(project: Project, key: str) -> Path | None:
    """The folder that a note speaks of; None when it leads out of the project, whoever wrote it there."""
    if ".." in Path(key).parts or (project.scope == "project" and Path(key).is_absolute()):
        return None
    return project.base / key


def _show(item: InstalledFolder) -> dict[str, Any]:
    files = {
        file.path: [file.sha256, file.size_bytes, int(file.executable), item.stamps[file.path].mtime_ns]
        for file in item.files
    }
    return {"name": item.name, "version": item.version, "digest": item.digest, "files": files}


def _read(project: Project, key: str, value: Mapping[str, Any]) -> InstalledFolder | None:
    folder, name = folder_of(project, key), SkillName.parse(value["name"])
    if folder is None or folder.name != name.slug:
        return None
    files, stamps = [], {}
    for path, (sha256, size_bytes, executable, mtime_ns) in value["files"].items():
        files.append(FileEntry(path=path, size_bytes=size_bytes, sha256=sha256, executable=bool(executable)))
        stamps[path] = Stamp(size_bytes=size_bytes, mtime_ns=mtime_ns)
    return InstalledFolder(
        folder=folder,
        name=str(name),
        version=str(value["version"]),
        digest=str(value["digest"]),
        files=tuple(files),
        stamps=stamps,
    )
