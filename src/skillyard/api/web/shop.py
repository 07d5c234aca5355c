"""Buying in the browser: the box on a skill's page, the invoice and how to pay it, what one has bought."""

from __future__ import annotations

import io

import segno
from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from skillyard.api.surface import AppOf
from skillyard.api.web.pages import go_to, page
from skillyard.api.web.session import FormOf, Visitor, VisitorOf
from skillyard.app import App
from skillyard.domain.payments.credits import get_credits
from skillyard.domain.payments.invoices import cancel_invoice, get_invoice, list_invoices
from skillyard.domain.payments.model import Price
from skillyard.domain.payments.purchases import list_bought
from skillyard.domain.payments.rail import Rail, ready_rails
from skillyard.domain.payments.refunds import claim_refund, get_claimable, list_refunds
from skillyard.domain.registry.releases import list_releases
from skillyard.domain.registry.sale import Sale, buy, get_sale
from skillyard.infra.errors import SkillyardError
from skillyard.infra.money import Asset, show_amount
from skillyard.skill.names import SkillName

router = APIRouter()

_MOST_ROWS = 50
_MOST_VERSIONS = 20
_ASK_EVERY_S = 5
_BUTTONS = {"stripe": "Pay by card", "ton": "Pay in TON", "credits": "Pay with credits"}


@router.post("/{namespace}/{slug}/buy")
def buy_skill(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf, namespace: str, slug: str) -> Response:
    name = SkillName(namespace, slug)
    try:
        bought = buy(
            app, visitor.caller, name=name, rail=form.text("rail") or None,
            referral_code=form.text("referral_code") or None,
        )  # fmt: skip
    except SkillyardError as refusal:
        if visitor.caller.user_id is None:
            raise
        sale = get_sale(app, visitor.caller, name=name)
        return sale_page(request, app, visitor, sale, refusal=refusal)
    return go_to(f"/invoices/{bought.invoice.id}")


@router.get("/invoices/{invoice_id}")
def show_invoice(request: Request, app: AppOf, visitor: VisitorOf, invoice_id: str) -> Response:
    return _invoice(request, app, visitor, invoice_id)


@router.post("/invoices/{invoice_id}/cancel")
def cancel(request: Request, app: AppOf, visitor: VisitorOf, invoice_id: str) -> Response:
    try:
        cancel_invoice(app, visitor.caller, invoice_id=invoice_id)
    except SkillyardError as refusal:
        return _invoice(request, app, visitor, invoice_id, refusal=refusal)
    return go_to(f"/invoices/{invoice_id}")


@router.post("/invoices/{invoice_id}/claim")
def claim(request: Request, app: AppOf, visitor: VisitorOf, form: FormOf, invoice_id: str) -> Response:
    try:
        claim_refund(app, visitor.caller, invoice_id=invoice_id, address=form.text("address") or None)
    except SkillyardError as refusal:
        return _invoice(request, app, visitor, invoice_id, refusal=refusal)
    return go_to(f"/invoices/{invoice_id}")


@router.get("/account/purchases")
def show_purchases(request: Request, app: AppOf, visitor: VisitorOf) -> Response:
    caller = visitor.caller
    return page(
        request, visitor, "purchases.html", bought=list_bought(app, caller, limit=_MOST_ROWS).items,
        invoices=list_invoices(app, caller, limit=_MOST_ROWS).items, credits=get_credits(app, caller).available,
    )  # fmt: skip


def sale_page(
    request: Request,
    app: App,
    visitor: Visitor,
    sale: Sale,
    *,
    referral_code: str = "",
    refusal: SkillyardError | None = None,
) -> Response:
    """What there is to read of a skill whose content is withheld."""
    versions = list_releases(app, visitor.caller, name=SkillName.parse(sale.name), limit=_MOST_VERSIONS).items
    return page(
        request, visitor, "sale.html", refusal=refusal, sale=sale, versions=versions,
        ways=ways_to_pay(app, sale), referral_code=referral_code,
    )  # fmt: skip


def ways_to_pay(app: App, sale: Sale) -> list[dict[str, str]]:
    """A button for each rail that can take one of the prices: its name, its words, and what it costs that way."""
    found = [(rail.name, _price_by(rail, sale)) for rail in ready_rails(app)]
    return [
        {"rail": name, "words": words_of(name), "cost": _cost(*chosen)} for name, chosen in found if chosen is not None
    ]


def words_of(rail_name: str) -> str:
    """What stands on the button of a rail."""
    return _BUTTONS.get(rail_name, f"Pay by {rail_name}")


def _price_by(rail: Rail, sale: Sale) -> tuple[Price, Asset] | None:
    """The price that would be taken, and what it is paid in; rather one that needs no rate."""
    fitting = [(price, asset) for price in sale.prices.values() if (asset := rail.asset_for(price.mode))]
    return min(fitting, key=lambda one: one[1] not in (one[0].asset, Asset.CREDIT), default=None)


def _cost(price: Price, asset: Asset) -> str:
    if asset is Asset.CREDIT:
        return f"{show_amount(price.amount, Asset.CREDIT)} credits"
    cost = f"{show_amount(price.amount, price.asset)} {price.asset}"
    return cost if asset is price.asset else f"the worth of {cost}"


def _invoice(
    request: Request, app: App, visitor: Visitor, invoice_id: str, *, refusal: SkillyardError | None = None
) -> Response:
    found = get_invoice(app, visitor.caller, invoice_id=invoice_id)
    link = found.pay_to.link
    return page(
        request, visitor, "invoice.html", refusal=refusal, invoice=found, qr=_qr(link) if link else None,
        refunds=list_refunds(app, visitor.caller, invoice_id=invoice_id),
        claimable=get_claimable(app, visitor.caller, invoice_id=invoice_id)[0],
        ask_every_s=_ASK_EVERY_S if found.status.is_waiting and not refusal else None,
    )  # fmt: skip


def _qr(text: str) -> Markup:
    """An image inside the page: nothing of the invoice goes elsewhere."""
    drawing = io.BytesIO()
    segno.make_qr(text).save(drawing, kind="svg", xmldecl=False, svgns=True, scale=5, border=3, light="#ffffff")
    return Markup(drawing.getvalue().decode())  # noqa: S704 (drawn by us, holds no text)
