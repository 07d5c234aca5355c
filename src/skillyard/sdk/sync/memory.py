"""What one sync leaves for the next: which skills the drive had, a run that was not closed, and how to undo."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skillyard.sdk.disk import read_if_there
from skillyard.sdk.journal import path_of, write_alone
from skillyard.sdk.project import Project
from skillyard.skill.faults import SkillError
from skillyard.skill.names import SkillName

_BACKUP = re.compile(r"[0-9a-z-]{1,40}")
_RUN_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_OUTCOMES = ("committed", "failed", "skipped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """`known`: the skills that `registry` had for `person` and this machine after the last sync, each with its drive.
    `undo`: the backup with the state before the last sync that changed folders.
    """

    registry: str = ""
    person: str | None = None
    known: Mapping[str, str] = field(default_factory=dict)
    undo: str | None = None

    def of(self, registry: str, person: str | None) -> Memory:
        """As it is for somebody: what another person or registry had means nothing to them."""
        if self.registry == registry and (None in (person, self.person) or person == self.person):
            return self
        return Memory(registry=registry, person=person, undo=self.undo)

    def show(self) -> str:
        """The text of the file, which changes with the folders as one step."""
        document = {
            "version": 1,
            "registry": self.registry,
            "person": self.person,
            "known": dict(sorted(self.known.items())),
            "undo": self.undo,
        }
        return json.dumps(document, indent=1) + "\n"


def read_memory(project: Project) -> Memory:
    """Unreadable memory counts as none: nothing is then taken for removed from the drive."""
    try:
        document = json.loads(read_if_there(path_of(project, "sync")) or b"{}")
        undo, known, person = document.get("undo"), document.get("known", {}), document.get("person")
        return Memory(
            registry=str(document.get("registry", "")),
            person=None if person is None else str(person),
            known={str(SkillName.parse(name)): str(drive) for name, drive in known.items()},
            undo=undo if isinstance(undo, str) and _BACKUP.fullmatch(undo) else None,
        )
    except (ValueError, TypeError, AttributeError, SkillError):
        return Memory()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenRun:
    """A run that the registry has open, and what has been done of it so far."""

    id: str
    registry: str
    results: Mapping[str, str] = field(default_factory=dict)

    def show_results(self) -> list[dict[str, str]]:
        return [{"slug": slug, "status": status} for slug, status in self.results.items()]


def write_open_run(project: Project, run: OpenRun) -> None:
    """Durable when this returns, so that a killed sync is closed by the next."""
    document = {"id": run.id, "registry": run.registry, "results": dict(run.results)}
    write_alone(project, _run_path(project), json.dumps(document))


def read_open_run(project: Project, registry: str) -> OpenRun | None:
    """What a killed sync left, if it was with this registry."""
    try:
        document: Any = json.loads(read_if_there(_run_path(project)) or b"{}")
        results = {str(slug): str(status) for slug, status in document["results"].items() if status in _OUTCOMES}
        if _RUN_ID.fullmatch(document["id"]) and document["registry"] == registry:
            return OpenRun(id=document["id"], registry=registry, results=results)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    return None


def forget_open_run(project: Project) -> None:
    _run_path(project).unlink(missing_ok=True)


def install_id(project: Project) -> str:
    """Of this machine, made up once; it says nothing about it."""
    path = project.state_dir / "install_id"
    kept = (read_if_there(path) or b"").decode(errors="replace").strip()
    if not re.fullmatch(r"[0-9a-f-]{36}", kept):
        kept = str(uuid.uuid4())
        write_alone(project, path, kept + "\n")
    return kept


def _run_path(project: Project) -> Path:
    return project.state_dir / "sync_run.json"
