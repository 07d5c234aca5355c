"""What money does when it arrives: it is written down as a fact, then matched to an invoice, then it buys or waits.

Every step bears being done twice. The table of under-, over-, late and unknown payments is `_consider`.
"""

from __future__ import annotations

from skillyard.domain.payments import ledger, rules
from skillyard.domain.payments.chart import Account, Kind, platform
from skillyard.domain.payments.credit_sales import CREDITS_ITEM, issue_credits
from skillyard.domain.payments.events import AccessChanged, InvoiceChanged, MoneyUnmatched, SaleMade
from skillyard.domain.payments.ledger import credit, debit
from skillyard.domain.payments.model import Closed, Entitlement, Invoice, InvoiceStatus, OperatorMoved, Receipt, Sale
from skillyard.domain.payments.rail import get_rail
from skillyard.domain.payments.rates import find_rate
from skillyard.domain.payments.states import change_status, lock_invoice
from skillyard.domain.payments.store import invoices, offers, sales
from skillyard.infra.database import Tx
from skillyard.infra.events import Event
from skillyard.infra.money import CENTS_PER_CREDIT, Asset, show_amount


def apply_receipt(tx: Tx, receipt: Receipt, *, now_ms: int, maturity_ms: int) -> list[Event]:
    """Write money down that arrived, and let it do what it is for. Nothing happens when it was written down before."""
    invoice_id = _invoice_of(tx, receipt)
    if invoice_id is not None:
        lock_invoice(tx, invoice_id)
    if not invoices.add_receipt(tx, receipt, invoice_id, now_ms=now_ms):
        return []
    _post_receipt(tx, receipt, invoice_id, now_ms=now_ms)
    if invoice_id is None:
        shown = show_amount(receipt.amount, receipt.asset)
        return [MoneyUnmatched(rail=receipt.rail, reference=receipt.reference, asset=receipt.asset.value, amount=shown)]
    invoices.add_received(tx, invoice_id, receipt.amount)
    return _consider(tx, invoice_id, receipt.received_ms, now_ms=now_ms, maturity_ms=maturity_ms)


def match_receipt(tx: Tx, receipt: Receipt, invoice_id: str, *, now_ms: int, maturity_ms: int) -> list[Event]:
    """Somebody says what unmatched money is for."""
    invoice = lock_invoice(tx, invoice_id)
    if not invoices.set_matched(tx, receipt.rail, receipt.reference, invoice_id):
        return []
    ledger.post(
        tx,
        key=f"match:{receipt.rail}:{receipt.reference}",
        kind="match",
        ref=invoice_id,
        legs=[
            debit(platform(Kind.SUSPENSE, receipt.asset), receipt.amount),
            credit(_refundable(invoice.buyer_id, receipt.asset), receipt.amount),
        ],
        now_ms=now_ms,
    )
    invoices.add_received(tx, invoice_id, receipt.amount)
    return _consider(tx, invoice_id, receipt.received_ms, now_ms=now_ms, maturity_ms=maturity_ms)


def spend_credits(tx: Tx, invoice: Invoice, *, now_ms: int, maturity_ms: int) -> list[Event]:
    """Pay an invoice from the buyer's credits. Raises InsufficientFunds."""
    cents = invoice.amount * CENTS_PER_CREDIT
    ledger.post(
        tx,
        key=f"inv:{invoice.id}:credits",
        kind="credit_spend",
        ref=invoice.id,
        legs=[
            debit(Account(owner=invoice.buyer_id, kind=Kind.CREDITS, asset=Asset.CREDIT), invoice.amount),
            credit(platform(Kind.CREDITS_ISSUED, Asset.CREDIT), invoice.amount),
            debit(platform(Kind.DEFERRED_REVENUE, Asset.USD), cents),
            credit(_refundable(invoice.buyer_id, Asset.USD), cents),
        ],
        now_ms=now_ms,
    )
    receipt = Receipt(
        rail=invoice.rail, reference=invoice.id, asset=Asset.CREDIT, amount=invoice.amount, received_ms=now_ms
    )
    invoices.add_receipt(tx, receipt, invoice.id, now_ms=now_ms)
    invoices.add_received(tx, invoice.id, invoice.amount)
    return _consider(tx, invoice.id, now_ms, now_ms=now_ms, maturity_ms=maturity_ms)


