"""Every route of Skillett's API is probed without a key, as a stranger, with a token that may only read, and with a
key for calls: whoever steals one calls and connects, and does nothing else.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from skillyard.api.entrance import Entrance
from skillyard.api.native.application import operation_id
from skillyard.api.skillett.addresses import MOUNT
from skillyard.api.skillett.routes import build_skillett, every_route
from skillyard.app import App
from skillyard.domain.accounts.links import redeem_link
from skillyard.domain.accounts.rights import KEY_SCOPES
from skillyard.domain.accounts.tokens import create_token
from tests.api.asgi import Answer, call
from tests.makers import a_link, signed_in

OPEN = set(Path(__file__).with_name("open_routes_skillett.txt").read_text().split())
VALUES = {"integration": "github", "endpoint": "create_issue", "connection_id": "attempt_none", "key_id": "tok_none"}
BODIES: dict[str, dict[str, Any]] = {
    "connect": {"integration": "github"},
    "startDeviceSignIn": {"client_id": "probe"},
    "authorizeDevice": {"user_code": "BBBB-BBBB"},
    "getDeviceToken": {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": "cli_none.x"},
    "createKey": {"name": "probe"},
    "callEndpoint": {"params": {"repo": "acme/hidden", "title": "probe"}},
}
OF_ITS_OWNER = {"listKeys", "createKey", "revokeKey", "authorizeDevice"}  # not for keys, but for people


def routes() -> list[tuple[str, str, str]]:
    return [
        (operation_id(route), method, re.sub(r"{(\w+)}", lambda match: VALUES[match[1]], route.path))
        for route in every_route()
        for method in sorted(route.methods or ())
    ]


def ask(site: Entrance, operation: str, method: str, path: str, token: str | None) -> Answer:
    """A request that is valid in all but its rights."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    body = orjson.dumps(BODIES[operation]) if operation in BODIES else b""
    headers |= {"content-type": "application/json"} if body else {}
    return call(site, method, f"{MOUNT}{path}", headers=headers, chunks=[body])


@pytest.mark.parametrize(("operation", "method", "path"), routes())
def test_nobody_gets_through_a_closed_route(
    site: Entrance, tokens: dict[str, str | None], operation: str, method: str, path: str
) -> None:
    answer = ask(site, operation, method, path, tokens["nobody"])
    assert (answer.status == 401) is (operation not in OPEN), f"{operation}: {answer.status} {answer.body[:300]!r}"
    assert answer.status < 500


@pytest.mark.parametrize(("operation", "method", "path"), routes())
def test_a_token_that_may_only_read_calls_and_connects_nothing(
    site: Entrance, tokens: dict[str, str | None], operation: str, method: str, path: str
) -> None:
    if operation not in OPEN:
        answer = ask(site, operation, method, path, tokens["reader"])
        assert answer.status == 403, f"{operation}: {answer.status} {answer.body[:300]!r}"


@pytest.fixture(scope="module")
def key(app: App, tokens: dict[str, str | None]) -> str:
    """Of ada, whose skill is hidden."""
    assert tokens["reader"]
    ada = signed_in(app, redeem_link(app, code=a_link(app, "ada")))
    return create_token(app, ada, name="agent", scopes=KEY_SCOPES).secret


@pytest.mark.parametrize(("operation", "method", "path"), routes())
def test_a_key_calls_and_connects_and_nothing_else(
    site: Entrance, key: str, operation: str, method: str, path: str
) -> None:
    answer = ask(site, operation, method, path, key)
    is_refused = answer.status == 403 and answer.json()["reason_code"] == "scope_missing"
    assert is_refused is (operation in OF_ITS_OWNER), f"{operation}: {answer.status} {answer.body[:300]!r}"
    has_no_client = operation == "connect" and answer.status == 503
    assert answer.status < 500 or has_no_client


def test_the_document_says_of_the_same_routes_that_they_need_a_key(app: App) -> None:
    document = build_skillett(app).openapi()
    closed = {
        operation["operationId"]
        for path in document["paths"].values()
        for operation in path.values()
        if operation.get("security")
    }
    assert closed == {operation for operation, _, _ in routes()} - OPEN


def test_the_list_of_open_routes_names_existing_ones() -> None:
    known = {operation for operation, _, _ in routes()}
    assert known >= OPEN
    assert len(known) == len(routes())


def test_every_operation_says_what_it_is_for() -> None:
    assert all(route.summary and route.description for route in every_route())
