"""Collections: make, list, change and delete them, and hand out their keys. Never with a key for some skills only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.rights import Scope, includes
from skillyard.domain.drive import collection_rules as rules
from skillyard.domain.drive.authenticate import KEY_PREFIX
from skillyard.domain.drive.collection import ID_PREFIX, Collection, CollectionChanged, NewKey, is_key_id
from skillyard.domain.drive.collection_errors import (
    CollectionHasAll,
    CollectionNameTaken,
    CollectionNotFound,
    KeyNotForKeys,
    PublicNameTaken,
    TooManyCollections,
)
from skillyard.domain.drive.reach import list_reach
from skillyard.domain.drive.store import collections as store
from skillyard.infra.clock import month_of
from skillyard.infra.database import Tx
from skillyard.infra.ids import new_id, new_secret
from skillyard.infra.paging import Page, page_of, read_cursor
from skillyard.infra.secrets import hash_secret
from skillyard.skill.faults import Fault
from skillyard.skill.names import SkillName

MOST_COLLECTIONS = 10_000
KEY_SCOPES = frozenset({Scope.READ, Scope.RUN, Scope.PUBLISH, Scope.MANAGE})

_SHOWN_CHARS = 16
_DAY_MS = 24 * 3600 * 1000


def create_collection(
    app: App,
    caller: Caller,
    *,
    name: str,
    skills: Iterable[SkillName] | None = None,
    include_team: bool = True,
    include_shared: bool = True,
    is_public: bool = False,
    expires_in_days: int = 0,
    monthly_quota: int = 0,
    rate_per_minute: int = 0,
) -> NewKey:
    """Make a collection of these skills, or of all (None), and its key, which may do no more than the token that asks.

    Raises CollectionNotAcceptable with all faults, CollectionNameTaken, PublicNameTaken or TooManyCollections; and
    KeyNotForKeys for a key that was made with a key, or that has limits of its own.
    """
    caller.must("manage_collections")
    owner_id, _ = caller.identity
    now_ms = app.clock.now_ms()
    secret = new_secret(KEY_PREFIX)
    new = Collection(
        id=new_id(ID_PREFIX),
        owner_id=owner_id,
        name=name,
        prefix=secret[:_SHOWN_CHARS],
        scopes=_scopes(caller),
        skills=None if skills is None else frozenset(map(str, skills)),
        include_team=include_team,
        include_shared=include_shared,
        is_public=is_public,
        enabled=True,
        monthly_quota=monthly_quota,
        rate_per_minute=rate_per_minute,
        created_ms=now_ms,
        updated_ms=now_ms,
        expires_ms=_end(app, caller, expires_in_days),
        made_with=_made_with(caller),
    )
    faults = rules.check_name(name)
    faults += rules.check_numbers(
        expires_in_days=expires_in_days, monthly_quota=monthly_quota, rate_per_minute=rate_per_minute
    )
    with app.database.transaction() as tx:
        _lock(tx, owner_id)
        _check_unlimited(tx, app, caller)
        rules.refuse(faults + _check_skills(tx, caller, new, new.skills or ()))
        if store.count_of_owner(tx, owner_id) >= MOST_COLLECTIONS:
            raise TooManyCollections(most=MOST_COLLECTIONS)
        _check_names(tx, app, None, new)
        store.add(tx, new, secret_hash=hash_secret(secret))
        _record(tx, app, caller, new, "created")
    return NewKey(secret=secret, collection=new)


def list_collections(app: App, caller: Caller, *, limit: int = 30, cursor: str | None = None) -> Page[Collection]:
    """The caller's, in the order of their names. Raises BadCursor."""
    caller.must("manage_collections")
    owner_id, _ = caller.identity
    (after,) = read_cursor(cursor, [""])
    with app.database.reading() as tx:
        found = store.list_of_owner(tx, owner_id, after=str(after), limit=limit + 1, month=_month(app))
    return page_of(found, limit, lambda one: [one.name])


def get_collection(app: App, caller: Caller, *, name: str) -> Collection:
    """One of the caller's. Raises CollectionNotFound."""
    caller.must("manage_collections")
    with app.database.reading() as tx:
        return own_collection(tx, app, caller, name)


