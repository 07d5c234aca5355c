"""Prices, sales, invoices and what was bought. Amounts are text; what there is no amount of is empty or left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from skillyard.api.skilldock.paging import PageOnWire
from skillyard.domain.payments.buy import Purchase
from skillyard.domain.payments.model import Entitlement, Invoice, InvoiceStatus, Offer, Price, PriceMode, Receipt
from skillyard.domain.payments.purchases import SaleRow
from skillyard.domain.registry.model import Visibility
from skillyard.domain.registry.sale import Access, Sale
from skillyard.infra.clock import iso
from skillyard.infra.money import CENTS_PER_CREDIT, Asset, show_amount

Amount = Annotated[str, StringConstraints(max_length=40)]
Word = Annotated[str, StringConstraints(max_length=100)]
Status = Literal["pending", "paid", "expired", "cancelled"]

_MOST_TEXT_CHARS = 100_000
_CANCELLED = frozenset({InvoiceStatus.CANCELLED, InvoiceStatus.REFUNDED, InvoiceStatus.CHARGED_BACK})


class SetPriceBody(BaseModel):
    pricing_mode: PriceMode
    price_usd: Amount | None = None
    price_ton: Amount | None = None

    @property
    def amount(self) -> str:
        return (self.price_usd if self.pricing_mode == "fixed_usd" else self.price_ton) or ""


class PriceOnWire(BaseModel):
    id: str
    pricing_mode: PriceMode
    price_usd: str | None = None
    price_ton: str | None = None
    price_ton_nano: str | None = None
    created_at: str


class PriceAnswer(BaseModel):
    price: PriceOnWire


class SetCommerceBody(BaseModel):
    is_for_sale: bool | None = None
    visibility: Visibility | None = None
    selling_description_md: Annotated[str, StringConstraints(max_length=_MOST_TEXT_CHARS)] | None = None


class OwnerSetup(BaseModel):
    status: Literal["ready", "incomplete"]
    missing_requirements: list[str]


class SaleOnWire(BaseModel):
    """How a skill is sold. The price in dollars is the active one where there are two."""

    is_for_sale: bool
    selling_description_md: str
    pricing_mode: str
    active_pricing_mode: str
    price_usd: str
    active_price_usd: str
    price_ton: str
    active_price_ton: str
    price_ton_nano: str
    active_price_ton_nano: str
    sold_total: int
    can_buy: bool
    owner_setup: OwnerSetup | None = Field(default=None, description="For its owners: what they have yet to do.")


class AccessOnWire(BaseModel):
    can_view_full_content: bool
    is_owner: bool
    is_buyer: bool
    can_buy: bool


class SkillRef(BaseModel):
    namespace: str
    slug: str
    title: str


class SkillForSale(SkillRef):
    visibility: Literal["public", "private"]


class CommerceAnswer(BaseModel):
    sale: SaleOnWire
    skill: SkillForSale


class BuyBody(BaseModel):
    payment_provider: Word | None = Field(default=None, description="stripe, ton or credits; the server may choose.")
    referral_code: Word | None = Field(default=None, description="The username of whoever recommended it.")


class InvoiceOnWire(BaseModel):
    id: str
    status: Status
    skill: SkillRef
    payment_provider: str
    pricing_mode_snapshot: PriceMode
    created_at: str
    expires_at: str
    paid_at: str | None = None
    pay_to_address: str | None = None
    pay_to_link: str | None = Field(default=None, description="Opens a wallet with everything filled in.")
    memo: str | None = Field(default=None, description="Must go with the payment, exactly as it stands here.")
    amount_ton: str | None = None
    amount_ton_nano: str | None = None
    amount_usd: str | None = None
    amount_usd_cents: int | None = None
    amount_usd_is_reference_only: bool = Field(description="The amount to pay is the one in TON.")
    tx_hash: str | None = None
    stripe_checkout_session_id: str | None = None
    stripe_checkout_url: str | None = None
    stripe_payment_intent_id: str | None = None
    stripe_payment_status: str | None = None
    access_granted: bool


class InvoiceAnswer(BaseModel):
    invoice: InvoiceOnWire


class PurchaseAnswer(InvoiceAnswer):
    created: bool = Field(description="False when an open invoice for the same was there already.")


class BoughtOnWire(BaseModel):
    skill: SkillRef
    purchased_at: str
    invoice_id: str | None = None


class BoughtPage(PageOnWire):
    items: list[BoughtOnWire]


class Buyer(BaseModel):
    display_name: str
    user_id: str


class SaleMade(BaseModel):
    sale_id: str
    skill: SkillRef
    buyer: Buyer
    paid_at: str
    amount_usd: str
    amount_ton: str
    tx_hash: str
    payment_provider: str


class SalesPage(PageOnWire):
    total_sales: int
    items: list[SaleMade]


def show_price(price: Price) -> PriceOnWire:
    is_usd = price.asset is Asset.USD
    shown = show_amount(price.amount, price.asset)
    return PriceOnWire(
        id=price.id,
        pricing_mode=price.mode,
        price_usd=shown if is_usd else None,
        price_ton=None if is_usd else shown,
        price_ton_nano=None if is_usd else str(price.amount),
        created_at=iso(price.created_ms),
    )


def show_sale(sale: Sale) -> SaleOnWire:
    shown = _sale(
        sale.prices,
        is_for_sale=sale.is_for_sale,
        selling_text=sale.selling_text,
        sold_total=sale.sold_total,
        can_buy=sale.access.can_buy,
    )
    status: Literal["ready", "incomplete"] = "incomplete" if sale.missing else "ready"
    setup = OwnerSetup(status=status, missing_requirements=list(sale.missing))
    return shown.model_copy(update={"owner_setup": setup}) if sale.access.is_owner else shown


def show_offer(offer: Offer | None, *, can_buy: bool) -> SaleOnWire:
    """In a list."""
    if offer is None:
        return _sale({}, is_for_sale=False, selling_text="", sold_total=0, can_buy=False)
    return _sale(
        offer.prices,
        is_for_sale=offer.is_for_sale,
        selling_text=offer.selling_text,
        sold_total=offer.sold_total,
        can_buy=can_buy,
    )


def show_access(access: Access) -> AccessOnWire:
    return AccessOnWire(
        can_view_full_content=access.can_view_full_content,
        is_owner=access.is_owner,
        is_buyer=access.is_buyer,
        can_buy=access.can_buy,
    )


def show_commerce(sale: Sale) -> CommerceAnswer:
    skill = _skill(sale.name)
    visibility: Literal["public", "private"] = "public" if sale.visibility.is_open else "private"
    return CommerceAnswer(sale=show_sale(sale), skill=SkillForSale(**skill.model_dump(), visibility=visibility))


def show_purchase(purchase: Purchase, payment: Receipt | None) -> PurchaseAnswer:
    return PurchaseAnswer(created=purchase.created, invoice=show_invoice(purchase.invoice, payment))


def show_invoice(invoice: Invoice, payment: Receipt | None) -> InvoiceOnWire:
    """`payment`: the first that came for it."""
    pay_to, price, is_ton = invoice.pay_to, invoice.price, invoice.asset is Asset.TON
    is_stripe = invoice.rail == "stripe"
    cents = price.amount if price.asset is Asset.USD else None
    return InvoiceOnWire(
        id=invoice.id,
        status=_status(invoice.status),
        skill=_skill(invoice.item),
        payment_provider=invoice.rail,
        pricing_mode_snapshot=price.mode,
        created_at=iso(invoice.created_ms),
        expires_at=iso(invoice.expires_ms),
        paid_at=None if invoice.paid_ms is None else iso(invoice.paid_ms),
        pay_to_address=pay_to.address,
        pay_to_link=pay_to.link,
        memo=pay_to.memo,
        amount_ton=show_amount(invoice.amount, Asset.TON) if is_ton else None,
        amount_ton_nano=str(invoice.amount) if is_ton else None,
        amount_usd=None if cents is None else show_amount(cents, Asset.USD),
        amount_usd_cents=cents,
        amount_usd_is_reference_only=is_ton,
        tx_hash=_tx_hash(invoice.asset, payment.reference if payment else None),
        stripe_checkout_session_id=pay_to.reference if is_stripe else None,
        stripe_checkout_url=pay_to.checkout_url,
        stripe_payment_intent_id=(payment.details.get("payment_intent") or None) if payment else None,
        stripe_payment_status=("paid" if invoice.paid_ms else "unpaid") if is_stripe else None,
        access_granted=invoice.status.gives_access,
    )


def show_bought(bought: Entitlement) -> BoughtOnWire:
    return BoughtOnWire(skill=_skill(bought.item), purchased_at=iso(bought.since_ms), invoice_id=bought.invoice_id)


def show_sale_made(row: SaleRow) -> SaleMade:
    sale, buyer = row.sale, row.buyer
    is_ton = sale.asset is Asset.TON
    cents = sale.price * CENTS_PER_CREDIT if sale.asset is Asset.CREDIT else sale.price
    return SaleMade(
        sale_id=sale.invoice_id,
        skill=_skill(sale.item),
        buyer=Buyer(
            display_name=(buyer.display_name or buyer.username) if buyer else "",
            user_id=buyer.username if buyer else "",
        ),
        paid_at=iso(sale.paid_ms),
        amount_usd="" if is_ton else show_amount(cents, Asset.USD),
        amount_ton=show_amount(sale.price, Asset.TON) if is_ton else "",
        tx_hash=_tx_hash(sale.asset, row.reference) or "",
        payment_provider=sale.rail,
    )


def _sale(
    prices: Mapping[PriceMode, Price], *, is_for_sale: bool, selling_text: str, sold_total: int, can_buy: bool
) -> SaleOnWire:
    usd, ton = prices.get("fixed_usd"), prices.get("fixed_ton")
    mode = "fixed_usd" if usd else "fixed_ton" if ton else ""
    in_usd = show_amount(usd.amount, Asset.USD) if usd else ""
    in_ton = show_amount(ton.amount, Asset.TON) if ton else ""
    in_nano = str(ton.amount) if ton else ""
    return SaleOnWire(
        is_for_sale=is_for_sale,
        selling_description_md=selling_text,
        pricing_mode=mode,
        active_pricing_mode=mode,
        price_usd=in_usd,
        active_price_usd=in_usd,
        price_ton=in_ton,
        active_price_ton=in_ton,
        price_ton_nano=in_nano,
        active_price_ton_nano=in_nano,
        sold_total=sold_total,
        can_buy=can_buy,
    )


def _status(status: InvoiceStatus) -> Status:
    """Of money that buys nothing any more, the client only learns that it need not wait."""
    if status.is_waiting:
        return "pending"
    if status.gives_access:
        return "paid"
    return "cancelled" if status in _CANCELLED else "expired"


def _tx_hash(asset: Asset, reference: str | None) -> str | None:
    """The last part of a TON payment's reference."""
    return reference.rpartition(":")[2] if reference and asset is Asset.TON else None


def _skill(item: str) -> SkillRef:
    namespace, _, slug = item.partition("/")
    return SkillRef(namespace=namespace, slug=slug, title=slug)
