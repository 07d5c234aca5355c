"""Buying with TON on the real virtual machine: exact, too little, too much, late, unknown; and money that goes back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from skillyard.domain.payments import ledger
from skillyard.domain.payments.chart import Kind, platform
from skillyard.domain.payments.deposits import list_deposits, match_deposit
from skillyard.domain.payments.errors import DepositNotFound, RateUnknown, RefundAddressNeeded
from skillyard.domain.payments.model import Invoice, InvoiceStatus, RefundStatus
from skillyard.domain.payments.rates import set_rate
from skillyard.domain.payments.refunds import claim_refund, list_refunds, refund, return_deposit
from skillyard.domain.payments.ton.address import read_address, show_address
from skillyard.domain.payments.ton.wallet import wallet_address
from skillyard.domain.registry.download import find_archive
from skillyard.domain.registry.sale import set_price
from skillyard.infra.clock import FixedClock
from skillyard.infra.errors import Forbidden, Invalid
from skillyard.infra.money import Asset
from tests.domain.payments.shop import REPORT, Shop, a_shop
from tests.makers import make_app
from tests.peers.ton.driver import WALLET_WORDS, TonPeer

TON = 10**9
BUYERS_WALLET = "0:" + "ab" * 32


@pytest.fixture
def shop(tmp_path: Path, ton_peer: TonPeer) -> Iterator[Shop]:
    """Its clock and the network's go together."""
    clock = FixedClock(1_800_000_000_000)
    ton_peer.set_time(fixed_s=1_800_000_000)
    app = make_app(
        tmp_path, clock=clock, outbound_http_loopback=True, ton_wallet_words=WALLET_WORDS, ton_api_url=ton_peer.url
    )
    shop = a_shop(app, clock, usd=None, ton="2.750000000")
    yield shop
    shop.check()
    with app.database.reading() as tx:
        in_books = ledger.balance(tx, platform(Kind.TON_WALLET, Asset.TON))
    assert in_books == ton_peer.balance(wallet())
    app.close()


def wallet() -> str:
    return wallet_address(WALLET_WORDS, "mainnet")


