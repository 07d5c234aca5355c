"""For administrators: credits, payouts of all, rates, and money that came without saying what for."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header

from skillyard.api.native.wire import payouts as payouts_wire
from skillyard.api.native.wire import treasury as wire
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.payments import credits, payouts, rates
from skillyard.infra.money import Asset

router = APIRouter(tags=["admin"])

Key = Annotated[str | None, Header(alias="idempotency-key", include_in_schema=False)]


@router.post("/admin/credits", status_code=201, summary="Give somebody credits")
def grant_credits(
    app: AppOf, caller: CallerOf, body: wire.GrantCreditsBody, idempotency_key: Key = None
) -> wire.CreditsGranted:
    """For administrators. Who buys with them owes nothing to any outside account."""
    credits.grant_credits(
        app, caller, username=body.username, amount=body.amount, reason=body.reason, key=idempotency_key
    )
    return wire.CreditsGranted(username=body.username, credits=body.amount)


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


@router.put("/admin/rates/{asset}", summary="Say what an asset is worth")
def set_rate(app: AppOf, caller: CallerOf, asset: Asset, body: wire.SetRateBody) -> wire.RateOnWire:
    """For administrators, where no rate is fetched. Good for a day."""
    return wire.show_rate(asset, rates.set_rate(app, caller, asset=asset, usd=body.usd))
