"""Requests for skills as STACK's clients see them: the price under both of its names, in credits."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints

from skillyard.api.stack.wire.fields import Body, JsonSchema, Price, Tags
from skillyard.api.stack.wire.skills import SkillOnWire, show_skill
from skillyard.domain.market.board_model import Match, RequestFields, SkillRequest, Suggestion, Suggestions
from skillyard.infra.clock import iso

Description = Annotated[str, StringConstraints(min_length=1, max_length=2000)]


class RequestBody(Body):
    """`max_price_cents` is the SDK's name for `max_price_credits`; a credit is a cent."""

    desired_input_schema: JsonSchema | None = None
    desired_output_schema: JsonSchema | None = None
    max_price_credits: Price | None = None
    max_price_cents: Price | None = None
    tags: Tags | None = None

    def fields(self, description: str | None) -> RequestFields:
        return RequestFields(
            description=description,
            tags=self.tags,
            input_schema=self.desired_input_schema,
            output_schema=self.desired_output_schema,
            max_price=self.max_price_cents if self.max_price_credits is None else self.max_price_credits,
        )


class PostRequestBody(RequestBody):
    description: Description


class UpdateRequestBody(RequestBody):
    description: Description | None = None
    status: Literal["open", "closed", "fulfilled"] | None = None


class RequestOnWire(BaseModel):
    id: str
    operator_id: str
    description: str
    desired_input_schema: dict[str, Any] | None
    desired_output_schema: dict[str, Any] | None
    max_price_credits: int | None
    max_price_cents: int | None
    tags: list[str]
    status: str
    created_at: str
    updated_at: str


class MatchOnWire(BaseModel):
    skill: SkillOnWire
    score: int = Field(description="The higher, the better.")
    fits: bool = Field(description="Whether nothing speaks against it, and the schemas speak for it.")
    shared_tags: list[str]
    takes_input: bool | None
    gives_output: bool | None
    is_within_price: bool | None
    reasons: list[str]


class Matches(BaseModel):
    request_id: str
    matches: list[MatchOnWire]


class StepOnWire(BaseModel):
    skill: SkillOnWire
    mapping: dict[str, str] = Field(description="Where each property of its input comes from.")
    assumed: list[str]


class CompositionOnWire(BaseModel):
    steps: list[StepOnWire]
    skill_ids: list[str]
    total_price_credits: int
    trust_level_required: str
    assumed: list[str]


class SuggestionsOnWire(BaseModel):
    request_id: str
    compositions: list[CompositionOnWire] = Field(description="The shortest first, then the cheapest.")
    note: str


def show_request(found: SkillRequest) -> RequestOnWire:
    return RequestOnWire(
        id=found.id,
        operator_id=found.owner_id,
        description=found.description,
        desired_input_schema=dict(found.input_schema.document) if found.input_schema else None,
        desired_output_schema=dict(found.output_schema.document) if found.output_schema else None,
        max_price_credits=found.max_price,
        max_price_cents=found.max_price,
        tags=list(found.tags),
        status=found.status.value,
        created_at=iso(found.created_ms),
        updated_at=iso(found.updated_ms),
    )


def show_match(match: Match) -> MatchOnWire:
    return MatchOnWire(
        skill=show_skill(match.offer),
        score=match.score,
        fits=match.fits,
        shared_tags=list(match.shared_tags),
        takes_input=match.takes_input,
        gives_output=match.gives_output,
        is_within_price=match.is_within_price,
        reasons=list(match.reasons),
    )


def show_suggestions(request_id: str, found: Suggestions) -> SuggestionsOnWire:
    compositions = [_show_composition(one) for one in found.suggestions]
    return SuggestionsOnWire(request_id=request_id, compositions=compositions, note=found.note)


def _show_composition(found: Suggestion) -> CompositionOnWire:
    steps = [
        StepOnWire(skill=show_skill(hop.offer), mapping=dict(hop.mapping), assumed=list(hop.assumed))
        for hop in found.hops
    ]
    return CompositionOnWire(
        steps=steps,
        skill_ids=[hop.offer.id for hop in found.hops],
        total_price_credits=found.price,
        trust_level_required=found.trust_level,
        assumed=list(found.assumed),
    )
