"""The nouns around the board: what is looked for, what matches it, and several offers put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from skillyard.domain.market.model import Failure, InvocationStatus, Offer
from skillyard.skill.executable import TrustLevel
from skillyard.skill.schemas import Schema


class RequestStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    FULFILLED = "fulfilled"


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillRequest:
    """Somebody looks for a skill. `max_price`: credits they would pay at most, for all of it."""

    id: str
    owner_id: str
    owner: str
    description: str
    tags: tuple[str, ...]
    input_schema: Schema | None
    output_schema: Schema | None
    max_price: int | None
    status: RequestStatus
    created_ms: int
    updated_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFields:
    """What somebody states of a request, as they wrote it; None: not stated, or as it is."""

    description: object = None
    tags: Sequence[object] | None = None
    input_schema: object = None
    output_schema: object = None
    max_price: object = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestPage:
    """`total`: how many there are in all."""

    requests: tuple[SkillRequest, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An offer that may be what was looked for. `takes_input`, `gives_output`, `is_within_price`: None where the
    request does not say. `reasons`: in words, what speaks for it and what against. `score`: the higher, the better.
    """

    offer: Offer
    score: int
    shared_tags: tuple[str, ...]
    takes_input: bool | None
    gives_output: bool | None
    is_within_price: bool | None
    reasons: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether nothing speaks against it and the schemas speak for it."""
        said = (self.takes_input, self.gives_output, self.is_within_price)
        return False not in said and bool(self.takes_input or self.gives_output)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedHop:
    """`mapping`: where each property of its input comes from; `assumed`: those that are there only if the schema that
    speaks of them means it, for it does not say which properties are required.
    """

    offer: Offer
    mapping: Mapping[str, str]
    assumed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Offers that lead from the desired input to the desired output, one after the other; `price` of all together."""

    hops: tuple[SuggestedHop, ...]
    price: int
    trust_level: TrustLevel
    assumed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """The shortest first, then the cheapest. `note` says why there are none, or that there may be more."""

    suggestions: tuple[Suggestion, ...]
    considered: int
    note: str = ""


class CompositionStatus(StrEnum):
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_settled(self) -> bool:
        return self is not CompositionStatus.RUNNING


@dataclass(frozen=True, slots=True, kw_only=True)
class Hop:
    """One offer of a composition. `price`: the most that is paid for it. `status`: of its invocation, once begun."""

    offer_id: str
    name: str
    version: str
    price: int
    mapping: Mapping[str, str]
    invocation_id: str | None = None
    status: InvocationStatus | None = None
    paid: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """Offers run one after the other. When one fails, the whole does; what was delivered before stays paid."""

    id: str
    owner_id: str
    agent_id: str | None
    scopes: tuple[str, ...]
    input: Any
    status: CompositionStatus
    hops: tuple[Hop, ...]
    created_ms: int
    updated_ms: int
    output: Any = None
    failure: Failure | None = None
    settled_ms: int | None = None

    @property
    def price(self) -> int:
        return sum(hop.price for hop in self.hops)

    @property
    def paid(self) -> int:
        return sum(hop.paid for hop in self.hops)


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingSummary:
    """`average`: hundredths of a star, None without a rating. `by_stars`: how many gave 1, 2, 3, 4 and 5 of them.
    `verified`: of those to whom it delivered. `own`: the caller's.
    """

    offer_id: str
    average: int | None
    ratings: int
    verified: int
    by_stars: tuple[int, int, int, int, int]
    own: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """`score`: hundredths; the average as if a few ratings in the middle were there from the start."""

    rank: int
    offer: Offer
    score: int
