"""What happens around the board, as events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from skillyard.infra.events import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPosted(Event):
    """Somebody looks for a skill."""

    kind: ClassVar[str] = "skill_request.posted"

    request_id: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestChanged(Event):
    """A request says something else now, or is closed, fulfilled or open again."""

    kind: ClassVar[str] = "skill_request.changed"

    request_id: str
    status: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRated(Event):
    """Somebody rated an offer, or rated it anew."""

    kind: ClassVar[str] = "offer.rated"

    offer_id: str
    name: str
    stars: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositionStarted(Event):
    """Offers are run one after the other."""

    kind: ClassVar[str] = "composition.started"

    composition_id: str
    offers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompositionSettledAs(Event):
    """A composition is completed, failed or cancelled: it never changes again."""

    kind: ClassVar[str] = "composition.settled"

    composition_id: str
    status: str
