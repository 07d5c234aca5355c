"""Resolve a whole closure in one call."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from skillyard.api.native.answers import PRIVATE_CACHE, json_body
from skillyard.api.native.wire import resolve as wire
from skillyard.api.surface import AppOf, CallerOf
from skillyard.domain.registry import resolve

router = APIRouter(tags=["releases"])


@router.post("/resolve", summary="Resolve requirements", response_model=wire.ClosureOnWire)
def resolve_closure(app: AppOf, caller: CallerOf, body: wire.ResolveBody) -> Response:
    """Which versions satisfy all requirements together, and everything that an install of them needs."""
    closure = resolve.resolve_closure(
        app, caller, requirements=body.requirements, locked=body.locked, min_age_s=body.min_age_seconds
    )
    shown = json_body(wire.show_closure(closure, app.settings.address))
    return Response(shown, media_type="application/json", headers={"cache-control": PRIVATE_CACHE})
