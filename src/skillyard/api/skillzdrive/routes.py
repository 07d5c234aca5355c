"""All routes of this surface as one application, and the door to it."""

from __future__ import annotations

from functools import partial
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.routing import Route

from skillyard.api.agents.routes import router as marketplaces
from skillyard.api.entrance import Door, Surface, foreign_door, no_hot_reads
from skillyard.api.foreign import foreign_application
from skillyard.api.later import Later
from skillyard.api.skillzdrive import (
    account,
    collections,
    dialect,
    downloads,
    drive,
    files,
    finding,
    runs,
    skills,
    sync,
    telemetry,
    uploads,
    webhooks,
)
from skillyard.api.skillzdrive.addresses import MCP, MOUNT
from skillyard.api.skillzdrive.wire.envelope import Refusal
from skillyard.app import App

_REFUSALS: dict[int | str, dict[str, Any]] = {
    "default": {"model": Refusal, "description": "What was refused, and why."}
}


def open_skillzdrive(app: App) -> Door:
    """The surface by its hosts, its port, or below `MOUNT`."""
    settings = app.settings
    surface = build_skillzdrive(app)
    return foreign_door(
        surface, MOUNT, settings.skillzdrive_hosts, settings.skillzdrive_port, no_hot_reads, dialect.spell
    )


def build_skillzdrive(app: App) -> FastAPI:
    """The sub-application."""
    skillzdrive = foreign_application(
        app,
        _routers(),
        service="SkillzDrive",
        description="A drive of skills: find, import, keep in sync, run, share.",
        mount=MOUNT,
        refusals=_REFUSALS,
    )
    skillzdrive.include_router(marketplaces, include_in_schema=False)
    skillzdrive.router.routes.append(Route(MCP, endpoint=Later(partial(_open_tools, app, skillzdrive))))
    dialect.install(skillzdrive)
    return skillzdrive


def _open_tools(app: App, routes: FastAPI) -> Surface:
    """The SDK behind it is loaded when somebody first calls a tool."""
    from skillyard.api.skillzdrive.mcp import McpEndpoint

    return McpEndpoint(app, routes)


def every_route() -> list[APIRoute]:
    """All routes, for the test that probes each without rights."""
    return [route for router in _routers() for route in router.routes if isinstance(route, APIRoute)]


def _routers() -> list[APIRouter]:
    """Fixed words come before `{slug}`, which they would be taken for."""
    signed = (sync, drive, collections, uploads, downloads, runs, files, account, webhooks, telemetry)
    opened = (skills, downloads, uploads, telemetry)
    return [
        finding.router,
        skills.router,
        *(module.open_router for module in opened),
        *(module.router for module in signed),
    ]
