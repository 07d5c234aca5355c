"""A seller's balance, transactions, payout methods and payouts, on the wire. Amounts are decimal strings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.domain.payments.balance import Balance, Transaction, TransactionKind, TransactionStatus
from skillyard.domain.payments.model import ConnectAccount, Payout, PayoutStatus
from skillyard.domain.payments.payout_methods import PayoutMethod
from skillyard.domain.payments.payout_model import MethodStatus, PayoutKind, PayoutStep
from skillyard.infra.clock import iso
from skillyard.infra.money import Asset, show_amount
from skillyard.infra.paging import Page

_NOW = "2026-11-21T07:00:00.000Z"
_ASSET = {
    "asset": "USD",
    "pending": "26.10",
    "available": "78.30",
    "held": "0.00",
    "receivable": "0.00",
    "lifetime_earned": "104.40",
    "lifetime_paid_out": "0.00",
}
_TRANSACTION = {
    "id": "41",
    "kind": "sale",
    "status": "pending",
    "asset": "USD",
    "amount": "26.10",
    "at": _NOW,
    "ref": "inv_01k0000000000000000000000a",
}
_METHOD = {
    "id": "pm_01k0000000000000000000000a",
    "kind": "ton",
    "status": "active",
    "ton_wallet_address": "UQ…",
    "stripe_account_id": None,
    "stripe_account_label": None,
    "usable_from": None,
    "why": "",
    "created_at": _NOW,
    "updated_at": _NOW,
}
_PAYOUT = {
    "id": "po_01k0000000000000000000000a",
    "rail": "stripe",
    "destination": "acct_1A2b3C4d5E6f",
    "asset": "USD",
    "amount": "25.00",
    "fee": "0.00",
    "status": "requested",
    "reference": None,
    "why": "",
    "needs_approval": False,
    "held_until": None,
    "requested_at": _NOW,
    "updated_at": _NOW,
}
_CONNECT = {
    "account_id": "acct_1A2b3C4d5E6f",
    "status": "onboarding",
    "country": "DE",
    "default_currency": "eur",
    "details_submitted": False,
    "charges_enabled": False,
    "payouts_enabled": False,
    "requirements_due": ["external_account"],
    "requirements_errors": [],
    "requirements_disabled_reason": None,
}


class AssetBalanceOnWire(BaseModel):
    asset: Asset
    pending: str = Field(description="Of sales that are too young to be paid out.")
    available: str
    held: str = Field(description="On its way out, or disputed.")
    receivable: str = Field(description="What you owe after refunds; later sales pay it back first.")
    lifetime_earned: str
    lifetime_paid_out: str


class BalanceOnWire(BaseModel):
    model_config = example({"assets": [_ASSET], "updated_at": _NOW})

    assets: list[AssetBalanceOnWire]
    updated_at: Time


class TransactionOnWire(BaseModel):
    model_config = example(_TRANSACTION)

    id: str
    kind: TransactionKind
    status: TransactionStatus
    asset: Asset
    amount: str = Field(description="With a minus where it leaves your balance.")
    at: Time
    ref: str = Field(description="The invoice, payout or refund that it belongs to.")


class TransactionsPage(BaseModel):
    model_config = example({"items": [_TRANSACTION], "next_cursor": None})

    items: list[TransactionOnWire]
    next_cursor: str | None


class PayoutMethodOnWire(BaseModel):
    model_config = example(_METHOD)

    id: str
    kind: PayoutKind
    status: MethodStatus = Field(description="Cooling: it is new, and payouts wait until `usable_from`.")
    ton_wallet_address: str | None
    stripe_account_id: str | None
    stripe_account_label: str | None
    usable_from: Time | None
    why: str = Field(description="What keeps it from being used.")
    created_at: Time
    updated_at: Time


class PayoutMethods(BaseModel):
    model_config = example({"items": [_METHOD]})

    items: list[PayoutMethodOnWire]


class SetTonWalletBody(BaseModel):
    model_config = example({"address": "UQ…"}, closed=True)

    address: Text = Field(description="Your own wallet, in any of TON's spellings.")


class SetStripeAccountBody(BaseModel):
    model_config = example({"account_id": "acct_1A2b3C4d5E6f", "label": "Main account"}, closed=True)

    account_id: Text
    label: Text = ""


class RequestPayoutBody(BaseModel):
    model_config = example({"amount": "25.00", "asset": "USD", "to": "stripe"}, closed=True)

    amount: Text
    asset: Asset
    to: PayoutKind = Field(description="A payout method. Stripe and credits pay out USD, ton TON.")


class PayoutOnWire(BaseModel):
    model_config = example(_PAYOUT)

    id: str
    rail: str
    destination: str
    asset: Asset
    amount: str
    fee: str
    status: PayoutStatus
    reference: str | None = Field(description="The provider's own id, once it has one.")
    why: str = Field(description="Why it waits, failed or was rejected.")
    needs_approval: bool = Field(description="It waits for an administrator.")
    held_until: Time | None = Field(description="It is not sent before.")
    requested_at: Time
    updated_at: Time


class PayoutsPage(BaseModel):
    model_config = example({"items": [_PAYOUT], "next_cursor": None})

    items: list[PayoutOnWire]
    next_cursor: str | None


class PayoutStepOnWire(BaseModel):
    status: PayoutStatus
    cause: str
    at: Time


class PayoutWithSteps(BaseModel):
    model_config = example({"payout": _PAYOUT, "steps": [{"status": "requested", "cause": "requested", "at": _NOW}]})

    payout: PayoutOnWire
    steps: list[PayoutStepOnWire] = Field(description="How it went, the first step first.")


class StartConnectBody(BaseModel):
    model_config = example({"country": "DE"}, closed=True)

    country: Text | None = Field(default=None, description="ISO 3166-1, two letters; absent: asked there.")


class ConnectOnWire(BaseModel):
    model_config = example(_CONNECT)

    account_id: str
    status: Literal["onboarding", "active", "restricted", "disconnected"]
    country: str | None
    default_currency: str | None
    details_submitted: bool
    charges_enabled: bool
    payouts_enabled: bool
    requirements_due: list[str] = Field(description="What the provider still wants to know.")
    requirements_errors: list[str]
    requirements_disabled_reason: str | None


class OwnConnect(BaseModel):
    model_config = example({"account": _CONNECT})

    account: ConnectOnWire | None = Field(description="None before it was started.")


class ConnectStarted(BaseModel):
    model_config = example({"account": _CONNECT, "url": "https://connect.stripe.com/setup/e/acct_1A2b3C4d5E6f/…"})

    account: ConnectOnWire
    url: str = Field(description="Where you complete it; good once, for minutes.")


def show_balance(balance: Balance) -> BalanceOnWire:
    assets = [
        AssetBalanceOnWire(
            asset=one.asset,
            pending=show_amount(one.pending, one.asset),
            available=show_amount(one.available, one.asset),
            held=show_amount(one.held, one.asset),
            receivable=show_amount(one.receivable, one.asset),
            lifetime_earned=show_amount(one.lifetime_earned, one.asset),
            lifetime_paid_out=show_amount(one.lifetime_paid_out, one.asset),
        )
        for one in balance.assets
    ]
    return BalanceOnWire(assets=assets, updated_at=iso(balance.updated_ms))


def show_transactions(page: Page[Transaction]) -> TransactionsPage:
    items = [
        TransactionOnWire(
            id=str(one.id),
            kind=one.kind,
            status=one.status,
            asset=one.asset,
            amount=show_amount(one.amount, one.asset),
            at=iso(one.at_ms),
            ref=one.ref,
        )
        for one in page.items
    ]
    return TransactionsPage(items=items, next_cursor=page.next_cursor)


def show_method(method: PayoutMethod) -> PayoutMethodOnWire:
    return PayoutMethodOnWire(
        id=method.id,
        kind=method.kind,
        status=method.status,
        ton_wallet_address=method.ton_wallet_address,
        stripe_account_id=method.stripe_account_id,
        stripe_account_label=method.stripe_account_label,
        usable_from=iso(method.usable_from_ms) if method.usable_from_ms else None,
        why=method.why,
        created_at=iso(method.created_ms),
        updated_at=iso(method.updated_ms),
    )


def show_payout(payout: Payout) -> PayoutOnWire:
    return PayoutOnWire(
        id=payout.id,
        rail=payout.rail,
        destination=payout.destination,
        asset=payout.asset,
        amount=show_amount(payout.amount, payout.asset),
        fee=show_amount(payout.fee, payout.asset),
        status=payout.status,
        reference=payout.reference,
        why=payout.why,
        needs_approval=payout.needs_approval,
        held_until=iso(payout.held_until_ms) if payout.held_until_ms else None,
        requested_at=iso(payout.requested_ms),
        updated_at=iso(payout.updated_ms),
    )


def show_steps(payout: Payout, steps: Sequence[PayoutStep]) -> PayoutWithSteps:
    shown = [PayoutStepOnWire(status=step.to_status, cause=step.cause, at=iso(step.at_ms)) for step in steps]
    return PayoutWithSteps(payout=show_payout(payout), steps=shown)


def show_payouts(page: Page[Payout]) -> PayoutsPage:
    return PayoutsPage(items=[show_payout(one) for one in page.items], next_cursor=page.next_cursor)


def show_connect(account: ConnectAccount) -> ConnectOnWire:
    return ConnectOnWire(
        account_id=account.account_id,
        status=account.status,
        country=account.country,
        default_currency=account.default_currency,
        details_submitted=account.details_submitted,
        charges_enabled=account.charges_enabled,
        payouts_enabled=account.payouts_enabled,
        requirements_due=list(account.requirements_due),
        requirements_errors=list(account.requirements_errors),
        requirements_disabled_reason=account.requirements_disabled_reason,
    )
