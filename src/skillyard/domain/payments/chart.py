"""The chart of accounts: which kinds there are, on which side each grows, and which may not go below zero.

What mirrors money held by others (a Stripe balance, a wallet), income and expense have no floor: what happened outside
is written down whatever it does to the sum, and nobody waits for anybody else to write it. What is owed to somebody has
a floor: nobody can spend or be paid more than is theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from skillyard.infra.money import Asset

Side = Literal["D", "C"]
PLATFORM = "platform"


class Kind(StrEnum):
    """A kind of account: `normal` is the side that makes its balance grow."""

    STRIPE_CLEARING = "stripe_clearing"
    """Money that Stripe holds for us."""
    TON_WALLET = "ton_wallet"
    NEVERMINED_CLEARING = "nevermined_clearing"
    """What buyers paid Nevermined for plans of ours, in so far as it was spent here."""
    X402_WALLET = "x402_wallet"
    """Dollar tokens in the operator's own wallet on a chain."""
    FX_POSITION = "fx_position"
    SELLER_RECEIVABLE = "seller_receivable"
    """What a seller owes after a refund of money that was paid out already."""
    CREDITS_ISSUED = "credits_issued"
    """The other side of all credits, in the asset CREDIT."""
    OPERATOR_FUNDS = "operator_funds"
    """Money that the operator put in, or took out, or was charged for by the provider."""
    CREDIT_GRANTS = "credit_grants"
    """The worth in USD of credits that were given away."""

    SELLER_PENDING = "seller_pending"
    SELLER_AVAILABLE = "seller_available"
    PAYOUT_HOLD = "payout_hold"
    BUYER_REFUNDABLE = "buyer_refundable"
    """Money of a buyer that is not spent yet, or again."""
    REFUND_HOLD = "refund_hold"
    """Money on its way back to a buyer."""
    CREDITS = "credits"
    CREDITS_HOLD = "credits_hold"
    SUSPENSE = "suspense"
    """Money that came in and matches nothing."""
    DEFERRED_REVENUE = "deferred_revenue"
    """The worth in USD of the credits that are not spent yet."""
    DISPUTE_HOLD = "dispute_hold"

    PLATFORM_FEE = "platform_fee"
    PROCESSOR_FEE = "processor_fee"
    CHAIN_FEE = "chain_fee"
    REFUND_LOSS = "refund_loss"

    @property
    def normal(self) -> Side:
        return "D" if self in _GROWS_BY_DEBIT else "C"

    @property
    def has_floor(self) -> bool:
        """Whether its balance may not go below zero."""
        return self not in _NO_FLOOR


_GROWS_BY_DEBIT = {
    Kind.STRIPE_CLEARING, Kind.TON_WALLET, Kind.NEVERMINED_CLEARING, Kind.X402_WALLET, Kind.FX_POSITION,
    Kind.SELLER_RECEIVABLE, Kind.CREDITS_ISSUED, Kind.CREDIT_GRANTS, Kind.PROCESSOR_FEE, Kind.CHAIN_FEE,
    Kind.REFUND_LOSS,
}  # fmt: skip
_NO_FLOOR = {
    Kind.STRIPE_CLEARING, Kind.TON_WALLET, Kind.NEVERMINED_CLEARING, Kind.X402_WALLET, Kind.FX_POSITION,
    Kind.CREDITS_ISSUED, Kind.CREDIT_GRANTS, Kind.DEFERRED_REVENUE, Kind.OPERATOR_FUNDS, Kind.PLATFORM_FEE,
    Kind.PROCESSOR_FEE, Kind.CHAIN_FEE, Kind.REFUND_LOSS,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldJournals:
    """How the journals of a hold are called: when it is placed, captured, released."""

    placed: str
    captured: str
    released: str


HOLDS: dict[Kind, HoldJournals] = {
    Kind.PAYOUT_HOLD: HoldJournals(placed="payout_hold", captured="payout_paid", released="payout_returned"),
    Kind.REFUND_HOLD: HoldJournals(placed="refund_hold", captured="refund_paid", released="refund_returned"),
    Kind.CREDITS_HOLD: HoldJournals(placed="credit_hold", captured="credit_spend", released="credit_returned"),
    Kind.DISPUTE_HOLD: HoldJournals(placed="dispute_opened", captured="dispute_lost", released="dispute_won"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One per owner (a user id, or `platform`), kind and asset; it exists from its first posting on."""

    owner: str
    kind: Kind
    asset: Asset


def platform(kind: Kind, asset: Asset) -> Account:
    """The platform's own account of this kind."""
    return Account(owner=PLATFORM, kind=kind, asset=asset)
