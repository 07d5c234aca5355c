"""All routes of this surface as one application, and the door to it."""

from __future__ import annotations

import re
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from skillyard.api.entrance import Door, foreign_door, no_hot_reads
from skillyard.api.foreign import foreign_application
from skillyard.api.native.call_road import CallRoad
from skillyard.api.skillett import calls, catalog, connecting, device, dialect, keys
from skillyard.api.skillett.addresses import API, MOUNT
from skillyard.api.skillett.wire.refusal import Refusal
from skillyard.app import App

_CALL = re.compile(rf"{API}/([a-z0-9-]{{1,100}})/([a-z0-9_]{{1,100}})")
_REFUSALS: dict[int | str, dict[str, Any]] = {
    "default": {"model": Refusal, "description": "What was refused, why, and where it is mended."}
}


def open_skillett(app: App) -> Door:
    """The surface by its hosts, its port, or below `MOUNT`."""
    settings = app.settings
    surface = CallRoad(app, build_skillett(app), path=_CALL, refuse=dialect.refuse)
    return foreign_door(surface, MOUNT, settings.skillett_hosts, settings.skillett_port, no_hot_reads, dialect.spell)


def build_skillett(app: App) -> FastAPI:
    """The sub-application."""
    skillett = foreign_application(
        app,
        _routers(),
        service="Skillett",
        description="Integrations for agents: find them, connect accounts, call them.",
        mount=MOUNT,
        refusals=_REFUSALS,
    )
    dialect.install(skillett)
    return skillett


def every_route() -> list[APIRoute]:
    """All routes, for the test that probes each without rights."""
    return [route for router in _routers() for route in router.routes if isinstance(route, APIRoute)]


def _routers() -> list[APIRouter]:
    """Fixed words come before `{integration}`, which they would be taken for."""
    return [catalog.router, connecting.router, device.open_router, device.router, keys.router, calls.router]
