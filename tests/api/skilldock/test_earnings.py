"""What sellers see of their money, and how they are paid, when time goes by."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from skillyard.api.asgi import build_asgi
from skillyard.api.native.documents import Documents
from skillyard.domain.accounts.model import Caller
from skillyard.infra.clock import FixedClock
from tests.api.asgi import Answer, call
from tests.domain.payments.shop import Shop, a_shop
from tests.makers import make_app, secret_of


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    clock = FixedClock()
    app = make_app(tmp_path, clock=clock, access_token_minutes=60 * 24 * 30)
    shop = a_shop(app, clock)
    shop.grant("2900")
    yield shop
    shop.check()
    app.close()


def send(shop: Shop, who: Caller, method: str, path: str, body: Any = None) -> Answer:
    headers = {"authorization": f"Bearer {secret_of(who)}", "content-type": "application/json"}
    site = build_asgi(shop.app, Documents(shop.app))
    data = orjson.dumps(body) if body is not None else b""
    return call(site, method, f"/skilldock/v1{path}", headers=headers, chunks=[data])


def balance(shop: Shop) -> dict[str, str]:
    found: dict[str, str] = send(shop, shop.sal, "GET", "/me/balance").json()["balance"]
    return found


def test_what_is_earned_becomes_available_and_is_paid_out(shop: Shop) -> None:
    bought = send(shop, shop.bob, "POST", "/skills/sal/report/buy", {"payment_provider": "credits"})
    assert bought.status == 201, bought.body
    assert (balance(shop)["pending_usd"], balance(shop)["available_usd"]) == ("26.10", "0.00")
    shop.later(days=8)
    assert (balance(shop)["pending_usd"], balance(shop)["available_usd"]) == ("0.00", "26.10")
    wanted = {"amount_usd": "25.00", "payout_method_kind": "credits"}
    asked = send(shop, shop.sal, "POST", "/me/payout-requests", wanted)
    assert asked.status == 201, asked.body
    request = asked.json()["payout_request"]
    assert (request["status"], request["amount_usd"], request["payout_method_kind"]) == ("paid", "25.00", "credits")
    listed = send(shop, shop.sal, "GET", "/me/payout-requests").json()
    assert listed["items"] == [request]
    assert listed["has_more"] is False
    after = balance(shop)
    assert (after["available_usd"], after["lifetime_paid_out_usd"]) == ("1.10", "25.00")
    assert after["lifetime_earned_usd"] == "26.10"


def test_no_more_than_there_is_can_be_asked_for(shop: Shop) -> None:
    wanted = {"amount_usd": "25.00", "payout_method_kind": "credits"}
    refused = send(shop, shop.sal, "POST", "/me/payout-requests", wanted)
    assert refused.status in (402, 409), refused.body
    assert refused.json()["message"]


def test_the_statement_adds_up_over_its_pages(shop: Shop) -> None:
    send(shop, shop.bob, "POST", "/skills/sal/report/buy")
    shop.later(days=8)
    lines, page = [], 1
    while True:
        found = send(shop, shop.sal, "GET", f"/me/balance/transactions?page={page}&per_page=1").json()
        lines += found["items"]
        if not found["has_more"]:
            break
        page += 1
    assert sum(float(line["amount_usd"]) for line in lines) == pytest.approx(26.10)
    assert {line["type"] for line in lines} >= {"sale", "maturity"}
    assert len({line["id"] for line in lines}) == len(lines)


def test_a_sale_is_seen_by_both_sides(shop: Shop) -> None:
    send(shop, shop.bob, "POST", "/skills/sal/report/buy")
    [bought] = send(shop, shop.bob, "GET", "/me/bought-skills").json()["items"]
    assert bought["skill"] == {"namespace": "sal", "slug": "report", "title": "report"}
    assert send(shop, shop.bob, "GET", "/me/bought-skills?page=2").json()["items"] == []
    sold = send(shop, shop.sal, "GET", "/skills/sal/report/sales").json()
    assert (sold["total_sales"], sold["items"][0]["amount_usd"]) == (1, "29.00")
    assert send(shop, shop.sal, "GET", "/me/sales").json()["items"] == sold["items"]
