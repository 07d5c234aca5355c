"""The account on the wire."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from skillyard.api.native.wire.fields import Time
from skillyard.domain.payments.account import Account, MovementKind, Tier
from skillyard.infra.clock import iso


class TransactionOnWire(BaseModel):
    id: str
    type: MovementKind
    amount: int = Field(description="Credits that came; negative: that went.")
    description: str
    reference: str
    created_at: Time


class CreditsShown(BaseModel):
    balance: int
    held: int = Field(description="Set aside for what runs now.")
    tier: Tier
    monthly_skill_calls: int
    monthly_skill_call_limit: int | Literal["unlimited"]
    recent_transactions: list[TransactionOnWire] = Field(description="The last ten, the newest first.")
    purchase_url: str


def show_account(account: Account, *, purchase_url: str) -> CreditsShown:
    limit = account.usage.limit
    return CreditsShown(
        balance=account.credits.available,
        held=account.credits.held,
        tier=account.tier,
        monthly_skill_calls=account.usage.calls,
        monthly_skill_call_limit="unlimited" if limit is None else limit,
        recent_transactions=[
            TransactionOnWire(
                id=one.id,
                type=one.kind,
                amount=one.credits,
                description=one.why,
                reference=one.ref,
                created_at=iso(one.at_ms),
            )
            for one in account.last
        ],
        purchase_url=purchase_url,
    )
