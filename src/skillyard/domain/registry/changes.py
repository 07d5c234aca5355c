"""What happened to skills, in order: for mirrors and caches, and for the parts of this process that follow it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.registry.model import FEED, DownloadsCounted, Visibility
from skillyard.domain.registry.store import skills
from skillyard.infra.database import Tx
from skillyard.infra.events import StoredEvent, last_position, read_after
from skillyard.infra.paging import cursor_after, read_cursor

_KINDS = frozenset(event.kind for event in FEED)
_BATCH = 500
_MOST_LOOKED_AT = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """`kind` as in the events of model.py; `version` where it is about one."""

    position: int
    kind: str
    at_ms: int
    name: str
    version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """`next_cursor` is where the feed goes on; there may be more at once, or later."""

    items: tuple[Change, ...]
    next_cursor: str


def list_changes(app: App, caller: Caller, *, limit: int = 30, cursor: str | None = None) -> Changes:
    """Changes of public skills and of those in the caller's namespaces, oldest first. Raises BadCursor."""
    (position,) = read_cursor(cursor, [0])
    end, items = int(position), list[Change]()
    own = caller.namespaces_with("read")
    with app.database.reading() as tx:
        for _ in range(_MOST_LOOKED_AT // _BATCH):
            batch = read_after(tx, end, limit=_BATCH)
            for event in _shown(tx, batch, own):
                items.append(_change(event))
                if len(items) == limit:
                    return Changes(items=tuple(items), next_cursor=cursor_after(event.position))
            end = batch[-1].position if batch else end
            if len(batch) < _BATCH:
                break
    return Changes(items=tuple(items), next_cursor=cursor_after(end))


def names_in(event: StoredEvent) -> tuple[str, ...]:
    """The skills of which something that is shown has changed."""
    if event.kind == DownloadsCounted.kind:
        return tuple(event.data["names"])
    return (event.data["name"],) if event.kind in _KINDS else ()


def names_after(app: App, position: int) -> tuple[set[str], int]:
    """The skills of which something has changed since, and the position up to which that was looked at."""
    names: set[str] = set()
    with app.database.reading() as tx:
        while batch := read_after(tx, position):
            names.update(name for event in batch for name in names_in(event))
            position = batch[-1].position
    return names, position


def current_position(app: App) -> int:
    """The end of the log."""
    with app.database.reading() as tx:
        return last_position(tx)


def _shown(tx: Tx, batch: Iterable[StoredEvent], own: frozenset[str]) -> list[StoredEvent]:
    events = [event for event in batch if event.kind in _KINDS]
    visibilities = skills.list_visibilities(tx, sorted({event.data["name"] for event in events}))
    return [
        event
        for event in events
        if visibilities.get(event.data["name"]) is Visibility.PUBLIC or event.data["name"].partition("/")[0] in own
    ]


def _change(event: StoredEvent) -> Change:
    return Change(
        position=event.position,
        kind=event.kind,
        at_ms=event.at_ms,
        name=event.data["name"],
        version=event.data.get("version"),
    )
