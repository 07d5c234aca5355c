"""All routes of this surface as one application, and the door to it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from skillyard import __version__
from skillyard.api.entrance import Door, foreign_door
from skillyard.api.native.application import operation_id
from skillyard.api.native.documents import Document, Documents
from skillyard.api.tank import dialect, publishing, reading, scanning, signing_in
from skillyard.api.tank.addresses import MOUNT, PREFIX
from skillyard.api.tank.hot import TankReads, make_page
from skillyard.api.tank.names import WholeSegments
from skillyard.api.tank.searching import Searches, make_entry
from skillyard.api.tank.wire import Refusal
from skillyard.app import App

_REFUSALS: dict[int | str, dict[str, Any]] = {
    "default": {"model": Refusal, "description": "What was refused, in a sentence that says what to do."}
}


def open_tank(app: App, documents: Documents) -> Door:
    """The surface by its hosts, its port, or below `MOUNT`. Its public pages are kept among `documents`."""

    def make(path: str) -> Document | None:
        return make_entry(app, path) if path.startswith(f"{MOUNT} ") else make_page(app, path)

    documents.let_make(MOUNT, make)
    searches = Searches(app, documents)
    hot = TankReads(app, documents, searches)
    surface = WholeSegments(build_tank(app, searches))
    return foreign_door(surface, MOUNT, app.settings.tank_hosts, app.settings.tank_port, hot, dialect.spell)


def build_tank(app: App, searches: Searches) -> FastAPI:
    """The sub-application for everything under `PREFIX`."""
    tank = FastAPI(
        title="Skillyard, as Tank's clients speak to it",
        version=__version__,
        description="The API of Tank's registry, with `@scope/name` for a skill in the namespace `scope`.",
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,
        redoc_url=None,
        servers=[{"url": f"{app.settings.address}{MOUNT}"}],
        generate_unique_id_function=operation_id,
        redirect_slashes=False,
    )
    tank.state.app = app
    tank.state.searches = searches
    for router in _routers():
        tank.include_router(router, prefix=PREFIX, responses=_REFUSALS)
    dialect.install(tank)
    return tank


def every_route() -> list[APIRoute]:
    """All routes, for the test that probes each without rights."""
    return [route for router in _routers() for route in router.routes if isinstance(route, APIRoute)]


def _routers() -> list[APIRouter]:
    return [module.router for module in (signing_in, publishing, scanning, reading)]
