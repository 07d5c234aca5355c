"""What happens in the market, as events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from skillyard.infra.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferPublished(Event):
    """A release became what is invoked under its name."""

    kind: ClassVar[str] = "offer.published"

    offer_id: str
    name: str
    version: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferChanged(Event):
    """The terms or the status of an offer changed."""

    kind: ClassVar[str] = "offer.changed"

    offer_id: str
    name: str
    status: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationAdded(Event):
    """Somebody asked for a use of an offer; what it costs is set aside."""

    kind: ClassVar[str] = "invocation.added"

    invocation_id: str
    offer_id: str
    name: str
    buyer_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationClaimed(Event):
    """A provider, or the registry itself, began with an invocation."""

    kind: ClassVar[str] = "invocation.claimed"

    invocation_id: str
    offer_id: str
    name: str
    buyer_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvocationSettledAs(Event):
    """An invocation is completed, failed or expired, and paid or not: it never changes again."""

    kind: ClassVar[str] = "invocation.settled"

    invocation_id: str
    offer_id: str
    name: str
    buyer_id: str
    status: str
