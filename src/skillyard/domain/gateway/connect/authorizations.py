"""What a connection shows to its service now: opened here, and renewed before it ends or when it was refused.

Of many that want it renewed, in threads and on nodes, one does it, and the others wait for what it stores. It is
stored before it is used: where refresh tokens rotate, the old one is void the moment the service answers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakValueDictionary

from skillyard.app import App
from skillyard.domain.gateway.catalog.integration import Integration, Way
from skillyard.domain.gateway.connect import sealed
from skillyard.domain.gateway.connect.account_secrets import AccountSecrets, read_account_secrets
from skillyard.domain.gateway.connect.authorization import Authorization, authorize, way_of, with_variables
from skillyard.domain.gateway.connect.connection import Connection
from skillyard.domain.gateway.connect.connection_errors import (
    ConnectionBusy,
    ConnectionNotFound,
    KeyRefused,
    OAuthRefused,
    ReconnectRequired,
    RenewalPaused,
)
from skillyard.domain.gateway.connect.connections import lose, reconnect_url
from skillyard.domain.gateway.connect.renewal import can_renew, is_over, renew
from skillyard.domain.gateway.connect.revocation import take_back
from skillyard.domain.gateway.connect.whose import whose
from skillyard.domain.gateway.store import connections as store
from skillyard.infra.envelope import Secret
from skillyard.infra.errors import SkillyardError
from skillyard.infra.ids import new_id

__all__ = ("Authorization", "fresh")

_EARLY_MS = 60_000
_LEASE_MS = 30_000  # longer than asking takes at most
_PAUSE_MS = 5_000
_TRUST_MS = 60_000
_PATIENCE_S = 15.0
_LOOK_AGAIN_S = 0.1

_locks: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()
_guard = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A connection as it is stored now, with its secrets open."""

    record: store.Record
    way: Way
    secrets: AccountSecrets

    @property
    def connection(self) -> Connection:
        return self.record.connection

    @property
    def authorization(self) -> Authorization:
        return authorize(self.way, self.secrets, self.connection.variables)


def fresh(
    app: App, connection: Connection, integration: Integration, *, rejected: Secret | None = None
) -> Authorization:
    """What to show the service in the name of the connection. `rejected`: what it has just refused; when the same comes
    back, it is good as far as anybody knows, and what was asked for is refused for another reason.

    Raises ReconnectRequired, ConnectionNotFound (it is gone), ConnectionBusy, RenewalPaused, SecretNotReadable, and
    what `renew` does.
    """
    held = _look(app, connection, integration)
    if not _wants_renewal(app, held, rejected):
        return held.authorization
    if can_renew(held.way, held.secrets):
        return _renewed(app, integration, held, rejected).authorization
    if _has_ended(app, held):
        raise _require_reconnect(app, integration, held, "it has ended, and there is nothing to renew it with")
    if rejected is not None:
        _check(app, integration, held)
    return held.authorization


def _look(app: App, connection: Connection, integration: Integration) -> _Held:
    """Raises ReconnectRequired, ConnectionNotFound, SecretNotReadable."""
    with app.database.reading() as tx:
        record = store.find(tx, connection.id)
        owner = record.connection.owner_id if record else ""
        kept = sealed.find(tx, app.vault_keys, ref=connection.id, owner=owner, integration=integration.slug)
    if record is not None and record.connection.status == "reconnect_required":
        raise _reconnect(app, integration, record.connection, "it has ended, or was revoked there")
    if record is None or kept is None:
        raise ConnectionNotFound(wanted=connection.id, integration=integration.slug)
    way = way_of(integration.ways, record.connection.way)
    if way is None:
        raise _reconnect(app, integration, record.connection, "it is not connected in this way any more")
    way = with_variables(way, record.connection.variables)
    return _Held(record=record, way=way, secrets=read_account_secrets(kept))


def _wants_renewal(app: App, held: _Held, rejected: Secret | None) -> bool:
    """Near its end, or just refused; but not when it was renewed for that a moment ago and is refused again."""
    now_ms, ends_ms, before_ms = app.clock.now_ms(), held.connection.expires_ms, held.record.rejected_ms
    if ends_ms is not None and ends_ms - _EARLY_MS <= now_ms:
        return True
    if rejected is None or rejected.reveal() != held.secrets.access.reveal():
        return False
    return before_ms is None or before_ms + _TRUST_MS <= now_ms


def _renewed(app: App, integration: Integration, seen: _Held, rejected: Secret | None) -> _Held:
    """Renewed by us, or by whoever is at it. Raises as `fresh` does."""
    until = time.monotonic() + _PATIENCE_S
    with _alone(seen.connection, integration):
        while True:
            held = _look(app, seen.connection, integration)
            if held.record.revision != seen.record.revision:
                return held
            if _is_paused(app, held):
                return _good_still(app, integration, held, rejected)
            by = _begin(app, held)
            if by is not None:
                return _renew(app, integration, held, rejected, by)
            if time.monotonic() > until:
                raise _busy(held.connection, integration)
            time.sleep(_LOOK_AGAIN_S)


