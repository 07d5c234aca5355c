"""A server with repositories, and an application that may read them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.git_import import import_git
from skillyard.domain.drive.model import DriveItem
from skillyard.domain.drive.store import origins
from skillyard.domain.registry.files import get_file
from skillyard.infra.outbound import Outbound
from skillyard.skill.names import SkillName
from tests.git_server import GitServer, Repository

_numbers = itertools.count()


def a_skill_file(name: str = "pdf", text: str = "Read the file.", *, extra: str = "") -> str:
    return f"---\nname: {name}\ndescription: Reads and writes PDF files. Use it for PDF work.\n{extra}---\n\n{text}\n"


def on_loopback(app: App) -> App:
    """The same application; it calls this machine, too."""
    return replace(app, outbound=Outbound(http_loopback=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class GitPlace:
    """One repository, and somebody who imports from it."""

    app: App
    caller: Caller
    server: GitServer
    repository: Repository
    url: str

    def bring(self, path: str = "", **how: Any) -> DriveItem:
        """Import what is at a path behind the address of the repository."""
        return import_git(self.app, self.caller, address=f"{self.url}{path}", **how)

    def read(self, item: DriveItem, path: str = "SKILL.md") -> str:
        name = SkillName.parse(item.name)
        return get_file(self.app, self.caller, name=name, version=item.version, path=path)[1].decode()

    def commit_of(self, name: str) -> str | None:
        with self.app.database.reading() as tx:
            origin = origins.find_origin(tx, name)
        return origin.commit if origin else None


def a_place(app: App, caller: Caller, server: GitServer, **how: Any) -> GitPlace:
    name = f"tools{next(_numbers)}"
    repository = server.repository(name, **how)
    return GitPlace(app=app, caller=caller, server=server, repository=repository, url=f"{server.url}/{name}.git")
