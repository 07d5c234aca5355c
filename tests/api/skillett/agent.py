"""Programs of people's at a running server."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.journeys.running import Server
from tests.tools import node

PROGRAMS = Path(__file__).with_name("programs")
TIMEOUT_S = 120
HOST = "api.skillett.example"


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
    """A running server, with its folder, and the port at which it speaks Skillett's API only; as it does at `HOST`."""

    running: Server
    folder: Path
    port: int

    def redeem(self, code: str, username: str) -> str:
        """The access token of somebody new."""
        body = {"code": code, "username": username}
        answer = httpx.post(f"{self.running.url}/api/v1/auth/links/redeem", json=body, timeout=TIMEOUT_S)
        return str(answer.raise_for_status().json()["access_token"])

    def agent_of(self, token: str) -> Agent:
        headers = {"authorization": f"Bearer {token}"}
        answer = httpx.post(f"{self.running.url}/skillett/api-keys", json={}, headers=headers, timeout=TIMEOUT_S)
        return Agent(self.running.url, token, answer.raise_for_status().json()["key"])


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
