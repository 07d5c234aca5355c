"""Invoices: let the rail open them, look at them, cancel them, and end their waiting when their time is over."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments import rail as ports
from skillyard.domain.payments import rules
from skillyard.domain.payments.errors import InvoiceNotFound
from skillyard.domain.payments.events import InvoiceChanged
from skillyard.domain.payments.facts import apply_facts, sweep
from skillyard.domain.payments.model import Invoice, InvoiceStatus
from skillyard.domain.payments.settle import end_waiting
from skillyard.domain.payments.states import change_status, lock_invoice
from skillyard.domain.payments.store import invoices as store
from skillyard.infra.errors import SkillyardError
from skillyard.infra.log import Logger
from skillyard.infra.paging import Page, page_of, read_cursor

_LAST = "~"  # sorts after every id
_AT_ONCE = 100

_log = Logger("skillyard.invoices")


def get_invoice(app: App, caller: Caller, *, invoice_id: str) -> Invoice:
    """The buyer's own, or any for administrators. Raises InvoiceNotFound."""
    caller.must("read_own")
    with app.database.reading() as tx:
        invoice = store.find_invoice(tx, invoice_id) if invoice_id.isprintable() else None
    if invoice is None or (invoice.buyer_id != caller.user_id and not caller.may("administer")):
        raise InvoiceNotFound(invoice_id=invoice_id[:64])
    return invoice


def list_invoices(
    app: App, caller: Caller, *, limit: int = 30, cursor: str | None = None, offset: int = 0
) -> Page[Invoice]:
    """The caller's, newest first. Raises BadCursor."""
    caller.must("read_own")
    buyer_id, _ = caller.identity
    (before,) = read_cursor(cursor, [_LAST])
    with app.database.reading() as tx:
        found = store.list_of_buyer(tx, buyer_id, before=str(before), limit=limit + 1, offset=offset)
    return page_of(found, limit, lambda one: [one.id])


def cancel_invoice(app: App, caller: Caller, *, invoice_id: str) -> Invoice:
    """Nobody pays it any more; what comes in all the same goes back. Raises InvoiceNotFound, InvoiceNotOpen."""
    caller.must("buy")
    invoice = get_invoice(app, caller, invoice_id=invoice_id)
    if invoice.status.is_waiting:
        _withdraw(app, invoice)
    _, username = caller.identity
    with app.database.transaction() as tx:
        now_ms = app.clock.now_ms()
        there = lock_invoice(tx, invoice_id)
        to = InvoiceStatus.REFUND_DUE if there.status is InvoiceStatus.UNDERPAID else InvoiceStatus.CANCELLED
        after = change_status(tx, there, to, cause="cancelled", now_ms=now_ms, actor=username)
        app.events.record(tx, InvoiceChanged(invoice_id=after.id, item=after.item, status=after.status.value))
    return after


def open_at_rail(app: App, invoice: Invoice) -> Invoice:
    """Let a draft be paid; asked again after a crash, the provider gives the same. Raises Upstream."""
    if invoice.status is not InvoiceStatus.DRAFT:
        return invoice
    pay_to = ports.get_rail(invoice.rail).open_invoice(app, invoice)
    with app.database.transaction() as tx:
        if store.set_opened(tx, invoice, pay_to):
            store.add_event(
                tx, invoice, InvoiceStatus.OPEN, cause="opened", actor="system", journal_id=None,
                at_ms=app.clock.now_ms(),
            )  # fmt: skip
        opened = store.find_invoice(tx, invoice.id)
    assert opened is not None, "invoices are never deleted"
    return opened


def look_at(app: App, invoice: Invoice) -> None:
    """Ask the provider what became of it. Raises Upstream."""
    apply_facts(app, ports.get_rail(invoice.rail).look(app, invoice))


def conclude(app: App, invoice: Invoice) -> None:
    """Its time is over: look once more, let nobody pay it any more, and end its waiting. Raises Upstream."""
    if invoice.status is not InvoiceStatus.DRAFT or invoice.pay_to.reference:
        look_at(app, invoice)
    _withdraw(app, invoice)
    with app.database.transaction() as tx:
        for event in end_waiting(tx, invoice.id, now_ms=app.clock.now_ms()):
            app.events.record(tx, event)


def look_at_waiting(app: App) -> None:
    """Look at every invoice that waits, or at once at all of a rail; end those whose time is over."""
    now_ms = app.clock.now_ms()
    with app.database.reading() as tx:
        over = store.list_over(tx, now_ms=now_ms, grace_ms=rules.LATE_MS, limit=_AT_ONCE)
        open_ones = store.list_open(tx, now_ms=now_ms, limit=_AT_ONCE)
    for invoice in over:
        _try(app, invoice, is_over=True)
    swept = {one.rail for one in open_ones if ports.get_rail(one.rail).sees_all_in_sweep}
    for rail in sorted(swept):
        _sweep(app, rail)
    for invoice in open_ones:
        if invoice.rail not in swept:
            _try(app, invoice, is_over=False)


def _try(app: App, invoice: Invoice, *, is_over: bool) -> None:
    """One provider that is away does not keep the invoices of the others waiting."""
    try:
        if is_over:
            conclude(app, invoice)
        else:
            look_at(app, invoice)
    except SkillyardError as error:
        _log.warning("invoice could not be looked at", invoice=invoice.id, error=error.message)
    except Exception:
        _log.exception("invoice could not be looked at", invoice=invoice.id)


def _sweep(app: App, rail: str) -> None:
    try:
        sweep(app, rail)
    except SkillyardError as error:
        _log.warning("payments could not be read", rail=rail, error=error.message)
    except Exception:
        _log.exception("payments could not be read", rail=rail)


def _withdraw(app: App, invoice: Invoice) -> None:
    """As far as it can be done: money that comes all the same is dealt with when it comes."""
    try:
        ports.get_rail(invoice.rail).withdraw_invoice(app, invoice)
    except SkillyardError as error:
        _log.warning("invoice could not be withdrawn", invoice=invoice.id, error=error.message)
