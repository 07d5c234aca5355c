"""An account at a glance on the wire."""

from __future__ import annotations

from pydantic import BaseModel, Field

from skillyard.api.native.wire.buying import CreditsOnWire, show_credits
from skillyard.api.native.wire.fields import Time, example
from skillyard.domain.payments.account import Account, Movement, MovementKind, Tier
from skillyard.infra.clock import iso

_CREDITS = {"username": "grace", "available": "2900", "held": "0", "owed": "0"}
_USAGE = {"month": "2026-11", "calls": 41, "limit": 1000}
_MOVEMENT = {
    "id": "jrn_01k0000000000000000000000a",
    "kind": "charged",
    "credits": "-10",
    "at": "2026-11-21T07:00:00.000Z",
    "ref": "sinv_01k0000000000000000000000a",
    "why": None,
}


class MovementOnWire(BaseModel):
    model_config = example(_MOVEMENT)

    id: str
    kind: MovementKind = Field(description="What is `charged` is set aside at once, and `returned` if nothing comes.")
    credits: str = Field(description="Signed.")
    at: Time
    ref: str = Field(description="The run, invocation, invoice or fee that it was for.")
    why: str | None


class UsageOnWire(BaseModel):
    model_config = example(_USAGE)

    month: str = Field(description="UTC.")
    calls: int = Field(description="Runs and invocations that were asked for.")
    limit: int | None = Field(description="null: none.")


class AccountOnWire(BaseModel):
    model_config = example({"credits": _CREDITS, "tier": "standard", "usage": _USAGE, "last": [_MOVEMENT]})

    credits: CreditsOnWire
    tier: Tier
    usage: UsageOnWire
    last: list[MovementOnWire] = Field(description="The newest first.")


def show_account(account: Account) -> AccountOnWire:
    usage = account.usage
    return AccountOnWire(
        credits=show_credits(account.credits),
        tier=account.tier,
        usage=UsageOnWire(month=usage.month, calls=usage.calls, limit=usage.limit),
        last=[_show_movement(one) for one in account.last],
    )


def _show_movement(one: Movement) -> MovementOnWire:
    return MovementOnWire(
        id=one.id,
        kind=one.kind,
        credits=f"{one.credits:+d}",
        at=iso(one.at_ms),
        ref=one.ref,
        why=one.why or None,
    )
