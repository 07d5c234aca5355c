"""Selling for TON from the price to the payout, on the real virtual machine: the books and the chain say the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from skillyard.domain.payments.advance_payouts import advance_all
from skillyard.domain.payments.buy import Purchase
from skillyard.domain.payments.chart import Kind, platform
from skillyard.domain.payments.deposits import list_deposits, match_deposit
from skillyard.domain.payments.errors import DepositNotFound
from skillyard.domain.payments.ledger import balance
from skillyard.domain.payments.model import InvoiceStatus, PayoutStatus, Refund, RefundStatus
from skillyard.domain.payments.payout_methods import set_ton_wallet
from skillyard.domain.payments.payouts import get_payout, request_payout
from skillyard.domain.payments.rates import set_rate
from skillyard.domain.payments.refunds import claim_refund, list_refunds, return_deposit
from skillyard.domain.payments.ton.address import WalletNotValid, show_address
from skillyard.domain.payments.ton.set_up import set_up_of
from skillyard.domain.registry.sale import get_sale
from skillyard.infra.clock import FixedClock
from skillyard.infra.money import Asset
from tests.domain.payments.shop import REPORT, Shop, a_shop
from tests.makers import make_app
from tests.peers.ton.driver import WALLET_WORDS, TonPeer

TON = 10**9
START_S = 1_800_000_000
SELLER, BUYER = "0:" + "5e" * 32, "0:" + "b0" * 32


@dataclass
class TonShop:
    shop: Shop
    peer: TonPeer

    def pay(self, bought: Purchase, nano: int) -> None:
        to = bought.invoice.pay_to
        assert to.address is not None
        self.peer.send(to.address, nano, to.memo)
        self.shop.work()

    def status(self, bought: Purchase) -> InvoiceStatus:
        return self.shop.invoice(bought.invoice.id).status

    def later(self, *, days: float = 0, minutes: float = 0) -> None:
        """Time goes by, here and on the chain, and everything that runs by itself runs."""
        self.shop.clock.move(seconds=days * 86_400 + minutes * 60)
        self.peer.set_time(fixed_s=self.shop.clock.now_ms() // 1000)
        self.shop.work()
        advance_all(self.shop.app)

    def refunds(self, bought: Purchase) -> list[Refund]:
        return list_refunds(self.shop.app, self.shop.ada, invoice_id=bought.invoice.id)

    def check(self) -> None:
        """What the books say is in the wallet is there, to the last nanoTON."""
        self.shop.check()
        with self.shop.app.database.reading() as tx:
            booked = balance(tx, platform(Kind.TON_WALLET, Asset.TON))
        assert booked == self.peer.balance(set_up_of(self.shop.app).wallet)


@pytest.fixture
def ton(tmp_path: Path, ton_peer: TonPeer) -> Iterator[TonShop]:
    """sal/report costs 5 TON."""
    ton_peer.set_time(fixed_s=START_S)
    clock = FixedClock(START_S * 1000)
    app = make_app(
        tmp_path, clock=clock, ton_api_url=ton_peer.url, ton_wallet_words=WALLET_WORDS, outbound_http_loopback=True,
        payout_cooling_hours=0,
    )  # fmt: skip
    made = TonShop(a_shop(app, clock, usd=None, ton="5"), ton_peer)
    yield made
    made.check()
    app.close()


def test_a_skill_is_bought_for_ton_and_its_seller_is_paid_out(ton: TonShop) -> None:
    shop = ton.shop
    bought = shop.buy(rail="ton")
    assert (bought.invoice.amount, bought.invoice.asset) == (5 * TON, Asset.TON)
    assert ton.status(bought) is InvoiceStatus.OPEN
    ton.pay(bought, 5 * TON)
    assert ton.status(bought) is InvoiceStatus.PAID
    assert get_sale(shop.app, shop.bob, name=REPORT).access.is_buyer
    assert shop.balance(asset=Asset.TON) == (4_500_000_000, 0)
    ton.later(days=8)
    assert shop.balance(asset=Asset.TON) == (0, 4_500_000_000)

    set_ton_wallet(shop.app, shop.sal, address=show_address(SELLER, "mainnet"))
    payout = request_payout(shop.app, shop.sal, amount="4.25", asset=Asset.TON, kind="ton")
    for _ in range(3):
        ton.later(minutes=1)
    paid, _ = get_payout(shop.app, shop.sal, payout_id=payout.id)
    assert (paid.status, paid.amount) == (PayoutStatus.PAID, 4_250_000_000)
    assert ton.peer.balance(SELLER) == 4_250_000_000
    assert shop.balance(asset=Asset.TON) == (0, 250_000_000)


def test_too_little_waits_for_the_rest_and_too_much_goes_back_to_a_wallet_that_the_buyer_names(ton: TonShop) -> None:
    shop = ton.shop
    bought = shop.buy(rail="ton")
    ton.pay(bought, 3 * TON)
    assert (ton.status(bought), shop.invoice(bought.invoice.id).missing) == (InvoiceStatus.UNDERPAID, 2 * TON)
    ton.pay(bought, 3 * TON)
    assert ton.status(bought) is InvoiceStatus.PAID
    with pytest.raises(WalletNotValid):
        claim_refund(shop.app, shop.bob, invoice_id=bought.invoice.id, address="somewhere")
    claim_refund(shop.app, shop.bob, invoice_id=bought.invoice.id, address=show_address(BUYER, "mainnet"))
    for _ in range(3):
        ton.later(minutes=1)
    [refund] = ton.refunds(bought)
    assert refund.status is RefundStatus.PAID
    assert ton.peer.balance(BUYER) == TON


def test_without_the_memo_money_waits_until_somebody_says_what_it_is_for(ton: TonShop) -> None:
    shop = ton.shop
    bought = shop.buy(rail="ton")
    wallet = bought.invoice.pay_to.address or ""
    ton.peer.send(wallet, 5 * TON, "for the report, from bob")
    ton.peer.send(wallet, TON, "oops")
    shop.work()
    assert ton.status(bought) is InvoiceStatus.OPEN
    found = {one.amount: one for one in list_deposits(shop.app, shop.ada)}
    assert found[5 * TON].details["comment"] == "for the report, from bob"
    match_deposit(shop.app, shop.ada, rail="ton", reference=found[5 * TON].reference, invoice_id=bought.invoice.id)
    assert ton.status(bought) is InvoiceStatus.PAID
    return_deposit(shop.app, shop.ada, rail="ton", reference=found[TON].reference, address=BUYER)
    for _ in range(3):
        ton.later(minutes=1)
    assert ton.peer.balance(BUYER) == TON
    with pytest.raises(DepositNotFound):
        return_deposit(shop.app, shop.ada, rail="ton", reference=found[TON].reference, address=BUYER)


def test_a_price_in_dollars_is_asked_for_in_ton_at_the_rate_of_the_moment(tmp_path: Path, ton_peer: TonPeer) -> None:
    ton_peer.set_time(fixed_s=START_S)
    clock = FixedClock(START_S * 1000)
    app = make_app(
        tmp_path, clock=clock, ton_api_url=ton_peer.url, ton_wallet_words=WALLET_WORDS, outbound_http_loopback=True
    )
    ton = TonShop(a_shop(app, clock, usd="29.00"), ton_peer)
    set_rate(app, ton.shop.ada, asset=Asset.TON, usd="5.2")
    bought = ton.shop.buy(rail="ton")
    quote = bought.invoice.quote
    assert quote is not None
    assert (quote.usd, quote.source) == ("5.2", "administrator")
    assert 5_576_923_077 <= bought.invoice.amount <= 5_577_000_000
    ton.pay(bought, bought.invoice.amount)
    assert ton.status(bought) is InvoiceStatus.PAID
    ton.check()
    app.close()


def test_what_is_paid_after_the_time_of_a_fixed_price_still_counts_and_twice_is_refundable(ton: TonShop) -> None:
    bought = ton.shop.buy(rail="ton")
    ton.later(minutes=60)
    assert ton.status(bought) is InvoiceStatus.EXPIRED
    ton.pay(bought, 5 * TON)
    assert ton.status(bought) is InvoiceStatus.PAID
    ton.pay(bought, 5 * TON)
    claim_refund(ton.shop.app, ton.shop.bob, invoice_id=bought.invoice.id, address=BUYER)
    for _ in range(3):
        ton.later(minutes=1)
    assert ton.peer.balance(BUYER) == 5 * TON


def test_a_payout_that_comes_back_is_the_sellers_again(ton: TonShop) -> None:
    shop = ton.shop
    ton.pay(shop.buy(rail="ton"), 5 * TON)
    ton.later(days=8)
    set_ton_wallet(shop.app, shop.sal, address=ton.peer.a_contract_that_rejects())
    payout = request_payout(shop.app, shop.sal, amount="4", asset=Asset.TON, kind="ton")
    for _ in range(4):
        ton.later(minutes=1)
    returned, _ = get_payout(shop.app, shop.sal, payout_id=payout.id)
    assert returned.status is PayoutStatus.RETURNED
    assert shop.balance(asset=Asset.TON) == (0, 4_500_000_000)


def test_many_refunds_at_once_are_all_paid_once(ton: TonShop) -> None:
    bought = ton.shop.buy(rail="ton")
    ton.pay(bought, 5 * TON)
    for nano in (TON, 2 * TON, 3 * TON):
        ton.pay(bought, nano)
        claim_refund(ton.shop.app, ton.shop.bob, invoice_id=bought.invoice.id, address=BUYER)
    assert len(ton.refunds(bought)) == 3
    for _ in range(8):
        ton.later(minutes=1)
    assert {one.status for one in ton.refunds(bought)} == {RefundStatus.PAID}
    assert 6 * TON - 1000 < ton.peer.balance(BUYER) <= 6 * TON  # a few nanoTON are rent
