"""What a caller can call: the integrations that its key reaches, and which of them have an account connected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from skillyard.app import App
from skillyard.domain.accounts.model import Caller
from skillyard.domain.gateway.catalog.integration import Integration
from skillyard.domain.gateway.catalog.lookup import find_integration, list_integrations
from skillyard.domain.gateway.connect.connection import Connection
from skillyard.domain.gateway.store import connections as store


@dataclass(frozen=True, slots=True, kw_only=True)
class Reachable:
    """`connection`: the one that calls use where no other is named."""

    integration: Integration
    connection: Connection | None

    @property
    def needs_account(self) -> bool:
        return bool(self.integration.variables) or any(way.kind != "none" for way in self.integration.ways)

    @property
    def status(self) -> Literal["connected", "reconnect_required", "not_connected"]:
        if self.connection is not None:
            return self.connection.status
        return "not_connected" if self.needs_account else "connected"


def list_reachable(app: App, caller: Caller) -> list[Reachable]:
    """In the order of their names."""
    caller.must("call_integrations")
    known = [one for one in list_integrations(app) if caller.reaches_integration(one.slug)]
    with app.database.reading() as tx:
        default = {one.integration: one for one in reversed(store.list_of(tx, caller.identity[0]))}
    return [Reachable(integration=one, connection=default.get(one.slug)) for one in known]


def find_reachable(app: App, caller: Caller, slug: str) -> Reachable:
    """Raises IntegrationNotInScope, IntegrationNotFound."""
    caller.must("call_integrations")
    caller.must_reach_integration(slug)
    integration = find_integration(app, slug)
    with app.database.reading() as tx:
        found = store.list_of(tx, caller.identity[0], slug)
    return Reachable(integration=integration, connection=found[0] if found else None)
