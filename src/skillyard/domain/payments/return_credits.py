"""Credits that were spent and are the buyer's again: no provider is asked."""

from __future__ import annotations

from skillyard.domain.payments import ledger
from skillyard.domain.payments.chart import Account, Kind, platform
from skillyard.domain.payments.credit_legs import legs_to, repay
from skillyard.domain.payments.ledger import credit, debit
from skillyard.domain.payments.model import Invoice
from skillyard.domain.payments.store import invoices
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.infra.money import CENTS_PER_CREDIT, Asset


def return_credits(tx: Tx, invoice: Invoice, cents: int, *, now_ms: int) -> None:
    """Of the buyer's dollars with us make credits again. `cents`: minor units of USD."""
    amount = cents // CENTS_PER_CREDIT
    key = f"inv:{invoice.id}:returned:{new_id('key')}"
    ledger.post(
        tx,
        key=key,
        kind="credit_returned",
        ref=invoice.id,
        legs=[
            debit(Account(owner=invoice.buyer_id, kind=Kind.BUYER_REFUNDABLE, asset=Asset.USD), cents),
            credit(platform(Kind.DEFERRED_REVENUE, Asset.USD), cents),
            *legs_to(tx, invoice.buyer_id, amount),
        ],
        now_ms=now_ms,
    )
    repay(tx, invoice.buyer_id, key=key, ref=invoice.id, now_ms=now_ms)
    invoices.add_received(tx, invoice.id, -amount)
    invoices.add_refunded(tx, invoice.rail, invoice.id, amount)
