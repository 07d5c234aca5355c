"""Sell and buy with SkillDock's own command line, where no way to pay is set up but credits."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.api.skilldock.client import SkillDock
from tests.api.skilldock.conftest import LIMITS, a_client_of
from tests.journeys.running import Server, a_server

PAID = "# The paid text"


@pytest.fixture(scope="module")
def server(place: Path) -> object:
    with a_server(place / "server", **LIMITS, maturity_days="0") as running:
        yield running


@pytest.fixture(scope="module")
def report(owner: SkillDock) -> str:
    """A private skill for sale, for 29 dollars or 2.75 TON."""
    owner.upload("acme/report", "--visibility", "private", description="Hides much. Use it.", body=PAID)
    setting = ["--is-for-sale", "true", "--visibility", "private", "--selling-description-md", "What buyers see"]
    sale = owner.data("skills", "set-commerce", "acme/report", *setting)["sale"]
    assert sale["owner_setup"] == {"status": "incomplete", "missing_requirements": ["price"]}
    price = owner.data("skills", "set-price", "acme/report", "--pricing-mode", "fixed_usd", "--price-usd", "29.00")
    assert price["price"]["price_usd"] == "29.00"
    ton = ["--pricing-mode", "fixed_ton", "--price-ton", "2.750000000"]
    assert owner.data("skills", "set-price", "acme/report", *ton)["price"]["price_ton_nano"] == "2750000000"
    return "acme/report"


def a_buyer(admin: httpx.Client, base: str, place: Path, name: str, *, credits: str | None = None) -> SkillDock:
    buyer = a_client_of(admin, base, place, name)
    if credits is not None:
        grant = {"username": name, "amount": credits, "reason": "a present"}
        assert admin.post("/admin/credits", json=grant).status_code < 300
    return buyer


def test_everybody_sees_the_page_of_what_is_for_sale_and_not_the_paid_text(
    report: str, owner: SkillDock, eve: SkillDock, nobody: SkillDock, web: httpx.Client
) -> None:
    for visitor in (eve, nobody):
        page = visitor.data("skills", "get", report)
        assert page["skill"]["sale"]["selling_description_md"] == "What buyers see"
        assert page["skill"]["sale"]["price_usd"] == "29.00"
        assert page["skill"]["sale"]["price_ton_nano"] == "2750000000"
        assert page["skill"]["access"]["can_view_full_content"] is False
        assert page["description_md"] == "What buyers see"
        release = visitor.data("skills", "release", report, "1.0.0")
        assert PAID not in str(page) + str(release)
        assert "Hides much" not in str(page) + str(release)
        assert [one["version"] for one in visitor.data("skills", "releases", report)["items"]] == ["1.0.0"]
    assert eve.data("skills", "get", report)["skill"]["access"]["can_buy"] is True
    shown = owner.data("skills", "get", report)
    assert shown["skill"]["access"]["is_owner"] is True
    assert PAID in shown["description_md"]
    [found] = nobody.data("skills", "search", "what buyers see")["items"]
    assert (found["sale"]["price_usd"], found["sale"]["is_for_sale"]) == ("29.00", True)
    assert "29.00" in nobody.run("users", "get", "ada").stdout
    assert PAID not in web.post("/v2/search", json={"query": "report"}).text


def test_what_is_not_bought_cannot_be_installed(report: str, eve: SkillDock, web: httpx.Client) -> None:
    text = eve.refused("install", report)
    assert "requires purchase" in text
    assert "`skilldock skills buy acme/report`" in text
    assert not (eve.project / "skills/acme/report").exists()
    answer = web.get("/v1/skills/acme/report/releases/1.0.0/download")
    assert (answer.status_code, answer.json()["code"]) == (402, "purchase_required")


def test_what_is_bought_with_credits_is_there_at_once(
    report: str, owner: SkillDock, admin: httpx.Client, base: str, place: Path
) -> None:
    bob = a_buyer(admin, base, place, "bob", credits="5000")
    purchase = bob.data("skills", "buy", report)
    assert (purchase["created"], purchase["invoice"]["status"]) == (True, "paid")
    assert purchase["invoice"]["access_granted"] is True
    assert (purchase["invoice"]["payment_provider"], purchase["invoice"]["amount_usd"]) == ("credits", "29.00")
    assert bob.data("install", report)["installed"] == [report]
    assert PAID in bob.data("skills", "get", report)["description_md"]
    assert bob.data("skills", "invoice", purchase["invoice"]["id"])["invoice"]["status"] == "paid"
    [bought] = bob.data("skills", "bought")["items"]
    assert (bought["skill"]["namespace"], bought["skill"]["slug"]) == ("acme", "report")
    assert bought["purchased_at"] == purchase["invoice"]["paid_at"]
    assert "acme/report" in bob.run("skills", "bought").stdout
    assert "409" in bob.refused("skills", "buy", report)
    sales = owner.data("skills", "sales", "--skill", report)
    assert sales["total_sales"] == len(sales["items"]) == 1
    assert sales["items"][0]["buyer"]["user_id"] == "bob"
    assert sales["items"][0]["amount_usd"] == "29.00"
    assert owner.data("skills", "sales")["total_sales"] == 1
    assert owner.data("skills", "get", report)["skill"]["sale"]["sold_total"] == 1


def test_an_invoice_is_seen_by_its_buyer_only(
    report: str, eve: SkillDock, admin: httpx.Client, base: str, place: Path
) -> None:
    carl = a_buyer(admin, base, place, "carl", credits="2900")
    invoice = carl.data("skills", "buy", report)["invoice"]["id"]
    assert f"invoice_id: {invoice}" in carl.run("skills", "invoice", invoice).stdout
    assert "404" in eve.refused("skills", "invoice", invoice)
    assert "404" in carl.refused("skills", "invoice", "inv_no-such")


def test_what_cannot_be_bought_is_said_so(report: str, owner: SkillDock, eve: SkillDock) -> None:
    assert "402" in eve.refused("skills", "buy", report)
    assert "409" in owner.refused("skills", "buy", report)
    assert "provider is unsupported" in eve.refused("skills", "buy", report, "--payment-provider", "ton")
    assert "422" in eve.refused("skills", "buy", report, "--referral-code", "nobody-of-this-name")
    owner.upload("acme/free")
    assert "409" in eve.refused("skills", "buy", "acme/free")
    assert "404" in eve.refused("skills", "buy", "acme/none-such")
    owner.upload("acme/for-ton")
    owner.run("skills", "set-commerce", "acme/for-ton", "--is-for-sale", "true")
    owner.run("skills", "set-price", "acme/for-ton", "--pricing-mode", "fixed_ton", "--price-ton", "1.5")
    assert "409" in eve.refused("skills", "buy", "acme/for-ton")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"payment_provider": "stripe"}, "payment_provider_unsupported"),
        ({"payment_provider": "paypal"}, "payment_provider_unsupported"),
        ({"payment_provider": "ton"}, "payment_provider_unsupported"),
        ({"payment_provider": "credits", "referral_code": "ada"}, "referral_not_allowed"),
    ],
)
def test_a_provider_that_is_not_there_is_a_conflict(
    report: str, eve: SkillDock, web: httpx.Client, body: dict[str, str], code: str
) -> None:
    headers = {"authorization": f"Bearer {eve.token}"}
    answer = web.post(f"/v1/skills/{report}/buy", json=body, headers=headers)
    assert answer.json()["code"] == code
    assert answer.status_code in (409, 422)


def test_only_owners_set_prices_and_what_is_for_sale(report: str, eve: SkillDock, web: httpx.Client) -> None:
    price = ["--pricing-mode", "fixed_usd", "--price-usd", "1.00"]
    assert "403" in eve.refused("skills", "set-price", report, *price)
    assert "403" in eve.refused("skills", "set-commerce", report, "--is-for-sale", "false")
    assert "404" in eve.refused("skills", "sales", "--skill", report)
    assert web.post(f"/v1/skills/{report}/prices", json={"pricing_mode": "fixed_usd"}).status_code == 401


@pytest.mark.parametrize("amount", ["0.00", "-1", "1.001", "1e3", " 1", "1,00", "", "9" * 30, "nan", "\u0661"])
def test_an_amount_is_a_plain_positive_decimal(report: str, owner: SkillDock, web: httpx.Client, amount: str) -> None:
    headers = {"authorization": f"Bearer {owner.token}"}
    body = {"pricing_mode": "fixed_usd", "price_usd": amount}
    assert web.post(f"/v1/skills/{report}/prices", json=body, headers=headers).status_code == 422
    payout = {"amount_usd": amount, "payout_method_kind": "credits"}
    assert web.post("/v1/me/payout-requests", json=payout, headers=headers).status_code == 422


def test_an_amount_that_is_a_number_is_refused(report: str, owner: SkillDock, web: httpx.Client) -> None:
    headers = {"authorization": f"Bearer {owner.token}"}
    for body in ({"pricing_mode": "fixed_usd", "price_usd": 29.0}, {"pricing_mode": "fixed_ton", "price_usd": "1.00"}):
        assert web.post(f"/v1/skills/{report}/prices", json=body, headers=headers).status_code == 422


def test_what_was_earned_is_shown_and_paid_out(
    server: Server, owner: SkillDock, admin: httpx.Client, base: str, place: Path
) -> None:
    seller = a_buyer(admin, base, place, "sal")
    seller.run("namespaces", "create", "sal-sells")
    seller.upload("sal-sells/kit", "--visibility", "private")
    seller.run("skills", "set-commerce", "sal-sells/kit", "--is-for-sale", "true")
    seller.run("skills", "set-price", "sal-sells/kit", "--pricing-mode", "fixed_usd", "--price-usd", "100.00")
    assert seller.data("skills", "balance")["balance"]["pending_usd"] == "0.00"
    buyer = a_buyer(admin, base, place, "dora", credits="10000")
    assert buyer.data("skills", "buy", "sal-sells/kit", "--referral-code", "ada")["invoice"]["status"] == "paid"
    balance = seller.data("skills", "balance")["balance"]
    assert balance["lifetime_earned_usd"] == "90.00"
    assert {balance["pending_usd"], balance["available_usd"]} == {"90.00", "0.00"}
    assert "lifetime_earned_usd: 90.00" in seller.run("skills", "balance").stdout
    assert owner.data("skills", "balance")["balance"]["lifetime_earned_usd"] >= "5.00"
    lines = seller.data("skills", "balance-transactions", "--page", "1", "--per-page", "20")["items"]
    assert lines[-1]["type"] == "sale"
    assert lines[-1]["amount_usd"] == "90.00"
    assert "90.00" in seller.run("skills", "balance-transactions").stdout


def test_payout_methods_are_set_and_listed(owner: SkillDock, admin: httpx.Client, base: str, place: Path) -> None:
    seller = a_buyer(admin, base, place, "wally")
    assert [one["kind"] for one in seller.data("skills", "payout-methods")["items"]] == ["credits"]
    wallet = "0:" + "5e" * 32
    method = seller.data("skills", "set-ton-wallet", "--ton-wallet-address", wallet)["method"]
    assert (method["kind"], method["status"]) == ("ton", "cooling")
    assert method["ton_wallet_address"].startswith("UQ")
    assert "kind: ton" in seller.run("skills", "set-ton-wallet", "--ton-wallet-address", wallet).stdout
    assert [one["kind"] for one in seller.data("skills", "payout-methods")["items"]] == ["credits", "ton"]
    assert "422" in seller.refused("skills", "set-ton-wallet", "--ton-wallet-address", "not a wallet")
    assert "404" in seller.refused("skills", "set-stripe-payout", "--stripe-account-id", "acct_1ABCDEF")


def test_an_administrator_is_paid_out_like_everybody(owner: SkillDock) -> None:
    """With a token that the client made without options."""
    token = owner.data("tokens", "create")["token"]
    with_own = SkillDock(owner.home, owner.base, token)
    assert "409" in with_own.refused("skills", "request-payout", "--amount-usd", "25.00", "--payout-method-kind", "ton")
    assert with_own.data("skills", "payout-requests", "--page", "1", "--per-page", "20")["items"] == []


def test_where_stripe_is_not_set_up_its_commands_say_so(eve: SkillDock) -> None:
    assert "409" in eve.refused("skills", "stripe-connect-start", "--country", "US")
    assert "409" in eve.refused("skills", "stripe-connect-start")
    assert eve.data("skills", "stripe-connect-status")["account"] is None
    assert "account_linked: false" in eve.run("skills", "stripe-connect-status").stdout
    payout = ["--amount-usd", "25.00", "--payout-method-kind", "stripe"]
    assert "409" in eve.refused("skills", "request-payout", *payout)
