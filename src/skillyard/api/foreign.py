"""The frame of a surface that speaks as another service does: a sub-application, as if a whole server were its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.security import HTTPBearer

from skillyard import __version__
from skillyard.api.native.application import operation_id
from skillyard.api.surface import CallerOf
from skillyard.app import App
from skillyard.domain.accounts.model import Caller


def _signed_in(caller: CallerOf) -> Caller:
    caller.must("identify")
    return caller


SignedIn = Annotated[Caller, Depends(_signed_in)]
"""Who calls, where nobody may who is not signed in; what they may do is asked by the operations."""


def signed_router(tag: str, bearer: HTTPBearer) -> APIRouter:
    """Of routes whose documentation says that such a token is needed."""
    return APIRouter(tags=[tag], dependencies=[Depends(bearer)])


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
