"""Give money back: of a sale, by its seller; what came in beside the price, by the buyer; what matches nothing.

The provider is asked outside of any transaction, after what it takes to ask again was stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments import rail as ports
from skillyard.domain.payments import rules
from skillyard.domain.payments.chart import PLATFORM
from skillyard.domain.payments.errors import (
    DepositNotFound,
    InvoiceNotFound,
    InvoiceNotOpen,
    NothingToRefund,
    NotTheSeller,
    ReasonNotAcceptable,
    RefundAddressIsTheBuyers,
    RefundAddressNeeded,
    RefundNotCovered,
)
from skillyard.domain.payments.events import RefundChanged
from skillyard.domain.payments.give_back import finish_refund, refundable_of, start_refund, take_price_back
from skillyard.domain.payments.model import Invoice, InvoiceStatus, Refund, RefundMoved, RefundStatus
from skillyard.domain.payments.rail import Outcome
from skillyard.domain.payments.return_credits import return_credits
from skillyard.domain.payments.shares import leaves_debt
from skillyard.domain.payments.states import change_status, lock_invoice
from skillyard.domain.payments.store import invoices, payouts, sales
from skillyard.domain.payments.store import refunds as store
from skillyard.infra.database import Tx
from skillyard.infra.errors import SkillyardError
from skillyard.infra.events import Event
from skillyard.infra.ids import new_id
from skillyard.infra.jobs import enqueue, job
from skillyard.infra.log import Logger
from skillyard.infra.money import Asset, read_amount, show_amount

_ASK_AGAIN_MS = 20_000
_MOST_REASON_CHARS = 500
_MOST_ATTEMPTS = 5
_AT_ONCE = 100

_log = Logger("skillyard.refunds")


def refund(
    app: App, caller: Caller, *, invoice_id: str, reason: str, amount: str | None = None, address: str | None = None
) -> tuple[Refund, ...]:
    """Give a sale's price back, or a part of it: for its seller, whoever may sell the item, and administrators.

    One refund for each payment that it goes back along. None where it was paid with credits, which are there at once;
    nor where it cannot go back along the payment: then it waits for the buyer, who claims it to an address of their
    own. Only administrators name one for them, and give back what was paid out already.

    Raises InvoiceNotFound, NotTheSeller, InvoiceNotOpen, NothingToRefund, RefundNotCovered, RefundAddressNeeded,
    RefundAddressIsTheBuyers or AmountNotValid.
    """
    caller.must("identify")
    _, username = caller.identity
    reason = _check_reason(reason)
    with app.database.reading() as tx:
        found = _check_may_refund(caller, invoices.find_invoice(tx, invoice_id), invoice_id)
    is_admin, goes_by_itself = caller.may("administer"), ports.get_rail(found.rail).refunds_to_source
    if address and not is_admin and not goes_by_itself:
        raise RefundAddressIsTheBuyers(rail=found.rail)
    to_address = _read_address(app, found, address) if is_admin and address else None
    with app.database.transaction() as tx:
        now_ms = app.clock.now_ms()
        invoice, sale = lock_invoice(tx, invoice_id), sales.find_sale(tx, invoice_id)
        if sale is None or invoice.status not in (InvoiceStatus.PAID, InvoiceStatus.PARTIALLY_REFUNDED):
            raise InvoiceNotOpen(invoice_id=invoice_id, status=invoice.status.value)
        wanted = rules.left_of(sale) if amount is None else read_amount(amount, sale.asset)
        if not 0 < wanted <= rules.left_of(sale):
            left = show_amount(rules.left_of(sale), sale.asset)
            shown = show_amount(wanted, sale.asset)
            raise NothingToRefund(invoice_id=invoice_id, left=left, asset=sale.asset.value, amount=shown)
        if not is_admin and leaves_debt(tx, sale, rules.take_back(sale, wanted)):
            raise RefundNotCovered
        events = take_price_back(tx, sale, wanted, key=f"ref:{new_id('key')}", now_ms=now_ms)
        made: list[Refund] = []
        if goes_by_itself or to_address:
            made = _send_back(tx, invoice, wanted, address=to_address, reason=f"{reason} ({username})", now_ms=now_ms)
        _announce(app, tx, [*events, *_requested(made)], made)
    return tuple(made)


def claim_refund(app: App, caller: Caller, *, invoice_id: str, address: str | None = None) -> tuple[Refund, ...]:
    """Send back what came in and buys nothing: too much, too late, or not enough. For the buyer and administrators.

    Raises InvoiceNotFound, NothingToRefund or RefundAddressNeeded.
    """
    caller.must("buy")
    with app.database.reading() as tx:
        found = invoices.find_invoice(tx, invoice_id)
    if found is None or (found.buyer_id != caller.user_id and not caller.may("administer")):
        raise InvoiceNotFound(invoice_id=invoice_id[:64])
    to_address = _read_address(app, found, address)
    return _send_spare_back(app, invoice_id, address=to_address, reason="claimed by the buyer")


def return_deposit(app: App, caller: Caller, *, rail: str, reference: str, address: str | None = None) -> Refund:
    """Send money back that matches no invoice; for administrators. Raises DepositNotFound, RefundAddressNeeded."""
    caller.must("administer")
    port = ports.get_rail(rail)
    if not port.refunds_to_source and not address:
        raise RefundAddressNeeded(rail=rail)
    checked = port.read_address(app, address) if address else None
    with app.database.transaction() as tx:
        found = invoices.find_receipt(tx, rail, reference)
        if found is None or found[0].invoice_id is not None or found[1]:
            raise DepositNotFound(reference=reference[:120])
        made = start_refund(
            tx, None, found[0], found[0].amount, to_address=checked, reason="unknown payment",
            now_ms=app.clock.now_ms(),
        )  # fmt: skip
        _announce(app, tx, _requested([made]), [made])
    return made


def list_refunds(app: App, caller: Caller, *, invoice_id: str) -> list[Refund]:
    """For the buyer, the seller and administrators, the oldest first; the seller does not see the buyer's address.

    Raises InvoiceNotFound.
    """
    caller.must("read_own")
    with app.database.reading() as tx:
        invoice = _get_involved(tx, caller, invoice_id)
        found = store.list_refunds(tx, invoice_id)
    if caller.user_id == invoice.buyer_id or caller.may("administer"):
        return found
    return [replace(one, to_address=None) for one in found]


def get_claimable(app: App, caller: Caller, *, invoice_id: str) -> tuple[int, Asset]:
    """What of the money that came in waits for the buyer to say where it goes.

    For the buyer, the seller and administrators. Raises InvoiceNotFound.
    """
    caller.must("read_own")
    with app.database.reading() as tx:
        invoice = _get_involved(tx, caller, invoice_id)
        waits = not invoice.status.is_waiting and not ports.get_rail(invoice.rail).refunds_to_source
        return refundable_of(tx, invoice) if waits else 0, invoice.asset


def _get_involved(tx: Tx, caller: Caller, invoice_id: str) -> Invoice:
    invoice = invoices.find_invoice(tx, invoice_id)
    if invoice is None:
        raise InvoiceNotFound(invoice_id=invoice_id[:64])
    if caller.user_id not in (invoice.buyer_id, invoice.seller_id) and not caller.may("administer"):
        raise InvoiceNotFound(invoice_id=invoice_id[:64])
    return invoice


@job("payments.advance_refund")
def advance_refund(app: App, refund_id: str) -> None:
    """Take a refund one step on: prepare it, send it, or find out what became of it."""
    with app.database.reading() as tx:
        found = store.find_refund(tx, refund_id)
    if found is None or found.status in (RefundStatus.PAID, RefundStatus.FAILED):
        return
    rail = ports.get_rail(found.rail)
    if found.status is RefundStatus.REQUESTED:
        if rail.one_payout_at_a_time and _is_another_in_flight(app, found):
            return  # the periodic job comes back to it
        prepared = rail.prepare_refund(app, found)
        sent = _begin(app, found, prepared)
        if sent is not None:
            _record(app, sent, _ask(app, sent, is_first=True), is_first=True)
        return
    _record(app, found, _ask(app, found, is_first=False), is_first=False)


def advance_refunds(app: App) -> None:
    """Every refund that nobody has heard of for a while; and what is owed and can go back by itself."""
    before_ms = app.clock.now_ms() - _ASK_AGAIN_MS
    by_themselves = [rail.name for rail in ports.rails().values() if rail.refunds_to_source]
    with app.database.reading() as tx:
        waiting = store.list_unfinished(tx, updated_before_ms=before_ms, limit=_AT_ONCE)
        due = invoices.list_due(tx, by_themselves, limit=_AT_ONCE)
    for one in waiting:
        try:
            advance_refund(app, refund_id=one.id)
        except SkillyardError as error:
            _log.warning("refund could not be advanced", refund=one.id, error=error.message)
    for invoice in due:
        try:
            _send_spare_back(app, invoice.id, address=None, reason="buys nothing", is_asked=False)
        except SkillyardError as error:
            _log.warning("what is owed could not be sent back", invoice=invoice.id, error=error.message)


def _check_may_refund(caller: Caller, invoice: Invoice | None, invoice_id: str) -> Invoice:
    sells = invoice is not None and invoice.seller_id != PLATFORM and caller.may("sell", on=invoice.item)
    if invoice is None or not (caller.user_id == invoice.seller_id or sells or caller.may("administer")):
        known = invoice is not None and caller.user_id == invoice.buyer_id
        raise NotTheSeller if known else InvoiceNotFound(invoice_id=invoice_id[:64])
    if not sells and not caller.may("administer"):
        caller.must("buy")  # it is the seller, whose token may be too narrow for their money
    return invoice


def _check_reason(reason: str) -> str:
    reason = reason.strip()
    if not 0 < len(reason) <= _MOST_REASON_CHARS or not reason.isprintable():
        raise ReasonNotAcceptable(most=_MOST_REASON_CHARS)
    return reason


def _read_address(app: App, invoice: Invoice, address: str | None) -> str | None:
    """Where a refund of the invoice goes, as its rail keeps it; None where it goes back to where it came from."""
    rail = ports.get_rail(invoice.rail)
    if rail.refunds_to_source:
        return None
    if not address:
        raise RefundAddressNeeded(rail=invoice.rail)
    return rail.read_address(app, address)


def _send_spare_back(
    app: App, invoice_id: str, *, address: str | None, reason: str, is_asked: bool = True
) -> tuple[Refund, ...]:
    with app.database.transaction() as tx:
        now_ms = app.clock.now_ms()
        invoice = lock_invoice(tx, invoice_id)
        spare = 0 if invoice.status.is_waiting else refundable_of(tx, invoice)
        if not spare:
            if is_asked:
                asset = invoice.asset
                raise NothingToRefund(invoice_id=invoice_id, left=show_amount(0, asset), asset=asset, amount="any")
            return ()
        made = _send_back(tx, invoice, spare, address=address, reason=reason, now_ms=now_ms)
        if invoice.status is InvoiceStatus.REFUND_DUE:
            change_status(tx, lock_invoice(tx, invoice_id), InvoiceStatus.REFUNDED, cause=reason, now_ms=now_ms)
        _announce(app, tx, _requested(made), made)
    return tuple(made)


def _send_back(tx: Tx, invoice: Invoice, amount: int, *, address: str | None, reason: str, now_ms: int) -> list[Refund]:
    """Along the payments that it came by, the newest first; or as one payment, where it goes to an address."""
    rail, came_in = ports.get_rail(invoice.rail), invoices.list_receipts(tx, invoice.id)
    if rail.is_internal:
        return_credits(tx, invoice, amount, now_ms=now_ms)
        return []
    if not rail.refunds_to_source:
        last = came_in[-1][0]
        return [start_refund(tx, invoice, last, amount, to_address=address, reason=reason, now_ms=now_ms)]
    made = []
    for receipt, refunded in reversed(came_in):
        part = min(amount, receipt.amount - refunded)
        if part:
            made.append(start_refund(tx, invoice, receipt, part, to_address=address, reason=reason, now_ms=now_ms))
            amount -= part
    assert not amount, "what goes back has come in"
    return made


def _requested(made: Sequence[Refund]) -> list[Event]:
    return [RefundChanged(refund_id=one.id, invoice_id=one.invoice_id, status=one.status.value) for one in made]


def _announce(app: App, tx: Tx, events: Sequence[Event], made: Sequence[Refund]) -> None:
    for one in made:
        enqueue(tx, advance_refund, now_ms=app.clock.now_ms(), key=one.id, refund_id=one.id)
    for event in events:
        app.events.record(tx, event)


def _begin(app: App, found: Refund, prepared: str) -> Refund | None:
    """Store what it takes to ask again, before anybody is asked; None when somebody else goes on with it."""
    after = replace(found, status=RefundStatus.SUBMITTING, prepared=prepared)
    with app.database.transaction() as tx:
        return after if store.set_refund(tx, found, after, now_ms=app.clock.now_ms()) else None


def _is_another_in_flight(app: App, refund: Refund) -> bool:
    with app.database.reading() as tx:
        return payouts.is_another_in_flight(tx, refund.rail, "")


def _ask(app: App, sent: Refund, *, is_first: bool) -> Outcome:
    """Whatever goes wrong on the way, the provider may have done it. What nobody knows of is sent again as prepared."""
    rail = ports.get_rail(sent.rail)
    try:
        found = None if is_first else rail.find_refund(app, sent)
        return rail.refund(app, sent) if found is None or found.state == "unknown" else found
    except SkillyardError as error:
        return Outcome(state="unknown", why=error.message)


def _record(app: App, sent: Refund, outcome: Outcome, *, is_first: bool) -> None:
    with app.database.transaction() as tx:
        now_ms = app.clock.now_ms()
        if sent.invoice_id:
            lock_invoice(tx, sent.invoice_id)
        if outcome.state == "paid" or (outcome.state == "failed" and (is_first or sent.attempt >= _MOST_ATTEMPTS)):
            for event in finish_refund(tx, sent, _moved(sent, outcome), fee=outcome.fee, now_ms=now_ms):
                app.events.record(tx, event)
        elif outcome.state == "failed":
            again = replace(sent, status=RefundStatus.REQUESTED, attempt=sent.attempt + 1, prepared=None)
            if store.set_refund(tx, sent, again, now_ms=now_ms):
                enqueue(tx, advance_refund, now_ms=now_ms, key=f"{sent.id} again", refund_id=sent.id)
        else:
            unknown = replace(sent, status=RefundStatus.UNKNOWN, reference=outcome.reference, why=outcome.why)
            store.set_refund(tx, sent, unknown, now_ms=now_ms)
            delay_ms = _ASK_AGAIN_MS
            enqueue(tx, advance_refund, now_ms=now_ms, key=sent.id, delay_ms=delay_ms, refund_id=sent.id)


def _moved(sent: Refund, outcome: Outcome) -> RefundMoved:
    return RefundMoved(
        rail=sent.rail,
        refund_id=sent.id,
        reference=outcome.reference or sent.reference or sent.id,
        receipt_reference=sent.receipt_reference,
        amount=sent.amount,
        state="paid" if outcome.state == "paid" else "failed",
        why=outcome.why,
    )
