"""The routes of a shop that takes credits: amounts are strings, who may do what, and what is said to who may not."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from skillyard.app import App
from skillyard.domain.payments.facts import apply_facts
from skillyard.domain.payments.jobs import mature_sales
from skillyard.domain.payments.model import Receipt
from skillyard.infra.clock import FixedClock
from skillyard.infra.money import Asset
from tests.api.native.api import Api
from tests.api.native.registry import RegistryApi
from tests.makers import a_person, a_release, make_app, secret_of
from tests.peers.ton.driver import WALLET_WORDS

DAY_S = 24 * 3600
OWN_WALLET = "UQCD39VS5jcptHL8vMjEXrzGaRcCVYto7HUn4bpAOg8xqEBI"


@dataclass(frozen=True)
class Shop:
    """`ruth` is the administrator, `ada` sells ada/report, `grace` buys, `eve` recommends."""

    app: App
    clock: FixedClock
    ruth: Api
    ada: Api
    grace: Api
    eve: Api

    @property
    def nobody(self) -> Api:
        return self.ruth.as_(None)

    def open(self, *, price: str = "29.00", visibility: str = "private") -> None:
        self.ada.send("PATCH", "/skills/ada/report/sale", {"is_for_sale": True, "visibility": visibility})
        assert self.ada.post("/skills/ada/report/prices", {"mode": "fixed_usd", "amount": price}).status == 201

    def fund(self, credits: str = "5000") -> None:
        granted = self.ruth.post("/admin/credits", {"username": "grace", "amount": credits, "reason": "a test"})
        assert granted.status == 201

    def sell(self) -> str:
        """One sale; the id of its invoice."""
        self.open()
        self.fund()
        return str(self.grace.post("/skills/ada/report/purchase", {"rail": "credits"}).json()["invoice"]["id"])


@contextlib.contextmanager
def a_shop(tmp_path: Path, **settings: Any) -> Iterator[Shop]:
    clock = FixedClock()
    app = make_app(tmp_path, clock=clock, access_token_minutes=60 * 24 * 365, **settings)
    api = RegistryApi(app)
    people = {name: a_person(app, name) for name in ("ruth", "ada", "grace", "eve")}
    a_release(app, people["ada"], "ada/report", files={"scripts/run.py": "print('a secret recipe')"})
    yield Shop(app, clock, **{name: api.as_(secret_of(person)) for name, person in people.items()})
    app.close()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with a_shop(tmp_path, payout_cooling_hours=0) as shop:
        yield shop


def code(answer: object) -> str:
    return str(answer.json()["error"]["code"])  # type: ignore[attr-defined]


def test_a_sale_says_what_is_missing_until_it_can_be_bought(shop: Shop) -> None:
    before = shop.nobody.get("/skills/ada/report/sale").json()
    assert (before["is_for_sale"], before["prices"], before["access"]["can_buy"]) == (False, [], False)
    put_up = shop.ada.send("PATCH", "/skills/ada/report/sale", {"is_for_sale": True, "selling_text": "# Buy me"}).json()
    assert put_up["missing"] == ["price"]
    price = shop.ada.post("/skills/ada/report/prices", {"mode": "fixed_usd", "amount": "29"}).json()
    assert (price["amount"], price["asset"], price["mode"]) == ("29.00", "USD", "fixed_usd")
    sale = shop.grace.get("/skills/ada/report/sale").json()
    assert sale["missing"] == []
    assert sale["selling_text"] == "# Buy me"
    assert sale["pay_with"] == [{"rail": "credits", "asset": "CREDIT"}]
    assert sale["access"] == {
        "can_view_full_content": False, "is_owner": False, "is_buyer": False, "can_buy": True,
    }  # fmt: skip


@pytest.mark.parametrize("amount", ["0", "-1", "1e3", "29.001", "", " 29", "NaN", "29,00", "1" * 30, "٢٩"])
def test_an_amount_that_is_none_is_refused(shop: Shop, amount: str) -> None:
    answer = shop.ada.post("/skills/ada/report/prices", {"mode": "fixed_usd", "amount": amount})
    assert (answer.status, code(answer)) == (422, "amount_not_valid")


@pytest.mark.parametrize("amount", [29, 29.0, None, ["29"], True])
def test_an_amount_that_is_no_string_is_refused(shop: Shop, amount: object) -> None:
    assert shop.ada.post("/skills/ada/report/prices", {"mode": "fixed_usd", "amount": amount}).status == 422


def test_only_owners_sell(shop: Shop) -> None:
    for stranger in (shop.grace, shop.ruth):
        refused = stranger.send("PATCH", "/skills/ada/report/sale", {"is_for_sale": True})
        assert refused.status in (403, 404)
        assert stranger.post("/skills/ada/report/prices", {"mode": "fixed_usd", "amount": "1.00"}).status in (403, 404)


def test_the_content_of_a_private_skill_for_sale_is_withheld_and_the_refusal_says_what_to_do(shop: Shop) -> None:
    shop.open()
    for person in (shop.grace, shop.nobody):
        for path in ("releases/1.0.0/archive", "releases/1.0.0/files/scripts/run.py", "releases/1.0.0/files"):
            answer = person.get(f"/skills/ada/report/{path}")
            assert (answer.status, code(answer)) == (402, "purchase_required"), path
            error = answer.json()["error"]
            assert "29.00 USD" in error["message"]
            assert "skillyard buy ada/report" in error["hint"]
            assert b"secret recipe" not in answer.body
        resolved = person.post("/resolve", {"requirements": {"ada/report": "*"}})
        assert (resolved.status, code(resolved)) == (402, "purchase_required")
        assert person.get("/skills/ada/report/sale").status == 200
    assert shop.ada.get("/skills/ada/report/releases/1.0.0/archive").status == 200


def test_credits_buy_at_once_and_open_the_archive(shop: Shop) -> None:
    shop.open()
    poor = shop.grace.post("/skills/ada/report/purchase", {"rail": "credits"})
    assert poor.status == 402
    assert code(poor) != "purchase_required"
    shop.fund("3000")
    bought = shop.grace.post("/skills/ada/report/purchase", {}).json()
    assert bought["created"] is True
    invoice = bought["invoice"]
    assert (invoice["status"], invoice["amount"], invoice["asset"], invoice["missing"]) == (
        "paid",
        "2900",
        "CREDIT",
        "0",
    )
    assert invoice["page_url"].endswith(f"/invoices/{invoice['id']}")
    mine = shop.grace.get("/me/credits").json()
    assert (mine["username"], mine["available"], mine["held"], mine["owed"]) == ("grace", "100", "0", "0")
    assert mine["purchase_url"].endswith("/account/credits")
    assert shop.grace.get("/skills/ada/report/releases/1.0.0/archive").status == 200
    assert shop.grace.post("/resolve", {"requirements": {"ada/report": "*"}}).status == 200
    (owned,) = shop.grace.get("/me/purchases").json()["items"]
    assert (owned["name"], owned["how"], owned["invoice_id"]) == ("ada/report", "bought", invoice["id"])
    assert code(shop.grace.post("/skills/ada/report/purchase", {})) == "already_bought"
    assert code(shop.ada.post("/skills/ada/report/purchase", {})) == "own_skill"
    assert shop.eve.get("/skills/ada/report/releases/1.0.0/archive").status == 402


def test_the_same_key_buys_and_grants_once(shop: Shop) -> None:
    shop.open()
    grant = {"username": "grace", "amount": "2900", "reason": "a test"}
    for _ in range(2):
        assert shop.ruth.post("/admin/credits", grant, idempotency_key="grant-1").json()["available"] == "2900"
    first = shop.grace.post("/skills/ada/report/purchase", {}, idempotency_key="buy-1")
    again = shop.grace.post("/skills/ada/report/purchase", {}, idempotency_key="buy-1")
    assert (first.status, again.status) == (201, 201)
    assert first.body == again.body


def test_an_invoice_is_for_its_buyer_and_administrators(shop: Shop) -> None:
    invoice_id = shop.sell()
    assert shop.grace.get(f"/invoices/{invoice_id}").json()["status"] == "paid"
    assert [one["id"] for one in shop.grace.get("/invoices").json()["items"]] == [invoice_id]
    assert shop.ruth.get(f"/invoices/{invoice_id}").status == 200
    assert code(shop.eve.get(f"/invoices/{invoice_id}")) == "invoice_not_found"
    assert shop.eve.get("/invoices").json()["items"] == []
    assert code(shop.grace.post(f"/invoices/{invoice_id}/cancel")) == "invoice_not_open"


def test_a_sale_is_shared_out_and_matures(shop: Shop) -> None:
    shop.open()
    shop.fund()
    shop.grace.post("/skills/ada/report/purchase", {"referral_code": "eve"})
    page = shop.ada.get("/me/sales").json()
    (sold,) = page["items"]
    assert page["total"] == 1
    assert (sold["name"], sold["buyer"], sold["rail"], sold["asset"]) == ("ada/report", "grace", "credits", "USD")
    assert (sold["price"], sold["your_share"], sold["fee"], sold["referral_share"]) == (
        "29.00",
        "26.10",
        "1.45",
        "1.45",
    )
    assert shop.ada.get("/skills/ada/report/sales").json()["items"] == [sold]
    assert shop.grace.get("/skills/ada/report/sales").status in (403, 404)
    (usd,) = [one for one in shop.ada.get("/me/balance").json()["assets"] if one["asset"] == "USD"]
    assert (usd["pending"], usd["available"], usd["lifetime_earned"]) == ("26.10", "0.00", "26.10")
    shop.clock.move(seconds=8 * DAY_S)
    mature_sales(shop.app)
    (usd,) = [one for one in shop.ada.get("/me/balance").json()["assets"] if one["asset"] == "USD"]
    assert (usd["pending"], usd["available"]) == ("0.00", "26.10")
    assert {one["kind"] for one in shop.ada.get("/me/transactions").json()["items"]} >= {"sale"}


def test_a_payout_to_credits_is_there_at_once_and_one_key_asks_once(shop: Shop) -> None:
    shop.sell()
    shop.clock.move(seconds=8 * DAY_S)
    mature_sales(shop.app)
    wish = {"amount": "20.00", "asset": "USD", "to": "credits"}
    first = shop.ada.post("/me/payouts", wish, idempotency_key="one")
    assert (first.status, first.json()["status"]) == (201, "paid"), first.body
    assert shop.ada.post("/me/payouts", wish, idempotency_key="one").json() == first.json()
    assert shop.ada.get("/me/credits").json()["available"] == "2000"
    assert len(shop.ada.get("/me/payouts").json()["items"]) == 1
    shown = shop.ada.get(f"/me/payouts/{first.json()['id']}").json()
    assert shown["payout"] == first.json()
    assert shown["steps"][-1]["status"] == "paid"
    too_much = shop.ada.post("/me/payouts", {**wish, "amount": "10.00"}, idempotency_key="two")
    assert code(too_much) == "not_enough_available"
    assert shop.eve.get(f"/me/payouts/{first.json()['id']}").status == 404
    assert [one["id"] for one in shop.ruth.get("/admin/payouts").json()["items"]] == [first.json()["id"]]


def test_a_refund_takes_the_access_back(shop: Shop) -> None:
    invoice_id = shop.sell()
    assert shop.eve.post(f"/invoices/{invoice_id}/refunds", {"reason": "why not"}).status in (403, 404)
    assert code(shop.ada.post(f"/invoices/{invoice_id}/refunds", {"reason": "x", "amount": "30.00"})) == (
        "nothing_to_refund"
    )
    refunded = shop.ada.post(f"/invoices/{invoice_id}/refunds", {"reason": "It does not work."})
    assert refunded.status == 201
    assert shop.grace.get(f"/invoices/{invoice_id}").json()["status"] == "refunded"
    assert shop.grace.get("/me/credits").json()["available"] == "5000"
    assert code(shop.grace.get("/skills/ada/report/releases/1.0.0/archive")) == "purchase_required"
    (sold,) = shop.ada.get("/me/sales").json()["items"]
    assert sold["refunded"] == "29.00"


def test_access_can_be_given_and_taken_back(shop: Shop) -> None:
    shop.open()
    given = shop.ada.put("/skills/ada/report/access/grace")
    assert (given.status, given.json()["how"]) == (200, "granted")
    assert shop.grace.get("/skills/ada/report/releases/1.0.0/archive").status == 200
    assert [one["username"] for one in shop.ada.get("/skills/ada/report/access").json()["items"]] == ["grace"]
    assert shop.ada.delete("/skills/ada/report/access/grace").status == 200
    assert shop.grace.get("/skills/ada/report/releases/1.0.0/archive").status == 402
    assert code(shop.ada.put("/skills/ada/report/access/nobody-here")) == "person_not_found"
    assert shop.grace.put("/skills/ada/report/access/grace").status in (403, 404)


def test_ways_to_pay_that_are_not_there_are_named(shop: Shop) -> None:
    shop.open()
    unknown = shop.grace.post("/skills/ada/report/purchase", {"rail": "shells"})
    assert (unknown.status, code(unknown)) == (422, "payment_provider_unknown")
    assert "credits" in unknown.json()["error"]["hint"]
    for rail in ("stripe", "ton"):
        answer = shop.grace.post("/skills/ada/report/purchase", {"rail": rail})
        assert (answer.status, code(answer)) == (503, "payment_provider_not_set_up")
    referred = shop.grace.post("/skills/ada/report/purchase", {"referral_code": "no-such-person"})
    assert code(referred) == "referral_code_unknown"


def test_payout_methods_hold_what_can_be_used(shop: Shop) -> None:
    assert [one["kind"] for one in shop.ada.get("/me/payout-methods").json()["items"]] == ["credits"]
    wallet = shop.ada.put("/me/payout-methods/ton", {"address": OWN_WALLET}).json()
    assert wallet["ton_wallet_address"] == OWN_WALLET
    for bad in ("", "EQabc", OWN_WALLET[:-1] + "A", "0:" + "0" * 63):
        assert shop.ada.put("/me/payout-methods/ton", {"address": bad}).status == 422
    assert shop.ada.get("/me/connect").json() == {"account": None}
    assert shop.ada.post("/me/connect", {}).status in (409, 503)


def test_rates_are_set_by_administrators_and_read_by_all(shop: Shop) -> None:
    assert shop.nobody.get("/rates/TON").json() == {"rate": None}
    assert shop.ruth.put("/admin/rates/TON", {"usd": "5.20"}).json()["usd"] == "5.20"
    assert shop.nobody.get("/rates/TON").json()["rate"]["usd"] == "5.20"
    for bad in ("0", "-1", "x", "1e3", ""):
        assert shop.ruth.put("/admin/rates/TON", {"usd": bad}).status == 422


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/admin/credits", {"username": "eve", "amount": "1", "reason": "x"}),
        ("GET", "/admin/payouts", None),
        ("POST", "/admin/payouts/po_none/approve", None),
        ("POST", "/admin/payouts/po_none/reject", {"reason": "x"}),
        ("PUT", "/admin/rates/TON", {"usd": "1"}),
        ("GET", "/admin/deposits", None),
        ("POST", "/admin/deposits/match", {"rail": "ton", "reference": "x", "invoice_id": "inv_x"}),
        ("POST", "/admin/deposits/return", {"rail": "ton", "reference": "x"}),
    ],
)
def test_only_administrators_look_after_money(shop: Shop, method: str, path: str, body: object) -> None:
    answer = shop.ada.send(method, path, body)
    assert (answer.status, code(answer)) == (403, "administrators_only")


def test_webhooks_need_no_account_but_a_signature(tmp_path: Path) -> None:
    app = make_app(tmp_path, stripe_secret_key="sk_test_x", stripe_webhook_secrets="whsec_x")
    api = Api(app)
    for headers in ({}, {"stripe_signature": "t=1,v1=00"}, {"stripe_signature": "nonsense"}):
        answer = api.post("/webhooks/stripe", {"id": "evt_1", "type": "charge.refunded"}, **headers)
        assert (answer.status, code(answer)) == (422, "webhook_not_valid")
        assert "evt_1" not in answer.body.decode()
    assert api.post("/webhooks/shells", {}).status == 422
    assert api.post("/webhooks/credits", {}).status in (409, 422)
    assert api.post("/webhooks/ton", {}).status in (409, 503)
    app.close()


def test_what_was_free_and_is_sold_now_is_no_longer_handed_out_from_memory(shop: Shop) -> None:
    release = shop.nobody.get("/skills/ada/report/releases/1.0.0").json()
    blob = f"/blobs/{release['archive']['sha256']}"
    for _ in range(2):
        assert shop.nobody.get(blob).status == 200
        assert shop.nobody.get("/skills/ada/report").json()["readme"]
    shop.open(visibility="public")
    assert shop.nobody.get(blob).status in (402, 404)
    assert shop.nobody.get("/skills/ada/report").json()["readme"]
    assert shop.nobody.get("/skills/ada/report/releases/1.0.0/archive").status == 402
    shop.open(visibility="private")
    hidden = shop.nobody.get("/skills/ada/report")
    assert b"How to use it" not in hidden.body
    assert shop.nobody.get(blob).status in (402, 404)
    shop.ada.send("PATCH", "/skills/ada/report/sale", {"is_for_sale": False, "visibility": "private"})
    assert shop.nobody.get("/skills/ada/report").status == 404
    assert shop.nobody.get("/skills/ada/report/sale").status == 404


@pytest.mark.parametrize("decision", ["approve", "reject"])
def test_a_large_payout_waits_for_an_administrator(tmp_path: Path, decision: str) -> None:
    settings = {"payout_cooling_hours": 0, "payout_approval_nanoton": 10**9, "ton_wallet_words": WALLET_WORDS}
    with a_shop(tmp_path, **settings) as shop:
        shop.open()
        shop.ada.post("/skills/ada/report/prices", {"mode": "fixed_ton", "amount": "5"})
        invoice = shop.grace.post("/skills/ada/report/purchase", {"rail": "ton"}).json()["invoice"]
        came = Receipt(
            rail="ton", reference="0:ab:1:cd", asset=Asset.TON, amount=5 * 10**9, memo=invoice["pay_to"]["memo"],
            received_ms=shop.clock.now_ms(),
        )  # fmt: skip
        apply_facts(shop.app, [came])
        shop.clock.move(seconds=8 * DAY_S)
        mature_sales(shop.app)
        shop.ada.put("/me/payout-methods/ton", {"address": OWN_WALLET})
        asked = shop.ada.post("/me/payouts", {"amount": "4", "asset": "TON", "to": "ton"}).json()
        assert (asked["status"], asked["needs_approval"], asked["amount"]) == ("requested", True, "4.000000000")
        assert shop.ada.post(f"/admin/payouts/{asked['id']}/{decision}", {"reason": "x"}).status == 403
        assert shop.ruth.post(f"/admin/payouts/{asked['id']}/{decision}", {"reason": "Ask us."}).status == 200
        shown = shop.ada.get(f"/me/payouts/{asked['id']}").json()["payout"]
        (ton,) = [one for one in shop.ada.get("/me/balance").json()["assets"] if one["asset"] == "TON"]
        if decision == "approve":
            assert (shown["status"], ton["held"]) == ("approved", "4.000000000")
            assert shop.ada.post(f"/me/payouts/{asked['id']}/cancel").json()["status"] == "cancelled"
        else:
            assert (shown["status"], shown["why"], ton["available"]) == ("rejected", "Ask us.", "4.500000000")
            assert shop.ada.post(f"/me/payouts/{asked['id']}/cancel").status == 409
