"""A client of OAuth that knows nothing of us signs in as a device: openid-client, which checks what it is answered."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx

from tests.api.skillett.agent import TIMEOUT_S, Agent
from tests.tools import node, npm_install

PROGRAM = Path(__file__).parent / "programs" / "device.mjs"
VERSION = "6.8.9"


@contextmanager
def waiting(agent: Agent, scope: str) -> Iterator[tuple[dict[str, Any], IO[str]]]:
    """What the client shows to its user, and where it prints what it got."""
    folder = npm_install("openid-client", VERSION)
    command = [str(node()), str(PROGRAM), str(folder), f"{agent.url}/skillett", scope]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield json.loads(process.stdout.readline()), process.stdout
        finally:
            process.kill()


def decide(agent: Agent, shown: dict[str, Any], decision: str) -> None:
    body = {"user_code": shown["user_code"], "decision": decision}
    headers = {"authorization": f"Bearer {agent.token}"}
    url = f"{agent.url}/skillett/auth/device/authorize"
    httpx.post(url, json=body, headers=headers, timeout=TIMEOUT_S).raise_for_status()


def test_a_client_of_oauth_gets_a_key_that_works(agent: Agent) -> None:
    with waiting(agent, "github") as (shown, printed):
        assert shown["verification_uri"] == f"{agent.url}/cli"
        decide(agent, shown, "approve")
        got = json.loads(printed.readline())
    headers = {"authorization": f"Bearer {got['access_token']}"}
    answer = httpx.get(f"{agent.url}/skillett/v1/skills", headers=headers, timeout=TIMEOUT_S)
    assert [(one["slug"], one["connected"]) for one in answer.json()["integrations"]] == [("github", True)]


def test_a_client_of_oauth_that_is_turned_away_understands_it(agent: Agent) -> None:
    with waiting(agent, "*") as (shown, printed):
        decide(agent, shown, "deny")
        got = json.loads(printed.readline())
    assert got == {"error": "access_denied", "error_description": "It was turned away."}
