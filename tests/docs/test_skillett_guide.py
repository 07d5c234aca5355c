"""The guide for Skillett's clients: its commands work as they stand there, its lists are what is served."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import httpx

from skillyard.api.skillett.routes import every_route
from tests.docs.test_quoted_commands import ROOT, Reader, commands
from tests.journeys.running import a_server
from tests.peers.myworld import GithubLike

GUIDE = "docs/guide/skillett.md"
ADDRESS = "http://127.0.0.1:8400"


def test_the_skillett_guide_works_word_by_word(tmp_path: Path, github: GithubLike) -> None:
    connect_key, make_key, *calls, download, connect, begin, collect = commands(GUIDE)
    settings = {"integrations__github__base_url": github.base_url, "outbound_http_loopback": "true"}
    client = {f"integrations__github__client_{what}": "registered" for what in ("id", "secret")}
    with a_server(tmp_path / "server", worker=False, **settings, **client) as server:
        reader = Reader(tmp_path / "home", server, "yard")
        reader.type(f"skillyard login --link {shlex.quote(server.link or '')} --username yard")
        (reader.folder / "github-token.txt").write_text(f"{github.token}\n")
        reader.type(connect_key)
        reader.environment |= {"SKILLETT": f"{server.url}/skillett", "KEY": reader.type(make_key).strip()}
        all_of_them, one, endpoint, called = (json.loads(reader.type(command)) for command in calls)
        reader.type(download)
        begun = json.loads(reader.type(connect))
        code = json.loads(reader.type(begin))
        reader.environment["DEVICE_CODE"] = code["device_code"]
        pending = json.loads(reader.type(collect))
    assert [(found["slug"], found["connected"]) for found in all_of_them["integrations"]] == [
        ("github", True),
        ("slack", False),
    ]
    assert (one["slug"], endpoint["name"], endpoint["writes"]) == ("github", "create_issue", True)
    assert (called["status"], called["data"]["title"]) == (201, "Bug report")
    assert (reader.folder / "github.zip").read_bytes().startswith(b"PK")
    assert begun["oauth_url"] == f"{server.url}/connect/{begun['connection_id']}"
    assert code["verification_uri"] == f"{server.url}/cli"
    assert pending["error"] == "authorization_pending"


def test_the_refusal_in_the_guide_is_the_one_that_is_answered(tmp_path: Path) -> None:
    [quoted] = re.findall(r"```json\n(.*?)```", (ROOT / GUIDE).read_text(), re.DOTALL)
    with a_server(tmp_path / "server", worker=False) as server:
        code = (server.link or "").rpartition("/")[2]
        body = {"code": code, "username": "yard"}
        token = httpx.post(f"{server.url}/api/v1/auth/links/redeem", json=body, timeout=60).json()["access_token"]
        call = f"{server.url}/skillett/v1/github/create_issue"
        params = {"params": {"repo": "acme/webapp", "title": "Bug report"}}
        answer = httpx.post(call, json=params, headers={"authorization": f"Bearer {token}"}, timeout=60).json()
    expected = json.loads(quoted.replace(ADDRESS, server.url))
    assert {**answer, "request_id": "req_…"} == {**expected, "hint": answer["hint"]}


def test_the_guide_lists_every_request_that_is_served_and_no_other() -> None:
    served = {f"{method} {route.path}" for route in every_route() for method in route.methods or ()}
    listed = re.findall(r"^\| `([A-Z]+ /\S+)` \|", (ROOT / GUIDE).read_text(), re.MULTILINE)
    assert set(listed) == served
    assert len(listed) == len(served)
