"""GitHub and Google on loopback: myworld's stateful imitations, in an environment of its own that tests install."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.services import die_with_parent
from tests.tools import programs_of

_REQUIREMENTS = Path(__file__).with_suffix(".txt")
_LISTENS = re.compile(r"running on (http://127\.0\.0\.1:\d+)")
_START_S = 60

PEOPLE = ("ada", "bob")
REPO = "acme/webapp"
_SEED = {
    "viewer": PEOPLE[0],
    "users": [{"login": login, "name": login.title(), "email": f"{login}@acme.example"} for login in PEOPLE],
    "repos": [
        {
            "name": REPO,
            "description": "What customers see",
            "private": True,
            "files": {"README.md": "# Web app\n"},
            "labels": ["bug", "question"],
            "issues": [{"title": "The first page is slow", "body": "Five seconds.", "labels": ["bug"]}],
        }
    ],
}


@dataclass(frozen=True, kw_only=True)
class GithubLike:
    """A world in which `PEOPLE` have accounts and share the private repository `REPO`, which has one issue.

    `base_url` stands for https://api.github.com. `tokens`: that of each person, by login.
    """

    base_url: str
    tokens: Mapping[str, str]

    @property
    def token(self) -> str:
        """The first person's."""
        return self.tokens[PEOPLE[0]]

    def issues(self, repo: str = REPO) -> list[dict[str, Any]]:
        """All of a repository, the newest first, as GitHub's own API tells of them."""
        answer = httpx.get(
            f"{self.base_url}/repos/{repo}/issues",
            params={"state": "all", "per_page": 100},
            headers={"authorization": f"Bearer {self.token}"},
            timeout=_START_S,
        )
        return list(answer.raise_for_status().json())


@dataclass(frozen=True, kw_only=True)
class GoogleLike:
    """`base_urls`: by the names that the integrations have in the settings."""

    base_urls: Mapping[str, str]
    token: str


@dataclass(frozen=True)
class Myworld:
    """A running server, which holds many worlds."""

    address: str

    @contextlib.contextmanager
    def github(self) -> Iterator[GithubLike]:
        """A new world with GitHub in it."""
        world = {
            "name": "acme",
            "servers": {"github": {"seed": _SEED}},
            "agents": {login: {"task": "None.", "servers": ["github"], "as": login} for login in PEOPLE},
        }
        made = httpx.post(f"{self.address}/envs", json={"spec": world}, timeout=_START_S).raise_for_status().json()
        tokens = {login: str(of["github_token"]) for login, of in made["credentials"].items()}
        yield GithubLike(base_url=f"{self.address}/gw/api.github.com", tokens=tokens)
        httpx.delete(f"{self.address}/envs/{made['id']}", timeout=_START_S).raise_for_status()

    @contextlib.contextmanager
    def google(self) -> Iterator[GoogleLike]:
        """A new world with a person's mail, calendar and files at Google, in which there is something already."""
        world = {"name": "google", "task": "None.", "servers": {"gmail": {}, "calendar": {}, "drive": {}}}
        made = httpx.post(f"{self.address}/envs", json={"spec": world}, timeout=_START_S).raise_for_status().json()
        token = str(made["credentials"]["agent"]["google_access_token"])
        hosts = {
            "gmail": "gmail.googleapis.com",
            "google_calendar": "www.googleapis.com/calendar/v3",
            "google_drive": "www.googleapis.com/drive/v3",
        }
        yield GoogleLike(base_urls={name: f"{self.address}/gw/{host}" for name, host in hosts.items()}, token=token)
        httpx.delete(f"{self.address}/envs/{made['id']}", timeout=_START_S).raise_for_status()


@contextlib.contextmanager
def running_myworld() -> Iterator[Myworld]:
    """Start the server; it is installed when it never was before."""
    program = programs_of(_REQUIREMENTS) / "myworld"
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(
            [program, "serve", "--host", "127.0.0.1", "--port", "0"],
            stdout=log,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: die_with_parent(signal.SIGKILL),
        )
        try:
            yield Myworld(_address(process, log))
        finally:
            process.kill()
            process.wait(timeout=_START_S)


@contextlib.contextmanager
def github_like() -> Iterator[GithubLike]:
    """A server with one world, where a test needs no more."""
    with running_myworld() as server, server.github() as github:
        yield github


def _address(process: subprocess.Popen[bytes], log: Any) -> str:
    """What it says that it listens on."""
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        log.seek(0)
        if found := _LISTENS.search(log.read()):
            return found[1]
        time.sleep(0.05)
    log.seek(0)
    raise RuntimeError(f"myworld does not start:\n{log.read()}")
