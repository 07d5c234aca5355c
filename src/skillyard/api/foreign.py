"""The frame of a surface that speaks as another service does: a sub-application, as if a whole server were its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, FastAPI

from skillyard import __version__
from skillyard.api.native.application import operation_id
from skillyard.app import App


def foreign_application(
    app: App,
    routers: Iterable[APIRouter],
    *,
    service: str,
    description: str,
    mount: str,
    refusals: dict[int | str, dict[str, Any]],
) -> FastAPI:
    """Its document is where clients look for it that know only the base address. `refusals`: what all routes answer
    to what they refuse; the dialect that spells them is the surface's to install.
    """
    surface = FastAPI(
        title=f"Skillyard, as {service}'s clients speak to it",
        version=__version__,
        description=description,
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        servers=[{"url": mount}],
        generate_unique_id_function=operation_id,
        redirect_slashes=False,
    )
    surface.state.app = app
    for router in routers:
        surface.include_router(router, responses=refusals)
    return surface
