"""Find skills beyond the drive: everywhere, and those that are used most."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query

from skillyard.api.skillzdrive.addresses import API
from skillyard.api.skillzdrive.callers import SignedIn, signed_router
from skillyard.api.skillzdrive.showing import look_up
from skillyard.api.skillzdrive.wire import skills as wire
from skillyard.api.skillzdrive.wire.envelope import Data
from skillyard.api.surface import AppOf
from skillyard.domain.drive.discover import discover
from skillyard.domain.market.uses import SkillRanking, rank_skills

router = signed_router("skills")

_MOST_OFFSET = 10_000


@router.get(f"{API}/skills/discover", summary="Find skills everywhere")
def discover_skills(
    app: AppOf,
    caller: SignedIn,
    keywords: Annotated[str, Query(min_length=1, max_length=500)],
    offset: Annotated[int, Query(ge=0, le=_MOST_OFFSET)] = 0,
) -> Data[wire.DiscoveredPage]:
    """In the marketplace and in the git sources of the registry, ten at a time, the best first."""
    page = discover(app, caller, keywords=keywords, offset=offset)
    showing = look_up(app, [found.skill.name for found in page.items])
    return Data(data=wire.show_discovered(page, showing))


@router.get(f"{API}/skills/leaderboard", summary="Top skills")
def get_leaderboard(
    app: AppOf,
    caller: SignedIn,  # noqa: ARG001 (for those with a key)
    sort_by: SkillRanking = "executions",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Data[wire.Leaderboard]:
    """Public ones. Of everybody each skill counts once a day."""
    ranked = rank_skills(app, by=sort_by, limit=limit)
    showing = look_up(app, [one.skill.name for one in ranked])
    return Data(data=wire.Leaderboard(sort_by=sort_by, skills=[wire.show_ranked(one, showing) for one in ranked]))
