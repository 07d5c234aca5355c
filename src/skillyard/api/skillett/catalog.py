"""What can be called, in three levels that are small enough for a model to read."""

from __future__ import annotations

from fastapi import APIRouter, Response

from skillyard.api.foreign import SignedIn
from skillyard.api.native.releases import BYTES
from skillyard.api.skillett.addresses import API, MOUNT
from skillyard.api.skillett.callers import signed_router
from skillyard.api.skillett.wire import catalog as wire
from skillyard.api.surface import AppOf
from skillyard.app import App
from skillyard.domain.gateway.calls.reachable import find_reachable, list_reachable
from skillyard.domain.gateway.catalog.agent_skill import skill_zip
from skillyard.domain.gateway.catalog.documents import CallPlace
from skillyard.domain.gateway.catalog.lookup import find_endpoint
from skillyard.domain.gateway.connect.connections import connect_url

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
    return wire.show_endpoint(found, find_endpoint(found, endpoint), _place(app))


@router.get(
    f"{API}/{{integration}}/download",
    summary="The documentation of an integration as an agent skill",
    response_class=Response,
    responses=BYTES,
)
def download_skill(app: AppOf, caller: SignedIn, integration: str) -> Response:
    """A zip with SKILL.md and a file per group, for agents that are not online; the same version, the same bytes."""
    found = find_reachable(app, caller, integration).integration
    headers = {"content-disposition": f'attachment; filename="{found.slug}.zip"'}
    return Response(skill_zip(found, _place(app)), media_type="application/zip", headers=headers)


def _place(app: App) -> CallPlace:
    return CallPlace(address=f"{app.settings.address}{MOUNT}{API}", key="SKILLETT_API_KEY")
