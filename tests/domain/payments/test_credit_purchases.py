"""Credits for money: paid by card or in TON; a refund or a dispute takes them back, as far as they are there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.domain.payments import ledger
from skillyard.domain.payments.buy import Purchase
from skillyard.domain.payments.chart import Kind, platform
from skillyard.domain.payments.credit_purchases import buy_credits
from skillyard.domain.payments.errors import (
    CreditsInvoiceOpen,
    CreditsOutOfBounds,
    InvoiceNotFound,
    NotTheSeller,
    NoWayToPayForCredits,
    RailNotReady,
)
from skillyard.domain.payments.invoices import get_invoice
from skillyard.domain.payments.model import InvoiceStatus
from skillyard.domain.payments.purchases import list_sales
from skillyard.domain.payments.rates import set_rate
from skillyard.domain.payments.refunds import claim_refund, list_refunds, refund
from skillyard.infra.clock import FixedClock
from skillyard.infra.money import AmountNotValid, Asset
from tests.domain.payments.charging import capture, credits_are_covered, credits_of, place, release
from tests.domain.payments.shop import Shop, a_shop
from tests.domain.payments.stripe_makers import an_app, session_of
from tests.domain.payments.test_buying_with_ton import BUYERS_WALLET, TON, later, pay, wallet
from tests.makers import again, an_organization, make_app
from tests.peers.stripe.peer import Peer
from tests.peers.ton.driver import WALLET_WORDS, TonPeer


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, stripe_peer: Peer) -> Iterator[Shop]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    app = an_app(tmp_path, stripe_peer, database_url=url)
    assert isinstance(app.clock, FixedClock)
    shop = a_shop(app, app.clock)
    yield shop
    shop.check()
    credits_are_covered(shop)
    with app.database.reading() as tx:
        assert ledger.balance(tx, platform(Kind.STRIPE_CLEARING, Asset.USD)) == stripe_peer.balance()
    app.close()


@pytest.fixture
def ton_shop(tmp_path: Path, ton_peer: TonPeer) -> Iterator[Shop]:
    """Its clock and the network's go together."""
    clock = FixedClock(1_800_000_000_000)
    ton_peer.set_time(fixed_s=1_800_000_000)
    app = make_app(
        tmp_path, clock=clock, outbound_http_loopback=True, ton_wallet_words=WALLET_WORDS, ton_api_url=ton_peer.url
    )
    shop = a_shop(app, clock)
    set_rate(app, shop.ada, asset=Asset.TON, usd="3")
    yield shop
    shop.check()
    credits_are_covered(shop)
    app.close()


def order(shop: Shop, amount: str = "1000", rail: str | None = "stripe") -> Purchase:
    return buy_credits(shop.app, shop.bob, amount=amount, rail=rail)


def paid(shop: Shop, peer: Peer, amount: str = "1000") -> tuple[str, str]:
    """The invoice and the charge at Stripe of credits that bob has."""
    invoice = order(shop, amount).invoice
    charge = peer.pay(session_of(invoice))
    shop.work()
    return invoice.id, charge["id"]


def spend(shop: Shop, amount: int, ref: str = "sinv_1") -> None:
    place(shop, ref, amount)
    capture(shop, ref)


def test_a_paid_invoice_is_credits_once(shop: Shop, stripe_peer: Peer) -> None:
    bought = order(shop, rail=None)
    invoice = bought.invoice
    assert (bought.created, invoice.rail, invoice.amount, invoice.item) == (True, "stripe", 1000, "credits")
    assert order(shop).invoice.id == invoice.id
    assert credits_of(shop) == (0, 0, 0)
    stripe_peer.pay(session_of(invoice))
    for _ in range(3):
        shop.work()
    assert shop.invoice(invoice.id).status is InvoiceStatus.PAID
    assert credits_of(shop) == (1000, 0, 0)
    assert order(shop).invoice.id != invoice.id


