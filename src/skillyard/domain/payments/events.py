"""What happens to prices, invoices, refunds and access, as events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from skillyard.infra.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceSet(Event):
    """An item has a new price; open invoices keep theirs."""

    kind: ClassVar[str] = "price.set"

    item: str
    mode: str
    amount: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceOpened(Event):
    """Somebody wants to buy an item and was told what to pay."""

    kind: ClassVar[str] = "invoice.opened"

    invoice_id: str
    item: str
    rail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceChanged(Event):
    """An invoice went into another state, other than paid."""

    kind: ClassVar[str] = "invoice.changed"

    invoice_id: str
    item: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleMade(Event):
    """An invoice was paid in full, and the buyer may take the item."""

    kind: ClassVar[str] = "sale.made"

    invoice_id: str
    item: str
    asset: str
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyUnmatched(Event):
    """Money arrived that names no invoice; an administrator matches it or sends it back."""

    kind: ClassVar[str] = "money.unmatched"

    rail: str
    reference: str
    asset: str
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundChanged(Event):
    """A refund was asked for, came through, or failed."""

    kind: ClassVar[str] = "refund.changed"

    refund_id: str
    invoice_id: str | None
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessChanged(Event):
    """Somebody may take an item, or may no longer."""

    kind: ClassVar[str] = "access.changed"

    item: str
    user_id: str
    has_access: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChargeSettled(Event):
    """A payment elsewhere, for an invocation that was delivered, was taken (`captured`) or could not be (`failed`)."""

    kind: ClassVar[str] = "charge.settled"

    ref: str
    item: str
    rail: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsBought(Event):
    """An invoice for credits was paid in full."""

    kind: ClassVar[str] = "credits.bought"

    invoice_id: str
    user_id: str
    amount: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsGranted(Event):
    """An administrator gave somebody credits."""

    kind: ClassVar[str] = "credits.granted"

    username: str
    amount: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditsSpent(Event):
    """Somebody can spend fewer credits than before: they paid, some are held, or some were taken back."""

    kind: ClassVar[str] = "credits.spent"

    user_id: str
    before: int
    after: int