@contextmanager
def _alone(connection: Connection, integration: Integration) -> Iterator[None]:
    """Threads of this process wait here, and not by asking the database. Raises ConnectionBusy."""
    with _guard:
        lock = _locks.setdefault(connection.id, threading.Lock())
    if not lock.acquire(timeout=_PATIENCE_S):
        raise _busy(connection, integration)
    try:
        yield
    finally:
        lock.release()


def _busy(connection: Connection, integration: Integration) -> ConnectionBusy:
    return ConnectionBusy(account=_name(connection), title=integration.title, retry_after_s=5)


def _begin(app: App, held: _Held) -> str | None:
    """The name of our lease, None when another has one."""
    by, now_ms = new_id("renewal"), app.clock.now_ms()
    with app.database.transaction() as tx:
        has_lease = store.begin_renewal(
            tx, held.connection.id, revision=held.record.revision, by=by, now_ms=now_ms, until_ms=now_ms + _LEASE_MS
        )
        if has_lease:
            store.note_use(tx, held.connection, "renewal", now_ms=now_ms)
    return by if has_lease else None


def _renew(app: App, integration: Integration, held: _Held, rejected: Secret | None, by: str) -> _Held:
    try:
        secrets, ends_ms = renew(app, integration, held.way, held.secrets, held.connection.scopes)
    except SkillyardError as error:
        if isinstance(error, OAuthRefused) and is_over(held.way, error.facts["error"]):
            raise _require_reconnect(app, integration, held, "it has ended, or was revoked there") from None
        pause_until_ms = app.clock.now_ms() + _PAUSE_MS
        with app.database.transaction() as tx:
            store.fail_renewal(tx, held.connection.id, by=by, pause_until_ms=pause_until_ms)
        if _is_good_still(app, held, rejected):
            return held
        raise
    _store(app, held, secrets, ends_ms, rejected)
    return _look(app, held.connection, integration)


def _store(app: App, held: _Held, secrets: AccountSecrets, ends_ms: int | None, rejected: Secret | None) -> None:
    """Unless it was connected again meanwhile: then what it has by now is what counts. Or it is gone: then these are
    taken back.
    """
    one, rejected_ms = held.connection, app.clock.now_ms() if rejected else None
    with app.database.transaction() as tx:
        is_ours = store.end_renewal(
            tx, one.id, revision=held.record.revision, expires_ms=ends_ms, rejected_ms=rejected_ms
        )
        if is_ours:
            sealed.keep(
                tx, app.vault_keys, secrets.write(), ref=one.id, owner=one.owner_id, integration=one.integration
            )
        is_gone = not is_ours and store.find(tx, one.id) is None
    if is_gone:
        take_back(app, one.integration, one.way, secrets, one.variables)


def _is_paused(app: App, held: _Held) -> bool:
    return (held.record.pause_until_ms or 0) > app.clock.now_ms()


def _good_still(app: App, integration: Integration, held: _Held, rejected: Secret | None) -> _Held:
    if _is_good_still(app, held, rejected):
        return held
    raise RenewalPaused(account=_name(held.connection), title=integration.title, retry_after_s=_PAUSE_MS // 1000)


def _is_good_still(app: App, held: _Held, rejected: Secret | None) -> bool:
    """Whether it was to be renewed early only."""
    return rejected is None and not _has_ended(app, held)


def _has_ended(app: App, held: _Held) -> bool:
    ends_ms = held.connection.expires_ms
    return ends_ms is not None and ends_ms <= app.clock.now_ms()


def _check(app: App, integration: Integration, held: _Held) -> None:
    """Whether the service takes the key for anything at all. Raises ReconnectRequired, AccountNotUnderstood."""
    with app.database.transaction() as tx:
        store.note_use(tx, held.connection, "identity", now_ms=app.clock.now_ms())
    try:
        whose(app, integration, held.authorization)
    except KeyRefused:
        raise _require_reconnect(app, integration, held, "it is not taken for anything") from None


def _require_reconnect(app: App, integration: Integration, held: _Held, why: str) -> ReconnectRequired:
    """Say so from now on, unless it has other secrets by now: then whoever comes next finds those."""
    with app.database.transaction() as tx:
        if store.require_reconnect(tx, held.connection.id, revision=held.record.revision):
            lose(app, tx, held.connection, "reconnect_required")
    return _reconnect(app, integration, held.connection, why)


def _reconnect(app: App, integration: Integration, connection: Connection, why: str) -> ReconnectRequired:
    return ReconnectRequired(
        title=integration.title,
        integration=integration.slug,
        account=_name(connection),
        why=why,
        connection_id=connection.id,
        action_url=reconnect_url(app.settings.address, connection.id),
    )


def _name(connection: Connection) -> str:
    return connection.account_label or connection.label or "your account"
