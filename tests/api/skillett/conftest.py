"""An application with three people in it; and a running server with a GitHub behind it, and two people's agents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from skillyard.app import build
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.gateway.connect.connections import add_key
from skillyard.infra.clock import FixedClock
from skillyard.infra.envelope import Secret
from skillyard.settings import IntegrationSettings, Settings
from tests.api.skillett.agent import HOST, TIMEOUT_S, Agent, Place, free_port
from tests.api.skillett.sender import Sender
from tests.journeys.running import a_server
from tests.makers import make_app
from tests.peers.myworld import GithubLike, Myworld


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def sender(tmp_path: Path, clock: FixedClock) -> Iterator[Sender]:
    app = make_app(tmp_path, clock=clock, public_url="https://skills.example.org")
    yield Sender(app)
    app.close()


@pytest.fixture(scope="session")
def github(myworld: Myworld) -> Iterator[GithubLike]:
    with myworld.github() as made:
        yield made


@pytest.fixture(scope="session")
def server(github: GithubLike, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("skillett")
    settings = {
        "integrations__github__base_url": github.base_url,
        "outbound_http_loopback": "true",
        "skillett_hosts": HOST,
        "skillett_port": str(port := free_port()),
    }
    with a_server(folder, worker=False, **settings) as running:
        yield Place(running, folder, port)


@pytest.fixture(scope="session")
def agent(server: Place, github: GithubLike) -> Agent:
    """Of ada, who has connected GitHub."""
    token = server.redeem((server.running.link or "").rpartition("/")[2], "ada")
    integrations = {"github": IntegrationSettings(base_url=github.base_url)}
    app = build(Settings(data_dir=server.folder, integrations=integrations, outbound_http_loopback=True))
    secrets = {"secret": Secret(github.token)}
    add_key(app, authenticate(app, token), integration="github", secrets=secrets, variables={})
    app.close()
    return server.agent_of(token)


@pytest.fixture(scope="session")
def stranger(server: Place, agent: Agent) -> Agent:
    """Of bob, who has connected nothing."""
    admin = {"authorization": f"Bearer {agent.token}"}
    answer = httpx.post(f"{server.running.url}/api/v1/admin/sign-in-links", json={}, headers=admin, timeout=TIMEOUT_S)
    return server.agent_of(server.redeem(answer.raise_for_status().json()["code"], "bob"))
