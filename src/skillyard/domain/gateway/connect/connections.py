"""People's accounts at services elsewhere: connect one with a key, list, choose and disconnect them.

In the browser they are connected by `oauth`; what a request shows to a service is for `authorizations`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.calls.plans import check_connections
from skillyard.domain.gateway.catalog.integration import Integration, Way
from skillyard.domain.gateway.catalog.lookup import find_integration
from skillyard.domain.gateway.connect import sealed
from skillyard.domain.gateway.connect.account_secrets import AccountSecrets, read_account_secrets
from skillyard.domain.gateway.connect.authorization import authorize, with_variables
from skillyard.domain.gateway.connect.connection import (
    Connection,
    ConnectionLost,
    ConnectionMade,
    ConnectionUse,
    Disconnected,
)
from skillyard.domain.gateway.connect.connection_errors import (
    ConnectionNotFound,
    IntegrationNotConnected,
    KeyRefused,
    OAuthRefused,
    TooManyConnections,
)
from skillyard.domain.gateway.connect.connection_rules import check_label, check_secrets, check_variables, way_for
from skillyard.domain.gateway.connect.renewal import renew
from skillyard.domain.gateway.connect.revocation import take_back
from skillyard.domain.gateway.connect.whose import Account, whose
from skillyard.domain.gateway.store import connections as store
from skillyard.infra.database import Tx
from skillyard.infra.envelope import Secret
from skillyard.infra.ids import new_id
from skillyard.infra.paging import Page, page_of, read_cursor

MOST_CONNECTIONS = 200
_AFTER_ALL = 2**62
_SHOWN_CHARS = 60


def choose(tx: Tx, owner_id: str, integration: str, wanted: str | None, *, address: str) -> Connection:
    """The connection that somebody means: `wanted` is its id, its label or its account; None: the default one.
    `address`: of this registry, for the page where one connects.

    Raises IntegrationNotConnected, ConnectionNotFound.
    """
    found = store.list_of(tx, owner_id, integration)
    if not found:
        raise IntegrationNotConnected(integration=integration, action_url=connect_url(address, integration))
    if wanted is None:
        return found[0]
    for name in ("id",) if wanted.startswith("conn_") else ("label", "account_label"):  # no label passes for an id
        meant = [one for one in found if wanted and getattr(one, name) == wanted]
        if meant:
            return meant[0]
    raise ConnectionNotFound(wanted=_shown(wanted), integration=integration)


def add_key(
    app: App,
    caller: Caller,
    *,
    integration: str,
    secrets: Mapping[str, Secret],
    variables: Mapping[str, str],
    label: str = "",
) -> Connection:
    """Connect an account with a key of it, in place of what was connected to the same account before.

    `secrets`: `secret` of an API key, `username` and `password`, or `client_id` and `client_secret`. The service is
    asked whose it is before it is kept. Raises IntegrationNotFound, WayNotOffered, ConnectionSecretsNotAcceptable,
    VariablesNotAcceptable, ConnectionLabelNotAcceptable, KeyRefused, AccountNotUnderstood, TooManyConnections,
    PlanLimitReached.
    """
    caller.must("manage_connections")
    known = find_integration(app, integration)
    way = way_for(known, secrets)
    checked = check_secrets(known, way, secrets)
    filled, label = check_variables(known, variables), check_label(label)
    way, expires_ms = with_variables(way, filled), None
    if way.kind == "client_credentials":
        checked, expires_ms = _fetched(app, known, way, checked)
    account = whose(app, known, authorize(way, checked, filled))
    with app.database.transaction() as tx:
        return keep(
            app, tx, caller, known, way, checked, account, variables=filled, label=label, expires_ms=expires_ms,
            why="identity",
        )  # fmt: skip


def list_connections(app: App, caller: Caller) -> list[Connection]:
    """The caller's, by integration, of each the default one first."""
    caller.must("read_own")
    with app.database.reading() as tx:
        return store.list_of(tx, caller.identity[0])


def get_connection(app: App, caller: Caller, *, connection_id: str) -> Connection:
    """Raises ConnectionNotFound."""
    caller.must("read_own")
    with app.database.reading() as tx:
        return see_own(tx, caller, connection_id)


def list_uses(
    app: App, caller: Caller, *, connection_id: str, limit: int = 30, cursor: str | None = None
) -> Page[ConnectionUse]:
    """When we ourselves used one, and what for; the newest first; also of one that is gone."""
    caller.must("read_own")
    (before,) = read_cursor(cursor, [_AFTER_ALL])
    with app.database.reading() as tx:
        found = store.list_uses(tx, caller.identity[0], _shown(connection_id), before=int(before), limit=limit + 1)
    return page_of(found, limit, lambda use: [use.id])


def choose_default(app: App, caller: Caller, *, connection_id: str) -> Connection:
    """Let it be the one that is meant where no other is named. Raises ConnectionNotFound."""
    caller.must("manage_connections")
    with app.database.transaction() as tx:
        store.choose_default(tx, see_own(tx, caller, connection_id))
        return see_own(tx, caller, connection_id)


