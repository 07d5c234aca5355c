"""Buy in TON and by Stripe with SkillDock's own command line, against networks of the test's own."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.skilldock.client import SkillDock
from tests.api.skilldock.conftest import LIMITS, a_client_of
from tests.journeys.running import Server, a_server
from tests.peers.stripe.peer import Peer
from tests.peers.stripe.server import serving
from tests.peers.ton.driver import WALLET_WORDS, TonPeer

SECRET = "whsec_test"
POLL = ["--poll", "--poll-interval-s", "0.5", "--poll-timeout-s", "45"]


@pytest.fixture(scope="module")
def stripe() -> Iterator[Peer]:
    with serving(Peer()) as peer:
        yield peer


@pytest.fixture(scope="module")
def server(place: Path, ton_network: TonPeer, stripe: Peer) -> Iterator[Server]:
    ton_network.reset()
    ton = {"ton_api_url": ton_network.url, "ton_wallet_words": WALLET_WORDS}
    own = {"stripe_secret_key": "sk_test_peer", "stripe_webhook_secrets": SECRET, "stripe_api_url": stripe.url}
    with a_server(place / "server", **LIMITS, **ton, **own, outbound_http_loopback="true") as running:
        stripe.add_endpoint(f"{running.url}/api/v1/webhooks/stripe", SECRET)
        yield running


@pytest.fixture(scope="module")
def report(owner: SkillDock) -> str:
    owner.upload("acme/report", "--visibility", "private")
    owner.run("skills", "set-commerce", "acme/report", "--is-for-sale", "true")
    owner.run("skills", "set-price", "acme/report", "--pricing-mode", "fixed_usd", "--price-usd", "29.00")
    owner.run("skills", "set-price", "acme/report", "--pricing-mode", "fixed_ton", "--price-ton", "2.750000000")
    return "acme/report"


def test_a_skill_is_bought_in_ton(report: str, owner: SkillDock, eve: SkillDock, ton_network: TonPeer) -> None:
    first = eve.data("skills", "buy", report, "--payment-provider", "ton")
    invoice = first["invoice"]
    assert (first["created"], invoice["status"]) == (True, "pending")
    assert (invoice["amount_ton"], invoice["amount_ton_nano"]) == ("2.750000000", "2750000000")
    assert invoice["pricing_mode_snapshot"] == "fixed_ton"
    again = eve.data("skills", "buy", report, "--payment-provider", "ton")
    assert (again["created"], again["invoice"]["id"]) == (False, invoice["id"])
    assert again["invoice"]["memo"] == invoice["memo"]
    ton_network.send(invoice["pay_to_address"], 2_750_000_000, invoice["memo"])
    paid = eve.data("skills", "buy", report, "--payment-provider", "ton", *POLL)["invoice"]
    assert (paid["status"], paid["access_granted"]) == ("paid", True)
    assert paid["tx_hash"]
    assert eve.data("install", report)["installed"] == [report]
    [sale] = owner.data("skills", "sales")["items"]
    assert (sale["amount_ton"], sale["tx_hash"]) == ("2.750000000", paid["tx_hash"])


def test_a_skill_is_bought_by_stripe(report: str, stripe: Peer, admin: httpx.Client, base: str, place: Path) -> None:
    """The command line refuses to ask for it by itself; what it does not name goes through."""
    buyer = a_client_of(admin, base, place, "stefan")
    asked = buyer.run(
        "call", "buySkill", "--param", "namespace=acme", "--param", "slug=report",
        "--json", '{"payment_provider": "stripe"}', "--raw",
    )  # fmt: skip
    invoice = json.loads(asked.stdout)["invoice"]
    assert invoice["stripe_checkout_url"].startswith(stripe.url)
    assert (invoice["amount_usd"], invoice["amount_usd_cents"]) == ("29.00", 2900)
    stripe.pay(invoice["stripe_checkout_session_id"])
    paid = wait_until_paid(buyer, invoice["id"])
    assert paid["stripe_payment_status"] == "paid"
    assert paid["stripe_payment_intent_id"].startswith("pi_")
    assert buyer.data("install", report)["installed"] == [report]


def test_a_price_that_the_provider_cannot_take_is_a_conflict(owner: SkillDock, eve: SkillDock) -> None:
    owner.upload("acme/for-ton")
    owner.run("skills", "set-commerce", "acme/for-ton", "--is-for-sale", "true")
    owner.run("skills", "set-price", "acme/for-ton", "--pricing-mode", "fixed_ton", "--price-ton", "1")
    asked = ["request", "POST", "/v1/skills/acme/for-ton/buy", "--json", '{"payment_provider": "stripe"}']
    assert "Price mode is incompatible" in eve.refused(*asked)


def test_a_seller_connects_a_stripe_account(eve: SkillDock, stripe: Peer) -> None:
    started = eve.data("skills", "stripe-connect-start", "--country", "US")
    account_id = started["account"]["stripe_account_id"]
    assert started["onboarding_url"].startswith("http")
    assert "account_linked: true" in eve.run("skills", "stripe-connect-status").stdout
    assert eve.data("skills", "stripe-connect-status")["account"]["onboarding_complete"] is False
    method = eve.data("skills", "set-stripe-payout", "--stripe-account-id", account_id)["method"]
    assert (method["stripe_account_id"], method["stripe_account_label"]) == (account_id, "Stripe Express")
    assert "409" in eve.refused("skills", "stripe-connect-start", "--country", "DE")


def wait_until_paid(buyer: SkillDock, invoice_id: str) -> dict[str, Any]:
    for _ in range(90):
        invoice: dict[str, Any] = buyer.data("skills", "invoice", invoice_id)["invoice"]
        if invoice["status"] == "paid":
            return invoice
        time.sleep(0.3)
    raise AssertionError(f"{invoice_id} was never paid")
