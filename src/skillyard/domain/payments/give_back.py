"""Money that goes back: what refunds and disputes do to the books, to the sale and to the buyer's access.

A refund is three postings: shares of the price back to the buyer, the buyer's money on its way, and out.
"""

from __future__ import annotations

from dataclasses import replace

from skillyard.domain.payments import ledger, rules
from skillyard.domain.payments.chart import Account, Kind, platform
from skillyard.domain.payments.errors import MoneyUnderWay
from skillyard.domain.payments.events import AccessChanged, InvoiceChanged, RefundChanged
from skillyard.domain.payments.ledger import credit, debit
from skillyard.domain.payments.model import Invoice, InvoiceStatus, Receipt, Refund, RefundMoved, RefundStatus, Sale
from skillyard.domain.payments.rail import get_rail
from skillyard.domain.payments.shares import legs_back
from skillyard.domain.payments.states import change_status, lock_invoice
from skillyard.domain.payments.store import invoices, offers, refunds, sales
from skillyard.infra.database import Tx
from skillyard.infra.events import Event
from skillyard.infra.ids import new_id


def take_price_back(tx: Tx, sale: Sale, amount: int, *, key: str, now_ms: int) -> list[Event]:
    """That much of the price belongs to the buyer again; with all of it, the item no longer does."""
    ledger.post(
        tx,
        key=key,
        kind="sale_refund",
        ref=sale.invoice_id,
        legs=[
            *legs_back(tx, sale, rules.take_back(sale, amount)),
            credit(Account(owner=sale.buyer_id, kind=Kind.BUYER_REFUNDABLE, asset=sale.asset), amount),
        ],
        now_ms=now_ms,
    )
    sales.add_refunded(tx, sale.invoice_id, amount)
    return after_refund(tx, sale.invoice_id, cause="refunded", now_ms=now_ms)


def after_refund(tx: Tx, invoice_id: str, *, cause: str, now_ms: int) -> list[Event]:
    """Bring an invoice's state, and the buyer's access, in line with what is left of its price."""
    invoice, sale = lock_invoice(tx, invoice_id), sales.find_sale(tx, invoice_id)
    if sale is None or sales.has_open_dispute(tx, invoice_id):
        return []
    status = _status_by(sale)
    if status is invoice.status:
        return []
    change_status(tx, invoice, status, cause=cause, now_ms=now_ms)
    changed = InvoiceChanged(invoice_id=invoice.id, item=invoice.item, status=status.value)
    return [changed, *(end_access(tx, sale) if not rules.left_of(sale) else [])]


def end_access(tx: Tx, sale: Sale) -> list[Event]:
    if not offers.remove_entitlement(tx, sale.item, sale.buyer_id, "bought", sale.invoice_id):
        return []
    return [AccessChanged(item=sale.item, user_id=sale.buyer_id, has_access=False)]


def start_refund(
    tx: Tx, invoice: Invoice | None, receipt: Receipt, amount: int, *, to_address: str | None, reason: str, now_ms: int
) -> Refund:
    """Put money of the buyer (or, without an invoice, of nobody known) on its way back along one receipt."""
    new = Refund(
        id=new_id("ref"), invoice_id=invoice.id if invoice else None, buyer_id=_owner(invoice), rail=receipt.rail,
        receipt_reference=receipt.reference, asset=receipt.asset, amount=amount, to_address=to_address,
        status=RefundStatus.REQUESTED, attempt=1, prepared=None, reference=None, reason=reason, why="",
        requested_ms=now_ms,
    )  # fmt: skip
    assert refunds.add_refund(tx, new), "the id is new"
    _hold(tx, new, now_ms=now_ms)
    return new


def finish_refund(tx: Tx, refund: Refund, outcome: RefundMoved, *, fee: int = 0, now_ms: int) -> list[Event]:
    """Write down that it came through, or did not; a failed one leaves the money with us, as the buyer's."""
    done = RefundStatus.PAID if outcome.state == "paid" else RefundStatus.FAILED
    if done is refund.status or refund.status is RefundStatus.FAILED:
        return []
    after = replace(refund, status=done, reference=outcome.reference or refund.reference, why=outcome.why)
    if not refunds.set_refund(tx, refund, after, now_ms=now_ms):
        return []
    if done is RefundStatus.PAID:
        _pay(tx, refund, fee=fee, now_ms=now_ms)
    else:
        _return(tx, refund, now_ms=now_ms)
    return [RefundChanged(refund_id=refund.id, invoice_id=refund.invoice_id, status=done.value)]


def apply_refund_moved(tx: Tx, moved: RefundMoved, *, now_ms: int) -> list[Event]:
    """What a provider says of a refund: one of ours, one that was seen before, or one that was made there."""
    known = refunds.find_refund(tx, moved.refund_id) if moved.refund_id else None
    known = known or refunds.find_by_reference(tx, moved.rail, moved.reference)
    if known is not None:
        if known.invoice_id:
            lock_invoice(tx, known.invoice_id)
            known = refunds.find_refund(tx, known.id) or known
        return finish_refund(tx, known, moved, now_ms=now_ms)
    found = invoices.find_receipt(tx, moved.rail, moved.receipt_reference)
    if moved.state != "paid" or found is None or found[0].invoice_id is None:
        return []
    return _adopt(tx, found[0], found[0].invoice_id, moved, now_ms=now_ms)


def refundable_of(tx: Tx, invoice: Invoice) -> int:
    """What is there of the buyer's money that the price does not need, in the invoice's asset."""
    sale = sales.find_sale(tx, invoice.id)
    return max(invoice.received - (rules.left_of(sale) if sale else 0), 0)


