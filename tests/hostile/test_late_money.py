"""A few nanoTON do not keep an old price, and do not stand in anybody's way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.domain.payments import jobs
from skillyard.domain.payments.facts import apply_fact
from skillyard.domain.payments.invoices import cancel_invoice
from skillyard.domain.payments.model import Invoice, InvoiceStatus, Receipt
from skillyard.domain.payments.rails.ton import TonRail
from skillyard.domain.payments.rates import set_rate
from skillyard.domain.payments.store import invoices
from skillyard.domain.registry.sale import set_price
from skillyard.infra.clock import FixedClock
from skillyard.infra.money import Asset
from tests.domain.payments.shop import REPORT, Shop, a_shop
from tests.makers import a_person, make_app

WALLET = "0:" + "cd" * 32


@pytest.fixture
def ton_shop(tmp_path: Path) -> Iterator[Shop]:
    clock = FixedClock(1_800_000_000_000)
    app = make_app(tmp_path, clock=clock, ton_wallet_address=WALLET)
    shop = a_shop(app, clock, usd="10.00")
    set_rate(app, shop.ada, asset=Asset.TON, usd="5")
    yield shop
    shop.check()
    app.close()


def pay(shop: Shop, invoice: Invoice, nano: int, number: int) -> InvoiceStatus:
    apply_fact(
        shop.app,
        Receipt(
            rail="ton", reference=f"{WALLET}:{number}:{invoice.id}", asset=Asset.TON, amount=nano,
            received_ms=shop.clock.now_ms(), memo=invoice.memo,
        ),
    )  # fmt: skip
    return shop.invoice(invoice.id).status


def test_a_part_in_time_does_not_keep_the_rate_for_a_day(ton_shop: Shop) -> None:
    """Else it is a wager that only the buyer can win: they pay the rest if the coin has fallen, and leave it if not."""
    shop = ton_shop
    invoice = shop.buy(rail="ton").invoice
    assert pay(shop, invoice, 1, 1) is InvoiceStatus.UNDERPAID
    shop.clock.move(seconds=20 * 3600)
    set_rate(shop.app, shop.ada, asset=Asset.TON, usd="2.5")
    assert pay(shop, invoice, invoice.amount - 1, 2) is InvoiceStatus.REFUND_DUE


def test_a_part_in_time_does_not_keep_the_price_for_a_day(ton_shop: Shop) -> None:
    shop = ton_shop
    invoice = shop.buy(rail="ton").invoice
    pay(shop, invoice, 1, 1)
    shop.clock.move(seconds=20 * 3600)
    set_price(shop.app, shop.sal, name=REPORT, mode="fixed_usd", amount="20.00")
    assert pay(shop, invoice, invoice.amount - 1, 2) is InvoiceStatus.REFUND_DUE


def test_the_rest_comes_late_and_is_good_while_it_is_worth_the_price(ton_shop: Shop) -> None:
    shop = ton_shop
    invoice = shop.buy(rail="ton").invoice
    pay(shop, invoice, 1, 1)
    shop.clock.move(seconds=20 * 3600)
    assert pay(shop, invoice, invoice.amount - 1, 2) is InvoiceStatus.PAID


def test_many_small_parts_do_not_keep_other_invoices_from_expiring(
    ton_shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was paid in part waits for a day, and whoever wants to can make many of these."""
    shop = ton_shop
    monkeypatch.setattr("skillyard.domain.payments.invoices._AT_ONCE", 1)
    pay(shop, shop.buy(rail="ton").invoice, 1, 1)
    shop.clock.move(seconds=60)
    other = a_person(shop.app, "eve")
    invoice = shop.buy(other, rail="ton").invoice
    shop.clock.move(seconds=2 * 3600)
    monkeypatch.setattr(TonRail, "look", lambda *_: [])
    jobs.look_at_invoices(shop.app)
    assert shop.invoice(invoice.id).status is InvoiceStatus.EXPIRED


def test_money_that_waits_for_its_buyer_does_not_keep_others_from_having_theirs_back(ton_shop: Shop) -> None:
    shop = ton_shop
    invoice = shop.buy(rail="ton").invoice
    pay(shop, invoice, 1, 1)
    cancel_invoice(shop.app, shop.bob, invoice_id=invoice.id)
    with shop.app.database.reading() as tx:
        assert [one.id for one in invoices.list_due(tx, ["ton"], limit=1)] == [invoice.id]
        assert invoices.list_due(tx, ["stripe", "credits"], limit=1) == []
    jobs.go_on_with_refunds(shop.app)
    assert shop.invoice(invoice.id).status is InvoiceStatus.REFUND_DUE
