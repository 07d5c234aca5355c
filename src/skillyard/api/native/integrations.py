"""What can be called, in three levels that are small enough for a model to read."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Response

from skillyard.api.native.addresses import PREFIX
from skillyard.api.native.releases import BYTES
from skillyard.api.native.wire import added_integrations as added_wire
from skillyard.api.native.wire import integrations as wire
from skillyard.api.surface import AppOf, CallerOf
from skillyard.app import App
from skillyard.domain.gateway.calls.reachable import find_reachable, list_reachable
from skillyard.domain.gateway.catalog import add
from skillyard.domain.gateway.catalog.agent_skill import skill_zip
from skillyard.domain.gateway.catalog.documents import CallPlace
from skillyard.domain.gateway.catalog.lookup import find_endpoint, find_file

router = APIRouter(tags=["integrations"])

YAML: dict[int | str, dict[str, Any]] = {
    200: {"description": "YAML.", "content": {"application/yaml": {"schema": {"type": "string"}}}}
}


@router.get("/integrations", summary="Integrations")
def list_integrations(app: AppOf, caller: CallerOf) -> wire.Integrations:
    """Those that the token reaches, in the order of their names."""
    return wire.show_integrations(list_reachable(app, caller))


@router.post("/integrations", status_code=201, summary="Make an OpenAPI document an integration")
def add_integration(app: AppOf, caller: CallerOf, body: added_wire.AddIntegrationBody) -> added_wire.AddedIntegration:
    """OpenAPI 3.0 and 3.1 and Swagger 2.0, JSON or YAML, given or fetched. One of the same name is described anew, as
    its next version. With `dry_run` it is shown only. For administrators."""
    read = add.preview if body.dry_run else add.add_integration
    found = read(
        app, caller, slug=body.slug, document=body.document_bytes, url=body.url, choices=added_wire.choices_of(body)
    )
    return added_wire.show_added(found)


@router.get(
    "/integrations/{integration}.yaml",
    summary="The file of an integration",
    response_class=Response,
    responses=YAML,
)
def get_integration_file(app: AppOf, caller: CallerOf, integration: str) -> Response:
    """All that the registry knows of it, to be read, changed and added again."""
    slug = find_reachable(app, caller, integration).integration.slug
    return Response(find_file(app, slug), media_type="application/yaml")


@router.put("/integrations", summary="Add an integration that a file describes")
def put_integration_file(
    app: AppOf, caller: CallerOf, body: added_wire.IntegrationFileBody
) -> added_wire.AddedIntegration:
    """The file says its name. One of the same name is changed, as its next version. What is wrong with the file is
    told all at once, each with its line. For administrators."""
    return added_wire.show_added(add.add_file(app, caller, text=body.text))


@router.get("/integrations/{integration}", summary="One integration")
def get_integration(app: AppOf, caller: CallerOf, integration: str) -> wire.IntegrationOnWire:
    """Its endpoints, in groups, with a line each."""
    return wire.show_integration(find_reachable(app, caller, integration))


@router.delete("/integrations/{integration}", summary="Remove an integration that was added")
def remove_integration(app: AppOf, caller: CallerOf, integration: str) -> added_wire.RemovedIntegration:
    """Nobody can call it any more. Connections stay until their owners disconnect them. For administrators."""
    add.remove_integration(app, caller, slug=integration)
    return added_wire.RemovedIntegration(slug=integration)


@router.get(
    "/integrations/{integration}/skill.zip",
    summary="An integration's documentation as an agent skill",
    response_class=Response,
    responses=BYTES,
)
def get_integration_skill(app: AppOf, caller: CallerOf, integration: str) -> Response:
    """SKILL.md and a file per group, for offline use or to be published; the same version gives the same bytes."""
    found = find_reachable(app, caller, integration).integration
    headers = {"content-disposition": f'attachment; filename="{found.slug}.zip"'}
    return Response(skill_zip(found, _place(app)), media_type="application/zip", headers=headers)


@router.get("/integrations/{integration}/{endpoint}", summary="One endpoint")
def get_endpoint(app: AppOf, caller: CallerOf, integration: str, endpoint: str) -> wire.EndpointOnWire:
    """The schema of its parameters, examples, and what it needs."""
    found = find_reachable(app, caller, integration).integration
    return wire.show_endpoint(found, find_endpoint(found, endpoint), _place(app))


def _place(app: App) -> CallPlace:
    return CallPlace(address=f"{app.settings.address}{PREFIX}/calls", key="SKILLYARD_TOKEN")
