"""Sell and buy: prices, what is for sale, invoices, and who bought what."""

from __future__ import annotations

from fastapi import Response

from skillyard.api.skilldock.paging import Wanted, WantedOf
from skillyard.api.skilldock.reading import SKILL
from skillyard.api.skilldock.signed import signed_router
from skillyard.api.skilldock.wire import selling as wire
from skillyard.api.surface import AppOf, CallerOf
from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments import invoices, purchases
from skillyard.domain.registry import sale
from skillyard.skill.names import SkillName

router = signed_router("selling")


@router.post(f"{SKILL}/prices", status_code=201, summary="Set a price", response_model_exclude_none=True)
def set_price(app: AppOf, caller: CallerOf, namespace: str, slug: str, body: wire.SetPriceBody) -> wire.PriceAnswer:
    """For owners of the namespace. There may be one in dollars and one in TON; open invoices keep theirs."""
    name = SkillName(namespace, slug)
    price = sale.set_price(app, caller, name=name, mode=body.pricing_mode, amount=body.amount)
    return wire.PriceAnswer(price=wire.show_price(price))


@router.patch(f"{SKILL}/commerce", summary="Say whether a skill is for sale", response_model_exclude_none=True)
def set_commerce(
    app: AppOf, caller: CallerOf, namespace: str, slug: str, body: wire.SetCommerceBody
) -> wire.CommerceAnswer:
    """For owners of the namespace. What is left out stays as it is."""
    changed = sale.set_sale(
        app,
        caller,
        name=SkillName(namespace, slug),
        is_for_sale=body.is_for_sale,
        visibility=body.visibility,
        selling_text=body.selling_description_md,
    )
    return wire.show_commerce(changed)


@router.post(f"{SKILL}/buy", summary="Buy a skill", response_model_exclude_none=True)
def buy_skill(
    app: AppOf, caller: CallerOf, namespace: str, slug: str, response: Response, body: wire.BuyBody | None = None
) -> wire.PurchaseAnswer:
    """An invoice, or the one that is open already. What it says is to be paid counts until it expires."""
    body = body or wire.BuyBody()
    purchase = sale.buy(
        app,
        caller,
        name=SkillName(namespace, slug),
        rail=body.payment_provider or None,
        referral_code=body.referral_code or None,
    )
    response.status_code = 201 if purchase.created else 200
    return wire.show_purchase(purchase, purchases.find_payment(app, purchase.invoice))


@router.get("/v1/skill-purchases/invoices/{invoice_id}", summary="One invoice", response_model_exclude_none=True)
def get_invoice(app: AppOf, caller: CallerOf, invoice_id: str) -> wire.InvoiceAnswer:
    """For its buyer."""
    invoice = invoices.get_invoice(app, caller, invoice_id=invoice_id)
    return wire.InvoiceAnswer(invoice=wire.show_invoice(invoice, purchases.find_payment(app, invoice)))


@router.get("/v1/me/bought-skills", summary="What I have bought", response_model_exclude_none=True)
def list_bought(app: AppOf, caller: CallerOf, wanted: WantedOf) -> wire.BoughtPage:
    """Or was granted, the newest first."""
    found = purchases.list_bought(app, caller, limit=wanted.per_page, offset=wanted.offset)
    items = [wire.show_bought(bought) for bought in found.items]
    return wire.BoughtPage(**wanted.facts(has_more=found.next_cursor is not None), items=items)


@router.get("/v1/me/sales", summary="What I have sold")
def list_my_sales(app: AppOf, caller: CallerOf, wanted: WantedOf) -> wire.SalesPage:
    """The newest first."""
    return _list_sales(app, caller, wanted, item=None)


@router.get(f"{SKILL}/sales", summary="The sales of a skill")
def list_sales(app: AppOf, caller: CallerOf, wanted: WantedOf, namespace: str, slug: str) -> wire.SalesPage:
    """For owners of the namespace, the newest first."""
    return _list_sales(app, caller, wanted, item=f"{namespace}/{slug}")


def _list_sales(app: App, caller: Caller, wanted: Wanted, *, item: str | None) -> wire.SalesPage:
    found, total = purchases.list_sales(app, caller, item=item, limit=wanted.per_page, offset=wanted.offset)
    items = [wire.show_sale_made(row) for row in found.items]
    return wire.SalesPage(**wanted.facts(has_more=found.next_cursor is not None), total_sales=total, items=items)
