"""All routes of this surface as one application, and the door to it."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from pydantic import BaseModel

from skillyard.api.entrance import Door, foreign_door, no_hot_reads
from skillyard.api.foreign import foreign_application
from skillyard.api.stack import agents, dialect, identity, invocations, money, renewal, requests, skills, votes
from skillyard.api.stack.addresses import MOUNT
from skillyard.app import App


class Fault(BaseModel):
    code: str
    message: str
    details: dict[str, Any]


class Refusal(BaseModel):
    error: Fault
    purchase_url: str | None = None


_REFUSALS: dict[int | str, dict[str, Any]] = {
    "default": {"model": Refusal, "description": "What was refused, and why."}
}


def open_stack(app: App) -> Door:
    """The surface by its hosts, its port, or below `MOUNT`."""
    settings = app.settings
    surface = build_stack(app)
    return foreign_door(surface, MOUNT, settings.stack_hosts, settings.stack_port, no_hot_reads, dialect.spell)


def build_stack(app: App) -> FastAPI:
    """The sub-application."""
    stack = foreign_application(
        app,
        _routers(),
        service="STACK",
        description="The Skills API of STACK: publish skills that are invoked, invoke them, ask for others.",
        mount=MOUNT,
        refusals=_REFUSALS,
    )
    dialect.install(stack)
    return stack


def every_route() -> list[APIRoute]:
    """All routes, for the test that probes each without rights."""
    return [route for router in _routers() for route in router.routes if isinstance(route, APIRoute)]


def _routers() -> list[APIRouter]:
    """Fixed words come before `{skill_id}`, which they would be taken for."""
    modules = (invocations, votes, skills, money, requests, agents, identity, renewal)
    return [module.router for module in modules]
