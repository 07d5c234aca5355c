"""What is in a collection: for its owner, for whoever holds its key, and of a public one for everybody."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.authenticate import narrow
from skillyard.domain.drive.collection import Collection
from skillyard.domain.drive.collection_errors import CollectionNotFound
from skillyard.domain.drive.collection_rules import is_name
from skillyard.domain.drive.collections import own_collection
from skillyard.domain.drive.model import Reached
from skillyard.domain.drive.reach import list_reach
from skillyard.domain.drive.store import collections as store
from skillyard.infra.clock import month_of
from skillyard.infra.database import Tx
from skillyard.infra.errors import Unauthenticated


def read_slice(app: App, caller: Caller, *, name: str) -> list[Reached]:
    """The skills that the key of one of the caller's collections reaches now, in the order of their names; by a key
    that is limited to some skills only those of its own. Raises CollectionNotFound.
    """
    caller.must("read_drive")
    with app.database.reading() as tx:
        collection = own_collection(tx, app, caller, name)
        if caller.slice_key_id not in (None, collection.id):
            raise CollectionNotFound(name=name[:64])
        return _reached(tx, collection, app.clock.now_ms())


def read_public_slice(app: App, *, name: str) -> tuple[Collection, list[Reached]]:
    """A collection that its owner has published, and what is in it now; which of that is public is for the caller to
    look at. Raises CollectionNotFound, also while its key is switched off or has
    expired, or it is void with its owner or
    the token that made it.
    """
    now_ms = app.clock.now_ms()
    with app.database.reading() as tx:
        found = store.find_public(tx, name, month=month_of(now_ms)) if is_name(name) else None
        try:
            if found is not None and found.is_alive(now_ms):
                return found, _reached(tx, found, now_ms)
        except Unauthenticated:
            pass
    raise CollectionNotFound(name=name[:64])


def _reached(tx: Tx, collection: Collection, now_ms: int) -> list[Reached]:
    holder = narrow(tx, collection, now_ms=now_ms)
    found = list_reach(tx, holder, teams=collection.include_team, shared=collection.include_shared)
    return [found[name] for name in sorted(found) if holder.reaches(name) and found[name].item.enabled]
