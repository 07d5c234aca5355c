"""What is on offer now of many skills at once, for those who hold some version of each."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import rules
from skillyard.domain.registry.errors import SkillNotFound
from skillyard.domain.registry.model import Skill
from skillyard.domain.registry.sight import Sight, facts_of, look_at, skills_as_seen
from skillyard.domain.registry.store import listings, skills
from skillyard.infra.database import Tx
from skillyard.skill.names import SkillName
from skillyard.skill.permissions import added, read_permissions

_SHOWN_CHARS = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """A skill as the caller sees it, and what they may have of it."""

    skill: Skill
    sight: Sight


def list_current(tx: Tx, caller: Caller, names: Sequence[str]) -> dict[str, Current]:
    """Those of `names` that the caller may see, by name."""
    known = skills.list_skills(tx, names)
    sights = look_at(tx, caller, map(facts_of, known.values()))
    seen = skills_as_seen(tx, known.values(), sights)
    return {skill.name: Current(skill=skill, sight=sights[skill.name]) for skill in seen}


def get_current(tx: Tx, caller: Caller, name: SkillName) -> Current:
    """Raises SkillNotFound unless the caller may see at least its page."""
    found = list_current(tx, caller, [str(name)]).get(str(name)) if rules.is_skill_name(name) else None
    if found is None:
        raise SkillNotFound(name=str(name)[:_SHOWN_CHARS])
    return found


def list_withdrawn(tx: Tx, held: Mapping[str, str]) -> frozenset[str]:
    """Those skills of which the version given is yanked, quarantined or recalled by now."""
    return frozenset(name for name, version in listings.list_not_offered(tx, list(held)) if held[name] == version)


def list_gains(tx: Tx, moves: Collection[tuple[str, str, str]]) -> dict[tuple[str, str, str], tuple[str, ...]]:
    """What a skill may newly do once it moves, in plain words to be read after "it may"; by name and both versions."""
    pairs = sorted({(name, version) for name, old, new in moves for version in (old, new)})
    known = {pair: read_permissions(value)[0] for pair, value in listings.list_permissions(tx, pairs).items()}
    return {
        (name, old, new): tuple(grant.text for grant in added(known[name, old], known[name, new]))
        for name, old, new in moves
        if (name, old) in known and (name, new) in known
    }
