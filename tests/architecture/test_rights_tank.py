"""Every route of Tank's API is probed without rights, as a stranger, and with a token that may only read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from skillyard.api.entrance import Entrance
from skillyard.api.native.application import operation_id
from skillyard.api.tank.addresses import MOUNT, PREFIX
from skillyard.api.tank.routes import every_route
from tests.api.asgi import Answer, call

OPEN = set(Path(__file__).with_name("open_routes_tank.txt").read_text().split())
NOBODY = "00000000-0000-0000-0000-000000000000"
VALUES = {
    "name": "%40ada%2Fhidden", "version": "1.0.0", "path": "SKILL.md", "version_id": NOBODY, "release_id": NOBODY,
}  # fmt: skip
QUERIES = dict.fromkeys(("uploadTarball", "getTarball"), "?expires=1&signature=x")
BODIES: dict[str, dict[str, Any]] = {
    "startSignIn": {"state": "a state of ours"},
    "authorizeSignIn": {"sessionCode": NOBODY},
    "exchangeSignIn": {"sessionCode": NOBODY, "state": "a state of ours"},
    "startPublish": {"manifest": {"name": "@ada/hidden", "version": "2.0.0"}},
    "confirmPublish": {"versionId": NOBODY, "integrity": "sha512-", "fileCount": 1, "tarballSize": 1},
    "scan": {"url": "https://127.0.0.1/"},
}


def routes() -> list[tuple[str, str, str]]:
    return [
        (operation_id(route), method, re.sub(r"{(\w+)(?::\w+)?}", lambda match: VALUES[match[1]], route.path))
        for route in every_route()
        for method in sorted(route.methods or ())
    ]


def ask(site: Entrance, operation: str, method: str, path: str, token: str | None) -> Answer:
    """A request that is valid in all but its rights."""
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    body = orjson.dumps(BODIES.get(operation, {})) if method != "GET" else b""
    target = f"{MOUNT}{PREFIX}{path}{QUERIES.get(operation, '')}"
    return call(site, method, target, headers=headers, chunks=[body])


@pytest.mark.parametrize(("operation", "method", "path"), routes())
def test_nobody_gets_through_a_closed_route(
    site: Entrance, tokens: dict[str, str | None], operation: str, method: str, path: str
) -> None:
    answer = ask(site, operation, method, path, tokens["nobody"])
    assert (answer.status == 401) is (operation not in OPEN), f"{operation}: {answer.status} {answer.body[:300]!r}"
    assert answer.status < 500


@pytest.mark.parametrize(("operation", "method", "path"), routes())
def test_a_stranger_sees_no_private_skill_and_changes_nothing(
    site: Entrance, tokens: dict[str, str | None], operation: str, method: str, path: str
) -> None:
    if operation == "logOut":
        return
    answer = ask(site, operation, method, path, tokens["stranger"])
    if "hidden" in path or operation in ("startPublish", "confirmPublish"):
        assert answer.status == 404
    assert b"hidden" not in answer.body.replace(path.encode(), b"")


@pytest.mark.parametrize(("operation", "method", "path"), routes())
def test_a_token_that_may_only_read_writes_nothing(
    site: Entrance, tokens: dict[str, str | None], operation: str, method: str, path: str
) -> None:
    if method != "GET" and operation not in OPEN and operation != "logOut":
        answer = ask(site, operation, method, path, tokens["reader"])
        assert answer.status in (403, 404), f"{operation}: {answer.status} {answer.body[:300]!r}"


def test_the_list_of_open_routes_names_existing_ones() -> None:
    known = {operation for operation, _, _ in routes()}
    assert known >= OPEN
    assert len(known) == len(routes())


def test_every_operation_says_what_it_is_for() -> None:
    assert all(route.summary and route.description for route in every_route())
