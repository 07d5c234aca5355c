"""The nouns of payouts that only sellers meet, the table of a payout's states, and what happens to it as events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Literal, get_args

from skillyard.domain.payments.model import PayoutStatus
from skillyard.infra.events import Event
from skillyard.infra.money import Asset

PayoutKind = Literal["stripe", "ton", "credits"]
MethodStatus = Literal["pending", "active", "cooling", "disabled"]

KINDS: tuple[PayoutKind, ...] = get_args(PayoutKind)
PAID_IN: Mapping[PayoutKind, Asset] = MappingProxyType({"stripe": Asset.USD, "ton": Asset.TON, "credits": Asset.USD})
SYSTEM = "system"

_S = PayoutStatus
WAITING = frozenset({_S.REQUESTED, _S.APPROVED})
"""Not sent, so that it can be stopped."""
IN_FLIGHT = frozenset({_S.SUBMITTING, _S.SUBMITTED, _S.UNKNOWN})
"""The provider was, or may have been, asked."""
OPEN = WAITING | IN_FLIGHT
"""Its money is held."""

ALLOWED: Mapping[PayoutStatus, frozenset[PayoutStatus]] = MappingProxyType(
    {
        _S.REQUESTED: frozenset({_S.APPROVED, _S.REJECTED, _S.CANCELLED, _S.FAILED}),
        _S.APPROVED: frozenset({_S.SUBMITTING, _S.REJECTED, _S.CANCELLED, _S.FAILED, _S.PAID}),
        _S.SUBMITTING: frozenset({_S.SUBMITTED, _S.UNKNOWN, _S.APPROVED, _S.FAILED, _S.PAID}),
        _S.SUBMITTED: frozenset({_S.UNKNOWN, _S.APPROVED, _S.FAILED, _S.PAID}),
        _S.UNKNOWN: frozenset({_S.SUBMITTED, _S.APPROVED, _S.FAILED, _S.PAID}),
        _S.PAID: frozenset({_S.RETURNED}),
        # The provider paid after all: what is so outside counts, and the money is taken a second time.
        _S.FAILED: frozenset({_S.PAID}),
        _S.REJECTED: frozenset({_S.PAID}),
        _S.CANCELLED: frozenset({_S.PAID}),
        _S.RETURNED: frozenset(),
    }
)
"""Which states may follow which. Back to approved: it was not done, and another attempt cannot pay twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutStep:
    """A payout went from one state to another; `from_status` is None for the first. `actor`: a user id, or system."""

    payout_id: str
    from_status: PayoutStatus | None
    to_status: PayoutStatus
    cause: str
    actor: str
    journal_id: str | None
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutMethodChanged(Event):
    """Somebody set where their money goes, or the provider closed that way."""

    kind: ClassVar[str] = "payout_method.changed"

    user_id: str
    method_id: str
    method_kind: str
    is_usable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutRequested(Event):
    """A seller asked for money; it is held."""

    kind: ClassVar[str] = "payout.requested"

    payout_id: str
    user_id: str
    rail: str
    asset: str
    amount: str
    needs_approval: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutPaid(Event):
    """A seller was paid."""

    kind: ClassVar[str] = "payout.paid"

    payout_id: str
    user_id: str
    rail: str
    asset: str
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoutFailed(Event):
    """A payout was not made, or came back; the money is available again. `status`: failed, rejected, cancelled or
    returned.
    """

    kind: ClassVar[str] = "payout.failed"

    payout_id: str
    user_id: str
    rail: str
    status: str
    why: str
