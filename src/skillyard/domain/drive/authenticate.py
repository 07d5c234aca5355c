"""From a token to a caller, keys of collections included: the one place where these are narrowed to their slice."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts import authenticate as accounts
from skillyard.domain.accounts.errors import TokenExpired, TokenNotValid, TokenRevoked
from skillyard.domain.accounts.model import Caller
from skillyard.domain.drive.collection import Collection, is_key_id
from skillyard.domain.drive.collection_errors import KeyDisabled, KeyTooFast
from skillyard.domain.drive.reach import list_reach
from skillyard.domain.drive.store import collections as store
from skillyard.infra.clock import month_of
from skillyard.infra.database import DatabaseUnavailable, Tx
from skillyard.infra.ids import is_well_formed_secret
from skillyard.infra.secrets import hash_secret

KEY_PREFIX = "sk_live"

_NOTED_EVERY_MS = 60_000
_MINUTE_S = 60


def authenticate(app: App, token: str | None) -> Caller:
    """The caller who presents this token; ANONYMOUS for None. What a key reaches is looked up anew each time, so that
    it loses at once what leaves its collection or its owner's drives.

    Raises what `accounts.authenticate` raises, and for keys of collections KeyDisabled and KeyTooFast.
    """
    if token is None or not is_well_formed_secret(token, KEY_PREFIX):
        return accounts.authenticate(app, token)
    now_ms = app.clock.now_ms()
    with app.database.reading() as tx:
        found = store.find_by_secret(tx, hash_secret(token), month=month_of(now_ms))
        if found is None:
            raise TokenNotValid
        _check_alive(found, now_ms)
        _check_rate(app, found)
        caller = narrow(tx, found, now_ms=now_ms)
    _note_use(app, found, now_ms)
    return caller


def narrow(tx: Tx, collection: Collection, *, now_ms: int) -> Caller:
    """Whoever holds the key of the collection. Raises AccountSuspended or TokenRevoked."""
    owner = accounts.caller_with_key(
        tx,
        user_id=collection.owner_id,
        key_id=collection.id,
        scopes=collection.scopes,
        expires_ms=collection.expires_ms,
        made_with=_token_behind(tx, collection, now_ms),
    )
    owner = replace(owner, made_with=collection.made_with)
    if collection.skills is None:
        return owner
    reached = list_reach(
        tx, owner, teams=collection.include_team, shared=collection.include_shared, names=collection.skills
    )
    return owner.narrowed_to(
        frozenset(name for name in collection.skills if name in reached and reached[name].item.enabled)
    )


def _token_behind(tx: Tx, collection: Collection, now_ms: int) -> str | None:
    """The personal token that its key comes of. Raises TokenRevoked when that is another key which is deleted,
    switched off, or over.
    """
    if collection.made_with is None or not is_key_id(collection.made_with):
        return collection.made_with
    parent = store.find_by_id(tx, collection.made_with, month="")
    if parent is None or not parent.is_alive(now_ms):
        raise TokenRevoked
    return _token_behind(tx, parent, now_ms)


def _check_alive(found: Collection, now_ms: int) -> None:
    if not found.is_alive(now_ms):
        raise TokenExpired if found.enabled else KeyDisabled


def _check_rate(app: App, found: Collection) -> None:
    if found.rate_per_minute:
        verdict = app.limiter.check(f"key {found.id}", found.rate_per_minute, _MINUTE_S)
        if not verdict.allowed:
            raise KeyTooFast(limit=verdict.limit, window_s=_MINUTE_S, retry_after_s=verdict.reset_s)


def _note_use(app: App, found: Collection, now_ms: int) -> None:
    """At most once a minute; not worth refusing a request for."""
    if now_ms - (found.last_used_ms or 0) >= _NOTED_EVERY_MS:
        with suppress(DatabaseUnavailable), app.database.transaction(durable=False) as tx:
            store.set_last_used(tx, found.id, now_ms)
