"""Routes for whoever is signed in: the document says so of each, and leaves it out of the others."""

from __future__ import annotations

from fastapi import APIRouter, Depends
from fastapi.security import HTTPBearer

_bearer = HTTPBearer(
    scheme_name="bearer",
    description="A personal token, an access token, or an ID token of Google where the operator allows it.",
    auto_error=False,
)


def signed_router(tag: str) -> APIRouter:
    """Who calls, and what they may, is asked by the operations; this only documents that a token is needed."""
    return APIRouter(tags=[tag], dependencies=[Depends(_bearer)])
