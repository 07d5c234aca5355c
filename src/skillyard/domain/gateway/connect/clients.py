"""What this registry is called at services where people sign in: its OAuth client, from the settings or stored here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.catalog.integration import Integration
from skillyard.domain.gateway.catalog.lookup import find_integration
from skillyard.domain.gateway.connect import sealed
from skillyard.domain.gateway.connect.authorization import way_of
from skillyard.domain.gateway.connect.connection_errors import (
    ClientMissing,
    ClientNotAcceptable,
    ClientNotFound,
    WayNotOffered,
)
from skillyard.domain.gateway.connect.oauth_tokens import OAuthClient
from skillyard.domain.gateway.store import clients as store
from skillyard.infra.database import Tx
from skillyard.infra.envelope import Secret

_MOST_CHARS = 2000
_OF_ALL = "everybody"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientShown:
    """A client without its secret; `set_by`: the settings, which come first, an administrator, or nobody yet."""

    integration: str
    client_id: str
    redirect_uri: str
    source: Literal["settings", "stored", "missing"]
    set_by: str = ""
    set_ms: int | None = None


def redirect_uri_of(app: App) -> str:
    """Where services send browsers back to: the operator registers it there."""
    return f"{app.settings.address}/connections/callback"


def client_of(app: App, integration: Integration) -> OAuthClient:
    """As whom we ask. Raises ClientMissing, SecretNotReadable."""
    if found := _in_settings(app, integration.slug):
        return found
    with app.database.reading() as tx:
        row = store.find(tx, integration.slug)
        secret = _secret(app, tx, integration.slug)
    if row is None or secret is None:
        raise ClientMissing(
            title=integration.title, integration=integration.slug, redirect_uri=redirect_uri_of(app), retry_after_s=3600
        )
    return OAuthClient(id=row["client_id"], secret=secret)


def has_client(app: App, integration: Integration) -> bool:
    """Whether people can sign in there from here."""
    if _in_settings(app, integration.slug):
        return True
    with app.database.reading() as tx:
        return store.find(tx, integration.slug) is not None


def get_client(app: App, caller: Caller, *, integration: str) -> ClientShown:
    """As which client this registry is known there. Raises IntegrationNotFound, WayNotOffered."""
    caller.must("administer")
    known = _with_sign_in(app, integration)
    with app.database.reading() as tx:
        row = store.find(tx, known.slug)
    in_settings, redirect_uri = _in_settings(app, known.slug), redirect_uri_of(app)
    if in_settings is not None:
        return ClientShown(
            integration=known.slug, client_id=in_settings.id, redirect_uri=redirect_uri, source="settings"
        )
    if row is None:
        return ClientShown(integration=known.slug, client_id="", redirect_uri=redirect_uri, source="missing")
    return ClientShown(
        integration=known.slug, client_id=row["client_id"], redirect_uri=redirect_uri, source="stored",
        set_by=row["set_by"], set_ms=row["set_ms"],
    )  # fmt: skip


def set_client(app: App, caller: Caller, *, integration: str, client_id: str, client_secret: Secret) -> ClientShown:
    """Store what the operator got when they registered this registry there; its secret is never shown again.

    Raises IntegrationNotFound, WayNotOffered, ClientNotAcceptable.
    """
    caller.must("administer")
    known, (_, username) = _with_sign_in(app, integration), caller.identity
    if not _is_acceptable(client_id) or not _is_acceptable(client_secret.reveal()):
        raise ClientNotAcceptable(most=_MOST_CHARS)
    with app.database.transaction() as tx:
        tx.lock(f"client of {known.slug}")
        store.put(tx, known.slug, client_id=client_id, set_by=username, set_ms=app.clock.now_ms())
        sealed.keep(tx, app.vault_keys, client_secret, ref=_ref(known.slug), owner=_OF_ALL, integration=known.slug)
    return get_client(app, caller, integration=integration)


def remove_client(app: App, caller: Caller, *, integration: str) -> None:
    """Destroy what is stored; tokens that were had with it cannot be renewed any more. Raises ClientNotFound."""
    caller.must("administer")
    with app.database.transaction() as tx:
        if not integration.isprintable() or not forget_client(tx, integration):
            raise ClientNotFound(integration=integration[:60] if integration.isprintable() else "this")


def forget_client(tx: Tx, slug: str) -> bool:
    """Destroy what is stored for it; False when nothing is."""
    sealed.destroy(tx, _ref(slug))
    return store.remove(tx, slug)


def _with_sign_in(app: App, slug: str) -> Integration:
    known = find_integration(app, slug)
    if way_of(known.ways, "oauth2") is None:
        raise WayNotOffered(title=known.title, what="a sign-in", ways="; ".join(way.kind for way in known.ways))
    return known


def _in_settings(app: App, slug: str) -> OAuthClient | None:
    settings = app.settings.integrations.get(slug.replace("-", "_"))
    if settings is None or not settings.client_id:
        return None
    return OAuthClient(id=settings.client_id, secret=Secret(settings.client_secret.get_secret_value()))


def _secret(app: App, tx: Tx, slug: str) -> Secret | None:
    return sealed.find(tx, app.vault_keys, ref=_ref(slug), owner=_OF_ALL, integration=slug)


def _ref(slug: str) -> str:
    return f"client {slug}"


def _is_acceptable(text: str) -> bool:
    return 1 <= len(text) <= _MOST_CHARS and text.isascii() and text.isprintable() and text == text.strip()
