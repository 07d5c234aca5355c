"""Style sheet, icon and script, from memory; their address changes with their content."""

from __future__ import annotations

import hashlib
from importlib.resources import files

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

router = APIRouter()

_TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".js": "text/javascript; charset=utf-8"}
_FILES = {entry.name: entry.read_bytes() for entry in (files("skillyard.api.web") / "static").iterdir()}
_FOREVER = {"cache-control": "public, max-age=31536000, immutable"}


def static_url(name: str) -> str:
    """Where the file is served, with a digest of its content."""
    return f"/static/{name}?v={hashlib.sha256(_FILES[name]).hexdigest()[:12]}"


@router.get("/static/{name}")
def get_static(name: str) -> Response:
    if name not in _FILES:
        raise HTTPException(404)
    return Response(_FILES[name], media_type=_TYPES["." + name.rpartition(".")[2]], headers=_FOREVER)


@router.get("/favicon.ico")
def get_favicon() -> Response:
    return get_static("icon.svg")
