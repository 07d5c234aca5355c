"""How a price is shared out and taken back, which changes of an invoice are allowed, and what late money does."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_CEILING, Decimal

from skillyard.domain.payments.model import Invoice, InvoiceStatus, Quote, Sale, Shares
from skillyard.infra.money import Asset, share

LATE_MS = 24 * 3600 * 1000
MOST_SELLING_CHARS = 20_000

_ALLOWED: Mapping[InvoiceStatus, frozenset[InvoiceStatus]] = {
    InvoiceStatus.DRAFT: frozenset(
        {
            InvoiceStatus.OPEN,
            InvoiceStatus.PAID,
            InvoiceStatus.UNDERPAID,
            InvoiceStatus.EXPIRED,
            InvoiceStatus.CANCELLED,
        }
    ),
    InvoiceStatus.OPEN: frozenset(
        {InvoiceStatus.PAID, InvoiceStatus.UNDERPAID, InvoiceStatus.EXPIRED, InvoiceStatus.CANCELLED}
    ),
    InvoiceStatus.UNDERPAID: frozenset({InvoiceStatus.PAID, InvoiceStatus.CANCELLED}),
    InvoiceStatus.PAID: frozenset({InvoiceStatus.PARTIALLY_REFUNDED, InvoiceStatus.REFUNDED, InvoiceStatus.DISPUTED}),
    InvoiceStatus.EXPIRED: frozenset({InvoiceStatus.PAID}),
    InvoiceStatus.CANCELLED: frozenset(),
    InvoiceStatus.REFUND_DUE: frozenset({InvoiceStatus.PAID}),
    InvoiceStatus.PARTIALLY_REFUNDED: frozenset({InvoiceStatus.REFUNDED, InvoiceStatus.DISPUTED}),
    InvoiceStatus.REFUNDED: frozenset(),
    InvoiceStatus.DISPUTED: frozenset(
        {InvoiceStatus.PAID, InvoiceStatus.PARTIALLY_REFUNDED, InvoiceStatus.REFUNDED, InvoiceStatus.CHARGED_BACK}
    ),
    InvoiceStatus.CHARGED_BACK: frozenset(),
}
_MAY_OWE = frozenset(
    {InvoiceStatus.DRAFT, InvoiceStatus.OPEN, InvoiceStatus.UNDERPAID, InvoiceStatus.EXPIRED, InvoiceStatus.CANCELLED}
)


def is_unpaid(status: InvoiceStatus) -> bool:
    """Whether money that comes in may still buy something, or is owed to the buyer."""
    return status in _MAY_OWE or status is InvoiceStatus.REFUND_DUE


def may_become(before: InvoiceStatus, after: InvoiceStatus) -> bool:
    if after is InvoiceStatus.REFUND_DUE:
        return before in _MAY_OWE
    if before is InvoiceStatus.REFUND_DUE and after is InvoiceStatus.REFUNDED:
        return True
    return after in _ALLOWED[before]


def share_out(price: int, *, fee_bps: int, referral_bps: int, is_referred: bool) -> Shares:
    """The referral is paid out of the platform's fee, and is never more than it."""
    fee = share(price, fee_bps)
    referral = min(share(price, referral_bps), fee) if is_referred else 0
    return Shares(seller=price - fee, fee=fee - referral, referral=referral)


def take_back(sale: Sale, amount: int) -> Shares:
    """What each gives back when `amount` more of the price is refunded: over all refunds, exactly what each had."""
    before, after = _given_back(sale, sale.refunded), _given_back(sale, sale.refunded + amount)
    return Shares(
        seller=after.seller - before.seller, fee=after.fee - before.fee, referral=after.referral - before.referral
    )


def _given_back(sale: Sale, refunded: int) -> Shares:
    seller = refunded * sale.seller_share // sale.price
    rest, whole = refunded - seller, sale.fee + sale.referral_share
    referral = rest * sale.referral_share // whole if whole else 0
    return Shares(seller=seller, fee=rest - referral, referral=referral)


def left_of(sale: Sale) -> int:
    return sale.price - sale.refunded


def in_units_of(asset: Asset, usd_cents: int, quote: Quote) -> int:
    """What an amount of dollars is in minor units of the asset, rounded up to the next one."""
    units = Decimal(usd_cents) / 100 / Decimal(quote.usd) * 10**asset.scale
    return int(units.to_integral_value(rounding=ROUND_CEILING))


def worth_in_cents(asset: Asset, amount: int, quote: Quote) -> int:
    """What an amount of the asset is worth in US cents, rounded down."""
    return int(Decimal(amount) / 10**asset.scale * Decimal(quote.usd) * 100)


def is_late_money_good(invoice: Invoice, *, received_ms: int, offer_is_the_same: bool, quote: Quote | None) -> bool:
    """Whether money that came after an invoice expired buys the item all the same: within a day, while the price has
    not changed; and where the amount came from a rate, only if it is still worth the price.
    """
    if received_ms <= invoice.expires_ms:
        return True
    if received_ms > invoice.expires_ms + LATE_MS or not offer_is_the_same:
        return False
    if invoice.quote is None:
        return True
    return quote is not None and worth_in_cents(invoice.asset, invoice.received, quote) >= invoice.price.amount


def is_selling_text(text: str) -> bool:
    return len(text) <= MOST_SELLING_CHARS and all(char.isprintable() or char in "\n\t" for char in text)
