"""Find skills by what they say of themselves; and keep this process's index at the head of the event log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry import rules
from skillyard.domain.registry.changes import names_in
from skillyard.domain.registry.errors import NoSuchOrder
from skillyard.domain.registry.model import Skill, Visibility
from skillyard.domain.registry.sight import Sight, facts_of, look_at, skills_as_seen
from skillyard.domain.registry.store import skills
from skillyard.domain.registry.trust import Status
from skillyard.infra.events import StoredEvent
from skillyard.infra.paging import cursor_after, read_cursor
from skillyard.infra.search import IndexedDocument, Sort

_EVERYBODY = "*"
_MOST_TAGS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A skill, and how well it fits: only comparable within one search."""

    skill: Skill
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundPage:
    """`total` counts what the index holds."""

    items: tuple[Found, ...]
    total: int
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundNames:
    """One page of names, and how many there are in all."""

    names: tuple[str, ...]
    total: int


def search(
    app: App,
    caller: Caller,
    *,
    text: str = "",
    namespace: str | None = None,
    tags: Sequence[str] = (),
    agent: str | None = None,
    status: Status | None = None,
    sort: str | None = None,
    limit: int = 30,
    cursor: str | None = None,
) -> FoundPage:
    """Skills that the caller may see and that are on offer, with every tag and with this status.

    Without `sort`: by relevance, or by downloads without a text.

    Raises NoSuchOrder, UnknownAgent or BadCursor.
    """
    (offset,) = read_cursor(cursor, [0])
    hits = app.index.search(
        text,
        readers=_readers_of(caller),
        facets=_facets(namespace, tags, agent, status),
        sort=_order(sort, text),
        limit=limit,
        offset=max(0, int(offset)),
    )
    with app.database.reading() as tx:
        known = skills.list_skills(tx, [hit.key for hit in hits.items])
        sights = look_at(tx, caller, map(facts_of, known.values()))
        shown = {skill.name: skill for skill in skills_as_seen(tx, known.values(), sights)}
    found = [
        Found(skill=shown[hit.key], score=hit.score)
        for hit in hits.items
        if hit.key in shown and _may_find(caller, shown[hit.key])
    ]
    seen = max(0, int(offset)) + len(hits.items)
    return FoundPage(
        items=tuple(found),
        total=hits.total,
        next_cursor=cursor_after(seen) if hits.items and seen < hits.total else None,
    )


def search_names(app: App, caller: Caller, *, text: str = "", limit: int = 30, offset: int = 0) -> FoundNames:
    """What the index alone says, for whoever looks every skill up anyway: it may be a moment behind, so that a skill
    among them may not be visible to the caller any more.
    """
    order = _order(None, text)
    hits = app.index.search(text, readers=_readers_of(caller), sort=order, limit=limit, offset=offset)
    return FoundNames(names=tuple(hit.key for hit in hits.items), total=hits.total)


def suggest(app: App, caller: Caller, name: str) -> list[str]:
    """Names of skills that somebody may have meant."""
    hits = app.index.search(name.rpartition("/")[2], readers=_readers_of(caller), limit=3)
    return [hit.key for hit in hits.items]


def index_batch(app: App, batch: Sequence[StoredEvent]) -> None:
    """Bring the index up to the last of these events. The same events may come again."""
    names = sorted({name for event in batch for name in names_in(event)})
    with app.database.reading() as tx:
        known = skills.list_skills(tx, names)
        shown = skills_as_seen(tx, known.values(), _as_shown(known.values()))
    app.index.apply(map(_document, shown), set(names) - known.keys(), position=batch[-1].position)


def _as_shown(skills: Iterable[Skill]) -> dict[str, Sight]:
    """What is found by everybody is found by what everybody may read."""
    return {
        skill.name: Sight(facts=facts_of(skill), is_member=not skill.is_for_sale, is_entitled=False) for skill in skills
    }


def _document(skill: Skill) -> IndexedDocument:
    facets = [f"namespace:{skill.namespace}"]
    facets += [f"tag:{tag}" for tag in skill.tags]
    facets += [f"agent:{agent}" for agent in rules.decide_agents(skill.compatibility)]
    facets += [f"status:{skill.status}"] if skill.status else []
    readers = [f"@{skill.namespace}", skill.name]
    is_found = _is_listed(skill) and skill.latest_version is not None
    return IndexedDocument(
        key=skill.name,
        title=skill.name,
        tags=skill.tags,
        text=skill.description,
        facets=tuple(facets),
        readers=(*readers, _EVERYBODY) if is_found else tuple(readers),
        updated_ms=skill.updated_ms,
        downloads=skill.downloads.total,
    )


def _facets(namespace: str | None, tags: Iterable[str], agent: str | None, status: Status | None) -> list[str]:
    facets = [f"namespace:{namespace}"] if namespace else []
    facets += [f"tag:{tag.lower()}" for tag in tags][:_MOST_TAGS]
    if agent:
        rules.check_agent(agent)
        facets.append(f"agent:{agent}")
    if status:
        facets.append(f"status:{status}")
    return facets


def _order(sort: str | None, text: str) -> Sort:
    if sort is None:
        return "relevance" if text.strip() else "downloads"
    for order in get_args(Sort):
        if order == sort:
            known: Sort = order
            return known
    raise NoSuchOrder(sort=sort[:64])


def _readers_of(caller: Caller) -> list[str]:
    """Members find what is in their namespaces; a key for some skills of these finds each by its name."""
    named = sorted(name for name in caller.token_skills or () if caller.may("read", on=name))
    return [_EVERYBODY, *(f"@{namespace}" for namespace in sorted(caller.namespaces_with("read"))), *named]


def _may_find(caller: Caller, skill: Skill) -> bool:
    """The index may be a moment behind; the database is not."""
    return _is_listed(skill) or caller.may("read", on=skill.name)


def _is_listed(skill: Skill) -> bool:
    """Whether everybody finds it: what is for sale wants to be found, unless it is unlisted."""
    return skill.visibility is Visibility.PUBLIC or (skill.is_for_sale and skill.visibility is Visibility.PRIVATE)
