from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.api.skilldock.client import SkillDock
from tests.journeys.running import Server, User, a_server, sign_in

LIMITS = {"reads_per_minute": "1000000", "writes_per_minute": "1000000", "logins_per_minute": "1000"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("skilldock")


@pytest.fixture(scope="module")
def skilldock_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(place: Path, skilldock_port: int) -> Iterator[Server]:
    own = {"skilldock_hosts": "dock.example.org", "skilldock_port": str(skilldock_port)}
    with a_server(place / "server", **LIMITS, **own) as running:
        yield running


@pytest.fixture(scope="module")
def ada(server: Server, place: Path) -> User:
    """The first administrator, with our own command line."""
    user = sign_in(server, place / "ada", "ada")
    user.run("namespaces", "create", "acme")
    return user


@pytest.fixture(scope="module")
def base(server: Server) -> str:
    return f"{server.url}/skilldock"


@pytest.fixture(scope="module")
def owner(ada: User, base: str, place: Path) -> SkillDock:
    """SkillDock's client with a token of Ada's, who owns the namespace acme."""
    return SkillDock(place / "owner", base, token_of(ada))


@pytest.fixture(scope="module")
def admin(ada: User, server: Server) -> Iterator[httpx.Client]:
    """Ada's client of our own API, with every right."""
    scopes = [part for scope in ("read", "publish", "manage", "admin") for part in ("--scope", scope)]
    token = ada.run("tokens", "create", "everything", *scopes).stdout.strip()
    headers = {"authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{server.url}/api/v1", headers=headers, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def eve(admin: httpx.Client, base: str, place: Path) -> SkillDock:
    """Somebody else, who belongs to nothing."""
    return a_client_of(admin, base, place, "eve")


@pytest.fixture(scope="module")
def nobody(ada: User, base: str, place: Path) -> SkillDock:
    return SkillDock(place / "nobody", base)


@pytest.fixture(scope="module")
def web(ada: User, base: str) -> Iterator[httpx.Client]:
    """Whatever else may speak to this surface."""
    with httpx.Client(base_url=base, timeout=30) as client:
        yield client


def a_newcomer(admin: httpx.Client, username: str) -> str:
    """The access token of a new account, which has no personal token yet."""
    code = admin.post("/admin/sign-in-links", json={}).json()["code"]
    answer = httpx.post(f"{admin.base_url}auth/links/redeem", json={"code": code, "username": username})
    return str(answer.json()["access_token"])


def a_client_of(admin: httpx.Client, base: str, place: Path, username: str) -> SkillDock:
    """SkillDock's client with a token of somebody new."""
    headers = {"authorization": f"Bearer {a_newcomer(admin, username)}"}
    return SkillDock(place / username, base, httpx.post(f"{base}/v1/tokens", headers=headers).json()["token"])


def token_of(user: User) -> str:
    scopes = ["--scope", "read", "--scope", "publish", "--scope", "manage"]
    return user.run("tokens", "create", "elsewhere", *scopes).stdout.strip()
