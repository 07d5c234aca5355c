"""Money that names no invoice: administrators look at it, and say what it is for."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments.errors import DepositNotFound
from skillyard.domain.payments.facts import maturity_ms
from skillyard.domain.payments.model import Invoice, Receipt
from skillyard.domain.payments.settle import match_receipt
from skillyard.domain.payments.states import lock_invoice
from skillyard.domain.payments.store import invoices

_MOST_SHOWN = 200


def list_deposits(app: App, caller: Caller) -> list[Receipt]:
    """What is not matched yet, the newest first; for administrators."""
    caller.must("administer")
    with app.database.reading() as tx:
        return invoices.list_unmatched(tx, limit=_MOST_SHOWN)


def match_deposit(app: App, caller: Caller, *, rail: str, reference: str, invoice_id: str) -> Invoice:
    """Count money for an invoice of the same rail and asset; for administrators.

    Raises DepositNotFound or InvoiceNotFound.
    """
    caller.must("administer")
    with app.database.transaction() as tx:
        invoice, found = lock_invoice(tx, invoice_id), invoices.find_receipt(tx, rail, reference)
        fits = found is not None and (found[0].rail, found[0].asset) == (invoice.rail, invoice.asset)
        if found is None or not fits or found[0].invoice_id is not None or found[1]:
            raise DepositNotFound(reference=reference[:120])
        events = match_receipt(tx, found[0], invoice_id, now_ms=app.clock.now_ms(), maturity_ms=maturity_ms(app))
        for event in events:
            app.events.record(tx, event)
        return lock_invoice(tx, invoice_id)