def later(shop: Shop, peer: TonPeer, **time: float) -> None:
    """On both clocks."""
    shop.clock.move(seconds=time.get("minutes", 0) * 60 + time.get("days", 0) * 86_400)
    peer.set_time(fixed_s=shop.clock.now_ms() // 1000)
    shop.work()


def pay(peer: TonPeer, invoice: Invoice, nano: int) -> None:
    assert invoice.pay_to.address is not None
    peer.send(read_address(invoice.pay_to.address, "mainnet"), nano, invoice.memo)


def status(shop: Shop, invoice: Invoice) -> InvoiceStatus:
    return shop.invoice(invoice.id).status


def test_the_exact_amount_buys(shop: Shop, ton_peer: TonPeer) -> None:
    invoice = shop.buy().invoice
    assert (invoice.rail, invoice.amount, invoice.pay_to.memo) == ("ton", 2_750_000_000, invoice.memo)
    assert (invoice.pay_to.link or "").startswith("ton://transfer/UQ")
    pay(ton_peer, invoice, 2_750_000_000)
    shop.work()
    shop.work()
    assert status(shop, invoice) is InvoiceStatus.PAID
    assert find_archive(shop.app, shop.bob, name=REPORT, version="latest")
    assert shop.balance(asset=Asset.TON) == (2_475_000_000, 0)


def test_too_little_waits_for_the_rest(shop: Shop, ton_peer: TonPeer) -> None:
    invoice = shop.buy().invoice
    pay(ton_peer, invoice, 2 * TON)
    shop.work()
    assert (status(shop, invoice), shop.invoice(invoice.id).missing) == (InvoiceStatus.UNDERPAID, 750_000_000)
    later(shop, ton_peer, minutes=60)
    assert status(shop, invoice) is InvoiceStatus.UNDERPAID
    pay(ton_peer, invoice, 750_000_000)
    shop.work()
    assert status(shop, invoice) is InvoiceStatus.PAID


def test_too_little_for_too_long_goes_back_where_the_buyer_says(shop: Shop, ton_peer: TonPeer) -> None:
    ton_peer.send(wallet(), TON)  # for what sending costs
    invoice = shop.buy().invoice
    pay(ton_peer, invoice, 2 * TON)
    shop.work()
    later(shop, ton_peer, days=1, minutes=31)
    assert status(shop, invoice) is InvoiceStatus.REFUND_DUE
    with pytest.raises(RefundAddressNeeded):
        claim_refund(shop.app, shop.bob, invoice_id=invoice.id)
    for wrong in ("", "UQ", show_address(BUYERS_WALLET, "testnet"), "-1:" + "ab" * 32):
        with pytest.raises(Invalid):
            claim_refund(shop.app, shop.bob, invoice_id=invoice.id, address=wrong)
    claim_refund(shop.app, shop.bob, invoice_id=invoice.id, address=show_address(BUYERS_WALLET, "mainnet"))
    for _ in range(4):
        later(shop, ton_peer, minutes=1)
    (done,) = list_refunds(shop.app, shop.bob, invoice_id=invoice.id)
    assert (done.status, done.amount, status(shop, invoice)) == (RefundStatus.PAID, 2 * TON, InvoiceStatus.REFUNDED)
    assert ton_peer.balance(BUYERS_WALLET) > 1_990_000_000


def test_too_much_buys_and_the_rest_can_be_claimed(shop: Shop, ton_peer: TonPeer) -> None:
    invoice = shop.buy().invoice
    pay(ton_peer, invoice, 3 * TON)
    pay(ton_peer, invoice, TON)
    shop.work()
    assert status(shop, invoice) is InvoiceStatus.PAID
    claim_refund(shop.app, shop.bob, invoice_id=invoice.id, address=BUYERS_WALLET)
    for _ in range(6):
        later(shop, ton_peer, minutes=1)
    found = list_refunds(shop.app, shop.bob, invoice_id=invoice.id)
    assert sum(one.amount for one in found) == 1_250_000_000
    assert {one.status for one in found} == {RefundStatus.PAID}
    assert status(shop, invoice) is InvoiceStatus.PAID
    assert shop.balance(asset=Asset.TON) == (2_475_000_000, 0)


def test_late_money_buys_for_a_day_while_the_price_is_the_same(shop: Shop, ton_peer: TonPeer) -> None:
    invoice = shop.buy().invoice
    later(shop, ton_peer, minutes=31)
    assert status(shop, invoice) is InvoiceStatus.EXPIRED
    pay(ton_peer, invoice, 2_750_000_000)
    shop.work()
    assert status(shop, invoice) is InvoiceStatus.PAID


def test_late_money_for_an_old_price_is_owed(shop: Shop, ton_peer: TonPeer) -> None:
    invoice = shop.buy().invoice
    later(shop, ton_peer, minutes=31)
    set_price(shop.app, shop.sal, name=REPORT, mode="fixed_ton", amount="3")
    pay(ton_peer, invoice, 2_750_000_000)
    shop.work()
    assert status(shop, invoice) is InvoiceStatus.REFUND_DUE


def test_money_without_a_memo_is_matched_or_sent_back_by_administrators(shop: Shop, ton_peer: TonPeer) -> None:
    ton_peer.send(wallet(), 2_750_000_000, "for the report")
    ton_peer.send(wallet(), TON)
    ton_peer.send(wallet(), TON)
    shop.work()
    with pytest.raises(Forbidden):
        list_deposits(shop.app, shop.bob)
    found = {one.amount: one for one in list_deposits(shop.app, shop.ada)}
    invoice = shop.buy().invoice
    match_deposit(shop.app, shop.ada, rail="ton", reference=found[2_750_000_000].reference, invoice_id=invoice.id)
    assert status(shop, invoice) is InvoiceStatus.PAID
    with pytest.raises(DepositNotFound):
        match_deposit(shop.app, shop.ada, rail="ton", reference=found[2_750_000_000].reference, invoice_id=invoice.id)
    return_deposit(shop.app, shop.ada, rail="ton", reference=found[TON].reference, address=BUYERS_WALLET)
    with pytest.raises(DepositNotFound):
        return_deposit(shop.app, shop.ada, rail="ton", reference=found[TON].reference, address=BUYERS_WALLET)
    for _ in range(4):
        later(shop, ton_peer, minutes=1)
    assert ton_peer.balance(BUYERS_WALLET) > 990_000_000


def test_a_price_in_dollars_is_paid_in_ton_at_the_rate_of_the_moment(shop: Shop, ton_peer: TonPeer) -> None:
    set_price(shop.app, shop.sal, name=REPORT, mode="fixed_usd", amount="10.00")
    with shop.app.database.transaction() as tx:
        tx.run("UPDATE prices SET ended_ms = 1 WHERE mode = 'fixed_ton'")
    with pytest.raises(RateUnknown):
        shop.buy(rail="ton")
    set_rate(shop.app, shop.ada, asset=Asset.TON, usd="3")
    invoice = shop.buy(rail="ton").invoice
    assert invoice.amount == 3_333_333_334
    later(shop, ton_peer, minutes=31)
    set_rate(shop.app, shop.ada, asset=Asset.TON, usd="2.9")
    pay(ton_peer, invoice, 3_333_333_334)
    shop.work()
    assert status(shop, invoice) is InvoiceStatus.REFUND_DUE


@pytest.mark.parametrize("accident", [{"status": 429}, {"drop_reply": True}, {"status": 500}])
def test_a_sale_is_refunded_once_whatever_the_network_does(
    shop: Shop, ton_peer: TonPeer, accident: dict[str, object]
) -> None:
    ton_peer.send(wallet(), TON)
    invoice = shop.buy().invoice
    pay(ton_peer, invoice, 2_750_000_000)
    shop.work()
    assert refund(shop.app, shop.sal, invoice_id=invoice.id, reason="asked for") == ()
    claim_refund(shop.app, shop.bob, invoice_id=invoice.id, address=BUYERS_WALLET)
    ton_peer.fail(path="sendBoc", times=2, **accident)
    for _ in range(20):
        later(shop, ton_peer, minutes=1)
    (done,) = list_refunds(shop.app, shop.bob, invoice_id=invoice.id)
    assert (done.status, status(shop, invoice)) == (RefundStatus.PAID, InvoiceStatus.REFUNDED)
    assert 2_740_000_000 < ton_peer.balance(BUYERS_WALLET) <= 2_750_000_000
    assert shop.balance(asset=Asset.TON) == (0, 0)
