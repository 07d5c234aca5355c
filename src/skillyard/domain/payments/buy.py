"""Buy an item: an invoice that is open already, or a new one; from credits, paid at once."""

from __future__ import annotations

from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.accounts.directory import find_person
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments import rail as ports
from skillyard.domain.payments import rules
from skillyard.domain.payments.errors import (
    AlreadyBought,
    CreditsMissing,
    NotForSale,
    NoWayToPay,
    OwnItem,
    PriceModeIncompatible,
    RateUnknown,
    ReferralCodeUnknown,
    ReferralNotAllowed,
)
from skillyard.domain.payments.events import InvoiceOpened
from skillyard.domain.payments.facts import maturity_ms
from skillyard.domain.payments.invoices import conclude, open_at_rail
from skillyard.domain.payments.ledger_errors import InsufficientFunds
from skillyard.domain.payments.model import Invoice, InvoiceStatus, Offer, PayTo, Price, Quote
from skillyard.domain.payments.rail import Rail
from skillyard.domain.payments.rates import find_rate
from skillyard.domain.payments.settle import spend_credits
from skillyard.domain.payments.store import invoices, offers
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.infra.money import CENTS_PER_CREDIT, Asset


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """`created`: whether the invoice is new, and was not open already."""

    invoice: Invoice
    created: bool


def buy(app: App, caller: Caller, *, item: str, rail: str | None = None, referral_code: str | None = None) -> Purchase:
    """Without `rail`, the first way to pay that is set up and that a price fits. The amount is fixed from now on.

    Raises NotForSale, OwnItem, AlreadyBought, NoSuchRail, RailNotReady, PriceModeIncompatible, NoWayToPay,
    ReferralCodeUnknown, ReferralNotAllowed, RateUnknown, CreditsMissing, or Upstream.
    """
    caller.must("buy")
    buyer_id, _ = caller.identity
    with app.database.reading() as tx:
        offer = _get_offer(tx, caller, item)
        referrer_id = _find_referrer(tx, buyer_id, offer, referral_code)
        chosen, price = _choose(app, offer, rail)
        wanted = _draft(app, tx, buyer_id, offer, chosen, price, referrer_id)
    if chosen.is_internal:
        return _pay_at_once(app, wanted)
    found, created = add_or_find(app, wanted)
    return Purchase(invoice=open_at_rail(app, found), created=created)


def _get_offer(tx: Tx, caller: Caller, item: str) -> Offer:
    offer = offers.find_offer(tx, item)
    if offer is None or not offer.is_for_sale:
        raise NotForSale(item=item)
    buyer_id, _ = caller.identity
    if buyer_id == offer.seller_id or item.partition("/")[0] in caller.roles:
        raise OwnItem(item=item)
    if offers.list_entitled(tx, buyer_id, [item]):
        raise AlreadyBought(item=item)
    return offer


def _find_referrer(tx: Tx, buyer_id: str, offer: Offer, code: str | None) -> str | None:
    if not code:
        return None
    person = find_person(tx, code.strip().lower())
    if person is None or person.is_suspended:
        raise ReferralCodeUnknown(referral_code=code[:60])
    if person.id in (buyer_id, offer.seller_id):
        raise ReferralNotAllowed
    return person.id


def _choose(app: App, offer: Offer, name: str | None) -> tuple[Rail, Price]:
    if name is not None:
        rail = ports.get_ready_rail(app, name)
        price = _price_for(rail, offer)
        if price is None:
            others = ", ".join(one.name for one in ports.ready_rails(app) if _price_for(one, offer)) or "none here"
            raise PriceModeIncompatible(item=offer.item, rail=name, rails=others)
        return rail, price
    ready = sorted(ports.ready_rails(app), key=lambda rail: rail.is_internal)
    for rail in ready:
        if price := _price_for(rail, offer, exact=True):
            return rail, price
    for rail in ready:
        if price := _price_for(rail, offer):
            return rail, price
    raise NoWayToPay(item=offer.item)


