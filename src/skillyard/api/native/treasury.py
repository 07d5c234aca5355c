"""For administrators: credits, payouts of all, rates, and money that came without saying what for."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header

from skillyard.api.native.wire import buying as buying_wire
from skillyard.api.native.wire import payouts as payouts_wire
from skillyard.api.native.wire import treasury as wire
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.payments import charges_in_doubt, credits, deposits, payouts, rates, refunds
from skillyard.infra.money import Asset

router = APIRouter(tags=["admin"])

Key = Annotated[str | None, Header(alias="idempotency-key", include_in_schema=False)]


@router.post("/admin/credits", status_code=201, summary="Give somebody credits")
def grant_credits(
    app: AppOf, caller: CallerOf, body: wire.GrantCreditsBody, idempotency_key: Key = None
) -> buying_wire.CreditsOnWire:
    """For administrators. Answers with what the person has then."""
    granted = credits.grant_credits(
        app, caller, username=body.username, amount=body.amount, reason=body.reason, key=idempotency_key
    )
    return buying_wire.show_credits(granted)


@router.get("/admin/payouts", summary="The payouts of all")
def list_all_payouts(
    app: AppOf, caller: CallerOf, limit: Limit = 30, cursor: Cursor = None
) -> payouts_wire.PayoutsPage:
    """For administrators. The newest first."""
    return payouts_wire.show_payouts(payouts.list_all_payouts(app, caller, limit=limit, cursor=cursor))


@router.post("/admin/payouts/{payout_id}/approve", summary="Let a payout go")
def approve_payout(app: AppOf, caller: CallerOf, payout_id: str) -> payouts_wire.PayoutOnWire:
    """For administrators. A worker sends it."""
    return payouts_wire.show_payout(payouts.approve_payout(app, caller, payout_id=payout_id))


@router.post("/admin/payouts/{payout_id}/reject", summary="Refuse a payout")
def reject_payout(
    app: AppOf, caller: CallerOf, payout_id: str, body: wire.RejectPayoutBody
) -> payouts_wire.PayoutOnWire:
    """For administrators. The amount is available to the seller again."""
    return payouts_wire.show_payout(payouts.reject_payout(app, caller, payout_id=payout_id, reason=body.reason))


@router.get("/admin/charges", summary="Payments elsewhere that are in doubt")
def list_charges_in_doubt(app: AppOf, caller: CallerOf) -> wire.Charges:
    """For administrators: what nobody knows of, and what failed after delivery. The oldest first."""
    return wire.show_charges(charges_in_doubt.list_charges_in_doubt(app, caller))


@router.post("/admin/charges/{invocation_id}/decide", summary="Say what became of a payment")
def decide_charge(app: AppOf, caller: CallerOf, invocation_id: str, body: wire.DecideChargeBody) -> wire.ChargeOnWire:
    """For administrators, who looked it up at the provider. What was taken is its seller's."""
    after = charges_in_doubt.decide_charge(
        app, caller, ref=invocation_id, is_taken=body.taken, reference=body.reference
    )
    return wire.show_charge(after)


@router.put("/admin/rates/{asset}", summary="Say what an asset is worth")
def set_rate(app: AppOf, caller: CallerOf, asset: Asset, body: wire.SetRateBody) -> wire.RateOnWire:
    """For administrators, where no rate is fetched. Good for a day."""
    return wire.show_rate(asset, rates.set_rate(app, caller, asset=asset, usd=body.usd))


@router.get("/rates/{asset}", summary="What an asset is worth")
def get_rate(app: AppOf, asset: Asset) -> wire.CurrentRate:
    """The rate that amounts are made with now."""
    rate = rates.get_rate(app, asset=asset)
    return wire.CurrentRate(rate=wire.show_rate(asset, rate) if rate else None)


@router.get("/admin/deposits", summary="Money that names no invoice")
def list_deposits(app: AppOf, caller: CallerOf) -> wire.Deposits:
    """For administrators. The newest 200."""
    return wire.show_deposits(deposits.list_deposits(app, caller))


@router.post("/admin/deposits/match", summary="Say what money is for")
def match_deposit(app: AppOf, caller: CallerOf, body: wire.MatchDepositBody) -> buying_wire.InvoiceOnWire:
    """For administrators. It counts for the invoice, as if it had come with its memo."""
    invoice = deposits.match_deposit(app, caller, rail=body.rail, reference=body.reference, invoice_id=body.invoice_id)
    return buying_wire.show_invoice(invoice, app.settings.address)


@router.post("/admin/deposits/return", status_code=201, summary="Send money back that names no invoice")
def return_deposit(app: AppOf, caller: CallerOf, body: wire.ReturnDepositBody) -> buying_wire.RefundOnWire:
    """For administrators."""
    made = refunds.return_deposit(app, caller, rail=body.rail, reference=body.reference, address=body.address)
    return buying_wire.show_refund(made)
