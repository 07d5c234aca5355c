"""What is for sale, its prices, what was sold, and who may take it, on the wire. Amounts are decimal strings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.payments.entitlements import Holder
from skillyard.domain.payments.model import PRICE_ASSETS, Entitlement, EntitlementKind, Price, PriceMode
from skillyard.domain.payments.purchases import SaleRow
from skillyard.domain.payments.rail import Rail
from skillyard.domain.registry.model import Visibility
from skillyard.domain.registry.sale import Sale
from skillyard.infra.clock import iso
from skillyard.infra.money import Asset, show_amount
from skillyard.infra.paging import Page

_PRICE = {"mode": "fixed_usd", "asset": "USD", "amount": "29.00", "set_at": "2026-11-21T07:00:00.000Z"}
_SALE = {
    "name": "acme/report",
    "is_for_sale": True,
    "visibility": "private",
    "selling_text": "# Reports that boards read\n\nMakes them from your tables.",
    "prices": [_PRICE],
    "pay_with": [{"rail": "credits", "asset": "CREDIT"}, {"rail": "stripe", "asset": "USD"}],
    "sold_total": 12,
    "seller": "ada",
    "missing": [],
    "access": {"can_view_full_content": False, "is_owner": False, "is_buyer": False, "can_buy": True},
}
_SOLD = {
    "invoice_id": "inv_01k0000000000000000000000a",
    "name": "acme/report",
    "buyer": "grace",
    "rail": "stripe",
    "reference": "ch_3A2b3C4d5E6f",
    "asset": "USD",
    "price": "29.00",
    "your_share": "26.10",
    "fee": "2.90",
    "referral_share": "0.00",
    "refunded": "0.00",
    "paid_at": "2026-11-21T07:00:00.000Z",
    "matures_at": "2026-11-28T07:00:00.000Z",
    "matured_at": None,
}
_ACCESS = {"name": "acme/report", "username": "grace", "how": "granted", "since": "2026-11-21T07:00:00.000Z"}


class PriceOnWire(BaseModel):
    model_config = example(_PRICE)

    mode: PriceMode
    asset: Asset
    amount: str
    set_at: Time


class WayToPay(BaseModel):
    rail: str
    asset: Asset = Field(description="What one pays in. One CREDIT is one US cent.")


class SaleAccess(BaseModel):
    can_view_full_content: bool
    is_owner: bool
    is_buyer: bool
    can_buy: bool


class SaleOnWire(BaseModel):
    model_config = example(_SALE)

    name: str
    is_for_sale: bool
    visibility: Visibility
    selling_text: str = Field(description="Markdown, for people who have not bought it.")
    prices: list[PriceOnWire]
    pay_with: list[WayToPay] = Field(description="What this server can take for these prices now.")
    sold_total: int
    seller: str | None = Field(description="Who is paid.")
    missing: list[str] = Field(description="Without which it cannot be bought: `price`, `release`.")
    access: SaleAccess = Field(description="What the caller may do with it.")


class UpdateSaleBody(BaseModel):
    model_config = example({"is_for_sale": True, "visibility": "private"}, closed=True)

    is_for_sale: bool | None = Field(default=None, description="Absent: as it is.")
    visibility: Visibility | None = Field(default=None, description="Private: a page to buy it from, and no more.")
    selling_text: str | None = Field(default=None, max_length=100_000, description="Markdown; absent: as it is.")


class SetPriceBody(BaseModel):
    model_config = example({"mode": "fixed_usd", "amount": "29.00"}, closed=True)

    mode: PriceMode = Field(description="`fixed_usd` can be paid in dollars and credits, `fixed_ton` in TON.")
    amount: Text


class SoldOnWire(BaseModel):
    model_config = example(_SOLD)

    invoice_id: str = Field(description="Of what was earned by an invocation: its id.")
    name: str
    buyer: str | None = Field(description="None when the account is gone.")
    rail: str
    reference: str | None = Field(description="The provider's own id of the payment.")
    asset: Asset
    price: str
    your_share: str
    fee: str = Field(description="What the platform keeps.")
    referral_share: str
    refunded: str = Field(description="What of the price went back to the buyer.")
    paid_at: Time
    matures_at: Time = Field(description="From then on your share can be paid out.")
    matured_at: Time | None


class SoldPage(BaseModel):
    model_config = example({"items": [_SOLD], "next_cursor": None, "total": 1})

    items: list[SoldOnWire]
    next_cursor: str | None
    total: int


class AccessOnWire(BaseModel):
    model_config = example(_ACCESS)

    name: str
    username: str
    how: EntitlementKind
    since: Time


class Holders(BaseModel):
    model_config = example({"items": [_ACCESS]})

    items: list[AccessOnWire]


class AccessRevoked(BaseModel):
    model_config = example({"name": "acme/report", "username": "grace"})

    name: str
    username: str


def show_sale(sale: Sale, rails: Sequence[Rail]) -> SaleOnWire:
    """`rails`: those that are set up on this server."""
    return SaleOnWire(
        name=sale.name,
        is_for_sale=sale.is_for_sale,
        visibility=sale.visibility,
        selling_text=sale.selling_text,
        prices=[show_price(sale.prices[mode]) for mode in PRICE_ASSETS if mode in sale.prices],
        pay_with=show_ways_to_pay(sale, rails),
        sold_total=sale.sold_total,
        seller=sale.seller_username,
        missing=list(sale.missing),
        access=SaleAccess(
            can_view_full_content=sale.access.can_view_full_content,
            is_owner=sale.access.is_owner,
            is_buyer=sale.access.is_buyer,
            can_buy=sale.access.can_buy,
        ),
    )


def show_ways_to_pay(sale: Sale, rails: Sequence[Rail]) -> list[WayToPay]:
    """Each rail with the asset of the first price that it can take."""
    modes = [mode for mode in PRICE_ASSETS if mode in sale.prices]
    taken = [(rail.name, next((asset for mode in modes if (asset := rail.asset_for(mode))), None)) for rail in rails]
    return [WayToPay(rail=name, asset=asset) for name, asset in taken if asset is not None]


def show_price(price: Price) -> PriceOnWire:
    return PriceOnWire(
        mode=price.mode, asset=price.asset, amount=show_amount(price.amount, price.asset), set_at=iso(price.created_ms)
    )


def show_sold(page: Page[SaleRow], total: int) -> SoldPage:
    return SoldPage(items=[_show_sold(row) for row in page.items], next_cursor=page.next_cursor, total=total)


def show_access(entitlement: Entitlement, username: str) -> AccessOnWire:
    return AccessOnWire(name=entitlement.item, username=username, how=entitlement.how, since=iso(entitlement.since_ms))


def show_holders(holders: Sequence[Holder]) -> Holders:
    return Holders(items=[show_access(one.entitlement, one.username) for one in holders])


def _show_sold(row: SaleRow) -> SoldOnWire:
    sale = row.sale
    amounts: dict[str, Any] = {
        name: show_amount(value, sale.asset)
        for name, value in (
            ("price", sale.price),
            ("your_share", sale.seller_share),
            ("fee", sale.fee),
            ("referral_share", sale.referral_share),
            ("refunded", sale.refunded),
        )
    }
    return SoldOnWire(
        invoice_id=sale.invoice_id,
        name=sale.item,
        buyer=row.buyer.username if row.buyer else None,
        rail=sale.rail,
        reference=row.reference,
        asset=sale.asset,
        paid_at=iso(sale.paid_ms),
        matures_at=iso(sale.matures_ms),
        matured_at=iso(sale.matured_ms) if sale.matured_ms is not None else None,
        **amounts,
    )
