"""Buy credits: an invoice like others, paid by every rail that takes dollars. One credit is one US cent."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments import rail as ports
from skillyard.domain.payments.buy import Purchase, add_or_find, amount_due
from skillyard.domain.payments.chart import PLATFORM
from skillyard.domain.payments.credit_sales import CREDITS_ITEM
from skillyard.domain.payments.errors import CreditsInvoiceOpen, CreditsOutOfBounds, NoWayToPayForCredits
from skillyard.domain.payments.invoices import cancel_invoice, open_at_rail
from skillyard.domain.payments.model import Invoice, InvoiceStatus, PayTo, Price, PriceMode
from skillyard.domain.payments.rail import Rail
from skillyard.domain.payments.store import invoices, offers
from skillyard.infra.ids import new_id
from skillyard.infra.money import CENTS_PER_CREDIT, Asset, read_amount

_MODE: PriceMode = "fixed_usd"


def ways_to_buy_credits(app: App) -> list[Rail]:
    """The rails that take money for credits here, as they are set up."""
    return [one for one in ports.ready_rails(app) if not one.is_internal and one.asset_for(_MODE)]


def buy_credits(app: App, caller: Caller, *, amount: str, rail: str | None = None) -> Purchase:
    """`amount`: whole credits. The open invoice for as many by this rail, or a new one; it is an order and can be
    cancelled until it is paid. Without `rail`, the first that takes dollars.

    Raises AmountNotValid, CreditsOutOfBounds, NoSuchRail, RailNotReady, NoWayToPayForCredits, RateUnknown,
    CreditsInvoiceOpen or Upstream.
    """
    caller.must("buy")
    buyer_id, _ = caller.identity
    credits = _read(app, amount)
    chosen = _choose(app, rail)
    price = _price(app, credits)
    wanted = _draft(app, buyer_id, chosen, price)
    _end_another(app, caller, wanted)
    found, created = add_or_find(app, wanted)
    if found.price.amount != price.amount:
        raise CreditsInvoiceOpen(invoice_id=found.id)
    return Purchase(invoice=open_at_rail(app, found), created=created)


def _read(app: App, amount: str) -> int:
    credits = read_amount(amount, Asset.CREDIT)
    least, most = app.settings.credits_least, app.settings.credits_most
    if not least <= credits <= most:
        raise CreditsOutOfBounds(credits=credits, least=least, most=most)
    return credits


def _choose(app: App, name: str | None) -> Rail:
    ways = ways_to_buy_credits(app)
    if name is None:
        if not ways:
            raise NoWayToPayForCredits
        return next((one for one in ways if one.asset_for(_MODE) is Asset.USD), ways[0])
    rail = ports.get_ready_rail(app, name)
    if rail not in ways:
        raise NoWayToPayForCredits
    return rail


def _price(app: App, credits: int) -> Price:
    cents = credits * CENTS_PER_CREDIT
    price = Price(id=f"prc_credits_{cents}", item=CREDITS_ITEM, mode=_MODE, amount=cents, created_ms=app.clock.now_ms())
    with app.database.transaction() as tx:
        offers.add_fixed_price(tx, price, seller_id=PLATFORM)
    return price


def _draft(app: App, buyer_id: str, rail: Rail, price: Price) -> Invoice:
    now_ms, asset = app.clock.now_ms(), rail.asset_for(price.mode)
    assert asset is not None, "it was chosen for that"
    with app.database.reading() as tx:
        amount, quote = amount_due(tx, price, asset, now_ms)
    return Invoice(
        id=new_id("inv"), item=CREDITS_ITEM, buyer_id=buyer_id, seller_id=PLATFORM, rail=rail.name, price=price,
        asset=asset, amount=amount, quote=quote, memo=rail.new_memo(), attempt=1, pay_to=PayTo(),
        status=InvoiceStatus.DRAFT, referrer_id=None, fee_bps=0, referral_bps=0, received=0, created_ms=now_ms,
        expires_ms=now_ms + app.settings.invoice_minutes * 60_000, paid_ms=None,
    )  # fmt: skip


def _end_another(app: App, caller: Caller, wanted: Invoice) -> None:
    """Who now wants another number of credits does not want those of before, unless some of them are paid for."""
    with app.database.reading() as tx:
        waiting = invoices.find_waiting(tx, buyer_id=wanted.buyer_id, item=wanted.item, rail=wanted.rail)
    if waiting is None or waiting.price.amount == wanted.price.amount:
        return
    if waiting.status is InvoiceStatus.UNDERPAID:
        raise CreditsInvoiceOpen(invoice_id=waiting.id)
    cancel_invoice(app, caller, invoice_id=waiting.id)
