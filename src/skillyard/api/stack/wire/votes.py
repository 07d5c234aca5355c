"""Ratings and favorites."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field, StrictInt

from skillyard.api.stack.wire.fields import Body, Id
from skillyard.domain.market.board_model import RatingSummary


class RateBody(Body):
    rating: Annotated[StrictInt, Field(ge=1, le=5)]
    invocation_id: Id | None = None


class RatingsOnWire(BaseModel):
    skill_id: str
    average_rating: float | None
    rating_count: int
    verified_count: int = Field(description="Of those to whom it delivered; they weigh more.")
    distribution: dict[str, int] = Field(description="How many gave each number of stars.")
    own_rating: int | None


class Favorite(BaseModel):
    skill_id: str
    favorite: bool


def show_ratings(found: RatingSummary) -> RatingsOnWire:
    return RatingsOnWire(
        skill_id=found.offer_id,
        average_rating=None if found.average is None else found.average / 100,
        rating_count=found.ratings,
        verified_count=found.verified,
        distribution={str(stars): count for stars, count in enumerate(found.by_stars, 1)},
        own_rating=found.own,
    )
