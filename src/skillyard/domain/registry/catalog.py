"""All that everybody may find and have, for lists of the whole registry."""

from __future__ import annotations

from skillyard.domain.registry.model import Skill, Visibility
from skillyard.domain.registry.store import skills
from skillyard.domain.registry.trust import Status
from skillyard.infra.database import Tx


def list_public_skills(tx: Tx) -> list[Skill]:
    """In the order of their names."""
    return sorted(filter(is_for_everybody, skills.each_skill(tx)), key=lambda skill: skill.name)


def is_for_everybody(skill: Skill) -> bool:
    """Public, on offer, for nothing, as a whole, and with nothing found that speaks against it."""
    is_free = skill.visibility is Visibility.PUBLIC and not skill.is_for_sale and not skill.is_sealed
    return is_free and skill.latest_version is not None and skill.status is Status.LISTED
