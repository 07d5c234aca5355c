"""Secrets of connections, attempts and clients at rest: bound to what they belong to, destroyed with their row."""

from __future__ import annotations

from skillyard.app import App
from skillyard.domain.gateway.store import sealed as store
from skillyard.infra.database import Tx
from skillyard.infra.envelope import Keyring, Secret, SecretNotReadable

_FORMAT = 1
_AT_ONCE = 200


def keep(tx: Tx, keys: Keyring, secret: Secret, *, ref: str, owner: str, integration: str) -> None:
    """In place of the one that `ref` had; that one's key is gone."""
    store.put(tx, ref, keys.seal(secret, ref, owner, integration, str(_FORMAT)), format=_FORMAT)


def find(tx: Tx, keys: Keyring, *, ref: str, owner: str, integration: str) -> Secret | None:
    """Raises SecretNotReadable."""
    found = store.find(tx, ref)
    return keys.open(found.sealed, ref, owner, integration, str(found.format)) if found else None


def find_readable(tx: Tx, keys: Keyring, *, ref: str, owner: str, integration: str) -> Secret | None:
    """The same for whoever is about to destroy it: None also when it cannot be opened."""
    try:
        return find(tx, keys, ref=ref, owner=owner, integration=integration)
    except SecretNotReadable:
        return None


def destroy(tx: Tx, ref: str) -> None:
    store.remove(tx, ref)


def count_by_key(tx: Tx) -> dict[str, int]:
    """How many records each of the operator's keys locks."""
    return store.count_by_key(tx)


def lock_with_current_key(app: App, *, after: str = "") -> str | None:
    """Wrap the next records whose key is not the current one anew; the last of them, None when there were none.

    One whose key is not configured stays as it is: doctor tells of it.
    """
    with app.database.transaction() as tx:
        found = store.list_under_other_keys(tx, app.vault_keys.current, after=after, limit=_AT_ONCE)
        for record in found:
            _lock_anew(tx, app.vault_keys, record)
    return found[-1].ref if found else None


def _lock_anew(tx: Tx, keys: Keyring, record: store.Record) -> None:
    try:
        store.set_key(tx, record, keys.wrap_anew(record.sealed))
    except SecretNotReadable:
        return
