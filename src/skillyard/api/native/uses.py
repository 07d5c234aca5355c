"""Which skills are used most."""

from __future__ import annotations

from fastapi import APIRouter

from skillyard.api.native.wire import uses as wire
from skillyard.api.surface import AppOf, Limit
from skillyard.domain.market import uses

router = APIRouter(tags=["market"])


@router.get("/leaderboard/skills", summary="The skills that are used most, or liked best")
def rank_skills(app: AppOf, by: uses.SkillRanking = "executions", limit: Limit = 20) -> wire.SkillLeaderboardOnWire:
    """Public ones, for everybody. Counted about once a minute; the uses of its own namespace do not count."""
    return wire.show_ranked(uses.rank_skills(app, by=by, limit=limit))