def apply_closed(tx: Tx, closed: Closed, *, now_ms: int) -> list[Event]:
    """The provider takes no more money for an invoice; what has arrived stays."""
    invoice = lock_invoice(tx, closed.invoice_id)
    if invoice.status not in (InvoiceStatus.DRAFT, InvoiceStatus.OPEN):
        return []
    return _to(tx, invoice, InvoiceStatus.EXPIRED, cause=f"{closed.rail}: {closed.why}", now_ms=now_ms)


def apply_operator_moved(tx: Tx, moved: OperatorMoved, *, now_ms: int) -> list[Event]:
    """So that the books say what the provider holds, also of what sells nothing."""
    clearing = platform(get_rail(moved.rail).clearing, moved.asset)
    funds = platform(Kind.OPERATOR_FUNDS, moved.asset)
    came_in = [debit(clearing, moved.amount), credit(funds, moved.amount)] if moved.amount > 0 else []
    ledger.post(
        tx,
        key=f"operator:{moved.rail}:{moved.reference}",
        kind="operator_funds",
        ref=moved.reference,
        legs=came_in or [debit(funds, -moved.amount), credit(clearing, -moved.amount)],
        now_ms=now_ms,
        facts={"why": moved.why},
    )
    return []


def end_waiting(tx: Tx, invoice_id: str, *, now_ms: int) -> list[Event]:
    """The time of an invoice is over: it expires; money that is not enough has a day to become so, then goes back."""
    invoice = lock_invoice(tx, invoice_id)
    if invoice.status in (InvoiceStatus.DRAFT, InvoiceStatus.OPEN) and invoice.expires_ms <= now_ms:
        return _to(tx, invoice, InvoiceStatus.EXPIRED, cause="time is over", now_ms=now_ms)
    if invoice.status is InvoiceStatus.UNDERPAID and invoice.expires_ms + rules.LATE_MS <= now_ms:
        return _to(tx, invoice, InvoiceStatus.REFUND_DUE, cause="not paid in full", now_ms=now_ms)
    return []


def _invoice_of(tx: Tx, receipt: Receipt) -> str | None:
    """The invoice that money is for, when the provider or the payer names one of this rail and asset."""
    named = receipt.invoice_id or (invoices.find_by_memo(tx, receipt.memo) if receipt.memo else None)
    invoice = invoices.find_invoice(tx, named) if named else None
    if invoice is None or (invoice.rail, invoice.asset) != (receipt.rail, receipt.asset):
        return None
    return invoice.id


def _post_receipt(tx: Tx, receipt: Receipt, invoice_id: str | None, *, now_ms: int) -> None:
    rail = get_rail(receipt.rail)
    invoice = invoices.find_invoice(tx, invoice_id) if invoice_id else None
    whose = _refundable(invoice.buyer_id, receipt.asset) if invoice else platform(Kind.SUSPENSE, receipt.asset)
    ledger.post(
        tx,
        key=f"receipt:{receipt.rail}:{receipt.reference}",
        kind="receipt",
        ref=invoice_id or receipt.reference,
        legs=[
            debit(platform(rail.clearing, receipt.asset), receipt.amount),
            credit(platform(rail.clearing, receipt.asset), receipt.fee),
            debit(platform(rail.fee, receipt.asset), receipt.fee),
            credit(whose, receipt.amount),
        ],
        now_ms=now_ms,
        facts={"reference": receipt.reference},
    )


def _consider(tx: Tx, invoice_id: str, received_ms: int, *, now_ms: int, maturity_ms: int) -> list[Event]:
    """What an invoice becomes by the money that is there for it. More than it needs stays the buyer's."""
    invoice = lock_invoice(tx, invoice_id)
    if not rules.is_unpaid(invoice.status):
        return []
    if offers.list_entitled(tx, invoice.buyer_id, [invoice.item]):
        return _owe(tx, invoice, cause="the buyer has the item already", now_ms=now_ms)
    if invoice.status is InvoiceStatus.CANCELLED:
        return _owe(tx, invoice, cause="paid after it was cancelled", now_ms=now_ms)
    if invoice.missing:
        if invoice.status in (InvoiceStatus.DRAFT, InvoiceStatus.OPEN):
            return _to(tx, invoice, InvoiceStatus.UNDERPAID, cause="not paid in full", now_ms=now_ms)
        late = invoice.status is InvoiceStatus.EXPIRED
        return _owe(tx, invoice, cause="not paid in full, and late", now_ms=now_ms) if late else []
    if not _is_good(tx, invoice, received_ms, now_ms=now_ms):
        return _owe(tx, invoice, cause="paid too late", now_ms=now_ms)
    if invoice.item == CREDITS_ITEM:
        return issue_credits(tx, invoice, now_ms=now_ms)
    return _settle(tx, invoice, now_ms=now_ms, maturity_ms=maturity_ms)


