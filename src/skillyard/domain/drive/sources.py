"""Git repositories that administrators add, so that the skills in them are published here, with their origin."""

from __future__ import annotations

from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.crawl import enqueue_crawl
from skillyard.domain.drive.git_address import read_address
from skillyard.domain.drive.git_errors import SourceExists, SourceNotFound
from skillyard.domain.drive.git_fetch import find_spot, reading
from skillyard.domain.drive.git_model import Source, SourceFolder
from skillyard.domain.drive.store import sources as store
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id
from skillyard.infra.paging import Page, page_of, read_cursor

_SHOWN_CHARS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePage:
    """A source, and what its last crawl made of each folder with a SKILL.md."""

    source: Source
    folders: tuple[SourceFolder, ...]


def add_source(app: App, caller: Caller, *, address: str, namespace: str) -> Source:
    """Have the skills at a git address, and below it, published in a namespace; from now on, and whenever they change.

    Raises AdministratorsOnly, NamespaceNotFound or RoleTooLow; BadGitAddress, RefNotFound and what reaching it raises;
    or SourceExists.
    """
    caller.must("administer")
    caller.must("publish", on=namespace)
    where = read_address(address)
    with reading(app, where.repository, who=caller.identity[0]) as remote:
        spot = find_spot(remote, where)
    source = Source(
        id=new_id("src"), address=address.strip(), repository=spot.repository, ref=spot.ref, path=spot.path,
        namespace=namespace, added_by=caller.identity[0], added_ms=app.clock.now_ms(),
    )  # fmt: skip
    with app.database.transaction() as tx:
        if not store.add_source(tx, source):
            known = store.find_same(tx, source)
            raise SourceExists(address=address.strip()[:200], source=known.id if known else "another one")
        enqueue_crawl(tx, app, source.id, anew=True)
    return source


def list_sources(app: App, caller: Caller, *, limit: int = 100, cursor: str | None = None) -> Page[Source]:
    """In the order in which they were added. Raises AdministratorsOnly or BadCursor."""
    caller.must("administer")
    (after,) = read_cursor(cursor, [""])
    with app.database.reading() as tx:
        found = store.list_sources(tx, after=str(after), limit=limit + 1)
    return page_of(found, limit, lambda source: [source.id])


def get_source(app: App, caller: Caller, *, source_id: str) -> SourcePage:
    """Raises AdministratorsOnly or SourceNotFound."""
    caller.must("administer")
    with app.database.reading() as tx:
        return SourcePage(source=_must_find(tx, source_id), folders=tuple(store.list_folders(tx, source_id)))


def remove_source(app: App, caller: Caller, *, source_id: str) -> Source:
    """Look there no more; what was published stays. Raises AdministratorsOnly or SourceNotFound."""
    caller.must("administer")
    with app.database.transaction() as tx:
        source = _must_find(tx, source_id)
        store.remove_source(tx, source_id)
    return source


def crawl(app: App, caller: Caller, *, source_id: str) -> Source:
    """Have it looked through soon, also if there is no new commit. Raises AdministratorsOnly or SourceNotFound."""
    caller.must("administer")
    with app.database.transaction() as tx:
        source = _must_find(tx, source_id)
        enqueue_crawl(tx, app, source_id, anew=True)
    return source


def crawl_all(app: App) -> None:
    """Have every source looked through that has a new commit."""
    with app.database.transaction(durable=False) as tx:
        for source_id in store.list_ids(tx):
            enqueue_crawl(tx, app, source_id, anew=False)


def _must_find(tx: Tx, source_id: str) -> Source:
    source = store.find_source(tx, source_id)
    if source is None:
        raise SourceNotFound(source=source_id[:_SHOWN_CHARS])
    return source
