"""Which skills people like: favorites for themselves, ratings for everybody."""

from __future__ import annotations

from skillyard.api.foreign import SignedIn
from skillyard.api.stack.addresses import SKILL
from skillyard.api.stack.signed import signed_router
from skillyard.api.stack.wire import votes as wire
from skillyard.api.stack.wire.skills import SkillOnWire, show_skill
from skillyard.api.surface import AppOf
from skillyard.domain.market import favorites, ratings

router = signed_router("ratings")


@router.get("/v1/skills/favorites", summary="My favorites")
def list_favorites(app: AppOf, caller: SignedIn) -> list[SkillOnWire]:
    """The one added last first."""
    return [show_skill(offer) for offer in favorites.list_favorites(app, caller)]


@router.post(f"{SKILL}/favorite", summary="Add a favorite")
def add_favorite(app: AppOf, caller: SignedIn, skill_id: str) -> wire.Favorite:
    """Again is no fault."""
    offer = favorites.add_favorite(app, caller, offer_id=skill_id)
    return wire.Favorite(skill_id=offer.id, favorite=True)


@router.delete(f"{SKILL}/favorite", summary="Remove a favorite")
def remove_favorite(app: AppOf, caller: SignedIn, skill_id: str) -> wire.Favorite:
    """Also of what is none."""
    favorites.remove_favorite(app, caller, offer_id=skill_id)
    return wire.Favorite(skill_id=skill_id, favorite=False)


@router.post(f"{SKILL}/rate", summary="Rate a skill")
def rate_skill(app: AppOf, caller: SignedIn, skill_id: str, body: wire.RateBody) -> wire.RatingsOnWire:
    """One rating of each operator, the last counts; it weighs more of one to whom the skill delivered."""
    summary = ratings.rate(app, caller, offer_id=skill_id, stars=body.rating, invocation_id=body.invocation_id)
    return wire.show_ratings(summary)


@router.get(f"{SKILL}/ratings", summary="What people think of a skill")
def get_ratings(app: AppOf, caller: SignedIn, skill_id: str) -> wire.RatingsOnWire:
    """All ratings together, and the caller's own."""
    return wire.show_ratings(ratings.get_ratings(app, caller, offer_id=skill_id))
