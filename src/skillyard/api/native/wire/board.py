"""The board, compositions and ratings, on the wire. Prices are whole credits, ratings are stars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from skillyard.api.native.wire.fields import Text, Time, example
from skillyard.api.native.wire.market import FailureOnWire, OfferOnWire, show_offer
from skillyard.domain.market.board_model import (
    Composition,
    CompositionStatus,
    Hop,
    Match,
    Ranked,
    RatingSummary,
    RequestFields,
    RequestPage,
    RequestStatus,
    SkillRequest,
    Suggestion,
    Suggestions,
)
from skillyard.domain.market.model import InvocationStatus, Offer
from skillyard.infra.clock import iso
from skillyard.infra.paging import Page, cursor_after
from skillyard.skill.executable import TrustLevel
from skillyard.skill.schemas import Schema

_NOW = "2026-11-21T07:00:00.000Z"
_INPUT = {"type": "object", "properties": {"csv_url": {"type": "string"}}, "required": ["csv_url"]}
_OUTPUT = {"type": "object", "properties": {"json": {"type": "array"}}, "required": ["json"]}
_REQUEST: dict[str, Any] = {
    "id": "sreq_01k0000000000000000000000a",
    "owner": "ada",
    "description": "Converts CSV files to JSON.",
    "tags": ["csv", "json"],
    "desired_input_schema": _INPUT,
    "desired_output_schema": _OUTPUT,
    "max_price": 5,
    "status": "open",
    "created_at": _NOW,
    "updated_at": _NOW,
}
_STATED = {
    "description": "Converts CSV files to JSON.",
    "tags": ["csv", "json"],
    "desired_input_schema": _INPUT,
    "desired_output_schema": _OUTPUT,
    "max_price": 5,
}
_HOP = {
    "offer_id": "skl_01k0000000000000000000000a",
    "name": "acme/csv-reader",
    "version": "1.0.0",
    "price": 2,
    "mapping": {"url": "input"},
    "invocation_id": "sinv_01k0000000000000000000000a",
    "status": "completed",
    "paid": 2,
}
_COMPOSITION: dict[str, Any] = {
    "id": "cmp_01k0000000000000000000000a",
    "status": "completed",
    "hops": [_HOP],
    "input": {"url": "https://example.com/table.csv"},
    "output": {"json": [{"a": 1}]},
    "error": None,
    "price": 2,
    "paid": 2,
    "agent_id": None,
    "created_at": _NOW,
    "updated_at": _NOW,
    "settled_at": _NOW,
}
_RATINGS = {
    "offer_id": "skl_01k0000000000000000000000a",
    "average_rating": 4.75,
    "ratings": 12,
    "verified": 10,
    "by_stars": {"1": 0, "2": 0, "3": 1, "4": 1, "5": 10},
    "own": 5,
}


class RequestOnWire(BaseModel):
    model_config = example(_REQUEST)

    id: str
    owner: str
    description: str
    tags: list[str]
    desired_input_schema: dict[str, Any] | None
    desired_output_schema: dict[str, Any] | None
    max_price: int | None = Field(description="Credits, for all of it.")
    status: RequestStatus
    created_at: Time
    updated_at: Time


class RequestsPage(BaseModel):
    model_config = example({"items": [_REQUEST], "next_cursor": None, "total": 1})

    items: list[RequestOnWire]
    next_cursor: str | None
    total: int


class _Stated(BaseModel):
    tags: list[Text] | None = Field(default=None, max_length=100)
    desired_input_schema: dict[str, Any] | None = Field(default=None, description="What there is to begin with.")
    desired_output_schema: dict[str, Any] | None = Field(default=None, description="What is wanted in the end.")
    max_price: int | None = Field(default=None, description="Credits.")

    def _fields(self, description: str | None) -> RequestFields:
        return RequestFields(
            description=description,
            tags=self.tags,
            input_schema=self.desired_input_schema,
            output_schema=self.desired_output_schema,
            max_price=self.max_price,
        )


class PostRequestBody(_Stated):
    model_config = example(_STATED, closed=True)

    description: Annotated[str, StringConstraints(max_length=10_000)] = Field(description="1 to 2000 characters.")

    def fields(self) -> RequestFields:
        return self._fields(self.description)


class UpdateRequestBody(_Stated):
    model_config = example({"status": "fulfilled"}, closed=True)

    description: str | None = Field(default=None, max_length=10_000, description="Absent: as it is.")
    status: RequestStatus | None = None

    def fields(self) -> RequestFields:
        return self._fields(self.description)


class MatchOnWire(BaseModel):
    offer: OfferOnWire
    score: int = Field(description="The higher, the better.")
    fits: bool = Field(description="Whether nothing speaks against it, and the schemas speak for it.")
    shared_tags: list[str]
    takes_input: bool | None = Field(description="None: the request has no input schema.")
    gives_output: bool | None = Field(description="None: the request has no output schema.")
    is_within_price: bool | None
    reasons: list[str] = Field(description="What speaks for it and against it, in words.")


class MatchesOnWire(BaseModel):
    items: list[MatchOnWire]


class SuggestedHopOnWire(BaseModel):
    offer: OfferOnWire
    mapping: dict[str, str] = Field(
        description="Where each property of its input comes from: `output` of the one before, or the first `input`."
    )
    assumed: list[str] = Field(description="Properties that may be missing, for no schema requires them.")


class SuggestionOnWire(BaseModel):
    hops: list[SuggestedHopOnWire]
    offer_ids: list[str] = Field(description="To start a composition with.")
    price: int
    trust_level: TrustLevel
    assumed: list[str]


class SuggestionsOnWire(BaseModel):
    items: list[SuggestionOnWire] = Field(description="The shortest first, then the cheapest.")
    considered: int = Field(description="How many offers were looked at.")
    note: str


class StartCompositionBody(BaseModel):
    model_config = example(
        {
            "offer_ids": ["skl_01k0000000000000000000000a", "skl_01k0000000000000000000000b"],
            "input": {"url": "https://example.com/table.csv"},
            "max_price": 20,
        },
        closed=True,
    )

    offer_ids: list[Text] = Field(max_length=20, description="1 to 5, in the order in which they run.")
    input: Any = Field(description="For the first of them.")
    max_price: int | None = Field(default=None, ge=0, description="Credits, for all together.")
    agent_id: str | None = Field(default=None, description="Which of your agents asks.", max_length=300)


class HopOnWire(BaseModel):
    offer_id: str
    name: str
    version: str
    price: int = Field(description="The most that is paid for it.")
    mapping: dict[str, str]
    invocation_id: str | None
    status: InvocationStatus | None = Field(description="Of its invocation; None: not begun.")
    paid: int


class CompositionOnWire(BaseModel):
    model_config = example(_COMPOSITION)

    id: str
    status: CompositionStatus
    hops: list[HopOnWire]
    input: Any
    output: Any = Field(description="That of the last, once all have delivered.")
    error: FailureOnWire | None
    price: int
    paid: int = Field(description="What was delivered is paid, also when a later one failed.")
    agent_id: str | None
    created_at: Time
    updated_at: Time
    settled_at: Time | None


class CompositionsPage(BaseModel):
    model_config = example({"items": [_COMPOSITION], "next_cursor": None})

    items: list[CompositionOnWire]
    next_cursor: str | None


class RateBody(BaseModel):
    model_config = example({"stars": 5, "invocation_id": "sinv_01k0000000000000000000000a"}, closed=True)

    stars: Any = Field(description="1 to 5.")
    invocation_id: Text | None = Field(default=None, description="What was delivered; absent: your latest of it.")


class RatingsOnWire(BaseModel):
    model_config = example(_RATINGS)

    offer_id: str
    average_rating: float | None = Field(description="Of those to whom it delivered, each counts five times.")
    ratings: int
    verified: int = Field(description="Of those to whom it delivered.")
    by_stars: dict[str, int]
    own: int | None = Field(description="What you gave.")


class FavoritesOnWire(BaseModel):
    items: list[OfferOnWire]


class FavoriteRemoved(BaseModel):
    offer_id: str


class RankedOnWire(BaseModel):
    rank: int
    score: float = Field(description="Stars, as if five ratings of three were there from the start.")
    offer: OfferOnWire


class LeaderboardOnWire(BaseModel):
    items: list[RankedOnWire]


def show_request(found: SkillRequest) -> RequestOnWire:
    return RequestOnWire(
        id=found.id,
        owner=found.owner,
        description=found.description,
        tags=list(found.tags),
        desired_input_schema=_document(found.input_schema),
        desired_output_schema=_document(found.output_schema),
        max_price=found.max_price,
        status=found.status,
        created_at=iso(found.created_ms),
        updated_at=iso(found.updated_ms),
    )


def show_requests(page: RequestPage, *, offset: int) -> RequestsPage:
    shown = offset + len(page.requests)
    cursor = cursor_after(shown) if page.requests and shown < page.total else None
    return RequestsPage(items=[show_request(one) for one in page.requests], next_cursor=cursor, total=page.total)


def show_matches(found: Sequence[Match]) -> MatchesOnWire:
    items = [
        MatchOnWire(
            offer=show_offer(one.offer),
            score=one.score,
            fits=one.fits,
            shared_tags=list(one.shared_tags),
            takes_input=one.takes_input,
            gives_output=one.gives_output,
            is_within_price=one.is_within_price,
            reasons=list(one.reasons),
        )
        for one in found
    ]
    return MatchesOnWire(items=items)


def show_suggestions(found: Suggestions) -> SuggestionsOnWire:
    items = [_show_suggestion(one) for one in found.suggestions]
    return SuggestionsOnWire(items=items, considered=found.considered, note=found.note)


def show_composition(found: Composition) -> CompositionOnWire:
    failure = found.failure
    return CompositionOnWire(
        id=found.id,
        status=found.status,
        hops=[_show_hop(hop) for hop in found.hops],
        input=found.input,
        output=found.output,
        error=FailureOnWire(code=failure.code, message=failure.message) if failure else None,
        price=found.price,
        paid=found.paid,
        agent_id=found.agent_id,
        created_at=iso(found.created_ms),
        updated_at=iso(found.updated_ms),
        settled_at=iso(found.settled_ms) if found.settled_ms else None,
    )


def show_compositions(page: Page[Composition]) -> CompositionsPage:
    return CompositionsPage(items=[show_composition(one) for one in page.items], next_cursor=page.next_cursor)


def show_ratings(found: RatingSummary) -> RatingsOnWire:
    return RatingsOnWire(
        offer_id=found.offer_id,
        average_rating=found.average / 100 if found.average is not None else None,
        ratings=found.ratings,
        verified=found.verified,
        by_stars={str(stars): number for stars, number in enumerate(found.by_stars, 1)},
        own=found.own,
    )


def show_favorites(found: Sequence[Offer]) -> FavoritesOnWire:
    return FavoritesOnWire(items=[show_offer(offer) for offer in found])


def show_leaderboard(found: Sequence[Ranked]) -> LeaderboardOnWire:
    items = [RankedOnWire(rank=one.rank, score=one.score / 100, offer=show_offer(one.offer)) for one in found]
    return LeaderboardOnWire(items=items)


def _document(schema: Schema | None) -> dict[str, Any] | None:
    return dict(schema.document) if schema else None


def _show_hop(hop: Hop) -> HopOnWire:
    return HopOnWire(
        offer_id=hop.offer_id,
        name=hop.name,
        version=hop.version,
        price=hop.price,
        mapping=dict(hop.mapping),
        invocation_id=hop.invocation_id,
        status=hop.status,
        paid=hop.paid,
    )


def _show_suggestion(found: Suggestion) -> SuggestionOnWire:
    hops = [
        SuggestedHopOnWire(offer=show_offer(hop.offer), mapping=dict(hop.mapping), assumed=list(hop.assumed))
        for hop in found.hops
    ]
    return SuggestionOnWire(
        hops=hops,
        offer_ids=[hop.offer.id for hop in found.hops],
        price=found.price,
        trust_level=found.trust_level,
        assumed=list(found.assumed),
    )
