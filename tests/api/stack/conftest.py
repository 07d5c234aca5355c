"""A real server, and STACK's published SDK, unmodified, in the hands of several people."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from getstack import Stack

from tests.journeys.running import Server, a_server, sign_in

SCOPES = ("read", "publish", "manage", "run")
INPUT_SCHEMA = {"type": "object", "properties": {"url": {"type": "string"}}, "required": ["url"]}
OUTPUT_SCHEMA = {"type": "object", "properties": {"summary": {"type": "string"}}, "required": ["summary"]}
INPUT, OUTPUT = {"url": "https://example.com/doc.pdf"}, {"summary": "It went well."}


@dataclass(frozen=True)
class Person:
    """`key`: a personal token, which the SDK takes for an API key."""

    name: str
    key: str
    base: str

    def sdk(self) -> Stack:
        return Stack(api_key=self.key, base_url=self.base)

    def web(self, **headers: str) -> httpx.Client:
        """Whatever else speaks to this surface."""
        sent = {"authorization": f"Bearer {self.key}", "content-type": "application/json", **headers}
        return httpx.Client(base_url=self.base, headers=sent, timeout=30)


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="session")
def stack_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def server(place: Path, stack_port: int) -> Iterator[Server]:
    limits = {f"{what}_per_minute": "1000000" for what in ("reads", "writes", "logins")}
    own = {"stack_hosts": "api.stack.example.org", "stack_port": str(stack_port)}
    with a_server(place / "server", **limits, **own) as running:
        yield running


@pytest.fixture(scope="session")
def base(server: Server) -> str:
    return f"{server.url}/stack"


@pytest.fixture(scope="session")
def ada(server: Server, place: Path, base: str) -> Person:
    """The administrator."""
    user = sign_in(server, place / "ada", "ada")
    chosen = [part for scope in (*SCOPES, "admin") for part in ("--scope", scope)]
    return Person("ada", user.run("tokens", "create", "stack", *chosen).stdout.strip(), base)


@pytest.fixture(scope="session")
def native(server: Server, ada: Person) -> Iterator[httpx.Client]:
    """The administrator's client of our own API."""
    headers = {"authorization": f"Bearer {ada.key}"}
    with httpx.Client(base_url=f"{server.url}/api/v1", headers=headers, timeout=30) as client:
        yield client


@pytest.fixture(scope="session")
def newcomer(native: httpx.Client, base: str) -> Callable[[str], Person]:
    """Makes somebody new."""

    def make(name: str) -> Person:
        code = native.post("/admin/sign-in-links", json={}).json()["code"]
        answer = native.post("/auth/links/redeem", json={"code": code, "username": name})
        own = {"authorization": f"Bearer {answer.json()['access_token']}"}
        made = native.post("/me/tokens", json={"name": "stack", "scopes": SCOPES}, headers=own)
        return Person(name, made.json()["token"], base)

    return make


@pytest.fixture(scope="module")
def sal(newcomer: Callable[[str], Person], request: pytest.FixtureRequest) -> Person:
    """Publishes skills."""
    return newcomer(f"sal-{_word(request)}")


@pytest.fixture(scope="module")
def bob(newcomer: Callable[[str], Person], request: pytest.FixtureRequest) -> Person:
    """Invokes skills."""
    return newcomer(f"bob-{_word(request)}")


@pytest.fixture(scope="module")
def seller(sal: Person) -> Iterator[Stack]:
    with sal.sdk() as client:
        yield client


@pytest.fixture(scope="module")
def buyer(bob: Person) -> Iterator[Stack]:
    with bob.sdk() as client:
        yield client


@pytest.fixture(scope="module")
def admin(ada: Person) -> Iterator[Stack]:
    with ada.sdk() as client:
        yield client


def _word(request: pytest.FixtureRequest) -> str:
    """Each module has people of its own on the one server."""
    return str(request.module.__name__.rpartition("_")[2])


def a_skill(name: str, **changed: Any) -> dict[str, Any]:
    """What to publish: an open and free skill; `changed` fields replace others."""
    body = {
        "name": name,
        "description": "Summarizes documents.",
        "version": "1.0.0",
        "input_schema": INPUT_SCHEMA,
        "output_schema": OUTPUT_SCHEMA,
        "trust_level_required": "L0",
        **changed,
    }
    return {field: value for field, value in body.items() if value is not None}


def give_credits(native: httpx.Client, person: Person, amount: int) -> None:
    given = native.post("/admin/credits", json={"username": person.name, "amount": str(amount), "reason": "a present"})
    assert given.status_code == 201, given.text
