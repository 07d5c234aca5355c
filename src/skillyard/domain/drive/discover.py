"""Find skills across what people publish here and what comes from git, each with where it is from."""

from __future__ import annotations

from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.git_model import Origin
from skillyard.domain.drive.origins import list_origins
from skillyard.domain.registry.model import Skill
from skillyard.domain.registry.search import search
from skillyard.infra.paging import cursor_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Discovered:
    """A skill that fits; `origin` is None for one that was published here."""

    skill: Skill
    origin: Origin | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveredPage:
    """`total` counts what fits in all, `offset` what comes before these."""

    items: tuple[Discovered, ...]
    total: int
    offset: int


def discover(app: App, caller: Caller, *, keywords: str = "", offset: int = 0, limit: int = 10) -> DiscoveredPage:
    """Skills that the caller sees, those that fit best first; without keywords those that are taken most."""
    offset = max(0, offset)
    found = search(app, caller, text=keywords, limit=limit, cursor=cursor_after(offset))
    with app.database.reading() as tx:
        origins = list_origins(tx, [one.skill.name for one in found.items])
    items = tuple(Discovered(skill=one.skill, origin=origins.get(one.skill.name)) for one in found.items)
    return DiscoveredPage(items=items, total=found.total, offset=offset)
