"""What can be called, in three levels that are small enough for a model to read."""

from __future__ import annotations

from fastapi import APIRouter

from skillyard.api.skillett.addresses import API
from skillyard.api.skillett.callers import SignedIn, signed_router
from skillyard.api.skillett.wire import catalog as wire
from skillyard.api.surface import AppOf
from skillyard.domain.gateway.catalog import find_endpoint
from skillyard.domain.gateway.connections import connect_url
from skillyard.domain.gateway.reachable import find_reachable, list_reachable

router: APIRouter = signed_router("integrations")

_SKILLS = f"{API}/skills"


@router.get(_SKILLS, summary="Integrations")
def list_integrations(app: AppOf, caller: SignedIn) -> wire.Integrations:
    """Those that the key reaches, and which of them are connected."""
    return wire.show_integrations(list_reachable(app, caller))


@router.get(f"{_SKILLS}/{{integration}}", summary="One integration")
def get_integration(app: AppOf, caller: SignedIn, integration: str) -> wire.IntegrationOnWire:
    """Its endpoints, in groups, with a line each."""
    found = find_reachable(app, caller, integration)
    return wire.show_integration(found, connect_url=connect_url(app.settings.address, found.integration.slug))


@router.get(f"{_SKILLS}/{{integration}}/{{endpoint}}", summary="One endpoint")
def get_endpoint(app: AppOf, caller: SignedIn, integration: str, endpoint: str) -> wire.EndpointOnWire:
    """The schema of its parameters, examples, and what it needs."""
    found = find_reachable(app, caller, integration).integration
    return wire.show_endpoint(found, find_endpoint(found, endpoint))
