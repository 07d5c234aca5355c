"""Credits that were bought: what a paid invoice for them does to the books, and a refund or a dispute of it.

To the rest of payments they are a sale by the platform, whose price is all of it the seller's share.
"""

from __future__ import annotations

from skillyard.domain.payments import ledger
from skillyard.domain.payments.chart import PLATFORM, Account, Kind
from skillyard.domain.payments.credit_legs import legs_from, legs_of_worth, legs_to, opposite, repay
from skillyard.domain.payments.events import CreditsBought
from skillyard.domain.payments.ledger import Leg, debit
from skillyard.domain.payments.model import Invoice, InvoiceStatus, Sale
from skillyard.domain.payments.states import change_status
from skillyard.domain.payments.store import invoices, sales
from skillyard.infra.database import Tx
from skillyard.infra.events import Event
from skillyard.infra.money import CENTS_PER_CREDIT, Asset, show_amount

CREDITS_ITEM = "credits"


def issue_credits(tx: Tx, invoice: Invoice, *, now_ms: int) -> list[Event]:
    """The money of a paid invoice becomes credits of the buyer."""
    credits = invoice.price.amount // CENTS_PER_CREDIT
    paid_with = Account(owner=invoice.buyer_id, kind=Kind.BUYER_REFUNDABLE, asset=invoice.asset)
    journal = ledger.post(
        tx,
        key=f"inv:{invoice.id}:sale",
        kind="credit_purchase",
        ref=invoice.id,
        legs=[
            debit(paid_with, invoice.amount),
            *legs_of_worth(invoice.asset, invoice.amount, credits),
            *legs_to(tx, invoice.buyer_id, credits),
        ],
        now_ms=now_ms,
        facts={"usd": invoice.quote.usd} if invoice.quote else None,
    )
    repay(tx, invoice.buyer_id, key=journal.key, ref=invoice.id, now_ms=now_ms)
    sales.add_sale(tx, _sale(invoice, now_ms=now_ms))
    sales.set_matured(tx, invoice.id, now_ms=now_ms)
    change_status(tx, invoice, InvoiceStatus.PAID, cause="paid in full", now_ms=now_ms, journal_id=journal.id)
    return [CreditsBought(invoice_id=invoice.id, user_id=invoice.buyer_id, amount=show_amount(credits, Asset.CREDIT))]


def legs_back(tx: Tx, sale: Sale, amount: int) -> list[Leg]:
    """That much more of the price goes back: so do the credits that it bought."""
    credits = _bought_with(tx, sale, sale.refunded + amount) - _bought_with(tx, sale, sale.refunded)
    return [*opposite(legs_of_worth(sale.asset, amount, credits)), *legs_from(tx, sale.buyer_id, credits)]


def legs_again(tx: Tx, sale: Sale, amount: int) -> list[Leg]:
    """That much of the price came back to us after all: the credits that it bought are the buyer's again."""
    credits = _bought_with(tx, sale, sale.refunded) - _bought_with(tx, sale, sale.refunded - amount)
    return [*legs_of_worth(sale.asset, amount, credits), *legs_to(tx, sale.buyer_id, credits)]


def _bought_with(tx: Tx, sale: Sale, amount: int) -> int:
    """The credits of the first so much of the price: over all refunds, exactly what was bought."""
    invoice = invoices.find_invoice(tx, sale.invoice_id)
    assert invoice is not None, "invoices are never deleted"
    return invoice.price.amount // CENTS_PER_CREDIT * amount // sale.price


def _sale(invoice: Invoice, *, now_ms: int) -> Sale:
    return Sale(
        invoice_id=invoice.id, item=CREDITS_ITEM, seller_id=PLATFORM, buyer_id=invoice.buyer_id, rail=invoice.rail,
        asset=invoice.asset, price=invoice.amount, seller_share=invoice.amount, fee=0, referral_share=0,
        referrer_id=None, paid_ms=now_ms, matures_ms=now_ms, matured_ms=now_ms, refunded=0,
    )  # fmt: skip
