"""Who calls: every route of STACK's API is for somebody who is signed in, in whichever way."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.security import HTTPBearer

from skillyard.api import foreign

_bearer = HTTPBearer(
    scheme_name="bearer",
    description="A personal token, an access token, or what an agent has signed for this one request.",
    auto_error=False,
)


def signed_router(tag: str) -> APIRouter:
    return foreign.signed_router(tag, _bearer)