def test_nobody_earns_what_credits_cost(shop: Shop, stripe_peer: Peer) -> None:
    paid(shop, stripe_peer)
    shop.later(days=8)
    assert shop.balance() == (0, 0)
    assert list_sales(shop.app, shop.sal)[1] == 0
    with shop.app.database.reading() as tx:
        assert ledger.balance(tx, platform(Kind.PLATFORM_FEE, Asset.USD)) == 0


def test_another_number_of_credits_is_another_invoice_and_ends_the_one_before(shop: Shop, stripe_peer: Peer) -> None:
    first, second = order(shop, "1000").invoice, order(shop, "2000").invoice
    assert shop.invoice(first.id).status is InvoiceStatus.CANCELLED
    stripe_peer.pay(session_of(second))
    shop.work()
    assert credits_of(shop) == (2000, 0, 0)


@pytest.mark.parametrize(
    "amount", ["", "0", "-5", "10.5", "1e3", " 100", "100 ", "\u0661\u0660\u0660", "9" * 40, "NaN"]
)
def test_what_is_no_number_of_credits_is_refused(shop: Shop, amount: str) -> None:
    with pytest.raises(AmountNotValid):
        order(shop, amount)


def test_too_few_and_too_many_are_refused_and_so_are_ways_that_bring_no_money(shop: Shop) -> None:
    for amount in ("99", "100001"):
        with pytest.raises(CreditsOutOfBounds):
            order(shop, amount)
    with pytest.raises(NoWayToPayForCredits):
        order(shop, rail="credits")
    with pytest.raises(RailNotReady):
        order(shop, rail="ton")


def test_a_refund_takes_back_what_is_there_and_the_rest_is_owed(shop: Shop, stripe_peer: Peer) -> None:
    invoice_id, charge_id = paid(shop, stripe_peer)
    spend(shop, 700)
    refund(shop.app, shop.ada, invoice_id=invoice_id, reason="a mistake")
    shop.later(minutes=1)
    assert shop.invoice(invoice_id).status is InvoiceStatus.REFUNDED
    assert stripe_peer.world.get("charge", charge_id)["amount_refunded"] == 1000
    assert credits_of(shop) == (0, 0, 700)
    assert shop.balance() == (630, 0)
    shop.grant("500")
    assert credits_of(shop) == (0, 0, 200)
    paid(shop, stripe_peer, "300")
    assert credits_of(shop) == (100, 0, 0)


def test_a_part_of_the_price_takes_that_part_of_the_credits(shop: Shop, stripe_peer: Peer) -> None:
    invoice_id, _ = paid(shop, stripe_peer)
    refund(shop.app, shop.ada, invoice_id=invoice_id, reason="a part", amount="3.33")
    assert credits_of(shop) == (667, 0, 0)
    refund(shop.app, shop.ada, invoice_id=invoice_id, reason="the rest")
    shop.later(minutes=1)
    assert credits_of(shop) == (0, 0, 0)


def test_held_credits_pay_what_is_owed_when_they_are_released(shop: Shop, stripe_peer: Peer) -> None:
    invoice_id, _ = paid(shop, stripe_peer)
    place(shop, amount=400)
    place(shop, "sinv_2", amount=600)
    refund(shop.app, shop.ada, invoice_id=invoice_id, reason="a mistake")
    shop.later(minutes=1)
    assert credits_of(shop) == (0, 1000, 1000)
    release(shop)
    assert credits_of(shop) == (0, 600, 600)
    capture(shop, "sinv_2")
    assert credits_of(shop) == (0, 0, 600)


@pytest.mark.parametrize("won", [False, True])
def test_a_dispute_takes_the_credits_until_it_is_won(shop: Shop, stripe_peer: Peer, *, won: bool) -> None:
    invoice_id, charge_id = paid(shop, stripe_peer)
    spend(shop, 250)
    dispute = stripe_peer.dispute(charge_id)
    shop.later(minutes=2)
    assert shop.invoice(invoice_id).status is InvoiceStatus.DISPUTED
    assert credits_of(shop) == (0, 0, 250)
    stripe_peer.close_dispute(dispute["id"], won=won)
    shop.later(minutes=2)
    assert credits_of(shop) == ((750, 0, 0) if won else (0, 0, 250))
    assert shop.invoice(invoice_id).status is (InvoiceStatus.PAID if won else InvoiceStatus.CHARGED_BACK)


