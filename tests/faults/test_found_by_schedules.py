"""What the schedules found, as short as it can be told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from skillyard.domain.payments import ledger
from skillyard.domain.payments.chart import Kind, platform
from skillyard.domain.payments.errors import MoneyUnderWay
from skillyard.domain.payments.facts import apply_fact
from skillyard.domain.payments.model import DisputeMoved, InvoiceStatus, RefundMoved, RefundStatus
from skillyard.domain.payments.refunds import get_claimable, list_refunds, refund
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import SkillyardError
from skillyard.infra.money import Asset
from tests.domain.payments.shop import Shop, a_shop
from tests.domain.payments.stripe_makers import an_app
from tests.peers.stripe.peer import Peer


@pytest.fixture
def shop(tmp_path: Path, stripe_peer: Peer) -> Iterator[Shop]:
    app = an_app(tmp_path, stripe_peer)
    assert isinstance(app.clock, FixedClock)
    shop = a_shop(app, app.clock)
    yield shop
    shop.check()
    with app.database.reading() as tx:
        assert ledger.balance(tx, platform(Kind.STRIPE_CLEARING, Asset.USD)) == stripe_peer.balance()
    app.close()


def a_sale(shop: Shop, peer: Peer) -> tuple[str, str]:
    """The invoice and the charge of something that was bought."""
    invoice = shop.buy().invoice
    charge = peer.pay(invoice.pay_to.reference or "")
    shop.work()
    return invoice.id, str(charge["id"])


def test_a_refund_made_at_stripe_waits_for_ours_of_the_same_money(shop: Shop, stripe_peer: Peer) -> None:
    """Ours is refused there, since only one of them can be."""
    invoice_id, charge_id = a_sale(shop, stripe_peer)
    made_there = stripe_peer.refund(charge_id, 1000)
    refund(shop.app, shop.sal, invoice_id=invoice_id, reason="asked for")
    told = RefundMoved(
        rail="stripe",
        refund_id=None,
        reference=made_there["id"],
        receipt_reference=charge_id,
        amount=1000,
        state="paid",
    )
    with pytest.raises(MoneyUnderWay):
        apply_fact(shop.app, told)
    for _ in range(4):
        shop.later(minutes=2)
    states = {(one.amount, one.status) for one in list_refunds(shop.app, shop.bob, invoice_id=invoice_id)}
    assert {(2900, RefundStatus.FAILED), (1000, RefundStatus.PAID)} <= states


def test_the_bank_and_a_refund_that_came_back_pay_the_buyer_once(shop: Shop, stripe_peer: Peer) -> None:
    """The refund went out and failed; then the buyer went to the bank; and we hear of the dispute first."""
    invoice_id, charge_id = a_sale(shop, stripe_peer)
    (sent,) = refund(shop.app, shop.sal, invoice_id=invoice_id, reason="asked for")
    for _ in range(2):
        shop.later(minutes=2)
    (paid,) = list_refunds(shop.app, shop.bob, invoice_id=invoice_id)
    assert paid.status is RefundStatus.PAID
    stripe_peer.settle_refund(paid.reference or "", ok=False)
    dispute = stripe_peer.dispute(charge_id)
    moved = DisputeMoved(
        rail="stripe", reference=dispute["id"], receipt_reference=charge_id, amount=2900, fee=1500, state="open"
    )
    apply_fact(shop.app, moved)
    for _ in range(3):
        shop.later(minutes=2)
    assert {one.status for one in list_refunds(shop.app, shop.bob, invoice_id=sent.invoice_id or "")} == {
        RefundStatus.FAILED
    }
    with shop.app.database.reading() as tx:
        assert ledger.balance(tx, platform(Kind.REFUND_LOSS, Asset.USD)) == 0
    assert get_claimable(shop.app, shop.bob, invoice_id=invoice_id)[0] == 0


def test_a_dispute_waits_for_a_refund_that_is_on_its_way(shop: Shop, stripe_peer: Peer) -> None:
    """Stripe refuses to refund what is disputed: then the dispute takes the money, and nothing is lost."""
    invoice_id, charge_id = a_sale(shop, stripe_peer)
    refund(shop.app, shop.sal, invoice_id=invoice_id, reason="asked for")
    dispute = stripe_peer.dispute(charge_id)
    with suppress(SkillyardError):
        shop.work()
    for _ in range(4):
        shop.later(minutes=2)
    assert shop.invoice(invoice_id).status in (InvoiceStatus.REFUNDED, InvoiceStatus.DISPUTED)
    stripe_peer.close_dispute(dispute["id"], won=False)
    shop.later(minutes=2)
    with shop.app.database.reading() as tx:
        assert ledger.balance(tx, platform(Kind.REFUND_LOSS, Asset.USD)) == 0
    assert get_claimable(shop.app, shop.bob, invoice_id=invoice_id)[0] == 0
