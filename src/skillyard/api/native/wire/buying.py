"""Invoices, refunds, what was bought, and credits, on the wire. Amounts are decimal strings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.api.native.wire.selling import PriceOnWire, WayToPay, show_price
from skillyard.domain.payments.buy import Purchase
from skillyard.domain.payments.credits import Credits
from skillyard.domain.payments.model import EntitlementKind, Invoice, InvoiceStatus, Refund, RefundStatus
from skillyard.domain.payments.purchases import Bought
from skillyard.domain.payments.rail import Rail
from skillyard.infra.clock import iso
from skillyard.infra.money import Asset, show_amount
from skillyard.infra.paging import Page

_INVOICE: dict[str, Any] = {
    "id": "inv_01k0000000000000000000000a",
    "name": "acme/report",
    "status": "open",
    "rail": "ton",
    "asset": "TON",
    "amount": "5.576923077",
    "received": "0.000000000",
    "missing": "5.576923077",
    "price": {"mode": "fixed_usd", "asset": "USD", "amount": "29.00", "set_at": "2026-11-21T07:00:00.000Z"},
    "quote": {"usd": "5.20", "source": "administrator", "at": "2026-11-21T07:00:00.000Z"},
    "pay_to": {
        "address": "UQ…",
        "memo": "SKY7K2M9Q4ZD3X",
        "link": "ton://transfer/UQ…?amount=5576923077&text=SKY7K2M9Q4ZD3X",
        "checkout_url": None,
    },
    "page_url": "https://skills.example.org/invoices/inv_01k0000000000000000000000a",
    "created_at": "2026-11-21T07:00:00.000Z",
    "expires_at": "2026-11-21T07:30:00.000Z",
    "paid_at": None,
}
_BOUGHT = {
    "name": "acme/report",
    "how": "bought",
    "invoice_id": "inv_01k0000000000000000000000a",
    "since": "2026-11-21T07:05:00.000Z",
}
_REFUND = {
    "id": "ref_01k0000000000000000000000a",
    "invoice_id": "inv_01k0000000000000000000000a",
    "rail": "stripe",
    "asset": "USD",
    "amount": "29.00",
    "address": None,
    "status": "paid",
    "reason": "It does not do what its page says.",
    "why": "",
    "requested_at": "2026-11-21T08:00:00.000Z",
}


_CREDITS = {"username": "grace", "available": "2900", "held": "0", "owed": "0"}
_WAY = {"rail": "stripe", "asset": "USD"}
_PAGE = "https://skills.example.org/account/credits"


class QuoteOnWire(BaseModel):
    usd: str = Field(description="What one unit was worth in US dollars.")
    source: str
    at: Time


class PayToOnWire(BaseModel):
    address: str | None
    memo: str | None = Field(description="Must go with the payment, exactly as it stands here.")
    link: str | None = Field(description="Opens a wallet with everything filled in.")
    checkout_url: str | None = Field(description="The payment provider's page.")


class InvoiceOnWire(BaseModel):
    model_config = example(_INVOICE)

    id: str
    name: str = Field(description="Of the skill; `credits` where those are bought, one for each cent of `price`.")
    status: InvoiceStatus
    rail: str
    asset: Asset
    amount: str = Field(description="What has to arrive, exactly.")
    received: str
    missing: str
    price: PriceOnWire
    quote: QuoteOnWire | None = Field(description="The rate that the amount was made with, where it needed one.")
    pay_to: PayToOnWire
    page_url: str = Field(description="The same for people, in a browser.")
    created_at: Time
    expires_at: Time
    paid_at: Time | None


class InvoicesPage(BaseModel):
    model_config = example({"items": [_INVOICE], "next_cursor": None})

    items: list[InvoiceOnWire]
    next_cursor: str | None


class BuyBody(BaseModel):
    model_config = example({"rail": "ton", "referral_code": "grace"}, closed=True)

    rail: Text | None = Field(default=None, description="One of the sale's `pay_with`; absent: the first of them.")
    referral_code: Text | None = Field(default=None, description="The username of whoever recommended it.")


class PurchaseOnWire(BaseModel):
    model_config = example({"created": True, "invoice": _INVOICE})

    created: bool = Field(description="False when an open invoice for the same was there already.")
    invoice: InvoiceOnWire


class RefundBody(BaseModel):
    model_config = example({"reason": "It does not do what its page says."}, closed=True)

    reason: str = Field(max_length=2000)
    amount: Text | None = Field(default=None, description="Absent: all that is left of it.")
    address: Text | None = Field(default=None, description="For TON, from administrators: the buyer's own wallet.")


class ClaimBody(BaseModel):
    model_config = example({"address": "UQ…"}, closed=True)

    address: Text | None = Field(default=None, description="For TON: your own wallet.")


class RefundOnWire(BaseModel):
    model_config = example(_REFUND)

    id: str
    invoice_id: str | None = Field(description="None for money that named no invoice.")
    rail: str
    asset: Asset
    amount: str
    address: str | None
    status: RefundStatus
    reason: str
    why: str = Field(description="Why it failed, or waits.")
    requested_at: Time


class Refunds(BaseModel):
    model_config = example({"items": [_REFUND], "claimable": "0.00"})

    claimable: str = Field(description="What waits for the buyer to say where it goes.")
    items: list[RefundOnWire] = Field(description="One for each payment that it goes back along; none for credits.")


class BoughtOnWire(BaseModel):
    model_config = example(_BOUGHT)

    name: str
    how: EntitlementKind
    invoice_id: str | None
    since: Time


class BoughtPage(BaseModel):
    model_config = example({"items": [_BOUGHT], "next_cursor": None})

    items: list[BoughtOnWire]
    next_cursor: str | None


class BuyCreditsBody(BaseModel):
    model_config = example({"amount": "1000", "rail": "stripe"}, closed=True)

    amount: Text = Field(description="Whole credits; one is one US cent.")
    rail: Text | None = Field(default=None, description="One of `pay_with` of my credits; absent: what takes dollars.")


class CreditsOnWire(BaseModel):
    model_config = example(_CREDITS)

    username: str
    available: str = Field(description="Whole credits; one is one US cent.")
    held: str = Field(description="Set aside for what runs now.")
    owed: str = Field(description="Spent before their payment went back: what comes next pays these first.")


class MyCredits(CreditsOnWire):
    model_config = example({**_CREDITS, "pay_with": [_WAY], "least": "100", "most": "100000", "purchase_url": _PAGE})

    pay_with: list[WayToPay] = Field(description="How some can be bought here now.")
    least: str = Field(description="Fewest that can be bought at once.")
    most: str
    purchase_url: str = Field(description="Where people buy them in a browser.")


def show_invoice(invoice: Invoice, address: str) -> InvoiceOnWire:
    """`address`: of this server."""
    asset, quote = invoice.asset, invoice.quote
    return InvoiceOnWire(
        id=invoice.id,
        name=invoice.item,
        status=invoice.status,
        rail=invoice.rail,
        asset=asset,
        amount=show_amount(invoice.amount, asset),
        received=show_amount(invoice.received, asset),
        missing=show_amount(invoice.missing, asset),
        price=show_price(invoice.price),
        quote=QuoteOnWire(usd=quote.usd, source=quote.source, at=iso(quote.at_ms)) if quote else None,
        pay_to=PayToOnWire(
            address=invoice.pay_to.address,
            memo=invoice.pay_to.memo,
            link=invoice.pay_to.link,
            checkout_url=invoice.pay_to.checkout_url,
        ),
        page_url=f"{address}/invoices/{invoice.id}",
        created_at=iso(invoice.created_ms),
        expires_at=iso(invoice.expires_ms),
        paid_at=iso(invoice.paid_ms) if invoice.paid_ms is not None else None,
    )


def show_invoices(page: Page[Invoice], address: str) -> InvoicesPage:
    return InvoicesPage(items=[show_invoice(one, address) for one in page.items], next_cursor=page.next_cursor)


def show_purchase(purchase: Purchase, address: str) -> PurchaseOnWire:
    return PurchaseOnWire(created=purchase.created, invoice=show_invoice(purchase.invoice, address))


def show_refunds(refunds: Sequence[Refund], claimable: str) -> Refunds:
    return Refunds(items=[show_refund(one) for one in refunds], claimable=claimable)


def show_refund(refund: Refund) -> RefundOnWire:
    return RefundOnWire(
        id=refund.id,
        invoice_id=refund.invoice_id,
        rail=refund.rail,
        asset=refund.asset,
        amount=show_amount(refund.amount, refund.asset),
        address=refund.to_address,
        status=refund.status,
        reason=refund.reason,
        why=refund.why,
        requested_at=iso(refund.requested_ms),
    )


def show_bought(page: Page[Bought]) -> BoughtPage:
    items = [
        BoughtOnWire(name=one.item, how=one.how, invoice_id=one.invoice_id, since=iso(one.since_ms))
        for one in page.items
    ]
    return BoughtPage(items=items, next_cursor=page.next_cursor)


def show_credits(credits: Credits) -> CreditsOnWire:
    return CreditsOnWire(
        username=credits.username,
        available=show_amount(credits.available, Asset.CREDIT),
        held=show_amount(credits.held, Asset.CREDIT),
        owed=show_amount(credits.owed, Asset.CREDIT),
    )


def show_my_credits(credits: Credits, *, ways: Sequence[Rail], bounds: tuple[int, int], purchase_url: str) -> MyCredits:
    """`bounds`: fewest and most that are bought at once."""
    least, most = (show_amount(bound, Asset.CREDIT) for bound in bounds)
    pay_with = [WayToPay(rail=one.name, asset=asset) for one in ways if (asset := one.asset_for("fixed_usd"))]
    shown = show_credits(credits).model_dump()
    return MyCredits(**shown, pay_with=pay_with, least=least, most=most, purchase_url=purchase_url)