def test_a_refund_made_at_stripe_takes_credits_too(shop: Shop, stripe_peer: Peer) -> None:
    _, charge_id = paid(shop, stripe_peer)
    stripe_peer.refund(charge_id, 400)
    shop.later(minutes=2)
    assert credits_of(shop) == (600, 0, 0)


def test_only_administrators_give_money_for_credits_back(shop: Shop, stripe_peer: Peer) -> None:
    """Also where somebody owns a namespace of that name."""
    invoice_id, _ = paid(shop, stripe_peer)
    an_organization(shop.app, shop.sal, "credits")
    with pytest.raises(NotTheSeller):
        refund(shop.app, shop.bob, invoice_id=invoice_id, reason="mine")
    with pytest.raises(InvoiceNotFound):
        refund(shop.app, again(shop.app, shop.sal), invoice_id=invoice_id, reason="mine")
    with pytest.raises(InvoiceNotFound):
        get_invoice(shop.app, shop.sal, invoice_id=invoice_id)


def test_what_is_paid_late_is_credits_all_the_same(shop: Shop, stripe_peer: Peer) -> None:
    """A credit costs what it always did."""
    invoice = order(shop).invoice
    shop.clock.move(seconds=31 * 60)
    stripe_peer.pay(session_of(invoice))
    shop.work()
    shop.work()
    assert shop.invoice(invoice.id).status is InvoiceStatus.PAID
    assert credits_of(shop) == (1000, 0, 0)


def test_ton_buys_credits_at_the_rate_of_the_moment(ton_shop: Shop, ton_peer: TonPeer) -> None:
    shop = ton_shop
    invoice = order(shop, rail="ton").invoice
    assert invoice.amount == 3_333_333_334
    pay(ton_peer, invoice, 3 * TON)
    shop.work()
    with pytest.raises(CreditsInvoiceOpen):
        order(shop, "2000", rail="ton")
    pay(ton_peer, invoice, 333_333_334)
    shop.work()
    assert credits_of(shop) == (1000, 0, 0)
    with shop.app.database.reading() as tx:
        assert ledger.balance(tx, platform(Kind.FX_POSITION, Asset.USD)) == 1000
        assert ledger.balance(tx, platform(Kind.FX_POSITION, Asset.TON)) == -3_333_333_334


def test_a_refund_in_ton_takes_the_credits_at_once_and_waits_for_the_buyers_wallet(
    ton_shop: Shop, ton_peer: TonPeer
) -> None:
    shop = ton_shop
    ton_peer.send(wallet(), TON)
    invoice = order(shop, rail="ton").invoice
    pay(ton_peer, invoice, invoice.amount)
    shop.work()
    spend(shop, 100)
    refund(shop.app, shop.ada, invoice_id=invoice.id, reason="asked for", amount="1.111111111")
    assert credits_of(shop) == (567, 0, 0)
    refund(shop.app, shop.ada, invoice_id=invoice.id, reason="all of it")
    assert credits_of(shop) == (0, 0, 100)
    claim_refund(shop.app, shop.bob, invoice_id=invoice.id, address=BUYERS_WALLET)
    for _ in range(6):
        later(shop, ton_peer, minutes=1)
    assert sum(one.amount for one in list_refunds(shop.app, shop.bob, invoice_id=invoice.id)) == invoice.amount
    with shop.app.database.reading() as tx:
        assert ledger.balance(tx, platform(Kind.FX_POSITION, Asset.USD)) == 0
        assert ledger.balance(tx, platform(Kind.FX_POSITION, Asset.TON)) == 0
