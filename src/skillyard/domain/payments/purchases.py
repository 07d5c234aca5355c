"""What people bought, and what they sold."""

from __future__ import annotations

from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.accounts.directory import list_people
from skillyard.domain.accounts.model import Caller, User
from skillyard.domain.payments.model import Entitlement, Invoice, Receipt, Sale
from skillyard.domain.payments.store import invoices, offers, sales
from skillyard.infra.paging import Page, page_of, read_cursor

_LATEST = 2**62
_LAST = "~"

Bought = Entitlement


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleRow:
    """A sale with who bought, and the provider's reference of the payment."""

    sale: Sale
    buyer: User | None
    reference: str | None


def list_bought(
    app: App, caller: Caller, *, limit: int = 30, cursor: str | None = None, offset: int = 0
) -> Page[Entitlement]:
    """What the caller bought or was granted, newest first. Raises BadCursor."""
    caller.must("read_own")
    user_id, _ = caller.identity
    since_ms, item = read_cursor(cursor, [_LATEST, _LAST])
    with app.database.reading() as tx:
        found = offers.list_entitlements(tx, user_id, before=(int(since_ms), str(item)), limit=limit + 1, offset=offset)
    return page_of(found, limit, lambda one: [one.since_ms, one.item])


def find_payment(app: App, invoice: Invoice) -> Receipt | None:
    """The first money that came for an invoice, for somebody who may see that invoice."""
    with app.database.reading() as tx:
        return next((receipt for receipt, _ in invoices.list_receipts(tx, invoice.id)), None)


def list_sales(
    app: App, caller: Caller, *, item: str | None = None, limit: int = 30, cursor: str | None = None, offset: int = 0
) -> tuple[Page[SaleRow], int]:
    """What the caller sold; or all sales of one item, for those who may sell it. And how many there are in all.

    Raises BadCursor or RoleTooLow.
    """
    if item is None:
        caller.must("read_own")
    else:
        caller.must("sell", on=item)
    seller_id = caller.identity[0] if item is None else None
    paid_ms, invoice_id = read_cursor(cursor, [_LATEST, _LAST])
    with app.database.reading() as tx:
        found = sales.list_sales(
            tx, seller_id=seller_id, item=item, before=(int(paid_ms), str(invoice_id)), limit=limit + 1, offset=offset
        )
        total = sales.count_sales(tx, seller_id=seller_id, item=item)
        people = list_people(tx, [one.buyer_id for one in found])
        references = invoices.list_first_references(tx, [one.invoice_id for one in found])
    page = page_of(found, limit, lambda one: [one.paid_ms, one.invoice_id])
    rows = tuple(
        SaleRow(sale=one, buyer=people.get(one.buyer_id), reference=references.get(one.invoice_id))
        for one in page.items
    )
    return Page(items=rows, next_cursor=page.next_cursor), total
