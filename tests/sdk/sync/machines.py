"""Machines of one person: each with a home, settings and a cache of its own, and agents that read skills there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skillyard.sdk.client import Client
from skillyard.sdk.project import Project, user_project
from skillyard.sdk.sync.carry_out import SyncOptions
from skillyard.sdk.sync.report import SyncReport
from skillyard.sdk.sync.sync import sync
from skillyard.sdk.sync.undo import Undone, undo
from skillyard.sdk.transport import Request, Transport

AGREED: dict[str, Any] = {"agree": lambda items: {item.slug for item in items}}


class Counting(Transport):
    """Remembers what was asked, redirects and second attempts included."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.asked: list[tuple[str, str]] = []

    @contextmanager
    def open(self, request: Request) -> Iterator[Any]:
        self.asked.append((request.method, request.url.partition("/api/v1")[2]))
        with super().open(request) as answer:
            yield answer


@dataclass
class Machine:
    folder: Path
    url: str
    token: str | None
    agents: tuple[str, ...] = (".claude",)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for agent in self.agents:
            (self.home / agent).mkdir(parents=True)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def skills(self) -> Path:
        """The folder of the first agent."""
        return self.home / self.agents[0] / "skills"

    @property
    def environment(self) -> dict[str, str]:
        return {
            "HOME": str(self.home),
            "SKILLYARD_CONFIG_DIR": str(self.folder / "config"),
            "SKILLYARD_CACHE_DIR": str(self.folder / "cache"),
        }

    @contextmanager
    def at(self) -> Iterator[Project]:
        """Sit down at it."""
        before = {name: os.environ.get(name) for name in self.environment}
        os.environ.update(self.environment)
        try:
            yield user_project()
        finally:
            for name, value in before.items():
                os.environ.pop(name) if value is None else os.environ.update({name: value})

    def connect(self) -> Client:
        client = Client(self.url, self.token, attempts=2)
        client.transport = counting = Counting(origin=client.origin, token=client.transport.token, attempts=2)
        self.asked = counting.asked
        return client

    def sync(self, **options: Any) -> SyncReport:
        """Whatever may leave the machine does, unless said otherwise."""
        with self.at() as project:
            return sync(project, self.connect, options=SyncOptions(**{**AGREED, **options}))

    def undo(self, **options: Any) -> Undone:
        with self.at() as project:
            return undo(project, **options)

    def write(self, path: str, content: str | bytes) -> Path:
        """A file below the folder of skills."""
        place = self.skills / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content.encode() if isinstance(content, str) else content)
        return place

    def read(self, path: str) -> str:
        return (self.skills / path).read_text()

    def tree(self) -> dict[str, bytes]:
        """Every file of the agents' folders."""
        return files_in(*(self.home / agent for agent in self.agents), below=self.home)

    def state(self) -> Path:
        with self.at() as project:
            return project.state_dir

    def backups(self) -> list[bytes]:
        """The content of all files that were put away."""
        return list(files_in(self.state() / "backup", below=self.folder).values())


def files_in(*folders: Path, below: Path) -> dict[str, bytes]:
    return {
        path.relative_to(below).as_posix(): path.read_bytes()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink()
    }


def outcomes(report: SyncReport) -> dict[str, tuple[str, str]]:
    """What was to become of each skill, and what came of it."""
    return {one.slug: (one.action, one.outcome) for one in report.skills}


def a_skill_text(name: str, body: str = "How to use it.\n", *, description: str = "", version: str = "") -> str:
    """A SKILL.md that passes every check."""
    about = description or f"Does what {name} does. Use it in tests."
    stated = f'metadata:\n  version: "{version}"\n' if version else ""
    return f"---\nname: {name}\ndescription: {about}\nlicense: MIT\n{stated}---\n\n# {name}\n\n{body}"


def skill_files_of(name: str, files: Mapping[str, str] | None = None, **options: str) -> dict[str, bytes]:
    return {"SKILL.md": a_skill_text(name, **options).encode()} | {
        path: text.encode() for path, text in (files or {}).items()
    }
