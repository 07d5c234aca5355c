"""Who asked for something that is used later, such as a link: kept by what their rights came from, which is looked at
anew then. What was made with a token or a key is worth nothing without it.
"""

from __future__ import annotations

from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.accounts.authenticate import caller_with_key
from skillyard.domain.accounts.errors import TokenRevoked
from skillyard.domain.accounts.model import Caller
from skillyard.domain.accounts.rights import FULL
from skillyard.domain.drive.authenticate import narrow
from skillyard.domain.drive.collection import Collection
from skillyard.domain.drive.store import collections as store
from skillyard.infra.clock import month_of
from skillyard.infra.database import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """`key_id`: the collection whose key it was; `made_with`: the personal token, also that which the key came of."""

    user_id: str
    key_id: str | None
    made_with: str | None


def asker_of(caller: Caller) -> Asker:
    """Raises Unauthenticated."""
    user_id, _ = caller.identity
    is_key, is_personal = caller.token_kind == "collection", caller.token_kind == "personal"  # noqa: S105 (kinds)
    return Asker(
        user_id=user_id,
        key_id=caller.token_id if is_key else None,
        made_with=caller.token_id if is_personal else caller.made_with,
    )


def no_longer_than(caller: Caller, until_ms: int) -> int:
    """When what the caller makes ends at the latest: with the token or key that they make it with; sessions end for
    other reasons.
    """
    bound_ms = caller.token_expires_ms if caller.token_kind in ("personal", "collection") else None
    return until_ms if bound_ms is None else min(until_ms, bound_ms)


def find_asker(tx: Tx, app: App, asker: Asker) -> Caller:
    """They, with the rights of now. Raises AccountSuspended or TokenRevoked."""
    if asker.key_id is not None:
        return narrow(tx, find_alive(tx, app, asker.key_id), now_ms=app.clock.now_ms())
    key_id = asker.made_with or asker.user_id
    return caller_with_key(
        tx, user_id=asker.user_id, key_id=key_id, scopes=FULL, expires_ms=None, made_with=asker.made_with
    )


def find_alive(tx: Tx, app: App, collection_id: str) -> Collection:
    """Raises TokenRevoked for a collection that is gone, switched off or has expired."""
    now_ms = app.clock.now_ms()
    found = store.find_by_id(tx, collection_id, month=month_of(now_ms))
    if found is None or not found.is_alive(now_ms):
        raise TokenRevoked
    return found
