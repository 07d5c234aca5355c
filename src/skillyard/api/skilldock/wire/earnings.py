"""What sellers have, and how they are paid. Amounts are text, in dollars where nothing else is said."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from skillyard.api.skilldock.paging import PageOnWire
from skillyard.api.skilldock.wire.selling import Amount, Word
from skillyard.domain.payments.balance import AssetBalance, Transaction
from skillyard.domain.payments.model import ConnectAccount, Payout
from skillyard.domain.payments.payout_methods import PayoutMethod
from skillyard.infra.clock import iso
from skillyard.infra.money import CENTS_PER_CREDIT, Asset, show_amount


class BalanceOnWire(BaseModel):
    pending_usd: str
    available_usd: str
    lifetime_earned_usd: str
    lifetime_paid_out_usd: str
    updated_at: str | None = None


class BalanceAnswer(BaseModel):
    balance: BalanceOnWire


class TransactionOnWire(BaseModel):
    id: str
    type: str
    status: str
    amount_usd: str = Field(description="Empty for what was earned in TON.")
    amount_ton: str
    created_at: str


class TransactionsPage(PageOnWire):
    items: list[TransactionOnWire]


class RequestPayoutBody(BaseModel):
    amount_usd: Amount
    payout_method_kind: Word = Field(description="stripe, ton or credits.")


class PayoutOnWire(BaseModel):
    id: str
    status: str
    amount_usd: str = Field(description="Empty for what is paid in TON, once it was asked for.")
    amount_ton: str
    payout_method_kind: str
    requested_at: str


class PayoutAnswer(BaseModel):
    payout_request: PayoutOnWire


class PayoutsPage(PageOnWire):
    items: list[PayoutOnWire]


class SetTonWalletBody(BaseModel):
    ton_wallet_address: Annotated[str, StringConstraints(max_length=200)]


class SetStripeAccountBody(BaseModel):
    stripe_account_id: Word
    stripe_account_label: Annotated[str, StringConstraints(max_length=200)] = ""


class MethodOnWire(BaseModel):
    id: str
    kind: str
    status: str
    ton_wallet_address: str | None = None
    stripe_account_id: str | None = None
    stripe_account_label: str | None = None
    created_at: str | None = None
    updated_at: str | None = None


class MethodAnswer(BaseModel):
    method: MethodOnWire


class MethodsPage(PageOnWire):
    items: list[MethodOnWire]


class StartConnectBody(BaseModel):
    country: Word | None = None


class AccountOnWire(BaseModel):
    stripe_account_id: str
    account_status: str
    country: str | None = None
    default_currency: str | None = None
    details_submitted: bool
    charges_enabled: bool
    payouts_enabled: bool
    onboarding_complete: bool
    requirements_due: list[str]
    requirements_errors: list[str]
    requirements_disabled_reason: str | None = None
    created_at: str
    updated_at: str
    last_synced_at: str


class AccountAnswer(BaseModel):
    account: AccountOnWire | None


class StartedConnect(BaseModel):
    account: AccountOnWire
    onboarding_url: str


def show_balance(balance: AssetBalance, updated_ms: int) -> BalanceAnswer:
    """`balance`: in US dollars."""
    shown = BalanceOnWire(
        pending_usd=show_amount(balance.pending, Asset.USD),
        available_usd=show_amount(balance.available, Asset.USD),
        lifetime_earned_usd=show_amount(balance.lifetime_earned, Asset.USD),
        lifetime_paid_out_usd=show_amount(balance.lifetime_paid_out, Asset.USD),
        updated_at=iso(updated_ms) if updated_ms else None,
    )
    return BalanceAnswer(balance=shown)


def show_transaction(line: Transaction) -> TransactionOnWire:
    return TransactionOnWire(
        id=line.id,
        type=line.kind,
        status=line.status,
        amount_usd=_in_usd(line.amount, line.asset),
        amount_ton=_in_ton(line.amount, line.asset),
        created_at=iso(line.at_ms),
    )


def show_payout(payout: Payout, *, amount_usd: str | None = None) -> PayoutOnWire:
    """`amount_usd`: what was asked for."""
    return PayoutOnWire(
        id=payout.id,
        status=payout.status.value,
        amount_usd=amount_usd or _in_usd(payout.amount, payout.asset),
        amount_ton=_in_ton(payout.amount, payout.asset),
        payout_method_kind=payout.rail,
        requested_at=iso(payout.requested_ms),
    )


def show_method(method: PayoutMethod) -> MethodOnWire:
    return MethodOnWire(
        id=method.id,
        kind=method.kind,
        status=method.status,
        ton_wallet_address=method.ton_wallet_address,
        stripe_account_id=method.stripe_account_id,
        stripe_account_label=method.stripe_account_label,
        created_at=iso(method.created_ms) if method.created_ms else None,
        updated_at=iso(method.updated_ms) if method.updated_ms else None,
    )


def show_account(account: ConnectAccount) -> AccountOnWire:
    return AccountOnWire(
        stripe_account_id=account.account_id,
        account_status=account.status,
        country=account.country,
        default_currency=account.default_currency,
        details_submitted=account.details_submitted,
        charges_enabled=account.charges_enabled,
        payouts_enabled=account.payouts_enabled,
        onboarding_complete=account.details_submitted and account.payouts_enabled,
        requirements_due=list(account.requirements_due),
        requirements_errors=list(account.requirements_errors),
        requirements_disabled_reason=account.requirements_disabled_reason,
        created_at=iso(account.created_ms),
        updated_at=iso(account.synced_ms),
        last_synced_at=iso(account.synced_ms),
    )


def _in_usd(amount: int, asset: Asset) -> str:
    if asset is Asset.TON:
        return ""
    return show_amount(amount * CENTS_PER_CREDIT if asset is Asset.CREDIT else amount, Asset.USD)


def _in_ton(amount: int, asset: Asset) -> str:
    return show_amount(amount, asset) if asset is Asset.TON else ""
