"""All routes of this surface as one application, and the door to it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel

from skillyard.api.entrance import Door, foreign_door, no_hot_reads
from skillyard.api.foreign import foreign_application
from skillyard.api.skilldock import account, dialect, earnings, publishing, reading, selling, signing_in, system
from skillyard.api.skilldock.addresses import MOUNT
from skillyard.app import App


class Refusal(BaseModel):
    message: str
    code: str
    detail: str
    errors: list[dict[str, Any]] = []


_REFUSALS: dict[int | str, dict[str, Any]] = {
    "default": {"model": Refusal, "description": "What was refused, in a sentence that says what to do."}
}


def open_skilldock(app: App) -> Door:
    """The surface by its hosts, its port, or below `MOUNT`."""
    settings = app.settings
    surface = build_skilldock(app)
    return foreign_door(surface, MOUNT, settings.skilldock_hosts, settings.skilldock_port, no_hot_reads, dialect.spell)


def build_skilldock(app: App) -> FastAPI:
    """The sub-application. Its document is where the client looks for it when it knows only the base address."""
    skilldock = foreign_application(
        app,
        _routers(),
        service="SkillDock",
        description="The API of SkillDock: find, install and publish skills, sell and buy them.",
        mount=MOUNT,
        refusals=_REFUSALS,
    )
    dialect.install(skilldock)
    return skilldock


def every_route() -> list[APIRoute]:
    """All routes, for the test that probes each without rights."""
    return [route for router in _routers() for route in router.routes if isinstance(route, APIRoute)]


def _routers() -> list[APIRouter]:
    return [module.router for module in (system, signing_in, account, reading, publishing, selling, earnings)]
