"""What sellers have earned, where they want it, and how it gets there."""

from __future__ import annotations

from skillyard.api.skilldock.paging import WantedOf
from skillyard.api.skilldock.signed import signed_router
from skillyard.api.skilldock.wire import earnings as wire
from skillyard.api.surface import AppOf, CallerOf
from skillyard.domain.payments import balance, connect, payout_methods, payouts

router = signed_router("earnings")


@router.get("/v1/me/balance", summary="My balance", response_model_exclude_none=True)
def get_balance(app: AppOf, caller: CallerOf) -> wire.BalanceAnswer:
    """In dollars; what was earned in TON counts at the rate of now."""
    return wire.show_balance(*balance.get_balance_in_usd(app, caller))


@router.get("/v1/me/balance/transactions", summary="My statement")
def list_transactions(app: AppOf, caller: CallerOf, wanted: WantedOf) -> wire.TransactionsPage:
    """The newest first."""
    found = balance.list_transactions(app, caller, limit=wanted.per_page, offset=wanted.offset)
    items = [wire.show_transaction(line) for line in found.items]
    return wire.TransactionsPage(**wanted.facts(has_more=found.next_cursor is not None), items=items)


@router.post("/v1/me/payout-requests", status_code=201, summary="Ask to be paid")
def request_payout(app: AppOf, caller: CallerOf, body: wire.RequestPayoutBody) -> wire.PayoutAnswer:
    """The amount is held until it was sent; into credits it is there at once."""
    payout = payouts.request_payout_in_usd(app, caller, amount_usd=body.amount_usd, kind=body.payout_method_kind)
    return wire.PayoutAnswer(payout_request=wire.show_payout(payout, amount_usd=body.amount_usd))


@router.get("/v1/me/payout-requests", summary="My payouts")
def list_payout_requests(app: AppOf, caller: CallerOf, wanted: WantedOf) -> wire.PayoutsPage:
    """The newest first."""
    found = payouts.list_payouts(app, caller, limit=wanted.per_page, offset=wanted.offset)
    items = [wire.show_payout(payout) for payout in found.items]
    return wire.PayoutsPage(**wanted.facts(has_more=found.next_cursor is not None), items=items)


@router.get("/v1/me/payout-methods", summary="How I am paid", response_model_exclude_none=True)
def list_payout_methods(app: AppOf, caller: CallerOf, wanted: WantedOf) -> wire.MethodsPage:
    """One of each kind at most; credits are always there."""
    found = payout_methods.list_payout_methods(app, caller)
    items = [wire.show_method(method) for method in wanted.cut(found)]
    return wire.MethodsPage(**wanted.facts(has_more=wanted.end < len(found)), items=items)


@router.post("/v1/me/payout-methods/ton", summary="Be paid to a TON wallet", response_model_exclude_none=True)
def set_ton_wallet(app: AppOf, caller: CallerOf, body: wire.SetTonWalletBody) -> wire.MethodAnswer:
    """In place of the one before. Payouts to a new one wait, in case a thief has set it."""
    method = payout_methods.set_ton_wallet(app, caller, address=body.ton_wallet_address)
    return wire.MethodAnswer(method=wire.show_method(method))


@router.post("/v1/me/payout-methods/stripe", summary="Be paid to a Stripe account", response_model_exclude_none=True)
def set_stripe_account(app: AppOf, caller: CallerOf, body: wire.SetStripeAccountBody) -> wire.MethodAnswer:
    """It must be the one that the caller has connected here."""
    method = payout_methods.set_stripe_account(
        app, caller, account_id=body.stripe_account_id, label=body.stripe_account_label
    )
    return wire.MethodAnswer(method=wire.show_method(method))


@router.post("/v1/me/stripe/connect/start", summary="Connect a Stripe account", response_model_exclude_none=True)
def start_stripe_connect(
    app: AppOf, caller: CallerOf, body: wire.StartConnectBody | None = None
) -> wire.StartedConnect:
    """Open `onboarding_url` in a browser and complete it there; ask again for a new address."""
    account, url = connect.start_onboarding(app, caller, country=body.country if body else None)
    return wire.StartedConnect(account=wire.show_account(account), onboarding_url=url)


@router.get("/v1/me/stripe/connect/status", summary="My Stripe account")
def get_stripe_connect(app: AppOf, caller: CallerOf) -> wire.AccountAnswer:
    """As Stripe sees it now; null before one was connected."""
    account = connect.get_connect_account(app, caller)
    return wire.AccountAnswer(account=wire.show_account(account) if account else None)
