"""The example programs of Skillett's API guide, as they stand there but for address and key, against a real server with
a GitHub behind it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from skillyard.app import build
from skillyard.domain.accounts.authenticate import authenticate
from skillyard.domain.gateway.connections import add_key
from skillyard.infra.envelope import Secret
from skillyard.settings import IntegrationSettings, Settings
from tests.journeys.running import Server, a_server
from tests.peers.myworld import REPO, GithubLike, Myworld
from tests.tools import node

PROGRAMS = Path(__file__).with_name("programs")
TIMEOUT_S = 120


@dataclass(frozen=True)
class Agent:
    """A program of somebody's at a running server. `token`: its owner's; `key`: for all integrations."""

    url: str
    token: str
    key: str

    def run(self, name: str, *arguments: Any) -> subprocess.CompletedProcess[str]:
        """The program with these JSON values as arguments."""
        command = [str(node()), "--input-type=module", "-"] if name.endswith(".mjs") else [sys.executable, "-"]
        done = subprocess.run(
            [*command, *(json.dumps(argument) for argument in arguments)],
            input=self._program(name),
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
        assert done.returncode == 0, done.stderr
        return done

    def _program(self, name: str) -> str:
        """With address and key in place of those in the guide, and nothing else changed."""
        text = (PROGRAMS / name).read_text()
        for theirs, ours in (("https://api.skillett.dev", f"{self.url}/skillett"), ("sk_a1b2c3d4e5f6...", self.key)):
            assert text.count(theirs) == 1
            text = text.replace(theirs, ours)
        return text


@dataclass(frozen=True)
class Place:
    """A running server, with its folder."""

    running: Server
    folder: Path

    def redeem(self, code: str, username: str) -> str:
        """The access token of somebody new."""
        body = {"code": code, "username": username}
        answer = httpx.post(f"{self.running.url}/api/v1/auth/links/redeem", json=body, timeout=TIMEOUT_S)
        return str(answer.raise_for_status().json()["access_token"])

    def agent_of(self, token: str) -> Agent:
        headers = {"authorization": f"Bearer {token}"}
        answer = httpx.post(f"{self.running.url}/skillett/api-keys", json={}, headers=headers, timeout=TIMEOUT_S)
        return Agent(self.running.url, token, answer.raise_for_status().json()["key"])


@pytest.fixture(scope="module")
def github(myworld: Myworld) -> Iterator[GithubLike]:
    with myworld.github() as made:
        yield made


@pytest.fixture(scope="module")
def server(github: GithubLike, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("skillett")
    settings = {"integrations__github__base_url": github.base_url, "outbound_http_loopback": "true"}
    with a_server(folder, worker=False, **settings) as running:
        yield Place(running, folder)


@pytest.fixture(scope="module")
def agent(server: Place, github: GithubLike) -> Agent:
    """Of ada, who has connected GitHub."""
    token = server.redeem((server.running.link or "").rpartition("/")[2], "ada")
    integrations = {"github": IntegrationSettings(base_url=github.base_url)}
    app = build(Settings(data_dir=server.folder, integrations=integrations, outbound_http_loopback=True))
    secrets = {"secret": Secret(github.token)}
    add_key(app, authenticate(app, token), integration="github", secrets=secrets, variables={})
    app.close()
    return server.agent_of(token)


@pytest.fixture(scope="module")
def stranger(server: Place, agent: Agent) -> Agent:
    """Of bob, who has connected nothing."""
    admin = {"authorization": f"Bearer {agent.token}"}
    answer = httpx.post(f"{server.running.url}/api/v1/admin/sign-in-links", json={}, headers=admin, timeout=TIMEOUT_S)
    return server.agent_of(server.redeem(answer.raise_for_status().json()["code"], "bob"))


@pytest.mark.parametrize("program", ["agent.py", "agent.mjs"])
def test_the_example_programs_open_an_issue(agent: Agent, github: GithubLike, program: str) -> None:
    before = len(github.issues())
    printed = agent.run(program).stdout.strip()
    issues = github.issues()
    assert len(issues) == before + 1
    newest = max(issues, key=lambda issue: int(issue["number"]))
    assert (newest["title"], newest["html_url"]) == ("Bug report", printed)


def test_the_careful_program_prints_what_was_done(agent: Agent) -> None:
    done = agent.run("careful.mjs", {"repo": REPO, "title": "Careful"})
    assert "Careful" in done.stdout
    assert not done.stderr


def test_the_careful_program_tells_what_the_other_side_refuses(agent: Agent) -> None:
    done = agent.run("careful.mjs", {"repo": "acme/none", "title": "Careful"})
    assert "Not Found" in done.stderr
    assert "Fix:" not in done.stderr


def test_the_careful_program_tells_who_has_connected_nothing_where_that_is_mended(stranger: Agent) -> None:
    done = stranger.run("careful.mjs", {"repo": REPO, "title": "Careful"})
    assert "You have no account connected at github." in done.stderr
    assert f"Fix: {stranger.url}/connections?integration=github" in done.stderr


def test_the_careful_program_tells_what_is_wrong_before_anything_is_sent(agent: Agent, github: GithubLike) -> None:
    before = len(github.issues())
    done = agent.run("careful.mjs", {"repo": REPO, "titel": "Careful"})
    assert "title" in done.stderr
    assert len(github.issues()) == before


def test_the_careful_program_tells_whose_key_is_no_good(agent: Agent) -> None:
    done = replace(agent, key="sk_" + "0" * 64).run("careful.mjs", {"repo": REPO, "title": "Careful"})
    assert f"Fix: {agent.url}/account#tokens" in done.stderr
