"""A real server with a skill that has scripts, and somebody with a key: for curl, and for the MCP SDK's own client."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from tests.journeys.running import Server, a_server
from tests.makers import a_skill_archive

SCRIPTS = {
    "scripts/extract.sh": 'echo extracted $1\nread -r line || true\nprintf %s "$line"\n',
    "scripts/count.py": "import pathlib\nkept = pathlib.Path('out/count.txt')\nkept.parent.mkdir(exist_ok=True)\n"
    "number = int(kept.read_text()) + 1 if kept.exists() else 1\nkept.write_text(str(number))\nprint(number)\n",
    "scripts/fail.sh": "echo no such page >&2\nexit 5\n",
}
PAID = (
    "---\nname: paid\ndescription: Costs something. Use it in tests.\n"
    'metadata:\n  version: "1.0.0"\n  credits-per-run: "3"\n---\n\n# Paid\n'
)
PERMISSIONS = {"filesystem": {"read": ["out/**"], "write": ["out/**"]}}


@dataclass(frozen=True)
class Owner:
    """`token`: signed in as; `key`: of a collection with all skills; `base`: of the surface below its prefix."""

    server: Server
    token: str
    key: str
    base: str
    port: int

    def web(self, key: str | None = None) -> httpx.Client:
        headers = {"authorization": f"Bearer {self.key if key is None else key}"}
        return httpx.Client(base_url=f"{self.base}/api/v1", headers=headers, timeout=120)

    def ask(self, method: str, path: str, body: Any = None, *, key: str | None = None) -> Any:
        """The data of an answer."""
        with self.web(key) as client:
            answer = client.request(method, path, json=body)
        assert answer.status_code < 300, answer.text
        return answer.json()["data"]

    def newcomer(self, name: str, credits: int) -> str:
        """The token of somebody new with so many credits."""
        admin = {"authorization": f"Bearer {self.token}"}
        api = f"{self.server.url}/api/v1"
        code = httpx.post(f"{api}/admin/sign-in-links", json={}, headers=admin, timeout=60).json()["code"]
        body = {"code": code, "username": name}
        token = httpx.post(f"{api}/auth/links/redeem", json=body, timeout=60).json()["access_token"]
        grant = {"username": name, "amount": str(credits), "reason": "a present"}
        httpx.post(f"{api}/admin/credits", json=grant, headers=admin, timeout=60).raise_for_status()
        return str(token)

    def scoped(self, name: str, *slugs: str, **more: Any) -> str:
        """The key of a new collection of these skills."""
        made = self.ask("POST", "/collections", {"name": name, "skillSlugs": slugs, **more})
        return str(made["api_key"])


@pytest.fixture(scope="session")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    """Ada, with `pdf` in her drive, which has scripts, and `plain`, which has none."""
    limits = {f"{what}_per_minute": "1000000" for what in ("reads", "writes", "logins", "skillzdrive_anonymous")}
    port = _free_port()
    own = {"skillzdrive_hosts": "drive.example.org", "skillzdrive_port": str(port)}
    with a_server(tmp_path_factory.mktemp("skillzdrive"), **limits, **own) as server:
        token = _sign_in(server)
        _publish(server, token, "pdf", files={**SCRIPTS, "skills.json": json.dumps({"permissions": PERMISSIONS})})
        _publish(server, token, "plain", description="Says how.", body="# Only words")
        _publish(server, token, "paid", files={"SKILL.md": PAID, "scripts/hi.sh": "echo hi\n"})
        first = Owner(server, token, token, f"{server.url}/skillzdrive", port)
        for slug in ("pdf", "plain"):
            first.ask("POST", "/drive/import", {"skillSlug": slug})
        yield replace(first, key=first.ask("POST", "/collections", {"name": "all"})["api_key"])


def _sign_in(server: Server) -> str:
    code = (server.link or "").rpartition("/")[2]
    answer = httpx.post(f"{server.url}/api/v1/auth/links/redeem", json={"code": code, "username": "ada"}, timeout=60)
    return str(answer.json()["access_token"])


def _publish(server: Server, token: str, slug: str, **archive: Any) -> None:
    url, headers = f"{server.url}/api/v1/skills/ada/{slug}/releases", {"authorization": f"Bearer {token}"}
    answer = httpx.post(url, files={"archive": a_skill_archive(slug, **archive)}, headers=headers, timeout=60)
    assert answer.status_code == 201, answer.text


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
