"""Every route of STACK's API is probed without rights, as a stranger, and with a token that may only read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from skillyard.api.entrance import Entrance
from skillyard.api.native.application import operation_id
from skillyard.api.stack.addresses import MOUNT
from skillyard.api.stack.routes import build_stack, every_route
from skillyard.app import App
from tests.api.asgi import Answer, call

OPEN = set(Path(__file__).with_name("open_routes_stack.txt").read_text().split())
ANYTHING = {"type": "object"}
PUBLISH = {
    "name": "probe", "description": "Probes.", "version": "1.0.0", "input_schema": ANYTHING, "output_schema": ANYTHING,
    "trust_level_required": "L0",
}  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {
    "publishSkill": PUBLISH,
    "updateSkill": {"description": "Mine now."},
    "rejectSkill": {"reason": "because"},
    "invokeSkill": {"input": {}},
    "completeInvocation": {"output": {}},
    "failInvocation": {"error": {"code": "X", "message": "x"}},
    "rateSkill": {"rating": 5},
    "postRequest": {"description": "probe"},
    "updateRequest": {"status": "closed"},
    "registerAgent": {"name": "probe"},
    "updateAgent": {"name": "probe"},
    "enrollKey": {
        "public_key": {"kty": "OKP", "crv": "Ed25519", "x": "x"}, "challenge_id": "x", "signed_challenge": "x",
    },
    "initiateVerification": {"provider_key": "administrator"},
    "completeVerification": {"provider_key": "administrator", "session_ref": "x"},
    "grantDelegation": {"delegated_scopes": ["x"]},
    "updateIdentitySettings": {"identity_claim_ttl": "30d"},
}  # fmt: skip
READS_BY_POST = {"checkTrust", "startCheckout"}


def routes() -> list[tuple[str, str, str]]:
    return [
        (operation_id(route), method, route.path)
        for route in every_route()
        for method in sorted(route.methods or ())
        if route.include_in_schema
    ]


def ask(site: Entrance, operation: str, method: str, path: str, token: str | None) -> Answer:
    """A request that is valid in all but its rights, about a skill that is private to `ada`."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    body = orjson.dumps(BODIES[operation]) if operation in BODIES else b""
    address = re.sub(r"{(\w+)}", "none", path)
    headers["content-type"] = "application/json"
    return call(site, method, f"{MOUNT}{address}", headers=headers, chunks=[body])


@pytest.mark.parametrize(("operation", "method", "path"), routes())
def test_nobody_gets_through_a_closed_route(
    site: Entrance, tokens: dict[str, str | None], operation: str, method: str, path: str
) -> None:
    answer = ask(site, operation, method, path, tokens["nobody"])
    assert (answer.status == 401) is (operation not in OPEN), f"{operation}: {answer.status} {answer.body[:300]!r}"
    assert answer.status < 500


@pytest.mark.parametrize(("operation", "method", "path"), routes())
def test_a_stranger_sees_no_private_skill(
    site: Entrance, tokens: dict[str, str | None], operation: str, method: str, path: str
) -> None:
    answer = ask(site, operation, method, path, tokens["stranger"])
    assert b"hidden" not in answer.body
    if "{" in path and operation != "removeFavorite":
        assert answer.status in (403, 404), f"{operation}: {answer.status} {answer.body[:300]!r}"


@pytest.mark.parametrize(("operation", "method", "path"), routes())
def test_a_token_that_may_only_read_writes_nothing(
    site: Entrance, tokens: dict[str, str | None], operation: str, method: str, path: str
) -> None:
    if method != "GET" and operation not in OPEN | READS_BY_POST:
        answer = ask(site, operation, method, path, tokens["reader"])
        assert answer.status in (403, 404), f"{operation}: {answer.status} {answer.body[:300]!r}"


def test_the_document_says_of_the_same_routes_that_they_need_a_token(app: App) -> None:
    document = build_stack(app).openapi()
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
    assert all(route.summary and route.description for route in every_route() if route.include_in_schema)
