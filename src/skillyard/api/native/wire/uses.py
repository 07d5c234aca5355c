"""The leaderboard of skills on the wire."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel, Field

from skillyard.api.native.wire.skills import SkillSummaryOnWire, show_listed_skill
from skillyard.domain.market.uses import RankedSkill


class RankedSkillOnWire(BaseModel):
    rank: int
    executions: int = Field(description="Of runs and invocations: by how many people, each of them once a day.")
    installs: int = Field(description="By how many people or installs, each of them once a day.")
    rating: float | None = Field(description="Average of the stars; null where nobody has rated it.")
    ratings: int
    skill: SkillSummaryOnWire


class SkillLeaderboardOnWire(BaseModel):
    items: list[RankedSkillOnWire]


def show_ranked(found: Sequence[RankedSkill]) -> SkillLeaderboardOnWire:
    return SkillLeaderboardOnWire(
        items=[
            RankedSkillOnWire(
                rank=one.rank,
                executions=one.executions,
                installs=one.installs,
                rating=None if one.rating is None else one.rating / 100,
                ratings=one.ratings,
                skill=show_listed_skill(one.skill),
            )
            for one in found
        ]
    )