def disconnect(app: App, caller: Caller, *, connection_id: str) -> Disconnected:
    """Destroy its secrets here, then tell the service that they are void, where that can be told.

    Raises ConnectionNotFound.
    """
    caller.must("manage_connections")
    with app.database.transaction() as tx:
        gone = see_own(tx, caller, connection_id)
        store.remove(tx, gone.id)  # first: whoever is storing new secrets is waited for
        kept = sealed.find_readable(tx, app.vault_keys, ref=gone.id, owner=gone.owner_id, integration=gone.integration)
        sealed.destroy(tx, gone.id)
        store.note_use(tx, gone, "revocation", now_ms=app.clock.now_ms())
        lose(app, tx, gone, "disconnected")
    secrets = read_account_secrets(kept) if kept else None
    revoked, why = take_back(app, gone.integration, gone.way, secrets, gone.variables)
    return Disconnected(connection=gone, revoked=revoked, why=why)


def keep(
    app: App,
    tx: Tx,
    caller: Caller,
    integration: Integration,
    way: Way,
    secrets: AccountSecrets,
    account: Account | None,
    *,
    variables: Mapping[str, str],
    label: str = "",
    scopes: tuple[str, ...] = (),
    expires_ms: int | None = None,
    why: str,
) -> Connection:
    """Connect the account, or connect it again: then it keeps its id, and whatever was granted for it.

    Where the service does not say whose account it is, the label tells them apart. Raises TooManyConnections,
    PlanLimitReached.
    """
    owner_id = caller.identity[0]
    account, now_ms = account or Account(id=label, label=label), app.clock.now_ms()
    new = Connection(
        id=new_id("conn"), owner_id=owner_id, integration=integration.slug, way=way.kind, label=label,
        account_id=account.id, account_label=account.label, status="connected", scopes=scopes, variables=variables,
        is_default=True, created_ms=now_ms, connected_ms=now_ms, expires_ms=expires_ms,
    )  # fmt: skip
    kept = _put(app, tx, new)
    sealed.keep(tx, app.vault_keys, secrets.write(), ref=kept.id, owner=owner_id, integration=integration.slug)
    store.note_use(tx, kept, why, now_ms=now_ms)
    event = ConnectionMade(
        connection_id=kept.id, owner_id=owner_id, integration=integration.slug, account=account.label, how=way.kind
    )
    app.events.record(tx, event)
    return see_own(tx, caller, kept.id)


def check_room(app: App, tx: Tx, owner_id: str, *, before: str | None = None) -> None:
    """Whether somebody may have one more connection. `before`: one of this integration, whose account is not known yet;
    it may be one that is connected already. Raises TooManyConnections, PlanLimitReached.
    """
    own = store.list_of(tx, owner_id)
    if any(one.integration == before for one in own):
        return
    if len(own) >= MOST_CONNECTIONS:
        raise TooManyConnections(most=MOST_CONNECTIONS)
    check_connections(tx, app, owner_id, has=len(own))


def see_own(tx: Tx, caller: Caller, connection_id: str, *, integration: str | None = None) -> Connection:
    """One of the caller's, of that integration if one is named. Raises ConnectionNotFound."""
    own = store.list_of(tx, caller.identity[0], integration)
    found = next((one for one in own if one.id == connection_id), None)
    if found is None:
        raise ConnectionNotFound(wanted=_shown(connection_id), integration=integration or "any service")
    return found


def lose(app: App, tx: Tx, one: Connection, why: str) -> None:
    """Tell that the registry can no longer act for the account."""
    event = ConnectionLost(
        connection_id=one.id, owner_id=one.owner_id, integration=one.integration, account=one.account_label, why=why
    )
    app.events.record(tx, event)


def connect_url(address: str, integration: str) -> str:
    """The page where people connect an account of an integration."""
    return f"{address}/connections?integration={integration}"


def reconnect_url(address: str, connection_id: str) -> str:
    """The page where people connect an account again."""
    return f"{address}/connections?reconnect={connection_id}"


def _put(app: App, tx: Tx, new: Connection) -> Connection:
    """One change of somebody's connections at a time, or two could pass the limit together."""
    tx.lock(f"connections of {new.owner_id}")
    known = store.find_account(tx, new)
    if known is not None:
        again = replace(new, id=known.id, label=new.label or known.label, created_ms=known.created_ms)
        store.connect_again(tx, again)
        return again
    check_room(app, tx, new.owner_id)
    store.add(tx, new)
    return new


def _fetched(
    app: App, integration: Integration, way: Way, secrets: AccountSecrets
) -> tuple[AccountSecrets, int | None]:
    try:
        return renew(app, integration, way, secrets, ())
    except OAuthRefused as error:
        raise KeyRefused(title=integration.title, why=error.facts["error"], where=way.hint) from None


def _shown(text: str) -> str:
    return text[:_SHOWN_CHARS] if text.isprintable() else "of this name"
