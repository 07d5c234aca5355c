"""How often skills are used, and which are used most or liked best. Of somebody each skill counts once a day, and of
the members of its namespace not at all: so that repeating a call lifts nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from skillyard.app import App
from skillyard.domain.accounts.directory import is_member
from skillyard.domain.accounts.model import ANONYMOUS
from skillyard.domain.drive.telemetry_model import SkillsInstalled
from skillyard.domain.market.events import InvocationSettledAs
from skillyard.domain.market.leaderboard import list_best
from skillyard.domain.market.model import InvocationStatus, Offer
from skillyard.domain.market.store import offers as offers
from skillyard.domain.market.store import uses as store
from skillyard.domain.market.store.uses import Use
from skillyard.domain.registry.current import list_current
from skillyard.domain.registry.model import Skill, Visibility
from skillyard.domain.runs.model import RunEnded, RunStatus
from skillyard.infra.database import Tx
from skillyard.infra.events import StoredEvent, read_after

SkillRanking = Literal["executions", "installs", "rating"]
MOST = 100
_CURSOR = "uses"
_DAY_MS = 24 * 3600 * 1000
_PAGE = 100
_MOST_PAGES = 20
_RAN = (RunStatus.SUCCEEDED, RunStatus.FAILED)  # whether its program ended well is not ours to say


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedSkill:
    """`executions` and `installs`: people times days. `rating`: hundredths of a star, None where nobody has rated."""

    rank: int
    skill: Skill
    executions: int
    installs: int
    rating: int | None
    ratings: int


def follow_uses(app: App) -> int:
    """Count the next events; how many there were."""
    with app.database.transaction() as tx:
        tx.lock("uses of skills")
        batch = read_after(tx, offers.followed_to(tx, _CURSOR))
        if batch:
            store.add_uses(tx, _by_others(tx, [use for event in batch for use in _uses_in(event)]))
            store.forget_days(tx, before_day=batch[-1].at_ms // _DAY_MS - 1)
            offers.set_followed(tx, _CURSOR, batch[-1].position)
    return len(batch)


def rank_skills(app: App, *, by: SkillRanking = "executions", limit: int = 20) -> list[RankedSkill]:
    """The public skills that are used most, or liked best, at most a hundred."""
    with app.database.reading() as tx:
        found = _find_public(tx, _list_names(tx, by), limit=max(1, min(limit, MOST)))
        totals = store.list_totals(tx, [skill.name for skill in found])
        sold = {skill.name: offers.find_by_name(tx, skill.name) for skill in found}
    return [_ranked(rank, skill, totals, sold[skill.name]) for rank, skill in enumerate(found, 1)]


def _uses_in(event: StoredEvent) -> Iterator[Use]:
    data, day = event.data, event.at_ms // _DAY_MS
    if event.kind == SkillsInstalled.kind:
        for name in data["names"]:
            yield Use(day=day, name=name, kind="installs", who=data["who"])
    elif event.kind == RunEnded.kind and data["run_kind"] == "script" and data["status"] in _RAN:
        yield Use(day=day, name=data["name"], kind="executions", who=data["owner_id"])
    elif event.kind == InvocationSettledAs.kind and data["status"] == InvocationStatus.COMPLETED:
        yield Use(day=day, name=data["name"], kind="executions", who=data["buyer_id"])


def _by_others(tx: Tx, uses: Iterable[Use]) -> list[Use]:
    return [use for use in sorted(set(uses)) if not is_member(tx, use.name.partition("/")[0], use.who)]


def _list_names(tx: Tx, by: SkillRanking) -> Iterator[Sequence[str]]:
    """Names of skills, the best first, page by page; private ones, too."""
    if by == "rating":
        yield [offer.name for offer in list_best(tx, "rating", limit=_PAGE * _MOST_PAGES) if offer.ratings]
        return
    for page in range(_MOST_PAGES):
        names = store.list_top(tx, by, limit=_PAGE, offset=page * _PAGE)
        yield names
        if len(names) < _PAGE:
            return


def _find_public(tx: Tx, pages: Iterable[Sequence[str]], *, limit: int) -> list[Skill]:
    """The first of them that everybody finds and can install."""
    found: list[Skill] = []
    for names in pages:
        known = list_current(tx, ANONYMOUS, names)
        skills = [known[name].skill for name in names if name in known]
        found += [one for one in skills if one.visibility is Visibility.PUBLIC and one.latest_version is not None]
        if len(found) >= limit:
            break
    return found[:limit]


def _ranked(rank: int, skill: Skill, totals: Mapping[tuple[str, str], int], offer: Offer | None) -> RankedSkill:
    return RankedSkill(
        rank=rank,
        skill=skill,
        executions=totals.get((skill.name, "executions"), 0),
        installs=totals.get((skill.name, "installs"), 0),
        rating=offer.average_rating if offer else None,
        ratings=offer.ratings if offer else 0,
    )
