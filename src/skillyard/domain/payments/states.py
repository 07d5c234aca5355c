"""The one place where an invoice changes its state: guarded, and written down with its cause."""

from __future__ import annotations

from skillyard.domain.payments import rules
from skillyard.domain.payments.errors import InvoiceNotFound, InvoiceNotOpen
from skillyard.domain.payments.model import Invoice, InvoiceStatus
from skillyard.domain.payments.store import invoices as store
from skillyard.infra.database import Tx


def lock_invoice(tx: Tx, invoice_id: str) -> Invoice:
    """As it is now; nobody else changes it until the commit. Raises InvoiceNotFound."""
    tx.lock(f"invoice {invoice_id}")
    invoice = store.find_invoice(tx, invoice_id)
    if invoice is None:
        raise InvoiceNotFound(invoice_id=invoice_id[:64])
    return invoice


def change_status(
    tx: Tx,
    invoice: Invoice,
    to: InvoiceStatus,
    *,
    cause: str,
    now_ms: int,
    actor: str = "system",
    journal_id: str | None = None,
) -> Invoice:
    """The invoice in its new state. Raises InvoiceNotOpen for a change that is not allowed, or no longer."""
    if not rules.may_become(invoice.status, to):
        raise InvoiceNotOpen(invoice_id=invoice.id, status=invoice.status.value)
    paid_ms = now_ms if to is InvoiceStatus.PAID and invoice.paid_ms is None else None
    if not store.set_status(tx, invoice, to, paid_ms=paid_ms):
        raise InvoiceNotOpen(invoice_id=invoice.id, status=invoice.status.value)
    store.add_event(tx, invoice, to, cause=cause, actor=actor, journal_id=journal_id, at_ms=now_ms)
    changed = store.find_invoice(tx, invoice.id)
    assert changed is not None, "invoices are never deleted"
    return changed
