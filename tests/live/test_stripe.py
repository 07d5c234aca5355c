"""What we rely on of Stripe is still so, in test mode: nothing here moves real money."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import stripe

from skillyard.app import App
from skillyard.domain.payments.model import Closed, Receipt
from skillyard.domain.payments.rails.stripe import RAIL
from skillyard.domain.payments.stripe.asking import API_VERSION, open_client
from skillyard.infra.ids import new_id
from tests.domain.payments.stripe_makers import a_refund, an_invoice, opened
from tests.makers import make_app

KEY = os.environ["LIVE_STRIPE_KEY"]


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    assert "_test_" in KEY, "these tests are for a key of test mode only"
    app = make_app(tmp_path, stripe_secret_key=KEY, public_url="https://skills.example.org")
    yield app
    app.close()


@pytest.fixture
def client(app: App) -> stripe.StripeClient:
    return open_client(app)


def paid_by(client: stripe.StripeClient, card: str, invoice_id: str) -> stripe.PaymentIntent:
    """A payment as one that comes of a page, by one of Stripe's test cards."""
    return client.v1.payment_intents.create(
        {
            "amount": 2900,
            "currency": "usd",
            "payment_method": card,
            "payment_method_types": ["card"],
            "confirm": True,
            "capture_method": "automatic",
            "metadata": {"invoice_id": invoice_id},
        }
    )


def charge_of(paid: stripe.PaymentIntent) -> str:
    assert isinstance(paid.latest_charge, str)
    return paid.latest_charge


def receipt_of(app: App, charge: str) -> Receipt:
    cursor = str(app.clock.now_ms() // 1000)
    for _ in range(10):
        found = [fact for fact in RAIL.sweep(app, cursor)[0] if isinstance(fact, Receipt) and fact.reference == charge]
        if found:
            return found[0]
        time.sleep(1)
    raise AssertionError(f"{charge} is not in Stripe's books")


def test_the_key_is_good_and_the_clock_right(app: App) -> None:
    found = {check.name: check.ok for check in RAIL.check(app)}
    assert found["stripe key"]
    assert found["stripe clock"]


def test_stripe_speaks_the_version_that_we_ask_for(client: stripe.StripeClient) -> None:
    answer = client.v1.balance.retrieve().last_response
    assert answer is not None
    assert answer.headers["stripe-version"] == API_VERSION


def test_a_page_is_opened_once_and_closed(app: App) -> None:
    invoice = an_invoice(app, new_id("inv"))
    first = opened(app, invoice)
    assert opened(app, invoice).pay_to == first.pay_to
    assert str(first.pay_to.checkout_url).startswith("https://checkout.stripe.com/")
    assert RAIL.look(app, invoice) == []  # found without knowing its page
    RAIL.withdraw_invoice(app, first)
    assert [type(fact) for fact in RAIL.look(app, first)] == [Closed]


def test_money_is_found_in_the_books_with_its_fee_and_refunded_once(app: App, client: stripe.StripeClient) -> None:
    invoice_id = new_id("inv")
    charge = charge_of(paid_by(client, "pm_card_visa", invoice_id))
    receipt = receipt_of(app, charge)
    assert (receipt.invoice_id, receipt.amount) == (invoice_id, 2900)
    assert 0 < receipt.fee < 300
    refund = a_refund(app, charge, new_id("ref"), cents=900)
    sent = RAIL.refund(app, refund)
    assert sent.state == "paid"
    assert RAIL.find_refund(app, refund) == sent
    refused = RAIL.refund(app, a_refund(app, charge, new_id("ref"), cents=2900))
    assert refused.state == "failed"
    assert "greater than unrefunded amount" in refused.why


def test_a_declined_card_has_stripes_own_code(client: stripe.StripeClient) -> None:
    with pytest.raises(stripe.CardError) as caught:
        paid_by(client, "pm_card_visa_chargeDeclined", new_id("inv"))
    assert caught.value.code == "card_declined"