def _adopt(tx: Tx, receipt: Receipt, invoice_id: str, moved: RefundMoved, *, now_ms: int) -> list[Event]:
    """A refund that was made at the provider by hand: first from what the price does not need, then from the price.

    What neither has is lost twice, to a dispute too, and the loss is ours. Raises MoneyUnderWay while another refund
    has it, which the provider may yet refuse, or has refused and we have not heard of it.
    """
    invoice = lock_invoice(tx, invoice_id)
    if refunds.find_by_reference(tx, moved.rail, moved.reference):
        return []  # told twice at once
    sale = sales.find_sale(tx, invoice_id)
    spare = min(refundable_of(tx, invoice), moved.amount)
    of_price = min(moved.amount - spare, rules.left_of(sale)) if sale else 0
    lost = moved.amount - spare - of_price
    key = f"ref:{moved.rail}:{moved.reference}"
    events: list[Event] = []
    if lost and (refunds.has_unfinished(tx, invoice_id) or not sales.has_dispute(tx, invoice_id)):
        raise MoneyUnderWay(rail=moved.rail, reference=moved.reference)
    if sale is not None and of_price:
        events += take_price_back(tx, sale, of_price, key=f"{key}:price", now_ms=now_ms)
    if lost:
        _bear(tx, invoice, lost, key=f"{key}:lost", now_ms=now_ms)
    refund = start_refund(tx, invoice, receipt, moved.amount, to_address=None, reason="made there", now_ms=now_ms)
    return [*events, *finish_refund(tx, refund, moved, now_ms=now_ms)]


def _bear(tx: Tx, invoice: Invoice, amount: int, *, key: str, now_ms: int) -> None:
    """Give the buyer what nobody else can give."""
    loss = platform(Kind.REFUND_LOSS, invoice.asset)
    theirs = Account(owner=invoice.buyer_id, kind=Kind.BUYER_REFUNDABLE, asset=invoice.asset)
    legs = [debit(loss, amount), credit(theirs, amount)]
    ledger.post(tx, key=key, kind="refund_loss", ref=invoice.id, legs=legs, now_ms=now_ms)
    invoices.add_received(tx, invoice.id, amount)


def _hold(tx: Tx, refund: Refund, *, now_ms: int) -> None:
    _count_refunded(tx, refund, refund.amount)
    if refund.invoice_id:
        invoices.add_received(tx, refund.invoice_id, -refund.amount)
    legs = [debit(_source(refund), refund.amount), credit(_on_its_way(refund), refund.amount)]
    ledger.post(
        tx,
        key=f"ref:{refund.id}:hold",
        kind="refund_hold",
        ref=refund.invoice_id or refund.id,
        legs=legs,
        now_ms=now_ms,
    )


def _pay(tx: Tx, refund: Refund, *, fee: int, now_ms: int) -> None:
    rail = get_rail(refund.rail)
    clearing = platform(rail.clearing, refund.asset)
    ledger.post(
        tx,
        key=f"ref:{refund.id}:paid",
        kind="refund_paid",
        ref=refund.invoice_id or refund.id,
        legs=[
            debit(_on_its_way(refund), refund.amount),
            credit(clearing, refund.amount + fee),
            debit(platform(rail.fee, refund.asset), fee),
        ],
        now_ms=now_ms,
    )


def _return(tx: Tx, refund: Refund, *, now_ms: int) -> None:
    """From wherever it was: on its way, or already out, if the provider gave it back. What the buyer got meanwhile by a
    dispute, at our loss, is not theirs a second time.
    """
    was_out = refund.status is RefundStatus.PAID
    covered = sales.cover_loss(tx, refund.invoice_id, refund.amount) if refund.invoice_id else 0
    source = platform(get_rail(refund.rail).clearing, refund.asset) if was_out else _on_its_way(refund)
    ledger.post(
        tx,
        key=f"ref:{refund.id}:returned",
        kind="refund_returned",
        ref=refund.invoice_id or refund.id,
        legs=[
            debit(source, refund.amount),
            credit(_source(refund), refund.amount - covered),
            credit(platform(Kind.REFUND_LOSS, refund.asset), covered),
        ],
        now_ms=now_ms,
    )
    _count_refunded(tx, refund, -refund.amount)
    if refund.invoice_id:
        invoices.add_received(tx, refund.invoice_id, refund.amount - covered)


def _count_refunded(tx: Tx, refund: Refund, amount: int) -> None:
    """Count it against the receipt that it goes back along; where it goes elsewhere, against any of the invoice. Below
    zero: it came back.
    """
    if refund.invoice_id is None or get_rail(refund.rail).refunds_to_source:
        assert invoices.add_refunded(tx, refund.rail, refund.receipt_reference, amount), "no more than came in"
        return
    for receipt, refunded in reversed(invoices.list_receipts(tx, refund.invoice_id)):
        part = min(amount, receipt.amount - refunded) if amount > 0 else max(amount, -refunded)
        if part:
            invoices.add_refunded(tx, receipt.rail, receipt.reference, part)
            amount -= part
    assert not amount, "no more than came in"


def _source(refund: Refund) -> Account:
    if refund.invoice_id is None:
        return platform(Kind.SUSPENSE, refund.asset)
    return Account(owner=refund.buyer_id, kind=Kind.BUYER_REFUNDABLE, asset=refund.asset)


def _on_its_way(refund: Refund) -> Account:
    return Account(owner=refund.buyer_id, kind=Kind.REFUND_HOLD, asset=refund.asset)


def _owner(invoice: Invoice | None) -> str:
    return invoice.buyer_id if invoice else "platform"


def _status_by(sale: Sale) -> InvoiceStatus:
    if not sale.refunded:
        return InvoiceStatus.PAID
    return InvoiceStatus.PARTIALLY_REFUNDED if rules.left_of(sale) else InvoiceStatus.REFUNDED
