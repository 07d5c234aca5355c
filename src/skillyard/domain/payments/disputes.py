"""Payments that a buyer disputes with their bank: the provider takes the money at once, and gives it back if we win."""

from __future__ import annotations

from dataclasses import replace

from skillyard.domain.payments import ledger, rules
from skillyard.domain.payments.chart import Account, Kind, platform
from skillyard.domain.payments.credit_legs import repay
from skillyard.domain.payments.credit_sales import CREDITS_ITEM
from skillyard.domain.payments.errors import MoneyUnderWay
from skillyard.domain.payments.events import InvoiceChanged
from skillyard.domain.payments.give_back import after_refund, end_access, refundable_of
from skillyard.domain.payments.ledger import credit, debit
from skillyard.domain.payments.model import DisputeMoved, Invoice, InvoiceStatus, Sale, Shares
from skillyard.domain.payments.rail import get_rail
from skillyard.domain.payments.shares import legs_again, legs_back
from skillyard.domain.payments.states import change_status, lock_invoice
from skillyard.domain.payments.store import invoices, refunds, sales
from skillyard.domain.payments.store.sales import Dispute
from skillyard.infra.database import Tx
from skillyard.infra.events import Event


def apply_dispute(tx: Tx, moved: DisputeMoved, *, now_ms: int) -> list[Event]:
    """What a provider says of a dispute; also when it was opened and decided before we heard of it."""
    found = invoices.find_receipt(tx, moved.rail, moved.receipt_reference)
    if found is None or found[0].invoice_id is None:
        return []
    invoice = lock_invoice(tx, found[0].invoice_id)
    known = sales.find_dispute(tx, moved.rail, moved.reference)
    events = [] if known else _open(tx, invoice, moved, now_ms=now_ms)
    known = known or sales.find_dispute(tx, moved.rail, moved.reference)
    assert known is not None, "it was opened just now"
    if moved.fee != known.fee:
        _change_fee(tx, invoice, known, moved, now_ms=now_ms)
    if moved.state == "open" or known.state != "open":
        return events
    sales.close_dispute(tx, moved.rail, moved.reference, moved.state)
    closed = _won if moved.state == "won" else _lost
    return [*events, *closed(tx, known, moved, now_ms=now_ms)]


def _open(tx: Tx, invoice: Invoice, moved: DisputeMoved, *, now_ms: int) -> list[Event]:
    """What the price does not need goes first; then seller, platform and referrer give their shares back until it is
    decided. What was given back to the buyer before is lost twice, and the loss is ours. Raises MoneyUnderWay while it
    is still on its way back, which the provider may yet refuse.
    """
    sale, rail = sales.find_sale(tx, invoice.id), get_rail(moved.rail)
    of_spare = min(moved.amount, refundable_of(tx, invoice))
    of_price = min(moved.amount - of_spare, rules.left_of(sale)) if sale else 0
    lost = moved.amount - of_spare - of_price
    if lost and refunds.has_unfinished(tx, invoice.id):
        raise MoneyUnderWay(rail=moved.rail, reference=moved.reference)
    clearing = platform(rail.clearing, invoice.asset)
    journal = ledger.post(
        tx,
        key=f"dispute:{moved.rail}:{moved.reference}:opened",
        kind="dispute_opened",
        ref=invoice.id,
        legs=[
            *(legs_back(tx, sale, rules.take_back(sale, of_price)) if sale else []),
            debit(_refundable(invoice), of_spare),
            debit(platform(Kind.REFUND_LOSS, invoice.asset), lost),
            debit(platform(rail.fee, invoice.asset), moved.fee),
            credit(clearing, moved.amount + moved.fee),
        ],
        now_ms=now_ms,
    )
    opened = Dispute(
        invoice_id=invoice.id,
        amount=moved.amount,
        fee=moved.fee,
        of_price=of_price,
        of_spare=of_spare,
        state="open",
        journal_id=journal.id,
    )
    sales.add_dispute(tx, moved, opened, now_ms=now_ms)
    sales.add_refunded(tx, invoice.id, of_price)
    invoices.add_received(tx, invoice.id, -of_spare - of_price)
    if not rules.may_become(invoice.status, InvoiceStatus.DISPUTED):
        return []
    return _to(tx, invoice, InvoiceStatus.DISPUTED, cause="disputed", now_ms=now_ms)