def update_collection(
    app: App,
    caller: Caller,
    *,
    name: str,
    new_name: str | None = None,
    skills: Iterable[SkillName] | None = None,
    include_team: bool | None = None,
    include_shared: bool | None = None,
    is_public: bool | None = None,
    enabled: bool | None = None,
    expires_in_days: int | None = None,
    monthly_quota: int | None = None,
    rate_per_minute: int | None = None,
) -> Collection:
    """Change what is not None. `skills` are in place of those there are, and limit a key that had all: never the
    other way round, since whoever holds the key would get more than they were given.

    Raises CollectionNotFound, CollectionNotAcceptable with all faults, CollectionNameTaken or PublicNameTaken.
    """
    caller.must("manage_collections")
    faults = rules.check_name(new_name)
    faults += rules.check_numbers(
        expires_in_days=expires_in_days, monthly_quota=monthly_quota, rate_per_minute=rate_per_minute
    )
    wanted = None if skills is None else frozenset(map(str, skills))
    given: dict[str, Any] = {
        "name": new_name, "skills": wanted, "include_team": include_team, "include_shared": include_shared,
        "is_public": is_public, "enabled": enabled, "monthly_quota": monthly_quota, "rate_per_minute": rate_per_minute,
    }  # fmt: skip
    with app.database.transaction() as tx:
        old = _begin_change(tx, app, caller, name)
        new = replace(old, **{field: value for field, value in given.items() if value is not None})
        if expires_in_days is not None:
            new = replace(new, expires_ms=_end(app, caller, expires_in_days))
        added = (new.skills or frozenset()) - (old.skills or frozenset())
        rules.refuse(faults + _check_skills(tx, caller, new, added))
        return _change(tx, app, caller, old, new)


def add_skill(app: App, caller: Caller, *, name: str, skill: SkillName) -> Collection:
    """Put a skill that comes to the caller into the collection; again is no fault.

    Raises CollectionNotFound, CollectionHasAll or CollectionNotAcceptable.
    """
    caller.must("manage_collections")
    with app.database.transaction() as tx:
        old = _begin_change(tx, app, caller, name)
        new = replace(old, skills=_listed(old) | {str(skill)})
        rules.refuse(_check_skills(tx, caller, new, {str(skill)}))
        return _change(tx, app, caller, old, new)


def remove_skill(app: App, caller: Caller, *, name: str, skill: SkillName) -> Collection:
    """Take a skill out of the collection, so that its key loses it at once; one that is not in it is no fault.

    Raises CollectionNotFound or CollectionHasAll.
    """
    caller.must("manage_collections")
    with app.database.transaction() as tx:
        old = _begin_change(tx, app, caller, name)
        return _change(tx, app, caller, old, replace(old, skills=_listed(old) - {str(skill)}))


def rotate_key(app: App, caller: Caller, *, name: str) -> NewKey:
    """Another key in place of the one there is, which is void at once. A key does it for itself, and for those that
    were made with it. Raises CollectionNotFound or KeyNotForKeys.
    """
    caller.must("manage_collections")
    secret = new_secret(KEY_PREFIX)
    with app.database.transaction() as tx:
        old = _begin_change(tx, app, caller, name)
        new = replace(
            old,
            prefix=secret[:_SHOWN_CHARS],
            scopes=old.scopes & _scopes(caller),
            expires_ms=_no_later(caller, old.expires_ms),
            updated_ms=app.clock.now_ms(),
            last_used_ms=None,
            made_with=_made_anew_with(caller, old),
        )
        store.set_key(tx, new, secret_hash=hash_secret(secret))
        _record(tx, app, caller, new, "rotated")
    return NewKey(secret=secret, collection=new)


def delete_collection(app: App, caller: Caller, *, name: str) -> Collection:
    """For good, with its key. Answers what it was. Raises CollectionNotFound."""
    caller.must("manage_collections")
    with app.database.transaction() as tx:
        old = _begin_change(tx, app, caller, name)
        store.remove(tx, old.id)
        _record(tx, app, caller, old, "deleted")
    return old


def own_collection(tx: Tx, app: App, caller: Caller, name: str) -> Collection:
    """Raises CollectionNotFound, also for somebody else's."""
    owner_id, _ = caller.identity
    found = store.find(tx, owner_id, name, month=_month(app)) if rules.is_name(name) else None
    if found is None:
        raise CollectionNotFound(name=name[:64])
    return found


