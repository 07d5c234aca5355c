"""For buyers: buy, pay, see what one has; and refunds, which sellers give."""

from __future__ import annotations

from fastapi import APIRouter

from skillyard.api.native.wire import buying as wire
from skillyard.api.native.wire.account import AccountOnWire, show_account
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.payments import account, credit_purchases, credits, invoices, purchases, refunds
from skillyard.domain.registry import sale
from skillyard.infra.money import show_amount
from skillyard.skill.names import SkillName

router = APIRouter(tags=["buying"])


@router.post("/skills/{namespace}/{slug}/purchase", status_code=201, summary="Buy a skill")
def buy_skill(app: AppOf, caller: CallerOf, namespace: str, slug: str, body: wire.BuyBody) -> wire.PurchaseOnWire:
    """Makes an invoice, or finds the open one. With credits it is paid at once; else `pay_to` says how to pay it."""
    name = SkillName(namespace, slug)
    bought = sale.buy(app, caller, name=name, rail=body.rail, referral_code=body.referral_code)
    return wire.show_purchase(bought, app.settings.address)


@router.get("/invoices", summary="My invoices")
def list_invoices(app: AppOf, caller: CallerOf, limit: Limit = 30, cursor: Cursor = None) -> wire.InvoicesPage:
    """The newest first, whatever became of them."""
    page = invoices.list_invoices(app, caller, limit=limit, cursor=cursor)
    return wire.show_invoices(page, app.settings.address)


@router.get("/invoices/{invoice_id}", summary="One invoice")
def get_invoice(app: AppOf, caller: CallerOf, invoice_id: str) -> wire.InvoiceOnWire:
    """As it stands now: ask again until it is `paid`. For its buyer, and administrators."""
    return wire.show_invoice(invoices.get_invoice(app, caller, invoice_id=invoice_id), app.settings.address)


@router.post("/invoices/{invoice_id}/cancel", summary="Cancel an invoice")
def cancel_invoice(app: AppOf, caller: CallerOf, invoice_id: str) -> wire.InvoiceOnWire:
    """For its buyer, while nothing was paid. Money that arrives all the same is kept for them to be sent back."""
    return wire.show_invoice(invoices.cancel_invoice(app, caller, invoice_id=invoice_id), app.settings.address)


@router.post("/invoices/{invoice_id}/refunds", status_code=201, summary="Give money back")
def refund_invoice(app: AppOf, caller: CallerOf, invoice_id: str, body: wire.RefundBody) -> wire.Refunds:
    """For the seller and for administrators: the price of a sale, or a part of it. In full it ends the access. What was
    paid in TON waits until the buyer claims it to a wallet of their own.
    """
    made = refunds.refund(
        app, caller, invoice_id=invoice_id, reason=body.reason, amount=body.amount, address=body.address
    )
    return wire.show_refunds(made, _claimable(app, caller, invoice_id))


@router.get("/invoices/{invoice_id}/refunds", summary="What of an invoice went back")
def list_refunds(app: AppOf, caller: CallerOf, invoice_id: str) -> wire.Refunds:
    """For its buyer, its seller and administrators. The oldest first; and what waits for the buyer to claim it."""
    made = refunds.list_refunds(app, caller, invoice_id=invoice_id)
    return wire.show_refunds(made, _claimable(app, caller, invoice_id))


@router.post("/invoices/{invoice_id}/claim", status_code=201, summary="Have back what bought nothing")
def claim_refund(app: AppOf, caller: CallerOf, invoice_id: str, body: wire.ClaimBody) -> wire.Refunds:
    """For the buyer: what was paid too much, too late, or for an invoice that never came to its amount."""
    made = refunds.claim_refund(app, caller, invoice_id=invoice_id, address=body.address)
    return wire.show_refunds(made, _claimable(app, caller, invoice_id))


@router.get("/me/purchases", summary="What I may take")
def list_purchases(app: AppOf, caller: CallerOf, limit: Limit = 30, cursor: Cursor = None) -> wire.BoughtPage:
    """What was bought or granted. The newest first."""
    return wire.show_bought(purchases.list_bought(app, caller, limit=limit, cursor=cursor))


@router.get("/me/credits", summary="My credits")
def get_credits(app: AppOf, caller: CallerOf) -> wire.MyCredits:
    """Every price in dollars can be paid with them, and every invocation."""
    return wire.show_my_credits(
        credits.get_credits(app, caller),
        ways=credit_purchases.ways_to_buy_credits(app),
        bounds=(app.settings.credits_least, app.settings.credits_most),
        purchase_url=credits.purchase_url(app),
    )


@router.get("/me/account", summary="My account at a glance")
def get_account(app: AppOf, caller: CallerOf) -> AccountOnWire:
    """Credits, the ten last movements of them, and what of this month's runs and invocations is used."""
    return show_account(account.get_account(app, caller))


@router.post("/me/credits", status_code=201, summary="Buy credits")
def buy_credits(app: AppOf, caller: CallerOf, body: wire.BuyCreditsBody) -> wire.PurchaseOnWire:
    """Makes an invoice in dollars or TON, or finds the open one for as many; one for another number is cancelled. The
    credits are there once it is paid, and are taken back when the payment is.
    """
    bought = credit_purchases.buy_credits(app, caller, amount=body.amount, rail=body.rail)
    return wire.show_purchase(bought, app.settings.address)


def _claimable(app: App, caller: Caller, invoice_id: str) -> str:
    return show_amount(*refunds.get_claimable(app, caller, invoice_id=invoice_id))
