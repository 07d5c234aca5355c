"""A registry with people: acme publishes for all, everybody else has machines that sync."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from skillyard.sdk.client import Client
from tests.journeys.running import a_server
from tests.sdk.stand_in import packed
from tests.sdk.sync.machines import Machine, skill_files_of

_numbers = itertools.count(1)


@dataclass
class Person:
    """Somebody with a drive, and any number of machines."""

    name: str
    folder: Path
    url: str
    token: str

    def machine(self, name: str, *agents: str) -> Machine:
        return Machine(self.folder / name, self.url, self.token, agents or (".claude",))

    def client(self) -> Client:
        return Client(self.url, self.token)


@dataclass
class Town:
    url: str
    folder: Path
    token: str

    def client(self) -> Client:
        return Client(self.url, self.token)

    def publish(self, name: str, version: str, files: Mapping[str, str] | None = None, **options: str) -> None:
        """A public release; `options` as of a_skill_text."""
        slug = name.partition("/")[2]
        archive = self.folder / f"{slug}-{version}.zip"
        archive.write_bytes(packed(skill_files_of(slug, files, version=version, **options)))
        with self.client() as client:
            client.publish(name, archive, visibility="public")

    def person(self, folder: Path) -> Person:
        """Somebody new."""
        name = f"person-{next(_numbers)}"
        with self.client() as client:
            link = str(client.create_sign_in_link()["url"])
        return Person(name=name, folder=folder, url=self.url, token=sign_in(self.url, link, name))


def sign_in(url: str, link: str, username: str) -> str:
    with Client(url) as client:
        client.forget_token()
        body = {"code": link.rpartition("/")[2].rpartition("=")[2], "username": username}
        return str(client.send_json("POST", "/auth/links/redeem", body)["access_token"])


@contextmanager
def a_town(folder: Path) -> Iterator[Town]:
    settings = {"writes_per_minute": "100000", "reads_per_minute": "100000"}
    with a_server(folder / "server", worker=False, **settings) as server:
        town = Town(url=server.url, folder=folder, token=sign_in(server.url, server.link or "", "acme"))
        yield town
