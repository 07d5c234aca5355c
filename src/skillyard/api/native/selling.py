"""For sellers: what is for sale and for how much, what was sold, who may take it without paying."""

from __future__ import annotations

from fastapi import APIRouter

from skillyard.api.native.wire import selling as wire
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.payments import entitlements, purchases
from skillyard.domain.payments.rail import ready_rails
from skillyard.domain.registry import sale
from skillyard.skill.names import SkillName

router = APIRouter(tags=["selling"])

_SKILL = "/skills/{namespace}/{slug}"


@router.get(f"{_SKILL}/sale", summary="Whether a skill is for sale, and for how much")
def get_sale(app: AppOf, caller: CallerOf, namespace: str, slug: str) -> wire.SaleOnWire:
    """For everybody, also of a private skill if it is for sale: this is its sale page."""
    found = sale.get_sale(app, caller, name=SkillName(namespace, slug))
    return wire.show_sale(found, ready_rails(app))


@router.patch(f"{_SKILL}/sale", summary="Put a skill up for sale, or take it off")
def update_sale(app: AppOf, caller: CallerOf, namespace: str, slug: str, body: wire.UpdateSaleBody) -> wire.SaleOnWire:
    """For owners of the namespace. What is absent stays as it is. Who has bought it keeps it."""
    changed = sale.set_sale(
        app,
        caller,
        name=SkillName(namespace, slug),
        is_for_sale=body.is_for_sale,
        visibility=body.visibility,
        selling_text=body.selling_text,
    )
    return wire.show_sale(changed, ready_rails(app))


@router.post(f"{_SKILL}/prices", status_code=201, summary="Set a price")
def set_price(app: AppOf, caller: CallerOf, namespace: str, slug: str, body: wire.SetPriceBody) -> wire.PriceOnWire:
    """For owners of the namespace. One price per mode; open invoices keep the one that they were made with."""
    name = SkillName(namespace, slug)
    return wire.show_price(sale.set_price(app, caller, name=name, mode=body.mode, amount=body.amount))


@router.get(f"{_SKILL}/sales", summary="What was sold of a skill")
def list_sales(
    app: AppOf, caller: CallerOf, namespace: str, slug: str, limit: Limit = 30, cursor: Cursor = None
) -> wire.SoldPage:
    """For owners of the namespace. The newest first."""
    item = str(SkillName(namespace, slug))
    return wire.show_sold(*purchases.list_sales(app, caller, item=item, limit=limit, cursor=cursor))


@router.get("/me/sales", summary="What I have sold")
def list_my_sales(app: AppOf, caller: CallerOf, limit: Limit = 30, cursor: Cursor = None) -> wire.SoldPage:
    """The newest first, with how each price was shared out."""
    return wire.show_sold(*purchases.list_sales(app, caller, limit=limit, cursor=cursor))


@router.get(f"{_SKILL}/access", summary="Who bought a skill, or was given it")
def list_access(app: AppOf, caller: CallerOf, namespace: str, slug: str) -> wire.Holders:
    """For owners of the namespace. The newest 500."""
    return wire.show_holders(entitlements.list_holders(app, caller, item=str(SkillName(namespace, slug))))


@router.put(f"{_SKILL}/access/{{username}}", summary="Let somebody have a skill without paying")
def grant_access(app: AppOf, caller: CallerOf, namespace: str, slug: str, username: str) -> wire.AccessOnWire:
    """For owners of the namespace. Until it is revoked."""
    item = str(SkillName(namespace, slug))
    return wire.show_access(entitlements.grant_access(app, caller, item=item, username=username), username)


@router.delete(f"{_SKILL}/access/{{username}}", summary="Take back what was granted")
def revoke_access(app: AppOf, caller: CallerOf, namespace: str, slug: str, username: str) -> wire.AccessRevoked:
    """For owners of the namespace. Access that was bought ends with a refund only."""
    name = SkillName(namespace, slug)
    entitlements.revoke_access(app, caller, item=str(name), username=username)
    return wire.AccessRevoked(name=str(name), username=username)
