"""What a connection shows to its service now: opened here, and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass

from skillyard.app import App
from skillyard.domain.gateway import sealed
from skillyard.domain.gateway.account_secrets import AccountSecrets, read_account_secrets
from skillyard.domain.gateway.authorization import Authorization, authorize, way_of
from skillyard.domain.gateway.connection import Connection
from skillyard.domain.gateway.connection_errors import ConnectionNotFound, KeyRefused, ReconnectRequired
from skillyard.domain.gateway.connections import lose, reconnect_url
from skillyard.domain.gateway.integration import Integration, Way
from skillyard.domain.gateway.store import connections as store
from skillyard.domain.gateway.whose import whose
from skillyard.infra.envelope import Secret

__all__ = ("Authorization", "fresh")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A connection as it is stored now, with its secrets open."""

    record: store.Record
    way: Way
    secrets: AccountSecrets

    @property
    def connection(self) -> Connection:
        return self.record.connection


def fresh(
    app: App, connection: Connection, integration: Integration, *, rejected: Secret | None = None
) -> Authorization:
    """What to show the service in the name of the connection. `rejected`: what it has just refused; when the same comes
    back, it is good as far as anybody knows, and what was asked for is refused for another reason.

    Raises ReconnectRequired, ConnectionNotFound (it is gone), SecretNotReadable.
    """
    held = _look(app, connection, integration)
    if rejected is not None and rejected.reveal() == held.secrets.access.reveal():
        _check(app, integration, held)
    return authorize(held.way, held.secrets, held.connection.variables)


def _look(app: App, connection: Connection, integration: Integration) -> _Held:
    """Raises ReconnectRequired, ConnectionNotFound, SecretNotReadable."""
    with app.database.reading() as tx:
        record = store.find(tx, connection.id)
        owner = record.connection.owner_id if record else ""
        kept = sealed.find(tx, app.vault_keys, ref=connection.id, owner=owner, integration=integration.slug)
    if record is None or kept is None:
        raise ConnectionNotFound(wanted=connection.id, integration=integration.slug)
    way = way_of(integration.ways, record.connection.way)
    if way is None:
        raise _reconnect(app, integration, record.connection, "it is not connected in this way any more")
    if record.connection.status == "reconnect_required":
        raise _reconnect(app, integration, record.connection, "it expired, or was revoked there")
    return _Held(record=record, way=way, secrets=read_account_secrets(kept))


def _check(app: App, integration: Integration, held: _Held) -> None:
    """Whether the service takes the key for anything at all. Raises ReconnectRequired."""
    with app.database.transaction() as tx:
        store.note_use(tx, held.connection, "identity", now_ms=app.clock.now_ms())
    try:
        whose(app, integration, authorize(held.way, held.secrets, held.connection.variables))
    except KeyRefused:
        raise _require_reconnect(app, integration, held, "it is not taken for anything") from None


def _require_reconnect(app: App, integration: Integration, held: _Held, why: str) -> ReconnectRequired:
    with app.database.transaction() as tx:
        if store.require_reconnect(tx, held.connection.id, revision=held.record.revision):
            lose(app, tx, held.connection, "reconnect_required")
    return _reconnect(app, integration, held.connection, why)


def _reconnect(app: App, integration: Integration, connection: Connection, why: str) -> ReconnectRequired:
    return ReconnectRequired(
        title=integration.title,
        integration=integration.slug,
        account=connection.account_label or connection.label or "your account",
        why=why,
        connection_id=connection.id,
        action_url=reconnect_url(app.settings.address, connection.id),
    )
