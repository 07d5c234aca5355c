"""For sellers: what they have earned, and how it comes to them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Header

from skillyard.api.native.wire import payouts as wire
from skillyard.api.surface import AppOf, CallerOf, Cursor, Limit
from skillyard.domain.payments import balance, connect, payout_methods, payouts

router = APIRouter(tags=["payouts"])

Key = Annotated[str | None, Header(alias="idempotency-key", include_in_schema=False)]


@router.get("/me/balance", summary="What I have earned")
def get_balance(app: AppOf, caller: CallerOf) -> wire.BalanceOnWire:
    """Each asset by itself: sellers earn in what buyers paid."""
    return wire.show_balance(balance.get_balance(app, caller))


@router.get("/me/transactions", summary="How my balance came to be")
def list_transactions(app: AppOf, caller: CallerOf, limit: Limit = 30, cursor: Cursor = None) -> wire.TransactionsPage:
    """The newest first."""
    return wire.show_transactions(balance.list_transactions(app, caller, limit=limit, cursor=cursor))


@router.get("/me/payout-methods", summary="Where my money can go")
def list_payout_methods(app: AppOf, caller: CallerOf) -> wire.PayoutMethods:
    """One per kind. Credits are always there."""
    found = payout_methods.list_payout_methods(app, caller)
    return wire.PayoutMethods(items=[wire.show_method(method) for method in found])


@router.put("/me/payout-methods/ton", summary="Set my TON wallet")
def set_ton_wallet(app: AppOf, caller: CallerOf, body: wire.SetTonWalletBody) -> wire.PayoutMethodOnWire:
    """Needs a token with full access. Payouts under way keep the wallet that they were asked for with."""
    return wire.show_method(payout_methods.set_ton_wallet(app, caller, address=body.address))


@router.put("/me/payout-methods/stripe", summary="Set my Stripe account")
def set_stripe_account(app: AppOf, caller: CallerOf, body: wire.SetStripeAccountBody) -> wire.PayoutMethodOnWire:
    """Of an account that was connected here. Needs a token with full access."""
    method = payout_methods.set_stripe_account(app, caller, account_id=body.account_id, label=body.label)
    return wire.show_method(method)


@router.post("/me/connect", status_code=201, summary="Connect an account with Stripe")
def start_connect(app: AppOf, caller: CallerOf, body: wire.StartConnectBody) -> wire.ConnectStarted:
    """Makes the account at the first time, and each time a new address where you complete it."""
    account, url = connect.start_onboarding(app, caller, country=body.country)
    return wire.ConnectStarted(account=wire.show_connect(account), url=url)


@router.get("/me/connect", summary="My account with Stripe")
def get_connect(app: AppOf, caller: CallerOf) -> wire.OwnConnect:
    """As Stripe sees it now."""
    account = connect.get_connect_account(app, caller)
    return wire.OwnConnect(account=wire.show_connect(account) if account else None)


@router.get("/me/payouts", summary="My payouts")
def list_payouts(app: AppOf, caller: CallerOf, limit: Limit = 30, cursor: Cursor = None) -> wire.PayoutsPage:
    """The newest first."""
    return wire.show_payouts(payouts.list_payouts(app, caller, limit=limit, cursor=cursor))


@router.post("/me/payouts", status_code=201, summary="Ask to be paid out")
def request_payout(
    app: AppOf, caller: CallerOf, body: wire.RequestPayoutBody, idempotency_key: Key = None
) -> wire.PayoutOnWire:
    """Holds the amount at once. Needs a token with full access. In credits it is there at once."""
    made = payouts.request_payout(app, caller, amount=body.amount, asset=body.asset, kind=body.to, key=idempotency_key)
    return wire.show_payout(made)


@router.get("/me/payouts/{payout_id}", summary="One payout")
def get_payout(app: AppOf, caller: CallerOf, payout_id: str) -> wire.PayoutWithSteps:
    """With each step that it went. For its seller, and administrators."""
    return wire.show_steps(*payouts.get_payout(app, caller, payout_id=payout_id))


@router.post("/me/payouts/{payout_id}/cancel", summary="Cancel a payout")
def cancel_payout(app: AppOf, caller: CallerOf, payout_id: str) -> wire.PayoutOnWire:
    """Before it is sent; the amount is available again."""
    return wire.show_payout(payouts.cancel_payout(app, caller, payout_id=payout_id))