def _price_for(rail: Rail, offer: Offer, *, exact: bool = False) -> Price | None:
    """The price of the offer that the rail can be paid by; first one in the asset itself, without a rate. `exact`: only
    such a one, or credits, which are worth the same always.
    """
    fitting = [(price, rail.asset_for(mode)) for mode, price in offer.prices.items()]
    same = [price for price, asset in fitting if asset in (price.asset, Asset.CREDIT)]
    if same or exact:
        return same[0] if same else None
    return next((price for price, asset in fitting if asset is not None), None)


def _draft(app: App, tx: Tx, buyer_id: str, offer: Offer, rail: Rail, price: Price, referrer_id: str | None) -> Invoice:
    now_ms, settings = app.clock.now_ms(), app.settings
    asset = rail.asset_for(price.mode) or price.asset
    amount, quote = amount_due(tx, price, asset, now_ms)
    return Invoice(
        id=new_id("inv"), item=offer.item, buyer_id=buyer_id, seller_id=offer.seller_id, rail=rail.name, price=price,
        asset=asset, amount=amount, quote=quote, memo=rail.new_memo(), attempt=1, pay_to=PayTo(),
        status=InvoiceStatus.DRAFT, referrer_id=referrer_id, fee_bps=settings.platform_fee_bps,
        referral_bps=settings.referral_bps, received=0, created_ms=now_ms,
        expires_ms=now_ms + settings.invoice_minutes * 60_000, paid_ms=None,
    )  # fmt: skip


def amount_due(tx: Tx, price: Price, asset: Asset, now_ms: int) -> tuple[int, Quote | None]:
    """What a price is in the asset that it is paid in, and the rate where it takes one. Raises RateUnknown."""
    if asset is price.asset:
        return price.amount, None
    if asset is Asset.CREDIT:
        return price.amount // CENTS_PER_CREDIT, None
    quote = find_rate(tx, asset, now_ms)
    if quote is None:
        raise RateUnknown(asset=asset.value)
    return rules.in_units_of(asset, price.amount, quote), quote


def _pay_at_once(app: App, wanted: Invoice) -> Purchase:
    """All in one transaction: without enough credits there is no invoice either."""
    with app.database.transaction() as tx:
        tx.lock(f"buyer {wanted.buyer_id} {wanted.item}")
        if offers.list_entitled(tx, wanted.buyer_id, [wanted.item]) or not invoices.add_invoice(tx, wanted):
            raise AlreadyBought(item=wanted.item)
        try:
            events = spend_credits(tx, wanted, now_ms=app.clock.now_ms(), maturity_ms=maturity_ms(app))
        except InsufficientFunds as error:
            raise CreditsMissing(item=wanted.item, needed=wanted.amount, there=error.facts["there"]) from None
        for event in events:
            app.events.record(tx, event)
        paid = invoices.find_invoice(tx, wanted.id)
    assert paid is not None, "it was added just now"
    return Purchase(invoice=paid, created=True)


def add_or_find(app: App, wanted: Invoice) -> tuple[Invoice, bool]:
    """The waiting invoice of the buyer for the item and rail; when there is none, or its time is over, the new one."""
    with app.database.reading() as tx:
        waiting = invoices.find_waiting(tx, buyer_id=wanted.buyer_id, item=wanted.item, rail=wanted.rail)
    if waiting is not None and waiting.expires_ms <= app.clock.now_ms():
        conclude(app, waiting)
    with app.database.transaction() as tx:
        tx.lock(f"buyer {wanted.buyer_id} {wanted.item}")
        if offers.list_entitled(tx, wanted.buyer_id, [wanted.item]):
            raise AlreadyBought(item=wanted.item)
        if invoices.add_invoice(tx, wanted):
            app.events.record(tx, InvoiceOpened(invoice_id=wanted.id, item=wanted.item, rail=wanted.rail))
            return wanted, True
        found = invoices.find_waiting(tx, buyer_id=wanted.buyer_id, item=wanted.item, rail=wanted.rail)
    if found is None:  # it was paid or ended a moment ago, after the unique index saw it
        return add_or_find(app, wanted)
    return found, False
