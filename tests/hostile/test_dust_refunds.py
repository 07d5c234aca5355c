"""Tiny deposits do not become a message of the one wallet each, whose fee is ours."""

from __future__ import annotations

from skillyard.domain.payments.facts import apply_fact
from skillyard.domain.payments.model import Receipt
from skillyard.domain.payments.refunds import claim_refund
from skillyard.infra.money import Asset
from tests.domain.payments.shop import Shop
from tests.hostile.test_refunds import BUYERS, WALLET, paid_in_ton, ton_shop  # noqa: F401


def test_dust_does_not_take_the_wallet_for_hours(ton_shop: Shop) -> None:  # noqa: F811
    shop, invoice_id = ton_shop, paid_in_ton(ton_shop)
    memo = shop.invoice(invoice_id).memo
    for number in range(50):
        apply_fact(
            shop.app,
            Receipt(
                rail="ton",
                reference=f"{WALLET}:{number + 2}:dust",
                asset=Asset.TON,
                amount=1,
                received_ms=shop.clock.now_ms(),
                memo=memo,
            ),
        )
    assert len(claim_refund(shop.app, shop.bob, invoice_id=invoice_id, address=BUYERS)) <= 1
