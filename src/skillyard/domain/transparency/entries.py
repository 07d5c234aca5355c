"""Entries as a caller may read them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.transparency import rules, store
from skillyard.domain.transparency.model import Entry
from skillyard.infra.database import Tx
from skillyard.infra.paging import Page, page_of, read_cursor

_NEWEST = 2**62


def list_entries(
    app: App,
    caller: Caller,
    *,
    name: str | None = None,
    after: int = -1,
    limit: int = 30,
    cursor: str | None = None,
) -> Page[Entry]:
    """The newest first; of one skill or namespace, and behind the position `after`. Raises BadCursor.

    What is not public stays sealed for those who may not read it, and of one skill they see nothing.
    """
    (before,) = read_cursor(cursor, [_NEWEST])
    with app.database.reading() as tx:
        if name is not None and not (name.isprintable() and _may_read(tx, caller, name)):
            return Page(items=(), next_cursor=None)
        found = store.list_entries(tx, name=name, after=after, before=int(before), limit=limit + 1)
        entries = shown(tx, caller, found, named={name} if name else ())
    return page_of(entries, limit, lambda entry: [entry.position])


def shown(tx: Tx, caller: Caller, found: Iterable[tuple[Entry, str]], *, named: Collection[str]) -> list[Entry]:
    """The entries, each with the name that it is about, without what the caller may not know."""
    rows = list(found)
    sealed = {name for entry, name in rows if entry.salt is not None}
    visibilities = store.list_visibilities(tx, sealed)
    open_to = {name for name in sealed if rules.may_read(caller, name, visibilities.get(name), is_named=name in named)}
    return [
        entry if entry.salt is None or name in open_to else replace(entry, facts=None, salt=None)
        for entry, name in rows
    ]


def _may_read(tx: Tx, caller: Caller, name: str) -> bool:
    """A namespace has no visibility of its own: what the log says of it openly, all may read."""
    visibility = store.list_visibilities(tx, [name]).get(name)
    return visibility is None or rules.may_read(caller, name, visibility, is_named=True)