def _change_fee(tx: Tx, invoice: Invoice, known: Dispute, moved: DisputeMoved, *, now_ms: int) -> None:
    """Providers may charge more for a dispute later, or give its fee back."""
    rail, more = get_rail(moved.rail), moved.fee - known.fee
    fee, clearing = platform(rail.fee, invoice.asset), platform(rail.clearing, invoice.asset)
    legs = [debit(fee, more), credit(clearing, more)] if more > 0 else [debit(clearing, -more), credit(fee, -more)]
    sales.set_dispute_fee(tx, moved.rail, moved.reference, moved.fee)
    ledger.post(
        tx,
        key=f"dispute:{moved.rail}:{moved.reference}:fee:{known.fee}:{moved.fee}",
        kind="dispute_fee",
        ref=invoice.id,
        legs=legs,
        now_ms=now_ms,
    )


def _won(tx: Tx, dispute: Dispute, moved: DisputeMoved, *, now_ms: int) -> list[Event]:
    invoice, sale = lock_invoice(tx, dispute.invoice_id), sales.find_sale(tx, dispute.invoice_id)
    clearing = platform(get_rail(moved.rail).clearing, invoice.asset)
    ledger.post(
        tx,
        key=f"dispute:{moved.rail}:{moved.reference}:won",
        kind="dispute_won",
        ref=invoice.id,
        legs=[
            debit(clearing, dispute.amount),
            *(legs_again(tx, sale, _shares_taken(sale, dispute)) if sale else []),
            credit(_refundable(invoice), dispute.of_spare),
            credit(platform(Kind.REFUND_LOSS, invoice.asset), dispute.amount - dispute.of_price - dispute.of_spare),
        ],
        now_ms=now_ms,
    )
    if invoice.item == CREDITS_ITEM:
        repay(tx, invoice.buyer_id, key=f"dispute:{moved.rail}:{moved.reference}:won", ref=invoice.id, now_ms=now_ms)
    sales.add_refunded(tx, invoice.id, -dispute.of_price)
    invoices.add_received(tx, invoice.id, dispute.of_spare + dispute.of_price)
    return after_refund(tx, invoice.id, cause="dispute won", now_ms=now_ms)


def _lost(tx: Tx, dispute: Dispute, moved: DisputeMoved, *, now_ms: int) -> list[Event]:
    """The money is gone already; the item goes with it."""
    invoice, sale = lock_invoice(tx, dispute.invoice_id), sales.find_sale(tx, dispute.invoice_id)
    if sale is None or rules.left_of(sale):
        return after_refund(tx, invoice.id, cause=f"dispute {moved.reference} lost", now_ms=now_ms)
    ended = end_access(tx, sale)
    if not rules.may_become(invoice.status, InvoiceStatus.CHARGED_BACK):
        return ended
    return [*_to(tx, invoice, InvoiceStatus.CHARGED_BACK, cause="dispute lost", now_ms=now_ms), *ended]


def _shares_taken(sale: Sale, dispute: Dispute) -> Shares:
    """The last `of_price` that was taken back of the sale."""
    return rules.take_back(replace(sale, refunded=sale.refunded - dispute.of_price), dispute.of_price)


def _refundable(invoice: Invoice) -> Account:
    return Account(owner=invoice.buyer_id, kind=Kind.BUYER_REFUNDABLE, asset=invoice.asset)


def _to(tx: Tx, invoice: Invoice, status: InvoiceStatus, *, cause: str, now_ms: int) -> list[Event]:
    change_status(tx, invoice, status, cause=cause, now_ms=now_ms)
    return [InvoiceChanged(invoice_id=invoice.id, item=invoice.item, status=status.value)]