def _is_good(tx: Tx, invoice: Invoice, received_ms: int, *, now_ms: int) -> bool:
    quote = find_rate(tx, invoice.asset, now_ms) if invoice.quote else None
    same = invoice.item == CREDITS_ITEM or offers.is_current(tx, invoice.price.id)
    return rules.is_late_money_good(invoice, received_ms=received_ms, offer_is_the_same=same, quote=quote)


def _settle(tx: Tx, invoice: Invoice, *, now_ms: int, maturity_ms: int) -> list[Event]:
    """Share the price out and let the buyer in."""
    asset, price = earned(invoice)
    shares = rules.share_out(
        price, fee_bps=invoice.fee_bps, referral_bps=invoice.referral_bps, is_referred=invoice.referrer_id is not None
    )
    journal = ledger.post(
        tx,
        key=f"inv:{invoice.id}:sale",
        kind="sale",
        ref=invoice.id,
        legs=[
            debit(_refundable(invoice.buyer_id, asset), price),
            credit(_pending(invoice.seller_id, asset), shares.seller),
            credit(platform(Kind.PLATFORM_FEE, asset), shares.fee),
            *([credit(_pending(invoice.referrer_id, asset), shares.referral)] if invoice.referrer_id else []),
        ],
        now_ms=now_ms,
        facts={"item": invoice.item, "referrer_id": invoice.referrer_id},
    )
    sale = Sale(
        invoice_id=invoice.id, item=invoice.item, seller_id=invoice.seller_id, buyer_id=invoice.buyer_id,
        rail=invoice.rail, asset=asset, price=price, seller_share=shares.seller, fee=shares.fee,
        referral_share=shares.referral, referrer_id=invoice.referrer_id, paid_ms=now_ms,
        matures_ms=now_ms + maturity_ms, matured_ms=None, refunded=0,
    )  # fmt: skip
    sales.add_sale(tx, sale)
    offers.add_sold(tx, invoice.item)
    change_status(tx, invoice, InvoiceStatus.PAID, cause="paid in full", now_ms=now_ms, journal_id=journal.id)
    offers.add_entitlement(
        tx,
        Entitlement(item=invoice.item, user_id=invoice.buyer_id, how="bought", invoice_id=invoice.id, since_ms=now_ms),
    )
    return [
        SaleMade(invoice_id=invoice.id, item=invoice.item, asset=asset.value, amount=show_amount(price, asset)),
        AccessChanged(item=invoice.item, user_id=invoice.buyer_id, has_access=True),
    ]


def earned(invoice: Invoice) -> tuple[Asset, int]:
    """What a paid invoice brings in: credits are dollars that were paid before."""
    if invoice.asset is Asset.CREDIT:
        return Asset.USD, invoice.amount * CENTS_PER_CREDIT
    return invoice.asset, invoice.amount


def _owe(tx: Tx, invoice: Invoice, *, cause: str, now_ms: int) -> list[Event]:
    if invoice.status is InvoiceStatus.REFUND_DUE:
        return []
    return _to(tx, invoice, InvoiceStatus.REFUND_DUE, cause=cause, now_ms=now_ms)


def _to(tx: Tx, invoice: Invoice, status: InvoiceStatus, *, cause: str, now_ms: int) -> list[Event]:
    change_status(tx, invoice, status, cause=cause, now_ms=now_ms)
    return [InvoiceChanged(invoice_id=invoice.id, item=invoice.item, status=status.value)]


def _refundable(owner: str, asset: Asset) -> Account:
    return Account(owner=owner, kind=Kind.BUYER_REFUNDABLE, asset=asset)


def _pending(owner: str, asset: Asset) -> Account:
    return Account(owner=owner, kind=Kind.SELLER_PENDING, asset=asset)
