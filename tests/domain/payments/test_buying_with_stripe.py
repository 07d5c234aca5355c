"""Buying through Stripe: the peer's pages, its events in any order, its refunds, disputes and silences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from skillyard.domain.payments import ledger
from skillyard.domain.payments.chart import Kind, platform
from skillyard.domain.payments.errors import AlreadyBought, InvoiceNotOpen, PurchaseRequired
from skillyard.domain.payments.invoices import cancel_invoice
from skillyard.domain.payments.model import Invoice, InvoiceStatus, RefundStatus
from skillyard.domain.payments.refunds import list_refunds, refund
from skillyard.domain.payments.webhooks import receive_event
from skillyard.domain.registry.download import find_archive
from skillyard.domain.registry.sale import set_price
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import SkillyardError
from skillyard.infra.money import Asset
from tests.domain.payments.shop import REPORT, Shop, a_shop
from tests.domain.payments.stripe_makers import SECRET, an_app, signed_now
from tests.peers.stripe.faults import Accident
from tests.peers.stripe.peer import Peer
from tests.peers.stripe.webhooks import Weather


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, stripe_peer: Peer) -> Iterator[Shop]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    app = an_app(tmp_path, stripe_peer, database_url=url)
    assert isinstance(app.clock, FixedClock)
    shop = a_shop(app, app.clock)
    yield shop
    shop.check()
    app.close()


def session_of(invoice: Invoice) -> str:
    assert invoice.pay_to.reference is not None
    return invoice.pay_to.reference


def clearing(shop: Shop) -> int:
    """What our books say that Stripe holds for us."""
    with shop.app.database.reading() as tx:
        return ledger.balance(tx, platform(Kind.STRIPE_CLEARING, Asset.USD))


def held_by(peer: Peer) -> int:
    """What Stripe says that it holds for us."""
    return peer.balance()


def refunded(peer: Peer, charge_id: str) -> int:
    return int(peer.world.get("charge", charge_id)["amount_refunded"])


def test_a_paid_session_buys_the_skill(shop: Shop, stripe_peer: Peer) -> None:
    bought = shop.buy()
    assert (bought.created, bought.invoice.status, bought.invoice.rail) == (True, InvoiceStatus.OPEN, "stripe")
    assert (bought.invoice.pay_to.checkout_url or "").startswith(stripe_peer.url)
    again = shop.buy()
    assert (again.created, again.invoice.id) == (False, bought.invoice.id)
    stripe_peer.pay(session_of(bought.invoice))
    shop.work()
    shop.work()
    assert shop.invoice(bought.invoice.id).status is InvoiceStatus.PAID
    assert find_archive(shop.app, shop.bob, name=REPORT, version="latest")
    assert shop.balance() == (2610, 0)
    assert clearing(shop) == held_by(stripe_peer) == 2900 - 114


def test_nothing_is_bought_before_the_money_is_there(shop: Shop, stripe_peer: Peer) -> None:
    invoice = shop.buy().invoice
    stripe_peer.pay_later(session_of(invoice))
    shop.work()
    assert shop.invoice(invoice.id).status is InvoiceStatus.OPEN
    with pytest.raises(PurchaseRequired):
        find_archive(shop.app, shop.bob, name=REPORT, version="latest")
    stripe_peer.settle(session_of(invoice))
    shop.work()
    assert shop.invoice(invoice.id).status is InvoiceStatus.PAID


def test_an_open_invoice_keeps_its_amount_and_a_new_one_has_the_new_price(shop: Shop, stripe_peer: Peer) -> None:
    first = shop.buy().invoice
    set_price(shop.app, shop.sal, name=REPORT, mode="fixed_usd", amount="1.00")
    assert shop.buy().invoice.amount == 2900
    shop.later(minutes=31)
    stripe_peer.move(0)
    assert shop.invoice(first.id).status is InvoiceStatus.EXPIRED
    second = shop.buy().invoice
    assert (second.id != first.id, second.amount) == (True, 100)


def test_paying_twice_gives_the_second_payment_back(shop: Shop, stripe_peer: Peer) -> None:
    first = shop.buy().invoice
    shop.grant("2900")
    stripe_peer.pay(session_of(first))
    shop.buy(rail="credits")
    shop.work()
    assert shop.invoice(first.id).status in (InvoiceStatus.REFUND_DUE, InvoiceStatus.REFUNDED)
    shop.later(minutes=2)
    (given_back,) = list_refunds(shop.app, shop.bob, invoice_id=first.id)
    assert (given_back.status, given_back.amount) == (RefundStatus.PAID, 2900)
    assert shop.invoice(first.id).status is InvoiceStatus.REFUNDED
    assert shop.balance() == (2610, 0)
    assert clearing(shop) == held_by(stripe_peer)


def test_a_cancelled_invoice_that_is_paid_all_the_same_is_refunded(shop: Shop, stripe_peer: Peer) -> None:
    invoice = shop.buy().invoice
    charge = stripe_peer.pay(session_of(invoice))
    cancel_invoice(shop.app, shop.bob, invoice_id=invoice.id)
    shop.work()
    shop.later(minutes=2)
    assert shop.invoice(invoice.id).status is InvoiceStatus.REFUNDED
    assert refunded(stripe_peer, charge["id"]) == 2900
    with pytest.raises(InvoiceNotOpen):
        cancel_invoice(shop.app, shop.bob, invoice_id=invoice.id)


@pytest.mark.parametrize("accident", ["rate_limit", "fail_before", "fail_after", "cut_before", "cut_after"])
def test_a_refund_is_made_once_whatever_happens_on_the_way(shop: Shop, stripe_peer: Peer, accident: Accident) -> None:
    invoice = shop.buy().invoice
    charge = stripe_peer.pay(session_of(invoice))
    shop.work()
    stripe_peer.accidents.order(accident, "/v1/refunds", times=3)
    made = refund(shop.app, shop.sal, invoice_id=invoice.id, reason="asked for")
    for _ in range(4):
        shop.later(minutes=2)
    (found,) = list_refunds(shop.app, shop.bob, invoice_id=invoice.id)
    assert (found.id, found.status) == (made[0].id, RefundStatus.PAID)
    assert refunded(stripe_peer, charge["id"]) == 2900
    assert clearing(shop) == held_by(stripe_peer)
    assert shop.balance() == (0, 0)


def test_a_refund_made_at_stripe_counts_here_too(shop: Shop, stripe_peer: Peer) -> None:
    invoice = shop.buy().invoice
    charge = stripe_peer.pay(session_of(invoice))
    shop.work()
    stripe_peer.refund(charge["id"], 1000)
    shop.later(minutes=2)
    assert shop.invoice(invoice.id).status is InvoiceStatus.PARTIALLY_REFUNDED
    stripe_peer.refund(charge["id"])
    shop.later(minutes=2)
    assert shop.invoice(invoice.id).status is InvoiceStatus.REFUNDED
    assert shop.balance() == (0, 0)
    assert clearing(shop) == held_by(stripe_peer)
    with pytest.raises(PurchaseRequired):
        find_archive(shop.app, shop.bob, name=REPORT, version="latest")


@pytest.mark.parametrize("is_mature", [False, True])
@pytest.mark.parametrize("won", [False, True])
def test_a_dispute_takes_the_money_until_it_is_won(
    shop: Shop, stripe_peer: Peer, *, won: bool, is_mature: bool
) -> None:
    invoice = shop.buy().invoice
    charge = stripe_peer.pay(session_of(invoice))
    shop.later(days=8 if is_mature else 0)
    before = shop.balance()
    dispute = stripe_peer.dispute(charge["id"])
    shop.later(minutes=2)
    assert shop.invoice(invoice.id).status is InvoiceStatus.DISPUTED
    assert shop.balance() == (0, 0)
    assert clearing(shop) == held_by(stripe_peer)
    assert find_archive(shop.app, shop.bob, name=REPORT, version="latest")
    stripe_peer.close_dispute(dispute["id"], won=won)
    shop.later(minutes=2)
    assert clearing(shop) == held_by(stripe_peer)
    if won:
        assert shop.invoice(invoice.id).status is InvoiceStatus.PAID
        assert shop.balance() == before
        return
    assert shop.invoice(invoice.id).status is InvoiceStatus.CHARGED_BACK
    with pytest.raises(PurchaseRequired):
        find_archive(shop.app, shop.bob, name=REPORT, version="latest")


def test_what_the_operator_puts_in_is_in_the_books(shop: Shop, stripe_peer: Peer) -> None:
    stripe_peer.fund(5000)
    for _ in range(2):
        shop.work()
        assert clearing(shop) == held_by(stripe_peer) == 5000
    with shop.app.database.reading() as tx:
        assert ledger.balance(tx, platform(Kind.OPERATOR_FUNDS, Asset.USD)) == 5000


def test_stripe_away_leaves_a_draft_that_the_next_try_opens(shop: Shop, stripe_peer: Peer) -> None:
    stripe_peer.accidents.order("cut_after", "/v1/checkout/sessions", times=9)
    with pytest.raises(SkillyardError):
        shop.buy()
    stripe_peer.accidents.stop()
    bought = shop.buy()
    assert (bought.created, bought.invoice.status) == (False, InvoiceStatus.OPEN)
    assert len(list(stripe_peer.world.newest("checkout.session"))) == 1


def test_events_that_come_twice_pay_once_and_forged_ones_not_at_all(shop: Shop, stripe_peer: Peer) -> None:
    received: list[bytes] = []

    def receive(_url: str, headers: Mapping[str, str], body: bytes) -> int:
        received.append(body)
        receive_event(shop.app, "stripe", headers, body)
        return 200

    stripe_peer.add_endpoint("https://skills.example.org/hook", SECRET)
    stripe_peer.webhooks.weather = Weather(duplicates=1.0, reorder=True)
    invoice = shop.buy().invoice
    stripe_peer.pay(session_of(invoice))
    assert stripe_peer.webhooks.deliver(receive) >= 2
    shop.follow_events()
    assert shop.invoice(invoice.id).status is InvoiceStatus.PAID
    assert shop.balance() == (2610, 0)
    for forged in (signed_now(shop.app, received[0], "whsec_other"), signed_now(shop.app, b"{}"), {}):
        with pytest.raises(SkillyardError, match="refused"):
            receive_event(shop.app, "stripe", forged, received[0])
    with pytest.raises(AlreadyBought):
        shop.buy()