def _begin_change(tx: Tx, app: App, caller: Caller, name: str) -> Collection:
    """The collection as it is, which nobody else changes now. Raises CollectionNotFound."""
    _lock(tx, caller.identity[0])
    _check_unlimited(tx, app, caller)
    return own_collection(tx, app, caller, name)


def _change(tx: Tx, app: App, caller: Caller, old: Collection, new: Collection) -> Collection:
    if new == old:
        return old
    _check_names(tx, app, old, new)
    new = replace(new, updated_ms=app.clock.now_ms())
    store.update(tx, new)
    _record(tx, app, caller, new, "changed")
    return new


def _check_unlimited(tx: Tx, app: App, caller: Caller) -> None:
    """A key that has a quota or a rate could lift them, or make one without. Raises KeyNotForKeys."""
    is_key = caller.token_kind == "collection" and caller.token_id is not None  # noqa: S105 (a kind)
    own = store.find_by_id(tx, str(caller.token_id), month=_month(app)) if is_key else None
    if own is not None and (own.monthly_quota or own.rate_per_minute):
        raise KeyNotForKeys(why="it has a quota or a rate, which it could lift so")


def _lock(tx: Tx, owner_id: str) -> None:
    """One change of somebody's collections at a time."""
    tx.lock(f"collections of {owner_id}")


def _check_names(tx: Tx, app: App, old: Collection | None, new: Collection) -> None:
    """Raises CollectionNameTaken or PublicNameTaken. Public ones are in one space of names."""
    if (old is None or old.name != new.name) and store.find(tx, new.owner_id, new.name, month=_month(app)):
        raise CollectionNameTaken(name=new.name)
    if new.is_public:
        tx.lock("names of public collections")
        found = store.find_public(tx, new.name, month=_month(app))
        if found is not None and found.id != new.id:
            raise PublicNameTaken(name=new.name)


def _check_skills(tx: Tx, caller: Caller, new: Collection, added: Iterable[str]) -> list[Fault]:
    if not added:
        return []
    return rules.check_skills(added, list_reach(tx, caller, teams=new.include_team, shared=new.include_shared))


def _listed(collection: Collection) -> frozenset[str]:
    if collection.skills is None:
        raise CollectionHasAll(name=collection.name)
    return collection.skills


def _scopes(caller: Caller) -> frozenset[Scope]:
    return frozenset(scope for scope in KEY_SCOPES if includes(caller.scopes, scope))


def _end(app: App, caller: Caller, days: int) -> int | None:
    return _no_later(caller, app.clock.now_ms() + days * _DAY_MS if days else None)


def _no_later(caller: Caller, wanted_ms: int | None) -> int | None:
    """A key does not outlive the token or key with which it was made; sessions end for other reasons."""
    bound_ms = caller.token_expires_ms if caller.token_kind in ("personal", "collection") else None
    return min((ms for ms in (wanted_ms, bound_ms) if ms is not None), default=None)


def _made_with(caller: Caller) -> str | None:
    """What a new key ends with, even before its time: the personal token, or the key that it is made with. One that was
    made with a key makes none, so that each is two steps from a person at most. Raises KeyNotForKeys.
    """
    if caller.token_kind not in ("personal", "collection"):
        return None
    if is_key_id(caller.made_with):
        raise KeyNotForKeys(why="it was made with a key itself")
    return caller.token_id


def _made_anew_with(caller: Caller, old: Collection) -> str | None:
    """Raises KeyNotForKeys."""
    if caller.token_kind != "collection":  # noqa: S105 (a kind)
        return _made_with(caller)
    if caller.token_id not in (old.id, old.made_with):
        raise KeyNotForKeys(why="the other was not made with it")
    return old.made_with


def _month(app: App) -> str:
    return month_of(app.clock.now_ms())


def _record(tx: Tx, app: App, caller: Caller, collection: Collection, change: str) -> None:
    app.events.record(
        tx,
        CollectionChanged(
            collection_id=collection.id,
            owner_id=collection.owner_id,
            name=collection.name,
            change=change,
            by=caller.identity[1],
        ),
    )
