"""What an invocation costs: from the moment it is asked for until somebody is paid, or nobody."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ChargeStatus(StrEnum):
    """Held: set aside, or known to be good. Due: delivered, and to be taken where it is. Unknown: somebody was asked to
    take it, and nobody knows what came of it. Failed: delivered, and it could not be taken after all.
    """

    HELD = "held"
    DUE = "due"
    UNKNOWN = "unknown"
    CAPTURED = "captured"
    RELEASED = "released"
    FAILED = "failed"

    @property
    def is_delivered(self) -> bool:
        """Whether it was decided that the seller earned it."""
        return self not in (ChargeStatus.HELD, ChargeStatus.RELEASED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeTerms:
    """What a charge is placed under: the platform's fee, how long earnings wait; and where credits are bought, and how
    many at least.
    """

    fee_bps: int
    maturity_ms: int
    purchase_url: str
    credits_least: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """`ref`: the invocation; `item`: the skill; `amount`: credits, one of which is a cent. `payment`: what names a
    payment elsewhere by `payer`, `proof` what it is taken with there, `reference` the provider's own id of it.
    """

    ref: str
    item: str
    buyer_id: str
    seller_id: str
    rail: str
    amount: int
    status: ChargeStatus
    fee_bps: int
    maturity_ms: int
    hold_id: str | None = None
    payer: str | None = None
    payment: str | None = None
    proof: str | None = None
    reference: str | None = None
    why: str = ""
    seller_share: int = 0
    fee: int = 0
    placed_ms: int
    expires_ms: int
    captured_ms: int | None = None
    matures_ms: int | None = None
    matured_ms: int | None = None
