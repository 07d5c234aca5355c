"""Every route of SkillDock's API is probed without rights, as a stranger, and with a token that may only read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from skillyard.api.entrance import Entrance
from skillyard.api.native.application import operation_id
from skillyard.api.skilldock.addresses import MOUNT
from skillyard.api.skilldock.routes import build_skilldock, every_route
from skillyard.app import App
from tests.api.asgi import Answer, call

OPEN = set(Path(__file__).with_name("open_routes_skilldock.txt").read_text().split())
VALUES = {
    "namespace": "ada", "slug": "hidden", "version": "1.0.0", "user_id": "ada", "session_id": "cli_none.none",
    "token_id": "tok_none", "invoice_id": "inv_none",
}  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {
    "createNamespace": {"slug": "somewhere"},
    "search": {"query": "hidden"},
    "setPrice": {"pricing_mode": "fixed_usd", "price_usd": "29.00"},
    "setCommerce": {"is_for_sale": True},
    "requestPayout": {"amount_usd": "25.00", "payout_method_kind": "credits"},
    "setTonWallet": {"ton_wallet_address": "UQ"},
    "setStripeAccount": {"stripe_account_id": "acct_1"},
}
FORM = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.zip"\r\n\r\nPK\r\n--x--\r\n'


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
    if operation == "uploadRelease":
        body, headers = FORM, headers | {"content-type": "multipart/form-data; boundary=x"}
    return call(site, method, f"{MOUNT}{path}", headers=headers, chunks=[body])


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
    answer = ask(site, operation, method, path, tokens["stranger"])
    if "hidden" in path:
        assert answer.status == 404, f"{operation}: {answer.status} {answer.body[:300]!r}"
    assert b"hidden" not in answer.body.replace(b"ada/hidden", b"").replace(path.encode(), b"")


@pytest.mark.parametrize(("operation", "method", "path"), routes())
def test_a_token_that_may_only_read_writes_nothing(
    site: Entrance, tokens: dict[str, str | None], operation: str, method: str, path: str
) -> None:
    if method != "GET" and operation not in OPEN:
        answer = ask(site, operation, method, path, tokens["reader"])
        assert answer.status in (403, 404), f"{operation}: {answer.status} {answer.body[:300]!r}"


def test_the_document_says_of_the_same_routes_that_they_need_a_token(app: App) -> None:
    document = build_skilldock(app).openapi()
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
